"""`validate`: one pass over a submission, beside the sample that says what it has to look like."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from fastcompanion.competition.validation import asked as asking
from fastcompanion.competition.validation import behaviour, header, masks, signals, source, values
from fastcompanion.competition.validation.asked import KEPT, Asked, rows_of
from fastcompanion.competition.validation.findings import Findings
from fastcompanion.competition.validation.ids import Ids
from fastcompanion.competition.validation.issue import Checked
from fastcompanion.competition.validation.table import Block, Rows
from fastcompanion.competition.validation.tally import Tally

#: rows beyond those asked for after which reading ends
_BEYOND = 10_000
#: after these not all lines were read, or some left out: ids that lack follow from it
_BROKEN_OFF = ("quotes", "encoding", "zero-bytes", "long-line", "line-ends", "broken-file", "too-large", "fields")  # fmt: skip
#: how far the probabilities of a row may be from 1 together
_SUM = 1e-3


def validate(
    submission: Path,
    sample: Path,
    *,
    test: Path | None = None,
    train: Path | None = None,
    target: str = "",
    known_hashes: Collection[str] = (),
) -> Checked:
    """Check a submission against the sample; docs/kaggle.md lists the checks.

    `train` and `test` allow more of them, `target` names the column of train that is predicted where it
    is not called as in the sample, `known_hashes` are the SHA-256 of files sent before. A sample that
    can't be read is a CompanionError; everything wrong with the submission is an issue.
    """
    found = Findings()
    kind = source.usable(submission, found, like=sample)
    digest = ""
    if not found.has("no-file", "too-large"):
        digest = source.sha256(submission)
    if digest and digest in known_hashes:
        found.error("sent-before", "A file with the very same bytes was sent before.", "It would score the same: predict again, or send another file.")  # fmt: skip
    if not kind:
        return _checked(found, 0, (), digest)
    read = _Read(asking.read(sample, test, train, target), found)
    with source.opened(submission, kind, found) as stream:
        if stream is not None:
            read.through(Rows(stream, found))
    read.judge()
    return _checked(found, read.rows, read.header, digest)


def _checked(found: Findings, rows: int, columns: tuple[str, ...], digest: str) -> Checked:
    return Checked(found.issues(), rows, columns, digest, not found.refused)


class _Read:
    """A submission while it goes by."""

    def __init__(self, asked: Asked, found: Findings) -> None:
        self.asked, self.found = asked, found
        self.header: tuple[str, ...] = ()
        self.rows = 0
        self._ids = Ids(asked.ids, asked.id_column) if asked.id_column else None
        self._told = {name: Tally(name) for name in asked.values}
        self._first: dict[str, list[str]] = {name: [] for name in asked.values}
        self._wanted = frozenset(asked.signals.ids) if asked.signals else frozenset()
        self._by_id: dict[str, str] = {}
        self._off: tuple[int, int, float] | None = None
        self._is_sample = True

    def through(self, rows: Rows) -> None:
        """Take all rows."""
        self.header = rows.header
        if not rows.usable:
            return
        places = header.places(rows.header, self.asked.columns, self.found)
        most = 2 * self.asked.ids.count + _BEYOND
        for block in rows.blocks():
            self._take(block, places)
            if self.rows > most:
                self.found.error("row-count", f"There are more than {self.rows:,} rows, and there must be {self.asked.ids.count:,}; the rest was not read.", "Predict every row of the test set once.")  # fmt: skip
                return
        if not self.rows and not self.found.refused:
            self.found.error("no-rows", "There is a header and nothing below it.", "Write the predictions.", line=1)  # fmt: skip

    def _take(self, block: Block, places: Mapping[str, int]) -> None:
        self.rows += len(block)
        if self._ids is not None and self.asked.id_column in places:
            place = places[self.asked.id_column]
            self._ids.add(block, place, self.found)
            self._keep(place, block, places)
        for name, told in self._told.items():
            if name not in places:
                continue
            cells = block.column(places[name])
            told.add(block, cells)
            held = self.asked.holds[name]
            if held.holds != "text" or held.classes:
                values.look(block, cells, held, name, self.found)
            if held.holds == "runs" and self.asked.sizes and self.asked.id_column in places:
                ids = block.column(places[self.asked.id_column])
                masks.look(block, ids, cells, self.asked.sizes, name, self.found)
            if len(self._first[name]) < KEPT:
                self._first[name] += cells[: KEPT - len(self._first[name])]
        if self._is_sample and len(places) == len(self.asked.columns):
            self._compare(block, places)
        if self.asked.sums and len(places) == len(self.asked.columns):
            self._add_up(block, [block.column(places[name]) for name in self._told])

    def _compare(self, block: Block, places: Mapping[str, int]) -> None:
        """Notice the first row that is not as in the sample; the rows behind these are only counted."""
        if self.rows > len(block):
            return
        ids = block.column(places[self.asked.id_column or self.asked.columns[0]])
        rows = rows_of(block, (places[name] for name in self.asked.columns))
        pairs = zip(ids, rows, strict=False)
        self._is_sample = all(self.asked.first.get(one, row) == row for one, row in pairs)

    def _keep(self, place: int, block: Block, places: Mapping[str, int]) -> None:
        """Keep the predictions of the test rows whose columns say what to expect."""
        name = next(iter(self._told), "")
        if self._wanted and name in places:
            cells = block.column(places[name])
            pairs = zip(block.column(place), cells, strict=True)
            self._by_id.update((one, cell) for one, cell in pairs if one in self._wanted)

    def _add_up(self, block: Block, columns: Sequence[Sequence[str]]) -> None:
        if any("text" in told.odd or "missing" in told.odd for told in self._told.values()):
            return
        sums = list(map(math.fsum, zip(*(map(float, cells) for cells in columns), strict=True)))
        if abs(min(sums) - 1) <= _SUM and abs(max(sums) - 1) <= _SUM:
            return
        off = [row for row, one in enumerate(sums) if abs(one - 1) > _SUM]
        old = self._off
        first = (block.line(off[0]), sums[off[0]]) if old is None else (old[1], old[2])
        self._off = (len(off) + (old[0] if old else 0), *first)

    def judge(self) -> None:
        """Say what only the whole file shows."""
        if not self.rows:
            return
        self._rows_fit()
        for name, told in self._told.items():
            if told.rows:
                values.judge(told, self.asked.holds[name], self.asked.train.get(name), self.found)
        if self._off is not None:
            count, line, value = self._off
            self.found.warn("row-sums", f"The probabilities of {count:,} rows do not add up to 1 (here to {value:g}).", "Softmax before writing, and write all classes; round to six digits or more.", line=line)  # fmt: skip
        self._behaves()

    def _rows_fit(self) -> None:
        asked, found = self.asked, self.found
        if self._ids is None:
            if self.rows != asked.ids.count and not found.has(*_BROKEN_OFF):
                found.error("row-count", f"There are {self.rows:,} rows, and there must be {asked.ids.count:,}.", "Predict every row of the test set once.")  # fmt: skip
        elif self._ids.rows and not found.has("row-count", *_BROKEN_OFF):
            self._ids.judge(found)
        if asked.test_rows is None or asked.test_rows == asked.ids.count:
            return
        found.warn("stale-sample", f"The sample has {asked.ids.count:,} rows, and there are {asked.test_rows:,} to be predicted: one of the two is of another time.", "Look at what the page of the competition says; get both again.")  # fmt: skip
        if self._ids is not None and asked.test_ids and self._ids.all_among(asked.test_ids):
            found.soften("row-count", "ids-extra", "ids-missing")

    def _behaves(self) -> None:
        asked, found = self.asked, self.found
        told = {name: one for name, one in self._told.items() if one.rows}
        fit = self._ids is None or self._ids.fit
        if (
            fit
            and self._is_sample
            and len(told) == len(asked.values)
            and behaviour.same(told, asked.values)
        ):
            found.warn("is-the-sample", "These are the predictions of the sample: this is the sample, or equal to it.", "Write your own; name the file with what your model said.")  # fmt: skip
            return
        for name, one in told.items():
            behaviour.constant(one, found)
            train = asked.train.get(name)
            if train is not None:
                behaviour.shares(one, train, found)
            if asked.holds[name].holds in ("number", "share", "text"):
                behaviour.in_file_order(name, self._first[name], train.examples if train else (), found)  # fmt: skip
        if asked.signals is not None and self._by_id and not found.has("constant"):
            name = next(iter(told))
            verdict = signals.verdict(asked.signals, self._by_id, self._first[name])
            if verdict is not None:
                behaviour.order(verdict, asked.target or name, found)
