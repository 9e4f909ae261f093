"""Reading and writing files: the only module that writes, and always whole or not at all.

A write goes to a temporary file in the same folder and replaces the old one in a single step, so
a crash, a full disk or Ctrl-C leaves either the old file or the new one. What can't be read is
never taken for empty and never overwritten.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from errno import EACCES, EAGAIN
from importlib import import_module
from pathlib import Path
from typing import Any

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError

# Where the offset of "2026-11-21T19:30:00+01:00" begins.
_OFFSET = slice(19, None)
# What some editors of Windows put in front of UTF-8.
_MARK = b"\xef\xbb\xbf"
# Windows would change line ends.
_EXACT = getattr(os, "O_BINARY", 0)
# What a lock that another process holds is answered with.
_HELD = (EACCES, EAGAIN)
_CONFLICT_MARKERS = ("<<<<<<< ", ">>>>>>> ", "||||||| ")
# So the names begin of what is not whole yet; the .gitignore of studies and projects has a line for them.
_UNFINISHED = ".fastcompanion-"


def read_bytes(path: Path) -> bytes:
    """Read a file; a missing or unreadable one is a clear error."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CompanionError("no such file", file=path) from None
    except OSError as error:
        raise _refused("can't be read", path, error) from None


def read_text(path: Path) -> str:
    """Read UTF-8 text with newlines as "\\n"; another encoding is refused, naming the line."""
    data = read_bytes(path)
    try:
        text = data.removeprefix(_MARK).decode("utf-8")
    except UnicodeDecodeError as error:
        raise CompanionError(
            f"is not UTF-8 text (byte 0x{error.object[error.start]:02x})",
            hint="Save the file again as UTF-8.",
            file=path,
            line=error.object.count(b"\n", 0, error.start) + 1,
        ) from None
    return text.replace("\r\n", "\n") if "\r" in text else text


def write_text(path: Path, text: str, *, mode: int | None = None, durable: bool = True) -> None:
    """Replace a file by UTF-8 text with "\\n" newlines, atomically."""
    write_bytes(path, _encoded(text, path), mode=mode, durable=durable)


def _encoded(text: str, path: Path) -> bytes:
    """Give the UTF-8 of a text; what a terminal of another encoding typed has none."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise CompanionError(
            f"can't be written: it would hold a character that is no text ({text[error.start]!a})",
            hint="If you typed it, let your terminal use UTF-8: export LC_ALL=C.UTF-8",
            file=path,
        ) from None


def write_bytes(path: Path, data: bytes, *, mode: int | None = None, durable: bool = True) -> None:
    """Replace a file atomically; `mode` (default: the old file's, else the umask's) from the start.

    Without `durable` the disk is not waited for: for many files that can be made again.
    """
    write_chunks(path, (data,), mode=mode, durable=durable)


def _unfinished(path: Path) -> Path:
    return path.with_name(f"{_UNFINISHED}{path.name[:40]}.{clock.new_id()}")


def write_chunks(
    path: Path, chunks: Iterable[bytes], *, mode: int | None = None, durable: bool = True
) -> None:
    """Replace a file by bytes that come one after the other; what they raise leaves the old file."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        target = path.resolve() if path.is_symlink() else path
        temporary = _unfinished(target)
        handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | _EXACT, 0o600)
    except OSError as error:
        raise _refused("can't be written", path, error) from None
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        temporary.chmod(_mode(target) if mode is None else mode)
        temporary.replace(target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _refused("can't be written", path, error) from None
        raise


def _mode(target: Path) -> int:
    try:
        return target.stat().st_mode & 0o7777
    except OSError:
        return 0o666 & ~_umask()


def _umask() -> int:
    # POSIX offers no way to read the mask but to set it.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _refused(what: str, path: Path, error: OSError) -> CompanionError:
    hint = (
        "Free some space and try again." if error.errno == 28 else "Check the folder's permissions."
    )
    reason = error.strerror or type(error).__name__
    return CompanionError(f"{what}: {reason}", hint=hint, file=path)


def make_folder(path: Path) -> None:
    """Make a folder and its parents; an existing one is fine."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused("can't be made", path, error) from None


def remove(path: Path) -> None:
    """Remove a file, a link or a whole folder; a missing one is fine."""
    try:
        if path.is_dir() and not path.is_symlink():
            _unprotect(path)
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise _refused("can't be removed", path, error) from None


def _unprotect(folder: Path) -> None:
    # Windows refuses to delete read-only files, and git makes its packs read-only.
    if os.name == "nt":
        for child in folder.rglob("*"):
            if child.is_file():
                child.chmod(0o666)


def move(source: Path, target: Path) -> None:
    """Give a finished file or folder its final name in one step (same disk)."""
    make_folder(target.parent)
    try:
        source.replace(target)
    except OSError as error:
        raise _refused("can't be put in place", target, error) from None


def set_modified(path: Path, moment: float) -> None:
    """Give a file the time at which it was changed, in seconds since 1970."""
    try:
        os.utime(path, (moment, moment))
    except OSError as error:
        raise _refused("can't get its time", path, error) from None


def copy(source: Path, target: Path) -> None:
    """Copy one file atomically, or a folder file by file."""
    if source.is_dir():
        make_folder(target)
        for child in sorted(source.iterdir()):
            copy(child, target / child.name)
        return
    write_bytes(target, read_bytes(source))


def link(source: Path, target: Path) -> None:
    """Make `target` show `source`: a symbolic link, or a copy where the system refuses links."""
    make_folder(target.parent)
    try:
        target.symlink_to(source.resolve(), target_is_directory=source.is_dir())
    except FileExistsError:
        raise CompanionError("exists already; nothing was linked over it", file=target) from None
    except OSError:
        copy(source, target)


def read_json(path: Path) -> Any:
    """Read one JSON document; broken JSON names the line."""
    text = read_text(path)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise _unreadable(path, text, f"is not valid JSON: {error.msg}", error.lineno) from None


def write_json(path: Path, data: Any) -> None:
    """Write one JSON document, the same bytes for the same data."""
    write_text(path, json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


def read_yaml(path: Path) -> Any:
    """Read one YAML document with the safe loader (in C where there is one)."""
    return parse_yaml(read_text(path), path)


def parse_yaml(text: str, path: Path, *, first_line: int = 1) -> Any:
    """Read the YAML part of a file, which begins on `first_line` of it, with the safe loader."""
    import yaml

    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        line = mark.line + first_line if mark is not None else None
        raise _unreadable(path, text, f"is not valid YAML: {problem}", line, first_line) from None
    except ValueError as error:  # 2026-02-30 looks like a date and is none
        raise _unreadable(path, text, f"is not valid YAML: {error}", None) from None


def write_yaml(path: Path, data: Any, *, mode: int | None = None) -> None:
    """Write one YAML document in the order of its keys."""
    import yaml

    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)
    write_text(path, text, mode=mode)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file."""
    text = read_text(path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = str(error).rpartition("at line ")[2].split(",")[0]
        line = int(found) if found.isdigit() else None
        problem = _unreadable(path, text, f"is not valid TOML: {error}", line)
        if line is not None:
            problem.hint = _toml_cure(text.split("\n")[line - 1]) or problem.hint
        raise problem from None


def _toml_cure(row: str) -> str:
    """Say how times and days are written, which people do otherwise."""
    value = row.partition("=")[2].strip()
    if re.match(r"\d{1,2}:\d\d", value):
        return 'Write a time as "19:30" or 19:30:00.'
    return "Write a day as 2027-03-01." if re.match(r"\d{4}-\d{1,2}-\d", value) else ""


@contextmanager
def edit_toml(path: Path, text: str | None = None) -> Iterator[Any]:
    """Yield a TOML file (missing: empty) as an editable document that keeps its comments.

    `text` is what stands in for its text, where a part was changed by lines already.
    """
    import tomlkit

    if path.exists():
        read_toml(path)
    if text is None:
        text = read_text(path) if path.exists() else ""
    document = tomlkit.parse(text)
    yield document
    write_text(path, tomlkit.dumps(document))


def append_line(path: Path, record: Mapping[str, Any]) -> None:
    """Add one record as a JSON line under a lock; a torn last line is ended first, not joined."""
    append_lines(path, (record,))


def append_lines(
    path: Path, records: Iterable[Mapping[str, Any]], *, lock_file: Path | None = None
) -> None:
    """Add records as JSON lines in one write, under a lock (default: one beside the file)."""
    lines = [json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\n" for r in records]
    with lock(
        lock_file or _lock_beside(path), busy=f"{path.name} is being written by another process"
    ):
        append_text(path, "".join(lines))


@contextmanager
def writers_wait(path: Path) -> Iterator[None]:
    """Keep other processes from appending lines to a file while somebody reads it twice, as git does."""
    with lock(_lock_beside(path), busy=f"{path.name} is being written by another process"):
        yield


def append_text(path: Path, text: str) -> None:
    """Add whole lines at the end of a file in one write; take a lock where others write too."""
    data = _encoded(text, path)
    try:
        make_folder(path.parent)
        with path.open("ab+") as file:
            size = file.seek(0, os.SEEK_END)
            torn = size > 0 and (file.seek(size - 1), file.read(1))[1] != b"\n"
            file.write((b"\n" if torn else b"") + data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _refused("can't be written", path, error) from None


def append_bytes(path: Path, data: bytes) -> None:
    """Add to a file that is on its way, such as a download; `move` gives it its name when it is whole."""
    try:
        make_folder(path.parent)
        with path.open("ab") as file:
            file.write(data)
    except OSError as error:
        raise _refused("can't be written", path, error) from None


def _lock_beside(path: Path) -> Path:
    # Locks are private to this machine: they live in .fastcompanion where the study has one.
    private = path.parent / ".fastcompanion"
    return (private if private.is_dir() else path.parent) / f"{path.name}.lock"


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read JSON lines, once for each "id", in the order of ("at", "id"); a missing file is empty.

    Files merged by git's union driver hold lines in any order and some of them twice.
    """
    if not path.exists():
        return []
    rows = enumerate(read_text(path).split("\n"), start=1)
    lines = [(number, line) for number, line in rows if line.strip()]
    found = _parsed_together([line for _, line in lines])
    if found is None:
        found = [_record(path, number, line) for number, line in lines]
    records: dict[Any, dict[str, Any]] = {}
    for (number, _), record in zip(lines, found, strict=True):
        records.setdefault(record.get("id", number), record)
    return _in_order(list(records.values()))


def _in_order(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort by ("at", "id"): as text while all times share one offset, else as moments."""
    texts = [(str(record.get("at", "")), str(record.get("id", ""))) for record in records]
    same_offset = len({at[_OFFSET] for at, _ in texts}) <= 1
    keys: list[tuple[Any, str]] = [
        (at if same_offset else _moment(at), identity) for at, identity in texts
    ]
    order = sorted(range(len(records)), key=keys.__getitem__)
    return [records[number] for number in order]


def _moment(at: str) -> float:
    try:
        return datetime.fromisoformat(at).timestamp()
    except ValueError:
        return 0.0


def _parsed_together(lines: list[str]) -> list[dict[str, Any]] | None:
    """Parse all lines in one go, a third of the time of one by one; None: look at each."""
    if not all(line[0] == "{" and line[-1] == "}" for line in lines):
        return None
    try:
        found: list[Any] = json.loads(f"[{','.join(lines)}]")
    except json.JSONDecodeError:
        return None
    whole = len(found) == len(lines) and all(type(record) is dict for record in found)
    return found if whole else None


def _record(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        problem = f"line is not a JSON record: {error.msg}"
        raise _unreadable(path, line, problem, number) from None
    if not isinstance(record, dict):
        raise _unreadable(path, line, "line is not a JSON record", number)
    return record


def _unreadable(
    path: Path, text: str, problem: str, line: int | None, first_line: int = 1
) -> CompanionError:
    for number, row in enumerate(text.split("\n"), start=first_line):
        if row.startswith(_CONFLICT_MARKERS):
            return CompanionError(
                "holds a merge conflict marker",
                hint="Keep the lines you want, delete the marker lines, save, and try again.",
                file=path,
                line=number if "\n" in text else line,
            )
    hint = "Nothing was changed. Mend the line by hand, or take an older version from git."
    return CompanionError(problem, hint=hint, file=path, line=line)


def check_version(data: Any, path: Path, *, current: int = 1) -> dict[str, Any]:
    """Give `data` back when it is a mapping of a version that this program knows."""
    if not isinstance(data, dict) or not isinstance(data.get("version"), int):
        raise CompanionError(
            "has no `version` number, so it can't be trusted",
            hint="Take an older version of the file from git, or move it away.",
            file=path,
        )
    if data["version"] > current:
        raise CompanionError(
            f"was written by a newer fastcompanion (version {data['version']}, known: {current})",
            hint="Update the program: uv tool upgrade fastcompanion",
            file=path,
        )
    return data


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Fill a folder beside its place; it gets its name, and replaces one that has it, when the block ends.

    What raises in the block leaves nothing, and the old folder.
    """
    aside = _unfinished(folder)
    try:
        yield aside
        if folder.exists():
            remove(folder)
        move(aside, folder)
    except BaseException:
        remove(aside)
        raise


@contextmanager
def lock(path: Path, *, busy: str, wait: float = 30.0) -> Iterator[None]:
    """Hold a lock file for a block; `busy` is the message when another process keeps it."""
    make_folder(path.parent)
    held = _flock(path, busy, wait) if os.name == "posix" else None
    if held is None:
        with _portable_lock(path, busy, wait):
            yield
        return
    try:
        yield
    finally:
        os.close(held)


def _busy(busy: str) -> CompanionError:
    return CompanionError(busy, hint="Wait until it has ended, then try again.")


def _flock(path: Path, busy: str, wait: float) -> int | None:
    """Take the lock as filelock does on POSIX systems, without the time that its import takes.

    None: this file system has no such locks, or something is odd; filelock knows what to do.
    """
    flock = import_module("fcntl")
    end = clock.monotonic() + wait
    try:
        held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    except OSError:
        return None
    try:
        while True:
            try:
                flock.flock(held, flock.LOCK_EX | flock.LOCK_NB)
                return held
            except OSError as error:
                if error.errno not in _HELD:
                    os.close(held)
                    return None
            if clock.monotonic() >= end:
                raise _busy(busy)
            clock.pause(0.02)
    except BaseException:
        os.close(held)
        raise


@contextmanager
def _portable_lock(path: Path, busy: str, wait: float) -> Iterator[None]:
    import filelock

    held = filelock.FileLock(str(path))
    try:
        held.acquire(timeout=wait, poll_interval=0.02)
    except filelock.Timeout:
        raise _busy(busy) from None
    except OSError as error:
        raise _refused("can't be locked", path, error) from None
    try:
        yield
    finally:
        held.release()
