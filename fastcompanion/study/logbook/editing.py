"""A day file in the learner's own editor, looked through afterwards and committed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path

from fastcompanion.base import clock, events, store
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.workspace import Workspace
from fastcompanion.study import journal
from fastcompanion.study.journal import Entry, Problem
from fastcompanion.study.logbook import checking

# A session line as people write it: without an id, and perhaps without an offset.
_BY_HAND = re.compile(
    r"[-*] (?P<time>(?:[01]?\d|2[0-3]):[0-5]\d)(?P<offset>[+-]\d\d:\d\d|Z)?"
    r" (?P<minutes>\d{1,4}) ?m(?:in)?"
    r"(?P<rest>(?: [a-z0-9][a-z0-9-]*/[A-Za-z0-9][A-Za-z0-9-]*)?(?: [a-z][a-z-]*)?)\s*"
)


@frozen
class Edited:
    """What came of it. `completed` lines were given an id.

    `removed` are the ids of entries that are gone, `undoings` those that bring them back.
    """

    file: str
    changed: bool
    sessions: int
    completed: int
    removed: tuple[str, ...]
    problems: tuple[Problem, ...]
    commit: CommitResult | None
    undoings: tuple[str, ...] = ()


def file_of(ws: Workspace, wanted: str | None) -> tuple[Path, date, int]:
    """Give the day file of an entry with its line; without an id that of today, else the newest."""
    if wanted is not None:
        entry = journal.needed(ws, wanted)
        day = journal.study_day(entry.at)
        return ws.day_file(day), day, checking.line_of(ws.day_file(day), entry.id)
    today = journal.study_day(clock.now())
    files = journal.all_files(ws)
    if ws.day_file(today).exists() or not files:
        return ws.day_file(today), today, 1
    return files[-1][1], files[-1][0], 1


def edit(ws: Workspace, wanted: str | None, open_it: Callable[[Path, int], None]) -> Edited:
    """Let the learner edit a day file, look through it and commit it.

    What can't be read is named with its line and stays; such a file is not committed before it is
    mended. Lines that the learner wrote without an id get one; those that were deleted count as
    undone, so that a merge can't bring them back.
    """
    path, day, line = file_of(ws, wanted)
    old = store.read_text(path) if path.exists() else ""
    before = {entry.id: entry for entry in checking.check_file(path, day).entries} if old else {}
    open_it(path, line)
    new = store.read_text(path) if path.exists() else ""
    # Lines may have been written in another editor before: they get their ids all the same.
    completed = _complete(path, new, day)
    if new == old and not completed:
        return Edited(ws.relative(path), False, len(before), 0, (), (), None)
    found = checking.check_file(path, day) if path.exists() else journal.Log(())
    after = {entry.id for entry in found.entries}
    # A line that can't be read any more is no deleted one.
    gone = [] if found.problems else [one for one in before.values() if one.id not in after]
    undoings = tuple(_undo(ws, entry) for entry in gone)
    commit = None
    if not found.problems:
        commit = events.commit_paths(ws, [path, ws.progress], f"Edit the log of {day}")
    return Edited(
        file=ws.relative(path),
        changed=True,
        sessions=len(found.entries),
        completed=completed,
        removed=tuple(entry.id for entry in gone),
        problems=found.problems,
        commit=commit,
        undoings=undoings,
    )


def _undo(ws: Workspace, entry: Entry) -> str:
    target, private = journal.event_of(ws, entry.id, gone=True)
    return journal.withdraw(ws, target, entry, private=private, put=None)[0].id


def _complete(path: Path, text: str, day: date) -> int:
    """Give an id to session lines that were written by hand."""
    rows = text.split("\n")
    count = 0
    for number, row in enumerate(rows):
        found = _BY_HAND.fullmatch(row)
        if found is not None:
            rows[number] = _completed(found, day)
            count += 1
    if count:
        store.write_text(path, "\n".join(rows))
    return count


def _completed(found: re.Match[str], day: date) -> str:
    wall = time.fromisoformat(found["time"].zfill(5))
    offset = found["offset"] or clock.stamp(clock.local(datetime.combine(day, wall)))[19:]
    began = f"{wall:%H:%M}{offset}"
    return f"- {began} {found['minutes']}m{found['rest']} ^{clock.new_id()}"
