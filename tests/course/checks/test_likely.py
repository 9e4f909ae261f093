"""The likely mistake behind a wrong section, found by changes that are tried in a warm process."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import likely, plan, suspected, warm
from fastcompanion.course.checks.repairs import Repair
from fastcompanion.course.checks.verdict import CheckpointVerdict, Outcome, SectionVerdict
from fastcompanion.course.recorded.record import RecordedOutcome, RecordedSection, Stability
from tests.course.checks.test_recorded import SOLUTION, Made, failing, made, run, with_record, ws

__all__ = ["made", "with_record", "ws"]
pytestmark = pytest.mark.skipif(not warm.available(), reason="no fork on this system: not run here")


@pytest.mark.parametrize(
    ("section", "wrong", "words", "code"),
    [
        (
            "the-mean",
            "mean = sum(data) * len(data)\nmean",
            "This is what comes out with times in place of divided by (cell ",
            "line 1: `sum(data) * len(data)`).",
        ),
        (
            "scaling",
            "def scale(items, factor):\n    return [item + factor for item in items]",
            "This is what comes out with plus in place of times (cell ",
            "line 2: `item + factor`).",
        ),
        (
            "scaling",
            "def scale(items, factor):\n    return [item * mean * 7 for item in items]",
            "`scale` is given `factor` and never uses it (cell ",
            "line 1).",
        ),
    ],
)
def test_a_check_names_the_place(
    ws: Workspace, made: Made, with_record: Path, section: str, wrong: str, words: str, code: str
) -> None:
    report = run(ws, made, {**SOLUTION, section: wrong})
    assert (failing(report).id, failing(report).verdict) == (section, "wrong value")
    assert failing(report).hint.startswith(words)
    assert failing(report).hint.endswith(code)


def test_unlike_changes_that_do_as_well_name_nothing() -> None:
    one = likely.Likely(3, 2, "a - b", "with minus in place of plus")
    assert likely._joined([one]) == one
    again = replace(one, line=3)
    assert likely._joined([one, again]) == replace(one, other=again)
    assert likely._joined([one, replace(again, words="without `abs`")]) is None
    vague = replace(one, words="")
    assert likely._joined([vague, replace(vague, line=3)]) is None


SECTION = plan.PlannedSection("mean", "Mean", (plan.PlannedCell(4, "a = b - c\nd = a"),))


def hit(kind: str, words: str, gain: int, size: int, line: int = 1) -> likely.Change:
    return likely.Change(0, Repair(kind, words, "", line, "b - c", 0, 0, gain, size))


def told(*hits: likely.Change) -> str:
    found = likely._told(SECTION, hits, ())
    return found.sentence if found is not None else ""


MINUS = "with minus in place of plus"
LINE = "Look at cell 5, line 1: `b - c`. A change there sets this section right."


def test_what_is_nearer_to_the_original_is_told_whatever_else_does() -> None:
    one = hit("operator", MINUS, 3, 6)
    assert told(one, hit("comparison", "with `<`", 0, 2, 2), hit("nested", "in the wrong order", -2, 2)) == (
        f"This is what comes out {MINUS} (cell 5, line 1: `b - c`)."
    )  # fmt: skip
    assert told(one, hit("settings", "with other arguments of `f`", 5, 20)) == told(one)
    assert told(one, hit("factor", "with a factor left out", 1, 6)) == told(one)


def test_a_smaller_change_inside_of_another_is_what_is_told() -> None:
    type_of = hit("type", "with `bool` where another type belongs", 0, 4)
    function = hit("function", "with `astype` where another function belongs", 6, 14)
    extra = hit("extra", "with `astype` where it does not belong", 6, 14)
    assert "another type" in told(extra, type_of)
    assert "does not belong" in told(
        extra, hit("sibling", "with `b` where another name belongs", 0, 4)
    )
    assert "another type" in told(function, type_of)
    assert "another function" in told(
        function, replace(type_of, repair=replace(type_of.repair, size=14))
    )


def test_of_unlike_changes_of_a_line_only_the_line_is_told() -> None:
    assert told(hit("operator", MINUS, 0, 6), hit("extra", "with `abs`", 0, 8)) == LINE
    assert told(hit("operator", MINUS, 3, 6), hit("extra", "with `abs`", 3, 6)) == LINE
    assert told(hit("other", "with something else", 3, 6)) == LINE
    other, kind = hit("other", "with something else", 3, 6), hit("function", "with `f`", 0, 8, 2)
    assert "with `f` (cell 5, line 2" in told(other, kind)
    assert told(other, kind, hit("extra", "with `g`", 0, 8, 3)) == LINE
    assert told(hit("operator", MINUS, 0, 6), hit("extra", "with `abs`", 0, 8, 2)) == ""
    assert told() == ""


def test_another_name_for_one_that_may_be_wrong_already_is_not_told() -> None:
    sibling = Repair("sibling", "with `w` where another name belongs", "", 1, "w", 0, 0, 0, 4)
    one = likely.Change(0, sibling)
    assert likely._told(SECTION, [one], ("w",)) is None
    assert likely._told(SECTION, [one], ("v",)) is not None
    assert (
        likely._told(SECTION, [replace(one, repair=replace(sibling, gain=2))], ("w",)) is not None
    )


def test_better_is_not_enough_where_only_the_very_value_tells() -> None:
    fingerprint = {"k": "number", "v": 0.8, "i": False}
    outcome = RecordedOutcome("acc", "name", "number", "seeded", fingerprint, 0, (0.8, 0.01), "up")
    recorded = RecordedSection("mean", "hard", "", (outcome,))
    observed = {"values": {"acc": {"k": "number", "v": 0.9, "i": False}}}
    section = replace(SECTION, recorded=recorded, bound=("acc",))
    outcome_now = Outcome("mean", None, observed=observed)
    assert likely._is_right(section, outcome_now, {"acc"})
    assert not likely._is_right(likely._exactly(section), outcome_now, {"acc"})


def test_a_mistake_in_what_a_function_of_an_earlier_section_calls_is_suspected() -> None:
    earlier = plan.PlannedSection(
        "one", "", (plan.PlannedCell(0, "def train(n):\n    return start(n) + step(n)"),)
    )
    cells = ("def start(n):\n    return n", "def show(n):\n    return n", "w = train(3)")
    section = plan.PlannedSection(
        "two", "", tuple(plan.PlannedCell(n, source) for n, source in enumerate(cells, 1))
    )
    point = CheckpointVerdict("w", False, "number", found_name="w")
    failing = SectionVerdict("two", "", "wrong value", "", checkpoints=(point,))
    assert suspected.suspects(section, failing, {}) == {(2, 0)}
    assert suspected.suspects(section, failing, suspected.deeper([earlier])) == {(0, 0), (2, 0)}


def test_what_is_wrong_in_several_lines_rests_on_any_of_them() -> None:
    cells = ("n = 3", "a, b = c[n:], c[:n]\nd, e = f[n:], f[:n]")
    section = plan.PlannedSection(
        "two",
        "",
        tuple(plan.PlannedCell(n, source, is_given=not n) for n, source in enumerate(cells)),
    )
    points = tuple(CheckpointVerdict(name, False, "array", found_name=name) for name in "abde")
    failing = SectionVerdict("two", "", "wrong value", "", checkpoints=points)
    assert suspected.suspects(section, failing, {}) == {(1, 0), (1, 1)}


def test_what_is_worked_out_and_not_kept_is_suspected() -> None:
    cell = plan.PlannedCell(4, "x = f(1)\nx / 2\nprint(x)\ny = 3")
    section = plan.PlannedSection("mean", "Mean", (cell,))
    point = CheckpointVerdict("x", False, "array", found_name="x")
    failing = SectionVerdict("mean", "", "wrong value", "", checkpoints=(point,))
    assert suspected.suspects(section, failing, {}) == {(0, 0), (0, 1)}


@pytest.mark.parametrize(("stability", "found"), [("exact", {(0, 1)}), ("shape", {(0, 0), (0, 1)})])
def test_what_was_compared_by_its_shape_may_be_wrong(
    stability: Stability, found: set[tuple[int, int]]
) -> None:
    array = {"k": "array", "shape": [3], "d": "f", "v": [0.5, 0.1, 0.9, 0.5]}
    outcome = RecordedOutcome("preds", "name", "array", stability, array)
    recorded = RecordedSection("mean", "hard", "", (outcome,))
    cell = plan.PlannedCell(4, "preds = f(w)\nright = preds > 0.5")
    section = plan.PlannedSection("mean", "Mean", (cell,), recorded=recorded)
    points = (
        CheckpointVerdict("preds", True, "array", found_name="preds"),
        CheckpointVerdict("right", False, "array", found_name="right"),
    )
    failing = SectionVerdict("mean", "", "wrong value", "", checkpoints=points)
    assert suspected.suspects(section, failing, {}) == found


def test_where_no_small_change_sets_it_right_the_line_is_told(
    ws: Workspace, made: Made, with_record: Path
) -> None:
    report = run(ws, made, {**SOLUTION, "the-mean": "mean = 8.125\nmean"})
    assert failing(report).hint.startswith("Look at cell ")
    assert failing(report).hint.endswith("line 1: `8.125`. A change there sets this section right.")


def test_a_notebook_that_takes_long_is_not_run_again(
    ws: Workspace, made: Made, with_record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(likely, "LONGEST", 0.0)
    report = run(ws, made, {**SOLUTION, "the-mean": "mean = sum(data) * len(data)\nmean"})
    assert failing(report).hint == ""


def test_code_that_writes_is_not_run_again_with_changes(
    ws: Workspace, made: Made, with_record: Path
) -> None:
    source = (
        "mean = sum(data) * len(data)\n"
        "with open('mean.txt', 'a') as file:\n    file.write(f'{mean} ')\nmean"
    )
    report = run(ws, made, {**SOLUTION, "the-mean": source})
    assert "(cell" not in failing(report).hint
    assert (report.path.parent / "mean.txt").read_text() == "58.0 "
