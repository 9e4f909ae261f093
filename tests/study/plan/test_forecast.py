"""When lessons end: by the plan at first, then by the weeks that were; pauses move the date."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta

import pytest

from fastcompanion.study.plan import effort, forecast
from fastcompanion.study.plan.effort import StepWork, Work
from fastcompanion.study.plan.forecast import Need
from fastcompanion.study.plan.plan import Pause, Plan, Slot

# A Monday; the plan has 3 hours a week.
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
TODAY = NOW.date()
SLOTS = (Slot(("tue", "thu"), time(19, 30), 60), Slot(("sat",), time(10, 0), 60))
PLAN = Plan("Europe/Warsaw", SLOTS)
LESSONS = (Need("c/01", "One", 120), Need("c/02", "Two", 180))


def log(*weekly: int) -> dict[date, int]:
    """Log some minutes on the first day of each of the last weeks, the newest first."""
    return {TODAY - timedelta(days=7 * n): minutes for n, minutes in enumerate(weekly, start=1)}


def test_at_first_the_planned_minutes_are_believed() -> None:
    found = forecast.forecast(PLAN, LESSONS, {}, NOW)
    assert found.based_on == "plan"
    assert found.weekly_minutes == 180
    assert [end.likely for end in found.ends] == [date(2026, 11, 26), date(2026, 12, 3)]
    assert found.course.likely == date(2026, 12, 3)
    # A fifth less to do: 240 minutes are 4 slots; one slot of three missed: 7.5 are needed.
    assert found.course.earliest == date(2026, 12, 1)
    assert found.course.latest == date(2026, 12, 10)


def test_the_slot_of_this_morning_counts_only_before_it_begins() -> None:
    monday = Plan("UTC", (Slot(("mon",), time(9, 0), 120),))
    assert forecast.forecast(monday, LESSONS[:1], {}, NOW).course.likely == TODAY
    later = NOW + timedelta(hours=2)
    found = forecast.forecast(monday, LESSONS[:1], {}, later)
    assert found.course.likely == TODAY + timedelta(days=7)


def test_a_pause_moves_the_end_by_what_lies_in_it() -> None:
    paused = Plan("Europe/Warsaw", SLOTS, (Pause(date(2026, 11, 24), date(2026, 12, 7)),))
    assert forecast.forecast(paused, LESSONS, {}, NOW).course.likely == date(2026, 12, 17)


def test_after_two_weeks_the_learners_own_pace_counts() -> None:
    assert forecast.forecast(PLAN, LESSONS, log(90), NOW).based_on == "plan"
    one_week = {TODAY - timedelta(days=13): 90, TODAY - timedelta(days=3): 90}
    assert forecast.forecast(PLAN, LESSONS, one_week, NOW).based_on == "plan", (
        "13 days are no two weeks"
    )
    two_weeks = {TODAY - timedelta(days=14): 90, TODAY - timedelta(days=3): 90}
    found = forecast.forecast(PLAN, LESSONS, two_weeks, NOW)
    assert found.based_on == "pace"
    assert found.weekly_minutes == 90
    assert found.weeks == 2
    # Half of the plan: 300 minutes are ten slots of half an hour's worth.
    assert found.course.likely == date(2026, 12, 15)


def test_uneven_weeks_have_a_wider_range_than_even_ones() -> None:
    even = forecast.forecast(PLAN, LESSONS, log(180, 180, 180, 180), NOW).course
    uneven = forecast.forecast(PLAN, LESSONS, log(20, 340, 150, 210), NOW).course
    assert even.likely == uneven.likely
    assert even.earliest is not None
    assert even.latest is not None
    assert even.likely is not None
    assert even.earliest < even.likely < even.latest, "what was even so far need not stay so"
    assert uneven.earliest is not None
    assert uneven.earliest <= even.earliest
    assert uneven.latest is None or uneven.latest > even.latest


def test_more_weeks_narrow_the_range() -> None:
    long = (Need("c/01", "One", 3000),)

    def width(*weekly: int) -> timedelta:
        course = forecast.forecast(PLAN, long, log(*weekly), NOW).course
        assert course.latest is not None
        assert course.earliest is not None
        return course.latest - course.earliest

    assert width(150, 210) > width(150, 210, 150, 210) > width(*(150, 210) * 4)


def test_days_of_a_pause_are_left_out_of_the_pace() -> None:
    """Two weeks of holidays are no sign of a slow learner."""
    rest = Pause(TODAY - timedelta(days=14), TODAY - timedelta(days=1))
    minutes = log(0, 0, 180, 180)
    assert forecast.weeks(minutes, PLAN, TODAY) == (0, 0, 180, 180)
    paused = Plan("Europe/Warsaw", SLOTS, (rest,))
    assert forecast.weeks(minutes, paused, TODAY) == (180, 180)
    half = Plan("Europe/Warsaw", SLOTS, (Pause(TODAY - timedelta(days=3), TODAY),))
    assert forecast.weeks({TODAY - timedelta(days=7): 80}, half, TODAY) == (140,)


def test_a_long_silence_falls_back_to_the_plan_and_says_so() -> None:
    silent = {TODAY - timedelta(days=80): 90}
    found = forecast.forecast(PLAN, LESSONS, silent, NOW)
    assert (found.based_on, found.silent, found.weeks) == ("plan", True, 8)


def test_days_to_come_in_the_log_are_of_a_clock_that_went_wrong() -> None:
    """A clock that was set back leaves a log that begins tomorrow."""
    assert forecast.weeks({TODAY + timedelta(days=40): 90}, PLAN, TODAY) == ()
    found = forecast.forecast(PLAN, LESSONS, {TODAY + timedelta(days=40): 90}, NOW)
    assert found.based_on == "plan"


def test_without_slots_there_is_no_end_in_sight_until_there_is_a_pace() -> None:
    empty = Plan("UTC")
    assert forecast.forecast(empty, LESSONS, {}, NOW).course.likely is None
    found = forecast.forecast(empty, LESSONS, log(150, 150, 150), NOW)
    assert found.based_on == "pace"
    assert found.course.likely == TODAY + timedelta(days=14)


def test_nothing_left_is_no_lesson_and_no_minutes() -> None:
    found = forecast.forecast(PLAN, (), {}, NOW)
    assert found.ends == ()
    assert found.minutes_left == 0


def ended(weekly: list[int], minutes: int) -> date:
    """Give the day on which the last of some minutes is done, a third of a week in each slot."""
    total = 0.0
    for number, week in enumerate(weekly):
        for day in (1, 3, 5):
            total += week / 3
            if total >= minutes:
                return TODAY + timedelta(days=7 * number + day)
    raise AssertionError("too few weeks")


@pytest.mark.parametrize(("known", "deviation"), [(2, 60), (4, 60), (4, 100), (8, 40)])
def test_the_range_holds_in_about_eight_of_ten_cases(known: int, deviation: int) -> None:
    """Weeks drawn from one distribution: some were seen, the rest is to come."""
    chance = random.Random(20261121)
    inside, rounds = 0, 100
    for _ in range(rounds):
        weekly = [max(5, round(chance.gauss(180, deviation))) for _ in range(40)]
        needs = (Need("c/01", "One", 2000),)
        course = forecast.forecast(PLAN, needs, log(*weekly[:known]), NOW).course
        real = ended(weekly[known:], 2000)
        assert course.earliest is not None
        inside += real >= course.earliest and (course.latest is None or real <= course.latest)
    assert 0.7 <= inside / rounds <= 0.96, "0.8, wider for a steady learner, within chance"


@pytest.mark.parametrize("deadline", [None, date(2026, 11, 30), date(2026, 12, 3)])
def test_dates_are_the_likely_ones_when_there_is_no_time_to_spare(deadline: date | None) -> None:
    found = forecast.forecast(PLAN, LESSONS, {}, NOW)
    assert forecast.due(found, deadline, TODAY) == {
        "c/01": date(2026, 11, 26), "c/02": date(2026, 12, 3)
    }  # fmt: skip


def test_time_to_spare_is_shared_out() -> None:
    found = forecast.forecast(PLAN, LESSONS, {}, NOW)
    assert forecast.due(found, date(2026, 12, 13), TODAY) == {
        "c/01": date(2026, 11, 29), "c/02": date(2026, 12, 13)
    }  # fmt: skip


def work(number: int, *steps: StepWork) -> Work:
    return Work(f"c/{number:02}", "", 100, False, steps)


def test_what_is_left_of_a_lesson() -> None:
    steps = (
        StepWork("watch", 40, spent=30, done=True),
        StepWork("run", 20, skipped=True),
        StepWork("reproduce", 40, part=0.75),
    )
    assert effort.left(work(1, *steps), {}) == 10
    assert work(1, *steps).open
    assert not work(1, *steps[:2]).open
    assert effort.step_left(StepWork("run", 40, spent=15), {}) == 25
    assert effort.step_left(StepWork("run", 40, spent=95), {}) == 10, "a quarter, until it is done"
    assert effort.step_left(StepWork("run", 40), {"run": 1.5}) == 60


def test_the_learners_own_minutes_correct_the_authors() -> None:
    """One usual step is thrown in, so that one odd session does not count for all."""
    slow = StepWork("watch", 40, spent=80, done=True)
    works = [work(1, slow), work(2, StepWork("watch", 40))]
    assert effort.factors(works)["watch"] == (40 + 80) / (40 + 40)
    more = [work(n, slow) for n in range(9)] + works[1:]
    assert effort.factors(more)["watch"] == pytest.approx(1.9)


def test_steps_without_logged_minutes_say_nothing_of_the_pace() -> None:
    works = [work(1, StepWork("watch", 40, done=True)), work(2, StepWork("watch", 40, spent=10))]
    assert effort.factors(works)["watch"] == 1
