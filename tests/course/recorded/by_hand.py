"""Fingerprints, records and observations written by hand, in the formats of the recorder."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fastcompanion.course.recorded.record import (
    Better,
    Case,
    KnownMistake,
    RecordedFunction,
    RecordedOutcome,
    RecordedSection,
    Stability,
    Strength,
    Where,
)

Print = dict[str, Any]


def number(value: float, *, whole: bool = False) -> Print:
    return {"k": "number", "v": value, "i": whole}


def array(*rows: Sequence[float] | float) -> Print:
    """Describe an array as the observer does (weights by row, order-free columns)."""
    table = [list(row) if isinstance(row, Sequence) else [row] for row in rows]
    flat = [float(item) for row in table for item in row]
    weights = [0.5 + (i * 0.6180339887498949) % 1.0 for i, row in enumerate(table) for _ in row]
    mean = sum(flat) / len(flat)
    spread = math.sqrt(sum((item - mean) ** 2 for item in flat) / len(flat))
    weighted = sum(w * item for w, item in zip(weights, flat, strict=True)) / sum(weights)
    two = isinstance(rows[0], Sequence)
    found: Print = {
        "k": "array",
        "shape": [len(table), len(table[0])] if two else [len(table)],
        "d": "f",
        "v": [mean, spread, max(map(abs, flat)), weighted],
        "s": [quantile(sorted(flat), part / 4) for part in range(5)],
    }
    if two:
        columns = zip(*table, strict=True)
        found["c"] = sorted(sum(column) / len(table) for column in columns)
    return found


def quantile(items: Sequence[float], part: float) -> float:
    place = part * (len(items) - 1)
    low = int(place)
    high = min(low + 1, len(items) - 1)
    return items[low] + (items[high] - items[low]) * (place - low)


def frame(rows: int, **columns: tuple[float | None, int]) -> Print:
    cols = sorted([[name, mean, gaps] for name, (mean, gaps) in columns.items()], key=str)
    return {"k": "frame", "shape": [rows, len(cols)], "cols": cols}


def outcome(
    name: str,
    fingerprint: Print,
    stability: Stability = "exact",
    *,
    where: Where = "name",
    place: int = 0,
    band: tuple[float, float] | None = None,
    better: Better = "",
    required: bool = True,
) -> RecordedOutcome:
    kind = str(fingerprint["k"])
    return RecordedOutcome(name, where, kind, stability, fingerprint, place, band, better, required)


def section(
    *outcomes: RecordedOutcome,
    functions: Sequence[RecordedFunction] = (),
    mistakes: Sequence[KnownMistake] = (),
) -> RecordedSection:
    strength = Strength(9, 11, 3, 2)
    return RecordedSection(
        "loss", "hard", "", outcomes, tuple(functions), strength, tuple(mistakes)
    )


def answer(fingerprint: Print, changed: Sequence[Print | None] = ()) -> dict[str, Any]:
    return {"fp": fingerprint, "changed": list(changed), "globals": {}}


def function(
    name: str, *answers: dict[str, Any], arity: int = 2, stability: Stability = "exact"
) -> RecordedFunction:
    spec = {"k": "number", "v": 2.5}
    cases = tuple(
        Case((spec,) * arity, {}, seed, told) for seed, told in enumerate(answers, start=1)
    )
    return RecordedFunction(name, arity, stability, cases)


def tried(
    name: str, *answers: dict[str, Any], by: str = "name", order: Sequence[int] = (0, 1)
) -> dict[str, Any]:
    return {"by": by, "name": name, "order": list(order), "answers": list(answers)}


def observed(
    values: dict[str, Print] | None = None,
    *,
    mapped: dict[str, tuple[str, Print]] | None = None,
    shown: Sequence[tuple[int, Print]] = (),
    printed: Sequence[tuple[int, Sequence[float]]] = (),
    replays: dict[str, list[dict[str, Any]]] | None = None,
) -> dict[str, Any]:
    own = {name: {"name": name, "fp": fp} for name, fp in (values or {}).items()}
    own |= {wanted: {"name": name, "fp": fp} for wanted, (name, fp) in (mapped or {}).items()}
    return {
        "values": dict(values or {}),
        "wanted": own,
        "shown": [list(one) for one in shown],
        "printed": [[cell, list(numbers)] for cell, numbers in printed],
        "replays": replays or {},
        "seconds": 0.01,
    }
