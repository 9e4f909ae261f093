"""Data folders for the tests, made from a seed: real files, nothing fetched."""

from __future__ import annotations

import csv
import random
import struct
import wave
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any


def table(
    path: Path, names: Sequence[str], rows: Iterable[Sequence[Any]], delimiter: str = ","
) -> Path:
    """Write a table as UTF-8."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        if names:
            writer.writerow(names)
        writer.writerows(rows)
    return path


def flowers(count: int = 150, seed: int = 1) -> list[list[Any]]:
    """Three sorts that overlap a little, four measurements and the sort."""
    chance = random.Random(seed)
    rows = []
    for number in range(count):
        sort = number % 3
        measured = [round(chance.gauss(centre + sort, 0.6), 2) for centre in (5, 3, 1.5, 0.5)]
        rows.append([*measured, ("setosa", "versicolor", "virginica")[sort]])
    chance.shuffle(rows)
    return rows


FLOWER_NAMES = ("sepal_length", "sepal_width", "petal_length", "petal_width", "species")


def measures(count: int = 150, seed: int = 4) -> list[list[Any]]:
    """Four measured numbers without a word that tells what is to be predicted."""
    chance = random.Random(seed)
    return [[round(chance.gauss(centre, 1), 2) for centre in (1, 4, 9, 16)] for _ in range(count)]


MEASURE_NAMES = ("p1", "p2", "p3", "p4")


def houses(count: int = 300, seed: int = 2) -> list[list[Any]]:
    """Houses with an id, inputs and a price that follows them with noise."""
    chance = random.Random(seed)
    rows = []
    for number in range(count):
        area, rooms = round(chance.uniform(40, 250), 2), chance.randint(1, 7)
        town = chance.choice(["north", "south", "west"])
        price = round(area * 2000 + rooms * 9000 + chance.gauss(0, 60000) + 90000)
        rows.append([number + 1, area, rooms, town, price])
    return rows


HOUSE_NAMES = ("Id", "area", "rooms", "town", "SalePrice")


def passengers(folder: Path, seed: int = 3, sample: bool = True) -> Path:
    """A competition's folder: train, test without the target, a sample submission."""
    chance = random.Random(seed)

    def row(number: int) -> list[Any]:
        sex = chance.choice(["male", "female"])
        saved = int(chance.random() < (0.75 if sex == "female" else 0.2))
        age = "" if chance.random() < 0.2 else chance.randint(1, 80)
        fare = round(chance.expovariate(0.03), 4)
        return [number, saved, chance.randint(1, 3), sex, age, fare, chance.choice("SCQ")]

    names = ["PassengerId", "Survived", "Pclass", "Sex", "Age", "Fare", "Embarked"]
    rows = [row(number) for number in range(1, 501)]
    table(folder / "train.csv", names, rows)
    rest = [row(number) for number in range(501, 701)]
    table(
        folder / "test.csv", [n for n in names if n != "Survived"], [[r[0], *r[2:]] for r in rest]
    )
    if sample:
        table(
            folder / "gender_submission.csv", ["PassengerId", "Survived"], [[r[0], 0] for r in rest]
        )
    return folder


def png(
    path: Path,
    width: int = 8,
    height: int = 6,
    shade: int = 0,
    colours: int = 2,
    salt: int | None = None,
) -> Path:
    """Write a real PNG of one shade, with one pixel of its own so that no two files are equal."""
    channels = {0: 1, 2: 3, 6: 4}[colours]
    rows = bytearray((b"\0" + bytes([shade % 256]) * (width * channels)) * height)
    mark = zlib.crc32(path.as_posix().encode()) if salt is None else salt
    rows[1 : 1 + min(3, width * channels)] = mark.to_bytes(4, "big")[: min(3, width * channels)]

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, colours, 0, 0, 0)
    made = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(rows)))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made + chunk(b"IEND", b""))
    return path


def wav(path: Path, seconds: float = 0.1, rate: int = 8000, seed: int = 0) -> Path:
    """Write a real recording of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    chance = random.Random(f"{path.name}{seed}")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(chance.randbytes(int(seconds * rate) * 2))
    return path


def text(path: Path, words: str) -> Path:
    """Write a text file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(words, encoding="utf-8")
    return path
