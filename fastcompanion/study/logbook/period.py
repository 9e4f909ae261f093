"""Which days are meant by `today`, `2026-11-21`, `2026-W47`, `2026-11` or `2026`."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen

_WEEK = re.compile(r"(\d{4})-?[Ww](\d{1,2})")
_MONTH = re.compile(r"(\d{4})-(\d\d)")
_YEAR = re.compile(r"\d{4}")
# Far from these the week of a day may lie outside of the calendar.
_YEARS = range(1900, 2200)
_FORMS = "today, yesterday, week, lastweek, 2026-11-21, 2026-W47, 2026-11 or 2026"


@frozen
class Period:
    """Days from the first to the last, both included, and what they are called."""

    name: str
    first: date
    last: date

    @property
    def days(self) -> tuple[date, ...]:
        """Every day of it."""
        return tuple(
            self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)
        )


def find(text: str, today: date) -> Period:
    """Read a period; `today` is a study day."""
    word = text.strip().lower()
    if word in ("today", "yesterday"):
        return _day(today - timedelta(days=word == "yesterday"))
    if word in ("week", "thisweek"):
        return week(today)
    if word == "lastweek":
        return week(today - timedelta(days=7))
    try:
        found = _named(word)
        if found.first.year not in _YEARS:
            raise ValueError(word)
    except (ValueError, OverflowError):
        raise CompanionError(
            f"{text!r} is no day, week, month or year", hint=f"Write {_FORMS}.", code=Exit.USAGE
        ) from None
    return found


def _named(word: str) -> Period:
    """Read a name of the calendar, or raise ValueError."""
    if found := _WEEK.fullmatch(word):
        return week(date.fromisocalendar(int(found[1]), int(found[2]), 1))
    if found := _MONTH.fullmatch(word):
        year, month = int(found[1]), int(found[2])
        first = date(year, month, 1)
        return Period(word, first, first.replace(day=monthrange(year, month)[1]))
    if _YEAR.fullmatch(word):
        return Period(word, date(int(word), 1, 1), date(int(word), 12, 31))
    return _day(date.fromisoformat(word))


def _day(day: date) -> Period:
    return Period(str(day), day, day)


def week(day: date) -> Period:
    """Give the ISO week of a day, Monday first."""
    monday = day - timedelta(days=day.weekday())
    return Period(week_name(day), monday, monday + timedelta(days=6))


def week_name(day: date) -> str:
    """Name the ISO week of a day: 2026-W47."""
    year, number, _ = day.isocalendar()
    return f"{year}-W{number:02}"
