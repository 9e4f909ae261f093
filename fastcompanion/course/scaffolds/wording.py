"""Code in words: what a statement makes, changes, calls or shows, without saying how."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterable, Sequence

from fastcompanion.course.notebooks.cells import Statement
from fastcompanion.course.notebooks.names import dotted, walk
from fastcompanion.course.scaffolds.checkpoints import MAKES_ARRAY
from fastcompanion.course.scaffolds.given import Piece

MOST_NUMBERS = 12
_WORD = re.compile(r"\d+(?:\.\d+)?(?:e[-+]?\d+)?(?!\w)|\w+")
_TEST = re.compile(r"test_|assert")
_DIGIT = re.compile(r"(?<![\w.])[\d.]")
_OPERATORS = {
    ast.Add: "plus", ast.Sub: "minus", ast.Mult: "times", ast.Div: "divided by",
    ast.MatMult: "matrix product", ast.Pow: "to the power of", ast.Gt: "greater than",
    ast.Lt: "less than", ast.Eq: "equal to", ast.GtE: "at least", ast.LtE: "at most",
}  # fmt: skip
_PLAIN = ("shape", "dtype", "size", "type")


def listed(names: Iterable[str], most: int = 8) -> str:
    """Write names as code with commas, `a`, `b` … for too many."""
    every = list(names)
    text = ", ".join(f"`{name}`" for name in every[:most])
    return text + (" …" if len(every) > most else "")


def mentions(text: str, name: str) -> bool:
    """Does this text speak of a name or number, as a word?"""
    return name in text and name in _words_in(text)


@functools.lru_cache(maxsize=64)
def _words_in(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text))


def phrase(node: ast.expr) -> str:
    """Put a small expression into words; "" when it is not small.

    More than one operator would be the answer itself.
    """
    if sum(isinstance(n, ast.operator | ast.cmpop) for n in walk(node)) > 1:
        return ""
    return _words(node)


def _words(node: ast.expr) -> str:
    match node:
        case ast.Name():
            return f"`{node.id}`"
        case ast.Constant(value=int() | float() as number):
            return f"{number}"
        case ast.Attribute():
            inner = _words(node.value)
            word = node.attr if node.attr in _PLAIN else f"`{node.attr}`"
            return inner and f"{'the ' if node.attr in _PLAIN else ''}{word} of {_grouped(inner)}"
        case ast.Subscript():
            return _part(node)
        case ast.Call(func=ast.Attribute(), args=[], keywords=[]):
            return _words(node.func)
        case ast.Call(func=ast.Name(id=name), args=[ast.expr() as only], keywords=[]):
            inner = _words(only)
            return (
                inner and f"{'the length' if name == 'len' else f'`{name}`'} of {_grouped(inner)}"
            )
        case ast.BinOp() if type(node.op) in _OPERATORS:
            return _joined(node.left, _OPERATORS[type(node.op)], node.right)
        case ast.Compare(ops=[operator], comparators=[right]) if type(operator) in _OPERATORS:
            return _joined(node.left, _OPERATORS[type(operator)], right)
    return ""


def _grouped(words: str) -> str:
    return (
        f"({words})"
        if re.search(r" (?:plus|minus|times|divided|than|to|at|product) ", words)
        else words
    )


def _joined(left: ast.expr, word: str, right: ast.expr) -> str:
    first, second = _words(left), _words(right)
    return f"{_grouped(first)} {word} {_grouped(second)}" if first and second else ""


def _part(node: ast.Subscript) -> str:
    """Say which part: the first 10, item 3, element (2, 1), a column, a new axis."""
    inner = _words(node.value)
    if not inner:
        return ""
    index = node.slice
    match index:
        case ast.Constant(value=str() as name) if len(name) <= 30:
            return f"`{name}` of {inner}"
        case ast.Constant(value=int() as number):
            return f"item {number} of {inner}"
        case ast.Constant(value=None):
            return f"{inner} with a new first axis"
        case ast.Slice(lower=None, upper=ast.Constant(value=int() as count), step=None):
            return f"the first {count} of {inner}"
        case ast.Tuple(elts=items) if any(_is_none(item) for item in items):
            return f"{inner} with a new {'last' if _is_none(items[-1]) else 'middle' if not _is_none(items[0]) else 'first'} axis"
        case ast.Tuple(elts=items) if all(isinstance(i, ast.Constant) for i in items):
            return f"element {ast.unparse(index)} of {inner}"
    return f"a part of {inner}"


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def shown(statement: Statement) -> list[str]:
    """Put what a statement shows into words; nothing when a part of it is not small."""
    node = statement.node
    if not isinstance(node, ast.Expr):
        return []
    value = node.value
    if isinstance(value, ast.Call) and dotted(value.func) == "print":
        items: Sequence[ast.expr] = value.args
    else:
        items = value.elts if isinstance(value, ast.Tuple) else [value]
    found = [phrase(item) for item in items]
    return found if all(text and len(text) <= 70 for text in found) else []


def loops(node: ast.AST) -> int:
    """Count how deep loops are nested."""
    inside = [*getattr(node, "body", ()), *getattr(node, "orelse", ())]
    inner = max((loops(child) for child in inside), default=0)
    return inner + isinstance(node, ast.For | ast.While)


def lines(node: ast.AST) -> int:
    """Count the lines on which statements of a body begin, the header left out."""
    return len({n.lineno for n in walk(node) if isinstance(n, ast.stmt)}) - 1


def size(node: ast.AST) -> list[str]:
    """Say how long and how nested a body is, where that tells anything."""
    found = []
    depth, length = loops(node), lines(node)
    if depth:
        found.append(f"{depth} nested loops" if depth > 1 else "one loop")
    if length > 2:
        found.append(f"about {length} lines")
    return found


def columns(group: Iterable[Statement]) -> dict[str, list[str]]:
    """Find columns that are set: {"df": ["LogFare"]}."""
    found: dict[str, list[str]] = {}
    for statement in group:
        node = statement.node
        for target in node.targets if isinstance(node, ast.Assign) else []:
            match target:
                case ast.Subscript(
                    value=ast.Name(id=name), slice=ast.Constant(value=str() as column)
                ):
                    found.setdefault(name, []).append(column)
    return found


def attributes(group: Iterable[Statement], name: str) -> list[str]:
    """Find the attributes of a name that are set."""
    found: dict[str, None] = {}
    for statement in group:
        node = statement.node
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            match target:
                case ast.Attribute(value=ast.Name(id=base), attr=attribute) if base == name:
                    found[attribute] = None
    return list(found)


def change(name: str, set_columns: Sequence[str], group: Sequence[Statement], said: str) -> str:
    """Say how a name is changed in place; "" where the words before name it."""
    if set_columns:
        return f"set {listed(set_columns)} in `{name}`"
    if found := attributes(group, name):
        return f"set {listed(found)} of `{name}`"
    methods = [method for s in group if (method := _method_on(s.node, name))]
    if methods and not said:
        return f"call {listed(dict.fromkeys(methods))} of `{name}`"
    return "" if said and mentions(said, name) else f"change `{name}`"


def _method_on(node: ast.stmt, name: str) -> str:
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=base), attr=method))):
            return method if base == name else ""
    return ""


def called(group: Sequence[Statement], used: Sequence[str]) -> str:
    """Say what statements do that bind and change nothing."""
    if any(isinstance(s.node, ast.Assert) or _tests(s) for s in group):
        return f"check {listed(used)}" if used else "check it"
    told = [text for s in group for text in shown(s)]
    if told and len(told) >= len(group):
        return "look at " + ", ".join(told[:5])
    functions = [name for s in group if (name := _function(s.node))]
    if functions and len(functions) == len(group):
        rest = [name for name in used if name not in functions]
        return f"call {listed(dict.fromkeys(functions))}" + (
            f" with {listed(rest)}" if rest else ""
        )
    if any(isinstance(s.node, ast.For | ast.While) for s in group):
        return f"go through {listed(used)}" if used else "try it"
    return f"work with {listed(used)}" if used else "try it"


def _function(node: ast.stmt) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        name = dotted(node.value.func).rsplit(".", 1)[-1]
        return "" if name == "?" else name
    return ""


def _tests(statement: Statement) -> bool:
    return any(_TEST.match(call.rsplit(".", 1)[-1]) for call in statement.names.calls)


def numbers(pieces: Iterable[Piece], told: str) -> str:
    """List the numbers of the work that nobody can guess and that nothing else has told."""
    found: dict[str, None] = {}
    for piece in pieces:
        if (
            piece.role == "work"
            and _DIGIT.search(piece.statement.source)
            and not _tests(piece.statement)
        ):
            for value in _constants(piece.statement.node):
                found[f"{value:g}" if isinstance(value, float) else str(value)] = None
    quiet = [n for n in found if not mentions(told, n)]
    return "numbers in it: " + ", ".join(quiet) if 0 < len(quiet) <= MOST_NUMBERS else ""


def _constants(node: ast.AST) -> Iterable[float | int]:
    """Give the numbers of a tree but 0, 1, 2 and indexes."""
    match node:
        case ast.Constant(value=bool()):
            return
        case ast.Constant(value=float() as number) if number not in (0.0, 1.0, 2.0):
            yield number
        case ast.Constant(value=int() as number) if number > 2:
            yield number
        case ast.Subscript():
            yield from _constants(node.value)
        case ast.Call() if MAKES_ARRAY.search(dotted(node.func)):
            return  # its shape is told
        case ast.keyword(arg=name) if name in ("dim", "axis", "figsize", "keepdim"):
            return
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            for statement in node.body:
                yield from _constants(statement)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _constants(child)
