"""A notebook with one section blank again: what it keeps of the learner's, and what it does not."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from fastcompanion.course.model import Lesson, NotebookRef
from fastcompanion.course.notebooks.sections import learner_sections
from fastcompanion.course.scaffolds.blank import blank_again

LESSON = Lesson("c/01", "01", "Sums", (NotebookRef("nb", "01.ipynb"),))
REF = LESSON.notebooks[0]
IDS = ["first", "second", "third"]


def cell(kind: str, source: str, section: str | None = None, role: str = "work") -> dict[str, Any]:
    mark = {"fastcompanion": {"section": section, "role": role}} if section else {}
    made: dict[str, Any] = {"cell_type": kind, "metadata": mark, "source": source}
    made["id"] = f"id-{abs(hash((kind, source))) % 10**8}"
    return made | ({"outputs": [{"x": 1}], "execution_count": 3} if kind == "code" else {})


def own() -> dict[str, Any]:
    opening = cell("markdown", "# Sums: from scratch")
    opening["metadata"] = {"fastcompanion": {"role": "heading"}}
    cells = [opening, cell("code", "import math")]
    for name in IDS:
        cells += [
            cell("markdown", f"## {name}\n\nGoal of {name}", name, "heading"),
            cell("code", f"{name}_given = 1", name, "given"),
            cell("markdown", f"there should be {name}", name, "checkpoint"),
            cell("code", f"{name} = 'mine'", name),
            cell("markdown", f"my thoughts on {name}"),
            cell("code", f"{name}_more = 'mine too'"),
        ]
    return {"cells": cells, "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4}


def made(book: dict[str, Any], section: str, scaffold: list[Any] | None = None) -> dict[str, Any]:
    return blank_again(book, IDS, section, scaffold or [], LESSON, REF)


def code(book: dict[str, Any]) -> list[str]:
    return [one["source"] for one in book["cells"] if one["cell_type"] == "code"]


def test_what_comes_before_is_the_learners_and_the_section_is_blank() -> None:
    book = own()
    before = copy.deepcopy(book)
    found = made(book, "second")
    assert book == before, "the learner's notebook is only read"
    assert code(found) == [
        "import math",
        "first_given = 1",
        "first = 'mine'",
        "first_more = 'mine too'",
        "second_given = 1",
        "# your work",
    ]
    text = "\n".join(one["source"] for one in found["cells"])
    assert "my thoughts on first" in text
    assert "my thoughts on second" not in text
    assert "there should be second" in text
    assert "third" not in text
    told = {"lesson": "c/01", "notebook": "nb", "section": "second"}
    assert found["metadata"]["fastcompanion"] == {"version": 1, "again": told}
    assert found["metadata"]["kernelspec"] == {"name": "python3"}


def test_each_cell_knows_its_section_and_has_an_id_of_its_own_and_no_output() -> None:
    found = made(own(), "third")
    cut = {one.id: len(one.cells) for one in learner_sections(found, IDS)}
    assert cut == {"first": 3, "second": 3, "third": 2}
    ids = [one["id"] for one in found["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(one["outputs"] == [] for one in found["cells"] if one["cell_type"] == "code")
    folded = [one for one in found["cells"] if "jupyter" in one["metadata"]]
    assert "third" not in {
        one["metadata"].get("fastcompanion", {}).get("section") for one in folded
    }


def test_the_section_begins_as_its_scaffold_says() -> None:
    scaffold = [
        cell("markdown", "## second\n\nThe goal, newly worded", "second", "heading"),
        cell("code", "# your work", "second"),
    ]
    found = made(own(), "second", scaffold)
    assert code(found)[-1] == "# your work"
    assert "second_given = 1" not in code(found)
    assert any("newly worded" in one["source"] for one in found["cells"])


@pytest.mark.parametrize("section", ["first", "second"])
def test_where_another_program_dropped_the_marks_headings_are_read(section: str) -> None:
    book = own()
    for one in book["cells"]:
        one["metadata"] = {}
    found = made(book, section)
    sources = code(found)
    assert sources[-1] == "# your work"
    assert f"{section} = 'mine'" not in sources
    assert ("first = 'mine'" in sources) is (section == "second")
    assert "third = 'mine'" not in sources


def test_code_of_an_earlier_section_that_stands_below_is_kept() -> None:
    book = own()
    book["cells"].append(cell("code", "late = 1", "first"))
    assert "late = 1" in code(made(book, "second"))
    assert "late = 1" not in code(made(book, "first"))
