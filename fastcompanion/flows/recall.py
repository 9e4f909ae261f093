"""Writing a passed section again: which one, its notebook, its check, what the learner says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from fastcompanion.base import clock, events
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.events import Event
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import again
from fastcompanion.course.again import Again, Begun, Standing
from fastcompanion.course.checks import recall
from fastcompanion.course.checks.prepared import choose
from fastcompanion.course.checks.recall import Blank, Graded
from fastcompanion.course.library import course_file, lessons
from fastcompanion.flows import opening
from fastcompanion.study import journal


@frozen
class AgainShown:
    """The section that is to be written again, None when nothing is due; `next_day` is the nearest.

    `notebook` is relative to the study; `day` is since when it was due, None for one that was not.
    """

    lesson: str | None
    section: str | None
    title: str
    notebook: str | None
    is_new: bool
    opened_with: str | None
    earlier: tuple[str, ...]
    day: date | None
    next_day: date | None
    others: tuple[Again, ...]
    dry_run: bool = False


def all_events(ws: Workspace) -> list[Event]:
    """Give public and private events."""
    return [*events.read(ws), *events.read(ws, private=True)]


def due(ws: Workspace, known: list[Event] | None = None) -> tuple[Again, ...]:
    """List the passed sections that are due and can be written again here, a few at most."""
    today = journal.study_day(clock.now())
    found = again.due(all_events(ws) if known is None else known, today, most=None)
    courses = set(course_file.ids(ws))
    here = [one for one in found if one.passed and _is_here(ws, one, courses)]
    return tuple(here[: again.MOST])


def _is_here(ws: Workspace, one: Again, courses: set[str]) -> bool:
    added = one.lesson.partition("/")[0] in courses
    return added and ws.notebook(one.lesson, one.notebook, "scratch").is_file()


def under_way(ws: Workspace, known: list[Event] | None = None) -> Begun | None:
    """Give the section that was begun again and is not finished, while its notebook is there."""
    return recall.under_way(ws, all_events(ws) if known is None else known)


def begin(
    ws: Workspace,
    lesson: str | None = None,
    section: str | None = None,
    *,
    open_it: bool,
    dry_run: bool = False,
    reporter: Reporter,
) -> AgainShown:
    """Make a section blank again and open it: the one that was asked for, else the one most due.

    A section that is under way is gone on with; another one waits until it is checked or given up,
    as its code would be lost.
    """
    known = all_events(ws)
    listed, now = due(ws, known), under_way(ws, known)
    wanted = _wanted(ws, lesson, section, known, listed, now)
    if wanted is None:
        return _nothing(known)
    course, found = lessons.find(ws, wanted.lesson)
    keep = _goes_on(ws, now, wanted)
    ref = choose(found, ws, wanted.notebook)
    made = recall.make(ws, course, found, ref, wanted.section, write=not dry_run and not keep)
    if not dry_run and (now is None or _key(now) != _key(wanted)):
        where = {"notebook": wanted.notebook, "section": wanted.section}
        events.record(ws, again.BEGUN, wanted.lesson, where, private=True)
    opened = None
    if open_it and not dry_run:
        opened = opening.show(ws, made.path, course=course, reporter=reporter)
    shown = _shown(ws, made, wanted, listed)
    return replace(shown, is_new=not keep, opened_with=opened, dry_run=dry_run)


def _goes_on(ws: Workspace, now: Begun | None, wanted: Again) -> bool:
    """Tell whether code stands in the notebook that is to stay; another section's has to be ended."""
    if now is None or not _has_work(ws, now):
        return False
    if _key(now) == _key(wanted):
        return True
    raise CompanionError(
        f"{now.section} of {now.lesson} is being written again",
        hint=f"fastcompanion check {now.lesson} --step again, or fastcompanion lesson again --give-up",
    )


def _shown(ws: Workspace, made: Blank, wanted: Again, listed: tuple[Again, ...]) -> AgainShown:
    is_due = any(_key(one) == _key(wanted) for one in listed)
    return AgainShown(
        made.lesson,
        made.section,
        made.title,
        ws.relative(made.path),
        True,
        None,
        made.earlier,
        wanted.day if is_due else None,
        None,
        tuple(one for one in listed if _key(one) != _key(wanted)),
    )


def _key(one: Again | Begun) -> again.Key:
    return (one.lesson, one.notebook, one.section)


def _has_work(ws: Workspace, now: Begun) -> bool:
    course, lesson = lessons.find(ws, now.lesson)
    return recall.attempted(ws, course, lesson, now)


def _nothing(known: list[Event]) -> AgainShown:
    days = [one.day for one in again.standings(known).values() if one.passed]
    today = journal.study_day(clock.now())
    soonest = min((day for day in days if day > today), default=None)
    return AgainShown(None, None, "", None, False, None, (), None, soonest, ())


def _wanted(
    ws: Workspace,
    lesson: str | None,
    section: str | None,
    known: list[Event],
    listed: tuple[Again, ...],
    now: Begun | None,
) -> Again | None:
    """Choose: what was named, else what is under way, else what is most due."""
    if lesson is None and section is None:
        if now is not None:
            return Again(now.lesson, now.notebook, now.section, now.at.date())
        return listed[0] if listed else None
    if section is None and lesson is not None and _names_section(known, lesson):
        lesson, section = None, lesson
    wanted = lessons.find(ws, lesson)[1].id if lesson is not None else None
    passed = _passed(ws, known, wanted)
    if section is None:
        ours = [one for one in listed if one.lesson == wanted]
        return ours[0] if ours else _soonest(passed, wanted)
    exact = [one for one in passed if one.section == section]
    close = exact or [one for one in passed if one.section.startswith(section)]
    if len(close) == 1:
        return close[0]
    raise _no_section(section, wanted, close, passed)


def _no_section(
    section: str, lesson: str | None, close: list[Again], passed: list[Again]
) -> CompanionError:
    listed = ", ".join(f"{one.section} ({one.lesson})" for one in close or passed[:12])
    if close:
        return CompanionError(f"{section!r} fits several sections: {listed}", code=Exit.USAGE)
    where = f" of {lesson}" if lesson else ""
    told = f"; passed are: {listed}" if listed else ""
    return CompanionError(
        f"{section!r} is no section{where} that has passed{told}",
        hint="fastcompanion check",
        code=Exit.CHECK_SAYS_NO if not passed else Exit.USAGE,
    )


def _names_section(known: list[Event], text: str) -> bool:
    """Tell whether the only word that was typed means a section: `lesson again pixel-similarity`."""
    return any(key[2] == text for key in again.standings(known))


def _passed(ws: Workspace, known: list[Event], lesson: str | None) -> list[Again]:
    """List what has passed and can be written again here, the soonest due first."""
    courses = set(course_file.ids(ws))

    def made(key: again.Key, one: Standing) -> Again:
        return Again(*key, one.day, one.solved)

    found = [made(key, one) for key, one in again.standings(known).items() if one.passed]
    here = [one for one in found if lesson in (None, one.lesson) and _is_here(ws, one, courses)]
    return sorted(here, key=lambda one: one.day)


def _soonest(passed: list[Again], lesson: str | None) -> Again:
    if passed:
        return passed[0]
    raise CompanionError(
        f"no section of {lesson} has passed yet",
        hint=f"fastcompanion check {lesson}",
        code=Exit.CHECK_SAYS_NO,
    )


def give_up(ws: Workspace, *, dry_run: bool = False) -> Graded:
    """End the section that is under way without it being right."""
    return recall.give_up(ws, needed(ws), record=not dry_run)


def needed(ws: Workspace) -> Begun:
    """Give the section that is under way, or say that there is none."""
    begun = under_way(ws)
    if begun is None:
        raise CompanionError("no section is being written again", hint="fastcompanion lesson again")
    return begun
