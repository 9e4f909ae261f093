"""The shelf of environments: which ones are here, what is in each, and safe building and removal.

An environment is a virtual environment in `workspace.environments_folder()/<hash>`. The marker
file is written last, so a folder without one is not an environment: whatever interrupted its
creation, nothing lists it, and the next creation sweeps it away.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path
from typing import Any

from fastcompanion.base import clock, store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen

MARKER = "environment.json"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}")


@frozen
class Environment:
    """A finished environment. `size` is in bytes; `as_of` an ISO date or empty (today's)."""

    name: str
    folder: Path
    python: str
    created: str
    as_of: str = ""
    requirements: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    downloaded: int = 0
    made_for: str = ""
    ran: str = ""
    moved_back: tuple[str, ...] = ()

    @property
    def interpreter(self) -> Path:
        """The environment's Python program."""
        return python_of(self.folder)


def python_of(folder: Path) -> Path:
    """Give the place of a virtual environment's Python, whether or not it exists."""
    if os.name == "nt":
        return folder / "Scripts" / "python.exe"
    return folder / "bin" / "python"


def checked_name(name: str) -> str:
    """Give the name back when it can be one; names are lower-case slugs like ids everywhere."""
    if not _NAME.fullmatch(name):
        raise CompanionError(
            f"{name!r} can't be an environment's name",
            hint="Use lower-case letters, digits, dots and dashes: env create fastai-today",
            code=Exit.USAGE,
        )
    return name


def environments() -> tuple[Environment, ...]:
    """List the finished environments by name; a marker that can't be read is passed over."""
    folder = workspace.environments_folder()
    if not folder.is_dir():
        return ()
    found = (_read_or_none(child) for child in sorted(folder.iterdir()))
    return tuple(sorted((e for e in found if e is not None), key=lambda e: e.name))


def find(name: str) -> Environment | None:
    """Give the environment of that name."""
    return next((e for e in environments() if e.name == name), None)


def get(name: str) -> Environment:
    """Give the environment of that name, or say which names there are."""
    found = find(name)
    if found is None:
        names = ", ".join(e.name for e in environments()) or "none yet"
        raise CompanionError(
            f"there is no environment {name!r} (there are: {names})",
            hint="fastcompanion env list, or: fastcompanion env create " + name,
            code=Exit.MISSING,
        )
    return found


def _read_or_none(folder: Path) -> Environment | None:
    marker = folder / MARKER
    if not marker.is_file():
        return None
    try:
        return _environment(folder, store.check_version(store.read_json(marker), marker))
    except (CompanionError, KeyError, TypeError):
        return None


def _environment(folder: Path, data: Mapping[str, Any]) -> Environment:
    return Environment(
        name=str(data["name"]),
        folder=folder,
        python=str(data["python"]),
        created=str(data["created"]),
        as_of=str(data.get("as_of", "")),
        requirements=tuple(str(r) for r in data.get("requirements", ())),
        versions={str(k): str(v) for k, v in dict(data.get("versions", {})).items()},
        size=int(data.get("size", 0)),
        downloaded=int(data.get("downloaded", 0)),
        made_for=str(data.get("made_for", "")),
        ran=str(data.get("ran", "")),
        moved_back=tuple(str(m) for m in data.get("moved_back", ())),
    )


def _marker(environment: Environment) -> dict[str, Any]:
    return {
        "version": 1,
        "name": environment.name,
        "python": environment.python,
        "created": environment.created,
        "as_of": environment.as_of,
        "requirements": list(environment.requirements),
        "versions": dict(environment.versions),
        "size": environment.size,
        "downloaded": environment.downloaded,
        "made_for": environment.made_for,
        "ran": environment.ran,
        "moved_back": list(environment.moved_back),
    }


class Building:
    """An environment under construction; it counts only after `finish`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.finished: Environment | None = None

    def finish(self, environment: Environment) -> Environment:
        """Mark the folder as an environment; the name must still be free."""
        if find(environment.name) is not None:
            raise taken(environment.name)
        store.write_json(self.folder / MARKER, _marker(environment))
        self.finished = environment
        return environment


@contextmanager
def building(name: str) -> Iterator[Building]:
    """Give a fresh folder to build in; on the way out it is removed unless it was finished.

    A virtual environment's scripts name its folder, so it is built where it will stay; what makes
    it real is the marker alone. The lock tells a sweep that somebody is still at work.
    """
    if find(checked_name(name)) is not None:
        raise taken(name)
    sweep()
    identity = hashlib.sha256(f"{name} {clock.stamp()} {clock.new_id()}".encode()).hexdigest()[:12]
    folder = workspace.environments_folder() / identity
    named = store.lock(
        _lock_of(folder.with_name(f"name-{name}")),
        busy=f"an environment {name!r} is being created by another process",
        wait=0,
    )
    with named, store.lock(_lock_of(folder), busy=f"{folder} is being built"):
        under_way = Building(folder)
        try:
            yield under_way
        finally:
            if under_way.finished is None:
                store.remove(folder)
    store.remove(_lock_of(folder))


def taken(name: str) -> CompanionError:
    """Say that a name is in use."""
    return CompanionError(
        f"an environment {name!r} exists already",
        hint=f"fastcompanion env show {name}, or choose another name",
        code=Exit.USAGE,
    )


def _lock_of(folder: Path) -> Path:
    return folder.parent / ".locks" / f"{folder.name}.lock"


def sweep() -> tuple[Path, ...]:
    """Remove what interrupted creations left behind; folders under construction are left alone."""
    home = workspace.environments_folder()
    if not home.is_dir():
        return ()
    gone = [child for child in sorted(home.iterdir()) if _is_debris(child) and _swept(child)]
    return tuple(gone)


def _is_debris(folder: Path) -> bool:
    named = re.fullmatch(r"[0-9a-f]{12}", folder.name) is not None
    return named and folder.is_dir() and not (folder / MARKER).exists()


def _swept(folder: Path) -> bool:
    try:
        with store.lock(_lock_of(folder), busy="under construction", wait=0):
            store.remove(folder)
    except CompanionError:
        return False
    store.remove(_lock_of(folder))
    return True


def remove(environment: Environment) -> int:
    """Remove an environment and give the bytes that this frees.

    The marker goes first: an interrupted removal leaves debris, never half an environment. Files
    that other environments or the installer's cache share (hard links) free nothing.
    """
    freed = freed_by(environment)
    store.remove(environment.folder / MARKER)
    store.remove(environment.folder)
    return freed


def size_of(folder: Path) -> int:
    """Sum the files of a folder in bytes, each file once however many names it has."""
    return sum({key: size for key, size, _links in _files(folder)}.values())


def size_beyond(folder: Path, other: Path) -> int:
    """Sum the bytes of a folder's files that are not the very same files (hard links) in another."""
    shared = {key for key, _size, _links in _files(other)}
    return sum({k: size for k, size, _links in _files(folder) if k not in shared}.values())


def freed_by(environment: Environment) -> int:
    """Give the bytes that removing an environment would free: its files with no name elsewhere."""
    names: dict[tuple[int, int], list[int]] = {}
    for key, size, links in _files(environment.folder):
        entry = names.setdefault(key, [size, links, 0])
        entry[2] += 1
    return sum(size for size, links, here in names.values() if links <= here)


def _files(folder: Path) -> Iterator[tuple[tuple[int, int], int, int]]:
    for root, _folders, files in os.walk(folder):
        for name in files:
            try:
                found = Path(root, name).lstat()
            except OSError:
                continue
            yield (found.st_dev, found.st_ino), found.st_size, found.st_nlink


def free_name(wanted: str, taken: Sequence[str] = ()) -> str:
    """Give `wanted`, or `wanted-2`, `-3` ... when that name is on the shelf."""
    names = {e.name for e in environments()} | set(taken)
    if wanted not in names:
        return wanted
    return next(f"{wanted}-{n}" for n in range(2, 10_000) if f"{wanted}-{n}" not in names)
