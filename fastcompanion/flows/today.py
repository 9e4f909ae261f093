"""Today's session, cut to the time there is: cards, a section from memory, the next step, the log.

Each thing gets the minutes that it takes this learner: cards as long as they took so far, a section
and a step by the log. Cards get at most a third, a section from memory comes once a day, and what
does not fit is named for another day, so nothing piles up unseen and nothing takes over.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Literal

from fastcompanion.base import clock, events
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.events import Event
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import again, progress
from fastcompanion.course.again import Again
from fastcompanion.course.library import course_file
from fastcompanion.course.model import Course
from fastcompanion.course.progress import LessonProgress, NextStep
from fastcompanion.course.review import cards
from fastcompanion.flows import forecasting, overview, pace, recall, review
from fastcompanion.flows.overview import Running
from fastcompanion.flows.recall import AgainShown
from fastcompanion.flows.review import Due, Held
from fastcompanion.flows.session import Started
from fastcompanion.study import journal
from fastcompanion.study.journal import Entry
from fastcompanion.study.plan import effort
from fastcompanion.study.plan import plan as plans
from fastcompanion.study.plan.effort import StepWork, Work
from fastcompanion.study.plan.plan import Plan

Kind = Literal["cards", "again", "step", "then", "log"]
_LOG = 1
_CARDS_SHARE = 0.3
_SHORTEST = 5  # minutes; less of a new thing is no beginning
_MUCH = 15  # minutes; more than these, and than half the session, are not left idle
_LATE = 7  # days after which a section from memory comes before what is new
_QUIET = 7  # days without a session after which somebody comes back


@frozen
class Item:
    """One thing of a session: its minutes for this learner, the command, and why it is there.

    `whole` says that it is likely to be finished in them, `late` that it has waited for long.
    `sections` counts those that are in it.
    """

    kind: Kind
    what: str
    minutes: int
    command: str
    why: str
    lesson: str | None = None
    notebook: str | None = None
    section: str | None = None
    cards: int = 0
    whole: bool = True
    late: bool = False
    sections: int = 0


@frozen
class Today:
    """A session of `minutes`: what is in it, what waits for another day, and what came of it.

    `welcome` is for those who were away, with one proposal and the command for it. `held`, `again`
    and `started` are there when the session has begun; `offered` says that it was not wanted.
    """

    minutes: int
    items: tuple[Item, ...]
    later: tuple[Item, ...]
    welcome: str = ""
    proposal: str = ""
    running: Running | None = None
    next: NextStep | None = None
    started: Started | None = None
    held: Held | None = None
    again: AgainShown | None = None
    offered: bool = False


@frozen
class Wants:
    """What there would be to do, each with the minutes that it takes."""

    cards: Item | None = None
    again: Item | None = None
    step: Item | None = None
    then: tuple[Item, ...] = ()


def plan(ws: Workspace, minutes: int) -> Today:
    """Say what a session of so many minutes holds; nothing is changed."""
    if minutes < 1:
        raise CompanionError("a session has at least a minute", code=Exit.USAGE)
    public = events.read(ws)
    known = [*public, *events.read(ws, private=True)]
    found = overview.upcoming(ws)
    entries = journal.read(ws, undone=journal.undone(ws, public)).entries
    took = _Took(ws, known, entries)
    wants = Wants(
        _cards_item(review.due(ws, minutes=_for_cards(minutes))),
        _again_item(ws, known, took),
        _step_item(ws, found.step, public, took) if found.step else None,
        _then_items(ws, found.step, took) if found.step else (),
    )
    items, later = cut(minutes, wants, rested=_rested(known))
    welcome, proposal = _welcome(ws, entries)
    return Today(minutes, items, later, welcome, proposal, found.running, found.step)


class _Took:
    """What is known of how long things take; read when it is asked for."""

    def __init__(self, ws: Workspace, known: Sequence[Event], entries: Sequence[Entry]) -> None:
        self._ws, self._known, self._entries = ws, known, entries

    def works(self, course: Course) -> tuple[Work, ...]:
        """Give the lessons of a course as work."""
        return forecasting.works(course, self._known, self._entries)

    def section(self, course: Course, lesson: str) -> float:
        """Give the minutes of a section of a lesson."""
        log = cards.reviews(self._ws)
        return pace.section(self.works(course), lesson, self._known, self._entries, log)


def _for_cards(minutes: int) -> int:
    return max(1, round(minutes * _CARDS_SHARE))


def cut(minutes: int, wants: Wants, *, rested: bool = True) -> tuple[tuple[Item, ...], ...]:
    """Choose what fits, and give what does not; `rested` when no section came back yesterday.

    A section from memory stands beside the reproduction of others, whose check is the same. Beside
    a step with commands of its own it takes turns with it; the same where both are too long.
    """
    left = minutes - _LOG
    items: list[Item] = []
    later: list[Item] = []
    if wants.cards is not None:
        items.append(wants.cards)
        left -= wants.cards.minutes
    recall_first = _comes_first(wants, left, rested=rested)
    if wants.again is not None:
        if recall_first and (wants.again.minutes <= left or wants.step is None):
            items.append(_within(wants.again, left))
            left -= wants.again.minutes
        else:
            later.append(wants.again)
    if wants.step is not None:
        took_turn = any(one.kind == "again" for one in items) and not _is_own(wants.step)
        if (took_turn and left < max(_MUCH, minutes / 2)) or (
            items and left < min(_SHORTEST, wants.step.minutes)
        ):
            later.append(wants.step)
        else:
            items.append(_filled(wants.step, left))
            left -= items[-1].minutes
            later, left = _back(later, items, left)
            items += _after(wants, items, left)
    return (*items, _log_item()) if items else (), tuple(later)


def _back(later: list[Item], items: list[Item], left: int) -> tuple[list[Item], int]:
    """Take what waited for another day after all, where the step leaves the time for it."""
    fits = [one for one in later if one.minutes <= left]
    items[-1:-1] = fits
    return [one for one in later if one not in fits], left - sum(one.minutes for one in fits)


def _after(wants: Wants, items: list[Item], left: int) -> Iterator[Item]:
    """Fill what is left with the steps that follow, when the step before them is likely done."""
    step = next(one for one in items if one.kind == "step")
    if not step.whole or step.sections < (wants.step.sections if wants.step else 0):
        return
    for one in wants.then:
        if left < min(_SHORTEST, one.minutes):
            return
        yield _within(one, left)
        left -= one.minutes


def _comes_first(wants: Wants, left: int, *, rested: bool) -> bool:
    """Tell whether the section from memory is in this session."""
    if wants.again is None or wants.step is None:
        return wants.again is not None
    if not _is_own(wants.step) or wants.again.minutes > left - _SHORTEST:
        return wants.again.late
    return rested or wants.again.minutes <= left / 2


def _is_own(step: Item) -> bool:
    """Whether a step is the reproduction, which is checked together with the section from memory."""
    return step.section is not None


def _within(item: Item, left: int) -> Item:
    if item.minutes <= left:
        return item
    return replace(item, minutes=max(1, left), whole=False)


def _filled(step: Item, left: int) -> Item:
    """Let a step take as many of its sections as fit into the time."""
    many = min(step.sections, left // step.minutes)
    if many < 2:
        return replace(_within(step, left), sections=min(step.sections, 1))
    what = f"{step.what}, and {many - 1} more"
    return replace(step, what=what, minutes=many * step.minutes, sections=many)


def _log_item() -> Item:
    why = "one line of your own, and the commit of your work"
    return Item("log", "Say in a line what you did", _LOG, "fastcompanion stop", why)


def _cards_item(found: Due) -> Item | None:
    if not found.cards:
        return None
    count, new = len(found.cards), found.new
    minutes = max(1, math.ceil(found.seconds / 60))
    told = f"{count} card{'' if count == 1 else 's'}" + (f", {new} of them new" if new else "")
    why = "just before you would forget them"
    return Item("cards", f"Answer {told}", minutes, "fastcompanion review", why, cards=count)


def _again_item(ws: Workspace, known: Sequence[Event], took: _Took) -> Item | None:
    """Give the section that comes back: the one under way, else the most due, one a day."""
    today = journal.study_day(clock.now())
    begun = recall.under_way(ws, list(known))
    if begun is not None:
        one = Again(begun.lesson, begun.notebook, begun.section, begun.at.date())
    else:
        due = () if again.recalled_on(known, today) else recall.due(ws, list(known))
        if not due:
            return None
        one = due[0]
    course = course_file.load(ws, one.lesson.partition("/")[0])
    return Item(
        "again",
        f"Write {one.section} again from memory",
        pace.from_memory(took.section(course, one.lesson), known),
        f"fastcompanion lesson again {one.lesson} {one.section}",
        _why_again(one, known, today, begun=begun is not None),
        one.lesson,
        one.notebook,
        one.section,
        late=begun is not None or one.solved or (today - one.day).days >= _LATE,
    )


def _why_again(one: Again, known: Sequence[Event], today: date, *, begun: bool) -> str:
    late = (today - one.day).days
    standing = again.standings(known).get((one.lesson, one.notebook, one.section))
    if begun:
        return "you have begun it"
    if one.solved:
        return "its solution was shown to you"
    last = standing.history[-1][0] if standing else one.day
    words = f"{(today - last).days} days after the last time"
    return f"{words}, {late} days late" if late >= _LATE else words


def _rested(known: Sequence[Event]) -> bool:
    yesterday = journal.study_day(clock.now()) - timedelta(days=1)
    return not again.recalled_on(known, yesterday)


def _step_item(ws: Workspace, step: NextStep, known: Sequence[Event], took: _Took) -> Item:
    course = course_file.load(ws, step.course)
    lesson = next(one for one in course.lessons if one.id == step.lesson)
    own = [event for event in known if event.lesson == step.lesson]
    state = progress.of_lesson(lesson, own)
    if step.step == "reproduce" and step.section is not None:
        minutes = took.section(course, step.lesson)
    else:
        works = took.works(course)
        work = next(one for one in works if one.lesson == step.lesson)
        one = next(one for one in work.steps if one.step == step.step)
        minutes = effort.step_left(one, effort.factors(works))
    return Item(
        "step",
        step.what,
        max(_SHORTEST, round(minutes)),
        step.command,
        _why_step(state),
        step.lesson,
        step.notebook,
        step.section if step.step == "reproduce" else None,
        sections=_open_sections(state) if step.step == "reproduce" else 0,
    )


def _then_items(ws: Workspace, step: NextStep, took: _Took) -> tuple[Item, ...]:
    """Give the steps of the course that follow one, those of its own lesson first."""
    works = took.works(course_file.load(ws, step.course))
    own = effort.factors(works)
    places = [(work, one) for work in works for one in work.steps]
    here = next(n for n, (work, one) in enumerate(places) if _is_at(step, work, one))
    return tuple(
        Item(
            "then",
            f"Go on with {work.title}: {one.step}",
            max(_SHORTEST, round(effort.step_left(one, own))),
            "fastcompanion next",
            "there is time left for it",
            work.lesson,
        )
        for work, one in places[here + 1 :]
        if not one.done and not one.skipped
    )


def _is_at(step: NextStep, work: Work, one: StepWork) -> bool:
    return work.lesson == step.lesson and one.step == step.step


def _open_sections(state: LessonProgress) -> int:
    return state.sections_total - state.sections_passed - state.sections_assessed


def _why_step(state: LessonProgress) -> str:
    done = state.sections_passed + state.sections_assessed
    if done and state.current is not None and state.current.step == "reproduce":
        return f"the next of {state.title}: {done} of {state.sections_total} sections stand"
    return f"the next of {state.title}"


def _welcome(ws: Workspace, entries: Sequence[Entry]) -> tuple[str, str]:
    """Give kind words and one proposal to those who come back after a week or more."""
    today = journal.study_day(clock.now())
    last = max((journal.study_day(entry.at) for entry in entries), default=None)
    if last is None or (today - last).days <= _QUIET:
        return "", ""
    own = plans.if_sound(ws)
    if own is not None and _was_paused(own, last, today):
        return f"Welcome back from your pause. Your last session was on {last}.", ""
    words = (
        f"Good to see you again: your last session was on {last}, and all of it is still here. "
        "What waited is spread over days, so today is no longer than any other day."
    )
    return words, "fastcompanion plan reflow" if own is not None else ""


def _was_paused(own: Plan, last: date, today: date) -> bool:
    days = [last + timedelta(days=n) for n in range(1, (today - last).days)]
    awake = sum(own.paused(day) is None for day in days)
    return awake < len(days) and awake <= _QUIET
