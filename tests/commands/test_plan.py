"""plan init, show, edit, forecast, pause, reflow, check through main(argv), at fixed times."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import events, process
from fastcompanion.base.workspace import Workspace

Runner = Callable[..., Any]
Git = Callable[..., str]
Freeze = Callable[[str], None]
INIT = ("plan", "init", "--when", "tue,thu 19:30 90", "--timezone", "Europe/Warsaw", "--yes")


@pytest.fixture
def ready(built_in_study: Path, frozen: Freeze) -> Path:
    """A study with the built-in course on a Saturday in Warsaw."""
    frozen("2026-11-21T12:00:00+01:00")
    return built_in_study


@pytest.fixture
def planned(ready: Path, run: Runner) -> Path:
    assert run(*INIT).code == 0
    return ready


def add_log(folder: Path, run: Runner, frozen: Freeze, *days: str, minutes: int = 60) -> None:
    for day in days:
        frozen(f"{day}T21:00:00+01:00")
        words = ("log", "add", "studied", "-m", str(minutes), "-l", "1", "--step", "watch")
        assert run(*words, cwd=folder).code == 0


def test_init_writes_the_plan_the_dates_and_one_commit(ready: Path, run: Runner, git: Git) -> None:
    made = run(*INIT, "--json")
    assert made.code == 0, made.err
    assert sorted(made.data) == [
        "changes", "commit", "deadline", "file", "forecast", "occurrences", "slots", "timezone", "weekly_minutes",
    ]  # fmt: skip
    assert made.data["weekly_minutes"] == 180
    assert made.data["occurrences"][0]["at"] == "2026-11-24T19:30:00+01:00"
    assert made.data["occurrences"][0]["utc"] == "2026-11-24T18:30:00+00:00"
    assert made.data["forecast"]["likely"] == "2026-12-01"
    text = (ready / "fastcompanion.toml").read_text()
    assert '[[plan.slots]]\ndays = ["tue", "thu"]\nat = 19:30:00\nminutes = 90\n' in text
    assert text.startswith("# The settings of your study."), "what was there stays"
    event = json.loads((ready / "progress.jsonl").read_text().splitlines()[-1])
    assert event["kind"] == "plan.set"
    assert event["data"]["deadlines"] == {
        "foundations/01": "2026-11-26",
        "foundations/02": "2026-12-01",
    }
    changed = git(ready, "show", "--name-only", "--format=%s").split("\n")
    assert changed[0] == "Make a plan"
    assert set(changed[2:-1]) == {"fastcompanion.toml", "progress.jsonl"}


def test_init_says_what_comes_of_it(ready: Path, run: Runner) -> None:
    out = run(*INIT, "--deadline", "2027-02-01").out
    assert "foundations ends on Tue 01 Dec 2026" in out
    assert "leaves time to spare" in out
    assert "Tue 24 Nov 2026 19:30  Tue 18:30" in out


def test_init_without_a_terminal_names_the_option_it_needs(ready: Path, run: Runner) -> None:
    before = (ready / "fastcompanion.toml").read_bytes()
    asked = run("plan", "init")
    assert asked.code == 2
    assert "--when" in asked.err
    assert run(*INIT[:3], "someday 19:30", *INIT[4:]).code == 2
    assert run(*INIT, "--deadline", "2026-11-21").code == 2, "no date to come"
    assert run(*INIT, "--course", "fastai-p9").code == 2
    assert run(*INIT, "--dry-run").code == 0
    assert (ready / "fastcompanion.toml").read_bytes() == before


def test_init_without_a_zone_that_has_a_name_asks_for_one(
    ready: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    refused = run("plan", "init", "--when", "tue 19:30 90", "--yes")
    assert refused.code == 2
    assert "--timezone Europe/Warsaw" in refused.err
    assert run("plan", "init", "--when", "tue 19:30 90", "--yes", "--timezone", "Warsaw").code == 2


def test_a_second_plan_is_not_made(planned: Path, run: Runner) -> None:
    again = run(*INIT)
    assert again.code == 1
    assert "plan edit" in again.err


@pytest.mark.parametrize(
    "words", ["show", "edit --minutes 30", "forecast", "pause today tomorrow", "reflow", "check"]
)
def test_without_a_plan_the_next_command_is_named(ready: Path, run: Runner, words: str) -> None:
    outcome = run("plan", *words.split())
    assert outcome.code == 3
    assert "fastcompanion plan init" in outcome.err


def test_without_a_course_there_is_a_plan_and_no_forecast(
    study: Path, run: Runner, frozen: Freeze
) -> None:
    frozen("2026-11-21T12:00:00+01:00")
    made = run(*INIT)
    assert made.code == 0
    assert "course add" in made.out
    assert run("plan", "show").code == 0
    assert run("plan", "check").code == 0
    assert run("plan", "forecast").code == 3


def test_show_gives_the_next_five_times_here_as_well(
    planned: Path, run: Runner, frozen: Freeze
) -> None:
    seen = run("plan", "show", "--json").data
    assert [one["id"] for one in seen["occurrences"]] == [
        "2026-11-24T19:30", "2026-11-26T19:30", "2026-12-01T19:30", "2026-12-03T19:30", "2026-12-08T19:30"
    ]  # fmt: skip
    assert seen["elsewhere"] is False
    frozen("2026-11-21T20:00:00+09:00")
    away = run("plan", "show", "--json").data
    assert away["elsewhere"] is True
    assert away["occurrences"][0]["here"] == "2026-11-25T03:30:00+09:00"
    assert away["occurrences"][0]["at"] == "2026-11-24T19:30:00+01:00", "the plan stays at home"
    assert "plan edit --timezone" in run("plan", "show").out


def test_edit_changes_what_was_asked_for(planned: Path, run: Runner) -> None:
    changed = run("plan", "edit", "--remove", "tue 19:30", "--add", "sat 9:00", "--json")
    assert changed.data["changes"] == ["tue 19:30 taken out", "sat 09:00, 90 min, added"]
    assert run("plan", "edit", "--minutes", "45", "--json").data["weekly_minutes"] == 90
    assert run("plan", "edit").code == 2
    assert run("plan", "edit", "--course", "fastai-p9").code == 2
    assert "nothing was changed" in run("plan", "edit", "--minutes", "45").out


def test_a_date_that_moves_keeps_its_history(planned: Path, run: Runner) -> None:
    run("plan", "edit", "--deadline", "2027-01-15")
    run("plan", "edit", "--deadline", "2027-02-01", "--why", "a new job")
    run("plan", "edit", "--deadline", "2027-03-01")
    course = run("plan", "show", "--json").data["deadlines"][0]
    assert (course["lesson"], course["day"], course["moved"]) == (None, "2027-03-01", 2)
    assert [one["day"] for one in course["before"]] == ["2027-01-15", "2027-02-01"]
    assert course["before"][1]["why"] == "a new job"
    assert "moved twice; was 2027-01-15, 2027-02-01 (a new job)" in run("plan", "show").out
    run("plan", "edit", "--deadline", "none")
    assert "deadline" not in (planned / "fastcompanion.toml").read_text()


def test_a_date_changed_by_hand_is_the_date(planned: Path, run: Runner) -> None:
    run("plan", "edit", "--deadline", "2027-01-15")
    file = planned / "fastcompanion.toml"
    file.write_text(file.read_text().replace("2027-01-15", "2027-04-15"))
    course = run("plan", "show", "--json").data["deadlines"][0]
    assert (course["day"], course["moved"]) == ("2027-04-15", 1)


def test_what_the_learner_has_changed_by_hand_is_theirs_to_commit(
    planned: Path, run: Runner, git: Git
) -> None:
    file = planned / "fastcompanion.toml"
    file.write_text(file.read_text() + "\n# my own line\n")
    assert run("plan", "edit", "--minutes", "30").code == 0
    assert git(planned, "show", "--name-only", "--format=").split() == ["progress.jsonl"]
    assert "# my own line" in file.read_text()


@pytest.mark.parametrize("last", ["9999-12-31", "2101-01-01"])
def test_a_slip_in_a_year_is_refused(planned: Path, run: Runner, last: str) -> None:
    """Each day up to it would be looked at, for minutes."""
    before = (planned / "fastcompanion.toml").read_bytes()
    for words in (("pause", "2027-01-01", last), ("edit", "--deadline", last)):
        done = run("plan", *words)
        assert (done.code, "too far away" in done.err) == (2, True), done.err
    assert (planned / "fastcompanion.toml").read_bytes() == before


def test_a_history_that_cannot_be_read_leaves_the_plan_unwritten(ready: Path, run: Runner) -> None:
    before = (ready / "fastcompanion.toml").read_bytes()
    (ready / "progress.jsonl").write_text("<<<<<<< HEAD\n")
    assert "progress.jsonl" in run(*INIT).err
    assert (ready / "fastcompanion.toml").read_bytes() == before


def test_a_pause_leaves_times_out_and_can_be_ended(
    planned: Path, run: Runner, frozen: Freeze
) -> None:
    paused = run("plan", "pause", "2026-11-22", "2026-12-02", "--why", "a cold", "--json")
    assert paused.data["slots_left_out"] == 3
    assert paused.data["next"]["id"] == "2026-12-03T19:30"
    assert run("plan", "pause", "2026-11-22", "2026-12-02").code == 0, "once is enough"
    assert (planned / "fastcompanion.toml").read_text().count("[[plan.pauses]]") == 1
    assert run("plan", "pause", "--end").code == 1, "it has not begun"
    frozen("2026-11-25T12:00:00+01:00")
    assert run("status", "--json").data["plan"]["paused_until"] == "2026-12-02"
    assert "A pause until Wed 02 Dec" in run("status").out
    ended = run("plan", "pause", "--end", "--json")
    assert ended.data["pause"]["last"] == "2026-11-24"
    assert ended.data["next"]["id"] == "2026-11-26T19:30"
    kinds = [
        json.loads(line)["data"] for line in (planned / "progress.jsonl").read_text().splitlines()
    ]
    assert kinds[-1]["why"] == "a cold"
    assert kinds[-1]["ended"] is True


def test_a_pause_of_today_is_taken_off_on_its_first_day(planned: Path, run: Runner) -> None:
    run("plan", "pause", "today", "tomorrow")
    assert "The pause is off" in run("plan", "pause", "--end").out
    assert "pauses" not in (planned / "fastcompanion.toml").read_text()


@pytest.mark.parametrize(
    "words", ["", "2026-12-20", "2026-12-20 2026-12-10", "2026-02-30 2026-12-10", "today --end"]
)
def test_a_pause_needs_two_days_in_order(planned: Path, run: Runner, words: str) -> None:
    assert run("plan", "pause", *words.split()).code == 2


def test_the_forecast_is_of_the_plan_until_there_are_two_weeks(
    planned: Path, run: Runner, frozen: Freeze
) -> None:
    seen = run("plan", "forecast", "--json").data
    assert seen["based_on"] == "plan"
    assert seen["minutes_left"] == 240
    assert seen["lessons"][0]["deadline"] == "2026-11-26"
    add_log(planned, run, frozen, "2026-11-24", "2026-12-03", "2026-12-10")
    frozen("2026-12-15T09:00:00+01:00")
    own = run("plan", "forecast", "--json").data
    assert (own["based_on"], own["weekly_minutes"], own["weeks_of_log"]) == ("pace", 60, 3)
    shown = run("plan", "forecast").out
    assert "From your own pace: 1 h a week over 3 weeks (3 h are planned)" in shown
    assert "fastcompanion plan reflow" in shown


def test_minutes_logged_on_steps_correct_the_authors(
    planned: Path, run: Runner, frozen: Freeze
) -> None:
    """Thirty minutes are the watch step of both lessons; this learner took two hours for one."""
    events.record(Workspace(planned), "lesson.step_done", "foundations/01", {"step": "watch"})
    add_log(planned, run, frozen, "2026-11-21", minutes=120)
    left = run("plan", "forecast", "--json").data["lessons"]
    assert left[0]["minutes_left"] == 90, "watched"
    assert left[1]["minutes_left"] == 90 + round(30 * (30 + 120) / 60)


def test_a_missed_week_is_a_way_back_and_no_blame(
    planned: Path, run: Runner, frozen: Freeze
) -> None:
    add_log(planned, run, frozen, "2026-11-21")
    frozen("2026-11-27T12:00:00+01:00")
    assert run("plan", "show", "--json").data["quiet_since"] is None
    frozen("2026-12-09T12:00:00+01:00")
    shown = run("plan", "show").out
    assert "Your last session was on Sat 21 Nov 2026; welcome back." in shown
    assert "fastcompanion next --minutes 10" in shown
    assert not [
        word for word in ("miss", "fail", "late", "behind", "should") if word in shown.lower()
    ]
    run("plan", "pause", "2026-11-22", "2026-12-08")
    assert run("plan", "show", "--json").data["quiet_since"] is None, "a pause is no break"


def test_a_plan_that_was_not_begun_is_no_fault(planned: Path, run: Runner, frozen: Freeze) -> None:
    frozen("2026-12-09T12:00:00+01:00")
    assert "Nothing is logged yet; any day is a good one to begin. The next time is Thu 10 Dec" in (
        run("plan", "show").out
    )


def test_reflow_moves_dates_openly(planned: Path, run: Runner, frozen: Freeze) -> None:
    assert "No date has to move" in run("plan", "reflow").out
    frozen("2026-12-09T12:00:00+01:00")
    before = (planned / "progress.jsonl").read_bytes()
    assert len(run("plan", "reflow", "--dry-run", "--json").data["moves"]) == 2
    assert (planned / "progress.jsonl").read_bytes() == before
    moved = run("plan", "reflow", "--why", "exams", "--json").data["moves"]
    assert moved[0] == {
        "lesson": "foundations/01", "title": moved[0]["title"], "before": "2026-11-26", "now": "2026-12-15"
    }  # fmt: skip
    assert run("plan", "reflow", "--json").data["moves"] == [], "once is enough"
    dates = run("plan", "show", "--json").data["deadlines"]
    assert [(one["day"], one["moved"]) for one in dates] == [("2026-12-15", 1), ("2026-12-17", 1)]
    assert "once; was 2026-11-26" in run("plan", "show").out


def test_dates_with_time_to_spare_do_not_drift(ready: Path, run: Runner, frozen: Freeze) -> None:
    """Days went by without study, and every date can still be met: nothing moves."""
    run(*INIT, "--deadline", "2027-02-01")
    frozen("2026-12-05T12:00:00+01:00")
    assert run("plan", "reflow", "--json").data["moves"] == []


def test_check_shows_ten_times_and_what_the_clocks_do(
    ready: Path, run: Runner, frozen: Freeze
) -> None:
    frozen("2026-03-20T12:00:00+01:00")
    run("plan", "init", "--when", "sun 2:30 60", "--timezone", "Europe/Warsaw", "--yes")
    checked = run("plan", "check", "--json")
    assert checked.code == 0, "to be known, nothing to mend"
    assert len(checked.data["occurrences"]) == 10
    gap = checked.data["occurrences"][1]
    assert (gap["id"], gap["at"], gap["moved"]) == (
        "2026-03-29T02:30",
        "2026-03-29T03:30:00+02:00",
        True,
    )
    shown = run("plan", "check").out
    assert "2026-03-29 02:30 is jumped over: it begins at 03:30" in shown
    frozen("2026-10-20T12:00:00+02:00")
    assert "2026-10-25 02:30 comes twice that night" in run("plan", "check").out


def test_check_says_no_to_what_can_not_work(planned: Path, run: Runner, frozen: Freeze) -> None:
    assert run("plan", "check").code == 0
    run("plan", "edit", "--add", "tue 20:00 30", "--deadline", "2026-12-24")
    checked = run("plan", "check")
    assert checked.code == 4
    assert "tue 19:30 with 90 min goes on when tue 20:00 begins" in checked.out
    run("plan", "edit", "--remove", "tue 20:00")
    frozen("2027-01-10T12:00:00+01:00")
    checked = run("plan", "check")
    assert checked.code == 4
    assert "fastcompanion plan forecast proposes another" in checked.out
    assert "is over. Choose a new one when you like" in run("plan", "forecast").out


def test_a_clock_that_was_set_back_is_named(planned: Path, run: Runner, frozen: Freeze) -> None:
    frozen("2026-05-01T12:00:00+02:00")
    assert "Look whether the clock of this machine is right" in run("plan", "check").out
    assert run("plan", "show").code == 0
    assert run("plan", "forecast").code == 0
    assert run("plan", "reflow").code == 0


def test_a_malformed_plan_names_its_line_and_status_goes_on(planned: Path, run: Runner) -> None:
    file = planned / "fastcompanion.toml"
    text = file.read_text()
    file.write_text(text.replace("minutes = 90", 'minutes = "long"'))
    line = file.read_text().split("\n").index('minutes = "long"') + 1
    broken = run("plan", "show", "--json")
    assert broken.code == 2
    assert (broken.errors[0]["file"], broken.errors[0]["line"]) == (str(file), line)
    assert broken.errors[0]["hint"] == "minutes = 90"
    seen = run("status")
    assert seen.code == 0
    assert f"fastcompanion.toml:{line}: " in seen.out
    assert "no minutes of a day" in run("doctor", "study").out
    for words in (
        ["config", "show"],
        ["next", "--no-open"],
        ["log", "add", "read a chapter"],
        ["start", "1", "--no-open"],
        ["stop", "--note", "done", "--minutes", "5"],
    ):
        assert run(words).code == 0, words


@pytest.mark.parametrize(
    ("row", "cure"),
    [
        ("at = 19:30", 'Write a time as "19:30" or 19:30:00.'),
        ("at = 9:05:00", 'Write a time as "19:30" or 19:30:00.'),
        ("deadline = 2027-3-1", "Write a day as 2027-03-01."),
        ("deadline = 2027-02-30", "Write a day as 2027-03-01."),
    ],
)
def test_times_and_days_that_toml_refuses_come_with_the_way_to_write_them(
    ready: Path, run: Runner, row: str, cure: str
) -> None:
    file = ready / "fastcompanion.toml"
    file.write_text(f'version = 1\n[plan]\ntimezone = "UTC"\n{row}\n')
    error = run("plan", "show", "--json").errors[0]
    assert (error["line"], error["hint"]) == (4, cure)


def test_an_unknown_zone_is_mended_by_edit(planned: Path, run: Runner) -> None:
    file = planned / "fastcompanion.toml"
    file.write_text(file.read_text().replace("Europe/Warsaw", "Mars/Olympus"))
    assert "knows no time zone" in run("plan", "show").err
    assert run("plan", "edit", "--timezone", "Asia/Tokyo").code == 0
    assert run("plan", "show", "--json").data["timezone"] == "Asia/Tokyo"


def test_status_shows_the_next_time_and_the_goal(
    planned: Path, run: Runner, frozen: Freeze
) -> None:
    add_log(planned, run, frozen, "2026-11-23")
    frozen("2026-11-23T22:00:00+01:00")
    seen = run("status", "--json").data
    assert seen["plan"] == {
        "next_at": "2026-11-24T19:30:00+01:00", "next_minutes": 90, "goal_minutes": 180,
        "paused_until": None, "problem": "",
    }  # fmt: skip
    shown = run("status").out
    assert "this week 1 h of 3 h." in shown
    assert "The next time: Tue 24 Nov 19:30, 1 h 30 min." in shown


def test_two_edits_at_once_are_both_kept(planned: Path) -> None:
    """The plan is read and written under one lock."""
    added = ["mon 7:00 30", "wed 7:00 30", "fri 7:00 30", "sat 7:00 30"]
    done: list[process.Completed] = []

    def edit(slot: str) -> None:
        argv = [sys.executable, "-m", "fastcompanion", "plan", "edit", "--add", slot]
        done.append(process.run(argv, cwd=planned, check=False))

    threads = [threading.Thread(target=edit, args=(slot,)) for slot in added]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.code for one in done] == [0, 0, 0, 0], [one.err for one in done]
    text = (planned / "fastcompanion.toml").read_text()
    assert text.count("[[plan.slots]]") == 5
