"""Work that is done on a server: what it needs goes there, it runs there, what it made comes back.

Files travel as those of a sync do, and only those that differ in size or time. A run ends
with its connection: the program's stdin stays open as long as we live, and where it closes, the run and
all it started are ended there.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.process import Completed
from fastcompanion.base.records import frozen
from fastcompanion.server import carrying, listing
from fastcompanion.server.comparing import Entry, alike
from fastcompanion.server.connection import Connection

FOLDER = ".cache/fastcompanion/remote"
# stdin is a line to us: when it ends before the program does, nobody wants the program any more.
_RUN = """
cd "$HOME/$1" || exit 1; shift
exec 3<&0
if command -v setsid >/dev/null 2>&1; then setsid "$@" </dev/null 3<&- & else "$@" </dev/null 3<&- & fi
pid=$!
(
  cat <&3 >/dev/null
  kill -TERM -"$pid" || kill -TERM "$pid"
  sleep 5
  kill -KILL -"$pid" || kill -KILL "$pid"
) >/dev/null 2>&1 &
watch=$!
wait "$pid"
code=$?
kill "$watch" 2>/dev/null
exit "$code"
"""
# Asked in /: in the home folder lies fastcompanion/, the copies of `server sync`, which Python could import.
_FIND = """
cd /
printf '%s\\n' "$HOME"
own=$(sed -n 's/^exec \\(.*\\) -m jupyterlab.*/\\1/p' /usr/local/bin/fastcompanion-jupyter 2>/dev/null)
for one in "$own" "$HOME/.venvs/fast/bin/python" "$(command -v python3)"; do
  [ -x "$one" ] && "$one" -c "import $1" >/dev/null 2>&1 && { printf '%s\\n' "$one"; exit 0; }
done
exit 0
"""


@frozen
class There:
    """A Python on the server, and the home folder of the account."""

    home: str
    python: str


def find_python(connection: Connection, module: str, what: str) -> There:
    """Find the Python there that has a module; without one it is exit 5, with the line that helps."""
    done = connection.run(["sh", "-c", _FIND, "sh", module], timeout=120)
    home, _, python = done.out.strip().partition("\n")
    if not python:
        name = connection.server.name or connection.server.target
        raise CompanionError(
            f"{name} has no Python with {what}",
            hint=f"fastcompanion server setup {connection.server.called}",
            code=Exit.MISSING,
        )
    return There(home, python)


@frozen
class Sent:
    """What went there: how many files, how many bytes."""

    files: int
    size: int


def contents(connection: Connection, folder: str) -> Mapping[str, Entry]:
    """List the files of a folder there with their sizes and times."""
    return listing.there(connection, f"{FOLDER}/{folder}").files


def send(
    connection: Connection,
    folder: str,
    files: Mapping[str, Path | bytes],
    *,
    keep: Sequence[str] = (),
) -> Sent:
    """Let a folder there hold these files; what else lies in it goes, but for folders to `keep`."""
    for name, one in files.items():
        if isinstance(one, Path) and not os.access(one, os.R_OK):
            raise CompanionError("can't be read", hint="Look at its rights.", file=one)
        if not listing.speakable(name):
            raise CompanionError(
                "has a name that is no text", hint="Give it another one.", file=Path(name)
            )
    there = contents(connection, folder)
    differ = {name: one for name, one in files.items() if _differs(one, there.get(name))}
    gone = [
        name
        for name in there
        if name not in files
        and not any(name.startswith(f"{one}/") for one in keep)
        and "__pycache__" not in name.split("/")
    ]
    size = sum(len(one) if isinstance(one, bytes) else one.stat().st_size for one in differ.values())  # fmt: skip
    carrying.remove(connection, f"{FOLDER}/{folder}", gone)
    if differ:
        carrying.push(connection, f"{FOLDER}/{folder}", differ)
    return Sent(len(differ), size)


def _differs(one: Path | bytes, there: Entry | None) -> bool:
    if isinstance(one, bytes) or there is None:
        return True
    status = one.stat()
    return not alike(Entry(status.st_size, status.st_mtime), there)


def fetch(
    connection: Connection, folder: str, names: Sequence[str], into: Path
) -> tuple[Path, ...]:
    """Bring files from a folder there into one here, all of them or none."""
    aside = into / listing.PARTIAL
    with carrying.alone(into):
        try:
            came, _ = carrying.pull(connection, aside, f"{FOLDER}/{folder}", names)
            for name in came:
                store.move(aside / name, into / name)
        finally:
            store.remove(aside)
    return tuple(into / name for name in came)


def run(
    connection: Connection,
    folder: str,
    argv: Sequence[str],
    *,
    on_line: Callable[[str], None] | None = None,
    on_error_line: Callable[[str], None] | None = None,
) -> Completed:
    """Run a program in a folder there, as long as we live; its lines come as they are said."""
    over = threading.Event()

    def hold(pipe: IO[bytes]) -> None:
        del pipe
        over.wait()

    try:
        return connection.run(
            ["sh", "-c", _RUN, "sh", f"{FOLDER}/{folder}", *argv],
            stdin=hold,
            timeout=None,
            check=False,
            on_line=on_line,
            on_error_line=on_error_line,
        )
    finally:
        over.set()
