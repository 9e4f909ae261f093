"""Statements that may stand in another place: earlier, later, further in, further out. Pure syntax."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping

from fastcompanion.course.checks import alterations as to

Placed = tuple[str, str, ast.AST, Callable[[ast.Module], None]]


def moved(
    number: int, block: ast.AST, place: int, statement: ast.stmt, held: Mapping[int, int]
) -> Iterator[Placed]:
    """Move a statement: over its neighbour, into the loop before it, out of the block it ends."""
    body: list[ast.stmt] = block.body  # type: ignore[attr-defined]
    if place + 1 < len(body) and not _is_header(statement) and not _is_header(body[place + 1]):
        yield "nested", "with two steps in the wrong order", statement, to.swapped(number, place)
    if place and isinstance(body[place - 1], ast.For | ast.While | ast.If):
        said = "with a line that should be indented further"
        yield "indented", said, statement, to.pulled_in(number, place)
    following = body[place + 1] if place + 1 < len(body) else None
    is_plain = isinstance(statement, ast.Assign | ast.Expr)
    if is_plain and isinstance(following, ast.For | ast.While):
        said = "with a line before a loop that belongs inside it"
        yield "indented", said, statement, to.pulled_down(number, place)
    if isinstance(block, ast.For | ast.While | ast.If) and len(body) > 1 and number in held:
        if place == len(body) - 1:
            said = "with a line that is indented too far"
            yield "outdented", said, statement, to.pushed_out(number, held[number], place, 1)
        if isinstance(statement, ast.Assign):
            said = "with a line inside a loop that belongs before it"
            yield "outdented", said, statement, to.pushed_out(number, held[number], place, 0)
    if len(body) > 1 and isinstance(statement, ast.Expr | ast.AugAssign | ast.Assign):
        yield (
            "needless",
            "with a step that does not belong there",
            statement,
            to.removed(number, place),
        )


def _is_header(node: ast.stmt) -> bool:
    return isinstance(
        node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom | ast.Return
    )


def holders(tree: ast.Module) -> dict[int, int]:
    """Map the number of each block to the number of the node in whose body it stands."""
    numbers = {id(node): number for number, node in enumerate(ast.walk(tree))}
    walked = enumerate(ast.walk(tree))
    return {numbers[id(inner)]: number for number, node in walked for inner in to.body(node)}
