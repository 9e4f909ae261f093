"""What stands in a column, counted while the file goes by: bounded memory, quick for numbers and for few values."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence

from fastcompanion.base.records import frozen
from fastcompanion.competition.validation.ids import NOTHING
from fastcompanion.competition.validation.table import Block

#: different values that are counted one by one; cells kept as examples
FEW, _EXAMPLES = 1000, 1000
#: of numbers between 0 and 1, every which goes into the mean
_EVERY = 16
_COMMA = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})*,\d+|[+-]?\d*,\d+")
_TRUTH = frozenset(("true", "false"))


@frozen
class Odd:
    """Cells of one kind: how many, and the first of them with its line."""

    count: int
    cell: str
    line: int


class Tally:
    """One column: numbers, gaps, what is neither; `counts` are the values while they are few, else None."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows = self.numbers = 0
        self.counts: Counter[str] | None = Counter()
        self.low, self.high, self.total = math.inf, -math.inf, 0.0
        self.low_line = self.high_line = 0
        self.whole, self.dotted = True, False
        self.odd: dict[str, Odd] = {}
        self.examples: list[str] = []
        self._as_text = False

    @property
    def missing(self) -> int:
        """How many cells hold nothing."""
        return self.odd["missing"].count if "missing" in self.odd else 0

    @property
    def numeric(self) -> bool:
        """Are all cells numbers, but for gaps?"""
        return self.numbers > 0 and "text" not in self.odd

    @property
    def constant(self) -> bool:
        """Is it one value in all rows?"""
        return self.rows > 1 and self.counts is not None and len(self.counts) == 1

    @property
    def mean(self) -> float:
        """Give the mean of the numbers."""
        return self.total / self.numbers if self.numbers else math.nan

    def add(self, block: Block, cells: Sequence[str]) -> None:
        """Count the cells of a block."""
        self.rows += len(cells)
        if len(self.examples) < _EXAMPLES:
            self.examples += cells[: _EXAMPLES - len(self.examples)]
        if self.counts is not None:
            before = len(self.counts)
            here = Counter(cells[:2000]) if before == 0 else self.counts
            if len(here) <= FEW and self._few(block, cells):
                return
            self.counts = None
        self._many(block, cells)

    def _few(self, block: Block, cells: Sequence[str]) -> bool:
        alike = cells.count(cells[0]) == len(cells)
        here = Counter({cells[0]: len(cells)}) if alike else Counter(cells)
        assert self.counts is not None
        if len(here) > FEW:
            return False
        for cell, count in here.items():
            self._one(cell, count, block, cells)
        self.counts.update(here)
        if len(self.counts) > FEW:
            self.counts = None
        return True

    def _many(self, block: Block, cells: Sequence[str]) -> None:
        """Read all as numbers at once; what does not allow that is looked at one by one."""
        if self._as_text:
            self._texts(block, cells)
            return
        if block.plain and self._fractions(block, cells):
            return
        try:
            numbers = list(map(float, cells))
        except ValueError:
            numbers = []
        total = sum(numbers)
        if not (block.plain or _plain(cells)) or not numbers or not math.isfinite(total):
            here = Counter(cells)
            for cell, count in here.items():
                self._one(cell, count, block, cells)
            self._as_text = self.numbers == 0
            return
        self.numbers += len(numbers)
        self.total += total
        self.whole = self.whole and all(map(float.is_integer, numbers))
        self.dotted = self.dotted or (self.whole and "." in "".join(cells))
        self._span(min(numbers), max(numbers), block, numbers)

    def _fractions(self, block: Block, cells: Sequence[str]) -> bool:
        """Count cells that are all "0." and digits: as texts they stand in the order of their numbers.

        Making a million numbers takes half of all the time. Their mean is that of every sixteenth.
        """
        joined = "\n".join(cells)
        if not joined.startswith("0.") or joined.count("\n0.") != len(cells) - 1:
            return False
        if not joined.replace("\n0.", "")[2:].isdigit():
            return False
        low, high, some = min(cells), max(cells), cells[::_EVERY]
        self.numbers += len(cells)
        self.total += sum(map(float, some)) * len(cells) / len(some)
        self.whole, self.dotted = self.whole and not float(high), True
        if float(low) < self.low:
            self.low, self.low_line = float(low), block.line(cells.index(low))
        if float(high) > self.high:
            self.high, self.high_line = float(high), block.line(cells.index(high))
        return True

    def _texts(self, block: Block, cells: Sequence[str]) -> None:
        self._note("text", len(cells), block.line(0), cells[0])
        for cell in set(cells) if len(cells) < 1 << 22 else ():
            if len(cell) < 5 and cell.strip().lower() in NOTHING:
                self._note("missing", list(cells).count(cell), block.line(cells.index(cell)), cell)

    def _span(self, low: float, high: float, block: Block, numbers: Sequence[float]) -> None:
        if low < self.low:
            self.low, self.low_line = low, block.line(numbers.index(low))
        if high > self.high:
            self.high, self.high_line = high, block.line(numbers.index(high))

    def _one(self, cell: str, count: int, block: Block, cells: Sequence[str]) -> None:
        kind, value = _kind(cell)
        if kind != "number":
            self._note(kind, count, block.line(cells.index(cell)), cell)
            return
        self.numbers += count
        self.total += value * count
        self.whole = self.whole and value.is_integer()
        self.dotted = self.dotted or "." in cell
        if cell != cell.strip():
            self._note("padded", count, block.line(cells.index(cell)), cell)
        if value < self.low:
            self.low, self.low_line = value, block.line(cells.index(cell))
        if value > self.high:
            self.high, self.high_line = value, block.line(cells.index(cell))

    def _note(self, kind: str, count: int, line: int, cell: str) -> None:
        old = self.odd.get(kind)
        first = (cell, line) if old is None or line < old.line else (old.cell, old.line)
        self.odd[kind] = Odd(count + (old.count if old else 0), *first)
        if kind in ("comma", "truth"):
            self._note("text", count, line, cell)


def _plain(cells: Sequence[str]) -> bool:
    joined = "".join(cells)
    return joined.isascii() and "_" not in joined and " " not in joined


def _kind(cell: str) -> tuple[str, float]:
    """Say what a cell is: missing, infinite, comma, truth, text, or a number with its value."""
    text = cell.strip().lower()
    if text in NOTHING:
        return "missing", 0.0
    if text in _TRUTH:
        return "truth", 0.0
    try:
        value = float(cell) if cell.isascii() and "_" not in cell else math.nan
    except ValueError:
        return ("comma" if _COMMA.fullmatch(text) else "text"), 0.0
    if math.isinf(value):
        return "infinite", 0.0
    return ("text", 0.0) if math.isnan(value) else ("number", value)


def of(name: str, cells: Sequence[str], lines: Collection[int] = ()) -> Tally:
    """Count a column that is there as a whole."""
    told = Tally(name)
    for begin in range(0, len(cells), 1 << 16):
        part = cells[begin : begin + (1 << 16)]
        told.add(Block((part,), begin + 2, list(lines) or None), part)
    return told
