"""start, stop, cancel: switching, a forgotten timer, clocks that change, journeys."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.reporter import SILENT
from fastcompanion.base.workspace import Workspace
from fastcompanion.flows import diary, session
from fastcompanion.study import timer
from fastcompanion.study.logbook import book

Runner = Callable[..., Any]
Git = Callable[..., str]
Freeze = Callable[[str], None]

PLAN = """
[plan]
timezone = "Europe/Warsaw"
[[plan.slots]]
days = ["fri", "sat"]
at = 19:30:00
minutes = 90
[[plan.slots]]
days = ["tue"]
at = 07:00:00
minutes = 30
"""


@pytest.fixture
def evening(built_in_study: Path, frozen: Freeze) -> Path:
    frozen("2026-11-20T19:30:00+01:00")
    return built_in_study


@pytest.fixture
def warsaw(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose own zone has summer time."""
    if not hasattr(time, "tzset"):
        pytest.skip("this system can't change the zone of a process")
    monkeypatch.setenv("TZ", "Europe/Warsaw")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def planned(study: Path) -> None:
    with (study / "fastcompanion.toml").open("a") as file:
        file.write(PLAN)


def sessions(study: Path) -> list[Any]:
    return list(book.read(Workspace(study)).entries)


def test_another_lesson_is_offered_and_with_switch_the_first_is_logged(
    evening: Path, run: Runner, frozen: Freeze, git: Git
) -> None:
    run("start", "1")
    frozen("2026-11-20T20:10:00+01:00")
    refused = run("start", "2")
    assert refused.code == 1
    assert "fastcompanion start foundations/02 --switch" in refused.err
    assert sessions(evening) == []
    seen = run("start", "2", "--switch", "--dry-run")
    assert seen.code == 0
    assert sessions(evening) == []
    switched = run("start", "2", "--switch", "--json").data
    assert switched["stopped"]["entry"]["minutes"] == 40
    assert (switched["lesson"], switched["already_running"]) == ("foundations/02", False)
    frozen("2026-11-20T20:30:00+01:00")
    run("stop")
    assert [(one.lesson, one.minutes) for one in sessions(evening)] == [
        ("foundations/01", 40),
        ("foundations/02", 20),
    ]
    assert git(evening, "status", "--porcelain") == ""


def test_who_says_no_to_switching_keeps_the_session(evening: Path) -> None:
    ws = Workspace(evening)
    asked: list[str] = []

    def no(question: str) -> bool:
        asked.append(question)
        return False

    session.start(ws, "1", open_it=False, reporter=SILENT)
    with pytest.raises(CompanionError, match="is running"):
        session.start(ws, "2", open_it=False, reporter=SILENT, switch=no)
    assert "Stop it and start foundations/02?" in asked[0]
    running = timer.running(ws)
    assert running is not None
    assert running.lesson == "foundations/01"


def test_a_forgotten_session_of_the_same_lesson_is_offered_to_begin_anew(
    evening: Path, run: Runner, frozen: Freeze
) -> None:
    planned(evening)
    run("start", "1")
    frozen("2026-11-21T19:30:00+01:00")
    assert run("start", "1", "--json").data["already_running"] is True
    anew = run("start", "1", "--switch", "--json").data
    assert anew["already_running"] is False
    assert anew["stopped"]["entry"]["guessed"] is True
    assert anew["started"] == "2026-11-21T19:30:00+01:00"


@pytest.mark.parametrize(
    ("begin", "minutes"),
    [("2026-11-20T19:30:00+01:00", 90), ("2026-11-17T07:20:00+01:00", 30), ("2026-11-18T12:00:00+01:00", 70)],
)  # fmt: skip
def test_where_nobody_can_be_asked_the_planned_minutes_are_a_guess(
    built_in_study: Path, run: Runner, frozen: Freeze, begin: str, minutes: int
) -> None:
    """Of the slot that is near, else of an average slot: (2 x 90 + 30) / 3."""
    planned(built_in_study)
    frozen(begin)
    run("start", "1")
    frozen("2026-11-22T18:00:00+01:00")
    seen = run("stop", "--dry-run", "--json").data["entry"]
    assert (seen["minutes"], seen["guessed"]) == (minutes, True)
    stopped = run("stop", "--note", "x")
    assert stopped.code == 0
    assert "this is a guess" in stopped.out
    (entry,) = sessions(built_in_study)
    assert f"fastcompanion log edit {entry.id} --minutes 45" in stopped.out
    (file,) = (built_in_study / "log").glob("*/*.md")
    assert f" {minutes}m? " in file.read_text()
    assert f"{entry.id}" in run("log", "edit", entry.id, "-m", "50", "--dry-run").out
    changed = run("log", "edit", entry.id, "-m", "50", "--json").data["entry"]
    assert (changed["minutes"], changed["guessed"]) == (50, False)


def test_twice_the_planned_minutes_is_no_forgotten_timer(
    evening: Path, run: Runner, frozen: Freeze
) -> None:
    planned(evening)
    run("start", "1")
    frozen("2026-11-20T22:30:00+01:00")
    entry = run("stop", "--json").data["entry"]
    assert (entry["minutes"], entry["guessed"]) == (180, False)


@pytest.mark.parametrize(
    ("answer", "minutes"),
    [("", 90), ("100", 100), ("1 h 40 min", 100), ("yes", 1350), ("22h30", 1350)],
)
def test_who_can_be_asked_is_asked_with_the_plan_as_the_answer(
    evening: Path, frozen: Freeze, answer: str, minutes: int
) -> None:
    planned(evening)
    ws = Workspace(evening)
    session.start(ws, "1", open_it=False, reporter=SILENT)
    frozen("2026-11-21T18:00:00+01:00")
    asked: list[tuple[int, int]] = []

    def ask(ran: int, wanted: int) -> str:
        asked.append((ran, wanted))
        return answer or str(wanted)

    with pytest.raises(CompanionError, match="no length"):
        session.stop(ws, note="x", ask=lambda ran, wanted: "quite long")
    assert timer.running(ws) is not None, "a slip of the tongue loses nothing"
    done = session.stop(ws, note="x", ask=ask)
    assert asked == [(1350, 90)]
    assert (done.entry.minutes, done.entry.guessed) == (minutes, False)


def test_who_says_when_it_ended_is_not_asked(evening: Path, run: Runner, frozen: Freeze) -> None:
    planned(evening)
    for words in (["--at", "20:15"], ["--minutes", "45"], ["--ago", "1305"]):
        frozen("2026-11-20T19:30:00+01:00")
        run("start", "1")
        frozen("2026-11-21T18:00:00+01:00")
        entry = run("stop", *words, "--json").data["entry"]
        assert (entry["minutes"], entry["guessed"]) == (45, False), words


def test_without_a_plan_the_usual_session_is_taken_after_twelve_hours(
    built_in_study: Path, run: Runner, frozen: Freeze
) -> None:
    frozen("2026-11-15T19:30:00+01:00")
    for minutes in (20, 35, 50):
        run("log", "add", "x", "-m", str(minutes))
    frozen("2026-11-20T08:00:00+01:00")
    run("start", "1")
    frozen("2026-11-20T19:59:00+01:00")
    assert run("stop", "--dry-run", "--json").data["entry"]["minutes"] == 719
    frozen("2026-11-20T20:00:00+01:00")
    assert run("stop", "--json").data["entry"]["minutes"] == 35


def test_cancel_logs_nothing_and_says_how_it_would_count(
    evening: Path, run: Runner, frozen: Freeze, git: Git
) -> None:
    assert run("cancel").code == 1
    run("start", "1")
    frozen("2026-11-20T20:05:00+01:00")
    head = git(evening, "rev-parse", "HEAD")
    assert run("cancel", "--dry-run").code == 0
    cancelled = run("cancel", "--json").data
    assert sorted(cancelled) == ["lesson", "log_it", "minutes", "started"]
    assert cancelled["minutes"] == 35
    assert sessions(evening) == []
    assert git(evening, "rev-parse", "HEAD") == head
    assert "no session is running" in run("stop").err
    words = cancelled["log_it"].removeprefix("fastcompanion ").replace('"what I did"', "it").split()
    assert run(*words).code == 0
    (entry,) = sessions(evening)
    assert (entry.minutes, entry.at.isoformat()) == (35, "2026-11-20T19:30:00+01:00")


def test_a_clock_that_was_set_back_loses_nothing(
    evening: Path, run: Runner, frozen: Freeze
) -> None:
    run("start", "1")
    frozen("2026-11-20T18:00:00+01:00")
    refused = run("stop")
    assert refused.code == 2
    assert "--minutes" in refused.err
    assert run("status").code == 0
    assert run("stop", "--minutes", "25", "--json").data["entry"]["minutes"] == 25


def test_a_journey_changes_no_length_and_the_clock_here_is_meant(
    evening: Path, run: Runner, frozen: Freeze
) -> None:
    run("start", "1")
    frozen("2026-11-20T14:30:00-05:00")
    assert run("stop", "--dry-run", "--json").data["entry"]["minutes"] == 60
    entry = run("stop", "--at", "14:00", "--json").data["entry"]
    assert (entry["minutes"], entry["at"]) == (30, "2026-11-20T19:30:00+01:00")
    assert (evening / "log/2026/2026-11-20.md").exists()


@pytest.mark.usefixtures("warsaw")
def test_when_summer_time_ends_lengths_and_times_are_right(
    built_in_study: Path, run: Runner, frozen: Freeze
) -> None:
    frozen("2026-10-25T01:30:00+02:00")
    run("start", "1")
    frozen("2026-10-25T04:30:00+01:00")
    assert run("stop", "--dry-run", "--json").data["entry"]["minutes"] == 240
    assert run("stop", "--at", "04:00", "--dry-run", "--json").data["entry"]["minutes"] == 210
    twice = run("stop", "--at", "02:30")
    assert twice.code == 2
    assert "2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00" in twice.err
    second = run("stop", "--at", "2026-10-25T02:30:00+01:00", "--json").data["entry"]
    assert second["minutes"] == 120


@pytest.mark.usefixtures("warsaw")
def test_the_first_of_two_times_is_meant_while_the_second_is_to_come(
    built_in_study: Path, run: Runner, frozen: Freeze
) -> None:
    frozen("2026-10-25T01:30:00+02:00")
    run("start", "1")
    frozen("2026-10-25T02:45:00+02:00")
    assert run("stop", "--at", "02:30", "--json").data["entry"]["minutes"] == 60


@pytest.mark.usefixtures("warsaw")
def test_an_hour_that_the_clock_jumped_over_is_refused(
    built_in_study: Path, run: Runner, frozen: Freeze
) -> None:
    frozen("2026-03-29T12:00:00+02:00")
    for words in (["--at", "02:30"], ["--at", "2026-03-29 02:30"]):
        refused = run("log", "add", "x", *words)
        assert refused.code == 2, words
        assert "never showed" in refused.err
    added = run("log", "add", "x", "--at", "2026-03-28 20:00", "--json").data["entry"]
    assert added["at"] == "2026-03-28T20:00:00+01:00", "the offset of that day, not of today"
    fold = run("log", "add", "x", "--at", "2025-10-26 02:30")
    assert fold.code == 2
    assert "+02:00 or 2025-10-26T02:30:00+01:00" in fold.err
    assert sessions(built_in_study)[0].minutes == 30


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_at_a_real_terminal_the_question_is_asked_and_answered(
    evening: Path, run: Runner, frozen: Freeze
) -> None:
    planned(evening)
    run("start", "1")
    frozen("2026-11-21T18:00:00+01:00")
    said = _typed(["stop"], ["retyped it", "75"], evening)
    assert "What did you do?" in said
    assert "Really 22 h 30 min?" in said
    assert "[1 h 30 min]" in said
    (entry,) = sessions(evening)
    assert (entry.minutes, entry.note, entry.guessed) == (75, "retyped it", False)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_at_a_real_terminal_switching_is_offered(evening: Path, run: Runner) -> None:
    run("config", "set", "editor.open", "false")
    run("start", "1")
    said = _typed(["start", "2"], ["y"], evening)
    assert "Stop it and start foundations/02?" in said
    assert [one.lesson for one in sessions(evening)] == ["foundations/01"]
    assert (
        json.loads((evening / ".fastcompanion/timer.json").read_text())["lesson"]
        == "foundations/02"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_at_a_real_terminal_a_wrong_end_is_refused_before_the_note_is_typed(
    evening: Path, run: Runner
) -> None:
    run("config", "set", "editor.open", "false")
    run("start", "1")
    said = _typed(["stop", "--ago", "200"], ["a long note"], evening, code=2)
    assert "the session began at" in said
    assert "What did you do?" not in said


def _typed(words: list[str], answers: list[str], study: Path, code: int = 0) -> str:
    """Run the program at a pseudo-terminal, type each answer when it asks, give what it showed."""
    import pty

    pid, main = pty.fork()
    if pid == 0:
        os.chdir(study)
        os.execv(sys.executable, [sys.executable, "-m", "fastcompanion", *words])
    shown = b""
    waiting = list(answers)
    while True:
        try:
            chunk = os.read(main, 65536)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
        if waiting and shown.rstrip(b" ").endswith(b":"):
            os.write(main, waiting.pop(0).encode() + b"\n")
    os.close(main)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == code, shown.decode()
    return shown.decode()


def test_a_slip_in_the_plan_does_not_keep_a_session_from_ending(
    evening: Path, run: Runner, frozen: Freeze
) -> None:
    run("start", "1")
    with (evening / "fastcompanion.toml").open("a") as file:
        file.write('\n[plan]\ntimezone = "Nowhere/Land"\n')
    frozen("2026-11-20T20:00:00+01:00")
    assert run("stop", "--json").data["entry"]["minutes"] == 30


def test_a_length_of_more_than_a_day_is_refused(evening: Path) -> None:
    with pytest.raises(CompanionError):
        timer.length("25 h")
    assert [timer.length(text) for text in ("90", "90m", "1h30", "1:30", "2 h")] == [
        90, 90, 90, 90, 120,
    ]  # fmt: skip
    assert diary.Correction().empty
