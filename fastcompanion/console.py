"""The only printer: stdout is data, stderr is talk; people get text, programs get one JSON object.

Every text is treated as untrusted: control characters are made visible and markup is escaped, so
nothing that a notebook or a course says can move the cursor or colour the terminal.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter, Task

if TYPE_CHECKING:
    from rich.console import Console

ENVELOPE_VERSION = 1
_SECONDS_BETWEEN = 10.0
# Longer cells fold; shorter ones are names and marks, which are typed again and have to stay whole.
_SHORT = 20
# What holds no space is a name too, such as that of a card, and stays whole where there is room.
_NAME = 40
# With less room for each column that folds, a row is easier to read as lines of its own.
_FOLDED = 12
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@frozen
class Title:
    """A headline."""

    text: str


@frozen
class Line:
    """One paragraph; `style` is "", "dim", "good", "bad" or "warn"."""

    text: str
    style: str = ""


@frozen
class Warn:
    """Something that the learner should see before going on."""

    text: str


@frozen
class Facts:
    """Names with values, aligned."""

    pairs: tuple[tuple[str, str], ...]


@frozen
class Items:
    """A list, numbered when `ordered`."""

    texts: tuple[str, ...]
    ordered: bool = False


@frozen
class Table:
    """Rows under column names."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""


@frozen
class Code:
    """Text that keeps its lines, such as code or a diff."""

    text: str


@frozen
class Raw:
    """Text as it is, for a pipe or a clipboard: neither indented nor wrapped."""

    text: str


@frozen
class Heat:
    """Rows of squares with a label each: "0" to "4" is how much, "p" is paused, " " is nothing.

    `above` are words over the columns, "" where there is none. What is too wide loses its left.
    """

    rows: tuple[tuple[str, str], ...]
    above: tuple[str, ...] = ()


@frozen
class Next:
    """The next command to type, and why."""

    command: str
    why: str = ""


Block = Title | Line | Warn | Facts | Items | Table | Code | Raw | Heat | Next


@frozen
class Answer:
    """What a command has to say: data for programs, a view of it for people, an exit code."""

    data: Any
    view: Callable[[Any], Iterable[Block]]
    exit_code: int = 0


@dataclass
class _Mode:
    command: str = ""
    json: bool = False
    quiet: bool = False
    dry_run: bool = False
    warnings: list[str] = field(default_factory=list)


_mode = _Mode()


def configure(command: str, *, json: bool, quiet: bool, dry_run: bool = False) -> None:
    """Set how this run shows things; called once, before a command does its work."""
    _mode.command, _mode.json, _mode.quiet = command, json, quiet
    _mode.dry_run = dry_run


def clean(text: str) -> str:
    """Make control characters and direction overrides visible, so they can't act."""
    return _CONTROL.sub(lambda m: f"\\x{ord(m[0]):02x}", text.replace("\r\n", "\n"))


def plain(value: Any) -> Any:
    """Turn dataclasses, paths, times and enums into what JSON knows, keys in snake_case."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, Path | date):
        return str(value)
    return value


def show(answer: Answer) -> None:
    """Show a command's answer once: as JSON, or as text."""
    if _mode.json:
        _envelope(plain(answer.data), [])
        return
    if _mode.dry_run:
        _render(
            Line("Only a look (--dry-run): nothing was changed. It would say:", "dim"), sys.stdout
        )
    for block in answer.view(answer.data):
        if not (_mode.quiet and isinstance(block, Next)):
            _render(block, sys.stdout)


def show_line(data: Any, blocks: Iterable[Block]) -> None:
    """Show one result of a command that goes on (`--watch`): with `--json` one object a line."""
    if _mode.json:
        _envelope(plain(data), [])
        return
    for block in blocks:
        _render(block, sys.stdout)


def fail(error: CompanionError) -> None:
    """Show a failure: on stderr for people, as an envelope on stdout for programs."""
    if _mode.json:
        _envelope(None, [_error(error)])
        return
    place = f"{error.place}: " if error.place else ""
    _write(sys.stderr, f"{_paint('Error:', 'bad', sys.stderr)} {clean(place + error.message)}\n")
    if error.hint:
        _write(sys.stderr, f"{_paint('Next:', 'dim', sys.stderr)}  {clean(error.hint)}\n")


def _error(error: CompanionError) -> dict[str, Any]:
    place = {"file": error.file, "line": error.line}
    return {"code": int(error.code), "message": error.message, "hint": error.hint, **place}


def _envelope(data: Any, errors: list[dict[str, Any]]) -> None:
    whole = {"version": ENVELOPE_VERSION, "command": _mode.command, "data": data, "errors": errors}
    _write(sys.stdout, json.dumps(whole, ensure_ascii=False) + "\n")


def _write(file: IO[str], text: str) -> None:
    try:
        file.write(text)
    except UnicodeEncodeError:
        encoding = getattr(file, "encoding", None) or "ascii"
        file.write(text.encode(encoding, "replace").decode(encoding))
    file.flush()


_COLOURS = {"bad": "31;1", "good": "32", "warn": "33", "dim": "2", "title": "1", "next": "36"}


def coloured(file: IO[str]) -> bool:
    """Say whether `file` is a terminal that wants colours (NO_COLOR, TERM=dumb)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return file.isatty()


def _paint(text: str, style: str, file: IO[str]) -> str:
    colour = _COLOURS.get(style)
    return f"\x1b[{colour}m{text}\x1b[0m" if colour and coloured(file) else text


def _render(block: Block, file: IO[str]) -> None:
    if isinstance(block, Heat):
        _heat(block, file)
        return
    if isinstance(block, Table) and file.isatty() and not _fits(block):
        _rich_table(block, file)
        return
    for line, style in _lines(block):
        _write(file, _paint(clean(line), style, file) + "\n")


_SQUARES = {"0": "·", "1": "░", "2": "▒", "3": "▓", "4": "█", "p": "~", " ": " "}
_PLAIN_SQUARES = {"0": ".", "1": "-", "2": "+", "3": "*", "4": "#", "p": "~", " ": " "}
# Greens of the 256 colours that can be told apart on black and on white.
_HEAT_COLOURS = {"0": "2", "1": "38;5;151", "2": "38;5;114", "3": "38;5;71", "4": "38;5;28", "p": "38;5;103"}  # fmt: skip


def _heat(block: Heat, file: IO[str]) -> None:
    label = max((len(name) for name, _ in block.rows), default=0) + 1
    weeks = max((len(cells) for _, cells in block.rows), default=0)
    cut = max(0, weeks - (_width() - label) // 2)
    head = ""
    for column, name in enumerate(block.above[cut:]):
        # A name that would run into the one before it is left out.
        head = (
            head.ljust(2 * column) + name if name and len(head) < 2 * column + (not head) else head
        )
    _write(file, _paint(" " * label + clean(head), "dim", file).rstrip() + "\n")
    for name, cells in block.rows:
        row = "".join(_square(cell, file) + " " for cell in cells[cut:])
        _write(file, f"{clean(name):<{label}}{row}".rstrip() + "\n")


def _square(cell: str, file: IO[str]) -> str:
    squares = _SQUARES
    try:
        "".join(_SQUARES.values()).encode(getattr(file, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        squares = _PLAIN_SQUARES
    if not coloured(file) or cell not in _HEAT_COLOURS:
        return squares.get(cell, " ")
    return f"\x1b[{_HEAT_COLOURS[cell]}m{squares[cell]}\x1b[0m"


def _lines(block: Block) -> Iterator[tuple[str, str]]:
    match block:
        case Title(text):
            yield text, "title"
        case Line(text, style):
            yield from ((line, style) for line in _wrapped(text))
        case Warn(text):
            yield from ((line, "warn") for line in _wrapped(f"! {text}"))
        case Code(text) | Raw(text):
            indent = "" if isinstance(block, Raw) else "    "
            yield from ((indent + line, "") for line in text.rstrip("\n").split("\n"))
        case Facts(pairs):
            width = max((len(name) for name, _ in pairs), default=0)
            folded = (_wrapped(value, f"{name:<{width}}  ") for name, value in pairs)
            yield from ((line, "") for lines in folded for line in lines)
        case Items(texts, ordered):
            for number, text in enumerate(texts, start=1):
                mark = f"{number}. " if ordered else "- "
                yield from ((line, "") for line in _wrapped(text, mark))
        case Table():
            yield from _columns(block)
        case Next(command, why):
            yield f"Next: {command}" + (f"   ({why})" if why else ""), "next"


def _wrapped(text: str, mark: str = "", file: IO[str] | None = None) -> list[str]:
    width = min(max(_width(), 20), 100)
    if not (file or sys.stdout).isatty():
        return [mark + text]
    indent = " " * len(mark)
    # An address or a command that is cut in two can't be copied.
    lines = textwrap.wrap(
        text,
        width,
        initial_indent=mark,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines or [mark]


def _width() -> int:
    try:
        columns = os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        columns = 0
    asked = os.environ.get("COLUMNS", "")
    # Some terminals do not know their size and say 0.
    return columns or (int(asked) if asked.isdigit() else 0) or 80


def _fits(table: Table) -> bool:
    """Say whether plain columns will do.

    Rich folds long cells and knows wide letters, but loading it takes as long as all the rest.
    """
    rows = [table.columns, *table.rows]
    widths = (max(len(row[i]) for row in rows) + 2 for i in range(len(table.columns)))
    return sum(widths) <= _width() and all(cell.isascii() for row in rows for cell in row)


def _columns(table: Table) -> Iterator[tuple[str, str]]:
    if table.title:
        yield table.title, "title"
    rows = [table.columns, *table.rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.columns))]
    for number, row in enumerate(rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip(), "" if number else "title"


def _rich(file: IO[str]) -> Console:
    from rich.console import Console

    return Console(file=file, no_color=not coloured(file), highlight=False)


def _rich_table(table: Table, file: IO[str]) -> None:
    from rich.cells import cell_len
    from rich.table import Table as RichTable
    from rich.text import Text

    columns = list(zip(table.columns, *table.rows, strict=True))
    sizes = [max(map(cell_len, cells)) for cells in columns]
    for longest_name in (_NAME, _SHORT):
        folds = [
            size > (_SHORT if any(" " in cell for cell in cells) else longest_name)
            for size, cells in zip(sizes, columns, strict=True)
        ]
        least = sum(_FOLDED if fold else size for size, fold in zip(sizes, folds, strict=True))
        if least + 2 * (len(sizes) - 1) <= _width():
            break
    else:
        _records(table, file)
        return
    shown = RichTable(title=table.title or None, box=None, title_justify="left", pad_edge=False)
    shown.padding = (0, 2, 0, 0)
    for name, fold in zip(table.columns, folds, strict=True):
        shown.add_column(name, overflow="fold", no_wrap=not fold, min_width=_FOLDED * fold or None)
    for row in table.rows:
        shown.add_row(*(Text(clean(cell)) for cell in row))
    _rich(file).print(shown)


def _records(table: Table, file: IO[str]) -> None:
    """Write each row as lines of name and value: in narrow columns rich cuts off what stands there.

    A number that lost its last digit is a wrong number.
    """
    if table.title:
        _write(file, _paint(clean(table.title), "title", file) + "\n")
    names = max(map(len, table.columns)) + 2
    for number, row in enumerate(table.rows):
        _write(file, "\n" if number else "")
        for name, cell in zip(table.columns, row, strict=True):
            mark = f"{name:<{names}}"
            lines = textwrap.wrap(
                clean(cell), max(_width(), 20), initial_indent=mark, subsequent_indent="  "
            )
            _write(file, "".join(f"{line}\n" for line in lines))


class _Talk:
    """The reporter of a terminal: notes and progress on stderr."""

    def note(self, text: str) -> None:
        if _mode.quiet:
            return
        for line in text.split("\n"):
            words = line.lstrip(" ")
            indent = " " * (len(line) - len(words))
            for part in _wrapped(clean(words), indent, sys.stderr):
                _write(sys.stderr, part + "\n")

    @contextmanager
    def task(self, label: str, total: int | None = None) -> Iterator[Task]:
        if _mode.quiet or not sys.stderr.isatty():
            yield _LineTask(self, label, total)
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
        )
        with Progress(*columns, console=_rich(sys.stderr), transient=True) as progress:
            yield _BarTask(progress, progress.add_task(clean(label), total=total), clean(label))


class _LineTask:
    """Progress without a terminal: a sign of life now and then, as each line stays in the file."""

    def __init__(self, talk: _Talk, label: str, total: int | None) -> None:
        self._talk, self._label, self._total, self._done = talk, label, total, 0
        self._quiet_until = 0.0

    def advance(self, amount: int = 1, text: str = "") -> None:
        self._done += amount
        now = clock.monotonic()
        # A program that shows it to a person wants progress beside the JSON: `check --on`.
        is_wanted = not _mode.json or "FASTCOMPANION_PROGRESS" in os.environ
        if text and is_wanted and now >= self._quiet_until:
            self._quiet_until = now + _SECONDS_BETWEEN
            of = f"/{self._total}" if self._total else ""
            self._talk.note(f"{self._label} {self._done}{of}: {text}")


class _BarTask:
    """Progress on a terminal."""

    def __init__(self, progress: Any, task_id: Any, label: str) -> None:
        self._progress, self._id, self._label = progress, task_id, label

    def advance(self, amount: int = 1, text: str = "") -> None:
        words = f"{self._label}: {clean(text)}" if text else self._label
        self._progress.update(self._id, advance=amount, description=words[:70])


def reporter() -> Reporter:
    """Give the reporter that wings talk through."""
    return _Talk()


def interactive() -> bool:
    """Say whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not _mode.json


def say(text: str) -> None:
    """Print one line of data as it is (the version)."""
    _write(sys.stdout, clean(text) + "\n")


def ask(question: str, default: str = "", *, flag: str = "") -> str:
    """Ask on stderr; an empty answer is the default. Only where `interactive()`.

    `flag` answers without being asked; the error names it where the input ends.
    """
    answer = ask_or_end(question, default)
    if answer is None:
        hint = f"Run the command again{f', or give {flag}' if flag else ''}."
        raise CompanionError("no answer was given", hint=hint, code=Exit.USAGE)
    return answer


def ask_or_end(question: str, default: str = "") -> str | None:
    """Ask on stderr, of a pipe too; None where the input has ended."""
    suffix = f" [{default}]" if default else ""
    _write(sys.stderr, f"{clean(question)}{clean(suffix)}: ")
    answer = sys.stdin.readline()
    if not answer:
        _write(sys.stderr, "\n")
    return (answer.strip() or default) if answer else None


def ask_secret(question: str) -> str:
    """Ask for what must not show, such as a password; of a pipe it is one line of the input."""
    if not interactive():
        return sys.stdin.readline().rstrip("\r\n")
    return getpass.getpass(f"{clean(question)}: ", stream=sys.stderr)
