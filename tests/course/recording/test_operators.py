"""A finished record against every kind of mistake: how many of each are planted, and what becomes of them."""

from __future__ import annotations

from collections import Counter

import pytest

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import warm
from fastcompanion.course.checks.mutants import Mutant
from fastcompanion.course.recorded import record
from fastcompanion.course.recording import operators
from fastcompanion.course.recording.planting import Planted
from tests.course.recording import books

needs_fork = pytest.mark.skipif(not warm.available(), reason="no fork on this system: not run here")


@needs_fork
def test_each_kind_of_mistake_is_tried_on_a_finished_record(ws: Workspace) -> None:
    books.recorded(ws, books.prose())
    path = ws.checks_file("own/01", "book")
    written = path.read_bytes()
    asked = books.asked(ws.root.parent / "course", books.prose())
    made = operators.tally(ws, asked, 3)
    assert made.finished
    assert path.read_bytes() == written
    hard = {one.id for one in record.read(path).sections if one.status == "hard"}
    assert {one.section for one in made.tried if one.hard} == hard
    counts = Counter((one.operator, one.hard) for one in made.tried)
    assert max(counts.values()) <= 3
    assert set(made.places) >= {one.operator for one in made.tried}
    assert any(one.in_function for one in made.tried)
    fates = Counter(one.fate for one in made.tried if one.hard)
    assert set(fates) <= {"caught", "survived", "crashed", "equivalent"}
    assert fates["caught"] >= 0.8 * (fates["caught"] + fates["survived"])


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


def test_a_sample_takes_all_of_a_rare_kind_and_spreads_over_a_common_one() -> None:
    found = [Planted(n, Mutant("constant", "", "", f"c{n}")) for n in range(40)]
    found += [Planted(n, Mutant("axis", "", "", f"a{n}")) for n in range(2)]
    kept = operators.sample(found, 10)
    assert Counter(one.mutant.operator for one in kept) == {"constant": 10, "axis": 2}
    cells = [one.cell for one in kept if one.mutant.operator == "constant"]
    assert min(cells) < 5 and max(cells) > 30
    assert operators.sample(found, 10) == kept


def test_what_stands_in_a_function_is_known_by_its_line() -> None:
    source = (
        "%matplotlib inline\ndef f(x):\n    return (\n        x + 1)\n\ny = f(2)\ng = lambda a: -a"
    )
    assert [operators.in_function(source, line) for line in range(1, 8)] == [
        False, False, True, True, False, False, True,
    ]  # fmt: skip
