"""Notebooks for tests, and the scaffolds made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastcompanion.course.model import Lesson, NotebookRef
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.scaffolds.scaffold import Scaffold, scaffold

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "notebooks"
CULTURES = ("prose_and_code", "headings_only", "comments_only", "todo_sheet")


def fixture(name: str) -> Path:
    """Give the place of one of our own notebooks."""
    return FOLDER / f"{name}.ipynb"


def scaffolded(book: dict[str, Any] | Path, **lesson: Any) -> Scaffold:
    """Scaffold a notebook as a lesson of one notebook."""
    name = book.stem if isinstance(book, Path) else "book"
    ref = NotebookRef(id=name, path=f"{name}.ipynb")
    about = Lesson(id="course/01", number="01", title="A lesson", notebooks=(ref,), **lesson)
    read = notebook.read(book) if isinstance(book, Path) else book
    return scaffold(read, about, ref, name="A course (CC BY)")


def book(*cells: str | tuple[str, str]) -> dict[str, Any]:
    """Make a notebook: texts are code, ("md", text) is markdown, (code, output) has a result."""
    return {"cells": [_cell(n, c) for n, c in enumerate(cells)], "metadata": {}, "nbformat": 4}


def _cell(number: int, given: str | tuple[str, str]) -> dict[str, Any]:
    first, second = given if isinstance(given, tuple) else (given, "")
    if first == "md":
        return {"cell_type": "markdown", "metadata": {}, "source": second, "id": f"c{number}"}
    shown = {"output_type": "execute_result", "data": {"text/plain": second}, "metadata": {}}
    outputs = [shown] if second else []
    return {
        "cell_type": "code", "metadata": {}, "source": first, "id": f"c{number}",
        "outputs": outputs, "execution_count": None,
    }  # fmt: skip


def texts(made: Scaffold, role: str = "", section: str = "") -> str:
    """Give the text of a scaffold's cells, all or those of one role and section."""
    marks = [(cell, cell["metadata"]["fastcompanion"]) for cell in made.notebook["cells"]]
    return "\n".join(
        cell["source"]
        for cell, mark in marks
        if role in ("", mark["role"]) and section in ("", mark.get("section"))
    )
