"""Dates for lessons and for the course, and how often they were moved: read from the events.

Nothing is overwritten: each move is an event of its own, and the newest one holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from fastcompanion.base.events import Event
from fastcompanion.base.records import frozen

SET, REFLOWED, PAUSED = "plan.set", "plan.reflowed", "plan.paused"


@frozen
class Kept:
    """A date, since when it holds, and why it was set."""

    day: date | None
    since: date
    why: str


@frozen
class Deadline:
    """The date of a lesson ("" is the course) with those it had before, the oldest first."""

    lesson: str
    day: date | None
    before: tuple[Kept, ...]

    @property
    def moved(self) -> int:
        """How often it was moved."""
        return len(self.before)


def of_lessons(known: Iterable[Event]) -> dict[str, Deadline]:
    """Give the date of each lesson that has or had one."""
    found: dict[str, list[Kept]] = {}
    for event in known:
        dates = event.data.get("deadlines")
        if event.kind in (SET, REFLOWED) and isinstance(dates, Mapping):
            for lesson, text in dates.items():
                _keep(found.setdefault(str(lesson), []), event, text)
    return {lesson: _deadline(lesson, kept, kept[-1].day) for lesson, kept in found.items()}


def of_course(known: Iterable[Event], now: date | None) -> Deadline:
    """Give the date of the course; `now` is the one in the plan, which may be edited by hand."""
    kept: list[Kept] = []
    for event in known:
        if event.kind == SET and "deadline" in event.data:
            _keep(kept, event, event.data["deadline"])
    return _deadline("", kept, now)


def _keep(kept: list[Kept], event: Event, text: object) -> None:
    try:
        day = date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return
    if not kept or kept[-1].day != day:
        kept.append(Kept(day, event.at.date(), str(event.data.get("why") or "")))


def _deadline(lesson: str, kept: list[Kept], now: date | None) -> Deadline:
    """Leave out of the history what holds still, and the time before there was any date."""
    before = kept[:-1] if kept and kept[-1].day == now else kept
    return Deadline(lesson, now, tuple(one for one in before if one.day is not None))
