"""Which columns of a table are not the recorded ones, in words that give no answer away. Pure."""

from __future__ import annotations

from fastcompanion.course.recorded import agree
from fastcompanion.course.recorded.record import Fingerprint

_NAMED = 3
Column = tuple[float | None, int]


def apart(expected: Fingerprint, found: Fingerprint) -> str:
    """Say how many columns of a table are as recorded, and by what the others can be found.

    "" when they are not tables of the same shape, or when no column stands out.
    """
    if expected["k"] != "frame" or found["k"] != "frame" or expected["shape"] != found["shape"]:
        return ""
    wanted = _columns(expected)
    strange: list[Column] = []
    for column in _columns(found):
        match = next((one for one in wanted if _near(one, column)), None)
        if match is None:
            strange.append(column)
        else:
            wanted.remove(match)
    total = len(found.get("cols", ()))
    if not strange or len(strange) == total:
        return ""
    described = [_described(one) for one in strange[:_NAMED]]
    more = f" and {len(strange) - _NAMED} more" if len(strange) > _NAMED else ""
    have = "one is" if len(strange) == 1 else f"{len(strange)} are"
    return f"{total - len(strange)} of its {total} columns are right, {have} not: {', '.join(described)}{more}"


def _columns(one: Fingerprint) -> list[Column]:
    return [(row[1], row[2]) for row in one.get("cols", ())]


def _near(one: Column, other: Column) -> bool:
    mine, own = ({"k": "number", "v": mean, "i": False} for mean, _ in (one, other))
    return one[1] == other[1] and agree.same(mine, own)


def _described(one: Column) -> str:
    mean, gaps = one
    kind = "one without numbers" if mean is None else f"one whose mean is {mean:.4g}"
    return f"{kind} and {gaps} values missing" if gaps else kind
