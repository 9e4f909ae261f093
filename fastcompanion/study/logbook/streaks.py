"""Streaks in weeks: how many weeks in a row have had their minutes.

A week counts when the minutes of its plan were reached, without a plan when there was any study.
The rule is "never miss twice": one missed week adds nothing and breaks nothing, the second one in
a row does. Weeks and days that are paused or free are left out as if they were not there, so they
neither add nor break. The week under way counts when it is reached and is no miss before its end.

Travelling breaks nothing: a session belongs to the study day of the place where it was begun, and
where that misses a week, the zone of the plan is tried as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, timedelta
from itertools import pairwise

from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.study import journal
from fastcompanion.study.journal import Entry
from fastcompanion.study.plan.plan import Plan

_WEEK = timedelta(days=7)
#: as far as is looked back at first
_LOOK = 8
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
    days: dict[date, int] = {}
    for entry in entries:
        day = journal.study_day(entry.at)
        days[day] = days.get(day, 0) + entry.minutes
    this_week = _monday(today)
    first = min(days, default=today)
    weeks = _weeks(entries, plan, this_week)
    kept = [_week(weeks, plan, monday, this_week) for monday in _mondays(min(weeks), this_week)]
    finished = [one for one in kept[:-1] if one is not None]
    run, best = _run([one for one in kept if one is not None])
    in_a_row, _ = _run([one for one in _days(days, plan, first, today) if one is not None])
    return Streak(
        weeks=run,
        best=best,
        this_week_minutes=weeks[this_week],
        goal_minutes=goal(plan, this_week),
        missed_last=run > 0 and bool(finished) and not finished[-1] and kept[-1] is None,
        days=in_a_row,
    )


def now(ws: Workspace, plan: Plan | None, today: date, undone: Collection[str] = ()) -> Streak:
    """Compute the streak from as many weeks as it takes to see where it began; `best` is of those alone."""
    first = min((day for day, _ in journal.all_files(ws)), default=today)
    back, this_week = _LOOK, _monday(today)
    while True:
        since = this_week - back * _WEEK
        days = [since + timedelta(days=n) for n in range((today - since).days + 1)]
        entries = journal.read(ws, days, undone=undone).entries
        if since <= first or _broken(entries, plan, this_week, since):
            return of(entries, plan, today)
        back *= 2


def _broken(entries: Iterable[Entry], plan: Plan | None, this_week: date, since: date) -> bool:
    """Say whether a streak ended in these weeks; the first ones may lack sessions of a journey."""
    weeks = _weeks(entries, plan, this_week)
    mondays = _mondays(since + 2 * _WEEK, this_week)
    kept = [_week(weeks, plan, monday, this_week) for monday in mondays]
    counted = [one for one in kept if one is not None]
    return any(not one and not after for one, after in pairwise(counted))


def goal(plan: Plan | None, monday: date) -> int:
    """Give the minutes that a plan wants in a week, its pauses left out."""
    if plan is None:
        return 0
    return sum(plan.minutes_on(monday + timedelta(days=n)) for n in range(7))


def _weeks(entries: Iterable[Entry], plan: Plan | None, this_week: date) -> dict[date, int]:
    """Give the minutes of each week by its Monday.

    On a journey a session may fall into the week beside that of the plan's zone. Where that week
    was missed, it gets the session, if the other one can do without.
    """
    weeks: dict[date, int] = {this_week: 0}
    moved: list[tuple[date, date, int]] = []
    zone = plan.zone if plan is not None else None
    for entry in entries:
        own = _monday(journal.study_day(entry.at))
        weeks[own] = weeks.get(own, 0) + entry.minutes
        home = _monday(journal.study_day(entry.at.astimezone(zone))) if zone else own
        if home != own:
            moved.append((own, home, entry.minutes))
    for own, home, minutes in moved:
        least = _enough(plan, own)
        spare = own >= this_week or not least <= weeks[own] < least + minutes
        if home < this_week and weeks.get(home, 0) < _enough(plan, home) and spare:
            weeks[own] -= minutes
            weeks[home] = weeks.get(home, 0) + minutes
    return weeks


def _enough(plan: Plan | None, monday: date) -> int:
    return max(1, goal(plan, monday))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _mondays(first: date, last: date) -> Iterator[date]:
    monday = _monday(first)
    while monday <= last:
        yield monday
        monday += _WEEK


def _week(weeks: Mapping[date, int], plan: Plan | None, monday: date, this_week: date) -> _Kept:
    if weeks.get(monday, 0) >= _enough(plan, monday):
        return True
    off = plan is not None and goal(plan, monday) == 0
    return None if off or monday == this_week else False


def _days(own: Mapping[date, int], plan: Plan | None, first: date, today: date) -> Iterator[_Kept]:
    for number in range((today - first).days + 1):
        day = first + timedelta(days=number)
        if own.get(day):
            yield True
        elif day == today or (plan is not None and plan.minutes_on(day) == 0):
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
