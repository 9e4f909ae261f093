"""Calls that draw random numbers: from what range or spread, how many, and by which generator."""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Mapping
from typing import Literal

from fastcompanion.base.records import frozen
from fastcompanion.course.notebooks.names import dotted
from fastcompanion.course.scaffolds.amounts import constant, sized

_NP = r"(?:(?:np|numpy)\.)?random\.|(?:\w*rng|gen|generator|random_state|rs)\."
_STANDARD = {
    "uniform": re.compile(rf"^(?:torch\.rand|(?:{_NP})(?:rand|random|random_sample|ranf))$"),
    "normal": re.compile(rf"^(?:torch\.randn|(?:{_NP})(?:randn|standard_normal))$"),
}
_LIKE = {"torch.rand_like": "uniform", "torch.randn_like": "normal"}
_RANGED = {
    "uniform": re.compile(rf"^(?:{_NP})uniform$"),
    "normal": re.compile(rf"^(?:(?:{_NP})(?:normal|gauss|normalvariate)|torch\.normal)$"),
}
_FILLED = {"uniform_": "uniform", "normal_": "normal"}
_WHOLE = re.compile(rf"^(?:torch\.randint|(?:{_NP})(?:randint|integers))$")
_CHOICE = re.compile(rf"^(?:(?:{_NP})(?:choice|choices|sample)|torch\.multinomial)$")
_PLACES = {"uniform": ("low", "high", "size"), "normal": ("loc", "scale", "size")}
_SAME = {"mean": "loc", "std": "scale", "mu": "loc", "sigma": "scale", "a": "low", "b": "high",
         "from": "low", "to": "high", "shape": "size"}  # fmt: skip
_IGNORED = frozenset({"generator", "device", "dtype", "requires_grad"})
_START = {"low": "0", "high": "1", "loc": "0", "scale": "1"}

Kind = Literal["uniform", "normal", "whole", "items", "own"]


@frozen
class Drawn:
    """A call that draws: the range `low` to `high`, or mean and deviation, where they are numbers.

    `first` and `second` say the same in words; `like` names an array whose shape is taken.
    """

    kind: Kind
    function: str
    first: str = ""
    second: str = ""
    low: float | None = None
    high: float | None = None
    shape: tuple[ast.expr, ...] = ()
    like: str = ""
    about: str = ""
    generator: str = ""


def drawn(node: ast.Call, own: Container[str] = ()) -> Drawn | None:
    """Read a call as a draw; None for other calls and for those that words can't tell."""
    name = dotted(node.func)
    given = {k.arg: k.value for k in node.keywords if k.arg}
    if any(isinstance(arg, ast.Starred) for arg in node.args) or len(given) < len(node.keywords):
        return None
    if name in own:
        return _own(node, name)
    if name in _LIKE and len(node.args) == 1 and isinstance(node.args[0], ast.Name):
        kind: Kind = "normal" if _LIKE[name] == "normal" else "uniform"
        return Drawn(kind, name, low=0.0, high=1.0, like=node.args[0].id)
    if _WHOLE.match(name):
        return _whole(node, name, given)
    if _CHOICE.match(name):
        return _items(node, name, given)
    return _spread(node, name, given)


def _spread(node: ast.Call, name: str, given: Mapping[str, ast.expr]) -> Drawn | None:
    for kind in ("uniform", "normal"):
        if _STANDARD[kind].match(name):
            return _standard(node, kind, name, given)
        if _RANGED[kind].match(name):
            return _ranged(kind, name, list(node.args), given)
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if method not in _FILLED:
        return None
    return _filled(node, method, name, given)


def _standard(node: ast.Call, kind: str, name: str, given: Mapping[str, ast.expr]) -> Drawn | None:
    if set(given) - _IGNORED - {"size"}:
        return None
    sizes = [*node.args, *([given["size"]] if "size" in given else [])]
    return _made(kind, name, "0", "1", sizes, given)


def _ranged(
    kind: str, name: str, args: list[ast.expr], given: Mapping[str, ast.expr]
) -> Drawn | None:
    """Read `uniform(low, high, size)` and `normal(mean, deviation, size)`."""
    places = _PLACES[kind]
    named = {_SAME.get(key, key): value for key, value in given.items()}
    if len(args) > len(places) or set(named) - set(places) - _IGNORED:
        return None
    values = {**dict(zip(places, args, strict=False)), **named}
    told = [sized(values[p]) if p in values else _START[p] for p in places[:2]]
    sizes = [values["size"]] if "size" in values else []
    return _made(kind, name, told[0], told[1], sizes, given) if all(told) else None


def _filled(node: ast.Call, method: str, name: str, given: Mapping[str, ast.expr]) -> Drawn | None:
    """Read `torch.empty(3).uniform_(-1, 1)`, `w.normal_()` and `nn.init.normal_(w)`."""
    inner = node.func.value if isinstance(node.func, ast.Attribute) else None
    args = list(node.args)
    like, sizes = "", list[ast.expr]()
    if re.search(r"(?:^|\.)init\.", name):
        if not args or not isinstance(args[0], ast.Name | ast.Attribute):
            return None
        like = dotted(args.pop(0))
    elif isinstance(inner, ast.Call) and dotted(inner.func) in ("torch.empty", "torch.zeros"):
        sizes = list(inner.args)
    elif isinstance(inner, ast.Name | ast.Attribute):
        like = dotted(inner)
    found = _ranged(_FILLED[method], method, args, given)
    if found is None or not (like or sizes) or "?" in like:
        return None
    return _made(found.kind, method, found.first, found.second, sizes, given, like)


def _made(
    kind: str, name: str, first: str, second: str, sizes: list[ast.expr],
    given: Mapping[str, ast.expr], like: str = "",
) -> Drawn | None:  # fmt: skip
    shape = _shape(sizes)
    generator = given.get("generator")
    if shape is None or (generator is not None and not isinstance(generator, ast.Name)):
        return None
    low, high = (_number(text) for text in (first, second))
    single = not sizes and not like
    if isinstance(shape, str):
        like, shape = shape, ()
    return Drawn(
        "normal" if kind == "normal" else "uniform", name, first, second, low, high, shape, like,
        "one number" if single else "", generator.id if generator is not None else "",
    )  # fmt: skip


def _number(text: str) -> float | None:
    try:
        return constant(ast.parse(text, mode="eval").body)
    except SyntaxError:
        return None


def _shape(sizes: list[ast.expr]) -> tuple[ast.expr, ...] | str | None:
    """Give the sizes asked for, or the name of the array whose shape is taken."""
    if len(sizes) == 1:
        match sizes[0]:
            case ast.Tuple(elts=inner) | ast.List(elts=inner):
                return tuple(inner)
            case ast.Attribute(value=ast.Name(id=name), attr="shape"):
                return name
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="size"), args=[]):
                return name
    return None if any(isinstance(size, ast.Starred) for size in sizes) else tuple(sizes)


def _whole(node: ast.Call, name: str, given: Mapping[str, ast.expr]) -> Drawn | None:
    """Read whole numbers: Python's own `randint` takes the upper end in, all others don't."""
    own = name == "random.randint" and not given and len(node.args) == 2
    args, sizes = list(node.args), [given["size"]] if "size" in given else []
    if name.startswith("torch.") and not sizes and len(args) > 1:
        sizes = [args.pop()]
    elif len(args) == 3:
        sizes = [args.pop()]
    bounds = [given[k] for k in ("low", "high") if k in given]
    bounds = [*args, *bounds]
    shape = _shape(list(sizes))
    told = [sized(bound) for bound in bounds]
    odd = set(given) - _IGNORED - {"size", "low", "high"}
    if odd or not 0 < len(told) <= 2 or not all(told) or shape is None:
        return None
    last = told[-1] if own else f"below {told[-1]}"
    words = f"whole numbers from {told[0] if len(told) == 2 else 0} to {last}"
    generator = given.get("generator")
    like, plain = (shape, ()) if isinstance(shape, str) else ("", shape)
    named = generator.id if isinstance(generator, ast.Name) else ""
    return Drawn("whole", name, words, shape=plain, like=like, generator=named)


def _items(node: ast.Call, name: str, given: Mapping[str, ast.expr]) -> Drawn | None:
    """Read choices of items: how many, and whether one may come twice."""
    args = list(node.args)
    last = name.rsplit(".", 1)[-1]
    count = next((given[k] for k in ("size", "k", "num_samples") if k in given), None)
    if count is None and len(args) > 1:
        count = args[1]
    if count is None:
        return None
    twice = _may_repeat(last, given, args)
    if twice is None:
        return None
    plain = isinstance(count, ast.Name | ast.Constant)  # more would be the answer itself
    number = f"{sized(count)} " if plain else ""
    how = f"{number}items drawn {'with' if twice else 'without'} replacement"
    chances = ", each with a probability of its own" if "p" in given or "weights" in given else ""
    words = "one item" if number == "1 " else how + chances
    return Drawn("items", name, words)


def _may_repeat(last: str, given: Mapping[str, ast.expr], args: list[ast.expr]) -> bool | None:
    """May an item come twice? Say None where the code does not settle it."""
    asked = given.get("replace", given.get("replacement", args[2] if len(args) > 2 else None))
    if asked is not None:
        fixed = asked.value if isinstance(asked, ast.Constant) else None
        return fixed if isinstance(fixed, bool) else None
    return last in ("choice", "choices")


def _own(node: ast.Call, name: str) -> Drawn | None:
    """Read a call of the notebook's own drawing function: what it is called with."""
    told = [sized(arg) for arg in node.args]
    told += [f"{k.arg} {sized(k.value)}" for k in node.keywords if sized(k.value)]
    if not told or not all(told):
        return None
    return Drawn("own", name, f"`{name}` with ({', '.join(told)})")
