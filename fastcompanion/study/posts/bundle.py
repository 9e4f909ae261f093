"""Posts as page bundles: `posts/2026-11-21-is-it-a-bird/` with index.md or index.ipynb, and images/."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.posts import front
from fastcompanion.study.posts.front import Front

SOURCES = ("index.md", "index.ipynb")
_NAME = re.compile(r"(?P<day>\d{4}-\d{2}-\d{2})-(?P<slug>.+)")


@frozen
class Post:
    """One post: `slug` is its folder's name without the date and its address on the site."""

    slug: str
    folder: Path
    source: Path
    front: Front

    @property
    def day(self) -> dt.date | None:
        """The date of the front matter, else that of the folder's name."""
        return self.front.date or day_of(self.folder)

    @property
    def title(self) -> str:
        """The title of the front matter, else the slug in words."""
        return self.front.title or self.slug.replace("-", " ").capitalize()

    @property
    def is_notebook(self) -> bool:
        """Whether the post is a notebook."""
        return self.source.suffix == ".ipynb"


@frozen
class Found:
    """The posts that can be read, newest first, and what is wrong with the others."""

    posts: tuple[Post, ...]
    problems: tuple[CompanionError, ...] = ()


def posts(ws: Workspace) -> tuple[Post, ...]:
    """Give all posts, newest first; a broken one is an error that names file and line."""
    found = look(ws)
    if found.problems:
        raise found.problems[0]
    return found.posts


def look(ws: Workspace) -> Found:
    """Give all posts that can be read, newest first, and the errors of the others."""
    good: list[Post] = []
    bad: list[CompanionError] = []
    for folder in folders(ws):
        try:
            good.append(_unique(of_folder(folder), good))
        except CompanionError as error:
            bad.append(error)
    return Found(tuple(sorted(good, key=_newest_first)), tuple(bad))


def folders(ws: Workspace) -> list[Path]:
    """Give the folders below posts/, in order of their names; hidden ones and `_` are left out."""
    if not ws.posts.is_dir():
        return []
    return sorted(one for one in ws.posts.iterdir() if one.is_dir() and one.name[0] not in "._")


def of_folder(folder: Path) -> Post:
    """Read one post."""
    source = source_of(folder)
    return Post(slug_of(folder), folder, source, front.read(source))


def find(ws: Workspace, name: str) -> Post:
    """Find a post by its slug, its folder's name, a path of it, or the beginning of its slug."""
    wanted = Path(name.rstrip("/\\"))
    wanted = wanted.parent if wanted.name in SOURCES else wanted
    named = {folder: (slug_of(folder), folder.name) for folder in folders(ws)}
    exact = [folder for folder, names in named.items() if wanted.name in names]
    close = [folder for folder, names in named.items() if names[0].startswith(wanted.name)]
    fitting = exact or close
    if len(fitting) == 1:
        return of_folder(fitting[0])
    known = ", ".join(names[0] for names in named.values()) or "none yet"
    if fitting:
        known = ", ".join(folder.name for folder in fitting)
    raise CompanionError(
        f"{'several posts fit' if fitting else 'there is no post'} {name!r} (posts: {known})",
        hint="Give the name of its folder below posts/."
        if named
        else 'fastcompanion blog new "Title"',
        code=Exit.USAGE,
    )


def source_of(folder: Path) -> Path:
    """Give the file of a post's text; none or two of them are an error."""
    there = [folder / name for name in SOURCES if (folder / name).is_file()]
    if len(there) == 1:
        return there[0]
    what = "holds both index.md and index.ipynb" if there else "holds no index.md or index.ipynb"
    raise CompanionError(
        f"this post {what}",
        hint="Keep one of the two." if there else "Give the post a text, or remove the folder.",
        file=folder,
    )


def day_of(folder: Path) -> dt.date | None:
    """Give the date that a folder's name begins with."""
    found = _NAME.fullmatch(folder.name)
    try:
        return dt.date.fromisoformat(found["day"]) if found else None
    except ValueError:
        return None


def slug_of(folder: Path) -> str:
    """Give a folder's name without its date, fit for an address."""
    found = _NAME.fullmatch(folder.name)
    name = found["slug"] if found else folder.name
    return re.sub(r"[^\w.-]+", "-", name).strip("-.").lower() or "post"


def _unique(post: Post, others: list[Post]) -> Post:
    for other in others:
        if other.slug == post.slug:
            raise CompanionError(
                f"has the same name as {other.folder.name}, so both would get one address",
                hint="Give one of the two folders another name.",
                file=post.folder,
            )
    return post


def _newest_first(post: Post) -> tuple[int, str]:
    day = post.day
    return (-day.toordinal() if day else 1, post.slug)
