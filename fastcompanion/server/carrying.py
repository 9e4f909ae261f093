"""Bringing named files to a server and back: rsync where both sides have it, else tar over ssh.

Both carry exactly the files of a plan, with their times. What arrives gets its name only when it is
whole; what it replaces is kept aside where the learner asked for that.
"""

from __future__ import annotations

import shlex
import tarfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import IO

from fastcompanion.base import process, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.reporter import Task
from fastcompanion.server import failures
from fastcompanion.server.comparing import Entry
from fastcompanion.server.connection import Connection, Local

_BLOCK = 1 << 20
_WHOLE = ".whole"
_PARTIAL = ".fastcompanion-partial"
# $1 the folder, $2 where replaced files are kept ("" is nowhere). All or nothing: a stream that was cut
# lacks the last file.
_RECEIVE = """
set -eu
cd; home=$PWD; mkdir -p -- "$1"; cd -- "$1"; root=$(pwd -P); keep=$2
into=.fastcompanion-receiving
rm -rf -- "$into"; mkdir -- "$into"
tar -x -f - -C "$into" --no-same-owner
[ -e "$into/.whole" ] || { echo "not everything came" >&2; exit 9; }
rm -- "$into/.whole"
cd -- "$into"
export home root keep
find . -type f -exec sh -c '
  set -eu
  for f do
    d=$(dirname "$f"); mkdir -p -- "../$d"
    case $(cd "../$d" && pwd -P)/ in "$root"/*) ;; *) echo "$f leads out of the folder" >&2; exit 9;; esac
    if [ -n "$keep" ] && [ -e "../$f" ]; then
      mkdir -p -- "$home/$keep/$d"; mv -f -- "../$f" "$home/$keep/$f"
    fi
    mv -f -- "$f" "../$f"
  done' sh {} +
cd ..; rm -rf -- "$into"
"""
_SEND = 'cd; cd -- "$1" && exec tar -c -f - --format=posix --no-recursion --null --verbatim-files-from -T -'
_PUT_ASIDE = """
set -eu
cd; home=$PWD; cd -- "$1"; keep=$2
export home keep
exec xargs -0 sh -c '
  set -eu
  for f do
    [ -f "$f" ] || continue
    d=$(dirname "$f"); mkdir -p -- "$home/$keep/$d"; mv -f -- "$f" "$home/$keep/$f"
  done' sh
"""


def rsync_here() -> bool:
    """Is there an rsync on this machine?"""
    return process.which("rsync") is not None


def push(
    link: Connection, root: Path, folder: str, files: Mapping[str, Entry], *, keep: str, task: Task
) -> None:
    """Bring files to the server by tar."""

    def feed(pipe: IO[bytes]) -> None:
        with tarfile.open(mode="w|", fileobj=pipe, format=tarfile.PAX_FORMAT) as tar:
            for path in files:
                _pack(tar, root, path)
                task.advance(files[path].size, path)
            tar.addfile(tarfile.TarInfo(_WHOLE))

    done = link.run(
        ["sh", "-c", _RECEIVE, "sh", folder, keep], stdin=feed, timeout=None, check=False
    )
    if done.code != 0:
        raise failures.remote(["tar"], done)


def _pack(tar: tarfile.TarFile, root: Path, path: str) -> None:
    with (root / path).open("rb") as file:
        info = tar.gettarinfo(arcname=path, fileobj=file)
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        tar.addfile(info, file)


def pull(
    link: Connection,
    root: Path,
    folder: str,
    files: Mapping[str, Entry],
    *,
    replace: Callable[[Path], None],
    task: Task,
) -> tuple[str, ...]:
    """Fetch files from the server by tar; give those that came. `replace` is told what gives way."""
    came: list[str] = []

    def drain(pipe: IO[bytes]) -> None:
        with tarfile.open(mode="r|", fileobj=pipe) as tar:
            for member in tar:
                path = PurePosixPath(member.name).as_posix()
                # What the other side sends is believed only as far as it was asked for.
                if not member.isreg() or path not in files or path in came:
                    continue
                source = tar.extractfile(member)
                assert source is not None
                _unpack(source, root, path, member, replace)
                came.append(path)
                task.advance(member.size, path)

    argv = ["sh", "-c", _SEND, "sh", folder]
    try:
        done = link.run(argv, stdin=_names(files), drain=drain, timeout=None, check=False)
    except tarfile.TarError as error:
        message = f"the connection was cut after {len(came)} of {len(files)} files ({error})"
        raise CompanionError(message, hint="The same command goes on.", code=Exit.MISSING) from None
    if done.code not in (0, 1):  # 1: a file changed while it was read
        raise failures.remote(["tar"], done)
    return tuple(came)


def _names(paths: Iterable[str]) -> bytes:
    return b"".join(path.encode() + b"\0" for path in paths)


def _unpack(
    source: IO[bytes],
    root: Path,
    path: str,
    member: tarfile.TarInfo,
    replace: Callable[[Path], None],
) -> None:
    target = root / path
    store.make_folder(target.parent)
    if not target.parent.resolve().is_relative_to(root.resolve()):
        raise CompanionError(f"{path} would lead out of the folder; nothing was written there")
    part = target.with_name(f".{target.name[:40]}.part")
    store.remove(part)
    store.append_bytes(part, b"")
    got = 0
    while block := source.read(_BLOCK):
        store.append_bytes(part, block)
        got += len(block)
    if got != member.size:
        store.remove(part)
        raise tarfile.ReadError(f"{path} is not whole")
    store.set_modified(part, float(member.mtime))
    if target.exists():
        replace(target)
    store.move(part, target)


def rsync(
    link: Connection,
    root: Path,
    folder: str,
    files: Mapping[str, Entry],
    *,
    towards: str,
    keep: str,
    task: Task,
) -> None:
    """Carry files by rsync, `towards` "there" or "here"; parts of large files that came are used again."""
    shell = link.argv()
    assert shell[-2] == "--"
    there = f"[{shell[-1]}]" if ":" in shell[-1] else shell[-1]
    places = [f"{root}/", f"{there}:{folder}/"]
    aside = ["--backup", f"--backup-dir={keep}"] if keep else []
    # --times alone: modes and owners are each side's own.
    argv = [
        "rsync", "--times", "--protect-args", "--from0", "--files-from=-", "--compress",
        f"--partial-dir={_PARTIAL}", "--out-format=%n", *aside, f"--rsh={shlex.join(shell[:-2])}",
        *(places if towards == "there" else reversed(places)),
    ]  # fmt: skip

    def one(line: str) -> None:
        path = line.strip()
        if path in files:
            task.advance(files[path].size, path)

    done = process.converse(argv, feed=_names(files), on_line=one)
    if done.code != 0:
        lost = failures.of_ssh(done.err, link.server)
        raise lost or failures.remote(["rsync"], done)


def quotable(link: Connection) -> bool:
    """Can rsync's own reading of quotes carry our ssh line? It does not know the shell's."""
    return not isinstance(link, Local) and not any("'" in word for word in link.argv())


def put_aside(link: Connection, folder: str, paths: Sequence[str], keep: str) -> None:
    """Move files on the server to where they are kept."""
    link.run(["sh", "-c", _PUT_ASIDE, "sh", folder, keep], stdin=_names(paths), timeout=None)
