"""Notebooks of posts, read as plain JSON: what is saved is shown, nothing is ever run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError

_CONFLICT = re.compile(r"^(<{7}|>{7}|={7})(\s|$)", re.MULTILINE)

Cell = dict[str, Any]


def read(path: Path) -> dict[str, Any]:
    """Read a notebook: each cell with its `source` as one text, code cells with their outputs."""
    return parse(store.read_text(path), path)


def parse(text: str, path: Path) -> dict[str, Any]:
    """Take a notebook's text apart; what is broken names file and line."""
    data = _loaded(text, path)
    if not isinstance(data, dict) or not ("cells" in data or "worksheets" in data):
        raise CompanionError("this is JSON, but not a notebook", file=path)
    cells = data.get("cells", [])
    if "cells" not in data:
        cells = _of_sheets(data["worksheets"])
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise CompanionError("broken notebook: `cells` is not a list of cells", file=path)
    metadata = data.get("metadata")
    return {
        "cells": [_cell(cell) for cell in cells],
        "metadata": metadata if isinstance(metadata, dict) else {},
    }


def _loaded(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        mark = _CONFLICT.search(text)
        what = f"not valid JSON ({error.msg})" if text.strip() else "the file is empty"
        raise CompanionError(
            "a merge conflict is not resolved in this notebook"
            if mark
            else f"broken notebook: {what}",
            hint="Save it again in your editor, or take an older version from git.",
            file=path,
            line=text.count("\n", 0, mark.start()) + 1 if mark else error.lineno,
        ) from None
    except RecursionError:
        raise CompanionError("this JSON is nested too deeply for a notebook", file=path) from None


def _of_sheets(sheets: Any) -> Any:
    """Give the cells of format 3, None where there are none."""
    if not isinstance(sheets, list) or not all(isinstance(sheet, dict) for sheet in sheets):
        return None
    lists = [sheet.get("cells", []) for sheet in sheets]
    whole = all(isinstance(one, list) for one in lists)
    return [cell for one in lists for cell in one] if whole else None


def _cell(cell: Cell) -> Cell:
    """Give a cell of any format the keys of format 4 that pages are made from."""
    kind = cell.get("cell_type")
    outputs = cell.get("outputs")
    metadata, attachments = cell.get("metadata"), cell.get("attachments")
    tidy: Cell = {
        "cell_type": {"heading": "markdown", "html": "markdown"}.get(str(kind), kind),
        "source": joined(cell.get("source", cell.get("input"))),
        "metadata": metadata if isinstance(metadata, dict) else {},
        "attachments": attachments if isinstance(attachments, dict) else {},
        "execution_count": cell.get("execution_count", cell.get("prompt_number")),
        "outputs": [_output(one) for one in outputs if isinstance(one, dict)]
        if isinstance(outputs, list)
        else [],
    }
    if kind == "heading":
        level = cell.get("level")
        depth = level if isinstance(level, int) and 1 <= level <= 6 else 1
        tidy["source"] = f"{'#' * depth} {tidy['source']}"
    return tidy


_OLD_KEYS = {
    "text": "text/plain",
    "html": "text/html",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "latex": "text/latex",
}


def _output(output: dict[str, Any]) -> dict[str, Any]:
    """Give an output of format 3 the shape of format 4; others stay."""
    kind = output.get("output_type")
    if kind in ("pyout", "pyerr"):
        kind = {"pyout": "execute_result", "pyerr": "error"}[kind]
    if kind in ("display_data", "execute_result") and "data" not in output:
        data = {new: output[old] for old, new in _OLD_KEYS.items() if old in output}
        return {"output_type": kind, "data": data, "metadata": {}}
    return {**output, "output_type": kind}


def joined(source: Any) -> str:
    """Give the text that a notebook keeps as one string or as lines."""
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return source.replace("\r\n", "\n") if isinstance(source, str) else ""
