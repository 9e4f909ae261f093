"""The folder of a built site: writes what changed, keeps the rest, takes away what is gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError

Stamp = list[Any]


class Output:
    """Puts files into the folder; `old` is the `record` of the build before, empty at the first.

    Each file has a key that says what it was made from. One whose key is the same, and which nobody
    touched since, is left as it is.
    """

    def __init__(self, folder: Path, old: Mapping[str, Stamp]) -> None:
        self.folder = folder
        self.record: dict[str, Stamp] = {}
        self.written: list[str] = []
        self.kept: list[str] = []
        self.removed: list[str] = []
        self._old = old

    def is_intact(self, name: str, key: str | None = None) -> bool:
        """Tell whether a file is as we wrote it, from the same key when one is given."""
        old = self._old.get(name)
        if old is None or (key is not None and old[0] != key):
            return False
        return _stamp(self.folder / name) == old[1:]

    def put(self, name: str, key: str, make: Callable[[], bytes]) -> None:
        """Write a file unless it is there already, made from the same."""
        if name in self.record:
            return
        path = self.folder / name
        if self.is_intact(name, key):
            self.kept.append(name)
            self.record[name] = self._old[name]
            return
        data = make()
        if path.is_symlink():
            store.remove(path)
        store.write_bytes(path, data, mode=0o644, durable=False)
        self.written.append(name)
        self.record[name] = [key, *_stamp(path)]

    def clear_away(self) -> None:
        """Remove the files that we wrote before and that no page needs any more."""
        for name in self._old:
            if name not in self.record and (self.folder / name).is_file():
                store.remove(self.folder / name)
                self.removed.append(name)
                self._drop_empty((self.folder / name).parent)

    def _drop_empty(self, folder: Path) -> None:
        while folder != self.folder and folder.is_dir() and not any(folder.iterdir()):
            store.remove(folder)
            folder = folder.parent


def _stamp(path: Path) -> Stamp:
    try:
        about = path.stat()
    except OSError:
        return [-1, 0]
    return [about.st_size, about.st_mtime_ns]


def stamp(path: Path) -> str:
    """Give what tells whether a file changed: its size and time."""
    return ":".join(map(str, _stamp(path)))


def refuse(folder: Path, root: Path, posts: Path, *, ours: bool) -> None:
    """Refuse a folder in which the site would lie among other files."""
    folder, root, posts = folder.resolve(), root.resolve(), posts.resolve()
    if root.is_relative_to(folder) or folder.is_relative_to(posts):
        raise CompanionError(
            "the site can't be built here: it would lie among your own files",
            hint="fastcompanion blog build --out _site",
            file=folder,
        )
    if folder.exists() and not folder.is_dir():
        raise CompanionError("this is a file", hint="Give a folder with --out.", file=folder)
    if not ours and folder.is_dir() and any(folder.iterdir()) and not _made_by_us(folder):
        raise CompanionError(
            "this folder holds files of something else, and nothing was built over them",
            hint="Give an empty or a new folder with --out.",
            file=folder,
        )


def _made_by_us(folder: Path) -> bool:
    index = folder / "index.html"
    return index.is_file() and b'name="generator" content="fastcompanion"' in store.read_bytes(
        index
    )
