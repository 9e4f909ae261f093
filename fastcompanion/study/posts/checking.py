"""Checking a post before others see it: why it does not show, what is broken in it, what tells too much."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from fastcompanion.base import clock, store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.base.scrub import Known
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.posts import (
    bundle,
    checking_notebook,
    front,
    images,
    listing,
    page,
    prose,
    secrets,
)
from fastcompanion.study.posts.bundle import Post
from fastcompanion.study.posts.findings import Finding, Severity, in_order
from fastcompanion.study.posts.writing import MATERIAL

# What is looked for here as well, and more closely.
_SAID_BETTER = "has no alternative text"
_CELL = re.compile(r"cell (\d+): ")
_LARGE, _TOO_LARGE = 2_000_000, 95_000_000


@frozen
class CheckedPost:
    """A post with what was found; `why_hidden` says why it would not show (empty: it would).

    `state` says whether it is published already: not published, published here (not pushed), published.
    """

    slug: str
    title: str
    file: str
    why_hidden: str
    findings: tuple[Finding, ...]
    state: str = "not published"

    @property
    def stopped(self) -> bool:
        """Whether something in it stops publishing."""
        return any(one.severity == "stop" for one in self.findings)


@frozen
class Checked:
    """All that were looked at; `passed` is false where something has to be mended."""

    posts: tuple[CheckedPost, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing has to be mended."""
        return all(one.severity == "note" for post in self.posts for one in post.findings)


def check(ws: Workspace, name: str | None = None) -> Checked:
    """Check one post, or all of them."""
    known, seen = secrets.private(ws), listing.look(ws)
    folders = [_folder(ws, name)] if name is not None else reversed(bundle.folders(ws))
    shown = [one for one in bundle.look(ws).posts if not one.front.draft]
    slugs = {place: one.slug for one in shown for place in (one.folder.name, one.slug)}
    posts = [_checked(ws, folder, known, slugs) for folder in folders]
    placed = [replace(post, state=seen.state(post.slug)) for post in posts]
    return Checked((*placed, *(_portfolio(ws, known) if name is None else ())))


def _portfolio(ws: Workspace, known: Known) -> Iterator[CheckedPost]:
    """Look at what the portfolio tells, which is a page of the blog too."""
    if ws.portfolio.is_file():
        name = ws.relative(ws.portfolio)
        found = [Finding(**{**vars(one), "file": name}) for one in _leaks(store.read_text(ws.portfolio), known)]  # fmt: skip
        yield CheckedPost("portfolio", "Portfolio", name, "", in_order(found))


def _folder(ws: Workspace, name: str) -> Path:
    """Find a post's folder, also of one that can't be read."""
    try:
        return bundle.find(ws, name).folder
    except CompanionError as error:
        wanted = {one for one in bundle.folders(ws) if error.file is not None and Path(str(error.file)).is_relative_to(one)}  # fmt: skip
        if len(wanted) == 1:
            return wanted.pop()
        raise


def _checked(ws: Workspace, folder: Path, known: Known, slugs: Mapping[str, str]) -> CheckedPost:
    try:
        post = bundle.of_folder(folder)
    except CompanionError as error:
        broken = _unreadable(ws, folder, error)
        slug = bundle.slug_of(folder)
        return CheckedPost(slug, slug, ws.relative(folder), "it can't be read", (broken,))
    own = [*_same_name(ws, post), *_front(post), *_text(ws, post, known), *_files(ws, post, known)]
    found = [*own, *_on_the_page(ws, post, own, slugs)]
    placed = [_placed(ws, post, one) for one in found]
    hidden = _why_hidden(post)
    return CheckedPost(post.slug, post.title, ws.relative(post.source), hidden, in_order(placed))


def _on_the_page(
    ws: Workspace, post: Post, known: Sequence[Finding], slugs: Mapping[str, str]
) -> Iterator[Finding]:
    """Say what the page itself would lack, where nothing was said of that place yet."""
    said = {(one.cell, None if one.cell else one.line) for one in known}
    for problem in page.render(post, ws.root, slugs).problems:
        found = _CELL.match(problem.text)
        cell = int(found[1]) if found else None
        new = (cell, problem.line) not in said or (cell, problem.line) == (None, None)
        if new and not problem.text.endswith(_SAID_BETTER):
            text = problem.text[found.end() :] if found else problem.text
            yield Finding("page", "note", text, "The page leaves it out or shows it as it is.", line=problem.line, cell=cell)  # fmt: skip


def _placed(ws: Workspace, post: Post, one: Finding) -> Finding:
    return one if one.file else Finding(**{**vars(one), "file": ws.relative(post.source)})


def _unreadable(ws: Workspace, folder: Path, error: CompanionError) -> Finding:
    path = Path(str(error.file)) if error.file is not None else folder
    file = ws.relative(path) if path.is_relative_to(ws.root) else str(path)
    return Finding("unreadable", "stop", error.message, error.hint, file, error.line)


def _same_name(ws: Workspace, post: Post) -> Iterator[Finding]:
    for other in bundle.folders(ws):
        if other != post.folder and bundle.slug_of(other) == post.slug:
            text = f"{other.name} has the same name, so both would get one address"
            yield Finding("same-name", "stop", text, "Give one of the two folders another name.")


def _why_hidden(post: Post) -> str:
    if post.front.draft:
        return "it is a draft: draft: true in its front matter"
    return ""


def _front(post: Post) -> Iterator[Finding]:
    """Look at what the post says about itself."""
    told, line = post.front, post.front.first_line or 1
    if not told.first_line:
        first = "its first cell is not a raw cell with" if post.is_notebook else "it has no"
        text = f"{first} front matter (title, date, description between --- lines)"
        yield Finding("front-missing", "mend", text, 'Begin with ---, title: "…", date: 2026-11-21, ---.', line=1)  # fmt: skip
        return
    if not told.title:
        yield Finding("title-missing", "mend", "it has no title", 'title: "…"', line=line)
    if post.day is None:
        yield Finding("date-missing", "mend", "it has no date", f"date: {clock.today()}", line=line)
    if not told.description:
        yield Finding(
            "description-missing", "mend", "it has no description: the line below its title in the index",
            'description: "One sentence."', line=told.lines.get("description", line),
        )  # fmt: skip
    if told.draft:
        at = told.lines.get("draft", told.lines.get("hide", line))
        yield Finding("draft", "note", "it is a draft, and drafts are not published", "draft: false", line=at)  # fmt: skip
    day = post.day
    if day is not None and day > clock.today():
        yield Finding(
            "future", "note", f"its date, {day}, is in the future: Hugo and Jekyll leave it out until then",
            f"date: {clock.today()}", line=told.lines.get("date", line),
        )  # fmt: skip


def _text(ws: Workspace, post: Post, known: Known) -> Iterator[Finding]:
    if post.is_notebook:
        yield from checking_notebook.look(post, known)
        for number, source, attached in checking_notebook.markdown(post):
            yield from _prose(ws, post, source, number, attached)
        yield from _title_image(ws, post)
        return
    text = store.read_text(post.source)
    body = front.split(text, post.source)
    yield from _leaks(text, known)
    shift = body.body_line - 1
    for one in _prose(ws, post, body.body, None, ()):
        yield Finding(**{**vars(one), "line": (one.line or 1) + shift})
    yield from _title_image(ws, post)
    if not any(map(_says_something, prose.without_comments(body.body).split("\n"))):
        yield Finding("empty", "mend", "it has no text", "Write one.", line=shift + 1)


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _leaks(text: str, known: Known) -> Iterator[Finding]:
    for leak in secrets.leaks(text, known):
        yield checking_notebook.of_leak(leak, None)


def _prose(
    ws: Workspace, post: Post, text: str, cell: int | None, attached: Sequence[str]
) -> Iterator[Finding]:
    """Look at the pictures and links of a Markdown text."""
    if MATERIAL in text:
        line = text.count("\n", 0, text.find(MATERIAL)) + 1
        yield Finding(
            "material", "mend", "the material from the log is still in it",
            "Rewrite what is worth telling, and delete everything from this line on.", line=line, cell=cell,
        )  # fmt: skip
    for link in prose.links(text):
        found = _picture(post, link, attached) if link.picture else _link(ws, post, link)
        if found is not None:
            yield Finding(**{**vars(found), "line": link.line, "cell": cell})
        if link.picture and not link.alt_given:
            yield Finding(
                "alt-missing", "mend", f"the picture {_short(link.target)} has no alt text",
                "Say in the square brackets what is to be seen: ![a grizzly in the snow](…)", line=link.line, cell=cell,
            )  # fmt: skip


def _short(target: str) -> str:
    return target if len(target) <= 60 else f"{target[:57]}..."


def _picture(post: Post, link: prose.Link, attached: Sequence[str]) -> Finding | None:
    target = link.target
    if target.startswith("attachment:"):
        if unquote(target.removeprefix("attachment:")) in attached:
            return None
        return Finding("image-missing", "mend", f"{target} is not attached to this cell", "Attach the picture again, or put it into images/.")  # fmt: skip
    if target.startswith("data:"):
        return None
    if prose.is_elsewhere(target):
        text = f"{_short(target)} lies on another server: it may vanish, and that server sees your readers"
        return Finding("image-elsewhere", "note", text, "Save it into images/ where its licence allows that.")  # fmt: skip
    return _of_file(post, target)


def _of_file(post: Post, target: str) -> Finding | None:
    """Look at a picture of the post's own folder."""
    name = unquote(target.partition("#")[0].partition("?")[0])
    if name.startswith("/") or ":" in name[:3] or "\\" in name:
        return Finding("image-path", "stop", f"{_short(target)} is no path from the post's folder", "Copy the picture to images/ and write images/NAME.")  # fmt: skip
    path = post.folder / name
    if not path.is_file():
        alike = [one.name for one in path.parent.glob("*") if one.name.lower() == path.name.lower()] if path.parent.is_dir() else []  # fmt: skip
        cure = f"It is called {alike[0]}: capital letters count." if alike else "Put the picture there, or take the link out."  # fmt: skip
        return Finding("image-missing", "mend", f"there is no {name} beside the post", cure)
    why = images.broken(name, store.read_bytes(path))
    if why:
        return Finding("image-broken", "mend", f"{name} {why}", "Save the picture again.")
    if not path.resolve().is_relative_to(post.folder.resolve()):
        return Finding("image-outside", "mend", f"{name} lies outside the post's folder", "Copy it to images/ of the post.")  # fmt: skip
    return None


def _link(ws: Workspace, post: Post, link: prose.Link) -> Finding | None:
    """Look whether a link of the post's own site leads somewhere."""
    target = link.target
    if prose.is_elsewhere(target) or target.startswith(("#", "mailto:")):
        local = target.lower().startswith(("http://localhost", "http://127.", "file:"))
        return Finding("link-local", "mend", f"{_short(target)} leads to your own machine", "Take it out, or link to where others find it.") if local else None  # fmt: skip
    name = unquote(target.partition("#")[0].partition("?")[0])
    if name.startswith("/"):
        return Finding("link-root", "mend", f"{_short(target)} begins at the root of the server, which is not your blog", "Link to a post with ../OTHER-POST/.")  # fmt: skip
    path = post.folder / name
    other = _other(ws, name)
    if other is not None and _is_draft(other):
        return Finding("link-draft", "note", f"{_short(target)} leads to a draft, which has no page yet", "Publish that post as well, or take the link out.")  # fmt: skip
    if other is not None or _leads(ws, path):
        return None
    if path.suffix == ".ipynb":
        text = f"the notebook {name} is not there"
    elif path.suffix.lower() in images.SUFFIXES:
        text = f"there is no {name} beside the post"
    else:
        text = f"{_short(target)} leads nowhere"
    return Finding("link-broken", "mend", text, "Name a post's folder (../2026-11-21-is-it-a-bird/), a file beside the post, or a whole address.")  # fmt: skip


def _leads(ws: Workspace, path: Path) -> bool:
    return path.exists() and path.resolve().is_relative_to(ws.posts.resolve())


def _other(ws: Workspace, name: str) -> Path | None:
    """Find the post that a link names by its folder, its text or its address."""
    parts = [part for part in name.split("/") if part not in (*bundle.SOURCES, "", ".", "..")]
    wanted = parts[-1] if parts else ""
    folders = bundle.folders(ws)
    return next((one for one in folders if wanted in (one.name, bundle.slug_of(one))), None)


def _is_draft(folder: Path) -> bool:
    try:
        return bundle.of_folder(folder).front.draft
    except CompanionError:
        return False


def _title_image(ws: Workspace, post: Post) -> Iterator[Finding]:
    told = post.front
    if told.image and not prose.is_elsewhere(told.image):
        found = _of_file(post, told.image)
        if found is not None:
            yield Finding(**{**vars(found), "line": told.lines.get("image")})
    del ws


def _files(ws: Workspace, post: Post, known: Known) -> Iterator[Finding]:
    """Look at the files that would be published along."""
    for path in sorted(post.folder.rglob("*")):
        if not path.is_file() or path.name.startswith("."):
            continue
        size, name = path.stat().st_size, ws.relative(path)
        if size > _TOO_LARGE:
            yield _large(name, size, "stop", "GitHub takes no file above 100 MB")
        elif size > _LARGE and path != post.source:
            yield _large(name, size, "note", "readers on a phone will wait")
        if path.suffix in (".env", ".pem") or path.name in ("kaggle.json", "id_rsa"):
            yield Finding("secret", "stop", f"{name} holds credentials", "Move it out of posts/, and renew them if they were ever pushed.", file=name)  # fmt: skip
        elif path.suffix in (".txt", ".csv", ".json", ".py", ".md", ".toml", ".yaml", ".yml") and path != post.source and size < _LARGE:  # fmt: skip
            for leak in secrets.leaks(path.read_text("utf-8", "replace"), known):
                found = checking_notebook.of_leak(leak, None)
                yield Finding(**{**vars(found), "file": name})


def _large(name: str, size: int, severity: Severity, why: str) -> Finding:
    text = f"{name} has {size / 1e6:.1f} MB: {why}"
    return Finding("large-file", severity, text, "Save the picture smaller, or leave it out.", file=name)  # fmt: skip
