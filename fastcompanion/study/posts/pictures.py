"""What a picture of a post is, by its first bytes: its kind and its size in pixels. Pure."""

from __future__ import annotations

from fastcompanion.base.records import frozen
from fastcompanion.data import images

_SVG_HEAD = 1024


@frozen
class Picture:
    """A picture: "png", "jpeg", "gif", "webp", "avif", "bmp" or "svg"; 0 pixels are not known."""

    kind: str
    width: int = 0
    height: int = 0


def look(data: bytes) -> Picture | None:
    """Tell what the bytes show, None when that is no picture that browsers show."""
    found = images.of_bytes(data)
    if found.form:
        return Picture(found.form, found.width, found.height)
    if data[4:12] in (b"ftypavif", b"ftypavis"):
        return Picture("avif")
    return Picture("svg") if b"<svg" in data[:_SVG_HEAD] else None
