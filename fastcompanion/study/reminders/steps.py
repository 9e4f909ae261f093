"""What is done to a system, as a list that can be shown before anything happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from fastcompanion.base import process, store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen

Act = Literal["write", "remove", "remove if empty", "run"]


@frozen
class Step:
    """One act: a file to write or to remove, or a program to run.

    `shown` is what a person should see of a file that is written or of what a program reads.
    A step that is `optional` may fail: what it takes away is gone already.
    """

    act: Act
    path: Path | None = None
    data: bytes = b""
    argv: tuple[str, ...] = ()
    stdin: bytes | None = None
    environment: tuple[tuple[str, str], ...] = ()
    shown: str = ""
    optional: bool = False

    @property
    def words(self) -> str:
        """Say it on one line."""
        if self.act == "run":
            return f"run {process.shown(self.argv)}"
        return f"{self.act} {self.path}"


def write(path: Path, text: str, *, encoding: str = "utf-8") -> Step:
    """Write a file of ours."""
    return Step("write", path=path, data=text.encode(encoding), shown=text)


def remove(path: Path) -> Step:
    """Remove a file of ours, if it is there."""
    return Step("remove", path=path)


def prune(path: Path) -> tuple[Step, ...]:
    """Remove a folder that nothing is left in, and those around it in the user's home."""
    home = workspace.home()
    around = [one for one in path.parents if one != home and one.is_relative_to(home)]
    return tuple(Step("remove if empty", path=one) for one in (path, *around))


def run(
    *argv: str,
    stdin: bytes | None = None,
    shown: str = "",
    optional: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Step:
    """Run a program."""
    return Step(
        "run",
        argv=argv,
        stdin=stdin,
        shown=shown,
        optional=optional,
        environment=tuple((environment or {}).items()),
    )


def perform(steps: Iterable[Step]) -> None:
    """Do them in order; the first that fails ends it, with the program's own words."""
    for step in steps:
        _perform(step)


def undo(steps: Iterable[Step]) -> None:
    """Do all of them, whatever fails: what was begun is taken back."""
    for step in steps:
        try:
            _perform(step)
        except CompanionError:
            continue


def _perform(step: Step) -> None:
    if step.act == "run":
        _run(step)
        return
    assert step.path is not None, "files have a path"
    if step.act == "write":
        store.write_bytes(step.path, step.data)
    elif step.act == "remove":
        store.remove(step.path)
    elif _is_empty(step.path):
        store.remove(step.path)


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir())


def _run(step: Step) -> None:
    try:
        code, out, err = process.run_bytes(
            step.argv, stdin=step.stdin, env=dict(step.environment) or None
        )
    except CompanionError:
        if step.optional:
            return
        raise
    if code != 0 and not step.optional:
        words = (err or out.decode("utf-8", "replace").strip()).splitlines()
        last = words[-1] if words else "no output"
        raise CompanionError(
            f"{process.shown(step.argv)} failed (exit {code}): {last}", code=Exit.FAILED
        )


@frozen
class Armed:
    """Whether the system's timer stands ready: `next` in the system's own words, `why` it does not."""

    armed: bool
    next: str = ""
    why: str = ""
