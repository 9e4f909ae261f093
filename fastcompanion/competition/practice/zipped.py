"""Archives made in memory, the same bytes from the same files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from fastcompanion.base import store


def write(path: Path, files: Sequence[Path]) -> None:
    """Put files into one archive."""
    store.write_bytes(path, pack({file.name: store.read_bytes(file) for file in files}))


def pack(files: Mapping[str, bytes]) -> bytes:
    """Give the bytes of an archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return made.getvalue()
