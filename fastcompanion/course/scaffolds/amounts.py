"""Numbers and sizes of code in words."""

from __future__ import annotations

import ast

from fastcompanion.course.notebooks.names import dotted

_WORDS: dict[type[ast.operator], str] = {
    ast.Mult: "times", ast.Div: "divided by", ast.Add: "plus", ast.Sub: "minus",
    ast.FloorDiv: "divided without rest by",
}  # fmt: skip


def constant(node: ast.expr) -> float | None:
    """Give the value of a number or of a sum or quotient of numbers; None for all else."""
    match node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            value = constant(inner)
            return None if value is None else -value
        case ast.BinOp(left=left, op=op, right=right):
            first, second = constant(left), constant(right)
            return None if first is None or second is None else _result(first, op, second)
    return None


def _result(first: float, op: ast.operator, second: float) -> float | None:
    if isinstance(op, ast.Add):
        return first + second
    if isinstance(op, ast.Sub):
        return first - second
    if isinstance(op, ast.Mult):
        return first * second
    return first / second if isinstance(op, ast.Div) and second else None


def spell(number: float) -> str:
    """Write a number short: 0.7 and not 0.7000000000000001."""
    return f"{number:.6g}"


def sized(node: ast.expr) -> str:
    """Say a size: `n`, 10, the length of `x`, the square root of (`a` times `b`); "" if it is more."""
    if constant(node) is not None:
        return ast.unparse(node)
    match node:
        case ast.Name(id=name):
            return f"`{name}`"
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            return f"`{name}`"
        case ast.Attribute(value=ast.Name(id=name), attr="shape"):
            return f"the shape of `{name}`"
        case ast.Subscript(
            value=ast.Attribute(attr="shape") as inner, slice=ast.Constant(value=int() as place)
        ):
            shape = sized(inner)
            return shape and f"item {place} of {shape}"
        case ast.Call(func=ast.Name(id="len"), args=[only], keywords=[]):
            whole = sized(only)
            return whole and f"the length of {whole}"
        case ast.Call(func=func, args=[only], keywords=[]) if (
            dotted(func).rsplit(".", 1)[-1] == "sqrt"
        ):
            return _root(only)
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=0.5)):
            return _root(left)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _WORDS:
            first, second = sized(left), sized(right)
            return f"({first} {_WORDS[type(op)]} {second})" if first and second else ""
    return ""


def _root(node: ast.expr) -> str:
    inner = sized(node)
    return inner and f"the square root of {inner}"
