"""Predictions whose rows were mixed up: what tells the target in training tells nothing of them.

The classic is a loader that shuffles: predictions come in one order, ids in another, and every format check
passes. If training says that a column tells the target (on rows that this was not found with), honest
predictions of the test rows follow it as well, whatever the model. Where chance explains everything that is
left of it, in every such column, the rows are mixed up. The measure is the sum over rows of what the group of
the row lets expect of its prediction, against its mean and spread over all ways to deal the predictions out
(Hoeffding 1951); so no assumption is made about either.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.data import files, tables
from fastcompanion.data.columns import Values, values
from fastcompanion.data.tables import Table

#: rows and columns looked at, groups of a column, classes of a target
_ROWS, _COLUMNS, _GROUPS, _CLASSES = 4000, 60, 10, 60
#: standard deviations: what one column has to tell of the target, what others have to that a model may follow
#: instead, and what is left to chance
_STRONG, _WEAK, _CHANCE = 7.0, 3.0, 3.0


@frozen
class Signal:
    """A column that tells the target: what each group lets expect, and the group of each test row."""

    column: str
    expects: Mapping[int, Mapping[str, float]] | Mapping[int, float]
    groups: tuple[int, ...]
    strength: float


@frozen
class Signals:
    """All columns that tell the target, strongest first; `ids` are the test rows looked at, in their order."""

    found: tuple[Signal, ...]
    ids: tuple[str, ...]
    classes: frozenset[str]
    whole: bool


@frozen
class Verdict:
    """How predictions follow the columns that tell the target, in standard deviations."""

    columns: tuple[str, ...]
    followed: float
    asked: float
    in_file_order: float | None


def read(train: Path, test: Path, id_column: str, target: str) -> Signals | None:
    """Find what tells the target in training and stands in the test set; None where nothing does."""
    learn, judge = _table(train), _table(test)
    if learn is None or judge is None or target not in learn.names or id_column not in judge.names:
        return None
    learn_rows, judge_rows = files.spread(learn.rows, _ROWS), files.spread(judge.rows, _ROWS)
    place = learn.names.index(target)
    rows = [row for row in learn_rows if not tables.is_missing(row[place])]
    truth = _truth([row[place] for row in rows])
    if truth is None or len(rows) < 40 or len(judge_rows) < 40:
        return None
    found = []
    for name in [one for one in learn.names if one in judge.names and one != id_column][:_COLUMNS]:
        here, there = learn.names.index(name), judge.names.index(name)
        cut = _groups(values(name, [row[here] for row in rows]))
        if cut is None:
            continue
        own = [cut(row[here]) for row in rows]
        if signal := _signal(name, own, truth, [cut(row[there]) for row in judge_rows]):
            found.append(signal)
    classes = frozenset(truth) if isinstance(truth[0], str) else frozenset()
    number = judge.names.index(id_column)
    ids = tuple(row[number] for row in judge_rows)
    ordered = tuple(sorted(found, key=lambda one: -one.strength))
    whole = judge.whole and len(judge_rows) == len(judge.rows)
    return (
        Signals(ordered, ids, classes, whole) if found and ordered[0].strength >= _STRONG else None
    )


def _table(path: Path) -> Table | None:
    try:
        read_ = tables.read(files.walk(path), path.name)
    except (CompanionError, OSError):
        return None
    return read_ if isinstance(read_, Table) else None


def _truth(cells: Sequence[str]) -> list[str] | list[float] | None:
    """Give the target as classes, or as ranks of its numbers."""
    if len(set(cells)) < 2:
        return None
    told = values("target", cells)
    if len(told.counts) <= _CLASSES and (not told.is_numeric or told.type != "number"):
        return list(cells)
    if not told.is_numeric or any(one is None for one in told.numbers):
        return None
    return ranks([one for one in told.numbers if one is not None])


def ranks(numbers: Sequence[float]) -> list[float]:
    """Put numbers in places from 0 to 1; equal numbers share theirs."""
    order = sorted(numbers)
    last = max(1, len(numbers) - 1)
    place: dict[float, float] = {}
    for number, value in enumerate(order):
        place.setdefault(value, number / last)
    return [place[value] for value in numbers]


class _Cut:
    """Puts a cell into a group: a tenth of the numbers, or one of the usual words."""

    def __init__(self, told: Values) -> None:
        common = Counter(dict(told.counts)).most_common(_GROUPS)
        self._words = {cell: number for number, (cell, _) in enumerate(common, 2)}
        self._edges: list[float] = []
        if told.is_numeric and told.distinct > _GROUPS:
            numbers = sorted(one for one in told.numbers if one is not None)
            self._edges = [numbers[len(numbers) * part // _GROUPS] for part in range(1, _GROUPS)]

    def __call__(self, cell: str) -> int:
        if tables.is_missing(cell):
            return 0
        if self._edges:
            try:
                return 2 + bisect_right(self._edges, float(cell))
            except ValueError:
                return 1
        return self._words.get(cell, 1)


def _groups(told: Values) -> _Cut | None:
    if told.distinct < 2 or (not told.is_numeric and told.distinct > 0.5 * max(1, told.filled)):
        return None
    return _Cut(told)


def _signal(
    name: str, own: Sequence[int], truth: list[str] | list[float], test: Sequence[int]
) -> Signal | None:
    """Learn on every other row what a group lets expect, and try it on the rows between."""
    half = _expects(own[::2], truth[::2])
    seen = follows(half, own[1::2], truth[1::2])
    on_test = seen * math.sqrt(len(test) / max(1, len(own) // 2))
    if seen < _WEAK:
        return None
    return Signal(name, _expects(own, truth), tuple(test), on_test)


def _expects(
    groups: Sequence[int], truth: Sequence[str] | Sequence[float]
) -> dict[int, dict[str, float]] | dict[int, float]:
    parts: dict[int, list[str | float]] = {}
    every: Sequence[str | float] = truth
    for group, value in zip(groups, every, strict=True):
        parts.setdefault(group, []).append(value)
    if truth and isinstance(truth[0], str):
        return {
            group: {str(value): count / len(part) for value, count in Counter(part).items()}
            for group, part in parts.items()
        }
    return {group: sum(map(float, part)) / len(part) for group, part in parts.items()}


def follows(
    expects: Mapping[int, Mapping[str, float]] | Mapping[int, float],
    groups: Sequence[int],
    said: Sequence[str] | Sequence[float],
) -> float:
    """Say by how many standard deviations predictions follow what their groups let expect."""
    sizes = Counter(groups)
    if len(sizes) < 2 or len(set(said)) < 2:
        return 0.0
    if isinstance(said[0], str):
        return _classes_follow(expects, sizes, groups, [str(one) for one in said])
    return _numbers_follow(expects, groups, [float(one) for one in said])


def _classes_follow(
    expects: Mapping[int, Mapping[str, float]] | Mapping[int, float],
    sizes: Counter[int],
    groups: Sequence[int],
    said: Sequence[str],
) -> float:
    count, words, both = len(said), Counter(said), Counter(zip(groups, said, strict=True))

    def share(group: int, word: str) -> float:
        told = expects.get(group, {})
        return told.get(word, 0.0) if isinstance(told, Mapping) else 0.0

    rows = {g: sum(words[w] * share(g, w) for w in words) / count for g in sizes}
    columns = {w: sum(sizes[g] * share(g, w) for g in sizes) / count for w in words}
    middle = sum(sizes[g] * rows[g] for g in sizes) / count
    found = sum(number * share(g, w) for (g, w), number in both.items())
    spread = sum(
        sizes[g] * words[w] * (share(g, w) - rows[g] - columns[w] + middle) ** 2
        for g in sizes
        for w in words
    ) / (count - 1)
    return (found - count * middle) / math.sqrt(spread) if spread > 0 else 0.0


def _numbers_follow(
    expects: Mapping[int, Mapping[str, float]] | Mapping[int, float],
    groups: Sequence[int],
    said: Sequence[float],
) -> float:
    told = {group: _mean(value) for group, value in expects.items()}
    usual = sum(told.values()) / max(1, len(told))
    hoped = [told.get(group, usual) for group in groups]
    count = len(said)
    mean, other = sum(hoped) / count, sum(said) / count
    found = sum((a - mean) * (b - other) for a, b in zip(hoped, said, strict=True))
    spread = sum((a - mean) ** 2 for a in hoped) * sum((b - other) ** 2 for b in said)
    return found / math.sqrt(spread / (count - 1)) if spread > 0 else 0.0


def _mean(expected: Mapping[str, float] | float) -> float:
    """Give what is expected as a number; of classes that are numbers, their mean."""
    if isinstance(expected, Mapping):
        return sum(float(name) * share for name, share in expected.items())
    return expected


def verdict(signals: Signals, by_id: Mapping[str, str], in_order: Sequence[str]) -> Verdict | None:
    """Judge predictions by the ids of the test rows; `in_order` are all predictions as the file has them."""
    rows = [row for row, one in enumerate(signals.ids) if one in by_id]
    said = _said([by_id[signals.ids[row]] for row in rows], signals)
    if said is None or len(rows) < 40 or len(set(said)) < 2:
        return None
    scores = [
        follows(one.expects, [one.groups[row] for row in rows], said) for one in signals.found
    ]
    asked = signals.found[0].strength * math.sqrt(len(rows) / len(signals.ids))
    columns = tuple(one.column for one in signals.found)
    other = None
    if signals.whole and len(in_order) == len(signals.ids):
        again = _said(in_order, signals)
        if again is not None:
            other = max(follows(one.expects, one.groups, again) for one in signals.found)
    strongest = max(scores, key=abs)
    return Verdict(columns, strongest, asked, other)


def mixed_up(told: Verdict) -> bool:
    """Is nothing left but chance of what should be followed?"""
    return told.asked >= _STRONG and abs(told.followed) < _CHANCE


def against(told: Verdict) -> bool:
    """Do predictions run against what training says?"""
    return told.asked >= _STRONG and told.followed < -_STRONG


def _said(cells: Sequence[str], signals: Signals) -> list[str] | list[float] | None:
    """Read predictions as training's target was: as classes, or as places of numbers."""
    if signals.classes and all(cell in signals.classes for cell in cells):
        return list(cells)
    try:
        numbers = list(map(float, cells))
        list(map(float, signals.classes))
    except ValueError:
        return None
    return ranks(numbers) if all(map(math.isfinite, numbers)) else None
