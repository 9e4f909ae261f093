"""Masks, pixel by pixel: which values they hold, and how many pixels of each class every image has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.data import files, images
from fastcompanion.data.files import Folder

_MOST_CLASSES = 256
_HALF = 128
#: what Pillow raises for an image that is broken
UNREADABLE = (OSError, ValueError, SyntaxError, EOFError)


@frozen
class Counted:
    """What the masks hold. `values` are the pixel values (numbers, or colours as one number) in order of class.

    `form` says how a pixel gives its value: "grey", "index" (of a palette), "colour" or "threshold"
    (grey of two classes that a lossy format blurred). `left_out` are images whose mask can't be used.
    """

    form: str
    values: tuple[int, ...]
    by_image: Mapping[str, Mapping[str, float]]
    left_out: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """Name the classes: by their value, colours by red, green and blue."""
        return tuple(name_of(value, self.form) for value in self.values)


def name_of(value: int, form: str) -> str:
    """Name a class by its value."""
    if form == "colour":
        return f"{value >> 16} {value >> 8 & 255} {value & 255}"
    return str(value)


def count(folder: Folder, pairs: Mapping[str, str], reporter: Reporter) -> Counted:
    """Read every mask and count; a mask of another size than its image, or one that is broken, is left out."""
    form = _form(folder, list(pairs.values()))
    found: dict[str, dict[int, int]] = {}
    left_out: dict[str, str] = {}
    with reporter.task("Counting pixels of masks", total=len(pairs)) as task:
        for name, mask in pairs.items():
            try:
                size, counts = _counts(folder, mask, form)
            except UNREADABLE as error:
                left_out[name] = f"{mask} can't be read ({error})"
                continue
            finally:
                task.advance()
            image = images.picture(folder, name)
            if image.problem or (image.width and size != (image.width, image.height)):
                left_out[name] = image.problem or f"its mask has another size ({mask})"
            else:
                found[name] = counts
    values = tuple(sorted({value for counts in found.values() for value in counts}))
    if not 2 <= len(values) <= _MOST_CLASSES:
        raise CompanionError(
            f"the masks hold {len(values)} different values, and classes are 2 to {_MOST_CLASSES}",
            hint="Save masks as PNG with one value for each class.",
            file=folder.root,
            code=Exit.USAGE,
        )
    by_image = {
        name: {name_of(value, form): float(n) for value, n in counts.items()}
        for name, counts in found.items()
    }
    return Counted(form, values, by_image, left_out)


def opened(folder: Folder, name: str) -> Any:
    """Open an image with Pillow."""
    try:
        from PIL import Image
    except ImportError:
        raise CompanionError(
            "masks are read with Pillow, which is not installed",
            hint="python -m pip install pillow",
            code=Exit.MISSING,
        ) from None
    try:
        return Image.open(fp=files.place(folder, name))
    except Image.DecompressionBombError as error:
        raise OSError(str(error)) from None


def _form(folder: Folder, masks: list[str]) -> str:
    """Tell from the first masks that can be read how their pixels give classes."""
    for name in masks[:20]:
        try:
            with opened(folder, name) as image:
                return _form_of(image)
        except UNREADABLE:
            continue
    raise CompanionError("no mask can be read", file=folder.root / masks[0])


def _form_of(image: Any) -> str:
    if image.format == "JPEG":
        return "threshold"
    if image.mode in ("P", "PA"):
        return "index"
    if image.mode in ("RGB", "RGBA"):
        bands = image.convert("RGB").split()
        same = bands[0].tobytes() == bands[1].tobytes() == bands[2].tobytes()
        return "grey" if same else "colour"
    return "grey"


def _counts(folder: Folder, name: str, form: str) -> tuple[tuple[int, int], dict[int, int]]:
    import numpy as np

    found = values_of(folder, name, form)
    values, counts = np.unique(found, return_counts=True)
    height, width = found.shape
    return (width, height), dict(zip(values.tolist(), counts.tolist(), strict=True))


def values_of(folder: Folder, name: str, form: str) -> Any:
    """Give the value of each pixel of a mask, as an array of whole numbers."""
    import numpy as np

    with opened(folder, name) as image:
        if form == "colour":
            bands = [np.asarray(band).astype(int) for band in image.convert("RGB").split()]
            return bands[0] * 65536 + bands[1] * 256 + bands[2]
        if form == "threshold":
            return (np.asarray(image.convert("L")) >= _HALF).astype(int)
        if form == "grey" and image.mode in ("RGB", "RGBA", "LA"):
            return np.asarray(image.convert("L")).astype(int)
        found = np.asarray(image).astype(int)
        return found if found.ndim == 2 else found[:, :, 0]
