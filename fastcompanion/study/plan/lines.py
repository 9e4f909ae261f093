"""Where something stands in a TOML file, for messages: the parser of the language does not tell."""

from __future__ import annotations

from pathlib import Path

from fastcompanion.base import store


def line_of(path: Path, table: str, key: str, index: int = 0) -> int | None:
    """Give the line of a key or a table below a table (of several: the `index`th), else the table's own.

    None where the file says it in a way that is not understood here, such as one line for all.
    """
    header: int | None = None
    count, inside = -1, False
    for number, line in enumerate(store.read_text(path).split("\n"), start=1):
        words = line.strip()
        if words.startswith("["):
            name = words.partition("]")[0].strip("[ ")
            if key and name == f"{table}.{key}":
                return number
            inside = name == table
            count += inside
            if inside and count == index:
                header = number
        elif inside and count == index and words.partition("=")[0].strip().strip("\"'") == key:
            return number
    if header is None and "." in table:
        parent, _, name = table.rpartition(".")
        return line_of(path, parent, name)
    return header
