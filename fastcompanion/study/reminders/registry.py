"""Which studies have reminders on this machine: kept outside of them, as a study may move or go."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from fastcompanion.base import store, workspace
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.study.reminders import steps


@frozen
class Installed:
    """One installation. `had_crontab` is false when the user's crontab began with it."""

    key: str
    name: str
    root: Path
    backend: str
    at: str
    had_crontab: bool = True

    @property
    def lost(self) -> bool:
        """Whether the study is no longer where the timer looks for it."""
        return not (self.root / workspace.SETTINGS_NAME).is_file()


def read() -> tuple[Installed, ...]:
    """Give every installation of this user."""
    path = workspace.reminders_file()
    if not path.exists():
        return ()
    data = store.check_version(store.read_json(path), path)
    try:
        return tuple(_installed(key, one) for key, one in sorted(data["installed"].items()))
    except (AttributeError, KeyError, TypeError):
        raise CompanionError(
            "holds something that is no installation of reminders",
            hint="Delete the file, then type: fastcompanion remind install",
            file=path,
        ) from None


def _installed(key: str, data: dict[str, Any]) -> Installed:
    return Installed(
        key=key,
        name=str(data["name"]),
        root=Path(data["root"]),
        backend=str(data["backend"]),
        at=str(data.get("at", "")),
        had_crontab=bool(data.get("had_crontab", True)),
    )


def find(key: str) -> Installed | None:
    """Give an installation by its key."""
    return next((one for one in read() if one.key == key), None)


def at(root: Path) -> Installed | None:
    """Give the installation of a study by its place."""
    return next((one for one in read() if one.root == root), None)


def keep(found: Installed) -> None:
    """Write an installation down."""
    with _lock():
        _write([*(one for one in read() if one.key != found.key), found])


def forget(key: str) -> None:
    """Take an installation out; the file goes with the last one."""
    with _lock():
        left = [one for one in read() if one.key != key]
        _write(left)
    if not left:
        store.remove(_lock_file())
        steps.perform(steps.prune(workspace.data_folder()))


def _write(found: list[Installed]) -> None:
    path = workspace.reminders_file()
    if not found:
        store.remove(path)
        return
    installed = {
        one.key: {
            "name": one.name,
            "root": str(one.root),
            "backend": one.backend,
            "at": one.at,
            "had_crontab": one.had_crontab,
        }
        for one in found
    }
    store.write_json(path, {"version": 1, "installed": installed})


def _lock() -> AbstractContextManager[None]:
    busy = "reminders are being installed by another process"
    return store.lock(_lock_file(), busy=busy)


def _lock_file() -> Path:
    path = workspace.reminders_file()
    return path.with_name(f".{path.name}.lock")
