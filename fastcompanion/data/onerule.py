"""One rule: how much does a single column tell, by cross-validation (Holte 1993, binned by quantiles).

Pure Python. What has to be chosen or called a leak is judged on rows that the rule has not seen: on its
own rows every column of different values is perfect.
"""

from __future__ import annotations

import bisect
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence

from fastcompanion.base import clock
from fastcompanion.base.records import frozen
from fastcompanion.data.columns import Values

FOLDS = 5
BINS = 12
_FEW = 20
_NOTHING = "(missing)"


@frozen
class Told:
    """How well one column's rule does on unseen rows, and how well doing without any column does."""

    score: float
    naive: float

    @property
    def gain(self) -> float:
        """Which share of the naive rule's loss goes away, 1 for all of it."""
        return (self.score - self.naive) / (1 - self.naive) if self.naive < 1 else 0.0


def keys(*columns: Values) -> list[list[Hashable]]:
    """Put each row of a column into a group, with the same bounds for all columns given.

    Numbers and dates of many values are cut at quantiles, all else is a group by itself.
    """
    series = [column.numbers or column.days for column in columns]
    found = [value for one in series for value in one if value is not None]
    if not all(series) or len(set(found)) <= _FEW:
        return [[_word(cell, column.counts) for cell in column.cells] for column in columns]
    bounds = cuts(found, BINS)
    return [[_place(value, bounds) for value in one] for one in series]


def _word(cell: str, known: object) -> str:
    return cell if cell in known else _NOTHING  # type: ignore[operator]


def cuts(found: Sequence[float], bins: int) -> list[float]:
    """Give the bounds that cut numbers into bins of about the same number of values."""
    ordered = sorted(found)
    bounds = {ordered[len(ordered) * number // bins] for number in range(1, bins)}
    return sorted(bounds)


def _place(value: float | None, bounds: Sequence[float]) -> Hashable:
    return _NOTHING if value is None else bisect.bisect_right(bounds, value)


def folds(count: int, seed: int = 0) -> list[int]:
    """Give each row a fold, shuffled, as rows may stand in an order that follows the classes."""
    made = [number % FOLDS for number in range(count)]
    clock.rng(seed).shuffle(made)
    return made


def classes(groups: Sequence[Hashable], target: Sequence[str]) -> Told:
    """Predict the most frequent class of the row's group; give the shares that are right."""
    told = class_predictions(groups, target, folds(len(target)))
    right = sum(one == other for one, other in zip(told, target, strict=True))
    most = Counter(target).most_common(1)[0][1]
    return Told(right / len(target), most / len(target))


def class_predictions(
    groups: Sequence[Hashable], target: Sequence[str], places: Sequence[int]
) -> list[str]:
    """Predict each row from the rows of the other folds."""
    overall: dict[Hashable, Counter[str]] = defaultdict(Counter)
    inside: dict[tuple[int, Hashable], Counter[str]] = defaultdict(Counter)
    totals: Counter[str] = Counter(target)
    own: dict[int, Counter[str]] = defaultdict(Counter)
    for group, one, fold in zip(groups, target, places, strict=True):
        overall[group][one] += 1
        inside[fold, group][one] += 1
        own[fold][one] += 1
    usual = {fold: _most(totals - counts) for fold, counts in own.items()}
    best = {
        (fold, group): _most(overall[group] - counts) or usual[fold]
        for (fold, group), counts in inside.items()
    }
    return [best[fold, group] for group, fold in zip(groups, places, strict=True)]


def _most(counts: Counter[str]) -> str:
    """Give the most frequent class, the first by name among equals."""
    return min(counts, key=lambda one: (-counts[one], one), default="")


def number_predictions(
    groups: Sequence[Hashable], target: Sequence[float], places: Sequence[int]
) -> list[float]:
    """Predict the mean of the row's group in the other folds."""
    overall: dict[Hashable, list[float]] = defaultdict(lambda: [0.0, 0.0])
    inside: dict[tuple[int, Hashable], list[float]] = defaultdict(lambda: [0.0, 0.0])
    own: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for group, one, fold in zip(groups, target, places, strict=True):
        for sums in (overall[group], inside[fold, group], own[fold]):
            sums[0] += one
            sums[1] += 1
    whole, rows = sum(target), len(target)
    usual = {fold: (whole - s) / (rows - n) if rows > n else 0.0 for fold, (s, n) in own.items()}
    best = {}
    for (fold, group), (total, count) in inside.items():
        rest = overall[group][1] - count
        best[fold, group] = (overall[group][0] - total) / rest if rest else usual[fold]
    return [best[fold, group] for group, fold in zip(groups, places, strict=True)]


def numbers(groups: Sequence[Hashable], target: Sequence[float]) -> Told:
    """Predict the mean of the row's group; give the share of the variance that goes away."""
    told = number_predictions(groups, target, folds(len(target)))
    mean = sum(target) / len(target)
    whole = sum((one - mean) ** 2 for one in target)
    left = sum((one - other) ** 2 for one, other in zip(target, told, strict=True))
    return Told(1 - left / whole if whole else 0.0, 0.0)


def apart(first: Values, second: Values) -> float:
    """Say how well a column tells two tables apart: the area under the ROC curve, 0.5 for not at all."""
    one, other = keys(first, second)
    groups = [*one, *other]
    marks = [0.0] * len(one) + [1.0] * len(other)
    return auc(number_predictions(groups, marks, folds(len(groups))), marks)


def auc(scores: Sequence[float], marks: Sequence[float]) -> float:
    """Give the area under the ROC curve from ranks, ties counted half (Mann and Whitney 1947)."""
    counts: dict[float, list[int]] = defaultdict(lambda: [0, 0])
    for score, mark in zip(scores, marks, strict=True):
        counts[score][mark > 0] += 1
    below = area = 0.0
    for score in sorted(counts):
        no, yes = counts[score]
        area += yes * (below + no / 2)
        below += no
    positive = sum(yes for _, yes in counts.values())
    return area / (positive * below) if positive and below else 0.5
