"""A labelled data set cut in two: what is learned from, and what is asked; which of that the leaderboard shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.competition.practice.place import Competition, Opponent, Place
from fastcompanion.data import folds, metrics, naive, splits, task
from fastcompanion.data.dataset import Metric, SplitRule
from fastcompanion.data.first import First
from fastcompanion.data.folds import Rows, Split

_PUBLIC_SHARE = 0.4
_LEAST_TEST = 20
_SMALL_SHARE = 1 / 3
ENOUGH = splits.FOLDS * splits.ENOUGH


@frozen
class Cut:
    """Ids of what is learned from and of what is asked, in their order; `called` are their ids in the competition.

    `firsts` are the naive baselines, the best first, with what they said of each row that is asked.
    `scale` is what mase divides by. `write` puts what may be downloaded below a folder.
    """

    kind: str
    target: str
    id_column: str
    metric: Metric
    why: str
    truths: Mapping[str, str]
    learned: tuple[str, ...]
    asked: tuple[str, ...]
    public: frozenset[str]
    called: Mapping[str, str]
    firsts: tuple[First, ...]
    write: Callable[[Place, Competition], None]
    scale: float = 1.0

    @property
    def opponents(self) -> tuple[Opponent, ...]:
        """The naive baselines, who know what a competitor knows, scored on the hidden rows."""
        return tuple(
            Opponent(one.name, one.learned, self._score(one, True), self._score(one, False))
            for one in self.firsts
        )

    def _score(self, one: First, public: bool) -> float:
        ids = [name for name in self.asked if (name in self.public) == public]
        return metrics.measure(self.metric.name, one.predictions.taken(ids), self.scale).value


def one_part(rule: SplitRule, kind: str, target: str, count: int) -> SplitRule:
    """Hide one part by a rule: of few rows a third, of many a fifth; what is given stays."""
    if rule.rule == "given":
        return rule
    if rule == splits.plain(kind, target, count):
        # Without its words about folds, as one part is hidden however few rows there are.
        rule = splits.plain(kind, target, max(count, ENOUGH))
    share = splits.SHARE if splits.folds_for(count) == 1 else _SMALL_SHARE
    return replace(rule, folds=1, share=share)


def halves(source: Path, rule: SplitRule, rows: Rows) -> tuple[Split, tuple[str, ...]]:
    """Cut the rows in two; gives the split and the ids that are asked."""
    split = folds.make(rule, rows, seed=task.SEED)
    if not split.folds:
        raise CompanionError("the split sets no rows aside", file=source, code=Exit.CHECK_SAYS_NO)
    asked = split.of(split.folds[0])
    if len(asked) < _LEAST_TEST:
        raise CompanionError(
            f"only {len(asked)} rows could be hidden, and a leaderboard of so few is chance alone",
            hint=f"Take data with more rows: at least {_LEAST_TEST} are hidden.",
            file=source,
            code=Exit.CHECK_SAYS_NO,
        )
    return split, tuple(asked)


def mixed(asked: Sequence[str]) -> tuple[str, ...]:
    """Mix what is asked, as its order may tell its labels."""
    found = sorted(asked)
    clock.rng(task.SEED).shuffle(found)
    return tuple(found)


def public_part(asked: Sequence[str], truths: Mapping[str, str], kind: str) -> frozenset[str]:
    """Choose what the leaderboard shows: of a series the earlier rows, else some of each class."""
    if kind == "time-series":
        return frozenset(asked[: round(len(asked) * _PUBLIC_SHARE)])
    by_class: dict[str, list[str]] = defaultdict(list)
    for one in asked:
        by_class[truths[one] if naive.says(kind) == "class" else ""].append(one)
    chance = clock.rng(task.SEED + 1)
    taken: list[str] = []
    for members in by_class.values():
        chance.shuffle(members)
        taken += members[: max(1, round(len(members) * _PUBLIC_SHARE))]
    return frozenset(taken)
