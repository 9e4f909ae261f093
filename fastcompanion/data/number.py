"""The first number: what naive baselines reach on a data set, with an interval, in one call."""

from __future__ import annotations

from pathlib import Path

from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.data import task
from fastcompanion.data.dataset import DataSet, Finding, Metric, SplitRule
from fastcompanion.data.scores import Score
from fastcompanion.data.task import Wanted


@frozen
class Baseline:
    """A naive baseline: what it goes by, and what that is worth."""

    name: str
    learned: str
    score: Score


@frozen
class FirstNumber:
    """The naive baselines of a data set, the one to beat first; `rows` were judged, none was learned from."""

    path: str
    kind: Finding
    about: str
    target: Finding
    metric: Metric
    split: SplitRule
    rows: int
    baselines: tuple[Baseline, ...]
    notes: tuple[str, ...]


def of(path: Path, seen: DataSet, *, metric: str = "", reporter: Reporter = SILENT) -> FirstNumber:
    """Judge the naive baselines of a data set that was looked at; nothing is written.

    Raises exit 2 when nothing tells what is to be predicted, exit 4 when nothing can be learned from it.
    """
    wanted = Wanted(path, seen.target.value, seen.kind.value, metric)
    made = task.make(wanted, seen, reporter=reporter)
    told = tuple(Baseline(one.name, one.learned, one.score) for one in made.firsts)
    return FirstNumber(
        str(path), seen.kind, seen.about, seen.target, made.metric, made.split.rule,
        made.best.score.n, told, made.notes,
    )  # fmt: skip
