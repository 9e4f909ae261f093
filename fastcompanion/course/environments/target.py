"""What an environment is for: a course or a lesson's notebook, what it needs, and its date."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from fastcompanion.base import remote
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.environments.imports import Needs, needs, together
from fastcompanion.course.library import courses, lessons
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.notebooks import notebook


@frozen
class Target:
    """A course, or one notebook of one of its lessons."""

    course: Course
    lesson: Lesson | None = None
    ref: NotebookRef | None = None

    @property
    def id(self) -> str:
        """The lesson's id, else the course's."""
        return self.lesson.id if self.lesson else self.course.id

    @property
    def slug(self) -> str:
        """A name for an environment of this: fastai-p1, fastai-p1-05."""
        return self.id.replace("/", "-")


def find_target(study: Workspace, text: str | None, notebook_id: str | None = None) -> Target:
    """Find what `--for` means: a course by its id, else a lesson (default: the last one)."""
    if text in courses.ids(study):
        return Target(courses.load(study, text))
    course, lesson = lessons.find(study, text)
    return Target(course, lesson, _choose(lesson, notebook_id))


def _choose(lesson: Lesson, notebook_id: str | None) -> NotebookRef:
    files = [ref for ref in lesson.notebooks if ref.path is not None]
    found = [ref for ref in files if notebook_id in (None, ref.id)]
    if not found:
        raise CompanionError(
            f"{lesson.id} has no notebook {notebook_id or ''} that is a file".replace("  ", " "),
            hint="It has: " + (", ".join(ref.id for ref in files) or "only web pages"),
            code=Exit.USAGE if files else Exit.MISSING,
        )
    return found[0]


def read_original(target: Target) -> dict[str, Any]:
    """Read the notebook of a lesson as its author left it."""
    assert target.ref is not None
    return notebook.read(lessons.original(target.course, target.ref))


def needs_of(target: Target) -> Needs:
    """Read what the notebook (or each notebook of the course) imports, and the course's own list."""
    if target.ref is not None:
        refs = [target.ref]
    else:
        refs = [ref for one in target.course.lessons for ref in one.notebooks if ref.path]
    found = [_needs(target.course, ref) for ref in refs]
    return together([Needs(target.course.requirements), *(n for n in found if n is not None)])


def _needs(course: Course, ref: NotebookRef) -> Needs | None:
    try:
        path = lessons.original(course, ref)
        content: Mapping[str, Any] = notebook.read(path)
    except CompanionError:
        # One notebook of a course that can't be read must not keep the others from their packages.
        return None
    return needs(content, course.root / Path(ref.path or "").parent)


def last_changed(target: Target) -> date:
    """Give the day the notebook was last changed, by its repository's history.

    A clone without its history tells the day of its own commit for every file: it is refused.
    """
    course, ref = target.course, target.ref
    if ref is None or ref.path is None:
        raise CompanionError(
            "`--as-of lesson` needs a lesson",
            hint=f"fastcompanion env create --as-of lesson --for {course.id}/NN",
            code=Exit.USAGE,
        )
    if _is_shallow(course.root):
        raise CompanionError(
            f"{course.root} is a clone without history, which tells no dates",
            hint=f"git -C '{course.root}' fetch --unshallow   (or give a date: --as-of 2023-02-17)",
            code=Exit.MISSING,
        )
    moment = lessons.last_change(course, ref) or remote.last_change(course.root, ref.path)
    if moment is None:
        raise CompanionError(
            f"there is no git history of {ref.path}, so its date is not known",
            hint=f"fastcompanion env create --for {target.id} --as-of 2023-02-17",
            code=Exit.MISSING,
        )
    return moment.date()


def _is_shallow(folder: Path) -> bool:
    return any((place / ".git" / "shallow").exists() for place in (folder, *folder.parents))
