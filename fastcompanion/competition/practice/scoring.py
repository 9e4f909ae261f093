"""Scores of submissions: read, compared with the hidden labels, and done in a thread of their own."""

from __future__ import annotations

import csv
import io
import queue
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from fastcompanion.base import clock, store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.competition.practice import place as places
from fastcompanion.competition.practice.journal import Journal
from fastcompanion.competition.practice.place import Competition, Place
from fastcompanion.competition.validation.submission import validate
from fastcompanion.data import metrics
from fastcompanion.data.predictions import Predictions, share_names

_SHOWN = 3


@frozen
class Solution:
    """The hidden labels, and which of them the public score goes by."""

    ids: tuple[str, ...]
    labels: tuple[str, ...]
    public: frozenset[str]

    @cached_property
    def parts(self) -> tuple[list[int], list[int]]:
        """Give the places of the rows of the public score, and of those of the private one."""
        places = range(len(self.ids))
        shown = [at for at in places if self.ids[at] in self.public]
        return shown, [at for at in places if self.ids[at] not in self.public]


@frozen
class Scores:
    """Both scores of a submission."""

    public: float
    private: float


def solution(place: Place) -> Solution:
    """Read the hidden labels."""
    rows = list(csv.reader(io.StringIO(store.read_text(place.solution), newline="")))
    if not rows or rows[0] != ["id", "label", "Usage"] or any(len(row) != 3 for row in rows):
        raise CompanionError("does not begin with id,label,Usage", file=place.solution)
    ids, labels, usage = zip(*rows[1:], strict=True)
    public = frozenset(one for one, use in zip(ids, usage, strict=True) if use == "Public")
    return Solution(ids, labels, public)


def score(place: Place, competition: Competition, hidden: Solution, file: Path) -> Scores:
    """Score a submission; what is wrong with it is an error that its owner may read."""
    # Errors alone count here, and what only warns is found with the files of the learner.
    checked = validate(file, place.public / places.SAMPLE)
    if not checked.passed:
        first = checked.errors[0]
        where = f"Line {first.line}: " if first.line is not None else ""
        raise CompanionError(f"{where}{first.message} {first.fix}".strip())
    said = _said(competition, hidden, store.read_text(file))
    shown, kept = (_score(competition, hidden, said, part) for part in hidden.parts)
    return Scores(shown, kept)


def _score(
    competition: Competition, hidden: Solution, said: Sequence[Sequence[str]], part: Sequence[int]
) -> float:
    rows = _predictions(competition, hidden, said, part)
    return metrics.measure(competition.metric, rows, competition.scale).value


def _said(competition: Competition, hidden: Solution, text: str) -> list[list[str]]:
    """Read the answers, column by column, in the order of the hidden rows; both may stand in any order."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        head = next(reader, [])
        wanted = (competition.id_column, *competition.answers)
        lacking = [name for name in wanted if name not in head]
        if lacking:
            raise CompanionError(f"Required column {lacking[0]!r} could not be found")
        rows = [row for row in reader if row]
        ids, *said = ([row[at] for row in rows] for at in map(head.index, wanted))
    except (csv.Error, IndexError) as error:
        raise CompanionError(
            f"Submission can't be read at line {reader.line_num}: {error}"
        ) from None
    if len(rows) != len(hidden.ids):
        raise CompanionError(f"Submission must have {len(hidden.ids)} rows, and it has {len(rows)}")
    return said if ids == list(hidden.ids) else _in_order(ids, said, hidden)


def _in_order(
    ids: Sequence[str], said: Sequence[Sequence[str]], hidden: Solution
) -> list[list[str]]:
    place = {one: at for at, one in enumerate(ids)}
    missing = [one for one in hidden.ids if one not in place]
    if missing:
        shown = ", ".join(missing[:_SHOWN])
        raise CompanionError(f"The submitted ids must contain all ids of the test: {shown} lack")
    order = [place[one] for one in hidden.ids]
    return [[column[at] for at in order] for column in said]


def _predictions(
    competition: Competition, hidden: Solution, said: Sequence[Sequence[str]], part: Sequence[int]
) -> Predictions:
    ids = tuple([hidden.ids[at] for at in part])
    labels = tuple([hidden.labels[at] for at in part])
    columns = [[column[at] for at in part] for column in said]
    if competition.is_shares:
        last = competition.classes[-1:] if len(competition.answers) == 1 else competition.classes
        named = dict(zip(share_names(last), map(_shares, columns), strict=True))
        return Predictions(ids, labels, ("",) * len(ids), numbers=named)
    cells = columns[0]
    if competition.classes:
        cells = _as_classes(cells, competition.classes)
    return Predictions(ids, labels, tuple(cells))


def _shares(cells: Sequence[str]) -> tuple[float, ...]:
    try:
        found = tuple(map(float, cells))
    except ValueError as error:
        raise CompanionError(f"probabilities are needed here: {error}") from None
    if not all(0 <= share <= 1 for share in found):
        raise CompanionError("probabilities lie between 0 and 1, and some do not")
    return found


def _as_classes(cells: Sequence[str], classes: Sequence[str]) -> list[str]:
    """Write classes as they are called in the data: 1.0 is the class 1."""
    known = {name: name for name in classes}
    numbers = {number: name for name in classes if (number := _number(name)) is not None}
    for cell in set(cells):
        number = _number(cell)
        known.setdefault(cell, numbers.get(number, cell) if number is not None else cell)
    return [known[cell] for cell in cells]


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


class Worker:
    """Scores one submission after the other, beside the threads that answer requests."""

    def __init__(self, place: Place, competition: Competition, journal: Journal) -> None:
        self._place, self._competition, self._journal = place, competition, journal
        self._queue: queue.Queue[int | None] = queue.Queue()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        """Begin, with what a server before this one did not get to."""
        for one in self._journal.state().waiting:
            self._queue.put(one.ref)
        self._thread.start()

    def add(self, ref: int) -> None:
        """Score a submission when its turn comes; one that comes before the start is found there."""
        if self._thread.is_alive():
            self._queue.put(ref)

    def idle(self, seconds: float) -> bool:
        """Wait until everything that was submitted so far is scored; tell whether it is."""
        end = clock.monotonic() + seconds
        while self._journal.state().waiting and clock.monotonic() < end:
            clock.pause(0.02)
        return not self._journal.state().waiting

    def stop(self) -> None:
        """End after the submission that is being scored; the others wait for the next server."""
        self._ending.set()
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _work(self) -> None:
        hidden = solution(self._place)
        while (ref := self._queue.get()) is not None and not self._ending.is_set():
            waiting = {one.ref for one in self._journal.state().waiting}
            if ref in waiting:
                self._journal.add("scored", ref=ref, **self._scored(hidden, ref))

    def _scored(self, hidden: Solution, ref: int) -> dict[str, object]:
        file = self._place.submission(ref)
        try:
            found = score(self._place, self._competition, hidden, file)
        except CompanionError as error:
            return {"status": "ERROR", "error": error.message[:500]}
        # A submission comes from outside: whatever it does to the reading, the next one is scored.
        except Exception as error:  # noqa: BLE001
            return {"status": "ERROR", "error": f"can't be scored: {type(error).__name__}"}
        return {"status": "COMPLETE", "public": found.public, "private": found.private}
