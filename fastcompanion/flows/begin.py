"""`init`: a study repository and its first course in one go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.library import courses
from fastcompanion.study import setup

NO_COURSE = "none"


@frozen
class Begun:
    """What `init` did, or with `dry_run` would do. File names are relative to `folder`."""

    folder: str
    dry_run: bool
    files_created: tuple[str, ...]
    files_extended: tuple[str, ...]
    files_kept: tuple[str, ...]
    new_repository: bool
    commit: CommitResult | None
    course: str | None
    course_is_new: bool
    next_command: str


def begin(
    folder: Path,
    *,
    name: str,
    course: str,
    agree: Callable[[str], bool],
    nested: bool = False,
    dry_run: bool = False,
    reporter: Reporter,
) -> Begun:
    """Make the study in `folder` and add `course` (a name, address or folder; "none" for none).

    On a study that is there already it adds what is missing and changes nothing else. When the
    course can't be had, the study stands all the same, and the error says how to go on.
    """
    ground = setup.look(folder)
    made = setup.make(ground, name=name, agree=agree, nested=nested, dry_run=dry_run)
    wanted = course.strip()
    course_id, is_new = (None, False)
    if wanted and wanted != NO_COURSE and not dry_run:
        course_id, is_new = _add_course(Workspace(made.folder), wanted, reporter)
    return Begun(
        folder=str(made.folder),
        dry_run=dry_run,
        files_created=made.created,
        files_extended=made.extended,
        files_kept=made.kept,
        new_repository=made.new_repository,
        commit=made.commit,
        course=course_id or (wanted if dry_run and wanted != NO_COURSE else None),
        course_is_new=is_new,
        next_command=_next_command(made.folder, course_id),
    )


def _add_course(ws: Workspace, wanted: str, reporter: Reporter) -> tuple[str, bool]:
    try:
        added = courses.add(ws, wanted, reporter=reporter)
    except CompanionError as error:
        raise CompanionError(
            f"the study {ws.root} is ready, but without the course {wanted}: {error.message}",
            hint=f"cd '{ws.root}' && fastcompanion course add {wanted}",
            code=error.code,
            file=error.file,
            line=error.line,
        ) from None
    return added.course.id, added.new


def _next_command(folder: Path, course_id: str | None) -> str:
    go = "" if Path.cwd() == folder else f"cd '{folder}' && "
    return go + ("fastcompanion start" if course_id else "fastcompanion course add foundations")
