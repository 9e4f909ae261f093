"""The kaggle programs of this machine and their versions, found without starting any of them.

An old client logs in, and may wait for ever, as soon as it is started; what pip has left beside it
says the same.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from fastcompanion.base.records import frozen

_NAMES = ("kaggle.exe", "kaggle.bat") if os.name == "nt" else ("kaggle",)
_LIBRARIES = (
    "lib/python3*/site-packages",
    "lib/python3*/dist-packages",
    "local/lib/python3*/dist-packages",
    "Lib/site-packages",
)
_HEAD = 512


@frozen
class Program:
    """A kaggle program; `version` is empty where it can't be told."""

    path: Path
    version: str

    @property
    def numbers(self) -> tuple[int, ...]:
        """The version to compare with, such as (2, 2, 4); empty where it can't be told."""
        return numbers(self.version)


def numbers(version: str) -> tuple[int, ...]:
    """Read the numbers that a version begins with."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")[:4]) if found else ()


def programs() -> tuple[Program, ...]:
    """Find the kaggle programs on PATH; the first is the one that runs."""
    found: dict[Path, Program] = {}
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        for name in _NAMES if folder else ():
            path = Path(folder) / name
            if _runs(path):
                found.setdefault(path.resolve(), Program(path, _version(path)))
    return tuple(found.values())


def _runs(path: Path) -> bool:
    try:
        return path.is_file() and os.access(path, os.X_OK)
    except OSError:  # a folder of PATH that is not for us
        return False


def _version(path: Path) -> str:
    for prefix in _prefixes(path):
        for pattern in _LIBRARIES:
            for about in prefix.glob(f"{pattern}/kaggle-*.dist-info"):
                return about.name.removeprefix("kaggle-").removesuffix(".dist-info")
    return ""


def _prefixes(path: Path) -> Iterator[Path]:
    """Give the folders that a program's library may lie below: its own, and that of its Python."""
    yield path.resolve().parent.parent
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return
    line = head.split(b"\n")[0].decode("utf-8", "replace")
    if line.startswith("#!/"):
        yield Path(line[2:].split()[0]).parent.parent
