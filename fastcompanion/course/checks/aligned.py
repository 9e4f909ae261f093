"""The smallest differences between a learner's statements and the original's, one by one. Pure syntax.

A statement is laid beside the one of the original that stores the same name, or returns from the
same function. Where only a part of it differs, that part alone is changed.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from fastcompanion.base.records import frozen
from fastcompanion.course.checks import alterations as to
from fastcompanion.course.checks.mutants import Change
from fastcompanion.course.checks.nearer import MODULES, form
from fastcompanion.course.checks.subscripts import short
from fastcompanion.course.notebooks.cells import SEED, is_drawing
from fastcompanion.course.notebooks.names import dotted, parameters

OTHER = "other"
MISSING = "without a step that belongs after this line"
FIRST = "without a step that belongs at the start of this block"
_WORD: Mapping[type[ast.operator], str] = {
    ast.Add: "one term", ast.Sub: "one term", ast.Mult: "one factor", ast.Div: "one factor",
    ast.MatMult: "one factor",
}  # fmt: skip
Key = tuple[str, ...]


@frozen
class Statement:
    """A statement with the block that holds it, and what it is about."""

    node: ast.stmt
    block: ast.AST
    place: int
    key: Key


@frozen
class Difference:
    """A part of a learner's statement, and what stands in its place in the original."""

    mine: ast.expr
    theirs: ast.expr


def differences(
    tree: ast.Module, originals: Sequence[ast.Module]
) -> Iterator[tuple[ast.expr, str, str, Change]]:
    """Give each part that differs, the kind of mistake it may be, the words, and the change."""
    for mine, theirs in _paired(tree, originals):
        for one in _in_statements(mine.node, theirs.node):
            kind, said = _said(one.mine, one.theirs)
            yield one.mine, kind, said, to.changing(_copied(one.theirs))


def _copied(node: ast.expr) -> Callable[[ast.AST], ast.AST]:
    return lambda _: copy.deepcopy(node)


Inserted = tuple[str, ast.AST, ast.AST, int, ast.stmt]


def missing(tree: ast.Module, originals: Sequence[ast.Module]) -> Iterator[Inserted]:
    """Give steps of the original that are not there: words, the line before, block, place, step."""
    pairs = list(_paired(tree, originals))
    paired = {id(theirs.node) for _, theirs in pairs}
    for mine, theirs in pairs:
        following = _after(theirs)
        if following is not None and _lacks(tree, following, paired):
            yield MISSING, mine.node, mine.block, mine.place + 1, following
        first = to.body(theirs.node)[:1]
        if first and _lacks(tree, first[0], paired):
            yield FIRST, mine.node, mine.node, 0, first[0]


def _lacks(tree: ast.Module, step: ast.stmt, paired: Collection[int]) -> bool:
    key = _key(step, "")
    return (
        _is_step(step)
        and id(step) not in paired
        and all(key[1:] != one.key[1:] for one in _statements(tree))
    )


def _after(one: Statement) -> ast.stmt | None:
    body = to.body(one.block)
    return body[one.place + 1] if one.place + 1 < len(body) else None


def _is_step(node: ast.stmt) -> bool:
    """Is it something that is done, and not shown?"""
    if not isinstance(node, ast.Assign | ast.AugAssign | ast.Expr):
        return False
    if isinstance(node, ast.Expr):
        name = dotted(node.value.func) if isinstance(node.value, ast.Call) else "print"
        return name != "print" and not is_drawing(name) and not SEED.search(name)
    return True


def _paired(
    tree: ast.Module, originals: Sequence[ast.Module]
) -> Iterator[tuple[Statement, Statement]]:
    """Lay statements beside those of the original that are about the same."""
    told: dict[Key, list[Statement]] = {}
    for original in originals:
        for one in _statements(_fitted(original, tree)):
            told.setdefault(one.key, []).append(one)
    seen: dict[Key, int] = {}
    for mine in _statements(tree):
        theirs, number = told.get(mine.key, []), seen.get(mine.key, 0)
        seen[mine.key] = number + 1
        if theirs:
            yield mine, theirs[min(number, len(theirs) - 1)]


def _statements(tree: ast.AST, function: str = "") -> Iterator[Statement]:
    for place, node in enumerate(to.body(tree)):
        yield Statement(node, tree, place, _key(node, function))
        inner = node.name if isinstance(node, ast.FunctionDef) else function
        yield from _statements(node, inner)


def _key(node: ast.stmt, function: str) -> Key:
    """Say what a statement is about: what it stores, returns, repeats or is called on."""
    match node:
        case ast.Assign(targets=[target, *_]) | ast.AugAssign(target=target):
            return (function, "=", form(target))
        case ast.For(target=target):
            return (function, "for", form(target))
        case ast.FunctionDef(name=name):
            return (function, "def", name)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=value)) as call):
            plain = isinstance(value, ast.Name) and value.id in MODULES
            return (function, "call", dotted(call.func) if plain else form(value))
        case ast.Expr(value=ast.Call(func=ast.Name(id=name))):
            return (function, "call", name)
        case _:
            return (function, type(node).__name__)


def _fitted(original: ast.Module, tree: ast.Module) -> ast.Module:
    """Call what the original's functions are given as the learner calls it."""
    own = {one.name: one for one in tree.body if isinstance(one, ast.FunctionDef)}
    made = copy.deepcopy(original)
    for one in made.body:
        mine = own.get(one.name) if isinstance(one, ast.FunctionDef) else None
        if isinstance(one, ast.FunctionDef) and mine is not None:
            theirs, ours = parameters(one.args), parameters(mine.args)
            if len(theirs) == len(ours) and theirs != ours:
                names = dict(zip(theirs, ours, strict=True))
                for node in ast.walk(one):
                    if isinstance(node, ast.Name):
                        node.id = names.get(node.id, node.id)
    return made


def _in_statements(mine: ast.stmt, theirs: ast.stmt) -> Iterator[Difference]:
    match mine, theirs:
        case (
            (ast.Assign(value=own), ast.Assign(value=other))
            | (ast.AugAssign(value=own), ast.AugAssign(value=other))
            | (ast.Expr(value=own), ast.Expr(value=other))
            | (ast.Return(value=ast.expr() as own), ast.Return(value=ast.expr() as other))
            | (ast.For(iter=own), ast.For(iter=other))
            | (ast.If(test=own), ast.If(test=other))
            | (ast.While(test=own), ast.While(test=other))
        ):
            yield from _between(own, other)
        case ast.FunctionDef(args=ours), ast.FunctionDef(args=others):
            if len(ours.defaults) == len(others.defaults):
                for own, other in zip(ours.defaults, others.defaults, strict=True):
                    yield from _between(own, other)


def _between(mine: ast.expr, theirs: ast.expr) -> Iterator[Difference]:
    """Go down to the parts that differ; the whole is for where several do."""
    if form(mine) == form(theirs):
        return
    pairs = _parts(mine, theirs)
    unlike = [(one, other) for one, other in pairs or () if form(one) != form(other)]
    for one, other in unlike:
        yield from _between(one, other)
    if len(unlike) != 1:
        yield Difference(mine, theirs)


Pairs = list[tuple[ast.expr, ast.expr]]


def _parts(mine: ast.expr, theirs: ast.expr) -> Pairs | None:
    """Pair the parts of two expressions that are built alike, None where they are not."""
    match mine, theirs:
        case ast.BinOp(left=a, op=op, right=b), ast.BinOp(left=c, op=other, right=d):
            return _either_way(a, b, c, d, op) if type(op) is type(other) else None
        case (
            ast.Compare(left=a, ops=[op], comparators=[b]),
            ast.Compare(left=c, ops=[other], comparators=[d]),
        ):
            return _either_way(a, b, c, d, op) if type(op) is type(other) else None
        case ast.Subscript(value=a, slice=b), ast.Subscript(value=c, slice=d):
            return [(a, c), (b, d)]
        case (ast.Attribute(value=a, attr=one), ast.Attribute(value=b, attr=other)) | (
            ast.UnaryOp(operand=a, op=one),
            ast.UnaryOp(operand=b, op=other),
        ):
            return [(a, b)] if _same(one, other) else None
        case ast.Subscript(value=a, slice=b), ast.Attribute(value=c, attr=other):
            return [(a, c), (b, ast.Constant(other))]
        case (ast.Tuple(elts=ours), ast.Tuple(elts=others)) | (
            ast.List(elts=ours),
            ast.List(elts=others),
        ):
            return _zipped(ours, others)
        case ast.ListComp(elt=a, generators=[one]), ast.ListComp(elt=b, generators=[other]):
            return (
                [(a, b), (one.iter, other.iter)] if form(one.target) == form(other.target) else None
            )
        case ast.Call(), ast.Call():
            return _calls(mine, theirs)
        case _:
            return None


def _same(one: str | ast.unaryop, other: str | ast.unaryop) -> bool:
    return one == other or (not isinstance(one, str) and type(one) is type(other))


def _zipped(ours: Sequence[ast.expr], others: Sequence[ast.expr]) -> Pairs | None:
    return list(zip(ours, others, strict=True)) if len(ours) == len(others) else None


def _either_way(
    a: ast.expr, b: ast.expr, c: ast.expr, d: ast.expr, op: ast.operator | ast.cmpop
) -> Pairs:
    turned = isinstance(op, ast.Add | ast.Mult | ast.Eq | ast.NotEq | ast.BitAnd | ast.BitOr)
    if turned and (form(a) == form(d) or form(b) == form(c)):
        return [(a, d), (b, c)]
    return [(a, c), (b, d)]


def _calls(mine: ast.Call, theirs: ast.Call) -> Pairs | None:
    ours, others = _given(mine), _given(theirs)
    if ours is None or others is None or ours.keys() != others.keys():
        return None
    return [(one, others[name]) for name, one in ours.items()]


def _given(node: ast.Call) -> dict[str, ast.expr] | None:
    """Give what a call is called on and with, by the name of the function and the place of each."""
    name, on = dotted(node.func).rpartition(".")[2], list[ast.expr]()
    if isinstance(node.func, ast.Attribute):
        name = node.func.attr
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id in MODULES):
            on = [node.func.value]
    found = {f"{name} {place}": one for place, one in enumerate([*on, *node.args])}
    for keyword in node.keywords:
        found[f"{name} {keyword.arg}"] = keyword.value
    return found or {name: node.func}


def _said(mine: ast.expr, theirs: ast.expr) -> tuple[str, str]:
    """Say what kind of difference it is, without the cure."""
    return (
        _plain(mine, theirs)
        or _lacking(mine, theirs)
        or _needless(mine, theirs)
        or _same_kind(mine, theirs)
        or (OTHER, f"with `{short(mine)}` where something else belongs")
    )


def _plain(mine: ast.expr, theirs: ast.expr) -> tuple[str, str] | None:
    match mine, theirs:
        case ast.Constant(value=str(text)), ast.Constant(value=str()):
            return "texts", f"with {text!r} where another name belongs"
        case ast.Constant(value=bool(value)), ast.Constant(value=bool()):
            return "keyword", f"with {value} where it has to be the other way"
        case _ if _is_number(mine) and _is_number(theirs):
            return "number", f"with {ast.unparse(mine)} where another number belongs"
        case ast.Name(id=name), ast.Name():
            kind = "type" if name in ("int", "float", "bool") else "name"
            return "sibling", f"with `{name}` where another {kind} belongs"
        case _:
            return None


def _is_number(node: ast.expr) -> bool:
    inner = node.operand if isinstance(node, ast.UnaryOp) else node
    return isinstance(inner, ast.Constant) and isinstance(inner.value, int | float)


def _holds(whole: ast.expr, part: ast.expr) -> bool:
    wanted = form(part)
    return any(
        isinstance(node, ast.expr) and node is not whole and form(node) == wanted
        for node in ast.walk(whole)
    )


def _lacking(mine: ast.expr, theirs: ast.expr) -> tuple[str, str] | None:
    if not _holds(theirs, mine):
        return None
    compared = [node for node in ast.walk(theirs) if isinstance(node, ast.Compare)]
    if any(_holds(one, mine) for one in compared):
        return "wrapped", "without a comparison"
    match theirs:
        case ast.Call() if name := dotted(theirs.func).rpartition(".")[2].strip("?"):
            return "wrapped", f"without `{name}`"
        case ast.UnaryOp(op=ast.USub()):
            return "negative", "without a minus sign"
        case ast.UnaryOp():
            return "condition", "with a condition turned round"
        case ast.BinOp(op=op) if type(op) in _WORD:
            return "lacking", f"with {_WORD[type(op)]} left out"
        case ast.Subscript():
            return "wrapped", "with the whole where a part belongs"
        case _:
            return None


def _needless(mine: ast.expr, theirs: ast.expr) -> tuple[str, str] | None:
    if not _holds(mine, theirs):
        return None
    match mine:
        case ast.Call() if name := dotted(mine.func).rpartition(".")[2].strip("?"):
            return "extra", f"with `{name}` where it does not belong"
        case ast.UnaryOp(op=ast.USub()):
            return "minus", "with a minus sign that does not belong there"
        case ast.BinOp(left=left, right=right):
            gone = right if form(left) == form(theirs) or _holds(left, theirs) else left
            return "superfluous", superfluous(mine, gone)
        case ast.Subscript(slice=index):
            return "index", f"with `[{short(index)}]`, which does not belong there"
        case _:
            return None


_SIGN = {ast.Sub: "-", ast.Div: "/", ast.Pow: "**", ast.MatMult: "@"}


def superfluous(node: ast.BinOp, gone: ast.expr) -> str:
    """Name a part that does not belong there, with its sign where that says more: `1 -`."""
    sign = _SIGN.get(type(node.op), "") if gone is node.left else ""
    return f"with `{short(gone)}{sign and ' ' + sign}`, which does not belong there"


def _on(node: ast.Call) -> str:
    """Write what a call works on: its first argument, or what it is a method of."""
    parts = list((_given(node) or {}).values())
    return form(parts[0]) if parts and parts[0] is not node.func else ""


def _same_kind(mine: ast.expr, theirs: ast.expr) -> tuple[str, str] | None:
    match mine, theirs:
        case ast.Call(), ast.Call():
            name, other = (dotted(one.func).rpartition(".")[2] for one in (mine, theirs))
            if name == other != "?":
                return "settings", f"with other arguments of `{name}`"
            if name.strip("?") and _on(mine) == _on(theirs) != "":
                return "function", f"with `{name}` where another function belongs"
        case (ast.List(elts=ours), ast.List(elts=others)) if len(ours) < len(others):
            if {form(one) for one in ours} <= {form(one) for one in others}:
                return "item", "with something left out of a list"
        case (ast.Compare(left=a, comparators=[b]), ast.Compare(left=c, comparators=[d])):
            if (form(a), form(b)) == (form(c), form(d)):
                return "comparison", f"with `{short(mine)}` where another comparison belongs"
        case ast.Slice(), ast.Slice():
            return "slice", "with another range taken"
    return None
