"""Which column of a table that lists files is the label of each file, beside columns that tell of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from fastcompanion.data import layouts, names, targets
from fastcompanion.data.columns import Values
from fastcompanion.data.dataset import Finding

_ALIKE = re.compile(r"(.*?)[_ .-]?\d+")
_LEAST, _CELL_LEAST = 15, 6
_NUMBER = r"[-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?"
_LIST = re.compile(rf"(?i)[\[(]*\s*{_NUMBER}(?:[\s,;()\[\]]+{_NUMBER})+\s*[\])]*")


def label(usable: Mapping[str, Values]) -> Finding:
    """Choose the label: by name, several in a cell, before what is told of the file; else the first."""
    if len(usable) == 1:
        return Finding(next(iter(usable)), True, ("it is the only other column",))
    ranked = sorted(usable, key=lambda name: -_rank(name, usable[name]))
    if not ranked:
        return Finding("", False)
    best = ranked[0]
    by_name = names.answer(best) >= 2
    first = best == next(iter(usable))
    why = (
        "its name suggests it"
        if by_name
        else "it comes first"
        if first
        else "the others tell of the files"
    )
    return Finding(best, False, (why,))


def _rank(name: str, values: Values) -> float:
    """Weigh what speaks for a column; of equals the first is taken."""
    told = names.answer(name)
    if not told and (names.about_the_file(name) or names.names_a_thing(name)):
        told = -6
    if targets.named_id(name) or targets.group_named(name) or not targets.plausible(values):
        told -= 8
    several = not values.is_numeric and layouts.several(values.counts) in ("|", ";")
    amount = values.is_numeric and values.distinct > 20
    return told * 2 + 5 * several + amount - (values.type == "boolean")


def one_for_all(target: Finding, usable: Mapping[str, Values]) -> bool:
    """Is one column sure to be the answer, whatever the others look like?"""
    return target.sure and target.value in usable


def numbered_points(usable: Mapping[str, Values]) -> Sequence[str]:
    """Name the columns of points in pairs that have numbers for names, such as 0, 1, 2 or p1, p2; else none."""
    numeric = [name for name, values in usable.items() if values.is_numeric]
    found = [match[1] for name in numeric if (match := _ALIKE.fullmatch(name.strip()))]
    if len(numeric) < _LEAST or len(numeric) % 2 or len(numeric) < len(usable):
        return ()
    if len(found) < len(numeric) or len(set(found)) > 1:
        return ()
    tops = sorted(_top(usable[name]) for name in numeric)
    alike = 0 < tops[-1] <= 4 * tops[len(tops) // 2]
    return numeric if alike and not all(usable[name].distinct <= 2 for name in numeric) else ()


def _top(values: Values) -> float:
    return max((abs(value) for value in values.numbers if value is not None), default=0.0)


def points_in_cells(values: Values) -> bool:
    """Does each cell hold the same even number of numbers, as x and y of some points?"""
    if values.is_numeric or not values.counts:
        return False
    some = list(values.counts)[:200]
    if not all(_LIST.fullmatch(cell.strip()) for cell in some):
        return False
    sizes = {len(re.findall(_NUMBER, cell)) for cell in some}
    return len(sizes) == 1 and (size := sizes.pop()) >= _CELL_LEAST and size % 2 == 0


def numbers_of(cell: str) -> str:
    """Write the numbers of a cell with blanks between."""
    return " ".join(re.findall(_NUMBER, cell))
