"""The only file that knows the raw data: which pictures there are, their masks, how both become numbers.

An input is the path of a picture, its target the path of its mask. Models get pixels from picture(), and the
class of each pixel from mask().
"""

import csv
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
FOLDER = HERE / "data"  # not in git: data/README.md says where it is from
TARGET = {{ target_py }}  # a column of files.csv
CLASSES = {{ classes_py }}
{% if form == "threshold" %}# Masks hold shades between dark and light, as they were blurred: below 128 is the first class, above the second.
{% else %}# {% if form == "colour" %}The colour of each class in the masks, as red, green and blue in two digits each{% elif form == "index" %}The number of each class in the masks' palette{% else %}The value that the pixels of each class have in the masks{% endif %}, in the same order.
CODES = {% if form == "colour" %}[{% for code in codes %}0x{{ "%06x" % code }}{{ ", " if not loop.last }}{% endfor %}]{% else %}{{ codes }}{% endif %}
UNLABELLED = {% if form == "colour" %}[{% for code in unlabelled %}0x{{ "%06x" % code }}{{ ", " if not loop.last }}{% endfor %}]{% else %}{{ unlabelled }}{% endif %}  # what has no class: it is not learned from, and does not count
{% endif %}NOTHING = 255  # in place of a class, where there is none


def load():
    """The pictures to learn from: ids, paths, paths of their masks."""
    rows = read("files.csv")
    return [row["id"] for row in rows], paths(rows, "file"), paths(rows, TARGET)


def test():
    """The pictures to predict: ids and paths; nothing where there are none."""
    rows = read("test_files.csv") if (FOLDER / "test_files.csv").exists() else []
    return [row["id"] for row in rows], paths(rows, "file")
{% if group_py != "None" %}

def groups():
    """Pictures of one group belong together: they are never on both sides of a split."""
    return {row["id"]: row["group"] for row in read("files.csv")}
{% endif %}

def read(name):
    """The rows of a table."""
    path = FOLDER / name
    if not path.exists():
        raise SystemExit(f"{path} is not there: data/README.md says where to get it")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def paths(rows, column):
    """Where the files of rows lie: in data/files, or in the folder that data/where.txt names."""
    told = FOLDER / "where.txt"
    folder = Path(told.read_text(encoding="utf-8").strip()) if told.exists() else FOLDER / "files"
    return [folder / row[column] for row in rows]


def shape(path):
    """Height and width of a picture; only its head is read."""
    with Image.open(path) as image:
        return image.size[::-1]


def fitted(shape, longest):
    """Height and width where the longer side is `longest` at most, in the same proportion."""
    scale = min(1, longest / max(shape))
    return tuple(max(1, round(side * scale)) for side in shape)


def picture(path, shape=None):
    """The pixels of a picture, from 0 to 255: height x width x 3, squeezed into a shape where one is given."""
    image = opened(path, shape)
    image = image if image.mode == "RGB" else image.convert("RGB")
    return np.asarray(image if shape is None else image.resize(shape[::-1], Image.Resampling.BILINEAR, reducing_gap=2))


def opened(path, shape=None):
    """A picture without transparency, 8 bits a colour, and not turned, as its mask lies over it as it is stored."""
    with Image.open(path) as image:
        if shape:
            image.draft(None, (2 * shape[1], 2 * shape[0]))  # a JPEG can be read smaller, which is much faster
        image.load()
    if image.mode.startswith(("I", "F")):  # 16 bits and more: of whole numbers the first 8 are kept
        values = np.asarray(image, dtype=float)
        return Image.fromarray(np.clip(values / 257 if image.mode[0] == "I" else values * 255, 0, 255).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image


def mask(path):
    """The class of each pixel as its place in CLASSES: height x width; NOTHING where there is none."""
    with Image.open(path) as image:
{% if form == "threshold" %}        return (np.asarray(image.convert("L")) >= 128).astype(np.uint8)
{% else %}{% if form == "colour" %}        red, green, blue = (np.asarray(band, dtype=np.int32) for band in image.convert("RGB").split())
        values = red << 16 | green << 8 | blue
{% elif form == "index" %}        values = np.asarray(image)
        values = values if values.ndim == 2 else values[:, :, 0]
{% else %}        values = np.asarray(image.convert("L") if image.mode in ("RGB", "RGBA", "LA") else image)
{% endif %}    made = np.full(values.shape, NOTHING, dtype=np.uint8)
    for number, code in enumerate(CODES):
        made[values == code] = number
    strange = np.setdiff1d(values[made == NOTHING], UNLABELLED)
    if strange.size:
        shown = ", ".join({% if form == "colour" %}f"0x{value:06x}"{% else %}str(value){% endif %} for value in strange[:5])
        raise SystemExit(f"{path} holds {shown}, which is no class: put it into CODES or UNLABELLED of data.py")
    return made
{% endif %}

def resized(classes, shape):
    """Classes of pixels in another shape: each pixel takes the class of the one that lies there."""
    image = Image.fromarray(np.asarray(classes, dtype=np.uint8))
    return np.asarray(image.resize(shape[::-1], Image.Resampling.NEAREST))
