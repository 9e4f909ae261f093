"""The list of posts, and what is known to be published: what the branch gh-pages holds."""

from __future__ import annotations

from fastcompanion.base import branch, process
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.posts import bundle

BRANCH = "gh-pages"
HERE = "published here, not pushed"


@frozen
class Row:
    """A post in the list; `state` is draft, not published, published here (not pushed), published."""

    slug: str
    title: str
    date: str
    file: str
    draft: bool
    state: str


@frozen
class Unreadable:
    """A post that can't be read."""

    file: str
    line: int | None
    text: str


@frozen
class Listed:
    """All posts, newest first, and those that can't be read."""

    posts: tuple[Row, ...]
    problems: tuple[Unreadable, ...]


@frozen
class Seen:
    """The posts on the branch of this machine, and on that of the remote when we last heard of it."""

    here: frozenset[str]
    there: frozenset[str]

    def state(self, slug: str) -> str:
        """Say whether a post is published."""
        if slug in self.there:
            return "published"
        return HERE if slug in self.here else "not published"


def look(ws: Workspace) -> Seen:
    """Look at both branches; never asks the network."""
    return Seen(published(ws, f"refs/heads/{BRANCH}"), pushed(ws))


def listed(ws: Workspace) -> Listed:
    """List the posts; opens no text but theirs, and never asks the network."""
    found = bundle.look(ws)
    seen = look(ws)
    rows = []
    for post in found.posts:
        state = seen.state(post.slug)
        if post.front.draft:
            state = "draft" if state == "not published" else f"draft, but {state}"
        day = post.day
        where = ws.relative(post.source)
        rows.append(Row(post.slug, post.title, str(day or ""), where, post.front.draft, state))
    return Listed(tuple(rows), tuple(problem(ws, one) for one in found.problems))


def problem(ws: Workspace, error: CompanionError) -> Unreadable:
    """Say what is wrong with a post that can't be read."""
    file = "" if error.file is None else str(error.file)
    root = f"{ws.root}/"
    return Unreadable(file.removeprefix(root), error.line, error.message)


def published(ws: Workspace, ref: str) -> frozenset[str]:
    """Name the posts that a branch of the site holds."""
    if process.which("git") is None or (tip := branch.tip(ws.root, ref)) is None:
        return frozenset()
    parts = [path.split("/") for path in branch.files(ws.root, tip)]
    return frozenset(
        one[1] for one in parts if len(one) == 3 and one[0] == "posts" and one[2] == "index.html"
    )


def pushed(ws: Workspace) -> frozenset[str]:
    """Name the posts that the remote had when we last heard of it."""
    to = branch.remote(ws.root) if process.which("git") is not None else None
    return published(ws, f"refs/remotes/{to.name}/{BRANCH}") if to else frozenset()
