"""A study session: open a lesson and start the timer; stop it, log it, commit it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from pathlib import Path

from fastcompanion.base import clock, events, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.events import Event
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import progress
from fastcompanion.course.library import lessons
from fastcompanion.course.model import Lesson, Step
from fastcompanion.course.progress import NextStep
from fastcompanion.flows import opening
from fastcompanion.study import journal, timer
from fastcompanion.study.journal import Entry, Logged, Problem
from fastcompanion.study.timer import Timer

_STEP = re.compile(r"[a-z][a-z-]*")
_DAY = re.compile(r"(?P<day>today|yesterday|\d{4}-\d\d-\d\d)[ T](?P<time>\d{1,2}:\d\d)")


@frozen
class Link:
    """An address that belongs to a lesson."""

    title: str
    url: str


@frozen
class Way:
    """A command that goes on from here, and its reason."""

    command: str
    why: str


@frozen
class Started:
    """A session that is under way. `notebook` is relative to the study."""

    lesson: str
    title: str
    step: str | None
    started: datetime
    already_running: bool
    notebook: str | None
    notebook_is_new: bool
    opened_with: str | None
    links: tuple[Link, ...]
    goals: tuple[str, ...]
    next: NextStep | None
    ways: tuple[Way, ...]


@frozen
class LogShown:
    """A part of the log; `minutes` is computed from its sessions."""

    sessions: tuple[Entry, ...]
    minutes: int
    problems: tuple[Problem, ...]


def start(
    ws: Workspace, text: str | None, *, open_it: bool, dry_run: bool = False, reporter: Reporter
) -> Started:
    """Open a lesson at its current step and start the timer.

    The notebook of the step is made when it is missing and never overwritten. Starting twice
    says that the session is running; another lesson has to wait for `stop`.
    """
    running = timer.running(ws)
    course, lesson = lessons.find(ws, text or (running.lesson if running else None))
    if running is not None and running.lesson != lesson.id:
        raise _other_lesson(running)
    known = events.read(ws)
    found = progress.by_lesson(known).get(lesson.id, [])
    step = progress.next_in_lesson(course, lesson, found)
    prepared = opening.prepare(ws, course, lesson, step, dry_run=dry_run, reporter=reporter)
    session = running or _begin(ws, lesson, step, found, dry_run=dry_run)
    opened = None
    if open_it and not dry_run and prepared.notebook is not None:
        opened = opening.show(ws, prepared.notebook, course=course, reporter=reporter)
    return Started(
        lesson=lesson.id,
        title=lesson.title,
        step=step.step if step else None,
        started=session.started,
        already_running=running is not None,
        notebook=ws.relative(prepared.notebook) if prepared.notebook else None,
        notebook_is_new=prepared.is_new,
        opened_with=opened,
        links=_links(lesson),
        goals=lesson.goals,
        next=step,
        ways=_ways(lesson.id, step),
    )


def _ways(name: str, step: NextStep | None) -> tuple[Way, ...]:
    ways = {
        "watch": (Way(f"fastcompanion lesson done {name} watch", "when you have seen it"),),
        "run": (
            Way(f"fastcompanion lesson run {name} --execute", "run it in a fresh kernel"),
            Way(f"fastcompanion lesson experiment add {name}", "record what you changed"),
        ),
        "reproduce": (
            Way(f"fastcompanion check {name}", "when a section stands"),
            Way(f"fastcompanion hint {name}", "when you are stuck"),
        ),
        "repeat": (
            Way(f"fastcompanion lesson repeat {name} PATH", "makes a notebook for your data"),
            Way(f"fastcompanion check {name} --step repeat", "when your model is trained"),
            Way(f"fastcompanion lesson done {name} repeat", "when you did it elsewhere"),
        ),
    }
    return (*(ways[step.step] if step else ()), Way("fastcompanion stop", "at the end"))


def _other_lesson(running: Timer) -> CompanionError:
    return CompanionError(
        f"a session on {running.lesson or 'something else'} is running "
        f"since {running.started:%H:%M}",
        hint="fastcompanion stop",
    )


def _begin(
    ws: Workspace, lesson: Lesson, step: NextStep | None, found: list[Event], *, dry_run: bool
) -> Timer:
    words = {"lesson": lesson.id, "step": step.step if step else None}
    if dry_run:
        return Timer("dry-run", clock.now(), **words)
    with _alone(ws):
        begun = timer.start(ws, **words, notebook=step.notebook if step else None)
        if not any(event.kind == "lesson.started" for event in found):
            events.record(ws, "lesson.started", lesson.id)
    return begun


def _alone(ws: Workspace) -> AbstractContextManager[None]:
    busy = "another command is starting or stopping the session"
    return store.lock(ws.lock("session"), busy=busy, wait=30)


def _links(lesson: Lesson) -> tuple[Link, ...]:
    named = (("video", lesson.video), ("lesson page", lesson.page), *lesson.links)
    return tuple(Link(title, url) for title, url in named if url)


def stop(
    ws: Workspace,
    *,
    note: str | None,
    at: str | None = None,
    ago: int | None = None,
    minutes: int | None = None,
    dry_run: bool = False,
) -> Logged:
    """End the session: one log line and one commit with the learner's notebooks and progress.

    The timer is forgotten only when the line stands in the log, so nothing is lost on a crash,
    and the line has the timer's id, so nothing is logged twice.
    """
    if dry_run:
        entry = _entry(ws, _running(ws), note, at=at, ago=ago, minutes=minutes)
        return Logged(entry, ws.relative(ws.day_file(journal.study_day(entry.at))), None)
    with _alone(ws):
        running = _running(ws)
        entry = _entry(ws, running, note, at=at, ago=ago, minutes=minutes)
        steps = ", ".join(_steps(ws, running)) or entry.step
        about = " ".join(word for word in ("Study", entry.lesson, steps) if word)
        paths = _own_files(ws, _touched(ws, running))
        message = f"{about}, {entry.minutes} min"
        logged = journal.keep(ws, entry, paths=paths, message=message)
        timer.clear(ws)
    return logged


def _running(ws: Workspace) -> Timer:
    running = timer.running(ws)
    if running is None:
        raise CompanionError(
            "no session is running", hint='fastcompanion log add "what I did" --minutes 45'
        )
    return running


def _entry(
    ws: Workspace,
    running: Timer,
    note: str | None,
    *,
    at: str | None,
    ago: int | None,
    minutes: int | None,
) -> Entry:
    """Make the log line of a session; its step is the one that the learner came to in it."""
    end = timer.end_of(running, at=at, ago=ago, minutes=minutes)
    length = timer.minutes_between(running.started, end)
    step = next(iter(_steps(ws, running)[::-1]), running.step)
    return Entry(running.id, running.started, length, running.lesson, step, (note or "").strip())


def _steps(ws: Workspace, running: Timer) -> list[Step]:
    """Give the steps of the session's lesson that were worked on, the one of last in the end."""
    mine = [event for event in _during(ws, running) if event.lesson == running.lesson]
    steps = [step for step in map(progress.step_of, mine) if step]
    return list(dict.fromkeys(steps[::-1]))[::-1]


def _during(ws: Workspace, running: Timer) -> list[Event]:
    """Give the events of a session, public and private, in order."""
    known = [*events.read(ws), *events.read(ws, private=True)]
    mine = [event for event in known if event.at >= running.started]
    return sorted(mine, key=lambda event: (event.at, event.id))


def _touched(ws: Workspace, running: Timer) -> set[str]:
    """Give the lessons of a session: the one it was started for, and those with an event in it."""
    touched = {event.lesson for event in _during(ws, running)} | {running.lesson}
    return {lesson for lesson in touched if lesson}


def _own_files(ws: Workspace, touched: Iterable[str]) -> list[Path]:
    """Give the learner's own files of some lessons; copies of originals are not among them."""
    found: list[Path] = []
    for lesson_id in sorted(touched):
        folder = ws.lesson_folder(lesson_id)
        for pattern in (
            "*.scratch.ipynb",
            "*.repeat.ipynb",
            "*.repeat/*.json",
            "*.repeat/splits.csv",
            "*.checks.json",
            "notes.md",
        ):
            found.extend(sorted(folder.glob(pattern)))
    return found


def show_log(ws: Workspace, *, everything: bool = False) -> LogShown:
    """Give this week's sessions or all of them; entries that were undone stay out."""
    days = None if everything else journal.days_of_week(journal.study_day(clock.now()))
    log = journal.read(ws, days, undone=journal.undone(ws, events.read(ws)))
    return LogShown(log.entries, log.minutes, log.problems)


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
        raise CompanionError("say in a few words what you did", code=Exit.USAGE)
    if step is not None and not _STEP.fullmatch(step):
        raise CompanionError(f"a step is one lower-case word, not {step!r}", code=Exit.USAGE)
    began = _moment(at) if at else clock.now() - timedelta(minutes=minutes)
    lesson_id = lessons.find(ws, lesson)[1].id if lesson else None
    entry = Entry(clock.new_id(), began, minutes, lesson_id, step, text.strip())
    if dry_run:
        return Logged(entry, ws.relative(ws.day_file(journal.study_day(began))), None)
    return journal.keep(ws, entry)


def _moment(text: str) -> datetime:
    found = _DAY.fullmatch(text.strip())
    if found is None:
        began = _time_or_forms(text)
    else:
        began = clock.local(datetime.combine(_day(found["day"]), timer.time_of_day(found["time"])))
    if began > clock.now():
        raise CompanionError(
            f"{text} is still to come", hint='Write it like "yesterday 20:00".', code=Exit.USAGE
        )
    return began


def _time_or_forms(text: str) -> datetime:
    try:
        return timer.moment(text)
    except CompanionError as error:
        forms = '19:30, "yesterday 20:00", "2026-11-20 20:00" or 2026-11-20T20:00:00+01:00'
        raise CompanionError(error.message, hint=f"--at {forms}", code=Exit.USAGE) from None


def _day(word: str) -> date:
    if word in ("today", "yesterday"):
        return clock.today() - timedelta(days=word == "yesterday")
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise CompanionError(f"{word} is no day of the calendar", code=Exit.USAGE) from None
