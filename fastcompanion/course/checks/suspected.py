"""Where a single mistake of a wrong section can be: the statements that what is wrong rests on. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence

from fastcompanion.course.checks.plan import PlannedSection
from fastcompanion.course.checks.verdict import CheckpointVerdict, SectionVerdict
from fastcompanion.course.notebooks.cells import parse_cell
from fastcompanion.course.notebooks.names import names_of

Statement = tuple[int, int]  # the place of a cell in its section, and the place in the cell
# What functions of earlier sections read when they are called.
Deeper = Mapping[str, frozenset[str]]


def deeper(before: Sequence[PlannedSection]) -> Deeper:
    """Say what the functions of earlier sections read."""
    found: dict[str, frozenset[str]] = {}
    for section in before:
        for *_, node in statements(section):
            if isinstance(node, ast.FunctionDef):
                found[node.name] = names_of(node).reads
    return found


def suspects(
    section: PlannedSection, failing: SectionVerdict, read: Deeper
) -> frozenset[Statement]:
    """Say where a single mistake can be: in what everything that comes out wrong rests on.

    What makes values that come out right is left out, unless nothing else remains.
    """
    told = list(statements(section))
    own = frozenset((place, n) for place, n, _ in told if not section.cells[place].is_given)
    named = [one for one in failing.checkpoints if (one.found_name or one.name).isidentifier()]
    wrong = [one.found_name or one.name for one in named if not one.passed]
    rests = [found for name in wrong if (found := _rested_on(told, name, read) & own)]
    # Without a place in common, several statements of one kind are wrong.
    found = frozenset.intersection(own, *rests) or frozenset[Statement]().union(*rests)
    fine = {one.found_name or one.name for one in named if one.passed and _is_sure(section, one)}
    right = {
        (place, number)
        for place, number, node in told
        if (binds := {*names_of(node).binds, *names_of(node).changes}) and binds <= fine
    }
    return found - right or found


def _is_sure(section: PlannedSection, passed: CheckpointVerdict) -> bool:
    """Was a value compared with the very one of the original, and not with its shape or its mean?"""
    outcomes = section.recorded.outcomes if section.recorded is not None else ()
    told = next((one for one in outcomes if one.key == passed.name), None)
    return told is None or told.stability == "exact"


def statements(section: PlannedSection) -> Iterator[tuple[int, int, ast.stmt]]:
    """Give all statements of a section, with the place of the cell and the place in it."""
    for place, cell in enumerate(section.cells):
        tree = parse_cell(cell.source)
        for number, node in enumerate(tree.body if tree is not None else ()):
            yield place, number, node


def _rested_on(
    told: Sequence[tuple[int, int, ast.stmt]], name: str, read: Deeper
) -> frozenset[Statement]:
    """Give the statements that a name rests on, from the last to the first."""
    needed, found = {name}, set[Statement]()
    for place, number, node in reversed(told):
        used = names_of(node)
        if needed & {*used.binds, *used.changes}:
            found.add((place, number))
            needed |= _with_deeper(used.reads, read)
        elif isinstance(node, ast.Expr) and _thrown_away(node) in needed:
            found.add((place, number))
    return frozenset(found)


def _thrown_away(node: ast.Expr) -> str:
    """Say of which variable something is worked out and not kept, "" of none: `x` of `x / 2`."""
    inner = node.value
    while isinstance(inner, ast.BinOp | ast.Call | ast.Attribute | ast.Subscript):
        match inner:
            case ast.BinOp(left=part) | ast.Call(func=part):
                inner = part
            case ast.Attribute(value=part) | ast.Subscript(value=part):
                inner = part
    return inner.id if isinstance(inner, ast.Name) else ""


def _with_deeper(names: Iterable[str], read: Deeper) -> set[str]:
    """Add what is read by functions that are called, and by those that they call."""
    found, waiting = set[str](), list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += read.get(name, ())
    return found
