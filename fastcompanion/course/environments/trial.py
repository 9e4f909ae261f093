"""Running a lesson's original in a candidate environment: success is what ran, nothing else."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastcompanion.base import clock, store
from fastcompanion.base.kernel import CellResult, Interpreter, Kernel, Limits
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.environments import blame
from fastcompanion.course.environments.target import Target, read_original
from fastcompanion.course.library import material
from fastcompanion.course.notebooks.execution import (
    imported_modules,
    is_code,
    is_expected,
    reason_of,
)

_NOT_DATA = (".ipynb", ".checks.json", "notes.md")
_NUMBERS = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")


@frozen
class Trial:
    """How a notebook ran; cells count from 0.

    `same` of the `compared` cells that show decimals in the course's own copy showed the very same
    text here; `last_number` is the last one shown. `suspects` are distributions that the failed
    cell was using, likeliest first; `reason` sorts the failure as `lesson run` does.
    """

    ok: bool
    words: str
    cell: int | None
    error: str
    reason: str
    seconds: float
    same: int
    compared: int
    last_number: str
    suspects: tuple[str, ...] = ()


def run(
    target: Target, interpreter: Interpreter, folder: Path, limits: Limits, reporter: Reporter
) -> Trial:
    """Run the original in a fresh kernel to its end or its first failure, and look at that."""
    notebook = read_original(target)
    begun = clock.monotonic()
    code = [i for i, cell in enumerate(notebook["cells"]) if is_code(cell)]
    results: list[CellResult] = []
    suspects: tuple[str, ...] = ()
    interpreter = _with_modules(interpreter, target, notebook)
    with (
        reporter.task("Running the lesson", len(code)) as task,
        Kernel(interpreter, folder, limits) as kernel,
    ):
        for index in code:
            cell = notebook["cells"][index]
            results.append(kernel.run(cell["source"], index))
            task.advance(1)
            if results[-1].status != "ok" and not is_expected(cell, results[-1]):
                suspects = blame.suspects(kernel, cell["source"], results[-1])
                break
    trial = _judged(notebook, results, clock.monotonic() - begun)
    return replace(trial, suspects=suspects)


def _judged(notebook: Mapping[str, Any], results: Sequence[CellResult], seconds: float) -> Trial:
    """Put a run into words and compare what it showed with what the author's copy shows."""
    cells = notebook["cells"]
    last = results[-1] if results else None
    failed = (
        last if last and last.status != "ok" and not is_expected(cells[last.index], last) else None
    )
    shown = {r.index: _text(r.outputs) for r in results if r.status == "ok"}
    pairs = [(_text(cells[i].get("outputs", ())), text) for i, text in shown.items()]
    numeric = [(was, now) for was, now in pairs if _NUMBERS.search(was)]
    same = sum(was == now for was, now in numeric)
    number = next((t for _, t in sorted(shown.items(), reverse=True) if _NUMBERS.search(t)), "")
    last_number = " ".join(_NUMBERS.findall(number)[-1:])
    return Trial(
        ok=failed is None,
        words=_words(failed, seconds, same, len(numeric), last_number),
        cell=failed.index if failed else None,
        error=_error(failed),
        reason=reason_of(failed) if failed else "",
        seconds=round(seconds, 1),
        same=same,
        compared=len(numeric),
        last_number=last_number,
    )


def _words(
    failed: CellResult | None, seconds: float, same: int, compared: int, last_number: str
) -> str:
    if failed is not None:
        return f"the notebook stops at cell {failed.index}: {_error(failed)}"
    told = f"the notebook ran to its end in {seconds:.0f} s"
    told += f"; the last number it shows is {last_number}" if last_number else ""
    return told + (f"; {same} of {compared} decimals are as published" if compared else "")


def _error(failed: CellResult | None) -> str:
    if failed is None:
        return ""
    value = " ".join(failed.error_value.split())[:200]
    return (
        f"{failed.error_name}: {value}".removesuffix(": ") if failed.error_name else failed.status
    )


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
    """Give a folder with what the notebook finds beside itself, gone when the block ends.

    That is the course's own material, `data`, and what the learner has put beside their copy.
    """
    assert target.lesson is not None
    assert target.ref is not None
    folder = study.private / "trials" / clock.new_id()
    store.make_folder(folder)
    try:
        material.place(target.course, target.lesson, target.ref, read_original(target), folder)
        for source in data:
            material.add_data(source, folder)
        _add_learners_data(study.lesson_folder(target.lesson.id), folder)
        yield folder
    finally:
        store.remove(folder)


def _add_learners_data(source: Path, folder: Path) -> None:
    for child in sorted(source.iterdir()) if source.is_dir() else ():
        target = folder / child.name
        own = child.name.endswith(_NOT_DATA) or child.name.startswith(".")
        if own or target.exists() or target.is_symlink():
            continue
        if child.is_dir() or child.is_symlink():
            store.link(child, target)
        else:
            # A copy: what the trial writes must not go into the learner's file.
            store.copy(child, target)


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
