"""Syncing a study or a project with its copy on a server: nothing outside of it, and nothing is lost.

Files of the target are replaced only if they are still what the last sync left. What was changed there
meanwhile is named and waits; with `force` it is replaced, and the replaced version is kept aside.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Literal

from fastcompanion.base import clock, store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter, Task
from fastcompanion.base.workspace import Workspace
from fastcompanion.server import carrying, comparing
from fastcompanion.server.comparing import Conflict, Entry, Plan
from fastcompanion.server.connection import Connection

Direction = Literal["push", "pull"]
VERSION = 1
#: folders of any depth that are each machine's own
NEVER = (
    ".git", Workspace(Path()).private.name, ".venv", "venv", "__pycache__", ".ipynb_checkpoints", "node_modules", "_site",
    ".mypy_cache", ".pytest_cache", ".ruff_cache", ".fastcompanion-receiving", ".fastcompanion-partial",
)  # fmt: skip
#: files that are secrets, of any depth
SECRETS = ("kaggle.json", "access_token", ".env", ".netrc", "credentials", "id_rsa", "id_ed25519", "id_ecdsa", "*.pem")  # fmt: skip
#: large folders at the top, left out unless asked for; projects are repositories of their own
LARGE = ("data", "models", "projects")
THERE = "fastcompanion"
# $1 the folder, $2 the part of it to look at; then what is left out: folders, files, large folders.
_LIST = """
for one in rsync tar; do command -v $one >/dev/null 2>&1 && echo $one; done
cd; cd -- "$1" 2>/dev/null || { echo missing; exit 0; }
for one in $4; do [ -d "./$one" ] && echo "large $(du -sk -- "./$one" | cut -f1) $one"; done
echo files
[ -e "$2" ] || exit 0
set -f
drop=; for one in $3; do drop="$drop -name $one -prune -o"; done
for one in $4; do drop="$drop -path ./$one -prune -o"; done
find "$2" $drop \\( -type l -printf 'l 0 0 %p\\0' -o -type f -printf 'f %s %T@ %p\\0' \\)
"""


@frozen
class Left:
    """A large folder that was left out, and its bytes on the side that has it."""

    path: str
    bytes: int


@frozen
class Listing:
    """The files of one side, its links, the large folders left out, and what it can do."""

    files: Mapping[str, Entry]
    links: tuple[str, ...] = ()
    left: tuple[Left, ...] = ()
    able: tuple[str, ...] = ()
    there: bool = True


@frozen
class Synced:
    """What a sync did, or would do."""

    name: str
    direction: Direction
    here: str
    there: str
    by: str
    sent: tuple[str, ...]
    bytes: int
    same: int
    conflicts: tuple[Conflict, ...]
    removed: tuple[str, ...]
    removable: tuple[str, ...]
    only_there: tuple[str, ...]
    links: tuple[str, ...]
    left_out: tuple[Left, ...]
    kept: str = ""
    dry_run: bool = False


def place(root: Path) -> str:
    """Give the folder of the server, below the home folder there."""
    return f"{THERE}/{root.name}"


def sync(
    link: Connection,
    root: Path,
    direction: Direction,
    *,
    part: str = "",
    everything: bool = False,
    force: bool = False,
    delete: Callable[[tuple[str, ...]], bool] | None = None,
    dry_run: bool = False,
    by: str = "",
    reporter: Reporter = SILENT,
) -> Synced:
    """Bring what is new or changed to the other side.

    `part` is a file or a folder below `root`; `delete` is asked before what was removed on one side
    is taken away on the other. `by` forces "tar" or "rsync".
    """
    if hidden := next((one for one in PurePosixPath(part).parts if _never(one)), None):
        message = f"{hidden} is never synced: it is a secret or each machine's own"
        raise CompanionError(message, code=Exit.USAGE)
    with link.shared():
        job = _Job(link, root, direction, part, everything, by)
        plan = job.plan()
        chosen = {*plan.send, *(one.path for one in plan.conflicts if force)}
        going = {path: job.source.files[path] for path in sorted(chosen)}
        replacing = bool(chosen - set(plan.send))
        removed: tuple[str, ...] = ()
        if not dry_run:
            job.carry(going, replacing, reporter)
            if plan.removed and delete is not None and delete(plan.removed):
                removed = plan.removed
                job.take_away(removed)
            job.keep_base(plan, going, removed)
        return Synced(
            link.server.name,
            direction,
            str(root),
            place(root),
            job.by,
            tuple(going),
            sum(one.size for one in going.values()),
            plan.same,
            () if force else plan.conflicts,
            removed,
            plan.removed,
            plan.only_there,
            plan.links,
            job.source.left,
            job.aside if replacing or removed else "",
            dry_run,
        )


class _Job:
    """One sync: both lists, what they had in common, and the way between them."""

    def __init__(
        self,
        link: Connection,
        root: Path,
        direction: Direction,
        part: str,
        everything: bool,
        by: str,
    ) -> None:
        left = () if everything else tuple(one for one in LARGE if not _inside(part, one))
        self.link, self.root, self.direction = link, root, direction
        self.here, self.there = (
            listing_here(root, part, left),
            _listing_there(link, root, part, left),
        )
        if direction == "pull" and not self.there.there:
            raise CompanionError(
                f"{link.server.name} has no {place(root)} yet",
                hint=f"fastcompanion server sync {link.server.name} push",
                code=Exit.NOT_SET_UP,
            )
        if part and not self.here.files and not self.there.files:
            message = f"there is nothing to sync in {part}, on neither side"
            raise CompanionError(message, code=Exit.USAGE)
        pushing = direction == "push"
        self.source = self.here if pushing else self.there
        self.target = self.there if pushing else self.here
        self.base = read_base(link.server.name, root)
        self._part = part
        self.by = by or self._transport()
        stamp = f"{clock.now():%Y%m%d-%H%M%S}"
        self._kept_here = workspace.servers_folder() / "replaced" / stamp / root.name
        self._kept_there = f"{THERE}/.replaced/{stamp}/{root.name}"
        self.aside = self._kept_there if pushing else str(self._kept_here)

    def _transport(self) -> str:
        both = "rsync" in self.there.able and carrying.rsync_here()
        if both and carrying.quotable(self.link):
            return "rsync"
        if "tar" not in self.there.able:
            message = f"{self.link.server.name} has neither rsync nor tar"
            raise CompanionError(message, code=Exit.MISSING)
        return "tar"

    def plan(self) -> Plan:
        """Compare both sides, in the part that was asked for."""
        base = {path: one for path, one in self.base.items() if _inside(path, self._part)}
        links = {*self.here.links, *self.there.links}
        return comparing.compare(self.source.files, self.target.files, base, links=links)

    def carry(self, going: Mapping[str, Entry], replacing: bool, reporter: Reporter) -> None:
        """Bring the files over."""
        if not going:
            return
        pushing, folder = self.direction == "push", place(self.root)
        label = f"{'To' if pushing else 'From'} {self.link.server.name}, by {self.by}"
        with reporter.task(label, sum(one.size for one in going.values())) as task:
            if self.by == "rsync":
                if pushing:
                    self.link.run(["mkdir", "-p", folder])
                keep = f"../.replaced/{Path(self._kept_there).parent.name}/{self.root.name}"
                carrying.rsync(
                    self.link, self.root, folder, going, task=task,
                    towards="there" if pushing else "here",
                    keep="" if not replacing else keep if pushing else str(self._kept_here),
                )  # fmt: skip
            elif pushing:
                keep = self._kept_there if replacing else ""
                carrying.push(self.link, self.root, folder, going, keep=keep, task=task)
            else:
                self._pull(going, replacing, task)

    def _pull(self, going: Mapping[str, Entry], replacing: bool, task: Task) -> None:
        def replace(target: Path) -> None:
            if replacing:
                store.copy(target, self._kept_here / target.relative_to(self.root))

        came = carrying.pull(
            self.link, self.root, place(self.root), going, replace=replace, task=task
        )
        if missing := sorted(set(going) - set(came)):
            raise CompanionError(
                f"{len(missing)} of {len(going)} files did not come: {', '.join(missing[:3])}",
                hint="They may have been removed meanwhile: the same command looks again.",
            )

    def take_away(self, paths: tuple[str, ...]) -> None:
        """Put aside what the other side has removed."""
        if self.direction == "push":
            carrying.put_aside(self.link, place(self.root), paths, self._kept_there)
            return
        for path in paths:
            store.copy(self.root / path, self._kept_here / path)
            store.remove(self.root / path)

    def keep_base(self, plan: Plan, going: Mapping[str, Entry], removed: tuple[str, ...]) -> None:
        """Remember what both sides have in common now."""
        known = comparing.agreed(
            plan, self.source.files, self.target.files, self.base, going, removed
        )
        rows = {path: [one.size, one.modified] for path, one in sorted(known.items())}
        told = {"version": VERSION, "root": str(self.root), "files": rows}
        store.write_json(base_file(self.link.server.name, self.root), told)


def _inside(path: str, folder: str) -> bool:
    """Say whether a path is the folder or lies in it; everything lies in ""."""
    return not folder or path == folder or path.startswith(f"{folder}/")


def base_file(name: str, root: Path) -> Path:
    """Where this machine remembers what it last had in common with a server."""
    mark = hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:16]
    return workspace.servers_folder() / "sync" / f"{name}-{mark}.json"


def read_base(name: str, root: Path) -> dict[str, Entry]:
    """Give what a server and a folder had in common after the last sync."""
    path = base_file(name, root)
    if not path.exists():
        return {}
    told = store.check_version(store.read_json(path), path, current=VERSION)
    return {one: Entry(int(size), float(at)) for one, (size, at) in told["files"].items()}


def bases(name: str) -> Iterator[tuple[str, Mapping[str, Entry]]]:
    """Give each folder of a server that was ever synced, and what both sides had in common in it."""
    for path in _base_files(name):
        root = Path(str(store.check_version(store.read_json(path), path, current=VERSION)["root"]))
        yield place(root), read_base(name, root)


def forget(name: str) -> None:
    """Forget what was in common with a server that is gone: another of its name has nothing of it."""
    for path in _base_files(name):
        store.remove(path)


def _base_files(name: str) -> tuple[Path, ...]:
    return tuple(sorted((workspace.servers_folder() / "sync").glob(f"{name}-{'?' * 16}.json")))


def listing_here(root: Path, part: str, left: tuple[str, ...]) -> Listing:
    """List the files of this machine."""
    files: dict[str, Entry] = {}
    links: list[str] = []
    out = [Left(one, _bytes_below(root / one)) for one in left if (root / one).is_dir()]
    for path in _walk(root, root / part, left):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            links.append(name)
        elif path.is_file():
            about = path.stat()
            files[name] = Entry(about.st_size, about.st_mtime)
    return Listing(files, tuple(links), tuple(out))


def _walk(root: Path, start: Path, left: tuple[str, ...]) -> Iterator[Path]:
    """Give every file and every link, without what is never synced."""
    if start.is_file() or start.is_symlink():
        yield start
        return
    for folder, folders, names in os.walk(start):
        at = Path(folder)
        top = at == root
        links = [one for one in folders if (at / one).is_symlink()]
        keep = [one for one in folders if not _never(one) and not (top and one in left)]
        folders[:] = sorted(set(keep) - set(links))
        yield from (at / one for one in sorted([*links, *names]) if not _never(one))


def _never(name: str) -> bool:
    return name in NEVER or is_secret(name)


def is_secret(name: str) -> bool:
    """Say whether a file's name says that it is a secret; such a file never goes to a server."""
    return any(fnmatch.fnmatchcase(name, one) for one in SECRETS)


def _bytes_below(folder: Path) -> int:
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file() and not one.is_symlink())  # fmt: skip


def _listing_there(link: Connection, root: Path, part: str, left: tuple[str, ...]) -> Listing:
    start = f"./{part}" if part else "."
    words = (place(root), start, " ".join((*NEVER, *SECRETS)), " ".join(left))
    done = link.run(["sh", "-c", _LIST, "sh", *words], timeout=300)
    head, _, rows = done.out.partition("files\n")
    lines = head.splitlines()
    able = tuple(one for one in lines if one in ("rsync", "tar"))
    if "missing" in lines:
        return Listing({}, able=able, there=False)
    files: dict[str, Entry] = {}
    links: list[str] = []
    for row in filter(None, rows.split("\0")):
        kind, size, at, path = row.split(" ", 3)
        name = PurePosixPath(path).as_posix()
        if not _speakable(name):
            continue
        if kind == "l":
            links.append(name)
        else:
            files[name] = Entry(int(size), float(at))
    sized = [line.split(" ", 2) for line in lines if line.startswith("large ")]
    out = tuple(Left(name, int(size) * 1024) for _, size, name in sized if size.isdigit())
    return Listing(files, tuple(links), out, able)


def _speakable(name: str) -> bool:
    """Leave out names that are no text, or that this system can't have."""
    bad = "\ufffd\n\r" + ('<>:"|?*\\' if os.name == "nt" else "")
    return not set(bad) & set(name) and not PurePosixPath(name).is_absolute() and ".." not in PurePosixPath(name).parts  # fmt: skip
