"""Stored predictions: what a run said of every row it was judged on, so that scores can be made again.

A run is a folder with two files. `meta.json` says what was run. `valid.csv` has a row for each row of
the data: `id`, `truth`, `prediction`, then `share:CLASS` for probabilities, `group` for rows that belong
together, or `hit:CLASS`, `extra:CLASS` and `lost:CLASS` for the pixels of a mask. Cells are plain text;
several labels are joined by "|", the numbers of points by spaces. Rows stand in the order of the split,
those of a series in time.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.data.dataset import Direction, Kind

VERSION = 1
META, VALID = "meta.json", "valid.csv"
LABELS_APART = "|"
_SHARE = "share:"
_PIXELS = ("hit:", "extra:", "lost:")


@frozen
class Run:
    """What was run: enough to say what a score is of, and to run it again.

    `split` is the digest of the split whose rows were judged; `versions` are those of the packages.
    """

    name: str
    kind: Kind
    target: str
    metric: str
    direction: Direction
    split: str = ""
    seed: int | None = None
    at: str = ""
    seconds: float | None = None
    commit: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


@frozen
class Predictions:
    """Columns of equal length; `numbers` are those beside truth and prediction, by their full names."""

    ids: tuple[str, ...]
    truths: tuple[str, ...]
    predictions: tuple[str, ...]
    groups: tuple[str, ...] = ()
    numbers: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Give the number of rows."""
        return len(self.ids)

    @property
    def shares(self) -> dict[str, tuple[float, ...]]:
        """Give the probability of each class by its name."""
        return {
            name.removeprefix(_SHARE): column
            for name, column in self.numbers.items()
            if name.startswith(_SHARE)
        }

    def pixels(self, what: str) -> dict[str, tuple[float, ...]]:
        """Give the pixels of each class that are "hit", "extra" or "lost", by image."""
        start = f"{what}:"
        return {
            name.removeprefix(start): column
            for name, column in self.numbers.items()
            if name.startswith(start)
        }

    def taken(self, ids: Sequence[str]) -> Predictions:
        """Give the rows with these ids, in this order."""
        place = {one: number for number, one in enumerate(self.ids)}
        rows = [place[one] for one in ids]
        return Predictions(
            tuple(ids),
            tuple(self.truths[row] for row in rows),
            tuple(self.predictions[row] for row in rows),
            tuple(self.groups[row] for row in rows) if self.groups else (),
            {name: tuple(column[row] for row in rows) for name, column in self.numbers.items()},
        )


def write(folder: Path, run: Run, predictions: Predictions) -> None:
    """Write a run; the table first, so that a broken-off write leaves nothing that looks whole."""
    text = to_text(predictions)
    store.write_text(folder / VALID, text)
    told = {name: getattr(run, name) for name in Run.__dataclass_fields__}
    about = {"version": VERSION, **told, "rows": len(predictions), "sha256": digest(text)}
    store.write_json(folder / META, about)


def read(folder: Path) -> tuple[Run, Predictions]:
    """Read a run; a table that is not the one written with it is refused."""
    path = folder / META
    about = store.check_version(store.read_json(path), path, current=VERSION)
    text = store.read_text(folder / VALID)
    if about.get("sha256") != digest(text):
        raise CompanionError(
            "is not the table that was written with this run",
            hint="Run it again, or take both files from git.",
            file=folder / VALID,
        )
    return _run(about, path), from_text(text, folder / VALID)


def _run(about: Mapping[str, Any], path: Path) -> Run:
    fields = Run.__dataclass_fields__
    try:
        return Run(**{name: about[name] for name in fields if name in about})
    except TypeError as error:
        raise CompanionError(f"does not describe a run: {error}", file=path) from None


def digest(text: str) -> str:
    """Give the SHA-256 of a text as it is written."""
    return hashlib.sha256(text.encode()).hexdigest()


def to_text(predictions: Predictions) -> str:
    """Write predictions as CSV; numbers with all their digits, so that they read back the same."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    groups = ["group"] if predictions.groups else []
    writer.writerow(["id", "truth", "prediction", *groups, *predictions.numbers])
    columns: list[Sequence[object]] = [predictions.ids, predictions.truths, predictions.predictions]
    columns += [predictions.groups] if groups else []
    columns += [[repr(value) for value in column] for column in predictions.numbers.values()]
    if len({len(column) for column in columns}) > 1:
        raise ValueError("columns of predictions have unlike lengths")
    writer.writerows(zip(*columns, strict=True))
    return made.getvalue()


def from_text(text: str, path: Path) -> Predictions:
    """Read predictions from CSV; a broken row names its line."""
    rows = csv.reader(io.StringIO(text, newline=""))
    head = next(rows, [])
    if head[:3] != ["id", "truth", "prediction"]:
        raise CompanionError("does not begin with id,truth,prediction", file=path, line=1)
    cells: list[list[str]] = []
    for row in rows:
        if len(row) != len(head):
            raise CompanionError(
                f"has {len(row)} cells, not {len(head)}", file=path, line=rows.line_num
            )
        cells.append(row)
    columns = dict(
        zip(head, map(tuple, zip(*cells, strict=True)) if cells else [()] * len(head), strict=True)
    )
    ids = columns.pop("id")
    if len(set(ids)) != len(ids):
        raise CompanionError("has an id twice", file=path)
    truths, said, groups = columns.pop("truth"), columns.pop("prediction"), columns.pop("group", ())
    return Predictions(
        ids, truths, said, groups, {n: _numbers(n, c, path) for n, c in columns.items()}
    )


def _numbers(name: str, cells: Sequence[str], path: Path) -> tuple[float, ...]:
    try:
        return tuple(map(float, cells))
    except ValueError as error:
        raise CompanionError(f"column {name}: {error}", file=path) from None


def matched(first: Predictions, second: Predictions) -> tuple[Predictions, Predictions]:
    """Put the second run's rows in the order of the first; both must be of the same rows and truths."""
    if set(first.ids) != set(second.ids):
        apart = len(set(first.ids) ^ set(second.ids))
        raise CompanionError(
            f"the runs were judged on other rows ({apart} differ), so their scores can't be compared",
            hint="Run both on the same split.",
        )
    again = second.taken(first.ids)
    if again.truths != first.truths:
        raise CompanionError("the runs know other truths for the same rows", hint="Run both again.")
    return first, again


def share_names(classes: Sequence[str]) -> list[str]:
    """Name the columns of probabilities."""
    return [_SHARE + name for name in classes]
