"""Tables as people write them: encodings, delimiters, headers and broken rows, read as a stream."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import math
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import IO

from fastcompanion.base import clock
from fastcompanion.base.records import frozen
from fastcompanion.data import files
from fastcompanion.data.dataset import Problem, Severity
from fastcompanion.data.files import Folder

HEAD = 1 << 16
#: cells kept for looking at; more rows are sampled evenly
CELLS = 500_000
#: bytes read at most of one file
BYTES = 1 << 28
_FIELD = 1 << 24
# The comma comes last: on a tie it is that of prose, or of decimals.
_DELIMITERS = ("\t", ";", "|", "::", ",")
_NUMBER = re.compile(
    r"\s*[-+]?(?:\d+\.?\d*|\.\d+|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+,\d+)(?:[eE][-+]?\d+)?\s*"
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: encodings of one script: the letters that come in it, and how large their share is at least
_OLDER = (
    ("cp1251", re.compile(r"[\u0401\u0410-\u044f\u0451\u00ab\u00bb\u2116]"), 0.97),
    ("shift_jis", re.compile(r"[\u3001\u3002\u3040-\u30ff\u4e00-\u9fff]"), 0.95),
    ("euc_kr", re.compile(r"[\uac00-\ud7a3]"), 0.9),
    ("gb18030", re.compile(r"[\u3001\u3002\u4e00-\u9fff\uff01-\uff1f\u201c\u201d]"), 0.95),
)
#: what stands for nothing
MISSING = frozenset(
    (
        "",
        "na",
        "n/a",
        "#n/a",
        "nan",
        "-nan",
        "null",
        "none",
        "nil",
        "<na>",
        "?",
        "-",
        "--",
        "missing",
    )
)


@frozen
class Dialect:
    """How a table is written; `delimiter` is "" for one column and " " for any run of spaces."""

    encoding: str
    delimiter: str
    header: bool


@frozen
class Table:
    """A table as read: `rows` are those looked at, in the file's order, out of `count`.

    Every row has as many cells as there are names; `whole` tells whether all rows were looked at,
    `cut_off` whether the file goes on behind the last byte that was read; `name` is the file's, relative to its folder;
    `skipped` are the lines before the table.
    """

    name: str
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    count: int
    dialect: Dialect
    whole: bool
    cut_off: bool = False
    problems: tuple[Problem, ...] = ()
    skipped: int = 0

    def column(self, name: str) -> list[str]:
        """Give the cells of one column."""
        place = self.names.index(name)
        return [row[place] for row in self.rows]


def is_missing(cell: str) -> bool:
    """Does a cell hold nothing, or a word for it?"""
    return len(cell) < 9 and cell.strip().lower() in MISSING


def read(folder: Folder, name: str, *, whole: bool = False) -> Table | Problem:
    """Read a table, or say what is wrong with the file; rows beyond the limit are sampled, unless `whole`."""
    try:
        start = files.head(folder, name, HEAD)
        if not start.strip(b"\0 \t\r\n"):
            return Problem("empty-file", "warn", name, "The file is empty.", "Get it again.")
        encoding = encoding_of(start)
        if encoding is None:
            return Problem("not-a-table", "note", name, "The file holds bytes, not text.")
        return _read(folder, name, encoding, whole)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        cure = "Look at it again when nothing else changes the folder."
        return Problem("unreadable-file", "warn", name, f"The file can't be read: {reason}.", cure)


def _read(folder: Folder, name: str, encoding: str, whole: bool) -> Table | Problem:
    for attempt in dict.fromkeys((encoding, "cp1252", "latin-1")):
        try:
            with (
                files.opened(folder, name) as file,
                io.TextIOWrapper(file, encoding=attempt, newline="") as text,
            ):
                return _stream(text, name, attempt, 0 if whole else files.size(folder, name))
        except UnicodeDecodeError:
            continue
        except csv.Error as error:
            return Problem("broken-table", "stop", name, f"The table can't be read: {error}.")
    raise AssertionError("latin-1 reads every byte")


def encoding_of(start: bytes) -> str | None:
    """Tell a text's encoding from its first bytes; None for what is no text."""
    for mark, encoding in _BOMS:
        if start.startswith(mark):
            return encoding
    zeros = start.count(0)
    if zeros > len(start) // 5:
        odd = start[1::2].count(0)
        if min(odd, zeros - odd) <= max(odd, zeros - odd) // 20:
            return "utf-16-le" if odd > zeros - odd else "utf-16-be"
    if zeros or sum(start.count(byte) for byte in range(1, 9)) > len(start) // 100:
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return _older(start)
    return "utf-8"


def _older(start: bytes) -> str:
    """Guess an encoding from before Unicode: that under which the letters are those of one script."""
    high = sum(byte > 127 for byte in start)
    together = sum(map(len, re.findall(rb"[\x80-\xff][\x40-\xff]*[\x80-\xff]", start)))
    if together > high * 0.7:
        for encoding, letters, share in _OLDER:
            text = codecs.getincrementaldecoder(encoding)("replace").decode(start)
            foreign = [letter for letter in text if not letter.isascii()]
            if sum(bool(letters.match(letter)) for letter in foreign) >= len(foreign) * share:
                return encoding
    return "cp1252"


def _stream(text: IO[str], name: str, encoding: str, size: int) -> Table | Problem:
    """Read an open file; `size` is its size in bytes, 0 for a table that is to be read whole."""
    start = text.read(HEAD)
    lines = list(io.StringIO(start, newline=""))
    complete = lines if len(start) < HEAD or len(lines) < 2 else lines[:-1]
    delimiter = delimiter_of(complete)
    rows = _records(_lines(start, text, BYTES if size else math.inf), delimiter)
    first = list(itertools.islice((row for row in rows if any(row)), 200))
    if not first:
        return Problem("empty-file", "warn", name, "The file is empty.", "Get it again.")
    before = _lines_before(first)
    first = first[before:]
    dialect = Dialect(encoding, delimiter, has_header(first))
    reading = _Reading(name, dialect, first, itertools.chain(first, rows), size)
    if before:
        filled = [number for number, line in enumerate(complete) if line.strip()]
        reading.skipped = filled[before]
        cure = f"Read it with skiprows={reading.skipped}."
        told = "Lines of prose stand before the table."
        reading.problems.append(Problem("lines-before", "warn", name, told, cure))
    return reading.table()


def _lines_before(first: Sequence[Sequence[str]]) -> int:
    """Count the lines of prose before a table: comments, or a few rows that are half as wide at most."""
    width, count = Counter(map(len, first)).most_common(1)[0]
    for number, row in enumerate(first):
        if row[0].lstrip().startswith("#") and len(row) != width:
            continue
        if len(row) > width / 2 or width < 3 or number > 20 or count < len(first) * 0.7:
            return number
    return 0


def _lines(start: str, text: Iterable[str], most: float) -> Iterator[str]:
    """Go on where the first characters end, which may be inside a line, for `most` characters."""
    lines = list(io.StringIO(start, newline=""))
    rest = iter(text)
    if lines and not lines[-1].endswith("\n"):
        more = next(rest, "")
        if lines[-1].endswith("\r") and more != "\n":
            lines.append(more)
        else:
            lines[-1] += more
    yield from lines
    seen = 0
    for line in rest:
        seen += len(line)
        if seen > most:
            return
        yield line


def _records(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    if delimiter == " ":
        return (line.split() for line in lines)
    if delimiter == "::":
        return (line.rstrip("\r\n").split("::") for line in lines)
    # Texts are longer than what the module allows.
    csv.field_size_limit(_FIELD)
    return csv.reader(lines, delimiter=delimiter or "\x1f", skipinitialspace=True)


def delimiter_of(lines: Sequence[str]) -> str:
    """Tell what separates the cells: what gives most rows the same number of them, the first included."""
    best, best_score = "", 0.0
    for delimiter in _DELIMITERS:
        score = _evenness(lines, delimiter)
        if score > best_score * 1.02:
            best, best_score = delimiter, score
    if best_score < 0.9 and _evenness(lines, " ") == 1 and _numeric(lines):
        return " "
    return best if best_score > 0.5 else ""


def _evenness(lines: Sequence[str], delimiter: str) -> float:
    try:
        rows = [len(row) for row in _records(lines, delimiter) if row]
    except csv.Error:
        return 0.0
    if not rows:
        return 0.0
    width, _ = Counter(rows).most_common(1)[0]
    if width < 2:
        return 0.0
    even = rows.count(width) / len(rows)
    # A header of another width than its rows belongs to another delimiter, or has one name less.
    fits = rows[0] == width or (rows[0] == width - 1 and width > 2)
    return even * (1.0 if fits else 0.6)


def _numeric(lines: Sequence[str]) -> bool:
    cells = [cell for line in lines[1:50] or lines for cell in line.split()]
    return bool(cells) and sum(bool(_NUMBER.fullmatch(c)) for c in cells) > len(cells) * 0.6


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first row names the columns: words above numbers, or words said only once."""
    head, body = rows[0], rows[1:]
    if not body:
        return not any(_NUMBER.fullmatch(cell) for cell in head)
    if [cell.strip() for cell in head] == [str(number) for number in range(len(head))]:
        return True
    if _are_years(head):
        return True
    votes = 0
    for place, cell in enumerate(head):
        below = [row[place] for row in body if place < len(row) and not is_missing(row[place])]
        numbers = sum(bool(_NUMBER.fullmatch(value)) for value in below)
        if below and numbers >= len(below) * 0.9:
            votes += -1 if _NUMBER.fullmatch(cell) else 1
    if votes:
        return votes > 0
    return _names_itself(head, body)


def _are_years(head: Sequence[str]) -> bool:
    """Does a first row name years beside words, as wide tables do?"""
    numbers = [cell for cell in head if _NUMBER.fullmatch(cell)]
    years = [int(cell) for cell in numbers if re.fullmatch(r"1[89]\d\d|20\d\d", cell.strip())]
    steps = {after - before for before, after in pairwise(years)}
    return 1 < len(years) == len(numbers) < len(head) and len(steps) == 1


def _names_itself(head: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Are the cells of a first row without numbers unlike all others, short, and each another one?"""
    named = [cell for cell in head if cell.strip()]
    if (
        not named
        or len(set(named)) < len(named)
        or any(len(cell) > 60 or "/" in cell for cell in head)
    ):
        return False
    repeated = sum(
        any(place < len(row) and row[place] == cell for row in body)
        for place, cell in enumerate(head)
        if cell.strip()
    )
    return repeated == 0 and not any(_NUMBER.fullmatch(cell) for cell in head)


def _ends_empty(rows: Sequence[Sequence[str]], width: int) -> bool:
    """Does each row but the first end with a delimiter that stands for nothing?"""
    return len(rows[0]) == width - 1 and not any(
        row[width - 1].strip() for row in rows[1:] if len(row) == width
    )


class _Reading:
    """One reading of a table: names, rows of one width, a sample where there are too many."""

    def __init__(
        self,
        name: str,
        dialect: Dialect,
        first: list[list[str]],
        rows: Iterator[list[str]],
        size: int,
    ) -> None:
        self.name = name
        self.dialect = dialect
        self.rows = rows
        self.size = size
        self.problems: list[Problem] = []
        self.width = Counter(map(len, first[1:] or first)).most_common(1)[0][0]
        if dialect.header and len(first) > 1 and _ends_empty(first, self.width):
            self.width -= 1
        self.most = max(1000, CELLS // self.width) if size else math.inf
        self.kept: list[tuple[int, tuple[str, ...]]] = []
        self.count = 0
        self.uneven: list[int] = []
        self.skipped = 0

    def table(self) -> Table:
        names = self._names(next(self.rows)) if self.dialect.header else self._numbers()
        self._read_rows()
        self._tell()
        self.kept.sort()
        rows = tuple(row for _, row in self.kept)
        cut_off = self.size > BYTES
        return Table(
            self.name,
            names,
            rows,
            self.count,
            self.dialect,
            self.count == len(rows) and not cut_off,
            cut_off,
            tuple(self.problems),
            self.skipped,
        )

    def _numbers(self) -> tuple[str, ...]:
        return tuple(f"column {number}" for number in range(1, self.width + 1))

    def _names(self, head: list[str]) -> tuple[str, ...]:
        if len(head) == self.width - 1:
            head = ["", *head]
        self.width = max(self.width, len(head))
        names: dict[str, None] = {}
        for number, cell in enumerate([*head, *[""] * (self.width - len(head))], start=1):
            name = " ".join(cell.split()) or f"column {number}"
            if name in names:
                self._problem(
                    "repeated-name", "warn", f"The column name {name!r} stands there twice."
                )
                name = f"{name} ({number})"
            names[name] = None
        return tuple(names)

    def _read_rows(self) -> None:
        chance = clock.rng(0)
        for row in self.rows:
            if not row or (len(row) == 1 and not row[0].strip() and self.width > 1):
                continue
            self.count += 1
            whole = tuple(row if len(row) == self.width else self._mended(row))
            if len(self.kept) < self.most:
                self.kept.append((self.count, whole))
            elif (place := int(chance.random() * self.count)) < self.most:
                self.kept[place] = (self.count, whole)

    def _mended(self, row: list[str]) -> list[str]:
        # A delimiter at the end of each line is a habit of some programs.
        if not (len(row) == self.width + 1 and not row[-1].strip()):
            self.uneven.append(self.count)
        return (row + [""] * self.width)[: self.width]

    def _tell(self) -> None:
        if self.uneven:
            shown = ", ".join(map(str, self.uneven[:3]))
            self._problem(
                "uneven-rows",
                "warn",
                f"{len(self.uneven)} rows don't have {self.width} cells (row {shown}).",
                "Look for missing quotes or delimiters there.",
            )
        swallowed = [row for _, row in self.kept if any(cell.count("\n") > 500 for cell in row)]
        if swallowed:
            self._problem(
                "open-quote", "stop", "A quotation mark is opened and never closed.", "Close it."
            )
        elif any("\n" in cell for _, row in self.kept for cell in row):
            self._problem("quoted-newlines", "note", "Some cells hold several lines.")
        self._tell_encoding()

    def _tell_encoding(self) -> None:
        encoding, delimiter = self.dialect.encoding, self.dialect.delimiter
        if encoding == "utf-8-sig":
            self._problem(
                "byte-order-mark",
                "note",
                "It begins with a byte order mark.",
                "Read it as utf-8-sig.",
            )
        elif encoding != "utf-8":
            cure = f"Read it with encoding={encoding!r}, or save it as UTF-8."
            self._problem("encoding", "warn", f"It is written in {encoding}, not UTF-8.", cure)
        if delimiter not in (",", ""):
            name = {"\t": "tabs", " ": "spaces"}.get(delimiter, repr(delimiter))
            cure = f"Read it with sep={'s+' if delimiter == ' ' else delimiter!r}."
            self._problem("delimiter", "note", f"Its cells are separated by {name}.", cure)
        if not self.dialect.header:
            self._problem(
                "no-header",
                "note",
                "It has no line with column names.",
                "Read it with header=None.",
            )

    def _problem(self, name: str, severity: Severity, text: str, cure: str = "") -> None:
        self.problems.append(Problem(name, severity, self.name, text, cure))


def key(row: Sequence[str]) -> int:
    """Give a short mark of a row, the same in every process."""
    return zlib.crc32("\x1f".join(row).encode("utf-8", "surrogatepass"))
