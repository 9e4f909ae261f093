"""What of a cell no mistake is planted in: given code, shown lines, settings that are told, chance. Pure.

Arithmetic on fresh random numbers decides how they are scattered, which is the learner's business;
files that a cell writes are not looked at by any check.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping

from fastcompanion.course.notebooks.cells import SEED, is_drawing
from fastcompanion.course.notebooks.names import dotted

_DRAWS = re.compile(
    r"(?:^|\.)(?:rand|randn|random|random_sample|ranf|uniform|normal|standard_normal|gauss|rand_like|"
    r"randn_like|uniform_|normal_|kaiming_\w+|xavier_\w+|trunc_normal_)$"
)
_WRITES = re.compile(
    r"(?:^|\.)(?:to_(?:csv|parquet|json|pickle|excel|feather|hdf)|savefig|save|savez|savetxt|dump|"
    r"export|write|writelines|write_text|write_bytes|mkdir|save_model)$"
)
Told = Mapping[str, tuple[str, ...]]


def writes(name: str) -> bool:
    """Does a call of this dotted name write a file?"""
    return _WRITES.search(name) is not None


def untouched(tree: ast.Module, skipped: Collection[int], told: Told) -> set[int]:
    """Collect by id what is not to be changed.

    `skipped` are positions of statements that are not the learner's work, `told` the texts of
    settings that the scaffold tells, by the called name.
    """
    found: set[int] = set()
    for position, statement in enumerate(tree.body):
        shows = isinstance(statement, ast.Expr) and _only_shows(statement)
        if position in skipped or shows:
            found |= _whole(statement)
    for node in ast.walk(tree):
        for part in _left_alone(node, told):
            found |= _whole(part)
        found |= _by_chance(node)
    return found


def _whole(node: ast.AST) -> set[int]:
    return {id(inner) for inner in ast.walk(node)}


def _left_alone(node: ast.AST, told: Told) -> Iterator[ast.AST]:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Assert() | ast.JoinedStr():
            yield node
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from (node.args, *node.decorator_list)
        case ast.Expr() if _prints(node.value):
            yield node
        case ast.For() | ast.With() if all(
            isinstance(inner, ast.Expr) and _prints(inner.value) for inner in node.body
        ):
            yield node
        case ast.Call() if SEED.search(dotted(node.func)) or writes(dotted(node.func)):
            yield node
        case ast.Call(func=ast.Attribute(attr="requires_grad_")):
            yield from node.args  # no check looks at what a tensor keeps for later
        case ast.keyword() if node.arg in ("seed", "random_state"):
            yield node
        case ast.Call():
            yield from _told_parts(node, told)
        case ast.List() if ast.unparse(node) in told.get("", ()):
            yield from node.elts


def _only_shows(node: ast.Expr) -> bool:
    """Is a top-level expression only looked at? A call may be the work itself: `loss.backward()`."""
    value = node.value.value if isinstance(node.value, ast.Await) else node.value
    if not isinstance(value, ast.Call):
        return True
    name = dotted(value.func).rsplit(".", 1)[-1]
    in_place = any(k.arg == "inplace" for k in value.keywords) or name.endswith("_")
    return not in_place and name not in _WORKS


_WORKS = frozenset(
    "backward step fit fit_transform append extend update add insert sort reverse shuffle train "
    "fine_tune fit_one_cycle eval pop remove zero_grad apply_ load_state_dict".split()
)


def _prints(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and (
        dotted(node.func) in ("print", "display") or is_drawing(dotted(node.func))
    )


def _told_parts(node: ast.Call, told: Told) -> Iterator[ast.AST]:
    """Give the arguments of a call that the scaffold tells the learner."""
    values = told.get(dotted(node.func).rsplit(".", 1)[-1], ())
    if not values:
        return
    plain = [a for a in node.args if isinstance(a, ast.Constant | ast.UnaryOp | ast.BinOp)]
    if plain and ", ".join(ast.unparse(a) for a in plain) in values:
        yield from plain
    for keyword in node.keywords:
        if keyword.arg and f"{keyword.arg}={ast.unparse(keyword.value)}" in values:
            yield keyword.value


def _by_chance(node: ast.AST) -> set[int]:
    """Spare what only scales or shifts fresh random numbers, and what is returned of them."""
    if isinstance(node, ast.BinOp) and (_draws(node.left) or _draws(node.right)):
        other = node.right if _draws(node.left) else node.left
        plain = isinstance(other, ast.Constant | ast.UnaryOp)
        if _draws(node.left) and _draws(node.right):
            return {id(node)}
        if plain or isinstance(node.op, ast.Mult | ast.Div | ast.Pow):
            return {id(node)} | _whole(other)
    if isinstance(node, ast.FunctionDef):
        drawn = {
            target.id
            for inner in ast.walk(node)
            if isinstance(inner, ast.Assign) and _draws(inner.value)
            for target in inner.targets
            if isinstance(target, ast.Name)
        }
        returns = [n for n in ast.walk(node) if isinstance(n, ast.Return) and n.value is not None]
        return {id(n) for n in returns if n.value is not None and _is_drawn(n.value, drawn)}
    return set()


def _draws(node: ast.AST) -> bool:
    return any(isinstance(n, ast.Call) and _DRAWS.search(dotted(n.func)) for n in ast.walk(node))


def _is_drawn(node: ast.expr, drawn: Collection[str]) -> bool:
    """Is a returned value made of random numbers alone?"""
    if isinstance(node, ast.Tuple | ast.List):
        return all(_is_drawn(item, drawn) for item in node.elts)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        inner = node.func.value
        return _draws(node) or _is_drawn(inner, drawn)
    return _draws(node) or (isinstance(node, ast.Name) and node.id in drawn)
