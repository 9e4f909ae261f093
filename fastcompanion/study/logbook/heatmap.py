"""The heat map: minutes of study per study day, for the terminal and as a picture for the README.

The picture depends on the log, the plan's pauses and the week of today alone, so the same log gives
the same bytes on every machine. It comes in a light and a dark form: GitHub and browsers choose.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from fastcompanion.base.records import frozen
from fastcompanion.study import journal
from fastcompanion.study.journal import Entry
from fastcompanion.study.plan.plan import Plan

WEEKS = 26
# From so many minutes on a day has this level; level 0 is a day without study.
LEVELS = (1, 20, 45, 90)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@frozen
class Day:
    """One study day: its minutes, the level of its colour, and whether the plan is paused."""

    day: date
    minutes: int
    level: int
    paused: bool = False


@frozen
class HeatMap:
    """Weeks of seven days, Monday first; the days of this week that are to come are left out."""

    first: date
    last: date
    minutes: int
    days_studied: int
    days: tuple[Day, ...]


def of(entries: Iterable[Entry], plan: Plan | None, today: date, *, weeks: int = WEEKS) -> HeatMap:
    """Compute the heat map of the last weeks, up to today."""
    monday = today - timedelta(days=today.weekday())
    first = monday - timedelta(days=7 * (weeks - 1))
    minutes: dict[date, int] = {}
    for entry in entries:
        day = journal.study_day(entry.at)
        if first <= day <= today:
            minutes[day] = minutes.get(day, 0) + entry.minutes
    days = tuple(
        Day(day, found, level(found), plan is not None and plan.paused(day) is not None)
        for day in (first + timedelta(days=n) for n in range((today - first).days + 1))
        for found in (minutes.get(day, 0),)
    )
    return HeatMap(first, today, sum(minutes.values()), len(minutes), days)


def level(minutes: int) -> int:
    """Give the level of a day: 0 without study, up to 4."""
    return sum(minutes >= least for least in LEVELS)


def months(found: HeatMap) -> tuple[str, ...]:
    """Name the month above each week that is the first of its month, "" above the others."""
    mondays = [one.day for one in found.days if one.day.weekday() == 0]
    names = [_MONTHS[monday.month - 1] for monday in mondays]
    above = [
        name if number == 0 or names[number - 1] != name else ""
        for number, name in enumerate(names)
    ]
    # The name of a month that only ends in the first week would run into the next one.
    return ("", *above[1:]) if any(above[1:3]) else tuple(above)


@frozen
class _Colours:
    """The colours of one form: text, the five levels, a paused day and its border."""

    text: str
    levels: tuple[str, ...]
    paused: str
    edge: str


_LIGHT = _Colours(
    "#57606a", ("#ebedf0", "#b7dfc3", "#6fc08a", "#33925a", "#175c35"), "#d8d5ee", "#a8a1d6"
)
_DARK = _Colours(
    "#9198a1", ("#21262d", "#0f4a2c", "#1a7443", "#35a562", "#7ee2a0"), "#2f2b4d", "#6a62a8"
)
_STEP, _SIDE, _LEFT, _TOP = 14, 11, 34, 22


def svg(found: HeatMap, *, dark: bool = False) -> str:
    """Draw the heat map; each day says its date and minutes to who points at it."""
    colours = _DARK if dark else _LIGHT
    weeks = (len(found.days) + 6) // 7
    width, height = _LEFT + weeks * _STEP + 4, _TOP + 7 * _STEP + 26
    title = f"{found.minutes} minutes of study on {found.days_studied} days"
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{title}">',
        f"<title>{title}, {found.first} to {found.last}</title>",
        f'<g font-family="sans-serif" font-size="10" fill="{colours.text}">',
        *_labels(found),
        *_legend(colours, height - 12),
        "</g>",
        *_squares(found.days, colours),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _labels(found: HeatMap) -> Iterator[str]:
    for row in (0, 2, 4, 6):
        yield f'<text x="2" y="{_TOP + row * _STEP + 9}">{WEEKDAYS[row]}</text>'
    for column, name in enumerate(months(found)):
        if name:
            yield f'<text x="{_LEFT + column * _STEP}" y="{_TOP - 8}">{name}</text>'


def _legend(colours: _Colours, top: int) -> Iterator[str]:
    x = _LEFT
    yield f'<text x="{x}" y="{top + 9}">minutes: 0</text>'
    x += 62
    for least, colour in zip((0, *LEVELS), colours.levels, strict=True):
        words = f'<text x="{x + 14}" y="{top + 9}">{least}+</text>' if least else ""
        yield _square(x, top, colour) + words
        x += 38 if least else 16
    yield _square(x, top, colours.paused, colours.edge)
    yield f'<text x="{x + 14}" y="{top + 9}">paused</text>'


def _squares(days: Sequence[Day], colours: _Colours) -> Iterator[str]:
    for number, one in enumerate(days):
        x, y = _LEFT + number // 7 * _STEP, _TOP + number % 7 * _STEP
        about = f"<title>{one.day}: {one.minutes} min{', paused' if one.paused else ''}</title>"
        paused = one.paused and not one.minutes
        colour = colours.paused if paused else colours.levels[one.level]
        yield _square(x, y, colour, colours.edge if one.paused else "", about)


def _square(x: int, y: int, colour: str, edge: str = "", about: str = "") -> str:
    border = f' stroke="{edge}"' if edge else ""
    start = f'<rect x="{x}" y="{y}" width="{_SIDE}" height="{_SIDE}" rx="2" fill="{colour}"{border}'
    return f"{start}>{about}</rect>" if about else f"{start}/>"
