"""Notebooks for tests, and the scaffolds made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    made = [_of(given) for given in cells]
    return {"cells": numbered(made), "metadata": {}, "nbformat": 4}


def _of(given: str | tuple[str, str]) -> dict[str, Any]:
    first, second = given if isinstance(given, tuple) else (given, "")
    return cell("markdown", second) if first == "md" else cell("code", first, second)


def cell(kind: str, source: str, shown: str = "") -> dict[str, Any]:
    """Make a cell without an id; `shown` is the result that a code cell was saved with."""
    made: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": source, "id": ""}
    result = {"output_type": "execute_result", "data": {"text/plain": shown}, "metadata": {}}
    more = {"outputs": [result] if shown else [], "execution_count": None}
    return made | (more if kind == "code" else {})


def numbered(cells: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give cells ids by their places."""
    return [{**one, "id": f"c{place}"} for place, one in enumerate(cells)]


def texts(made: Scaffold, role: str = "", section: str = "") -> str:
    """Give the text of a scaffold's cells, all or those of one role and section."""
    marks = [(cell, cell["metadata"]["fastcompanion"]) for cell in made.notebook["cells"]]
    return "\n".join(
        cell["source"]
        for cell, mark in marks
        if role in ("", mark["role"]) and section in ("", mark.get("section"))
    )
