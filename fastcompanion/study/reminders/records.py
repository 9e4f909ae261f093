"""What became of each reminder on this machine: one line per attempt, with its proof or its cause.

A reminder counts as arrived when a notification service gave it a number, a terminal showed it, or
a mail server (or a system that gives no number) took it. Everything else is on record as failed.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from fastcompanion.base import clock, store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace

# shown: it was seen to be shown. accepted: somebody took it who does not say what became of it.
# The other outcomes are failed and silent (nothing was to be said).
ARRIVED = ("shown", "accepted")
WAIT = 120.0


@frozen
class Record:
    """One attempt; `kind` is due, late, back, fewer, test, calendar or silent. `proof` says how we know that it arrived, `cause` why it did not."""

    id: str
    at: datetime
    slot: str
    kind: str
    channel: str
    outcome: str
    proof: str = ""
    cause: str = ""
    text: str = ""

    @property
    def arrived(self) -> bool:
        """Whether the learner was reached, as far as anybody can tell."""
        return self.outcome in ARRIVED


def read(ws: Workspace) -> tuple[Record, ...]:
    """Give every attempt, in the order of time."""
    return tuple(_record(ws, one) for one in store.read_lines(ws.reminders))


def _record(ws: Workspace, data: dict[str, Any]) -> Record:
    try:
        words = {
            key: str(data.get(key, ""))
            for key in ("slot", "kind", "channel", "outcome", "proof", "cause", "text")
        }
        return Record(id=str(data["id"]), at=clock.parse(data["at"]), **words)
    except (KeyError, TypeError, CompanionError):
        raise CompanionError(
            f"holds a line that is no reminder: {data}",
            hint="Delete that line by hand.",
            file=ws.reminders,
        ) from None


def add(ws: Workspace, found: Iterable[Record]) -> None:
    """Write attempts down; call it under `alone`."""
    lines = [
        {
            "v": 1,
            "id": one.id,
            "at": clock.stamp(one.at),
            "slot": one.slot,
            "kind": one.kind,
            "channel": one.channel,
            "outcome": one.outcome,
            **{key: getattr(one, key) for key in ("proof", "cause", "text") if getattr(one, key)},
        }
        for one in found
    ]
    if lines:
        store.append_lines(ws.reminders, lines)


def alone(ws: Workspace) -> AbstractContextManager[None]:
    """Keep other processes from reminding meanwhile: of two at once the second sees the first's record."""
    busy = "another process is sending a reminder"
    return store.lock(ws.lock("remind"), busy=busy, wait=WAIT)


@frozen
class State:
    """What this machine knows of a study's reminders beside the attempts.

    `since` is when they were installed: slots before it are nobody's fault. `calendar` has the
    events of the .ics file, each with its digest and its sequence number.
    """

    key: str = ""
    since: datetime | None = None
    woken: datetime | None = None
    calendar: dict[str, list[Any]] | None = None


def state(ws: Workspace) -> State:
    """Read what is known; nothing where there is no file yet."""
    if not ws.remind_state.exists():
        return State()
    data = store.check_version(store.read_json(ws.remind_state), ws.remind_state)
    calendar = data.get("calendar")
    return State(
        key=str(data.get("key", "")),
        since=clock.parse(data["since"]) if data.get("since") else None,
        woken=clock.parse(data["woken"]) if data.get("woken") else None,
        calendar=_sound(calendar) if isinstance(calendar, dict) else None,
    )


def _sound(calendar: dict[str, Any]) -> dict[str, list[Any]]:
    """Leave out events that say nothing: they are taken for new ones."""
    return {
        uid: one
        for uid, one in calendar.items()
        if isinstance(one, list) and [type(part) for part in one] == [str, int]
    }


def keep_state(ws: Workspace, known: State) -> None:
    """Write what is known."""
    data: dict[str, Any] = {"version": 1, "key": known.key, "calendar": known.calendar}
    for name, moment in (("since", known.since), ("woken", known.woken)):
        data[name] = clock.stamp(moment) if moment else None
    store.write_json(ws.remind_state, data)


def forget(ws: Workspace) -> None:
    """Forget the installation; the attempts stay, and calendar events go on counting."""
    known = state(ws)
    if known.calendar:
        keep_state(ws, State(key=known.key, calendar=known.calendar))
    else:
        store.remove(ws.remind_state)
