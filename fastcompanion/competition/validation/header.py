"""The header of a submission against that of the sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fastcompanion.base.near import did_you_mean
from fastcompanion.competition.validation.findings import Findings, shown

_TO_CSV = 'pandas: to_csv("submission.csv", index=False)'


def places(header: Sequence[str], asked: Sequence[str], found: Findings) -> dict[str, int]:
    """Say where each column asked for stands; what is wrong with the header goes to the findings."""
    exact = {name: number for number, name in reversed(list(enumerate(header)))}
    loose = {_loose(name): number for number, name in reversed(list(enumerate(header)))}
    if not set(map(_loose, header)) & set(map(_loose, asked)) and _all_values(header):
        found.error("no-header", f"The first line holds values ({', '.join(map(shown, header[:3]))}) and not the names of columns.", f"Write the header: {','.join(asked[:6])}. Leave out header=False.", line=1)  # fmt: skip
        return dict(zip(asked, range(len(header)), strict=False))
    taken = {name: exact.get(name, loose.get(_loose(name))) for name in asked}
    used = set(taken.values())
    _twice(header, found)
    for number, name in enumerate(header):
        if number not in used and name not in asked:
            _extra(name, number, header, asked, found)
    _missing(header, asked, taken, found)
    if not found.refused and list(header) != list(asked):
        found.warn("column-order", f"The columns stand in another order: {','.join(header[:6])}, and not {','.join(asked[:6])}.", "table[list(sample.columns)]", line=1)  # fmt: skip
    return {name: number for name, number in taken.items() if number is not None}


def _loose(name: str) -> str:
    return "".join(name.lower().split()).replace("_", "").replace("-", "")


def _all_values(header: Sequence[str]) -> bool:
    return any(_is_number(cell) for cell in header)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _twice(header: Sequence[str], found: Findings) -> None:
    for name, count in Counter(header).items():
        if count > 1:
            found.error("column-twice", f"The column {shown(name)} stands there {count} times.", "Write it once; look for a join that repeats it.", line=1, column=name)  # fmt: skip


def _extra(
    name: str, number: int, header: Sequence[str], asked: Sequence[str], found: Findings
) -> None:
    if number == 0 and (not name.strip() or name.startswith("Unnamed:")):
        found.error("index-column", f"Unexpected column {shown(name)} (line 1): the table's index was written too.", _TO_CSV, line=1, column=name)  # fmt: skip
        return
    lacking = [one for one in asked if one not in header]
    found.error("column-extra", f"Unexpected column {shown(name)} (line 1, column {number + 1}){did_you_mean(name, lacking)}.", f"Write these columns alone: {','.join(asked[:6])}.", line=1, column=name)  # fmt: skip


def _missing(
    header: Sequence[str],
    asked: Sequence[str],
    taken: dict[str, int | None],
    found: Findings,
) -> None:
    for name in asked:
        if name in header:
            continue
        place = taken[name]
        if place is None:
            found.error("column-missing", f"The required column {shown(name)} could not be found{did_you_mean(name, header)}.", f"Write these columns: {','.join(asked[:6])}.", line=1, column=name)  # fmt: skip
        else:
            found.error("column-spelled", f"The column {shown(header[place])} has to be called {shown(name)}, letter by letter.", f"table.rename(columns={{{header[place]!r}: {name!r}}})", line=1, column=name)  # fmt: skip
