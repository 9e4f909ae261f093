"""Small changes of a learner's own code that may set it right, each with words for what it was. Pure.

Where a section comes out wrong, and comes out right with one of these changes, the place is found:
a sign, a name taken for its neighbour, a result that was not kept, a line indented too far. What is
said names the place and the kind of mistake, not the cure.
"""

from __future__ import annotations

import ast
import pickle
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import field, replace
from itertools import combinations

from fastcompanion.base.records import frozen
from fastcompanion.course.checks import aligned, confusions
from fastcompanion.course.checks import alterations as to
from fastcompanion.course.checks.mixups import first_changed, other_sets
from fastcompanion.course.checks.moves import Placed, holders, moved
from fastcompanion.course.checks.mutants import Change, on_node
from fastcompanion.course.checks.nearer import MODULES, Original
from fastcompanion.course.checks.omissions import (
    already_there,
    best_so_far,
    like_the_original,
    lost,
    missing_parts,
    reads,
    thrown_away,
)
from fastcompanion.course.checks.regrouping import regrouped
from fastcompanion.course.checks.subscripts import other_ends, short, slices, subscripts
from fastcompanion.course.notebooks.cells import SEED, is_drawing, parse_cell
from fastcompanion.course.notebooks.names import dotted, parameters

_SIGNS: Mapping[type[ast.operator], str] = {
    ast.Add: "plus", ast.Sub: "minus", ast.Mult: "times", ast.Div: "divided by",
    ast.FloorDiv: "divided down to a whole number", ast.Pow: "to the power of",
    ast.MatMult: "the matrix product",
}  # fmt: skip
# Which sign may have been meant; what also gives the right value by another way is no mistake of people.
_CONFUSED: Mapping[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub, ast.Mult), ast.Sub: (ast.Add, ast.Mult, ast.Div),
    ast.Mult: (ast.Div, ast.MatMult, ast.Add, ast.Pow, ast.Sub),
    ast.Div: (ast.Mult, ast.FloorDiv, ast.Sub), ast.FloorDiv: (ast.Div,),
    ast.Pow: (ast.Mult,), ast.MatMult: (ast.Mult,),
}  # fmt: skip
_SUMMARIES: Mapping[str, str] = {
    "mean": "mean", "sum": "sum", "max": "largest value", "min": "smallest value",
    "median": "median", "std": "standard deviation", "var": "variance", "prod": "product",
}  # fmt: skip
_FAMILIES = (
    tuple(_SUMMARIES),
    ("argmax", "argmin", "max"),
    ("max", "argmax"),
    ("min", "argmin"),
    ("idxmax", "idxmin"),
    ("any", "all"),
    ("unique", "nunique"),
    ("mode", "median", "mean"),
    ("maximum", "minimum"),
    ("log", "log2", "log10", "log1p"),
    ("exp", "expm1"),
    ("sqrt", "square"),
    ("abs", "square"),
    ("relu", "sigmoid", "tanh", "softmax"),
    ("add_", "sub_"),
    ("mul_", "div_"),
    ("append", "extend"),
    ("rand", "randn"),
    ("int", "float", "bool"),
    ("zeros", "ones", "rand"),
    ("zeros_like", "ones_like"),
)
_PLAIN = frozenset(
    "print display len range list tuple dict set str isinstance enumerate zip".split()
)
_WRAPPED = frozenset(
    "abs sigmoid relu tanh exp log log1p sqrt square softmax log_softmax clip clamp round float int "
    "mean sum sorted T flatten ravel copy clone".split()
)
_ROOM = 8  # other names to try in the place of one
_ORDER = (
    "operator", "step", "summary", "unpacked", "kept", "lost", "place", "arguments", "axis",
    "keyword", "index", "slice", "listed", "turned", "extra", "needless", "best", "sets", "sibling", "texts",
    "function", "type", "nested", "brackets", "indented", "outdented", "added", "comparison", "truth",
    "condition", "minus", "item", "number", "limit", "superfluous", "wrapped", "factor", "anew", "lacking", "term", "name", "negative",
    "settings", "missing", aligned.OTHER,
)  # fmt: skip
_BROAD = ("settings", "anew")
_PATIENCE = 5  # kinds that come before the next of many alternatives for one place


@frozen
class Repair:
    """One change: its kind, what it was in words, the cell's new source, the line from 1.

    `statement` is the position of the changed statement in its cell.
    """

    kind: str
    words: str
    source: str
    line: int
    text: str
    statement: int
    turn: int = 0
    gain: int = 0
    size: int = 0

    @property
    def is_plain(self) -> bool:
        """Does it say what kind of mistake it is?"""
        return self.kind != aligned.OTHER

    @property
    def tier(self) -> int:
        """0: brings the code nearer to the original; 1: and may change more than the mistake.

        2: puts a part of the original there, whatever the mistake was; 3: neither nearer nor
        farther; 4: away from the original.
        """
        if not self.is_plain:
            return 2
        if self.gain > 0:
            return int(self.kind in _BROAD)
        return 3 if self.gain == 0 else 4

    @property
    def rank(self) -> tuple[int, int, int]:
        """Likely ones first; of many alternatives for one place (`turn`) not all at once.

        Of what brings the code nearer to the original, the smallest change comes first.
        """
        order = _ORDER.index(self.kind) + _PATIENCE * self.turn
        width = (self.size, len(self.text), len(self.text), 0, 0)
        return self.tier, width[self.tier], order


@frozen
class Words:
    """What may stand in the place of something else: bound names, and what the original holds.

    `originals` are its short calls as they are, `read` what it uses of what the learner has as
    well; `fine` are functions that are right already.
    """

    names: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    numbers: tuple[float, ...] = ()
    texts: tuple[str, ...] = ()
    fine: frozenset[str] = field(default_factory=frozenset)
    originals: tuple[ast.Call, ...] = ()
    read: tuple[str, ...] = ()
    trees: tuple[ast.Module, ...] = ()


Edit = tuple[str, str, Change]


def repairs(source: str, words: Words, places: frozenset[int] | None = None) -> list[Repair]:
    """Give the changes of one cell, likely ones first, in the statements at `places` or in all."""
    tree = parse_cell(source)
    if tree is None:
        return []
    plain, found = "\n".join(map(ast.unparse, tree.body)), dict[str, Repair]()
    turns, kept = Counter[tuple[str, int]](), pickle.dumps(tree)
    original = Original(tree, words.trees)
    for kind, said, node, change in _places(tree, words, places):
        twin: ast.Module = pickle.loads(kept)  # noqa: S301 - our own tree, far quicker than a copy
        change(twin)
        texts = [ast.unparse(one) for one in ast.fix_missing_locations(twin).body]
        text = "\n".join(texts)
        if text == plain:
            continue
        line, turn = getattr(node, "lineno", 1), turns[kind, id(node)]
        if text in found:
            found[text] = _plainer(found[text], kind, said, line, short(node))
            continue
        reached = max(line, tree.body[0].lineno)
        place = max(n for n, one in enumerate(tree.body) if one.lineno <= reached)
        gain, size = original.compared(twin, texts)
        turns[kind, id(node)] += 1
        found[text] = Repair(kind, said, text, line, short(node), place, turn, gain, size)
    return sorted(found.values(), key=lambda one: one.rank)


def _plainer(one: Repair, kind: str, said: str, line: int, text: str) -> Repair:
    """Choose the words that say more of what is the same change in the end."""
    if _ORDER.index(kind) >= _ORDER.index(one.kind):
        return one
    return replace(one, kind=kind, words=said, line=line, text=text)


def vocabulary(
    sources: Sequence[str],
) -> tuple[tuple[str, ...], tuple[float, ...], tuple[str, ...]]:
    """Collect calls, numbers and texts of code, in order."""
    calls, numbers, texts = dict[str, None](), dict[float, None](), dict[str, None]()
    for source in sources:
        tree = parse_cell(source) or ast.Module([], [])
        called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (name := dotted(node.func)):
                calls[name] = None
            elif isinstance(node, ast.Attribute) and node.attr == "T":
                calls["T"] = None
            elif isinstance(node, ast.Attribute) and id(node) not in called:
                texts[node.attr] = None  # a column of a table may be written so
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts[node.value] = None
            elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
                numbers[node.value] = None
    return tuple(calls), tuple(numbers), tuple(texts)


def _places(tree: ast.Module, words: Words, places: frozenset[int] | None) -> Iterator[Placed]:
    spared = _spared(tree, words, places)
    scopes = _scopes(tree, words.names)
    shown = _spared(tree, words, None)
    for said, change in (*other_sets(tree, scopes[id(tree)], shown), *other_ends(tree)):
        yield "sets", said, first_changed(tree, change), change
    held, (unread, again) = holders(tree), lost(tree)
    read = reads(tree)
    for number, node in enumerate(ast.walk(tree)):
        if id(node) not in spared:
            for kind, said, change in _edits(node, scopes.get(id(node), words.names), words):
                yield kind, said, node, on_node(number, change)
            for kind, said, change in _at_once(node, scopes.get(id(node), words.names), spared):
                yield kind, said, node, on_node(number, change)
            local = scopes.get(id(node), ())
            for kind, said, change in (
                *thrown_away(node, local, unread),
                *best_so_far(node, again),
                *missing_parts(node, sorted(local[:_ROOM], key=read.__getitem__), words.numbers),
            ):
                yield kind, said, node, on_node(number, change)
    yield from _as_in_the_original(tree, words, spared)
    for number, node in enumerate(ast.walk(tree)):
        for place, statement in enumerate(to.body(node)):
            if id(statement) not in spared:
                yield from moved(number, node, place, statement, held)


def _as_in_the_original(
    tree: ast.Module, words: Words, spared: Collection[int]
) -> Iterator[Placed]:
    numbers = {id(node): number for number, node in enumerate(ast.walk(tree))}
    for node, kind, said, change in aligned.differences(tree, words.trees):
        if id(node) not in spared:
            yield kind, said, node, on_node(numbers[id(node)], change)
    for said, line, block, place, step in aligned.missing(tree, words.trees):
        if id(line) not in spared:
            yield "missing", said, line, to.inserted(numbers[id(block)], place, step)


def _at_once(node: ast.AST, known: Sequence[str], spared: Collection[int]) -> Iterator[Edit]:
    """Give the changes of several places of a statement at once."""
    if isinstance(node, ast.Return | ast.Assign) and sum(map(_is_sign, ast.walk(node))) > 1:
        yield "step", "with the signs turned round", _all_signs
    if isinstance(node, ast.stmt):
        for said, change in other_sets(node, known, spared):
            yield "sets", said, change


def _spared(tree: ast.Module, words: Words, places: frozenset[int] | None) -> set[int]:
    """Collect what is not to be changed: what is right, told or only shown."""
    kept = places if places is not None else frozenset(range(len(tree.body)))
    found: set[int] = set()
    for place, statement in enumerate(tree.body):
        own = isinstance(statement, ast.FunctionDef) and statement.name in words.fine
        if place not in kept or own or isinstance(statement, ast.Import | ast.ImportFrom):
            found |= {id(inner) for inner in ast.walk(statement)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) or (
            isinstance(node, ast.Call)
            and (dotted(node.func) in ("print", "display") or is_drawing(dotted(node.func)))
        ):
            found |= {id(inner) for inner in ast.walk(node)}
        if isinstance(node, ast.FunctionDef):
            found |= {id(inner) for part in node.decorator_list for inner in ast.walk(part)}
    return found


def _scopes(tree: ast.Module, outer: tuple[str, ...]) -> dict[int, tuple[str, ...]]:
    """Map nodes inside functions to the names known there, nearest first."""
    found: dict[int, tuple[str, ...]] = {}
    top = tuple(dict.fromkeys((*_stored(tree.body), *reversed(outer))))
    for node in ast.walk(tree):
        found.setdefault(id(node), top)
        if isinstance(node, ast.FunctionDef):
            local = (*parameters(node.args), *_stored(node.body))
            known = tuple(dict.fromkeys((*local, *top)))
            found.update({id(n): known for part in node.body for n in ast.walk(part)})
    return found


def _stored(body: Sequence[ast.AST]) -> list[str]:
    inner = [n for part in body for n in ast.walk(part)]
    return [n.id for n in inner if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]


def _edits(node: ast.AST, known: Sequence[str], words: Words) -> Iterator[Edit]:
    """Give the changes of one node by what it is."""
    if isinstance(node, ast.Constant):
        yield from _constants(node, words)
    elif isinstance(node, ast.stmt):
        yield from _statement(node, known)
        yield from confusions.not_kept(node, words.trees)
    elif isinstance(node, ast.expr):
        yield from _expression(node, known, words)
        yield from _wrapped(node, words)
        yield from like_the_original(node, words.originals, known)
        yield from already_there(node, words.read)
        for said, change in regrouped(node):
            yield ("brackets" if "brackets" in said else "nested"), said, change


def _constants(node: ast.Constant, words: Words) -> Iterator[Edit]:
    value = node.value
    if isinstance(value, str):
        for other in words.texts:
            if other != value:
                yield "texts", f"with {value!r} where another name belongs", to.put(other)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _numbers(value, words)


def _statement(node: ast.stmt, known: Sequence[str]) -> Iterator[Edit]:
    match node:
        case ast.If() | ast.While():
            yield "condition", "with a condition turned round", to.negate
        case ast.AugAssign():
            yield from _operators(node)
        case ast.Return(value=ast.expr() as value):
            yield from _factors(value, known)
        case ast.Assign() | ast.Expr():
            yield from _assignments(node)
            if isinstance(node, ast.Assign) and not isinstance(node.value, ast.Constant):
                yield from _factors(node.value, known)


def _expression(node: ast.expr, known: Sequence[str], words: Words) -> Iterator[Edit]:
    match node:
        case ast.Name(ctx=ast.Load()):
            yield from _names(node, known, words.read)
        case ast.BinOp():
            yield from _operators(node)
            yield from confusions.truths(node)
        case ast.Compare():
            yield from confusions.comparisons(node)
        case ast.BoolOp():
            yield from confusions.truths(node)
        case ast.UnaryOp(op=ast.USub()):
            yield "minus", "with a minus sign that does not belong there", to.into("operand")
        case ast.UnaryOp(op=ast.Not() | ast.Invert()):
            yield "condition", "with a condition turned round", to.into("operand")
        case ast.IfExp():
            yield "condition", "with a condition turned round", to.negate
        case ast.Call():
            yield from _calls(node)
        case _:
            yield from _holding(node)


def _holding(node: ast.expr) -> Iterator[Edit]:
    """Give the changes of what is taken from, or put together of, other values."""
    match node:
        case ast.Attribute(value=ast.Name(id="torch" | "np"), attr=old) if old in confusions.TYPES:
            for other in confusions.TYPES:
                if other != old:
                    yield "type", f"with `{old}` where another type belongs", to.typed(other)
        case ast.Attribute(attr="T"):
            yield "turned", "with rows and columns swapped", to.into("value")
        case ast.Subscript(ctx=ast.Load()):
            yield from subscripts(node)
        case ast.Slice():
            yield from slices(node)
        case ast.List() if len(node.elts) > 1:
            for place, one in enumerate(node.elts):
                said = f"with {ast.unparse(one)} in a list that it does not belong to"
                yield "item", said, to.without_item(place)
        case ast.Tuple(ctx=ast.Store()):
            yield from _turned(node, "unpacked", "with two results unpacked the other way round")


def _names(node: ast.Name, known: Sequence[str], read: Sequence[str]) -> Iterator[Edit]:
    """Try other names: those that share a word with it, what the original reads, what is new."""
    if node.id in _PLAIN or node.id not in known:
        return
    said = f"with `{node.id}` where another name belongs"
    parts = set(node.id.lower().split("_"))
    near = [n for n in known if n != node.id and parts & set(n.lower().split("_"))]
    for other in near[:_ROOM]:
        yield "sibling", said, to.rename(other)
    for other in [n for n in (*read, *known) if n != node.id and n not in near][:_ROOM]:
        yield "name", said, to.rename(other)


def _is_sign(node: ast.AST) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)


def _all_signs(node: ast.AST) -> None:
    for inner in ast.walk(node):
        if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Add | ast.Sub):
            inner.op = ast.Sub() if isinstance(inner.op, ast.Add) else ast.Add()


def _numbers(value: float, words: Words) -> Iterator[Edit]:
    said = f"with {value:g} where another number belongs"
    near = (value + 1, *words.numbers, value - 1, -value, value * 10, value / 10, value / 2)
    for other in dict.fromkeys(near):
        if other != value:
            yield "number", said, to.put(other)
    for name in words.names[-3:] if value == 0 else ():
        yield "texts", said, to.changing(_named(name))


def _named(name: str) -> Callable[[ast.AST], ast.AST]:
    return lambda node: ast.Name(name, ast.Load())


def _operators(node: ast.BinOp | ast.AugAssign) -> Iterator[Edit]:
    old = _SIGNS.get(type(node.op))
    for other in _CONFUSED.get(type(node.op), ()):
        new = _SIGNS[other]
        if (
            old
            and not _does_nothing(node, other)
            and (other is not ast.MatMult or isinstance(node, ast.BinOp))
        ):
            step = isinstance(node, ast.AugAssign) and {old, new} == {"plus", "minus"}
            said = (
                "with the sign of the step turned round"
                if step
                else f"with {old} in place of {new}"
            )
            yield ("step" if step else "operator"), said, to.operator(other)
    if isinstance(node, ast.AugAssign):
        yield "added", "with a value changed step by step that should be set", to.set_plainly
    elif isinstance(node.op, ast.Sub | ast.Div | ast.Pow):
        yield "operator", f"with the two sides of {old!r} the other way round", to.swap_sides
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        yield "function", "with squares where something else belongs", to.absolute
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        yield "factor", "with a factor of two left out or too many", to.scaled("right", 2)
    if isinstance(node, ast.BinOp) and old:
        for side, gone in (("left", node.right), ("right", node.left)):
            yield "superfluous", aligned.superfluous(node, gone), to.into(side)
    match node:
        case ast.BinOp(op=ast.Mult(), left=ast.BinOp(left=core, op=ast.Mult(), right=last)):
            both = short(ast.BinOp(last, ast.Mult(), node.right))
            said = f"with `{both}`, which does not belong there"
            yield "superfluous", said, to.changing(lambda one: core)


def _does_nothing(node: ast.BinOp | ast.AugAssign, op: type[ast.operator]) -> bool:
    """Is it only another way to leave one side out: times one, plus zero?"""
    sides = [node.left, node.right] if isinstance(node, ast.BinOp) else [node.value]
    idle = 0 if op in (ast.Add, ast.Sub) else 1
    return any(isinstance(one, ast.Constant) and one.value == idle for one in sides)


def _calls(node: ast.Call) -> Iterator[Edit]:
    name = dotted(node.func).rpartition(".")[2]
    if SEED.search(dotted(node.func)):
        return
    others = [one for family in _FAMILIES if name in family for one in family]
    yield from (_family(name, one) for one in dict.fromkeys(others) if one != name)
    if name in _WRAPPED or name in ("astype", "long", "squeeze", "unsqueeze", "view", "reshape"):
        said = f"with `{name}` where it does not belong"
        if isinstance(node.func, ast.Attribute) and dotted(node.func.value) not in MODULES:
            yield "extra", said, lambda one: to.become(one, to.func_value(one))
        elif node.args:
            yield "extra", said, to.first
    plain = [n for n, one in enumerate(node.args) if not isinstance(one, ast.Starred)]
    if name not in _PLAIN:
        said = "with two arguments the other way round"
        for left, right in list(combinations(plain, 2))[:6]:
            yield "arguments", said, to.swap_in("args", left, right)
    yield from _keywords(node, name)
    yield from confusions.types(node)
    yield from confusions.needless_call(node)
    if name.rstrip("_") == name and isinstance(node.func, ast.Attribute) and _is_step(name):
        yield "place", f"with what `{name}` gives not kept", to.attribute(f"{name}_")


def _is_step(name: str) -> bool:
    return name in ("sub", "add", "mul", "div", "zero", "requires_grad", "clamp", "copy")


def _family(name: str, other: str) -> Edit:
    if name in _SUMMARIES and other in _SUMMARIES:
        said = f"with the {_SUMMARIES[name]} in place of the {_SUMMARIES[other]}"
        return "summary", said, to.called(other)
    return "function", f"with `{name}` where another function belongs", to.called(other)


def _keywords(node: ast.Call, name: str) -> Iterator[Edit]:
    for place, keyword in enumerate(node.keywords):
        value = keyword.value
        if keyword.arg in ("axis", "dim") and isinstance(value, ast.Constant):
            yield "axis", "along another axis", to.keyword(place, 1 if value.value == 0 else 0)
        if isinstance(value, ast.Constant) and isinstance(value.value, bool):
            yield (
                "keyword",
                f"with `{keyword.arg}` set the other way",
                to.keyword(place, not value.value),
            )
        elif keyword.arg and keyword.arg not in ("seed", "random_state"):
            is_axis = keyword.arg in ("axis", "dim")
            said = f"with `{keyword.arg}`, which does not belong there"
            yield "keyword", "along another axis" if is_axis else said, to.drop(place)
    if name in _SUMMARIES and not any(one.arg in ("axis", "dim") for one in node.keywords):
        for kept in (False, True):
            for axis in (1, 0):
                said = "over all axes at once instead of one"
                yield "axis", said, to.add_axis(axis, kept=kept)


def _turned(node: ast.Tuple, kind: str, said: str) -> Iterator[Edit]:
    for one, other in list(combinations(range(len(node.elts)), 2))[:6]:
        yield kind, said, to.swap_in("elts", one, other)


def _assignments(node: ast.Assign | ast.Expr) -> Iterator[Edit]:
    """Keep what was worked out and thrown away; add where a value was set."""
    if isinstance(node, ast.Assign):
        target = node.targets[0]
        if isinstance(target, ast.Name) and not isinstance(node.value, ast.Constant):
            yield "added", "with a value set where it should be added to", to.add_to
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            return
        if isinstance(target, ast.Name) and (own := _receiver(node.value)) not in ("", target.id):
            said = f"with the result in `{target.id}`, where another name belongs"
            yield "kept", said, to.assign_to(own)
    elif (own := _receiver(node.value)) != "":
        yield "kept", "with a result that is worked out and not kept", to.keep(own)


def _factors(value: ast.expr, known: Sequence[str]) -> Iterator[Edit]:
    """Divide what is assigned or returned by how many there are, or by two."""
    if isinstance(value, ast.Tuple | ast.List | ast.Dict | ast.JoinedStr):
        return
    for name in known[:4]:
        yield "factor", "without dividing by how many there are", to.divided(name)
    for factor in (2, 0.5):
        yield "factor", "with a factor of two left out or too many", to.scaled("value", factor)


def _receiver(node: ast.expr) -> str:
    """Say which variable an expression begins with: `df` of `df.fillna(0)` and of `df / 2`."""
    while isinstance(node, ast.BinOp | ast.Call | ast.Attribute | ast.Subscript):
        node = (
            node.left
            if isinstance(node, ast.BinOp)
            else node.func
            if isinstance(node, ast.Call)
            else node.value
        )
    return node.id if isinstance(node, ast.Name) and node.id not in _PLAIN | MODULES else ""


def _wrapped(node: ast.expr, words: Words) -> Iterator[Edit]:
    """Put a call of the original's section around a part of an expression."""
    if not isinstance(node, ast.BinOp | ast.Call | ast.Name | ast.Subscript):
        return
    if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
        return
    if isinstance(node, ast.BinOp | ast.Call):
        yield "negative", "without a minus sign", to.minus
    for call in words.calls:
        module, _, name = call.rpartition(".")
        if name in _WRAPPED and not (isinstance(node, ast.Call) and dotted(node.func) == call):
            said = f"without `{name}`" if name != "T" else "without swapping rows and columns"
            yield "wrapped", said, to.wrap(name, module if module in MODULES else "")
