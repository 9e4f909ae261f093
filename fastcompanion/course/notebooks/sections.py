"""Notebooks cut into sections: by headings, and long stretches at comments or every few cells."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastcompanion.base.records import frozen
from fastcompanion.course.notebooks.cells import Cell, read_cell
from fastcompanion.course.notebooks.prose import headings

LONG = 9.0  # weight of work beyond which a section is cut
STEP = 6.0  # weight of one part
_WEIGHT: dict[str, float] = {"define": 1, "compute": 1, "train": 1, "show": 0.35, "unparsable": 1}
_SIDEBAR = re.compile(r"(?i)^(end\s+)?side\s?-?bar\b")
_QUESTIONS = re.compile(
    r"(?i)^\W*(questionnaire|questions|review questions|quiz|further (research|reading)|"
    r"references|bibliography|acknowledge?ments?|credits|licen[cs]e)\W*$"
)
_COMMENT_TITLE = 64
_TITLE = re.compile(r"(?=.*[^\W\d]{4})[^\W\d].*\s|[^\W\d]{5,}")


@frozen
class Part:
    """A piece of a section: markdown text, or a code cell of the original (`cell` set)."""

    index: int
    text: str = ""
    cell: Cell | None = None


@frozen
class Section:
    """A heading's part of an original; `level` 0 stands before the first heading."""

    id: str
    title: str
    level: int
    parts: tuple[Part, ...]

    @property
    def cells(self) -> tuple[int, ...]:
        """Indexes of its code cells in the notebook."""
        return tuple(part.index for part in self.parts if part.cell is not None)

    @property
    def code(self) -> tuple[Cell, ...]:
        """Its code cells."""
        return tuple(part.cell for part in self.parts if part.cell is not None)

    @property
    def asks(self) -> bool:
        """Is it a list of questions or references, nothing to write code for?"""
        return bool(_QUESTIONS.match(self.title))


@frozen
class LearnerSection:
    """A section of a learner's notebook and the indexes of its code cells, in order."""

    id: str
    cells: tuple[int, ...]


def slug(text: str) -> str:
    """Turn a title into an id: lower case, words joined by "-", accents dropped."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in plain if not unicodedata.combining(c)).lower()
    # Put together again what has no accent, such as Hangul: people type the composed form.
    plain = unicodedata.normalize("NFC", plain)
    return re.sub(r"[\W_]+", "-", plain).strip("-")[:60].strip("-") or "section"


def sections(notebook: Mapping[str, Any]) -> tuple[Section, ...]:
    """Cut an original notebook into sections with stable ids, long ones into parts."""
    found = [piece for section in _by_headings(notebook) for piece in _cut(section)]
    seen: dict[str, int] = {}
    return tuple(replace(s, id=_unique(s.id, seen)) for s in found)


def _unique(wanted: str, seen: dict[str, int]) -> str:
    name, number = wanted, 1
    while name in seen:
        number += 1
        name = f"{wanted}-{number}"
    seen[name] = 1
    return name


def _by_headings(notebook: Mapping[str, Any]) -> list[Section]:
    found: list[tuple[str, int, list[Part]]] = [("", 0, [])]
    aside = False
    for index, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            outputs = tuple(cell.get("outputs", ()))
            read = read_cell(index, cell["source"], outputs, _author_mark(cell))
            found[-1][2].append(Part(index, cell=read))
        elif cell["cell_type"] == "markdown":
            aside = _add_markdown(found, index, cell["source"], aside)
    return [
        Section(slug(title or "Preparation"), title or "Preparation", level, tuple(parts))
        for title, level, parts in found
        if parts or level
    ]


def _author_mark(cell: Mapping[str, Any]) -> str:
    """Read an author's word on a code cell: given to the learner, the learner's work, or left out.

    Our own lessons say it by the cell's role, other notebooks by a tag.
    """
    metadata = cell.get("metadata", {})
    ours = metadata.get("fastcompanion")
    if isinstance(ours, dict) and ours.get("role") in ("given", "work"):
        return str(ours["role"])
    tags = metadata.get("tags")
    known = [tag for tag in tags if tag in ("given", "skip")] if isinstance(tags, list) else []
    return known[0] if known else ""


def _add_markdown(
    found: list[tuple[str, int, list[Part]]], index: int, source: str, aside: bool
) -> bool:
    """Spread a markdown cell over the sections that it ends and begins; tell if it is an aside."""
    lines = source.split("\n")
    start = 0
    for heading in headings(source):
        _add_text(found, index, lines[start : heading.line], aside)
        start = heading.line + 1
        if mark := _SIDEBAR.match(heading.title):
            aside = mark[1] is None
        else:
            aside = False
            found.append((heading.title, heading.level, []))
    _add_text(found, index, lines[start:], aside)
    return aside


def _add_text(
    found: list[tuple[str, int, list[Part]]], index: int, lines: list[str], aside: bool
) -> None:
    text = "\n".join(lines).strip("\n")
    if text.strip() and not aside:
        found[-1][2].append(Part(index, text))


def _cut(section: Section) -> list[Section]:
    if sum(_weight(cell) for cell in section.code) <= LONG or section.asks:
        return [section]
    pieces: list[list[Part]] = [[]]
    titles = [""]
    done = 0.0
    told = any(part.cell is None for part in section.parts[1:])
    for part in section.parts:
        if (
            part.cell is not None
            and _starts_part(part.cell, done)
            and (done > LONG or not told or _begins(pieces[-1]))
        ):
            moved = _trailing_prose(pieces[-1])
            pieces.append(moved)
            titles.append(_comment_title(part.cell))
            done = 0.0
        pieces[-1].append(part)
        done += _weight(part.cell) if part.cell is not None else 0.0
    if len(pieces) > 1 and sum(_weight(p.cell) for p in pieces[-1] if p.cell is not None) < 2:
        last = pieces.pop()
        pieces[-1] += last
        titles.pop()
    return _named_parts(section, pieces, titles)


def _begins(parts: list[Part]) -> bool:
    """Does the prose at the end of these parts begin a thought, not go on with one?"""
    prose = _trailing_prose(list(parts))
    return bool(prose) and not re.match(r"\s*(?:\.\.\.|\u2026|[a-z])", prose[0].text)


def _weight(cell: Cell) -> float:
    return _WEIGHT.get(cell.kind, 0.0)


def _starts_part(cell: Cell, done: float) -> bool:
    if _weight(cell) < 1:
        return False
    return done >= STEP or (done >= STEP / 2 and bool(_comment_title(cell)))


def _comment_title(cell: Cell) -> str:
    """Give a leading comment that could be a title; "" for none."""
    first = cell.source.lstrip().split("\n", 1)[0]
    if not first.startswith("#") or not cell.comments:
        return ""
    text = re.split(r"(?<=\w)[.;:!?](?:\s|$)|,? (?:[-\u2013\u2014]+|\() ?", cell.comments[0])[
        0
    ].strip()
    if len(text) > _COMMENT_TITLE or not _TITLE.match(text) or re.search(r"[=*<>\[\]{}`]", text):
        return ""
    return text[:1].upper() + text[1:]


def _trailing_prose(parts: list[Part]) -> list[Part]:
    moved: list[Part] = []
    while parts and parts[-1].cell is None:
        moved.insert(0, parts.pop())
    return moved


def _named_parts(section: Section, pieces: list[list[Part]], titles: list[str]) -> list[Section]:
    """Name the parts of a long section; without a heading the comments are the titles."""
    if len(pieces) == 1:
        return [section]
    found = []
    for number, (parts, title) in enumerate(zip(pieces, titles, strict=True), 1):
        if section.level == 0:
            comment = title or _first_title(parts)
            name, ident = comment or f"Part {number}", slug(comment or f"Part {number}")
        else:
            name = (
                section.title if number == 1 else f"{section.title} ({title or f'part {number}'})"
            )
            ident = section.id if number == 1 else f"{section.id}-part-{number}"
        found.append(Section(ident, name, max(section.level, 2), tuple(parts)))
    return [replace(found[0], level=section.level or 2), *found[1:]]


def _first_title(parts: list[Part]) -> str:
    codes = [part.cell for part in parts if part.cell is not None]
    titles = [t for cell in codes if cell.kind != "setup" and (t := _comment_title(cell))]
    return titles[0] if titles else ""


def learner_sections(
    notebook: Mapping[str, Any], ids: tuple[str, ...] | list[str]
) -> list[LearnerSection]:
    """Cut a learner's notebook into the sections `ids`, empty ones included.

    Cells carry their section in our metadata; a cell that the learner added belongs where it
    stands. Where another program dropped the metadata, headings are read instead.
    """
    found: dict[str, list[int]] = {ident: [] for ident in ids}
    marked = any(_mark(cell) in found for cell in notebook["cells"])
    place: str | None = None
    seen: dict[str, int] = {}
    for index, cell in enumerate(notebook["cells"]):
        if marked:
            place = _mark(cell) if _mark(cell) in found else place
        elif cell["cell_type"] == "markdown":
            for heading in headings(cell["source"]):
                ident = _unique(slug(heading.title), seen)
                place = ident if ident in found else place
        if cell["cell_type"] == "code" and place is not None:
            found[place].append(index)
    return [LearnerSection(ident, tuple(cells)) for ident, cells in found.items()]


def _mark(cell: Mapping[str, Any]) -> str | None:
    ours = cell.get("metadata", {}).get("fastcompanion")
    section = ours.get("section") if isinstance(ours, dict) else None
    return section if isinstance(section, str) else None
