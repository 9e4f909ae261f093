"""The number to beat on any data set: naive baselines, each judged on the rows of its split."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from fastcompanion.data import baselines, scores
from fastcompanion.data.baselines import Naive
from fastcompanion.data.dataset import Metric
from fastcompanion.data.first import First
from fastcompanion.data.folds import Split
from fastcompanion.data.predictions import Predictions, share_names

#: kind -> the metrics that a label, a number or a mask of that kind can be scored with
METRICS: dict[str, tuple[str, ...]] = {
    "class": ("accuracy", "balanced accuracy", "macro f1", "log loss", "auc"),
    "number": ("rmse", "rmsle", "mae"),
    "labels": ("f1",),
    "points": ("mae",),
    "mask": ("mean iou", "pixel accuracy"),
    "series": ("mae", "mase", "rmse"),
}
SHARES = ("log loss", "auc")
_Pixels = Mapping[str, Sequence[float]]


def says(kind: str) -> str:
    """Say what a model of a kind answers: a class, a number, labels, points or a mask."""
    named = {"segmentation": "mask", "ratings": "number", "time-series": "number"}
    return named.get(kind) or kind.rpartition("-")[2]


def metrics_of(kind: str) -> tuple[str, ...]:
    """Name the metrics that fit a kind."""
    return METRICS["series" if kind == "time-series" else says(kind)]


def constants(
    kind: str, metric: Metric, truths: Mapping[str, str], split: Split, groups: Mapping[str, str]
) -> list[First]:
    """Judge what can be said without looking at any input: the most frequent class, the mean."""
    fit = _fit(says(kind), metric.name)
    said: dict[str, str] = {}
    made: list[Naive] = []
    for fold in split.folds:
        learned = fit([truths[one] for one in split.trained_on(fold)])
        asked = split.of(fold)
        said.update(zip(asked, learned.predict([None] * len(asked)), strict=True))
        made.append(learned)
    rows = Predictions(tuple(said), tuple(truths[one] for one in said), tuple(said.values()))
    rows = grouped(rows, groups)
    if says(kind) == "class":
        rows = with_shares(rows, truths, split)
    return [judged(First(made[0].name, made[0].learned, rows, _NO_SCORE), metric)]


def told(
    name: str,
    learned: str,
    said: Mapping[str, str],
    metric: Metric,
    truths: Mapping[str, str],
    groups: Mapping[str, str],
) -> First:
    """Score what was said of each row."""
    rows = Predictions(tuple(said), tuple(truths[one] for one in said), tuple(said.values()))
    return judged(First(name, learned, grouped(rows, groups), _NO_SCORE), metric)


def _fit(says_: str, metric: str) -> Callable[[Sequence[str]], Naive]:
    if says_ == "class":
        return baselines.majority
    if says_ == "labels":
        return baselines.usual_labels
    if says_ == "points":
        return baselines.mean_point
    number = {"mae": baselines.median, "rmsle": baselines.mean_of_logs}.get(metric, baselines.mean)
    return lambda cells: number([float(cell) for cell in cells])


_NO_SCORE = scores.Score("", "higher", 0.0, 0, 0.0, 0.0, "")


def judged(one: First, metric: Metric, *, ordered: bool = False, scale: float = 1.0) -> First:
    """Score a baseline with a metric."""
    found = scores.score(metric.name, one.predictions, ordered=ordered, scale=scale)
    return replace(one, score=found)


def grouped(rows: Predictions, groups: Mapping[str, str]) -> Predictions:
    """Tell which rows belong together, as those of one group count less than that many rows."""
    return replace(rows, groups=tuple(groups[one] for one in rows.ids)) if groups else rows


def with_shares(rows: Predictions, truths: Mapping[str, str], split: Split) -> Predictions:
    """Add how often each class comes among the rows that each fold learns from."""
    classes = sorted(set(truths.values()))
    by_id: dict[str, list[float]] = {}
    for fold in split.folds:
        counted = baselines.class_shares(
            [*(truths[one] for one in split.trained_on(fold)), *classes]
        )
        shares = [counted[name] for name in classes]
        by_id.update((one, shares) for one in split.of(fold))
    columns = zip(*(by_id[one] for one in rows.ids), strict=True)
    return replace(rows, numbers=dict(zip(share_names(classes), map(tuple, columns), strict=True)))


def masks(
    metric: Metric,
    pixels: Mapping[str, Mapping[str, float]],
    split: Split,
    groups: Mapping[str, str],
) -> list[First]:
    """Judge who paints every image with the class that most pixels have; `pixels` are counts by image and class."""
    classes = list(dict.fromkeys(name for counts in pixels.values() for name in counts))
    said: dict[str, tuple[str, str]] = {}
    numbers: dict[str, list[float]] = {}
    words = ""
    for fold in split.folds:
        most, shares = baselines.painted(_columns(pixels, split.trained_on(fold), classes))
        words = words or f"{shares[most]:.0%} of all pixels are {most}"
        asked = split.of(fold)
        columns = _columns(pixels, asked, classes)
        for name, column in baselines.painting(most, columns).items():
            numbers.setdefault(name, []).extend(column)
        said.update({one: (_most(pixels[one]), most) for one in asked})
    rows = Predictions(
        tuple(said),
        tuple(truth for truth, _ in said.values()),
        tuple(cell for _, cell in said.values()),
        numbers={name: tuple(column) for name, column in numbers.items()},
    )
    made = First("one colour", words, grouped(rows, groups), _NO_SCORE)
    return [judged(made, metric)]


def painted(
    metric: Metric,
    found: Mapping[str, Mapping[str, float]],
    like: First,
    groups: Mapping[str, str],
) -> First:
    """Score who paints each pixel by its place, on the rows of the other baseline."""
    ids = like.predictions.ids
    columns = {name: tuple(found[one][name] for one in ids) for name in next(iter(found.values()))}
    said = tuple(_most(_painted_pixels(found[one])) for one in ids)
    rows = Predictions(ids, like.predictions.truths, said, numbers=columns)
    words = "each pixel gets the class that its place mostly has"
    return judged(First("place", words, grouped(rows, groups), _NO_SCORE), metric)


def _painted_pixels(row: Mapping[str, float]) -> dict[str, float]:
    names = (name.removeprefix("hit:") for name in row if name.startswith("hit:"))
    return {name: row[f"hit:{name}"] + row[f"extra:{name}"] for name in names}


def _columns(
    pixels: Mapping[str, Mapping[str, float]], asked: Sequence[str], classes: Sequence[str]
) -> _Pixels:
    return {name: [pixels[one].get(name, 0.0) for one in asked] for name in classes}


def _most(counts: Mapping[str, float]) -> str:
    return min(counts, key=lambda name: (-counts[name], name))


def of_rows(
    made: Sequence[First],
    metric: Metric,
    split: Split,
    truths: Mapping[str, str],
    groups: Mapping[str, str],
    *,
    ordered: bool,
    scale: float,
) -> list[First]:
    """Score the baselines of a table with the chosen metric; those without shares can't be scored with some."""
    found = []
    for one in made:
        rows = grouped(one.predictions, groups)
        if metric.name in SHARES:
            if one.name != "majority":
                continue
            rows = with_shares(rows, truths, split)
        found.append(judged(replace(one, predictions=rows), metric, ordered=ordered, scale=scale))
    return found


def best_first(made: Sequence[First]) -> tuple[First, ...]:
    """Put baselines in order, the one to beat first; of equals the simpler one."""
    sign = {"higher": -1.0, "lower": 1.0}
    return tuple(sorted(made, key=lambda one: sign[one.score.direction] * one.score.value))
