"""log show, week, stats, check, export through main(argv)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Runner = Callable[..., Any]
Git = Callable[..., str]
Freeze = Callable[[str], None]


@pytest.fixture
def evening(study: Path, frozen: Freeze, git: Git) -> Path:
    frozen("2026-11-21T19:30:00+01:00")
    for day, line, note in (
        ("2026-10-30", "20:00+01:00 40m foundations/01 ^october222", "October"),
        ("2026-11-12", "20:00+01:00 50m foundations/01 watch ^before2222", "the week before"),
        ("2026-11-20", "20:00+01:00 30m foundations/02 run ^friday2222", '=2+2, "quoted"'),
        ("2026-11-21", "18:00+01:00 45m ^today22222", "today\n  with a second line"),
    ):
        path = study / "log" / "2026" / f"{day}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {day}\n- {line}\n  {note}\n")
    git(study, "add", "log")
    git(study, "commit", "-q", "-m", "Log")
    return study


@pytest.mark.parametrize(
    ("words", "minutes"),
    [([], 75), (["today"], 45), (["yesterday"], 30), (["lastweek"], 50), (["2026-11-20"], 30), (["2026-W46"], 50),
     (["2026-10"], 40), (["2026"], 165), (["2025"], 0), (["--all"], 165), (["2026-W53"], 0)],
)  # fmt: skip
def test_show_of_a_day_a_week_a_month_a_year(
    evening: Path, run: Runner, words: list[str], minutes: int
) -> None:
    shown = run("log", "show", *words, "--json")
    assert shown.code == 0, shown.err
    assert shown.data["minutes"] == minutes
    assert run("log", "show", *words).code == 0


@pytest.mark.parametrize("words", [["soon"], ["2026-W54"], ["2026-13"], ["2026-02-30"], ["9999-W52"], ["9999-12-31"], ["0001-01-01"], ["today", "--all"], ["0000"]])  # fmt: skip
def test_a_time_that_is_none_is_refused(evening: Path, run: Runner, words: list[str]) -> None:
    assert run("log", "show", *words).code == 2


def test_stats_in_words_and_keys(evening: Path, run: Runner) -> None:
    said = run("log", "stats").out
    assert "2 h 45 min in 4 sessions on 4 days" in said
    assert "3 weeks in a row" in said, "one week was missed, and that breaks nothing"
    assert "2026-W45  0 min" in said
    data = run("log", "stats", "--json").data
    assert sorted(data) == ["figures", "problems", "streak"]
    assert sorted(data["figures"]) == [
        "days", "first", "last", "lessons", "minutes", "pace", "sessions", "steps", "weeks",
    ]  # fmt: skip
    assert sorted(data["streak"]) == [
        "best", "days", "goal_minutes", "missed_last", "this_week_minutes", "weeks",
    ]  # fmt: skip
    assert len(run("log", "stats", "--weeks", "2", "--json").data["figures"]["weeks"]) == 2


def test_stats_of_an_empty_log_say_what_to_do(study: Path, run: Runner) -> None:
    assert "fastcompanion start" in run("log", "stats").out
    assert run("log", "heatmap").code == 0
    assert run("log", "check").code == 0
    assert run("log", "export", "--csv").out.count("\n") == 1


def test_the_review_of_a_week_keeps_what_was_answered(
    evening: Path, run: Runner, git: Git, frozen: Freeze
) -> None:
    made = run("log", "week")
    assert made.code == 0
    file = evening / "weeks/2026-W47.md"
    assert "| minutes | 75 |" in made.out
    assert "What is stuck?" in made.out
    assert git(evening, "status", "--porcelain") == ""
    text = file.read_text().replace(
        "## What is stuck?\n", "## What is stuck?\n\nBroadcasting,\nstill.\n"
    )
    file.write_text(f"My own words on top.\n{text}")
    before = file.read_text()
    again = run("log", "week", "--json").data
    assert file.read_text() == before
    assert {one["text"]: one["answered"] for one in again["questions"]} == {
        "What did I learn?": False, "What is stuck?": True, "What is the smallest next step?": False,
    }  # fmt: skip
    run("log", "add", "more", "-m", "25")
    run("log", "week")
    assert file.read_text() == before.replace("| minutes | 75 |", "| minutes | 100 |").replace(
        "| sessions | 2 on 2 days |", "| sessions | 3 on 2 days |"
    ).replace("- 2026-11-21: today\n", "- 2026-11-21: today\n- 2026-11-21: more\n")
    assert git(evening, "status", "--porcelain") == "", "also the answers are committed"


def test_a_week_of_the_past_has_the_numbers_of_then(evening: Path, run: Runner) -> None:
    assert run("log", "week", "lastweek").code == 0
    text = (evening / "weeks/2026-W46.md").read_text()
    assert text.startswith("# Week 2026-W46: 2026-11-09 to 2026-11-15\n")
    assert "| weeks in a row | 2 |" in text
    assert "| foundations/01 | 50 | 1 |" in text


def test_a_dry_run_of_the_review_writes_nothing(evening: Path, run: Runner) -> None:
    assert "| minutes | 75 |" in run("log", "week", "--dry-run").out
    assert not (evening / "weeks").exists()


def test_a_review_without_markers_is_left_alone_and_half_of_them_is_refused(
    evening: Path, run: Runner
) -> None:
    run("log", "week")
    file = evening / "weeks/2026-W47.md"
    file.write_text("## What did I learn?\nEnough.\n")
    assert "All questions are answered" in run("log", "week").out
    assert file.read_text() == "## What did I learn?\nEnough.\n"
    file.write_text("<!-- numbers: begin -->\nEnough.\n")
    refused = run("log", "week")
    assert refused.code == 1
    assert f"{file}:1: needs the lines" in refused.err
    file.write_text("<<<<<<< HEAD\nEnough.\n")
    assert "conflict marker" in run("log", "week").err
    assert file.read_text() == "<<<<<<< HEAD\nEnough.\n"


def test_a_note_can_not_end_our_part_of_the_review(evening: Path, run: Runner) -> None:
    run("log", "add", "<!-- numbers: end -->", "-m", "5")
    for _ in range(2):
        assert run("log", "week").code == 0
    assert (evening / "weeks/2026-W47.md").read_text().count("\n<!-- numbers: end -->\n") == 1


def test_a_private_log_keeps_its_reviews_private(evening: Path, run: Runner, git: Git) -> None:
    run("config", "set", "privacy.log", "false")
    assert "not committed" not in run("log", "week").out
    assert "weeks" not in git(evening, "ls-files")


def test_check_names_every_problem_with_file_and_line_and_changes_nothing(
    evening: Path, run: Runner
) -> None:
    folder = evening / "log/2026"
    first = run("log", "show", "today", "--json").data["sessions"][0]["id"]
    (folder / "2026-11-15.md").write_text(
        "# 2026-11-14 Saturday\n"
        "- 19:30+01:00 60m ^aaaaaaaa\n"
        "- 19:30+01:00 70m ^aaaaaaaa\n"
        "- 19:30 60m ^bbbbbbbb\n"
        f"- 18:00+01:00 45m ^{first}\n"
        "- 20:00+01:00 30m\n"
    )
    (folder / "2026-11-16.md").write_text("fine\n\n<<<<<<< HEAD\n")
    (folder / "2026-11-17.md").write_bytes(b"\xff\xfe nonsense\n")
    (folder / "notes.md").write_text("- 20:00+01:00 30m ^cccccccc\n")
    (evening / "log/2025").mkdir()
    (evening / "log/2025/2026-11-18.md").write_text("")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    checked = run("log", "check", "--json")
    assert checked.code == 4
    found = {(Path(one["file"]).name, one["line"]) for one in checked.data["problems"]}
    assert found == {
        ("2026-11-15.md", 1), ("2026-11-15.md", 3), ("2026-11-15.md", 4), ("2026-11-15.md", 6),
        ("2026-11-21.md", 2), ("2026-11-16.md", 3), ("2026-11-17.md", 1), ("notes.md", 1),
        ("2026-11-18.md", 1),
    }  # fmt: skip
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert f"{folder / '2026-11-15.md'}:3: has the id of another line" in run("log", "check").out


def test_check_reads_the_events_as_well(evening: Path, run: Runner) -> None:
    run("log", "add", "x")
    progress = evening / "progress.jsonl"
    count = len(progress.read_text().splitlines())
    progress.write_text(progress.read_text() + "<<<<<<< HEAD\n")
    checked = run("log", "check", "--json")
    assert [(one["file"], one["line"]) for one in checked.data["problems"]] == [
        (str(progress), count + 1)
    ]


def test_export_in_three_forms(evening: Path, run: Runner, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in run("log", "export", "--jsonl").out.splitlines()]
    assert [line["minutes"] for line in lines] == [40, 50, 30, 45]
    assert sorted(lines[0]) == ["at", "guessed", "id", "lesson", "minutes", "note", "step", "v"]
    rows = list(csv.DictReader(io.StringIO(run("log", "export", "--csv").out)))
    assert rows[3]["note"] == "today\nwith a second line"
    assert rows[2]["note"] == '\'=2+2, "quoted"', "no formula for a spreadsheet"
    timew = run("log", "export", "--timew").out.splitlines()
    assert timew[2] == (
        'inc 20261120T190000Z - 20261120T193000Z # "foundations/02" run # "=2+2, \\"quoted\\""'
    )
    assert timew[3] == ('inc 20261121T170000Z - 20261121T174500Z # # "today with a second line"')
    to = tmp_path / "log.csv"
    assert run("log", "export", "--csv", "-o", to).code == 0
    assert len(list(csv.DictReader(io.StringIO(to.read_text())))) == 4
    refused = run("log", "export", "--csv", "-o", to)
    assert refused.code == 1
    assert "exists already" in refused.err
    for words in ([], ["--csv", "--jsonl"]):
        assert run("log", "export", *words).code == 2
    data = run("log", "export", "--jsonl", "--json").data
    assert sorted(data) == ["file", "form", "sessions", "text"]


def test_keys_of_sync_and_heatmap_and_week(
    evening: Path, run: Runner, git: Git, tmp_path: Path
) -> None:
    git(tmp_path, "init", "-q", "--bare", "hub.git")
    git(evening, "remote", "add", "origin", str(tmp_path / "hub.git"))
    git(evening, "push", "-q", "-u", "origin", "main")
    assert sorted(run("log", "sync", "--dry-run", "--json").data) == [
        "branch", "checked", "clashes", "fetched", "left_behind", "offline", "pushed", "reason",
        "remote", "waiting",
    ]  # fmt: skip
    assert sorted(run("log", "week", "--json").data) == [
        "changed", "commit", "file", "new", "numbers", "questions", "streak", "week",
    ]  # fmt: skip
    assert run("log", "sync").out.startswith("Pushed 1 commit to origin/main")
    assert "Both sides are the same" in run("log", "sync").out
