"""Executing a whole notebook in a fresh kernel, and telling where its troubles begin.

Cells are counted as a notebook file does: all cells, from 0. Running goes on after an error, as
later errors tell what else is wrong; those that only follow from an earlier one (the cascade) are
kept apart from their origin.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any, Literal

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.kernel import CellResult, Interpreter, Kernel, Limits, Status
from fastcompanion.base.outputs import weight
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.course.notebooks.cells import parse_cell
from fastcompanion.course.notebooks.names import names_of

Reason = Literal[
    "error", "package", "gpu", "file", "network", "program", "input", "time", "output", "memory",
    "died", "exit", "account",
]  # fmt: skip
# Outputs of all cells together may be this many times what one cell may put out.
_OUTPUTS_IN_ALL = 5
_NO_GPU = re.compile(
    r"not compiled with CUDA|no NVIDIA driver|No CUDA GPUs|CUDA driver|no CUDA-capable|"
    r"torch\.cuda\.is_available\(\) is False|CUDA (?:is|was) not available|no kernel image|"
    r"libcuda|libcudart|No GPU|no GPU|NVIDIA GPU|nvidia-smi|MPS backend"
)
# Libraries wrap these into errors of their own: they are looked for in all that were raised.
_NETWORK = re.compile(
    r"\b(?:URLError|ConnectionError|ConnectTimeout|ReadTimeout|gaierror|ProxyError|ConnectError|"
    r"NewConnectionError|MaxRetryError|NameResolutionError|LocalEntryNotFoundError|DNSError)\b|"
    r"Name or service not known|Temporary failure in name resolution|getaddrinfo failed|"
    r"Network is unreachable|nodename nor servname|(?i:dns error)"
)
_RAISED = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception|Timeout)\b.*$", re.MULTILINE)
_ACCOUNT = re.compile(
    r"kaggle\.json|KAGGLE_\w+|\b40[13]\b.*(?:Unauthorized|Forbidden|Client Error)|"
    r"GatedRepoError|(?i:not authenticated|missing credentials|invalid credentials|access token)"
)
_PROGRAM = re.compile(r"failed to execute|ExecutableNotFound|command not found")
_STAR = re.compile(r"^\s*from\s+[\w.]+\s+import\s+\*", re.MULTILINE)
_IMPORT = re.compile(r"^\s*(?:from\s+(\w+)[\w.]*\s+import\b|import\s+(.+)$)", re.MULTILINE)
_BY_STATUS: dict[Status, Reason] = {
    "timeout": "time",
    "died": "died",
    "too-much-output": "output",
    "asked-for-input": "input",
    "exited": "exit",
}


@frozen
class CellFailure:
    """A cell that did not do what its author meant; `reason` sorts it, `source` is its code."""

    cell: int
    status: Status
    reason: Reason
    error_name: str
    error_value: str
    traceback: tuple[str, ...]
    source: str


@frozen
class RunReport:
    """How a run went: every code cell in order, and the failures by what they stem from.

    `origin` is the first failure, `cascade` what follows from it or from another failure,
    `others` the rest. `finished`: every cell had its turn. Versions are those of the packages
    in use, and of Python. Errors that the author shows on purpose are no failures.
    """

    cells: tuple[CellResult, ...]
    origin: CellFailure | None
    cascade: tuple[CellFailure, ...] = ()
    others: tuple[CellFailure, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    finished: bool = True

    @property
    def ok(self) -> bool:
        """Whether the notebook ran from its first cell to its last without a failure."""
        return self.origin is None and self.finished


def execute_notebook(
    nb: Mapping[str, Any],
    interpreter: Interpreter,
    cwd: Path,
    limits: Limits,
    reporter: Reporter,
    *,
    stop_on_error: bool = False,
    on_cell: Callable[[CellResult], None] | None = None,
) -> RunReport:
    """Run every code cell of a notebook in a fresh kernel; the notebook itself stays as it is.

    A kernel that can't be started is exit 5. `on_cell` gets each result as soon as it is there.
    """
    begun = clock.monotonic()
    code = [i for i, cell in enumerate(nb["cells"]) if is_code(cell)]
    results: list[CellResult] = []
    with reporter.task("Running", total=len(code)) as task, Kernel(interpreter, cwd, limits) as k:
        room = _OUTPUTS_IN_ALL * limits.output_mb * 1e6
        stopped = False
        for index in code:
            source = nb["cells"][index]["source"]
            if stopped:
                results.append(CellResult(index, "not-run"))
                continue
            task.advance(0, f"cell {index}: {_first_line(source)}")
            result = k.run(source, index)
            room -= sum(map(weight, result.outputs))
            results.append(result if room > 0 else replace(result, outputs=()))
            if on_cell is not None:
                on_cell(results[-1])
            task.advance(1)
            failed = result.status != "ok" and not is_expected(nb["cells"][index], result)
            stopped = _ends_run(result, k) or (stop_on_error and failed)
        versions = _versions(k, imported_modules(nb))
    report = _sorted_out(nb, results)
    return replace(report, versions=versions, seconds=clock.monotonic() - begun)


def is_code(cell: Mapping[str, Any]) -> bool:
    """Whether a cell is to be run at all."""
    tags = cell.get("metadata", {}).get("tags") or ()
    return (
        cell["cell_type"] == "code"
        and bool(cell["source"].strip())
        and "skip-execution" not in tags
    )


def is_expected(cell: Mapping[str, Any], result: CellResult) -> bool:
    """Whether the author shows this error on purpose: tagged so, or kept in the saved outputs."""
    if result.status != "error":
        return False
    shown = {
        output.get("ename")
        for output in cell.get("outputs") or ()
        if output.get("output_type") == "error"
    }
    tags = cell.get("metadata", {}).get("tags") or ()
    return "raises-exception" in tags or result.error_name in shown


def _first_line(source: str) -> str:
    return next((line.strip()[:60] for line in source.split("\n") if line.strip()), "")


def _ends_run(result: CellResult, kernel: Kernel) -> bool:
    return result.status in ("timeout", "exited", "not-run") or not kernel.alive


def _sorted_out(nb: Mapping[str, Any], results: list[CellResult]) -> RunReport:
    """Tell origin, cascade and others apart by the names that failed cells did not bind."""
    origin: CellFailure | None = None
    cascade: list[CellFailure] = []
    others: list[CellFailure] = []
    missing: set[str] = set()
    for result in results:
        cell = nb["cells"][result.index]
        reads, binds = cell_names(cell["source"])
        follows = bool(reads & missing) or _names_missing(result, missing)
        if result.status in ("ok", "not-run") or is_expected(cell, result):
            missing = missing | binds if follows else missing - binds
            continue
        failure = _failure(result, cell["source"])
        missing |= binds
        if _STAR.search(cell["source"]):
            missing.add("*")
        if origin is None:
            origin = failure
        else:
            (cascade if follows else others).append(failure)
    finished = all(result.status != "not-run" for result in results)
    return RunReport(tuple(results), origin, tuple(cascade), tuple(others), finished=finished)


def cell_names(source: str) -> tuple[frozenset[str], frozenset[str]]:
    """Give the names that a cell reads and those it binds or changes in place."""
    tree = parse_cell(source)
    if tree is None:
        return frozenset(), frozenset()
    names = names_of(tree)
    return names.reads, frozenset([*names.binds, *names.changes])


def _names_missing(result: CellResult, missing: set[str]) -> bool:
    """Whether a name is unknown that a failed cell binds, or may bind by a star import."""
    if result.error_name not in ("NameError", "UnboundLocalError"):
        return False
    found = re.search(r"'(\w+)'", result.error_value)
    return "*" in missing or bool(found and found[1] in missing)


def _failure(result: CellResult, source: str) -> CellFailure:
    return CellFailure(
        result.index,
        result.status,
        reason_of(result),
        result.error_name,
        result.error_value,
        result.traceback,
        source,
    )


def reason_of(result: CellResult) -> Reason:
    """Sort a failure by its cause, as far as its own words tell."""
    name, value = result.error_name, result.error_value
    if result.status == "died" and "SIGKILL" in value:
        return "memory"
    if result.status in _BY_STATUS:
        return _BY_STATUS[result.status]
    if name == "ModuleNotFoundError":
        return "package"
    if _NO_GPU.search(value):
        return "gpu"
    trace = "\n".join(result.traceback)
    if _NETWORK.search("\n".join([f"{name}: {value}", *_RAISED.findall(trace)])):
        return "network"
    if _ACCOUNT.search(value) or _library_left(result, trace):
        return "account" if _ACCOUNT.search(value) or "kaggle" in trace else "exit"
    if name == "ExecutableNotFound" or _PROGRAM.search(value):
        return "program"
    if name == "FileNotFoundError":
        return "file"
    return "error"


def _library_left(result: CellResult, trace: str) -> bool:
    """Whether a library called exit(), which IPython hides: Kaggle's does without an account."""
    hidden = ("name 'exit' is not defined", "name 'quit' is not defined")
    return result.error_value in hidden and "site-packages" in trace


def missing_module(failure: CellFailure) -> str:
    """Name the top-level module that a failed import did not find."""
    found = re.search(r"No module named '?([\w.]+)", failure.error_value)
    return found[1].split(".")[0] if found else ""


def imported_modules(nb: Mapping[str, Any]) -> tuple[str, ...]:
    """List the top-level modules that a notebook's code imports."""
    found: dict[str, None] = {}
    for cell in nb["cells"]:
        if cell["cell_type"] == "code":
            found.update(dict.fromkeys(_imports(cell["source"])))
    return tuple(found)


def _imports(source: str) -> Iterable[str]:
    for match in _IMPORT.finditer(source):
        if match[1]:
            yield match[1]
        else:
            for part in match[2].split("#")[0].split(","):
                if name := re.match(r"\s*([A-Za-z_]\w*)", part):
                    yield name[1]


# Runs in the learner's kernel: the versions of what was imported by name, and of what the names
# in use belong to (a star import hands on other packages' names).
_VERSIONS = """
import sys, types
from importlib.metadata import version
def home(value):
    if isinstance(value, types.ModuleType):
        return value.__name__
    own = isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType))
    return getattr(value if own else type(value), "__module__", None)
def version_of(name):
    try:
        return version(name)
    except Exception:
        found = getattr(sys.modules.get(name), "__version__", None)
        return found if isinstance(found, str) else None
top = set(MODULES)
for value in list(globals().values()):
    name = home(value)
    if isinstance(name, str):
        top.add(name.split(".")[0])
top -= set(getattr(sys, "stdlib_module_names", ())) | {"__main__", "builtins", "IPython"}
found = {name: version_of(name) for name in sorted(top)}
found = {name: text for name, text in found.items() if text}
found["python"] = ".".join(map(str, sys.version_info[:3]))
found
"""


def _versions(kernel: Kernel, modules: Iterable[str]) -> dict[str, str]:
    try:
        if not kernel.alive:
            kernel.restart()
        return dict(kernel.ask(f"MODULES = {list(modules)!r}\n{_VERSIONS}"))
    except CompanionError:
        # Versions are a service; a kernel that can't even tell them has failed more loudly before.
        return {}
