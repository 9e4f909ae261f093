"""What stands inside the files of a new project: the classes of masks, how recordings were made.

Files that no project could read are left out, and the reason is noted.
"""

from __future__ import annotations

import csv
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT
from fastcompanion.data import files, images, pixels
from fastcompanion.data.files import Folder
from fastcompanion.data.labels import Labelled
from fastcompanion.data.media import Found
from fastcompanion.data.pixels import Counted
from fastcompanion.data.tables import encoding_of

Answers = Mapping[str, Any]
_MASKS, _HEADS = 3000, 20_000
_MOST = 254
_VOID = frozenset("void unlabelled unlabeled ignore ignored unannotated".split())
_NAMES = frozenset("codes classes labels class_names classnames names label_names".split())
_TEXT_BYTES = 1 << 16
_EDGE, _LARGE_CODE, _FEW_SHADES = 255, 100, 8
_DARK, _LIGHT, _CLEAR = 40, 215, 0.8
_NEAR_LIGHT = range(190, 255)
# Wave format tags (RFC 2361): PCM, IEEE float, extensible.
_READ_TAGS = frozenset((1, 3, 0xFFFE))
_HIGHEST, _LEAST_SHARE, _LONGEST = 8000, 0.05, 10.0


@frozen
class _Classes:
    """The classes of masks in order: the value and the name of each, and values that have no class."""

    form: str
    values: tuple[int, ...]
    names: tuple[str, ...]
    unlabelled: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


def masks(folder: Folder, found: Found, labelled: Labelled) -> tuple[Labelled, Answers]:
    """Read masks: which classes they hold; images whose mask can't be read are left out."""
    names = files.spread(sorted(labelled.truths), _MASKS)
    counted = pixels.count(folder, {name: labelled.truths[name] for name in names}, SILENT)
    notes = list(labelled.notes)
    alone = found.masks.images_alone if found.masks is not None else ()
    if alone:
        notes.append(f"{len(alone)} images without a mask are left out: {', '.join(alone[:3])}")
    if counted.left_out:
        notes.append(f"{len(counted.left_out)} images are left out, such as {next(iter(counted.left_out))}: {next(iter(counted.left_out.values()))}")  # fmt: skip
    if len(names) < len(labelled.truths):
        notes.append(f"The classes are those of {len(names)} masks, chosen evenly")
    made = _void(_named(folder, _clear(_Classes(counted.form, counted.values, counted.names), counted)))  # fmt: skip
    if len(made.values) > _MOST:
        raise CompanionError(
            f"the masks hold {len(made.values)} different values, and a project knows {_MOST} classes",
            hint="Save masks as PNG with one value for each class.",
            file=folder.root,
            code=Exit.USAGE,
        )
    truths = {one: mask for one, mask in labelled.truths.items() if one not in counted.left_out}
    told = {
        "classes": list(made.names),
        "codes": list(made.values),
        "unlabelled": list(made.unlabelled),
        "form": made.form,
    }
    return replace(labelled, truths=truths, notes=(*notes, *made.notes)), told


def _clear(made: _Classes, counted: Counted) -> _Classes:
    """Read many shades of grey that are nearly all dark or light as two classes: edges were smoothed."""
    if made.form != "grey" or len(made.values) <= _FEW_SHADES:
        return made
    sums: Counter[int] = Counter()
    for counts in counted.by_image.values():
        for name, count in counts.items():
            sums[int(name)] += int(count)
    clear = sum(count for value, count in sums.items() if value < _DARK or value > _LIGHT)
    # Numbered classes stop somewhere below a border of 255; a smooth edge goes through to the end.
    smooth = sum(value in _NEAR_LIGHT for value in made.values) >= 3 and min(made.values) < _DARK
    if not smooth or clear < _CLEAR * sums.total() or max(made.values) > _EDGE:
        return made
    note = f"Masks hold {len(made.values)} shades, nearly all of them dark or light: they are read as two classes"
    return _Classes("threshold", (0, 1), ("0", "1"), notes=(note,))


def _named(folder: Folder, made: _Classes) -> _Classes:
    """Call classes as a list beside the masks does: lines of names, or names with red, green and blue."""
    if made.form in ("grey", "index"):
        known: Mapping[int, str] = dict(enumerate(_lines(folder)))
    else:
        known = _colours(folder) if made.form == "colour" else {}
    names = tuple(known.get(value, "") for value in made.values)
    if not all(names) or len(set(names)) < len(names):
        # A border such as 255 is often on no list.
        named = [name for value, name in zip(made.values, names, strict=True) if value != _EDGE]
        if not named or not all(named) or len(set(named)) < len(named):
            return made
        names = tuple(name or str(_EDGE) for name in names)
    return replace(made, names=names)


def _lines(folder: Folder) -> list[str]:
    """Give the lines of a list of class names."""
    for name in folder.texts:
        if files.stem(name).lower() in _NAMES:
            lines = _text(folder, name).splitlines()
            return [line.strip() for line in lines if line.strip()]
    return []


def _colours(folder: Folder) -> dict[int, str]:
    """Read a table of names with red, green and blue."""
    for name in folder.tables:
        rows = list(csv.DictReader(_text(folder, name).splitlines()))
        heads = {(head or "").strip().lower()[:1]: head for head in (rows[0] if rows else {})}
        first = next(iter(rows[0])) if rows else ""
        if rows and len(rows[0]) == 4 and {"r", "g", "b"} <= set(heads):
            try:
                return {_rgb(row[heads[c]] for c in "rgb"): row[first].strip() for row in rows}
            except (TypeError, ValueError, AttributeError):
                continue
    return {}


def _rgb(cells: Iterable[str]) -> int:
    red, green, blue = (int(cell) for cell in cells)
    return (red << 16) + (green << 8) + blue


def _text(folder: Folder, name: str) -> str:
    try:
        raw = files.head(folder, name, _TEXT_BYTES)
    except OSError:
        return ""
    return raw.decode(encoding_of(raw) or "utf-8", "replace").lstrip("\ufeff")


def _void(made: _Classes) -> _Classes:
    """Set values aside that stand for no class: those named so, and 255 beside classes numbered from 0 on."""
    aside = {value for value, name in zip(made.values, made.names, strict=True) if name.lower() in _VOID}  # fmt: skip
    others = [value for value in made.values if value != _EDGE and value not in aside]
    numbered = len(others) >= 2 and max(others) < _LARGE_CODE
    if made.form in ("grey", "index") and _EDGE in made.values and numbered:
        aside.add(_EDGE)
    kept = [pair for pair in zip(made.values, made.names, strict=True) if pair[0] not in aside]
    if not aside or len(kept) < 2:
        return made
    shown = ", ".join(pixels.name_of(value, made.form) for value in sorted(aside))
    note = f"Pixels of {shown} are held for unlabelled and do not count: data.py says so"
    values, names = zip(*kept, strict=True)
    return replace(made, values=values, names=names, unlabelled=tuple(sorted(aside)), notes=(*made.notes, note))  # fmt: skip


def sounds(folder: Folder, found: Found, labelled: Labelled) -> tuple[Labelled, Answers]:
    """Look at the heads of recordings: how long they are, how high they go; only WAV files can be read."""
    del found
    names = list(labelled.truths)
    opened = names if len(names) <= _HEADS else files.spread(names, _HEADS)
    other = [name for name in opened if not _can_be_read(folder, name)]
    notes = list(labelled.notes)
    if len(other) == len(opened):
        raise CompanionError(
            f"the recordings are no WAV files of plain samples, such as {other[0]}: a project reads nothing else",
            hint="Turn each into WAV, such as: ffmpeg -i one.mp3 one.wav",
            file=folder.root,
            code=Exit.USAGE,
        )
    if other:
        notes.append(f"{len(other)} recordings that are no WAV files of plain samples are left out: {', '.join(other[:3])}")  # fmt: skip
    truths = {name: truth for name, truth in labelled.truths.items() if name not in set(other)}
    heads = [images.sound(folder, name) for name in files.spread(list(truths), _HEADS)]
    lengths = sorted(head.seconds for head in heads)
    seconds = min(_LONGEST, max(0.1, lengths[len(lengths) * 9 // 10]))
    told = {"highest": _top([head.rate for head in heads]), "seconds": round(seconds, 2)}
    return replace(labelled, truths=truths, notes=tuple(notes)), told


def _can_be_read(folder: Folder, name: str) -> bool:
    """Does the head say that samples follow as plain numbers?"""
    try:
        start = files.head(folder, name, 4096)
    except OSError:
        return False
    if start[:4] != b"RIFF" or start[8:12] != b"WAVE":
        return False
    place = 12
    while place + 24 <= len(start):
        length = struct.unpack_from("<I", start, place + 4)[0]
        if start[place : place + 4] == b"fmt ":
            tag, bits = struct.unpack_from("<H", start, place + 8)[0], struct.unpack_from("<H", start, place + 22)[0]  # fmt: skip
            return tag in _READ_TAGS and bits in ((32, 64) if tag == 3 else (8, 16, 24, 32))
        place += 8 + length + length % 2
    return False


def _top(rates: list[int]) -> int:
    """Give the highest frequency that nearly all recordings can hold, so that the rate tells no class."""
    counts, known = Counter(rates), [rate for rate in rates if rate]
    often = [rate for rate in known if counts[rate] >= _LEAST_SHARE * len(known)]
    return min(_HIGHEST, min(often or known) // 2)


#: kind -> what looks into its files: it leaves out those that can't be read, and answers for the templates
LOOK: dict[str, Callable[[Folder, Found, Labelled], tuple[Labelled, Answers]]] = {
    "segmentation": masks,
    "audio-class": sounds,
}
