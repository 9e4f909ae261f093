"""What a sync would do, from the lists of both sides and of what they agreed on last. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import PurePosixPath

from fastcompanion.base.records import frozen

# Clocks of files: some systems keep whole seconds, the others far less than this.
_COARSE, _FINE = 1.0, 0.002


@frozen
class Entry:
    """A file of one side: its bytes, and when it was changed in seconds since 1970."""

    size: int
    modified: float


@frozen
class Conflict:
    """A file that differs on the target in a way that nobody may decide but the learner.

    `newer` is the side whose version is newer. `both` says that both were changed since the last sync.
    """

    path: str
    newer: str
    both: bool


@frozen
class Plan:
    """What goes over, what waits for the learner, what would be removed, and what stays.

    `clashes` are files of the source where the target has a folder, or a file in place of one of theirs.
    """

    send: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    clashes: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    same: int = 0
    only_there: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


def alike(one: Entry, other: Entry) -> bool:
    """Say whether two entries are the same file as far as size and time tell."""
    coarse = one.modified == int(one.modified) or other.modified == int(other.modified)
    near = abs(one.modified - other.modified) <= (_COARSE if coarse else _FINE)
    return one.size == other.size and near


def compare(
    source: Mapping[str, Entry],
    target: Mapping[str, Entry],
    base: Mapping[str, Entry],
    *,
    links: Collection[str] = (),
    folders: Collection[str] = (),
) -> Plan:
    """Plan to bring the source's files to the target; `base` is what both had after the last sync.

    Nothing that only the target has is overwritten or removed: a file there is replaced only if it is
    still what the last sync left, and is removed only if it is that and the source removed it.
    `folders` are those of the target.
    """
    send: list[str] = []
    conflicts: list[Conflict] = []
    same = 0
    behind = tuple(sorted(path for path in source if _below(path, links)))
    clashes = _clashing(set(source) - set(behind), target, frozenset(folders))
    for path in sorted(set(source) - set(behind) - set(clashes)):
        here, there, known = source[path], target.get(path), base.get(path)
        if there is None or (known is not None and alike(there, known) and not alike(here, there)):
            send.append(path)
        elif alike(here, there):
            same += 1
        else:
            both = known is None or not alike(here, known)
            newer = "source" if here.modified > there.modified else "target"
            conflicts.append(Conflict(path, newer, both))
    gone = sorted(path for path in set(target) - set(source) if not _below(path, links))
    removed = tuple(path for path in gone if path in base and alike(target[path], base[path]))
    only = tuple(path for path in gone if path not in removed)
    return Plan(tuple(send), tuple(conflicts), clashes, removed, same, only, behind)


def _clashing(
    source: Collection[str], target: Collection[str], folders: Collection[str]
) -> tuple[str, ...]:
    """Give the files that could only be put in place by removing something else."""
    blocked = (path for path in source if path in folders or _above(path, target))
    return tuple(sorted(blocked))


def _above(path: str, files: Collection[str]) -> bool:
    return any(str(one) in files for one in PurePosixPath(path).parents)


def _below(path: str, links: Collection[str]) -> bool:
    """Say whether a file lies behind a link, which may lead out of the folder."""
    parts = PurePosixPath(path)
    return any(str(one) in links for one in (parts, *parts.parents))


def agreed(
    plan: Plan,
    source: Mapping[str, Entry],
    target: Mapping[str, Entry],
    base: Mapping[str, Entry],
    sent: Mapping[str, Entry],
    removed: Collection[str],
) -> dict[str, Entry]:
    """Give what both sides have in common after a sync; what was not looked at stays as it was.

    `sent` is what the target holds now of what went.
    """
    known = {path: entry for path, entry in base.items() if path not in removed}
    waiting = {one.path for one in plan.conflicts}
    for path, entry in source.items():
        there = target.get(path)
        if path in sent:
            known[path] = sent[path]
        elif there is not None and path not in waiting and alike(entry, there):
            known[path] = entry
    return known
