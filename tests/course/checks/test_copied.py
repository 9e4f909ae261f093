"""The copy notice within a check: which sections it names, and which it leaves alone."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.check import solved
from fastcompanion.base.kernel import OWN
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import check, copied
from fastcompanion.course.checks.prepared import Prepared, prepare
from fastcompanion.course.checks.verdict import SectionVerdict
from fastcompanion.course.library import catalogue
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.scaffolds.scaffold import scaffold

STYLES = Path(__file__).resolve().parents[2] / "fixtures" / "foundations"
LONG = "def far(a, b):\n    return sorted((x - y) ** 2 + (x * y - a[0]) ** 2 for x, y in zip(a, b))[1:-1]\n"
LONG += (
    "table = [[far(one[n:], other[:n]) for n in range(1, len(one))] for one, other in pairs if one]"
)


@pytest.fixture
def foundations() -> tuple[Course, Lesson]:
    course = catalogue.course("foundations")
    return course, course.lessons[0]


def typed(ws: Workspace, made: tuple[Course, Lesson], book: dict[str, object]) -> Prepared:
    course, lesson = made
    notebook.write(ws.notebook(lesson.id, lesson.notebooks[0].id, "scratch"), book)
    return prepare(ws, course, lesson)


def judged(ready: Prepared, *, with_solution: bool = False) -> list[SectionVerdict]:
    return [
        SectionVerdict(one.id, one.title, "passed", with_solution=with_solution)
        for one in ready.plan.sections
        if one.has_work
    ]


def test_one_line_names_the_sections(ws: Workspace, foundations: tuple[Course, Lesson]) -> None:
    ready = typed(ws, foundations, solved(*foundations, epochs=40))
    [line] = copied.notices(ready, judged(ready))
    assert line.startswith("this looks retyped from the original: look-at-the-data, ")
    assert "…" in line
    assert "\n" not in line
    [one] = copied.notices(ready, judged(ready)[:1])
    assert one.endswith(": look-at-the-data. Close the original and write it again from the goals")


def test_shown_solutions_and_other_sections_are_left_alone(
    ws: Workspace, foundations: tuple[Course, Lesson]
) -> None:
    ready = typed(ws, foundations, solved(*foundations, epochs=40))
    assert copied.notices(ready, judged(ready, with_solution=True)) == ()
    assert copied.notices(ready, []) == ()


@pytest.mark.parametrize("style", ["a", "b"])
def test_work_in_another_style_is_no_copy(
    ws: Workspace, foundations: tuple[Course, Lesson], style: str
) -> None:
    ready = typed(ws, foundations, notebook.read(STYLES / f"01.style-{style}.ipynb"))
    assert copied.looks_retyped(ready) == []


def test_an_original_that_is_not_here_says_nothing(
    ws: Workspace, foundations: tuple[Course, Lesson], tmp_path: Path
) -> None:
    ready = typed(ws, foundations, solved(*foundations, epochs=40))
    assert copied.looks_retyped(ready)
    gone = replace(ready, course=replace(ready.course, root=tmp_path / "gone"))
    assert copied.looks_retyped(gone) == []
    assert copied.looks_retyped(replace(ready, origins={})) == []


def test_the_notice_blocks_nothing_and_stands_in_the_report(ws: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "a course"
    folder.mkdir()
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "## Pairs\n\nMake the pairs."},
        {"cell_type": "code", "metadata": {}, "source": "pairs = [((1, 2, 3), (4, 5, 6))]"},
        {"cell_type": "markdown", "metadata": {}, "source": "## Far\n\nMeasure how far they are."},
        {"cell_type": "code", "metadata": {}, "source": LONG},
    ]
    (folder / "far.ipynb").write_text(
        json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})
    )
    ref = NotebookRef("far", "far.ipynb")
    lesson = Lesson("own/01", "01", "Far", (ref,))
    course = Course("own", "Own", "folder", "", folder, (lesson,))
    book = scaffold(notebook.read(folder / "far.ipynb"), lesson, ref).notebook
    for cell in book["cells"]:
        ours = cell["metadata"]["fastcompanion"]
        if ours["role"] == "work" and ours["section"] == "far":
            cell["source"] = ast.unparse(
                ast.parse(LONG.replace("table", "mine").replace("far", "f"))
            )
    if not any("pairs =" in c["source"] for c in book["cells"] if c["cell_type"] == "code"):
        book["cells"].insert(0, {**cells[1], "id": "p", "outputs": [], "execution_count": None})
    typed(ws, (course, lesson), book)
    report = check.check(ws, course, lesson, OWN)
    assert [line for line in report.notices if "retyped" in line] == [
        (
            "this looks retyped from the original: far. "
            "Close the original and write it again from the goals"
        )
    ]
    assert report.exit_code in (0, 4)
    assert next(one.verdict for one in report.sections if one.id == "far") == "to-assess"
