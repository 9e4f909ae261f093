"""Time zones: the one module that asks for zone data, which is slow to load and missing on Windows."""

from __future__ import annotations

import difflib
import os
import warnings
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from fastcompanion.base.errors import CompanionError, Exit

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


def find(name: str) -> ZoneInfo:
    """Give a zone by its IANA name; an unknown one is refused with those that look like it."""
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        alike = _alike(name, zoneinfo.available_timezones())
        proposal = f"; did you mean {', '.join(alike)}?" if alike else ""
        raise CompanionError(
            f"the system knows no time zone {name!r}{proposal}",
            hint=f"--timezone {alike[0] if alike else 'Europe/Warsaw'}",
            code=Exit.USAGE,
        ) from None


def _alike(name: str, known: set[str]) -> list[str]:
    wanted = name.strip().replace(" ", "_").lower()
    by_city = [zone for zone in sorted(known) if zone.rpartition("/")[2].lower() == wanted]
    by_case = [zone for zone in sorted(known) if zone.lower() == wanted]
    close = difflib.get_close_matches(name, sorted(known), n=2, cutoff=0.6)
    return list(dict.fromkeys([*by_case, *by_city, *close]))[:3]


def guess() -> str | None:
    """Give the name of the system's zone, None where it has none that can be told to others.

    A POSIX rule in TZ, such as CET-1CEST, is a zone without a name.
    """
    import zoneinfo

    told = os.environ.get("TZ", "").removeprefix(":").rpartition("/zoneinfo/")[2]
    try:
        name = told or _of_system()
        return zoneinfo.ZoneInfo(name).key if name else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, LookupError, OSError):
        return None


def _of_system() -> str:
    import tzlocal

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tzlocal.get_localzone_name() or ""


def at(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """Give the moment at which a clock on the wall shows a time.

    A time that the clock jumps over is moved by the length of the jump (02:30 becomes 03:30), and
    of one that it shows twice the first is taken.
    """
    return datetime.combine(day, wall, tzinfo=zone).astimezone(UTC).astimezone(zone)


def later(moment: datetime, length: timedelta) -> datetime:
    """Add real time: plain addition would follow the clock on the wall over a change."""
    return (moment.astimezone(UTC) + length).astimezone(moment.tzinfo)
