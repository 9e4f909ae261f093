"""The last resort that always works: the next command at a terminal shows a reminder that reached nobody."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastcompanion.base import clock, store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.reminders import records
from fastcompanion.study.reminders.records import Record

_FRESH = timedelta(hours=24)


@frozen
class Waiting:
    """A reminder that waits for somebody to come by, and why it did not arrive otherwise."""

    at: datetime
    slot: str
    kind: str
    text: str
    cause: str

    @property
    def lines(self) -> tuple[str, ...]:
        """Say it; what is a day old is no reminder any more, but its cause is news."""
        fresh = clock.now() - self.at < _FRESH
        lead = self.text if fresh else f"A reminder of {self.at:%A %H:%M} did not reach you."
        return (lead, f"It could not be shown otherwise: {self.cause}", "fastcompanion remind test")


def wait(ws: Workspace, waiting: Waiting) -> None:
    """Leave a reminder for the next command."""
    data = {key: getattr(waiting, key) for key in ("slot", "kind", "text", "cause")}
    store.write_json(ws.reminder_waiting, {"version": 1, "at": clock.stamp(waiting.at), **data})


def clear(ws: Workspace) -> None:
    """Take it away: another reminder arrived."""
    store.remove(ws.reminder_waiting)


def pending(ws: Workspace) -> Waiting | None:
    """Give what waits; a file that can't be read, or is of a newer version, stays and keeps nobody from working."""
    if not ws.reminder_waiting.exists():
        return None
    try:
        data = store.check_version(store.read_json(ws.reminder_waiting), ws.reminder_waiting)
        words = {key: str(data[key]) for key in ("slot", "kind", "text", "cause")}
        return Waiting(at=clock.parse(data["at"]), **words)
    except (CompanionError, KeyError, TypeError):
        return None


def shown(ws: Workspace, waiting: Waiting, where: str) -> None:
    """Put on record that a terminal showed it."""
    with records.alone(ws):
        clear(ws)
        proof = f"shown by fastcompanion {where}"
        records.add(
            ws,
            [
                Record(
                    clock.new_id(), clock.now(), waiting.slot, waiting.kind, "terminal", "shown",
                    proof=proof, text=waiting.text,
                )
            ],
        )  # fmt: skip
