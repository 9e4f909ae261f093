"""Naive baselines: what to beat, known before any model is trained, without any library.

Each takes what is known of the rows to learn from and says something of rows it has not seen.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeVar

from fastcompanion.base.records import frozen
from fastcompanion.data import onerule
from fastcompanion.data.metrics import labels
from fastcompanion.data.predictions import LABELS_APART

_Value = TypeVar("_Value")
#: how many ratings of a person weigh as much as what is known of all people
_WEIGHT = 10.0
#: a season is better than a shorter one if its error is that much of the other's; two that fit exactly are alike
_CLEARLY, _EXACT = 0.85, 1e-9


@frozen
class Naive:
    """A baseline that is fitted: its name, what it learned in words, and how it predicts a row's inputs."""

    name: str
    learned: str
    predict: Callable[[Sequence[Any]], list[str]]


def _always(name: str, cell: str, words: str) -> Naive:
    return Naive(name, words, lambda rows: [cell] * len(rows))


def majority(classes: Sequence[str]) -> Naive:
    """Say the most frequent class of every row, the first by name among equals."""
    counts = Counter(classes)
    most = min(counts, key=lambda one: (-counts[one], one))
    return _always("majority", most, f"{counts[most]} of {len(classes)} rows are {most}")


def class_shares(classes: Sequence[str]) -> dict[str, float]:
    """Give how often each class comes, the best probabilities for who knows nothing of a row.

    One is added to each count (Laplace), so that no class is held for impossible.
    """
    counts = Counter(classes)
    whole = counts.total() + len(counts)
    return {name: (count + 1) / whole for name, count in sorted(counts.items())}


def mean(numbers: Sequence[float]) -> Naive:
    """Say the mean of every row: what makes squared errors smallest."""
    value = statistics.fmean(numbers)
    return _always("mean", repr(value), f"the mean of {len(numbers)} rows is {value:.6g}")


def median(numbers: Sequence[float]) -> Naive:
    """Say the median of every row: what makes errors without sign smallest."""
    value = float(statistics.median(numbers))
    return _always("median", repr(value), f"the median of {len(numbers)} rows is {value:.6g}")


def mean_of_logs(numbers: Sequence[float]) -> Naive:
    """Say the mean on the log scale of every row: what makes RMSLE smallest."""
    value = math.expm1(statistics.fmean(map(math.log1p, numbers)))
    return _always(
        "mean of logs",
        repr(value),
        f"the mean of {len(numbers)} rows, of their logs, is {value:.6g}",
    )


def mean_point(rows: Sequence[str]) -> Naive:
    """Say the mean of each coordinate."""
    columns = zip(*([float(cell) for cell in row.split()] for row in rows), strict=True)
    values = [statistics.fmean(column) for column in columns]
    cell = " ".join(map(repr, values))
    return _always(
        "mean point", cell, f"the mean of {len(values)} coordinates over {len(rows)} rows"
    )


def usual_labels(rows: Sequence[str], threshold: float = 0.5) -> Naive:
    """Say the labels that more than half of the rows have; where there are none, the most frequent one."""
    counts = Counter(label for row in rows for label in labels(row))
    often = sorted(label for label, count in counts.items() if count > len(rows) * threshold)
    if not often and counts:
        often = [min(counts, key=lambda one: (-counts[one], one))]
    shown = ", ".join(f"{label} ({counts[label] / len(rows):.0%})" for label in often)
    return _always(
        "usual labels",
        LABELS_APART.join(often),
        f"the labels that rows mostly have: {shown or 'none'}",
    )


def painted(pixels: Mapping[str, Sequence[float]]) -> tuple[str, dict[str, float]]:
    """Find the class that most pixels have, given the pixels of each class by image; its name and all shares."""
    sums = {name: sum(column) for name, column in pixels.items()}
    whole = sum(sums.values()) or 1.0
    most = min(sums, key=lambda one: (-sums[one], one))
    return most, {name: total / whole for name, total in sums.items()}


def painting(most: str, pixels: Mapping[str, Sequence[float]]) -> dict[str, tuple[float, ...]]:
    """Count the pixels that are hit, extra and lost when every image is painted with one class."""
    whole = [sum(row) for row in zip(*pixels.values(), strict=True)]
    made: dict[str, tuple[float, ...]] = {}
    for name, column in pixels.items():
        chosen = name == most
        made[f"hit:{name}"] = tuple(column) if chosen else (0.0,) * len(column)
        made[f"extra:{name}"] = (
            tuple(all_ - own for all_, own in zip(whole, column, strict=True))
            if chosen
            else (0.0,) * len(column)
        )
        made[f"lost:{name}"] = (0.0,) * len(column) if chosen else tuple(column)
    return made


def ratings(users: Sequence[str], items: Sequence[str], values: Sequence[float]) -> Naive:
    """Add to the mean what the item is above it, and what the user is above their items.

    Both are shrunk towards nothing where there are few ratings (Koren 2010, section 2.1). Rows are
    pairs of user and item; those nobody knows get the mean.
    """
    middle = statistics.fmean(values)
    item = _above(items, [value - middle for value in values])
    left = [value - middle - item[one] for value, one in zip(values, items, strict=True)]
    user = _above(users, left)

    def predict(rows: Sequence[Any]) -> list[str]:
        return [repr(middle + item.get(pair[1], 0.0) + user.get(pair[0], 0.0)) for pair in rows]

    words = f"the mean of {len(values)} ratings is {middle:.3g}, moved by {len(item)} items and {len(user)} users"
    return Naive("mean of user and item", words, predict)


def _above(names: Sequence[str], values: Sequence[float]) -> dict[str, float]:
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for name, value in zip(names, values, strict=True):
        sums[name][0] += value
        sums[name][1] += 1
    return {name: total / (count + _WEIGHT) for name, (total, count) in sums.items()}


def last_value(series: Sequence[float]) -> Naive:
    """Say the last known value of all that follows."""
    return _always(
        "last value",
        repr(float(series[-1])),
        f"the last of {len(series)} values is {series[-1]:.6g}",
    )


def mase_scale(series: Sequence[float], season: int = 1) -> float:
    """Give the mean error of the naive forecast inside the known part, which MASE divides by (Hyndman 2006)."""
    steps = [abs(after - before) for before, after in zip(series, series[season:], strict=False)]
    return statistics.fmean(steps) if any(steps) else 1.0


def season_of(series: Sequence[float], lengths: Sequence[int] = (7, 12, 24, 52, 4)) -> int:
    """Find the season after which values come back best, but for a slope: 1 where none is clearly better.

    Of two that are alike the shorter one is taken: what comes back each year comes back every other year too.
    """
    away = {1: _away(series, 1)}
    away |= {one: _away(series, one) for one in sorted(lengths) if len(series) >= 3 * one}
    least = min(away.values()) / _CLEARLY + away[1] * _EXACT
    return next(one for one in away if away[one] <= least)


def _away(series: Sequence[float], length: int) -> float:
    """Give how far values move after so many steps, but for what they move on the whole."""
    moves = [after - before for before, after in zip(series, series[length:], strict=False)]
    slope = statistics.fmean(moves) if moves else 0.0
    return statistics.fmean(abs(move - slope) for move in moves) if moves else 0.0


def one_rule(columns: Mapping[str, Sequence[Hashable]], classes: Sequence[str]) -> Naive:
    """Say the most frequent class of the row's group in the one column that does best on unseen rows (1R).

    `columns` are groups as `onerule.keys` makes them; `predict` takes the groups of the chosen column,
    which is the name behind "one rule: ".
    """
    folds = onerule.folds(len(classes))
    told = {
        name: onerule.class_predictions(groups, classes, folds) for name, groups in columns.items()
    }
    right = {name: sum(map(_same, classes, said)) for name, said in told.items()}
    best = min(right, key=lambda name: (-right[name], list(columns).index(name)))
    usual = majority(classes).predict([None])[0]
    most = {
        group: majority(found).predict([None])[0]
        for group, found in _grouped(columns[best], classes).items()
    }

    def predict(rows: Sequence[Any]) -> list[str]:
        return [most.get(row, usual) for row in rows]

    if any(type(group) is int for group in most):  # the number of a range tells a reader nothing
        about = f"the most frequent class in each of {len(most)} groups of {best}"
    else:
        shown = ", ".join(f"{group}: {said}" for group, said in list(most.items())[:6])
        about = f"{best} alone says it: {shown}"
    return Naive(f"one rule: {best}", about, predict)


def one_rule_numbers(columns: Mapping[str, Sequence[Hashable]], numbers: Sequence[float]) -> Naive:
    """Say the mean of the row's group in the one column that does best on unseen rows."""
    folds = onerule.folds(len(numbers))
    told = {
        name: onerule.number_predictions(groups, numbers, folds) for name, groups in columns.items()
    }
    loss = {
        name: sum((a - b) ** 2 for a, b in zip(numbers, said, strict=True))
        for name, said in told.items()
    }
    best = min(loss, key=lambda name: loss[name])
    usual = statistics.fmean(numbers)
    means = {
        group: statistics.fmean(found) for group, found in _grouped(columns[best], numbers).items()
    }

    def predict(rows: Sequence[Any]) -> list[str]:
        return [repr(means.get(row, usual)) for row in rows]

    return Naive(f"one rule: {best}", f"the mean of each of {len(means)} groups of {best}", predict)


def _same(one: str, other: str) -> bool:
    return one == other


def _grouped(groups: Sequence[Hashable], values: Sequence[_Value]) -> dict[Hashable, list[_Value]]:
    found: dict[Hashable, list[_Value]] = defaultdict(list)
    for group, value in zip(groups, values, strict=True):
        found[group].append(value)
    return found
