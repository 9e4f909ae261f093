"""Metrics: each gives its value and what every row adds to it.

What a row adds is its influence value (Hampel 1974): the metric is, to first order, its value plus the
mean of them. Intervals and paired differences of all metrics follow from these numbers in one way, the
infinitesimal jackknife (Efron 1982), without a bootstrap and without chance.
"""

from __future__ import annotations

import bisect
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.near import did_you_mean
from fastcompanion.base.records import frozen
from fastcompanion.data.measures import DIRECTIONS
from fastcompanion.data.predictions import LABELS_APART, Predictions

_LEAST_SHARE = 1e-15


@frozen
class Measured:
    """A metric's value and what each row adds; `least` is how many rows the weakest part rests on."""

    value: float
    parts: tuple[float, ...]
    least: int


def measure(metric: str, rows: Predictions, scale: float = 1.0) -> Measured:
    """Compute a metric; `scale` is what MASE divides by, the mean error of the naive forecast in training."""
    if metric not in _MEASURES:
        raise CompanionError(
            f"there is no metric {metric!r}{did_you_mean(metric, DIRECTIONS)}", code=Exit.USAGE
        )
    if not len(rows):
        raise CompanionError("there are no rows to score")
    if metric == "mase":
        found = _mae(rows)
        return Measured(
            found.value / scale, tuple(part / scale for part in found.parts), found.least
        )
    return _MEASURES[metric](rows)


def _mean(values: Sequence[float], least: int = 0) -> Measured:
    mean = math.fsum(values) / len(values)
    return Measured(mean, tuple(value - mean for value in values), least or len(values))


def hits(rows: Predictions) -> list[bool]:
    """Say for each row whether the prediction is right."""
    return [one == other for one, other in zip(rows.truths, rows.predictions, strict=True)]


def _accuracy(rows: Predictions) -> Measured:
    return _mean([float(hit) for hit in hits(rows)])


def _balanced(rows: Predictions) -> Measured:
    counts = Counter(rows.truths)
    right = Counter(truth for truth, hit in zip(rows.truths, hits(rows), strict=True) if hit)
    recall = {name: right[name] / count for name, count in counts.items()}
    weight = {name: len(rows) / count / len(counts) for name, count in counts.items()}
    parts = (
        (hit - recall[truth]) * weight[truth]
        for truth, hit in zip(rows.truths, hits(rows), strict=True)
    )
    return Measured(sum(recall.values()) / len(recall), tuple(parts), min(counts.values()))


def _f1(rows: Predictions) -> Measured:
    """Give the mean over rows of the F1 between the labels said and the true ones; none and none is 1."""
    pairs = zip(rows.truths, rows.predictions, strict=True)
    return _mean([_overlap(labels(one), labels(other)) for one, other in pairs])


def labels(cell: str) -> frozenset[str]:
    """Give the labels of a cell that holds several."""
    return frozenset(word for word in cell.split(LABELS_APART) if word)


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    whole = len(one) + len(other)
    return 2 * len(one & other) / whole if whole else 1.0


def _macro_f1(rows: Predictions) -> Measured:
    names = sorted({*rows.truths, *rows.predictions})
    ratios = []
    for name in names:
        true, said = [t == name for t in rows.truths], [p == name for p in rows.predictions]
        both = [2.0 * (t and p) for t, p in zip(true, said, strict=True)]
        ratios.append(_ratio(both, [float(t + p) for t, p in zip(true, said, strict=True)]))
    return _averaged(ratios, min(Counter(rows.truths).values()))


def _ratio(tops: Sequence[float], bottoms: Sequence[float]) -> Measured:
    """Give the ratio of two sums, and its linear parts."""
    bottom = math.fsum(bottoms)
    value = math.fsum(tops) / bottom
    mean = bottom / len(bottoms)
    parts = ((top - value * under) / mean for top, under in zip(tops, bottoms, strict=True))
    return Measured(value, tuple(parts), len(tops))


def _averaged(found: Sequence[Measured], least: int) -> Measured:
    value = sum(one.value for one in found) / len(found)
    parts = (sum(row) / len(found) for row in zip(*(one.parts for one in found), strict=True))
    return Measured(value, tuple(parts), least)


def _auc(rows: Predictions) -> Measured:
    """Give the area under the ROC curve of the last class, with DeLong's components (DeLong 1988)."""
    name, scores = _positive(rows)
    yes = sorted(s for s, truth in zip(scores, rows.truths, strict=True) if truth == name)
    no = sorted(s for s, truth in zip(scores, rows.truths, strict=True) if truth != name)
    if not yes or not no:
        raise CompanionError("the area under the ROC curve needs rows of both classes")
    placed = [
        _below(score, no) if truth == name else 1 - _below(score, yes)
        for score, truth in zip(scores, rows.truths, strict=True)
    ]
    area = math.fsum(
        p for p, truth in zip(placed, rows.truths, strict=True) if truth == name
    ) / len(yes)
    weight = {True: len(rows) / len(yes), False: len(rows) / len(no)}
    parts = (
        (p - area) * weight[truth == name] for p, truth in zip(placed, rows.truths, strict=True)
    )
    return Measured(area, tuple(parts), min(len(yes), len(no)))


def _positive(rows: Predictions) -> tuple[str, tuple[float, ...]]:
    shares = rows.shares
    if not 1 <= len(shares) <= 2 or len(set(rows.truths)) > 2:
        raise CompanionError(
            "the area under the ROC curve is for two classes, with a share for the second"
        )
    name = list(shares)[-1]
    return name, shares[name]


def _below(score: float, ordered: Sequence[float]) -> float:
    """Give the share of scores below, ties counted half."""
    return (
        (bisect.bisect_left(ordered, score) + bisect.bisect_right(ordered, score))
        / 2
        / len(ordered)
    )


def _log_loss(rows: Predictions) -> Measured:
    shares = rows.shares
    if len(shares) == 1:
        ((name, column),) = shares.items()
        told = [p if truth == name else 1 - p for p, truth in zip(column, rows.truths, strict=True)]
    else:
        missing = set(rows.truths) - set(shares)
        if missing:
            raise CompanionError(f"there is no share for the class {min(missing)!r}")
        told = [shares[truth][row] for row, truth in enumerate(rows.truths)]
    return _mean([-math.log(min(max(share, _LEAST_SHARE), 1.0)) for share in told])


def _errors(rows: Predictions) -> list[float]:
    return [p - t for t, p in zip(_floats(rows.truths), _floats(rows.predictions), strict=True)]


def _floats(cells: Iterable[str]) -> list[float]:
    try:
        found = [float(cell) for cell in cells]
    except ValueError as error:
        raise CompanionError(f"numbers are needed here: {error}") from None
    if not all(map(math.isfinite, found)):
        raise CompanionError("a truth or prediction is not a finite number")
    return found


def _rmse(rows: Predictions) -> Measured:
    return _root([error * error for error in _errors(rows)])


def _rmsle(rows: Predictions) -> Measured:
    pairs = list(zip(_floats(rows.truths), _floats(rows.predictions), strict=True))
    if any(min(pair) <= -1 for pair in pairs):
        raise CompanionError("rmsle needs numbers above -1")
    return _root([(math.log1p(p) - math.log1p(t)) ** 2 for t, p in pairs])


def _root(squares: Sequence[float]) -> Measured:
    mean = math.fsum(squares) / len(squares)
    root = math.sqrt(mean)
    parts = ((one - mean) / (2 * root) if root else 0.0 for one in squares)
    return Measured(root, tuple(parts), len(squares))


def _mae(rows: Predictions) -> Measured:
    """Give the mean error without sign; of points, the mean over their coordinates."""
    off = []
    for truth, said in zip(rows.truths, rows.predictions, strict=True):
        true, told = _floats(truth.split()), _floats(said.split())
        if len(true) != len(told) or not true:
            raise CompanionError(f"{len(told)} numbers were predicted where there are {len(true)}")
        off.append(math.fsum(abs(a - b) for a, b in zip(true, told, strict=True)) / len(true))
    return _mean(off)


def _pearson(rows: Predictions) -> Measured:
    """Give the correlation; whoever always says the same tells nothing apart, which is 0."""
    xs, ys = _scores_of(rows.truths), _scores_of(rows.predictions)
    if xs is None:
        raise CompanionError("there is no correlation with a constant")
    if ys is None:
        return Measured(0.0, (0.0,) * len(rows), len(rows))
    r = math.fsum(x * y for x, y in zip(xs, ys, strict=True)) / len(xs)
    parts = (x * y - r * (x * x + y * y) / 2 for x, y in zip(xs, ys, strict=True))
    return Measured(r, tuple(parts), len(xs))


def _scores_of(cells: Sequence[str]) -> list[float] | None:
    values = _floats(cells)
    mean = math.fsum(values) / len(values)
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
    return [(value - mean) / spread for value in values] if spread else None


def _mean_iou(rows: Predictions) -> Measured:
    """Give the mean over classes of shared pixels by all pixels of truth and prediction, images summed."""
    found = []
    hit, extra, lost = (rows.pixels(what) for what in ("hit", "extra", "lost"))
    for name, hits_of in hit.items():
        sides = [h + e + m for h, e, m in zip(hits_of, extra[name], lost[name], strict=True)]
        if sum(sides):
            found.append(_ratio(hits_of, sides))
    if not found:
        raise CompanionError("there are no pixels to score")
    return _averaged(found, len(rows))


def _pixel_accuracy(rows: Predictions) -> Measured:
    right = [sum(column) for column in zip(*rows.pixels("hit").values(), strict=True)]
    lost = [sum(column) for column in zip(*rows.pixels("lost").values(), strict=True)]
    if not sum(right) + sum(lost):
        raise CompanionError("there are no pixels to score")
    return _ratio(right, [one + other for one, other in zip(right, lost, strict=True)])


_MEASURES: dict[str, Callable[[Predictions], Measured]] = {
    "accuracy": _accuracy,
    "balanced accuracy": _balanced,
    "f1": _f1,
    "macro f1": _macro_f1,
    "auc": _auc,
    "log loss": _log_loss,
    "rmse": _rmse,
    "rmsle": _rmsle,
    "mae": _mae,
    "mase": _mae,
    "pearson": _pearson,
    "mean iou": _mean_iou,
    "pixel accuracy": _pixel_accuracy,
}
