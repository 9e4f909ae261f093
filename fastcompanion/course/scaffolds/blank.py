"""A notebook with one section blank again: what comes before it is the learner's own code. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastcompanion.course.model import Lesson, NotebookRef
from fastcompanion.course.notebooks.prose import headings
from fastcompanion.course.notebooks.sections import learner_sections, slug
from fastcompanion.course.scaffolds.quoting import safe_comment

_KEPT_ROLES = ("heading", "checkpoint", "given")
_WORK = "# your work"


def blank_again(
    own: Mapping[str, Any],
    ids: Sequence[str],
    section: str,
    scaffold: Sequence[Mapping[str, Any]],
    lesson: Lesson,
    ref: NotebookRef,
) -> dict[str, Any]:
    """Make a notebook from the learner's: all before `section` as it is, then `section` as it began.

    `ids` are all sections in their order. `scaffold` holds the cells that the section began with;
    without them its heading, what is given and its checkpoints are taken from the learner's own.
    """
    cells = [_opening(lesson, section), *_before(own, ids, section)]
    cells += [_fresh(cell) for cell in scaffold or _without_work(own, section)]
    return {
        "cells": _unique(cells),
        "metadata": {**_kernel(own), "fastcompanion": _about(lesson, ref, section)},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _about(lesson: Lesson, ref: NotebookRef, section: str) -> dict[str, Any]:
    """Mark the notebook as practice: it is not the reproduction that results are kept for."""
    return {"version": 1, "again": {"lesson": lesson.id, "notebook": ref.id, "section": section}}


def _kernel(own: Mapping[str, Any]) -> dict[str, Any]:
    names = ("kernelspec", "language_info")
    return {name: own["metadata"][name] for name in names if name in own["metadata"]}


def _opening(lesson: Lesson, section: str) -> dict[str, Any]:
    text = (
        f"# {safe_comment(lesson.title) or lesson.id}: {section} again\n\n"
        "What comes first is your own code, as it stands in your notebook. The last section is blank "
        "again: write it from memory, with your notebook and the original closed.\n\n"
        "- `fastcompanion check` checks it, `fastcompanion hint` helps a step further.\n"
        "- This notebook is for practice: it is not kept in git, and your own stays as it is."
    )
    mark = {"fastcompanion": {"role": "heading"}}
    return {"cell_type": "markdown", "id": "again", "metadata": mark, "source": text}


def _before(own: Mapping[str, Any], ids: Sequence[str], section: str) -> list[dict[str, Any]]:
    """Give the cells that stand before the section, and code of earlier sections below it."""
    place = list(ids).index(section)
    code = {i: one.id for one in learner_sections(own, list(ids)) for i in one.cells}
    later = set(ids[place:])
    cut = _first_of(own, later, code)
    kept = []
    for index, cell in enumerate(own["cells"]):
        earlier = index < cut and not _is_opening(cell, index)
        if code.get(index) not in later and (earlier or code.get(index) in ids[:place]):
            kept.append(_folded(cell, code.get(index)))
    return kept


def _first_of(own: Mapping[str, Any], later: set[str], code: Mapping[int, str]) -> int:
    """Find where the first of some sections begins: its heading, else its first cell of code."""
    marked = any(map(mark_of, own["cells"]))
    for index, cell in enumerate(own["cells"]):
        if mark_of(cell).get("section") in later or code.get(index) in later:
            return index
        if marked or cell["cell_type"] != "markdown":
            continue
        if any(slug(heading.title) in later for heading in headings(cell["source"])):
            return index
    return len(own["cells"])


def mark_of(cell: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give what we noted in a cell, {} for nothing."""
    ours = cell.get("metadata", {}).get("fastcompanion")
    return ours if isinstance(ours, dict) else {}


def _is_opening(cell: Mapping[str, Any], index: int) -> bool:
    mark = mark_of(cell)
    return index == 0 and mark.get("role") == "heading" and "section" not in mark


def _folded(cell: Mapping[str, Any], section: str | None) -> dict[str, Any]:
    """Give an earlier cell without outputs, and its code folded where the editor can do that."""
    metadata = dict(cell["metadata"])
    if section is not None:
        metadata["fastcompanion"] = {**mark_of(cell), "section": section}
    if cell["cell_type"] == "code":
        metadata["jupyter"] = {**dict(metadata.get("jupyter") or {}), "source_hidden": True}
    return _fresh({**cell, "metadata": metadata})


def _fresh(cell: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(cell)
    return made | ({"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {})


def _without_work(own: Mapping[str, Any], section: str) -> list[dict[str, Any]]:
    """Take what the section says and gives from the learner's notebook, and leave the work blank."""
    found = [
        dict(cell)
        for cell in own["cells"]
        if mark_of(cell).get("section") == section and mark_of(cell).get("role") in _KEPT_ROLES
    ]
    heading = {"role": "heading", "section": section}
    if not any(mark_of(cell).get("role") == "heading" for cell in found):
        found.insert(0, _cell("markdown", f"## {section}", heading))
    return [*found, _cell("code", _WORK, {"role": "work", "section": section})]


def _cell(kind: str, source: str, mark: Mapping[str, Any]) -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {"fastcompanion": dict(mark)}, "source": source}


def _unique(cells: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give every cell an id of its own."""
    seen: set[str] = set()
    for number, cell in enumerate(cells):
        name = re.sub(r"[^A-Za-z0-9_-]", "", str(cell.get("id") or "")) or f"again-{number}"
        cell["id"] = name if name not in seen else f"{name[:50]}-{number}"
        seen.add(cell["id"])
    return list(cells)
