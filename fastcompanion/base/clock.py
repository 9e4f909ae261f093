"""Time and chance: the only module that asks the system for either."""

from __future__ import annotations

import os
import threading
import time
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING

from fastcompanion.base.errors import CompanionError, Exit

if TYPE_CHECKING:
    import random

NOW_VARIABLE = "FASTCOMPANION_NOW"
# In the order of their codes, so that ids sort as the numbers that they stand for.
_ID_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
_CHANCE_BITS = 17
# A clock that was set back by more than ten seconds is believed; a smaller step counts on.
_BACK = 10_000 << _CHANCE_BITS
_last_number = [0]
_counting = threading.Lock()


def now() -> datetime:
    """Give the current time, aware, in the local zone; FASTCOMPANION_NOW (RFC 3339) replaces it."""
    frozen = os.environ.get(NOW_VARIABLE)
    if frozen:
        return parse(frozen, origin=NOW_VARIABLE)
    return datetime.now().astimezone()


def today() -> date:
    """Give the local calendar day of `now`."""
    return now().date()


def stamp(moment: datetime | None = None) -> str:
    """Write a moment as RFC 3339 with offset and whole seconds, the form of every record."""
    moment = moment or now()
    if moment.tzinfo is None:
        raise ValueError("a time without a zone can't be recorded")
    return moment.isoformat(timespec="seconds")


def parse(text: str, *, origin: str = "time") -> datetime:
    """Read an RFC 3339 time; one without an offset is refused, as it names no moment."""
    try:
        moment = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        # A number in a file that was edited by hand is no time either.
        moment = None
    if moment is None or moment.tzinfo is None:
        raise CompanionError(
            f"{origin} is not a time with an offset: {text!r}",
            hint="Write it like 2026-11-21T19:30:00+01:00",
            code=Exit.USAGE,
        )
    return moment


def local(wall: datetime) -> datetime:
    """Give a wall-clock time (no zone) the local offset of its own day, not of today.

    Of a time that the clock showed twice it is the first; one that it jumped over is moved on.
    """
    elsewhere = _elsewhere()
    return wall.replace(tzinfo=elsewhere) if elsewhere else wall.astimezone()


def readings(wall: datetime) -> tuple[datetime, ...]:
    """Give the moments at which the local clock shows a time.

    There is none in the hour that it jumps over in spring, and two in the hour that it goes
    through twice in autumn.
    """
    elsewhere = _elsewhere()
    if elsewhere:
        return (wall.replace(tzinfo=elsewhere),)
    found = [wall.replace(fold=fold).astimezone() for fold in (0, 1)]
    shown = [moment for moment in found if moment.replace(tzinfo=None, fold=0) == wall]
    return tuple(shown[: 1 + (len(shown) > 1 and shown[0].utcoffset() != shown[1].utcoffset())])


def _elsewhere() -> tzinfo | None:
    """Give the offset of FASTCOMPANION_NOW where it is not one of this machine's own zone."""
    if not os.environ.get(NOW_VARIABLE):
        return None
    moment = now()
    return moment.tzinfo if moment.utcoffset() != moment.astimezone().utcoffset() else None


def here(moment: datetime) -> datetime:
    """Give a moment as the clocks of this machine show it, with the offset of its own day."""
    return moment.astimezone(_elsewhere())


def monotonic() -> float:
    """Give seconds from a clock that never goes back, for durations."""
    return time.monotonic()


def pause(seconds: float) -> None:
    """Wait; for polling loops of long-running commands only."""
    time.sleep(seconds)


def new_id() -> str:
    """Give ten base32 characters, two thirds time and one third chance: the identity of a record.

    Records carry whole seconds; the milliseconds in front (they begin anew every 99 days) keep
    those of one second in the order in which they were made, as (at, id) sorts them. Within one
    millisecond a process counts on from its last id, as monotonic ULIDs do.
    """
    chance = int.from_bytes(os.urandom(4)) >> 32 - _CHANCE_BITS
    with _counting:
        number = time.time_ns() // 1_000_000 << _CHANCE_BITS | chance
        last = _last_number[0]
        if last < number + _BACK and number <= last:
            number = last + 1 + chance % 32
        _last_number[0] = number
    return "".join(_ID_ALPHABET[number >> shift & 31] for shift in range(45, -1, -5))


def new_secret() -> str:
    """Give 32 characters that nobody can guess, for a key that lives as long as a server."""
    return os.urandom(16).hex()


def rng(seed: int) -> random.Random:
    """Give a generator of its own for reproducible choices."""
    import random

    return random.Random(seed)
