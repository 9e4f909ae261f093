"""Whether two names mean the same metric, and which way is up."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fastcompanion.competition.site.model import Row
from fastcompanion.data.dataset import Direction
from fastcompanion.data.measures import DIRECTIONS

#: what competitions call a metric, letters and digits alone -> what we call it
_CALLED = {
    "categorizationaccuracy": "accuracy",
    "classificationaccuracy": "accuracy",
    "areaunderreceiveroperatingcharacteristiccurve": "auc",
    "areaunderthereceiveroperatingcharacteristiccurve": "auc",
    "areaundercurve": "auc",
    "rocauc": "auc",
    "rocaucscore": "auc",
    "aucroc": "auc",
    "gini": "gini",
    "logarithmicloss": "log loss",
    "binarylogloss": "log loss",
    "multiclassloss": "log loss",
    "multiclasslogloss": "log loss",
    "multiclasslogarithmicloss": "log loss",
    "rootmeansquarederror": "rmse",
    "rootmeansquareerror": "rmse",
    "rootmeansquaredlogarithmicerror": "rmsle",
    "rootmeansquaredlogerror": "rmsle",
    "meanabsoluteerror": "mae",
    "meanabsolutescalederror": "mase",
    "macrofscore": "macro f1",
    "macrof1score": "macro f1",
    "f1scoremacro": "macro f1",
    "f1score": "f1",
    "meaniou": "mean iou",
    "meanintersectionoverunion": "mean iou",
    "pearsoncorrelationcoefficient": "pearson",
}
#: words by which an unknown metric tells its direction
_LOWER = re.compile(r"error|loss|deviation|distance|perplexity|rmse|rmsle|mae|mape|smape|crps")
_HIGHER = re.compile(r"accuracy|auc|precision|recall|fscore|f1|fbeta|kappa|dice|iou|jaccard|correlation|gini|ndcg|map\d*$")  # fmt: skip


def known(name: str) -> str:
    """Give our name of a metric, empty where we have none for it."""
    key = _key(name)
    ours = {_key(one): one for one in DIRECTIONS}
    return ours.get(key) or _CALLED.get(key, "")


def same(one: str, other: str) -> bool | None:
    """Tell whether two names mean the same metric; None where it can't be told."""
    if not one.strip() or not other.strip():
        return None
    if _key(one) == _key(other):
        return True
    first, second = known(one), known(other)
    return first == second if first and second else None


def direction(name: str, rows: Sequence[Row] = ()) -> Direction | None:
    """Tell which way a metric gets better: from how the leaderboard is ranked, else from its name."""
    ranked = sorted((row for row in rows if row.score is not None), key=lambda row: row.rank)
    if ranked:
        first, last = ranked[0].score or 0.0, ranked[-1].score or 0.0
        if first != last:
            return "higher" if first > last else "lower"
    ours = DIRECTIONS.get(known(name))
    if ours is not None:
        return ours
    key = _key(name)
    if _LOWER.search(key):
        return "lower"
    return "higher" if _HIGHER.search(key) else None


def better(one: float, other: float, way: Direction | None) -> bool:
    """Tell whether a score is better than another one; without a known direction higher counts as better."""
    return one < other if way == "lower" else one > other


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())
