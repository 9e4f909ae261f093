"""The study log by hand: a session that the timer did not see, and one that needs a correction."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from importlib import import_module

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.study import journal, timer
from fastcompanion.study.journal import Changed, Entry, Logged

_FIRST_YEAR = 1900
# Patterns stay text and are compiled at their first use.
_STEP = "[a-z][a-z-]*"
_DAY = r"(?P<day>today|yesterday|\d{4}-\d\d-\d\d)[ T](?P<time>\d{1,2}:\d\d)"


@frozen
class Correction:
    """What is to be changed of an entry; None stays as it is."""

    minutes: int | None = None
    note: str | None = None
    lesson: str | None = None
    step: str | None = None
    at: str | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing is to be changed."""
        return self == Correction()


def log_session(
    ws: Workspace,
    text: str,
    *,
    minutes: int,
    lesson: str | None = None,
    step: str | None = None,
    at: str | None = None,
    dry_run: bool = False,
) -> Logged:
    """Add a session that the timer did not see; without a time it ended just now."""
    if not text.strip():
        raise CompanionError(
            "say in a few words what you did",
            hint=f'fastcompanion log add "Read chapter 4" --minutes {minutes}',
            code=Exit.USAGE,
        )
    began = _moment(at) if at else clock.now() - timedelta(minutes=minutes)
    lesson_id = _lesson(ws, lesson) if lesson else None
    entry = Entry(clock.new_id(), began, minutes, lesson_id, _step(step), text.strip())
    if dry_run:
        return Logged(entry, ws.relative(ws.day_file(journal.study_day(began))), None)
    return journal.keep(ws, entry)


def correct(
    ws: Workspace, wanted: str | None, correction: Correction, *, dry_run: bool = False
) -> Changed:
    """Change an entry (default: the one that was logged last) as a new commit."""
    old = journal.needed(ws, wanted)
    lesson, note, step = correction.lesson, correction.note, _step(correction.step)
    new = Entry(
        id=clock.new_id(),
        at=_moment(correction.at) if correction.at else old.at,
        minutes=correction.minutes or old.minutes,
        lesson=_lesson(ws, lesson) if lesson else old.lesson,
        step=step or old.step,
        note=old.note if note is None else note.strip(),
        guessed=old.guessed and correction.minutes is None,
    )
    return journal.change(ws, old, new, dry_run=dry_run)


def _lesson(ws: Workspace, text: str) -> str:
    """Find a lesson's id; the library of courses is loaded only where a lesson is named."""
    finding = import_module("fastcompanion.course.library.finding")
    return str(finding.find(ws, text)[1].id)


def _step(step: str | None) -> str | None:
    if step is not None and not re.fullmatch(_STEP, step):
        raise CompanionError(f"a step is one lower-case word, not {step!r}", code=Exit.USAGE)
    return step


def _moment(text: str) -> datetime:
    found = re.fullmatch(_DAY, text.strip())
    if found is None:
        began = _time_or_forms(text)
    else:
        began = timer.on_day(_day(found["day"]), timer.time_of_day(found["time"]))
    if began.year < _FIRST_YEAR:
        raise CompanionError(f"{text} is no time of yours", code=Exit.USAGE)
    if began > clock.now():
        raise CompanionError(
            f"{text} is still to come", hint='Write it like "yesterday 20:00".', code=Exit.USAGE
        )
    return began


def _time_or_forms(text: str) -> datetime:
    try:
        return timer.moment(text)
    except CompanionError as error:
        if error.hint and re.fullmatch(r"\d{1,2}:\d\d", text.strip()):
            raise
        forms = '19:30, "yesterday 20:00", "2026-11-20 20:00" or 2026-11-20T20:00:00+01:00'
        raise CompanionError(error.message, hint=f"--at {forms}", code=Exit.USAGE) from None


def _day(word: str) -> date:
    if word in ("today", "yesterday"):
        return clock.today() - timedelta(days=word == "yesterday")
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise CompanionError(f"{word} is no day of the calendar", code=Exit.USAGE) from None
