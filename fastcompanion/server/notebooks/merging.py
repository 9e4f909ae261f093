"""A notebook that was changed here and there: put together cell by cell, or left apart.

Pure functions over notebooks as plain dicts. A cell is known by its id; where another server has
dropped the ids, by its text and its place between cells that are known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from fastcompanion.base.records import frozen
from fastcompanion.server.notebooks import travel

_Cell = Mapping[str, Any]


@frozen
class Clash:
    """A cell that both sides changed, each in another way; `cell` counts from 1 in the learner's."""

    cell: int
    mine: str
    theirs: str


@frozen
class Merged:
    """Both sides in one, unless there are clashes; `taken` counts the cells that came from there."""

    cells: tuple[dict[str, Any], ...]
    taken: int
    clashes: tuple[Clash, ...] = ()


def restored(theirs: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """Give cells that came back their ids and marks again, which some servers drop."""
    old = list(base["cells"])
    cells = travel.cleaned(theirs["cells"])
    pairs = _pairs([*theirs["cells"]], old)
    taken = {str(old[i]["id"]) for i in pairs.values()}
    made: list[dict[str, Any]] = []
    for index, cell in enumerate(cells):
        if index in pairs:
            known = old[pairs[index]]
            made.append({**cell, "id": known["id"], "metadata": dict(known["metadata"])})
        else:
            own = str(cell["id"])
            made.append({**cell, "id": own if own not in taken else f"{own}-there"[:64]})
    return {**theirs, "cells": made}


def _pairs(theirs: Sequence[_Cell], base: Sequence[_Cell]) -> dict[int, int]:
    """Say which cell of the base each cell is: by id, by Colab's id, by text, by place."""
    by_id = {str(one["id"]): i for i, one in enumerate(base)}
    pairs: dict[int, int] = {}
    for index, cell in enumerate(theirs):
        for name in (cell.get("id"), cell["metadata"].get("id")):
            place = by_id.get(str(name))
            if place is not None and place not in pairs.values():
                pairs[index] = place
                break
    _pair_the_rest(theirs, base, pairs)
    return pairs


def _pair_the_rest(theirs: Sequence[_Cell], base: Sequence[_Cell], pairs: dict[int, int]) -> None:
    left = [i for i in range(len(theirs)) if i not in pairs]
    open_ = [i for i in range(len(base)) if i not in set(pairs.values())]
    one, other = [_key(theirs[i]) for i in left], [_key(base[i]) for i in open_]
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag in ("equal", "replace"):
            # Of a part that was written anew the first cells are those that were there before.
            both = zip(left[a:b], open_[c:d], strict=False)
            pairs.update((i, j) for i, j in both if _type(theirs[i]) == _type(base[j]))


def _type(cell: _Cell) -> str:
    return str(cell["cell_type"])


def alike(one: Sequence[_Cell], other: Sequence[_Cell]) -> bool:
    """Tell whether two notebooks hold the same texts in the same cells."""
    return [(c["id"], _key(c)) for c in one] == [(c["id"], _key(c)) for c in other]


def _key(cell: _Cell) -> tuple[str, str]:
    return str(cell["cell_type"]), str(cell["source"]).strip()


def marks(cells: Sequence[_Cell]) -> frozenset[str]:
    """Give a mark of each cell with its text, by which it is known when it comes again."""
    return frozenset(_mark(one) for one in cells)


def _mark(cell: _Cell) -> str:
    text = "\0".join((str(cell["id"]), *_key(cell)))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def merge(
    base: Mapping[str, Any] | None,
    mine: Mapping[str, Any],
    theirs: Mapping[str, Any],
    came: Collection[str] = (),
) -> Merged:
    """Put the changes of both sides together; without a base, what differs is a clash.

    `came` are the marks of what has come home before, in whichever order: it is no news, and who has it
    unchanged here has changed nothing.
    """
    old = {str(one["id"]): one for one in (base or {"cells": []})["cells"]}
    own = {str(one["id"]): one for one in mine["cells"]}
    other = {str(one["id"]): one for one in theirs["cells"]}
    before = frozenset(came) | marks(list(old.values()))
    cells: list[dict[str, Any]] = []
    clashes: list[Clash] = []
    taken = 0
    for place, cell in enumerate(mine["cells"], start=1):
        name = str(cell["id"])
        state, merged = _one(old.get(name), before, cell, other.get(name))
        if state == "clash":
            clashes.append(Clash(place, str(cell["source"]), str(other[name]["source"])))
        if merged is not None:
            cells.append(merged)
        taken += state == "theirs"
    for cell in theirs["cells"]:
        name = str(cell["id"])
        if name not in own and _mark(cell) not in before:
            cells.insert(_after(name, theirs["cells"], cells), dict(cell))
            taken += 1
    return Merged(tuple(cells), taken, tuple(clashes))


def _one(
    old: _Cell | None, before: Collection[str], mine: _Cell, theirs: _Cell | None
) -> tuple[str, dict[str, Any] | None]:
    """Decide on one cell that is here: which side it is taken from, None where it goes.

    A file that came late lacks what is new since then: only what set out can go.
    """
    if theirs is None:
        gone = old is not None and _key(old) == _key(mine)
        return ("theirs", None) if gone else ("mine", dict(mine))
    if _key(mine) == _key(theirs):
        return "same", {**mine, **_outputs(mine, theirs)}
    if _mark(theirs) in before:
        return "mine", dict(mine)
    if _mark(mine) in before:
        return "theirs", {**theirs, "metadata": mine["metadata"]}
    return "clash", dict(mine)


def _outputs(mine: _Cell, theirs: _Cell) -> dict[str, Any]:
    """Take what the run over there put out, where it ran there."""
    if theirs.get("outputs") or (theirs.get("execution_count") and not mine.get("outputs")):
        return {"outputs": theirs["outputs"], "execution_count": theirs.get("execution_count")}
    return {}


def _after(name: str, theirs: Sequence[_Cell], cells: Sequence[_Cell]) -> int:
    """Say where a new cell of theirs belongs: behind the cell that it stands behind there."""
    order = [str(one["id"]) for one in theirs]
    here = {str(one["id"]): i for i, one in enumerate(cells)}
    for before in reversed(order[: order.index(name)]):
        if before in here:
            return here[before] + 1
    return 0
