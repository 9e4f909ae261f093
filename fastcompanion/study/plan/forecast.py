"""When does a lesson end, when the course? Arithmetic only: from a plan, the work that is left, and a log.

Until there are two weeks of log, the planned minutes are believed: the early date holds when the
lessons take a fifth less than said, the late one when one slot in three is missed.

After that the weeks of the learner count, eight at most, each as its minutes a week without the
days of a pause. With their mean m, their number k and the deviation s of a week, n weeks to come
bring m n minutes, give or take t s sqrt(n + n^2 / k): the weeks differ by chance, and so does the
mean of those that were seen. Two weeks say little about s, so it is pooled with a usual one of
0.4 m that counts as three weeks more; t is Student's for k + 2 degrees of freedom, so that about
eight of ten ends lie between the early and the late date. The weeks to come are those of the plan,
so that pauses move the date.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from fastcompanion.base.records import frozen
from fastcompanion.study.plan import slots
from fastcompanion.study.plan.plan import Plan

Basis = Literal["plan", "pace"]
ENOUGH_WEEKS = 2
_MOST_WEEKS = 8
_FEWEST_DAYS = 3
_HORIZON_DAYS = 5 * 366
_EASIER, _KEPT = 0.8, 2 / 3
# How much a usual learner's week differs from the mean, and how many weeks that is worth.
_USUAL_DEVIATION, _USUAL_WEEKS = 0.4, 3
# Student's t, one-sided 90 percent, for 4 to 10 degrees of freedom: 2 to 8 weeks.
_STUDENT = (1.533, 1.476, 1.440, 1.415, 1.397, 1.383, 1.372)


@frozen
class Need:
    """A lesson and the minutes that it still needs."""

    lesson: str
    title: str
    minutes: float


@frozen
class End:
    """When something ends: the likely day and a range; None is beyond five years, or never."""

    lesson: str
    title: str
    minutes: int
    likely: date | None
    earliest: date | None
    latest: date | None


@frozen
class Forecast:
    """The end of each lesson and of the course, and what that rests on.

    `weekly_minutes` is what a week without a pause brings; `weeks` how many weeks of log it is
    from; `silent` says that these weeks hold no session, so that the plan had to be believed.
    """

    based_on: Basis
    weekly_minutes: int
    weeks: int
    silent: bool
    minutes_left: int
    ends: tuple[End, ...]
    course: End


@frozen
class _Rate:
    """Minutes of a week: their mean, and how far they may be off over n weeks."""

    mean: float
    deviation: float
    weeks: int

    def low(self, n: float) -> float:
        return self.mean * n - self._spread(n)

    def high(self, n: float) -> float:
        return self.mean * n + self._spread(n)

    def likely(self, n: float) -> float:
        return self.mean * n

    def _spread(self, n: float) -> float:
        student = _STUDENT[self.weeks - ENOUGH_WEEKS]
        return student * self.deviation * math.sqrt(n + n * n / self.weeks)


@frozen
class _Planned:
    """The plan taken at its word."""

    mean: float

    def low(self, n: float) -> float:
        return self.mean * n * _KEPT

    def high(self, n: float) -> float:
        return self.mean * n / _EASIER

    def likely(self, n: float) -> float:
        return self.mean * n


def weeks(minutes: Mapping[date, int], plan: Plan, today: date) -> tuple[float, ...]:
    """Give the minutes of the learner's last weeks, the newest first, days of a pause left out.

    They end with yesterday and begin with the first session; weeks that were paused all but two
    days say nothing. Days after today are of a clock that went wrong.
    """
    first = min((day for day in minutes if day <= today), default=today)
    found = []
    for number in range((today - first).days // 7):
        days = [today - timedelta(days=7 * number + n) for n in range(1, 8)]
        awake = sum(plan.paused(day) is None for day in days)
        if awake >= _FEWEST_DAYS:
            found.append(sum(minutes.get(day, 0) for day in days) * 7 / awake)
        if len(found) == _MOST_WEEKS:
            break
    return tuple(found)


def forecast(
    plan: Plan, needs: Sequence[Need], minutes: Mapping[date, int], now: datetime
) -> Forecast:
    """Say when each lesson ends, one after the other. `minutes` is the log by study day."""
    seen = weeks(minutes, plan, now.astimezone(plan.zone).date())
    mean = sum(seen) / len(seen) if seen else 0.0
    own = len(seen) >= ENOUGH_WEEKS and mean > 0
    rate = _rate(seen) if own else _Planned(plan.weekly_minutes)
    days = list(_weeks_to_come(plan, now))
    total, ends = 0.0, []
    for need in needs:
        total += need.minutes
        ends.append(_end(need.lesson, need.title, need.minutes, total, days, rate))
    return Forecast(
        based_on="pace" if own else "plan",
        weekly_minutes=round(rate.mean),
        weeks=len(seen),
        silent=len(seen) >= ENOUGH_WEEKS and not mean,
        minutes_left=round(total),
        ends=tuple(ends),
        course=_end("", "", total, total, days, rate),
    )


def _rate(seen: Sequence[float]) -> _Rate:
    mean = sum(seen) / len(seen)
    squares = sum((one - mean) ** 2 for one in seen) + _USUAL_WEEKS * (_USUAL_DEVIATION * mean) ** 2
    variance = squares / (len(seen) - 1 + _USUAL_WEEKS)
    return _Rate(mean, math.sqrt(variance), len(seen))


def _end(
    lesson: str,
    title: str,
    minutes: float,
    total: float,
    days: Sequence[tuple[date, float]],
    rate: _Rate | _Planned,
) -> End:
    return End(
        lesson=lesson,
        title=title,
        minutes=round(minutes),
        likely=_first(days, total, rate.likely),
        earliest=_first(days, total, rate.high),
        latest=_first(days, total, rate.low),
    )


def _first(
    days: Sequence[tuple[date, float]], total: float, brings: Callable[[float], float]
) -> date | None:
    # A little less than all: sums of thirds must not need one more slot.
    enough = total - 1e-6
    return next((day for day, passed in days if passed and brings(passed) >= enough), None)


def _weeks_to_come(plan: Plan, now: datetime) -> Iterator[tuple[date, float]]:
    """Give each day to come and the weeks of study that have passed at its end.

    A week has passed when its slots have; without slots it is seven days outside a pause.
    """
    today = now.astimezone(plan.zone).date()
    weekly = plan.weekly_minutes
    passed = 0.0
    for day in (today + timedelta(days=n) for n in range(_HORIZON_DAYS)):
        if not weekly:
            passed += 0 if plan.paused(day) or day == today else 1 / 7
        elif day == today:
            rest = (one for one in slots.between(plan, day, day) if one.at.astimezone(UTC) > now)
            passed += sum(one.minutes for one in rest) / weekly
        else:
            passed += plan.minutes_on(day) / weekly
        yield day, passed


def due(found: Forecast, deadline: date | None, today: date) -> dict[str, date]:
    """Give each lesson its day: the likely one, or later where the course may take longer.

    Where the learner's own date for the course leaves time over, each lesson gets its part of it.
    """
    likely = found.course.likely
    stretch = 1.0
    if deadline is not None and likely is not None and today < likely < deadline:
        stretch = (deadline - today) / (likely - today)
    return {
        end.lesson: today + (end.likely - today) * stretch
        for end in found.ends
        if end.likely is not None
    }
