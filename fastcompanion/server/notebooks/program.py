"""The part of the program that travels in a notebook's first cell: what %check needs, and nothing of the rest.

Nothing has to be fetched on the other side then: a server may have no network (Kaggle's needs a verified phone
number), and a version that no package index has works like any other.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

from fastcompanion.base import own_wheel, store, workspace
from fastcompanion.base.records import frozen

#: what the first cell calls, and what it loads
_BEGINNINGS = ("fastcompanion.notebook.travelling", "fastcompanion.notebook.extension")
_FROM = re.compile(r"^[ \t]*from[ \t]+(fastcompanion[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)", re.MULTILINE)  # fmt: skip
_IMPORT = re.compile(r"^[ \t]*import[ \t]+(fastcompanion[\w.]*)", re.MULTILINE)
# Modules that are imported late, by their name.
_NAMED = re.compile(r"[\"'](fastcompanion(?:\.\w+)+)[\"']")
_WIDTH = 100


@frozen
class Travelling:
    """The program for a first cell: base64 of an xz of a zip, and the first digits of that xz's SHA-256."""

    text: str
    digest: str


def pack(course_id: str) -> Travelling:
    """Pack the modules that %check imports, and what the program ships for a course."""
    folder = workspace.content("lessons") / course_id
    lessons = own_wheel.files_below(folder, f"fastcompanion/content/lessons/{course_id}")
    files = dict(sorted({**modules(), **lessons}.items()))
    # Stored, as the whole is pressed.
    archive = own_wheel.zipped(files, zipfile.ZIP_STORED)
    packed: bytes = import_module("lzma").compress(archive, preset=6)
    text = base64.b64encode(packed).decode()
    lines = (text[place : place + _WIDTH] for place in range(0, len(text), _WIDTH))
    return Travelling("\n".join(lines), hashlib.sha256(packed).hexdigest()[:16])


@cache
def modules() -> Mapping[str, bytes]:
    """Give the files of all modules that are imported, at once or late, when a notebook is checked."""
    found: dict[str, bytes] = {}
    waiting = list(_BEGINNINGS)
    while waiting:
        file = _file(waiting.pop())
        if file is None or (name := _name(file)) in found:
            continue
        found[name] = store.read_bytes(file)
        waiting += _imported(found[name].decode())
        waiting += _above(name)
    return found


def _imported(source: str) -> Iterator[str]:
    """Give every name that may be a module; what is none is sorted out by its file."""
    for whole, names in _FROM.findall(source):
        yield whole
        yield from (f"{whole}.{name}" for name in re.findall(r"\w+", names))
    yield from _IMPORT.findall(source)
    yield from _NAMED.findall(source)


def _above(name: str) -> Iterator[str]:
    parts = name.split("/")[:-1]
    yield from (".".join(parts[: number + 1]) for number in range(len(parts)))


def _package() -> Path:
    return Path(__file__).resolve().parents[2]


def _file(module: str) -> Path | None:
    place = _package().parent.joinpath(*module.split("."))
    files = (place / "__init__.py", place.with_name(f"{place.name}.py"))
    return next((one for one in files if one.is_file()), None)


def _name(file: Path) -> str:
    return file.relative_to(_package().parent).as_posix()
