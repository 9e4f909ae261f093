"""When the course ends: the plan and the log of the study, the lessons and what is left of them.

What a lesson needs comes from its author; where there is no word of it, from whether there is a
lecture to watch. The learner's own minutes correct both (study/plan/effort.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from fastcompanion.base import clock, config, events
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.events import Event
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import progress
from fastcompanion.course.library import course_file
from fastcompanion.course.model import Course, Lesson
from fastcompanion.course.progress import LessonProgress
from fastcompanion.study import journal
from fastcompanion.study.journal import Entry
from fastcompanion.study.plan import deadlines, effort
from fastcompanion.study.plan import forecast as forecasts
from fastcompanion.study.plan import plan as plans
from fastcompanion.study.plan.deadlines import Deadline
from fastcompanion.study.plan.effort import StepWork, Work
from fastcompanion.study.plan.forecast import End, Forecast, Need
from fastcompanion.study.plan.plan import Plan

# What a lesson is taken to need whose author says nothing: with a lecture, and without one.
WITH_LECTURE, WITHOUT = 600, 240


@frozen
class LessonEnd:
    """When a lesson ends, and the date that it was given."""

    lesson: str
    title: str
    minutes_left: int
    likely: date | None
    earliest: date | None
    latest: date | None
    deadline: date | None


@frozen
class Foresight:
    """The forecast of a course.

    `based_on` is "plan" or "pace"; `guessed` how many open lessons name no minutes of their own.
    `weekly_minutes_needed` is what the deadline takes, None without one or when it is over.
    """

    course: str
    title: str
    based_on: str
    weekly_minutes: int
    planned_minutes: int
    weeks_of_log: int
    silent: bool
    guessed: int
    minutes_left: int
    likely: date | None
    earliest: date | None
    latest: date | None
    deadline: date | None
    deadline_is_over: bool
    weekly_minutes_needed: int | None
    lessons: tuple[LessonEnd, ...]


@frozen
class Move:
    """The new date of a lesson, and the one it had."""

    lesson: str
    title: str
    before: date | None
    now: date


@frozen
class Reflowed:
    """Dates that were moved (or would be), and the forecast that they come from."""

    moves: tuple[Move, ...]
    why: str
    forecast: Foresight
    commit: CommitResult | None


@frozen
class Sight:
    """All that a forecast rests on, read once."""

    plan: Plan
    course: Course
    events: tuple[Event, ...]
    works: tuple[Work, ...]
    found: Forecast


def look(ws: Workspace, plan: Plan | None = None) -> Sight:
    """Read the plan, the course, the log and the progress, and compute the forecast."""
    own = plan or plans.needed(ws)
    known = events.read(ws)
    course = _course(ws, own, known)
    entries = journal.read(ws, undone=journal.undone(ws, known)).entries
    found = works(course, known, entries)
    factors = effort.factors(found)
    needs = [
        Need(work.lesson, work.title, effort.left(work, factors)) for work in found if work.open
    ]
    days = _by_day(entries)
    return Sight(
        own, course, tuple(known), found, forecasts.forecast(own, needs, days, clock.now())
    )


def _course(ws: Workspace, plan: Plan, known: Sequence[Event]) -> Course:
    """Give the course of the plan, of the settings, of the last event, or the only one."""
    ids = course_file.ids(ws)
    if not ids:
        raise CompanionError(
            "the study has no course yet",
            hint="fastcompanion course add foundations",
            code=Exit.NOT_SET_UP,
        )
    last = (progress.last_lesson(known) or "").partition("/")[0]
    if plan.course is not None:
        return course_file.load(ws, plan.course)
    wanted = [name for name in (str(config.load(ws).get("study.course")), last) if name in ids]
    return course_file.load(ws, (wanted or ids)[0])


def works(course: Course, known: Iterable[Event], entries: Iterable[Entry]) -> tuple[Work, ...]:
    """Say what each lesson of a course takes, how far it is and what was logged on it."""
    own = progress.by_lesson(known)
    spent: dict[tuple[str, str], int] = {}
    for entry in entries:
        if entry.lesson and entry.step:
            key = (entry.lesson, entry.step)
            spent[key] = spent.get(key, 0) + entry.minutes
    return tuple(
        _work(lesson, progress.of_lesson(lesson, own.get(lesson.id, ())), spent)
        for lesson in course.lessons
    )


def _work(lesson: Lesson, state: LessonProgress, spent: Mapping[tuple[str, str], int]) -> Work:
    minutes = lesson.minutes or (WITH_LECTURE if lesson.video else WITHOUT)
    left_out = state.state == "skipped"
    steps = tuple(
        StepWork(
            step=one.step,
            minutes=minutes * effort.SHARES[one.step],
            spent=spent.get((lesson.id, one.step), 0),
            done=one.state == "done",
            skipped=left_out or one.state == "skipped",
            part=_part(state) if one.step == "reproduce" else 0.0,
        )
        for one in state.steps
    )
    return Work(lesson.id, lesson.title, minutes, lesson.minutes is None, steps)


def _part(state: LessonProgress) -> float:
    done = state.sections_passed + state.sections_assessed
    return done / state.sections_total if state.sections_total else 0.0


def _by_day(entries: Iterable[Entry]) -> dict[date, int]:
    days: dict[date, int] = {}
    for entry in entries:
        day = journal.study_day(entry.at)
        days[day] = days.get(day, 0) + entry.minutes
    return days


def show(ws: Workspace, plan: Plan | None = None) -> Foresight:
    """Forecast the end of the course and of each of its open lessons."""
    return told(look(ws, plan))


def told(sight: Sight) -> Foresight:
    """Write a forecast as it is shown."""
    found, plan = sight.found, sight.plan
    dates = deadlines.of_lessons(sight.events)
    today = clock.now().astimezone(plan.zone).date()
    over = plan.deadline is not None and plan.deadline < today
    return Foresight(
        course=sight.course.id,
        title=sight.course.title,
        based_on=found.based_on,
        weekly_minutes=found.weekly_minutes,
        planned_minutes=plan.weekly_minutes,
        weeks_of_log=found.weeks,
        silent=found.silent,
        guessed=sum(work.guessed and work.open for work in sight.works),
        minutes_left=found.minutes_left,
        likely=found.course.likely,
        earliest=found.course.earliest,
        latest=found.course.latest,
        deadline=plan.deadline,
        deadline_is_over=over,
        weekly_minutes_needed=_needed(sight, today),
        lessons=tuple(_lesson_end(end, dates.get(end.lesson)) for end in found.ends),
    )


def _lesson_end(end: End, given: Deadline | None) -> LessonEnd:
    return LessonEnd(
        lesson=end.lesson,
        title=end.title,
        minutes_left=end.minutes,
        likely=end.likely,
        earliest=end.earliest,
        latest=end.latest,
        deadline=given.day if given else None,
    )


def _needed(sight: Sight, today: date) -> int | None:
    """Say how many minutes a week without a pause the deadline takes."""
    last = sight.plan.deadline
    if last is None or last < today:
        return None
    days = (date.fromordinal(n) for n in range(today.toordinal(), last.toordinal() + 1))
    awake = sum(sight.plan.paused(day) is None for day in days)
    return round(sight.found.minutes_left * 7 / max(awake, 1))


def moves(sight: Sight, now: datetime, *, only_later: bool = True) -> tuple[Move, ...]:
    """Give the lessons whose dates change; by `only_later` those that would be earlier stay."""
    today = now.astimezone(sight.plan.zone).date()
    had = deadlines.of_lessons(sight.events)
    due = forecasts.due(sight.found, sight.plan.deadline, today)
    titles = {work.lesson: work.title for work in sight.works}
    found = []
    for lesson, day in due.items():
        before = had[lesson].day if lesson in had else None
        if before is None or (day > before if only_later else day != before):
            found.append(Move(lesson, titles[lesson], before, day))
    return tuple(found)


def reflow(ws: Workspace, why: str, *, dry_run: bool) -> Reflowed:
    """Let the dates of the open lessons start from today; those they had stay in the history."""
    sight = look(ws)
    found = moves(sight, clock.now()) if _behind(sight) else ()
    commit = None
    if found and not dry_run:
        data = {"deadlines": as_data(found), "why": why}
        message = "Let the dates of the lessons start from today"
        done = events.record(ws, deadlines.REFLOWED, None, data, commit=message)
        commit = done.commit
        sight = look(ws)
    return Reflowed(found, why, told(sight), commit)


def _behind(sight: Sight) -> bool:
    """Whether any lesson has no date, or one that will not be met as things go."""
    had = deadlines.of_lessons(sight.events)
    days = ((end, had[end.lesson].day if end.lesson in had else None) for end in sight.found.ends)
    return any(day is None or (end.likely or date.max) > day for end, day in days)


def as_data(found: Iterable[Move]) -> dict[str, str]:
    """Write dates of lessons as an event keeps them."""
    return {move.lesson: str(move.now) for move in found}
