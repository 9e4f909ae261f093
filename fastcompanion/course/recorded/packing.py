"""A record in few bytes: what comes more than once is written once. Pure, and nothing is lost.

Arguments and answers of a function are much alike from call to call and from mistake to mistake.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

REFERENCE = "="
SHORTEST = 24  # characters; what is shorter is not worth a reference
MOST_PARTS = 3_000_000  # a record of the longest notebooks has about 100 000


class PackedWrongError(ValueError):
    """References that lead nowhere, or to more than any record holds."""


def compact(value: Any) -> str:
    """Write plain data as JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def packed(data: list[Any]) -> tuple[list[Any], list[Any]]:
    """Give the data with references, and the parts that these refer to, by position."""
    counts: Counter[str] = Counter()
    _count(data, counts)
    places: dict[str, int] = {}
    shared: list[Any] = []

    def put(value: Any) -> Any:
        if not isinstance(value, dict | list):
            return value
        text = compact(value)
        if counts[text] < 2:
            return _rebuilt(value, put)
        if text not in places:
            body = _rebuilt(value, put)  # what it refers to itself comes before it
            places[text] = len(shared)
            shared.append(body)
        return {REFERENCE: places[text]}

    return [put(one) for one in data], shared


def _count(value: Any, counts: Counter[str]) -> None:
    """Count the parts that are long enough; inside of one that comes again nothing counts again."""
    if not isinstance(value, dict | list):
        return
    text = compact(value)
    if len(text) >= SHORTEST:
        counts[text] += 1
        if counts[text] > 1:
            return
    for inner in _inside(value):
        _count(inner, counts)


def _inside(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _rebuilt(value: dict[str, Any] | list[Any], put: Any) -> Any:
    if isinstance(value, dict):
        return {key: put(inner) for key, inner in value.items()}
    return [put(inner) for inner in value]


def unpacked(data: list[Any], shared: list[Any]) -> list[Any]:
    """Put the shared parts back; raises PackedWrongError where a file was made to do harm."""
    whole: list[Any] = []
    sizes: list[int] = []

    def take(value: Any) -> tuple[Any, int]:
        if not isinstance(value, dict | list):
            return value, 1
        if isinstance(value, dict) and REFERENCE in value:
            place = value[REFERENCE]
            if type(place) is not int or not 0 <= place < len(whole) or len(value) > 1:
                raise PackedWrongError("refers to a part that is not there")
            return whole[place], sizes[place]
        keys = list(value) if isinstance(value, dict) else []
        inner = [take(one) for one in _inside(value)]
        size = 1 + sum(count for _, count in inner)
        if size > MOST_PARTS:
            raise PackedWrongError("has too many parts")
        parts = [part for part, _ in inner]
        return (dict(zip(keys, parts, strict=True)) if isinstance(value, dict) else parts), size

    for one in shared:
        part, size = take(one)
        whole.append(part)
        sizes.append(size)
    return list(take(data)[0])
