"""The first number: naive baselines of a table, judged on the rows of its split."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.data import baselines, columns, folds, onerule, splits, tabular
from fastcompanion.data.baselines import Naive
from fastcompanion.data.columns import Values
from fastcompanion.data.dataset import Metric, SplitRule
from fastcompanion.data.folds import Rows, Split
from fastcompanion.data.predictions import Predictions
from fastcompanion.data.scores import Score, score
from fastcompanion.data.tabular import Recognised
from fastcompanion.data.targets import View

_COLUMNS = 100


@frozen
class First:
    """One baseline with what it said of every row that was set aside."""

    name: str
    learned: str
    predictions: Predictions
    score: Score


def judged_rows(view: View, known: Recognised, rule: SplitRule) -> tuple[View, Rows]:
    """Give the rows to the split; a table for validating is joined to the one for training."""
    if rule.rule != "given" or rule.column or view.valid is None:
        return view, rows_of(view, known, rule)
    count = len(view.train.rows)
    both = replace(
        view.train,
        rows=view.train.rows + view.valid.rows,
        count=view.train.count + view.valid.count,
    )
    view = replace(view, train=both, values=columns.read(both))
    kept = usable(view.values[known.target.value])
    rows = rows_of(view, known, splits.plain(known.kind.value, known.target.value, both.count))
    return view, replace(
        rows, given=tuple(folds.VALID if row >= count else folds.TRAIN for row in kept)
    )


def rows_of(view: View, known: Recognised, rule: SplitRule) -> Rows:
    """Give the rows that can be scored to the split: those that have a target."""
    target = view.values[known.target.value]
    kept = usable(target)
    is_class = known.kind.value.endswith("class")
    group = view.values[rule.column].cells if rule.rule == "group" and rule.column else ()
    time = tabular.moments(view.values[rule.column]) if rule.rule == "time" and rule.column else ()
    given = view.values[rule.column].cells if rule.rule == "given" and rule.column else ()
    names = ids(view, known)
    return Rows(
        ids=tuple(names[row] for row in kept),
        classes=tuple(target.cells[row] for row in kept) if is_class else (),
        numbers=tuple(target.numbers[row] for row in kept)
        if not is_class and target.numbers
        else (),
        groups=tuple(group[row] for row in kept) if group else (),
        moments=tuple(time[row] for row in kept) if time else (),
        given=tuple(given[row] for row in kept) if given else (),
    )


def usable(target: Values) -> list[int]:
    """Give the places of the rows whose target is known."""
    if target.numbers:
        return [row for row, number in enumerate(target.numbers) if number is not None]
    return [row for row, cell in enumerate(target.cells) if cell in target.counts]


def ids(view: View, known: Recognised) -> Sequence[str]:
    """Name each row: by its id column where there is one without repetition, else by its number from 1 on."""
    for name, role in known.roles.items():
        cells = view.values[name].cells
        if role == "id" and len(set(cells)) == len(cells):
            return cells
    return [str(number) for number in range(1, view.rows + 1)]


def id_column(view: View, known: Recognised) -> str:
    """Name the column whose cells are the ids, empty where rows are numbered."""
    given = tuple(ids(view, known))
    named = (name for name, role in known.roles.items() if role == "id")
    return next((name for name in named if view.values[name].cells == given), "")


def judge(view: View, known: Recognised, split: Split, metric: Metric) -> list[First]:
    """Fit every naive baseline that the kind has and judge it on the parts that are set aside."""
    target = view.values[known.target.value]
    kept = usable(target)
    called = ids(view, known)
    place = {called[row]: row for row in kept}
    truths = [truth(target, row) for row in range(len(target.cells))]
    made = []
    for inputs, fit in _fits(view, known, target, metric.name):
        names, said = [], {}
        for fold in split.folds:
            learned = [place[one] for one in split.trained_on(fold)]
            asked = [(one, place[one]) for one in split.of(fold)]
            if not learned or not asked:
                raise CompanionError(
                    f"part {fold} of the split has no rows to learn from or to judge"
                )
            naive = fit(learned)
            told = naive.predict([inputs[row] for _, row in asked])
            said.update(
                {one: (truths[row], cell) for (one, row), cell in zip(asked, told, strict=True)}
            )
            names.append(naive)
        made.append(_first(names, said, metric, target, kept, known))
    return made


_Fit = Callable[[Sequence[int]], Naive]


def _fits(
    view: View, known: Recognised, target: Values, metric: str
) -> list[tuple[Sequence[Any], _Fit]]:
    """Give for each baseline what it looks at of each row, and how it is fitted to some rows."""
    nothing: Sequence[Any] = [None] * len(target.cells)
    if known.kind.value == "ratings":
        pairs = _pairs(view, known)
        return [(nothing, _constant(target, metric)), (pairs, _of_ratings(pairs, target))]
    if known.kind.value == "time-series":
        return [
            (nothing, _constant(target, metric)),
            (nothing, _of_series(view, known, target)),
            *_of_seasons(view, known, target),
        ]
    columns = _columns(view, known)
    is_class = known.kind.value.endswith("class")
    first = _of_classes(target) if is_class else _constant(target, metric)
    return [(nothing, first), *_rules(columns, target, is_class)]


def truth(target: Values, row: int) -> str:
    """Write what is true of a row: the cell as it stands, a number so that every reader gets it."""
    number = target.numbers[row] if target.numbers and target.type != "boolean" else None
    return target.cells[row] if number is None else _plain(number, target.cells[row])


def _plain(number: float, cell: str) -> str:
    """Write a number so that every reader gets it, and as it stands there where that will do."""
    try:
        return cell if float(cell) == number else repr(number)
    except ValueError:
        return repr(number)


def _of_classes(target: Values) -> _Fit:
    return lambda rows: baselines.majority([truth(target, row) for row in rows])


def _constant(target: Values, metric: str) -> _Fit:
    made = {"mae": baselines.median, "mase": baselines.median, "rmsle": baselines.mean_of_logs}
    fit = made.get(metric, baselines.mean)
    return lambda rows: fit(_numbers(target, rows))


def _numbers(target: Values, rows: Sequence[int]) -> list[float]:
    return [float(target.numbers[row] or 0.0) for row in rows]


def _pairs(view: View, known: Recognised) -> list[Any]:
    users, items = (
        view.values[name].cells for name, role in known.roles.items() if role == "group"
    )
    return list(zip(users, items, strict=True))


def _of_ratings(pairs: Sequence[Any], target: Values) -> _Fit:
    def fit(rows: Sequence[int]) -> Naive:
        users, items = zip(*(pairs[row] for row in rows), strict=True)
        return baselines.ratings(users, items, _numbers(target, rows))

    return fit


def _of_series(view: View, known: Recognised, target: Values) -> _Fit:
    moments = tabular.moments(view.values[known.time])

    def fit(rows: Sequence[int]) -> Naive:
        ordered = sorted(rows, key=lambda row: moments[row] or 0.0)
        return baselines.last_value(_numbers(target, ordered))

    return fit


def _of_seasons(view: View, known: Recognised, target: Values) -> list[tuple[Sequence[Any], _Fit]]:
    """Say of each step what was known one or more whole seasons before, where the calendar has some."""
    season = tabular.season(view.values[known.time])
    if not season or view.rows < 3 * season:
        return []
    moments = tabular.moments(view.values[known.time])
    order = sorted(range(view.rows), key=lambda row: moments[row] or 0.0)
    steps = [0] * view.rows
    for step, row in enumerate(order):
        steps[row] = step

    def fit(rows: Sequence[int]) -> Naive:
        values = dict(zip((steps[row] for row in rows), _numbers(target, rows), strict=True))
        last = max(values)

        def told(step: int) -> str:
            while step > last or (step >= 0 and step not in values):
                step -= season
            return repr(values.get(step, values[last]))

        words = f"what was true {season} steps before, or the whole number of times that is known"
        return Naive("last season", words, lambda asked: [told(step) for step in asked])

    return [(steps, fit)]


def _columns(view: View, known: Recognised) -> dict[str, list[Hashable]]:
    inputs = [name for name, role in known.roles.items() if role in ("input", "group")][:_COLUMNS]
    return {name: onerule.keys(view.values[name])[0] for name in inputs}


def _rules(
    columns: Mapping[str, list[Hashable]], target: Values, is_class: bool
) -> list[tuple[Sequence[Any], _Fit]]:
    """Choose the best column inside each fold's own rows, so that the choice is judged too."""
    if not columns:
        return []
    whole = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def fit(rows: Sequence[int]) -> Naive:
        taken = {name: [groups[row] for row in rows] for name, groups in columns.items()}
        if is_class:
            made = baselines.one_rule(taken, [truth(target, row) for row in rows])
        else:
            made = baselines.one_rule_numbers(taken, _numbers(target, rows))
        column = made.name.removeprefix("one rule: ")
        return Naive(
            made.name, made.learned, lambda asked: made.predict([row[column] for row in asked])
        )

    return [(whole, fit)]


def _first(
    fitted: Sequence[Naive],
    said: Mapping[str, tuple[str, str]],
    metric: Metric,
    target: Values,
    kept: Sequence[int],
    known: Recognised,
) -> First:
    rows = Predictions(
        tuple(said),
        tuple(truth for truth, _ in said.values()),
        tuple(cell for _, cell in said.values()),
    )
    name = (
        metric.name if metric.name in _LABELS else _LABELS_FOR[known.kind.value.endswith("class")]
    )
    scale = baselines.mase_scale(_numbers(target, kept)) if name == "mase" else 1.0
    names = list(dict.fromkeys(one.name for one in fitted))
    found = score(name, rows, ordered=known.kind.value == "time-series", scale=scale)
    return First(" / ".join(names), fitted[0].learned, rows, found)


#: metrics that a label or a number alone can be scored with; others need probabilities
_LABELS = frozenset(
    ("accuracy", "balanced accuracy", "macro f1", "rmse", "rmsle", "mae", "mase", "f1")
)
_LABELS_FOR = {True: "accuracy", False: "rmse"}
