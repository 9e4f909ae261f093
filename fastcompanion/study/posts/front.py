"""Front matter: the YAML between `---` lines that Quarto, Jekyll, Hugo and we all read.

    ---
    title: "Is it a bird?"
    date: 2026-11-21
    description: "A first classifier, and what it took for a bird"
    categories: [vision, fastai]
    image: images/bird.jpg
    draft: false
    ---

In a notebook it is the first cell, of the kind *raw*.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.study.posts import ipynb

_FENCE = re.compile(r"---[ \t]*")
_KEY = re.compile(r"([A-Za-z][\w-]*)[ \t]*:")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@frozen
class Front:
    """What a post says about itself; a key that is missing has an empty value.

    `lines` has the line of each key in the file, `first_line` that of the opening `---` (0: there is
    no front matter), `body_line` that of the text below it. `others` are keys we do not know.
    """

    title: str = ""
    date: dt.date | None = None
    description: str = ""
    categories: tuple[str, ...] = ()
    draft: bool = False
    image: str = ""
    image_alt: str = ""
    author: str = ""
    layout: str = ""
    toc: bool = False
    first_line: int = 0
    body_line: int = 1
    lines: Mapping[str, int] = field(default_factory=dict)
    others: Mapping[str, Any] = field(default_factory=dict)


@frozen
class Split:
    """A text taken apart: the YAML between the fences (None: there are none) and the rest."""

    yaml: str | None
    body: str
    body_line: int


def read(path: Path) -> Front:
    """Read the front matter of a post, .md or .ipynb; what is malformed names file and line."""
    text = store.read_text(path)
    return of_notebook(text, path) if path.suffix == ".ipynb" else of_text(text, path)


def of_text(text: str, path: Path) -> Front:
    """Read the front matter at the top of a Markdown text."""
    parts = split(text, path)
    if parts.yaml is None:
        return Front()
    return _front(parts.yaml, path, 1, 1, parts.body_line)


def of_notebook(text: str, path: Path) -> Front:
    """Read the front matter of a notebook's text: its first cell, when that is raw and fenced."""
    cells = ipynb.parse(text, path)["cells"]
    if not cells or not is_front_cell(cells[0]):
        return Front()
    yaml = split(cells[0]["source"].strip() + "\n", path).yaml or ""
    line, step = _place_in_json(text)
    return _front(yaml, path, line, step, line)


def is_front_cell(cell: Mapping[str, Any]) -> bool:
    """Tell whether a cell is raw and holds front matter."""
    return cell["cell_type"] == "raw" and bool(re.match(r"\s*---[ \t]*\n", cell["source"]))


def split(text: str, path: Path) -> Split:
    """Take the front matter off a text; a fence that is never closed is an error."""
    lines = text.split("\n")
    if not _FENCE.fullmatch(lines[0]):
        return Split(None, text, 1)
    for number, line in enumerate(lines[1:], start=1):
        if _FENCE.fullmatch(line):
            yaml = "\n".join(lines[1:number])
            return Split(yaml, "\n".join(lines[number + 1 :]), number + 2)
    raise CompanionError(
        "the front matter is not closed",
        hint="Put a line of three dashes (---) below it.",
        file=path,
        line=1,
    )


def _place_in_json(text: str) -> tuple[int, int]:
    """Give the line of the front matter's `---` in a notebook's file, and the lines per line."""
    place = re.search(r'"---[ \t]*(\\n"[ \t]*,|\\n)', text)
    if place is None:
        return 1, 0
    return text.count("\n", 0, place.start()) + 1, int(place[1] != "\\n")


def _front(yaml: str, path: Path, line: int, step: int, body_line: int) -> Front:
    """Build the front matter from its YAML, whose opening fence stands on `line` of the file."""
    try:
        data = store.parse_yaml(yaml, path, first_line=2)
    except CompanionError as error:
        found = re.search(r"^date[ \t]*:", yaml, re.MULTILINE)
        row = error.line or (yaml.count("\n", 0, found.start()) + 2 if found else 1)
        at = line + (row - 1) * step
        raise CompanionError(error.message, hint=_HINT, file=path, line=at) from None
    lines = {
        found[1]: line + number * step
        for number, row in enumerate(yaml.split("\n"), start=1)
        if (found := _KEY.match(row))
    }
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise CompanionError("the front matter is not a list of `key: value` lines", hint=_HINT, file=path, line=line)  # fmt: skip
    return _Reader({str(k): v for k, v in data.items()}, path, lines, line).front(body_line)


_HINT = (
    'Each line is `key: value`; put a text that holds a colon in quotes: title: "Birds: a start"'
)


class _Reader:
    """Takes typed values out of the mapping, and says which line is wrong."""

    def __init__(
        self, data: dict[str, Any], path: Path, lines: Mapping[str, int], line: int
    ) -> None:
        self._data, self._path, self._lines, self._line = data, path, lines, line

    def front(self, body_line: int) -> Front:
        data = self._data
        alt = self._text("image-alt") or self._text("image_alt")
        draft = self._flag("draft") or self._flag("hide")
        known = Front(
            title=self._text("title"),
            date=self._date("date"),
            description=self._text("description"),
            categories=self._names("categories") or self._names("tags"),
            draft=draft,
            image=self._text("image"),
            image_alt=alt,
            author=self._text("author"),
            layout=self._text("layout"),
            toc=self._flag("toc"),
            first_line=self._line,
            body_line=body_line,
            lines=self._lines,
            others={key: value for key, value in data.items() if key not in _KNOWN},
        )
        return known

    def _wrong(self, key: str, wanted: str, example: str) -> CompanionError:
        return CompanionError(
            f"`{key}` should be {wanted}, not {self._data[key]!r}",
            hint=f"Write it like this: {key}: {example}",
            file=self._path,
            line=self._lines.get(key, self._line),
        )

    def _text(self, key: str) -> str:
        value = self._data.get(key)
        if value is None:
            return ""
        if isinstance(value, bool | list | dict):
            if key == "author":
                return ""  # Quarto takes a list of people here; the blog has one author
            raise self._wrong(key, "a text", '"in quotes"')
        return " ".join(str(value).split())

    def _flag(self, key: str) -> bool:
        value = self._data.get(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        if key == "toc" and isinstance(value, dict):
            return True
        raise self._wrong(key, "true or false", "true")

    def _date(self, key: str) -> dt.date | None:
        value = self._data.get(key)
        if value is None:
            return None
        if isinstance(value, dt.datetime):
            return value.date()
        if isinstance(value, dt.date):
            return value
        try:
            if isinstance(value, str) and _DATE.match(value):
                return dt.date.fromisoformat(value[:10])
        except ValueError:
            pass
        raise self._wrong(key, "a date, YYYY-MM-DD", "2026-11-21")

    def _names(self, key: str) -> tuple[str, ...]:
        value = self._data.get(key)
        if value is None:
            return ()
        if isinstance(value, str):
            value = [name for name in value.split(",") if name.strip()]
        if not isinstance(value, list) or any(isinstance(one, dict | list) for one in value):
            raise self._wrong(key, "a list", "[vision, fastai]")
        return tuple(dict.fromkeys(str(one).strip() for one in value if one is not None))


_KNOWN = frozenset(
    "title date description categories tags draft hide image image-alt image_alt author layout toc".split()
)
