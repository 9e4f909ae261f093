"""The likely mistake behind a wrong section, found by changes that are tried in a warm process."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import likely, warm
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
    one = likely.Likely(3, 2, "a - b", "with minus in place of plus", 5)
    assert likely._joined([one]) == one
    again = replace(one, line=3)
    assert likely._joined([one, again]) == replace(one, other=again)
    assert likely._joined([one, replace(again, words="without `abs`")]) is None


def test_what_no_small_change_sets_right_has_no_place(
    ws: Workspace, made: Made, with_record: Path
) -> None:
    report = run(ws, made, {**SOLUTION, "the-mean": "mean = 8.125\nmean"})
    assert failing(report).hint == ""


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
