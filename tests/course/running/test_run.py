"""Step 2 of a lesson: the learner's copy, how it runs here, what failed and why, experiments."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.kernel import OWN, Limits
from fastcompanion.base.reporter import SILENT
from fastcompanion.course.notebooks.execution import execute_notebook
from fastcompanion.course.running.experiments import changes
from tests.waiting import is_gone, until

Runner = Callable[..., Any]
posix_only = pytest.mark.skipif(os.name != "posix", reason="not run here: needs POSIX processes")


def book(*cells: str | dict[str, Any]) -> dict[str, Any]:
    """Make a notebook: texts are code, except those that begin with "# " in one line."""
    return {"cells": list(map(_cell, cells)), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def _cell(cell: str | dict[str, Any]) -> dict[str, Any]:
    if isinstance(cell, dict):
        return {**_cell(cell["source"]), **cell}
    if cell.startswith(("# ", "![")):
        return {"cell_type": "markdown", "source": cell, "metadata": {}}
    return {
        "cell_type": "code",
        "source": cell,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }


class Lesson:
    """A study with a course of one notebook, and the learner's copy of it."""

    def __init__(self, run: Runner, study: Path, course: Path) -> None:
        self.run, self.study, self.course = run, study, course
        self.original = course / "01-first.ipynb"
        self.folder = study / "lessons" / "ours" / "01"
        self.copy = self.folder / "first.run.ipynb"

    def made_of(self, *cells: str | dict[str, Any]) -> Lesson:
        self.course.mkdir(exist_ok=True)
        self.original.write_text(json.dumps(book(*cells)))
        added = self.run("course", "add", self.course, "--as", "ours")
        assert added.code == 0, added.err
        return self

    def changed_to(self, *cells: str) -> None:
        assert self.run("lesson", "run", "ours/01").code == 0
        self.copy.write_text(json.dumps(book(*cells)))

    def execute(self, *options: str) -> Any:
        return self.run("lesson", "run", "ours/01", "--execute", "--json", *options)

    def events(self, kind: str) -> list[dict[str, Any]]:
        lines = (self.study / "progress.jsonl").read_text().splitlines()
        return [event for event in map(json.loads, lines) if event["kind"] == kind]

    def outputs(self) -> list[str]:
        cells = json.loads(self.copy.read_text())["cells"]
        texts = [json.dumps(cell.get("outputs", []), ensure_ascii=False) for cell in cells]
        return texts


@pytest.fixture
def lesson(run: Runner, study: Path, tmp_path: Path) -> Lesson:
    return Lesson(run, study, tmp_path / "курсы и 学习")


# --- the copy


def test_the_copy_is_made_once_and_never_written_over(lesson: Lesson) -> None:
    marker = lesson.folder / "was-run"
    lesson.made_of("# One", f"open({str(marker)!r}, 'w')", "1")
    first = lesson.run("lesson", "run", "ours/01", "--json")
    assert (first.code, first.data["is_new"]) == (0, True)
    assert Path(first.data["path"]) == lesson.copy
    mark = json.loads(lesson.copy.read_text())["metadata"]["fastcompanion"]
    assert (mark["lesson"], mark["notebook"]) == ("ours/01", "first")
    assert len(mark["original"]) == 64
    lesson.copy.write_text(json.dumps(book("2 + 2")))
    mine = lesson.copy.read_bytes()
    again = lesson.run("lesson", "run", "ours/01", "--json")
    assert (again.data["is_new"], lesson.copy.read_bytes()) == (False, mine)
    assert [c["kind"] for c in again.data["changes"]] == ["changed", "removed"]
    assert not marker.exists(), "nothing of a notebook runs before the learner asks for it"


def test_a_dry_run_makes_nothing(lesson: Lesson) -> None:
    lesson.made_of("1")
    outcome = lesson.run("lesson", "run", "ours/01", "--dry-run", "--execute", "--json")
    assert (outcome.code, outcome.data["is_new"]) == (0, True)
    assert not lesson.folder.exists()


def test_small_files_of_the_course_come_along_and_large_ones_are_named(
    lesson: Lesson, tmp_path: Path
) -> None:
    lesson.made_of(
        "![a picture](images/a%20b.png) and ![far](https://example.org/x.png)",
        "open('data.csv'); open('../secret'); open('/etc/passwd'); open('way/out'); 'tools'",
        "open('large.bin')",
    )
    (lesson.course / "images").mkdir()
    (lesson.course / "images" / "a b.png").write_bytes(b"png")
    (lesson.course / "data.csv").write_text("1,2")
    (tmp_path / "secret").write_text("s")
    (lesson.course / "way").symlink_to(tmp_path)
    (tmp_path / "out").write_text("s")
    (lesson.course / "tools").mkdir()
    (lesson.course / "tools" / "tool.py").write_text("")
    with (lesson.course / "large.bin").open("wb") as file:
        file.truncate(60_000_000)
    outcome = lesson.run("lesson", "run", "ours/01", "--json")
    assert sorted(outcome.data["files"]) == ["data.csv", "images/a b.png"]
    assert "large.bin" in " ".join(outcome.data["notes"])
    there = {path.relative_to(lesson.folder).as_posix() for path in lesson.folder.rglob("*")}
    assert there >= {"data.csv", "images/a b.png", "first.run.ipynb"}
    assert not any("secret" in name or "way" in name or "tool" in name for name in there)
    (lesson.folder / "data.csv").write_text("mine")
    lesson.run("lesson", "run", "ours/01")
    assert (lesson.folder / "data.csv").read_text() == "mine"


def test_data_is_shown_beside_the_notebook_under_its_own_name(
    lesson: Lesson, tmp_path: Path
) -> None:
    data = tmp_path / "titanic"
    data.mkdir()
    (data / "train.csv").write_text("a\n1\n")
    lesson.made_of("from pathlib import Path", "print(Path('titanic/train.csv').read_text())")
    missing = lesson.execute()
    assert (missing.code, missing.data["verdict"]) == (5, "could not check")
    assert missing.data["origin"]["reason"] == "file"
    assert "--data PATH" in missing.data["cures"][0]
    assert lesson.execute("--data", str(data)).data["verdict"] == "clean"
    assert lesson.run("lesson", "run", "ours/01", "--data", data).code == 0
    other = tmp_path / "other" / "titanic"
    other.mkdir(parents=True)
    refused = lesson.run("lesson", "run", "ours/01", "--data", other)
    assert (refused.code, "exists already" in refused.err) == (1, True)
    nowhere = lesson.run("lesson", "run", "ours/01", "--data", tmp_path / "nowhere")
    assert (nowhere.code, "no such file" in nowhere.err) == (1, True)


def test_an_unknown_notebook_is_a_usage_error_that_lists_them(lesson: Lesson) -> None:
    lesson.made_of("1")
    outcome = lesson.run("lesson", "run", "ours/01", "--notebook", "nope")
    assert (outcome.code, "first" in outcome.err) == (2, True)


# --- verdicts


def test_a_clean_run_is_saved_and_recorded(lesson: Lesson) -> None:
    lesson.made_of("# One", "import numpy as np", "print('größe', np.ones(2).sum())")
    outcome = lesson.execute()
    assert (outcome.code, outcome.data["verdict"], outcome.data["ok"]) == (0, "clean", True)
    assert (outcome.data["cells_run"], outcome.data["cells_total"]) == (2, 2)
    assert "größe 2.0" in lesson.outputs()[2]
    (event,) = lesson.events("lesson.ran")
    assert event["lesson"] == "ours/01"
    assert event["data"]["ok"]
    assert set(event["data"]["versions"]) == {"numpy", "python"}
    shown = lesson.run("lesson", "run", "ours/01", "--execute")
    assert "every cell ran" in shown.out
    assert "Running 0/2: cell 1: import numpy" in shown.err, "progress is told on stderr"


_BROKEN = (
    "# Data",
    "rows = [1, 2]",
    "total = sum(rows) / 0\nmean = total / 2",
    "def show(): return mean",
    "print(len(rows))",
    "show()",
    "print(mean)",
    "int('x')",
)


def test_a_broken_lesson_is_told_by_its_origin_and_not_by_the_cascade(
    lesson: Lesson, tmp_path: Path
) -> None:
    lesson.made_of(*_BROKEN)
    data = tmp_path / "my data"
    data.mkdir()
    outcome = lesson.execute("--data", str(data))
    found = outcome.data
    assert (outcome.code, found["verdict"]) == (5, "lesson broken here")
    assert found["origin"] == {
        "cell": 2,
        "code_cell": 2,
        "reason": "error",
        "error": "ZeroDivisionError: division by zero",
        "line": "total = sum(rows) / 0",
    }
    assert [trouble["cell"] for trouble in found["cascade"]] == [5, 6]
    assert [trouble["cell"] for trouble in found["others"]] == [7]
    minimal, as_of = found["cures"]
    start = "fastcompanion env create --for ours/01 --notebook first"
    assert minimal == f"{start} --minimal --data '{data}'"
    assert as_of == f"{start} --as-of lesson --data '{data}'"
    event = lesson.events("lesson.ran")[-1]["data"]
    assert (event["ok"], event["broken"], event["cell"]) == (False, True, 2)
    assert "2" in lesson.outputs()[4], "cells after the error ran as well"
    shown = lesson.run("lesson", "run", "ours/01", "--execute").out
    assert "cell   2 (counted from 0; code cell 2)" in shown
    assert "2 later cells failed because of it: 5, 6" in shown


def test_what_the_learner_changed_is_their_experiment(lesson: Lesson) -> None:
    lesson.made_of("n = 1", "m = n + 1", "print(m)")
    lesson.changed_to("n = 1", "m = n + undefined", "print(m)")
    own = lesson.execute()
    assert (own.code, own.data["verdict"], own.data["origin"]["cell"]) == (
        1,
        "your change failed",
        1,
    )
    assert own.data["cures"] == []
    lesson.copy.write_text(json.dumps(book("n = 'x'", "m = n + 1", "print(m)")))
    fed = lesson.execute()
    assert (fed.code, fed.data["verdict"], fed.data["origin"]["cell"]) == (
        1,
        "your change failed",
        1,
    )
    assert "cell 0" in fed.data["words"]
    assert not lesson.events("lesson.ran")[-1]["data"]["broken"]


_NO_DOT = """class Tree:
    def _repr_mimebundle_(self, **more):
        raise RuntimeError("failed to execute ['dot', '-Tsvg'], make sure the Graphviz executables are there")
Tree()"""
_TORCH = "Torch not compiled with CUDA enabled"
_DRIVER = "Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU"


@pytest.mark.parametrize(
    ("cell", "reason", "verdict"),
    [
        ("import no_such_package.part", "package", "could not check"),
        (f"raise AssertionError('{_TORCH}')", "gpu", "could not check"),
        (f"raise RuntimeError('{_DRIVER}')", "gpu", "could not check"),
        (_NO_DOT, "program", "could not check"),
        ("name = input('Who?')", "input", "could not check"),
        (
            "from urllib.request import urlopen\nurlopen('http://127.0.0.1:9')",
            "network",
            "could not check",
        ),
        ("while True: pass", "time", "could not check"),
        ("import os; os._exit(1)", "died", "lesson broken here"),
        ("import sys; sys.exit()", "exit", "lesson broken here"),
        ("while True: print('x' * 1000)", "output", "could not check"),
        ("import os; os.kill(os.getpid(), 9)", "memory", "could not check"),
    ],
)
def test_why_a_cell_did_not_end_well_is_sorted(
    lesson: Lesson, cell: str, reason: str, verdict: str
) -> None:
    lesson.made_of("before = 1", cell)
    outcome = lesson.execute("--cell-timeout", "5" if reason == "time" else "60")
    assert (outcome.data["origin"]["reason"], outcome.data["verdict"]) == (reason, verdict)
    assert outcome.code == 5
    assert outcome.data["origin"]["cell"] == 1
    assert "python" in outcome.data["versions"]
    assert lesson.copy.stat().st_size < 1_000_000
    cures = " ".join(outcome.data["cures"])
    wanted = {"package": "no-such-package", "time": "--cell-timeout", "program": "install graphviz"}
    assert wanted.get(reason, "") in cures


_WRAPPED = """
try:
    raise OSError('[Errno -3] Temporary failure in name resolution')
except OSError as error:
    raise RuntimeError('search failed') from error
"""


def test_later_failures_are_told_apart_by_what_they_lack(tmp_path: Path) -> None:
    nb = book(
        _WRAPPED + "from math import *",
        "sqrt(4)",
        "raise OSError('Could not find kaggle.json')",
        "open('nowhere.csv')",
        "raise RuntimeError('failed to execute dot, make sure it is on PATH')",
    )
    report = execute_notebook(nb, OWN, tmp_path, Limits(), SILENT)
    assert report.origin is not None
    assert report.origin.reason == "network"
    assert [failure.cell for failure in report.cascade] == [1], "the star import never came"
    assert [failure.reason for failure in report.others] == ["account", "file", "program"]


def test_errors_that_the_author_shows_are_no_failures(lesson: Lesson) -> None:
    shown = {"output_type": "error", "ename": "KeyError", "evalue": "'a'", "traceback": []}
    lesson.made_of(
        {"source": "{}['a']", "outputs": [shown]},
        {"source": "1 / 0", "metadata": {"tags": ["raises-exception"]}},
        {"source": "undefined", "metadata": {"tags": ["skip-execution"]}},
    )
    assert lesson.execute().data["verdict"] == "clean"
    assert lesson.execute().data["verdict"] == "clean"
    lesson.changed_to("{}['b']")
    assert lesson.execute().data["verdict"] == "your change failed"
    assert lesson.execute().data["verdict"] == "your change failed", (
        "its own output excuses nothing"
    )


def test_modules_beside_the_original_can_be_imported(lesson: Lesson) -> None:
    lesson.made_of("import beside\nprint(beside.WORD)")
    (lesson.course / "beside.py").write_text("WORD = 'found'")
    assert lesson.execute().data["verdict"] == "clean"
    assert "found" in lesson.outputs()[0]


def test_a_missing_kernel_is_exit_5_and_changes_nothing(lesson: Lesson) -> None:
    lesson.made_of("1")
    outcome = lesson.run("lesson", "run", "ours/01", "--execute", "--kernel", "no-such-kernel")
    assert outcome.code == 5
    assert not lesson.events("lesson.ran")


# --- what happens around a run


def _start(lesson: Lesson) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "fastcompanion", "lesson", "run", "ours/01", "--execute"],
        cwd=lesson.study,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


_STARTS_A_CHILD = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
with open('pids.tmp', 'w') as file: print(os.getpid(), child.pid, file=file)
os.replace('pids.tmp', 'pids')
"""
_WAITS = ("print('kept')", _STARTS_A_CHILD, "child.wait()")


@posix_only
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_keeps_what_ran_and_leaves_no_process(lesson: Lesson, number: int) -> None:
    lesson.made_of(*_WAITS)
    with _start(lesson) as ours:
        note = lesson.folder / "pids"
        until(note.exists)
        ours.send_signal(number)
        out, err = ours.communicate(timeout=120)
    assert (ours.returncode, out) == (130, "")
    assert "interrupted" in err
    assert "cells are kept" in err
    assert "Traceback" not in err
    for pid in map(int, note.read_text().split()):
        until(partial(is_gone, pid))
    assert "kept" in lesson.outputs()[0]
    assert not lesson.events("lesson.ran")


@posix_only
def test_a_notebook_runs_once_at_a_time(lesson: Lesson) -> None:
    lesson.made_of(*_WAITS)
    with _start(lesson) as first:
        until((lesson.folder / "pids").exists)
        second = lesson.run("lesson", "run", "ours/01", "--execute")
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=120)
    assert second.code == 1
    assert "being run already" in second.err


def test_a_copy_saved_during_the_run_is_left_alone(lesson: Lesson) -> None:
    save = "with open('first.run.ipynb', 'a') as file: file.write('\\n')"
    lesson.made_of(save, "1")
    outcome = lesson.execute()
    assert "saved elsewhere" in outcome.data["notes"][0]
    assert lesson.outputs() == ["[]", "[]"]


@posix_only
def test_a_folder_that_can_not_be_written_is_told_and_nothing_is_lost(
    lesson: Lesson,
    unprivileged: Callable[[Callable[[], int]], int],
    tmp_path: Path,
    isolated: Path,
) -> None:
    lesson.made_of("1")
    lesson.run("lesson", "run", "ours/01")
    before = lesson.copy.read_bytes()
    said = tmp_path / "said"
    said.write_text("")
    above = [place for place in tmp_path.parents if place.is_relative_to("/tmp")]
    for place in [*above, tmp_path, *tmp_path.rglob("*"), isolated, *isolated.rglob("*")]:
        if place.is_dir() and not place.is_symlink():
            place.chmod(0o755)
    said.chmod(0o666)

    def act() -> int:
        outcome = lesson.execute()
        said.write_text(outcome.out)
        return int(outcome.code)

    assert unprivileged(act) == 1
    assert "can't be" in json.loads(said.read_text())["errors"][0]["message"]
    assert lesson.copy.read_bytes() == before


@pytest.mark.skipif(
    not (hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("mount")),
    reason="not run here: mounting a small disk needs root",
)
def test_a_full_disk_is_told_and_nothing_is_lost(run: Runner, tmp_path: Path) -> None:
    disk = tmp_path / "small disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "none", disk], check=False
    ).returncode:
        pytest.skip("not run here: mounting is not allowed")
    try:
        study = disk / "study"
        assert run("init", study, "--yes", "--course", "none").code == 0
        lesson = Lesson(lambda *a: run(*a, cwd=study), study, tmp_path / "course")
        lesson.made_of("print('x' * 50_000)")
        lesson.run("lesson", "run", "ours/01")
        before = lesson.copy.read_bytes()
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="space"):
            while True:
                file.write(b"0" * 1000)
        outcome = lesson.execute()
        assert outcome.code == 1
        assert "No space left" in outcome.errors[0]["message"]
        assert "Free some space" in outcome.errors[0]["hint"]
        assert lesson.copy.read_bytes() == before
    finally:
        subprocess.run(["umount", disk], check=True)


# --- experiments


def test_an_experiment_is_proposed_from_the_changes_recorded_and_listed(lesson: Lesson) -> None:
    lesson.made_of("lr = 0.1", "print(lr)")
    lesson.changed_to("lr = 10", "print(lr)", "print('new')")
    proposed = lesson.run("lesson", "experiment", "add", "ours/01", "--dry-run")
    assert "-lr = 0.1" in proposed.out
    assert "+lr = 10" in proposed.out
    words = ("--prediction", "it diverges", "--result", "loss is nan")
    made = lesson.run("lesson", "experiment", "add", "ours/01", *words, "--yes", "--json")
    assert made.code == 0, made.err
    assert made.data["change"] == "cell 0: lr = 0.1 -> lr = 10; cell 2 added: print('new')"
    (event,) = lesson.events("experiment.recorded")
    assert event["data"] == {
        "notebook": "first",
        "change": made.data["change"],
        "prediction": "it diverges",
        "result": "loss is nan",
    }
    listed = lesson.run("lesson", "experiment", "list", "ours/01", "--json")
    assert [one["result"] for one in listed.data["experiments"]] == ["loss is nan"]
    assert listed.json["command"] == "lesson experiment list"
    assert "it diverges" in lesson.run("lesson", "experiment", "list", "--all").out


@pytest.mark.parametrize("given", [(), ("--change", "x"), ("--change", "x", "--prediction", "y")])
def test_an_experiment_needs_its_three_parts(lesson: Lesson, given: Sequence[str]) -> None:
    lesson.made_of("1")
    outcome = lesson.run("lesson", "experiment", "add", "ours/01", *given)
    assert outcome.code == 2
    assert not lesson.events("experiment.recorded")


def test_an_experiment_on_a_notebook_of_the_web_can_be_recorded(lesson: Lesson) -> None:
    lesson.made_of("1")
    course = lesson.study / "courses" / "ours.yaml"
    text = course.read_text()
    assert "path: 01-first.ipynb" in text
    course.write_text(text.replace("path: 01-first.ipynb", "url: https://example.org/first"))
    refused = lesson.run("lesson", "run", "ours/01")
    assert (refused.code, "only on the web" in refused.err) == (5, True)
    told = ("--change", "lr", "--prediction", "up", "--result", "down")
    made = lesson.run("lesson", "experiment", "add", "ours/01", *told, "--json")
    assert (made.code, made.data["change"]) == (0, "lr")


def test_changes_are_found_whatever_the_outputs_and_texts() -> None:
    before = book("# Text", "a = 1", "b = 2", "c = 3")
    same = book("# Other text", "a = 1  ", "b = 2\n", "c = 3")
    assert changes(before, same) == ()
    moved = book("new = 0", "a = 1", "b = 20", "# Text")
    found = [
        (change.kind, change.cell, change.before, change.after) for change in changes(before, moved)
    ]
    assert found == [
        ("added", 0, "", "new = 0"),
        ("changed", 2, "b = 2", "b = 20"),
        ("removed", 3, "c = 3", ""),
    ]


# --- without a study


def test_a_notebook_is_executed_without_a_study(tmp_path: Path) -> None:
    nb = book("from math import *", "1 / 0", "late = 1")
    nb["cells"][2]["source"] = "late = 1"
    report = execute_notebook(nb, OWN, tmp_path, Limits(), SILENT, stop_on_error=True)
    assert [result.status for result in report.cells] == ["ok", "error", "not-run"]
    assert report.origin is not None
    assert (report.origin.cell, report.ok, report.finished) == (1, False, False)
    assert set(report.versions) == {"python"}
