"""Tables as plain CSV: UTF-8, commas, a header, points in numbers, ISO dates, so that any program reads them.

A file that is so already is copied as it is.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastcompanion.base.records import frozen
from fastcompanion.data import files
from fastcompanion.data.columns import Values, day_text
from fastcompanion.data.files import Folder
from fastcompanion.data.tables import Table

_SAMPLE = 20
_PER_CLASS = 2
_CLASSES = 30
_LONG = 50_000


@frozen
class Plain:
    """A table as it will lie in the project; `changed` says in words what was rewritten."""

    name: str
    text: bytes
    rows: int
    changed: str = ""

    @property
    def sha256(self) -> str:
        """Give the digest of the file."""
        return hashlib.sha256(self.text).hexdigest()


def told(tables: Sequence[Plain]) -> dict[str, Any]:
    """Give the answers about the tables of a project."""
    return {
        "files": [{"name": one.name, "rows": one.rows, "sha256": one.sha256} for one in tables],
        "notes": [f"`{one.name}` was rewritten: {one.changed}." for one in tables if one.changed],
    }


def plain(folder: Folder, table: Table, values: Mapping[str, Values], name: str) -> Plain:
    """Give a table the name and form that it has in a project."""
    raw = files.whole(folder, table.name)
    if _is_plain(raw, table) and not any(_rewritten(one) for one in values.values()):
        return Plain(name, raw, table.count)
    text = to_text(table.names, _rows(table, values))
    return Plain(name, text.encode(), table.count, "; ".join(_changes(table, values)))


def _is_plain(raw: bytes, table: Table) -> bool:
    """Would the simplest reader read the same names and cells?"""
    if table.dialect.delimiter not in (",", "") or not table.dialect.header:
        return False
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    rows = [tuple(row) for row in csv.reader(io.StringIO(text, newline="")) if row]
    return rows == [table.names, *table.rows]


def _rewritten(column: Values) -> bool:
    if column.days:
        return any(
            day is not None and day_text(day)[:10] != cell.strip()[:10]
            for day, cell in zip(column.days, column.cells, strict=True)
        )
    return bool(column.form and column.numbers)


def _changes(table: Table, values: Mapping[str, Values]) -> Iterable[str]:
    dialect = table.dialect
    if dialect.encoding not in ("utf-8", "utf-8-sig"):
        yield f"it was written in {dialect.encoding}"
    if dialect.delimiter not in (",", ""):
        shown = {"\t": "tabs", " ": "spaces"}.get(dialect.delimiter, repr(dialect.delimiter))
        yield f"its cells were separated by {shown}"
    if not dialect.header:
        yield "it had no column names"
    for name, column in values.items():
        if _rewritten(column):
            yield f"{name} was written as {column.form}"


def _rows(table: Table, values: Mapping[str, Values]) -> Iterable[Sequence[str]]:
    columns = []
    for name in table.names:
        column = values.get(name)
        if column is None or not _rewritten(column):
            columns.append(tuple(table.column(name)))
        elif column.days:
            columns.append(_written(column.days, day_text, column.cells))
        else:
            columns.append(_written(column.numbers, repr, column.cells))
    return zip(*columns, strict=True)


def _written(found: Sequence[float | None], write: object, cells: Sequence[str]) -> tuple[str, ...]:
    assert callable(write)
    pairs = zip(found, cells, strict=True)
    return tuple(cell if one is None else str(write(one)) for one, cell in pairs)


def to_text(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return made.getvalue()


def sample(table: Plain, target: Sequence[str]) -> str:
    """Take a few rows of a plain table, some of each class or spread evenly; `target` is empty for a test.

    Rows with very long texts are taken only where a class has no others: what is in git should stay small.
    """
    rows = list(csv.reader(io.StringIO(table.text.decode("utf-8-sig"), newline="")))
    names, body = rows[0], [row for row in rows[1:] if row]
    sizes = [sum(map(len, row)) for row in body]
    chosen: dict[int, None] = {}
    classes = list(dict.fromkeys(target))
    if 1 < len(classes) <= _CLASSES:
        for one in classes:
            places = [place for place, cell in enumerate(target) if cell == one]
            chosen |= dict.fromkeys(files.spread(_short(places, sizes, _PER_CLASS), _PER_CLASS))
    missing = max(0, min(_SAMPLE, len(body)) - len(chosen))
    rest = [place for place in range(len(body)) if place not in chosen]
    least = _PER_CLASS if not chosen else 0
    chosen |= dict.fromkeys(files.spread(_short(rest, sizes, least), missing) if missing else ())
    return to_text(names, (body[place] for place in sorted(chosen)))


def _short(places: Sequence[int], sizes: Sequence[int], least: int) -> Sequence[int]:
    """Keep the rows that are not very long; where there are fewer than `least`, the shortest ones."""
    short = [place for place in places if sizes[place] <= _LONG]
    return short if len(short) >= least else sorted(places, key=lambda place: sizes[place])[:least]


def rows(table: Plain, places: Sequence[int]) -> str:
    """Take the rows at these places."""
    found = list(csv.reader(io.StringIO(table.text.decode("utf-8-sig"), newline="")))
    body = [row for row in found[1:] if row]
    return to_text(found[0], (body[place] for place in places))
