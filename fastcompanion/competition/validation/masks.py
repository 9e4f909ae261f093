"""Masks against the images that they lie over: no run may end beyond the last pixel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from fastcompanion.competition.validation.findings import Findings, shown
from fastcompanion.competition.validation.table import Block
from fastcompanion.data import files, images

#: images whose size is read; the masks of others are not compared
_MOST = 20_000


class Sizes:
    """The images of a folder by the ids that a submission may have for them; a size is read when it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = files.walk(folder)
        self._names: dict[str, str] = {}
        for name in self._folder.images:
            for called in (name, PurePosixPath(name).name, PurePosixPath(name).stem):
                self._names.setdefault(called, name)
        self._known: dict[str, tuple[int, int]] = {}

    def of(self, id_: str) -> tuple[int, int] | None:
        """Give width and height of an id's image, also where a class follows the name (`img_3`); None where none is known."""
        name = self._names.get(id_) or self._names.get(id_.rpartition("_")[0])
        if name is None:
            return None
        if name not in self._known:
            if len(self._known) >= _MOST:
                return None
            found = images.picture(self._folder, name)
            self._known[name] = (found.width, found.height)
        width, height = self._known[name]
        return (width, height) if width and height else None


def look(
    block: Block, ids: Sequence[str], cells: Sequence[str], sizes: Sizes, name: str, found: Findings
) -> None:
    """Say which masks go beyond their image."""
    for row, (id_, end) in enumerate(zip(ids, _ends(cells), strict=True)):
        size = sizes.of(id_) if end else None
        if size is not None and end > size[0] * size[1]:
            found.error("runs-outside", f"A run of {shown(id_)} ends at pixel {end:,}, and its image has {size[0]:,} x {size[1]:,} = {size[0] * size[1]:,}.", "Bring the mask to the size of its image before it is written: interpolate(mask, size=(height, width), mode=\"nearest\").", line=block.line(row), column=name)  # fmt: skip


def _ends(cells: Sequence[str]) -> Iterator[int]:
    """Give the last pixel of each mask; 0 for an empty one, and for one that is no mask, which is said elsewhere."""
    for cell in cells:
        words = cell.split()
        whole = len(words) % 2 == 0 and all(word.isascii() and word.isdigit() for word in words)
        pairs = zip(words[::2], words[1::2], strict=True) if whole else ()
        yield max((int(start) + int(length) - 1 for start, length in pairs), default=0)
