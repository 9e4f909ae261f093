"""Archives: small ones made in memory, the same bytes from the same files; large ones as a stream."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_BLOCK = 1 << 20


def pack(files: Mapping[str, bytes]) -> bytes:
    """Give the bytes of an archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return made.getvalue()


class _Sink(io.RawIOBase):
    """Keeps what an archive writes until it is taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        return len(part)

    def taken(self) -> bytes:
        """Give what came since the last time."""
        made = b"".join(self._parts)
        self._parts.clear()
        return made


def stream(files: Mapping[str, Path]) -> Iterator[bytes]:
    """Give the bytes of an archive of files of any size, block by block; tables are made smaller."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name, path in files.items():
            entry = zipfile.ZipInfo(name)
            entry.file_size = path.stat().st_size
            if path.suffix == ".csv":
                entry.compress_type = zipfile.ZIP_DEFLATED
            with path.open("rb") as source, archive.open(entry, "w") as target:
                while block := source.read(_BLOCK):
                    target.write(block)
                    yield sink.taken()
            yield sink.taken()
    yield sink.taken()
