"""Where links and pictures of a post lead, once it is a page of the site.

What lies in the post's folder goes along, other posts become their pages, and what would lead nowhere
gets no link: each with its reason, so that it can be mended before anybody sees the page.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.study.posts import bundle, pictures
from fastcompanion.study.posts.bundle import Post
from fastcompanion.study.posts.pictures import Picture

_OUTSIDE = ("http", "https", "mailto", "tel", "ftp", "doi")
_DATA = re.compile(r"data:image/(?:png|jpeg|gif|webp|avif|svg\+xml)[;,]", re.IGNORECASE)
_FOOTNOTE = re.compile(r"fn(?:ref)?-?[\w:-]*\d")


@frozen
class Target:
    """An address to write, None where there is none to write, then with the reason."""

    address: str | None
    problem: str = ""
    picture: Picture | None = None


class Targets:
    """Resolves what one post refers to.

    `files` are those that the page needs, by their name beside it. `asked` are the posts, `outside` the
    files elsewhere that were looked for: a page is made again when one of them comes or goes.
    """

    def __init__(self, post: Post, root: Path, known: Mapping[str, str]) -> None:
        self.files: dict[str, Path] = {}
        self.asked: dict[str, str | None] = {}
        self.outside: set[Path] = set()
        self.ids: set[str] = set()
        self._folder = post.folder.resolve()
        self._root = root.resolve()
        self._known = known

    def of(self, tag: str, url: str) -> Target:
        """Resolve what a tag's `href` or `src` says."""
        if url.startswith("#"):
            return self._anchor(url)
        if url.startswith("//"):
            return Target(f"https:{url}")
        if _DATA.match(url) and tag == "img":
            return Target(url)
        try:
            parts = urlsplit(url)
        except ValueError:
            return Target(None, f"{url!r} is not an address")
        if parts.scheme in _OUTSIDE and (tag == "a" or parts.scheme in ("http", "https")):
            return Target(url)
        if parts.scheme or not parts.path:
            return Target(None, f"{url[:80]!r} is an address that no reader can open")
        tail = (f"?{parts.query}" if parts.query else "") + (f"#{parts.fragment}" if parts.fragment else "")  # fmt: skip
        return self._local(tag, unquote(parts.path), tail)

    def _anchor(self, url: str) -> Target:
        name = unquote(url[1:])
        for known in (name, anchor(name)):
            if not name or known in self.ids or _FOOTNOTE.fullmatch(known):
                return Target(f"#{known}")
        return Target(None, f"{url!r}: there is no such place on the page")

    def _local(self, tag: str, path: str, tail: str) -> Target:
        if path.startswith("/"):
            return self._post(path.strip("/").split("/")[-1], tail) or Target(
                None, f"{path!r} begins with a slash: give the place relative to the post"
            )
        try:
            place = Path(os.path.normpath(self._folder / path))
            inside = place.resolve().is_relative_to(self._root)
            there = place.exists()
        except (OSError, ValueError):
            return Target(None, f"{path[:80]!r} is not a path")
        if tag == "a" and (found := self._of_posts(place, tail)):
            return found
        if not place.is_relative_to(self._folder):
            self.outside.add(place)
        if not there:
            return Target(None, f"{path!r} is not there")
        if not inside:
            return Target(None, f"{path!r} leads out of the study")
        return self._file(tag, place, path, tail)

    def _of_posts(self, place: Path, tail: str) -> Target | None:
        """Resolve a path that leads to another post's folder or text."""
        folder = place.parent if place.name in bundle.SOURCES else place
        if folder.parent != self._folder.parent:
            return None
        if folder == self._folder:
            return self._anchor(tail) if tail.startswith("#") else Target("./")
        return self._post(folder.name, tail)

    def _post(self, name: str, tail: str) -> Target | None:
        slug = self._known.get(name)
        self.asked[name] = slug
        return Target(f"../{quote(slug)}/{tail}") if slug else None

    def _file(self, tag: str, place: Path, path: str, tail: str) -> Target:
        own = place.is_relative_to(self._folder)
        # From elsewhere in the study only pictures come along: a film's address may name the log.
        if not place.is_file() or (tag != "img" and not own) or _hidden(place, self._root):
            return Target(None, f"{path!r} is no file of this post, so it would not be published")
        picture = None
        if tag == "img":
            picture = pictures.look(_head(place))
            if picture is None:
                return Target(None, f"{path!r} is not a picture that browsers can show")
        name = place.relative_to(self._folder).as_posix() if own else _foreign(place, self._root)
        self.files[name] = place
        return Target(quote(name) + (tail if tag == "a" else ""), picture=picture)


def _head(path: Path) -> bytes:
    try:
        return store.read_bytes(path)
    except CompanionError:
        return b""


def _hidden(place: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in place.relative_to(root).parts) if place.is_relative_to(root) else True  # fmt: skip


def _foreign(place: Path, root: Path) -> str:
    """Name a file of elsewhere in the study, so that two of one name do not meet."""
    path = place.relative_to(root).as_posix()
    return f"files/{hashlib.sha256(path.encode()).hexdigest()[:8]}-{place.name}"


def anchor(text: str) -> str:
    """Give the name of a heading in an address, as GitHub makes it."""
    kept = re.sub(r"[^\w\- ]+", "", text.strip().lower())
    return re.sub(r"[ ]+", "-", kept).strip("-")
