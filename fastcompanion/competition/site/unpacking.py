"""Archives that came from elsewhere: looked through before a byte of them is written, then unpacked.

Nothing is taken on trust: not the names, not the sizes, not what lies at a name already. A file gets
its name when its bytes and their CRC are those that the archive's directory says.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO
from unicodedata import category
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.competition.practice.place import is_device

_BLOCK = 1 << 20
_SHOWN = 5
_MOST_MEMBERS, _MORE_MEMBERS = 2_000_000, 1000
_MOST_DIRECTORY = 1 << 29
#: with nothing announced, what unpacks to this much from a hundredth of it is taken for a bomb
_BOMB_SIZE, _BOMB_RATIO = 1 << 30, 100
_LONGEST_PART, _DEEPEST = 255, 60
_ENCRYPTED = 0x1
_TELL = "Look at it in a browser, and tell those who made it."
_LOCAL_HEAD = 30
_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*]')
# Control characters, halves of characters, ends of lines.
_ACTING = ("Cc", "Cs", "Zl", "Zp")
_DRIVE = re.compile(r"[A-Za-z]:")
_SPECIAL = (stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK)


@frozen
class Rules:
    """What the system that we write on can't hold: names that Windows keeps for itself, names that differ by case alone."""

    windows: bool
    folds: bool


@frozen
class Bounds:
    """What an archive may grow to: the bytes and files that were announced (None: nobody told), and what is free."""

    announced: int | None
    files: int | None
    free: int

    @property
    def most(self) -> int | None:
        """The most bytes that are believed: some more than were announced, as sites count in their own way."""
        return None if self.announced is None else 2 * self.announced + (64 << 20)


@frozen
class Member:
    """A file of an archive: its name from the folder on, its size and the CRC of its bytes."""

    name: str
    size: int
    crc: int


def rules_of(folder: Path, probe: str) -> Rules:
    """Tell what the file system of a folder can hold; `probe` names a file in it, in small letters."""
    folds = (folder / probe).exists() and (folder / probe.upper()).exists()
    return Rules(windows=os.name == "nt", folds=folds)


def is_archive(path: Path) -> bool:
    """Does a file begin as archives do?"""
    with _reading(path) as file:
        return looks_like_archive(file.read(4))


@contextmanager
def _reading(path: Path) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CompanionError(f"can't be read: {reason}", file=path) from None


def looks_like_archive(head: bytes) -> bool:
    """Do these first bytes belong to an archive, an empty one included?"""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def safe_name(name: str, rules: Rules) -> str:
    """Give a name as a path below a folder, with /; what could lead out of it is refused."""
    parts = _parts(name)
    if why := _unsafe(name.replace("\\", "/"), parts, rules):
        raise CompanionError(f"{shown(name)} {why}: nothing was written", hint=_TELL)
    return "/".join(parts)


def safe_names(names: Iterable[str], rules: Rules) -> tuple[str, ...]:
    """Give names as paths below a folder, each of them once and none a folder of another."""
    members = [Member(safe_name(name, rules), 0, 0) for name in names]
    _unlike(members, rules)
    return tuple(member.name for member in members)


def _parts(name: str) -> list[str]:
    return [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]


def _unsafe(spelled: str, parts: list[str], rules: Rules) -> str:
    if not parts:
        return "is no name of a file"
    if spelled.startswith("/") or _DRIVE.match(spelled) or ".." in parts:
        return "leads out of the folder"
    if any(category(one) in _ACTING for part in parts for one in part):
        return "holds characters that no name has"
    if len(parts) > _DEEPEST or any(len(part.encode("utf-8", "replace")) > _LONGEST_PART for part in parts):  # fmt: skip
        return "is too long for a name"
    if rules.windows and any(_no_windows_name(part) for part in parts):
        return "is a name that Windows can't hold"
    return ""


def _no_windows_name(part: str) -> bool:
    return is_device(part) or bool(_NOT_ON_WINDOWS.search(part)) or part.endswith((".", " "))


def shown(name: str) -> str:
    """Write a name so that it can be shown: nothing in it acts, and it is no longer than a line."""
    text = name if len(name) <= 80 else f"{name[:60]}...{name[-15:]}"
    return repr(text)


def _refused(what: str) -> CompanionError:
    return CompanionError(
        f"the archive is not unpacked: {what}; nothing was written",
        hint=_TELL,
    )


def look(archive: Path, bounds: Bounds, rules: Rules) -> tuple[Member, ...]:
    """Look through an archive's directory and give its files; whatever is odd refuses the whole of it."""
    _directory(archive, bounds)
    with _opened(archive) as opened:
        infos = [info for info in opened.infolist() if not info.is_dir()]
        _members_fit(infos, bounds)
        members = tuple(_member(info, rules) for info in infos)
    _unlike(members, rules)
    _apart(infos)
    _not_a_bomb(infos, bounds)
    return members


def _directory(archive: Path, bounds: Bounds) -> None:
    """Look at how large the directory is before it is read, as reading takes memory for each of its lines."""
    with _reading(archive) as file:
        length = file.seek(0, os.SEEK_END)
        start = max(0, length - (1 << 16) - 22)
        file.seek(start)
        tail = file.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or len(tail) - at < 22:
            raise _refused("its end is missing, so it is not whole")
        count, size = struct.unpack_from("<H", tail, at + 10)[0], struct.unpack_from("<I", tail, at + 12)[0]  # fmt: skip
        if 0xFFFF in (count, size & 0xFFFF) and tail[max(0, at - 20) : at].startswith(
            b"PK\x06\x07"
        ):
            file.seek(min(struct.unpack_from("<Q", tail, at - 12)[0], length))
            large = file.read(56)
            if len(large) == 56:
                count, size = struct.unpack_from("<QQ", large, 32)
    if count > _most_members(bounds) or size > _MOST_DIRECTORY:
        raise _refused(f"it says that it holds {count} files")


def _most_members(bounds: Bounds) -> int:
    # Some sites list the first files alone, so that a few more are no surprise.
    return _MOST_MEMBERS if bounds.files is None else 2 * bounds.files + _MORE_MEMBERS


def _opened(archive: Path) -> ZipFile:
    try:
        return ZipFile(archive)
    except (BadZipFile, NotImplementedError, ValueError, OSError, EOFError, struct.error) as error:
        raise _refused(f"it is broken ({error})") from None


def _members_fit(infos: list[ZipInfo], bounds: Bounds) -> None:
    if len(infos) > _most_members(bounds):
        raise _refused(f"it holds {len(infos)} files, where {bounds.files} are listed")


def _member(info: ZipInfo, rules: Rules) -> Member:
    name = safe_name(info.orig_filename, rules)
    if info.flag_bits & _ENCRYPTED:
        raise _refused(f"{shown(name)} is locked with a password")
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        # Others can ask for gigabytes of memory; no site that we know uses them.
        raise _refused(f"{shown(name)} is packed by a method that is not read here")
    if stat.S_IFMT(info.external_attr >> 16) in _SPECIAL:
        raise _refused(f"{shown(name)} is a link or a device, no file")
    return Member(name, info.file_size, info.CRC)


def _unlike(members: Iterable[Member], rules: Rules) -> None:
    """See that no two files have one name, and that none is a folder of another."""
    files: dict[str, str] = {}
    folders: set[str] = set()
    for member in members:
        key = member.name.casefold() if rules.folds else member.name
        if key in files:
            raise _same(f"{shown(member.name)} and {shown(files[key])} are one name here")
        files[key] = member.name
        folders.update(str(one) for one in list(PurePosixPath(key).parents)[:-1])
    both = sorted(folders & set(files))
    if both:
        raise _same(f"{shown(both[0])} is a file and a folder in it")


def _same(what: str) -> CompanionError:
    return CompanionError(f"{what}: nothing was written", hint=_TELL)


def _apart(infos: list[ZipInfo]) -> None:
    """See that no two files share bytes of the archive, which is how a small one says that it is huge."""
    end = 0
    for info in sorted(infos, key=lambda one: one.header_offset):
        if info.header_offset < end:
            raise _refused(f"{shown(info.filename)} lies over another file of it")
        end = info.header_offset + _LOCAL_HEAD + info.compress_size


def _not_a_bomb(infos: list[ZipInfo], bounds: Bounds) -> None:
    total = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos)
    most = bounds.most
    if most is not None and total > most:
        raise _refused(
            f"it holds {amount(total)}, where {amount(bounds.announced or 0)} are listed"
        )
    if most is None and total > _BOMB_SIZE and total > _BOMB_RATIO * max(packed, 1):
        raise _refused(
            f"{amount(packed)} would become {amount(total)}, as in an archive made to do harm"
        )


def space(needed: int, bounds: Bounds, folder: Path) -> None:
    """Refuse what the disk has no room for; some of it is left free for everything else."""
    spare = 64 << 20
    if needed + spare > bounds.free:
        raise CompanionError(
            f"{amount(needed)} are needed in {folder}, and {amount(bounds.free)} are free",
            hint="Free some space, or take a folder on another disk with --to FOLDER.",
            code=Exit.MISSING,
        )


def amount(size: int) -> str:
    """Write a number of bytes for people."""
    value, units = float(size), ("bytes", "KB", "MB", "GB", "TB")
    for unit in units:
        if value < 1000 or unit == units[-1]:
            return f"{size} byte{'s' * (size != 1)}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError(size)


def crc_of(path: Path) -> int:
    """Give the CRC of a file's bytes."""
    crc = 0
    with _reading(path) as file:
        while block := file.read(_BLOCK):
            crc = zlib.crc32(block, crc)
    return crc


def holds(path: Path, member: Member) -> bool:
    """Is this file, byte for byte, that of the archive?"""
    try:
        about = path.lstat()
        return stat.S_ISREG(about.st_mode) and about.st_size == member.size and crc_of(path) == member.crc  # fmt: skip
    except FileNotFoundError:
        return False
    except OSError as error:
        raise CompanionError(f"can't be read: {error.strerror}", file=path) from None


def place(folder: Path, name: str) -> Path:
    """Give the place of a safe name below a folder; a link on the way there is refused."""
    path = folder
    for part in name.split("/"):
        path = path / part
        if path.is_symlink():
            raise CompanionError(
                "is a link, and what it leads to would be overwritten",
                hint="Move the link away, or download to another folder with --to.",
                file=path,
            )
    return path


def unpack(
    archive: Path, members: Iterable[Member], folder: Path, came: Callable[[Member, int], None]
) -> None:
    """Write files of an archive below a folder, each whole and verified or not at all.

    `came` hears of the bytes of each file.
    """
    with _opened(archive) as opened:
        infos = {
            "/".join(_parts(info.orig_filename)): info
            for info in opened.infolist()
            if not info.is_dir()
        }
        for member in members:
            _write(opened, infos, member, place(folder, member.name), came)


def _write(
    opened: ZipFile,
    infos: Mapping[str, ZipInfo],
    member: Member,
    path: Path,
    came: Callable[[Member, int], None],
) -> None:
    try:
        chunks = _checked(opened, infos[member.name], member, came)
        store.write_chunks(path, chunks, durable=False)
    except (BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, KeyError) as error:
        raise CompanionError(
            f"{shown(member.name)} is broken in the archive ({error})",
            hint="The same command with --force fetches the archive again.",
            file=path,
        ) from None


def _checked(
    opened: ZipFile, info: ZipInfo, member: Member, came: Callable[[Member, int], None]
) -> Iterator[bytes]:
    """Give a file's bytes; zipfile compares size and CRC at their end, before the file has its name."""
    with opened.open(info, mode="r") as file:
        while block := file.read(_BLOCK):
            came(member, len(block))
            yield block


def summary(names: Iterable[str]) -> str:
    """Name some files, and count the rest."""
    every = list(names)
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return ", ".join(every[:_SHOWN]) + more
