"""Which distributions a failed cell points at: its traceback's frames and the objects it held."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.kernel import CellResult, Kernel
from fastcompanion.course.environments.imports import distribution, normalised
from fastcompanion.course.notebooks.cells import parse_cell

_FRAME = re.compile(r"(?:site|dist)-packages[\\/](\w+)")
_COMPILED_FRAME = re.compile(r"^File (\w+)[\\/][\w\\/]+\.pyx", re.MULTILINE)
_ARROW = re.compile(r"^-+>\s*(\d+)", re.MULTILINE)
_QUOTED_MODULE = re.compile(r"(?:from|module(?: named)?) '([A-Za-z_]\w*)")
# Runs in the learner's kernel: where the named objects come from, data before functions and
# modules, as what changes under a notebook is more often what its data do.
_ORIGINS = """
import importlib.metadata as metadata, types
def home(value):
    if isinstance(value, types.ModuleType):
        return 1, value.__name__
    if isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType)):
        return 1, getattr(value, "__module__", None) or getattr(value, "__qualname__", "")
    return 0, type(value).__module__
space = globals()
found = sorted((home(space[name]) for name in NAMES if name in space), key=lambda pair: pair[0])
tops = [str(module).split(".")[0] for _, module in found]
known = getattr(metadata, "packages_distributions", dict)()
{"modules": tops, "known": {top: known[top][0] for top in {*tops, *FRAMES} if known.get(top)}}
"""


def suspects(kernel: Kernel, source: str, result: CellResult) -> tuple[str, ...]:
    """Name the distributions that a failed cell was using, likeliest first.

    Objects in the failing statement come first, then the traceback's frames from the deepest up,
    then what the statement imports. Python's own modules are nobody's distribution.
    """
    trace = "\n".join(result.traceback)
    frames = list(_frames(trace))
    statement = failing_statement(source, trace)
    mentioned = _QUOTED_MODULE.findall(result.error_value)
    names = list(_names(statement))
    modules, known = _ask(kernel, names, frames)
    every = [*modules, *frames, *_imported(statement), *mentioned]
    dists = (normalised(known.get(top, "") or distribution(top)) for top in every)
    return tuple(dict.fromkeys(name for name in dists if name not in _NOBODY))


_NOBODY = {"builtins", "--main--", "-main-", "main", "ipython", "ipykernel", "", "typing", "types"}


def _ask(
    kernel: Kernel, names: Sequence[str], frames: Sequence[str]
) -> tuple[list[str], dict[str, str]]:
    if not kernel.alive:
        return [], {}
    try:
        told = kernel.ask(f"NAMES = {list(names)!r}\nFRAMES = {list(frames)!r}\n{_ORIGINS}")
        return list(told["modules"]), dict(told["known"])
    except CompanionError:
        # Evidence is a help; without it the traceback and the imports have to do.
        return [], {}


def _frames(trace: str) -> Iterator[str]:
    found = [(m.start(), m[1]) for m in _FRAME.finditer(trace)]
    found += [(m.start(), m[1]) for m in _COMPILED_FRAME.finditer(trace)]
    for _, name in sorted(found, reverse=True):
        yield name


def failing_statement(source: str, trace: str) -> ast.AST | None:
    """Give the statement of a cell that its traceback's arrow points at, else the whole cell."""
    tree = parse_cell(source)
    arrow = _ARROW.search(trace)
    if tree is None or arrow is None:
        return tree
    line = int(arrow[1])
    inside = (n for n in ast.walk(tree) if isinstance(n, ast.stmt) and _covers(n, line))
    return min(inside, key=_height, default=tree)


def _covers(node: ast.stmt, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _height(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno


def _names(statement: ast.AST | None) -> Iterator[str]:
    if statement is None:
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id


def _imported(statement: ast.AST | None) -> Iterator[str]:
    for node in ast.walk(statement) if statement is not None else ():
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]
