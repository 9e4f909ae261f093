"""The plan as a calendar file, on disk or by e-mail: reminders that need nothing of this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from fastcompanion.base import clock, config, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace, absolute
from fastcompanion.study.plan import plan as plans
from fastcompanion.study.plan import slots
from fastcompanion.study.plan.plan import Plan
from fastcompanion.study.reminders import calendar, mail, records
from fastcompanion.study.reminders.desktop import Delivery
from fastcompanion.study.reminders.records import Record
from fastcompanion.study.reminders.wording import Message

WEEKS = 26
_OURS = "PRODID:-//fastcompanion//"


@frozen
class CalendarFile:
    """A calendar that was written, or would be; `delivery` is what a mail server said of it."""

    file: str | None
    first: date
    last: date
    slots: int
    cancelled: int
    busy_only: bool
    dry_run: bool
    delivery: Delivery | None = None


@frozen
class Wish:
    """What a calendar is to hold."""

    weeks: int = WEEKS
    alarm: int = calendar.ALARM
    busy_only: bool = False


def write(ws: Workspace, out: Path | None, wish: Wish, *, dry_run: bool = False) -> CalendarFile:
    """Write the calendar to a file; by default one that git does not see, as it tells when you are busy."""
    path = absolute(out) if out else ws.calendar
    if path.is_file() and _OURS not in store.read_text(path):
        raise CompanionError(
            "exists, and is no calendar of ours; nothing was written over it",
            hint="--out with another name",
            file=path,
            code=Exit.USAGE,
        )
    plan = _plan(ws)
    text, found = _make(ws, plan, wish, dry_run=dry_run)
    if not dry_run:
        store.write_bytes(path, text.encode("utf-8"))
    return replace(found, file=str(path))


def send(
    ws: Workspace, wish: Wish, *, agree: Callable[[str], bool], dry_run: bool = False
) -> CalendarFile:
    """Send the calendar to the learner's own address, if they agree; it rings in whatever program opens it."""
    settings = config.load(ws)
    mine = mail.account(settings)
    text, found = _make(ws, _plan(ws), wish, dry_run=dry_run)
    if dry_run:
        return found
    if not agree(f"Send {found.slots} slots as a calendar to {mine.to}?"):
        return replace(found, dry_run=True)
    message = Message(
        "Your study times",
        "The attached calendar holds the slots of your plan and rings before each of them: "
        "open it and add it to your calendar.",
    )
    done = mail.send(message, settings, calendar=text)
    _note(ws, done)
    if done.outcome == "failed":
        raise CompanionError(
            f"the calendar was not sent to {mine.to}: {done.cause}",
            hint="fastcompanion remind calendar, and open the file by hand",
        )
    return replace(found, delivery=done)


def _note(ws: Workspace, done: Delivery) -> None:
    one = Record(
        clock.new_id(), clock.now(), "", "calendar", done.channel, done.outcome, done.proof,
        done.cause,
    )  # fmt: skip
    with records.alone(ws):
        records.add(ws, [one])


def _plan(ws: Workspace) -> Plan:
    plan = plans.needed(ws)
    if not plan.slots:
        raise CompanionError(
            "the plan has no slots", hint="fastcompanion plan edit", code=Exit.NOT_SET_UP
        )
    return plan


def _make(ws: Workspace, plan: Plan, wish: Wish, *, dry_run: bool) -> tuple[str, CalendarFile]:
    first = clock.now().astimezone(plan.zone).date()
    last = first + timedelta(days=7 * wish.weeks)
    title = str(config.load(ws).get("study.name"))
    with records.alone(ws):
        known = records.state(ws)
        key = known.key or clock.new_id()
        # Who sees busy times only has other events than the learner.
        own = f"{key}-busy" if wish.busy_only else key
        shape = {"title": title, "alarm": wish.alarm, "busy_only": wish.busy_only}
        found = calendar.events(plan, first, last, key=own, **shape)  # type: ignore[arg-type]
        everything = known.calendar or {}
        mine = {
            uid: one for uid, one in everything.items() if uid.endswith(f".{own}@fastcompanion")
        }
        numbered, gone = calendar.renumbered(mine, found)
        if not dry_run:
            new = {**everything, **numbered}
            records.keep_state(ws, replace(known, key=key, calendar=new))
    numbers = {uid: number for uid, (_, number) in numbered.items()}
    text = calendar.text(
        plan,
        first,
        last,
        key=own,
        numbers=numbers,
        gone=gone,
        **shape,  # type: ignore[arg-type]
    )
    count = len(slots.between(plan, first, last))
    return text, CalendarFile(None, first, last, count, len(gone), wish.busy_only, dry_run)
