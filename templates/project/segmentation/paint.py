"""Masks as people see them: painted over the picture, a colour for each class."""

import base64
import colorsys
import io

import numpy as np
from PIL import Image

import data

STRENGTH = 0.55  # how much of a colour covers the picture


def colours(count):
    """As many colours, unlike each other: red, green and blue of each, from 0 to 255."""
    made = [colorsys.hsv_to_rgb(place * 0.618034 % 1, 0.9 if place % 2 else 0.65, 0.95) for place in range(count)]
    return np.round(np.array(made) * 255).astype(np.uint8)


def painted(pixels, classes):
    """A picture with the class of each pixel laid over it; what has no class stays as it is."""
    known = classes < len(data.CLASSES)
    cover = colours(len(data.CLASSES))[np.where(known, classes, 0)]
    mixed = np.where(known[:, :, None], (1 - STRENGTH) * pixels + STRENGTH * cover, pixels)
    return Image.fromarray(np.round(mixed).astype(np.uint8))


def link(image):
    """An image as a data: URL, a part of the page itself."""
    kept = io.BytesIO()
    image.save(kept, "PNG")
    return f"data:image/png;base64,{base64.b64encode(kept.getvalue()).decode()}"


def shares(classes):
    """The share of the pixels that each class has, the largest first; those with none are left out."""
    counts = np.bincount(classes.ravel(), minlength=256)[: len(data.CLASSES)]
    told = [(name, count / max(1, counts.sum())) for name, count in zip(data.CLASSES, counts.tolist(), strict=True) if count]
    return sorted(told, key=lambda pair: -pair[1])


def hexes():
    """The colour of each class as a page writes it."""
    return {name: "#" + bytes(colour).hex() for name, colour in zip(data.CLASSES, colours(len(data.CLASSES)), strict=True)}
