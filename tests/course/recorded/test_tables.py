"""What is said of a table that is not the recorded one."""

from __future__ import annotations

from fastcompanion.course.recorded import judge
from fastcompanion.course.recorded.tables import apart
from tests.course.recorded.by_hand import frame, observed, outcome, section

EXPECTED = frame(891, aa=(29.7, 0), bb=(0.38, 0), cc=(None, 2), dd=(2.31, 0))


def test_the_column_that_differs_can_be_found_by_its_own_mean() -> None:
    found = frame(891, aa=(29.7, 0), bb=(0.38, 0), cc=(None, 2), dd=(0.96, 0))
    said = apart(EXPECTED, found)
    assert said == "3 of its 4 columns are right, one is not: one whose mean is 0.96"
    assert "2.31" not in said


def test_gaps_and_texts_are_told_and_long_lists_are_cut() -> None:
    found = frame(891, aa=(29.7, 177), bb=(0.38, 0), cc=(None, 4), dd=(2.31, 0))
    said = apart(EXPECTED, found)
    assert "one whose mean is 29.7 and 177 values missing" in said
    assert "one without numbers and 4 values missing" in said
    many = {f"c{n}": (float(n), 0) for n in range(9)}
    wrong = {**{f"c{n}": (n + 0.5, 0) for n in range(8)}, "c8": (8.0, 0)}
    said = apart(frame(3, **many), frame(3, **wrong))
    assert said.endswith("and 5 more")
    assert "1 of its 9 columns" in said


def test_nothing_is_said_where_no_column_stands_out() -> None:
    assert apart(EXPECTED, EXPECTED) == ""
    assert apart(EXPECTED, frame(5, aa=(1.0, 0))) == ""
    assert apart(EXPECTED, frame(891, a=(1.5, 0), b=(2.5, 0), c=(3.5, 0), d=(4.5, 0))) == ""
    assert apart({"k": "number", "v": 1.0, "i": False}, EXPECTED) == ""


def test_the_verdict_says_it() -> None:
    found = frame(891, aa=(29.7, 0), bb=(0.38, 0), cc=(None, 2), dd=(0.96, 0))
    [point] = judge.points(section(outcome("df", EXPECTED)), observed({"df": found}), {})
    assert point["state"] == "wrong"
    assert "3 of its 4 columns are right" in point["message"]
