"""Made-up pictures and recordings: shapes on noise, and tones; drawn here, so that nothing is fetched."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from fastcompanion.base import clock
from fastcompanion.project.plain import to_text

if TYPE_CHECKING:
    from random import Random

_SIDE, _COUNT, _TEST = 24, 180, 20
SHAPES = ("circle", "cross", "square")
_RATE, _SECONDS, _TONES = 8000, 0.4, {"high": 900.0, "low": 300.0, "rising": 500.0}
_PNG_GREY = 0


def _grey(rows: Sequence[Sequence[int]]) -> bytes:
    """Write a grey picture as PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))  # fmt: skip

    raw = b"".join(b"\0" + bytes(row) for row in rows)
    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, _PNG_GREY, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _inside(shape: str, x: float, y: float, size: float) -> bool:
    """Does a point, seen from the middle of a shape, lie in it?"""
    if shape == "circle":
        return math.hypot(x, y) <= size
    if shape == "square":
        return max(abs(x), abs(y)) <= size * 0.85
    return min(abs(x), abs(y)) <= size * 0.3 and max(abs(x), abs(y)) <= size


_Placed = tuple[str, float, float, float]


def _placed(chance: Random, shape: str) -> _Placed:
    size = chance.uniform(4, 7)
    return shape, chance.uniform(size, _SIDE - size), chance.uniform(size, _SIDE - size), size


def _mask(shapes: Sequence[_Placed]) -> list[list[int]]:
    """Paint each pixel with the number of its shape, 0 where there is none."""
    rows = [[0] * _SIDE for _ in range(_SIDE)]
    for shape, left, top, size in shapes:
        for y in range(_SIDE):
            for x in range(_SIDE):
                if _inside(shape, x - left, y - top, size):
                    rows[y][x] = 1 + SHAPES.index(shape)
    return rows


def _picture(chance: Random, shapes: Sequence[_Placed]) -> bytes:
    """Draw shapes in bright shades on a dark ground, with noise all over."""
    ground, light = chance.uniform(20, 90), chance.uniform(140, 220)
    rows = [
        [min(255, max(0, int(chance.gauss(light if cell else ground, 18)))) for cell in row]
        for row in _mask(shapes)
    ]
    return _grey(rows)


def _classes(kind: str) -> Mapping[str, bytes]:
    """Make pictures in folders named after the shape that each shows, and some of a test."""
    del kind
    chance, made = clock.rng(4), {}
    for number in range(_COUNT + _TEST):
        shape = SHAPES[number % len(SHAPES)]
        folder = f"train/{shape}" if number < _COUNT else "test"
        made[f"{folder}/{number:03}.png"] = _picture(chance, [_placed(chance, shape)])
    return made


def _listed(kind: str) -> Mapping[str, str | bytes]:
    """Make pictures of several shapes, listed in a table with the names of all of them."""
    del kind
    chance, rows = clock.rng(5), []
    made: dict[str, str | bytes] = {}
    for number in range(_COUNT):
        shown = [one for one in SHAPES if chance.random() < 0.45] or [chance.choice(SHAPES)]
        made[f"images/{number:03}.png"] = _picture(chance, [_placed(chance, one) for one in shown])
        rows.append([f"{number:03}.png", " ".join(shown)])
    return {**made, "labels.csv": to_text(["image", "labels"], rows)}


def _measured(kind: str) -> Mapping[str, str | bytes]:
    """Make pictures of a circle, listed with the place of its middle, or with its width."""
    chance, rows = clock.rng(6), []
    made: dict[str, str | bytes] = {}
    for number in range(_COUNT):
        _, x, y, size = circle = _placed(chance, "circle")
        made[f"images/{number:03}.png"] = _picture(chance, [circle])
        told = [f"{x:.1f}", f"{y:.1f}"] if kind == "images-points" else [f"{2 * size:.2f}"]
        rows.append([f"{number:03}.png", *told])
    names = ["middle_x", "middle_y"] if kind == "images-points" else ["width"]
    return {**made, "labels.csv": to_text(["image", *names], rows)}


def _painted(kind: str) -> Mapping[str, str | bytes]:
    """Make pictures with a mask each, and the names of the classes."""
    del kind
    chance = clock.rng(7)
    made: dict[str, str | bytes] = {"codes.txt": "\n".join(["ground", *SHAPES]) + "\n"}
    for number in range(_COUNT // 2):
        shapes = [_placed(chance, chance.choice(SHAPES)) for _ in range(1 + number % 2)]
        made[f"images/{number:03}.png"] = _picture(chance, shapes)
        made[f"labels/{number:03}.png"] = _grey(_mask(shapes))
    return made


def _sounds(kind: str) -> Mapping[str, bytes]:
    """Make recordings of tones in folders named after them."""
    del kind
    chance, made = clock.rng(8), {}
    for number in range(90):
        name = list(_TONES)[number % len(_TONES)]
        made[f"{name}/{number:03}.wav"] = _tone(chance, name)
    return made


def _tone(chance: Random, name: str) -> bytes:
    pitch, loud = _TONES[name] * chance.uniform(0.9, 1.1), chance.uniform(2000, 9000)
    begin = chance.uniform(0, _SECONDS / 2)
    levels = []
    for place in range(int(_RATE * _SECONDS)):
        after = place / _RATE - begin
        now = pitch * (1 + (1.5 * after if name == "rising" else 0.0))
        level = loud * math.sin(2 * math.pi * now * after) if after > 0 else 0.0
        levels.append(int(level + chance.gauss(0, 300)))
    data = struct.pack(f"<{len(levels)}h", *levels)
    # The head of a WAVE file: plain 16-bit samples, one channel.
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, _RATE, 2 * _RATE, 2, 16)
    body = b"WAVE" + form + struct.pack("<4sI", b"data", len(data)) + data
    return struct.pack("<4sI", b"RIFF", len(body)) + body


#: kind -> what makes its files
MAKERS: Mapping[str, Callable[[str], Mapping[str, str | bytes]]] = {
    "images-class": _classes,
    "images-labels": _listed,
    "images-number": _measured,
    "images-points": _measured,
    "segmentation": _painted,
    "audio-class": _sounds,
}
