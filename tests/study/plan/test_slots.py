"""Slots on the days of the plan: gaps, folds, pauses, overlaps."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from fastcompanion.study.plan import slots
from fastcompanion.study.plan.plan import DAYS, Pause, Plan, Slot

WARSAW = Plan("Europe/Warsaw", (Slot(("tue", "thu"), time(19, 30), 90),))


def plan(*rows: Slot, pauses: tuple[Pause, ...] = (), zone: str = "Europe/Warsaw") -> Plan:
    return Plan(zone, rows, pauses)


def ids(*seen: slots.Occurrence) -> list[str]:
    return [one.id for one in seen]


def test_slots_between_two_days_both_of_them_included() -> None:
    found = slots.between(WARSAW, date(2026, 11, 24), date(2026, 12, 1))
    assert ids(*found) == ["2026-11-24T19:30", "2026-11-26T19:30", "2026-12-01T19:30"]
    assert found[0].at.isoformat() == "2026-11-24T19:30:00+01:00"
    assert found[0].ends.isoformat() == "2026-11-24T21:00:00+01:00"
    assert slots.between(WARSAW, date(2026, 11, 25), date(2026, 11, 25)) == ()
    assert slots.between(WARSAW, date(2026, 12, 1), date(2026, 11, 1)) == ()


def test_the_next_slots_begin_after_the_moment() -> None:
    at = datetime(2026, 11, 24, 18, 30, tzinfo=UTC)
    assert ids(*slots.upcoming(WARSAW, at, 2)) == ["2026-11-26T19:30", "2026-12-01T19:30"]
    assert ids(*slots.upcoming(WARSAW, at - timedelta(seconds=1), 1)) == ["2026-11-24T19:30"]
    assert slots.upcoming(WARSAW, at, 0) == ()


def test_evening_slots_keep_their_hour_over_both_changes() -> None:
    sunday = plan(Slot(("sun",), time(19, 30), 60))
    spring = slots.between(sunday, date(2026, 3, 22), date(2026, 3, 29))
    autumn = slots.between(sunday, date(2026, 10, 18), date(2026, 10, 25))
    assert [f"{one.at.astimezone(UTC):%H:%M}" for one in spring] == ["18:30", "17:30"]
    assert [f"{one.at.astimezone(UTC):%H:%M}" for one in autumn] == ["17:30", "18:30"]


def test_a_slot_in_a_gap_begins_later_by_the_length_of_the_gap() -> None:
    (one,) = slots.between(
        plan(Slot(("sun",), time(2, 30), 60)), date(2026, 3, 29), date(2026, 3, 29)
    )
    assert one.id == "2026-03-29T02:30"
    assert one.at.isoformat() == "2026-03-29T03:30:00+02:00"
    assert one.moved
    assert not one.twice
    assert one.ends.isoformat() == "2026-03-29T04:30:00+02:00"


def test_a_gap_of_half_an_hour_moves_a_slot_by_half_an_hour() -> None:
    island = plan(Slot(("sun",), time(2, 15), 60), zone="Australia/Lord_Howe")
    (one,) = slots.between(island, date(2026, 10, 4), date(2026, 10, 4))
    assert one.at.isoformat() == "2026-10-04T02:45:00+11:00"


def test_two_slots_that_a_gap_puts_on_one_moment_are_the_longer_one() -> None:
    short, long = Slot(("sun",), time(2, 30), 60), Slot(("sun",), time(3, 30), 90)
    for both in (plan(short, long), plan(long, short)):
        found = slots.between(both, date(2026, 3, 29), date(2026, 3, 29))
        assert [one.minutes for one in found] == [90]


def test_a_time_that_comes_twice_is_taken_once_the_first() -> None:
    night = plan(Slot(("sun",), time(2, 30), 60))
    (one,) = slots.between(night, date(2026, 10, 25), date(2026, 10, 25))
    assert one.at.astimezone(UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert one.twice
    assert not one.moved
    assert one.ends.isoformat() == "2026-10-25T02:30:00+01:00", "an hour of real time later"
    between_the_two = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
    assert ids(*slots.upcoming(night, between_the_two, 1)) == ["2026-11-01T02:30"]


def test_pauses_are_left_out_to_their_last_day() -> None:
    paused = plan(*WARSAW.slots, pauses=(Pause(date(2026, 11, 24), date(2026, 11, 26)),))
    after = datetime(2026, 11, 23, tzinfo=UTC)
    assert ids(*slots.upcoming(paused, after, 1)) == ["2026-12-01T19:30"]


def test_what_has_no_slot_ends() -> None:
    after = datetime(2026, 11, 23, tzinfo=UTC)
    assert slots.upcoming(plan(), after, 5) == ()
    forever = plan(*WARSAW.slots, pauses=(Pause(date(2026, 1, 1), date(2100, 1, 1)),))
    assert slots.upcoming(forever, after, 1) == ()


def test_a_moment_of_another_zone_is_the_same_moment() -> None:
    """Whoever travels east in the night before still has the slot of the evening at home."""
    tokyo = datetime.fromisoformat("2026-11-25T03:00:00+09:00")
    assert ids(*slots.upcoming(WARSAW, tokyo, 1)) == ["2026-11-24T19:30"]


def test_overlaps_are_found_also_from_sunday_to_monday() -> None:
    evening, later = Slot(("tue",), time(19, 30), 90), Slot(("tue", "wed"), time(20, 30), 30)
    assert slots.overlaps(plan(evening, later)) == [(("tue", evening), ("tue", later))]
    night, monday = Slot(("sun",), time(23, 30), 90), Slot(("mon",), time(0, 30), 30)
    assert slots.overlaps(plan(night, monday)) == [(("sun", night), ("mon", monday))]
    assert slots.overlaps(plan(Slot(DAYS, time(10, 0), 1440))) == []
    assert slots.overlaps(plan(Slot(("mon",), time(10, 0), 1440))) == []
    assert slots.overlaps(plan(evening, Slot(("tue",), time(21, 0), 30))) == []


def test_times_at_which_clocks_change() -> None:
    assert slots.early(Slot(("sun",), time(1, 0), 60))
    assert slots.early(Slot(("sun",), time(3, 59), 60))
    assert not slots.early(Slot(("sun",), time(0, 59), 60))
    assert not slots.early(Slot(("sun",), time(4, 0), 60))
