"""`check`, `hint` and `lesson compare` through the program, on the built-in course."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from fastcompanion.base import clock
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.library import courses, lessons
from fastcompanion.course.notebooks import notebook
from tests.conftest import Outcome, Runner
from tests.course.tiny import course, write_scratch

REPORT_KEYS = {
    "lesson", "notebook", "path", "verdict", "first", "sections", "complete", "fresh", "seconds",
    "notices", "finished_step", "commit",
}  # fmt: skip
SECTION_KEYS = {
    "id", "title", "verdict", "message", "hint", "cell", "line", "source_line", "checkpoints",
    "strength", "with_solution", "seconds",
}  # fmt: skip
POINT_KEYS = {"name", "passed", "expected", "found", "found_name", "message", "mistake"}


@pytest.fixture
def scratch(built_in_study: Path) -> Path:
    """The scaffold of foundations/01 with its data beside it."""
    ws = Workspace(built_in_study)
    course, lesson = lessons.find(ws, "foundations/01")
    path = write_scratch(ws, (course, lesson))
    data = path.parent / "data" / "digits.csv"
    data.parent.mkdir()
    data.write_bytes((course.root / "data" / "digits.csv").read_bytes())
    return path


def solve(path: Path, sections: int, replace: tuple[str, str] = ("", "")) -> None:
    """Write the reference solution of the first sections."""
    ws = Workspace.find(path)
    course, lesson = lessons.find(ws, "foundations/01")
    original = notebook.read(course.root / str(lesson.notebooks[0].path))
    cut = {section.id: section.cells for section in notebook.sections(original)}
    wanted = [section.id for section in lesson.sections][:sections]
    book = notebook.read(path)
    for cell in book["cells"]:
        ours = cell["metadata"]["fastcompanion"]
        if ours["role"] == "work" and ours["section"] in wanted:
            cells = [original["cells"][i] for i in cut[ours["section"]]]
            own = [c["source"] for c in cells if c["metadata"]["fastcompanion"]["role"] == "work"]
            cell["source"] = "\n\n".join(own).replace(*replace) if replace[0] else "\n\n".join(own)
    notebook.write(path, book)


def test_a_wrong_value_is_told_with_its_likely_mistake_and_without_the_answer(
    run: Runner, scratch: Path
) -> None:
    solve(scratch, 3, ("== np.asarray(answers)).mean()", "== np.asarray(answers)).sum()"))
    outcome = run("check", "01")
    assert outcome.code == 4, outcome
    assert "2 of 10 sections passed in a fresh kernel" in outcome.out
    assert "the-naive-baseline: wrong value" in outcome.out
    assert "This is the number of right answers; accuracy is their share." in outcome.out
    assert "so many of our deliberate errors would be noticed" in outcome.out
    table = outcome.out.partition("section ")[2]
    assert "catches" not in table
    assert all(len(line) < 80 for line in table.split("The checks catch")[0].splitlines())
    assert "Traceback" not in outcome.out + outcome.err
    assert outcome.out.rstrip().endswith("Next: fastcompanion hint foundations/01")


def test_the_whole_lesson_passes_and_can_be_compared(run: Runner, scratch: Path) -> None:
    solve(scratch, 10)
    outcome = run("lesson", "check", "--json")
    assert outcome.code == 0, outcome
    data = outcome.data
    assert set(data) == REPORT_KEYS
    assert all(set(one) == SECTION_KEYS for one in data["sections"])
    assert {key for one in data["sections"] for p in one["checkpoints"] for key in p} == POINT_KEYS
    assert (data["verdict"], data["complete"], data["finished_step"]) == ("passed", True, True)
    assert all(one["strength"].startswith("catches ") for one in data["sections"])
    compared = run("lesson", "compare", "01", "--section", "small-batches", "--json")
    assert set(compared.data) == {"lesson", "notebook", "sections", "text", "made_by"}
    assert compared.data["sections"] == ["small-batches"]
    assert "small-batches" in run("lesson", "compare").out


def test_what_waits_for_ones_own_judgement_is_offered_though_a_later_section_fails(
    run: Runner, study: Path, tmp_path: Path
) -> None:
    course(tmp_path / "tiny", checks=None)
    courses.add(Workspace(study), str(tmp_path / "tiny"))
    write_scratch(Workspace(study), lessons.find(Workspace(study), None), {"the-sum": "total = 6"})
    outcome = run("check")
    assert outcome.code == 4, outcome
    assert (
        "3 sections: 0 passed, 1 ran and wait for your own judgement, 2 not attempted"
        in outcome.out
    )
    assert "`total` 6 (number)" in outcome.out
    assert "--assess the-sum" in outcome.out
    assert "--outputs --section the-sum" in outcome.out
    assert "--execute" in outcome.out
    refused = run("lesson", "compare", "--outputs")
    assert (refused.code, "--execute" in refused.err) == (5, True)


def test_hints_need_consent_for_the_solution_and_the_section_is_marked(
    run: Runner, scratch: Path
) -> None:
    solve(scratch, 1)
    assert run("hint", "--section", "look-at-the-data", "3").code == 0
    refused = run("hint", "4")
    assert (refused.code, "--yes" in refused.err) == (2, True)
    shown = run("hint", "01", "4", "--yes", "--json")
    assert shown.code == 0
    assert set(shown.data) == {
        "lesson", "notebook", "section", "title", "level", "about", "texts", "code", "again",
    }  # fmt: skip
    assert "table[:, :64] / 16" in shown.data["code"][0]
    assert "(with solution)" in run("check", "--section", "look").out


def test_levels_and_lessons_are_told_apart(run: Runner, scratch: Path) -> None:
    assert run("hint", "2", "--json").data["level"] == 2
    assert run("hint", "01", "--json").data["level"] == 3
    assert run("hint", "foundations/01", "1", "--json").data["level"] == 1
    assert run("hint", "01", "7").code == 2


def test_compare_is_refused_before_success(run: Runner, scratch: Path) -> None:
    outcome = run("lesson", "compare", "01")
    assert outcome.code == 4
    assert "once a section has passed" in outcome.err


def test_a_section_with_a_check_is_not_assessed_by_hand(run: Runner, scratch: Path) -> None:
    outcome = run("check", "--assess", "hold-some-back", "--note", "fine")
    assert outcome.code == 2
    assert "has a check" in outcome.err


def test_without_a_scaffold_the_way_to_one_is_told(run: Runner, built_in_study: Path) -> None:
    outcome = run("check", "foundations/01")
    assert outcome.code == 3
    assert "fastcompanion lesson scratch foundations/01" in outcome.err


def test_a_budget_that_is_used_up_could_not_check(run: Runner, scratch: Path) -> None:
    solve(scratch, 1, ("import", "import"))
    book = notebook.read(scratch)
    next(c for c in book["cells"] if c["cell_type"] == "code")["source"] += "\nwhile True: pass"
    notebook.write(scratch, book)
    outcome: Outcome = run("check", "--cell-timeout", "1")
    assert outcome.code == 5
    assert "could not check" in outcome.out
    assert "--cell-timeout" in outcome.out


@pytest.mark.skipif(sys.platform == "win32", reason="signals: not run here on Windows")
def test_ctrl_c_in_a_check_leaves_no_kernel(scratch: Path) -> None:
    book = notebook.read(scratch)
    source = "import pathlib, time\npathlib.Path('running').touch()\nprint('x')\nwhile True: time.sleep(1)"
    next(c for c in book["cells"] if c["cell_type"] == "code")["source"] = source
    notebook.write(scratch, book)
    argv = [sys.executable, "-m", "fastcompanion", "check", "01", "--json"]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (scratch.parent / "running").exists():
        assert process.poll() is None
        clock.pause(0.05)
    children: list[Any] = psutil.Process(process.pid).children(recursive=True)
    assert children
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    assert '"code": 130' in out
    gone, alive = psutil.wait_procs(children, timeout=60)
    assert not alive, (gone, alive)
