"""`lesson record` on small originals of our own: what is checked hard, what is not, and going on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import events
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import warm
from fastcompanion.course.recorded import record
from fastcompanion.course.recording import recorder, trial
from tests.course.recording import books

needs_fork = pytest.mark.skipif(not warm.available(), reason="no fork on this system: not run here")


def file_of(study: Workspace) -> Path:
    return study.checks_file("own/01", "book")


@needs_fork
@pytest.mark.parametrize("culture", ["headings", "comments"])
def test_sections_with_enough_to_compare_are_checked_hard(ws: Workspace, culture: str) -> None:
    report = books.recorded(ws, books.CULTURES[culture]())
    assert report.finished
    found = record.read(file_of(ws))
    assert [one.id for one in found.sections] == [one.id for one in report.sections]
    assert sum(one.status == "hard" for one in found.sections) >= 1
    for one in found.sections:
        told = one.strength
        if one.status == "hard":
            assert told.planted >= trial.FEWEST
            assert told.caught >= trial.ENOUGH * told.planted
            assert one.reason == ""
        else:
            assert one.reason
            assert one.mistakes == ()
    functions = {f.name for one in found.sections for f in one.functions if f.cases}
    assert functions >= {"predict", "mse", "gradient"}
    [event] = [one for one in events.read(ws) if one.kind == recorder.RECORDED]
    assert event.data["hard"] == [one.id for one in found.sections if one.status == "hard"]


OLDER = (
    "import numpy as np\nlabels = np.arange(24) % 5\nvalues = np.linspace(0, 2, 24)\n"
    "high = values[labels > 2]"
)
NEWER = (
    "labels = labels.astype(float)\n\n"
    "def weighted(values, labels):\n    return (values * labels).sum() / (labels.sum() + 1) - 0.5\n\n"
    "class Running:\n    def __init__(self, start):\n        self.mean, self.count = start, 1\n\n"
    "    def add(self, value):\n        self.count += 1\n"
    "        self.mean = self.mean + (value - self.mean) / self.count\n\n"
    "running = Running(2.5)\nrunning.add(4.0)\nrunning.add(1.0)\nweighted(values, labels)"
)


@needs_fork
def test_what_is_there_without_any_work_is_no_reason_to_leave_a_section_alone(
    ws: Workspace,
) -> None:
    cells = [books.text("## Older"), books.code(OLDER), books.text("## Newer"), books.code(NEWER)]
    books.recorded(ws, books.book(cells))
    [_, newer] = record.read(file_of(ws)).sections
    assert newer.status == "hard"
    assert "labels" not in {
        one.name for one in newer.outcomes
    }  # only another type of the same numbers
    assert {one.name for one in newer.functions} == {"weighted", "Running"}
    [running] = [one for one in newer.functions if one.name == "Running"]
    assert [step.get("new", step.get("do")) for step in running.cases[0].steps] == [
        "Running", "add", "add",
    ]  # fmt: skip


@needs_fork
def test_a_record_is_the_same_each_time_and_what_is_done_is_taken_up(ws: Workspace) -> None:
    first = books.recorded(ws, books.prose())
    written = file_of(ws).read_bytes()
    for code in (*books.POINTS.split("\n"), *books.TRAIN.split("\n")[1:], "Points that lie"):
        assert code.strip().encode() not in written
    assert str(ws.root).encode() not in written

    [state] = (ws.private / "recording").glob("*/state.json")
    told = json.loads(state.read_text())
    section = next(iter(told["gates"]))
    told["gates"][section]["survivors"] = ["seen before"]
    state.write_text(json.dumps(told))
    again = books.recorded(ws, books.prose())
    assert next(one for one in again.sections if one.id == section).survivors == ("seen before",)
    assert file_of(ws).read_bytes() == written

    state.write_text(state.read_text()[:200])
    anew = books.recorded(ws, books.prose())
    assert [vars(one) for one in anew.sections] == [vars(one) for one in first.sections]
    assert file_of(ws).read_bytes() == written
    assert len([one for one in events.read(ws) if one.kind == recorder.RECORDED]) == 1


@needs_fork
def test_a_record_that_can_not_be_read_is_kept_aside_and_made_again(ws: Workspace) -> None:
    books.recorded(ws, books.headings())
    written = file_of(ws).read_bytes()
    for broken in (b"<<<<<<< HEAD\n" + written, b"\xff not even text", written):
        file_of(ws).write_bytes(broken)
        books.recorded(ws, books.headings())
        assert file_of(ws).read_bytes() == written
    kept = {path.read_bytes() for path in file_of(ws).parent.glob("*.broken-*")}
    assert kept == {b"<<<<<<< HEAD\n" + written, b"\xff not even text"}


@needs_fork
def test_without_time_nothing_is_hard_and_a_later_run_goes_on(ws: Workspace) -> None:
    first = books.recorded(ws, books.prose(), seconds=0.001)
    assert not first.finished
    assert {one.reason for one in first.sections} == {trial.NOT_MEASURED}
    later = books.recorded(ws, books.prose())
    assert later.finished
    assert any(one.status == "hard" for one in later.sections)


@needs_fork
def test_a_broken_original_has_no_check_from_there_on(ws: Workspace) -> None:
    original = books.prose()
    broken = next(c for c in original["cells"] if c["source"] == books.FIRST)
    broken["source"] = "first = mse((1.0, 0.5), x, nowhere)"
    report = books.recorded(ws, original)
    before, broke, after = report.sections
    assert "broken" not in before.reason
    assert broke.reason.startswith("lesson broken here: cell ")
    assert "NameError" in broke.reason
    assert after.reason.startswith("the original stops before it, in The error")
    assert {one.status for one in (broke, after)} == {"self-assessed"}


@needs_fork
def test_gaps_that_the_author_left_are_not_checked(ws: Workspace) -> None:
    report = books.recorded(ws, books.exercises())
    assert report.sections
    assert {one.status for one in report.sections} == {"self-assessed"}
    assert any("leaves it open" in one.reason for one in report.sections)


def test_where_nothing_can_fork_outcomes_are_kept_and_nothing_is_hard(ws: Workspace) -> None:
    original = books.headings()
    original["cells"][-1]["source"] += "\nopen('left.txt', 'w').write('here')"
    ws.lesson_folder("own/01").mkdir(parents=True)
    report = books.recorded(ws, original, fork=False)
    assert not report.measured
    fresh = record.read(file_of(ws))
    assert {one.status for one in fresh.sections} == {"self-assessed"}
    assert any("can't fork" in one.reason for one in fresh.sections)
    named = {one.name for section in fresh.sections for one in section.outcomes}
    assert named >= {"x", "first"}
    # What the original writes does not lie about among the learner's files.
    assert not (ws.lesson_folder("own/01") / "left.txt").exists()

    if warm.available():
        books.recorded(ws, original)
        for one, other in zip(fresh.sections, record.read(file_of(ws)).sections, strict=True):
            kept = {o.key: o for o in other.outcomes}
            assert {o.key: o for o in one.outcomes if o.key in kept} == kept


def test_a_notebook_without_code_is_refused(ws: Workspace) -> None:
    with pytest.raises(CompanionError, match="no code to write again") as told:
        books.recorded(ws, books.book([books.text("# Only words")]))
    assert told.value.code is Exit.USAGE


def test_a_look_runs_nothing(ws: Workspace) -> None:
    told: Any = recorder.proposed(ws, books.asked(ws.root.parent / "course", books.prose()))
    assert [one.planted > 0 for one in told.sections] == [True] * 3
    assert not file_of(ws).exists()
    assert not (ws.private / "recording").exists()
