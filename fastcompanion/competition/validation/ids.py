"""The ids of a submission against those asked for: missing, extra, twice, and why they do not fit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import PurePosixPath

from fastcompanion.base.records import frozen
from fastcompanion.competition.validation.findings import Findings, listed, shown
from fastcompanion.competition.validation.table import Block

#: ids kept to name a cause; the ids asked for are all held, others are not
_EXAMPLES = 200
NOTHING = frozenset(("", "nan", "na", "n/a", "null", "none", "<na>", "nat"))


def _number(text: str) -> str:
    """Write a whole number as such, whatever its form is."""
    try:
        value = float(text)
        return str(int(value)) if value.is_integer() else text
    except (ValueError, OverflowError):
        return text


def _name(text: str) -> str:
    return PurePosixPath(text.replace("\\", "/")).name


#: how ids can be written in another way: what is made of both, what happened, the cure
_CAUSES: tuple[tuple[Callable[[str], str], str, str], ...] = (
    (str.strip, "blanks stand around them", "ids = ids.str.strip()"),
    (str.lower, "upper and lower case differ", "Take them from the sample: sample[id_column]."),
    (_number, "numbers are written in another way (as 1.0, 1e+05 or without leading zeros)", 'Read ids as they stand: read_csv(..., dtype={"id": str}); numbers with gaps become fractions: .astype(int).'),
    (_name, "a folder stands before them, or is missing", "Use path.name, or what the sample has before it."),
    (lambda text: text.rpartition(".")[0] or text, "the suffix of the file (such as .jpg) was kept or lost", "Use path.stem for names without it, path.name for those with it."),
    (lambda text: PurePosixPath(_name(text)).stem, "folder and suffix of the file were kept or lost", "Use path.stem."),
)  # fmt: skip


@frozen
class Wanted:
    """The ids asked for, a line each."""

    text: str
    count: int


def text_of(block: Block, place: int) -> str:
    """Give the ids of a block, a line each; a line end inside an id becomes a zero byte, which no table holds."""
    if place == 0 and block.joined is not None:
        return block.joined + "\n"
    return "\n".join(flat(block.column(place))) + "\n"


def flat(cells: Sequence[str]) -> Sequence[str]:
    """Give ids without line ends inside of them."""
    if not any("\n" in cell for cell in cells):
        return cells
    return [cell.replace("\n", "\0") for cell in cells]


class Ids:
    """What was asked for, and what has come so far; taken apart only once the two differ."""

    def __init__(self, wanted: Wanted, column: str) -> None:
        self.asked, self.column = wanted, column
        self._text, self._place = wanted.text, 0
        self.wanted: Sequence[str] = ()
        self.in_order = True
        self.rows = 0
        self._known: frozenset[str] = frozenset()
        self._seen: set[str] = set()
        self._extra: list[str] = []
        self._extras = 0
        self._extra_line: int | None = None
        self._repeats = False

    def add(self, block: Block, place: int, found: Findings) -> None:
        """Take the ids of a block."""
        begin, self.rows = self.rows, self.rows + len(block)
        if self.in_order:
            came = text_of(block, place)
            if self._text.startswith(came, self._place):
                self._place += len(came)
                return
            self.in_order = False
            self._take_apart()
            self._seen = set(self.wanted[:begin])
        cells = flat(block.column(place))
        fresh = set(cells)
        if not self._repeats and (len(fresh) < len(cells) or not self._seen.isdisjoint(fresh)):
            self._name_twice(block, cells, found)
        if not fresh <= self._known:
            self._others(block, cells, found)
        self._seen |= fresh & self._known

    def _take_apart(self) -> None:
        if not self.wanted:
            self.wanted = self._text.split("\n")[:-1]
            self._known = frozenset(self.wanted)
            self._repeats = len(self.wanted) != len(self._known)

    def _name_twice(self, block: Block, cells: Sequence[str], found: Findings) -> None:
        here: set[str] = set()
        for row, cell in enumerate(cells):
            if cell in here or cell in self._seen:
                found.error("ids-twice", f"The id {shown(cell)} stands there a second time.", "Write each id once; look for files predicted twice or a join that repeats rows.", line=block.line(row), column=self.column)  # fmt: skip
            here.add(cell)

    def _others(self, block: Block, cells: Sequence[str], found: Findings) -> None:
        for row, cell in enumerate(cells):
            if cell in self._known:
                continue
            if cell.strip().lower() in NOTHING:
                found.error("ids-empty", "There is no id.", "Take ids from the sample or the test set, one for each row.", line=block.line(row), column=self.column)  # fmt: skip
                continue
            if not self._extras:
                self._extra_line = block.line(row)
            self._extras += 1
            if len(self._extra) < _EXAMPLES:
                self._extra.append(cell)

    @property
    def fit(self) -> bool:
        """Are all ids those that were asked for?"""
        return not self._extras and (
            self.rows == self.asked.count if self.in_order else len(self._seen) == len(self._known)
        )

    def all_among(self, others: Collection[str]) -> bool:
        """Are the ids exactly these others, as far as one still knows?"""
        return self.rows == len(others) and all(one in others for one in self._extra)

    def judge(self, found: Findings) -> None:
        """Say what is missing, what is too much, and why."""
        rows, asked = self.rows, self.asked.count
        if rows != asked:
            found.error("row-count", f"There are {rows:,} rows, and there must be {asked:,}.", "Predict every row of the test set once: no drop_last, no rows dropped for gaps.")  # fmt: skip
        if self.fit:
            if not self.in_order and not self._repeats:
                found.note("id-order", "The ids stand in another order than in the sample, which does not matter to Kaggle.")  # fmt: skip
            return
        missing = self._missing()
        if self._extra and missing and (cause := _cause(self._extra, missing)):
            self._name_cause(missing, cause, found)
            return
        if self._extras:
            found.error("ids-extra", f"{self._extras:,} ids are not asked for: {listed(self._extra, self._extras)}.", "Leave them out; are these rows of train?", line=self._extra_line, column=self.column)  # fmt: skip
        if missing:
            found.error("ids-missing", f"{len(missing):,} ids are missing: {listed(missing, len(missing))}.", "The submitted ids must contain all those of the sample: predict these too.", column=self.column)  # fmt: skip

    def _missing(self) -> list[str]:
        self._take_apart()
        if self.in_order:
            return list(self.wanted[self.rows :])
        left = self._known - self._seen
        return [one for one in self.wanted if one in left]

    def _name_cause(self, missing: list[str], cause: tuple[str, str], found: Findings) -> None:
        why, fix = cause
        found.error("ids-spelled", f"{self._extras:,} ids are written in another way than in the sample: {shown(self._extra[0])} and not {shown(missing[0])}; {why}.", fix, line=self._extra_line, column=self.column)  # fmt: skip


def _cause(extra: Iterable[str], missing: Sequence[str]) -> tuple[str, str] | None:
    """Find the way of writing in which most of the ids would be those asked for."""
    some = list(extra)
    for made, why, fix in _CAUSES:
        asked = {made(one) for one in missing}
        if sum(made(one) in asked for one in some) >= 0.9 * len(some):
            return why, fix
    return None
