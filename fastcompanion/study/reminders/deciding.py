"""Whether a reminder is due now, and which: a pure function of plan, log, records and clock.

The system's timer only wakes us, at times that need not be exact, twice, or days late. So what is
due follows from the slots alone:

- the last slot that has begun (or is `lead` minutes away) counts; those before it are forgotten;
- nothing is said twice for a slot, in a pause, during a session, or when the learner studied;
- half an hour after the slot the words are others, a day after it one message invites back;
- after three messages without an answer one proposes fewer slots, then one a week is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from fastcompanion.base.records import frozen
from fastcompanion.study import journal, timer
from fastcompanion.study.journal import Entry
from fastcompanion.study.plan import slots
from fastcompanion.study.plan.plan import Plan
from fastcompanion.study.plan.slots import Occurrence
from fastcompanion.study.reminders.records import Record
from fastcompanion.study.timer import Timer

LATE = timedelta(minutes=30)
MISSED = timedelta(hours=24)
LOOK_BACK = timedelta(days=15)
TRIES = 3
UNANSWERED = 3
QUIET = timedelta(days=7)
DecisionKind = Literal["due", "late", "back", "fewer", "silent"]


@frozen
class Situation:
    """All that a decision depends on. `since` is when the reminders were installed."""

    plan: Plan
    now: datetime
    since: datetime
    lead: int
    entries: Sequence[Entry] = ()
    running: Timer | None = None
    records: Sequence[Record] = ()

    @property
    def here(self) -> datetime:
        """Now, as the clocks of the plan's zone show it."""
        return self.now.astimezone(self.plan.zone)


@frozen
class Decision:
    """What to say and about which slot; `reason` is why nothing is said."""

    kind: DecisionKind
    slot: Occurrence | None = None
    reason: str = ""


def decide(seen: Situation) -> Decision:
    """Say what is due now."""
    slot = last_slot(seen)
    if slot is None:
        return Decision("silent", None, "no slot is due")
    reason = _answered(seen, slot) or _enough(seen, slot)
    if reason:
        return Decision("silent", slot, reason)
    return _kind(seen, slot)


def last_slot(seen: Situation) -> Occurrence | None:
    """Give the last slot whose reminder is due; slots from before the installation are none."""
    horizon = seen.now + timedelta(minutes=seen.lead)
    found = slots.between(
        seen.plan, (seen.here - LOOK_BACK).date(), horizon.astimezone(seen.plan.zone).date()
    )
    due = [one for one in found if _utc(seen.since) < _utc(one.at) <= _utc(horizon)]
    return due[-1] if due else None


def _utc(moment: datetime) -> datetime:
    # Moments of one zone compare by what the wall shows.
    return moment.astimezone(UTC)


def _answered(seen: Situation, slot: Occurrence) -> str:
    """Say why the learner needs no reminder of this slot."""
    pause = seen.plan.paused(seen.here.date())
    if pause is not None:
        return f"the plan pauses until {pause.last}"
    running = seen.running
    if running is not None and seen.now - running.started < timer.FORGOTTEN:
        return f"a session is running since {running.started:%H:%M}"
    day = journal.study_day(slot.at)
    for entry in seen.entries:
        # Both days as the plan's zone counts them: the learner may be far away from it.
        there = journal.study_day(entry.at.astimezone(seen.plan.zone))
        if there == day or _utc(entry.at) >= _utc(slot.at):
            return f"you studied on {entry.at:%Y-%m-%d %H:%M}"
    return ""


def _enough(seen: Situation, slot: Occurrence) -> str:
    """Say why this slot has had its reminder, or its attempts."""
    mine = [one for one in seen.records if one.slot == slot.id]
    for one in mine:
        if one.arrived:
            return f"reminded already at {one.at:%Y-%m-%d %H:%M}, by {one.channel}"
    attempts = {one.at for one in mine if one.outcome == "failed"}
    if len(attempts) >= TRIES:
        return f"{TRIES} attempts failed; the next command at a terminal says it"
    return ""


def _kind(seen: Situation, slot: Occurrence) -> Decision:
    said = _unanswered(seen)
    age = _utc(seen.now) - _utc(slot.at)
    today = [one for one in said if one.at.astimezone(seen.plan.zone).date() == seen.here.date()]
    if age > LATE and today:
        return Decision("silent", slot, "one message a day is enough")
    if any(one.kind == "fewer" for one in said):
        recent = [one for one in said if _utc(one.at) > _utc(seen.now) - QUIET]
        if recent:
            return Decision("silent", slot, "once a week is enough until you are back")
        return Decision("back", slot)
    if len(said) >= UNANSWERED:
        return Decision("fewer", slot)
    if age > MISSED:
        if any(one.kind == "back" for one in said):
            return Decision("silent", slot, "one invitation is enough")
        return Decision("back", slot)
    return Decision("late" if age > LATE else "due", slot)


def _unanswered(seen: Situation) -> list[Record]:
    """Give what arrived since the learner last studied.

    Clocks are set back by hours; what lies days ahead was written by a clock that was wrong.
    """
    horizon = _utc(seen.now) + timedelta(days=1)
    last = max((_utc(entry.at) for entry in seen.entries), default=None)
    return [
        one
        for one in seen.records
        if one.arrived
        and one.kind in ("due", "late", "back", "fewer")
        and _utc(one.at) <= horizon
        and (last is None or _utc(one.at) > last)
    ]
