"""Syncing with a server: which folder it is, a study's or a project's, and nothing outside of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace, absolute
from fastcompanion.project.place import Project
from fastcompanion.server import syncing
from fastcompanion.server.connection import Connection
from fastcompanion.server.syncing import Direction, Synced


@frozen
class Scope:
    """A study or a project, and the part of it that is meant ("" is all)."""

    root: Path
    part: str


def scope(path: Path | None, ws: Workspace | None) -> Scope:
    """Find the study or the project that a path, or the working folder, lies in; the innermost of both."""
    place = absolute(path) if path is not None else absolute(Path.cwd())
    roots = [one for one in (_project(place), _study(place)) if one is not None]
    if not roots and path is None and ws is not None:
        roots = [ws.root]
    if not roots:
        raise CompanionError(
            f"{place} lies in no study and in no project, and nothing else is synced",
            hint="cd to one, or name a path in one",
            code=Exit.NOT_SET_UP,
        )
    root = max(roots, key=lambda one: len(one.parts))
    part = place.relative_to(root).as_posix() if path is not None else "."
    return Scope(root, "" if part == "." else part)


def _project(place: Path) -> Path | None:
    try:
        return Project.find(place).root
    except CompanionError:
        return None


def _study(place: Path) -> Path | None:
    try:
        return Workspace.find(place).root
    except CompanionError:
        return None


def sync(
    link: Connection,
    found: Scope,
    direction: Direction,
    *,
    everything: bool,
    force: bool,
    delete: Callable[[tuple[str, ...]], bool] | None,
    dry_run: bool,
    reporter: Reporter,
) -> Synced:
    """Sync what was found."""
    return syncing.sync(
        link,
        found.root,
        direction,
        part=found.part,
        everything=everything,
        force=force,
        delete=delete,
        dry_run=dry_run,
        reporter=reporter,
    )
