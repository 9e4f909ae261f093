"""The plan as a calendar file (.ics, RFC 5545) that rings by itself in any calendar program.

A slot of the plan is one event with a fixed identity, so a newer file changes what an older one
brought: its number (SEQUENCE) grows when it changed, and a slot that is gone is cancelled.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fastcompanion.base import clock
from fastcompanion.base.records import frozen
from fastcompanion.study.plan import slots, zones
from fastcompanion.study.plan.plan import DAYS, Plan, Slot
from fastcompanion.study.plan.slots import Occurrence
from fastcompanion.study.reminders import zonerules

ALARM = 15
_BYDAY = dict(zip(DAYS, ("MO", "TU", "WE", "TH", "FR", "SA", "SU"), strict=True))
_WIDTH = 75


@frozen
class Event:
    """One slot of the plan: its identity, and its lines but for the number and the stamp."""

    uid: str
    lines: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Tell a changed event from one that is the same."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()[:16]


def text(
    plan: Plan,
    first: date,
    last: date,
    *,
    key: str = "study",
    title: str = "Study",
    alarm: int = ALARM,
    busy_only: bool = False,
    numbers: Mapping[str, int] | None = None,
    gone: Sequence[str] = (),
    stamp: datetime | None = None,
) -> str:
    """Write the slots of some days, the last one included, as a calendar; lines end as RFC 5545 wants.

    `alarm` are the minutes before a slot at which the calendar rings. `busy_only` says nothing but
    that you are busy, and rings for nobody, for a calendar that others can see. `numbers` are the
    sequence numbers of the events, `gone` are events that an older file had.
    """
    at = f"{(stamp or clock.now()).astimezone(UTC):%Y%m%dT%H%M%SZ}"
    found = events(plan, first, last, key=key, title=title, alarm=alarm, busy_only=busy_only)
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//fastcompanion//study plan//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escaped('Busy' if busy_only else title)}",
        *zonerules.component(plan.zone, first, last),
    ]
    for event in found:
        number = (numbers or {}).get(event.uid, 0)
        head = (f"UID:{event.uid}", f"DTSTAMP:{at}", f"SEQUENCE:{number}")
        lines += ["BEGIN:VEVENT", *head, *event.lines, "END:VEVENT"]
    for uid in gone:
        lines += _cancelled(uid, at, (numbers or {}).get(uid, 1))
    lines.append("END:VCALENDAR")
    return "".join(f"{folded(line)}\r\n" for line in lines)


def _cancelled(uid: str, at: str, number: int) -> list[str]:
    head = [f"UID:{uid}", f"DTSTAMP:{at}", f"SEQUENCE:{number}", f"DTSTART:{at}"]
    return ["BEGIN:VEVENT", *head, "STATUS:CANCELLED", "SUMMARY:Cancelled", "END:VEVENT"]


def events(
    plan: Plan, first: date, last: date, *, key: str, title: str, alarm: int, busy_only: bool
) -> tuple[Event, ...]:
    """Give one event for each slot of the plan that has a time in these days."""
    known: dict[tuple[int, str], list[Occurrence]] = {}
    for one in slots.between(plan, first, last):
        day = date.fromisoformat(one.id[:10])
        known.setdefault((day.weekday(), one.id[11:]), []).append(one)
    found = []
    for number, slot in enumerate(plan.slots, start=1):
        mine = [
            one
            for day in slot.days
            for one in known.get((DAYS.index(day), f"{slot.at:%H:%M}"), ())
            if one.minutes == slot.minutes
        ]
        if mine:
            times = _times(plan, slot, sorted(mine, key=lambda one: one.id), last)
            about = _about(slot, title, alarm, busy_only=busy_only)
            found.append(Event(f"slot-{number}.{key}@fastcompanion", (*times, *about)))
    return tuple(found)


def _times(plan: Plan, slot: Slot, mine: list[Occurrence], last: date) -> list[str]:
    """Write when a slot is: a weekly rule, what a pause takes out, what a gap in the clock moves."""
    steady = [one for one in mine if not one.moved]
    moved = [one for one in mine if one.moved]
    zone = f";TZID={plan.timezone}"
    length = f"DURATION:PT{slot.minutes}M"
    if not steady:
        dates = [f"RDATE{zone}:{_wall(one.at)}" for one in moved[1:]]
        return [f"DTSTART{zone}:{_wall(moved[0].at)}", length, *dates]
    begin = date.fromisoformat(steady[0].id[:10])
    wanted = {one.id[:10] for one in mine}
    days = [begin + timedelta(days=n) for n in range((last - begin).days + 1)]
    ruled = [day for day in days if DAYS[day.weekday()] in slot.days]
    until = zones.at(ruled[-1], slot.at, plan.zone).astimezone(UTC)
    byday = ",".join(_BYDAY[day] for day in slot.days)
    lines = [f"DTSTART{zone}:{_wall(steady[0].at)}", length]
    lines.append(f"RRULE:FREQ=WEEKLY;BYDAY={byday};UNTIL={until:%Y%m%dT%H%M%SZ}")
    lines += [
        f"EXDATE{zone}:{day:%Y%m%d}T{slot.at:%H%M%S}" for day in ruled if str(day) not in wanted
    ]
    # A rule makes nothing of a time that the clock jumps over (RFC 5545, section 3.3.10).
    lines += [f"RDATE{zone}:{_wall(one.at)}" for one in moved]
    return lines


def _wall(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%S}"


def _about(slot: Slot, title: str, alarm: int, *, busy_only: bool) -> list[str]:
    if busy_only:
        return ["SUMMARY:Busy", "CLASS:PUBLIC", "TRANSP:OPAQUE"]
    return [
        f"SUMMARY:{escaped(title)}",
        f"DESCRIPTION:{escaped(f'{slot.minutes} min. fastcompanion next shows the next step.')}",
        "TRANSP:OPAQUE",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{escaped(title)}",
        f"TRIGGER:-PT{alarm}M",
        "END:VALARM",
    ]


def escaped(words: str) -> str:
    r"""Write a text as a value: \ ; , and line breaks mean something there."""
    plain = words.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    plain = plain.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
    return "".join(sign for sign in plain if sign >= " " and sign != "\x7f")


def folded(line: str) -> str:
    """Break a line after 75 octets at the most, never inside a letter."""
    parts: list[bytes] = [b""]
    for sign in line:
        octets = sign.encode("utf-8")
        room = _WIDTH if len(parts) == 1 else _WIDTH - 1
        if len(parts[-1]) + len(octets) > room:
            parts.append(b"")
        parts[-1] += octets
    return b"\r\n ".join(parts).decode("utf-8")


def renumbered(
    known: Mapping[str, Sequence[Any]], found: Iterable[Event]
) -> tuple[dict[str, list[Any]], tuple[str, ...]]:
    """Number events anew from those of the last file: digest and number of each, and what is gone.

    An event that changed gets a higher number, one that is gone is cancelled with a higher one and
    stays known, so that it can come back with one that is higher still.
    """
    numbered: dict[str, list[Any]] = {}
    for event in found:
        digest, number = known.get(event.uid, (event.digest, 0))
        numbered[event.uid] = [event.digest, int(number) + (digest != event.digest)]
    gone = []
    for uid, (digest, number) in known.items():
        if uid not in numbered:
            numbered[uid] = ["", int(number) + (digest != "")]
            gone.append(uid)
    return numbered, tuple(gone)
