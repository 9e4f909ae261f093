"""Bringing named files to a server and back: rsync where both sides have it, else tar over ssh.

Both carry exactly the files of a plan, with their times. What arrives gets its name only when it is
whole; what it replaces is kept aside where the learner asked for that.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import re
import shlex
import tarfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from fastcompanion.base import process, store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.process import Completed
from fastcompanion.base.reporter import Task
from fastcompanion.server import failures
from fastcompanion.server.comparing import Entry
from fastcompanion.server.connection import Connection, Local
from fastcompanion.server.listing import PARTIAL, RECEIVING, speakable

_BLOCK = 1 << 20
_LONGEST = 24
# seconds for the files of another server to come
_WAIT = 60.0
#: the last file of a stream; no file of the learner's has this name
_WHOLE = RECEIVING
# $1 the folder, $2 where replaced files are kept ("" is nowhere). All or nothing: a stream that was cut
# lacks the last file. Folder by folder, as a program for each file would take minutes for thousands.
_RECEIVE = f"""
set -eu
cd; home=$PWD; mkdir -p -- "$1"; cd -- "$1"; root=$(pwd -P); keep=$2
into={RECEIVING}.$$  # of this shell alone: another computer may push at the same time
trap 'rm -rf -- "$root/$into"' EXIT
for one in {RECEIVING}.*; do kill -0 "${{one##*.}}" 2>/dev/null || rm -rf -- "$one"; done  # of one that was killed
mkdir -- "$into"
tar -x -f - -C "$into" --no-same-owner
[ -e "$into/{_WHOLE}" ] || {{ echo "not everything came" >&2; exit 9; }}
rm -- "$into/{_WHOLE}"
cd -- "$into"
export home root keep all='{{}}'  # the outer find must not see the braces of the inner one
find . -type d -exec sh -c '
  set -eu
  for d do
    mkdir -p -- "../$d"
    case $(cd "../$d" && pwd -P)/ in "$root"/*) ;; *) echo "$d leads out of the folder" >&2; exit 9;; esac
  done' sh {{}} +
if [ -n "$keep" ]; then
  find . -type f -exec sh -c '
    set -eu
    for f do
      [ -e "../$f" ] || continue
      mkdir -p -- "$home/$keep/${{f%/*}}"; mv -f -- "../$f" "$home/$keep/$f"
    done' sh {{}} +
fi
find . -type d -exec sh -c '
  set -eu
  for d do find "$d" -mindepth 1 -maxdepth 1 -type f -exec mv -f -t "../$d" -- "$all" +; done' sh {{}} +
"""
_SEND = 'cd; cd -- "$1" && exec tar -c -f - --format=posix --hard-dereference --no-recursion --null --verbatim-files-from -T -'
_PUT_ASIDE = """
set -eu
cd; home=$PWD; cd -- "$1"; keep=$2
export home keep
exec xargs -0 sh -c '
  set -eu
  for f do
    [ -f "$f" ] || continue
    d=$(dirname "./$f"); mkdir -p -- "$home/$keep/$d"; mv -f -- "./$f" "$home/$keep/$f"
  done' sh
"""
_REMOVE = 'cd; cd -- "$1" && xargs -0 rm -f -- && find . -mindepth 1 -type d -empty -delete'
_SUMS = 'cd; cd -- "$1" && exec xargs -0 sha256sum -z --'
# What says least comes last: the first line names the file and the cause.
_LAST_WORDS = re.compile(r"tar: (Exiting|Error is not recoverable)|rsync error:|rsync: connection unexpectedly")  # fmt: skip
_CAUSES: tuple[tuple[str, str, str, Exit], ...] = (
    (
        r"No space left on device|[Dd]isk quota exceeded",
        "there is no room left on {side}",
        "Make room, df -h shows where; then the same command goes on.",
        Exit.MISSING,
    ),
    (
        r"Read-only file system",
        "{side} may not be written to: {said}",
        "The file system is read-only there.",
        Exit.FAILED,
    ),
    (
        r"Permission denied|Operation not permitted",
        "{side} does not let us: {said}",
        "ls -ld shows whose it is; it has to be yours.",
        Exit.FAILED,
    ),
)


def rsync_here() -> bool:
    """Is there an rsync on this machine?"""
    return process.which("rsync") is not None


def push(
    link: Connection,
    folder: str,
    files: Mapping[str, Path | bytes],
    *,
    keep: str = "",
    task: Task | None = None,
) -> None:
    """Bring files to a folder of the server by tar, all or nothing; one that is gone by now is left out.

    What is replaced is kept in the folder `keep` there, if it is named.
    """
    broken: list[tuple[str, OSError]] = []

    def feed(pipe: IO[bytes]) -> None:
        with tarfile.open(mode="w|", fileobj=pipe, format=tarfile.PAX_FORMAT) as tar:
            for path, one in files.items():
                try:
                    size = _pack(tar, path, one)
                except OSError as error:
                    broken.append((path, error))
                    raise
                if task is not None:
                    task.advance(size, _short(path))
            tar.addfile(tarfile.TarInfo(_WHOLE))

    done = link.run(
        ["sh", "-c", _RECEIVE, "sh", folder, keep], stdin=feed, timeout=None, check=False
    )
    for path, error in broken:
        if error.errno not in (errno.EPIPE, errno.EINVAL):
            reason = error.strerror or "it became shorter while it was sent"
            raise CompanionError(
                f"{path} can't be read: {reason}; nothing was put in place there",
                hint="The same command tries again.",
            )
    if done.code != 0:
        raise failed("tar", done, link)


def _pack(tar: tarfile.TarFile, path: str, one: Path | bytes) -> int:
    """Add a file to a stream with the size that it has now; give that size."""
    info = tarfile.TarInfo(path)
    if isinstance(one, bytes):
        info.size = len(one)
        tar.addfile(info, io.BytesIO(one))
        return info.size
    try:
        file = one.open("rb")
    except FileNotFoundError:
        return 0
    with file:
        tar.dereference = True  # files of two names are sent twice
        info = tar.gettarinfo(arcname=path, fileobj=file)
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        tar.addfile(info, file)
    return info.size


def pull(
    link: Connection,
    root: Path,
    folder: str,
    files: Collection[str],
    *,
    replace: Callable[[Path], None] = lambda target: None,
    task: Task | None = None,
) -> tuple[tuple[str, ...], bool]:
    """Fetch files from the server by tar; give those that came, and whether all held still meanwhile.

    `replace` is told what gives way.
    """
    wanted = frozenset(path for path in files if speakable(path))
    came: dict[str, None] = {}
    broken: list[tarfile.TarError] = []

    def put(path: str, member: tarfile.TarInfo, source: IO[bytes]) -> None:
        # What the other side sends is believed only as far as it was asked for.
        if path not in wanted or path in came:
            return
        _unpack(source, root, path, member, replace)
        came[path] = None
        if task is not None:
            task.advance(member.size, _short(path))

    def drain(pipe: IO[bytes]) -> None:
        try:
            _each(pipe, put)
        except tarfile.TarError as error:
            broken.append(error)
        while pipe.read(_BLOCK):
            pass

    if not wanted:
        return (), True
    argv = ["sh", "-c", _SEND, "sh", folder]
    with alone(root):
        try:
            done = link.run(argv, stdin=_names(sorted(wanted)), drain=drain, timeout=None, check=False)  # fmt: skip
        finally:
            store.remove(root / RECEIVING)
    if done.code not in (0, 1, 2) or (done.code == 2 and not _only_gone(done)):
        raise failed("tar", done, link)
    if broken:
        message = f"the connection was cut after {len(came)} of {len(wanted)} files ({broken[0]})"
        raise CompanionError(message, hint="The same command goes on.", code=Exit.MISSING)
    return tuple(came), done.code == 0


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Let nobody else bring files into a folder of this machine for a block: two servers may give at once."""
    mark = hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:16]
    place = workspace.servers_folder() / "sync" / f"into-{mark}.lock"
    busy = f"files from another server are coming to {root.name} at this moment"
    with store.lock(place, busy=busy, wait=_WAIT):
        yield


def _each(pipe: IO[bytes], put: Callable[[str, tarfile.TarInfo, IO[bytes]], None]) -> None:
    """Hand on each file of a stream."""
    with tarfile.open(mode="r|", fileobj=pipe) as tar:
        for member in tar:
            if member.isreg():
                source = tar.extractfile(member)
                assert source is not None
                put(PurePosixPath(member.name).as_posix(), member, source)


def _only_gone(done: Completed) -> bool:
    """Say whether tar missed nothing but files that are gone by now."""
    lines = [line for line in done.err.splitlines() if line.strip()]
    return all("No such file" in line or _LAST_WORDS.match(line) for line in lines)


def _short(path: str) -> str:
    """Give a name that leaves room for the numbers of a progress bar."""
    name = path.rpartition("/")[2]
    return name if len(name) <= _LONGEST else f"...{name[-_LONGEST + 3 :]}"


def _names(paths: Iterable[str]) -> bytes:
    # A name of its own could be taken for an option, or by rsync for a remark.
    return b"".join(f"./{path}".encode() + b"\0" for path in paths)


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
    part = root / RECEIVING / "part"
    store.remove(part)
    got = 0
    block = source.read(_BLOCK)
    while True:
        store.append_bytes(part, block)
        got += len(block)
        if not (block := source.read(_BLOCK)):
            break
    if got != member.size:
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
        "--ignore-missing-args", f"--partial-dir={PARTIAL}", "--out-format=%n", *aside,
        f"--rsh={shlex.join(shell[:-2])}",
        *(places if towards == "there" else reversed(places)),
    ]  # fmt: skip

    def one(line: str) -> None:
        path = line.strip()
        if path in files:
            task.advance(files[path].size, _short(path))

    done = process.converse(argv, feed=_names(files), on_line=one)
    if done.code != 0:
        raise failures.of_ssh(done.err, link.server) or failed("rsync", done, link)


def quotable(link: Connection) -> bool:
    """Can rsync's own reading of quotes carry our ssh line? It does not know the shell's."""
    return not isinstance(link, Local) and not any("'" in word for word in link.argv())


def make_folder(link: Connection, folder: str) -> None:
    """Make a folder on the server."""
    done = link.run(["mkdir", "-p", "--", folder], check=False)
    if done.code != 0:
        raise failed("mkdir", done, link)


def put_aside(link: Connection, folder: str, paths: Sequence[str], keep: str) -> None:
    """Move files on the server to where they are kept."""
    _tell(link, ["sh", "-c", _PUT_ASIDE, "sh", folder, keep], paths, "mv")


def remove(link: Connection, folder: str, paths: Sequence[str]) -> None:
    """Remove files on the server, of a folder that can be made again."""
    _tell(link, ["sh", "-c", _REMOVE, "sh", folder], paths, "rm")


def sums(link: Connection, folder: str, paths: Sequence[str]) -> dict[str, str]:
    """Give the SHA-256 of files on the server; one that can't be read has none."""
    argv = ["sh", "-c", _SUMS, "sh", folder]
    said: list[bytes] = []
    link.run(
        argv, stdin=_names(paths), timeout=None, check=False, drain=lambda pipe: said.append(pipe.read())
    )  # fmt: skip
    rows = [os.fsdecode(one).partition("  ") for one in b"".join(said).split(b"\0") if one]
    return {name.removeprefix("./"): value for value, _, name in rows}


def _tell(link: Connection, argv: Sequence[str], paths: Sequence[str], what: str) -> None:
    if paths:
        done = link.run(argv, stdin=_names(paths), timeout=None, check=False)
        if done.code != 0:
            raise failed(what, done, link)


def failed(what: str, done: Completed, link: Connection) -> CompanionError:
    """Tell why files could not be carried, with the line that names the file."""
    lines = [failures.redacted(one.strip()) for one in done.err.splitlines() if one.strip()]
    name = link.server.name or link.server.target
    for pattern, message, hint, code in _CAUSES:
        said = next((one for one in lines if re.search(pattern, one)), "")
        if said:
            return CompanionError(message.format(side=name, said=said), hint=hint, code=code)
    said = next((one for one in lines if not _LAST_WORDS.match(one)), lines[-1] if lines else "")
    return CompanionError(f"{what} failed with {name} (exit {done.code}): {said or 'no output'}")
