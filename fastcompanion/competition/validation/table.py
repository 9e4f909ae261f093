"""The rows of a table in blocks of columns, without holding the file: quick where no quote stands in it.

A block without quotes is cut up by two calls that run in C: a comma goes before every line's end, and one
split gives all cells; that every line end then stands in the first column proves that no line is shorter or
longer. Anything else goes through the csv module line by line, which finds out what is wrong and where.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import IO

from fastcompanion.competition.validation.findings import Findings, shown
from fastcompanion.competition.validation.source import LARGEST

#: bytes read at a time, bytes of the longest line, rows of a block that the csv module read
BLOCK, LONGEST, _BATCH = 1 << 15, 1 << 23, 20_000
#: columns: a table of more is no submission
_WIDEST = 10_000
_TO_CSV = 'pandas: to_csv("submission.csv", index=False)'
_OTHERS = ((";", "semicolons"), ("\t", "tabs"), ("|", "bars"))
_WIDE = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class _Stop(Exception):
    """What was found leaves nothing to go on with."""


class Block:
    """Some rows, column by column; `lines` is where each row begins, None: one line after another from `first`.

    `joined` are the cells of the first column, a line each, where they are known as one text: ids in the order
    of the sample never have to be taken apart. `plain` tells that no cell holds a blank, "_" or a letter
    beyond ASCII.
    """

    def __init__(
        self,
        columns: Sequence[Sequence[str]],
        first: int,
        lines: Sequence[int] | None = None,
        *,
        joined: str | None = None,
        plain: bool = False,
    ) -> None:
        self._columns = list(columns)
        self.first, self.lines, self.joined, self.plain = first, lines, joined, plain
        self._rows = len(columns[-1]) if joined is None else joined.count("\n") + 1

    def __len__(self) -> int:
        """Give the number of rows."""
        return self._rows

    def column(self, place: int) -> Sequence[str]:
        """Give the cells of a column."""
        if place == 0 and not self._columns[0] and self.joined is not None:
            self._columns[0] = self.joined.split("\n")
        return self._columns[place]

    def line(self, row: int) -> int:
        """Give the line of a row of this block."""
        return self.first + row if self.lines is None else self.lines[row]


class Rows:
    """A table that is being read: `header` first, then `blocks` once."""

    def __init__(self, stream: IO[bytes], found: Findings, *, name: str = "The file") -> None:
        self.header: tuple[str, ...] = ()
        self._stream, self._found, self._name = stream, found, name
        self._line = self._next = 1
        self._total = 0
        self._rest = b""
        self._over = False
        try:
            self._begin()
        except _Stop:
            self._over = True

    @property
    def usable(self) -> bool:
        """Could the header be read?"""
        return bool(self.header)

    def blocks(self) -> Iterator[Block]:
        """Give the rows; what is wrong with lines goes to the findings, and such lines are left out."""
        if self._over:
            return
        try:
            texts = self._texts()
            for text in texts:
                block = self._quick(text)
                if block is not None:
                    yield block
                    self._line += len(block)
                elif '"' in text:
                    yield from self._careful(chain((text,), texts), rest=True)
                    return
                else:
                    yield from self._careful((text,), rest=False)
        except _Stop:
            return

    def _begin(self) -> None:
        start = self._read()
        self._look(start)
        while b"\n" not in start and (more := self._read()):
            start += more
            if len(start) > LONGEST:
                self._too_long(1)
        self._rest = start.removeprefix(codecs.BOM_UTF8)
        if self._rest is not start:
            self._found.warn("byte-order-mark", f"{self._name} begins with a byte order mark, which can become part of the first column's name.", 'Write it with encoding="utf-8", not "utf-8-sig".', line=1)  # fmt: skip
        first, _, rest = self._rest.partition(b"\n")
        self._rest = rest
        self._header(self._decoded(first).rstrip("\r"))
        self._line = self._next = 2

    def _look(self, start: bytes) -> None:
        """Refuse what is no text in UTF-8."""
        if start.startswith(_WIDE):
            self._refuse("encoding", f"{self._name} is written in UTF-16 or UTF-32, as Excel and PowerShell do.", f"Write it as UTF-8. {_TO_CSV}")  # fmt: skip
        if b"\0" in start:
            self._refuse("zero-bytes", f"{self._name} holds zero bytes: it is no text, or UTF-16.", f"Write it as UTF-8. {_TO_CSV}", start[: start.index(b"\0")].count(b"\n") + 1)  # fmt: skip
        if b"\r" in start and b"\n" not in start:
            self._refuse("line-ends", f"{self._name} ends its lines as old Macs did.", f"Write it with line ends of today. {_TO_CSV}", 1)  # fmt: skip

    def _header(self, text: str) -> None:
        if not text.strip():
            self._refuse("no-header", f"{self._name} begins with an empty line instead of the names of the columns.", f"Take the line out. {_TO_CSV}", 1)  # fmt: skip
        if "," not in text:
            for sign, words in _OTHERS:
                if sign in text:
                    self._refuse("delimiter", f"{self._name} separates its cells by {words}, and not by commas.", f"Leave out sep= and decimal=. {_TO_CSV}", 1)  # fmt: skip
        try:
            header = next(csv.reader([text], strict=True))
        except csv.Error:
            self._refuse("quotes", "The header has a quote that is never closed.", f"Leave the quoting to the library. {_TO_CSV}", 1)  # fmt: skip
        if len(header) > _WIDEST:
            self._refuse("too-wide", f"{self._name} has {len(header):,} columns.", _TO_CSV, 1)
        self.header = tuple(header)

    def _refuse(self, code: str, message: str, fix: str, line: int | None = None) -> None:
        self._found.error(code, message, fix, line=line)
        raise _Stop

    def _too_long(self, line: int) -> None:
        self._refuse("long-line", f"The line has more than {LONGEST >> 20} million characters.", "Look at the line: a line end or a quote is missing.", line)  # fmt: skip

    def _read(self) -> bytes:
        got = self._stream.read(BLOCK)
        self._total += len(got)
        if self._total > LARGEST:
            self._refuse("too-large", f"{self._name} holds more than {LARGEST:,} bytes.", "Write fewer digits, and only the columns of the sample.")  # fmt: skip
        return got

    def _decoded(self, data: bytes) -> str:
        if b"\0" in data:
            line = self._next + data[: data.index(b"\0")].count(b"\n")
            self._refuse("zero-bytes", f"{self._name} holds zero bytes.", f"Write it again. {_TO_CSV}", line)  # fmt: skip
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = self._next + data[: error.start].count(b"\n")
            self._refuse("encoding", f"{self._name} is not written in UTF-8.", f'Write it with encoding="utf-8". {_TO_CSV}', line)  # fmt: skip
            raise

    def _texts(self) -> Iterator[str]:
        """Give whole lines, about a block at a time, with "\n" at every end."""
        parts: list[bytes] = []
        got, size = self._rest, 0
        while True:
            cut = got.rfind(b"\n") + 1
            if cut:
                yield self._text(b"".join((*parts, got[:cut])))
                got, parts, size = got[cut:], [], 0
            # Joined only at a line's end: a line of many blocks would be copied with each of them.
            parts.append(got)
            size += len(got)
            if size > LONGEST:
                self._too_long(self._next)
            got = self._read()
            if not got:
                break
        if held := b"".join(parts):
            yield self._text(held + b"\n")

    def _text(self, data: bytes) -> str:
        text = self._decoded(data)
        self._next += text.count("\n")
        return text.replace("\r\n", "\n") if "\r" in text else text

    def _quick(self, text: str) -> Block | None:
        """Cut up a block that has no quotes and no line of another length; None: look closely."""
        if '"' in text or "\r" in text:
            return None
        width, rows = len(self.header), text.count("\n")
        if (alike := self._alike(text, width, rows)) is not None:
            return alike
        body = text[:-1]
        if width == 1:
            cells = body.split("\n")
            return None if "," in text or "" in cells else Block((cells,), self._line)
        flat = body.replace("\n", ",\n").split(",")
        if len(flat) != width * rows:
            return None
        first = "".join(flat[0::width])
        if first.count("\n") != rows - 1:
            return None
        rest = [flat[place::width] for place in range(1, width)]
        return Block(((), *rest), self._line, joined=first, plain=_plain(text))

    def _alike(self, text: str, width: int, rows: int) -> Block | None:
        """Cut up a block whose rows are alike but for their first cell, as those of most samples are."""
        line = text[: text.index("\n")]
        end = line[line.find(",") :] + "\n"
        if (
            width < 2
            or not text.endswith(end)
            or text.count(end) != rows
            or text.count(",") != rows * (width - 1)
        ):
            return None
        cells = end[1:-1].split(",")
        if len(cells) != width - 1:
            return None
        rest = [[cell] * rows for cell in cells]
        return Block(((), *rest), self._line, joined=text.replace(end, "\n")[:-1])

    def _careful(self, texts: Iterable[str], *, rest: bool) -> Iterator[Block]:
        """Read lines through the csv module, to the file's end where a quote may hold line ends."""
        csv.field_size_limit(LONGEST)
        lines = _Lines(texts, self._line)
        reader = csv.reader(lines, strict=True)
        rows: list[list[str]] = []
        places: list[int] = []
        try:
            for row in reader:
                line = lines.begin
                lines.row_done()
                if self._fits(row, line):
                    rows.append(row)
                    places.append(line)
                if len(rows) >= _BATCH:
                    yield Block(tuple(zip(*rows, strict=True)), places[0], places)
                    rows, places = [], []
        except csv.Error as error:
            self._broken_row(error, lines.begin)
            rest = True
        self._line = lines.number
        if rows:
            yield Block(tuple(zip(*rows, strict=True)), places[0], places)
        if rest:
            raise _Stop

    def _broken_row(self, error: csv.Error, line: int) -> None:
        if "new-line" in str(error):
            self._found.error("line-ends", "The line holds a line end of old Macs.", f"Write line ends of one kind. {_TO_CSV}", line=line)  # fmt: skip
            return
        self._found.error("quotes", f"A quote is opened here and not closed as it should be ({error}).", f"Leave the quoting to the library. {_TO_CSV}", line=line)  # fmt: skip

    def _fits(self, row: list[str], line: int) -> bool:
        width = len(self.header)
        if len(row) == width:
            return True
        if not row or (len(row) == 1 and not row[0].strip()):
            self._found.error("blank-line", "The line is empty.", 'Take it out; when writing with the csv module, open the file with newline="".', line=line)  # fmt: skip
        elif len(row) > width and _whole(row[-2:]):
            self._found.error("fields", f"The line has {len(row)} cells, and the header has {width}: a number may be written with a decimal comma ({shown(','.join(row[-2:]))}).", 'Write numbers with a point: leave out decimal=",".', line=line)  # fmt: skip
        else:
            self._found.error("fields", f"The line has {len(row)} cells, and the header has {width}.", f"Quote cells that hold a comma, and write every cell. {_TO_CSV}", line=line)  # fmt: skip
        return False


def _plain(text: str) -> bool:
    return text.isascii() and "_" not in text and " " not in text


def _whole(cells: Sequence[str]) -> bool:
    return all(cell.strip().lstrip("-").isdigit() for cell in cells)


class _Lines:
    """Lines for the csv module that know where the row in hand began, and end a row without end."""

    def __init__(self, texts: Iterable[str], first: int) -> None:
        self.number = self.begin = first
        self._held = 0
        self._lines = (line for text in texts for line in io.StringIO(text, newline="\n"))

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        self._held += len(line)
        if self._held > LONGEST:
            raise csv.Error("no end in sight")
        return line

    def row_done(self) -> None:
        """Begin the next row at the next line."""
        self.begin, self._held = self.number, 0
