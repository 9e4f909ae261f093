"""From the week of a plan to moments: which slots come, in the plan's zone, whatever its clocks do.

In a gap (the clock jumps over the time) a slot moves by the length of the gap: 02:30 becomes
03:30. Of a time that the clock shows twice the first is taken. No moment is given twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from fastcompanion.base.records import frozen
from fastcompanion.study.plan import zones
from fastcompanion.study.plan.plan import DAYS, Plan, Slot

# A pause that lasts longer than this has no slot after it.
_HORIZON = timedelta(days=3660)


@frozen
class Occurrence:
    """One slot on one day: `id` is the wall time that the plan names, `at` the moment it is."""

    id: str
    at: datetime
    minutes: int

    @property
    def ends(self) -> datetime:
        """When its minutes are over."""
        return zones.later(self.at, timedelta(minutes=self.minutes))

    @property
    def moved(self) -> bool:
        """Whether the clock jumps over the planned time, so that it begins later."""
        return f"{self.at:%Y-%m-%dT%H:%M}" != self.id

    @property
    def twice(self) -> bool:
        """Whether the clock shows this time twice; it is the first of the two."""
        return self.at.utcoffset() != self.at.replace(fold=1).utcoffset() and not self.moved


def between(plan: Plan, first: date, last: date) -> tuple[Occurrence, ...]:
    """Give the slots of some days, the last one included, in order; those in a pause are left out."""
    found: dict[datetime, Occurrence] = {}
    days = (last - first).days + 1
    for day in (first + timedelta(days=n) for n in range(days)):
        for one in _on(plan, day):
            moment = one.at.astimezone(UTC)
            known = found.get(moment)
            if known is None or known.minutes < one.minutes:
                found[moment] = one
    return tuple(found[moment] for moment in sorted(found))


def upcoming(plan: Plan, after: datetime, count: int) -> tuple[Occurrence, ...]:
    """Give the next slots that begin after a moment, as many as there are up to `count`."""
    found: list[Occurrence] = []
    for one in _from(plan, after):
        if len(found) == count:
            break
        found.append(one)
    return tuple(found)


def _from(plan: Plan, after: datetime) -> Iterator[Occurrence]:
    # Moments of one zone compare by what the wall shows, so both are taken to UTC.
    moment = after.astimezone(UTC)
    today = after.astimezone(plan.zone).date()
    for week in range(_HORIZON.days // 7 if plan.slots else 0):
        first = today + timedelta(days=7 * week)
        for one in between(plan, first, first + timedelta(days=6)):
            if one.at.astimezone(UTC) > moment:
                yield one


def _on(plan: Plan, day: date) -> Iterator[Occurrence]:
    slots = [slot for slot in plan.slots if DAYS[day.weekday()] in slot.days]
    if slots and plan.paused(day) is None:
        zone = plan.zone
        for slot in slots:
            at = zones.at(day, slot.at, zone)
            yield Occurrence(f"{day}T{slot.at:%H:%M}", at, slot.minutes)


def early(slot: Slot) -> bool:
    """Whether a slot lies in the hours in which clocks change (01:00 to 04:00)."""
    return 1 <= slot.at.hour < 4


def overlaps(plan: Plan) -> list[tuple[tuple[str, Slot], tuple[str, Slot]]]:
    """Give each slot of the week that goes on when the next one begins, with that one."""
    rows = [
        (DAYS.index(day) * 1440 + one.at.hour * 60 + one.at.minute, day, one)
        for one in plan.slots
        for day in one.days
    ]
    week = sorted(rows, key=lambda row: row[0])
    found = []
    for number, (begin, day, one) in enumerate(week if len(week) > 1 else []):
        after, next_day, other = week[(number + 1) % len(week)]
        if begin + one.minutes > after + (7 * 1440 if number + 1 == len(week) else 0):
            found.append(((day, one), (next_day, other)))
    return found
