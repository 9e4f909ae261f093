"""Slots agree with systemd and with calendars, over three zones and both changes of the clock.

Outside the hour that a clock jumps over. Inside it systemd leaves the slot out, and we move it by
the length of the jump: one rule for all ways of being reminded.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
from hypothesis import given, settings
from hypothesis import strategies as st

from fastcompanion.study.plan import slots
from fastcompanion.study.plan.plan import DAYS, Pause, Plan, Slot
from fastcompanion.study.reminders import calendar
from tests.study.plan import systemd_calendar
from tests.study.plan.systemd_calendar import ZONES, moment

ROWS = json.loads(systemd_calendar.GOLDEN.read_text())
HAS_SYSTEMD = systemd_calendar.available()
NO_SYSTEMD = "no systemd-analyze with --base-time here; the golden table is compared all the same"


def plan_of(line: str) -> Plan:
    days, at, zone = line.split()
    named = tuple(day for day in DAYS if day in days.lower().split(","))
    return Plan(zone, (Slot(named, time.fromisoformat(at), 60),))


def starts(plan: Plan, after: datetime, count: int) -> list[datetime]:
    """Give the next slots in UTC but for those in a gap, as systemd would."""
    seen = slots.upcoming(plan, after, 3 * count + 3)
    return [one.at.astimezone(UTC) for one in seen if not one.moved][:count]


def test_the_golden_table_holds_gaps_and_folds() -> None:
    """Else it would prove nothing: there are slots that we move, and slots that come twice."""
    moved = twice = 0
    for row in ROWS:
        seen = slots.upcoming(plan_of(row["line"]), moment(row["base"]), systemd_calendar.COUNT)
        moved += any(one.moved for one in seen)
        twice += any(one.twice for one in seen)
    assert moved >= 5
    assert twice >= 5
    assert {row["line"].split()[2] for row in ROWS} == set(ZONES)


def test_slots_are_what_systemd_said() -> None:
    for row in ROWS:
        expected = [moment(text) for text in row["next"]]
        assert starts(plan_of(row["line"]), moment(row["base"]), len(expected)) == expected, row


@pytest.mark.skipif(not HAS_SYSTEMD, reason=NO_SYSTEMD)
def test_the_golden_table_is_what_systemd_says_now() -> None:
    for row in ROWS[::13]:
        assert systemd_calendar.ask(row["line"], row["base"], len(row["next"])) == row["next"]


# The days around both changes of three years in all of the zones, and any other day of them.
CHANGES = [
    date(2025, 3, 9), date(2025, 3, 30), date(2025, 4, 6), date(2025, 9, 28), date(2025, 10, 26),
    date(2025, 11, 2), date(2026, 3, 8), date(2026, 3, 29), date(2026, 4, 5), date(2026, 9, 27),
    date(2026, 10, 25), date(2026, 11, 1), date(2027, 3, 14), date(2027, 3, 28), date(2027, 4, 4),
    date(2027, 9, 26), date(2027, 10, 31), date(2027, 11, 7),
]  # fmt: skip
near_a_change = st.builds(
    lambda day, hours, minutes: (
        datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hours, minutes=minutes)
    ),
    st.sampled_from(CHANGES),
    st.integers(-72, 48),
    st.integers(0, 59),
)
moments = st.one_of(
    near_a_change,
    st.integers(0, 1000 * 24 * 60).map(
        lambda n: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=n)
    ),
)
times = st.one_of(
    st.builds(time, st.integers(0, 4), st.integers(0, 59)),
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
)
weeks = st.sets(st.sampled_from(DAYS), min_size=1).map(
    lambda days: tuple(day for day in DAYS if day in days)
)
plans = st.builds(
    lambda zone, days, at: Plan(zone, (Slot(days, at, 60),)), st.sampled_from(ZONES), weeks, times
)


@pytest.mark.skipif(not HAS_SYSTEMD, reason=NO_SYSTEMD)
@settings(max_examples=80)
@given(plans, moments)
def test_any_slot_agrees_with_systemd(plan: Plan, after: datetime) -> None:
    slot = plan.slots[0]
    line = f"{','.join(slot.days)} {slot.at:%H:%M:%S} {plan.timezone}"
    expected = systemd_calendar.ask(line, f"{after:%Y-%m-%d %H:%M:%S}", 4)
    assert starts(plan, after, 4) == [moment(text) for text in expected]


def calendar_of(plan: Plan, first: date) -> icalendar.Calendar:
    """Write the plan as a calendar would hold it: one weekly event per slot, pauses left out."""
    calendar = icalendar.Calendar()
    zone = ZoneInfo(plan.timezone)
    for slot in plan.slots:
        begins = next(
            day
            for day in (first + timedelta(days=n) for n in range(7))
            if DAYS[day.weekday()] in slot.days
        )
        event = icalendar.Event()
        event.add("uid", f"{slot.days[0]}-{slot.at:%H%M}@test")
        event.add("dtstart", datetime.combine(begins, slot.at, tzinfo=zone))
        event.add("duration", timedelta(minutes=slot.minutes))
        event.add("rrule", {"freq": "weekly", "byday": [day[:2].upper() for day in slot.days]})
        for pause in plan.pauses:
            for n in range((pause.last - pause.first).days + 1):
                day = pause.first + timedelta(days=n)
                event.add("exdate", datetime.combine(day, slot.at, tzinfo=zone))
        calendar.add_component(event)
    # Through text and back, as another program reads it.
    read = icalendar.Calendar.from_ical(calendar.to_ical())
    assert isinstance(read, icalendar.Calendar)
    return read


@settings(max_examples=60)
@given(plans, moments, st.integers(0, 12), st.integers(0, 5))
def test_any_slot_agrees_with_a_calendar(
    plan: Plan, after: datetime, until: int, length: int
) -> None:
    first = after.astimezone(plan.zone).date()
    rest = Pause(first + timedelta(days=until), first + timedelta(days=until + length))
    plan = Plan(plan.timezone, plan.slots, (rest,))
    last = first + timedelta(days=20)
    seen = [one for one in slots.between(plan, first, last) if not one.moved]
    expanded = recurring_ical_events.of(calendar_of(plan, first)).between(
        first, last + timedelta(days=1)
    )
    zone = plan.zone
    wall = [event["dtstart"].dt.replace(tzinfo=None) for event in expanded]
    real = {
        at.replace(tzinfo=zone).astimezone(UTC)
        for at in wall
        if at.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == at
    }
    assert [one.at.astimezone(UTC) for one in seen] == sorted(real)


@settings(max_examples=100)
@given(plans, moments)
def test_a_slot_in_a_gap_moves_by_its_length_and_none_comes_twice(
    plan: Plan, after: datetime
) -> None:
    seen = slots.upcoming(plan, after, 8)
    utc = [one.at.astimezone(UTC) for one in seen]
    assert utc == sorted(set(utc))
    assert utc[0] > after
    for one in seen:
        wall = datetime.fromisoformat(one.id)
        assert DAYS[wall.weekday()] in plan.slots[0].days
        assert wall.time() == plan.slots[0].at
        if one.moved:
            before = wall.replace(tzinfo=plan.zone).utcoffset()
            jump = (one.at.utcoffset() or timedelta()) - (before or timedelta())
            assert one.at.replace(tzinfo=None) == wall + jump, "moved by the length of the gap"
            assert jump > timedelta()
        else:
            assert one.at.replace(tzinfo=None, fold=0) == wall
            assert one.at.fold == 0, "of two the first"


@settings(max_examples=60)
@given(plans, plans, moments, st.integers(0, 12), st.integers(0, 5))
def test_the_calendar_that_we_write_has_the_same_slots(
    plan: Plan, other: Plan, after: datetime, until: int, length: int
) -> None:
    """Two slots and a pause, read as a calendar program does; the hour of the gap is among them."""
    first = after.astimezone(plan.zone).date()
    rest = Pause(first + timedelta(days=until), first + timedelta(days=until + length))
    taken = {(day, plan.slots[0].at) for day in plan.slots[0].days}
    more = tuple(one for one in other.slots if not {(day, one.at) for day in one.days} & taken)
    both = Plan(plan.timezone, (*plan.slots, *more), (rest,))
    last = first + timedelta(days=20)
    read = icalendar.Calendar.from_ical(calendar.text(both, first, last))
    assert isinstance(read, icalendar.Calendar)
    expanded = recurring_ical_events.of(read).between(first, last + timedelta(days=1))
    found = {event["dtstart"].dt.astimezone(UTC) for event in expanded}
    assert sorted(found) == [one.at.astimezone(UTC) for one in slots.between(both, first, last)]
