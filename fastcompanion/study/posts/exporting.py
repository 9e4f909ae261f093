"""Exporting: all posts as a small site of Quarto, Jekyll or Hugo, to go on with there."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from fastcompanion.base import clock, store, templates, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace, absolute
from fastcompanion.study.posts import blog, bundle, dialects, front, ipynb, notebook_text, prose
from fastcompanion.study.posts.blog import Blog
from fastcompanion.study.posts.bundle import Post

SYSTEMS = ("quarto", "jekyll", "hugo")
#: names of templates -> names in the exported folder; those that the system reads are copied as they are
_FILLED = {
    "hugo": {"hugo.toml": "hugo.toml"},
    "jekyll": {"_config.yml": "_config.yml"},
    "quarto": {
        "_quarto.yml": "_quarto.yml",
        "index.qmd": "index.qmd",
        "posts_metadata.yml": "posts/_metadata.yml",
    },
}
_COPIED = {
    "hugo": {
        **{f"hugo/layouts/{name}": f"layouts/{name}" for name in ("baseof.html", "page.html", "list.html", "_markup/render-passthrough.html")},
        "style.css": "static/style.css",
    },
    "jekyll": {
        **{f"jekyll/{name}": name for name in ("_layouts/default.html", "_layouts/post.html", "index.html", "feed.xml")},
        "style.css": "assets/style.css",
    },
    "quarto": {},
}  # fmt: skip
_IN_WORDS_OF: dict[str, Callable[[str], str]] = {
    "hugo": dialects.for_hugo,
    "jekyll": dialects.for_jekyll,
    "quarto": str,
}
_SKIPPED = (".ipynb_checkpoints", "__pycache__")


@frozen
class Exported:
    """What was written (or would be), relative to `folder`; `build` is what makes the site of it."""

    system: str
    folder: Path
    files: tuple[str, ...]
    posts: tuple[str, ...]
    problems: tuple[str, ...]
    build: str


@frozen
class _Place:
    """Where a system wants a post: its text, its other files, and how links to them are written."""

    text: str
    files: str
    link: Callable[[str], str]
    post: Callable[[Post], str]


def export(ws: Workspace, system: str, folder: Path, *, dry_run: bool = False) -> Exported:
    """Write a site of a system into a folder that is empty or not there yet."""
    folder = absolute(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CompanionError(
            "is there already and not empty; nothing was changed",
            hint=f"fastcompanion blog export --to {system} ANOTHER-FOLDER",
            file=folder,
            code=Exit.USAGE,
        )
    found = bundle.look(ws)
    about = blog.read(ws)
    made: dict[str, bytes] = {name: text.encode() for name, text in _site(system, about)}
    for post in found.posts:
        made.update(_post(post, found.posts, system))
    if not dry_run:
        _write(folder, made)
    return Exported(
        system=system,
        folder=folder,
        files=tuple(sorted(made)),
        posts=tuple(post.slug for post in found.posts),
        problems=tuple(f"left out: {error.file}: {error.message}" for error in found.problems),
        build={"quarto": "quarto preview", "jekyll": "jekyll serve", "hugo": "hugo server"}[system],
    )


def _write(folder: Path, made: Mapping[str, bytes]) -> None:
    """Write all files beside the place, and give the folder its name at the very end."""
    with store.whole_folder(folder) as staging:
        for name, data in made.items():
            store.write_bytes(staging / name, data, durable=False)


def _site(system: str, about: Blog) -> Iterator[tuple[str, str]]:
    """Give the configuration and the layouts."""
    url = about.url or "http://localhost/"
    parts = urlsplit(url)
    values = {
        "title": about.title,
        "about": about.about,
        "language": about.language,
        "url": url,
        "host": f"{parts.scheme}://{parts.netloc}",
        "baseurl": parts.path.rstrip("/"),
    }
    for name, target in _FILLED[system].items():
        yield target, templates.render(f"export/{system}/{name}", values)
    root = workspace.content("templates") / "export"
    for name, target in _COPIED[system].items():
        yield target, store.read_text(root / name)


def _post(post: Post, known: tuple[Post, ...], system: str) -> dict[str, bytes]:
    """Give the files of one post."""
    place = _place(post, system)
    if system == "quarto" and post.is_notebook:
        return {place.text: _notebook(post, known, place), **_beside(post, place.files)}
    if post.is_notebook:
        told = post.front.others.get("execute")
        defaults = told if isinstance(told, dict) else {}
        converted = notebook_text.convert(ipynb.read(post.source), defaults)
        text, pictures = converted.markdown, converted.pictures
    else:
        text = front.split(store.read_text(post.source), post.source).body.strip("\n") + "\n"
        pictures = {}
    math = dialects.has_math(text)
    text = _IN_WORDS_OF[system](text)
    text = prose.with_targets(text, _targets(post, known, place, set(pictures)))
    head = _head(post, place, math=math and system == "jekyll")
    files = {f"{place.files}{name}": data for name, data in pictures.items()}
    return {**_beside(post, place.files), **files, place.text: _encoded(f"{head}\n{text}")}


def _place(post: Post, system: str) -> _Place:
    slug, day = post.slug, post.day or clock.today()
    if system == "jekyll":
        # Jekyll publishes what lies in _posts or assets, whatever front matter says of drafts.
        text = f"_drafts/{slug}.md" if post.front.draft else f"_posts/{day}-{slug}.md"
        files = f"_drafts/assets/{slug}/" if post.front.draft else f"assets/{slug}/"
        return _Place(
            text, files, lambda name: f"{{{{ site.baseurl }}}}/{quote(f'assets/{slug}/{name}')}",
            lambda other: f"{{{{ site.baseurl }}}}/posts/{quote(other.slug)}/",
        )  # fmt: skip
    if system == "hugo":
        text = f"content/posts/{slug}/index.md"
        files = f"content/posts/{slug}/"
        return _Place(text, files, quote, lambda other: f"../{quote(other.slug)}/")
    folder = f"posts/{post.folder.name}/"
    return _Place(
        f"{folder}{post.source.name}", folder, quote,
        lambda other: f"../{quote(other.folder.name)}/{other.source.name}",
    )  # fmt: skip


def _beside(post: Post, files: str) -> dict[str, bytes]:
    """Give what lies beside a post's text; hidden files stay at home."""
    found = {}
    for path in sorted(post.folder.rglob("*")):
        name = path.relative_to(post.folder)
        hidden = any(part.startswith(".") or part in _SKIPPED for part in name.parts)
        if path.is_file() and path != post.source and not hidden:
            found[files + name.as_posix()] = store.read_bytes(path)
    return found


def _targets(
    post: Post, known: tuple[Post, ...], place: _Place, pictures: set[str]
) -> Callable[[str], str]:
    """Write links as the system wants them: to other posts, to files beside the post."""
    by_name = {name: one for one in known for name in (one.slug, one.folder.name)}

    def changed(target: str) -> str:
        if prose.is_elsewhere(target) or target.startswith(("#", "attachment:", "{{")):
            return target
        path, sign, tail = target.partition("#")
        name = posixpath.normpath(unquote(path))
        own = not name.startswith("..") and (post.folder / name).is_file()
        if name in pictures or own:
            return place.link(name) + sign + tail
        parts = [part for part in name.split("/") if part not in bundle.SOURCES]
        other = by_name.get(parts[-1]) if parts else None
        return place.post(other) + sign + tail if other is not None else target

    return changed


def _notebook(post: Post, known: tuple[Post, ...], place: _Place) -> bytes:
    """Give a notebook as it is, with its links as Quarto wants them."""
    data = store.read_json(post.source)
    change = _targets(post, known, place, set())
    for cell in data["cells"]:
        if isinstance(cell, dict) and cell.get("cell_type") == "markdown":
            old = ipynb.joined(cell.get("source"))
            new = prose.with_targets(old, change)
            if new != old:
                cell["source"] = new.splitlines(keepends=True)
    return _encoded(json.dumps(data, ensure_ascii=False, indent=1) + "\n")


def _encoded(text: str) -> bytes:
    """Give the UTF-8 of a text; half a character, as an output may hold, becomes a question mark."""
    return text.encode("utf-8", "replace")


def _head(post: Post, place: _Place, *, math: bool) -> str:
    """Write the front matter: what the post says of itself, each value on one line."""
    told = post.front
    image = (
        told.image if not told.image or prose.is_elsewhere(told.image) else place.link(told.image)
    )
    values: dict[str, Any] = {
        "title": post.title,
        "date": str(post.day or clock.today()),
        "description": told.description,
        "author": told.author,
        "categories": list(told.categories),
        "image": image.removeprefix("{{ site.baseurl }}"),
        "image-alt": told.image_alt,
        "draft": told.draft,
        "toc": told.toc,
        "math": math,
        **told.others,
    }
    lines = [f"{key}: {_yaml(key, value)}" for key, value in values.items() if value not in ("", [], None, False)]  # fmt: skip
    return "\n".join(["---", *lines, "---", ""])


def _yaml(key: str, value: Any) -> str:
    return str(value) if key == "date" else json.dumps(value, ensure_ascii=False, default=str)
