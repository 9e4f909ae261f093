"""`next`: offer the next step, or today's session, and when the learner agrees, go through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING

from fastcompanion.base import clock
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.library import course_file
from fastcompanion.course.progress import NextStep
from fastcompanion.flows import overview, session
from fastcompanion.flows.session import Started
from fastcompanion.study.plan import plan as plans

if TYPE_CHECKING:
    from fastcompanion.flows.review import Talk
    from fastcompanion.flows.today import Today

# So long before a slot it is time for it.
_EARLY = timedelta(minutes=20)


@frozen
class Proposal:
    """The next step, None when all is done, and the session that was started for it.

    `after` is the next lesson, where the step can wait.
    """

    next: NextStep | None
    started: Started | None
    after: NextStep | None = None


def take_next_step(
    ws: Workspace,
    *,
    agree: Callable[[str], bool],
    open_it: bool,
    dry_run: bool = False,
    reporter: Reporter,
) -> Proposal:
    """Offer the next step and, when the learner agrees, start it."""
    found = overview.upcoming(ws)
    step = found.step
    if step is None or dry_run:
        return Proposal(step, None, found.after)
    if not agree(f"{step.lesson} {step.title}, {step.step}: {step.what}. Start it now?"):
        return Proposal(step, None, found.after)
    started = session.start(ws, step.lesson, open_it=open_it, reporter=reporter)
    return Proposal(step, started, found.after)


def minutes_now(ws: Workspace) -> int | None:
    """Give the minutes of the plan's slot that it is time for, None when there is none now."""
    own = plans.if_sound(ws)
    if own is None:
        return None
    slots = import_module("fastcompanion.study.plan.slots")
    now = clock.now()
    today = now.astimezone(own.zone).date()
    near = slots.between(own, today - timedelta(days=1), today + timedelta(days=1))
    lengths = [one.minutes for one in near if one.at - _EARLY <= now < one.ends]
    return int(lengths[0]) if lengths else None


def take_session(
    ws: Workspace,
    minutes: int,
    *,
    show: Callable[[Today], None],
    agree: Callable[[str], bool],
    talk: Callable[[], Talk],
    open_it: bool,
    only_list: bool,
    reporter: Reporter,
) -> Today:
    """Offer today's session; when the learner agrees, start the timer and go through it.

    Cards are asked here, then the notebooks are made and the one to begin with is opened. With
    `only_list` nothing is asked and nothing begins.
    """
    today: Today = import_module("fastcompanion.flows.today").plan(ws, minutes)
    if only_list or not today.items:
        return today
    show(today)
    if not agree("Begin?"):
        return replace(today, offered=True)
    return _go(ws, today, talk, open_it=open_it, reporter=reporter)


def _go(
    ws: Workspace, today: Today, talk: Callable[[], Talk], *, open_it: bool, reporter: Reporter
) -> Today:
    kinds = {item.kind: item for item in today.items}
    step, back = kinds.get("step"), kinds.get("again")
    first = step or back
    running = today.running
    lesson = running.lesson if running else first.lesson if first else None
    done = today
    if lesson is not None or course_file.ids(ws):
        # The notebook that holds the answer stays closed while a section is written from memory.
        opens = open_it and step is not None and back is None
        done = replace(today, started=session.start(ws, lesson, open_it=opens, reporter=reporter))
    if "cards" in kinds:
        review = import_module("fastcompanion.flows.review")
        cards = kinds["cards"]
        found = review.due(ws, cards.cards)
        done = replace(done, held=review.hold(ws, found, talk(), minutes=2 * cards.minutes))
    if back is not None:
        recall = import_module("fastcompanion.flows.recall")
        shown = recall.begin(ws, back.lesson, back.section, open_it=open_it, reporter=reporter)
        done = replace(done, again=shown)
    return done
