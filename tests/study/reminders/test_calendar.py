"""The calendar file: what programs of others make of it. tests/study/plan compares all slots."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events

from fastcompanion.study.plan import slots
from fastcompanion.study.plan.plan import Pause, Plan, Slot
from fastcompanion.study.reminders import calendar, zonerules

EVENINGS = Slot(("tue", "thu"), time(19, 30), 90)
FIRST, LAST = date(2026, 2, 1), date(2027, 2, 1)
STAMP = datetime(2026, 1, 1, tzinfo=UTC)


def text(plan: Plan, **words: Any) -> str:
    return calendar.text(plan, FIRST, LAST, stamp=STAMP, **words)


def expanded(written: str) -> list[datetime]:
    found = icalendar.Calendar.from_ical(written)
    assert [one.errors for one in found.walk() if one.errors] == []
    events = recurring_ical_events.of(found).between(
        FIRST - timedelta(days=2), LAST + timedelta(days=2)
    )
    starts: list[Any] = [event["DTSTART"] for event in events]
    return sorted({start.dt.astimezone(UTC) for start in starts})


def ours(plan: Plan) -> list[datetime]:
    return [one.at.astimezone(UTC) for one in slots.between(plan, FIRST, LAST)]


@pytest.mark.parametrize(
    "zone", ["Europe/Warsaw", "Australia/Lord_Howe", "America/New_York", "UTC"]
)
def test_pauses_gaps_and_second_hours_are_our_own(zone: str) -> None:
    pauses = (Pause(date(2026, 7, 1), date(2026, 8, 2)), Pause(date(2026, 12, 24), LAST))
    plan = Plan(
        zone,
        (EVENINGS, Slot(("sun", "mon"), time(2, 15), 30), Slot(("sun",), time(1, 45), 25)),
        pauses,
    )
    assert expanded(text(plan)) == ours(plan)


def test_a_slot_that_lies_in_the_gap_alone() -> None:
    plan = Plan("Europe/Warsaw", (Slot(("sun",), time(2, 30), 30),))
    day = date(2026, 3, 29)
    written = calendar.text(plan, day, day, stamp=STAMP)
    assert expanded(written) == [datetime(2026, 3, 29, 1, 30, tzinfo=UTC)]


def test_the_zone_begins_its_summer_when_the_standard_says() -> None:
    """In the wall time before the jump: others write 03:00, an hour too late."""
    written = text(Plan("Europe/Warsaw", (EVENINGS,)))
    daylight = written.partition("BEGIN:DAYLIGHT")[2].partition("END:DAYLIGHT")[0]
    assert "DTSTART:20250330T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n" in daylight
    assert "TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST" in daylight


@pytest.mark.parametrize(
    "name",
    [
        "Europe/Warsaw", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca",
        "Europe/Dublin", "Asia/Kolkata", "UTC", "America/Sao_Paulo", "Asia/Gaza",
    ],
)  # fmt: skip
def test_the_zone_alone_gives_every_offset(name: str) -> None:
    """A program that does not know the zone's name takes the offsets from the file."""
    zone = ZoneInfo(name)
    lines = "\r\n".join(zonerules.component(zone, FIRST, LAST))
    read: Any = icalendar.Timezone.from_ical(lines)
    theirs = read.to_tz(lookup_tzid=False)
    moment = datetime(2026, 2, 1, 12, tzinfo=UTC)
    while moment < datetime(2027, 2, 1, tzinfo=UTC):
        here = moment.astimezone(zone)
        # An hour that comes twice names no one moment.
        if here.replace(fold=1).utcoffset() == here.replace(fold=0).utcoffset():
            assert here.replace(tzinfo=theirs).utcoffset() == here.utcoffset(), moment
        moment += timedelta(minutes=50)


def test_lines_are_short_and_end_as_they_should() -> None:
    plan = Plan("Europe/Warsaw", (EVENINGS,), (Pause(date(2026, 3, 1), date(2026, 5, 1)),))
    written = text(plan, title="Ünïcödé 学习; a, b \\ c\r\nBEGIN:VEVENT" * 4)
    assert "\n" not in written.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in written.split("\r\n"))
    events = icalendar.Calendar.from_ical(written).walk("VEVENT")
    assert len(events) == 1
    assert str(events[0]["SUMMARY"]).startswith("Ünïcödé 学习; a, b \\ c\nBEGIN:VEVENT")


def test_it_rings_and_has_a_fixed_identity() -> None:
    plan = Plan("Europe/Warsaw", (EVENINGS,))
    (event,) = icalendar.Calendar.from_ical(text(plan, key="k3", alarm=10)).walk("VEVENT")
    assert str(event["UID"]) == "slot-1.k3@fastcompanion"
    (alarm,) = event.walk("VALARM")
    trigger: Any = alarm["TRIGGER"]
    assert trigger.dt == timedelta(minutes=-10)
    later = Plan("Europe/Warsaw", (Slot(("tue", "thu"), time(20, 0), 90),))
    (moved,) = icalendar.Calendar.from_ical(text(later, key="k3")).walk("VEVENT")
    assert moved["UID"] == event["UID"]


def test_numbers_grow_with_changes_alone() -> None:
    def event(uid: str, line: str) -> calendar.Event:
        return calendar.Event(uid, (line,))

    known, gone = calendar.renumbered({}, [event("a", "1"), event("b", "1")])
    assert ({uid: number for uid, (_, number) in known.items()}, gone) == ({"a": 0, "b": 0}, ())
    same, gone = calendar.renumbered(known, [event("a", "1"), event("b", "1")])
    assert (same, gone) == (known, ())
    less, gone = calendar.renumbered(same, [event("a", "2")])
    assert ({uid: number for uid, (_, number) in less.items()}, gone) == ({"a": 1, "b": 1}, ("b",))
    still, gone = calendar.renumbered(less, [event("a", "2")])
    assert ({uid: number for uid, (_, number) in still.items()}, gone) == ({"a": 1, "b": 1}, ("b",))
    back, gone = calendar.renumbered(still, [event("a", "2"), event("b", "1")])
    assert ({uid: number for uid, (_, number) in back.items()}, gone) == ({"a": 1, "b": 2}, ())
