"""The first and last bytes of images and recordings: form, size, and whether the file is whole.

Nothing is decoded. Sources: the PNG, JPEG (ITU T.81), GIF89a, BMP and WebP container specifications,
and the RIFF WAVE format.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Callable
from typing import IO

from fastcompanion.base.records import frozen
from fastcompanion.data import files
from fastcompanion.data.files import Folder

_BLOCK = 4096
# Markers of JPEG that begin a frame, and hold its size.
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})


@frozen
class Picture:
    """What the head of an image says; `problem` is empty for a file that looks whole.

    `colours` is grey, palette, rgb, with "+alpha", or empty where the head does not tell.
    """

    form: str
    width: int = 0
    height: int = 0
    colours: str = ""
    problem: str = ""

    @property
    def size(self) -> str:
        """Width and height as people write them."""
        return f"{self.width}x{self.height}"


@frozen
class Sound:
    """What the head of a recording says; zeros for forms that are not read here."""

    form: str
    rate: int = 0
    channels: int = 0
    seconds: float = 0.0
    problem: str = ""


def picture(folder: Folder, name: str) -> Picture:
    """Look at an image's head and end; never raises for what is in the file."""
    try:
        with files.opened(folder, name) as file:
            return _picture(file)
    except OSError as error:
        return Picture("", problem=f"can't be read: {error.strerror or type(error).__name__}")


def of_bytes(data: bytes) -> Picture:
    """Look at an image, or at its first bytes alone: then it says what the head tells, and is not whole."""
    return _picture(io.BytesIO(data))


def _picture(file: IO[bytes]) -> Picture:
    start = file.read(_BLOCK)
    if not start:
        return Picture("", problem="is empty")
    size = file.seek(0, os.SEEK_END) if len(start) == _BLOCK else len(start)
    for mark, (form, read) in _FORMS.items():
        if start.startswith(mark) and (form != "webp" or start[8:12] == b"WEBP"):
            try:
                return read(file, start, size)
            except (struct.error, IndexError):
                return Picture(form, problem="is cut off in its head")
    return Picture("", problem="is no image" if not _is_other_image(start) else "")


def _is_other_image(start: bytes) -> bool:
    """Is it a TIFF or one of the netpbm formats, which are not looked into?"""
    return start[:4] in (b"II*\0", b"MM\0*") or (start[:1] == b"P" and start[1:2] in b"123456")


def _end(file: IO[bytes], start: bytes, size: int) -> bytes:
    """Give the last block; a small file was read whole, and reading it again would take as long as opening it."""
    if size == len(start):
        return start
    file.seek(max(0, size - _BLOCK))
    return file.read(_BLOCK)


_PNG_COLOURS = {0: "grey", 2: "rgb", 3: "palette", 4: "grey+alpha", 6: "rgb+alpha"}


def _png(file: IO[bytes], start: bytes, size: int) -> Picture:
    if start[12:16] != b"IHDR":
        return Picture("png", problem="has no head")
    width, height = struct.unpack(">II", start[16:24])
    whole = b"IEND\xaeB`\x82" in _end(file, start, size)
    return _made("png", width, height, _PNG_COLOURS.get(start[25], ""), whole)


def _jpeg(file: IO[bytes], start: bytes, size: int) -> Picture:
    place = 2
    while place < size:
        file.seek(place)
        head = file.read(10)
        if head[0] != 0xFF:
            return Picture("jpeg", problem="is cut off in its head")
        marker = head[1]
        if marker == 0xFF or marker in _BARE:
            place += 1 if marker == 0xFF else 2
        elif marker in _FRAMES:
            height, width = struct.unpack(">HH", head[5:9])
            colours = {1: "grey", 3: "rgb", 4: "cmyk"}.get(head[9], "")
            return _made("jpeg", width, height, colours, b"\xff\xd9" in _end(file, start, size))
        else:
            place += 2 + struct.unpack(">H", head[2:4])[0]
    return Picture("jpeg", problem="is cut off in its head")


def _gif(file: IO[bytes], start: bytes, size: int) -> Picture:
    width, height = struct.unpack("<HH", start[6:10])
    return _made("gif", width, height, "palette", b"\x3b" in _end(file, start, size)[-8:])


def _bmp(file: IO[bytes], start: bytes, size: int) -> Picture:
    del file
    promised, bits = struct.unpack("<I", start[2:6])[0], struct.unpack("<H", start[28:30])[0]
    width, height = struct.unpack("<ii", start[18:26])
    colours = "palette" if bits <= 8 else "rgb+alpha" if bits == 32 else "rgb"
    return _made("bmp", width, abs(height), colours, promised <= size or not promised)


def _webp(file: IO[bytes], start: bytes, size: int) -> Picture:
    del file
    whole = struct.unpack("<I", start[4:8])[0] + 8 <= size
    kind = start[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(start[at : at + 3], "little") + 1 for at in (24, 27))
    elif kind == b"VP8L":
        bits = struct.unpack("<I", start[21:25])[0]
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (value & 0x3FFF for value in struct.unpack("<HH", start[26:30]))
    return _made("webp", width, height, "", whole)


def _made(form: str, width: int, height: int, colours: str, whole: bool) -> Picture:
    if not width or not height:
        return Picture(form, width, height, colours, "has no width or height")
    return Picture(form, width, height, colours, "" if whole else "is cut off before its end")


_FORMS: dict[bytes, tuple[str, Callable[[IO[bytes], bytes, int], Picture]]] = {
    b"\x89PNG\r\n\x1a\n": ("png", _png),
    b"\xff\xd8": ("jpeg", _jpeg),
    b"GIF8": ("gif", _gif),
    b"BM": ("bmp", _bmp),
    b"RIFF": ("webp", _webp),
}
#: suffix -> the form that it promises
PROMISED = {
    "png": "png",
    "jpg": "jpeg",
    "jpeg": "jpeg",
    "jpe": "jpeg",
    "gif": "gif",
    "bmp": "bmp",
    "webp": "webp",
}

_SOUNDS = {b"fLaC": "flac", b"OggS": "ogg", b"ID3": "mp3", b"FORM": "aiff", b".snd": "au"}


def sound(folder: Folder, name: str) -> Sound:
    """Look at a recording's head; never raises for what is in the file."""
    try:
        with files.opened(folder, name) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            return _sound(file, file.read(12), size)
    except (OSError, struct.error) as error:
        return Sound(
            "", problem=f"can't be read: {getattr(error, 'strerror', '') or 'its head is broken'}"
        )


def _sound(file: IO[bytes], start: bytes, size: int) -> Sound:
    if not size:
        return Sound("", problem="is empty")
    if start[:4] == b"RIFF" and start[8:12] == b"WAVE":
        return _wave(file, size)
    for mark, form in _SOUNDS.items():
        if start.startswith(mark):
            return Sound(form)
    if len(start) > 1 and start[0] == 0xFF and start[1] & 0xE0 == 0xE0:
        return Sound("mp3")
    return Sound("m4a") if start[4:8] == b"ftyp" else Sound("", problem="is no recording")


def _wave(file: IO[bytes], size: int) -> Sound:
    rate = channels = bytes_a_second = 0
    while len(head := file.read(8)) == 8:
        kind, length = head[:4], struct.unpack("<I", head[4:])[0]
        if kind == b"fmt ":
            channels, rate, bytes_a_second = struct.unpack("<HII", file.read(16)[2:12])
            file.seek(length - 16, os.SEEK_CUR)
        elif kind == b"data":
            there = min(length, size - file.tell())
            seconds = there / bytes_a_second if bytes_a_second else 0.0
            return Sound(
                "wav",
                rate,
                channels,
                seconds,
                "" if there == length else "is cut off before its end",
            )
        else:
            file.seek(length + length % 2, os.SEEK_CUR)
    return Sound("wav", rate, channels, problem="holds no sound")
