"""What a wake-up does: look whether a reminder is due, send it, put on record what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from fastcompanion.base import clock, config, events
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.flows import overview
from fastcompanion.study import journal, timer
from fastcompanion.study.journal import Entry
from fastcompanion.study.plan import plan as plans
from fastcompanion.study.reminders import banner, channels, deciding, records, wording
from fastcompanion.study.reminders.banner import Waiting
from fastcompanion.study.reminders.deciding import Decision, Situation
from fastcompanion.study.reminders.desktop import Delivery
from fastcompanion.study.reminders.records import Record, State
from fastcompanion.study.reminders.wording import Message
from fastcompanion.study.timer import Timer

# Days of the log that a decision looks at.
_DAYS = 60


@frozen
class Fired:
    """What a wake-up came to: `kind` is silent with a `reason`, or what was said and by whom."""

    kind: str
    slot: str | None
    reason: str
    text: str
    attempts: tuple[Delivery, ...]
    arrived: bool
    dry_run: bool = False


def fire(ws: Workspace, *, token: str | None = None, dry_run: bool = False) -> Fired:
    """Remind if something is due. Safe to call at any time, as often as one likes, twice at once.

    `token` is the word of a test, which is sent whatever the plan says.
    """
    if dry_run:
        return _look(ws, token)
    with records.alone(ws):
        known = records.state(ws)
        try:
            fired = _fire(ws, known, token)
        except CompanionError as error:
            _note_failure(ws, token, error)
            raise
        records.keep_state(ws, replace(known, woken=clock.now()))
    return fired


def _note_failure(ws: Workspace, token: str | None, error: CompanionError) -> None:
    """Put on record, once, that not even the plan could be read: a timer has nobody to tell it to."""
    slot, kind = (f"test-{token}", "test") if token else ("", "silent")
    cause = f"{error} ({error.hint})" if error.hint else str(error)
    known = records.read(ws)
    if known and (known[-1].slot, known[-1].cause) == (slot, cause):
        return
    records.add(ws, [Record(clock.new_id(), clock.now(), slot, kind, "", "failed", cause=cause)])


def _look(ws: Workspace, token: str | None) -> Fired:
    decision, message = _decide(ws, records.state(ws), token)
    slot = _slot_id(decision, token)
    text = message.line if message else ""
    return Fired(decision.kind, slot, decision.reason, text, (), arrived=False, dry_run=True)


def _fire(ws: Workspace, known: State, token: str | None) -> Fired:
    decision, message = _decide(ws, known, token)
    slot = _slot_id(decision, token)
    if message is None:
        _note_silence(ws, decision)
        return Fired("silent", slot, decision.reason, "", (), arrived=False)
    kind = "test" if token else decision.kind
    attempts = channels.send(message, config.load(ws))
    at = clock.now()
    records.add(ws, [_record(at, slot or "", kind, one, message) for one in attempts])
    arrived = attempts[-1].outcome in records.ARRIVED
    if not token:
        _leave(ws, arrived, Waiting(at, slot or "", kind, message.line, _causes(attempts)))
    return Fired(kind, slot, "", message.line, attempts, arrived=arrived)


def _slot_id(decision: Decision, token: str | None) -> str | None:
    if token:
        return f"test-{token}"
    return decision.slot.id if decision.slot else None


def _record(at: datetime, slot: str, kind: str, one: Delivery, message: Message) -> Record:
    return Record(
        id=clock.new_id(),
        at=at,
        slot=slot,
        kind=kind,
        channel=one.channel,
        outcome=one.outcome,
        proof=one.proof,
        cause=one.cause,
        text=message.line,
    )


def _causes(attempts: Sequence[Delivery]) -> str:
    return "; ".join(f"{one.channel}: {one.cause}" for one in attempts if one.cause)


def _leave(ws: Workspace, arrived: bool, waiting: Waiting) -> None:
    if arrived:
        banner.clear(ws)
    else:
        banner.wait(ws, waiting)


def _note_silence(ws: Workspace, decision: Decision) -> None:
    """Put on record why nothing was said for a slot, once."""
    slot = decision.slot
    if slot is None or any(one.slot == slot.id for one in records.read(ws)):
        return
    silent = Record(
        clock.new_id(), clock.now(), slot.id, "silent", "", "silent", cause=decision.reason
    )
    records.add(ws, [silent])


def _decide(ws: Workspace, known: State, token: str | None) -> tuple[Decision, Message | None]:
    now = clock.now()
    if token:
        return Decision("due"), wording.test_message(now)
    plan = plans.needed(ws)
    seen = Situation(
        plan=plan,
        now=now,
        since=known.since or now - timedelta(days=1),
        lead=int(config.load(ws).get("remind.lead")),
        entries=_entries(ws, now),
        running=_running(ws),
        records=records.read(ws),
    )
    decision = deciding.decide(seen)
    if decision.kind == "silent":
        return decision, None
    return decision, wording.message(decision, plan, now, _step(ws))


def _entries(ws: Workspace, now: datetime) -> tuple[Entry, ...]:
    """Give the sessions of late; a log with a mistake in it is no reason to be silent."""
    today = journal.study_day(now)
    days = [today + timedelta(days=1 - back) for back in range(_DAYS)]
    try:
        return journal.read(ws, days, undone=journal.undone(ws, events.read(ws))).entries
    except CompanionError:
        return ()


def _running(ws: Workspace) -> Timer | None:
    try:
        return timer.running(ws)
    except CompanionError:
        return None


def _step(ws: Workspace) -> str:
    """Word the learner's next step; a course that can't be read is no reason to be silent."""
    try:
        step = overview.upcoming(ws).step
    except CompanionError:
        return ""
    return f"{step.lesson}, {step.what} (fastcompanion next)" if step else ""
