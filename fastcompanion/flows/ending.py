"""How long a session was: by the timer, by what the learner says, or by the plan where it was forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from fastcompanion.base import clock
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.study import journal, timer
from fastcompanion.study.logbook import stats
from fastcompanion.study.plan import plan, slots
from fastcompanion.study.timer import Timer

# What a session is taken for where neither a plan nor the log says.
_USUAL = 30
# A slot is that of a session when it begins within these hours of it.
_NEAR = timedelta(hours=6)

# Asked with the minutes that ran and those that were planned, it gives an answer in words.
Ask = Callable[[int, int], str]


@frozen
class Ending:
    """The minutes of a session; `guessed` when nobody was there to say that they are right."""

    minutes: int
    guessed: bool = False


def of(
    ws: Workspace,
    running: Timer,
    *,
    at: str | None = None,
    ago: int | None = None,
    minutes: int | None = None,
    ask: Ask | None = None,
) -> Ending:
    """Say how long the session was.

    A timer that ran for more than twice the planned minutes was probably forgotten: `ask` is asked
    with the planned minutes as the answer that is offered; without it they are taken as a guess.
    """
    end = timer.end_of(running, at=at, ago=ago, minutes=minutes)
    ran = timer.minutes_between(running.started, end)
    given = any(one is not None for one in (at, ago, minutes))
    wanted = planned(ws, running)
    if given or not timer.forgotten(running, wanted):
        return Ending(ran)
    likely = wanted or usual(ws)
    if ask is None:
        return Ending(likely, guessed=True)
    answer = ask(ran, likely).strip()
    return Ending(ran if answer.lower() in ("y", "yes", "really") else timer.length(answer))


def planned(ws: Workspace, running: Timer) -> int | None:
    """Give the minutes of the slot that the session was begun for, else of an average slot."""
    own = plan.if_sound(ws)
    if own is None or not own.slots:
        return None
    day = running.started.astimezone(own.zone).date()
    near = [
        (distance, slot.minutes)
        for slot in slots.between(own, day - timedelta(days=1), day + timedelta(days=1))
        if (distance := abs(slot.at.astimezone(running.started.tzinfo) - running.started)) <= _NEAR
    ]
    if near:
        return min(near)[1]
    return round(own.weekly_minutes / sum(len(slot.days) for slot in own.slots))


def usual(ws: Workspace) -> int:
    """Give the minutes of the learner's usual session, by the log of the last four weeks."""
    today = journal.study_day(clock.now())
    days = [today - timedelta(days=n) for n in range(7 * stats.PACE_WEEKS + 1)]
    return stats.pace(journal.read(ws, days).entries, None, today).minutes_per_session or _USUAL
