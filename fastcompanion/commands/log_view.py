"""`log show`, `stats`, `heatmap`, `check` and `export`: reading the study log."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.workspace import absolute
from fastcompanion.commands.log_app import app
from fastcompanion.commands.options import Session, command
from fastcompanion.commands.phrases import commit_blocks, duration
from fastcompanion.console import Answer, Block, Facts, Heat, Line, Next, Raw, Table, Title, Warn
from fastcompanion.study.journal import Problem
from fastcompanion.study.logbook import book, checking, heatmap
from fastcompanion.study.logbook.book import Drawn, LogShown, Shown
from fastcompanion.study.logbook.checking import Checked
from fastcompanion.study.logbook.export import Exported
from fastcompanion.study.logbook.heatmap import Day
from fastcompanion.study.logbook.stats import Share
from fastcompanion.study.logbook.streaks import Streak


@command(app, "show")
def show(
    session: Session,
    when: Annotated[
        str | None,
        typer.Argument(
            metavar="[WHEN]",
            help="today, yesterday, lastweek, 2026-11-21, 2026-W47, 2026-11 or 2026.",
            show_default="this week",
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="The whole log, not this week alone.")
    ] = False,
) -> Answer:
    """Show the sessions of this week, of a day, a week, a month, a year, or of all time."""
    if when is not None and everything:
        raise CompanionError("give a time or --all, not both", code=Exit.USAGE)
    return Answer(book.show(session.workspace(), when, everything=everything), _view_log)


@command(app, "stats")
def stats(
    session: Session,
    weeks: Annotated[
        int, typer.Option("--weeks", min=1, max=520, help="How many of the last weeks to list.")
    ] = 12,
) -> Answer:
    """Show minutes by week, lesson and step, your pace, and your weeks in a row."""
    return Answer(book.figures(session.workspace(), weeks_shown=weeks), _view_figures)


@command(app, "heatmap")
def heat_map(
    session: Session,
    weeks: Annotated[
        int, typer.Option("--weeks", min=1, max=520, help="How many weeks to show here.")
    ] = heatmap.WEEKS,
    write: Annotated[
        bool, typer.Option("--write", help="Put it as a picture into the study's README.")
    ] = False,
) -> Answer:
    """Show the minutes of each study day; with --write in your README, too."""
    drawn = book.draw(session.workspace(), weeks_shown=weeks, write=write, dry_run=session.dry_run)
    return Answer(drawn, _view_drawn)


@command(app, "check")
def check(session: Session) -> Answer:
    """Look through the whole log: lines that can't be read, ids twice, halves of merges."""
    found = checking.check(session.workspace())
    return Answer(found, _view_checked, Exit.CHECK_SAYS_NO if found.problems else Exit.DONE)


@command(app, "export")
def export(
    session: Session,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One JSON object a line.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="A table for spreadsheets.")] = False,
    timew: Annotated[bool, typer.Option("--timew", help="Lines of Timewarrior's data.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A file to write.", show_default="here"),
    ] = None,
) -> Answer:
    """Write the whole log in a form that other programs read."""
    asked = [name for name, on in (("jsonl", jsonl), ("csv", csv), ("timew", timew)) if on]
    if len(asked) != 1:
        raise CompanionError("give one of --jsonl, --csv and --timew", code=Exit.USAGE)
    to = absolute(output) if output is not None else None
    found = book.export(session.workspace(), asked[0], to=to, dry_run=session.dry_run)
    return Answer(found, _view_exported)


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `log`."""


def _view_log(shown: LogShown) -> Iterable[Block]:
    if shown.sessions:
        rows = tuple(
            (
                f"{entry.at:%a %d %b %H:%M}",
                duration(entry.minutes) + ("?" if entry.guessed else ""),
                entry.lesson or "",
                entry.step or "",
                entry.note.replace("\n", " "),
                entry.id,
            )
            for entry in shown.sessions
        )
        yield Table(("began", "time", "lesson", "step", "note", "id"), rows)
        yield Line(f"{_sessions(len(rows))}, {duration(shown.minutes)}")
        if any(entry.guessed for entry in shown.sessions):
            yield Line("? is a guess: fastcompanion log edit ID --minutes 45", "dim")
    else:
        yield Line("No session in this time.")
        yield Next("fastcompanion start")
    yield from _problems(shown.problems)


def _sessions(count: int) -> str:
    return "1 session" if count == 1 else f"{count} sessions"


def _problems(problems: Iterable[Problem]) -> Iterable[Block]:
    for problem in problems:
        yield Warn(f"{problem.file}:{problem.line}: {problem.reason}")


def _view_figures(shown: Shown) -> Iterable[Block]:
    found = shown.figures
    if not found.sessions:
        yield Line("There is no session in the log yet.")
        yield Next("fastcompanion start")
        return
    days = "1 day" if found.days == 1 else f"{found.days} days"
    yield Title(f"{duration(found.minutes)} in {_sessions(found.sessions)} on {days}")
    yield Line(streak_words(shown.streak))
    pace = found.pace
    rests = f"over {pace.weeks:g} weeks" if pace.weeks >= 2 else "a first guess"
    usual = f", {duration(pace.minutes_per_session)} a session" if pace.sessions else ""
    yield Line(f"Pace: {duration(pace.minutes_per_week)} a week ({rests}){usual}.")
    rows = tuple(
        (week.week, duration(week.minutes), str(week.sessions), str(week.days))
        for week in found.weeks
    )
    yield Table(("week", "time", "sessions", "days"), rows)
    for name, shares in (("lesson", found.lessons), ("step", found.steps)):
        yield _shares(name, shares)
    yield from _problems(shown.problems)


def _shares(name: str, shares: tuple[Share, ...]) -> Table:
    rows = tuple(
        (share.name or "none named", duration(share.minutes), str(share.sessions))
        for share in shares
    )
    return Table((name, "time", "sessions"), rows)


def streak_words(streak: Streak) -> str:
    """Say in a line where the streak stands."""
    weeks = "1 week" if streak.weeks == 1 else f"{streak.weeks} weeks"
    best = f" (the most: {streak.best})" if streak.best > streak.weeks else ""
    goal = f" of {duration(streak.goal_minutes)}" if streak.goal_minutes else ""
    words = f"{weeks} in a row{best}. This week: {duration(streak.this_week_minutes)}{goal}."
    if streak.missed_last:
        words += " Last week was missed: never miss twice, this one counts."
    return words


def _view_drawn(drawn: Drawn) -> Iterable[Block]:
    found = drawn.heatmap
    weeks = tuple(found.days[start : start + 7] for start in range(0, len(found.days), 7))
    rows = tuple(
        (name, "".join(_cell(week[row]) if row < len(week) else " " for week in weeks))
        for row, name in enumerate(heatmap.WEEKDAYS)
    )
    yield Heat(rows, heatmap.months(found))
    days = "1 day" if found.days_studied == 1 else f"{found.days_studied} days"
    yield Line(f"{duration(found.minutes)} on {days}, {found.first} to {found.last}")
    if any(one.paused for one in found.days):
        yield Line("~ is a day of a pause", "dim")
    if drawn.written is not None:
        files = ", ".join(drawn.written.files)
        yield Line(f"Written: {files}" if files else "The README shows it already.")
        if drawn.written.left_to_you:
            yield Warn(f"{drawn.written.left_to_you}.")
        yield from commit_blocks(drawn.written.commit)


def _cell(day: Day) -> str:
    return "p" if day.paused and not day.minutes else str(day.level)


def _view_checked(found: Checked) -> Iterable[Block]:
    yield from _problems(found.problems)
    files = "1 file" if found.files == 1 else f"{found.files} files"
    yield Facts((("looked at", f"{_sessions(found.sessions)} in {files}"),))
    if found.problems:
        yield Line("Nothing was changed: mend the lines by hand.")
        yield Next("fastcompanion log edit", "or any editor")
    else:
        yield Line("Everything can be read.", "good")


def _view_exported(found: Exported) -> Iterable[Block]:
    if found.file:
        yield Line(f"{found.file}: {_sessions(found.sessions)}")
    elif found.text:
        yield Raw(found.text)
