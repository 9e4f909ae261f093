"""Several series in one table: one below the other, or one in each row with a column for each day."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fastcompanion.data import columns
from fastcompanion.data.columns import Values
from fastcompanion.data.dataset import Problem
from fastcompanion.data.tabular import Recognised
from fastcompanion.data.targets import View

#: steps that a series has at least, and columns named by days that are no chance
_STEPS, _DAYS = 10, 20
_DATED = re.compile(r".*\d{4}.*|.*\d{1,2}[./]\d{1,2}.*")


def find(view: View, found: Recognised) -> Iterator[Problem]:
    """Say that a table which is read row by row holds series, as neither split nor metric know of time then."""
    if found.kind.value not in ("table-number", "table-class", "unknown"):
        return
    across = _across(view)
    if len(across) >= _DAYS:
        text = (
            f"{len(across)} columns are named by a day: each row seems to be a series of its own."
        )
        yield Problem("series-across", "warn", across[0], text, "Bring one series into a table of its own, a row for each day.")  # fmt: skip
        return
    for time in view.values.values():
        if time.type != "date" or time.distinct > time.filled / 2:
            continue
        for group in view.values.values():
            if group is not time and _is_panel(time, group):
                text = f"Each {group.name} has a row for each {time.name}: {group.distinct} series stand below each other."
                yield Problem("several-series", "warn", time.name, text, f"Take one {group.name} alone for a forecast, or keep later days for validating.")  # fmt: skip
                return


def _across(view: View) -> list[str]:
    names = [name for name in view.train.names if _DATED.fullmatch(name)]
    if len(names) < _DAYS:
        return []
    return names if columns.values("name", names).type == "date" else []


def _is_panel(time: Values, group: Values) -> bool:
    """Do the two together name each row, and does each group go on for some time?"""
    if group.type == "date" or not 2 <= group.distinct <= group.filled / _STEPS:
        return False
    pairs = set(zip(time.cells, group.cells, strict=True))
    return len(pairs) == len(time.cells) and time.filled == len(time.cells)
