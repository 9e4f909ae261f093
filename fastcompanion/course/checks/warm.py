"""The tool's side of the warm worker: runs plans, again from the first changed section only.

Where a system can't fork (Windows, not run here) `available` is False and callers use a fresh
kernel instead. The worker and all that it started live in one process group, which is ended with
the block, by Ctrl-C as well.
"""

from __future__ import annotations

import json
import os
import queue
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fastcompanion.base import process, store
from fastcompanion.base.kernel import Interpreter, Limits
from fastcompanion.course.checks import warm_worker
from fastcompanion.course.checks.plan import Plan, PlannedSection
from fastcompanion.course.checks.verdict import Failure, Outcome
from fastcompanion.course.recorded import (
    calls,
    fingerprints,
    observer,
    probe,
    replays,
    scenes,
    values,
)

CHECK_SECONDS = 10.0
_START_SECONDS = 180.0
_END_SECONDS = 2.0
_JUDGE_SECONDS = 60.0
_FUTURE = "from __future__ import annotations\n"
_OURS = re.compile(r"^from (?:__future__|fastcompanion\S*) import (?:\([^)]*\)|.*)$", re.MULTILINE)
_SYNTAX = ("SyntaxError", "IndentationError", "TabError")
_PLACE = re.compile(r"\s*\((?:<[^>]*>|[^()]*), line \d+\)$")
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    ),
    "1",
)


#: In the order in which they use each other.
_IN_KERNEL = (values, probe, fingerprints, calls, replays, scenes, observer)


class WorkerLostError(Exception):
    """The worker gave no answer or died: a fresh kernel has to do the work."""


def available() -> bool:
    """Tell whether this system can fork."""
    return hasattr(os, "fork")


def judge_source(*, observes: bool = True) -> str:
    """Give the judge as one text that runs in the learner's interpreter, without this package.

    What only recorded checks need is left out when it `observes` nothing: it takes time to compile.
    """
    modules = _IN_KERNEL if observes else _IN_KERNEL[:2]
    texts = [store.read_text(Path(str(module.__file__))) for module in modules]
    return _FUTURE + "".join(_OURS.sub("", text) for text in texts)


class Warm:
    """A warm worker, from the start of a `with` block to its end."""

    def __init__(
        self,
        interpreter: Interpreter,
        cwd: Path,
        limits: Limits,
        plan: Plan,
        imports: Sequence[str] = (),
    ) -> None:
        """`imports` are modules that are loaded once, before any section runs."""
        self._interpreter, self._cwd, self._limits = interpreter, cwd, limits
        self._imports = list(imports)
        self._checks, self._origin = plan.checks, plan.origin
        self._done: list[tuple[str, Outcome]] = []
        self._answers: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._cell_seconds = limits.cell_seconds
        self._cpu_seconds: float | None = None
        self.reused = 0

    def __enter__(self) -> Self:
        """Start the worker; its imports are warm from here on."""
        # As text and not as a file: a script's folder would be the first place of its imports.
        script = store.read_text(Path(warm_worker.__file__))
        environment = {**self._interpreter.env, **ONE_THREAD, "MPLBACKEND": "Agg"}
        argv = [*self._interpreter.argv, "-u", "-c", script]
        self._child = process.spawn(
            argv, cwd=self._cwd, env=environment, stdin=True, pipes=True, merged=True
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        try:
            self._send(
                judge=judge_source(),
                checks=self._checks,
                origin=self._origin,
                seconds=CHECK_SECONDS,
                output_bytes=int(self._limits.output_mb * 1e6),
                imports=self._imports,
            )
            self._next(_START_SECONDS)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the whole group."""
        self._end()

    @property
    def pid(self) -> int:
        """The root process, whose group all others are in."""
        return self._child.pid

    def _end(self) -> None:
        """Let the root end its group, which it does when its orders end; else do it ourselves."""
        orders, answers = self._child.process.stdin, self._child.process.stdout
        assert orders is not None
        assert answers is not None
        with suppress(OSError):
            orders.close()
        self._listener.join(_END_SECONDS)
        if self._listener.is_alive():
            self._child.kill_tree()
            self._listener.join()
        self._child.wait()
        answers.close()

    def _listen(self) -> None:
        """Hand on the worker's answers; what is no answer was said by its start (an error)."""
        stream = self._child.process.stdout
        words: list[str] = []
        try:
            for line in stream or ():
                if line.startswith("{"):
                    self._answers.put(json.loads(line))
                else:
                    words = [*words[-5:], line.strip()]
        except ValueError:
            words.append("it was closed")
        self._answers.put({"lost": True, "words": " ".join(words[-1:])})

    def _send(self, **order: Any) -> None:
        stream = self._child.process.stdin
        assert stream is not None
        try:
            stream.write(json.dumps(order) + "\n")
            stream.flush()
        except OSError as error:
            raise WorkerLostError(str(error)) from None

    def _next(self, seconds: float) -> dict[str, Any]:
        try:
            answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            return {"silent": True}
        if answer is None or answer.get("lost"):
            words = str((answer or {}).get("words", "")) or "it gave no reason"
            raise WorkerLostError(f"the warm worker has ended: {words}")
        return answer

    def run(
        self,
        sections: Sequence[PlannedSection],
        *,
        trace: bool = False,
        cell_seconds: float | None = None,
        cpu_seconds: float | None = None,
        on_cell: Callable[[str, int], None] | None = None,
    ) -> tuple[Outcome, ...]:
        """Run sections in order until one fails; unchanged ones at the start are not run again.

        `trace` adds a digest of all values to each outcome that is run now; `cell_seconds`
        takes the place of the limit of a cell, `cpu_seconds` is what it may compute.
        """
        self._cell_seconds = cell_seconds or self._limits.cell_seconds
        self._cpu_seconds = cpu_seconds
        keep = self._unchanged(sections)
        del self._done[keep:]
        self.reused = keep
        for depth, section in enumerate(sections[keep:], start=keep + 1):
            outcome = self._section(depth, section, trace, on_cell)
            if outcome.failure is not None:
                return (*(one for _, one in self._done), outcome)
            self._done.append((_key(section), outcome))
        return tuple(one for _, one in self._done)

    def trace(self) -> str:
        """Digest all values as the last section of the last run has left them; "" if nobody knows."""
        depth = len(self._done)
        self._send(op="trace", depth=depth)
        while True:
            answer = self._next(_JUDGE_SECONDS)
            if "silent" in answer:
                return ""
            if answer.get("depth") == depth and answer.keys() & {"trace", "lost", "died"}:
                return str(answer.get("trace", ""))

    def _unchanged(self, sections: Sequence[PlannedSection]) -> int:
        count = 0
        for (key, _), section in zip(self._done, sections, strict=False):
            if key != _key(section):
                break
            count += 1
        return count

    def _section(
        self,
        depth: int,
        section: PlannedSection,
        trace: bool,
        on_cell: Callable[[str, int], None] | None,
    ) -> Outcome:
        self._send(op="run", depth=depth, trace=trace, cpu=self._cpu_seconds, **_order(section))
        cell, budget, pid = -1, self._cell_seconds, 0
        while True:
            # Nobody is at work before its number came: there is nothing that could be ended.
            answer = self._next(budget if pid else max(budget, _JUDGE_SECONDS))
            if answer.get("depth", depth) != depth or not (
                pid or answer.keys() & {"pid", "silent"}
            ):
                continue
            if "silent" in answer and not pid:
                raise WorkerLostError("the warm worker did not begin")
            if "silent" in answer:
                self._send(op="kill", pid=pid)
                return _failed(section, cell, "timeout", f"longer than {budget:g} s")
            if "died" in answer:
                return _failed(section, cell, "died", f"the process ended with {answer['died']}")
            if "outcome" in answer:
                return _outcome(section, answer["outcome"], float(answer["seconds"]))
            if "pid" in answer:
                pid = int(answer["pid"])
            elif "cell" in answer:
                cell = int(answer["cell"])
                budget = self._cell_seconds if cell >= 0 else _JUDGE_SECONDS
                if on_cell is not None and cell >= 0:
                    on_cell(section.title, cell)


def _key(section: PlannedSection) -> str:
    names = [point.name for point in section.checkpoints]
    observed = json.dumps(section.observe, sort_keys=True)
    return json.dumps([section.id, section.key, names, sorted(section.mapping.items()), observed])


def _order(section: PlannedSection) -> dict[str, Any]:
    cells = [
        {
            "index": cell.index,
            "source": cell.source,
            "given": list(cell.given) if cell.is_given else [],
            "tags": list(cell.tags),
        }
        for cell in section.cells
    ]
    observe = dict(section.observe) if section.observe is not None else None
    return {"id": section.id, "cells": cells, "spec": section.spec, "observe": observe}


def _failed(section: PlannedSection, cell: int, status: str, why: str) -> Outcome:
    return Outcome(section.id, Failure(max(cell, 0), status, "", why))


def _outcome(section: PlannedSection, told: Mapping[str, Any], seconds: float) -> Outcome:
    judged = told.get("judged")
    points = tuple(judged) if judged is not None else None
    if told["status"] != "ok":
        blame = told.get("blame") or {}
        failure = Failure(
            int(told["cell"]),
            str(told["status"]),
            str(told.get("error_name", "")),
            without_name(str(told.get("error_value", "")), str(told.get("error_name", ""))),
            blame.get("line"),
            str(blame.get("text", "")),
            str(blame.get("deeper", "")),
        )
        return Outcome(section.id, failure, points, seconds, observed=told.get("observed"))
    trace = str(told.get("trace", ""))
    return Outcome(section.id, None, points, seconds, trace, told.get("observed"))


def without_name(told: str, name: str) -> str:
    """Take the exception's name off the front of "NameError: name 'x' …".

    A syntax error ends in a file name that a kernel has made up; we name the cell instead.
    """
    said = told.removeprefix(name).removeprefix(": ")
    return _PLACE.sub("", said) if name in _SYNTAX else said
