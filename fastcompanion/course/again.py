"""Sections whose solution was shown come back: which are due to be written again, and when. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from fastcompanion.base.events import Event
from fastcompanion.base.records import frozen

AFTER = timedelta(days=3)
_DONE = ("passed", "self-assessed")


@frozen
class Again:
    """A section that the learner wanted to write again from `day` on."""

    lesson: str
    notebook: str
    section: str
    day: date


def due(found: Iterable[Event], today: date) -> tuple[Again, ...]:
    """List what is due by today; a section is, until it has passed on its day or later.

    The events may be the public and the private ones together, in any order.
    """
    open_: dict[tuple[str, str, str], date] = {}
    for event in sorted(found, key=lambda event: (event.at, event.id)):
        if event.lesson is None:
            continue
        name = str(event.data.get("notebook"))
        if event.kind == "hint.shown" and "again" in event.data:
            key = (event.lesson, name, str(event.data.get("section")))
            open_[key] = date.fromisoformat(str(event.data["again"]))
        elif event.kind == "lesson.checked" and isinstance(event.data.get("sections"), dict):
            for section, word in event.data["sections"].items():
                key = (event.lesson, name, section)
                if word in _DONE and key in open_ and event.at.date() >= open_[key]:
                    del open_[key]
    return tuple(Again(*key, day) for key, day in open_.items() if day <= today)
