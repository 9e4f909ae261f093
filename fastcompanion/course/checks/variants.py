"""More wrong versions of a cell than its slips: each place is changed in several ways. Pure syntax.

A finished check is tried with these. A slip has one or two versions for each place, which is enough
to say whether a check is any good; here every kind of mistake has as many as the place bears: each
other comparison, each other summary, each neighbouring index. What can be known to end in an error
is left out: names are mixed up with those of the same form alone, summaries with those that take the
same arguments.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TypeVar

from fastcompanion.course.checks import slips
from fastcompanion.course.checks.mutants import Change, Mutant, Planned, made, on_node
from fastcompanion.course.checks.slips import ALONE, Place, Surroundings
from fastcompanion.course.checks.spared import untouched
from fastcompanion.course.notebooks.cells import parse_cell
from fastcompanion.course.notebooks.names import dotted, parameters

_SUMMARIES = ("mean", "sum", "prod", "std", "var", "max", "min", "median")
# With an axis, some libraries return two things for the others.
_ALONG = ("mean", "sum", "prod", "std", "var")
_OF_MODE = ("median", "mean", "max", "min")
_FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    "log": ("log2", "log10", "log1p", "sqrt"), "log2": ("log", "log10"), "log10": ("log", "log2"),
    "log1p": ("log", "expm1"), "exp": ("expm1", "exp2"), "expm1": ("exp", "log1p"),
    "sigmoid": ("tanh", "relu"), "tanh": ("sigmoid", "relu"), "relu": ("tanh", "sigmoid"),
    "softmax": ("log_softmax",), "log_softmax": ("softmax",), "sqrt": ("square", "log"),
    "square": ("sqrt", "abs"), "abs": ("square", "sqrt"), "sin": ("cos", "tan"),
    "cos": ("sin", "tan"), "floor": ("ceil", "round"), "ceil": ("floor", "round"),
    "round": ("floor", "ceil"), "gelu": ("relu", "tanh"), "leaky_relu": ("relu", "tanh"),
}  # fmt: skip
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div)
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
_OPPOSITE: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_IN_PLACE = ("sub_", "add_", "mul_", "div_", "copy_")
_STEPS = (ast.Add, ast.Sub, ast.Mult)
_NEAR = 4  # other names that a name is mixed up with, other columns that are taken
Node = TypeVar("Node", bound=ast.AST)
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def variants(source: str, around: Surroundings = ALONE) -> list[Mutant]:
    """Give every slip of a cell and all other versions of its places, in a fixed order."""
    tree = parse_cell(source)
    if tree is None:
        return []
    return made(tree, chain(slips.places(tree, around), _places(tree, around)))


def _places(tree: ast.Module, around: Surroundings) -> Iterator[Planned]:
    look = _Look(tree, around)
    spared = untouched(tree, around.skipped, around.told)
    for number, node in enumerate(ast.walk(tree)):
        if id(node) not in spared:
            line = getattr(node, "lineno", 0)
            for operator, detail, change in _changes(node, look):
                yield operator, detail, line, on_node(number, change)


class _Look:
    """What has to be known of a cell: names of functions' own, counters, tests and indexes."""

    def __init__(self, tree: ast.Module, around: Surroundings) -> None:
        self.around = around
        self.tests = {
            id(n.test) for n in ast.walk(tree) if isinstance(n, ast.If | ast.While | ast.IfExp)
        }
        self.indexes = {id(n.slice) for n in ast.walk(tree) if isinstance(n, ast.Subscript)}
        self.counters = {name for node in ast.walk(tree) for name in _counters(node)}
        self.mates = [row for node in ast.walk(tree) for row in _unpacked(node)]
        self._own: dict[int, set[str]] = {}
        for node in ast.walk(tree):
            if isinstance(node, _Function):
                inside = node.body if isinstance(node.body, list) else [node.body]
                stored = {name for part in inside for name in _stored(part)}
                for part in inside:
                    for inner in ast.walk(part):
                        self._own.setdefault(id(inner), set()).update(stored, parameters(node.args))

    def kind(self, node: ast.expr) -> str:
        """Say what a name at the start of an expression holds, "" where nobody knows."""
        while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
            node = node.func if isinstance(node, ast.Call) else node.value
        if not isinstance(node, ast.Name) or node.id in self._own.get(id(node), ()):
            return ""
        return self.around.kinds.get(node.id, "")

    def like(self, node: ast.Name) -> list[str]:
        """Name what was made before and has the same form, the latest first."""
        forms, own = self.around.forms, self._own.get(id(node), set())
        if node.id in own or not forms.get(node.id):
            return []
        found = [n for n in self.around.bound if forms.get(n) == forms[node.id] and n not in own]
        return [name for name in reversed(found) if name != node.id][:_NEAR]


def _counters(node: ast.AST) -> Iterator[str]:
    """Name the variable of a loop that counts: of `range`, or the first of `enumerate`."""
    if isinstance(node, ast.For | ast.comprehension) and isinstance(node.iter, ast.Call):
        name, target = dotted(node.iter.func), node.target
        if name == "enumerate" and isinstance(target, ast.Tuple):
            target = target.elts[0]
        if name in ("range", "enumerate") and isinstance(target, ast.Name):
            yield target.id


def _unpacked(node: ast.AST) -> Iterator[set[str]]:
    """Give the names that one assignment takes out of a tuple."""
    for target in node.targets if isinstance(node, ast.Assign) else ():
        if isinstance(target, ast.Tuple):
            yield set(_stored(target))


def _stored(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            yield inner.id


def _changes(node: ast.AST, look: _Look) -> Iterator[Place]:
    match node:
        case ast.Name(ctx=ast.Load()):
            for other in look.like(node):
                yield "sibling", (node.id, other), _put("id", other)
        case ast.Call():
            yield from _calling(node, look)
        case ast.Subscript(ctx=ast.Load()):
            yield from _subscript(node, look)
        case ast.Attribute():
            yield from _attribute(node, look)
        case ast.List(elts=elements):
            yield from _items(elements, look.around.columns)
        case ast.stmt():
            yield from _statement(node)
        case _:
            yield from _expression(node, look)


def _expression(node: ast.AST, look: _Look) -> Iterator[Place]:
    match node:
        case ast.Constant(value=int() | float()) if id(node) not in look.indexes:
            yield from _constants(node)
        case ast.BinOp():
            yield from _arithmetic(node, look)
        case ast.Compare(ops=[_]):
            yield from _comparing(node, look)
        case ast.BoolOp():
            either = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield "condition", ("either",), _put("op", either)
        case ast.IfExp():
            yield from _deciding()


def _deciding() -> Iterator[Place]:
    yield "condition", ("always",), _put("test", ast.Constant(True))
    yield "condition", ("never",), _put("test", ast.Constant(False))


def _statement(node: ast.AST) -> Iterator[Place]:
    match node:
        case ast.Return(value=ast.Call() | ast.BinOp() as value) if _is_array(value):
            yield "axis", ("flat",), _wrapped("value", "{}.ravel()")
            yield "axis", ("turned",), _wrapped("value", "{}.T")
        case ast.If():
            yield from _deciding()
        case ast.For():
            yield from _loop(node.iter)
        case ast.AugAssign() if isinstance(node.op, ast.Add | ast.Sub):
            for other in _STEPS:
                yield "step", (other.__name__,), _put("op", other())
            for number in (2, 0.5):
                yield "step", ("size",), _wrapped("value", f"{{}} * {number}")
        case ast.Assign() if slips.is_step(node):
            for number in (2, 0.5):
                yield "step", ("size",), _step_of_value(number)
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name), args=[_, *_])):
            yield from _in_place(name)


def _in_place(name: str) -> Iterator[Place]:
    if name in _IN_PLACE[:2]:
        for other in _IN_PLACE:
            yield "step", (name, other), _method(other)
        yield "step", ("lost",), _method(name.rstrip("_"))
        for number in (2, 0.5):
            yield "step", ("size",), _step_of_call(number)


def _constants(node: ast.Constant) -> Iterator[Place]:
    value = node.value
    others: tuple[float, ...] = ()
    if isinstance(value, int) and not isinstance(value, bool):
        others = (value - 1, 2 * value)
    elif isinstance(value, float):
        others = (value / 2, value * 10, -value)
    for other in others:
        yield "constant", (repr(value),), _put("value", other)


def _arithmetic(node: ast.BinOp, look: _Look) -> Iterator[Place]:
    if isinstance(node.op, ast.BitAnd | ast.BitOr):
        other = ast.BitOr() if isinstance(node.op, ast.BitAnd) else ast.BitAnd()
        yield "condition", ("either",), _put("op", other)
        return
    pair = [n.id for n in (node.left, node.right) if isinstance(n, ast.Name)]
    if len(pair) == 2 and any(set(pair) <= row for row in look.mates):
        yield "sibling", (pair[0], pair[1]), _put("left", ast.Name(pair[1], ast.Load()))
        yield "sibling", (pair[1], pair[0]), _put("right", ast.Name(pair[0], ast.Load()))
    if isinstance(node.op, _ARITHMETIC):
        # Texts and lists can be added, and nothing else.
        is_list = any(isinstance(n, ast.List | ast.JoinedStr) for n in (node.left, node.right))
        for other_ in () if is_list else _ARITHMETIC:
            yield "operator", (type(node.op).__name__, other_.__name__), _put("op", other_())
        for side in ("left", "right"):
            yield "term", ("part", ""), _only(side)


def _comparing(node: ast.Compare, look: _Look) -> Iterator[Place]:
    kind = type(node.ops[0])
    if kind in _OPPOSITE:
        yield "comparison", ("negated",), _put("ops", [_OPPOSITE[kind]()])
    if kind in _ORDER:
        for other in _ORDER:
            yield "comparison", ("other",), _put("ops", [other()])
        if id(node) not in look.tests:
            # A mask of any shape stays one of that shape.
            yield "condition", ("always",), _masked(ast.BitOr(), value=True)
            yield "condition", ("never",), _masked(ast.BitAnd(), value=False)


def _calling(node: ast.Call, look: _Look) -> Iterator[Place]:
    name = dotted(node.func).rsplit(".", 1)[-1]
    if isinstance(node.func, ast.Attribute):
        name = node.func.attr
        yield from _summaries(node, name, look)
        for other in _FUNCTIONS.get(name, ()):
            yield "function", (name, other), _called(other)
    elif name in ("max", "min", "sum"):
        for other in ("max", "min", "sum"):
            yield "aggregate", (name, other), _called(other)
    if name == "range" and 1 <= len(node.args) <= 2:
        yield from _ranges(len(node.args))


def _summaries(node: ast.Call, name: str, look: _Look) -> Iterator[Place]:
    """Give other summaries of the same values, and other axes."""
    axis = any(k.arg in ("axis", "dim") for k in node.keywords) or any(
        isinstance(a, ast.Constant | ast.UnaryOp) for a in node.args
    )
    if name in _SUMMARIES:
        for other in _ALONG if axis else _SUMMARIES:
            yield "aggregate", (name, other), _called(other)
    if name == "mode" and not axis:
        for other in _OF_MODE:
            yield "aggregate", (name, other), _called(other)
    if axis and name in _ALONG and not any(str(k.arg).startswith("keepdim") for k in node.keywords):
        yield "axis", ("kept",), _with_keyword("keepdims", True)
    if not node.args and not axis and name in (*_SUMMARIES, "mode", "idxmax", "idxmin", "count"):
        plain = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
        if plain and look.kind(node.func) == "frame":
            yield "axis", ("added",), _with_keyword("axis", 1)


def _ranges(count: int) -> Iterator[Place]:
    end = count - 1
    yield "range", ("long",), _argument(end, lambda old: ast.BinOp(old, ast.Add(), _number(1)))
    yield "range", ("step",), _every_second
    if count > 1:
        yield "range", ("late",), _argument(0, lambda old: ast.BinOp(old, ast.Add(), _number(1)))


def _loop(over: ast.expr) -> Iterator[Place]:
    """Give loops over less than all; a sequence can be cut, and so can what is counted."""
    inner = _as(over, ast.Call).args[0] if _counts(over) else over
    if isinstance(inner, ast.Name | ast.Attribute | ast.BinOp):
        for detail, text in (("late", "[1:]"), ("short", "[:-1]"), ("step", "[::2]")):
            yield "range", (detail,), _looped(text)


def _counts(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func) == "enumerate" and bool(node.args)


def _subscript(node: ast.Subscript, look: _Look) -> Iterator[Place]:
    index, columns = node.slice, look.around.columns
    if isinstance(index, ast.Slice):
        yield from _slices(index)
    elif (value := slips.whole(index)) is not None:
        yield from _indexes(node, value)
    elif isinstance(index, ast.Name) and index.id in look.counters:
        for text in ("0", "-1", f"{index.id} - 1", f"{index.id} + 1"):
            yield "index", (index.id,), _put("slice", ast.parse(text, mode="eval").body)
    elif isinstance(index, ast.Constant) and index.value in columns:
        for name in _near(str(index.value), columns):
            yield "column", (str(index.value), name), _put("slice", ast.Constant(name))
    elif isinstance(index, ast.Tuple | ast.Constant):
        yield from _added_axis(node)


def _indexes(node: ast.Subscript, value: int) -> Iterator[Place]:
    for other in dict.fromkeys((value + 1, abs(value - 1), 0, -1, value + 2)):
        if other != value:
            yield "index", (str(value),), _put("slice", _number(other))
    if isinstance(node.value, ast.Attribute) and node.value.attr in ("iloc", "loc"):
        yield "axis", ("other",), _wrapped("slice", ":, {}")


def _slices(index: ast.Slice) -> Iterator[Place]:
    if index.step is not None:
        return
    for field in ("lower", "upper"):
        if getattr(index, field) is not None:
            for detail, sign in (("late", "+"), ("early", "-")):
                yield "range", (detail,), _sliced(field, sign)
    if (index.lower is None) != (index.upper is None):
        yield "range", ("rest",), _other_side


def _added_axis(node: ast.Subscript) -> Iterator[Place]:
    """Leave out the axis that an index adds, or add it in another place."""
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if not any(isinstance(p, ast.Constant) and p.value is None for p in parts):
        return
    if all(isinstance(p, ast.Slice | ast.Constant) for p in parts):
        yield "axis", ("dropped",), _becoming(lambda old: _as(old, ast.Subscript).value)
        if len(parts) > 1:
            turned = ast.Tuple(list(reversed(parts)), ast.Load())
            yield "axis", ("moved",), _put("slice", turned)


def _attribute(node: ast.Attribute, look: _Look) -> Iterator[Place]:
    value = node.value
    if look.kind(node) != "frame":
        return
    if node.attr == "values" and not (
        isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Constant)
    ):
        yield "axis", ("turned",), _becoming(_turned)
    elif isinstance(value, ast.Name) and node.attr in look.around.columns:
        for name in _near(node.attr, look.around.columns):
            yield "column", (node.attr, name), _put("attr", name)


def _near(name: str, columns: Sequence[str]) -> list[str]:
    """Give the columns that are spelled out next to one, the nearest first."""
    place = columns.index(name)
    others = sorted(range(len(columns)), key=lambda n: (abs(n - place), n))
    return [columns[n] for n in others if n != place][:_NEAR]


def _items(elements: Sequence[ast.expr], columns: Sequence[str]) -> Iterator[Place]:
    """Leave each of several texts out, or take another column in its place."""
    texts = [str(n.value) for n in elements if isinstance(n, ast.Constant)]
    if len(texts) < 2 or not all(
        isinstance(n, ast.Constant) and isinstance(n.value, str) for n in elements
    ):
        return
    for place, text in enumerate(texts):
        yield "item", ("left out",), _item(place, None)
        others = [] if text not in columns else _near(text, columns)
        for other in [name for name in others if name not in texts][:2]:
            yield "item", (text, other), _item(place, other)


def _is_array(value: ast.expr) -> bool:
    """Is what is returned an array, as far as the code tells?"""
    if isinstance(value, ast.Call):
        root = dotted(value.func).split(".")
        return len(root) > 1 and root[0] in ("torch", "np", "numpy", "F", "jnp")
    return any(isinstance(getattr(n, "op", None), ast.MatMult) for n in ast.walk(value))


def _turned(node: ast.AST) -> ast.AST:
    return ast.Attribute(_twin(_as(node, ast.Attribute)), "T", ast.Load())


def _number(value: int) -> ast.expr:
    return ast.parse(str(value), mode="eval").body


def _put(field: str, value: object) -> Change:
    def change(node: ast.AST) -> None:
        setattr(node, field, value)

    return change


def _method(name: str) -> Change:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Expr)
        _called(name)(node.value)

    return change


def _called(name: str) -> Change:
    """Call something of another name."""

    def change(node: ast.AST) -> None:
        func = _as(node, ast.Call).func
        setattr(func, "attr" if isinstance(func, ast.Attribute) else "id", name)

    return change


def _as(node: ast.AST, kind: type[Node]) -> Node:
    assert isinstance(node, kind)
    return node


def _twin(node: Node) -> Node:
    return copy.copy(node)


def _becoming(other: Callable[[ast.AST], ast.AST]) -> Change:
    """Put something made of a node in the node's place."""

    def change(node: ast.AST) -> None:
        slips.become(node, other(node))

    return change


def _only(side: str) -> Change:
    return _becoming(lambda node: getattr(node, side))


def _masked(operator: ast.operator, *, value: bool) -> Change:
    return _becoming(
        lambda node: ast.BinOp(_as(_twin(node), ast.Compare), operator, ast.Constant(value))
    )


def _wrapped(field: str, template: str) -> Change:
    """Write something around a part of a node."""

    def change(node: ast.AST) -> None:
        text = template.format(f"({ast.unparse(getattr(node, field))})")
        held = ast.parse(f"x[{text}]", mode="eval").body
        setattr(node, field, _as(held, ast.Subscript).slice)

    return change


def _with_keyword(name: str, value: object) -> Change:
    def change(node: ast.AST) -> None:
        _as(node, ast.Call).keywords.append(ast.keyword(name, ast.Constant(value)))  # type: ignore[arg-type]

    return change


def _argument(place: int, other: Callable[[ast.expr], ast.expr]) -> Change:
    def change(node: ast.AST) -> None:
        call = _as(node, ast.Call)
        call.args[place] = other(call.args[place])

    return change


def _every_second(node: ast.AST) -> None:
    call = _as(node, ast.Call)
    call.args = [*([] if len(call.args) > 1 else [_number(0)]), *call.args, _number(2)]


def _looped(text: str) -> Change:
    def change(node: ast.AST) -> None:
        loop = _as(node, ast.For)
        if _counts(loop.iter):
            held = _as(loop.iter, ast.Call).args
            held[0] = _cut(held[0], text)
        else:
            loop.iter = _cut(loop.iter, text)

    return change


def _cut(node: ast.expr, text: str) -> ast.expr:
    return ast.parse(f"({ast.unparse(node)}){text}", mode="eval").body


def _sliced(field: str, sign: str) -> Change:
    def change(node: ast.AST) -> None:
        _wrapped(field, f"{{}} {sign} 1")(_as(node, ast.Subscript).slice)

    return change


def _other_side(node: ast.AST) -> None:
    held = _as(_as(node, ast.Subscript).slice, ast.Slice)
    held.lower, held.upper = held.upper, held.lower


def _item(place: int, other: str | None) -> Change:
    def change(node: ast.AST) -> None:
        held = _as(node, ast.List).elts
        held[place : place + 1] = [] if other is None else [ast.Constant(other)]

    return change


def _step_of_value(number: float) -> Change:
    def change(node: ast.AST) -> None:
        _wrapped("right", f"{{}} * {number}")(_as(node, ast.Assign).value)

    return change


def _step_of_call(number: float) -> Change:
    def change(node: ast.AST) -> None:
        call = _as(_as(node, ast.Expr).value, ast.Call)
        call.args[0] = ast.BinOp(call.args[0], ast.Mult(), ast.Constant(number))

    return change
