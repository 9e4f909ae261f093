"""Splits: which rule fits a data set and why, and the rows it sets aside, written down once."""

from __future__ import annotations

from fastcompanion.data import targets
from fastcompanion.data.columns import Values, day_text
from fastcompanion.data.dataset import SplitRule
from fastcompanion.data.tabular import Recognised, moments
from fastcompanion.data.targets import View

SHARE = 0.2
FOLDS = 5
#: with fewer rows to validate on, the interval of a score is wider than most improvements
ENOUGH = 300


def folds_for(rows: int) -> int:
    """Give the number of folds: one block of a fifth where that is enough rows, else five folds."""
    return 1 if rows * SHARE >= ENOUGH else FOLDS


def propose(view: View, found: Recognised) -> SplitRule | None:
    """Choose the rule for a table: given, by time, by group, else stratified, and say why."""
    if found.kind.value == "unknown":
        return None
    folds = folds_for(view.train.count)
    return (
        given(view)
        or _by_time(view, found, folds)
        or _by_group(view, found, folds)
        or plain(found.kind.value, found.target.value, view.train.count)
    )


def given(view: View) -> SplitRule | None:
    """Find a split that comes with the data: a table or a column for it."""
    if view.valid is not None and view.valid.names == view.train.names:
        why = f"{view.valid.name} lies beside {view.train.name} for that"
        return SplitRule(
            "given", "", 1, view.valid.count / (view.train.count + view.valid.count), True, why
        )
    name = targets.given_split(view)
    if not name:
        return None
    values = view.values[name]
    least = min(values.counts.values()) / max(values.filled, 1)
    folds = values.distinct if values.distinct > 3 else 1
    return SplitRule("given", name, folds, round(least, 4), True, f"the column {name} says so")


def _by_time(view: View, found: Recognised, folds: int) -> SplitRule | None:
    time = found.time
    if found.kind.value == "time-series":
        why = "a series is continued: what is validated on has to lie after what was learned from"
        return SplitRule("time", time, 1, SHARE, True, why)
    if not time:
        return None
    last = [value for value in moments(view.values[time]) if value is not None]
    later = _test_moments(view, time)
    if later:
        if min(later) >= sorted(last)[len(last) * 9 // 10]:
            why = f"the rows of {view.test.name if view.test else 'the test'} lie after those of training"
            return SplitRule(
                "time", time, 1, SHARE, True, f"{why} ({_when(view.values[time], min(later))} on)"
            )
        return None
    if found.kind.value == "ratings":
        return None
    why = f"rows are dated ({time}): a model is used on days that come later"
    return SplitRule("time", time, 1, SHARE, False, why)


def _test_moments(view: View, time: str) -> list[float]:
    values = (view.test_values or {}).get(time)
    return [value for value in moments(values) if value is not None] if values else []


def _when(values: Values, moment: float) -> str:
    return day_text(moment) if values.days else f"{moment:g}"


def _by_group(view: View, found: Recognised, folds: int) -> SplitRule | None:
    if found.kind.value == "ratings":
        why = (
            "people are to be served who have rated something before: pairs are set aside at random"
        )
        return SplitRule("random", "", folds, SHARE, True, why)
    for name, values in view.values.items():
        if not _is_group(name, values, found):
            continue
        if view.test_values is None or name not in view.test_values:
            why = f"rows with the same {name} belong together ({values.distinct} of them)"
            return SplitRule("group", name, folds, SHARE, False, why)
        shared, usual = _shared(values, view.test_values[name])
        if shared < usual / 2:
            why = f"only {shared:.0%} of the test rows have a {name} of the training rows; by chance {usual:.0%} would"
            return SplitRule("group", name, folds, SHARE, True, why)
    return None


def _is_group(name: str, values: Values, found: Recognised) -> bool:
    if found.roles.get(name) not in ("input", "group", "id") or not targets.group_named(name):
        return False
    repeated = 10 <= values.distinct <= values.filled * 0.9
    return repeated and values.type in ("integer", "category", "mixed")


def _shared(train: Values, test: Values) -> tuple[float, float]:
    """Give the share of test rows whose group is in training, and that of rows set aside at random."""
    shared = sum(n for cell, n in test.counts.items() if cell in train.counts) / max(test.filled, 1)
    usual = sum(n * (1 - SHARE ** (n - 1)) for n in train.counts.values()) / max(train.filled, 1)
    return shared, usual


def plain(kind: str, target: str, rows: int) -> SplitRule:
    """Give the rule for rows that know nothing of each other."""
    folds = folds_for(rows)
    size = (
        ""
        if folds == 1
        else f"; {FOLDS} folds in turn, as a part of {rows // FOLDS or 1} row{'' if rows // FOLDS < 2 else 's'} is too small to tell models apart"
    )
    if kind.endswith("class"):
        why = "nothing ties rows together; each part gets its share of every class"
    elif kind == "images-labels":
        why = "nothing ties images together; each part gets its share of the rarer labels"
    else:
        why = f"nothing ties rows together; each part gets its share of small and large {target or 'values'}"
    if kind in ("segmentation", "images-points"):
        return SplitRule(
            "random", "", folds, SHARE, False, f"nothing in the names ties images together{size}"
        )
    return SplitRule("stratified", target, folds, SHARE, True, why + size)


def note_on_groups(view: View, found: Recognised) -> str:
    """Say why a group that looks like one is not split by, empty where there is none."""
    for name, values in view.values.items():
        if _is_group(name, values, found) and view.test_values and name in view.test_values:
            shared, usual = _shared(values, view.test_values[name])
            if shared >= usual / 2:
                return (
                    f"Some rows have the same {name}. Of the test rows {shared:.0%} share theirs with training rows; "
                    f"with a random split it would be {usual:.0%}, so a random split is about as hard as the test"
                )
    return ""
