"""`status` and `next`: where am I, what comes next. Reads files only: no git, no network."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from fastcompanion.base import clock, config, events
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.events import Event
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import again, progress
from fastcompanion.course.again import Again
from fastcompanion.course.library import course_file
from fastcompanion.course.model import Course
from fastcompanion.course.progress import LessonProgress, NextStep
from fastcompanion.study import journal, timer
from fastcompanion.study.journal import Problem
from fastcompanion.study.logbook import streaks
from fastcompanion.study.logbook.streaks import Streak
from fastcompanion.study.plan import plan as plans
from fastcompanion.study.plan import slots
from fastcompanion.study.plan.plan import Plan


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
class Ahead:
    """What the plan says: the next time in the plan's zone, the week's minutes, a pause of today.

    `problem` says what is wrong with a plan that can't be read; nothing else is known then.
    """

    next_at: datetime | None = None
    next_minutes: int = 0
    goal_minutes: int = 0
    paused_until: date | None = None
    problem: str = ""


@frozen
class Overview:
    """Where the learner is. Minutes are those of the study log.

    `streak_weeks` are weeks in a row; `missed_last_week`: a second miss would end them.
    """

    study: str
    folder: str
    running: Running | None
    lesson: LessonProgress | None
    next: NextStep | None
    courses: tuple[CourseLine, ...]
    minutes_today: int
    minutes_week: int
    problems: tuple[Problem, ...]
    again: tuple[Again, ...] = ()
    after: NextStep | None = None
    plan: Ahead | None = None
    streak_weeks: int = 0
    missed_last_week: bool = False


@frozen
class Upcoming:
    """The next step, as it goes on from a session under way; None when all is done.

    `after` is the next lesson, where the step is work of one's own that can wait.
    """

    step: NextStep | None
    after: NextStep | None
    running: Running | None


def status(ws: Workspace) -> Overview:
    """Compute the overview from the events, this week's day files and the courses' outlines."""
    settings = config.load(ws)
    known = events.read(ws)
    found = [course_file.load(ws, course_id) for course_id in course_file.ids(ws)]
    states = _states(found, known)
    last = progress.last_lesson(known)
    now = running(ws)
    upcoming = _under_way(_next(found, states, last, str(settings.get("study.course"))), now)
    after = _after(found, states, upcoming)
    today = journal.study_day(clock.now())
    undone = journal.undone(ws, known)
    week = journal.read(ws, journal.days_of_week(today), undone=undone)
    plan, wrong = _plan(ws)
    streak = _streak(ws, plan, today, undone)
    return Overview(
        study=str(settings.get("study.name")),
        folder=str(ws.root),
        running=now,
        lesson=_lesson(found, states, upcoming.lesson if upcoming else last),
        next=upcoming,
        courses=tuple(_line(course, states) for course in found),
        minutes_today=sum(
            entry.minutes for entry in week.entries if journal.study_day(entry.at) == today
        ),
        minutes_week=week.minutes,
        problems=week.problems,
        again=again.due([*known, *events.read(ws, private=True)], today),
        after=after,
        plan=_ahead(plan, today) if plan is not None else wrong,
        streak_weeks=streak.weeks if streak else 0,
        missed_last_week=bool(streak and streak.missed_last),
    )


def _plan(ws: Workspace) -> tuple[Plan | None, Ahead | None]:
    """Read the plan; one that can't be read is no reason to show nothing."""
    try:
        return plans.read(ws), None
    except CompanionError as error:
        return None, Ahead(problem=f"{error}. {error.hint}")


def _streak(
    ws: Workspace, plan: Plan | None, today: date, undone: Collection[str]
) -> Streak | None:
    """Compute the streak; an old day that can't be read hides nothing else."""
    try:
        return streaks.now(ws, plan, today, undone)
    except CompanionError:
        return None


def _ahead(plan: Plan, today: date) -> Ahead:
    soon = next(iter(slots.upcoming(plan, clock.now(), 1)), None)
    pause = plan.paused(clock.now().astimezone(plan.zone).date())
    return Ahead(
        next_at=soon.at if soon else None,
        next_minutes=soon.minutes if soon else 0,
        goal_minutes=sum(plan.minutes_on(day) for day in journal.days_of_week(today)),
        paused_until=pause.last if pause else None,
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


def _under_way(step: NextStep | None, now: Running | None) -> NextStep | None:
    """In a session, a step that only the learner can end goes on with saying that it is done."""
    if step is None or now is None or now.lesson != step.lesson:
        return step
    if step.step != "watch":
        return step
    return replace(step, command=f"fastcompanion lesson done {step.lesson} watch")


def _after(
    found: Sequence[Course], states: Mapping[str, LessonProgress], step: NextStep | None
) -> NextStep | None:
    if step is None or step.step != "repeat":
        return None
    course = next(course for course in found if course.id == step.course)
    return progress.next_lesson(course, states, step.lesson)


def upcoming(ws: Workspace) -> Upcoming:
    """Say what comes next: in the lesson under way, then in its course, then in the others."""
    known = events.read(ws)
    found = [course_file.load(ws, course_id) for course_id in course_file.ids(ws)]
    chosen = str(config.load(ws).get("study.course"))
    states, now = _states(found, known), running(ws)
    step = _under_way(_next(found, states, progress.last_lesson(known), chosen), now)
    return Upcoming(step, _after(found, states, step), now)


def _states(found: Sequence[Course], known: Sequence[Event]) -> dict[str, LessonProgress]:
    """Compute the progress of each lesson that has events, once."""
    own = progress.by_lesson(known)
    return {
        lesson.id: progress.of_lesson(lesson, own[lesson.id])
        for course in found
        for lesson in course.lessons
        if lesson.id in own
    }


def _next(
    found: Sequence[Course], states: Mapping[str, LessonProgress], last: str | None, chosen: str
) -> NextStep | None:
    """Look in the course of the last event first, then in the chosen one, then in the others."""
    wanted = [last.partition("/")[0]] if last else []
    order = [*wanted, chosen]
    ranked = sorted(found, key=lambda c: order.index(c.id) if c.id in order else len(order))
    for course in ranked:
        step = progress.next_step(course, states, start_at=last)
        if step is not None:
            return step
    return None


def _lesson(
    found: Sequence[Course], states: Mapping[str, LessonProgress], lesson_id: str | None
) -> LessonProgress | None:
    for course in found:
        for lesson in course.lessons:
            if lesson.id == lesson_id:
                return states.get(lesson.id) or progress.of_lesson(lesson, ())
    return None


def _line(course: Course, states: Mapping[str, LessonProgress]) -> CourseLine:
    own = [states[lesson.id].state for lesson in course.lessons if lesson.id in states]
    return CourseLine(
        id=course.id,
        title=course.title,
        lessons_done=own.count("done"),
        lessons_skipped=own.count("skipped"),
        lessons_total=len(course.lessons),
    )
