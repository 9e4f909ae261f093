"""The rows that a split sets aside: made once from a rule, written as a list of ids, never made anew silently.

A split is two files: `splits.csv` with `id` and `part`, and `splits.json` that says how it was made. Parts
are "0" to "4" for five folds, "train" and "valid" for one block, and "final" for what is opened once.
The same ids, rule and seed give the same parts, in whatever order the rows stand.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fastcompanion.base import clock, store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.data import names
from fastcompanion.data.dataset import SplitRule

VERSION = 1
TABLE, ABOUT = "splits.csv", "splits.json"
FINAL, TRAIN, VALID = "final", "train", "valid"
_VALID_WORDS = frozenset(("true", "1", "1.0", "yes", "valid", "val", "validation", "dev", "test"))


@frozen
class Rows:
    """What rules need to know of rows: columns of equal length, empty where a rule does not need them."""

    ids: tuple[str, ...]
    classes: tuple[str, ...] = ()
    numbers: tuple[float | None, ...] = ()
    groups: tuple[str, ...] = ()
    moments: tuple[float | None, ...] = ()
    given: tuple[str, ...] = ()


@frozen
class Split:
    """A split as written: the part of each id, and how it was made; `digest` names it in runs."""

    rule: SplitRule
    seed: int
    parts: Mapping[str, str]
    final: float = 0.0

    @property
    def digest(self) -> str:
        """Give the SHA-256 of ids and parts."""
        return hashlib.sha256(to_text(self.parts).encode()).hexdigest()

    @property
    def folds(self) -> tuple[str, ...]:
        """Name the parts that are validated on, in order."""
        found = set(self.parts.values()) - {FINAL, TRAIN}
        return tuple(sorted(found, key=lambda part: (len(part), part)))

    def of(self, part: str) -> tuple[str, ...]:
        """Give the ids of a part, in the order in which they were written."""
        return tuple(one for one, other in self.parts.items() if other == part)

    def trained_on(self, fold: str) -> tuple[str, ...]:
        """Give the ids that a model learns from when it is validated on a fold; of a series those that lie before it."""
        later = self.folds[self.folds.index(fold) :] if self.rule.rule == "time" else (fold,)
        left = {*later, FINAL}
        return tuple(one for one, part in self.parts.items() if part not in left)


def make(rule: SplitRule, rows: Rows, *, seed: int = 42, final: float = 0.0) -> Split:
    """Assign every row to a part; `final` is the share locked away first, by the same rule."""
    _check(rule, rows)
    order = sorted(range(len(rows.ids)), key=lambda row: rows.ids[row])
    locked = set(_locked(rule, rows, order, seed, final))
    rest = [row for row in order if row not in locked]
    told = _RULES[rule.rule](rule, rows, rest, seed)
    parts = dict.fromkeys(locked, FINAL) | told
    return Split(rule, seed, {rows.ids[row]: parts[row] for row in range(len(rows.ids))}, final)


def _check(rule: SplitRule, rows: Rows) -> None:
    if len(set(rows.ids)) != len(rows.ids):
        twice = Counter(rows.ids).most_common(1)[0][0]
        raise CompanionError(
            f"the id {twice!r} stands there twice: a split needs an id for each row"
        )
    if len(rows.ids) < 2:
        raise CompanionError("there are too few rows to set some aside")
    needed = {"group": rows.groups, "time": rows.moments, "given": rows.given}
    if rule.rule in needed and not needed[rule.rule]:
        raise CompanionError(f"a split by {rule.rule} needs a column for it")


def _locked(
    rule: SplitRule, rows: Rows, order: Sequence[int], seed: int, share: float
) -> list[int]:
    if share <= 0:
        return []
    if rule.rule == "time":
        return _latest(rows, order, share)
    folds = max(2, round(1 / share))
    dealt = _dealt(rule, rows, order, seed + 1, folds)
    return [row for row, fold in dealt.items() if fold == 0]


def _dealt(
    rule: SplitRule, rows: Rows, order: Sequence[int], seed: int, folds: int
) -> dict[int, int]:
    if rule.rule == "group" or (rows.groups and rule.rule == "given"):
        return _by_group(rows, order, seed, folds)
    stratified = rule.rule in ("stratified", "given")
    return _evenly(rows, order, seed, folds) if stratified else _at_random(order, seed, folds)


def _named(rule: SplitRule, dealt: Mapping[int, int]) -> dict[int, str]:
    """Name folds by number; of a single block the first fold is the one to validate on."""
    if rule.folds > 1:
        return {row: str(fold) for row, fold in dealt.items()}
    return {row: VALID if fold == 0 else TRAIN for row, fold in dealt.items()}


def _shuffled(rule: SplitRule, rows: Rows, order: Sequence[int], seed: int) -> dict[int, str]:
    folds = rule.folds if rule.folds > 1 else max(2, round(1 / rule.share))
    return _named(rule, _dealt(rule, rows, order, seed, folds))


def _at_random(order: Sequence[int], seed: int, folds: int) -> dict[int, int]:
    mixed = list(order)
    clock.rng(seed).shuffle(mixed)
    return {row: number % folds for number, row in enumerate(mixed)}


def _evenly(rows: Rows, order: Sequence[int], seed: int, folds: int) -> dict[int, int]:
    """Deal the rows of each class, or neighbours in value, to the folds in turn."""
    chance = clock.rng(seed)
    mixed = list(order)
    chance.shuffle(mixed)
    if rows.classes:
        sizes = Counter(rows.classes)
        mixed.sort(key=lambda row: (-sizes[rows.classes[row]], rows.classes[row]))
    elif rows.numbers:
        mixed.sort(key=lambda row: _value(rows.numbers[row]))
    dealt: dict[int, int] = {}
    for start in range(0, len(mixed), folds):
        block = mixed[start : start + folds]
        turn = list(range(folds))
        if not rows.classes:
            chance.shuffle(turn)
        dealt.update(zip(block, turn, strict=False))
    return dealt


def _value(number: float | None) -> float:
    return -math.inf if number is None or math.isnan(number) else number


def _by_group(rows: Rows, order: Sequence[int], seed: int, folds: int) -> dict[int, int]:
    """Give whole groups to the fold with the fewest rows, the large ones first."""
    members: dict[str, list[int]] = defaultdict(list)
    for row in order:
        members[rows.groups[row]].append(row)
    names = sorted(members)
    if len(names) < folds:
        raise CompanionError(
            f"{len(names)} groups can't be split into {folds} parts", hint="Choose another rule."
        )
    clock.rng(seed).shuffle(names)
    names.sort(key=lambda name: -len(members[name]))
    sizes = [0] * folds
    dealt = {}
    for name in names:
        fold = sizes.index(min(sizes))
        sizes[fold] += len(members[name])
        dealt.update(dict.fromkeys(members[name], fold))
    return dealt


def _by_time(rule: SplitRule, rows: Rows, order: Sequence[int], seed: int) -> dict[int, str]:
    """Validate on the last block, or on its parts one after the other (rolling origin).

    Rows of one moment are together; those without one are learned from.
    """
    del seed
    last = _latest(rows, order, rule.share)
    if rule.folds == 1:
        return dict.fromkeys(order, TRAIN) | dict.fromkeys(last, VALID)
    times = sorted({_value(rows.moments[row]) for row in last})
    block = {time: str(place * rule.folds // len(times)) for place, time in enumerate(times)}
    return dict.fromkeys(order, TRAIN) | {row: block[_value(rows.moments[row])] for row in last}


def _latest(rows: Rows, order: Sequence[int], share: float) -> list[int]:
    dated = [row for row in order if rows.moments[row] is not None]
    dated.sort(key=lambda row: _value(rows.moments[row]))
    if not dated:
        raise CompanionError("no row has a time to split by")
    edge = rows.moments[dated[max(1, math.floor(len(dated) * (1 - share) + 0.5)) - 1]]
    found = [row for row in dated if _value(rows.moments[row]) > _value(edge)]
    if not found:
        raise CompanionError("all rows are of the same time, so none of them comes later")
    return found


def _as_given(rule: SplitRule, rows: Rows, order: Sequence[int], seed: int) -> dict[int, str]:
    del seed
    if rule.folds > 1:
        places = {
            name: str(number) for number, name in enumerate(sorted(set(rows.given), key=_natural))
        }
        return {row: places[rows.given[row]] for row in order}
    return {row: VALID if _is_valid(rows.given[row]) else TRAIN for row in order}


def _is_valid(cell: str) -> bool:
    return cell.strip().lower() in _VALID_WORDS or names.part(cell) in ("valid", "test")


def _natural(text: str) -> tuple[int, str]:
    return len(text), text


_RULES: dict[str, Callable[[SplitRule, Rows, Sequence[int], int], dict[int, str]]] = {
    "random": _shuffled,
    "stratified": _shuffled,
    "group": _shuffled,
    "time": _by_time,
    "given": _as_given,
}


def to_text(parts: Mapping[str, str]) -> str:
    """Write ids and parts as CSV."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(["id", "part"])
    writer.writerows(parts.items())
    return made.getvalue()


def write(folder: Path, split: Split) -> None:
    """Write a split; one that is there already and another one is never overwritten."""
    if (folder / TABLE).exists() and read(folder).digest != split.digest:
        raise CompanionError(
            "holds another split, and scores on it would no longer compare",
            hint="Keep it, or move it away if you want to begin anew.",
            file=folder / TABLE,
        )
    rule = {name: getattr(split.rule, name) for name in SplitRule.__dataclass_fields__}
    about = {"version": VERSION, "rule": rule, "seed": split.seed, "final": split.final}
    store.write_text(folder / TABLE, to_text(split.parts))
    store.write_json(folder / ABOUT, {**about, "rows": len(split.parts), "sha256": split.digest})


def read(folder: Path) -> Split:
    """Read a split; ids that were changed by hand are refused, as old scores are of other rows."""
    path = folder / ABOUT
    about = store.check_version(store.read_json(path), path, current=VERSION)
    parts = _parts(folder / TABLE)
    try:
        split = Split(SplitRule(**about["rule"]), about["seed"], parts, about["final"])
    except (KeyError, TypeError) as error:
        raise CompanionError(f"does not describe a split: {error}", file=path) from None
    if split.digest != about.get("sha256"):
        raise CompanionError(
            "is not the list that was written with this split",
            hint="Take both files from git, or move them away to begin anew.",
            file=folder / TABLE,
        )
    return split


def _parts(path: Path) -> dict[str, str]:
    rows: list[list[str]] = list(csv.reader(io.StringIO(store.read_text(path), newline="")))
    if not rows or rows[0] != ["id", "part"]:
        raise CompanionError("does not begin with id,part", file=path, line=1)
    parts: dict[str, str] = {}
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != 2 or row[0] in parts:
            raise CompanionError("is not one new id and its part", file=path, line=number)
        parts[row[0]] = row[1]
    return parts


def changed(split: Split, ids: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Say which ids are new since the split was written, and which have gone."""
    there = set(ids)
    return tuple(one for one in ids if one not in split.parts), tuple(
        one for one in split.parts if one not in there
    )


def lacking(split: Split, classes: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Name for each part the classes that have no row in it."""
    every = set(classes.values())
    there: dict[str, set[Any]] = {part: set() for part in split.parts.values()}
    for one, part in split.parts.items():
        there[part].add(classes.get(one))
    return {part: tuple(sorted(every - found)) for part, found in there.items() if every - found}
