"""A finished record against every kind of mistake: how many of each are planted, and what becomes of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

import pytest

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import warm
from fastcompanion.course.checks.mutants import Mutant
from fastcompanion.course.checks.slips import OPERATORS
from fastcompanion.course.model import Lesson, NotebookRef
from fastcompanion.course.recorded import record
from fastcompanion.course.recording import operators
from fastcompanion.course.recording.original import original
from fastcompanion.course.recording.planting import Planted
from tests.course.recording import books, kinds

needs_fork = pytest.mark.skipif(not warm.available(), reason="no fork on this system: not run here")


@needs_fork
def test_mistakes_of_each_kind_die_in_the_right_section(ws: Workspace) -> None:
    books.recorded(ws, books.many(), most=5)
    path = ws.checks_file("own/01", "book")
    written = path.read_bytes()
    asked = books.asked(ws.root.parent / "course", books.many())
    made = operators.tally(ws, asked, kinds.OF_EACH)
    assert path.read_bytes() == written
    hard = {one.id for one in record.read(path).sections if one.status == "hard"}
    assert len(hard) == len(books.MANY)
    # Without pandas there is no column to mix up.
    kinds.assert_strong(asdict(made), hard, few=["column"])


def told(**changed: Any) -> dict[str, Any]:
    """Counts that are enough; `changed` are fields of the first ones that were tried."""
    tried = [
        {"section": "loss", "hard": True, "operator": kind, "in_function": True, "fate": "caught"}
        for _ in range(kinds.OF_EACH)
        for kind in operators.LISTED
    ]
    for one in tried[:40]:
        one.update(changed)
    places = dict.fromkeys(operators.LISTED, kinds.OF_EACH)
    return {"tried": tried, "places": places, "finished": True}


@pytest.mark.parametrize(
    "changed", [{"fate": "survived"}, {"fate": "crashed"}, {"hard": False}, {"section": "other"}]
)
def test_counts_that_are_not_enough_are_refused(changed: dict[str, Any]) -> None:
    kinds.assert_strong(told(), ["loss"])
    with pytest.raises(AssertionError):
        kinds.assert_strong(told(**changed), ["loss"])
    with pytest.raises(AssertionError):
        kinds.assert_strong({**told(), "finished": False}, ["loss"])
    with pytest.raises(AssertionError):
        kinds.assert_strong(told(), ["loss"], few=["column"])
    with pytest.raises(AssertionError, match="axis or shape"):
        # There are more places, so that it is no excuse that few were tried.
        short = told()
        short["tried"] = [one for one in short["tried"] if one["operator"] != "axis or shape"]
        kinds.assert_strong(short, ["loss"], few=["axis or shape"])


@needs_fork
def test_sections_without_a_check_are_counted_apart(ws: Workspace) -> None:
    books.recorded(ws, books.prose())
    asked = books.asked(ws.root.parent / "course", books.prose())
    made = operators.tally(ws, asked, 3)
    assert made.finished
    hard = {
        one.id
        for one in record.read(ws.checks_file("own/01", "book")).sections
        if one.status == "hard"
    }
    assert {one.section for one in made.tried if one.hard} == hard
    counts = Counter(
        (one.operator, one.hard) for one in made.tried if one.fate in ("caught", "survived")
    )
    assert all(count <= (3 if is_hard else 1) for (_, is_hard), count in counts.items())
    assert set(made.places) == {one.operator for one in made.tried if one.hard}


@needs_fork
def test_without_time_nothing_is_tried_and_that_is_said(ws: Workspace) -> None:
    books.recorded(ws, books.headings())
    asked = books.asked(ws.root.parent / "course", books.headings(), seconds=0.001)
    made = operators.tally(ws, asked, 3)
    assert (made.tried, made.finished) == ((), False)
    assert made.places


def test_what_is_not_recorded_is_refused(ws: Workspace) -> None:
    asked = books.asked(ws.root.parent / "course", books.prose())
    with pytest.raises(CompanionError) as caught:
        operators.tally(ws, asked, 3)
    assert caught.value.code == Exit.MISSING
    assert caught.value.hint == "fastcompanion lesson record own/01"


def test_the_listed_kinds_hold_each_operator_once() -> None:
    held = [operator for group in operators.LISTED.values() for operator in group]
    assert len(held) == len(set(held))
    assert set(held) == {*OPERATORS, "function", "step"}


def test_each_place_has_its_turn_before_its_second_version() -> None:
    found = [
        Planted(n, Mutant("constant", "", "", f"c{n}.{version}", line=1))
        for n in range(20)
        for version in range(3)
    ]
    order = operators.spread(found)
    assert sorted(map(repr, order)) == sorted(map(repr, found))
    assert {one.cell for one in order[:20]} == set(range(20))
    assert min(one.cell for one in order[:4]) < 5 and max(one.cell for one in order[:4]) > 9
    assert operators.spread(found) == order


def test_kinds_that_are_mistaken_alike_stand_in_one_queue() -> None:
    ref = NotebookRef("book", "book.ipynb")
    part = original(books.prose(), Lesson("own/01", "01", "Own", (ref,)), ref).work[0]
    found = [
        (part, Planted(0, Mutant(operator, "", "", operator)))
        for operator in ("index", "range", "step sign", "step", "selection")
    ]
    told = {kind: len(queue) for kind, queue in operators.queues(found).items()}
    assert told == {"index or range": 2, "step": 2, "selection": 1}


def test_what_may_take_the_place_of_a_value() -> None:
    array = {"k": "array", "shape": [3, 2]}
    assert operators.form_of(array) == operators.form_of(dict(array))
    assert operators.form_of(array) != operators.form_of({"k": "array", "shape": [2, 3]})
    assert operators.form_of({**array, "d": "i"}) == operators.form_of({**array, "d": "f"})
    assert operators.form_of({**array, "d": "o"}) != operators.form_of({**array, "d": "f"})
    assert operators.form_of({"k": "frame", "shape": [9, 2]}) == operators.form_of({"k": "frame"})
    texts = {"k": "group", "t": "list", "items": [{"k": "text"}]}
    assert operators.form_of(texts) != operators.form_of({**texts, "items": [{"k": "number"}]})
    assert operators.form_of({"k": "function", "n": 2}) == ""


def test_what_stands_in_a_function_is_known_by_its_line() -> None:
    source = (
        "%matplotlib inline\ndef f(x):\n    return (\n        x + 1)\n\ny = f(2)\ng = lambda a: -a"
    )
    assert [operators.in_function(source, line) for line in range(1, 8)] == [
        False, False, True, True, False, False, True,
    ]  # fmt: skip
