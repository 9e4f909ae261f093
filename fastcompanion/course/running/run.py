"""Step 2 of a lesson: the learner's copy of the original, and how it runs here."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from fastcompanion.base import events, process, store
from fastcompanion.base.kernel import CellResult, Interpreter, Limits
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.environments import find_interpreter, programs
from fastcompanion.course.environments.imports import distribution
from fastcompanion.course.library import lessons, material
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.notebooks.execution import (
    CellFailure,
    Reason,
    RunReport,
    cell_names,
    execute_notebook,
    imported_modules,
    missing_module,
)
from fastcompanion.course.running import experiments
from fastcompanion.course.running.experiments import Change

__all__ = ["CellFailure", "RunReport", "execute_notebook"]

RAN = "lesson.ran"
Verdict = Literal["clean", "lesson broken here", "could not check", "your change failed"]
# Reasons that say nothing against the lesson: something is missing here.
_HERE: dict[Reason, str] = {
    "package": "a package is missing",
    "gpu": "it needs a GPU",
    "network": "it needs the network",
    "file": "a file is missing",
    "account": "it needs an account",
    "program": "a program is missing",
    "time": "it takes longer than its budget",
    "input": "it asks for input",
    "output": "it puts out too much",
    "memory": "its kernel was killed; the memory may not be enough",
}
_ARROW = re.compile(r"^-+> *\d+ (.*)$", re.MULTILINE)
_TOO_COSTLY: tuple[Reason, ...] = ("gpu", "time", "memory", "output")


@frozen
class Copied:
    """The learner's copy of an original, and what was put beside it; names are relative to it."""

    lesson: str
    notebook: str
    path: Path
    is_new: bool
    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


@frozen
class Trouble:
    """A failed cell in short; cells are counted from 0, over all cells of the notebook."""

    cell: int
    code_cell: int
    reason: Reason
    error: str
    line: str


@frozen
class LessonRun:
    """How a lesson's notebook ran here, and what to do about it (`cures`: commands, in order)."""

    lesson: str
    notebook: str
    path: Path
    verdict: Verdict
    ok: bool
    words: str
    origin: Trouble | None
    cascade: tuple[Trouble, ...]
    others: tuple[Trouble, ...]
    cures: tuple[str, ...]
    versions: Mapping[str, str]
    seconds: float
    cells_run: int
    cells_total: int
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()


@dataclass
class _Work:
    """What one run needs to know; `own` is the learner's notebook, and gets the outputs."""

    study: Workspace
    course: Course
    lesson: Lesson
    ref: NotebookRef
    path: Path
    own: dict[str, Any]
    original: dict[str, Any]
    read_digest: str
    results: list[CellResult] = field(default_factory=list)

    @property
    def changes(self) -> tuple[Change, ...]:
        return experiments.changes(self.original, self.own)


def copy_original(
    study: Workspace,
    course: Course,
    lesson: Lesson,
    ref: NotebookRef,
    *,
    data: Path | None = None,
    dry_run: bool = False,
) -> Copied:
    """Make the learner's copy to run and change, unless it is there; `data` is shown beside it."""
    original = notebook.read(lessons.original(course, ref))
    path = study.notebook(lesson.id, ref.id, "run")
    is_new = not path.exists()
    own = original if is_new else notebook.read(path)
    changes = experiments.changes(original, own)
    if dry_run:
        return Copied(lesson.id, ref.id, path, is_new, changes=changes)
    placed = material.place(course, lesson, ref, original, path.parent)
    files = placed.files
    if data is not None:
        files = (*files, material.add_data(data, path.parent))
    if is_new:
        notebook.write(path, _marked(own, lesson, ref))
    return Copied(lesson.id, ref.id, path, is_new, files, placed.notes, changes)


def own_changes(
    study: Workspace, course: Course, lesson: Lesson, ref: NotebookRef
) -> tuple[Change, ...]:
    """Say what the learner changed in their copy; nothing where there is none (on the web)."""
    path = study.notebook(lesson.id, ref.id, "run")
    if not path.exists():
        return ()
    original = notebook.read(lessons.original(course, ref))
    return experiments.changes(original, notebook.read(path))


def _marked(original: Mapping[str, Any], lesson: Lesson, ref: NotebookRef) -> dict[str, Any]:
    mark = {"version": 1, "lesson": lesson.id, "notebook": ref.id, "original": ref.sha256}
    return {**original, "metadata": {**original["metadata"], "fastcompanion": mark}}


def execute(
    study: Workspace,
    course: Course,
    lesson: Lesson,
    ref: NotebookRef,
    *,
    kernel: str | None,
    limits: Limits,
    reporter: Reporter,
    data: Path | None = None,
) -> LessonRun:
    """Run the learner's copy in a fresh kernel, save its outputs, record and judge the run.

    What ran is saved also when the run is broken off. One run of a notebook at a time.
    """
    interpreter = find_interpreter(kernel, course, study, reporter)
    name = f"run-{lesson.id}-{ref.id}".replace("/", "-")
    busy = f"{ref.id} of {lesson.id} is being run already"
    with store.lock(study.lock(name), busy=busy, wait=0):
        copied = copy_original(study, course, lesson, ref, data=data)
        work = _work(study, course, lesson, ref)
        try:
            report = execute_notebook(
                _to_run(work),
                _with_modules(interpreter, work),
                work.path.parent,
                limits,
                reporter,
                on_cell=work.results.append,
            )
        except BaseException:
            _save(work)
            if work.results:
                reporter.note(f"The outputs of {len(work.results)} cells are kept in {work.path}")
            raise
        return _judged(work, report, interpreter, (*copied.notes, *_save(work)))


def _work(study: Workspace, course: Course, lesson: Lesson, ref: NotebookRef) -> _Work:
    path = study.notebook(lesson.id, ref.id, "run")
    own = notebook.read(path)
    original = notebook.read(lessons.original(course, ref))
    return _Work(study, course, lesson, ref, path, own, original, _digest(path))


def _digest(path: Path) -> str:
    return hashlib.sha256(store.read_bytes(path)).hexdigest()


def _to_run(work: _Work) -> dict[str, Any]:
    """Give the learner's notebook with the author's outputs: errors shown there are on purpose."""
    shown = {
        cell["source"]: cell["outputs"]
        for cell in work.original["cells"]
        if cell["cell_type"] == "code"
    }
    cells = [{**cell, "outputs": shown.get(cell["source"], [])} for cell in work.own["cells"]]
    return {**work.own, "cells": cells}


def _with_modules(interpreter: Interpreter, work: _Work) -> Interpreter:
    """Let the notebook import the modules that lie beside its original."""
    modules = imported_modules(work.own)
    folders = material.module_folders(work.course, work.ref, modules)
    if not folders:
        return interpreter
    before = interpreter.env.get("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    parts = [*([before] if before else []), *map(str, folders)]
    return replace(interpreter, env={**interpreter.env, "PYTHONPATH": os.pathsep.join(parts)})


def _save(work: _Work) -> tuple[str, ...]:
    """Put what ran into the learner's copy, unless they saved it themselves in the meantime."""
    if not work.results:
        return ()
    if not work.path.exists() or _digest(work.path) != work.read_digest:
        return (f"{work.path.name} was saved elsewhere while it ran: its outputs were left alone",)
    for result in work.results:
        cell = work.own["cells"][result.index]
        cell["outputs"] = [dict(output) for output in result.outputs]
        cell["execution_count"] = result.execution_count
    notebook.write(work.path, work.own)
    return ()


def _judged(
    work: _Work, report: RunReport, interpreter: Interpreter, notes: Sequence[str]
) -> LessonRun:
    verdict, words = _verdict(work, report)
    run = LessonRun(
        lesson=work.lesson.id,
        notebook=work.ref.id,
        path=work.path,
        verdict=verdict,
        ok=report.ok,
        words=words,
        origin=_trouble(report, report.origin) if report.origin else None,
        cascade=tuple(_trouble(report, failure) for failure in report.cascade),
        others=tuple(_trouble(report, failure) for failure in report.others),
        cures=_cures(work, report, verdict, interpreter),
        versions=report.versions,
        seconds=round(report.seconds, 3),
        cells_run=sum(result.status != "not-run" for result in report.cells),
        cells_total=len(report.cells),
        changes=work.changes,
        notes=tuple(notes),
    )
    _record(work, run)
    return run


def _record(work: _Work, run: LessonRun) -> None:
    origin = run.origin
    too_costly = origin is not None and origin.reason in _TOO_COSTLY
    data = {
        "notebook": run.notebook,
        "ok": run.ok,
        "verdict": run.verdict,
        "broken": run.verdict == "lesson broken here"
        or (run.verdict == "could not check" and too_costly),
        "cell": origin.cell if origin else None,
        "error": origin.error if origin else None,
        "changed": [change.cell for change in run.changes],
        "versions": dict(run.versions),
        "seconds": round(run.seconds, 1),
    }
    events.record(work.study, RAN, work.lesson.id, data)


def _trouble(report: RunReport, failure: CellFailure) -> Trouble:
    order = [result.index for result in report.cells]
    error = f"{failure.error_name}: {' '.join(failure.error_value.split())}"
    return Trouble(
        failure.cell,
        order.index(failure.cell) + 1,
        failure.reason,
        error[:500].removesuffix(": "),
        _failing_line(failure)[:100],
    )


def _failing_line(failure: CellFailure) -> str:
    """Give the cell's line that failed: the traceback's first arrow, else its first line."""
    marked = _ARROW.search("\n".join(failure.traceback))
    lines = [line.strip() for line in failure.source.split("\n") if line.strip()]
    return marked[1].strip() if marked and marked[1].strip() in lines else (lines or [""])[0]


def _verdict(work: _Work, report: RunReport) -> tuple[Verdict, str]:
    origin = report.origin
    if origin is None:
        if report.finished:
            return "clean", "every cell ran"
        return "could not check", "the run's time was used up"
    culprit = _changed_cause(work, origin)
    if culprit is not None:
        where = "which you changed" if culprit == origin.cell else f"fed by cell {culprit}, yours"
        return "your change failed", f"cell {origin.cell}, {where}"
    if origin.reason in _HERE:
        return "could not check", f"cell {origin.cell}: {_HERE[origin.reason]}"
    return "lesson broken here", f"cell {origin.cell} is as its author wrote it, and fails here"


def _changed_cause(work: _Work, origin: CellFailure) -> int | None:
    """Find the learner's change that a failure comes from: the cell itself, or one that feeds it."""
    changed = {change.cell for change in work.changes if change.kind != "removed"}
    if origin.cell in changed:
        return origin.cell
    wanted = set(cell_names(origin.source)[0])
    for index in range(origin.cell - 1, -1, -1):
        cell = work.own["cells"][index]
        if cell["cell_type"] != "code":
            continue
        reads, binds = cell_names(cell["source"])
        if binds & wanted:
            if index in changed:
                return index
            wanted |= reads
    return None


def _cures(
    work: _Work, report: RunReport, verdict: Verdict, interpreter: Interpreter
) -> tuple[str, ...]:
    origin = report.origin
    if origin is None or verdict == "your change failed":
        return ()
    again = f"fastcompanion lesson run {work.lesson.id} --notebook {work.ref.id} --execute"
    create = f"fastcompanion env create --for {work.lesson.id} --notebook {work.ref.id}"
    match origin.reason:
        case "package":
            install = ("uv", "pip", "install", "--python", interpreter.argv[0])
            return (create, process.shown([*install, distribution(missing_module(origin))]))
        case "file":
            return (f"{again} --data PATH",)
        case "time":
            return (f"{again} --cell-timeout 3600 --budget 7200",)
        case "program":
            line = programs.install_line(programs.missing_program(origin.error_value))
            return (line,) if line else ()
        case "gpu" | "network" | "account" | "input" | "exit" | "output" | "memory":
            return ()
    data = _linked_data(work.path.parent)
    return (f"{create} --minimal{data}", f"{create} --as-of lesson{data}")


def _linked_data(folder: Path) -> str:
    """Write the options that show the same data to the command that mends the lesson."""
    links = sorted(path.resolve() for path in folder.iterdir() if path.is_symlink())
    return "".join(f" --data {process.shown([str(path)])}" for path in links)
