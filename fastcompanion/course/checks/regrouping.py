"""The same operations in another order: other brackets, a function before or after a summary. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from fastcompanion.course.checks.mutants import Change

BRACKETS = "with the brackets in another place"
ORDER = "with two steps in the wrong order"
_Arithmetic = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.MatMult)


def regrouped(node: ast.expr) -> Iterator[tuple[str, Change]]:
    """Give the other ways to put the operations of one expression together."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, _Arithmetic):
        if isinstance(node.left, ast.BinOp) and isinstance(node.left.op, _Arithmetic):
            yield BRACKETS, _to_the_right
            if type(node.left.op) is not type(node.op):
                yield ORDER, _exchanged
        if isinstance(node.right, ast.BinOp) and isinstance(node.right.op, _Arithmetic):
            yield BRACKETS, _to_the_left
    inner = _inside(node)
    if inner is not None and _inside(inner) is not None:
        yield ORDER, _turned
    if isinstance(node, ast.BinOp) and isinstance(node.left, ast.Call) and _inside(node.left):
        yield ORDER, _operation_inside
    if isinstance(inner, ast.BinOp):
        yield ORDER, _operation_outside


def _to_the_right(node: ast.AST) -> None:
    """Turn `(a + b) * c` into `a + b * c`."""
    assert isinstance(node, ast.BinOp)
    assert isinstance(node.left, ast.BinOp)
    left, op, right = node.left, node.op, node.right
    node.left, node.op = left.left, left.op
    node.right = ast.BinOp(left.right, op, right)


def _exchanged(node: ast.AST) -> None:
    """Turn `(a + b) @ c` into `a @ c + b`."""
    assert isinstance(node, ast.BinOp)
    assert isinstance(node.left, ast.BinOp)
    left, op, right = node.left, node.op, node.right
    node.left, node.op, node.right = ast.BinOp(left.left, op, right), left.op, left.right


def _to_the_left(node: ast.AST) -> None:
    """Turn `a + b * c` into `(a + b) * c`."""
    assert isinstance(node, ast.BinOp)
    assert isinstance(node.right, ast.BinOp)
    left, op, right = node.left, node.op, node.right
    node.left, node.op, node.right = ast.BinOp(left, op, right.left), right.op, right.right


def _is_method(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and not (isinstance(node.func.value, ast.Name) and len(node.args) == 1)
    )


def _inside(node: ast.expr) -> ast.expr | None:
    """Give what a call works on: `x` of `x.sum()` and of `np.abs(x)`."""
    if not isinstance(node, ast.Call):
        return None
    if _is_method(node):
        assert isinstance(node.func, ast.Attribute)
        return node.func.value
    return node.args[0] if len(node.args) == 1 else None


def _hold(node: ast.expr, inner: ast.expr) -> None:
    assert isinstance(node, ast.Call)
    if _is_method(node):
        assert isinstance(node.func, ast.Attribute)
        node.func.value = inner
    else:
        node.args[0] = inner


def _turned(node: ast.AST) -> None:
    """Turn `f(x).sum()` into `f(x.sum())`."""
    assert isinstance(node, ast.Call)
    inner = _inside(node)
    assert isinstance(inner, ast.Call)
    core = _inside(inner)
    assert core is not None
    outer = ast.Call(node.func, list(node.args), list(node.keywords))
    _hold(outer, core)
    _hold(inner, outer)
    node.func, node.args, node.keywords = inner.func, inner.args, inner.keywords


def _operation_inside(node: ast.AST) -> None:
    """Turn `f(x) - y` into `f(x - y)`, and `x.mean() ** 2` into `(x ** 2).mean()`."""
    assert isinstance(node, ast.BinOp)
    call, core = node.left, _inside(node.left)
    assert isinstance(call, ast.Call)
    assert core is not None
    _hold(call, ast.BinOp(core, node.op, node.right))
    vars(node).clear()
    node.__class__ = ast.Call  # type: ignore[assignment]
    vars(node).update(vars(call))


def _operation_outside(node: ast.AST) -> None:
    """Turn `f(x - y)` into `f(x) - y`, and `(x ** 2).mean()` into `x.mean() ** 2`."""
    assert isinstance(node, ast.Call)
    power = _inside(node)
    assert isinstance(power, ast.BinOp)
    call = ast.Call(node.func, list(node.args), list(node.keywords))
    _hold(call, power.left)
    vars(node).clear()
    node.__class__ = ast.BinOp  # type: ignore[assignment]
    vars(node).update(vars(ast.BinOp(call, power.op, power.right)))
