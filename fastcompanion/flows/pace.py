"""How long things take this learner: a section, a section from memory. From log, events and cards.

What the log says of a session also holds its cards and its section from memory, so these are taken
off before the rest is shared among the sections that passed. Of little that is known, the author's
minutes count as two sections more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from fastcompanion.base.events import Event
from fastcompanion.course import again
from fastcompanion.course.review.cards import Review
from fastcompanion.study import journal
from fastcompanion.study.journal import Entry
from fastcompanion.study.plan import effort
from fastcompanion.study.plan.effort import Work

_TOLD = 2  # so many sections the author's word counts for
_FROM_MEMORY = (3, 20)  # minutes that a section from memory takes at least and at most
_LONGEST = 90  # a section that was begun so many minutes before was left lying
_SECTIONS = 8  # of a lesson that nobody has cut yet


def section(
    works: Sequence[Work],
    lesson: str,
    known: Sequence[Event],
    entries: Iterable[Entry],
    reviews: Iterable[Review],
) -> float:
    """Give the minutes that a section of a lesson takes."""
    work = next(one for one in works if one.lesson == lesson)
    step = next(one for one in work.steps if one.step == "reproduce")
    total = _sections(known, lesson)
    told = step.minutes * effort.factors(works).get("reproduce", 1.0) / total
    done = step.part * total
    if not step.spent or not done:
        return told
    spent = step.spent - _beside(lesson, known, entries, reviews)
    return (_TOLD * told + max(spent, step.spent / 3)) / (_TOLD + done)


def _sections(known: Sequence[Event], lesson: str) -> int:
    """Count the sections of a lesson, as its scaffold or its last check has told them."""
    counts = [
        len(event.data["sections"])
        for event in known
        if event.lesson == lesson
        and event.kind in ("lesson.scaffolded", "lesson.checked")
        and isinstance(event.data.get("sections"), list | dict)
    ]
    return max(counts, default=0) or _SECTIONS


def _beside(
    lesson: str, known: Iterable[Event], entries: Iterable[Entry], reviews: Iterable[Review]
) -> float:
    """Give the minutes of cards and of sections from memory on the days of a lesson's reproduction."""
    days: set[date] = {
        journal.study_day(entry.at)
        for entry in entries
        if (entry.lesson, entry.step) == (lesson, "reproduce")
    }
    cards = sum(review.seconds or 0 for review in reviews if review.day in days) / 60
    return cards + sum(minutes for day, minutes in recalls(known) if day in days)


def recalls(known: Iterable[Event]) -> list[tuple[date, float]]:
    """Give day and minutes of each section that was written from memory in one go."""
    begun: dict[again.Key, Event] = {}
    found = []
    for event in sorted(known, key=lambda event: (event.at, event.id)):
        where = (event.data.get("notebook"), event.data.get("section"))
        key = (str(event.lesson), str(where[0]), str(where[1]))
        if event.kind == again.BEGUN:
            begun[key] = event
        elif event.kind == again.RECALLED and key in begun:
            took = (event.at - begun.pop(key).at).total_seconds() / 60
            if 0 < took < _LONGEST:
                found.append((journal.study_day(event.at), took))
    return found


def from_memory(first: float, known: Iterable[Event]) -> int:
    """Give the minutes of a section from memory: half of what it took first, or as it took so far."""
    took = [minutes for _, minutes in recalls(known)]
    usual = (_TOLD * first / 2 + sum(took)) / (_TOLD + len(took))
    return round(min(max(usual, _FROM_MEMORY[0]), _FROM_MEMORY[1]))
