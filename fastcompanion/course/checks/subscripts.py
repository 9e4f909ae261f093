"""Other things to take from a value: another item, axis, range or part. Pure syntax."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from fastcompanion.course.checks import alterations as to
from fastcompanion.course.checks.mutants import Change

Edit = tuple[str, str, Change]


def short(node: ast.AST) -> str:
    """Quote the learner's own code in one line."""
    first = ast.unparse(node).split("\n")[0]
    return first if len(first) <= 60 else f"{first[:57]}..."


def subscripts(node: ast.Subscript) -> Iterator[Edit]:
    """Take another item, another axis, or everything."""
    index = node.slice
    whole = index.value if isinstance(index, ast.Constant) else None
    if isinstance(whole, int):
        for other in dict.fromkeys((whole - 1, whole + 1, 0, -1)):
            if other != whole:
                yield "index", "with another item taken", to.sliced(ast.Constant(other))
    elif isinstance(index, ast.List) and len(index.elts) == 1:
        yield "listed", "with one pair of square brackets too many", to.sliced(index.elts[0])
    elif isinstance(index, ast.Tuple) and len(index.elts) == 2:
        said = "with the first and the second axis mixed up"
        yield "index", said, to.sliced(ast.Tuple(index.elts[::-1], ast.Load()))
        for one in index.elts:
            if not isinstance(one, ast.Slice):
                yield "index", said, to.sliced(one)
    elif isinstance(index, ast.Name | ast.BinOp):
        yield "index", f"with `[{short(index)}]`, which does not belong there", to.into("value")


_MIXED_UP = "with the first ones and the last ones mixed up"
_ENDS = {"lower": "begin", "upper": "end"}


def other_ends(tree: ast.Module) -> Iterator[tuple[str, Change]]:
    """Take all ranges of a cell from the other end at once."""
    if sum(map(_is_part, ast.walk(tree))) > 1:
        yield _MIXED_UP, _all_from_other_end


def _is_part(node: ast.AST) -> bool:
    return isinstance(node, ast.Slice) and (node.lower is None) is not (node.upper is None)


def _all_from_other_end(tree: ast.AST) -> None:
    for node in ast.walk(tree):
        if _is_part(node):
            to.from_other_end(node)


def slices(node: ast.Slice) -> Iterator[Edit]:
    """Move the ends of a range, or take it from the other end."""
    for end in ("lower", "upper"):
        if getattr(node, end) is not None:
            said = f"with a range that {_ENDS[end]}s"
            yield "slice", f"{said} where it should not", to.bounded(end, None)
            for shift in (1, -1):
                yield "slice", f"{said} one off", to.bounded(end, shift)
    if (node.lower is None) is not (node.upper is None):
        yield "slice", _MIXED_UP, to.other_end
        yield "slice", _MIXED_UP, to.from_other_end
    for shift in (1, -1):
        if node.lower is not None and node.upper is not None:
            yield "slice", "with a range that is one off", to.shifted(shift)
