"""What lies in a folder, here and on a server: files, folders and links, without what never travels."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.server import failures
from fastcompanion.server.comparing import Entry
from fastcompanion.server.connection import Connection

# What is half written has a name that begins so.
_OURS = ".fastcompanion-"
#: what a transport has on its way, in the folder that it fills; never listed
RECEIVING, PARTIAL = f"{_OURS}receiving", f"{_OURS}partial"
#: folders of any depth that are each machine's own
NEVER = (
    ".git", Workspace(Path()).private.name, ".venv", "venv", "__pycache__", ".ipynb_checkpoints", "node_modules", "_site",
    ".mypy_cache", ".pytest_cache", ".ruff_cache", f"{_OURS}*",
)  # fmt: skip
#: files that are secrets, of any depth
SECRETS = (
    "kaggle.json", "access_token", ".env", ".netrc", "_netrc", "credentials", "credentials.json", ".git-credentials", ".pypirc",
    "id_rsa", "id_ed25519", "id_ecdsa", "id_ed25519_sk", "id_ecdsa_sk", "*.pem",
)  # fmt: skip
# $1 the folder, $2 the part of it to look at; then what is left out: folders and files, large folders.
# A part that lies behind a link is that link.
_LIST = """
for one in rsync tar; do command -v $one >/dev/null 2>&1 && echo $one; done
cd; cd -- "$1" 2>/dev/null || { echo missing; exit 0; }
for one in $4; do [ -d "./$one" ] && echo "large $(du -sk -- "./$one" | cut -f1) $one"; done
echo files
at=.; rest=${2#.}
while rest=${rest#/}; [ -n "$rest" ]; do
  at=$at/${rest%%/*}
  [ -L "$at" ] && { printf 'l 0 0 %s\\0' "$at"; exit 0; }
  case $rest in */*) rest=${rest#*/};; *) rest=;; esac
done
[ -e "$2" ] || exit 0
set -f
drop=; for one in $3; do drop="$drop -name $one -prune -o"; done
for one in $4; do drop="$drop -path ./$one -prune -o"; done
find "$2" -ignore_readdir_race $drop \\( -type l -printf 'l 0 0 %p\\0' -o -type d -printf 'd 0 0 %p\\0' -o -type f -printf 'f %s %T@ %p\\0' \\)
"""
_BAD_ON_WINDOWS = '<>:"|?*\\'


@frozen
class Left:
    """A large folder that was left out, and its bytes on the side that has it."""

    path: str
    bytes: int


@frozen
class Listing:
    """The files of one side, its folders and links, the large folders left out, and what it can do.

    `odd` are names that can't travel, as they are no text or none that this system can have.
    """

    files: Mapping[str, Entry]
    folders: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()
    left: tuple[Left, ...] = ()
    able: tuple[str, ...] = ()
    there: bool = True


def here(root: Path, part: str, left: tuple[str, ...]) -> Listing:
    """List the files of this machine; `left` are the large folders to leave out."""
    files: dict[str, Entry] = {}
    found = _Found(files)
    out = [Left(one, _bytes_below(root / one)) for one in left if (root / one).is_dir()]
    behind = link_above(root, part)
    for path in [behind] if behind is not None else _walk(root, root / part, left):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            found.add("l", name)
        elif path.is_dir():
            found.add("d", name)
        elif (own := entry(path)) is not None:
            found.add("f", name, own)
    return found.listing(out)


def entry(path: Path) -> Entry | None:
    """Look at a file of this machine; None where there is none, as one that was removed meanwhile."""
    try:
        about = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _shut(error) from None
    return Entry(about.st_size, about.st_mtime) if stat.S_ISREG(about.st_mode) else None


def _shut(error: OSError) -> CompanionError:
    """What can't be read must not look as if it had been removed."""
    return CompanionError(
        f"can't be read: {error.strerror}",
        hint="Look at its rights (ls -ld), or move it away.",
        file=error.filename,
    )


def link_above(root: Path, part: str) -> Path | None:
    """Give the first link on the way from a folder to a part of it, which may be the part itself."""
    steps = PurePosixPath(part).parts
    ways = (root.joinpath(*steps[: number + 1]) for number in range(len(steps)))
    return next((one for one in ways if one.is_symlink()), None)


def _walk(root: Path, start: Path, left: tuple[str, ...]) -> Iterator[Path]:
    """Give every file, folder and link, without what is never synced."""

    def shut(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise _shut(error)

    if start != root and start.exists():
        yield start
    for folder, folders, names in os.walk(start, onerror=shut) if start.is_dir() else ():
        at = Path(folder)
        top = at == root
        keep = [one for one in folders if not is_never(one) and not (top and one in left)]
        links = {one for one in keep if (at / one).is_symlink()}
        folders[:] = sorted(set(keep) - links)
        yield from (at / one for one in sorted([*keep, *names]) if not is_never(one))


def is_never(name: str) -> bool:
    """Say whether a file or a folder of this name never travels."""
    return name in NEVER or name.startswith(_OURS) or is_secret(name)


def is_secret(name: str) -> bool:
    """Say whether a file's name says that it is a secret; such a file never goes to a server."""
    return any(fnmatch.fnmatchcase(name, one) for one in SECRETS)


def _bytes_below(folder: Path) -> int:
    files = (entry(one) for one in folder.rglob("*") if not one.is_symlink())
    return sum(one.size for one in files if one is not None)


def there(
    link: Connection,
    folder: str,
    *,
    part: str = "",
    never: Collection[str] = (),
    left: tuple[str, ...] = (),
) -> Listing:
    """List a folder of the server, below the home folder there."""
    start = f"./{part}" if part else "."
    words = (folder, start, " ".join(never), " ".join(left))
    said: list[bytes] = []

    def drain(pipe: IO[bytes]) -> None:
        # Names are bytes: as text, line ends in them would be made the system's.
        said.append(pipe.read())

    done = link.run(["sh", "-c", _LIST, "sh", *words], timeout=600, drain=drain, check=False)
    if done.code != 0:
        raise failures.remote(["find"], done)
    head, _, rows = b"".join(said).partition(b"files\n")
    return _told(head.decode("utf-8", "replace").splitlines(), rows)


def _told(lines: list[str], rows: bytes) -> Listing:
    able = tuple(one for one in lines if one in ("rsync", "tar"))
    if "missing" in lines:
        return Listing({}, able=able, there=False)
    files: dict[str, Entry] = {}
    found = _Found(files)
    for row in filter(None, rows.split(b"\0")):
        kind, size, at, path = os.fsdecode(row).split(" ", 3)
        found.add(kind, PurePosixPath(path).as_posix(), Entry(int(size), float(at)))
    sized = [line.split(" ", 2) for line in lines if line.startswith("large ")]
    out = [Left(name, int(size) * 1024) for _, size, name in sized if size.isdigit()]
    return found.listing(out, able)


class _Found:
    """A listing that grows."""

    def __init__(self, files: dict[str, Entry]) -> None:
        self._files = files
        self._other: dict[str, list[str]] = {"d": [], "l": [], "odd": []}

    def add(self, kind: str, name: str, entry: Entry | None = None) -> None:
        """Take a file "f", a folder "d" or a link "l"."""
        if not speakable(name):
            self._other["odd"].append(_shown(name))
        elif kind == "f" and entry is not None:
            self._files[name] = entry
        elif name != ".":
            self._other[kind].append(name)

    def listing(self, left: list[Left], able: tuple[str, ...] = ()) -> Listing:
        """Give what was found."""
        folders, links, odd = (tuple(self._other[one]) for one in ("d", "l", "odd"))
        return Listing(self._files, folders, links, odd, tuple(left), able)


def speakable(name: str) -> bool:
    """Say whether a name can travel: it is text, stays in its folder, and this system can have it."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or _shown(name) != name:
        return False
    return os.name != "nt" or not any(_odd_on_windows(one) for one in path.parts)


def _odd_on_windows(name: str) -> bool:
    odd = any(letter in _BAD_ON_WINDOWS or letter < " " for letter in name)
    return odd or (name != "." and name.endswith((" ", ".")))


def _shown(name: str) -> str:
    """Give a name as text; what is none is written as its bytes are."""
    return name.encode("utf-8", "backslashreplace").decode()
