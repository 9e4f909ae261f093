"""Which mistakes to plant in a section: in the learner's work alone, evenly over their kinds. Pure."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence

from fastcompanion.base.records import frozen
from fastcompanion.course.checks.mutants import Mutant
from fastcompanion.course.checks.slips import OPERATORS, Surroundings, slips
from fastcompanion.course.notebooks.cells import Cell, parse_cell
from fastcompanion.course.scaffolds.given import Piece, settings_of


@frozen
class Planted:
    """A mistake to plant: the cell of the original that it stands in, and its changed source."""

    cell: int
    mutant: Mutant


def candidates(
    cells: Iterable[Cell],
    pieces: Mapping[int, tuple[Piece, ...]],
    bound: Sequence[str],
    own: frozenset[str],
    kinds: Mapping[str, str],
    columns: Sequence[str] = (),
    find: Callable[[str, Surroundings], list[Mutant]] = slips,
) -> list[Planted]:
    """List every mistake that can be planted in the cells of a section, in the order of the text.

    `bound` are the names made before the section, `own` the functions of the notebook, `kinds`
    what names hold where that is known, `columns` the names of columns that the notebook spells out,
    `find` what gives the wrong versions of a cell.
    """
    found: list[Planted] = []
    before = list(bound)
    for cell in cells:
        parts = pieces.get(cell.index, ())
        told = settings_of(parts, own)
        skipped = _not_work(cell.source, parts)
        around = Surroundings(tuple(before), told, kinds, skipped, tuple(columns))
        found += [Planted(cell.index, mutant) for mutant in find(cell.source, around)]
        before += [name for part in parts for name in part.statement.names.makes]
    return found


def _not_work(source: str, parts: Iterable[Piece]) -> tuple[int, ...]:
    """Give the positions of the statements of a cell that are not the learner's work."""
    tree = parse_cell(source)
    work = {_place(part.statement.node) for part in parts if part.role == "work"}
    body = tree.body if tree is not None else []
    return tuple(n for n, node in enumerate(body) if _place(node) not in work)


def _place(node: ast.stmt) -> tuple[int, int]:
    return node.lineno, node.col_offset


def columns_of(cells: Iterable[Cell], kinds: Mapping[str, str]) -> tuple[str, ...]:
    """List the columns of tables that cells name: `df["a"]`, `df.a`, and lists of such names."""
    found: dict[str, None] = {}
    for cell in cells:
        tree = parse_cell(cell.source)
        for node in ast.walk(tree) if tree is not None else ():
            match node:
                case ast.Subscript(
                    value=ast.Name(id=name), slice=ast.Constant(value=str(text))
                ) if kinds.get(name) == "frame":
                    found[text] = None
                case ast.List(elts=[ast.Constant(value=str()), *_]):
                    texts = [n.value for n in node.elts if isinstance(n, ast.Constant)]
                    found.update(dict.fromkeys(t for t in texts if isinstance(t, str)))
    return tuple(found)


def ordered(found: Iterable[Planted]) -> list[Planted]:
    """Put mistakes in an order whose every beginning is spread evenly over kinds and places."""
    by_operator: dict[str, list[Planted]] = {}
    for one in found:
        by_operator.setdefault(one.mutant.operator, []).append(one)
    ranked: list[tuple[int, int, Planted]] = []
    for operator, group in by_operator.items():
        rank = OPERATORS.index(operator) if operator in OPERATORS else len(OPERATORS)
        ranked += [(turn, rank, one) for turn, one in enumerate(_spread(group))]
    ranked.sort(key=lambda item: item[:2])
    return [one for _, _, one in ranked]


def _spread(group: Sequence[Planted]) -> list[Planted]:
    """Order a list so that its beginning is spread over the whole: the ends, then what is between."""
    left, order = list(range(len(group))), []
    step = max(1, len(group) // 2)
    while left:
        taken = left[::step]
        order += taken
        left = [number for number in left if number not in taken]
        step = max(1, step // 2)
    return [group[number] for number in order]
