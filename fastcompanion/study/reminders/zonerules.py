"""A time zone as iCalendar wants it (RFC 5545, section 3.6.5): computed from the zone itself.

Generators of others let daylight time begin at the hour that the clock jumps to; the standard wants
the wall time before the jump, in the offset that ends with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from fastcompanion.base.records import frozen

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = timedelta(days=1)


@frozen
class Change:
    """One change of a zone's offset: `wall` is what the clock shows as it happens, before it."""

    wall: datetime
    before: timedelta
    after: timedelta
    name: str
    daylight: bool

    @property
    def kind(self) -> tuple[timedelta, timedelta, str, bool]:
        """What changes of the same sort have in common."""
        return self.before, self.after, self.name, self.daylight


def changes(zone: ZoneInfo, first: date, last: date) -> tuple[Change, ...]:
    """Give the changes of some years, whole ones around the days that are asked for."""
    begin = datetime(first.year - 1, 1, 1, tzinfo=UTC)
    end = datetime(last.year + 1, 12, 31, tzinfo=UTC)
    return tuple(_between(zone, begin, end))


def _between(zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[Change]:
    moment = begin
    while moment < end:
        if _offset(zone, moment) != _offset(zone, moment + _DAY):
            yield _change(zone, moment, moment + _DAY)
        moment += _DAY


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None, "a zone has an offset at any time"
    return offset


def _change(zone: ZoneInfo, low: datetime, high: datetime) -> Change:
    """Find the second in which an offset ends."""
    before = _offset(zone, low)
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    there = high.astimezone(zone)
    return Change(
        wall=(high + before).replace(tzinfo=None),
        before=before,
        after=_offset(zone, high),
        name=there.tzname() or "",
        daylight=bool(there.dst()),
    )


def component(zone: ZoneInfo, first: date, last: date) -> list[str]:
    """Write a VTIMEZONE that holds for these days, with a yearly rule where the zone has one."""
    lines = ["BEGIN:VTIMEZONE", f"TZID:{zone.key}"]
    found = changes(zone, first, last)
    if found:
        for kind in dict.fromkeys(change.kind for change in found):
            lines += _observance([change for change in found if change.kind == kind])
    else:
        lines += _steady(zone, first)
    return [*lines, "END:VTIMEZONE"]


def _steady(zone: ZoneInfo, first: date) -> list[str]:
    here = datetime(first.year, first.month, first.day, tzinfo=UTC).astimezone(zone)
    offset = _offset(zone, here)
    always = Change(datetime(1970, 1, 1), offset, offset, here.tzname() or "", daylight=False)  # noqa: DTZ001
    return _observance([always])


def _observance(found: list[Change]) -> list[str]:
    """Write the changes of one sort: the first, and a rule or the dates of the others."""
    change = found[0]
    name = "DAYLIGHT" if change.daylight else "STANDARD"
    walls = [one.wall for one in found]
    lines = [f"BEGIN:{name}", f"DTSTART:{_written(change.wall)}"]
    lines += _yearly(walls) or [f"RDATE:{_written(wall)}" for wall in walls[1:]]
    lines += [f"TZOFFSETFROM:{_signed(change.before)}", f"TZOFFSETTO:{_signed(change.after)}"]
    lines += [f"TZNAME:{change.name}"] if change.name else []
    return [*lines, f"END:{name}"]


def _yearly(walls: list[datetime]) -> list[str]:
    """Find the rule that all changes of a sort follow, such as the last Sunday of a month."""
    first = walls[0]
    every_year = [one.year for one in walls] == list(range(first.year, first.year + len(walls)))
    same = {(one.month, one.weekday(), one.time()) for one in walls}
    if len(walls) < 3 or not every_year or len(same) > 1:
        return []
    weeks = {(one.day - 1) // 7 + 1 for one in walls}
    last = all((one + 7 * _DAY).month != one.month for one in walls)
    if not last and len(weeks) > 1:
        return []
    week = -1 if last else weeks.pop()
    return [f"RRULE:FREQ=YEARLY;BYMONTH={first.month};BYDAY={week}{_DAYS[first.weekday()]}"]


def _written(wall: datetime) -> str:
    return f"{wall:%Y%m%dT%H%M%S}"


def _signed(offset: timedelta) -> str:
    seconds = round(offset.total_seconds())
    hours, rest = divmod(abs(seconds), 3600)
    minutes, left = divmod(rest, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02}{minutes:02}" + (f"{left:02}" if left else "")
