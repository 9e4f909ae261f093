"""No answers in scaffolds: on our own notebooks, on built-in lessons, and on a fetched course.

The measure of `leak_measure` is independent of the program's; that it sees what it should is
tested first.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import store
from fastcompanion.base.workspace import content
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.scaffolds.leaks import Answers
from fastcompanion.course.scaffolds.scaffold import Scaffold
from tests.course.leak_measure import leaks, unfair_gifts
from tests.course.originals import CULTURES, book, fixture, scaffolded

# Read at import: the test's own environment drops our variables.
COURSE = os.environ.get("FASTCOMPANION_TEST_COURSE", "")


def _assert_clean(original: dict[str, Any], made: Scaffold) -> None:
    assert leaks(original, made.notebook) == []
    if not any("sheet of exercises" in note for note in made.notes):
        assert unfair_gifts(made.notebook) == []


@pytest.mark.parametrize("name", [*CULTURES, "hostile"])
def test_our_notebooks_do_not_leak(name: str) -> None:
    _assert_clean(notebook.read(fixture(name)), scaffolded(fixture(name)))


@pytest.mark.parametrize(
    "planted",
    [
        "first_loss = squared_error(predict(10, 100, scaled), sales)",
        "As you see, first_loss=squared_error( predict(10,100,scaled),sales )  is all.",
        "We return `slope * x + base` here.",
        "take 2 * (mistakes * x).mean(), and so on",
    ],
)
@pytest.mark.parametrize("role", ["heading", "work", "checkpoint"])
def test_the_measure_sees_what_is_planted(planted: str, role: str) -> None:
    original, made = notebook.read(fixture("prose_and_code")), scaffolded(fixture("prose_and_code"))
    cells = [c for c in made.notebook["cells"] if c["metadata"]["fastcompanion"]["role"] == role]
    cells[-1]["source"] += "\n" + planted
    assert leaks(original, made.notebook)


@pytest.mark.parametrize(
    "planted",
    ["def predict(a): return a", "f = lambda x: x", "y = [x for x in days]", "z = days @ days.T"],
)
def test_the_measure_sees_what_is_given_away(planted: str) -> None:
    made = scaffolded(fixture("prose_and_code"))
    given = [c for c in made.notebook["cells"] if c["metadata"]["fastcompanion"]["role"] == "given"]
    given[0]["source"] += "\n" + planted
    assert unfair_gifts(made.notebook)


def test_a_scaffold_that_is_the_original_leaks_nearly_every_line() -> None:
    original = notebook.read(fixture("headings_only"))
    copied = scaffolded(fixture("headings_only"))
    work = [c for c in copied.notebook["cells"] if c["metadata"]["fastcompanion"]["role"] == "work"]
    work[0]["source"] = "\n".join(c["source"] for c in original["cells"])
    assert len(set(leaks(original, copied.notebook))) > 30


@pytest.mark.parametrize(
    "prose",
    [
        "Write it like this:\n\n    total = numbers.sum() / len(numbers)\n\nThat is all.",
        "Write it like this:\n```\ntotal = numbers.sum() / len(numbers)\n```\n",
        "- Write it:\n\n      total = numbers.sum() / len(numbers)\n",
        "Write `total = numbers.sum() / len(numbers)` and be done.",
        "Write total = numbers.sum() / len(numbers) and be done.",
        "total = numbers.sum() / len(numbers)",
        "> total = numbers.sum() / len(numbers)",
        "| code |\n|---|\n| total = numbers.sum() / len(numbers) |",
        "<pre>total = numbers.sum() / len(numbers)</pre> Write it.",
        "<code>total = numbers.sum() / len(numbers)</code> is it.",
        "1. total = numbers.sum()\n   / len(numbers)",
        "Use **numbers.sum() / len(numbers)** for `total`.",
        "Use numbers\n.sum() / len(numbers) for `total`.",
    ],
)
def test_code_in_prose_is_left_out(prose: str) -> None:
    original = book(("md", "## Means\n\n" + prose), "total = numbers.sum() / len(numbers)\ntotal")
    made = scaffolded(original)
    _assert_clean(original, made)
    assert "`total`" in made.sections[0].goal


def test_long_literals_in_prose_are_left_out() -> None:
    numbers = ", ".join(str(n / 7) for n in range(40))
    original = book(
        ("md", f"## Data\n\nLet's take the numbers {numbers} and `[{numbers}]`:"), "x = f()"
    )
    assert "0.857" not in scaffolded(original).sections[0].goal


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "text",
    [
        "[" * 60_000,
        "![" * 30_000,
        "](" * 30_000,
        "[a](" * 20_000,
        "<script" * 10_000,
        "<svg>" * 10_000,
        "<h1>" * 10_000,
        "<a " * 20_000,
        "`" * 60_001,
        "$" * 60_001,
        "$$a" * 20_000,
        "# " + " " * 100_000 + "x",
        "# " + "#" * 100_000 + "x",
        "\\begin{a}" * 6_000,
        "1" * 100_000,
        "1, " * 30_000 + "x",
        "a b " * 30_000 + "=",
        "(" * 60_000,
        "- " * 50_000,
        "    " * 30_000 + "x",
        "*" * 100_000,
        "a." * 50_000,
    ],
    ids=lambda text: repr(text[:6]),
)
@pytest.mark.parametrize("place", ["prose", "comment", "code", "output"])
def test_no_pattern_runs_for_minutes(text: str, place: str) -> None:
    cell: Any = {
        "prose": ("md", f"## T\n\nLet's see {text}\n\n{text}"),
        "comment": f"# {text}\nx = f(1)",
        "code": f"{text}\n%time x = f(1)",
        "output": ("x = f(1)\nx", text),
    }[place]
    made = scaffolded(book(("md", "# Start"), cell, "y = g(x) + 1"))
    assert made.notebook["cells"]


def test_comments_and_docstrings_do_not_tell_either() -> None:
    original = book(
        ("md", "## Work"),
        "# y = x @ weights + bias\n# multiply and add\ny = x @ weights + bias",
        'def f(a, b):\n    """Give a @ b.T / scale + b.sum(axis=1)."""\n    return a @ b.T / scale + b.sum(axis=1)',
    )
    made = scaffolded(original)
    _assert_clean(original, made)
    assert "Multiply and add" in made.sections[0].goal


def test_saved_results_that_equal_the_code_are_left_out() -> None:
    original = book(("md", "## T"), ("tensor([1, 2, 3])", "tensor([1, 2, 3])"), "x = 1 + f(3)")
    _assert_clean(original, scaffolded(original))


def test_titles_are_guarded_as_well() -> None:
    original = book(
        ("md", "## Compute x.mean() - y.mean() / z.std()"), "d = x.mean() - y.mean() / z.std()"
    )
    _assert_clean(original, scaffolded(original))


@pytest.mark.parametrize("number", ["01", "02"])
def test_built_in_lessons_do_not_leak(number: str) -> None:
    folder = content("lessons") / "foundations"
    [original] = [
        folder / n["path"] for n in store.read_yaml(folder / f"{number}.yaml")["notebooks"]
    ]
    made = scaffolded(original)
    assert leaks(notebook.read(original), made.notebook) == []
    assert len(made.sections) >= 5


def test_answers_know_lines_runs_and_what_is_allowed() -> None:
    answers = Answers()
    answers.add(
        "x = compute(a, b)  # a remark\nvery_long_name_alone\ny = a\nimport_me = f(a)(b)(c)"
    )
    assert answers.found_in("so `x = compute(a, b)` is it")
    assert answers.found_in("x=compute( a,b )")
    assert not answers.found_in("a remark on very_long_name_alone and y = a")
    answers.allow(["x = compute(a, b)"])
    assert not answers.found_in("so `x = compute(a, b)` is it")


COURSE_NOTEBOOKS = [
    path
    for path in (sorted(Path(COURSE).rglob("*.ipynb")) if COURSE else [])
    if ".ipynb_checkpoints" not in path.parts
]


@pytest.mark.course
@pytest.mark.skipif(not COURSE, reason="needs a course: make test-course COURSE=folder")
@pytest.mark.parametrize("path", COURSE_NOTEBOOKS, ids=lambda path: path.stem)
def test_a_fetched_course_does_not_leak(path: Path) -> None:
    original = notebook.read(path)
    made = scaffolded(original)
    _assert_clean(original, made)
    for section in made.sections:
        assert section.goal, section.id
        assert section.work_cells
