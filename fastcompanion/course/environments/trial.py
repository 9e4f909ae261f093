"""Running a lesson's original in a candidate environment: success is what ran, nothing else."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fastcompanion.base import clock, store
from fastcompanion.base.kernel import Interpreter, Limits
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import material
from fastcompanion.course.environments.target import Target, read_original
from fastcompanion.course.execution import (
    CellFailure,
    RunReport,
    execute_notebook,
    imported_modules,
)

_NUMBERS = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")


@dataclass(frozen=True)
class Trial:
    """How a notebook ran; cells count from 0.

    `same` of the `compared` cells that show decimals in the course's own copy showed the very same
    text here.
    """

    ok: bool
    words: str
    cell: int | None
    error: str
    seconds: float
    same: int
    compared: int
    last_number: str


def judged(report: RunReport, notebook: Mapping[str, Any]) -> Trial:
    """Put a run into words and compare what it showed with what the author's copy shows."""
    shown = {r.index: _text(r.outputs) for r in report.cells if r.status == "ok"}
    cells = notebook["cells"]
    pairs = [(_text(cells[i].get("outputs", ())), text) for i, text in shown.items()]
    numeric = [(was, now) for was, now in pairs if _NUMBERS.search(was)]
    same = sum(was == now for was, now in numeric)
    last = next((t for _, t in sorted(shown.items(), reverse=True) if _NUMBERS.search(t)), "")
    return Trial(
        ok=report.ok,
        words=_words(report, same, len(numeric)),
        cell=report.origin.cell if report.origin else None,
        error=_error(report.origin),
        seconds=round(report.seconds, 1),
        same=same,
        compared=len(numeric),
        last_number=" ".join(_NUMBERS.findall(last)[-1:]),
    )


def _words(report: RunReport, same: int, compared: int) -> str:
    if report.origin is not None:
        return f"the notebook stops at cell {report.origin.cell}: {_error(report.origin)}"
    if not report.finished:
        return "the notebook's time was used up before its end"
    told = f"; {same} of {compared} results with decimals are the published ones"
    return f"the notebook ran to its end in {report.seconds:.0f} s{told if compared else ''}"


def _error(failure: CellFailure | None) -> str:
    if failure is None:
        return ""
    value = " ".join(failure.error_value.split())[:200]
    return f"{failure.error_name}: {value}".removesuffix(": ") or failure.status


def _text(outputs: Sequence[Mapping[str, Any]]) -> str:
    parts: list[str] = []
    for output in outputs:
        if output.get("output_type") == "stream" and output.get("name") == "stdout":
            parts.append(_joined(output.get("text", "")))
        elif output.get("output_type") == "execute_result":
            parts.append(_joined(output.get("data", {}).get("text/plain", "")))
    return "\n".join(part.strip() for part in parts)


def _joined(text: Any) -> str:
    return text if isinstance(text, str) else "".join(text)


@contextmanager
def place(study: Workspace, target: Target, data: Sequence[Path]) -> Iterator[Path]:
    """Give a folder with what the notebook finds beside itself, gone when the block ends."""
    assert target.lesson is not None
    assert target.ref is not None
    folder = study.private / "trials" / clock.new_id()
    store.make_folder(folder)
    try:
        material.place(target.course, target.lesson, target.ref, read_original(target), folder)
        for source in data:
            material.add_data(source, folder)
        yield folder
    finally:
        store.remove(folder)


def run(
    target: Target,
    interpreter: Interpreter,
    folder: Path,
    limits: Limits,
    reporter: Reporter,
) -> tuple[RunReport, Trial]:
    """Run the original to its first failure, in a fresh kernel."""
    original = read_original(target)
    interpreter = _with_modules(interpreter, target, original)
    report = execute_notebook(original, interpreter, folder, limits, reporter, stop_on_error=True)
    return report, judged(report, original)


def _with_modules(
    interpreter: Interpreter, target: Target, notebook: Mapping[str, Any]
) -> Interpreter:
    """Let the notebook import the modules that lie in the course's own folders."""
    assert target.ref is not None
    modules = imported_modules(notebook)
    folders = material.module_folders(target.course, target.ref, modules)
    if not folders:
        return interpreter
    path = os.pathsep.join(map(str, folders))
    return replace(interpreter, env={**interpreter.env, "PYTHONPATH": path})


def mark(ran: Trial | None) -> str:
    """Write a run for an environment's marker: "yes", where it stopped, or empty for no run."""
    if ran is None:
        return ""
    return "yes" if ran.ok else f"stops at cell {ran.cell}"
