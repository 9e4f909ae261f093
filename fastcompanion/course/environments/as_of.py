"""The packages of a day: what was newest then, for a Python of then or for the one that is here.

A date alone is a trap: where a package had no wheel for our Python yet, a resolver goes back to
an ancient release that asks for nothing, and calls it success. So each imported package's newest
release of that day, whatever the Python, is the floor for every resolution here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.course.environments.imports import Needs, normalised
from fastcompanion.course.environments.uv import Lock, UnresolvableError, Uv, Wanted

# When each Python came out; the schedule of later ones is one each October.
PYTHON_RELEASES = {
    "3.7": date(2018, 6, 27),
    "3.8": date(2019, 10, 14),
    "3.9": date(2020, 10, 5),
    "3.10": date(2021, 10, 4),
    "3.11": date(2022, 10, 24),
    "3.12": date(2023, 10, 2),
    "3.13": date(2024, 10, 7),
    "3.14": date(2025, 10, 7),
}
_PYTHONS_TRIED = 4
_WEEKS = 26
_MONTHS_OLD = timedelta(days=540)
Depth = Literal["release", "minor", "major"]
_DEPTHS: tuple[Depth, ...] = ("release", "minor", "major")


@frozen
class Dated:
    """A resolution for a day.

    `cutoff` is the general upload limit: later than the day when this Python had no wheels yet;
    `pinned` packages keep the day's limit even then.
    """

    lock: Lock
    python: str
    requirements: tuple[str, ...]
    cutoff: str
    pinned: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@frozen
class Day:
    """A day's newest releases by name: `versions` of what is needed, `optional` and `implied`."""

    limit: str
    versions: Mapping[str, str]
    uploaded: Mapping[str, str]
    missing: tuple[str, ...] = ()


def end_of(day: date) -> str:
    """Give the upload limit that includes a whole day (in UTC)."""
    following = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    return following.strftime("%Y-%m-%dT%H:%M:%SZ")


def day_of(newest: Day) -> date:
    """Give the day whose upload limit a lookup had."""
    return (datetime.fromisoformat(newest.limit) - timedelta(days=1)).date()


def pythons_of(day: date) -> tuple[str, ...]:
    """Give the Pythons in use on a day, newest first."""
    known = [version for version, released in PYTHON_RELEASES.items() if released <= day]
    return tuple(reversed(known))[:_PYTHONS_TRIED] or ("3.7",)


def newest_of(uv: Uv, names: Sequence[str], day: date, reporter: Reporter) -> Day:
    """Find the newest release of each package on a day, for whichever Python of the day.

    Dependencies are left out: they are what drags a resolver back to ancient releases.
    """
    limit = end_of(day)
    versions: dict[str, str] = {}
    uploaded: dict[str, str] = {}
    pythons = pythons_of(day)
    with reporter.task(f"Looking up the releases of {day}", total=len(pythons)) as task:
        for python in pythons:
            task.advance(0, f"Python {python}")
            for lock in _each(uv, names, python, limit):
                for package in lock.packages:
                    if _newer(package.version, versions.get(package.name, "")):
                        versions[package.name] = package.version
                        uploaded[package.name] = package.uploaded
            task.advance()
    missing = tuple(name for name in names if bare(name) not in versions)
    return Day(limit, versions, uploaded, missing)


def _each(uv: Uv, names: Sequence[str], python: str, limit: str) -> Iterator[Lock]:
    """Resolve names without dependencies: all in one call, one by one when some have no release."""
    try:
        yield uv.resolve(_alone(names, python, limit))
    except UnresolvableError:
        if len(names) <= 1:
            return
        half = len(names) // 2
        yield from _each(uv, names[:half], python, limit)
        yield from _each(uv, names[half:], python, limit)


def _alone(names: Sequence[str], python: str, limit: str) -> Wanted:
    return Wanted(tuple(names), python, limit, only_wheels=True, dependencies=False)


def resolve(
    uv: Uv, needs: Needs, day: date, pythons: Sequence[str], own: str, reporter: Reporter
) -> Dated:
    """Resolve for a day: exactly, for one of `pythons` (in this order), else for `own` near it."""
    newest = newest_of(uv, (*needs.needed, *needs.optional, *needs.implied), day, reporter)
    notes = _missing_notes(needs, newest, day)
    wanted = [name for name in needs.needed if name not in newest.missing]
    optional = [name for name in needs.optional if name not in newest.missing]
    _need_something(wanted, day)
    exact = _exactly(uv, wanted, newest, pythons, reporter)
    found = exact or _near(uv, wanted, needs.implied, newest, day, own, reporter)
    return _with_optional(uv, found, optional, newest, notes)


def _need_something(wanted: Sequence[str], day: date) -> None:
    if not wanted or [bare(name) for name in wanted] == ["ipykernel"]:
        raise CompanionError(
            f"the package index knows no release of {day} of anything that is needed",
            hint="The index may tell no upload dates: see what uv's settings name as index.",
            code=Exit.MISSING,
        )


def _missing_notes(needs: Needs, newest: Day, day: date) -> tuple[str, ...]:
    lost = [name for name in needs.needed if name in newest.missing]
    return (f"no release by {day}: {', '.join(lost)} (left out)",) if lost else ()


def _exactly(
    uv: Uv, wanted: Sequence[str], newest: Day, pythons: Sequence[str], reporter: Reporter
) -> Dated | None:
    with reporter.task(f"Resolving for {newest.limit[:10]}", len(pythons)) as task:
        for depth in _DEPTHS:
            floors = _floors(wanted, newest, depth)
            for python in pythons:
                task.advance(0, f"Python {python}")
                lock = _try(uv, Wanted(floors, python, newest.limit, only_wheels=True))
                if lock is not None and not ancient(lock, newest, wanted):
                    return Dated(lock, python, floors, newest.limit)
    return None


def _near(
    uv: Uv,
    wanted: Sequence[str],
    implied: Sequence[str],
    newest: Day,
    day: date,
    own: str,
    reporter: Reporter,
) -> Dated:
    """Keep this Python: the day's versions as floors, the limit moved on until all have wheels."""
    floors = _floors(wanted, newest, "release")
    with reporter.task(f"Moving on from {day} for Python {own}", _WEEKS) as task:
        for week in range(_WEEKS + 1):
            limit = end_of(day + timedelta(weeks=week))
            task.advance(min(week, 1), limit[:10])
            lock = _try(uv, Wanted(floors, own, limit, only_wheels=True))
            if lock is not None and not ancient(lock, newest, wanted):
                dated = Dated(lock, own, floors, limit)
                return _pinned(uv, dated, (*wanted, *implied), newest)
    raise CompanionError(
        f"no releases within {_WEEKS} weeks of {day} fit Python {own} together",
        hint="Ask for the Python of the day, e.g. --python " + pythons_of(day)[0],
        code=Exit.MISSING,
    )


def _pinned(uv: Uv, dated: Dated, names: Sequence[str], newest: Day) -> Dated:
    """Hold each package that can be held at the day's limit there, one after another."""
    moved = [bare(n) for n in names if _differs(dated.lock, newest, bare(n))]
    held: dict[str, str] = {}
    for name in dict.fromkeys(moved):
        attempt = {**held, name: newest.limit}
        lock = _try(
            uv, Wanted(dated.requirements, dated.python, dated.cutoff, attempt, only_wheels=True)
        )
        if lock is not None and not ancient(lock, newest, names):
            held = attempt
            dated = Dated(lock, dated.python, dated.requirements, dated.cutoff, tuple(held))
    return dated


def _differs(lock: Lock, newest: Day, name: str) -> bool:
    package = lock.get(name)
    return package is not None and package.version != newest.versions.get(name, package.version)


def _with_optional(
    uv: Uv, dated: Dated, optional: Sequence[str], newest: Day, notes: tuple[str, ...]
) -> Dated:
    """Add what the notebook may need where it fits; leave out and tell what does not."""
    left_out: list[str] = []
    limits = dict.fromkeys(dated.pinned, newest.limit)
    for name in optional:
        if dated.lock.get(bare(name)) is not None:
            continue
        more = (*dated.requirements, *_floors([name], newest, "release"))
        lock = _try(uv, Wanted(more, dated.python, dated.cutoff, limits, only_wheels=True))
        if lock is None:
            left_out.append(name)
        else:
            dated = Dated(lock, dated.python, more, dated.cutoff, dated.pinned)
    said = (f"left out, as they don't fit: {', '.join(left_out)}",) if left_out else ()
    return Dated(
        dated.lock, dated.python, dated.requirements, dated.cutoff, dated.pinned, notes + said
    )


def _try(uv: Uv, wanted: Wanted) -> Lock | None:
    try:
        return uv.resolve(wanted)
    except UnresolvableError:
        return None


def _floors(names: Sequence[str], newest: Day, depth: Depth) -> tuple[str, ...]:
    return tuple(_floor(name, newest.versions.get(bare(name), ""), depth) for name in names)


def _floor(requirement: str, version: str, depth: Depth) -> str:
    if not version or re.search(r"[<>=~!@ ]", requirement):
        return requirement
    parts = numbers(version)
    if depth == "release":
        return f"{requirement}>={version}"
    return f"{requirement}>={'.'.join(str(n) for n in parts[: 2 if depth == 'minor' else 1])}"


def ancient(lock: Lock, newest: Day, names: Sequence[str]) -> tuple[str, ...]:
    """Name the wanted packages that a resolution dragged back by more than 18 months."""
    return tuple(name for name in map(bare, names) if _is_ancient(lock, newest, name))


def _is_ancient(lock: Lock, newest: Day, name: str) -> bool:
    package = lock.get(name)
    told = newest.uploaded.get(name, "")
    if package is None or not package.uploaded or not told:
        return False
    return _moment(package.uploaded) < _moment(told) - _MONTHS_OLD


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def bare(requirement: str) -> str:
    """Give the normalised name of a requirement."""
    return normalised(re.split(r"[\[<>=~!@; ]", requirement.strip(), maxsplit=1)[0])


def numbers(version: str) -> tuple[int, ...]:
    """Give the numbers of a version's release part: (2, 0, 1) of "2.0.1+cpu"."""
    release = re.match(r"(?:\d+!)?(\d+(?:\.\d+)*)", version)
    return tuple(int(part) for part in release[1].split(".")) if release else ()


def _newer(version: str, than: str) -> bool:
    return not than or numbers(version) > numbers(than)
