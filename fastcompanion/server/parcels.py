"""Work that is done on a server: what it needs goes there, it runs there, what it made comes back.

Files travel as tar streams over the system's ssh, and only those that differ in size or time. A run ends
with its connection: the program's stdin stays open as long as we live, and where it closes, the run and
all it started are ended there.
"""

from __future__ import annotations

import io
import os
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.process import Completed
from fastcompanion.base.records import frozen
from fastcompanion.server.connection import Connection

FOLDER = ".cache/fastcompanion/remote"
_BLOCK = 1 << 20
_GONE = ".fastcompanion-gone"
_LIST = 'mkdir -p "$HOME/$1" && cd "$HOME/$1" && find . -type f -printf "%s %T@ %P\\0"'
_TAKE = f'cd "$HOME/$1" && tar -xf - && if [ -s {_GONE} ]; then xargs -0 rm -f -- < {_GONE}; fi; rm -f {_GONE}'
_GIVE = 'cd "$HOME/$1" && exec tar -cf - --null -T -'
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
_FIND = """
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
            hint=f"fastcompanion server setup {name}",
            code=Exit.MISSING,
        )
    return There(home, python)


@frozen
class Sent:
    """What went there: how many files, how many bytes."""

    files: int
    size: int


def listing(connection: Connection, folder: str) -> dict[str, tuple[int, int]]:
    """List the files of a folder there with sizes and times (whole seconds); it is made if missing."""
    done = connection.run(["sh", "-c", _LIST, "sh", f"{FOLDER}/{folder}"], timeout=600)
    found = {}
    for line in done.out.split("\0")[:-1]:
        size, _, rest = line.partition(" ")
        time, _, name = rest.partition(" ")
        found[name] = (int(size), int(float(time)))
    return found


def send(
    connection: Connection,
    folder: str,
    files: Mapping[str, Path | bytes],
    *,
    keep: Sequence[str] = (),
) -> Sent:
    """Let a folder there hold these files; what else lies in it goes, but for folders to `keep`."""
    closed = [
        one for one in files.values() if isinstance(one, Path) and not os.access(one, os.R_OK)
    ]
    if closed:
        raise CompanionError("can't be read", hint="Look at its rights.", file=closed[0])
    there = listing(connection, folder)
    differ = {name: one for name, one in files.items() if _differs(one, there.get(name))}
    gone = [
        name
        for name in there
        if name not in files
        and not any(name.startswith(f"{one}/") for one in keep)
        and "__pycache__" not in name.split("/")
    ]
    size = sum(len(one) if isinstance(one, bytes) else one.stat().st_size for one in differ.values())  # fmt: skip
    if not differ and not gone:
        return Sent(0, 0)
    told = "".join(f"{name}\0" for name in gone).encode()

    def feed(pipe: IO[bytes]) -> None:
        for name, one in {**differ, _GONE: told}.items():
            _add(pipe, name, one)
        pipe.write(bytes(2 * tarfile.BLOCKSIZE))

    connection.run(["sh", "-c", _TAKE, "sh", f"{FOLDER}/{folder}"], stdin=feed, timeout=None)
    return Sent(len(differ), size)


def _differs(one: Path | bytes, there: tuple[int, int] | None) -> bool:
    if isinstance(one, bytes) or there is None:
        return True
    status = one.stat()
    return (status.st_size, int(status.st_mtime)) != there


def _add(pipe: IO[bytes], name: str, one: Path | bytes) -> None:
    """Write one file of a tar stream; one that changes meanwhile keeps the size that was told."""
    about = tarfile.TarInfo(name)
    about.size = len(one) if isinstance(one, bytes) else one.stat().st_size
    about.mtime = 0 if isinstance(one, bytes) else int(one.stat().st_mtime)
    pipe.write(about.tobuf(tarfile.PAX_FORMAT))
    left = about.size
    with io.BytesIO(one) if isinstance(one, bytes) else one.open("rb") as file:
        while left and (block := file.read(min(left, _BLOCK))):
            pipe.write(block)
            left -= len(block)
    pipe.write(bytes(left + -about.size % tarfile.BLOCKSIZE))


def fetch(
    connection: Connection, folder: str, names: Sequence[str], into: Path
) -> tuple[Path, ...]:
    """Bring files from a folder there into one here, each as a whole."""
    if not names:
        return ()
    made: list[Path] = []

    def drain(pipe: IO[bytes]) -> None:
        for name, content in _members(pipe):
            if name in wanted:
                store.write_bytes(into / name, content, durable=False)
                made.append(into / name)

    wanted = {name for name in names if not name.startswith("/") and ".." not in name.split("/")}
    told = "".join(f"{name}\0" for name in sorted(wanted)).encode()
    words = ["sh", "-c", _GIVE, "sh", f"{FOLDER}/{folder}"]
    connection.run(words, stdin=told, drain=drain, timeout=None)
    return tuple(made)


def _members(pipe: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(fileobj=pipe, mode="r|") as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isreg() else None
                if file is not None:
                    yield member.name, file.read()
    except tarfile.TarError as error:
        raise CompanionError(f"what came back was cut off: {error}", hint="Try again.") from None
    finally:
        while pipe.read(1 << 16):
            pass


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
