"""What is easily taken for something else: comparisons, limits, types, joined truths, calls. Pure syntax."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from fastcompanion.course.checks import alterations as to
from fastcompanion.course.checks.mutants import Change
from fastcompanion.course.checks.nearer import MODULES
from fastcompanion.course.notebooks.names import dotted

Edit = tuple[str, str, Change]
TYPES = ("float", "int", "bool", "long")
_COMPARED: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "less", ast.LtE: "less or equal", ast.Gt: "greater", ast.GtE: "greater or equal",
    ast.Eq: "equal", ast.NotEq: "unequal",
}  # fmt: skip
_MISTAKEN: Mapping[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.Gt, ast.LtE), ast.LtE: (ast.GtE, ast.Lt), ast.Gt: (ast.Lt, ast.GtE),
    ast.GtE: (ast.LtE, ast.Gt, ast.Eq), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,),
}  # fmt: skip
_JOINED: Mapping[type[ast.operator], str] = {ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^"}
LIMIT = "with a limit that is one off"


def comparisons(node: ast.Compare) -> Iterator[Edit]:
    """Compare the other way, or with a limit one higher or lower."""
    kind = type(node.ops[0])
    for other in _MISTAKEN.get(kind, ()):
        said = f"with {_COMPARED[kind]!r} where another comparison belongs"
        yield "comparison", said, to.compare(other)
    limit = node.comparators[0]
    if kind in _MISTAKEN and isinstance(limit, ast.Name | ast.BinOp | ast.Call):
        for op in (ast.Sub, ast.Add):
            yield "limit", LIMIT, to.shifted_limit(op)


def truths(node: ast.BinOp | ast.BoolOp) -> Iterator[Edit]:
    """Compare what was joined, or join it the other way."""
    if isinstance(node, ast.BoolOp):
        old, new = ("and", ast.Or) if isinstance(node.op, ast.And) else ("or", ast.And)
        yield "truth", f"with `{old}` where another word belongs", to.having(op=new())
    elif (old := _JOINED.get(type(node.op), "")) != "":
        said = f"with `{old}` where another sign belongs"
        yield "truth", said, to.changing(_equal)
        for other in _JOINED:
            if not isinstance(node.op, other):
                yield "truth", said, to.operator(other)


def _equal(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.BinOp)
    return ast.Compare(node.left, [ast.Eq()], [node.right])


def types(node: ast.Call) -> Iterator[Edit]:
    """Turn into another type than the one that is written out."""
    for place, one in enumerate(node.args):
        if isinstance(one, ast.Name) and one.id in TYPES:
            for other in TYPES[:3]:
                if other != one.id:
                    said = f"with `{one.id}` where another type belongs"
                    yield "type", said, to.argument(place, ast.Name(other, ast.Load()))
    for place, word in enumerate(node.keywords):
        if isinstance(word.value, ast.Name) and word.value.id in TYPES:
            for other in TYPES[:3]:
                if other != word.value.id:
                    said = f"with `{word.value.id}` where another type belongs"
                    yield "type", said, to.keyword(place, ast.Name(other, ast.Load()))


def needless_call(node: ast.Call) -> Iterator[Edit]:
    """Leave out a method, whatever it does."""
    func = node.func
    if isinstance(func, ast.Attribute) and dotted(func.value) not in MODULES:
        said = f"with `{func.attr}` where it does not belong"
        yield "extra", said, lambda one: to.become(one, to.func_value(one))


def not_kept(node: ast.stmt, trees: Sequence[ast.Module]) -> Iterator[Edit]:
    """Give what a function answers the name that it gets in the original."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        for name in _named_there(dotted(node.value.func), trees):
            yield "kept", "with a result that is worked out and not kept", to.keep(name)


def _named_there(function: str, trees: Sequence[ast.Module]) -> Iterator[str]:
    for node in (inner for tree in trees for inner in ast.walk(tree)):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=func)):
                if dotted(func) == function:
                    yield name
