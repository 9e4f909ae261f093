"""How random numbers are drawn, in words: their range and scale are settings nobody can guess.

Told are draws that only constants and sizes scale or shift; every other one is left alone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace

from fastcompanion.base.records import frozen
from fastcompanion.course.notebooks.names import dotted, parameters, walk
from fastcompanion.course.scaffolds.amounts import constant, sized, spell
from fastcompanion.course.scaffolds.chance import Drawn, drawn

MOST = 8  # draws of one step; a list of more nobody reads
_THROUGH = frozenset("requires_grad_ to cuda cpu float double half clone detach item numpy "
                     "requires_grad astype type tolist contiguous squeeze unsqueeze".split())  # fmt: skip
_SCALES = re.compile(r"^(?:n_\w+|nh|\w*scale|\w*std|sigma|temperature|\w*_?size|num_\w+)$")
_DRAWS = re.compile(r"rand|rng|normal|uniform|choice|sample|gauss|integers|multinomial|\brs\.")
_LOOPS = ast.For | ast.While | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@frozen
class Draw:
    """One draw in words; `nodes` are the places in memory of all that the words tell."""

    text: str
    function: str
    nodes: frozenset[int]
    generator: str = ""


@frozen
class _Value:
    """A draw with what was done to it: while nothing but constants were, `low` and `high` hold.

    For a normal draw `low` is the mean and `high` the standard deviation.
    """

    call: Drawn
    low: float
    high: float
    folds: bool
    steps: tuple[str, ...] = ()


def draws(node: ast.AST, own: Container[str] = ()) -> list[Draw]:
    """List the draws of a statement in the order of its text; none when there are too many.

    `own` are functions of the notebook that draw: with what they are called decides the numbers.
    """
    found = list(_found(node, _Place(own=own, names=_scales(node))))
    return found if len(found) <= MOST else []


def may_draw(source: str, own: Iterable[str] = ()) -> bool:
    """Is there a word in this code that a draw needs? Most code has none, and need not be read."""
    return bool(_DRAWS.search(source)) or any(name in source for name in own)


def sentence(found: Sequence[Draw], of: str = "") -> str:
    """Tell draws in one sentence: "Random numbers (`torch.rand`): `w` uniform from 0 to 1."."""
    sources = ", ".join(dict.fromkeys(f"`{draw.function}`" for draw in found))
    if generators := dict.fromkeys(f"`{draw.generator}`" for draw in found if draw.generator):
        sources += f" from the generator {', '.join(generators)}"
    told = list(dict.fromkeys(draw.text for draw in found))
    order = ", drawn in this order" if len(told) > 1 else ""
    where = f" in {of}" if of else ""
    return f"Random numbers{where} ({sources}){order}: {'; '.join(told)}."


def draws_directly(node: ast.stmt) -> bool:
    """Is this a function that gives back one draw as it is?"""
    body = node.body if isinstance(node, ast.FunctionDef) else []
    last = body[-1] if body else None
    return (
        isinstance(last, ast.Return)
        and last.value is not None
        and _value(last.value, _Place(names=_scales(node))) is not None
    )


def _scales(node: ast.AST) -> frozenset[str]:
    """Name the parameters with a number as default: they are settings as well."""
    found: set[str] = set()
    for function in walk(node):
        if isinstance(function, _Function):
            given = function.args
            late = [*given.posonlyargs, *given.args][-len(given.defaults) or None :]
            pairs = [*zip(late, given.defaults, strict=False),
                     *zip(given.kwonlyargs, given.kw_defaults, strict=True)]  # fmt: skip
            found |= {a.arg for a, d in pairs if d is not None and constant(d) is not None}
            found |= {name for name in parameters(given) if _SCALES.match(name)}
    return frozenset(found)


@frozen
class _Place:
    """Where an expression stands: what it is bound to, whether it is a part only, or in a loop."""

    label: str = ""
    part: bool = False
    looped: bool = False
    own: Container[str] = ()
    names: frozenset[str] = frozenset()


def _found(node: ast.AST, place: _Place) -> Iterator[Draw]:
    if isinstance(node, ast.expr) and (value := _value(node, place)) is not None:
        nodes = frozenset(id(inner) for inner in walk(node))
        yield Draw(_told(value, place), value.call.function, nodes, value.call.generator)
        return
    if isinstance(node, ast.Assign | ast.AnnAssign):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        place = replace(place, label=_label(target), part=False)
    elif isinstance(node, ast.Return):
        place = replace(place, label="", part=False)
    elif isinstance(node, ast.AugAssign):
        place = replace(place, label=_label(node.target), part=True)
    elif isinstance(node, ast.BinOp | ast.Compare | ast.IfExp | ast.Subscript):
        place = replace(place, part=True)
    elif isinstance(node, ast.Call) and not _passes(node):
        place = replace(place, part=True)
    place = replace(place, looped=place.looped or isinstance(node, _LOOPS))
    yield from _inside(node, place)


def _inside(node: ast.AST, place: _Place) -> Iterator[Draw]:
    """Go on into what a node holds; pairs `a, b = f(), g()` each with their own name."""
    match node:
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)) if len(
            names
        ) == len(values):
            for name, value in zip(names, values, strict=True):
                yield from _found(value, replace(place, label=_label(name)))
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _found(child, place)


def _label(target: ast.expr) -> str:
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return f"`{name}`"
        case ast.Subscript(value=inner):
            return _label(inner)
    return ""


def _passes(node: ast.Call) -> bool:
    """Does a call only move or wrap what it gets: `.to(device)`, `nn.Parameter(x)`?"""
    name = dotted(node.func).rsplit(".", 1)[-1]
    return name in _THROUGH or name in ("Parameter", "tensor", "array", "Variable")


def _value(node: ast.expr, place: _Place) -> _Value | None:
    """Read an expression as a draw and what constants and sizes do to it."""
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            if (value := _value(left, place)) is not None:
                return _done(value, op, right, place)
            if isinstance(op, ast.Mult | ast.Add) and (value := _value(right, place)) is not None:
                return _done(value, op, left, place)
        case ast.Call(func=ast.Attribute(value=inner, attr=method)) if method in _THROUGH:
            return _value(inner, place)
        case ast.Subscript(value=ast.Call() as inner, slice=ast.Constant(value=0)):
            value = _value(inner, place)
            single = value is not None and len(value.call.shape) == 1
            if value is not None and single and sized(value.call.shape[0]) == "1":
                return replace(value, call=replace(value.call, shape=(), about="one number"))
        case ast.Call():
            call = drawn(node, place.own)
            folds = call is not None and call.low is not None and call.high is not None
            if call is not None:
                return _Value(call, call.low or 0.0, call.high or 0.0, folds)
    return None


def _done(value: _Value, op: ast.operator, other: ast.expr, place: _Place) -> _Value | None:
    """Apply one operation; None where words could not say it without telling more."""
    if value.call.kind == "items":
        return None
    number = constant(other)
    if number is not None and (folded := _folded(value, op, number)) is not None:
        return folded
    if isinstance(op, ast.Add | ast.Sub) and number is not None:
        word = "plus" if isinstance(op, ast.Add) else "minus"
        return replace(value, folds=False, steps=(*value.steps, f"{word} {sized(other)}"))
    if not isinstance(op, ast.Mult | ast.Div):
        return None
    amount = _amount(value.call, other, place)
    word = "times" if isinstance(op, ast.Mult) else "divided by"
    if not amount:
        return None
    return replace(value, folds=False, steps=(*value.steps, f"{word} {amount}"))


def _folded(value: _Value, op: ast.operator, number: float) -> _Value | None:
    """Shift or scale the range itself, as long as it can be written exactly."""
    if not value.folds or value.steps:
        return None
    low, high, normal = value.low, value.high, value.call.kind == "normal"
    if isinstance(op, ast.Add | ast.Sub):
        shift = number if isinstance(op, ast.Add) else -number
        low, high = low + shift, high if normal else high + shift
    elif isinstance(op, ast.Mult | ast.Div) and number > 0:
        factor = number if isinstance(op, ast.Mult) else 1 / number
        low, high = low * factor, high * factor
    else:
        return None
    exact = all(abs(float(spell(n)) - n) <= 1e-12 * max(1.0, abs(n)) for n in (low, high))
    return replace(value, low=low, high=high) if exact else None


def _amount(call: Drawn, other: ast.expr, place: _Place) -> str:
    """Say a factor: a size of the drawn array by its side, others by their names."""
    if not isinstance(other, ast.Name | ast.Constant) and len(call.shape) == 2:
        texts = [ast.dump(size) for size in call.shape]
        if ast.dump(other) in texts and texts[0] != texts[1]:
            return f"its number of {('rows', 'columns')[texts.index(ast.dump(other))]}"
    names = {n.id for size in call.shape for n in walk(size) if isinstance(n, ast.Name)}
    known = names | place.names
    used = {n.id for n in walk(other) if isinstance(n, ast.Name)}
    modules = {"math", "np", "numpy", "torch", "sqrt", "len"}
    told = all(name in known or name in modules or _SCALES.match(name) for name in used)
    return sized(other) if told else ""


def _told(value: _Value, place: _Place) -> str:
    """Put one draw into words: "`w`: uniform from 0 to 1, of shape (`n`, 1)"."""
    call = value.call
    how = _how(value)
    shape = _shape(call)
    words = ", ".join([part for part in (call.about, how) if part] + list(value.steps))
    words += f", {shape}" if shape else ""
    each = "each " if place.looped else ""
    if place.part and call.kind != "own":
        label = f"in {place.label}: " if place.label else "in a part of it: "
    else:
        label = f"{place.label}: " if place.label else ""
    return f"{label}{each}{words}"


def _how(value: _Value) -> str:
    call = value.call
    if call.kind not in ("uniform", "normal"):
        return call.first
    numbers = call.low is not None and call.high is not None
    low = spell(value.low) if numbers else call.first
    high = spell(value.high) if numbers else call.second
    if (call.kind, low, high) == ("normal", "0", "1"):
        return "standard normal"
    if call.kind == "normal":
        return f"normal with mean {low} and standard deviation {high}"
    return f"uniform from {low} to {high}"


def _shape(call: Drawn) -> str:
    if call.like:
        return f"of the shape of `{call.like}`"
    told = [sized(size) for size in call.shape]
    if not told or not all(told):
        return ""
    if len(told) == 1:
        return f"of size {told[0]}"
    return f"of shape ({', '.join(told)})"
