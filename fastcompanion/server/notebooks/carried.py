"""What a notebook brings home in its outputs: verdicts, hints and minutes, sealed.

Colab, Kaggle and Jupyter all save what cells put out, and a kernel can write nothing else into its
notebook. So the whole record goes out with every %check and %hint, and after every cell the one
below the first cell is renewed. Records only grow: the union of all that are found is what happened.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any

from fastcompanion.base.records import frozen
from fastcompanion.server.notebooks import travel

VERSION = 1
_NAME = "fastcompanion-record"
_RECORD = re.compile(rf"{_NAME}\.([0-9a-f]{{16}})\.([A-Za-z0-9+/=]+)")
_WORDS = ("travel", "study", "door", "lesson", "notebook", "kind")
_ID = re.compile(r"[a-z2-7]{6,32}")
MOST_SECONDS = 24 * 3600


@frozen
class Session:
    """A time of work there: when it began (RFC 3339), how long it was, how many cells ran in it."""

    id: str
    at: str
    seconds: int
    cells: int


@frozen
class Record:
    """All that a notebook tells of the work in it; `results` is a file of results as plain data.

    `files` are small texts that its cells have written, by name: what a model predicts.
    """

    travel: str
    study: str
    door: str
    lesson: str
    notebook: str
    kind: str
    results: Mapping[str, Any]
    sessions: tuple[Session, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def minutes(self) -> int:
        """All minutes together."""
        return round(sum(one.seconds for one in self.sessions) / 60)


@frozen
class Carried:
    """What was found in a notebook; `damaged` counts the cells whose record can't be read."""

    records: tuple[Record, ...]
    damaged: int


def write(record: Record) -> str:
    """Give a record as one line of text."""
    data: dict[str, Any] = {"version": VERSION, **{name: getattr(record, name) for name in _WORDS}}
    data["results"] = dict(record.results)
    data["sessions"] = [
        {"id": one.id, "at": one.at, "seconds": one.seconds, "cells": one.cells}
        for one in record.sessions
    ]
    if record.files:
        data["files"] = dict(record.files)
    return travel.sealed(_NAME, data)


def bundle(record: Record, words: str) -> dict[str, str]:
    """Give a record as an output: people see the words; the record stands in both forms of it."""
    text = write(record)
    page = f"<pre>{html.escape(words)}</pre><!-- {text} -->"
    return {"text/plain": f"{words}\n{text}", "text/html": page}


def read(book: Mapping[str, Any]) -> Carried:
    """Read every record of a notebook's outputs."""
    records: list[Record] = []
    damaged = 0
    for cell in book["cells"]:
        for output in cell.get("outputs") or ():
            texts = [text for text in _texts(output) if _NAME in text]
            found = [one for text in texts for one in _read(text)]
            records += found
            damaged += bool(texts) and not found
    return Carried(tuple(records), damaged)


def strip(book: Mapping[str, Any]) -> dict[str, Any]:
    """Take records out of a notebook: they tell of failed checks, which stay out of git."""
    cells = [
        {**cell, "outputs": [one for one in cell["outputs"] if not _carries(one)]}
        if cell.get("outputs")
        else cell
        for cell in book["cells"]
    ]
    return {**book, "cells": cells}


def _carries(output: Mapping[str, Any]) -> bool:
    return any(_NAME in text for text in _texts(output))


def _texts(output: Any) -> Iterator[str]:
    data = output.get("data") if isinstance(output, dict) else None
    values = [*data.values()] if isinstance(data, dict) else []
    values += [output.get("text")] if isinstance(output, dict) else []
    for value in values:
        if isinstance(value, list):
            yield "".join(part for part in value if isinstance(part, str))
        elif isinstance(value, str):
            yield value


def _read(text: str) -> Iterator[Record]:
    for found in _RECORD.finditer(text):
        data = travel.opened(found[1], found[2])
        record = _record(data) if data is not None else None
        if record is not None:
            yield record
            return


def _record(data: Mapping[str, Any]) -> Record | None:
    try:
        if data["version"] != VERSION:
            return None
        words = {name: str(data[name]) for name in _WORDS}
        sessions = tuple(_session(one) for one in data["sessions"])
        files = {str(name): str(text) for name, text in data.get("files", {}).items()}
        return Record(**words, results=dict(data["results"]), sessions=sessions, files=files)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _session(row: Mapping[str, Any]) -> Session:
    one = Session(str(row["id"]), str(row["at"]), int(row["seconds"]), int(row["cells"]))
    if not _ID.fullmatch(one.id) or not 0 <= one.seconds <= MOST_SECONDS:
        raise ValueError(one.id)
    return one


def longest(sessions: Iterable[Session]) -> tuple[Session, ...]:
    """Put the sessions of several records together: of each the longest, in order."""
    found: dict[str, Session] = {}
    for one in sessions:
        known = found.setdefault(one.id, one)
        if one.seconds > known.seconds:
            found[one.id] = one
    return tuple(sorted(found.values(), key=lambda one: (one.at, one.id)))
