"""Syncing a study or a project with its copy on a server: nothing outside of it, and nothing is lost.

Files of the target are replaced only if they are still what the last sync left. What was changed there
meanwhile is named and waits; with `force` it is replaced, and the replaced version is kept aside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from fastcompanion.base import clock, store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter, Task
from fastcompanion.server import carrying, comparing, listing
from fastcompanion.server.comparing import Conflict, Entry, Plan
from fastcompanion.server.connection import Connection
from fastcompanion.server.listing import NEVER, SECRETS, Left, Listing

Direction = Literal["push", "pull"]
VERSION = 1
#: large folders at the top, left out unless asked for; projects are repositories of their own
LARGE = ("data", "models", "projects")
THERE = "fastcompanion"


@frozen
class Synced:
    """What a sync did, or would do.

    `clashes` are files where the other side has a folder, or the other way round; `odd` are names that
    can't travel; `changed` are files that were changed or removed while they were carried.
    """

    name: str
    direction: Direction
    here: str
    there: str
    by: str
    sent: tuple[str, ...]
    bytes: int
    same: int
    conflicts: tuple[Conflict, ...]
    clashes: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    removable: tuple[str, ...]
    only_there: tuple[str, ...]
    links: tuple[str, ...]
    odd: tuple[str, ...]
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
    _may_travel(root, part)
    _is_alone(link.server.name, root)
    alone = base_file(link.server.name, root).with_suffix(".lock")
    busy = f"another sync of {root.name} with {link.server.name} is under way"
    with store.lock(alone, busy=busy, wait=1.0), link.shared():
        job = _Job(link, root, direction, part, everything, by)
        plan = job.plan()
        chosen = {*plan.send, *(one.path for one in plan.conflicts if force)}
        going = {path: job.source.files[path] for path in sorted(chosen)}
        replacing = bool(chosen - set(plan.send))
        removed: tuple[str, ...] = ()
        changed: tuple[str, ...] = ()
        if not dry_run:
            job.carry(going, replacing, reporter)
            held, changed = job.settle(going)
            if plan.removed and delete is not None and delete(plan.removed):
                removed = plan.removed
                job.take_away(removed)
            job.keep_base(plan, held, removed)
        return Synced(
            name=link.server.called,
            direction=direction,
            here=str(root),
            there=place(root),
            by=job.by,
            sent=tuple(going),
            bytes=sum(one.size for one in going.values()),
            same=plan.same,
            conflicts=() if force else plan.conflicts,
            clashes=plan.clashes,
            changed=changed,
            removed=removed,
            removable=plan.removed,
            only_there=plan.only_there,
            links=plan.links,
            odd=job.source.odd,
            left_out=job.source.left,
            kept=job.aside if replacing or removed else "",
            dry_run=dry_run,
        )


def _may_travel(root: Path, part: str) -> None:
    """Refuse a part that never travels, or that lies behind a link and so perhaps elsewhere."""
    if hidden := next((one for one in PurePosixPath(part).parts if listing.is_never(one)), None):
        message = f"{hidden} is never synced: it is a secret or each machine's own"
        raise CompanionError(message, code=Exit.USAGE)
    if (above := listing.link_above(root, part)) is not None:
        raise CompanionError(
            f"{above.relative_to(root).as_posix()} is a link, and links are not synced",
            hint=f"It leads to {above.resolve()}.",
            code=Exit.USAGE,
        )


def _is_alone(name: str, root: Path) -> None:
    """Refuse a folder whose place there is that of another one of the same name, as both would be mixed."""
    if base_file(name, root).exists():
        return
    others = (Path(str(_told(path)["root"])) for path in _base_files(name))
    same = (one for one in others if one.name == root.name and one.is_dir())
    if (other := next(same, None)) is not None and other.resolve() != root.resolve():
        raise CompanionError(
            f"~/{place(root)} on {name} is the copy of {other} already; both would be mixed there",
            hint="Give one of the two folders another name.",
            code=Exit.USAGE,
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
        self._left = () if everything else tuple(one for one in LARGE if not _inside(part, one))
        self.link, self.root, self.direction, self._part = link, root, direction, part
        self.here, self.there = listing.here(root, part, self._left), self._look()
        if direction == "pull" and not self.there.there:
            raise CompanionError(
                f"{link.server.name} has no {place(root)} yet",
                hint=f"fastcompanion server sync {link.server.called} push",
                code=Exit.NOT_SET_UP,
            )
        if part and not any((self.here.files, self.there.files, self.there.links)):
            message = f"there is nothing to sync in {part}, on neither side"
            raise CompanionError(message, code=Exit.USAGE)
        pushing = direction == "push"
        self.source = self.here if pushing else self.there
        self.target = self.there if pushing else self.here
        self.base = read_base(link.server.name, root)
        self.by = by or self._transport()
        self._still = True
        stamp = f"{clock.now():%Y%m%d-%H%M%S}"
        self._kept_here = workspace.servers_folder() / "replaced" / stamp / root.name
        self._kept_there = f"{THERE}/.replaced/{stamp}/{root.name}"
        self.aside = self._kept_there if pushing else str(self._kept_here)

    def _look(self) -> Listing:
        """List the side of the server."""
        never = (*NEVER, *SECRETS)
        return listing.there(
            self.link, place(self.root), part=self._part, never=never, left=self._left
        )

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
        source, target = self.source.files, self.target.files
        folders = self.target.folders
        plan = comparing.compare(source, target, base, links=links, folders=folders)
        alike = self._alike(tuple(one.path for one in plan.conflicts))
        # What differs in its time alone, as a clone of git does, gets the same time.
        return replace(
            plan,
            send=tuple(sorted({*plan.send, *alike})),
            conflicts=tuple(one for one in plan.conflicts if one.path not in alike),
        )

    def _alike(self, paths: tuple[str, ...]) -> frozenset[str]:
        """Give the files that hold the same on both sides, whatever their times say."""
        here, there = self.here.files, self.there.files
        maybe = [path for path in paths if here[path].size == there[path].size]
        if not maybe:
            return frozenset()
        told = carrying.sums(self.link, place(self.root), maybe)
        return frozenset(path for path in maybe if told.get(path) == _sum(self.root / path))

    def carry(self, going: Mapping[str, Entry], replacing: bool, reporter: Reporter) -> None:
        """Bring the files over."""
        if not going:
            return
        pushing, folder = self.direction == "push", place(self.root)
        label = f"{'To' if pushing else 'From'} {self.link.server.name}, by {self.by}"
        with reporter.task(label, sum(one.size for one in going.values())) as task:
            if self.by == "rsync":
                if pushing:
                    carrying.make_folder(self.link, folder)
                keep = f"../.replaced/{Path(self._kept_there).parent.name}/{self.root.name}"
                carrying.rsync(
                    self.link, self.root, folder, going, task=task,
                    towards="there" if pushing else "here",
                    keep="" if not replacing else keep if pushing else str(self._kept_here),
                )  # fmt: skip
            elif pushing:
                keep = self._kept_there if replacing else ""
                files = {path: self.root / path for path in going}
                carrying.push(self.link, folder, files, keep=keep, task=task)
            else:
                self._pull(going, replacing, task)

    def _pull(self, going: Mapping[str, Entry], replacing: bool, task: Task) -> None:
        def keep(target: Path) -> None:
            if replacing:
                store.copy(target, self._kept_here / target.relative_to(self.root))

        folder = place(self.root)
        _, self._still = carrying.pull(
            self.link, self.root, folder, tuple(going), replace=keep, task=task
        )

    def settle(self, going: Mapping[str, Entry]) -> tuple[dict[str, Entry], tuple[str, ...]]:
        """Give what the target holds of what went, and what changed at the source meanwhile."""
        here = {path: listing.entry(self.root / path) for path in going}
        moved = {path for path, told in going.items() if not _is(here[path], told)}
        if not moved and self._still:
            return dict(going), ()
        now = self._look().files
        if self.direction == "push":
            held = {path: now.get(path) if path in moved else going[path] for path in going}
        else:
            moved = {one for one in going if here[one] is None or not _is(here[one], now.get(one))}
            held = here
        if lost := [one for one in going if held[one] is None and now.get(one) is not None]:
            raise CompanionError(
                f"{len(lost)} of {len(going)} files did not come: {', '.join(lost[:3])}",
                hint="The same command looks again.",
            )
        return {path: one for path, one in held.items() if one is not None}, tuple(sorted(moved))

    def take_away(self, paths: tuple[str, ...]) -> None:
        """Put aside what the other side has removed."""
        if self.direction == "push":
            carrying.put_aside(self.link, place(self.root), paths, self._kept_there)
            return
        for path in paths:
            store.copy(self.root / path, self._kept_here / path)
            store.remove(self.root / path)

    def keep_base(self, plan: Plan, held: Mapping[str, Entry], removed: tuple[str, ...]) -> None:
        """Remember what both sides have in common now."""
        known = comparing.agreed(
            plan, self.source.files, self.target.files, self.base, held, removed
        )
        rows = {path: [one.size, one.modified] for path, one in sorted(known.items())}
        told = {"version": VERSION, "root": str(self.root), "files": rows}
        store.write_json(base_file(self.link.server.name, self.root), told)


def _is(one: Entry | None, other: Entry | None) -> bool:
    return one == other if one is None or other is None else comparing.alike(one, other)


def _sum(path: Path) -> str:
    """Give the SHA-256 of a file; one that can't be read is like no other."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


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
    told = _told(path)
    return {one: Entry(int(size), float(at)) for one, (size, at) in told["files"].items()}


def _told(path: Path) -> dict[str, Any]:
    return store.check_version(store.read_json(path), path, current=VERSION)


def bases(name: str) -> Iterator[tuple[str, Mapping[str, Entry]]]:
    """Give each folder of a server that was ever synced, and what both sides had in common in it."""
    for path in _base_files(name):
        root = Path(str(_told(path)["root"]))
        yield place(root), read_base(name, root)


def forget(name: str) -> None:
    """Forget what was in common with a server that is gone: another of its name has nothing of it."""
    for path in _base_files(name):
        store.remove(path)


def _base_files(name: str) -> tuple[Path, ...]:
    return tuple(sorted((workspace.servers_folder() / "sync").glob(f"{name}-{'?' * 16}.json")))
