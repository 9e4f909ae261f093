"""Notebooks read, mended and written as plain dicts; the only module that knows nbformat."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError
from fastcompanion.course.notebooks.cells import kind_of_cell, parse_cell
from fastcompanion.course.notebooks.sections import (
    LearnerSection,
    Section,
    learner_sections,
    sections,
    slug,
)

__all__ = [
    "LearnerSection",
    "Section",
    "kind_of_cell",
    "learner_sections",
    "parse_cell",
    "read",
    "sections",
    "slug",
    "to_text",
    "write",
]
_CELL_TYPES = ("code", "markdown", "raw")
_CONFLICT = re.compile(r"^(<{7}|>{7}|={7})(\s|$)", re.MULTILINE)


def read(path: Path) -> dict[str, Any]:
    """Read a notebook as nbformat-4 JSON: sources joined to one text, an id on every cell.

    Format 3 and older are upgraded through nbformat. Unknown keys are kept, missing ids are
    derived from place and text, so that reading twice gives the same. What is broken is a
    CompanionError that names file and line.
    """
    data = _load(path)
    if not isinstance(data, dict) or not ("cells" in data or "worksheets" in data):
        raise CompanionError("this is JSON, but not a notebook", file=path)
    version = data.get("nbformat", 4)
    if not isinstance(version, int) or version > 4:
        raise CompanionError(
            f"notebook format {version!r} is newer than this program",
            hint="uv tool upgrade fastcompanion",
            file=path,
        )
    return _tidy(data if version == 4 else _upgrade(data, path), path)


def _load(path: Path) -> Any:
    raw = store.read_bytes(path)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CompanionError(
            "not UTF-8 text, and notebooks are",
            hint="save it again from Jupyter, or convert it: iconv -f LATIN1 -t UTF-8",
            file=path,
            line=raw.count(b"\n", 0, error.start) + 1,
        ) from error
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise _broken(path, text, error) from error
    except RecursionError as error:
        raise CompanionError("this JSON is nested too deeply for a notebook", file=path) from error


def _broken(path: Path, text: str, error: json.JSONDecodeError) -> CompanionError:
    if mark := _CONFLICT.search(text):
        return CompanionError(
            "a merge conflict is not resolved in this notebook",
            hint=f"git checkout --ours -- {path.name}   (or --theirs)",
            file=path,
            line=text.count("\n", 0, mark.start()) + 1,
        )
    what = "the file is empty" if not text.strip() else f"not valid JSON ({error.msg})"
    return CompanionError(
        f"broken notebook: {what}",
        hint="save it again in your editor; or move it away, and fastcompanion start makes a new one",
        file=path,
        line=error.lineno,
    )


def _upgrade(data: dict[str, Any], path: Path) -> dict[str, Any]:
    from nbformat import convert, reader

    try:
        new = convert(reader.reads(json.dumps(data)), 4)  # type: ignore[no-untyped-call]
    except Exception as error:  # nbformat raises whatever the old data makes it stumble over
        raise CompanionError(
            f"a notebook of an old format that cannot be upgraded ({error})", file=path
        ) from error
    return json.loads(json.dumps(new))  # type: ignore[no-any-return]


def _tidy(data: dict[str, Any], path: Path) -> dict[str, Any]:
    cells = data.get("cells")
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise CompanionError("broken notebook: `cells` is not a list of cells", file=path)
    seen: set[str] = set()
    return {
        **data,
        "cells": [_tidy_cell(cell, index, seen) for index, cell in enumerate(cells)],
        "metadata": data["metadata"] if isinstance(data.get("metadata"), dict) else {},
        "nbformat": 4,
        "nbformat_minor": max(5, int(data.get("nbformat_minor") or 0)),
    }


def _tidy_cell(cell: dict[str, Any], index: int, seen: set[str]) -> dict[str, Any]:
    kind = cell.get("cell_type")
    source = _joined(cell.get("source"))
    tidy = {
        **cell,
        "cell_type": kind if kind in _CELL_TYPES else "raw",
        "source": source,
        "metadata": cell["metadata"] if isinstance(cell.get("metadata"), dict) else {},
        "id": _cell_id(cell.get("id"), index, source, seen),
    }
    if kind == "code":
        outputs = cell.get("outputs")
        kept = outputs if isinstance(outputs, list) else []
        tidy["outputs"] = [output for output in kept if isinstance(output, dict)]
        tidy.setdefault("execution_count", None)
    return tidy


def _joined(source: Any) -> str:
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return source.replace("\r\n", "\n") if isinstance(source, str) else ""


def _cell_id(given: Any, index: int, source: str, seen: set[str]) -> str:
    good = isinstance(given, str) and re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", given)
    name = given if good and given not in seen else _made_id(index, source)
    while name in seen:
        index += 100_000
        name = _made_id(index, source)
    seen.add(name)
    return str(name)


def _made_id(index: int, source: str) -> str:
    text = f"{index}\n{source}".encode("utf-8", "replace")
    return hashlib.sha256(text).hexdigest()[:12]


def to_text(notebook: Mapping[str, Any]) -> str:
    """Write a notebook as Jupyter does (one space, sorted keys), the same text for the same dict."""
    cells = [{**cell, "source": _lines(cell["source"])} for cell in notebook["cells"]]
    plain = {**notebook, "cells": cells}
    text = json.dumps(plain, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    return text.encode("utf-8", "replace").decode("utf-8")


def _lines(source: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", source)


def write(path: Path, notebook: Mapping[str, Any], *, durable: bool = True) -> None:
    """Write a notebook atomically; `durable` as in store.write_bytes."""
    store.write_text(path, to_text(notebook), durable=durable)
