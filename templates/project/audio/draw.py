"""Spectra as people see them: low below, later to the right, loud bright."""

import base64
import struct
import zlib

import numpy as np

import data


def link(spectrum):
    """A spectrum as a picture that is a part of the page itself."""
    shades = np.clip((spectrum[::-1] - data.QUIET) / -data.QUIET * 255, 0, 255).astype(np.uint8)
    return address(png(shades), "image/png")


def address(content, kind):
    """Bytes as a data: URL."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def png(shades):
    """A grey picture as a PNG file, which the standard library can pack (each line begins with a 0: no filter)."""
    height, width = shades.shape
    lines = np.pad(shades, [(0, 0), (1, 0)]).tobytes()

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
