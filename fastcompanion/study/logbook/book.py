"""The whole study log at hand: read with what was undone left out, beside the plan and today."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fastcompanion.base import clock, events, store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.study import journal
from fastcompanion.study.journal import Entry, Log, Problem
from fastcompanion.study.logbook import export as exporting
from fastcompanion.study.logbook import heatmap, period, readme, stats, streaks
from fastcompanion.study.logbook import week as weeks
from fastcompanion.study.logbook.export import Exported
from fastcompanion.study.logbook.heatmap import HeatMap
from fastcompanion.study.logbook.readme import Written
from fastcompanion.study.logbook.stats import Figures
from fastcompanion.study.logbook.streaks import Streak
from fastcompanion.study.logbook.week import Review
from fastcompanion.study.plan import plan
from fastcompanion.study.plan.plan import Plan


@frozen
class LogShown:
    """A part of the log; `minutes` is computed from its sessions."""

    sessions: tuple[Entry, ...]
    minutes: int
    problems: tuple[Problem, ...]


@frozen
class Shown:
    """The figures of the log with the streak."""

    figures: Figures
    streak: Streak
    problems: tuple[Problem, ...]


@frozen
class Drawn:
    """The heat map, and the files that were written of it (None: none was asked for)."""

    heatmap: HeatMap
    written: Written | None


def show(ws: Workspace, when: str | None = None, *, everything: bool = False) -> LogShown:
    """Give the sessions of a period (default: this week) or of all time."""
    today = journal.study_day(clock.now())
    days = None if everything else period.find(when or "week", today).days
    log = read(ws) if days is None else journal.read(ws, days, undone=_undone(ws))
    return LogShown(log.entries, log.minutes, log.problems)


def read(ws: Workspace) -> Log:
    """Read the whole log but for what was undone."""
    return journal.read(ws, undone=_undone(ws))


def _undone(ws: Workspace) -> frozenset[str]:
    return journal.undone(ws, events.read(ws))


def figures(ws: Workspace, *, weeks_shown: int = 12) -> Shown:
    """Compute minutes by week, lesson and step, the pace, and the streak."""
    log, own, today = read(ws), plan.read(ws), journal.study_day(clock.now())
    found = stats.of(log.entries, own, today, weeks=weeks_shown)
    return Shown(found, streaks.of(log.entries, own, today), log.problems)


def draw(
    ws: Workspace, *, weeks_shown: int | None = None, write: bool = False, dry_run: bool = False
) -> Drawn:
    """Compute the heat map, and `write` it into the README if wanted; pictures show half a year."""
    log, own, today = read(ws), plan.read(ws), journal.study_day(clock.now())
    found = heatmap.of(log.entries, own, today, weeks=weeks_shown or heatmap.WEEKS)
    if not write:
        return Drawn(found, None)
    return Drawn(found, readme.write(ws, _picture(log, own), dry_run=dry_run))


def _picture(log: Log, own: Plan | None) -> HeatMap:
    return heatmap.of(log.entries, own, journal.study_day(clock.now()))


def keep_picture(ws: Workspace) -> Written | None:
    """Bring the heat map of the README up to date, where the learner wants one."""
    return readme.write(ws, _picture(read(ws), plan.if_sound(ws))) if readme.shows_it(ws) else None


def review(ws: Workspace, when: str | None = None, *, dry_run: bool = False) -> Review:
    """Write the review of a week (default: this one) or bring its numbers up to date."""
    today = journal.study_day(clock.now())
    wanted = period.week(period.find(when or "week", today).first)
    made = weeks.write(ws, wanted, read(ws).entries, plan.read(ws), today, dry_run=dry_run)
    if not dry_run:
        keep_picture(ws)
    return made


def export(ws: Workspace, form: str, *, to: Path | None = None, dry_run: bool = False) -> Exported:
    """Give the whole log in a form for other programs, or write it `to` a file that is not there."""
    made = exporting.export(read(ws).entries, form)
    if to is None:
        return made
    if to.exists():
        raise CompanionError("exists already; nothing was written over it", file=to)
    if not dry_run:
        store.write_text(to, made.text)
    return replace(made, file=str(to))
