"""`next`: offer the next step and, when the learner agrees, begin it."""

from __future__ import annotations

from collections.abc import Callable

from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.progress import NextStep
from fastcompanion.flows import overview, session
from fastcompanion.flows.session import Started


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
