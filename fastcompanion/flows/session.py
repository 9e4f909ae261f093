"""A study session: open a lesson and start the timer; stop it, log it, commit it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from fastcompanion.base import clock, config, events, store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.events import Event
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import progress
from fastcompanion.course.library import lessons
from fastcompanion.course.model import Lesson, Step
from fastcompanion.course.progress import NextStep
from fastcompanion.flows import ending, opening
from fastcompanion.flows.ending import Ask, Ending
from fastcompanion.study import journal, timer
from fastcompanion.study.journal import Entry, Logged
from fastcompanion.study.timer import Timer


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
    """A session that is under way. `notebook` is relative to the study.

    `stopped` is the session that was ended for it.
    """

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
    stopped: Logged | None = None


@frozen
class Cancelled:
    """A session that was given up: nothing of it is logged. `log_it` is the command that would."""

    lesson: str | None
    started: datetime
    minutes: int
    log_it: str


def start(
    ws: Workspace,
    text: str | None,
    *,
    open_it: bool,
    dry_run: bool = False,
    reporter: Reporter,
    switch: Callable[[str], bool] | None = None,
    ask: Ask | None = None,
) -> Started:
    """Open a lesson at its current step and start the timer.

    The notebook of the step is made when it is missing and never overwritten. Starting twice
    says that the session is running. For another lesson, and where the session that is running
    was forgotten, `switch` is asked whether to stop it first; `ask` is that of `stop`.
    """
    running = timer.running(ws)
    course, lesson = lessons.find(ws, text or (running.lesson if running else None))
    stopped = None
    if running is not None and _in_the_way(ws, running, lesson, switch):
        if not dry_run:
            stopped = stop(ws, note=None, ask=ask)
        running = None
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
        ways=_ways(lesson, step),
        stopped=stopped,
    )


def _in_the_way(
    ws: Workspace, running: Timer, lesson: Lesson, switch: Callable[[str], bool] | None
) -> bool:
    """Say whether the session that is running is to be stopped for a new one."""
    since = f"{running.started:%Y-%m-%d %H:%M}"
    if running.lesson == lesson.id:
        if not timer.forgotten(running, ending.planned(ws, running)):
            return False
        question = f"The session on {lesson.id} is running since {since}. Stop it and begin anew?"
        return switch is not None and switch(question)
    what = running.lesson or "something else"
    question = f"A session on {what} is running since {since}. Stop it and start {lesson.id}?"
    if switch is not None and switch(question):
        return True
    raise CompanionError(
        f"a session on {what} is running since {since}",
        hint=f"fastcompanion start {lesson.id} --switch, which stops it first",
    )


def _ways(lesson: Lesson, step: NextStep | None) -> tuple[Way, ...]:
    name = lesson.id
    asked = (Way(f"fastcompanion review --lesson {name}", "answer its questions"),)
    ways = {
        "watch": (
            *(asked if lesson.cards else ()),
            Way(f"fastcompanion lesson done {name} watch", "when you have seen it"),
        ),
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
    ask: Ask | None = None,
    dry_run: bool = False,
) -> Logged:
    """End the session: one log line and one commit with the learner's notebooks and progress.

    The timer is forgotten only when the line stands in the log, so nothing is lost on a crash,
    and the line has the timer's id, so nothing is logged twice. Where it ran far longer than
    planned, `ask` is asked; without it the planned minutes are logged, and marked as a guess.
    """
    running = _running(ws)
    # Asked before the lock is taken: a person may take any time to answer.
    found = ending.of(ws, running, at=at, ago=ago, minutes=minutes, ask=None if dry_run else ask)
    if dry_run:
        entry = _entry(ws, running, note, found)
        return Logged(entry, ws.relative(ws.day_file(journal.study_day(entry.at))), None)
    with _alone(ws):
        if _running(ws).id != running.id:
            raise CompanionError("another session was begun meanwhile", hint="fastcompanion stop")
        entry = _entry(ws, running, note, found)
        steps = ", ".join(_steps(ws, running)) or entry.step
        about = " ".join(word for word in ("Study", entry.lesson, steps) if word)
        paths = _own_files(ws, _touched(ws, running))
        # A log that is kept out of git is not told by the commits of the work either.
        told = config.load(ws).get("privacy.log")
        message = f"{about}, {entry.minutes} min" if told else about
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


def cancel(ws: Workspace, *, dry_run: bool = False) -> Cancelled:
    """Give the session up: the timer is forgotten, nothing is logged, files stay as they are."""
    with _alone(ws):
        running = _running(ws)
        ran = timer.minutes_between(running.started, max(clock.now(), running.started))
        if not dry_run:
            timer.clear(ws)
    lesson = f" -l {running.lesson}" if running.lesson else ""
    began = clock.stamp(running.started)
    log_it = f'fastcompanion log add "what I did" -m {min(ran, timer.LONGEST)}{lesson} --at {began}'
    return Cancelled(running.lesson, running.started, ran, log_it)


def _entry(ws: Workspace, running: Timer, note: str | None, found: Ending) -> Entry:
    """Make the log line of a session; its step is the one that the learner came to in it."""
    step = next(iter(_steps(ws, running)[::-1]), running.step)
    return Entry(
        running.id,
        running.started,
        found.minutes,
        running.lesson,
        step,
        (note or "").strip(),
        found.guessed,
    )


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
