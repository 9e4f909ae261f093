"""The bytes of a submission: a plain file, or the one file in an archive, never unpacked to disk.

Nothing here trusts a size that an archive states: what comes out is counted while it is read.
"""

from __future__ import annotations

import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from fastcompanion.competition.validation.findings import Findings, shown

#: bytes; more is refused, on the disk and unpacked
LARGEST = 1 << 30
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError)
#: bytes of an archive's list of files: zipfile reads all of it, however long it is
_LARGEST_LIST = 1 << 20
_TO_CSV = 'pandas: table.to_csv("submission.csv", index=False)'
_ZIP = "zip submission.csv.zip submission.csv"
_SUFFIXES = (".csv", ".csv.gz", ".csv.zip", ".gz", ".zip")
_MAGIC = ((b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"), (b"\x1f\x8b", "gz"), (b"PAR1", "parquet"))


def kind_of(path: Path) -> str:
    """Tell csv, gz, zip or parquet by the first bytes."""
    with path.open("rb") as file:
        start = file.read(4)
    return next((kind for magic, kind in _MAGIC if start.startswith(magic)), "csv")


def sha256(path: Path) -> str:
    """Give the SHA-256 of the file as it lies there."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def usable(path: Path, found: Findings, *, like: Path) -> str:
    """Say what kind of file it is, empty where it is none to go on with; `like` is the sample."""
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "is not there"
        found.error("no-file", f"{path.name} {what}.", f"Write it first. {_TO_CSV}")
        return ""
    if not (size := path.stat().st_size):
        found.error("empty-file", "The file is empty.", f"Write it again. {_TO_CSV}")
        return ""
    if size > LARGEST:
        found.error("too-large", f"The file has {size:,} bytes, and more than {LARGEST:,} are not read.", "Write fewer digits, and only the columns of the sample.")  # fmt: skip
        return ""
    return _fitting(path, kind_of(path), found, like)


def _fitting(path: Path, kind: str, found: Findings, like: Path) -> str:
    name = path.name.lower()
    if kind == "parquet":
        return _parquet(found, like)
    if not name.endswith(_SUFFIXES) and path.suffix.lower() != like.suffix.lower():
        found.error("file-type", f"{path.name} is no .csv, .csv.gz or .csv.zip.", f"Give it the name of what it is. {_TO_CSV}")  # fmt: skip
        return ""
    said = "zip" if name.endswith(".zip") else "gz" if name.endswith(".gz") else "csv"
    if said != kind:
        found.error("file-type", f"{path.name} is named like {said}, and its bytes are {kind}.", f"Rename it, or write it again. {_TO_CSV}")  # fmt: skip
        return ""
    return kind


def _parquet(found: Findings, like: Path) -> str:
    if like.suffix.lower() == ".parquet":
        found.warn("parquet", "Both files are parquet, which is not looked into here: columns, ids and values were not checked.", "Check a copy in CSV against a sample in CSV.")  # fmt: skip
    else:
        found.error("file-type", "The file is parquet, and the sample is not.", f"Write it as the sample is. {_TO_CSV}")  # fmt: skip
    return ""


@contextmanager
def opened(path: Path, kind: str, found: Findings) -> Iterator[IO[bytes] | None]:
    """Open the table for reading; None where an archive holds anything but one file."""
    given = False
    try:
        with _stream(path, kind, found) as stream:
            given = True
            yield stream
    except _BROKEN as error:
        found.error("broken-file", f"The file can't be read to its end: {error}.", f"Write it again, and pack it again: {_ZIP}")  # fmt: skip
        if not given:
            yield None


@contextmanager
def _stream(path: Path, kind: str, found: Findings) -> Iterator[IO[bytes] | None]:
    if kind == "gz":
        with gzip.open(path, "rb") as packed:
            yield cast("IO[bytes]", packed)
    elif kind == "zip" and _lists_too_much(path):
        found.error("zip-files", "The archive lists too many files. It has to be one.", f"Pack the table alone: {_ZIP}")  # fmt: skip
        yield None
    elif kind == "zip":
        with zipfile.ZipFile(path) as archive:
            member = _member(archive, found)
            if member is None:
                yield None
                return
            with archive.open(member, mode="r") as inner:
                yield inner
    else:
        with path.open("rb") as plain:
            yield plain


def _lists_too_much(path: Path) -> bool:
    """Is the list of files too long, by the record at the archive's end (or that of large archives)?"""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - (1 << 16) - 64))
        end = file.read()
    place = end.rfind(b"PK\x05\x06")
    if place < 0:
        return False
    size = int.from_bytes(end[place + 12 : place + 16], "little")
    return size > _LARGEST_LIST or end[max(0, place - 20) : place].startswith(b"PK\x06\x07")


def _member(archive: zipfile.ZipFile, found: Findings) -> zipfile.ZipInfo | None:
    members = [one for one in archive.infolist() if not one.is_dir()]
    junk = [one for one in members if _is_junk(one.filename)]
    own = [one for one in members if one not in junk]
    if junk:
        found.error("zip-extras", f"The archive holds {shown(junk[0].filename)} beside the table, as macOS packs it.", f"In a terminal: {_ZIP}")  # fmt: skip
    if len(own) != 1:
        names = ", ".join(shown(one.filename) for one in own[:3])
        found.error("zip-files", f"The archive holds {len(own)} files{': ' + names if names else ''}. It has to be one.", f"Pack the table alone: {_ZIP}")  # fmt: skip
        return None
    return _readable(own[0], found)


def _readable(member: zipfile.ZipInfo, found: Findings) -> zipfile.ZipInfo | None:
    if "/" in member.filename or "\\" in member.filename:
        found.error("zip-path", f"The file in the archive is called {shown(member.filename)}, with a folder.", f"Pack it where it lies: {_ZIP}")  # fmt: skip
    if member.flag_bits & 1:
        found.error("zip-locked", "The archive has a password.", f"Pack it without one: {_ZIP}")
        return None
    if not member.filename.lower().endswith(".csv"):
        found.error("file-type", f"The file in the archive is {shown(member.filename)}, which is no .csv.", f"Pack the table: {_ZIP}")  # fmt: skip
    return member


def _is_junk(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return "__MACOSX" in parts or parts[-1] in (".DS_Store", "Thumbs.db")
