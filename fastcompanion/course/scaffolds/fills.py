"""Constants that replace data: what fills gaps, limits, rounds and recodes. Nobody can guess them.

Told in words, never as the call: whoever fills a gap with another number gets other results from there
on. Numbers with a keyword are settings, and told as such.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from fastcompanion.course.notebooks.cells import Statement
from fastcompanion.course.notebooks.names import dotted, walk

MOST = 6  # texts for one statement
_LONGEST = 24  # characters of one constant
_MOST_PAIRS = 8  # of a table that values are looked up in
_MAY_FILL = re.compile(
    r"fill|clip|clamp|replace|map\(|full|nan|isna|isnull|round|around|where|mask"
)
_SAYS_IT = re.compile(r"(?i)relu|rectif")  # a name that tells what becomes of values below zero
_MODULES = frozenset("np numpy torch F pd pandas jnp tf math os shutil re".split())
_GAPS = ("fillna", "nan_to_num")
_LIMITS = ("clip", "clamp", "clamp_min", "clamp_max")
_RECODES = ("replace", "map")
_PLACED = {
    "masked_fill": "masked values become",
    "where": "what a condition leaves out becomes",
    "mask": "what a condition holds for becomes",
}
_WHOLE = ("round", "around", "full", "full_like", "new_full", "fill")
_MISSING = frozenset(["isna", "isnull", "isnan"])


def told(
    statement: Statement, known: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> list[str]:
    """Say which constants replace data; `known` settings (by the called name) are told already."""
    if not _MAY_FILL.search(statement.source):
        return []
    node = statement.node
    hidden = {a.arg for n in walk(node) if isinstance(n, ast.Lambda) for a in n.args.args}
    found: dict[str, None] = {}
    for inner in _untold(node):
        if isinstance(inner, ast.Call) and not _is_known(inner, known):
            found.update(dict.fromkeys(_called(inner, hidden)))
        elif isinstance(inner, ast.Assign):
            found.update(dict.fromkeys(_masked(inner, hidden)))
    return list(found)[:MOST]


def _untold(node: ast.AST) -> Iterator[ast.AST]:
    """Go through a tree, but not into definitions whose name says what becomes of values."""
    if not _SAYS_IT.search(getattr(node, "name", None) or ""):
        yield node
        for inner in ast.iter_child_nodes(node):
            yield from _untold(inner)


def _is_known(node: ast.Call, known: Mapping[str, Sequence[str]]) -> bool:
    """Do the settings tell the constants of this call that stand there without a keyword?"""
    plain = [text for arg in node.args if (text := _constant(arg))]
    return bool(plain) and ", ".join(plain) in known.get(dotted(node.func).rsplit(".", 1)[-1], ())


def _called(node: ast.Call, hidden: set[str]) -> Iterator[str]:
    """Say what one call puts in the place of what."""
    name = dotted(node.func).rsplit(".", 1)[-1].rstrip("_")
    on, args = _parts(node)
    what = "" if on is None else _subject(on, hidden)
    if name in _GAPS:
        named = [k.value for k in node.keywords if k.arg == "value" and _is_text(k.value)]
        yield from _gaps([*args, *named], what)
    elif name in _LIMITS and args:
        yield from _limits([None, *args] if name == "clamp_max" else args, what)
    elif name in _RECODES and isinstance(node.func, ast.Attribute):
        yield from _recoded(args, what)
    elif name in _PLACED and len(args) == 2 and not _constant(args[0]):
        yield from _said(_PLACED[name], args[1])
    elif name in _WHOLE and args:
        yield from _whole(name, args[-1], what)


def _gaps(args: Sequence[ast.expr], what: str) -> Iterator[str]:
    match args:
        case [ast.Dict() as table]:
            yield from _by_column(table)
        case [value]:
            yield from _said(f"missing values{_of(what)} become", value)


def _whole(name: str, value: ast.expr, what: str) -> Iterator[str]:
    if name in ("round", "around"):
        yield from _said(f"{what or 'values'} rounded to", value, " digits")
    else:
        yield from _said(f"{what} filled with" if name == "fill" and what else "filled with", value)


def _parts(node: ast.Call) -> tuple[ast.expr | None, list[ast.expr]]:
    """Give what is worked on and the other arguments, for `x.clip(0)` as for `np.clip(x, 0)`."""
    args = list(node.args)
    func = node.func
    if isinstance(func, ast.Attribute) and dotted(func.value).split(".", 1)[0] not in _MODULES:
        return func.value, args
    return (args[0], args[1:]) if args else (None, [])


def _subject(node: ast.expr, hidden: set[str]) -> str:
    """Name the data or the column that is worked on, "" for a longer expression."""
    match node:
        case ast.Name(id=name):
            return "" if name in hidden else f"`{name}`"
        case ast.Attribute(value=ast.Name(), attr=name) if name not in ("str", "data", "values"):
            return f"`{name}`"
        case ast.Attribute(value=inner, attr="str" | "data" | "values"):
            return _subject(inner, hidden)
        case ast.Subscript(slice=ast.Constant(value=str() as name)):
            return f"`{name}`" if len(name) <= _LONGEST else ""
        case ast.Subscript(slice=ast.Tuple(elts=[_, ast.Constant(value=str() as name)])):
            return f"`{name}`" if len(name) <= _LONGEST else ""
    return ""


def _of(what: str) -> str:
    return f" of {what}" if what else ""


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _constant(node: ast.expr) -> str:
    """Write a number, a text or a truth value as it stands; "" for all else and for what is long."""
    match node:
        case ast.Constant(value=bool() | int() | float() | str()):
            text = ast.unparse(node)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float())):
            text = ast.unparse(node)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Attribute(attr="inf")):
            text = "-inf"
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str() as word)]):
            text = word
        case ast.Attribute(value=ast.Name(id=base), attr="nan" | "inf" as word) if base in _MODULES:
            text = word
        case _:
            return ""
    return text if len(text) <= _LONGEST else ""


def _said(words: str, value: ast.expr, after: str = "") -> Iterator[str]:
    if text := _constant(value):
        yield f"{words} `{text}`{after}"


def _by_column(table: ast.Dict) -> Iterator[str]:
    for key, value in zip(table.keys, table.values, strict=True):
        if key is not None and _is_text(key) and (name := _constant(key)):
            yield from _said(f"missing values of `{ast.literal_eval(name)}` become", value)


def _limits(args: Sequence[ast.expr | None], what: str) -> Iterator[str]:
    """Say between which constants values are kept."""
    low, high = [one and _constant(one) for one in [*args, None][:2]]
    if low and high:
        yield f"values{_of(what)} are kept between `{low}` and `{high}`"
    elif low or high:
        yield f"values{_of(what)} are {'at least' if low else 'at most'} `{low or high}`"


def _recoded(args: Sequence[ast.expr], what: str) -> Iterator[str]:
    """Say what becomes of what, also by a table that is written out: `{...}` or `dict(a=1)`."""
    pairs: list[tuple[ast.expr, ast.expr]] = []
    match args:
        case [ast.Dict(keys=keys, values=values)]:
            pairs = [(k, v) for k, v in zip(keys, values, strict=True) if k is not None]
        case [ast.Call(func=ast.Name(id="dict"), args=[], keywords=words)]:
            pairs = [(ast.Constant(w.arg), w.value) for w in words]
        case [old, new, *_]:
            pairs = [(old, new)]
    if 0 < len(pairs) <= _MOST_PAIRS:
        yield from _pairs(pairs, what)


def _pairs(pairs: Sequence[tuple[ast.expr, ast.expr]], what: str) -> Iterator[str]:
    texts = [(_constant(old), _constant(new)) for old, new in pairs]
    if not all(old and new for old, new in texts):
        return
    olds: dict[str, list[str]] = {}
    for old, new in texts:
        olds.setdefault(new, []).append(f"`{old}`")
    told = [f"{', '.join(o)} become{'s' * (len(o) == 1)} `{new}`" for new, o in olds.items()]
    yield (f"in {what} " if what else "") + "; ".join(told)


def _masked(node: ast.Assign, hidden: set[str]) -> Iterator[str]:
    """Say what `df.loc[df.a.isna(), 'a'] = 0` puts in the place of missing values."""
    match node.targets:
        case [ast.Subscript(value=on, slice=index)]:
            tested = [n for n in walk(index) if isinstance(n, ast.Call)
                      and dotted(n.func).rsplit(".", 1)[-1] in _MISSING]  # fmt: skip
            if tested and not any(isinstance(n, ast.Invert) for n in walk(index)):
                own = _parts(tested[0])[0]
                what = _subject(own, hidden) if own is not None else _subject(on, hidden)
                yield from _said(f"missing values{_of(what)} become", node.value)
