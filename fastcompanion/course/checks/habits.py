"""What people leave out when they write a cell again, to be known by what comes out. Pure syntax.

These are wrong versions of an original as slips.py gives them, but not of the kinds that a check is
measured by: a selection of rows that was forgotten, a column of a table, a setting, a brake in a loop.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from fastcompanion.course.checks.mutants import Change, Mutant, Planned, made, on_node
from fastcompanion.course.checks.slips import ALONE, Surroundings
from fastcompanion.course.checks.spared import untouched
from fastcompanion.course.notebooks.cells import SEED, parse_cell
from fastcompanion.course.notebooks.names import dotted

_MOST_ENTRIES = 6
_TOLD = ("seed", "random_state", "axis", "dim", "keepdim", "keepdims", "dtype")


def forgotten(source: str, around: Surroundings = ALONE) -> list[Mutant]:
    """Give every version of a cell that leaves one of these out, in a fixed order."""
    tree = parse_cell(source)
    return [] if tree is None else made(tree, _places(tree, around))


def _places(tree: ast.Module, around: Surroundings) -> Iterator[Planned]:
    skipped = untouched(tree, around.skipped, around.told)
    for number, node in enumerate(ast.walk(tree)):
        if id(node) not in skipped:
            for operator, detail, change in _changes(node):
                yield operator, detail, getattr(node, "lineno", 0), on_node(number, change)


def _changes(node: ast.AST) -> Iterator[tuple[str, tuple[str, ...], Change]]:
    match node:
        case ast.Subscript(ctx=ast.Load()) if not isinstance(node.slice, ast.Constant):
            yield "selection", (), _whole
        case ast.List() | ast.Tuple() if isinstance(node.ctx, ast.Load) and len(node.elts) > 1:
            for place in range(min(len(node.elts), _MOST_ENTRIES)):
                yield "entry", (), _without("elts", place)
        case ast.Call() if not SEED.search(dotted(node.func)):
            for place, keyword in enumerate(node.keywords):
                if keyword.arg and keyword.arg not in _TOLD:
                    yield "setting", (keyword.arg,), _without("keywords", place)
        case ast.If() if all(isinstance(one, ast.Break | ast.Continue) for one in node.body):
            yield "brake", (), _never
        case ast.If() if not node.orelse:
            yield "always", (), _always


def _whole(node: ast.AST) -> None:
    assert isinstance(node, ast.Subscript)
    value = node.value
    kept = dict(vars(value))
    vars(node).clear()
    node.__class__ = value.__class__  # type: ignore[assignment]
    vars(node).update(kept)


def _without(field: str, place: int) -> Change:
    def change(node: ast.AST) -> None:
        del getattr(node, field)[place]

    return change


def _never(node: ast.AST) -> None:
    assert isinstance(node, ast.If)
    node.test = ast.Constant(False)


def _always(node: ast.AST) -> None:
    assert isinstance(node, ast.If)
    node.test = ast.Constant(True)
