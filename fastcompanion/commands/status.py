"""`status`: where you are and what comes next. It loads little, as it is asked most often."""

from __future__ import annotations

from collections.abc import Iterable

import typer

from fastcompanion.commands.options import Session, command
from fastcompanion.commands.phrases import duration, step_items
from fastcompanion.console import Answer, Block, Line, Next, Table, Title, Warn
from fastcompanion.course.again import Again
from fastcompanion.course.progress import LessonProgress
from fastcompanion.flows import overview
from fastcompanion.flows.overview import Ahead, Overview, Running


def status(session: Session) -> Answer:
    """Show where you are and what comes next."""
    return Answer(overview.status(session.workspace()), _view_status)


def register(root: typer.Typer) -> None:
    """Add the command to the program."""
    command(root, "status", rich_help_panel="Every day")(status)


def _view_status(seen: Overview) -> Iterable[Block]:
    yield Title(seen.study)
    if seen.running is not None:
        yield _running(seen.running)
    if seen.lesson is not None:
        yield from _lesson(seen.lesson)
    if seen.courses:
        rows = tuple(
            (course.id, f"{course.lessons_done} of {course.lessons_total}", course.title)
            for course in seen.courses
        )
        yield Table(("course", "lessons done", "title"), rows)
    goal = f" of {duration(seen.plan.goal_minutes)}" if seen.plan and seen.plan.goal_minutes else ""
    week = f"this week {duration(seen.minutes_week)}{goal}"
    yield Line(f"Today {duration(seen.minutes_today)}, {week}.{_streak(seen)}")
    if seen.plan is not None:
        yield from _ahead(seen.plan)
    solved = [one for one in seen.again if one.solved]
    yield from (_again(one) for one in solved or seen.again[:1])
    for problem in seen.problems:
        yield Warn(f"{problem.file}:{problem.line}: {problem.reason}")
    if seen.next is not None:
        yield Next(seen.next.command, f"{seen.next.step}: {seen.next.what}")
        if seen.after is not None:
            yield Next(seen.after.command, f"or go on with {seen.after.title}")
    elif not seen.courses:
        yield Next("fastcompanion course add foundations", "there is no course yet")
    else:
        yield Line("Everything is done in the courses of this study.", "good")


def _streak(seen: Overview) -> str:
    """Say how many weeks in a row have had their minutes; nothing before the second one."""
    if seen.missed_last_week:
        return " Last week was missed: never miss twice, this one counts."
    return f" {seen.streak_weeks} weeks in a row." if seen.streak_weeks > 1 else ""


def _again(one: Again) -> Block:
    what = f"{one.section} of {one.lesson}"
    if one.solved:
        how = "lesson again" if one.passed else f"check {one.lesson}"
        said = f"{what} was solved with the solution: write it again without looking"
        return Line(f"{said} (fastcompanion {how})", "warn")
    return Line(
        f"{what} passed a while ago: write it again from memory (fastcompanion lesson again)"
    )


def _running(running: Running) -> Block:
    what = running.lesson or "a session"
    if running.forgotten:
        since = f"{running.started:%Y-%m-%d %H:%M}"
        return Warn(f"{what} runs since {since}. Forgotten? fastcompanion stop --minutes 45")
    return Line(f"Running: {what} for {duration(running.minutes)}.", "good")


def _ahead(plan: Ahead) -> Iterable[Block]:
    if plan.problem:
        yield Warn(plan.problem)
    elif plan.paused_until is not None:
        yield Line(f"A pause until {plan.paused_until:%a %d %b}; nothing is due.", "dim")
    if plan.next_at is not None:
        yield Line(f"The next time: {plan.next_at:%a %d %b %H:%M}, {duration(plan.next_minutes)}.")


def _lesson(lesson: LessonProgress) -> Iterable[Block]:
    yield Line(f"{lesson.lesson} {lesson.title}")
    yield step_items(lesson)
    if lesson.with_solution:
        yield Line(f"{lesson.with_solution} of the passed sections with the solution.", "dim")
