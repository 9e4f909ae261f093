"""Which metric fits a data set, which way is up, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.near import did_you_mean
from fastcompanion.data.columns import Values
from fastcompanion.data.dataset import Direction, Metric
from fastcompanion.data.targets import View

#: metric -> the direction in which it gets better
DIRECTIONS: dict[str, Direction] = {
    "accuracy": "higher",
    "balanced accuracy": "higher",
    "auc": "higher",
    "log loss": "lower",
    "rmse": "lower",
    "rmsle": "lower",
    "mae": "lower",
    "mase": "lower",
    "f1": "higher",
    "macro f1": "higher",
    "mean iou": "higher",
    "pixel accuracy": "higher",
    "pearson": "higher",
}
_LOPSIDED = 0.7
_SKEWED = 1.0


def metric(name: str, why: str, *others: str, sure: bool = False) -> Metric:
    """Make a metric with its direction."""
    return Metric(name, DIRECTIONS[name], sure, why, others)


def chosen(wanted: str, fitting: Sequence[str], classes: int, lowest: float | None) -> Metric:
    """Take the metric that was asked for; `classes` are the target's values, `lowest` its smallest number."""
    if wanted not in fitting:
        raise CompanionError(
            f"there is no metric {wanted!r} for this kind{did_you_mean(wanted, fitting)}",
            hint=f"--metric with one of: {', '.join(fitting)}",
            code=Exit.USAGE,
        )
    if wanted == "auc" and classes != 2:
        raise CompanionError(
            f"the area under the ROC curve is for two classes, and there are {classes}",
            hint="--metric 'log loss'",
            code=Exit.USAGE,
        )
    if wanted == "rmsle" and lowest is not None and lowest < 0:
        raise CompanionError(
            "rmsle is for numbers from 0 on, and some are below",
            hint="--metric rmse",
            code=Exit.USAGE,
        )
    return metric(wanted, "chosen", sure=True)


def propose(kind: str, target: Values | None, view: View | None = None) -> Metric | None:
    """Propose the metric of a kind; a competition's own rules go first, and nobody can read those offline."""
    fixed = {
        "images-labels": metric("f1", "each image has several labels, most of them absent"),
        "segmentation": metric(
            "mean iou",
            "pixel accuracy is high for whoever paints everything as background",
            "pixel accuracy",
        ),
        "images-points": metric("mae", "how many pixels a point is off"),
        "ratings": metric("rmse", "the usual one for ratings; it is in their unit", "mae"),
        "time-series": metric("mae", "it is in the unit of the series", "mase"),
    }
    if kind in fixed:
        return fixed[kind]
    if kind.endswith("class"):
        return _for_classes(target, view)
    if kind == "text-number" and target is not None and _within_one(target):
        return metric("pearson", "the numbers are likenesses between 0 and 1", "rmse")
    return _for_numbers(target) if kind.endswith("number") else None


def _for_classes(target: Values | None, view: View | None) -> Metric:
    if view is not None and view.sample is not None and target is not None:
        asked = view.sample.column(target.name) if target.name in view.sample.names else []
        if any("." in cell for cell in asked) and all(_is_share(cell) for cell in asked):
            return metric("auc", f"{view.sample.name} holds probabilities", "log loss")
    counts = Counter(target.counts) if target is not None else Counter[str]()
    most, rows = max(counts.values(), default=0), sum(counts.values())
    if rows and most / rows > _LOPSIDED:
        why = f"the share that is right; {most / rows:.0%} are of one class, so look at each class too"
        return metric("accuracy", why, "balanced accuracy")
    return metric("accuracy", "the share that is right")


def _is_share(cell: str) -> bool:
    try:
        return 0 <= float(cell) <= 1
    except ValueError:
        return False


def _within_one(target: Values) -> bool:
    return all(value is None or 0 <= value <= 1 for value in target.numbers)


def _for_numbers(target: Values | None) -> Metric:
    numbers = [value for value in target.numbers if value is not None] if target is not None else []
    if numbers and min(numbers) > 0 and (skew := skewness(numbers)) > _SKEWED:
        why = f"all values are above zero and a few are very large (skew {skew:.1f}): ratios matter"
        return metric("rmsle", why, "rmse", "mae")
    return metric("rmse", "the usual one; it is in the unit of the target", "mae")


def skewness(numbers: Sequence[float]) -> float:
    """Give the third standardised moment, 0 for a constant."""
    mean = sum(numbers) / len(numbers)
    second = sum((one - mean) ** 2 for one in numbers) / len(numbers)
    third = sum((one - mean) ** 3 for one in numbers) / len(numbers)
    return float(third / second**1.5) if second > 0 else 0.0
