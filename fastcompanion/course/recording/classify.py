"""From several runs of an original to what is recorded of a section: how firm each value is. Pure.

A value that is the same with all seeds is exact; one that only other seeds change is seeded, with
the band they give; one that changes by itself is noisy. Of arrays that chance decides, the shape
alone is kept, as nothing random is compared by value.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any

from fastcompanion.base.records import frozen
from fastcompanion.course.recorded import agree
from fastcompanion.course.recorded.record import Better, RecordedOutcome, Stability, Where

Runs = Sequence[Mapping[str, Any]]
_LEFT_OUT = frozenset({"function", "class", "other", "text"})
_COARSE = 2  # significant digits of what changes by itself, so that records differ less


@frozen
class Facts:
    """What the code says of a section, without running it.

    `left_out` are names that are given or only count loops; `later` are read by later sections;
    `last_cells` are those whose results the section ends with; `better` maps a cell to the way its
    last line's metric is better.
    """

    left_out: frozenset[str] = frozenset()
    later: frozenset[str] = frozenset()
    last_cells: frozenset[int] = frozenset()
    better: Mapping[int, Better] = field(default_factory=dict)


def outcomes(runs: Runs, facts: Facts) -> tuple[RecordedOutcome, ...]:
    """Turn the observations of a section, the first two with the same seeds, into outcomes."""
    named = list(_named(runs, facts))
    known = [one.fingerprint for one in named]
    shown = [one for one in _shown(runs, facts) if one.fingerprint not in known]
    known += [one.fingerprint for one in shown]
    printed = [one for one in _printed(runs, facts) if not _is_known(one, known)]
    return (*named, *_once(shown), *_once(printed))


def _once(found: Iterable[RecordedOutcome]) -> list[RecordedOutcome]:
    """Keep the last of equal outcomes."""
    kept: list[RecordedOutcome] = []
    for one in found:
        kept = [other for other in kept if other.fingerprint != one.fingerprint]
        kept.append(one)
    return kept


def _is_known(one: RecordedOutcome, known: Collection[Any]) -> bool:
    """Is a printed number one that is kept already, to the digits that were printed?"""
    value = one.fingerprint.get("v")
    return any(
        fp["k"] == "number" and fp.get("v") is not None and agree.same_printed(fp["v"], value)
        for fp in known
        if isinstance(value, float)
    )


def _named(runs: Runs, facts: Facts) -> Iterable[RecordedOutcome]:
    for name in runs[0].get("values", {}):
        if name not in facts.left_out:
            found = [run["values"].get(name) for run in runs if "values" in run]
            made = _outcome(found, name, "name", 0, agree.direction(name))
            if made is not None:
                required = name in facts.later and made.kind != "group"
                yield _with_required(made, required=required)


def _shown(runs: Runs, facts: Facts) -> Iterable[RecordedOutcome]:
    told = [run.get("shown", ()) for run in runs]
    for place, (cell, _) in enumerate(told[0]):
        found = [one[place][1] if len(one) == len(told[0]) else None for one in told]
        better = facts.better.get(cell, "")
        made = _outcome(found, "", "shown", place, better)
        if made is not None:
            telling = made.kind == "number" and agree.telling(made.fingerprint)
            yield _with_required(made, required=cell in facts.last_cells and telling)


def _printed(runs: Runs, facts: Facts) -> Iterable[RecordedOutcome]:
    """Keep the last number that each cell prints: the ones before it are its way there."""
    told = [[one for one in run.get("printed", ()) if one[1]] for run in runs]
    for place, (cell, _) in enumerate(told[0]):
        last = [one[place][1][-1] if len(one) == len(told[0]) else None for one in told]
        found = [agree.number(value) if value is not None else None for value in last]
        made = _outcome(found, "", "printed", place, facts.better.get(cell, ""))
        if made is not None and agree.telling(made.fingerprint):
            yield _with_required(made, required=cell in facts.last_cells)


def _with_required(made: RecordedOutcome, *, required: bool) -> RecordedOutcome:
    return RecordedOutcome(**{**vars(made), "required": required})


def _outcome(
    found: Sequence[Mapping[str, Any] | None], name: str, where: Where, place: int, better: Better
) -> RecordedOutcome | None:
    """Classify one value by its fingerprints in all runs; None when there is nothing to keep."""
    first, again = found[0], found[1] if len(found) > 1 else found[0]
    if first is None or again is None or first["k"] in _LEFT_OUT:
        return None
    others = [one for one in found[2:] if one is not None]
    stability = stability_of(first, again, others)
    kind, fingerprint = str(first["k"]), first
    band = _band([again, *others] if stability == "noisy" else others, stability)
    if stability == "noisy" and kind != "number":
        stability = "shape"
    if stability == "seeded" and kind != "number" and _is_wide(band):
        stability = "shape"
    if stability in ("seeded", "noisy") and band is None:
        stability = "shape"
    if stability == "shape":
        band = None
    if kind == "number" and stability == "shape":
        return None
    if stability == "noisy":
        value, mean_and_deviation = first.get("v"), band or (0.0, 0.0)
        fingerprint = {**first, "v": _rounded(value, _COARSE)}
        band = _coarse(mean_and_deviation)
    if stability == "shape":
        fingerprint = _shape_only(first)
    return RecordedOutcome(
        name, where, kind, stability, fingerprint, place, band, better if kind == "number" else ""
    )


def stability_of(
    first: Mapping[str, Any], again: Mapping[str, Any], others: Iterable[Mapping[str, Any]]
) -> Stability:
    """Say how firm a value is: `again` had the same seeds as `first`, the others had not."""
    if not agree.same(first, again):
        return "noisy"
    return "exact" if all(agree.same(first, other) for other in others) else "seeded"


def _band(found: Iterable[Mapping[str, Any]], stability: Stability) -> tuple[float, float] | None:
    """Give mean and deviation of the numbers, or of the means of arrays; None where there are none."""
    values = [_center(one) for one in found if one["k"] in ("number", "array")]
    numbers = [float(value) for value in values if value is not None]
    if stability == "exact" or len(numbers) < 2 or len(numbers) < len(values):
        return None
    mean = math.fsum(numbers) / len(numbers)
    spread = math.fsum((number - mean) ** 2 for number in numbers) / (len(numbers) - 1)
    return _rounded(mean, 9), _rounded(math.sqrt(spread), 9)


def _center(one: Mapping[str, Any]) -> Any:
    value = one.get("v")
    return (
        value[0] if isinstance(value, list) and value else value if one["k"] == "number" else None
    )


def _is_wide(band: tuple[float, float] | None) -> bool:
    """Does the mean of an array change so much with the seeds that it says nothing?"""
    return band is None or band[1] > agree.WIDE * abs(band[0])


def _coarse(band: tuple[float, float]) -> tuple[float, float]:
    return _rounded(band[0], _COARSE), _rounded(band[1], _COARSE)


def _rounded(value: Any, digits: int) -> float:
    return float(f"{float(value or 0.0):.{digits}g}")


def _shape_only(fingerprint: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what chance does not change: kind, shape, and how many things of which kind."""
    kept = {
        key: value
        for key, value in fingerprint.items()
        if key in ("k", "shape", "d", "t", "n", "keys", "cls", "shapes", "m", "i")
    }
    if "items" in fingerprint:
        kept["items"] = [_shape_only(item) for item in fingerprint["items"]]
    if "cols" in fingerprint:
        kept["cols"] = [[name, None, 0] for name, *_ in fingerprint["cols"]]
    return kept
