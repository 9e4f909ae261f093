"""The site of a blog: every post's page, the index, tags, the feed; only what changed is made again.

Nothing is run and nothing is fetched. The same posts give the same bytes on every machine, and the
links between the pages are relative, so that the site works below any address.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from fastcompanion.base import store, templates, workspace
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.posts import blog as blogs
from fastcompanion.study.posts import bundle, feed, markup, output, page, portfolio_page
from fastcompanion.study.posts.bundle import Post
from fastcompanion.study.posts.output import Output
from fastcompanion.study.posts.page import Rendered
from fastcompanion.study.posts.targets import anchor

DEFAULT = "_site"
_MONTHS = """January February March April May June July August September October November
December""".split()
_TOC_FROM = 5
_TOC_LEVELS = (2, 3)


@frozen
class Tag:
    """A category: its name, the page that lists its posts, and how many they are."""

    name: str
    path: str
    count: int = 0


@frozen
class Entry:
    """A post as lists and its own page show it."""

    slug: str
    folder: str
    path: str
    title: str
    day: str
    changed: str
    date: str
    excerpt: str
    image: str
    author: str
    minutes: int
    draft: bool
    tags: tuple[Tag, ...] = ()


@frozen
class Broken:
    """A post that could not be read: where, why, and the cure."""

    folder: str
    place: str
    message: str
    hint: str


@frozen
class Site:
    """A built site: its pages, the files that were written, kept and removed, and what to mend.

    `broken` are posts that could not be read; they are there only when that was asked for.
    """

    folder: Path
    url: str
    pages: tuple[str, ...]
    written: tuple[str, ...]
    kept: tuple[str, ...]
    removed: tuple[str, ...]
    warnings: tuple[str, ...]
    broken: tuple[Broken, ...] = ()


def build(ws: Workspace, out: Path, *, drafts: bool = False, tolerant: bool = False) -> Site:
    """Build the site into a folder of its own.

    A post that can't be read is an error that names file and line; with `tolerant` it gets a page that
    says so, as the preview needs it.
    """
    builder = _Builder(ws, workspace.absolute(out), drafts, tolerant)
    with store.lock(ws.lock("blog"), busy="the blog is being built by another process"):
        return builder.build()


@contextmanager
def built_apart(ws: Workspace) -> Iterator[Site]:
    """Build the site where it is gone when the block ends, and leave nothing in the study."""
    place = workspace.runtime_folder()
    try:
        yield _Builder(ws, place / "site", memory=place / "memory").build()
    finally:
        store.remove(place)


class _Builder:
    """One build: what the last one left, and what this one makes."""

    def __init__(
        self,
        ws: Workspace,
        out: Path,
        drafts: bool = False,
        tolerant: bool = False,
        memory: Path | None = None,
    ) -> None:
        self._ws, self._drafts, self._tolerant = ws, drafts, tolerant
        self._blog = blogs.read(ws)
        key = hashlib.sha256(str(out).encode()).hexdigest()[:16]
        self._memory = memory or ws.cache / "blog" / key
        program = _program()
        self._old = _remembered(self._memory, program)
        output.refuse(out, ws.root, ws.posts, ours=bool(self._old))
        self._out = Output(out, self._old.get("files", {}))
        self._new: dict[str, Any] = {"version": 1, "program": program, "posts": {}}
        self._bodies: dict[str, str] = {}
        self._warnings: list[str] = []
        self._broken: list[Broken] = []

    def build(self) -> Site:
        found = bundle.look(self._ws)
        if found.problems and not self._tolerant:
            raise found.problems[0]
        self._broken += [_broken(error, self._ws) for error in found.problems]
        shown = [post for post in found.posts if self._drafts or not post.front.draft]
        entries = self._posts(shown)
        self._shared(entries)
        self._out.clear_away()
        self._remember(entries)
        if not self._blog.url:
            self._warnings.append(
                "there is no feed, as nobody knows the blog's address: fastcompanion config set blog.url ADDRESS"
            )
        return self._told(entries)

    def _told(self, entries: Sequence[Entry]) -> Site:
        return Site(
            self._out.folder,
            self._blog.url,
            tuple(entry.path for entry in entries),
            tuple(self._out.written),
            tuple(self._out.kept),
            tuple(self._out.removed),
            tuple(self._warnings),
            tuple(self._broken),
        )

    def _posts(self, shown: list[Post]) -> list[Entry]:
        known = {post.folder.name: post.slug for post in shown}
        known |= {post.slug: post.slug for post in shown if post.slug not in known}
        entries = [entry for post in shown if (entry := self._entry(post, known)) is not None]
        entries = _with_tags(entries)
        for place, entry in enumerate(entries):
            newer = entries[place - 1] if place else None
            older = entries[place + 1] if place + 1 < len(entries) else None
            self._page(entry, newer, older)
        for one in self._broken:
            self._error_page(one)
        self._portfolio_page(known)
        return entries

    def _portfolio_page(self, known: Mapping[str, str]) -> None:
        """Write the page of portfolio.md, where the study has one."""
        made = portfolio_page.render(self._ws, known)
        if made is None:
            return
        for name, content in sorted(made.rendered.files.items()):
            data = store.read_bytes(content) if isinstance(content, Path) else content
            key = hashlib.sha256(data).hexdigest()
            self._out.put(f"{portfolio_page.FOLDER}/{name}", key, lambda data=data: data)  # type: ignore[misc]
        values = {"title": made.title, "html": made.rendered.html}
        self._write(f"{portfolio_page.FOLDER}/index.html", "portfolio.html", "../", values, _key(values))  # fmt: skip

    def _entry(self, post: Post, known: Mapping[str, str]) -> Entry | None:
        """Render a post, or take what the last build made of it."""
        try:
            made = self._made(post, known)
        except CompanionError as error:
            if not self._tolerant:
                raise
            self._broken.append(_broken(error, self._ws))
            return None
        self._new["posts"][post.folder.name] = made
        self._warnings += made["problems"]
        return Entry(
            slug=post.slug,
            folder=post.folder.name,
            path=f"posts/{post.slug}/",
            title=post.title,
            day=post.day.isoformat() if post.day else "",
            changed=_changed(post),
            date=_date(post, self._blog.language),
            excerpt=made["excerpt"],
            image=made["image"],
            author=post.front.author,
            minutes=made["minutes"],
            draft=post.front.draft,
            tags=tuple(Tag(name, "") for name in post.front.categories),
        )

    def _made(self, post: Post, known: Mapping[str, str]) -> dict[str, Any]:
        fingerprint = _fingerprint(post)
        old = self._old.get("posts", {}).get(post.folder.name)
        if old is not None and self._still_good(old, fingerprint, known):
            for name, key in old["files"].items():
                self._out.put(name, key, bytes)
            return dict(old)
        rendered = page.render(post, self._ws.root, known)
        self._bodies[post.folder.name] = rendered.html
        return {"fingerprint": fingerprint, **self._kept(post, rendered)}

    def _still_good(
        self, old: Mapping[str, Any], fingerprint: str, known: Mapping[str, str]
    ) -> bool:
        return (
            old["fingerprint"] == fingerprint
            and all(known.get(name) == slug for name, slug in old["asked"].items())
            and all(output.stamp(Path(path)) == was for path, was in old["outside"].items())
            and all(self._out.is_intact(name, key) for name, key in old["files"].items())
        )

    def _kept(self, post: Post, rendered: Rendered) -> dict[str, Any]:
        """Put the files of a page in place, and give what the next build needs to know."""
        files: dict[str, str] = {}
        for name, content in sorted(rendered.files.items()):
            path = f"posts/{post.slug}/{name}"
            if isinstance(content, Path):
                key = output.stamp(content)
                self._out.put(path, key, lambda content=content: store.read_bytes(content))  # type: ignore[misc]
            else:
                key = name
                self._out.put(path, key, lambda content=content: content)  # type: ignore[misc]
            files[path] = key
        return {
            "body": hashlib.sha256(rendered.html.encode("utf-8", "replace")).hexdigest(),
            "contents": [asdict(heading) for heading in rendered.contents],
            "toc": _wants_contents(post, rendered),
            "minutes": rendered.minutes,
            "excerpt": rendered.excerpt,
            "image": rendered.image,
            "asked": dict(rendered.asked),
            "files": files,
            "outside": {str(path): output.stamp(path) for path in rendered.outside},
            "problems": [_words(problem) for problem in rendered.problems],
        }

    def _body(self, folder: str) -> str:
        if folder not in self._bodies:
            self._bodies[folder] = store.read_text(self._memory / "bodies" / f"{folder}.html")
        return self._bodies[folder]

    def _page(self, entry: Entry, newer: Entry | None, older: Entry | None) -> None:
        made = self._new["posts"][entry.folder]
        contents = [one for one in made["contents"] if made["toc"] and one["level"] in _TOC_LEVELS]
        around = [(one.path, one.title) if one else None for one in (newer, older)]
        values = {"post": entry, "contents": contents, "newer": newer, "older": older}
        self._write(
            f"{entry.path}index.html",
            "post.html",
            "../../",
            values,
            _key(asdict(entry), contents, around, made["body"]),
            folder=entry.folder,
        )

    def _error_page(self, broken: Broken) -> None:
        """Give a broken post a page that says what is wrong, at its own address."""
        path = f"posts/{bundle.slug_of(Path(broken.folder))}/index.html"
        if broken.folder and path not in self._out.record:
            self._write(path, "error.html", "../../", {"problem": broken}, _key(asdict(broken)))

    def _shared(self, entries: list[Entry]) -> None:
        """Write the pages that list posts, and what all pages need."""
        about = markup.inline(self._blog.about) if self._blog.about else ""
        lists = [asdict(entry) for entry in entries]
        index = {
            "posts": entries,
            "about": about,
            "about_text": self._blog.about,
            "broken": self._broken,
        }
        self._write(
            "index.html",
            "index.html",
            "",
            index,
            _key(lists, [asdict(one) for one in self._broken]),
        )
        tags = _tags(entries)
        self._write("tags/index.html", "tags.html", "../", {"tags": tags}, _key([asdict(tag) for tag in tags]))  # fmt: skip
        for tag in tags:
            posts = [entry for entry in entries if tag.path in {one.path for one in entry.tags}]
            key = _key(asdict(tag), [asdict(entry) for entry in posts])
            self._write(f"tags/{_slug_of(tag)}/index.html", "tag.html", "../../", {"tag": tag, "posts": posts}, key)  # fmt: skip
        # A missing page is shown at any depth, so its links begin at the root of the site.
        self._write("404.html", "404.html", self._blog.base, {}, "")
        style = templates.plain("blog/style.css")
        self._out.put("style.css", _key(style), style.encode)
        self._out.put(".nojekyll", "", bytes)
        if self._blog.url:
            self._feed(entries)

    def _feed(self, entries: list[Entry]) -> None:
        chosen = [entry for entry in entries if not entry.draft and entry.day][: feed.NEWEST]
        bodies = [self._new["posts"][entry.folder]["body"] for entry in chosen]

        def make() -> bytes:
            items = [
                feed.Item(entry.title, entry.path, entry.slug, _born(entry), entry.day, entry.changed, entry.author, entry.excerpt,
                          tuple(tag.name for tag in entry.tags), self._body(entry.folder))
                for entry in chosen
            ]  # fmt: skip
            return feed.write(self._blog, items).encode("utf-8", "replace")

        key = _key(asdict(self._blog), [asdict(entry) for entry in chosen], bodies)
        self._out.put("feed.xml", key, make)

    def _write(
        self,
        path: str,
        template: str,
        top: str,
        values: Mapping[str, Any],
        key: str,
        *,
        folder: str = "",
    ) -> None:
        """Write one page from its template, unless all that goes into it is the same as before."""
        portfolio = self._ws.portfolio.is_file()

        def make() -> bytes:
            body = {"body": self._body(folder)} if folder else {}
            shared = {"blog": self._blog, "top": top, "portfolio": portfolio}
            text = templates.html(f"blog/{template}", {**shared, **values, **body})
            return text.encode("utf-8", "replace")

        self._out.put(path, _key(asdict(self._blog), portfolio, key), make)

    def _remember(self, entries: Iterable[Entry]) -> None:
        """Keep what the next build needs; a site outside the study is built from nothing each time."""
        if not self._out.folder.is_relative_to(self._ws.root):
            return
        for entry in entries:
            path = self._memory / "bodies" / f"{entry.folder}.html"
            body = self._bodies.get(entry.folder)
            was = self._old.get("posts", {}).get(entry.folder, {}).get("body")
            if body is not None and (was != self._new["posts"][entry.folder]["body"] or not path.exists()):  # fmt: skip
                store.write_bytes(path, body.encode("utf-8", "replace"), durable=False)
        self._new["files"] = self._out.record
        text = json.dumps(self._new, ensure_ascii=False, sort_keys=True)
        store.write_bytes(self._memory / "record.json", text.encode("utf-8", "replace"), durable=False)  # fmt: skip


def _program() -> str:
    """Give the hash of what turns posts into pages: with another version all are made again."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    paths = [folder / f"{name}.py" for name in ("cells", "clean", "feed", "markup", "page", "portfolio_page", "site", "targets")]  # fmt: skip
    content = workspace.content("templates") / "blog"
    for path in (*paths, *(content / name for name in templates.names("blog"))):
        digest.update(store.read_bytes(path))
    return digest.hexdigest()


def _remembered(memory: Path, program: str) -> dict[str, Any]:
    """Read what the last build left; of another version only the list of its files is of use."""
    try:
        data = store.read_json(memory / "record.json")
    except CompanionError:
        return {}
    if not isinstance(data, dict) or data.get("version") != 1:
        return {}
    if data.get("program") == program:
        return data
    return {"files": {name: ["", *was[1:]] for name, was in data.get("files", {}).items()}}


def _fingerprint(post: Post) -> str:
    """Give the hash of a post's text and of the files beside it, by their size and time."""
    digest = hashlib.sha256(store.read_bytes(post.source))
    for path in sorted(post.folder.rglob("*")):
        if path != post.source and path.is_file():
            digest.update(
                f"\n{path.relative_to(post.folder).as_posix()} {output.stamp(path)}".encode()
            )
    return digest.hexdigest()


def _key(*parts: Any) -> str:
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _born(entry: Entry) -> str:
    day = bundle.day_of(Path(entry.folder))
    return day.isoformat() if day else entry.day


def _changed(post: Post) -> str:
    """Give the day of the last change as the front matter says it (Quarto's `date-modified`)."""
    for name in ("date-modified", "last-modified", "lastmod", "updated"):
        day = str(post.front.others.get(name, ""))[:10]
        if len(day) == 10 and day[:4].isdigit():
            return day
    return ""


def _date(post: Post, language: str) -> str:
    day = post.day
    if day is None:
        return ""
    english = language.lower().partition("-")[0] == "en"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}" if english else day.isoformat()


def _wants_contents(post: Post, rendered: Rendered) -> bool:
    if "toc" in post.front.lines:
        return post.front.toc
    return sum(one.level in _TOC_LEVELS for one in rendered.contents) >= _TOC_FROM


def _with_tags(entries: list[Entry]) -> list[Entry]:
    """Give each category one page, whatever case it is written in."""
    names: dict[str, str] = {}
    counts: dict[str, int] = {}
    for name in (tag.name for entry in entries for tag in entry.tags):
        names.setdefault(name.casefold(), name)
        counts[name.casefold()] = counts.get(name.casefold(), 0) + 1
    made: dict[str, Tag] = {}
    for low in sorted(names):
        slug = base = anchor(low) or "tag"
        taken = {tag.path for tag in made.values()}
        number = 1
        while f"tags/{quote(slug)}/" in taken:
            number += 1
            slug = f"{base}-{number}"
        made[low] = Tag(names[low], f"tags/{quote(slug)}/", counts[low])
    return [_replaced(entry, made) for entry in entries]


def _replaced(entry: Entry, made: Mapping[str, Tag]) -> Entry:
    return replace(entry, tags=tuple(made[tag.name.casefold()] for tag in entry.tags))


def _tags(entries: Iterable[Entry]) -> list[Tag]:
    found = {tag.path: tag for entry in entries for tag in entry.tags}
    return sorted(found.values(), key=lambda tag: tag.name.casefold())


def _slug_of(tag: Tag) -> str:
    return unquote(tag.path).split("/")[1]


def _words(problem: page.Problem) -> str:
    place = f"{problem.file}:{problem.line}" if problem.line else problem.file
    return f"{place}: {problem.text}"


def _broken(error: CompanionError, ws: Workspace) -> Broken:
    """Give an error of a post with its place relative to the study."""
    path = Path(error.file) if error.file else ws.posts
    folder = ""
    if path.is_relative_to(ws.posts) and path != ws.posts:
        folder = path.relative_to(ws.posts).parts[0]
    file = ws.relative(path) if path.is_relative_to(ws.root) else str(path)
    place = f"{file}:{error.line}" if error.line else file
    return Broken(folder, place, error.message, error.hint)
