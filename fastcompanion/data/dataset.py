"""What is known of a data set: its kind, target, metric, split and problems, each with its reasons."""

from __future__ import annotations

from typing import Literal

from fastcompanion.base.records import frozen

Kind = Literal[
    "table-class",
    "table-number",
    "images-class",
    "images-labels",
    "images-number",
    "images-points",
    "segmentation",
    "text-class",
    "text-number",
    "ratings",
    "time-series",
    "audio-class",
    "unknown",
]
Direction = Literal["higher", "lower"]
Severity = Literal["stop", "warn", "note"]
ColumnType = Literal["integer", "number", "date", "boolean", "category", "text", "mixed", "empty"]
Role = Literal["target", "id", "name", "input", "group", "time", "path", "split", "text", "useless"]

#: kind -> what it is in words
KINDS: dict[str, str] = {
    "table-class": "a table whose rows belong to classes",
    "table-number": "a table with a number to predict",
    "images-class": "images that belong to one class each",
    "images-labels": "images with several labels each",
    "images-number": "images with a number to predict",
    "images-points": "images with points to find",
    "segmentation": "images with a mask that gives each pixel a class",
    "text-class": "texts that belong to classes",
    "text-number": "texts with a number to predict",
    "ratings": "ratings of items by users",
    "time-series": "a series in time to continue",
    "audio-class": "recordings that belong to classes",
    "unknown": "nothing that can be told",
}


@frozen
class Finding:
    """Something concluded: its value, whether it is sure or a guess, and what speaks for it."""

    value: str
    sure: bool
    why: tuple[str, ...] = ()


@frozen
class Metric:
    """What a score is measured with; `others` are worth a look beside it."""

    name: str
    direction: Direction
    sure: bool
    why: str
    others: tuple[str, ...] = ()


@frozen
class SplitRule:
    """How rows are to be set aside; `folds` is 1 for a single block of `share` of the rows.

    `column` is what groups, time or a given split are read from, empty where the rule needs none.
    """

    rule: Literal["random", "stratified", "group", "time", "given"]
    column: str
    folds: int
    share: float
    sure: bool
    why: str


@frozen
class Problem:
    """Something wrong: `name` is one of a fixed list, `where` a file or column, `cure` what to do."""

    name: str
    severity: Severity
    where: str
    text: str
    cure: str = ""


@frozen
class Column:
    """A column: what its values are (`type`), what it is for (`role`), and their profile."""

    name: str
    type: ColumnType
    role: Role
    count: int
    missing: int
    distinct: int
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    top: tuple[tuple[str, int], ...] = ()
    form: str = ""


@frozen
class TableFile:
    """One table of the data set and how it is written; `rows` counts them all, `read` those looked at."""

    path: str
    role: Literal["train", "test", "valid", "sample-submission", "labels", "other"]
    rows: int
    read: int
    columns: int
    encoding: str
    delimiter: str
    decimal: str
    header: bool


@frozen
class ClassCount:
    """A class and how many rows or files it has."""

    name: str
    count: int


@frozen
class MediaFiles:
    """Images, recordings or text files: how many, of which forms and sizes; `read` were looked into."""

    what: Literal["images", "recordings", "texts", "masks"]
    count: int
    read: int
    formats: tuple[ClassCount, ...]
    sizes: tuple[ClassCount, ...] = ()
    folders: tuple[str, ...] = ()


@frozen
class Question:
    """What only the learner can say: the question, the best guess, and the option that answers it."""

    text: str
    guess: str
    flag: str


@frozen
class DataSet:
    """All that is known of a data set."""

    path: str
    kind: Finding
    about: str
    target: Finding
    ids: tuple[str, ...]
    metric: Metric | None
    split: SplitRule | None
    rows: int
    classes: tuple[ClassCount, ...]
    tables: tuple[TableFile, ...]
    columns: tuple[Column, ...]
    media: tuple[MediaFiles, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    questions: tuple[Question, ...]
