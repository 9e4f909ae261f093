"""A value in a few words: what it is, how big, between which powers of ten. Never an answer. Pure."""

from __future__ import annotations

import math

from fastcompanion.course.recorded import agree
from fastcompanion.course.recorded.record import Fingerprint


def size(one: Fingerprint) -> str:
    """Say how big a value is: its shape, its rows and columns, its items; "" for a number."""
    shape = one.get("shape")
    if one["k"] == "group":
        return f"({one.get('n', 0)} items)"
    if not shape:
        return ""
    if one["k"] == "frame":
        return f"{shape[0]} rows, {shape[1]} columns"
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def reach(one: Fingerprint) -> str:
    """Say between which powers of ten a number lies, which gives no answer away."""
    value = one.get("v")
    if one["k"] != "number" or not isinstance(value, int | float):
        return ""
    whole = "a whole number " if one.get("i") else ""
    if abs(value) < agree.ZERO:
        return f"{whole}about zero"
    power = math.floor(math.log10(abs(value)))
    low, high = (f"{10.0**p:g}" for p in (power, power + 1))
    return f"{whole}between -{high} and -{low}" if value < 0 else f"{whole}between {low} and {high}"


def describe(one: Fingerprint) -> str:
    """Say in a few words what a value of the learner's is."""
    match one["k"]:
        case "number":
            value = one.get("v")
            return "nan (number)" if value is None else f"{value:.6g} (number)"
        case "array":
            return f"an array of shape {size(one) or '()'}{_spread(one)}"
        case "frame":
            return f"a table of {size(one).replace(',', ' and')}"
        case "model":
            return f"a model of {one.get('n', 0)} numbers ({one.get('cls', '')})"
        case "group":
            return f"a {one.get('t', 'tuple')} of {one.get('n', 0)} items"
        case "text":
            return f"a text of {one.get('n', 0)} characters"
        case "function" | "class":
            return f"a {one['k']}"
        case _:
            return f"a {one.get('cls', 'value')}"


def _spread(one: Fingerprint) -> str:
    fifths = one.get("s") or []
    if not fifths or None in (fifths[0], fifths[-1]):
        return ""
    stats = one.get("v") or [None]
    mean = "" if stats[0] is None else f", mean {stats[0]:.4g}"
    return f", {fifths[0]:.4g} to {fifths[-1]:.4g}{mean}"
