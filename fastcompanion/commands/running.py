"""`lesson run` and `lesson experiment`: the original runs here, and the learner's own tries."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from fastcompanion.base.errors import Exit
from fastcompanion.base.records import frozen
from fastcompanion.commands import lesson_app as group
from fastcompanion.commands.budgets import CellTimeoutOption, KernelOption, limits_of
from fastcompanion.commands.lesson_app import NotebookOption
from fastcompanion.commands.options import LessonArgument, Session, command
from fastcompanion.console import Answer, Block, Code, Facts, Items, Line, Next, Table, Title, Warn
from fastcompanion.course.library import lessons
from fastcompanion.course.running import experiments, run
from fastcompanion.course.running.experiments import Change, Experiment, Experiments
from fastcompanion.course.running.run import Copied, LessonRun, Trouble

_SHOWN = 5
_CODES = {"clean": Exit.DONE, "your change failed": Exit.FAILED}
_STYLES = {"clean": "good", "your change failed": "warn"}

# The outer name is what people type; the inner one completes it in JSON.
app = typer.Typer(name="lesson experiment", help="What you changed, expected, and saw.")
group.app.add_typer(app, name="experiment")


@frozen
class Proposal:
    """What `experiment add` found changed, before anything is recorded."""

    changes: tuple[Change, ...]


@command(group.app, "run")
def run_lesson(
    session: Session,
    lesson: LessonArgument = None,
    notebook: NotebookOption = None,
    execute: Annotated[
        bool, typer.Option("--execute", "-x", help="Run it now, in a fresh kernel.")
    ] = False,
    data: Annotated[
        Path | None, typer.Option("--data", help="A folder or file to show beside the notebook.")
    ] = None,
    kernel: KernelOption = None,
    cell_timeout: CellTimeoutOption = None,
    budget: Annotated[
        int | None, typer.Option("--budget", min=1, help="Seconds for the whole run.")
    ] = None,
) -> Answer:
    """Get your copy of the original to run and change; --execute runs it here."""
    study = session.workspace()
    course, found = lessons.find(study, lesson)
    ref = lessons.notebook_of(found, notebook)
    if not execute or session.dry_run:
        copied = run.copy_original(study, course, found, ref, data=data, dry_run=session.dry_run)
        return Answer(copied, _view_copied)
    limits = limits_of(session, cell_timeout, budget)
    ran = run.execute(
        study,
        course,
        found,
        ref,
        kernel=kernel,
        limits=limits,
        reporter=session.reporter,
        data=data,
    )
    return Answer(ran, _view_run, int(_CODES.get(ran.verdict, Exit.MISSING)))


def _view_copied(copied: Copied) -> Iterable[Block]:
    yield Title(f"{copied.lesson} {copied.notebook}")
    yield Line("Your copy to run and change:" if copied.is_new else "Your copy is there already:")
    yield Code(str(copied.path))
    if copied.files:
        yield Line("Beside it: " + ", ".join(copied.files))
    yield from (Warn(note) for note in copied.notes)
    if copied.changes:
        yield Line(f"You changed: {experiments.in_words(copied.changes)}")
    yield Next(f"fastcompanion lesson run {copied.lesson} --execute", "runs it in a fresh kernel")


def _view_run(ran: LessonRun) -> Iterable[Block]:
    yield Title(f"{ran.lesson} {ran.notebook}: {ran.verdict}")
    yield Line(ran.words, _STYLES.get(ran.verdict, "bad"))
    if ran.origin is not None:
        yield Facts(_facts(ran.origin))
    if ran.cascade:
        yield Line(f"{len(ran.cascade)} later cells failed because of it: {_cells(ran.cascade)}")
    if ran.others:
        yield Line("Failing for reasons of their own:")
        yield Items(tuple(f"cell {one.cell}: {one.error}" for one in ran.others))
    yield Line(f"{ran.cells_run} of {ran.cells_total} code cells ran in {ran.seconds:.1f} s")
    if ran.versions:
        yield Line("With " + ", ".join(f"{k} {v}" for k, v in sorted(ran.versions.items())), "dim")
    yield Line(f"Outputs are in {ran.path}")
    yield from (Warn(note) for note in ran.notes)
    if ran.ok and ran.changes:
        yield Next(f"fastcompanion lesson experiment add {ran.lesson}", "record what you changed")
    yield from (Next(cure) for cure in ran.cures)


def _facts(origin: Trouble) -> tuple[tuple[str, str], ...]:
    cell = f"{origin.cell} (counted from 0; code cell {origin.code_cell})"
    return (("cell", cell), ("line", origin.line), ("error", origin.error))


def _cells(troubles: tuple[Trouble, ...]) -> str:
    shown = ", ".join(str(trouble.cell) for trouble in troubles[:_SHOWN])
    return shown + (f", … {troubles[-1].cell}" if len(troubles) > _SHOWN else "")


@command(app, "add")
def add(
    session: Session,
    lesson: LessonArgument = None,
    notebook: NotebookOption = None,
    change: Annotated[
        str, typer.Option("--change", "-c", help="What you changed.", show_default="the diff")
    ] = "",
    prediction: Annotated[
        str, typer.Option("--prediction", "-p", help="What you expected.", show_default="asked")
    ] = "",
    result: Annotated[
        str, typer.Option("--result", "-r", help="What came out.", show_default="asked")
    ] = "",
) -> Answer:
    """Record an experiment: what you changed, what you expected, what came out."""
    study = session.workspace()
    course, found = lessons.find(study, lesson)
    ref = lessons.notebook_of(found, notebook)
    proposed = run.own_changes(study, course, found, ref)
    if session.dry_run:
        return Answer(Proposal(proposed), _view_proposal)
    told = {
        "change": change
        or session.ask("What did you change?", experiments.in_words(proposed), "--change"),
        "prediction": prediction or session.ask("What did you expect?", "", "--prediction"),
        "result": result or session.ask("What came out?", "", "--result"),
    }
    made = experiments.add(study, found.id, ref.id, **told)
    return Answer(made, _view_experiment)


def _view_proposal(proposal: Proposal) -> Iterable[Block]:
    if not proposal.changes:
        yield Line("Your copy is as the original; nothing was changed.")
        return
    yield Line("Your copy differs from the original:")
    yield Code(experiments.diff(proposal.changes))


def _view_experiment(made: Experiment) -> Iterable[Block]:
    yield Title(f"Recorded for {made.lesson}")
    yield Facts((("change", made.change), ("prediction", made.prediction), ("result", made.result)))
    yield Next("fastcompanion next")


@command(app, "list")
def list_(
    session: Session,
    lesson: LessonArgument = None,
    everything: Annotated[bool, typer.Option("--all", help="Of all lessons.")] = False,
) -> Answer:
    """Show your experiments."""
    study = session.workspace()
    wanted = None if everything else lessons.find(study, lesson)[1].id
    return Answer(experiments.recorded(study, wanted), _view_experiments)


def _view_experiments(found: Experiments) -> Iterable[Block]:
    if not found.experiments:
        yield Line("No experiment yet.")
        yield Next("fastcompanion lesson experiment add", "change something and record it")
        return
    rows = tuple(
        (f"{one.at:%Y-%m-%d}", one.lesson, one.change, one.prediction, one.result)
        for one in found.experiments
    )
    yield Table(("day", "lesson", "change", "prediction", "result"), rows)


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `lesson`."""
