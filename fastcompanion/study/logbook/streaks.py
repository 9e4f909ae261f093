"""Streaks in weeks: how many weeks in a row have had their minutes.

A week counts when the minutes of its plan were reached, without a plan when there was any study.
The rule is "never miss twice": one missed week adds nothing and breaks nothing, the second one in
a row does. Weeks and days that are paused or free are left out as if they were not there, so they
neither add nor break. The week under way counts when it is reached and is no miss before its end.

Travelling breaks nothing: a session belongs to the study day of the place where it was begun, and
where that misses a week, the zone of the plan is tried as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta

from fastcompanion.base.records import frozen
from fastcompanion.study import journal
from fastcompanion.study.journal import Entry
from fastcompanion.study.plan.plan import DAYS, Plan

_WEEK = timedelta(days=7)
# Whether a week or a day was kept; None is one that is left out.
_Kept = bool | None


@frozen
class Streak:
    """Weeks in a row, the most ever, and where this week stands.

    `goal_minutes` is 0 without a plan (any study will do) and in a week that is paused.
    `missed_last`: the last week that counts was missed, and a second miss would end the streak.
    `days` are study days in a row, by the same rule.
    """

    weeks: int
    best: int
    this_week_minutes: int
    goal_minutes: int
    missed_last: bool
    days: int


def of(entries: Iterable[Entry], plan: Plan | None, today: date) -> Streak:
    """Compute the streak from the log; `today` is a study day."""
    entries = list(entries)
    own = _minutes(entries, lambda entry: journal.study_day(entry.at))
    at_home = _minutes(entries, _day_at_home(plan)) if plan is not None else own
    this_week = _monday(today)
    first = min([*own, *at_home], default=today)
    kept = [
        _week(own, at_home, plan, monday, over=monday < this_week)
        for monday in _mondays(first, this_week)
    ]
    counted = [one for one in kept if one is not None]
    finished = [one for one in kept[:-1] if one is not None]
    weeks, best = _run(counted)
    days, _ = _run([one for one in _days(own, plan, first, today) if one is not None])
    return Streak(
        weeks=weeks,
        best=best,
        this_week_minutes=_in_week(own, this_week),
        goal_minutes=goal(plan, this_week),
        missed_last=weeks > 0 and bool(finished) and not finished[-1] and kept[-1] is None,
        days=days,
    )


def goal(plan: Plan | None, monday: date) -> int:
    """Give the minutes that a plan wants in a week, its pauses left out."""
    if plan is None:
        return 0
    return sum(planned(plan, monday + timedelta(days=n)) for n in range(7))


def planned(plan: Plan, day: date) -> int:
    """Give the minutes that a plan wants on a day; 0 on a day off and in a pause."""
    if plan.paused(day) is not None:
        return 0
    return sum(slot.minutes for slot in plan.slots if DAYS[day.weekday()] in slot.days)


def _minutes(entries: Iterable[Entry], day_of: Callable[[Entry], date]) -> dict[date, int]:
    found: dict[date, int] = {}
    for entry in entries:
        day = day_of(entry)
        found[day] = found.get(day, 0) + entry.minutes
    return found


def _day_at_home(plan: Plan) -> Callable[[Entry], date]:
    zone = plan.zone
    return lambda entry: journal.study_day(entry.at.astimezone(zone))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _mondays(first: date, last: date) -> Iterator[date]:
    monday = _monday(first)
    while monday <= last:
        yield monday
        monday += _WEEK


def _in_week(minutes: Mapping[date, int], monday: date) -> int:
    return sum(minutes.get(monday + timedelta(days=n), 0) for n in range(7))


def _week(
    own: Mapping[date, int],
    at_home: Mapping[date, int],
    plan: Plan | None,
    monday: date,
    *,
    over: bool,
) -> _Kept:
    wanted = goal(plan, monday)
    done = max(_in_week(own, monday), _in_week(at_home, monday))
    if done >= max(wanted, 1):
        return True
    off = plan is not None and wanted == 0
    return False if over and not off else None


def _days(own: Mapping[date, int], plan: Plan | None, first: date, today: date) -> Iterator[_Kept]:
    for number in range((today - first).days + 1):
        day = first + timedelta(days=number)
        if own.get(day):
            yield True
        elif day == today or (plan is not None and planned(plan, day) == 0):
            yield None
        else:
            yield False


def _run(kept: Iterable[bool]) -> tuple[int, int]:
    """Give the run that the sequence ends in, and the longest one in it."""
    length = best = missed = 0
    for one in kept:
        missed = 0 if one else missed + 1
        length = length + 1 if one else (0 if missed > 1 else length)
        best = max(best, length)
    return length, best
