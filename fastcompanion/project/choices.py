"""What is decided alike for every new project: the metric, the rows locked away, where the data are from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.process import shown
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import absolute, home
from fastcompanion.data import folds, measures
from fastcompanion.data.columns import Values
from fastcompanion.data.dataset import Metric, SplitRule
from fastcompanion.data.folds import Rows, Split
from fastcompanion.data.targets import View
from fastcompanion.project import families
from fastcompanion.project.families import METRICS

SEED = 42
_FINAL, _FINAL_FROM, _FINAL_GROUPS = 0.15, 200, 20
_MIDDLES = {"mae": "median", "rmsle": "mean, on the log scale,"}


@frozen
class Asked:
    """What the learner said of a new project; empty where nothing was said.

    `link` leaves files where they are instead of copying them.
    """

    data: Path
    target: str = ""
    kind: str = ""
    metric: str = ""
    made_up: bool = False
    link: bool = False


def size(count: int) -> str:
    """Write a number of bytes in the unit that fits."""
    for limit, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= limit:
            return f"{count / limit:.3g} {unit}"
    return f"{count} bytes"


def from_home(path: Path) -> str:
    """Write a path without the name of its user, as it goes into git."""
    place = absolute(path)
    inside = place.is_relative_to(home())
    return f"~/{place.relative_to(home()).as_posix()}" if inside else str(place)


def no_kind(kind: str, about: str = "") -> CompanionError:
    """Refuse a kind that there is no family for."""
    told = f"this is {about}: " if about else ""
    return CompanionError(
        f"{told}projects can't be made of {kind}",
        hint=f"--kind with one of: {', '.join(families.kinds())}",
        code=Exit.USAGE,
    )


def unknown(why: Iterable[str], data: Path) -> CompanionError:
    """Refuse data that nobody can tell the kind of."""
    return CompanionError(
        f"nothing tells what kind of data this is: {'; '.join(why)}",
        hint=shown(["fastcompanion", "data", "show", str(data)]) + ", or say --kind and --target",
        file=data,
        code=Exit.USAGE,
    )


def metric(kind: str, target: Values, view: View | None, wanted: str) -> Metric:
    """Choose what a project is judged with: the kind's usual metric, or the one that was asked for."""
    proposed = measures.propose(kind, target, view)
    assert proposed is not None
    fitting = METRICS[kind]
    if not wanted:
        is_fit = proposed.name != "auc" or target.distinct == 2
        return proposed if is_fit else measures.metric("log loss", "chosen", sure=True)
    numbers = [one for one in target.numbers if one is not None]
    return measures.chosen(wanted, fitting, target.distinct, min(numbers, default=None))


def final(rule: SplitRule, rows: Rows) -> float:
    """Lock a share of the rows away, where enough are left and the rule can say which."""
    groups = len(set(rows.groups or rows.moments))
    few = len(rows.ids) < _FINAL_FROM or (rule.rule in ("group", "time") and groups < _FINAL_GROUPS)
    return 0.0 if few or rule.rule == "given" else _FINAL


def answers(kind: str, target: str, chosen: Metric, split: Split, column: str) -> dict[str, Any]:
    """Give the answers that every project has; `column` names the groups of a split by group."""
    rule = split.rule
    how = f"{rule.folds} folds" if rule.folds > 1 else f"{rule.share:.0%} to validate on"
    by = f" by {rule.column}" if rule.column and rule.rule != "stratified" else ""
    return {
        "kind": kind,
        "is_class": kind.endswith("class"),
        "target": target,
        "group": column if rule.rule == "group" else "",
        "metric": chosen.name,
        "direction": chosen.direction,
        "metric_why": chosen.why,
        "split": f"{rule.rule}{by}, {how}",
        "split_why": rule.why,
        "final_rows": len(split.of(folds.FINAL)),
        "rows": len(split.parts),
        "seed": split.seed,
        "middle": _MIDDLES.get(chosen.name, "mean"),
    }
