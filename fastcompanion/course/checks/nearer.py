"""How much of the original's own way a piece of code holds, whatever it is called. Pure syntax.

A change that sets a section right and brings the code nearer to the original undoes the mistake;
one that takes the code away from it has come to the same values by accident.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

MODULES = frozenset("torch np numpy F pd pandas math random nn plt".split())
_AXES = {"dim": "axis", "keepdim": "keepdims"}
_EITHER_WAY = (ast.Add, ast.Mult, ast.BitAnd, ast.BitOr)
Parts = Counter[str]


class Original:
    """The parts of the original's cells, and what other code of a cell has of them."""

    def __init__(self, own: ast.Module, trees: Iterable[ast.Module]) -> None:
        """`own` is the learner's cell as it is."""
        self._parts: Parts = Counter()
        for tree in trees:
            self._parts += _all_parts(tree)
        self._kept = {ast.unparse(one): parts_of(one) for one in own.body}
        self._flow = Counter(_followers(own))

    def compared(self, other: ast.Module, texts: Sequence[str]) -> tuple[int, int]:
        """Say how many more parts of the original another cell has, and how many parts differ.

        `texts` are its statements as text.
        """
        before, after = Counter(self._flow), Counter(_followers(other))
        for text in self._kept.keys() - set(texts):
            before += self._kept[text]
        for text, one in zip(texts, other.body, strict=True):
            if text not in self._kept:
                after += parts_of(one)
        size = (before - after).total() + (after - before).total()
        return _common(self._parts, after) - _common(self._parts, before), size


def _all_parts(tree: ast.Module) -> Parts:
    found = Counter(_followers(tree))
    for one in tree.body:
        found += parts_of(one)
    return found


def _common(one: Parts, other: Parts) -> int:
    return sum(min(count, one[part]) for part, count in other.items())


def parts_of(statement: ast.stmt) -> Parts:
    """Give every expression and small statement inside, once by its names and once without them."""
    found: Parts = Counter()
    for named in (True, False):
        _form(statement, found, named=named)
    _blocks(statement, found)
    return found


def form(node: ast.AST) -> str:
    """Write an expression so that other ways to write the same come out the same."""
    return _form(node, Counter(), named=True)


def _blocks(node: ast.AST, found: Parts) -> None:
    """Collect which statement follows on which, and which block holds it."""
    body = getattr(node, "body", None)
    if isinstance(body, list):
        kind = type(node).__name__
        found.update(f"{kind}>{_about(one)}" for one in body)
        found.update(_followers(node))
        for one in body:
            _blocks(one, found)


def _followers(node: ast.AST) -> Iterator[str]:
    texts = [_about(one) for one in node.body]  # type: ignore[attr-defined]
    return (f"{one};{other}" for one, other in pairwise(texts))


def _about(node: ast.stmt) -> str:
    """Say what a statement is about: the name that it stores, or what it calls."""
    match node:
        case (
            ast.Assign(targets=[target, *_]) | ast.AugAssign(target=target) | ast.For(target=target)
        ):
            return f"{type(node).__name__} {ast.unparse(target)}"
        case ast.Expr(value=ast.Call(func=func)):
            return f"call {getattr(func, 'attr', '') or getattr(func, 'id', '')}"
        case _:
            return type(node).__name__


def _form(node: ast.AST, found: Parts, *, named: bool) -> str:
    """Write a node, and collect it with all that it holds."""
    text = _written(node, found, named=named)
    is_whole = isinstance(node, ast.expr | ast.Assign | ast.AugAssign | ast.Return)
    if is_whole and not isinstance(node, ast.Name):  # how often a name is read says nothing
        found[text] += 1
    return text


def _written(node: ast.AST, found: Parts, *, named: bool) -> str:
    def inner(one: ast.AST) -> str:
        return _form(one, found, named=named)

    match node:
        case ast.Name(id=name):
            return name if named or name in MODULES else "_"
        case ast.Constant(value=value):
            return _constant(value)
        case ast.Attribute(value=value, attr=attr):
            is_module = isinstance(value, ast.Name) and value.id in MODULES
            return f".{attr}" if is_module else f"{inner(value)}[{attr!r}]"
        case ast.Subscript(value=value, slice=index):
            return f"{inner(value)}[{inner(index)}]"
        case ast.Call():
            return _call(node, found, named=named)
        case ast.BinOp(left=left, op=op, right=right):
            sides = [inner(left), inner(right)]
            if isinstance(op, _EITHER_WAY):
                sides.sort()
            return f"({type(op).__name__} {' '.join(sides)})"
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _compared(op, inner(left), inner(right))
        case _:
            fields = [_field(getattr(node, name, None), found, named=named) for name in _kept(node)]
            return f"{type(node).__name__}({','.join(fields)})"


def _constant(value: object) -> str:
    """Write 2.0 as 2."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:g}"
    return repr(value)


def _kept(node: ast.AST) -> list[str]:
    return [name for name in node._fields if name not in ("ctx", "type_comment", "returns", "kind")]


def _field(value: object, found: Parts, *, named: bool) -> str:
    if isinstance(value, ast.AST):
        return _form(value, found, named=named)
    if isinstance(value, list):
        return "[" + ",".join(_field(one, found, named=named) for one in value) + "]"
    return "" if value is None else str(value)


_TURNED = {ast.Gt: "Lt", ast.GtE: "LtE"}


def _compared(op: ast.cmpop, left: str, right: str) -> str:
    if type(op) in _TURNED:
        return f"({_TURNED[type(op)]} {right} {left})"
    sides = sorted((left, right)) if isinstance(op, ast.Eq | ast.NotEq) else [left, right]
    return f"({type(op).__name__} {' '.join(sides)})"


def _call(node: ast.Call, found: Parts, *, named: bool) -> str:
    """Write a method as a function of what it is called on: `x.sum()` as `sum(x)`."""
    func, on = node.func, []
    if isinstance(func, ast.Attribute):
        is_module = isinstance(func.value, ast.Name) and func.value.id in MODULES
        on = [] if is_module else [_form(func.value, found, named=named)]
        name = func.attr
    else:
        name = func.id if isinstance(func, ast.Name) else _form(func, found, named=named)
    given = [_form(one, found, named=named) for one in node.args]
    words = sorted(
        f"{_AXES.get(one.arg or '', one.arg)}={_form(one.value, found, named=named)}"
        for one in node.keywords
    )
    return f"{name}({','.join([*on, *given, *words])})"
