"""What a column has to hold, told by the sample's column and by what training has in it."""

from __future__ import annotations

import re
from typing import Literal

from fastcompanion.base.records import frozen
from fastcompanion.competition.validation.tally import Tally

Holds = Literal["number", "share", "runs", "labels", "date", "text", "anything"]

_RUNS = re.compile(
    r"(?i)(?:.*[_ .-])?rle(?:[_ .-].*)?|.*encoded[_ ]?pixels?.*|.*run[_ ]?lengths?.*"
)
_LABELS = re.compile(r"(?i)(?:.*[_ .-])?(?:labels|tags|targets|classes|predictions?|ids)")
_DIGIT = re.compile(r"\d")
_DATE = re.compile(r"9{1,4}[-/.]9{1,2}[-/.]9{1,4}(?:[ T].*)?")
_MOST_SHAPES, _MOST_CLASSES = 8, 60


@frozen
class Expected:
    """What a column holds; `classes` are the words or codes that training has, `shapes` how dates are written."""

    holds: Holds
    whole: bool = False
    gaps: bool = False
    classes: frozenset[str] = frozenset()
    shapes: frozenset[str] = frozenset()


def expected(sample: Tally, train: Tally | None) -> Expected:
    """Tell what is asked for."""
    gaps = sample.missing > 0
    holds = _holds(sample, train)
    whole = holds == "number" and sample.whole and not sample.dotted
    shapes = frozenset(map(shape, filter(str.strip, sample.examples))) if holds == "date" else ()
    return Expected(holds, whole, gaps, _classes(holds, train), frozenset(shapes))


def shape(cell: str) -> str:
    """Write a cell with a 9 for every digit."""
    return _DIGIT.sub("9", cell.strip())


def _holds(sample: Tally, train: Tally | None) -> Holds:
    if _RUNS.fullmatch(sample.name) or (sample.constant and sample.examples[0].strip() == "1 1"):
        return "runs"
    if sample.numeric:
        return "share" if not sample.whole and sample.low >= 0 and sample.high <= 1 else "number"
    if sample.missing == sample.rows:
        return (
            _holds(train, None) if train is not None and train.missing < train.rows else "anything"
        )
    shapes = {shape(cell) for cell in sample.examples}
    if len(shapes) <= _MOST_SHAPES and all(map(_DATE.fullmatch, filter(None, shapes))):
        return "date"
    if _several(sample) or (train is not None and _several(train)):
        return "labels"
    return "text"


def _several(told: Tally) -> bool:
    """Do cells hold several words that come back in other cells, under a name that says so?"""
    cells = [cell.split() for cell in told.examples]
    if not any(len(cell) > 1 for cell in cells):
        return False
    words = [word for cell in cells for word in cell]
    return bool(_LABELS.fullmatch(told.name)) and (
        len(set(words)) <= len(words) / 2 or len(told.counts or ()) == 1
    )


def _classes(holds: Holds, train: Tally | None) -> frozenset[str]:
    if train is None or train.counts is None:
        return frozenset()
    if holds == "labels":
        return frozenset(word for cell in train.counts for word in cell.split())
    few = len(train.counts) <= _MOST_CLASSES and train.whole
    if holds == "text" or (holds == "number" and train.numeric and few):
        return frozenset(cell for cell in train.counts if cell.strip())
    return frozenset()
