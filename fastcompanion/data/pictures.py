"""Naive models of images: the nearest mean image, and the class that a place in the image mostly has.

Both look at pixels, so they are left out where there are too many files for a first number.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastcompanion.base.reporter import Reporter
from fastcompanion.data import pixels
from fastcompanion.data.files import Folder
from fastcompanion.data.folds import Split
from fastcompanion.data.pixels import Counted

#: more files than that are not looked at for a naive baseline
MOST = 3000
_SIZE = 16
_ROOM = 400_000_000


def nearest_mean(
    folder: Folder, truths: Mapping[str, str], split: Split, reporter: Reporter
) -> dict[str, str]:
    """Say of each image the class whose mean image is nearest: small, grey, by the sum of differences (fastbook, ch. 4).

    An image that can't be decoded is not learned from, and gets the most frequent class. Plain Python: with
    so few pixels the sums take less time than loading numpy.
    """
    small: dict[str, bytes] = {}
    with reporter.task("Looking at images", total=len(truths)) as task:
        for name in truths:
            small[name] = _small(folder, name)
            task.advance()
    said: dict[str, str] = {}
    for fold in split.folds:
        learned: dict[str, list[bytes]] = {}
        for one in split.trained_on(fold):
            learned.setdefault(truths[one], []).append(small[one])
        most = max(sorted(learned), key=lambda name: len(learned[name]))
        means = {name: mean for name in sorted(learned) if (mean := _mean(learned[name]))}
        for one in split.of(fold):
            said[one] = _nearest(small[one], means) if small[one] and means else most
    return said


def _mean(found: Sequence[bytes]) -> list[float]:
    """Average pixels, place by place; empty where no image could be decoded."""
    whole = [one for one in found if one]
    sums = list(whole[0]) if whole else []
    for one in whole[1:]:
        sums = list(map(operator.add, sums, one))
    return [value / len(whole) for value in sums]


def _nearest(asked: bytes, means: Mapping[str, Sequence[float]]) -> str:
    return min(means, key=lambda name: sum(map(abs, map(operator.sub, means[name], asked))))


def _small(folder: Folder, name: str) -> bytes:
    """Give the pixels of an image, small and grey, row by row; empty for one that can't be decoded."""
    try:
        with pixels.opened(folder, name) as image:
            grey = image if image.mode == "L" else image.convert("L")
            return bytes(grey.resize((_SIZE, _SIZE)).tobytes())
    except pixels.UNREADABLE:
        return b""


def position(
    folder: Folder, pairs: Mapping[str, str], counted: Counted, split: Split
) -> dict[str, dict[str, float]] | None:
    """Paint each pixel with the class that its place mostly has; give pixels hit, extra and lost by image.

    None where masks have unlike sizes, or there are too many of them.
    """
    masks = _masks(folder, pairs, counted)
    if masks is None:
        return None
    import numpy as np

    numbers = range(len(counted.values))
    found: dict[str, dict[str, float]] = {}
    for fold in split.folds:
        votes = [np.zeros(next(iter(masks.values())).shape, dtype=int) for _ in numbers]
        for one in split.trained_on(fold):
            for number in numbers:
                votes[number] += masks[one] == number
        painted = np.stack(votes).argmax(axis=0)
        for one in split.of(fold):
            found[one] = dict(_pixels(masks[one], painted, counted.names))
    return found


def _masks(folder: Folder, pairs: Mapping[str, str], counted: Counted) -> dict[str, Any] | None:
    import numpy as np

    if len(pairs) > MOST:
        return None
    known = np.array(counted.values)
    made: dict[str, Any] = {}
    shape: tuple[int, ...] | None = None
    for name, mask in pairs.items():
        values = pixels.values_of(folder, mask, counted.form)
        shape = shape or values.shape
        if values.shape != shape or values.size * len(pairs) > _ROOM:
            return None
        made[name] = np.searchsorted(known, values).astype(np.uint8)
    return made


def _pixels(mask: Any, painted: Any, names: Sequence[str]) -> Iterator[tuple[str, float]]:
    for number, name in enumerate(names):
        true, said = mask == number, painted == number
        yield f"hit:{name}", float((true & said).sum())
        yield f"extra:{name}", float((~true & said).sum())
        yield f"lost:{name}", float((true & ~said).sum())
