"""A tiny lesson with authored checks, made in a folder: three sections, quick to run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastcompanion.course.model import Checkpoint, Course, Lesson, Mistake, NotebookRef, SectionSpec
from tests.course.sheets import sheet, write_scratch

__all__ = ["write_scratch"]

CHECKS = """
@checkpoint("the-sum", "total")
def _(value, known):
    if value != sum(known["data"]):
        raise Wrong(f"expected the sum of the data, found {value}", mistake="one-short" if value == 3 else "")

@checkpoint("doubling", "double")
def _(value, known):
    for n in (0, 3, -2):
        if value(n) != 2 * n:
            raise Wrong(f"double({n}): expected twice the argument, found {value(n)}")

@checkpoint("the-answer", "answer")
def _(value, known):
    if value != 2 * known["total"]:
        raise Wrong(f"expected an even number, found {value}", mistake="odd" if value == known["total"] else "")
"""

SOLUTION = {
    "the-sum": "total = 0\nfor n in data:\n    total += n",
    "doubling": "def double(x):\n    return x * 2",
    "the-answer": "answer = double(total)\nanswer",
}
_TITLES = {"the-sum": "The sum", "doubling": "Doubling", "the-answer": "The answer"}
GIVEN = "data = [1, 2, 3]"
MISTAKE = Mistake(
    "one-short", "the-sum", "for n in data:", "for n in data[:-1]:", "The last one was left out."
)

ODD = Mistake("odd", "the-answer", "double(total)", "total", "It was not doubled.")


def original(given: str = GIVEN, solution: Mapping[str, str] = SOLUTION) -> dict[str, Any]:
    """The lesson's notebook."""
    return sheet("Tiny", _TITLES, given, solution)


def course(
    folder: Path, *, given: str = GIVEN, checks: str | None = CHECKS
) -> tuple[Course, Lesson]:
    """Write the course into a folder and describe it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tiny.ipynb").write_text(json.dumps(original(given)))
    if checks is not None:
        (folder / "01.checks.py").write_text(checks)
    points = {
        "the-sum": Checkpoint("total", "number", "", "the sum of the data"),
        "doubling": Checkpoint("double", "function", "(x) -> number", "twice its argument"),
        "the-answer": Checkpoint("answer", "number"),
    }
    lesson = Lesson(
        "tiny/01",
        "01",
        "Tiny",
        (NotebookRef("tiny", "tiny.ipynb"),),
        sections=tuple(
            SectionSpec(name, f"Do {name}.", (point,)) for name, point in points.items()
        ),
        mistakes=(MISTAKE, ODD),
        checks="01.checks.py" if checks is not None else None,
    )
    return Course("tiny", "Tiny", "builtin", "", folder, (lesson,)), lesson
