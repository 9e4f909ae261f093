"""`lesson scratch`: the notebook in which a lesson is built again, without its answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.commands import lesson_app as group
from fastcompanion.commands.lesson_app import NotebookOption
from fastcompanion.commands.options import LessonArgument, Session, command
from fastcompanion.console import Answer, Block, Code, Line, Next, Table, Title, Warn
from fastcompanion.course.library import lessons
from fastcompanion.course.scaffolds import scratch
from fastcompanion.course.scaffolds.scratch import Scratched

_SHOWN = 12


@frozen
class Scratches:
    """What became of each notebook."""

    notebooks: tuple[Scratched, ...]


@command(group.app, "scratch")
def scratch_lesson(
    session: Session,
    lesson: LessonArgument = None,
    every: Annotated[bool, typer.Option("--all", help="Every lesson of the course.")] = False,
    notebook: NotebookOption = None,
) -> Answer:
    """Get a notebook to build the lesson again yourself: goals and data, no answers."""
    study = session.workspace()
    course, found = lessons.find(study, lesson)
    if every and notebook:
        raise CompanionError("--all and --notebook exclude each other", code=Exit.USAGE)
    if every:
        made = scratch.make_all(
            study, course, course.lessons, dry_run=session.dry_run, reporter=session.reporter
        )
        broken = any(one.state == "broken" for one in made)
        return Answer(Scratches(made), _view_all, int(Exit.FAILED if broken else Exit.DONE))
    ref = lessons.notebook_of(found, notebook)
    one = scratch.make_scratch(study, course, found, ref, dry_run=session.dry_run)
    return Answer(Scratches((one,)), _view_one)


def _view_one(made: Scratches) -> Iterable[Block]:
    [one] = made.notebooks
    yield Title(f"{one.lesson} {one.notebook}")
    if one.state == "nothing to reproduce":
        yield Line("There is no code in it to write again.")
        yield Next(f"fastcompanion lesson run {one.lesson}", "read and run the original")
        return
    words = {
        "kept": "It is there already, and stays as it is:",
        "would be made": "This would be made:",
    }
    yield Line(words.get(one.state, "Yours to fill; close the original:"))
    yield Code(str(one.path))
    if one.sections:
        more = " …" if len(one.sections) > _SHOWN else ""
        count = f"{len(one.sections)} section{'s' if len(one.sections) != 1 else ''}"
        yield Line(f"{count}: {', '.join(one.sections[:_SHOWN])}{more}")
    if one.files:
        yield Line("Beside it: " + ", ".join(one.files))
    yield from (Warn(note) for note in one.notes)
    yield Next(f"fastcompanion lesson check {one.lesson}", "checks it, section by section")


def _view_all(made: Scratches) -> Iterable[Block]:
    rows = tuple(
        (one.lesson, one.notebook, one.state, str(len(one.sections)) if one.sections else "")
        for one in made.notebooks
    )
    yield Table(("lesson", "notebook", "state", "sections"), rows)
    for one in made.notebooks:
        if one.state in ("broken", "not here"):
            yield Warn(f"{one.lesson} {one.notebook}: {'; '.join(one.notes)}")


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `lesson`."""
