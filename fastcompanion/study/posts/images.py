"""Whether a picture can be shown, by its first and last bytes; nothing is decoded."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import PurePath

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_POINTER = b"version https://git-lfs"
#: what browsers show
SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".avif", ".bmp", ".ico")


def broken(name: str, data: bytes) -> str:
    """Say why a browser will not show a picture; empty where nothing speaks against it."""
    if not data:
        return "is empty"
    if data.startswith(_POINTER):
        return "is a pointer of Git LFS, not the picture: git lfs pull"
    suffix = PurePath(name).suffix.lower()
    if data.startswith(_PNG):
        return "" if b"IEND" in data[-64:] else "ends in the middle"
    if data.startswith(_JPEG):
        return "" if b"\xff\xd9" in data[-65536:] else "ends in the middle"
    if data.startswith((b"GIF87a", b"GIF89a")) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP"):
        return ""
    if suffix == ".svg":
        return "" if re.search(rb"<svg[\s>]", data[:20_000]) else "holds no <svg>"
    if suffix in (".png", ".jpg", ".jpeg", ".gif", ".webp"):
        return "is no picture of any kind that browsers show"
    return "" if suffix in SUFFIXES else f"is a {suffix or 'nameless'} file, which browsers do not show"  # fmt: skip


def decoded(text: str) -> bytes | None:
    """Give the bytes of a picture that a notebook keeps as base64; None: it is none."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
