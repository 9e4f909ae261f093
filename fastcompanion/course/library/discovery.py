"""Which lessons a folder of notebooks holds: the walk, what is left out and why, and the numbers.

A lesson is one notebook. Its number is the leading number of the file's name ("05-linear.ipynb",
"16A_x", "Lecture 3"), made longer where several notebooks share it, else its position.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from fastcompanion.base import store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen

MAX_FOLDERS = 5_000
MAX_NOTEBOOKS = 2_000
_TITLE_LENGTH = 100
_EDGES = " ._-\u2013\u2014:"

_VARIANT_FOLDERS = frozenset(
    ("answers", "solution", "solutions", "slides", "checkpoints", "node_modules", "site-packages")
)
# Patterns stay text and are compiled at their first use: most commands never come here.
_VARIANT_ENDING = (
    r"(?i)(?P<base>.+?)[\s._-]+"
    r"\(?(answers?|solutions?|solved|completed?|clean|copy\d*|checkpoint)\)?$"
)
_WORD = r"(?:lesson|lecture|chapter|chap|week|unit|session|part|notebook|nb|module|day|lab)"
_NUMBER = rf"(?i)(?:{_WORD}[\s._-]*)?(\d{{1,9}})([a-z]?)(?![^\W_])"
_SUB_NUMBER = rf"(?i)(?:{_WORD}[\s._-]*)?(\d{{1,9}})[\s._-]+(\d{{1,9}})([a-z]?)(?![^\W_])"


@frozen
class Found:
    """One notebook of a folder; `path` is posix, relative to the folder."""

    path: str
    sha256: str
    title: str
    number: str = ""
    warning: str = ""


@frozen
class LeftOut:
    """A notebook that is no lesson, and why."""

    path: str
    reason: str


@frozen
class Listing:
    """What a folder holds: the notebooks that are lessons in order, and those left out."""

    found: tuple[Found, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong with single notebooks."""
        return tuple(f"{one.path}: {one.warning}" for one in self.found if one.warning)


def look(root: Path, *, include: Sequence[str] = ()) -> Listing:
    """List the lessons of a folder; `include` takes notebooks (patterns) otherwise left out."""
    paths = sorted(_notebooks(root), key=_order)
    left_out = _reasons(paths)
    taken = [path for path in paths if path not in left_out or any(fits(path, p) for p in include)]
    if len(taken) > MAX_NOTEBOOKS:
        raise _too_much(root, f"more than {MAX_NOTEBOOKS} notebooks")
    rest = tuple(LeftOut(path, left_out[path]) for path in paths if path not in taken)
    if not taken:
        raise _nothing(root, rest)
    numbers = assign(taken)
    found = [read(root, path, numbers[path]) for path in sorted(taken, key=position)]
    return Listing(_titled(found), rest)


def _titled(found: Sequence[Found]) -> tuple[Found, ...]:
    """Name notebooks after their files where a heading does not tell them apart."""
    titles = [one.title for one in found]
    return tuple(
        replace(one, title=_humane(one.path, one.number)) if titles.count(one.title) > 1 else one
        for one in found
    )


def look_at_one(notebook: Path) -> Listing:
    """List a single notebook as a course of one lesson."""
    numbers = assign([notebook.name])
    return Listing((read(notebook.parent, notebook.name, numbers[notebook.name]),))


def fits(path: str, pattern: str) -> bool:
    """Tell whether a path is meant: by itself, by a folder's name or by a pattern (`clean/*`)."""
    wanted = pattern.rstrip("/")
    return fnmatch.fnmatch(path, wanted) or path.startswith(f"{wanted}/")


def digest(path: Path) -> str:
    """Give the SHA-256 of a file's bytes."""
    return hashlib.sha256(store.read_bytes(path)).hexdigest()


def read(root: Path, path: str, number: str) -> Found:
    """Read what a listing says of one notebook; a broken one is listed with a warning."""
    try:
        data = store.read_bytes(root / path)
    except CompanionError as error:
        return Found(path, "", _humane(path, number), number, error.message)
    sha256 = hashlib.sha256(data).hexdigest()
    title, warning = _title(data)
    return Found(path, sha256, title or _humane(path, number), number, warning)


def _notebooks(root: Path) -> Iterator[str]:
    """Walk a folder without following links between folders; hidden and foreign ones stay out."""
    whole = root.resolve()
    waiting, seen = [root], 0
    while waiting:
        folder = waiting.pop()
        seen += 1
        if seen > MAX_FOLDERS:
            raise _too_much(root, f"more than {MAX_FOLDERS} folders")
        for child in _children(folder):
            if child.is_dir():
                if not (child.is_symlink() or _foreign(child)):
                    waiting.append(child)
            elif child.suffix.lower() == ".ipynb" and _is_inside(child, whole):
                yield child.relative_to(root).as_posix()


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(child for child in folder.iterdir() if not child.name.startswith("."))
    except OSError:
        return []


def _foreign(folder: Path) -> bool:
    marks = ("pyvenv.cfg", workspace.SETTINGS_NAME)
    return folder.name == "__pycache__" or any((folder / mark).exists() for mark in marks)


def _is_inside(path: Path, whole: Path) -> bool:
    """A link that leads out of the course could show any file of this machine."""
    try:
        return path.is_file() and path.resolve().is_relative_to(whole)
    except OSError:
        return False


def _reasons(paths: Sequence[str]) -> dict[str, str]:
    """Say which notebooks are no lessons, and why: drafts, solutions, copies of another one."""
    nearest: dict[str, str] = {}
    for path in sorted(paths, key=lambda path: (path.count("/"), _order(path))):
        nearest.setdefault(PurePosixPath(path).name, path)
    all_paths = set(paths)
    found = {path: _reason(PurePosixPath(path), nearest, all_paths) for path in paths}
    return {path: reason for path, reason in found.items() if reason}


def _reason(path: PurePosixPath, nearest: dict[str, str], paths: set[str]) -> str:
    if any(part.startswith("_") for part in path.parts):
        return "a draft (its name begins with _)"
    variant = next((part for part in path.parts[:-1] if part.lower() in _VARIANT_FOLDERS), None)
    if variant:
        return f"lies in {variant}/"
    first = nearest[path.name]
    if first.count("/") < len(path.parts) - 1:
        return f"has the name of {first}"
    ending = re.match(_VARIANT_ENDING, path.stem)
    if ending and (base := str(path.with_name(f"{ending['base']}.ipynb"))) in paths:
        return f"belongs to {base}"
    return ""


def _order(path: str) -> tuple[Any, ...]:
    """Sort by folder, then by name, with numbers in names as numbers; the root comes first."""
    pure = PurePosixPath(path)
    return (tuple(_natural(part) for part in pure.parts[:-1]), _natural(pure.stem), path)


def _natural(name: str) -> tuple[tuple[int, int, str], ...]:
    parts = re.split(r"(\d+)", unicodedata.normalize("NFC", name).lower())
    return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts if p)


def position(path: str) -> tuple[Any, ...]:
    """Give the sort key of a notebook in a course: numbered files first, then by folder and name."""
    return (leading(path) == "", *_order(path))


def leading(path: str) -> str:
    """Give the leading number of a file's name, two digits at least: "05", "16a", or nothing."""
    found = re.match(_NUMBER, _name(path))
    return _padded(found[1], found[2]) if found else ""


def _name(path: str) -> str:
    return unicodedata.normalize("NFC", PurePosixPath(path).stem.strip())


def _padded(digits: str, letter: str = "") -> str:
    return f"{int(digits):02d}{letter.lower()}"


def _compound(path: str) -> str:
    found = re.match(_SUB_NUMBER, _name(path))
    return f"{_padded(found[1])}-{_padded(found[2], found[3])}" if found else ""


def _in_folder(path: str) -> str:
    """Put the number of the folder before that of the file: "week 2/01.ipynb" is 02-01."""
    folder, own = PurePosixPath(path).parent.name, leading(path)
    found = re.match(_NUMBER, folder)
    return f"{_padded(found[1], found[2])}-{own}" if found and own else ""


def assign(
    paths: Sequence[str], *, fixed: Mapping[str, str] | None = None, taken: Iterable[str] = ()
) -> dict[str, str]:
    """Give each notebook its lesson number; `fixed` ones keep theirs, `taken` ones are not free."""
    ordered = sorted(paths, key=position)
    ways = [way for way in (_compound, _in_folder) if _helps(way, ordered)]
    numbers = dict(fixed or {})
    used = {*numbers.values(), *taken}
    for place, path in enumerate(ordered, start=1):
        if path in numbers:
            continue
        longer = next((number for way in ways if (number := way(path))), "")
        if leading(path):
            numbers[path] = _free(longer or leading(path), used)
        else:
            numbers[path] = _free_position(place, used)
        used.add(numbers[path])
    return numbers


def _helps(way: Callable[[str], str], ordered: Sequence[str]) -> bool:
    """Tell whether a longer number separates notebooks that share the leading one.

    Where one group needs it (3.1, 3.2), the whole course uses it (1.1 as well).
    """
    groups: dict[str, list[str]] = {}
    for path in ordered:
        groups.setdefault(leading(path), []).append(way(path))
    groups.pop("", None)
    return any(len(g) > 1 and all(g) and len(set(g)) > 1 for g in groups.values())


def _free(wanted: str, used: set[str]) -> str:
    number, copies = wanted, 1
    while number in used:
        copies += 1
        number = f"{wanted}-{copies}"
    return number


def _free_position(position: int, used: set[str]) -> str:
    while f"{position:02d}" in used:
        position += 1
    return f"{position:02d}"


def _title(data: bytes) -> tuple[str, str]:
    """Take the title from a first-level heading that opens the notebook, without importing much."""
    try:
        notebook = json.loads(data)
        cells = _cells(notebook)
    except (ValueError, RecursionError):
        return "", "is not a notebook that can be read (broken JSON)"
    if cells is None:
        return "", "is not a notebook that can be read (it has no cells)"
    for cell in cells[:3]:
        if isinstance(cell, dict) and cell.get("cell_type") == "markdown":
            return _heading(_joined(cell.get("source"))), ""
    return "", ""


def _cells(notebook: Any) -> list[Any] | None:
    if not isinstance(notebook, dict):
        return None
    cells = notebook.get("cells")
    sheets = notebook.get("worksheets")
    if cells is None and isinstance(sheets, list) and sheets and isinstance(sheets[0], dict):
        cells = sheets[0].get("cells")
    return cells if isinstance(cells, list) else None


def _joined(source: Any) -> str:
    if isinstance(source, list):
        return "".join(str(part) for part in source)
    return source if isinstance(source, str) else ""


def _heading(markdown: str) -> str:
    line = next((row.strip() for row in markdown.splitlines() if row.strip()), "")
    if not line.startswith("# "):
        return ""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)|<[^>]*>|[*`]", lambda m: m[1] or "", line[2:])
    return " ".join(text.split())[:_TITLE_LENGTH].strip(" #")


def _humane(path: str, number: str) -> str:
    """Make a title of a file's name: "05-linear-model.ipynb" is "Linear model"."""
    name = _name(path)
    words = " ".join(re.split(r"[\s_-]+", without_number(name, number))).strip(_EDGES) or name
    return (words[:1].upper() + words[1:])[:_TITLE_LENGTH]


def without_number(name: str, number: str) -> str:
    """Take the leading number off a file's name: as much of it as the lesson's number tells."""
    found = (re.match(_SUB_NUMBER, name) if "-" in number else None) or re.match(_NUMBER, name)
    return name[found.end() :].strip(_EDGES) if found else name


def _nothing(root: Path, rest: Sequence[LeftOut]) -> CompanionError:
    if rest:
        return CompanionError(
            f"all {len(rest)} notebooks were left out: {rest[0].path} {rest[0].reason}",
            hint="Take them with --include '*'.",
            file=root,
        )
    return CompanionError(
        "there are no notebooks (*.ipynb) here", hint="Name the folder with them.", file=root
    )


def _too_much(root: Path, what: str) -> CompanionError:
    return CompanionError(
        f"this folder has {what}, so it can't be one course",
        hint="Name the folder of the course itself.",
        file=root,
        code=Exit.USAGE,
    )
