"""Which mistakes are planted where: in the learner's work alone, and evenly over their kinds."""

from __future__ import annotations

from fastcompanion.course.checks.mutants import Mutant
from fastcompanion.course.model import Lesson, NotebookRef
from fastcompanion.course.recording.original import Original, original
from fastcompanion.course.recording.planting import Planted, ordered
from tests.course.recording import books

REF = NotebookRef("book", "book.ipynb")
LESSON = Lesson("own/01", "01", "Own", (REF,))


def cut() -> Original:
    return original(books.prose(), LESSON, REF)


def test_an_original_is_cut_as_its_scaffold_is() -> None:
    made = cut()
    assert [part.id for part in made.work] == ["making-points", "the-error", "training"]
    assert [part.gap for part in made.work] == [False] * 3
    making, error, training = made.work
    setup = making.planned.cells[0]
    assert (setup.is_given, setup.source) == (True, books.SETUP)
    assert {"x", "y"} <= making.facts.later
    assert error.facts.better[error.planned.cells[-1].index] == ""
    assert training.facts.better[training.planned.cells[-1].index] == "down"
    assert "predict" in training.bound_before


def test_mistakes_stand_in_the_work_alone() -> None:
    made = cut()
    for part in made.work:
        own = {cell.index for cell in part.planned.cells if not cell.is_given}
        planted = made.mistakes(part, {})
        assert planted
        assert {one.cell for one in planted} <= own
    sources = {cell.index: cell.source for cell in made.work[0].planned.cells}
    assert all("np.random.seed(3)" not in sources[p.cell] for p in made.mistakes(made.work[0], {}))


def test_every_beginning_of_the_order_is_spread_over_operators_and_places() -> None:
    found = [
        Planted(n, Mutant(operator, "", "", f"{operator}{n}"))
        for operator in ("constant", "operator")
        for n in range(10)
    ]
    order = ordered(found)
    assert sorted(map(repr, order)) == sorted(map(repr, found))
    assert [one.mutant.operator for one in order[:6]] == ["operator", "constant"] * 3
    first = [one.cell for one in order[:6] if one.mutant.operator == "constant"]
    assert max(first) - min(first) >= 5
    assert ordered(found) == order
