"""Data sets as people leave them, each with the truth of every row or file, known to who made it."""

from __future__ import annotations

import math
import random
import struct
import wave
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.data import folders

COLOURS = {"red": (220, 40, 30), "green": (40, 200, 60), "blue": (30, 60, 210)}


@dataclass(frozen=True)
class Made:
    """A data set: where it lies, its kind, and the truth by id as predictions write it."""

    path: Path
    kind: str
    truths: dict[str, str]
    target: str = ""
    said: dict[str, str] = field(default_factory=dict)


def picture(path: Path, pixels: list[list[tuple[int, ...]]], palette: bytes = b"") -> Path:
    """Write a real PNG, pixel by pixel: grey of one number, colours of three, an index with a palette."""
    channels = len(pixels[0][0])
    rows = b"".join(b"\0" + bytes(value for pixel in row for value in pixel) for row in pixels)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    colour = 3 if palette else {1: 0, 3: 2}[channels]
    head = struct.pack(">IIBBBBB", len(pixels[0]), len(pixels), 8, colour, 0, 0, 0)
    made = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
    made += chunk(b"PLTE", palette) if palette else b""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
    return path


def coloured(
    path: Path, colour: tuple[int, ...], seed: int, size: tuple[int, int] = (20, 16)
) -> Path:
    """Write an image of one colour with a little noise."""
    chance = random.Random(seed)
    width, height = size
    noisy = [[tuple(min(255, max(0, c + chance.randint(-20, 20))) for c in colour) for _ in range(width)] for _ in range(height)]  # fmt: skip
    return picture(path, noisy)


def competition(folder: Path) -> Made:
    """train.csv and test.csv with commas and an id column, gaps in some inputs."""
    folders.passengers(folder)
    rows = [line.split(",") for line in (folder / "train.csv").read_text().splitlines()[1:]]
    return Made(folder, "table-class", {row[0]: row[1] for row in rows}, "Survived")


def german_table(folder: Path) -> Made:
    """Semicolons, decimal commas, cp1252, ids with zeros in front, dates by day, odd words for nothing."""
    chance = random.Random(5)
    lines = ["Nr;Größe;Preis;Stadt;gebaut;Wert"]
    truths = {}
    for number in range(160):
        size, price = chance.uniform(20, 90), chance.uniform(1000, 9999)
        town = chance.choice(["Köln", "Bonn", "Aachen"])
        day = f"{chance.randint(13, 28)}.{chance.randint(1, 12):02}.20{chance.randint(10, 23)}"
        value = round(size * 3 + (20 if town == "Bonn" else 0) + chance.gauss(0, 5), 2)
        shown = "?" if number % 25 == 3 else f"{price:,.2f}".replace(",", " ").replace(".", ",").replace(" ", ".")  # fmt: skip
        told = "-" if number == 17 else f"{value:.2f}".replace(".", ",")
        ident = f"{number:05}"
        lines.append(f"{ident};{f'{size:.1f}'.replace('.', ',')};{shown};{town};{day};{told}")
        if number != 17:
            truths[ident] = repr(value)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "häuser.csv").write_bytes("\n".join(lines).encode("cp1252"))
    return Made(folder, "table-number", truths, "Wert", {"target": "Wert"})


def simple_commas(folder: Path) -> Made:
    """Semicolons and decimal commas without anything else: one option reads it all."""
    chance = random.Random(6)
    lines, truths = ["x;y;target"], {}
    for number in range(120):
        x, y = chance.uniform(0, 9), chance.uniform(0, 9)
        lines.append(";".join(f"{one:.2f}".replace(".", ",") for one in (x, y, x * 2 + y)))
        truths[str(number + 1)] = repr(float(f"{x * 2 + y:.2f}"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "d.csv").write_text("\n".join(lines))
    return Made(folder, "table-number", truths, "target")


def joined_tables(folder: Path) -> Made:
    """train.csv and valid.csv of one form, rows numbered, a class that is only in the second."""
    truths = {}
    rows = folders.flowers(120)
    for number, row in enumerate(rows, 1):
        row[-1] = "rare" if number in (100, 110) else row[-1]
        truths[str(number)] = str(row[-1])
    folders.table(folder / "train.csv", folders.FLOWER_NAMES, rows[:90])
    folders.table(folder / "valid.csv", folders.FLOWER_NAMES, rows[90:])
    return Made(folder, "table-class", truths, "species", {"target": "species"})


def no_header(folder: Path) -> Made:
    """A table without names, with blanks behind the commas, as on the sites of old data."""
    rows = folders.flowers(120)
    text = "\n".join(", ".join(map(str, row)) for row in rows) + "\n"
    folders.text(folder / "iris.data", text)
    return Made(folder, "table-class", {str(n): row[-1] for n, row in enumerate(rows, 1)}, "column 5", {"target": "column 5"})  # fmt: skip


def reviews(folder: Path) -> Made:
    """A table of texts with line breaks and quotes in them."""
    chance = random.Random(7)
    good, bad = "wonderful great lovely superb".split(), "awful boring dreadful poor".split()
    rows, truths = [], {}
    for number in range(120):
        label = chance.choice(["pos", "neg"])
        words = [chance.choice(good if label == "pos" else bad) for _ in range(4)]
        told = f'It was "{words[0]}", I say;\nthe film with its {words[1]} end and {words[2]}, {words[3]} actors'
        rows.append([f"r{number:03}", told, label])
        truths[f"r{number:03}"] = label
    folders.table(folder / "reviews.csv", ("review_id", "review", "label"), rows)
    return Made(folder, "text-class", truths, "label")


def scored_texts(folder: Path) -> Made:
    """Texts with a number, tabs between cells."""
    chance = random.Random(8)
    rows, truths = [], {}
    for number in range(120):
        amount = chance.randint(0, 6)
        words = ["good"] * amount + ["bad"] * (6 - amount)
        chance.shuffle(words)
        value = round(amount + chance.random(), 3)
        rows.append([f"this essay number {number} is " + " and ".join(words), value])
        truths[str(number + 1)] = repr(value)
    folders.table(folder / "train.tsv", ("full_text", "score"), rows, "\t")
    return Made(folder, "text-number", truths, "score", {"target": "score", "kind": "text-number"})


def text_folders(folder: Path) -> Made:
    """Text files in class folders, Latin-1, with junk between them."""
    truths = {}
    for label, word in (("ham", "meeting"), ("spam", "cheap")):
        for number in range(40):
            name = f"{label}/{number:03}.txt"
            (folder / label).mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(
                f"caf\xe9 {word} {word} number {number} of all".encode("latin-1")
            )
            truths[name] = label
    (folder / "ham" / ".DS_Store").write_bytes(b"\0\1")
    return Made(folder, "text-class", truths, "folder")


def stars(folder: Path) -> Made:
    """Ratings with colons, without names of columns, as of an old film site."""
    chance = random.Random(9)
    taste = {(u, i): chance.gauss(0, 1) for u in range(30) for i in range(25)}
    lines: list[str] = []
    truths = {}
    for user in range(1, 31):
        for item in range(1, 26):
            if chance.random() < 0.5:
                value = max(1, min(5, round(3 + taste[user - 1, item - 1])))
                lines.append(f"{user}::{item}::{value}::{978300000 + len(lines) * 7}")
                truths[str(len(lines))] = str(value)
    folders.text(folder / "ratings.dat", "\n".join(lines) + "\n")
    return Made(folder, "ratings", truths, "column 3", {"kind": "ratings", "target": "column 3"})


def sales(folder: Path) -> Made:
    """A month a row, newest first, one value missing."""
    chance = random.Random(10)
    rows: list[tuple[str, Any]] = []
    truths = {}
    for number in range(120):
        value = round(
            100 + number + 30 * math.sin(number / 12 * 2 * math.pi) + chance.gauss(0, 4), 1
        )
        rows.append(
            (f"{2010 + number // 12}-{number % 12 + 1:02}-01", "" if number == 20 else value)
        )
    rows.reverse()
    for number, (_, told) in enumerate(rows, 1):
        if told != "":
            truths[str(number)] = str(told)
    folders.table(folder / "sales.csv", ("month", "sales"), rows)
    return Made(folder, "time-series", truths, "sales")


def class_folders(folder: Path) -> Made:
    """Images in class folders in folders for training and validating, junk and an unlabelled test beside."""
    truths = {}
    for part, count in (("train", 16), ("valid", 6)):
        for label, colour in COLOURS.items():
            for number in range(count):
                name = f"{part}/{label}/{number}.png"
                coloured(folder / name, colour, hash((part, number)) % 1000)
                truths[name] = label
    coloured(folder / "test/1.png", (1, 2, 3), 1)
    (folder / "train/red/.DS_Store").write_bytes(b"\0")
    (folder / "train/red/Thumbs.db").write_bytes(b"\0")
    (folder / "train/green/broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return Made(folder, "images-class", truths, "folder")


def nested_folders(folder: Path) -> Made:
    """Classes above folders of shards."""
    truths = {}
    for label, colour in COLOURS.items():
        for number in range(20):
            name = f"photos/{label}/batch_{number % 2}/{number}.png"
            coloured(folder / name, colour, number)
            truths[name] = label
    return Made(folder, "images-class", truths, "folder", {"kind": "images-class"})


def labels_in_names(folder: Path) -> Made:
    """great_red_12.png: the label is what stands before the number."""
    truths = {}
    for label, colour in COLOURS.items():
        for number in range(20):
            name = f"images/great_{label}_{number}.png"
            coloured(folder / name, colour, number)
            truths[name] = f"great_{label}"
    return Made(folder, "images-class", truths, "file name", {"kind": "images-class"})


def listed_without_suffix(folder: Path) -> Made:
    """A table of ids without suffix, semicolons, a file that is missing and one that is in no row."""
    rows, truths = [], {}
    for number in range(60):
        label = list(COLOURS)[number % 3]
        ident = f"{number:04}"
        if number != 7:
            coloured(folder / f"train/{ident}.png", COLOURS[label], number)
            truths[f"train/{ident}.png"] = label
        rows.append([ident, label])
    coloured(folder / "train/9999.png", (9, 9, 9), 1)
    folders.table(folder / "labels.csv", ("id", "breed"), rows, ";")
    return Made(folder, "images-class", truths, "breed", {"target": "breed"})


def listed_in_folders(folder: Path) -> Made:
    """A table whose names no single rule leads to the files: two folders, two suffixes in the list."""
    rows, truths = [], {}
    for number in range(40):
        label = list(COLOURS)[number % 2]
        name = f"{'a' if number < 20 else 'b'}/pic{number}.png"
        coloured(folder / name, COLOURS[label], number)
        rows.append([f"pic{number}", label])
        truths[name] = label
    folders.table(folder / "labels.csv", ("file", "colour"), rows)
    return Made(folder, "images-class", truths, "colour", {"target": "colour"})


def tags(folder: Path) -> Made:
    """Several labels in a cell with blanks about the sign, some images without any."""
    chance = random.Random(11)
    rows, truths = [], {}
    for number in range(60):
        chosen = [name for name in COLOURS if chance.random() < 0.5]
        chance.shuffle(chosen)
        mixed = tuple(max([COLOURS[name][c] for name in chosen], default=10) for c in range(3))
        coloured(folder / f"imgs/im{number}.png", mixed, number)
        rows.append([f"im{number}.png", " | ".join(chosen)])
        truths[f"imgs/im{number}.png"] = "|".join(chosen)
    folders.table(folder / "train.csv", ("image", "tags"), rows)
    return Made(folder, "images-labels", truths, "tags", {"target": "tags"})


def hot_columns(folder: Path) -> Made:
    """A column of 0 and 1 for each label."""
    chance = random.Random(12)
    rows, truths = [], {}
    for number in range(60):
        marks = [int(chance.random() < 0.5) for _ in COLOURS]
        chosen = [name for name, mark in zip(COLOURS, marks, strict=True) if mark]
        mixed = tuple(max([COLOURS[name][c] for name in chosen], default=10) for c in range(3))
        coloured(folder / f"{number}.png", mixed, number)
        rows.append([f"{number}.png", *marks])
        truths[f"{number}.png"] = "|".join(chosen)
    folders.table(folder / "labels.csv", ("file", *COLOURS), rows)
    return Made(folder, "images-labels", truths)


def ages(folder: Path) -> Made:
    """A number for each image, with decimal commas."""
    chance = random.Random(13)
    rows, truths = [], {}
    for number in range(60):
        shade = chance.randint(0, 255)
        coloured(folder / f"faces/{number}.png", (shade, shade, shade), number)
        rows.append([f"{number}.png", f"{shade / 2.55:.2f}".replace(".", ",")])
        truths[f"faces/{number}.png"] = repr(float(f"{shade / 2.55:.2f}"))
    folders.table(folder / "ages.csv", ("file", "age"), rows, ";")
    return Made(folder, "images-number", truths, "age", {"target": "age"})


def centres(folder: Path) -> Made:
    """Two points of each image in columns that stand x, x, y, y; images of unlike sizes."""
    chance = random.Random(14)
    rows, truths = [], {}
    for number in range(50):
        width, height = chance.choice([(20, 16), (32, 24)])
        points = [(chance.uniform(1, width - 1), chance.uniform(1, height - 1)) for _ in range(2)]
        coloured(folder / f"{number}.png", (90, 90, 90), number, (width, height))
        (x1, y1), (x2, y2) = ((round(x, 2), round(y, 2)) for x, y in points)
        rows.append([f"{number}.png", x1, x2, y1, y2])
        truths[f"{number}.png"] = f"{x1} {y1} {x2} {y2}"
    folders.table(folder / "points.csv", ("image", "left_x", "right_x", "left_y", "right_y"), rows)
    return Made(folder, "images-points", truths)


def centre_files(folder: Path) -> Made:
    """A text file with a point beside each image."""
    chance = random.Random(15)
    truths = {}
    for number in range(40):
        x, y = round(chance.uniform(1, 19), 2), round(chance.uniform(1, 15), 2)
        coloured(folder / f"heads/im_{number}.png", (90, 90, 90), number)
        folders.text(folder / f"heads/im_{number}.txt", f"{x} {y}\n")
        truths[f"heads/im_{number}.png"] = f"{x} {y}"
    return Made(folder, "images-points", truths, "", {"kind": "images-points"})


def _masked(folder: Path, name: str, mask: str, number: int, values: tuple[int, int, int], palette: bytes = b"") -> list[list[int]]:  # fmt: skip
    chance = random.Random(number)
    edge, low = chance.randint(4, 14), chance.randint(3, 12)
    classes = [[0 if x < edge else 1 if y < low else 2 for x in range(20)] for y in range(16)]
    shades = ((20, 20, 20), (200, 40, 40), (40, 40, 200))
    picture(folder / name, [[shades[c] for c in row] for row in classes])
    picture(folder / mask, [[(values[c],) for c in row] for row in classes], palette)
    return classes


def masks(folder: Path, values: tuple[int, int, int] = (0, 255, 255), palette: bytes = b"") -> Made:
    """Images and masks of the same name; the values of masks are not numbered from 0 on."""
    truths = {}
    for number in range(30):
        name = f"images/p{number}.png"
        classes = _masked(folder, name, f"masks/p{number}_mask.png", number, values, palette)
        pixels = [values[c] for row in classes for c in row]
        truths[name] = " ".join(map(str, pixels))
    return Made(folder, "segmentation", truths, "mask")


def plain_masks(folder: Path) -> Made:
    """Masks numbered from 0 on."""
    return masks(folder, (0, 1, 2))


def palette_masks(folder: Path) -> Made:
    """Masks with a palette, whose colours say nothing of the class."""
    return masks(folder, (0, 1, 2), bytes([250, 250, 250, 250, 0, 0, 0, 250, 0]))


def tones(folder: Path) -> Made:
    """Recordings of two pitches, of unlike lengths, one on two channels and at another rate."""
    chance = random.Random(16)
    truths = {}
    for label, pitch in (("low", 300), ("high", 1500)):
        for number in range(24):
            name = f"{label}/{number}.wav"
            rate, channels = (16000, 2) if number == 5 else (8000, 1)
            seconds = chance.uniform(0.15, 0.3)
            (folder / label).mkdir(parents=True, exist_ok=True)
            with wave.open(str(folder / name), "wb") as file:
                file.setnchannels(channels)
                file.setsampwidth(2)
                file.setframerate(rate)
                told = [int(12000 * math.sin(2 * math.pi * pitch * i / rate)) for i in range(int(seconds * rate))]  # fmt: skip
                file.writeframes(b"".join(struct.pack("<h", one) * channels for one in told))
            truths[name] = label
    return Made(folder, "audio-class", truths, "folder")


def dated_competition(folder: Path) -> Made:
    """Days among the inputs, as the test is of the same time; a truth in words, gaps in one part alone."""
    chance = random.Random(17)
    rows, truths = [], {}
    for number in range(160):
        label = chance.choice(["True", "False"])
        day = f"{chance.randint(1, 12):02}/{chance.randint(13, 28)}/2021"
        size = "" if number == 77 else round(chance.gauss(3 if label == "True" else 0, 1), 2)
        rows.append([f"case-{number}", day, size, chance.choice(["a", "b", "missing"]), label])
        if number < 120:
            truths[str(number + 1)] = label
    names = ("case", "day", "size", "group", "ok")
    folders.table(folder / "train.csv", names, rows[:120])
    folders.table(folder / "test.csv", names[:-1], [row[:-1] for row in rows[120:]])
    return Made(folder, "table-class", truths, "ok")


def marked_rows(folder: Path) -> Made:
    """A column that says which rows are for validating; ids in words."""
    rows = [[f"q{n:03}", *row, n % 4 == 0] for n, row in enumerate(folders.flowers(120))]
    folders.table(folder / "data.csv", ("qid", *folders.FLOWER_NAMES, "is_valid"), rows)
    return Made(folder, "table-class", {str(n): row[-2] for n, row in enumerate(rows, 1)}, "species", {"target": "species"})  # fmt: skip


def pairs_of_texts(folder: Path) -> Made:
    """Two columns of texts, some empty, and a class that is a number."""
    chance = random.Random(18)
    rows, truths = [], {}
    for number in range(120):
        label = chance.randint(0, 1)
        first = f"this is the question number {number} about {'cats' if label else 'dogs'} and others of them"
        second = (
            ""
            if number % 30 == 7
            else f"and that is an answer about {'cats' if label else 'birds'} in many words {number}"
        )
        rows.append([number + 500, first, second, label])
        truths[str(number + 500)] = str(label)
    folders.table(folder / "train.csv", ("id", "question", "answer", "target"), rows)
    return Made(folder, "text-class", truths, "target", {"kind": "text-class", "target": "target"})


def one_hot(folder: Path) -> Made:
    """A column of 0 and 1 for each class, exactly one of them 1, and paths in the list."""
    rows, truths = [], {}
    for number in range(48):
        label = list(COLOURS)[number % 3]
        name = f"train/{label[0]}{number}.png"
        coloured(folder / name, COLOURS[label], number)
        rows.append([name, *(int(label == one) for one in COLOURS)])
        truths[name] = label
    folders.table(folder / "list.csv", ("path", *COLOURS), rows)
    return Made(folder, "images-class", truths, "", {"kind": "images-class"})


def number_files(folder: Path) -> Made:
    """A text file with one number beside each image."""
    truths = {}
    for number in range(40):
        shade = (number * 37) % 256
        coloured(folder / f"cups/{number:03}.png", (shade,) * 3, number)
        folders.text(folder / f"cups/{number:03}.txt", f"{shade / 10}\n")
        truths[f"cups/{number:03}.png"] = repr(shade / 10)
    return Made(folder, "images-number", truths, "", {"kind": "images-number"})


def coloured_masks(folder: Path) -> Made:
    """Masks in colours, in a list of folders for training and validating, of no rule that fits all."""
    truths = {}
    colours = ((0, 0, 0), (128, 0, 0), (0, 128, 0))
    for number in range(30):
        part = "train" if number < 22 else "val"
        name = f"{part}/images/im{number}.png"
        classes = _masked(folder, name, f"{part}/labels/im{number}.png", number, (0, 1, 2))
        picture(
            folder / f"{part}/labels/im{number}.png", [[colours[c] for c in row] for row in classes]
        )
        truths[name] = " ".join(
            str(c[0] * 65536 + c[1] * 256) for row in classes for c in (colours[k] for k in row)
        )
    return Made(folder, "segmentation", truths, "mask")


def yearly(folder: Path) -> Made:
    """A year a row, as a number."""
    rows = [[1900 + n, round(50 + n * 0.5 + (n * 7919 % 13), 1)] for n in range(110)]
    folders.table(folder / "y.csv", ("year", "level"), rows)
    said = {"kind": "time-series", "target": "level"}
    return Made(
        folder, "time-series", {str(n): str(row[1]) for n, row in enumerate(rows, 1)}, "level", said
    )


def daily(folder: Path) -> Made:
    """A day a row, days first, semicolons and decimal commas."""
    lines, truths = ["Datum;Verbrauch"], {}
    start = date(2022, 1, 1)
    for number in range(200):
        day, value = start + timedelta(number), 20 + 5 * (number % 7 > 4) + number * 0.05
        lines.append(f"{day:%d.%m.%Y};{f'{value:.2f}'.replace('.', ',')}")
        truths[str(number + 1)] = repr(float(f"{value:.2f}"))
    folders.text(folder / "strom.csv", "\n".join(lines))
    return Made(folder, "time-series", truths, "Verbrauch", {"target": "Verbrauch"})


def frames(folder: Path) -> Made:
    """Frames of videos, which stay together; the class is told by a table."""
    rows, truths = [], {}
    for video in range(12):
        label = list(COLOURS)[video % 3]
        for number in range(6):
            name = f"frames/video{video:02}_{number:03}.png"
            coloured(folder / name, COLOURS[label], video * 10 + number)
            rows.append([f"video{video:02}_{number:03}", f"v{video}", label])
            truths[name] = label
    folders.table(folder / "frames.csv", ("frame", "video", "label"), rows)
    return Made(folder, "images-class", truths, "label")


SETS: tuple[Callable[[Path], Made], ...] = (
    competition, german_table, simple_commas, joined_tables, no_header, dated_competition, marked_rows, reviews,
    pairs_of_texts, scored_texts, text_folders, stars, sales, yearly, daily, class_folders, nested_folders,
    labels_in_names, listed_without_suffix, listed_in_folders, one_hot, frames, tags, hot_columns, ages, number_files,
    centres, centre_files, masks, plain_masks, palette_masks, coloured_masks, tones,
)  # fmt: skip
