"""The log in forms that other programs read: JSON lines, CSV, Timewarrior."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, timedelta
from types import MappingProxyType

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.study.journal import Entry

_COLUMNS = ("id", "at", "minutes", "guessed", "lesson", "step", "note")
_TIMEW = "%Y%m%dT%H%M%SZ"
# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@frozen
class Exported:
    """The log as text of one form; `file` is where it was written, "" where it is only given."""

    form: str
    sessions: int
    text: str
    file: str = ""


def export(entries: Sequence[Entry], form: str) -> Exported:
    """Write all sessions as `jsonl`, `csv` or `timew`, the oldest first."""
    if form not in FORMS:
        raise CompanionError(
            f"{form!r} is no form of export", hint=f"One of: {', '.join(FORMS)}", code=Exit.USAGE
        )
    return Exported(form, len(entries), FORMS[form](entries))


def _jsonl(entries: Iterable[Entry]) -> str:
    lines = (
        {
            "v": 1,
            "id": entry.id,
            "at": clock.stamp(entry.at),
            "minutes": entry.minutes,
            "guessed": entry.guessed,
            "lesson": entry.lesson,
            "step": entry.step,
            "note": entry.note,
        }
        for entry in entries
    )
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _csv(entries: Iterable[Entry]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_COLUMNS)
    for entry in entries:
        table.writerow(
            (
                entry.id,
                clock.stamp(entry.at),
                entry.minutes,
                "yes" if entry.guessed else "no",
                entry.lesson or "",
                entry.step or "",
                _harmless(entry.note),
            )
        )
    return text.getvalue()


def _harmless(note: str) -> str:
    """Keep a note from being run as a formula by a spreadsheet."""
    return f"'{note}" if note.startswith(_FORMULA) else note


def _timew(entries: Iterable[Entry]) -> str:
    """Write the lines of Timewarrior's data files: UTC times, tags, the note as annotation."""
    return "".join(_interval(entry) for entry in entries)


def _interval(entry: Entry) -> str:
    begin = entry.at.astimezone(UTC)
    end = begin + timedelta(minutes=entry.minutes)
    words = [_quoted(word) for word in (entry.lesson, entry.step) if word]
    note = f" # {_quoted(' '.join(entry.note.split()), always=True)}" if entry.note else ""
    tags = "".join(f" {word}" for word in words)
    tags = f" #{tags}" if tags or note else ""
    return f"inc {begin:{_TIMEW}} - {end:{_TIMEW}}{tags}{note}\n"


def _quoted(text: str, *, always: bool = False) -> str:
    plain = not always and text.replace("-", "").replace("_", "").isalnum()
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return text if plain else f'"{escaped}"'


FORMS: Mapping[str, Callable[[Sequence[Entry]], str]] = MappingProxyType(
    {"jsonl": _jsonl, "csv": _csv, "timew": _timew}
)
