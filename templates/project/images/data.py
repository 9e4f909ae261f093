"""The only file that knows the raw data: which pictures there are, what is said of each, how one becomes numbers.

An input is the path of a file, its target {% if says == "class" %}the name of a class{% elif says == "labels" %}a tuple of labels{% elif says == "number" %}a number{% else %}x and y of each point, in pixels of the picture as stored{% endif %}.
Models get pixels from pictures().
"""

import csv
import hashlib
import os
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image{% if says != "points" %}, ImageOps{% endif %}

HERE = Path(__file__).parent
FOLDER = HERE / "data"  # not in git: data/README.md says where it is from
TARGET = {{ target_py }}  # a column of files.csv
MANY = 100  # so many pictures are kept small in one file, as reading them all takes longer than most models


def load():
    """The pictures to learn from: ids, paths, targets. {% if says == "labels" %}A picture may have no label{% else %}One without a target teaches nothing{% endif %}."""
    rows = {% if says == "labels" %}read("files.csv"){% else %}[row for row in read("files.csv") if row[TARGET].strip()]{% endif %}
    return [row["id"] for row in rows], paths(rows), [target(row[TARGET]) for row in rows]


def test():
    """The pictures to predict: ids and paths; nothing where there are none."""
    rows = read("test_files.csv") if (FOLDER / "test_files.csv").exists() else []
    return [row["id"] for row in rows], paths(rows)
{% if group_py != "None" %}

def groups():
    """Pictures of one group belong together: they are never on both sides of a split."""
    return {row["id"]: row["group"] for row in read("files.csv")}
{% endif %}

def target(cell):
{% if says == "class" %}    """The class that a cell names."""
    return cell.strip()
{% elif says == "labels" %}    """The labels that a cell names, in order: they are separated by |."""
    return tuple(sorted({label.strip() for label in cell.split("|") if label.strip()}))
{% elif says == "number" %}    """The number in a cell."""
    return float(cell)
{% else %}    """x and y of one point after the other: a cell holds them with blanks between."""
    return tuple(float(number) for number in cell.split())
{% endif %}

def read(name):
    """The rows of a table."""
    path = FOLDER / name
    if not path.exists():
        raise SystemExit(f"{path} is not there: data/README.md says where to get it")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def paths(rows):
    """Where the files of rows lie: in data/files, or in the folder that data/where.txt names."""
    told = FOLDER / "where.txt"
    folder = Path(told.read_text(encoding="utf-8").strip()) if told.exists() else FOLDER / "files"
    return [folder / row["file"] for row in rows]


def pictures(inputs, size, grey=False):
    """The pixels of pictures, from 0 to 255, each squeezed into a square: size x size, with three colours unless grey."""
    places, kept = small(FOLDER, size, grey) if (FOLDER / "files.csv").exists() else ({}, None)
    rows = [places.get(path) for path in inputs]
    if None not in rows:
        return kept[rows]
    return np.stack([picture(path, size, grey) for path in inputs])


def picture(path, size, grey=False):
    """The pixels of one picture."""
    try:
        image, mode = opened(path, size), "L" if grey else "RGB"
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error}") from None
    image = image if image.mode == mode else image.convert(mode)
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=2))


def opened(path, size=None):
    """A picture as people see it: {% if says == "points" %}no transparency, 8 bits a colour, and not turned, as points are where they are stored{% else %}the right way up, no transparency, 8 bits a colour{% endif %}."""
    with Image.open(path) as image:
        if size:
            image.draft(None, (2 * size, 2 * size))  # a JPEG can be read smaller, which is much faster
        image.load()
{% if says == "points" %}        found = image
{% else %}        turned = "exif" in image.info or image.format == "TIFF"
        found = ImageOps.exif_transpose(image) if turned else image
{% endif %}    if found.mode.startswith(("I", "F")):  # 16 bits and more: of whole numbers the first 8 are kept
        values = np.asarray(found, dtype=float)
        return Image.fromarray(np.clip(values / 257 if found.mode[0] == "I" else values * 255, 0, 255).astype(np.uint8))
    if found.mode in ("RGBA", "LA", "PA") or "transparency" in found.info:
        found = found.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", found.size, "white"), found).convert("RGB")
    return found if found.mode in ("L", "RGB") else found.convert("RGB")

{% if says == "points" %}

def sides(path):
    """Width and height of a picture as it is stored."""
    with Image.open(path) as image:
        return image.size
{% endif %}

@cache
def small(folder, size, grey):
    """All pictures to learn from, small, and the row of each path. The file is made anew when one is another."""
    inputs = load()[1]
    if len(inputs) < MANY:
        return {}, None
    stats = [path.stat() for path in inputs]
    known = repr([(path.as_posix(), one.st_size, one.st_mtime_ns) for path, one in zip(inputs, stats, strict=True)])
    start = f"small-{size}{'-grey' if grey else ''}-"
    place = folder / f"{start}{hashlib.sha256(known.encode()).hexdigest()[:12]}.npy"
    if not place.exists():
        part = folder / f"{start}{os.getpid()}.part"  # half a file is never taken for a whole one
        shape = (len(inputs), size, size) if grey else (len(inputs), size, size, 3)
        try:
            made = np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=shape)
            for row, path in enumerate(inputs):
                made[row] = picture(path, size, grey)
            made.flush()
            del made  # Windows renames no file that is open
            part.replace(place)
        finally:
            part.unlink(missing_ok=True)
        for old in set(folder.glob(f"{start}[0-9a-f]*.npy")) - {place}:
            old.unlink()
    return {path: row for row, path in enumerate(inputs)}, np.load(place, mmap_mode="r")
