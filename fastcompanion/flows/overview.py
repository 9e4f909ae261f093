"""`status` and `next`: where am I, what comes next. Reads files only: no git, no network."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fastcompanion.base import clock, config, events
from fastcompanion.base.events import Event
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import course_file, progress
from fastcompanion.course.model import Course
from fastcompanion.course.progress import LessonProgress, NextStep
from fastcompanion.study import journal, timer
from fastcompanion.study.journal import Problem


@frozen
class Running:
    """The session under way; `forgotten` when it runs for twelve hours or more."""

    lesson: str | None
    step: str | None
    started: datetime
    minutes: int
    forgotten: bool


@frozen
class CourseLine:
    """One course of the study and how far it is."""

    id: str
    title: str
    lessons_done: int
    lessons_skipped: int
    lessons_total: int


@frozen
class Overview:
    """Where the learner is. Minutes are those of the study log."""

    study: str
    folder: str
    running: Running | None
    lesson: LessonProgress | None
    next: NextStep | None
    courses: tuple[CourseLine, ...]
    minutes_today: int
    minutes_week: int
    problems: tuple[Problem, ...]


def status(ws: Workspace) -> Overview:
    """Compute the overview from the events, this week's day files and the courses' outlines."""
    settings = config.load(ws)
    known = events.read(ws)
    found = [course_file.load(ws, course_id) for course_id in course_file.ids(ws)]
    own = progress.by_lesson(known)
    current = _current(found, known, str(settings.get("study.course")))
    upcoming = _next(current, found, known)
    lesson = _lesson(found, upcoming.lesson if upcoming else progress.last_lesson(known), own)
    today = journal.study_day(clock.now())
    week = journal.read(ws, journal.days_of_week(today), undone=journal.undone(known))
    return Overview(
        study=str(settings.get("study.name")),
        folder=str(ws.root),
        running=running(ws),
        lesson=lesson,
        next=upcoming,
        courses=tuple(_line(course, own) for course in found),
        minutes_today=sum(
            entry.minutes for entry in week.entries if journal.study_day(entry.at) == today
        ),
        minutes_week=week.minutes,
        problems=week.problems,
    )


def running(ws: Workspace) -> Running | None:
    """Say which session is under way."""
    found = timer.running(ws)
    if found is None:
        return None
    length = clock.now() - found.started
    return Running(
        lesson=found.lesson,
        step=found.step,
        started=found.started,
        minutes=max(0, round(length.total_seconds() / 60)),
        forgotten=length >= timer.FORGOTTEN,
    )


def next_step(ws: Workspace) -> NextStep | None:
    """Say what comes next: in the lesson under way, then in its course, then in the others."""
    known = events.read(ws)
    found = [course_file.load(ws, course_id) for course_id in course_file.ids(ws)]
    return _next(_current(found, known, str(config.load(ws).get("study.course"))), found, known)


def _current(found: Sequence[Course], known: Sequence[Event], chosen: str) -> Course | None:
    """Give the course of the last event, else the chosen one, else the first."""
    last = progress.last_lesson(known)
    wanted = [last.partition("/")[0]] if last else []
    for course_id in (*wanted, chosen):
        course = next((course for course in found if course.id == course_id), None)
        if course is not None:
            return course
    return found[0] if found else None


def _next(
    current: Course | None, found: Sequence[Course], known: Sequence[Event]
) -> NextStep | None:
    if current is None:
        return None
    others = [course for course in found if course.id != current.id]
    last = progress.last_lesson(known)
    for course in (current, *others):
        step = progress.next_step(course, known, start_at=last)
        if step is not None:
            return step
    return None


def _lesson(
    found: Sequence[Course], lesson_id: str | None, own: dict[str, list[Event]]
) -> LessonProgress | None:
    for course in found:
        for lesson in course.lessons:
            if lesson.id == lesson_id:
                return progress.of_lesson(lesson, own.get(lesson.id, ()))
    return None


def _line(course: Course, own: dict[str, list[Event]]) -> CourseLine:
    states = [
        progress.of_lesson(lesson, own[lesson.id]).state
        for lesson in course.lessons
        if lesson.id in own
    ]
    return CourseLine(
        id=course.id,
        title=course.title,
        lessons_done=states.count("done"),
        lessons_skipped=states.count("skipped"),
        lessons_total=len(course.lessons),
    )
