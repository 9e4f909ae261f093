"""What the whole blog shares: its title, author and address, from the `[blog]` table of the settings."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastcompanion.base import config, remote
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.posts import address


@frozen
class Blog:
    """The blog as a whole; `url` ends with a slash, and is empty while nobody knows it."""

    title: str
    author: str
    url: str
    about: str
    language: str

    @property
    def base(self) -> str:
        """The path that the site lies under: "/my-study/" for a project's pages, else "/"."""
        return urlsplit(self.url).path or "/"


def read(ws: Workspace) -> Blog:
    """Read the blog's settings; without an address, that of the repository's GitHub Pages is taken."""
    settings = config.load(ws)
    name = str(settings.get("blog.title")).strip() or str(settings.get("study.name"))
    return Blog(
        name,
        str(settings.get("blog.author")).strip(),
        _address(str(settings.get("blog.url")).strip())
        or address.public_url(remote.origin(ws.root)),
        str(settings.get("blog.about")).strip(),
        str(settings.get("blog.language")).strip() or "en",
    )


def _address(url: str) -> str:
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query):
        raise CompanionError(
            f"blog.url should be an address such as https://you.github.io/blog/, not {url!r}",
            hint="fastcompanion config set blog.url https://you.github.io/blog/",
            code=Exit.USAGE,
        )
    return url.partition("#")[0].rstrip("/") + "/" if url else ""
