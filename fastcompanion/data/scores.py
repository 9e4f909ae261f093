"""Scores with intervals, and two runs compared on the same rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from fastcompanion.base.records import frozen
from fastcompanion.data import chance, metrics
from fastcompanion.data.chance import LEVEL
from fastcompanion.data.dataset import Direction
from fastcompanion.data.measures import DIRECTIONS
from fastcompanion.data.metrics import Measured
from fastcompanion.data.predictions import Predictions, matched

Verdict = Literal["better", "worse", "cannot tell"]
#: metrics between 0 and 1, whose intervals are made on the scale of log odds
_SHARES = frozenset(
    ("accuracy", "balanced accuracy", "f1", "macro f1", "auc", "mean iou", "pixel accuracy")
)
#: how often a real difference of this size would be seen with the rows that are asked for
_POWER = 0.8


@frozen
class Score:
    """A metric's value on `n` rows and the interval that holds the truth 95 times of 100."""

    metric: str
    direction: Direction
    value: float
    n: int
    low: float
    high: float
    method: str


@frozen
class Compared:
    """The second run against the first, on the same rows.

    `difference` is second minus first; `verdict` is of the second run. `rows_needed` is how many rows
    would show a difference of this size four times of five; None where there is none to show.
    """

    metric: str
    direction: Direction
    n: int
    first: float
    second: float
    difference: float
    low: float
    high: float
    p: float
    verdict: Verdict
    rows_needed: int | None
    method: str


def score(metric: str, rows: Predictions, *, ordered: bool = False, scale: float = 1.0) -> Score:
    """Score a run; `ordered` rows are a series in time, where neighbours err alike."""
    found = metrics.measure(metric, rows, scale)
    low, high, method = _interval(metric, rows, found, ordered)
    return Score(metric, DIRECTIONS[metric], found.value, len(rows), low, high, method)


def _interval(
    metric: str, rows: Predictions, found: Measured, ordered: bool
) -> tuple[float, float, str]:
    alone = not rows.groups and not ordered
    if metric == "accuracy" and alone:
        return *chance.wilson(found.value * len(rows), len(rows)), "Wilson 1927"
    if metric == "pearson" and alone:
        return *_fisher(found.value, len(rows)), "Fisher 1921"
    error, freedom = chance.error_of_mean(found.parts, rows.groups, ordered=ordered)
    if math.isinf(error):
        return (*_whole(metric), "too few rows")
    if metric in _SHARES:
        return _share_interval(found, error, freedom)
    t = chance.student_quantile((1 + LEVEL) / 2, freedom)
    if metric == "pearson":
        return *_on_fishers_scale(found.value, error, t), "delta method on Fisher's scale"
    if found.value <= 0:
        return 0.0, found.value, "no error seen"
    factor = math.exp(min(t * error / found.value, 700.0))
    return found.value / factor, found.value * factor, "delta method on the log scale, Student's t"


def _whole(metric: str) -> tuple[float, float]:
    if metric in _SHARES:
        return 0.0, 1.0
    return (-1.0, 1.0) if metric == "pearson" else (0.0, math.inf)


def _fisher(r: float, count: int) -> tuple[float, float]:
    if count < 4 or abs(r) >= 1:
        return (-1.0, 1.0) if count < 4 else (r, r)
    half = chance.normal_quantile((1 + LEVEL) / 2) / math.sqrt(count - 3)
    return math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)


def _share_interval(found: Measured, error: float, freedom: float) -> tuple[float, float, str]:
    value = found.value
    if not 0 < value < 1 or error == 0:
        # The rows show no spread at all: only their number says how sure that is.
        return *chance.wilson(value * found.least, found.least), "Wilson 1927 on the rarest class"
    t = chance.student_quantile((1 + LEVEL) / 2, freedom)
    half = t * error / (value * (1 - value))
    odds = math.log(value / (1 - value))
    return _share(odds - half), _share(odds + half), "delta method on log odds, Student's t"


def _share(odds: float) -> float:
    return 1 / (1 + math.exp(-odds)) if odds > -700 else 0.0


def _on_fishers_scale(value: float, error: float, t: float) -> tuple[float, float]:
    if abs(value) >= 1:
        return value, value
    middle, half = math.atanh(value), t * error / (1 - value * value)
    return math.tanh(middle - half), math.tanh(middle + half)


def compare(
    metric: str,
    first: Predictions,
    second: Predictions,
    *,
    ordered: bool = False,
    scale: float = 1.0,
) -> Compared:
    """Compare two runs on the same rows: which is better, or how many rows it would take to say."""
    one, other = matched(first, second)
    before, after = metrics.measure(metric, one, scale), metrics.measure(metric, other, scale)
    moved = after.value - before.value
    parts = [b - a for a, b in zip(before.parts, after.parts, strict=True)]
    error, freedom = chance.error_of_mean(parts, one.groups, ordered=ordered)
    if metric == "accuracy" and not one.groups and not ordered:
        low, high, p, method = _mcnemar(one, other)
    else:
        low, high, p = _student(moved, error, freedom)
        method = "Student's t on paired differences"
    return Compared(
        metric=metric,
        direction=DIRECTIONS[metric],
        n=len(one),
        first=before.value,
        second=after.value,
        difference=moved,
        low=low,
        high=high,
        p=p,
        verdict=_verdict(moved, p, DIRECTIONS[metric]),
        rows_needed=_rows_needed(moved, error, len(one)),
        method=method,
    )


def _mcnemar(one: Predictions, other: Predictions) -> tuple[float, float, float, str]:
    pairs = list(zip(metrics.hits(one), metrics.hits(other), strict=True))
    lost = sum(before and not after for before, after in pairs)
    won = sum(after and not before for before, after in pairs)
    low, high = chance.paired_shares(won, lost, len(pairs)) if won or lost else (0.0, 0.0)
    return low, high, chance.signs(lost, won), "exact McNemar 1947, interval by Tango 1998"


def _student(moved: float, error: float, freedom: float) -> tuple[float, float, float]:
    if math.isinf(error):
        return -math.inf, math.inf, 1.0
    if error == 0:
        return moved, moved, (1.0 if moved == 0 else 0.0)
    half = chance.student_quantile((1 + LEVEL) / 2, freedom) * error
    return moved - half, moved + half, 2 * chance.student_below(-abs(moved / error), freedom)


def _verdict(moved: float, p: float, direction: Direction) -> Verdict:
    if p >= 1 - LEVEL or moved == 0:
        return "cannot tell"
    return "better" if (moved > 0) == (direction == "higher") else "worse"


def _rows_needed(moved: float, error: float, count: int) -> int | None:
    if moved == 0 or math.isinf(error):
        return None
    steps = chance.normal_quantile((1 + LEVEL) / 2) + chance.normal_quantile(_POWER)
    return max(2, math.ceil(count * (steps * error / moved) ** 2))


def tried(models: int, rows: int, scores: Sequence[float]) -> str:
    """Warn when many models were tried on the same rows: the best of them is partly the luckiest."""
    if models <= 5:
        return ""
    spread = max(scores) - min(scores)
    return (
        f"{models} models were judged on the same {rows} rows (scores {spread:.3f} apart): the best of them owes "
        "a part of its lead to chance; a final part that was opened once says how much"
    )
