"""Opening a lesson: the notebook of its current step, made when it is missing, and shown."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from fastcompanion.base import config, process
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.environments import find_interpreter
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.progress import NextStep
from fastcompanion.course.running import run
from fastcompanion.course.scaffolds import scratch

# Tried in this order when `editor.command` is not set.
_EDITORS = ("jupyter-lab", "jupyter-notebook", "code")


@frozen
class Prepared:
    """The notebook of a step, if the step has one."""

    notebook: Path | None
    is_new: bool = False


def prepare(
    ws: Workspace,
    course: Course,
    lesson: Lesson,
    step: NextStep | None,
    *,
    dry_run: bool = False,
    reporter: Reporter,
) -> Prepared:
    """Give the notebook of the step, made now if it is missing; never overwrites.

    A lesson without a video is read in its notebook, so its first step has one as well.
    """
    ref = _notebook(lesson, step)
    if ref is None or (step and step.step == "watch" and lesson.video):
        return Prepared(None)
    if step is not None and step.step == "repeat":
        path = ws.notebook(lesson.id, ref.id, "repeat")
        return Prepared(path if path.exists() else None)
    if step is not None and step.step == "reproduce":
        made = scratch.make_scratch(ws, course, lesson, ref, dry_run=dry_run)
        return _told(made.path, made.notes, made.state != "kept", reporter, made.sections)
    copied = run.copy_original(ws, course, lesson, ref, dry_run=dry_run)
    return _told(copied.path, copied.notes if copied.is_new else (), copied.is_new, reporter)


def _told(
    path: Path,
    notes: Sequence[str],
    is_new: bool,
    reporter: Reporter,
    sections: Sequence[str] = ("",),
) -> Prepared:
    """Hand on what making a notebook had to say; one without sections was not made."""
    for note in notes:
        reporter.note(note)
    if is_new and not sections:
        reporter.note("There is nothing to reproduce in this notebook; mark the step as done.")
        return Prepared(None)
    return Prepared(path, is_new)


def _notebook(lesson: Lesson, step: NextStep | None) -> NotebookRef | None:
    local = [ref for ref in lesson.notebooks if ref.path is not None]
    wanted = [ref for ref in local if step is not None and ref.id == step.notebook]
    return next(iter(wanted or local), None)


def show(
    ws: Workspace, notebook: Path, *, course: Course | None = None, reporter: Reporter
) -> str | None:
    """Open a notebook in the learner's editor and give the program's name, None without one.

    That is `editor.command`, else the Jupyter of the course's environment, else what is on PATH.
    """
    settings = config.load(ws)
    if not settings.get("editor.open"):
        return None
    command = program(ws, course)
    if command is None:
        reporter.note(
            f"No program that opens notebooks was found (fastcompanion doctor jupyter). Open {ws.relative(notebook)} yourself."
        )
        return None
    process.leave_running([*command, str(notebook)], cwd=ws.root)
    return command[0]


def program(ws: Workspace | None, course: Course | None = None) -> tuple[str, ...] | None:
    """Give the command line that opens notebooks, None where there is no such program."""
    setting = str(config.load(ws).get("editor.command")).strip()
    if setting:
        return _words(setting)
    found = _jupyter_of(ws, course) if ws is not None else None
    on_path = (process.which(name) for name in _EDITORS)
    return found or next(((str(path),) for path in on_path if path is not None), None)


def _jupyter_of(ws: Workspace, course: Course | None) -> tuple[str, ...] | None:
    """Find the Jupyter that lies beside the Python of the course's kernel."""
    if course is None:
        return None
    try:
        python = Path(find_interpreter(None, course, ws).argv[0])
    except CompanionError:
        return None
    places = (python.parent / name for base in _EDITORS[:2] for name in (base, f"{base}.exe"))
    return next(((str(place),) for place in places if place.is_file()), None)


def _words(setting: str) -> tuple[str, ...]:
    try:
        words = shlex.split(setting, posix=os.name == "posix")
    except ValueError:
        words = []
    if not words:
        raise CompanionError(
            f"editor.command is not a command line: {setting!r}",
            hint='fastcompanion config set editor.command "jupyter lab"',
            code=Exit.USAGE,
        )
    # Windows starts `code.cmd` only by its full name.
    whole = process.which(words[0])
    return (str(whole) if whole else words[0], *words[1:])
