"""The journal of a launch: what is about to be asked of AWS is written down before, what came of it after.

Whatever dies, whenever, the next `launch NAME` reads it and goes on at the first step that is not done,
and `terminate NAME` knows what to look for. Each line is on the disk before the call that it announces.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from fastcompanion.base import clock, store, workspace
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen

VERSION = 1
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@frozen
class Order:
    """What the learner agreed to, whole: a launch that goes on asks for exactly the same again.

    `hours` is the agreed price of an hour for each type, in the order in which they may be taken.
    `user_data` is base64; nothing in here is secret.
    """

    name: str
    launch_id: str
    region: str
    profile: str
    types: tuple[str, ...]
    hours: tuple[float, ...]
    at_most: float
    spot: bool
    disk: int
    image: str
    root: str
    user: str
    key: str
    identity: str | None
    cidr: str
    user_data: str
    idle_minutes: int
    max_hours: int
    budget: float | None
    timezone: str = ""
    #: whose credentials began it; "" in one that an older version began
    account: str = ""

    @property
    def resource_name(self) -> str:
        """The name of the key, the firewall group and the alarm."""
        return f"fastcompanion-{self.name}-{self.launch_id}"

    def hour(self, machine: str) -> float:
        """Give the agreed price of an hour of a type."""
        return dict(zip(self.types, self.hours, strict=True)).get(machine, self.at_most)


@frozen
class Line:
    """One line of the journal."""

    step: str
    state: str
    data: Mapping[str, Any]


class Journal:
    """The journal of one machine, as it stands on the disk."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.path = path_of(name)
        self.lines: list[Line] = []
        if self.path.exists():
            self.lines = [_line(row, self.path) for row in _rows(self.path)]

    @property
    def order(self) -> Order | None:
        """What was agreed to; None where nothing was begun."""
        found = next((one for one in self.lines if one.step == "order"), None)
        return _order(found.data, self.path) if found else None

    @property
    def ready(self) -> bool:
        """Whether the launch came to its end."""
        return self.done("ready") is not None

    @property
    def ending(self) -> bool:
        """Whether a termination has begun."""
        return any(one.step == "end" for one in self.lines)

    def done(self, step: str) -> Mapping[str, Any] | None:
        """Give what a step brought, None where it is not done."""
        found = [one.data for one in self.lines if (one.step, one.state) == (step, "done")]
        return found[-1] if found else None

    @property
    def open_attempt(self) -> Mapping[str, Any] | None:
        """Give the last request for a machine where nobody knows what came of it."""
        attempts = [one for one in self.lines if one.step == "attempt"]
        last = attempts[-1] if attempts else None
        return last.data if last is not None and last.state == "intent" else None

    def write(self, step: str, state: str, data: Mapping[str, Any]) -> None:
        """Add a line, and be sure that it is on the disk."""
        line = {
            "v": VERSION,
            "id": clock.new_id(),
            "at": clock.stamp(),
            "step": step,
            "state": state,
            "data": dict(data),
        }
        store.append_line(self.path, line)
        self.lines.append(Line(step, state, dict(data)))

    def step(
        self, name: str, intent: Mapping[str, Any], act: Callable[[], Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        """Do a step once: its intent is written before and what came of it after."""
        known = self.done(name)
        if known is not None:
            return known
        self.write(name, "intent", intent)
        found = act()
        self.write(name, "done", found)
        return found

    def begin(self, order: Order) -> None:
        """Write down what was agreed to."""
        data = {one.name: getattr(order, one.name) for one in fields(order)}
        self.write("order", "done", data)

    def close(self) -> None:
        """Throw the journal away: nothing of the machine is left."""
        store.remove(self.path)
        store.remove(self.path.with_name(f"{self.path.name}.lock"))
        self.lines = []


def folder() -> Path:
    """Where the journals lie, beside the host keys of servers."""
    return workspace.servers_folder() / "launches"


def path_of(name: str) -> Path:
    """The journal of one machine."""
    return folder() / f"{name}.jsonl"


def is_name(text: str) -> bool:
    """Say whether a text can be a machine's name, and so a file's."""
    return bool(_NAME.fullmatch(text))


def names() -> tuple[str, ...]:
    """Name the machines that have a journal: launched from here, and not ended."""
    return tuple(sorted(one.stem for one in folder().glob("*.jsonl")))


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """Give the lines as they stand there: clocks are set back at times, the order of the file is true.

    A line that was cut off, as a computer went dark, was not on the disk before its call: it never was.
    """
    for text in store.read_text(path).splitlines():
        try:
            row = json.loads(text)
        except ValueError:
            continue
        if isinstance(row, dict):
            yield row


def _line(row: Mapping[str, Any], path: Path) -> Line:
    data = row.get("data")
    if row.get("v") != VERSION or not isinstance(data, dict):
        raise CompanionError(
            "was written by another version of fastcompanion, or by hand",
            hint="Update the program; the machine itself is to be seen in the console of EC2.",
            file=path,
        )
    return Line(str(row.get("step")), str(row.get("state")), data)


def _order(data: Mapping[str, Any], path: Path) -> Order:
    # A launch that an older version began has no time zone, and no account.
    known = {one.name: data.get(one.name) for one in fields(Order)}
    known.update({name: known[name] or "" for name in ("timezone", "account")})
    if not isinstance(known["types"], list) or not isinstance(known["hours"], list):
        raise CompanionError("holds no order that can be read", file=path)
    listed = {"types": tuple(known["types"]), "hours": tuple(known["hours"])}
    values: dict[str, Any] = {**known, **listed}
    return Order(**values)
