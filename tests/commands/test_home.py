"""init, status, next, start, stop through main(argv), with real git in a folder of its own."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.events import record
from fastcompanion.base.workspace import Workspace

Runner = Callable[..., Any]
Git = Callable[..., str]
Freeze = Callable[[str], None]


def events(study: Path) -> list[dict[str, object]]:
    lines = (study / "progress.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_init_names_the_next_command_and_twice_is_once(
    tmp_path: Path, run: Runner, git: Git
) -> None:
    folder = tmp_path / "mein Lernen"
    first = run("init", folder, "--yes", "--course", "foundations")
    assert first.code == 0, first.err
    assert f"Next: cd '{folder}' && fastcompanion start" in first.out
    log = git(folder, "log", "--format=%s")
    again = run("init", folder, "--yes", "--course", "foundations")
    assert again.code == 0
    assert "nothing was changed" in again.out
    assert git(folder, "log", "--format=%s") == log
    assert git(folder, "status", "--porcelain") == ""


def test_init_without_a_terminal_asks_nothing_and_takes_defaults(
    tmp_path: Path, run: Runner
) -> None:
    outcome = run("init", tmp_path / "s", "--json")
    assert outcome.code == 0
    assert outcome.data["course"] == "foundations"
    assert outcome.data["new_repository"] is True
    assert sorted(outcome.data) == [
        "commit", "course", "course_is_new", "dry_run", "files_created", "files_extended",
        "files_kept", "folder", "new_repository", "next_command",
    ]  # fmt: skip


def test_init_beside_the_study_by_a_way_through_it(study: Path, run: Runner) -> None:
    outcome = run("init", Path("..") / "study2" / "sub", "--yes", "--course", "none")
    assert outcome.code == 0, outcome.err
    assert (study.parent / "study2" / "sub" / "fastcompanion.toml").is_file()
    inside = run("init", Path("..") / study.name / "sub", "--yes", "--course", "none")
    assert (inside.code, "inside the study" in inside.err) == (2, True)


def test_a_study_that_is_not_there_has_a_next_line(study: Path, run: Runner) -> None:
    outcome = run("status", "--study", "../no pe")
    assert outcome.code == 3
    assert "Next:  fastcompanion init '../no pe'" in outcome.err


def test_init_in_a_used_folder_needs_a_yes(tmp_path: Path, run: Runner) -> None:
    (tmp_path / "mine.txt").write_text("x")
    refused = run("init", tmp_path, "--course", "none")
    assert refused.code == 2
    assert "--yes" in refused.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    assert run("init", tmp_path, "--course", "none", "--yes").code == 0
    assert (tmp_path / "mine.txt").read_text() == "x"


def test_init_dry_run_shows_and_changes_nothing(tmp_path: Path, run: Runner) -> None:
    outcome = run("init", tmp_path / "s", "--dry-run")
    assert outcome.code == 0
    assert "would be written" in outcome.out
    assert list(tmp_path.iterdir()) == []


def test_init_with_a_course_that_is_none_leaves_the_study(tmp_path: Path, run: Runner) -> None:
    outcome = run("init", tmp_path / "s", "--yes", "--course", "no-such-course")
    assert outcome.code == 2
    assert "is ready, but without the course no-such-course" in outcome.err
    assert run("status", cwd=tmp_path / "s").code == 0


def test_init_without_the_network_leaves_the_study_and_says_how_to_go_on(
    tmp_path: Path, run: Runner
) -> None:
    url = "http://127.0.0.1:9/someone/course.git"
    outcome = run("init", tmp_path / "s", "--yes", "--course", url)
    assert outcome.code == 5
    assert "is ready, but without the course" in outcome.err
    assert f"fastcompanion course add {url}" in outcome.err
    assert run("status", "--json", cwd=tmp_path / "s").data["courses"] == []


def test_init_of_a_study_that_is_there_adds_another_course(
    built_in_study: Path, run: Runner, tmp_path: Path, git: Git
) -> None:
    folder = tmp_path / "two notebooks"
    folder.mkdir()
    notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "01_first.ipynb").write_text(json.dumps(notebook))
    done = run("init", built_in_study, "--yes", "--course", folder, "--json")
    assert done.code == 0, done.out
    assert done.data["course_is_new"] is True
    found = [course["id"] for course in run("status", "--json").data["courses"]]
    assert found == ["foundations", "two-notebooks"]
    assert git(built_in_study, "status", "--porcelain") == ""


def test_the_same_study_on_a_second_machine(
    built_in_study: Path, run: Runner, tmp_path: Path, git: Git, frozen: Freeze
) -> None:
    frozen("2026-11-21T19:30:00+01:00")
    run("log", "add", "here", "-m", "20")
    other = tmp_path / "other machine"
    git(tmp_path, "clone", "-q", str(built_in_study), str(other))
    assert run("log", "add", "there", "-m", "40", cwd=other).code == 0
    assert git(other, "status", "--porcelain") == ""
    run("log", "add", "here again", "-m", "60")
    git(built_in_study, "pull", "-q", "--no-rebase", "--no-edit", str(other), "main")
    shown = run("log", "show", "--json").data
    assert {entry["note"] for entry in shown["sessions"]} == {"here", "there", "here again"}
    assert shown["minutes"] == 120
    assert run("status", "--json").data["minutes_today"] == 120


def test_without_a_name_for_git_all_is_written_and_committed_later(
    tmp_path: Path, run: Runner, isolated: Path, git: Git
) -> None:
    settings = (isolated / ".gitconfig").read_text()
    (isolated / ".gitconfig").write_text("")
    folder = tmp_path / "s"
    begun = run("init", folder, "--yes", "--course", "foundations")
    assert begun.code == 0
    assert "git does not know who you are" in begun.out
    assert "git config --global user.name" in begun.out
    (isolated / ".gitconfig").write_text(settings)
    run("start", cwd=folder)
    stopped = run("stop", cwd=folder)
    assert stopped.code == 0
    assert git(folder, "status", "--porcelain") == ""
    assert git(folder, "log", "--format=%an").split("\n")[0] == "Ada Learner"


def test_outside_of_a_study_exit_3_names_init(tmp_path: Path, run: Runner) -> None:
    for words in (["status"], ["next"], ["start"], ["stop"], ["log", "show"]):
        outcome = run(words, cwd=tmp_path)
        assert outcome.code == 3
        assert "fastcompanion init" in outcome.err


def test_status_of_a_fresh_study(built_in_study: Path, run: Runner) -> None:
    seen = run("status", "--json").data
    assert sorted(seen) == [
        "after", "again", "courses", "folder", "lesson", "minutes_today", "minutes_week", "missed_last_week", "next", "plan",
        "problems", "running", "streak_weeks", "study",
    ]  # fmt: skip
    assert seen["running"] is None
    assert seen["next"]["step"] == "watch"
    assert seen["next"]["lesson"] == "foundations/01"
    assert [step["state"] for step in seen["lesson"]["steps"]] == ["open"] * 4
    assert "Next: fastcompanion start foundations/01" in run("status").out


def test_status_says_the_weeks_in_a_row(built_in_study: Path, run: Runner, frozen: Freeze) -> None:
    for moment in ("2026-11-03T19:30:00+00:00", "2026-11-10T19:30:00+00:00"):
        frozen(moment)
        assert run("log", "add", "Read", "-m", "45").code == 0
    assert run("status").out.count("this week 45 min. 2 weeks in a row.") == 1
    frozen("2026-11-24T19:30:00+00:00")
    assert "this week 0 min. Last week was missed: never miss twice" in run("status").out
    frozen("2026-12-01T19:30:00+00:00")
    seen = run("status", "--json").data
    assert (seen["streak_weeks"], seen["missed_last_week"]) == (0, False)
    assert " in a row" not in run("status").out
    folder = built_in_study / "log" / "2026"
    (folder / "2026-11-10.md").write_text("<<<<<<< here\n=======\n>>>>>>> there\n")
    assert run("status").code == 0, "what is wrong in an old day is for `log` to say"


def test_a_session_from_start_to_stop_is_one_commit(
    built_in_study: Path, run: Runner, git: Git, frozen: Freeze
) -> None:
    before = git(built_in_study, "rev-list", "--count", "HEAD")
    frozen("2026-11-21T19:30:00+01:00")
    started = run("start", "1", "--json").data
    assert started["lesson"] == "foundations/01"
    assert started["notebook_is_new"] is True
    notebook = built_in_study / started["notebook"]
    assert notebook.is_file()
    mine = built_in_study / "lessons/foundations/01/notes.md"
    mine.write_text("my notes\n")
    frozen("2026-11-21T20:15:00+01:00")
    assert run("status", "--json").data["running"]["minutes"] == 45
    stopped = run("stop", "--note", "read it all", "--json").data
    assert stopped["entry"]["minutes"] == 45
    assert stopped["commit"]["made"] is True
    assert int(git(built_in_study, "rev-list", "--count", "HEAD")) == int(before) + 1
    names = git(built_in_study, "show", "--name-only", "--format=%s").split("\n")
    assert names[0] == "Study foundations/01 watch, 45 min"
    assert set(names[2:-1]) == {
        "log/2026/2026-11-21.md", "progress.jsonl", "lessons/foundations/01/notes.md",
    }  # fmt: skip
    assert git(built_in_study, "status", "--porcelain") == ""
    day = (built_in_study / "log/2026/2026-11-21.md").read_text()
    assert day.startswith("# 2026-11-21 Saturday\n- 19:30+01:00 45m foundations/01 watch ^")
    assert run("status", "--json").data["minutes_week"] == 45


def test_start_twice_says_running_and_another_lesson_waits(
    built_in_study: Path, run: Runner
) -> None:
    run("start", "1")
    timer = (built_in_study / ".fastcompanion/timer.json").read_bytes()
    again = run("start")
    assert again.code == 0
    assert "is running since" in again.out
    assert run("start", "1", "--json").data["already_running"] is True
    assert (built_in_study / ".fastcompanion/timer.json").read_bytes() == timer


def test_start_never_overwrites_the_learners_notebook(built_in_study: Path, run: Runner) -> None:
    notebook = built_in_study / run("start", "--json").data["notebook"]
    mine = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    notebook.write_text(mine)
    run("stop")
    assert run("start", "--json").data["notebook_is_new"] is False
    assert notebook.read_text() == mine


def test_stop_without_start_and_a_forgotten_timer(
    built_in_study: Path, run: Runner, frozen: Freeze
) -> None:
    nothing = run("stop")
    assert nothing.code == 1
    assert "fastcompanion log add" in nothing.err
    frozen("2026-11-20T20:00:00+01:00")
    run("start")
    frozen("2026-11-21T19:30:00+01:00")
    assert run("status", "--json").data["running"]["forgotten"] is True
    assert "Forgotten?" in run("status").out
    assert run("stop", "--at", "21:30", "--json").data["entry"]["minutes"] == 90
    assert not (built_in_study / ".fastcompanion/timer.json").exists()


def test_a_crash_between_log_and_timer_logs_the_session_once(
    built_in_study: Path, run: Runner, frozen: Freeze, git: Git
) -> None:
    frozen("2026-11-21T19:30:00+01:00")
    run("start")
    timer = built_in_study / ".fastcompanion/timer.json"
    kept = timer.read_bytes()
    frozen("2026-11-21T20:00:00+01:00")
    run("stop", "--note", "first")
    timer.write_bytes(kept)
    assert run("stop", "--note", "again").code == 0
    shown = run("log", "show", "--json").data
    assert [(entry["minutes"], entry["note"]) for entry in shown["sessions"]] == [(30, "first")]
    assert sum(event["kind"] == "session.logged" for event in events(built_in_study)) == 1


def test_stop_in_every_odd_state_of_git_loses_nothing(
    built_in_study: Path, run: Runner, git: Git, frozen: Freeze
) -> None:
    frozen("2026-11-21T19:30:00+01:00")
    git(built_in_study, "switch", "-q", "--detach")
    run("start")
    stopped = run("stop", "--note", "detached")
    assert stopped.code == 0
    assert "not committed: HEAD is detached" in stopped.out
    assert "Next: git switch main" in stopped.out
    git(built_in_study, "switch", "-q", "main")
    run("start")
    assert "not committed" not in run("stop", "--note", "back").out
    assert git(built_in_study, "status", "--porcelain") == ""
    assert run("log", "show", "--json").data["minutes"] == 2


def test_privacy_says_what_is_committed(built_in_study: Path, run: Runner, git: Git) -> None:
    for key in ("privacy.log", "privacy.notes"):
        run("config", "set", key, "false")
    run("start")
    (built_in_study / "lessons/foundations/01/notes.md").write_text("private\n")
    stopped = run("stop", "--note", "a secret")
    assert stopped.code == 0
    tracked = git(built_in_study, "ls-files")
    assert "log/" not in tracked
    assert "notes.md" not in tracked
    assert "session.logged" not in git(built_in_study, "show", "HEAD:progress.jsonl")
    assert run("log", "show", "--json").data["minutes"] == 1


def test_a_private_log_is_not_told_by_the_commits(
    built_in_study: Path, run: Runner, git: Git
) -> None:
    run("config", "set", "privacy.log", "false")
    run("start", "01")
    (built_in_study / "lessons/foundations/01/notes.md").write_text("Mine.\n")
    run("stop", "--minutes", "37")
    subjects = git(built_in_study, "log", "--format=%s")
    assert "Study foundations/01" in subjects
    assert " min" not in subjects


def test_who_wants_no_commits_is_not_told_so_each_time(
    built_in_study: Path, run: Runner, git: Git
) -> None:
    before = git(built_in_study, "rev-parse", "HEAD")
    run("config", "set", "privacy.commit", "false")
    run("start")
    assert "committed" not in run("stop", "--note", "x").out
    assert git(built_in_study, "rev-parse", "HEAD") == before


def test_next_offers_and_with_yes_begins(built_in_study: Path, run: Runner) -> None:
    offered = run("next", "--json").data
    assert offered["next"]["command"] == "fastcompanion start foundations/01"
    assert offered["started"] is None
    assert not (built_in_study / ".fastcompanion/timer.json").exists()
    begun = run("next", "--yes", "--json").data
    assert begun["started"]["lesson"] == "foundations/01"
    assert (built_in_study / ".fastcompanion/timer.json").exists()


def test_dry_runs_change_nothing(built_in_study: Path, run: Runner, git: Git) -> None:
    before = sorted(path for path in built_in_study.rglob("*") if ".git" not in path.parts)
    assert run("start", "--dry-run").code == 0
    assert run("next", "--yes", "--dry-run").code == 0
    after = sorted(path for path in built_in_study.rglob("*") if ".git" not in path.parts)
    assert [path for path in after if path not in before and "cache" not in path.parts] == []


@pytest.mark.parametrize(
    ("name", "line"),
    [("progress.jsonl", 2), ("fastcompanion.toml", 2), (".fastcompanion/timer.json", 2)],
)
def test_a_conflict_marker_is_named_and_nothing_is_written(
    built_in_study: Path, run: Runner, name: str, line: int
) -> None:
    run("start")
    path = built_in_study / name
    text = path.read_text()
    first = text.split("\n")[0]
    path.write_text(text.replace(first, f"{first}\n<<<<<<< HEAD", 1))
    before = {
        p: p.read_bytes()
        for p in built_in_study.rglob("*")
        if p.is_file() and "locks" not in p.parts
    }
    for words in (["status"], ["stop"], ["start"]):
        outcome = run(words, "--json")
        assert outcome.code == 1, outcome
        assert outcome.errors[0]["file"] == str(path)
        assert outcome.errors[0]["line"] == line
        assert "conflict marker" in outcome.errors[0]["message"]
    after = {
        p: p.read_bytes()
        for p in built_in_study.rglob("*")
        if p.is_file() and "locks" not in p.parts
    }
    assert after == before


def test_newer_files_are_refused(built_in_study: Path, run: Runner) -> None:
    path = built_in_study / "progress.jsonl"
    text = path.read_text()
    path.write_text(
        text + '{"v":2,"id":"zzzzzzzzzz","at":"2026-11-21T10:00:00+00:00","kind":"x","data":{}}\n'
    )
    outcome = run("status")
    assert outcome.code == 1
    assert "newer fastcompanion" in outcome.err
    path.write_text(
        text
        + '{"v":1,"id":"zzzzzzzzzz","at":"2026-11-21T10:00:00+00:00","kind":"a.later.kind","data":{}}\n'
    )
    assert run("status").code == 0


def test_help_shows_the_daily_words_first(run: Runner) -> None:
    lines = run("--help").out.split("\n")
    words = [line.split()[0] for line in lines if line.strip()]
    daily = ["init", "next", "start", "check", "hint", "stop", "log", "status"]
    assert [word for word in words if word in {*daily, "course", "doctor"}][:8] == daily


@pytest.mark.skipif(os.name != "posix", reason="read-only folders: not run here")
def test_a_read_only_study_can_be_looked_at_and_the_rest_is_a_clear_error(
    open_tmp: Path, run: Runner, unprivileged: Callable[[Callable[[], int]], int]
) -> None:
    folder = open_tmp / "s"
    run("init", folder, "--yes", "--course", "foundations")
    for words in (
        ["status"],
        ["log", "show"],
        ["start", "--dry-run"],
        ["log", "add", "x", "--dry-run"],
    ):
        assert run(words, cwd=folder).code == 0, "what is imported now need not be readable later"
    shutil.rmtree(folder / ".fastcompanion")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)

    def look() -> int:
        os.environ["FASTCOMPANION_HOME"] = str(open_tmp / "home")
        wanted = [(["status"], 0), (["log", "show"], 0), (["start"], 1), (["log", "add", "x"], 1)]
        for number, (words, code) in enumerate(wanted, start=10):
            outcome = run(words, "--json", "--study", folder)
            if outcome.code != code:
                return number
            if code and "Permission denied" not in outcome.errors[0]["message"]:
                return number + 10
        return 0

    assert unprivileged(look) == 0
    assert not (folder / "log").exists()
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)


def answers(run: Runner) -> list[str]:
    questions = run("lesson", "show", "01", "--json").data["questions"]
    return [word for one in questions for word in ("--answer", f"{one['id']}=because")]


def test_in_a_session_the_next_is_the_act_of_the_step(built_in_study: Path, run: Runner) -> None:
    assert "Next: fastcompanion start foundations/01" in run("next").out
    run("start", "01")
    for word in ("next", "status"):
        assert "Next: fastcompanion lesson done foundations/01 watch" in run(word).out
    done = run("lesson", "done", "01", "watch", "--note", "About simple pictures.", answers(run))
    assert done.code == 0, done.err
    for word in ("next", "status"):
        assert "Next: fastcompanion lesson run foundations/01 --execute" in run(word).out


def test_the_repeat_step_asks_for_data_and_can_wait(built_in_study: Path, run: Runner) -> None:
    ws = Workspace(built_in_study)
    for step in ("watch", "run", "reproduce"):
        record(ws, "lesson.step_done", "foundations/01", {"step": step})
    told = "Next: fastcompanion lesson repeat foundations/01 PATH"
    for word in ("next", "status"):
        out = run(word).out
        assert told in out
        assert "Next: fastcompanion start foundations/02   (or go on with " in out
    assert run("next", "--json").data["after"]["lesson"] == "foundations/02"
    run("start", "01")
    assert told in run("status").out
    assert run("lesson", "done", "01", "repeat", "--note", "Own pictures, 0.9 of 1.").code == 0
    assert run("status", "--json").data["after"] is None


def test_stop_names_all_steps_of_the_session_in_its_commit(
    built_in_study: Path, run: Runner, git: Git
) -> None:
    run("start", "01")
    run("lesson", "done", "01", "watch", "--note", "About simple pictures.", answers(run))
    run("lesson", "experiment", "add", "01", "-c", "lr", "-p", "faster", "-r", "slower")
    seen = run("stop", "--dry-run")
    assert "Would stop: " in seen.out
    assert "nothing was changed" in seen.out
    assert "Logged" not in seen.out
    assert run("stop", "--json").data["entry"]["step"] == "run"
    subject = git(built_in_study, "log", "-1", "--format=%s")
    assert subject.startswith("Study foundations/01 watch, run, ")


def test_lesson_and_status_mark_steps_alike(built_in_study: Path, run: Runner) -> None:
    for words in (["status"], ["lesson", "show", "01"]):
        assert "- [.] watch" in run(words).out


def test_json_keys_of_a_session(built_in_study: Path, run: Runner) -> None:
    started = run("start", "--json")
    assert started.json["command"] == "start"
    assert sorted(started.data) == [
        "already_running", "goals", "lesson", "links", "next", "notebook", "notebook_is_new",
        "opened_with", "started", "step", "stopped", "title", "ways",
    ]  # fmt: skip
    assert sorted(started.data["next"]) == [
        "command", "course", "lesson", "notebook", "section", "step", "title", "what",
    ]  # fmt: skip
    assert sorted(run("next", "--json").data) == ["after", "next", "started"]
    stopped = run("stop", "--json").data
    assert sorted(stopped) == ["commit", "entry", "file"]
    assert sorted(stopped["commit"]) == ["hint", "left_out", "made", "reason", "sha", "wanted"]
