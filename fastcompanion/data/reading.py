"""How pandas reads a table just as it was read here: the call, and the lines that mend columns after it.

The code is for the learner's own notebook; nothing of pandas is imported.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from fastcompanion.base.records import frozen
from fastcompanion.data import files, tables
from fastcompanion.data.columns import Values
from fastcompanion.data.files import Folder
from fastcompanion.data.tables import Table

_WIDTH = 98
#: what pandas takes for nothing by itself, in all its versions
_PANDAS = frozenset(
    (
        "",
        "#N/A",
        "#N/A N/A",
        "#NA",
        "-NaN",
        "-nan",
        "<NA>",
        "N/A",
        "NA",
        "NULL",
        "NaN",
        "n/a",
        "nan",
        "null",
    )
)
MENDS = {
    "decimal comma": r".str.replace(r'[. ](?=.*,)', '', regex=True).str.replace(',', '.', regex=False)",
    "thousands": ".str.replace(',', '', regex=False)",
    "unit": r".str.replace(r'[^\d.+-]', '', regex=True)",
}
_LOOKED_AT = 50


@frozen
class Frame:
    """How a table becomes a data frame: the words in `pd.read_csv(...)` and what is mended after it."""

    call: str
    mends: tuple[str, ...]


def frame(
    folder: Folder,
    table: Table,
    values: Mapping[str, Values],
    *,
    texts: Iterable[str] = (),
    numbers: Iterable[str] = (),
) -> Frame:
    """Write how pandas reads a table; `texts` stay as they are written, `numbers` become numbers."""
    whole = _decimal(values, numbers := list(numbers))
    mended = {name: _mend(values[name], whole=whole) for name in numbers}
    mended = {name: mend for name, mend in mended.items() if mend}
    kept = dict.fromkeys([*texts, *(name for name, mend in mended.items() if ".str" in mend)])
    arguments = [
        *_written(folder, table),
        *(["decimal=','"] if whole else []),
        *_nothing(values.values()),
        *([f"dtype={{{', '.join(f'{name!r}: str' for name in kept)}}}"] if kept else []),
    ]
    lines = (f"df[{name!r}] = {mend}" for name, mend in mended.items())
    return Frame(call(f"pd.read_csv(path/{table.name!r}", arguments), tuple(lines))


def plain(folder: Folder, table: Table) -> str:
    """Write how pandas reads a table with every cell as the text that stands there."""
    arguments = [*_written(folder, table), "dtype=str", "keep_default_na=False"]
    return call(f"pd.read_csv(path/{table.name!r}", arguments)


def call(start: str, arguments: Sequence[str], indent: int = 17) -> str:
    """Write a call on as few lines as fit."""
    lines: list[str] = []
    line = start
    for argument in arguments:
        if len(line) + len(argument) + 2 > _WIDTH - (0 if lines else 6):
            lines.append(f"{line},")
            line = " " * indent + argument
        else:
            line = f"{line}, {argument}"
    return "\n".join([*lines, f"{line})"])


def _written(folder: Folder, table: Table) -> Iterator[str]:
    """Say how the file is written, where that is not what pandas expects."""
    dialect = table.dialect
    if dialect.delimiter != ",":
        sign = {" ": r"r'\s+'", "": r"'\x1f'", "\t": r"'\t'"}
        yield f"sep={sign.get(dialect.delimiter, repr(dialect.delimiter))}"
    if dialect.encoding != "utf-8":
        yield f"encoding={dialect.encoding!r}"
    if table.skipped:
        yield f"skiprows={table.skipped}"
    head, widths, spaces = _beginning(folder, table)
    if not dialect.header:
        yield f"header=None, names={list(table.names)!r}"
    elif head != table.names:
        yield f"header=0, names={list(table.names)!r}"
    elif widths and max(widths) > len(head) and min(widths) > len(head):
        # Each row ends with a delimiter: pandas would take the first column for an index.
        yield "index_col=False"
    if spaces:
        yield "skipinitialspace=True"
    if any(problem.name == "uneven-rows" for problem in table.problems):
        yield f"engine='python', on_bad_lines=lambda cells: cells[:{len(table.names)}]"
    elif dialect.delimiter == "::":
        yield "engine='python'"


def _beginning(folder: Folder, table: Table) -> tuple[tuple[str, ...], list[int], bool]:
    """Read the first lines once more: the header's cells, how wide rows are, blanks behind delimiters."""
    start = files.whole(folder, table.name)[: tables.HEAD]
    text = start.decode(table.dialect.encoding, "replace").removeprefix("\ufeff")
    lines = list(io.StringIO(text, newline=""))[table.skipped :]
    delimiter = table.dialect.delimiter
    if delimiter in (" ", "::"):
        rows = [line.split(None if delimiter == " " else delimiter) for line in lines]
        return tuple(cell.strip("\r\n") for cell in rows[0]), [], False
    spaces = any(
        cell.startswith(" ")
        for row in csv.reader(lines, delimiter=delimiter or "\x1f")
        for cell in row
    )
    reader = csv.reader(lines, delimiter=delimiter or "\x1f", skipinitialspace=True)
    found = list(itertools.islice((row for row in reader if any(row)), _LOOKED_AT))
    widths = [len(row) for row in found[1:-1]]
    return tuple(found[0]), widths, spaces


def _decimal(values: Mapping[str, Values], numbers: Sequence[str]) -> bool:
    """Will one option for the whole table read all numbers with commas?"""
    used = [values[name] for name in numbers]
    commas = [one for one in used if one.form == "decimal comma"]
    points = any("." in cell for one in used if one.type != "mixed" for cell in one.counts)
    plain_ = all(one.form in ("", "decimal comma") and not one.odd for one in used)
    return bool(commas) and plain_ and not points


def _mend(values: Values, *, whole: bool) -> str:
    if whole and values.form == "decimal comma":
        return ""
    how = MENDS.get(values.form, "")
    if not how and not values.odd:
        return ""
    rest = ", errors='coerce'" if values.odd else ""
    return f"pd.to_numeric(df[{values.name!r}]{how}{rest})"


def _nothing(columns: Iterable[Values]) -> Iterator[str]:
    """Name what stands for nothing here and would be a value for pandas."""
    found = {
        cell for one in columns if one.missing for cell in set(one.cells) if tables.is_missing(cell)
    }
    if own := sorted(found - _PANDAS):
        yield f"na_values={own!r}"
