"""Small notebooks of sections with one piece of work each, and their scaffolds filled with answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastcompanion.base.workspace import Workspace
from fastcompanion.course.model import Course, Lesson
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.scaffolds.scaffold import scaffold
from tests.course import originals


def cell(kind: str, source: str, role: str = "") -> dict[str, Any]:
    """A cell with its role in the scaffold, if it has one."""
    ours = {"fastcompanion": {"role": role}} if role else {}
    return {**originals.cell(kind, source), "metadata": ours}


def sheet(
    title: str, titles: Mapping[str, str], given: str, solution: Mapping[str, str]
) -> dict[str, Any]:
    """A notebook with a heading and a cell of work for each section; the first has a given cell."""
    cells: list[dict[str, Any]] = [cell("markdown", f"# {title}")]
    for number, (section, name) in enumerate(titles.items()):
        cells.append(cell("markdown", f"## {name}\n\nDo it."))
        if number == 0:
            cells.append(cell("code", given, "given"))
        cells.append(cell("code", solution[section], "work"))
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


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
    for one in book["cells"]:
        ours = one["metadata"]["fastcompanion"]
        if ours["role"] == "work" and ours["section"] in (answers or {}):
            one["source"] = (answers or {})[ours["section"]]
    if top:
        book["cells"].insert(0, {**cell("code", top), "id": "top"})
    path = study.notebook(lesson.id, ref.id, "scratch")
    notebook.write(path, book)
    return path
