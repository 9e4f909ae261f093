"""`lesson repeat`: the same techniques on data of the learner's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer

from fastcompanion.commands import lesson_app as group
from fastcompanion.commands.lesson_app import NotebookOption
from fastcompanion.commands.options import Session, command
from fastcompanion.console import Answer, Block, Code, Facts, Items, Line, Next, Title, Warn
from fastcompanion.data.dataset import Question, SplitRule
from fastcompanion.data.task import Wanted
from fastcompanion.flows import repeat
from fastcompanion.flows.repeat import Repeating

_SHOWN = 6


@command(group.app, "repeat")
def repeat_lesson(
    session: Session,
    lesson: Annotated[
        str, typer.Argument(help="The lesson, e.g. 05 or fastai-p1/05.", show_default=False)
    ],
    path: Annotated[
        Path, typer.Argument(help="Your data: a folder, or a single table.", show_default=False)
    ],
    target: Annotated[
        str, typer.Option("--target", help="The column to predict.", show_default="found or asked")
    ] = "",
    kind: Annotated[
        str, typer.Option("--kind", help="The kind of data set.", show_default="found or asked")
    ] = "",
    metric: Annotated[
        str, typer.Option("--metric", help="What to measure with.", show_default="that of the kind")
    ] = "",
    notebook: NotebookOption = None,
) -> Answer:
    """Repeat a lesson on your own data: a notebook that loads it, and the naive baseline to beat."""
    asked = repeat.Asked(lesson, notebook, Wanted(path, target, kind, metric))
    made = repeat.make(
        session.workspace(),
        asked,
        ask=_asker(session),
        dry_run=session.dry_run,
        reporter=session.reporter,
    )
    return Answer(made, _view)


def _asker(session: Session) -> Callable[[Question], str] | None:
    if not session.can_ask or session.yes:
        return None
    return lambda question: session.ask(question.text, question.guess, question.flag)


def _view(made: Repeating) -> Iterable[Block]:
    data = made.data
    guess = "" if data.kind.sure else " (a guess)"
    yield Title(f"{made.lesson} {made.title}, with {data.path}")
    yield Items((f"{data.about}{guess}", *data.kind.why))
    target = f"{data.target.value}{'' if data.target.sure else ' (a guess)'}"
    yield Facts(
        (
            ("to predict", f"{target}: {'; '.join(data.target.why)}"),
            ("metric", f"{made.metric.name}, {made.metric.direction} is better: {made.metric.why}"),
            ("split", _split(made.split)),
            ("to beat", _to_beat(made)),
        )
    )
    found = [one for one in data.problems if one.severity != "note"]
    for one in found[:_SHOWN]:
        yield Warn(f"{one.where}: {one.text} {one.cure}".strip())
    if len(found) > _SHOWN:
        yield Line(f"and {len(found) - _SHOWN} more: fastcompanion data show", "dim")
    for note in made.notes:
        yield Line(note if note.endswith("?") else f"{note}.", "dim")
    yield Line("This would be made:" if made.dry_run else "Yours to fill, and to change:")
    yield Code(made.notebook)
    if made.sections:
        yield Line(f"With the headings of the lesson: {', '.join(made.sections)}", "dim")
    if not made.dry_run:
        yield Next(f"fastcompanion check {made.lesson} --step repeat", "says what is still open")


def _to_beat(made: Repeating) -> str:
    score = made.score
    between = f"95 times of 100 between {score.low:.4g} and {score.high:.4g}"
    return f"{score.metric} {score.value:.4g} ({between}, n = {score.n}): {made.baseline}, {made.learned}"


def _split(split: SplitRule) -> str:
    how = f"{split.folds} folds" if split.folds > 1 else f"{split.share:.0%} set aside"
    by = f" by {split.column}" if split.column and split.rule != "stratified" else ""
    return f"{split.rule}{by}, {how}: {split.why}"


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `lesson`."""
