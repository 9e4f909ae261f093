"""Opening a lesson step by step, with a real program as the editor."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from fastcompanion import console
from fastcompanion.base import clock, events, process
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.reporter import SILENT
from fastcompanion.base.workspace import Workspace
from fastcompanion.flows import advance, diary, opening, overview, session
from fastcompanion.study.logbook import book
from tests.waiting import is_gone, until

Runner = Callable[..., Any]
LESSON = "foundations/01"


@pytest.fixture
def ws(built_in_study: Path) -> Workspace:
    return Workspace(built_in_study)


def start(ws: Workspace, text: str | None = None, *, open_it: bool = False) -> session.Started:
    return session.start(ws, text, open_it=open_it, reporter=SILENT)


def done(ws: Workspace, *steps: str) -> None:
    for step in steps:
        events.record(ws, "lesson.step_done", LESSON, {"step": step})


def test_each_step_opens_its_own_notebook(ws: Workspace) -> None:
    kinds = []
    for steps in ((), ("watch",), ("run",)):
        done(ws, *steps)
        started = start(ws, "1")
        assert started.notebook is not None
        assert (ws.root / started.notebook).is_file()
        kinds.append((started.step, Path(started.notebook).suffixes[-2], started.notebook_is_new))
        session.stop(ws, note="x")
    assert kinds == [
        ("watch", ".run", True),
        ("run", ".run", False),
        ("reproduce", ".scratch", True),
    ]
    done(ws, "reproduce")
    assert start(ws, "1").step == "repeat"


def test_the_scratch_notebook_and_notes_are_committed_at_stop(
    ws: Workspace, git: Callable[..., str]
) -> None:
    done(ws, "watch", "run")
    start(ws, "1")
    ws.notes(LESSON).write_text("mine\n")
    session.stop(ws, note="x")
    names = git(ws.root, "show", "--name-only", "--format=").split()
    assert any(name.endswith(".scratch.ipynb") for name in names)
    assert f"lessons/{LESSON}/notes.md" in names
    assert git(ws.root, "status", "--porcelain") == "", "the course's data is out of git's sight"


def test_the_log_line_names_the_step_that_was_come_to(ws: Workspace) -> None:
    start(ws, "1")
    done(ws, "watch")
    events.record(ws, "lesson.checked", LESSON, {"notebook": "x", "sections": {}}, private=True)
    assert session.stop(ws, note="x").entry.step == "reproduce"


def test_a_finished_lesson_can_be_opened_again(ws: Workspace) -> None:
    done(ws, "watch", "run", "reproduce", "repeat")
    started = start(ws, "1")
    assert started.next is None
    assert started.notebook is not None


def test_the_editor_of_the_learner_opens_the_notebook(
    ws: Workspace, tmp_path: Path, run: Runner
) -> None:
    mark = tmp_path / "opened here"
    program = f"import sys, pathlib; pathlib.Path({str(mark)!r}).write_text(sys.argv[-1])"
    run("config", "set", "editor.command", shlex.join([sys.executable, "-c", program]))
    started = start(ws, "1", open_it=True)
    assert started.opened_with == sys.executable
    assert until(lambda: mark.exists() and mark.read_text()) == str(ws.root / str(started.notebook))


def test_without_any_editor_the_notebook_is_named(
    ws: Workspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "no programs"))
    notebook = ws.root / "lessons/foundations/01/samuel.run.ipynb"
    assert opening.show(ws, notebook, reporter=console.reporter()) is None
    assert "Open lessons/foundations/01/samuel.run.ipynb yourself." in capsys.readouterr().err


def test_an_editor_that_is_not_there_is_named_and_the_session_runs(
    ws: Workspace, run: Runner
) -> None:
    run("config", "set", "editor.command", "fc-no-such-editor")
    with pytest.raises(CompanionError) as caught:
        start(ws, "1", open_it=True)
    assert caught.value.code is Exit.MISSING
    assert overview.running(ws) is not None
    run("config", "set", "editor.command", "'unbalanced")
    with pytest.raises(CompanionError, match="not a command line"):
        start(ws, "1", open_it=True)
    run("config", "set", "editor.open", "no")
    assert start(ws, "1", open_it=True).opened_with is None


def test_a_session_on_another_lesson_has_to_wait(ws: Workspace) -> None:
    start(ws, "1")
    with pytest.raises(CompanionError, match="is running since") as caught:
        start(ws, "2")
    assert caught.value.hint.startswith("fastcompanion start foundations/02 --switch")


def test_next_begins_only_what_the_learner_agrees_to(ws: Workspace) -> None:
    asked: list[str] = []

    def refuse(question: str) -> bool:
        asked.append(question)
        return False

    offered = advance.take_next_step(ws, agree=refuse, open_it=False, reporter=SILENT)
    assert offered.started is None
    assert LESSON in asked[0]
    taken = advance.take_next_step(ws, agree=lambda question: True, open_it=False, reporter=SILENT)
    assert taken.started is not None
    assert taken.started.lesson == LESSON


def test_status_reads_no_other_day_files_than_this_weeks(
    ws: Workspace, frozen: Callable[[str], None]
) -> None:
    frozen("2026-11-21T19:30:00+01:00")
    old = ws.root / "log/2020/2020-01-01.md"
    old.parent.mkdir(parents=True)
    old.write_text("<<<<<<< HEAD\n")
    assert overview.status(ws).minutes_week == 0


def test_a_session_that_git_can_not_commit_is_committed_by_the_next(
    ws: Workspace, git: Callable[..., str]
) -> None:
    start(ws, "1")
    lock = ws.root / ".git" / "index.lock"
    hook = ws.root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no >&2\nexit 1\n")
    hook.chmod(0o755)
    stopped = session.stop(ws, note="one")
    assert stopped.commit is not None
    assert "refused the commit: no" in stopped.commit.reason
    assert git(ws.root, "diff", "--cached", "--name-only") == ""
    hook.unlink()
    assert not lock.exists()
    start(ws, "1")
    again = session.stop(ws, note="two")
    assert again.commit is not None
    assert again.commit.made
    assert git(ws.root, "status", "--porcelain") == ""


def test_two_stops_at_once_log_one_session(ws: Workspace) -> None:
    start(ws, "1")
    program = (
        "import sys\nfrom fastcompanion.cli import main\n"
        "sys.exit(main(['stop', '--note', 'x', '--study', sys.argv[1]]))\n"
    )
    children = [
        process.spawn([sys.executable, "-c", program, str(ws.root)], pipes=True) for _ in range(3)
    ]
    codes = sorted(child.wait(120) for child in children)
    for child in children:
        child.close()
    assert codes[0] == 0
    assert set(codes) <= {0, 1}
    assert len(book.show(ws).sessions) == 1
    lines = [json.loads(line) for line in ws.progress.read_text().splitlines()]
    assert sum(line["kind"] == "session.logged" for line in lines) == 1


def test_a_stop_that_is_killed_at_any_moment_loses_nothing(
    ws: Workspace, git: Callable[..., str]
) -> None:
    program = (
        "import sys\nfrom fastcompanion.cli import main\n"
        "print('ready', flush=True)\n"
        "main(['stop', '--note', 'x', '--study', sys.argv[1]])\n"
    )
    for number in range(8):
        start(ws, "1")
        child = process.spawn([sys.executable, "-c", program, str(ws.root)], pipes=True)
        assert child.process.stdout is not None
        child.process.stdout.readline()
        clock.pause(0.04 * number)
        ours = psutil.Process(child.pid)
        ours.suspend()
        # git goes on alone, and on a busy machine may not even have locked anything yet.
        below = ours.children(recursive=True)
        child.process.kill()
        child.wait()
        child.close()
        for one in below:
            until(partial(is_gone, one.pid))
        until(lambda: not (ws.root / ".git" / "index.lock").exists())
        if overview.running(ws) is not None:
            session.stop(ws, note="x")
    assert len(book.show(ws).sessions) == 8
    diary.log_session(ws, "the last", minutes=1)
    assert git(ws.root, "status", "--porcelain") == ""
    lines = [json.loads(line) for line in ws.progress.read_text().splitlines()]
    assert sum(line["kind"] == "session.logged" for line in lines) == 9
