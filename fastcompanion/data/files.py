"""The files of a data folder: names first, no link that leads out of it, nothing opened that blocks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import IO, TypeVar

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen

IMAGES = frozenset("png jpg jpeg jpe gif bmp webp tif tiff ppm pgm".split())
SOUNDS = frozenset("wav mp3 flac ogg oga opus m4a aif aiff au".split())
TABLES = frozenset("csv tsv tab psv dat data".split())
TEXTS = frozenset("txt text".split())
#: what may hold data that only other programs can read: suffix -> the cure
CLOSED = {
    "zip": "Unpack it.", "tar": "Unpack it.", "tgz": "Unpack it.", "7z": "Unpack it.", "rar": "Unpack it.",
    "gz": "Unpack it.", "bz2": "Unpack it.", "xz": "Unpack it.",
    "xlsx": "Save it as CSV.", "xls": "Save it as CSV.", "ods": "Save it as CSV.",
    "parquet": "Write it as CSV: pandas.read_parquet(file).to_csv('data.csv', index=False)",
    "feather": "Write it as CSV: pandas.read_feather(file).to_csv('data.csv', index=False)",
    "json": "Write it as CSV: pandas.read_json(file).to_csv('data.csv', index=False)",
    "jsonl": "Write it as CSV: pandas.read_json(file, lines=True).to_csv('data.csv', index=False)",
    "npy": "Write it as CSV or as images.", "npz": "Write it as CSV or as images.",
    "mat": "Write it as CSV or as images.", "h5": "Write it as CSV or as images.",
    "hdf5": "Write it as CSV or as images.", "arff": "Write it as CSV.", "sqlite": "Write it as CSV.",
    "db": "Write it as CSV.",
}  # fmt: skip
_JUNK_NAMES = frozenset(("thumbs.db", "desktop.ini", "icon\r"))
_JUNK_FOLDERS = frozenset(("__macosx", "__pycache__", "$recycle.bin"))
_PROSE = ("readme", "license", "licence", "citation", "changelog", "copying", "notice", "authors")
_MOST = 1_000_000
Item = TypeVar("Item")


@frozen
class Folder:
    """A data folder: its files by posix name relative to `root`, sorted; links that lead out are not among them."""

    root: Path
    images: tuple[str, ...]
    sounds: tuple[str, ...]
    tables: tuple[str, ...]
    texts: tuple[str, ...]
    closed: tuple[str, ...]
    others: tuple[str, ...]
    prose: tuple[str, ...]
    links_out: tuple[str, ...]
    unreadable: tuple[str, ...]
    special: tuple[str, ...]
    cut_off: bool = False

    @property
    def count(self) -> int:
        """How many files could be data."""
        return sum(map(len, (self.images, self.sounds, self.tables, self.texts, self.closed)))


class _Walk:
    """One walk through a folder, by names alone."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.real = os.path.realpath(root)
        self.names: list[str] = []
        self.links_out: list[str] = []
        self.unreadable: list[str] = []
        self.special: list[str] = []

    def run(self) -> None:
        waiting = [""]
        while waiting and len(self.names) < _MOST:
            waiting += self._folder(waiting.pop())

    def _folder(self, folder: str) -> list[str]:
        inside: list[str] = []
        try:
            with os.scandir(self.root / folder if folder else self.root) as entries:
                inside += [
                    f"{folder}{entry.name}/"
                    for entry in entries
                    if not is_junk(entry.name) and self._take(entry, folder + entry.name)
                ]
        except OSError:
            self.unreadable.append(folder or ".")
        return inside

    def _take(self, entry: os.DirEntry[str], name: str) -> bool:
        """Note a file; tell whether it is a folder to walk into. Links to folders are never walked."""
        if entry.is_symlink():
            self._take_link(entry, name)
            return False
        if entry.is_dir(follow_symlinks=False):
            return True
        (self.names if entry.is_file(follow_symlinks=False) else self.special).append(name)
        return False

    def _take_link(self, entry: os.DirEntry[str], name: str) -> None:
        real = os.path.realpath(entry.path)
        if not real.startswith(self.real + os.sep):
            self.links_out.append(name)
        elif entry.is_file():
            self.names.append(name)


def is_junk(name: str) -> bool:
    """Is it a file or folder that systems and tools leave behind, never data?"""
    return name.startswith((".", "~$")) or name.lower() in _JUNK_NAMES | _JUNK_FOLDERS


def suffix(name: str) -> str:
    """Give the last suffix in lower case, without its dot."""
    last = name.rpartition("/")[2]
    return last.rpartition(".")[2].lower() if "." in last[1:] else ""


def stem(name: str) -> str:
    """Give the last part of a name without its suffix."""
    last = name.rpartition("/")[2]
    return last.rpartition(".")[0] if "." in last[1:] else last


def walk(path: Path) -> Folder:
    """List the files of a folder, or a single file as if it lay there alone."""
    if path.is_file():
        return _sorted(path.parent, [path.name], _Walk(path.parent))
    if not path.is_dir():
        raise CompanionError("no such file or folder", file=path, code=Exit.USAGE)
    found = _Walk(path)
    found.run()
    if not found.names and found.unreadable:
        raise CompanionError(
            "can't be read", file=path, hint="Check the folder's permissions.", code=Exit.MISSING
        )
    return _sorted(path, sorted(found.names), found)


def _sorted(root: Path, names: Sequence[str], found: _Walk) -> Folder:
    groups: dict[str, list[str]] = {key: [] for key in "images sounds tables texts closed".split()}
    others: list[str] = []
    prose: list[str] = []
    kinds = {
        **dict.fromkeys(CLOSED, "closed"),
        **dict.fromkeys(IMAGES, "images"),
        **dict.fromkeys(SOUNDS, "sounds"),
        **dict.fromkeys(TABLES, "tables"),
        **dict.fromkeys(TEXTS, "texts"),
    }
    for name in names:
        kind = kinds.get(suffix(name))
        if suffix(name) in ("txt", "md", "rst", "") and stem(name).lower().startswith(_PROSE):
            prose.append(name)
        else:
            (groups[kind] if kind else others).append(name)
    return Folder(
        root,
        **{key: tuple(value) for key, value in groups.items()},
        others=tuple(others),
        prose=tuple(prose),
        links_out=tuple(sorted(found.links_out)),
        unreadable=tuple(sorted(found.unreadable)),
        special=tuple(sorted(found.special)),
        cut_off=len(names) >= _MOST,
    )


def opened(folder: Folder, name: str) -> IO[bytes]:
    """Open one file of the folder for reading."""
    return open(place(folder, name), "rb")  # noqa: PTH123 - see place


def place(folder: Folder, name: str) -> str:
    """Give the path of a file as text: thousands of Path objects take longer than opening small files."""
    return os.path.join(folder.root, name)  # noqa: PTH118 - see above


def head(folder: Folder, name: str, size: int) -> bytes:
    """Read the first bytes of a file; a file that has gone meanwhile is an OSError."""
    with opened(folder, name) as file:
        return file.read(size)


def whole(folder: Folder, name: str) -> bytes:
    """Read all of a file that the data need: one that has gone meanwhile, or can't be read, is an error."""
    try:
        with opened(folder, name) as file:
            return file.read()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CompanionError(f"can't be read: {reason}", file=folder.root / name) from None


def size(folder: Folder, name: str) -> int:
    """Give a file's size in bytes, -1 when it has gone or can't be seen."""
    try:
        return os.stat(place(folder, name)).st_size  # noqa: PTH116 - see place
    except OSError:
        return -1


def spread(items: Sequence[Item], most: int) -> list[Item]:
    """Take at most `most` items, evenly spread and always the same ones."""
    if len(items) <= most:
        return list(items)
    return [items[number * len(items) // most] for number in range(most)]


def folders(name: str) -> tuple[str, ...]:
    """Give the folders that a file lies in, outermost first."""
    return _folders(name.rpartition("/")[0])


@cache
def _folders(folder: str) -> tuple[str, ...]:
    return tuple(folder.split("/")) if folder else ()
