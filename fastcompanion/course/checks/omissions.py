"""What a learner may have left out, thrown away, or taken a simpler thing for. Pure syntax.

A factor or a term that is missing, the best so far that is overwritten, a result under a name that
nobody reads, another function where the original calls one of its own.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from fastcompanion.course.checks import alterations as to
from fastcompanion.course.checks.mutants import Change
from fastcompanion.course.notebooks.cells import SEED, is_drawing
from fastcompanion.course.notebooks.names import dotted

Edit = tuple[str, str, Change]
_FEW = 2
_NEAREST = 6  # names that are tried as what is missing
FACTOR = "with one factor left out"
TERM = "with one term left out"
_MODULES = frozenset("torch np numpy F pd pandas math random".split())


def missing_parts(node: ast.AST, local: Sequence[str], numbers: Sequence[float]) -> Iterator[Edit]:
    """Multiply by or add a name of the function: what a sum, a product or a result may lack.

    Factors are also the fractions among `numbers`, those of the original's section.
    """
    for spot, part in _lacking(node):
        for number in [one for one in numbers if 0 < one < 1][:_FEW]:
            yield "lacking", FACTOR, _with(spot, ast.Mult, ast.Constant(number))
        own = {n.id for n in ast.walk(part) if isinstance(n, ast.Name)}
        for name in [one for one in local[:_NEAREST] if one not in own]:
            yield "lacking", FACTOR, _with(spot, ast.Mult, ast.Name(name, ast.Load()))
            yield "term", TERM, _with(spot, ast.Add, ast.Name(name, ast.Load()))


Spot = Callable[[ast.AST], tuple[ast.AST, str, int | None]]


def _lacking(node: ast.AST) -> Iterator[tuple[Spot, ast.AST]]:
    """Give the parts of a statement or an expression that something may belong to."""
    match node:
        case ast.BinOp(op=ast.Add() | ast.Sub(), right=part):
            yield lambda one: (one, "right", None), part
        case ast.AugAssign(value=part):
            yield lambda one: (one, "value", None), part
        case ast.Return(value=ast.Tuple(elts=parts)):
            for place, part in enumerate(parts):
                yield _item(place), part
        case ast.Return(value=ast.expr() as part) | ast.Assign(value=part):
            if not isinstance(part, ast.Constant | ast.List | ast.Dict | ast.Tuple):
                yield lambda one: (one, "value", None), part
        case ast.Compare(left=ast.BinOp() as part):
            yield lambda one: (one, "left", None), part
        case ast.Call(args=[ast.BinOp() as part]):
            yield _argument, part


def _item(place: int) -> Spot:
    return lambda one: (one.value, "elts", place)  # type: ignore[attr-defined]


def _argument(node: ast.AST) -> tuple[ast.AST, str, int | None]:
    return node, "args", 0


def _with(spot: Spot, op: type[ast.operator], other: ast.expr) -> Change:
    def change(node: ast.AST) -> None:
        holder, field, place = spot(node)
        old = getattr(holder, field)
        part = old if place is None else old[place]
        new = ast.BinOp(part, op(), other)
        if place is None:
            setattr(holder, field, new)
        else:
            old[place] = new

    return change


def reads(tree: ast.AST) -> Counter[str]:
    """Count how often each name is read."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return Counter(node.id for node in names if isinstance(node.ctx, ast.Load))


def lost(tree: ast.AST) -> tuple[frozenset[str], frozenset[str]]:
    """Name what a cell binds and never reads, and what it binds more than once."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    stored = Counter(node.id for node in names if isinstance(node.ctx, ast.Store))
    read = {node.id for node in names if not isinstance(node.ctx, ast.Store)}
    return frozenset(set(stored) - read), frozenset(n for n, count in stored.items() if count > 1)


def thrown_away(node: ast.AST, local: Sequence[str], unread: frozenset[str]) -> Iterator[Edit]:
    """Give a result the name of something that is read, where its own name never is."""
    targets = node.targets if isinstance(node, ast.Assign) else []
    for target in targets:
        elements = target.elts if isinstance(target, ast.Tuple) else [target]
        for place, one in enumerate(elements):
            if isinstance(one, ast.Name) and one.id in unread:
                said = f"with a result in `{one.id}`, where it is lost"
                taken = {n.id for n in elements if isinstance(n, ast.Name)}
                whole = place if isinstance(target, ast.Tuple) else None
                for name in [n for n in local[:_NEAREST] if n not in taken]:
                    yield "lost", said, _stored_as(whole, name)


def _stored_as(place: int | None, name: str) -> Change:
    def change(node: ast.AST) -> None:
        target = node.targets[0]  # type: ignore[attr-defined]
        (target if place is None else target.elts[place]).id = name

    return change


def best_so_far(node: ast.AST, again: frozenset[str]) -> Iterator[Edit]:
    """Keep the larger or the smaller of what there was and what comes, where the last one stays."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() | ast.BinOp()):
            if name in again and not _calls_on(node.value, name):
                for call in ("max", "min"):
                    yield "best", f"with the last `{name}` kept, whatever was before", _kept(call)


def _calls_on(node: ast.AST, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node))


def _kept(call: str) -> Change:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Assign)
        name = node.targets[0].id  # type: ignore[attr-defined]
        before: list[ast.expr] = [ast.Name(name, ast.Load()), node.value]
        node.value = ast.Call(ast.Name(call, ast.Load()), before, [])

    return change


def like_the_original(
    node: ast.expr, originals: Sequence[ast.Call], known: Sequence[str]
) -> Iterator[Edit]:
    """Call what the original's section calls, with its settings, on what another call works on."""
    if not isinstance(node, ast.Call) or SEED.search(dotted(node.func)):
        return
    name = _last_name(node)
    core, said = _worked_on(node), f"with `{name or 'a call'}` where another function belongs"
    for one in originals:
        if _last_name(one) == name:
            if name and _arguments_known(one, known):
                yield "settings", f"with other arguments of `{name}`", to.changing(_set_like(one))
        elif core is not None and _can_be_called(one, known):
            yield "function", said, to.changing(_instead(one))


def already_there(node: ast.expr, names: Sequence[str]) -> Iterator[Edit]:
    """Put a name that the original reads in the place of what is worked out anew."""
    of_call = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call)
    stored = isinstance(getattr(node, "ctx", ast.Load()), ast.Store | ast.Del)
    if (of_call or isinstance(node, ast.Call | ast.Subscript | ast.BinOp)) and not stored:
        said = "with something worked out anew where a value belongs that is there already"
        for name in names:
            yield "anew", said, to.changing(_named(name))


def _named(name: str) -> Callable[[ast.AST], ast.AST]:
    return lambda node: ast.Name(name, ast.Load())


def _last_name(node: ast.Call) -> str:
    return dotted(node.func).rpartition(".")[2] or getattr(node.func, "attr", "")


def _arguments_known(node: ast.Call, known: Sequence[str]) -> bool:
    parts = [*node.args, *(one.value for one in node.keywords)]
    names = {n.id for one in parts for n in ast.walk(one) if isinstance(n, ast.Name)}
    return names <= {*known, *_MODULES}


def _set_like(original: ast.Call) -> Callable[[ast.AST], ast.AST]:
    def made(node: ast.AST) -> ast.AST:
        assert isinstance(node, ast.Call)
        call = copy.deepcopy(original)
        return ast.Call(node.func, call.args, call.keywords)

    return made


def _worked_on(node: ast.Call) -> ast.expr | None:
    """Give what a call works on: what a method belongs to, or the first argument."""
    if isinstance(node.func, ast.Attribute) and dotted(node.func.value) not in _MODULES:
        return node.func.value
    return node.args[0] if node.args and not isinstance(node.args[0], ast.Starred) else None


def _can_be_called(node: ast.Call, known: Sequence[str]) -> bool:
    """Are its settings plain, or under names that the learner has as well?"""
    on = _worked_on(node)
    others = [one for one in node.args if one is not on] + [k.value for k in node.keywords]
    names = {n.id for one in others for n in ast.walk(one) if isinstance(n, ast.Name)}
    return on is not None and names <= {*known, *_MODULES}


def _instead(original: ast.Call) -> Callable[[ast.AST], ast.AST]:
    def made(node: ast.AST) -> ast.AST:
        assert isinstance(node, ast.Call)
        core, call = _worked_on(node), copy.deepcopy(original)
        assert core is not None
        if isinstance(call.func, ast.Attribute) and dotted(call.func.value) not in _MODULES:
            call.func.value = core
        else:
            call.args[0] = core
        return call

    return made


def original_calls(trees: Sequence[ast.AST | None]) -> tuple[ast.Call, ...]:
    """Collect the short calls of the original, each once."""
    found: dict[str, ast.Call] = {}
    for tree in trees:
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Call) and len(node.args) + len(node.keywords) <= 3:
                name = dotted(node.func)
                if name not in ("print", "display", "len", "range") and not is_drawing(name):
                    found.setdefault(_key(node), node)
    return tuple(found.values())


def _key(node: ast.Call) -> str:
    """Say what a call is but for what it works on."""
    on = _worked_on(node)
    others = [ast.unparse(one) for one in node.args if one is not on]
    return "|".join([_last_name(node), *others, *map(ast.unparse, node.keywords)])
