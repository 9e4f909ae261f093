"""What a submission has to be, read from the sample, and from train and test where they are there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.near import did_you_mean
from fastcompanion.base.records import frozen
from fastcompanion.competition.validation import signals, source
from fastcompanion.competition.validation.expected import Expected, expected
from fastcompanion.competition.validation.findings import Findings
from fastcompanion.competition.validation.ids import Wanted, text_of
from fastcompanion.competition.validation.masks import Sizes
from fastcompanion.competition.validation.signals import Signals
from fastcompanion.competition.validation.table import Block, Rows
from fastcompanion.competition.validation.tally import Tally
from fastcompanion.data.files import IMAGES

#: rows that are kept, to look at their order and at whether they are the sample's
KEPT = 5000
#: a folder of a test set is not looked through for longer
_MOST_FILES = 2_000_000


@frozen
class Asked:
    """The sample: its columns, the ids in order, each column of values; `sums` is whether rows add up to 1."""

    columns: tuple[str, ...]
    id_column: str
    ids: Wanted
    values: Mapping[str, Tally]
    first: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    holds: Mapping[str, Expected] = field(default_factory=dict)
    train: Mapping[str, Tally] = field(default_factory=dict)
    test_ids: frozenset[str] | None = None
    test_rows: int | None = None
    signals: Signals | None = None
    target: str = ""
    sums: bool = False
    sizes: Sizes | None = None


def read(sample: Path, test: Path | None, train: Path | None, target: str) -> Asked:
    """Read the sample and what is beside it; a sample that is none is an error of its own."""
    told = _sample(sample)
    values, id_column = told.values, told.id_column
    said = _targets(train, tuple(values), target)
    known = _train(train, said) if train is not None and said else {}
    holds = {name: expected(one, known.get(name)) for name, one in values.items()}
    test_ids, rows = _test(test, id_column) if test is not None else (None, None)
    found = None
    single = next(iter(known)) if len(known) == 1 and len(values) == 1 else ""
    if single and train is not None and test is not None and test.is_file() and id_column:
        found = signals.read(train, test, id_column, said[single])
    masked = any(one.holds == "runs" for one in holds.values())
    sizes = Sizes(test) if masked and test is not None and test.is_dir() else None
    return Asked(told.columns, id_column, told.ids, values, told.first, holds, known, test_ids, rows, found, said.get(single, ""), told.sums, sizes)  # fmt: skip


class _Sample:
    """A sample while it goes by."""

    def __init__(self) -> None:
        self.columns: tuple[str, ...] = ()
        self.id_column = ""
        self.values: dict[str, Tally] = {}
        self.first: dict[str, tuple[str, ...]] = {}
        self.sums = False
        self._ids: list[str] = []
        self._count = 0

    @property
    def ids(self) -> Wanted:
        """Give the ids asked for."""
        return Wanted("".join(self._ids), self._count)

    def take(self, header: tuple[str, ...], block: Block) -> None:
        """Take a block of rows."""
        if not self.columns:
            self._begin(header, block)
        place = header.index(self.id_column) if self.id_column else 0
        for number, name in enumerate(header):
            if name in self.values:
                self.values[name].add(block, block.column(number))
        if not self._count:
            own = block.column(place)[:KEPT]
            self.first = dict(zip(own, rows_of(block, range(len(header))), strict=True))
        self._ids.append(text_of(block, place))
        self._count += len(block)

    def _begin(self, header: tuple[str, ...], block: Block) -> None:
        columns = [block.column(number)[:KEPT] for number in range(len(header))]
        place = _id_place(columns)
        self.columns = header
        self.id_column = header[place] if len(header) > 1 else ""
        self.values = {name: Tally(name) for name in header if name != self.id_column}
        self.sums = _add_up([cells for number, cells in enumerate(columns) if number != place])


def _sample(path: Path) -> _Sample:
    if not path.is_file():
        raise CompanionError("there is no such sample submission", file=path, code=Exit.MISSING)
    found, told = Findings(), _Sample()
    with source.opened(path, source.kind_of(path), found) as stream:
        if stream is not None:
            rows = Rows(stream, found)
            for block in rows.blocks():
                told.take(rows.header, block)
    _must_be_whole(path, found, told.columns)
    return told


def rows_of(block: Block, places: Iterable[int]) -> list[tuple[str, ...]]:
    """Give the first rows of a block, with their cells in this order."""
    return list(zip(*(block.column(place)[:KEPT] for place in places), strict=True))


def _must_be_whole(path: Path, found: Findings, columns: Sequence[str]) -> None:
    wrong = [one for one in found.issues() if one.severity == "error"]
    if wrong or not columns:
        first = wrong[0] if wrong else None
        raise CompanionError(
            f"the sample can't be read: {first.message if first else 'it has no rows.'}",
            hint="Get it again, or name another one with --sample.",
            file=path,
            line=first.line if first else None,
        )


def _id_place(columns: Sequence[Sequence[str]]) -> int:
    """The ids are in the first column, unless that repeats itself and another one does not."""
    for place, cells in enumerate(columns):
        if len(set(cells)) == len(cells) and (place == 0 or not _fractions(cells)):
            return place
    return 0


def _fractions(cells: Sequence[str]) -> bool:
    return any("." in cell for cell in cells[:100])


def _add_up(columns: Sequence[Sequence[str]]) -> bool:
    """Do the numbers of a row add up to 1, as the probabilities of several classes do?"""
    if len(columns) < 2:
        return False
    try:
        return all(
            abs(sum(map(float, row)) - 1) <= 1e-3
            for row in zip(*(column[:1000] for column in columns), strict=True)
        )
    except ValueError:
        return False


def _targets(train: Path | None, names: Sequence[str], target: str) -> dict[str, str]:
    """Say in which column of train the truth for each column of the sample stands."""
    if train is None:
        return {}
    header = _header(train)
    if not target:
        return {name: name for name in names if name in header}
    lowered = {name.lower(): name for name in header}
    if target.lower() not in lowered:
        raise CompanionError(f"there is no column {target!r} in {train.name}{did_you_mean(target, header)}", hint=f"--target with one of: {', '.join(header[:12])}", code=Exit.USAGE)  # fmt: skip
    return {names[0]: lowered[target.lower()]} if len(names) == 1 else {}


def _header(path: Path) -> tuple[str, ...]:
    found = Findings()
    header: tuple[str, ...] = ()
    with source.opened(path, source.kind_of(path), found) as stream:
        if stream is not None:
            header = Rows(stream, found).header
    return header


def _train(path: Path, said: Mapping[str, str]) -> dict[str, Tally]:
    """Count the target's values in train."""
    found = Findings()
    told = {name: Tally(name) for name in said}
    with source.opened(path, source.kind_of(path), found) as stream:
        if stream is not None:
            rows = Rows(stream, found)
            for block in rows.blocks():
                for name, column in said.items():
                    told[name].add(block, block.column(rows.header.index(column)))
    return {name: one for name, one in told.items() if one.rows}


def _test(path: Path, id_column: str) -> tuple[frozenset[str] | None, int | None]:
    """Count the rows to be predicted, and give their ids: of a table, or of a folder of images."""
    if path.is_dir():
        names = [one.stem for one in _files(path)]
        return frozenset(names) if names else None, len(names) or None
    found = Findings()
    ids: list[str] = []
    count = 0
    with source.opened(path, source.kind_of(path), found) as stream:
        if stream is not None:
            rows = Rows(stream, found)
            place = rows.header.index(id_column) if id_column in rows.header else -1
            for block in rows.blocks():
                count += len(block)
                ids += block.column(place) if place >= 0 else ()
    return (frozenset(ids) if ids else None), count or None


def _files(folder: Path) -> list[Path]:
    found = []
    for number, one in enumerate(folder.rglob("*")):
        if number > _MOST_FILES:
            break
        if one.suffix[1:].lower() in IMAGES:
            found.append(one)
    return found
