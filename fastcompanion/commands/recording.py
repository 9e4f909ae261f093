"""`lesson record`: make the check of a lesson that nobody marked, and say how far to trust it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from fastcompanion.commands import lesson_app as group
from fastcompanion.commands.budgets import CellTimeoutOption, KernelOption, limits_of
from fastcompanion.commands.lesson_app import NotebookOption
from fastcompanion.commands.options import LessonArgument, Session, command
from fastcompanion.console import Answer, Block, Items, Line, Next, Table, Title, Warn
from fastcompanion.course.checks import warm
from fastcompanion.course.environments import find_interpreter
from fastcompanion.course.library import lessons
from fastcompanion.course.recording import recorder
from fastcompanion.course.recording.recorder import RecordReport, SectionReport

_SHOWN = 3


@command(group.app, "record")
def record_lesson(
    session: Session,
    lesson: LessonArgument = None,
    notebook: NotebookOption = None,
    kernel: KernelOption = None,
    cell_timeout: CellTimeoutOption = None,
    budget: Annotated[
        int | None, typer.Option("--budget", min=1, help="Seconds for the whole recording.")
    ] = None,
    most: Annotated[
        int | None,
        typer.Option(
            "--most", min=1, help="Mistakes to plant in each section.", show_default="12 or more"
        ),
    ] = None,
) -> Answer:
    """Make checks for a lesson without any: run the original and keep what comes out."""
    study = session.workspace()
    course, found = lessons.find(study, lesson)
    ref = lessons.notebook_of(found, notebook)
    limits = limits_of(session, cell_timeout, budget)
    interpreter = find_interpreter(kernel, course, study, session.reporter)
    asked = recorder.Asked(course, found, ref, interpreter, limits, most, warm.available())
    if session.dry_run:
        return Answer(recorder.proposed(study, asked), _view_proposed)
    return Answer(recorder.record(study, asked, session.reporter), _view)


def _view_proposed(made: RecordReport) -> Iterable[Block]:
    yield Title(f"{made.lesson} {made.notebook}")
    yield Line(
        "The original would be run 7 times, with other seeds, and then with planted mistakes:"
    )
    rows = tuple((one.id, str(one.planted)) for one in made.sections)
    yield Table(("section", "mistakes there are"), rows)
    yield Line(f"Written to {made.path}")


def _view(made: RecordReport) -> Iterable[Block]:
    hard = sum(one.status == "hard" for one in made.sections)
    yield Title(f"{made.lesson} {made.notebook}: {hard} of {len(made.sections)} sections checked")
    rows = tuple((one.id, one.status, _caught(one), one.reason) for one in made.sections)
    yield Table(("section", "check", "catches", "why"), rows)
    silent, caught = sum(one.planted for one in made.sections), _sum_of_hard(made)
    if silent:
        crashed = sum(one.crashed for one in made.sections)
        same = sum(one.equivalent for one in made.sections)
        yield Line(
            f"{silent} planted mistakes that run without an error, {crashed} that crash, "
            f"{same} that change nothing. {caught}"
        )
    for one in made.sections:
        if one.survivors:
            yield Line(f"Not caught in {one.id}:", "dim")
            yield Items(tuple(dict.fromkeys(map(_place, one.survivors)))[:_SHOWN])
    if any(one.survivors for one in made.sections):
        yield Line("Their lines are in --json, with the original's code.", "dim")
    yield Line(f"Written to {made.path} in {made.seconds:.0f} s{_times(made)}", "dim")
    yield from (Warn(note) for note in made.notes)
    if not made.finished:
        yield Next(f"fastcompanion lesson record {made.lesson}", "goes on where it stopped")
    yield Next(f"fastcompanion check {made.lesson}", "checks your own notebook by it")


def _place(survivor: str) -> str:
    """Leave out the code of a mistake: whoever records may want to write it without looking."""
    return ": ".join(survivor.split(": ")[:2])


def _sum_of_hard(made: RecordReport) -> str:
    hard = [one for one in made.sections if one.status == "hard"]
    planted = sum(one.planted for one in hard)
    return (
        f"Checked sections catch {sum(one.caught for one in hard)} of {planted}." if planted else ""
    )


def _caught(one: SectionReport) -> str:
    return f"{one.caught} of {one.planted}" if one.planted else ""


def _times(made: RecordReport) -> str:
    return f", {made.times:g} times one plain run" if made.times else ""


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `lesson`."""
