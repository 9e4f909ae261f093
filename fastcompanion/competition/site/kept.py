"""What we wrote into a folder of data, so that the next run knows what is whole and what is the learner's.

One hidden file in the folder: size, CRC and time of each file that we wrote, and what is on its way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from fastcompanion.base import clock, store, workspace
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.competition.site import unpacking
from fastcompanion.competition.site.receiving import Coming, coming_of
from fastcompanion.competition.site.unpacking import Member, Rules

NAME, VERSION = ".download.json", 1
_LOCK_SECONDS = 3.0
_ANY = Rules(windows=False, folds=False)


@frozen
class Kept:
    """A file that we wrote; `time` is when it was changed last, in nanoseconds, 0 while it is still to be written."""

    size: int
    crc: int
    time: int = 0


@frozen
class Record:
    """What lies in a folder: from where, since when, whether all of it was unpacked, each file, what is on its way."""

    source: str
    at: str = ""
    whole: bool = False
    files: Mapping[str, Kept] = field(default_factory=dict)
    coming: Mapping[str, Coming] = field(default_factory=dict)


@frozen
class Looked:
    """What became of the files that we wrote: gone, and no longer what they were."""

    missing: tuple[str, ...]
    changed: tuple[str, ...]


def alone(folder: Path) -> AbstractContextManager[None]:
    """Let two runs into one folder wait for each other; the lock lies elsewhere, as it stays behind."""
    place = hashlib.sha256(str(folder.absolute().resolve()).encode("utf-8", "surrogatepass"))
    path = workspace.cache_folder() / "locks" / f"download-{place.hexdigest()[:16]}.lock"
    busy = f"another download into {folder} is under way"
    return store.lock(path, wait=_LOCK_SECONDS, busy=busy)


def read(folder: Path, source: str) -> Record:
    """Read what we wrote into a folder; what belongs to something else is refused."""
    path = folder / NAME
    if not path.exists():
        return Record(source)
    told = store.check_version(store.read_json(path), path, current=VERSION)
    try:
        record = _record(told)
    except (KeyError, TypeError, ValueError, AttributeError, CompanionError) as error:
        raise CompanionError(
            f"does not describe a download: {error}",
            hint="Move it away, and run the command again.",
            file=path,
        ) from None
    if record.source != source:
        raise CompanionError(
            f"{folder} holds {record.source}, not {source}",
            hint="Download to another folder: --to FOLDER",
            file=path,
        )
    return record


def source_of(folder: Path) -> str:
    """Name what was downloaded into a folder; empty where nothing was, or nobody can tell."""
    try:
        return str(store.read_json(folder / NAME)["source"]) if (folder / NAME).is_file() else ""
    except (CompanionError, KeyError, TypeError):
        return ""


def _record(told: Mapping[str, Any]) -> Record:
    files = {str(name): Kept(*map(int, one)) for name, one in told["files"].items()}
    coming = {str(name): coming_of(one) for name, one in told["coming"].items()}
    for name in (*files, *coming):
        # Names are joined to the folder, and the file may have come with it from elsewhere.
        if unpacking.safe_name(name, _ANY) != name:
            raise ValueError(f"a name {unpacking.shown(name)}")
    return Record(str(told["source"]), str(told["at"]), told["whole"] is True, files, coming)


def write(folder: Path, record: Record) -> Record:
    """Write what lies in a folder."""
    files = {name: [one.size, one.crc, one.time] for name, one in record.files.items()}
    coming = {
        name: {"validator": one.validator, "size": one.size, "name": one.name}
        for name, one in record.coming.items()
    }
    stamped = replace(record, at=clock.stamp())
    store.write_json(
        folder / NAME,
        {
            "version": VERSION,
            "source": stamped.source,
            "at": stamped.at,
            "whole": stamped.whole,
            "files": files,
            "coming": coming,
        },
    )
    return stamped


def look(folder: Path, record: Record, names: Iterable[str]) -> Looked:
    """Compare files with what we wrote: size and time, and where those differ their bytes."""
    missing, changed = [], []
    for name in names:
        kept, path = record.files[name], folder / name
        try:
            about = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            missing.append(name)
            continue
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise CompanionError(f"can't be read: {reason}", file=path) from None
        same = (about.st_size, about.st_mtime_ns) == (kept.size, kept.time)
        if not same and not unpacking.holds(path, Member(name, kept.size, kept.crc)):
            changed.append(name)
    return Looked(tuple(missing), tuple(changed))


def of(path: Path, size: int, crc: int) -> Kept:
    """Describe a file that was just written."""
    return Kept(size, crc, path.stat().st_mtime_ns)


def settle(folder: Path, record: Record, name: str, kept: Kept, put: Callable[[], None]) -> Record:
    """Let a file that is whole be put in its place, and write that down before and after.

    Where we are killed in between, the next run knows the file by its CRC and not for the learner's.
    """
    record = write(folder, replace(record, files={**record.files, name: kept}))
    put()
    coming = {key: one for key, one in record.coming.items() if key != name}
    files = {**record.files, name: of(folder / name, kept.size, kept.crc)}
    return write(folder, replace(record, files=files, coming=coming))
