"""`lesson record` through the program: what it says, going on after Ctrl-C, and the check that uses it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from fastcompanion.base import clock
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import warm
from fastcompanion.course.notebooks import notebook
from tests.conftest import Runner
from tests.course.recording import books

pytestmark = pytest.mark.skipif(not warm.available(), reason="no fork on this system: not run here")
REPORT_KEYS = {
    "lesson", "notebook", "path", "sections", "finished", "seconds", "times", "versions",
    "measured", "dry_run", "notes",
}  # fmt: skip
SECTION_KEYS = {
    "id", "title", "status", "reason", "caught", "planted", "crashed", "equivalent", "survivors",
}  # fmt: skip
ASKED = ("lesson", "record", "own/01", "--kernel", sys.executable, "--most", "6")


@pytest.fixture
def study(built_in_study: Path, run: Runner, tmp_path: Path) -> Path:
    """A study with a course of our own that nobody has marked."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "01_points.ipynb").write_text(json.dumps(books.headings()))
    outcome = run("course", "add", folder, "--as", "own", "--yes")
    assert outcome.code == 0, outcome.err
    return built_in_study


def solve(study: Path, changed: tuple[str, str] = ("", "")) -> None:
    """Write the original's code into the scaffold, with one change."""
    [path] = (study / "lessons" / "own" / "01").glob("*.scratch.ipynb")
    book = notebook.read(path)
    answers = {title: sources for title, (_, sources) in books.SECTIONS.items()}
    for cell in book["cells"]:
        ours = cell["metadata"]["fastcompanion"]
        for title, sources in answers.items():
            if ours["role"] == "work" and ours.get("section") == notebook.slug(title):
                cell["source"] = "\n".join(sources).replace(*changed)
    notebook.write(path, book)


def test_a_look_says_what_would_be_run(run: Runner, study: Path) -> None:
    outcome = run(*ASKED, "--dry-run")
    assert outcome.code == 0, outcome
    assert "training" in outcome.out
    assert not list(study.glob("lessons/own/01/*.checks.json"))


def test_a_recorded_lesson_is_checked_hard_and_the_mistake_is_named(
    run: Runner, study: Path
) -> None:
    outcome = run(*ASKED, "--json")
    assert outcome.code == 0, outcome.err
    assert set(outcome.data) == REPORT_KEYS
    assert all(set(one) == SECTION_KEYS for one in outcome.data["sections"])
    hard = {one["id"] for one in outcome.data["sections"] if one["status"] == "hard"}
    assert "the-error" in hard
    told = run(*ASKED)
    assert "Going on with a recording" in told.err
    assert "sections checked" in told.out
    survivors = [line for one in outcome.data["sections"] for line in one["survivors"]]
    assert survivors
    assert "=>" in survivors[0]
    assert "=>" not in told.out  # the original's code, which the learner wants to write
    assert run("lesson", "scratch", "own/01").code == 0
    solve(study)
    right = run("check", "own/01", "--kernel", sys.executable, "--json")
    verdicts = {one["id"]: one["verdict"] for one in right.data["sections"]}
    assert {verdicts[name] for name in hard} == {"passed"}
    solve(study, ("** 2).mean()", "** 2).sum()"))
    wrong = run("check", "own/01", "--kernel", sys.executable, "--json")
    assert wrong.code == 4
    failing = next(one for one in wrong.data["sections"] if one["id"] == "the-error")
    assert failing["verdict"] == "wrong value"
    assert "with the sum in place of the mean" in json.dumps(failing)


@pytest.mark.skipif(sys.platform == "win32", reason="signals: not run here on Windows")
def test_ctrl_c_keeps_finished_sections_and_leaves_no_process(study: Path, run: Runner) -> None:
    argv = [sys.executable, "-m", "fastcompanion", *ASKED]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (done := gates(study)):
        assert process.poll() is None, process.communicate()
        clock.pause(0.02)
    children: list[Any] = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    assert process.returncode == 130
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive
    assert not Workspace(study).checks_file("own/01", "points").exists()
    kept = gates(study)
    assert kept.items() >= done.items()
    outcome = run(*ASKED, "--json")
    assert outcome.data["finished"]
    assert gates(study).items() >= kept.items()


def gates(study: Path) -> dict[str, Any]:
    """Read the sections that are finished."""
    found = list((study / ".fastcompanion" / "recording").glob("*/state.json"))
    told: dict[str, Any] = json.loads(found[0].read_text())["gates"] if found else {}
    return told
