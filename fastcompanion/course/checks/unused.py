"""What a learner's function is given or works out, and never uses: where a mistake often is. Pure syntax."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence

from fastcompanion.course.notebooks.names import dotted, parameters

Found = tuple[int, str]  # the line from 1, and a sentence without its full stop


def unused(statements: Sequence[ast.stmt], own: Collection[str] = ()) -> Iterator[Found]:
    """Say what functions leave unused; `own` are functions whose answer is what counts."""
    for function in statements:
        if isinstance(function, ast.FunctionDef) and not _is_stub(function):
            yield from _in_function(function, own)


def answering(statements: Sequence[ast.stmt]) -> frozenset[str]:
    """Name the functions that return something."""
    return frozenset(
        one.name
        for one in statements
        if isinstance(one, ast.FunctionDef)
        and any(isinstance(n, ast.Return) and n.value is not None for n in ast.walk(one))
    )


def _is_stub(function: ast.FunctionDef) -> bool:
    return all(isinstance(one, ast.Pass | ast.Expr | ast.Raise) for one in function.body)


def _in_function(function: ast.FunctionDef, own: Collection[str]) -> Iterator[Found]:
    inner = [node for part in function.body for node in ast.walk(part)]
    read = {n.id for n in inner if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Store)}
    shared = {name for n in inner if isinstance(n, ast.Global | ast.Nonlocal) for name in n.names}
    for name in parameters(function.args):
        if name not in read and name.strip("_") and name != "self":
            yield function.lineno, f"`{function.name}` is given `{name}` and never uses it"
    for node in inner:
        yield from _in_statement(function.name, node, read | shared, own)


def _in_statement(
    function: str, node: ast.AST, read: Collection[str], own: Collection[str]
) -> Iterator[Found]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]) if name not in read and name.strip("_"):
            yield node.lineno, f"`{name}` is worked out in `{function}` and never used"
        case ast.Expr(value=ast.Call() as call) if dotted(call.func) in own:
            yield node.lineno, f"what `{dotted(call.func)}` gives is thrown away in `{function}`"
        case ast.For() if not _counts(node):
            for name in (n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)):
                if name not in read and name.strip("_"):
                    yield node.lineno, f"the loop over `{name}` never uses it"


def _counts(node: ast.For) -> bool:
    """Is it a loop that only repeats?"""
    return isinstance(node.iter, ast.Call) and dotted(node.iter.func) == "range"
