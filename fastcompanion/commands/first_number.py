"""`data baseline`: the first number to beat."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from fastcompanion.base.process import shown as spelled
from fastcompanion.commands import data as group
from fastcompanion.commands.data import (
    KindOption,
    PathArgument,
    TargetOption,
    guess_mark,
    split_words,
)
from fastcompanion.commands.options import Session, command
from fastcompanion.console import Answer, Block, Line, Next, Table, Title
from fastcompanion.data import number
from fastcompanion.data.number import FirstNumber

MetricOption = Annotated[
    str, typer.Option("--metric", help="What to measure with.", show_default="that of the kind")
]


@command(group.app, "baseline")
def baseline(
    session: Session,
    path: PathArgument,
    target: TargetOption = "",
    kind: KindOption = "",
    metric: MetricOption = "",
) -> Answer:
    """Say what naive baselines reach, with intervals: the first number, which every model has to beat."""
    seen = group.looked_at(session, path, target, kind, closely=False)
    return Answer(number.of(path, seen, metric=metric, reporter=session.reporter), _number)


def _number(found: FirstNumber) -> Iterable[Block]:
    yield Title(found.path)
    of = f", of {found.target.value}{guess_mark(found.target)}" if found.target.value else ""
    yield Line(f"{found.about}{guess_mark(found.kind)}{of}")
    yield Table(
        ("baseline", f"{found.metric.name}, {found.metric.direction} is better", "goes by"),
        tuple(
            (
                one.name,
                f"{one.score.value:.4g} [{one.score.low:.4g}, {one.score.high:.4g}]",
                one.learned,
            )
            for one in found.baselines
        ),
    )
    yield Line(
        f"On {found.rows} rows that were not learned from ({split_words(found.split)}); an interval holds the truth "
        "95 times of 100.",
        "dim",
    )
    for note in found.notes:
        yield Line(note, "dim")
    path = spelled(["fastcompanion", "project", "new", "NAME", "--data", found.path])
    yield Next(path, "makes a repository that beats it")


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `data`."""
