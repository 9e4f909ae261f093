"""A tiny lesson with authored checks, made in a folder: three sections, quick to run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastcompanion.base.workspace import Workspace
from fastcompanion.course.model import Checkpoint, Course, Lesson, Mistake, NotebookRef, SectionSpec
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.scaffolds.scaffold import scaffold

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
    cells: list[dict[str, Any]] = [_cell("markdown", "# Tiny")]
    for section, title in _TITLES.items():
        cells.append(_cell("markdown", f"## {title}\n\nDo it."))
        if section == "the-sum":
            cells.append(_cell("code", given, "given"))
        cells.append(_cell("code", solution[section], "work"))
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def _cell(kind: str, source: str, role: str = "") -> dict[str, Any]:
    ours = {"fastcompanion": {"role": role}} if role else {}
    cell: dict[str, Any] = {"cell_type": kind, "metadata": ours, "source": source, "id": ""}
    return cell | ({"outputs": [], "execution_count": None} if kind == "code" else {})


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


def write_scratch(
    study: Workspace,
    made: tuple[Course, Lesson],
    answers: Mapping[str, str] | None = None,
    *,
    top: str = "",
) -> Path:
    """Scaffold the lesson and put answers into its work cells; `top` goes before everything."""
    told, lesson = made
    ref = lesson.notebooks[0]
    book = scaffold(notebook.read(told.root / str(ref.path)), lesson, ref).notebook
    for cell in book["cells"]:
        ours = cell["metadata"]["fastcompanion"]
        if ours["role"] == "work" and ours["section"] in (answers or {}):
            cell["source"] = (answers or {})[ours["section"]]
    if top:
        book["cells"].insert(0, {**_cell("code", top), "id": "top"})
    path = study.notebook(lesson.id, ref.id, "scratch")
    notebook.write(path, book)
    return path
