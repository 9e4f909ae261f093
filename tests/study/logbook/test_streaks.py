"""Weeks in a row: never miss twice, pauses and days off neutral, journeys harmless."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from fastcompanion.base.workspace import Workspace
from fastcompanion.study import journal
from fastcompanion.study.journal import Entry
from fastcompanion.study.logbook import stats, streaks
from fastcompanion.study.plan.plan import Pause, Plan, Slot

MONDAY = date(2026, 9, 7)
SUNDAY = date(2026, 11, 22)
TWICE = Plan("Europe/Warsaw", (Slot(("tue", "thu"), time(19, 30), 60),))


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    (tmp_path / "fastcompanion.toml").write_text("version = 1\n")
    return Workspace(tmp_path)


def at(text: str, minutes: int = 60) -> Entry:
    return Entry(f"e{abs(hash(text)) % 10**8:08}", datetime.fromisoformat(text), minutes)


def weeks(pattern: str, minutes: int = 120) -> list[Entry]:
    """Make one session on the Tuesday of each week with an x, from MONDAY on."""
    days = [MONDAY + timedelta(days=7 * n + 1) for n, mark in enumerate(pattern) if mark == "x"]
    return [at(f"{day}T19:30:00+02:00", minutes) for day in days]


def last_day(pattern: str) -> date:
    """Give the Wednesday of the last week of a pattern."""
    return MONDAY + timedelta(days=7 * len(pattern) - 5)


@pytest.mark.parametrize(
    ("pattern", "now", "best", "missed"),
    [
        ("x", 1, 1, False),
        ("xxx", 3, 3, False),
        ("xxx.", 3, 3, False),
        ("xxx..", 3, 3, True),
        ("xxx...", 0, 3, False),
        ("xx.xx", 4, 4, False),
        ("xx.xx.", 4, 4, False),
        ("xx.xx.x", 5, 5, False),
        ("xxxx..x", 1, 4, False),
        ("xxxx..x.", 1, 4, False),
        ("x.x.x.x", 4, 4, False),
    ],
)
def test_one_missed_week_breaks_nothing_and_two_do(
    pattern: str, now: int, best: int, missed: bool
) -> None:
    for plan in (None, TWICE):
        streak = streaks.of(weeks(pattern), plan, last_day(pattern))
        assert (streak.weeks, streak.best, streak.missed_last) == (now, best, missed), plan


def test_a_week_needs_the_minutes_of_its_plan_and_without_one_any_study() -> None:
    short = weeks("xxx", minutes=119)
    assert streaks.of(short, TWICE, last_day("xxx")).weeks == 0
    assert streaks.of(short, None, last_day("xxx")).weeks == 3
    found = streaks.of(short, TWICE, last_day("xxx"))
    assert (found.this_week_minutes, found.goal_minutes) == (119, 120)


def test_a_pause_neither_adds_nor_breaks() -> None:
    pause = Pause(MONDAY + timedelta(days=14), MONDAY + timedelta(days=41), "holidays")
    plan = Plan(TWICE.timezone, TWICE.slots, (pause,))
    away = weeks("xx....x")
    assert streaks.of(away, plan, last_day("xx....x")).weeks == 3
    assert streaks.of(away, TWICE, last_day("xx....x")).weeks == 1
    during = streaks.of(weeks("xx"), plan, MONDAY + timedelta(days=30))
    assert (during.weeks, during.goal_minutes, during.missed_last) == (2, 0, False)


def test_a_pause_of_some_days_makes_the_goal_smaller() -> None:
    pause = Pause(MONDAY + timedelta(days=3), MONDAY + timedelta(days=3))
    plan = Plan(TWICE.timezone, TWICE.slots, (pause,))
    assert streaks.goal(plan, MONDAY) == 60
    assert streaks.of(weeks("x", minutes=60), plan, last_day("x")).weeks == 1


def test_days_off_are_neutral_for_days_in_a_row() -> None:
    sessions = [at("2026-11-17T19:30:00+01:00"), at("2026-11-19T19:30:00+01:00")]
    assert streaks.of(sessions, TWICE, date(2026, 11, 23)).days == 2
    assert streaks.of(sessions, TWICE, date(2026, 11, 25)).days == 2, "one Tuesday was missed"
    assert streaks.of(sessions, TWICE, date(2026, 11, 27)).days == 0


@pytest.mark.parametrize(
    "moment",
    [
        # Sunday evening in Warsaw is Monday morning further east.
        "2026-11-23T05:30:00+11:00",
        "2026-11-22T19:30:00+01:00",
        # And in Honolulu it is Sunday still, hours after Monday began at home.
        "2026-11-22T23:00:00-10:00",
    ],
)
def test_who_travels_keeps_the_week(moment: str) -> None:
    plan = Plan("Europe/Warsaw", (Slot(("sun",), time(19, 30), 60),))
    before = [at("2026-11-08T19:30:00+01:00"), at("2026-11-15T19:30:00+01:00")]
    found = streaks.of([*before, at(moment)], plan, date(2026, 11, 25))
    assert (found.weeks, found.missed_last) == (3, False)


@pytest.mark.parametrize(
    "pattern",
    ["x", "x" * 5 + "..", "x" * 30, "x." * 17, "x" * 12 + ".." + "x" * 9, "x" * 9 + ".." + "x." * 8,
     ".".join("x" * 20) + "...", "x" * 40 + "..xx" + "." * 12],
)  # fmt: skip
def test_looking_back_as_far_as_needed_finds_the_same_streak(ws: Workspace, pattern: str) -> None:
    for number, entry in enumerate(weeks(pattern)):
        path = ws.day_file(entry.at.date())
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {entry.at:%Y-%m-%d %A}\n- 19:30+02:00 120m ^e{number:07}\n")
    today, whole = last_day(pattern), journal.read(ws).entries
    assert len(whole) == pattern.count("x")
    for plan in (None, TWICE):
        found, wanted = streaks.now(ws, plan, today), streaks.of(whole, plan, today)
        assert (found.weeks, found.missed_last) == (wanted.weeks, wanted.missed_last)


def test_a_streak_that_ended_lately_leaves_the_old_log_alone(ws: Workspace) -> None:
    """A day of years ago that nobody could read is not opened."""
    for day, text in ((date(2019, 1, 7), "<<<<<<< a conflict\n"), (date(2026, 11, 17), "- 19:30+01:00 120m ^e0000001\n")):  # fmt: skip
        path = ws.day_file(day)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert streaks.now(ws, TWICE, SUNDAY).weeks == 1


def test_an_empty_log_has_no_streak() -> None:
    assert streaks.of([], TWICE, SUNDAY) == streaks.Streak(0, 0, 0, 120, False, 0)


def test_the_pace_rests_on_four_weeks_without_pauses() -> None:
    today = MONDAY + timedelta(days=28)
    log = weeks("xxxx", minutes=100)
    assert stats.pace(log, None, today).minutes_per_week == pytest.approx(100, abs=5)
    pause = Pause(MONDAY + timedelta(days=14), MONDAY + timedelta(days=27))
    plan = Plan(TWICE.timezone, TWICE.slots, (pause,))
    found = stats.pace(weeks("xx", minutes=100), plan, today)
    assert (found.minutes_per_week, found.weeks) == (108, 1.9)
    assert stats.pace([], None, today) == stats.Pace(0, 0.1, 0, 0)


def test_figures_add_up_and_list_weeks_without_study() -> None:
    log = [
        *weeks("x.x", minutes=30),
        Entry("withles1", datetime.fromisoformat("2026-09-23T01:00:00+02:00"), 45, "f/01", "run"),
    ]
    found = stats.of(log, None, last_day("x.x"))
    assert [(week.week, week.minutes, week.sessions) for week in found.weeks] == [
        ("2026-W37", 30, 1),
        ("2026-W38", 0, 0),
        ("2026-W39", 75, 2),
    ]
    assert found.weeks[2].days == 1, "01:00 belongs to the Tuesday before"
    assert [(share.name, share.minutes) for share in found.lessons] == [("", 60), ("f/01", 45)]
    assert (found.minutes, found.sessions, found.days) == (105, 3, 2)
