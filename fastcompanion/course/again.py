"""Passed sections come back blank, spaced like cards: which are due, and when. Pure.

What the learner wrote again is in the events `section.recalled`, each with the day of the next
time; the first time is two days after the section has passed, or three after its solution was
shown. Whatever has piled up, only a few are said to be due.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Literal

from fastcompanion.base.events import Event
from fastcompanion.base.records import frozen

AFTER = timedelta(days=3)
FIRST = timedelta(days=2)  # what the scheduler of cards gives a first "good"
MOST = 3
RECALLED, BEGUN, TRIED = "section.recalled", "again.begun", "again.checked"
Grade = Literal["again", "hard", "good", "easy"]
Key = tuple[str, str, str]
_DONE = ("passed", "self-assessed")
_GRADES: tuple[Grade, ...] = ("again", "hard", "good", "easy")


@frozen
class Again:
    """A section to be written again from `day` on; `solved` says that its solution was shown.

    One that has not `passed` yet is written in the learner's own notebook, every other one in a
    notebook of its own.
    """

    lesson: str
    notebook: str
    section: str
    day: date
    solved: bool = False
    passed: bool = True


@frozen
class Standing:
    """What is known of one section: when it was done and how well, and when it comes back."""

    day: date
    history: tuple[tuple[date, Grade], ...]
    passed: bool
    solved: bool = False


@frozen
class Begun:
    """A section that is being written again, since when."""

    lesson: str
    notebook: str
    section: str
    at: datetime


def _ordered(found: Iterable[Event]) -> list[Event]:
    return sorted(found, key=lambda event: (event.at, event.id))


def standings(found: Iterable[Event]) -> dict[Key, Standing]:
    """Say of each section that passed, or was solved for the learner, when it comes back.

    The events may be the public and the private ones together, in any order.
    """
    known: dict[Key, Standing] = {}
    for event in _ordered(found):
        if event.lesson is None:
            continue
        name, day = str(event.data.get("notebook")), event.at.date()
        key = (event.lesson, name, str(event.data.get("section")))
        if event.kind == "hint.shown" and "again" in event.data:
            known[key] = _solved(known.get(key), day, _day(event.data["again"], day + AFTER))
        elif event.kind == RECALLED and event.data.get("grade") in _GRADES:
            known[key] = _recalled(known.get(key), event, day)
        elif event.kind == "lesson.checked" and isinstance(event.data.get("sections"), dict):
            for section, word in event.data["sections"].items():
                if word in _DONE:
                    own = (event.lesson, name, str(section))
                    known[own] = _passed(known.get(own), day)
    return known


def _day(text: object, otherwise: date) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return otherwise


def _solved(old: Standing | None, day: date, back: date) -> Standing:
    history = old.history if old else ()
    return Standing(back, (*history, (day, "again")), old.passed if old else False, solved=True)


def _recalled(old: Standing | None, event: Event, day: date) -> Standing:
    grade: Grade = next(one for one in _GRADES if one == event.data["grade"])
    history = (*(old.history if old else ()), (day, grade))
    return Standing(_day(event.data.get("again"), day + FIRST), history, passed=True)


def _passed(old: Standing | None, day: date) -> Standing:
    """A section is checked many times with its notebook; only a pass that was due counts anew."""
    if old is None or (old.solved and day >= old.day):
        history = old.history if old else ()
        return Standing(day + FIRST, (*history, (day, "good")), passed=True)
    return Standing(old.day, old.history, passed=True, solved=old.solved)


def due(found: Iterable[Event], today: date, *, most: int | None = MOST) -> tuple[Again, ...]:
    """List what is due by today, what was solved for the learner first, and no more than a few.

    The others follow by how late they are for their own interval, else in their own order.
    """
    known = [(key, one) for key, one in standings(found).items() if one.day <= today]
    ranked = sorted(known, key=lambda pair: (not pair[1].solved, -_late(pair[1], today)))
    return tuple(Again(*key, one.day, one.solved, one.passed) for key, one in ranked[:most])


def _late(one: Standing, today: date) -> float:
    last = one.history[-1][0]
    return (today - last).days / max(1, (one.day - last).days)


def recalled_on(found: Iterable[Event], day: date) -> bool:
    """Tell whether a section was written again on a day: one is enough."""
    return any(event.kind == RECALLED and event.at.date() == day for event in found)


def under_way(found: Iterable[Event]) -> Begun | None:
    """Give the section that is being written again: the one begun last, unless it is finished."""
    now: Begun | None = None
    for event in _ordered(found):
        where = event.lesson, event.data.get("notebook"), event.data.get("section")
        if event.kind == BEGUN and event.lesson is not None:
            now = Begun(event.lesson, str(where[1]), str(where[2]), event.at)
        elif event.kind == RECALLED and now and where == (now.lesson, now.notebook, now.section):
            now = None
    return now


def since(found: Iterable[Event], begun: Begun, kind: str) -> list[Event]:
    """Give the events of one kind about a section since it was begun again."""
    return [
        event
        for event in _ordered(found)
        if event.kind == kind
        and event.at >= begun.at
        and (event.lesson, event.data.get("notebook"), event.data.get("section"))
        == (begun.lesson, begun.notebook, begun.section)
    ]


def grade(tries: int, hints: Sequence[int]) -> Grade:
    """Grade a section that is right again: by the number of checks and the levels of its hints."""
    if 4 in hints:
        return "again"
    return "good" if tries <= 2 and not hints else "hard"
