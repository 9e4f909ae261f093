"""When a server ran and what that cost: append-only lines of the user, kept on this machine alone.

Hours and dollars are computed from the lines and never stored. They are this machine's own account,
which knows of starts and stops that went through fastcompanion or were seen by `server status`; the
bill is the provider's.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from fastcompanion.base import clock, store, workspace
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen

VERSION = 1
#: started: it runs from here on; stopped: it does not, but may cost; terminated: it is gone.
Event = Literal["started", "stopped", "terminated", "resized", "noted"]
_RUNNING = ("started",)
_ENDED = ("stopped", "terminated")
_HOUR = 3600.0


@frozen
class Entry:
    """One line: what became of a server at a moment, and its prices from then on.

    `price` is dollars per hour while it runs, `idle_price` per hour while it exists and is stopped.
    """

    id: str
    at: datetime
    server: str
    event: Event
    price: float | None = None
    idle_price: float | None = None
    note: str = ""


@frozen
class Cost:
    """What a server took within a span: hours of running and of lying stopped, and dollars.

    The dollars are None where a price was never known.
    """

    hours: float
    stopped_hours: float
    running_cost: float | None
    stopped_cost: float | None


def append(
    server: str,
    event: Event,
    *,
    price: float | None = None,
    idle_price: float | None = None,
    at: datetime | None = None,
    note: str = "",
) -> Entry:
    """Add a line; a price left out stays what it was.

    No line comes before one that is there: with a clock that was set back, a stop would come before its
    start, and the machine would run for ever.
    """
    moment = at or clock.now()
    latest = max((one.at for one in read(server)), default=moment)
    if moment < latest:
        moment = latest + timedelta(seconds=1)
    made = Entry(clock.new_id(), moment, server, event, price, idle_price, note)
    line: dict[str, Any] = {
        "v": VERSION,
        "id": made.id,
        "at": clock.stamp(made.at),
        "server": server,
        "event": event,
    }
    extra = {"price": price, "idle_price": idle_price, "note": note or None}
    line.update({key: value for key, value in extra.items() if value is not None})
    store.append_line(workspace.server_ledger(), line)
    return made


def read(server: str | None = None) -> tuple[Entry, ...]:
    """Give the lines in order, of one server or of all; lines of unknown kinds are left out."""
    path = workspace.server_ledger()
    found = tuple(_entry(row) for row in store.read_lines(path) if row.get("v") == VERSION)
    return tuple(one for one in found if server is None or one.server == server)


def _entry(row: dict[str, Any]) -> Entry:
    try:
        return Entry(
            str(row["id"]),
            clock.parse(str(row["at"])),
            str(row["server"]),
            row["event"],
            _price(row.get("price")),
            _price(row.get("idle_price")),
            str(row.get("note", "")),
        )
    except KeyError as error:
        hint = "Mend the line by hand; nothing was changed."
        path = workspace.server_ledger()
        raise CompanionError(f"a line has no {error.args[0]}", hint=hint, file=path) from None


def _price(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def running_since(server: str) -> datetime | None:
    """Give the moment since which a server runs, None where the lines say it does not."""
    since: datetime | None = None
    for one in read(server):
        if one.event in _RUNNING:
            since = since or one.at
        elif one.event in _ENDED:
            since = None
    return since


def stopped_since(server: str) -> datetime | None:
    """Give the moment since which a server lies stopped, None where it runs or is gone."""
    since: datetime | None = None
    for one in read(server):
        if one.event == "stopped":
            since = since or one.at
        elif one.event in ("started", "terminated"):
            since = None
    return since


def exists(server: str) -> bool:
    """Say whether a server is there as far as the lines know: it runs, or lies stopped."""
    return running_since(server) is not None or stopped_since(server) is not None


def hours(server: str | None, since: datetime, until: datetime | None = None) -> float:
    """Give the hours of running within a span, of one server or of all."""
    return cost(server, since, until).hours


def cost(server: str | None, since: datetime, until: datetime | None = None) -> Cost:
    """Give what a server, or all of them, took within a span."""
    end = until or clock.now()
    entries = read(server)
    names = dict.fromkeys(one.server for one in entries)
    parts = [_of([one for one in entries if one.server == name], since, end) for name in names]
    return Cost(
        sum(part.hours for part in parts),
        sum(part.stopped_hours for part in parts),
        _sum([part.running_cost for part in parts]),
        _sum([part.stopped_cost for part in parts]),
    )


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known or not values else None


def _of(entries: list[Entry], since: datetime, until: datetime) -> Cost:
    """Walk along one server's lines; each stretch between two counts at the price it began with."""
    state, price, idle = "", None, None
    spent: dict[str, list[tuple[float, float | None]]] = {"started": [], "stopped": []}
    for one, after in zip(entries, [*entries[1:], None], strict=True):
        state = state if one.event in ("resized", "noted") else one.event
        price = one.price if one.price is not None else price
        idle = one.idle_price if one.idle_price is not None else idle
        if state not in spent:
            continue
        begin, end = max(one.at, since), min(after.at if after else until, until)
        length = max(0.0, (end - begin).total_seconds() / _HOUR)
        if length:
            spent[state].append((length, price if state == "started" else idle))
    running, stopped = spent["started"], spent["stopped"]
    return Cost(
        sum(length for length, _ in running),
        sum(length for length, _ in stopped),
        _dollars(running),
        _dollars(stopped),
    )


def _dollars(stretches: list[tuple[float, float | None]]) -> float | None:
    if any(rate is None for _, rate in stretches):
        return None
    return sum(length * (rate or 0.0) for length, rate in stretches)


def month_start(moment: datetime | None = None) -> datetime:
    """Give the first moment of a moment's month, for what `this month` cost."""
    moment = moment or clock.now()
    return clock.local(
        moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    )
