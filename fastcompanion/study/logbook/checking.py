"""Looking through the whole log: lines that can't be read, ids that stand twice, halves of merges."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from fastcompanion.base import events, store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.study import journal
from fastcompanion.study.journal import Entry, Problem

_HEADING = re.compile(r"# (\d{4}-\d\d-\d\d)\b")


@frozen
class Checked:
    """What was looked at and what is wrong with it; nothing was changed."""

    files: int
    sessions: int
    problems: tuple[Problem, ...]


def check(ws: Workspace) -> Checked:
    """Read every day file and the events; a file that can't be read is a problem, not the end."""
    problems: list[Problem] = []
    first_seen: dict[str, tuple[Entry, Path]] = {}
    sessions = 0
    files = journal.all_files(ws)
    for day, path in files:
        found = check_file(path, day)
        problems += found.problems
        sessions += len(found.entries)
        problems += _twice(found.entries, path, first_seen)
    problems += _misnamed(ws)
    problems += _events(ws)
    return Checked(len(files), sessions, tuple(problems))


def check_file(path: Path, day: date) -> journal.Log:
    """Read one day file; what raises elsewhere is a problem here."""
    try:
        text = store.read_text(path)
        found = journal.parse(text, day, path)
    except CompanionError as error:
        return journal.Log((), (Problem(str(path), error.line or 1, "", error.message),))
    headings = enumerate(text.split("\n"), start=1)
    wrong = tuple(
        Problem(str(path), number, line, f"names another day than the file, {day}")
        for number, line in headings
        if (heading := _HEADING.match(line)) and heading[1] != str(day)
    )
    return journal.Log(found.entries, (*found.problems, *wrong))


def _twice(
    entries: tuple[Entry, ...], path: Path, first_seen: dict[str, tuple[Entry, Path]]
) -> list[Problem]:
    """Name ids that stand in two files: only one of the two lines is counted."""
    problems = []
    for entry in entries:
        other = first_seen.setdefault(entry.id, (entry, path))
        if other[1] != path:
            line = line_of(path, entry.id)
            reason = f"has the id of a line in {other[1].name}; only that one is counted"
            problems.append(Problem(str(path), line, f"^{entry.id}", reason))
    return problems


def line_of(path: Path, entry_id: str) -> int:
    """Give the line that an id stands in, 1 where it does not."""
    rows = enumerate(store.read_text(path).split("\n"), start=1)
    return next((number for number, row in rows if row.rstrip().endswith(f"^{entry_id}")), 1)


def _misnamed(ws: Workspace) -> list[Problem]:
    known = {path for _, path in journal.all_files(ws)}
    known |= {ws.day_file(day) for day, _ in journal.all_files(ws)}
    problems = [
        Problem(
            str(path), 1, path.name, "is not named for a day, such as 2026-11-21.md; not counted"
        )
        for path in sorted(ws.log_folder.glob("**/*.md"))
        if path not in known
    ]
    for day, path in journal.all_files(ws):
        if path != ws.day_file(day):
            reason = f"lies in the wrong folder: {ws.relative(ws.day_file(day))}"
            problems.append(Problem(str(path), 1, path.name, reason))
    return problems


def _events(ws: Workspace) -> list[Problem]:
    problems = []
    for private in (False, True):
        try:
            events.read(ws, private=private)
        except CompanionError as error:
            problems.append(Problem(error.file or "", error.line or 1, "", error.message))
    return problems
