"""Step 3 of a lesson: scaffolds written into the study, never over work that is there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from fastcompanion.base import events
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.library import lessons, material
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.scaffolds.scaffold import scaffold

SCAFFOLDED = "lesson.scaffolded"
State = Literal["made", "would be made", "kept", "nothing to reproduce", "not here", "broken"]


@frozen
class Scratched:
    """What became of one notebook; `sections` have work in them, `notes` are for the learner."""

    lesson: str
    notebook: str
    path: Path
    state: State
    sections: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def make_scratch(
    study: Workspace,
    course: Course,
    lesson: Lesson,
    ref: NotebookRef,
    *,
    dry_run: bool = False,
) -> Scratched:
    """Write the scaffold of one notebook with the data beside it, unless a scratch is there.

    Nothing of the notebook is run. Raises exit 5 where the original is not on this machine.
    """
    made = _make(study, course, lesson, ref, dry_run=dry_run)
    _record(study, (made,))
    return made


def _make(
    study: Workspace, course: Course, lesson: Lesson, ref: NotebookRef, *, dry_run: bool
) -> Scratched:
    path = study.notebook(lesson.id, ref.id, "scratch")
    if _holds_work(path):
        return Scratched(lesson.id, ref.id, path, "kept", notes=_kept_notes(path, ref))
    original = notebook.read(lessons.original(course, ref))
    made = scaffold(original, lesson, ref, name=_source(course, lesson, ref))
    ids = tuple(section.id for section in made.sections)
    state: State = "would be made" if dry_run else "made"
    if not ids:
        state = "nothing to reproduce"
    files: tuple[str, ...] = ()
    notes = made.notes
    if ids and not dry_run:
        placed = material.place(course, lesson, ref, original, path.parent)
        files, notes = placed.files, (*made.notes, *placed.notes)
        notebook.write(path, made.notebook, durable=False)
    return Scratched(lesson.id, ref.id, path, state, ids, files, notes)


def _holds_work(path: Path) -> bool:
    """Is there a file that must not be touched? An empty one is what a power cut leaves."""
    return path.is_symlink() or (path.exists() and path.stat().st_size > 0)


def _record(study: Workspace, found: Sequence[Scratched]) -> None:
    """Record what was made; all at once, as each record waits for the disk."""
    happened = [
        (one.lesson, {"notebook": one.notebook, "sections": list(one.sections)})
        for one in found
        if one.state == "made"
    ]
    events.record_many(study, SCAFFOLDED, happened)


def _source(course: Course, lesson: Lesson, ref: NotebookRef) -> str:
    """Say where goals are quoted from; nothing for lessons that came with the program."""
    if course.kind == "builtin":
        return ""
    place = f", {course.source}" if course.kind == "git" else ""
    licence = f" ({course.licence})" if course.licence else ""
    return f"{course.title}, lesson {lesson.number}{place}{licence}"


def _kept_notes(path: Path, ref: NotebookRef) -> tuple[str, ...]:
    try:
        ours = notebook.read(path)["metadata"].get("fastcompanion")
    except CompanionError as error:
        return (f"it can't be read: {error}",)
    old = ours.get("original") if isinstance(ours, dict) else None
    if old and ref.sha256 and old != ref.sha256:
        return ("it was made from an older version of the original; your work stays as it is",)
    return ()


def make_all(
    study: Workspace,
    course: Course,
    chosen: Sequence[Lesson],
    *,
    dry_run: bool = False,
    reporter: Reporter,
) -> tuple[Scratched, ...]:
    """Scaffold every notebook of the lessons; one that is broken or not here stops no other."""
    wanted = [(lesson, ref) for lesson in chosen for ref in lesson.notebooks]
    found: list[Scratched] = []
    try:
        with reporter.task("scaffolding", total=len(wanted)) as task:
            for lesson, ref in wanted:
                found.append(_try_scratch(study, course, lesson, ref, dry_run=dry_run))
                task.advance(text=f"{lesson.id} {ref.id}")
    finally:
        _record(study, found)
    return tuple(found)


def _try_scratch(
    study: Workspace, course: Course, lesson: Lesson, ref: NotebookRef, *, dry_run: bool
) -> Scratched:
    try:
        return _make(study, course, lesson, ref, dry_run=dry_run)
    except CompanionError as error:
        state: State = "not here" if error.code is Exit.MISSING else "broken"
        path = study.notebook(lesson.id, ref.id, "scratch")
        return Scratched(lesson.id, ref.id, path, state, notes=(str(error),))
