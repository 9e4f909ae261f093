"""What a picture file is, by its first bytes: its kind and its size in pixels. Pure."""

from __future__ import annotations

from fastcompanion.base.records import frozen

_SVG_HEAD = 1024


@frozen
class Picture:
    """A picture: "png", "jpeg", "gif", "webp", "avif", "bmp" or "svg"; 0 pixels are not known."""

    kind: str
    width: int = 0
    height: int = 0


def look(data: bytes) -> Picture | None:
    """Tell what the bytes show, None when that is no picture."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        return Picture("png", *_big(data[16:24], 4))
    if data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 10:
        return Picture("gif", _little(data[6:8]), _little(data[8:10]))
    if data.startswith(b"\xff\xd8\xff"):
        return Picture("jpeg", *_jpeg(data))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Picture("webp")
    if data[4:12] in (b"ftypavif", b"ftypavis"):
        return Picture("avif")
    if data.startswith(b"BM"):
        return Picture("bmp")
    return Picture("svg") if b"<svg" in data[:_SVG_HEAD] else None


def _big(data: bytes, size: int) -> tuple[int, int]:
    return int.from_bytes(data[:size], "big"), int.from_bytes(data[size : 2 * size], "big")


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _jpeg(data: bytes) -> tuple[int, int]:
    """Walk from one segment to the next until that with the frame's size."""
    place = 2
    while place + 9 < len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = _big(data[place + 5 : place + 9], 2)
            return width, height
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return 0, 0
