"""When a reminder is due: slots, pauses, sessions, lateness, and how much is enough."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from fastcompanion.study.journal import Entry
from fastcompanion.study.plan.plan import Pause, Plan, Slot
from fastcompanion.study.reminders.deciding import Decision, Situation, decide
from fastcompanion.study.reminders.records import Record
from fastcompanion.study.reminders.wording import message
from fastcompanion.study.timer import Timer

WARSAW = ZoneInfo("Europe/Warsaw")
PLAN = Plan("Europe/Warsaw", (Slot(("tue", "thu"), time(19, 30), 90),))
TUESDAY = "2026-11-24T19:30"
THURSDAY = "2026-11-26T19:30"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=WARSAW)


def seen(
    now: str,
    *,
    plan: Plan = PLAN,
    entries: tuple[Entry, ...] = (),
    records: tuple[Record, ...] = (),
    running: Timer | None = None,
    since: str = "2026-11-01T00:00",
    lead: int = 5,
) -> Situation:
    return Situation(plan, at(now), at(since), lead, entries, running, records)


def entry(when: str) -> Entry:
    return Entry("abcdefgh", at(when), 30)


def record(when: str, slot: str, kind: str = "due", outcome: str = "shown") -> Record:
    return Record(f"r{when}", at(when), slot, kind, "notify-send", outcome)


def kind(situation: Situation) -> tuple[str, str | None]:
    found = decide(situation)
    return found.kind, found.slot.id if found.slot else None


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-24T19:24", ("silent", None)),
        ("2026-11-24T19:25", ("due", TUESDAY)),
        ("2026-11-24T20:00", ("due", TUESDAY)),
        ("2026-11-24T20:01", ("late", TUESDAY)),
        ("2026-11-25T19:30", ("late", TUESDAY)),
        ("2026-11-25T19:31", ("back", TUESDAY)),
        ("2026-11-26T19:24", ("back", TUESDAY)),
        ("2026-11-26T19:25", ("due", THURSDAY)),
    ],
)
def test_the_words_follow_from_the_age_of_the_slot(
    now: str, expected: tuple[str, str | None]
) -> None:
    since = "2026-11-24T00:00"
    assert kind(seen(now, since=since)) == expected


def test_slots_from_before_the_installation_are_nobodys_fault() -> None:
    assert kind(seen("2026-11-24T21:00", since="2026-11-24T20:00")) == ("silent", None)
    # Installed in the five minutes before: this one is still to come.
    assert kind(seen("2026-11-24T19:28", since="2026-11-24T19:27")) == ("due", TUESDAY)


@pytest.mark.parametrize("outcome", ["shown", "accepted"])
def test_nothing_is_said_twice(outcome: str) -> None:
    known = (record("2026-11-24T19:25", TUESDAY, outcome=outcome),)
    for now in ("2026-11-24T19:25", "2026-11-24T19:40", "2026-11-24T23:00", "2026-11-26T08:00"):
        assert kind(seen(now, records=known))[0] == "silent", now


def test_an_attempt_that_failed_is_made_again_three_times() -> None:
    known: tuple[Record, ...] = ()
    for minute in (25, 26, 27):
        assert kind(seen(f"2026-11-24T19:{minute}", records=known)) == ("due", TUESDAY)
        # One attempt tries several ways.
        now = f"2026-11-24T19:{minute}"
        known += (record(now, TUESDAY, outcome="failed"), record(now, TUESDAY, outcome="failed"))
    found = decide(seen("2026-11-24T19:28", records=known))
    assert found.kind == "silent"
    assert "3 attempts failed" in found.reason


@pytest.mark.parametrize(
    "when",
    ["2026-11-24T07:00", "2026-11-24T19:29", "2026-11-24T21:00", "2026-11-25T01:30"],
)
def test_who_has_studied_that_day_is_not_reminded(when: str) -> None:
    found = decide(seen("2026-11-25T08:00", entries=(entry(when),)))
    assert (found.kind, "you studied" in found.reason) == ("silent", True)


def test_a_session_of_the_day_before_is_no_answer() -> None:
    assert kind(seen("2026-11-24T19:25", entries=(entry("2026-11-23T22:00"),)))[0] == "due"
    # 01:30 belongs to the study day before.
    assert kind(seen("2026-11-24T19:25", entries=(entry("2026-11-24T01:30"),)))[0] == "due"


def test_a_running_session_keeps_it_silent_and_a_forgotten_one_does_not() -> None:
    running = Timer("abcdefgh", at("2026-11-24T19:10"))
    assert kind(seen("2026-11-24T19:25", running=running))[0] == "silent"
    forgotten = Timer("abcdefgh", at("2026-11-23T19:10"))
    assert kind(seen("2026-11-24T19:25", running=forgotten))[0] == "due"


def test_a_pause_is_silent_also_about_a_slot_before_it() -> None:
    plan = Plan(
        "Europe/Warsaw", PLAN.slots, (Pause(date(2026, 11, 25), date(2026, 12, 6), "holidays"),)
    )
    assert kind(seen("2026-11-24T19:25", plan=plan))[0] == "due"
    found = decide(seen("2026-11-25T08:00", plan=plan))
    assert (found.kind, found.reason) == ("silent", "the plan pauses until 2026-12-06")
    assert kind(seen("2026-12-01T19:25", plan=plan))[0] == "silent"
    assert kind(seen("2026-12-08T19:25", plan=plan))[0] == "due"


def test_one_late_message_a_day() -> None:
    plan = Plan("Europe/Warsaw", (Slot(("tue",), time(7, 0), 30), Slot(("tue",), time(12, 0), 30)))
    known = (record("2026-11-24T08:00", "2026-11-24T07:00", "late"),)
    assert kind(seen("2026-11-24T11:55", plan=plan, records=known))[0] == "due"
    assert kind(seen("2026-11-24T13:00", plan=plan, records=known))[0] == "silent"


def test_one_invitation_back_and_no_more() -> None:
    weekly = Plan("Europe/Warsaw", (Slot(("tue",), time(19, 30), 90),))
    first = seen("2026-11-26T08:00", plan=weekly)
    assert kind(first) == ("back", TUESDAY)
    known = (record("2026-11-26T08:00", TUESDAY, "back"),)
    assert kind(seen("2026-11-27T08:00", plan=weekly, records=known))[0] == "silent"
    # The machine was off over the next slot too: still no second one.
    again = decide(seen("2026-12-03T08:00", plan=weekly, records=known))
    assert (again.kind, again.reason) == ("silent", "one invitation is enough")
    # Who studied meanwhile and stops again is invited again.
    studied = (entry("2026-11-28T10:00"),)
    assert kind(seen("2026-12-03T08:00", plan=weekly, records=known, entries=studied))[0] == "back"


def test_three_without_an_answer_propose_fewer_slots_and_then_one_a_week() -> None:
    known: tuple[Record, ...] = ()
    day = date(2026, 11, 24)
    said = []
    while day < date(2027, 1, 1):
        now = f"{day}T19:25"
        found = decide(seen(now, records=known))
        if found.slot is not None and found.kind != "silent":
            said.append((str(day), found.kind))
            known += (record(now, found.slot.id, found.kind),)
        day += timedelta(days=1)
    assert said == [
        ("2026-11-24", "due"),
        ("2026-11-26", "due"),
        ("2026-12-01", "due"),
        ("2026-12-03", "fewer"),
        ("2026-12-10", "back"),
        ("2026-12-17", "back"),
        ("2026-12-24", "back"),
        ("2026-12-31", "back"),
    ]
    back = (entry("2026-12-31T20:00"),)
    assert kind(seen("2027-01-05T19:25", records=known, entries=back))[0] == "due"


def test_a_clock_that_was_wrong_leaves_no_trace() -> None:
    ahead = tuple(record(f"203{n}-11-26T19:25", f"203{n}-11-26T19:30") for n in range(4))
    assert kind(seen("2026-11-24T19:25", records=ahead)) == ("due", TUESDAY)
    # Set back by an hour after the reminder: the slot has had its own.
    told = (record("2026-11-24T19:25", TUESDAY),)
    found = decide(seen("2026-11-24T18:40", records=told))
    assert (found.kind, found.reason) == ("silent", "one message a day is enough")
    assert kind(seen("2026-11-24T19:25", records=told))[0] == "silent"


@pytest.mark.parametrize(
    ("slot", "utc"),
    [
        # 02:30 is jumped over on 29 March and begins at 03:30; on 25 October it comes twice.
        ("2026-03-29T02:30", "2026-03-29T01:30"),
        ("2026-10-25T02:30", "2026-10-25T00:30"),
    ],
)
def test_a_slot_in_the_hour_of_the_clock_change(slot: str, utc: str) -> None:
    plan = Plan("Europe/Warsaw", (Slot(("sun",), time(2, 30), 30),))
    due = datetime.fromisoformat(utc).replace(tzinfo=UTC) - timedelta(minutes=5)
    since = due - timedelta(days=1)
    before = decide(Situation(plan, due - timedelta(minutes=1), since, 5))
    assert before.kind == "silent"
    found = decide(Situation(plan, due, since, 5))
    assert found.slot is not None
    assert (found.kind, found.slot.id) == ("due", slot)
    known = (Record("r1", due, slot, "due", "notify-send", "shown"),)
    hour_later = due + timedelta(hours=1)
    assert decide(Situation(plan, hour_later, since, 5, records=known)).kind == "silent"


def test_a_learner_on_a_journey_is_reminded_at_the_plans_hour() -> None:
    tokyo = datetime(2026, 11, 25, 3, 25, tzinfo=ZoneInfo("Asia/Tokyo"))
    found = decide(Situation(PLAN, tokyo, at("2026-11-20T00:00"), 5))
    assert (found.kind, found.slot.id if found.slot else "") == ("due", TUESDAY)


def words(now: str, found: Decision | None = None) -> str:
    situation = seen(now, since="2026-11-24T00:00")
    return message(found or decide(situation), PLAN, situation.now, "fastai-p1/05, Run it").line


def test_words() -> None:
    step = "fastai-p1/05, Run it."
    assert words("2026-11-24T19:25") == f"Study at 19:30. In 5 min, for 90 min: {step}"
    assert words("2026-11-24T19:31") == f"Study at 19:30. Now, for 90 min: {step}"
    assert "Missed 19:30 today; 10 minutes now?" in words("2026-11-24T22:00")
    assert "Missed 19:30 yesterday; 10 minutes now?" in words("2026-11-25T08:00")
    back = words("2026-11-25T22:00")
    assert back == f"Back on the horse. 10 minutes are enough. The smallest next step: {step}"
    fewer = Decision("fewer", decide(seen("2026-11-24T19:25")).slot)
    assert "fastcompanion plan edit" in words("2026-11-24T19:25", fewer)


def test_a_session_far_away_from_the_plans_zone_counts_for_its_day() -> None:
    away = Entry("abcdefgh", at("2026-11-24T19:00").astimezone(ZoneInfo("Pacific/Auckland")), 20)
    assert away.at.day == 25
    assert kind(seen("2026-11-24T19:25", entries=(away,))) == ("silent", TUESDAY)
