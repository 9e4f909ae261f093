"""log show, add, undo through main(argv)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Runner = Callable[..., Any]
Git = Callable[..., str]
Freeze = Callable[[str], None]


@pytest.fixture
def evening(built_in_study: Path, frozen: Freeze) -> Path:
    frozen("2026-11-21T19:30:00+01:00")
    return built_in_study


def test_add_writes_a_line_and_one_commit(evening: Path, run: Runner, git: Git) -> None:
    added = run(
        "log", "add", "Read about weights", "-m", "45", "-l", "1", "--step", "watch", "--json"
    )
    assert added.code == 0
    assert sorted(added.data) == ["commit", "entry", "file"]
    assert sorted(added.data["entry"]) == [
        "at",
        "guessed",
        "id",
        "lesson",
        "minutes",
        "note",
        "step",
    ]
    entry = added.data["entry"]
    assert entry["at"] == "2026-11-21T18:45:00+01:00", "it ended just now"
    day = (evening / "log/2026/2026-11-21.md").read_text()
    assert (
        day
        == f"# 2026-11-21 Saturday\n- 18:45+01:00 45m foundations/01 watch ^{entry['id']}\n  Read about weights\n"
    )
    assert set(git(evening, "show", "--name-only", "--format=").split()) == {
        "log/2026/2026-11-21.md",
        "progress.jsonl",
    }


@pytest.mark.parametrize(
    ("at", "file", "line"),
    [
        ("18:00", "2026-11-21", "18:00+01:00"),
        ("yesterday 20:00", "2026-11-20", "20:00+01:00"),
        ("2026-11-01 09:05", "2026-11-01", "09:05+01:00"),
        ("2026-11-21T02:00:00+01:00", "2026-11-20", "02:00+01:00"),
        ("2026-11-20T22:00:00-05:00", "2026-11-20", "22:00-05:00"),
    ],
)
def test_the_time_of_an_entry(evening: Path, run: Runner, at: str, file: str, line: str) -> None:
    outcome = run("log", "add", "x", "--at", at)
    assert outcome.code == 0, outcome.err
    assert f"- {line} 30m ^" in (evening / f"log/2026/{file}.md").read_text()


@pytest.mark.parametrize(
    "words",
    [["x", "--at", "23:00"], ["x", "--at", "soon"], ["x", "--at", "2026-13-01 10:00"], ["x", "--at", "yesterday 25:00"], ["x", "--at", "0001-01-01T00:30:00+14:00"],
     ["  "], ["x", "-m", "0"], ["x", "-m", "1441"], ["x", "-l", "99"], ["x", "--step", "Two Words"]],
)  # fmt: skip
def test_what_can_not_be_is_refused_and_nothing_written(
    evening: Path, run: Runner, words: list[str]
) -> None:
    assert run("log", "add", *words).code == 2
    assert not (evening / "log").exists()


def test_show_is_this_week_or_all_with_totals(evening: Path, run: Runner) -> None:
    run("log", "add", "this week", "-m", "20")
    run("log", "add", "long ago", "-m", "40", "--at", "2026-10-01 20:00")
    week = run("log", "show", "--json").data
    assert sorted(week) == ["minutes", "problems", "sessions"]
    assert [entry["note"] for entry in week["sessions"]] == ["this week"]
    everything = run("log", "show", "--all", "--json").data
    assert [entry["note"] for entry in everything["sessions"]] == ["long ago", "this week"]
    assert everything["minutes"] == 60
    assert "2 sessions, 1 h" in run("log", "show", "--all").out


def test_undo_by_id_and_of_the_last_are_new_commits(evening: Path, run: Runner, git: Git) -> None:
    first = run("log", "add", "first", "--json").data["entry"]["id"]
    second = run("log", "add", "second", "--json").data["entry"]["id"]
    count = int(git(evening, "rev-list", "--count", "HEAD"))
    assert run("log", "undo", first, "--json").data["entry"]["note"] == "first"
    assert int(git(evening, "rev-list", "--count", "HEAD")) == count + 1
    assert "second" in (evening / "log/2026/2026-11-21.md").read_text()
    assert run("log", "undo", second, "--json").data["entry"]["id"] == second
    assert run("log", "show", "--json").data["sessions"] == []
    assert git(evening, "status", "--porcelain") == ""
    assert run("log", "undo").code == 1
    assert run("log", "undo", "nosuchid").code == 1


def test_undoing_the_undoing_brings_the_entry_back(evening: Path, run: Runner, git: Git) -> None:
    run("log", "add", "first line\nsecond line", "-m", "20")
    before = (evening / "log/2026/2026-11-21.md").read_text()
    undone = run("log", "undo", "--json").data
    assert undone["restored"] is False
    assert "first line" not in (evening / "progress.jsonl").read_text(), "the words are not for git"
    restored = run("log", "undo", undone["id"], "--json").data
    assert restored["restored"] is True
    assert (evening / "log/2026/2026-11-21.md").read_text() == before
    assert run("log", "show", "--json").data["minutes"] == 20
    assert git(evening, "status", "--porcelain") == ""
    refused = run("log", "undo")
    assert (refused.code, "brought an entry back" in refused.err) == (1, True)
    assert run("log", "undo", undone["entry"]["id"]).code == 0
    assert run("log", "show", "--json").data["minutes"] == 0


def test_a_time_that_is_none_names_the_forms(evening: Path, run: Runner) -> None:
    refused = run("log", "add", "x", "--at", "never")
    assert refused.code == 2
    for form in ("19:30", '"yesterday 20:00"', "+01:00"):
        assert form in refused.err
    looked = run("log", "add", "x", "--dry-run")
    assert "Would log in" in looked.out
    assert run("log", "show", "--json").data["sessions"] == []


def test_a_second_undo_takes_no_older_entry_and_names_both_ways(
    evening: Path, run: Runner, frozen: Callable[[str], None]
) -> None:
    older = run("log", "add", "older", "--json").data["entry"]["id"]
    frozen("2026-11-21T22:01:00+01:00")
    run("log", "add", "newer")
    undone = run("log", "undo", "--json").data
    assert undone["entry"]["note"] == "newer"
    refused = run("log", "undo", "--json")
    assert refused.code == 1
    assert f"log undo {undone['id']}" in refused.errors[0]["hint"]
    assert f"log undo {older}" in refused.errors[0]["hint"]
    notes = [entry["note"] for entry in run("log", "show", "--json").data["sessions"]]
    assert notes == ["older"]
    frozen("2026-11-21T22:02:00+01:00")
    run("log", "add", "newest")
    assert run("log", "undo", "--json").data["entry"]["note"] == "newest"


def test_an_event_is_taken_back_by_its_id(evening: Path, run: Runner) -> None:
    from fastcompanion.base import events
    from fastcompanion.base.workspace import Workspace

    done = events.record(
        Workspace(evening), "lesson.step_done", "foundations/01", {"step": "run"}
    ).event
    assert run("status", "--json").data["lesson"]["steps"][1]["state"] == "done"
    assert run("log", "undo", done.id, "--json").data["what"] == "lesson.step_done"
    assert run("status", "--json").data["lesson"]["steps"][1]["state"] == "open"


def test_a_line_that_was_written_by_hand_can_be_taken_out(evening: Path, run: Runner) -> None:
    path = evening / "log/2026/2026-11-21.md"
    path.parent.mkdir(parents=True)
    path.write_text("# 2026-11-21 Saturday\n- 10:00+01:00 25m ^byhand99\n  mine\n")
    assert run("log", "show", "--json").data["minutes"] == 25
    assert run("log", "undo", "byhand99").code == 0
    assert run("log", "show", "--json").data["minutes"] == 0
    assert "mine" not in path.read_text()


def test_a_private_log_is_undone_in_private(evening: Path, run: Runner, git: Git) -> None:
    run("config", "set", "privacy.log", "false")
    for note in ("one", "two"):
        run("log", "add", note)
    assert run("log", "undo", "--json").data["entry"]["note"] == "two"
    (one,) = run("log", "show", "--json").data["sessions"]
    assert run("log", "undo", one["id"], "--json").data["entry"]["note"] == "one"
    assert run("log", "undo").code == 1
    assert "undone" not in git(evening, "show", "HEAD:progress.jsonl")


def test_a_private_log_gives_no_commit_the_minutes(evening: Path, run: Runner, git: Git) -> None:
    run("config", "set", "privacy.log", "false")
    progress = evening / "progress.jsonl"
    progress.write_text(progress.read_text() + "\n")
    assert run("log", "add", "one", "-m", "37", "--json").data["commit"]["made"] is True
    assert "37" not in git(evening, "log", "-1", "--format=%B")


@pytest.mark.parametrize("line", ["{}", '{"id":"abcdefghij","day":"soon","text":"x"}'])
def test_a_broken_list_of_waiting_entries_is_named(evening: Path, run: Runner, line: str) -> None:
    run("log", "add", "one")
    path = evening / ".fastcompanion" / "waiting.jsonl"
    path.write_text(line + "\n")
    told = run("log", "add", "two")
    assert (told.code, str(path) in told.err, "Traceback" in told.err) == (1, True, False)


def test_an_undone_line_that_a_merge_brings_back_does_not_count(evening: Path, run: Runner) -> None:
    run("log", "add", "first")
    path = evening / "log/2026/2026-11-21.md"
    before = path.read_text()
    run("log", "undo")
    path.write_text(before)
    assert run("log", "show", "--json").data["minutes"] == 0
    assert run("status", "--json").data["minutes_week"] == 0


def test_a_damaged_line_is_shown_with_its_place(evening: Path, run: Runner) -> None:
    run("log", "add", "first")
    path = evening / "log/2026/2026-11-21.md"
    path.write_text(path.read_text() + "- 10:00 45 minutes of reading\n")
    shown = run("log", "show", "--json").data
    assert [(p["file"], p["line"]) for p in shown["problems"]] == [(str(path), 4)]
    assert f"{path}:4" in run("log", "show").out
    assert f"{path}:4" in run("status").out


def test_logging_works_without_git(evening: Path, run: Runner, tmp_path: Path) -> None:
    outcome = run("log", "add", "on the train", env={"PATH": str(tmp_path / "nothing")})
    assert outcome.code == 0
    assert "git is not installed" in outcome.out
    assert run("log", "show", "--json").data["minutes"] == 30


def test_a_dry_run_writes_nothing(evening: Path, run: Runner) -> None:
    assert run("log", "add", "x", "--dry-run").code == 0
    assert not (evening / "log").exists()


def test_control_characters_of_a_note_reach_no_terminal(evening: Path, run: Runner) -> None:
    run("log", "add", "red \x1b[31m and \u202e back")
    assert "\x1b" not in run("log", "show").out


def test_a_session_without_a_word_is_refused_with_an_example(
    built_in_study: Path, run: Runner
) -> None:
    refused = run("log", "add", " ", "-m", "5")
    assert refused.code == 2
    assert 'fastcompanion log add "Read chapter 4" --minutes 5' in refused.err
