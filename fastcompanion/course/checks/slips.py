"""Wrong versions of a cell that mimic the mistakes of people who write it again. Pure syntax.

Each slip changes one place: an operator, an aggregate, a call that was left out, an axis, the end of
a range, a name mixed up with its sibling, the sign of a step. Function bodies are included; imports,
headers, lines that only show something and code that the learner is given are left alone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from types import MappingProxyType

from fastcompanion.base.records import frozen
from fastcompanion.course.checks.mutants import (
    COMPARISONS,
    SWAPS,
    Change,
    Mutant,
    block_statements,
    made,
    negate,
    numbered,
    on_node,
    other_constant,
    scale,
    swap,
    without,
)
from fastcompanion.course.checks.spared import untouched, writes
from fastcompanion.course.notebooks.cells import SEED, is_drawing, parse_cell
from fastcompanion.course.notebooks.names import dotted, parameters

OPERATORS = (
    "operator", "step sign", "comparison", "condition", "constant", "statement", "return",
    "aggregate", "call", "axis", "range", "index", "sibling", "arguments", "term", "minus",
    "item", "column",
)  # fmt: skip
_AGGREGATES: Mapping[str, str] = {
    "mean": "sum", "sum": "mean", "max": "min", "min": "max", "argmax": "argmin",
    "argmin": "argmax", "std": "var", "var": "std", "median": "mean", "any": "all", "all": "any",
    "amax": "amin", "amin": "amax", "nanmean": "nansum", "nansum": "nanmean", "cumsum": "cumprod",
    "idxmax": "idxmin", "idxmin": "idxmax", "maximum": "minimum", "minimum": "maximum",
    "mode": "median", "count": "sum", "nunique": "count", "prod": "sum", "sqrt": "square",
}  # fmt: skip
_DROPPED = frozenset(
    "abs fabs absolute sigmoid relu tanh exp log log1p log2 log10 expm1 sqrt square softmax "
    "log_softmax pow clip clamp round floor ceil float bool int long astype sort sorted "
    "sort_values dropna fillna drop_duplicates reset_index strip lower upper split unsqueeze "
    "squeeze flatten ravel transpose t copy clone detach cumsum cumprod reversed normalize norm "
    "set unique shuffle dropout layer_norm batch_norm diff tril triu get_dummies leaky_relu gelu "
    "half double type_as expand_as".split()
)
_STEPS: Mapping[str, str] = {"sub_": "add_", "add_": "sub_", "mul_": "div_", "div_": "mul_"}
_AXES = ("axis", "dim")
_TAKES_AXIS = frozenset(
    "sum mean max min argmax argmin std var prod any all cumsum softmax log_softmax stack cat "
    "concatenate concat median norm sort squeeze logsumexp amax amin".split()
)
_SETS = ("trn", "train", "training", "val", "valid", "validation", "tst", "test", "dev")
_ROLES = ("x", "y", "xs", "ys", "preds", "targs", "targets", "inputs", "labels")
_TOKENS = re.compile(r"[A-Za-z]+|\d+")
_BLOCKS = (ast.FunctionDef, ast.For, ast.While, ast.If, ast.With, ast.Module)


@frozen
class Surroundings:
    """What else is there: `bound` names in order of their making, told nodes, known kinds of names.

    `told` are texts of settings that a scaffold tells ("lr=0.1", "18"), by the called name; `kinds`
    says what names hold where that is known, so that only names of the same kind are mixed up;
    `columns` are the names of a table's columns as far as the notebook spells them out; `forms` say
    more than `kinds`: what has the same form can be taken for one another without an error.
    """

    bound: tuple[str, ...] = ()
    told: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[int, ...] = ()
    columns: tuple[str, ...] = ()
    forms: Mapping[str, str] = field(default_factory=dict)


ALONE = Surroundings()
Place = tuple[str, tuple[str, ...], Change]


def slips(source: str, around: Surroundings = ALONE) -> list[Mutant]:
    """Give every slip of a cell in a fixed order; none for a cell that is not Python.

    `around.skipped` are the positions of top-level statements that are not the learner's work.
    """
    tree = parse_cell(source)
    if tree is None:
        return []
    return made(tree, places(tree, around))


def places(
    tree: ast.Module, around: Surroundings
) -> Iterator[tuple[str, tuple[str, ...], int, Callable[[ast.Module], None]]]:
    """List the slips of a cell: kind, what more there is to say, line, change of a copy."""
    skipped = untouched(tree, around.skipped, around.told)
    # A constant index has an operator of its own.
    skipped |= {id(n.slice) for n in ast.walk(tree) if isinstance(n, ast.Subscript)}
    scopes = _scopes(tree, around)
    for number, node in numbered(tree, skipped):
        line = getattr(node, "lineno", 0)
        for operator, detail, change in _changes(node, scopes.get(id(node), around.bound), around):
            yield operator, detail, line, on_node(number, change)
    for number, block, place, statement in block_statements(tree, _BLOCKS, skipped):
        if told := _dropped(statement, block, around):
            yield "statement", told, statement.lineno, without(number, place)


def _scopes(tree: ast.Module, around: Surroundings) -> dict[int, tuple[str, ...]]:
    """Map nodes inside functions to the names known there: parameters and locals come first."""
    found: dict[int, tuple[str, ...]] = {}
    stored = tuple(dict.fromkeys(_stored(tree)))
    outer = tuple(dict.fromkeys((*around.bound, *stored)))
    for node in ast.walk(tree):
        found[id(node)] = outer
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            body = function.body if isinstance(function.body, list) else [function.body]
            local = [n for part in body for n in _stored(part)]
            known = tuple(dict.fromkeys((*parameters(function.args), *local, *outer)))
            for part in body:
                for node in ast.walk(part):
                    found[id(node)] = known
    return found


def _stored(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            yield inner.id


def _changes(node: ast.AST, known: Sequence[str], around: Surroundings) -> Iterator[Place]:
    match node:
        case ast.Name(ctx=ast.Load()):
            yield from _siblings(node, known, around.kinds)
        case ast.Constant(value=bool() | int() | float()):
            yield "constant", (repr(node.value),), other_constant
        case ast.Return() if node.value is not None and not _is_text(node.value):
            yield from _returned(node)
        case ast.Call():
            yield from _calling(node)
        case ast.Attribute():
            yield from _attribute(node, around)
        case ast.Subscript():
            yield from _subscript(node)
            yield from _columns(node, around.columns)
        case ast.If() | ast.While() | ast.IfExp():
            yield "condition", (), negate
        case ast.List():
            yield from _items(node)
        case _:
            yield from _signed(node)


def _attribute(node: ast.Attribute, around: Surroundings) -> Iterator[Place]:
    if node.attr == "T":
        yield "call", ("T",), _into("value")
    elif isinstance(node.value, ast.Name) and around.kinds.get(node.value.id) == "frame":
        for other in _neighbours(node.attr, around.columns):
            yield "column", (node.attr, other), _put("attr", other)


def _signed(node: ast.AST) -> Iterator[Place]:
    """Give the changes of operators: arithmetic, steps, comparisons, signs."""
    match node:
        case ast.BinOp():
            yield from _arithmetic(node)
        case ast.AugAssign() if isinstance(node.op, ast.Add | ast.Sub):
            yield "step sign", (), swap
        case ast.AugAssign() if type(node.op) in SWAPS:
            yield "operator", _signs(node.op), swap
        case ast.Assign(targets=[ast.Name()], value=ast.BinOp()) if is_step(node):
            yield "step sign", (), _swap_value
        case ast.Compare():
            yield from _comparing(node)
        case ast.UnaryOp(op=ast.USub()) if not isinstance(node.operand, ast.Constant):
            yield "minus", (), _without_minus
        case ast.UnaryOp(op=ast.Invert() | ast.Not()):
            yield "condition", (), _without_minus


def is_step(node: ast.Assign) -> bool:
    """Is it `w = w - something`?"""
    value, target = node.value, node.targets[0]
    return (
        isinstance(value, ast.BinOp)
        and isinstance(value.op, ast.Add | ast.Sub)
        and isinstance(value.left, ast.Name)
        and isinstance(target, ast.Name)
        and value.left.id == target.id
    )


def _arithmetic(node: ast.BinOp) -> Iterator[Place]:
    if type(node.op) in SWAPS:
        yield "operator", _signs(node.op), swap
    if isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div | ast.Pow):
        side = "right" if isinstance(node.left, ast.Constant) else "left"
        if not (isinstance(node.op, ast.Sub | ast.Div | ast.Pow) and side == "right"):
            gone = node.left if side == "right" else node.right
            word = "term" if isinstance(node.op, ast.Add | ast.Sub) else "factor"
            if isinstance(node.op, ast.Div):
                word = "division"
            elif isinstance(node.op, ast.Pow):
                word = "power"
            yield "term", (word, _role_of(gone)), _into(side)


def _role_of(node: ast.expr) -> str:
    """Say in one word what a part of an expression is, "" for nothing that can be named."""
    if isinstance(node, ast.Constant):
        return "constant"
    return dotted(node.func).rsplit(".", 1)[-1] if isinstance(node, ast.Call) else ""


def _signs(operator: ast.operator) -> tuple[str, str]:
    return type(operator).__name__, SWAPS[type(operator)].__name__


def _swap_value(node: ast.AST) -> None:
    assert isinstance(node, ast.Assign)
    swap(node.value)


_FLIPPED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE,
}  # fmt: skip


def _comparing(node: ast.Compare) -> Iterator[Place]:
    kind = type(node.ops[0])
    if kind in _FLIPPED:
        yield "comparison", ("flipped",), _compare(_FLIPPED)
        yield "comparison", ("border",), _compare(COMPARISONS)
    elif kind in COMPARISONS:
        yield "comparison", ("negated",), _compare(COMPARISONS)


def _compare(table: Mapping[type[ast.cmpop], type[ast.cmpop]]) -> Change:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Compare)
        node.ops[0] = table[type(node.ops[0])]()

    return change


def _without_minus(node: ast.AST) -> None:
    assert isinstance(node, ast.UnaryOp)
    become(node, node.operand)


def _into(field: str) -> Change:
    """Put one part of a node in the node's place."""

    def change(node: ast.AST) -> None:
        become(node, getattr(node, field))

    return change


def become(node: ast.AST, other: ast.AST) -> None:
    """Turn a node into another one, in place: whoever holds it sees the other."""
    kept = dict(vars(other))
    vars(node).clear()
    node.__class__ = other.__class__
    vars(node).update(kept)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr | ast.Dict | ast.ListComp | ast.List | ast.DictComp) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _returned(node: ast.Return) -> Iterator[Place]:
    count = len(node.value.elts) if isinstance(node.value, ast.Tuple) else 1
    for place in range(count):
        which = (str(place + 1),) if count > 1 else ()
        yield "return", ("scaled", *which), scale(place, ast.Mult, 2)
        yield "return", ("negated", *which), scale(place, ast.Mult, -1)
        yield "return", ("offset", *which), scale(place, ast.Add, 1)


def _calling(node: ast.Call) -> Iterator[Place]:
    name = dotted(node.func).rsplit(".", 1)[-1]
    other = _AGGREGATES.get(name)
    if other and (isinstance(node.func, ast.Attribute) or name in ("max", "min", "any", "all")):
        yield "aggregate", (name, other), _rename(other)
    if other := _STEPS.get(name):
        yield "step sign", (), _rename(other)
    if name in _DROPPED or (name.endswith("_") and name.strip("_") in _DROPPED):
        if isinstance(node.func, ast.Attribute) and not _is_module(node.func.value):
            yield "call", (name,), _receiver
        elif node.args and not isinstance(node.args[0], ast.Starred):
            yield "call", (name,), _first_argument
    yield from _axes(node, name)
    if name == "range" and node.args:
        yield "range", ("short",), _shorter
        if len(node.args) == 1:
            yield "range", ("late",), _later
    yield from _arguments(node, name)


_MODULES = frozenset("torch np numpy F pd pandas math random jnp tf nn plt sns scipy os re".split())


def _is_module(node: ast.expr) -> bool:
    return dotted(node).split(".", 1)[0] in _MODULES


def _rename(other: str) -> Change:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Call)
        if isinstance(node.func, ast.Attribute):
            node.func.attr = other
        elif isinstance(node.func, ast.Name):
            node.func.id = other

    return change


def _receiver(node: ast.AST) -> None:
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Attribute)
    become(node, node.func.value)


def _first_argument(node: ast.AST) -> None:
    assert isinstance(node, ast.Call)
    become(node, node.args[0])


def _axes(node: ast.Call, name: str) -> Iterator[Place]:
    for place, keyword in enumerate(node.keywords):
        if keyword.arg in _AXES and whole(keyword.value) is not None:
            yield "axis", ("other",), _other_axis(place, is_keyword=True)
            yield "axis", ("none",), _no_keyword(place)
        elif keyword.arg in ("keepdim", "keepdims"):
            yield "axis", ("keepdim",), _no_keyword(place)
    first = 1 if isinstance(node.func, ast.Attribute) and _is_module(node.func.value) else 0
    counted = name in _TAKES_AXIS and isinstance(node.func, ast.Attribute)
    if counted and len(node.args) == first + 1 and whole(node.args[first]) is not None:
        yield "axis", ("other",), _other_axis(first, is_keyword=False)
        yield "axis", ("none",), _no_argument(first)


def whole(node: ast.expr) -> int | None:
    """Read a whole number that is written out, None for all else."""
    inner = node.operand if isinstance(node, ast.UnaryOp) else node
    value = inner.value if isinstance(inner, ast.Constant) else None
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return -value if isinstance(node, ast.UnaryOp) else value


def _other_axis(place: int, *, is_keyword: bool) -> Change:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Call)
        old = node.keywords[place].value if is_keyword else node.args[place]
        new = ast.Constant(1 if whole(old) == 0 else 0)
        if is_keyword:
            node.keywords[place].value = new
        else:
            node.args[place] = new

    return change


def _no_keyword(place: int) -> Change:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Call)
        del node.keywords[place]

    return change


def _no_argument(place: int) -> Change:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Call)
        del node.args[place]

    return change


def _shorter(node: ast.AST) -> None:
    assert isinstance(node, ast.Call)
    place = 1 if len(node.args) > 1 else 0
    node.args[place] = ast.BinOp(node.args[place], ast.Sub(), ast.Constant(1))


def _later(node: ast.AST) -> None:
    assert isinstance(node, ast.Call)
    node.args.insert(0, ast.Constant(1))


_SYMMETRIC = frozenset("print isinstance getattr hasattr setattr display max min".split())


def _arguments(node: ast.Call, name: str) -> Iterator[Place]:
    plain = [a for a in node.args[:2] if isinstance(a, ast.Name | ast.Attribute | ast.Subscript)]
    if len(plain) < 2 or name in _SYMMETRIC or is_drawing(dotted(node.func)):
        return
    if ast.dump(plain[0]) != ast.dump(plain[1]):
        yield "arguments", (name,), _swap_arguments


def _swap_arguments(node: ast.AST) -> None:
    assert isinstance(node, ast.Call)
    node.args[0], node.args[1] = node.args[1], node.args[0]


def _subscript(node: ast.Subscript) -> Iterator[Place]:
    if not isinstance(node.ctx, ast.Load):
        return
    index = node.slice
    if isinstance(index, ast.Slice) and index.step is None:
        if index.lower is not None and index.upper is None:
            yield "range", ("late",), _slice_start
        if index.upper is not None:
            yield "range", ("short",), _slice_end
    elif (value := whole(index)) is not None:
        yield "index", (str(value),), _other_index


def _columns(node: ast.Subscript, columns: Sequence[str]) -> Iterator[Place]:
    """Take another column of a table than the one that is named."""
    index = node.slice
    if isinstance(index, ast.Constant) and isinstance(node.ctx, ast.Load):
        for other in _neighbours(index.value, columns):
            yield "column", (str(index.value), other), _put("slice", ast.Constant(other))


def _neighbours(name: object, columns: Sequence[str]) -> list[str]:
    if name not in columns or len(columns) < 2:
        return []
    place = columns.index(str(name))
    return list(dict.fromkeys((columns[place - 1], columns[(place + 1) % len(columns)])))


def _put(field_name: str, value: object) -> Change:
    def change(node: ast.AST) -> None:
        setattr(node, field_name, value)

    return change


def _items(node: ast.List) -> Iterator[Place]:
    """Leave out the first or the last of several texts, such as names of columns."""
    texts = [isinstance(n, ast.Constant) and isinstance(n.value, str) for n in node.elts]
    if len(texts) > 2 and all(texts):
        for place in (0, -1):
            yield "item", ("first" if place == 0 else "last",), _without_item(place)


def _without_item(place: int) -> Change:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.List)
        del node.elts[place]

    return change


def _slice_start(node: ast.AST) -> None:
    assert isinstance(node, ast.Subscript)
    assert isinstance(node.slice, ast.Slice)
    assert node.slice.lower is not None
    node.slice.lower = ast.BinOp(node.slice.lower, ast.Add(), ast.Constant(1))


def _slice_end(node: ast.AST) -> None:
    assert isinstance(node, ast.Subscript)
    assert isinstance(node.slice, ast.Slice)
    assert node.slice.upper is not None
    node.slice.upper = ast.BinOp(node.slice.upper, ast.Sub(), ast.Constant(1))


def _other_index(node: ast.AST) -> None:
    assert isinstance(node, ast.Subscript)
    value = whole(node.slice) or 0
    node.slice = ast.Constant(value - 1 if value > 0 else value + 1)


def _siblings(node: ast.Name, known: Sequence[str], kinds: Mapping[str, str]) -> Iterator[Place]:
    found = [n for n in known if n != node.id and are_siblings(node.id, n, kinds)]
    for other in found[:2]:
        yield "sibling", (node.id, other), _another(other)


def are_siblings(one: str, other: str, kinds: Mapping[str, str] = MappingProxyType({})) -> bool:
    """Do two names stand for the same kind of thing: `trn_dep` and `val_dep`, `l1` and `l2`?"""
    if one in kinds and other in kinds and kinds[one] != kinds[other]:
        return False
    ours, theirs = _TOKENS.findall(one.lower()), _TOKENS.findall(other.lower())
    if len(ours) != len(theirs):
        return False
    pairs = [(a, b) for a, b in zip(ours, theirs, strict=True) if a != b]
    if len(pairs) != 1:
        return False
    first, second = pairs[0]
    both_numbers = first.isdigit() and second.isdigit() and len(ours) > 1
    return both_numbers or any(first in row and second in row for row in (_SETS, _ROLES))


def _another(other: str) -> Change:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Name)
        node.id = other

    return change


def _dropped(node: ast.stmt, block: ast.AST, around: Surroundings) -> tuple[str, ...]:
    """Say what would be missing without a statement, () when it can't be left out silently."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        name = dotted(node.value.func)
        return () if SEED.search(name) or writes(name) else ("call", name.rsplit(".", 1)[-1])
    if isinstance(node, ast.AugAssign):
        return ("change",)
    if not isinstance(node, ast.Assign):
        return ()
    if all(isinstance(target, ast.Subscript | ast.Attribute) for target in node.targets):
        return ("change",)
    targets = set(_stored(ast.Module([node], [])))
    before = set(around.bound)
    for earlier in getattr(block, "body", ()):
        if earlier is node:
            break
        before |= set(_stored(earlier))
    if isinstance(block, ast.FunctionDef):
        before = set(parameters(block.args)) | (before - set(around.bound))
    return ("change",) if targets <= before else ()
