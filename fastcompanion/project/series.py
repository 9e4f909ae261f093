"""Projects of series: how long a step of time is, after how many steps values come back, which rows a forecast begins with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from fastcompanion.base.records import frozen
from fastcompanion.data import baselines, columns, first, tabular
from fastcompanion.data.columns import Values
from fastcompanion.data.dataset import SplitRule
from fastcompanion.data.folds import Rows, Split
from fastcompanion.data.tabular import Recognised
from fastcompanion.data.targets import View

BLOCKS, _ENOUGH = 5, 300
_DAY, _MONTH, _MONTHS = 86_400, 30.44, 27.9
_STEADY, _GAPS, _LAGS, _SAMPLE = 0.95, 20, 24, 20


@frozen
class Rhythm:
    """How a series is timed: `unit` is months, days, numbers or rows; a step is `every` of them long."""

    unit: str
    every: float
    begin: float = 0.0

    def step(self, moment: float, row: int) -> int:
        """Give the place in time of a moment, in whole steps from the first one."""
        if self.unit == "rows":
            return row
        apart = _months(moment) - _months(self.begin) if self.unit == "months" else moment - self.begin  # fmt: skip
        return round(apart / self.every)


def _months(day: float) -> int:
    text = columns.day_text(day)
    return 12 * int(text[:4]) + int(text[5:7])


def rule_for(rule: SplitRule, rows: int) -> SplitRule:
    """Forecast in several blocks where there are enough rows, each from what lies before it (rolling origin)."""
    if rule.rule != "time" or rows < _ENOUGH:
        return rule
    why = f"{rule.why}; {BLOCKS} blocks in turn, each forecast from all that lies before it"
    return replace(rule, folds=BLOCKS, why=why)


def in_time(rows: Rows, moments: Sequence[float | None]) -> Rows:
    """Put the rows of a series in order of time, as they stand in splits.csv and in runs; those without a time are left out."""
    order = [row for row in range(len(rows.ids)) if moments[row] is not None]
    order.sort(key=lambda row: (moments[row] or 0.0, row))
    names = ("ids", "classes", "numbers", "groups", "given")
    found = {name: getattr(rows, name) for name in names}
    taken = {name: tuple(column[row] for row in order) for name, column in found.items() if column}
    return replace(rows, moments=tuple(moments[row] for row in order), **taken)


def moments(view: View, known: Recognised) -> list[float | None]:
    """Give the time of each row that has a target; rows follow each other where no column says when."""
    kept = first.usable(view.values[known.target.value])
    if not known.time:
        return [float(row) for row in kept]
    when = tabular.moments(view.values[known.time])
    return [when[row] for row in kept]


def rhythm(when: Sequence[float], dates: bool) -> Rhythm:
    """Tell how long a step is, from the time between rows; steps are rows where they are of all lengths."""
    ordered = sorted(set(when))
    apart = [round(after - before, 6) for before, after in pairwise(ordered)]
    if not apart:
        return Rhythm("rows", 1)
    usual, count = Counter(apart).most_common(1)[0]
    if dates and usual > _MONTHS and count < _STEADY * len(apart):
        told = Rhythm("months", max(1, round(usual / _MONTH)), ordered[0])
    else:
        # Whole seconds: a hundredth of one would be steps after some thousand of them.
        exact = max(round(usual * _DAY), 1) / _DAY if dates else usual
        told = Rhythm("days" if dates else "numbers", exact, ordered[0])
    whole = told.step(ordered[-1], 0)
    places = {told.step(one, 0) for one in ordered}
    gappy = whole > _GAPS * len(ordered) or len(places) < _STEADY * len(ordered)
    return Rhythm("rows", 1) if gappy else told


def beforehand(
    uses: Mapping[str, list[str]], left_out: Mapping[str, str], time: str, has_test: bool
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Keep the numbers that are known beforehand: those of the rows to predict, where there are some."""
    kept = [name for name in uses["numbers"] if has_test and name != time]
    why = "it is no number" if has_test else "nobody knows it before the time has come"
    others = {name: why for names in uses.values() for name in names if name not in (*kept, time)}
    left = {name: told for name, told in left_out.items() if name != time}
    none: dict[str, list[str]] = {use: [] for use in uses}
    return none | {"numbers": kept}, left | others


def answers(view: View, known: Recognised, split: Split) -> dict[str, Any]:
    """Give what a project of a series has to know: its rhythm, its season, and the scale that MASE divides by."""
    learned = _learned(view, known, split)
    dates = bool(known.time) and bool(view.values[known.time].days)
    every = [moment for moment in moments(view, known) if moment is not None]
    told = rhythm(every, dates) if known.time else Rhythm("rows", 1)
    steps = [told.step(moment, row) for row, (moment, _) in enumerate(learned)]
    season = baselines.season_of(filled(steps, [value for _, value in learned]))
    lags = max(3, min(season if season > 1 else 8, _LAGS, len(learned) // 10))
    return {
        "time": known.time,
        "unit": told.unit,
        "dated": dates,
        "every": round(told.every * _DAY) if told.unit == "days" else _short(told.every),
        "begin": _written(told.begin) if told.unit == "days" else _short(told.begin),
        "season": season,
        "lags": lags,
        "scale": baselines.mase_scale([value for _, value in learned]),
    }


def _short(number: float) -> float:
    return int(number) if float(number).is_integer() else number


def _written(day: float) -> str:
    """Write a day number as a date with its time, down to the second."""
    begin = datetime.fromordinal(int(day))
    return (begin + timedelta(seconds=round((day - int(day)) * _DAY))).isoformat(" ")


def _learned(view: View, known: Recognised, split: Split) -> list[tuple[float, float]]:
    """Give time and value of the rows that the first forecast is made from, in order of time."""
    target = view.values[known.target.value]
    kept, when = first.usable(target), moments(view, known)
    names = first.ids(view, known)
    place = {names[row]: (moment or 0.0, target.numbers[row] or 0.0) for row, moment in zip(kept, when, strict=True)}  # fmt: skip
    return [place[one] for one in split.trained_on(split.folds[0])]


def filled(steps: Sequence[int], values: Sequence[float]) -> list[float]:
    """Give a value for each step; gaps lie on the line between their neighbours."""
    known = dict(zip(steps, values, strict=True))
    places = sorted(known)
    made = [known[places[0]]]
    for before, after in pairwise(places):
        slope = (known[after] - known[before]) / (after - before)
        made += [known[before] + slope * more for more in range(1, after - before + 1)]
    return made


def sample(values: Values | None, count: int, season: int, lags: int) -> list[int]:
    """Choose the rows of a table for the tests: the latest, as a forecast needs neighbours."""
    when: Iterable[float | None] = tabular.moments(values) if values is not None else range(count)
    order = [(moment, row) for row, moment in enumerate(when) if moment is not None]
    most = max(_SAMPLE, 2 * (season + lags) + _SAMPLE)
    return sorted(row for _, row in sorted(order)[-most:])
