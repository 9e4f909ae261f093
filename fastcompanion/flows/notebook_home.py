"""`server notebook home FILE`: a notebook that was away, its results, hints and minutes come home.

Nothing of the learner's is lost: what changed here and there is put together cell by cell, and where
one cell changed on both sides, both notebooks stay. Everything has an id, so that a file which is
brought home twice adds nothing.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from fastcompanion.base import clock, config, events, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import results
from fastcompanion.course.checks.results import Results
from fastcompanion.course.library import courses
from fastcompanion.course.model import Course, Lesson, NotebookRef, Step
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.running import run
from fastcompanion.flows import notebook_door
from fastcompanion.server.notebooks import carried, merging, travel
from fastcompanion.server.notebooks.carried import Carried, Session
from fastcompanion.server.notebooks.merging import Merged
from fastcompanion.server.notebooks.travel import Pack
from fastcompanion.study import journal, timer
from fastcompanion.study.journal import Entry

_STEPS: Mapping[str, Step] = {"run": "run", "scratch": "reproduce", "repeat": "repeat"}
_LEAST = timedelta(seconds=30)
_START = 1000
_DOWNLOAD = (
    "Download the notebook there (File > Download, as .ipynb), and give the file that it made."
)


@frozen
class Clashing:
    """A cell (counted from 1) that changed here and there."""

    cell: int
    mine: str
    theirs: str


@frozen
class Home:
    """What came home. `state` says what became of the notebook: new, taken, merged, outputs (alone), same or beside.

    `beside` is the file of a notebook that could not be put together with the one here; `sections`
    are the verdicts that are new; `checked` is the notebook server where they were found.
    """

    lesson: str
    notebook: str
    kind: str
    checked: str
    file: str
    state: str
    cells: int
    beside: str
    clashes: tuple[Clashing, ...]
    sections: Mapping[str, str]
    hints: int
    already: int
    predictions: tuple[str, ...]
    minutes: int
    sessions: tuple[Entry, ...]
    ran: bool
    notes: tuple[str, ...]
    commit: CommitResult | None


@frozen
class _Back:
    """A notebook that came back, understood."""

    ws: Workspace
    course: Course
    lesson: Lesson
    ref: NotebookRef
    pack: Pack
    book: dict[str, Any]
    carried: Carried

    @property
    def path(self) -> Path:
        """The learner's notebook here."""
        return self.ws.notebook(self.lesson.id, self.ref.id, self.pack.kind)

    @property
    def came(self) -> frozenset[str]:
        """The marks of the cells that this travel has brought home before."""
        kept = self.ws.travel(self.pack.id)
        return frozenset(_travel(kept).get("came", ())) if kept.is_file() else frozenset()


def home(ws: Workspace, given: str, *, dry_run: bool = False) -> Home:
    """Take a notebook that was away into the study: the notebook, its results, hints and minutes."""
    file = given_file(given)
    back = _understood(ws, file)
    notes = _damage(back)
    found = _results(back)
    fresh = results.unseen(ws, found) if found is not None else ()
    theirs = _theirs(back)
    state, merged, target = _together(back, theirs)
    sessions = _to_log(back, notes)
    ran = back.pack.kind == "run" and _ran_through(back)
    predicted = _predicted(back)
    commit = None
    if not dry_run:
        _write(back, state, merged, target)
        if state != "beside":
            _keep_marks(back, theirs)
        _keep_predicted(back, predicted)
        if found is not None:
            results.take(ws, found, fresh, door=back.pack.door)
        ran = ran and _note_run(back)
        commit = _log(back, sessions, target)
    verdicts = {one.section: one.verdict for one in fresh if one.verdict}
    return Home(
        lesson=back.lesson.id,
        notebook=back.ref.id,
        kind=back.pack.kind,
        checked=back.pack.door,
        file=ws.relative(back.path),
        state=state,
        cells=merged.taken,
        beside=ws.relative(target) if state == "beside" else "",
        clashes=tuple(Clashing(one.cell, one.mine, one.theirs) for one in merged.clashes),
        sections=verdicts,
        hints=sum(bool(one.hint) for one in fresh),
        already=len(found.results) - len(fresh) if found is not None else 0,
        predictions=tuple(ws.relative(path) for path in predicted),
        minutes=sum(one.minutes for one in sessions),
        sessions=tuple(sessions),
        ran=ran,
        notes=tuple(notes),
        commit=commit,
    )


def given_file(text: str) -> Path:
    """Read a path as it comes when a file is dragged into a terminal: quoted, escaped, file://."""
    plain = text.strip().strip("'\"").strip()
    if plain.startswith("file://"):
        plain = unquote(urlsplit(plain).path)
        plain = plain.removeprefix("/") if os.name == "nt" else plain
    path = Path(plain).expanduser()
    if not path.exists() and Path(plain.replace("\\ ", " ")).exists():
        path = Path(plain.replace("\\ ", " "))
    if not path.is_file():
        raise CompanionError(
            "is a folder" if path.is_dir() else "no such file", hint=_DOWNLOAD, file=path
        )
    return path


def _read(file: Path) -> dict[str, Any]:
    """Read what was downloaded; what is none is told apart from what is not whole."""
    try:
        return notebook.read(file)
    except CompanionError as error:
        start = store.read_bytes(file)[:_START].lstrip().lower()
        if start.startswith((b"<!doctype", b"<html")):
            raise CompanionError(
                "is a page of the web, and not the notebook", hint=f"Log in there first. {_DOWNLOAD}", file=file
            ) from None  # fmt: skip
        if start.startswith(b"{"):
            error.hint = f"The download may have broken off. {_DOWNLOAD}"
        else:
            error.hint = f"It is no notebook: a script will not do. {_DOWNLOAD}"
        raise


def _understood(ws: Workspace, file: Path) -> _Back:
    book = _read(file)
    found = carried.read(book)
    pack = _pack(ws, book, found, file)
    if not _is_ours(ws, pack):
        raise CompanionError(
            "set out from another study",
            hint="fastcompanion server notebook home FILE --study PATH, with the path of that one",
            file=file,
            code=Exit.USAGE,
        )
    course, lesson, ref = _lesson(ws, pack, file)
    mine = tuple(one for one in found.records if one.travel == pack.id)
    return _Back(ws, course, lesson, ref, pack, book, replace(found, records=mine))


def _pack(ws: Workspace, book: Mapping[str, Any], found: Carried, file: Path) -> Pack:
    """Find what the notebook took along: in its first cell, else by the name of its travel, here."""
    damage: CompanionError | None = None
    try:
        pack = travel.find(book)
    except CompanionError as error:
        pack, damage = None, error
    if pack is not None:
        return pack
    ours = book["metadata"].get("fastcompanion")
    named = [str(ours.get("travel", ""))] if isinstance(ours, dict) else []
    named += [one.travel for one in found.records]
    for name in named:
        kept = ws.travel(name) if name.isalnum() else None
        if kept is not None and kept.is_file():
            known = travel.read(str(_travel(kept)["packed"]))
            if known is not None:
                return known
    if damage is not None:
        raise CompanionError(damage.message, hint=damage.hint, file=file)
    raise CompanionError(
        "did not set out from a study: the cell that fastcompanion puts first is not in it",
        hint="fastcompanion server notebook colab makes a copy that can come home",
        file=file,
        code=Exit.USAGE,
    )


def _travel(kept: Path) -> dict[str, Any]:
    return store.check_version(store.read_json(kept), kept)


def _is_ours(ws: Workspace, pack: Pack) -> bool:
    if ws.travel(pack.id).is_file():
        return True
    return any(event.id == pack.study for event in events.read(ws))


def _lesson(ws: Workspace, pack: Pack, file: Path) -> tuple[Course, Lesson, NotebookRef]:
    course_id = pack.lesson.partition("/")[0]
    if course_id in courses.ids(ws):
        course = courses.load(ws, course_id)
        for lesson in course.lessons:
            for ref in lesson.notebooks:
                if (lesson.id, ref.id) == (pack.lesson, pack.notebook):
                    return course, lesson, ref
    raise CompanionError(
        f"is of {pack.lesson}, notebook {pack.notebook}, which the study does not have",
        hint="fastcompanion lesson list",
        file=file,
        code=Exit.USAGE,
    )


def _damage(back: _Back) -> list[str]:
    lost = back.carried.damaged
    if not lost and not back.carried.records:
        return ["no result and no minute is in it: there, run the first cell, and save it before you download it"]  # fmt: skip
    if not lost:
        return []
    cells = "one output" if lost == 1 else f"{lost} outputs"
    rest = "the others say as much" if back.carried.records else "no result and no minute is in it"
    return [f"{cells} with results came back damaged and was not read; {rest}"]


def _results(back: _Back) -> Results | None:
    """Put the results of all records together, each once."""
    found: Results | None = None
    for record in back.carried.records:
        if not record.results:
            continue
        one = results.parse(record.results, Path("the notebook"))
        if (one.lesson, one.notebook) != (back.lesson.id, back.ref.id):
            continue
        known = {row.id for row in found.results} if found is not None else set()
        new = tuple(row for row in one.results if row.id not in known)
        old = found.results if found is not None else ()
        rows = sorted((*old, *new), key=lambda row: (row.at, row.id))
        found = replace(one, results=tuple(rows))
    return found


def _base(back: _Back) -> Mapping[str, Any] | None:
    return back.pack.book if back.pack.book.get("cells") else None


def _theirs(back: _Back) -> dict[str, Any]:
    """Give the notebook that came back without what we put in, its cells known again."""
    theirs = carried.strip(travel.take_out(back.book))
    base = _base(back)
    return merging.restored(theirs, base) if base is not None else theirs


def _together(back: _Back, theirs: Mapping[str, Any]) -> tuple[str, Merged, Path]:
    """Put the notebook that came back and the one here together; say what came of it, and where it goes."""
    path = back.path
    if not path.exists():
        return "new", Merged(tuple(theirs["cells"]), len(theirs["cells"])), path
    mine = notebook.read(path)
    merged = merging.merge(_base(back), mine, theirs, back.came)
    if merged.clashes:
        name = f"{back.ref.id}.{back.pack.kind}.from-{back.pack.door}-{back.pack.id}.ipynb"
        beside = back.ws.travel_folder(back.lesson.id) / name
        return "beside", replace(merged, cells=tuple(theirs["cells"])), beside
    if list(merged.cells) == mine["cells"]:
        return "same", merged, path
    if merging.alike(merged.cells, mine["cells"]):
        return "outputs", merged, path
    return ("taken" if merging.alike(merged.cells, theirs["cells"]) else "merged"), merged, path


def _keep_marks(back: _Back, theirs: Mapping[str, Any]) -> None:
    """Remember what has come home, so that the same is not news the next time."""
    came = back.came | merging.marks(theirs["cells"])
    told = {"version": 1, "packed": travel.write(back.pack), "came": sorted(came)}
    store.write_json(back.ws.travel(back.pack.id), told)


def _write(back: _Back, state: str, merged: Merged, target: Path) -> None:
    if state == "same":
        return
    if state in ("taken", "merged", "outputs"):
        whole: Mapping[str, Any] = notebook.read(back.path)
    else:
        whole = {**travel.take_out(back.book), "metadata": back.pack.book.get("metadata", {})}
    if state == "beside":
        notebook_door.ignore(target.parent)
    notebook.write(target, {**whole, "cells": list(merged.cells)})


def _predicted(back: _Back) -> dict[Path, str]:
    """Give what the learner's model said there of their own data, where it is not here yet."""
    if back.pack.kind != "repeat" or not back.carried.records:
        return {}
    folder = back.ws.repeat_folder(back.lesson.id, back.ref.id)
    newest = max(back.carried.records, key=lambda one: sum(part.seconds for part in one.sessions))
    named = {
        folder / name: text
        for name, text in newest.files.items()
        if re.fullmatch(r"mine-[A-Za-z0-9._-]+\.csv", name)
    }
    return {
        path: text
        for path, text in named.items()
        if not path.is_file() or store.read_text(path) != text
    }


def _keep_predicted(back: _Back, predicted: Mapping[Path, str]) -> None:
    """Write predictions; those that they replace are kept aside."""
    for path, text in predicted.items():
        if path.is_file():
            folder = back.ws.travel_folder(back.lesson.id)
            notebook_door.ignore(folder)
            store.copy(path, folder / f"{path.stem}.before-{back.pack.id}.csv")
        store.write_text(path, text)


def _to_log(back: _Back, notes: list[str]) -> list[Entry]:
    """Make the log lines of the sessions there, of what is not in the log already."""
    known = _known(back.ws)
    gone = journal.undone(back.ws, events.read(back.ws))
    found: list[Entry] = []
    every = [one for record in back.carried.records for one in record.sessions]
    for one in carried.longest(every):
        if one.seconds < _LEAST.total_seconds() and one.cells < 2:
            continue
        entry = _rest(back, one, known, gone)
        if entry is None:
            continue
        left = _uncovered(back.ws, entry, known)
        if left < entry.minutes:
            already = entry.minutes - left
            notes.append(f"{already} of {entry.minutes} min were counted here already by the timer")
        if left > 0:
            found.append(replace(entry, minutes=left))
    return found


def _known(ws: Workspace) -> dict[str, Entry]:
    return {entry.id: entry for entry in journal.read(ws).entries}


def _rest(
    back: _Back, one: Session, known: Mapping[str, Entry], gone: frozenset[str]
) -> Entry | None:
    """Give the part of a session that no line of the log has: it may have gone on since the last time."""
    total = max(1, round(one.seconds / 60))
    name, logged = one.id, 0
    while name in known or name in gone:
        if name in gone:
            return None
        logged += known[name].minutes
        name = _next_id(one.id, logged)
    if logged >= total:
        return None
    at = clock.here(clock.parse(one.at) + timedelta(minutes=logged)).replace(microsecond=0)
    return Entry(name, at, total - logged, back.lesson.id, _STEPS[back.pack.kind], _note(back))


def _note(back: _Back) -> str:
    return f"On {back.pack.door}."


def _next_id(first: str, logged: int) -> str:
    """Give the id of the line for the rest of a session, the same whenever it is asked for."""
    digest = hashlib.sha256(f"{first} {logged}".encode()).digest()
    return base64.b32encode(digest).decode()[:10].lower()


def _uncovered(ws: Workspace, entry: Entry, known: Mapping[str, Entry]) -> int:
    """Count the minutes of a session in which no other one of the log, nor the timer, was running."""
    begin, end = entry.at, entry.at + timedelta(minutes=entry.minutes)
    spans = [(one.at, one.at + timedelta(minutes=one.minutes)) for one in known.values()]
    running = timer.running(ws)
    if running is not None:
        spans.append((running.started, clock.now()))
    covered, until = timedelta(), begin
    for since, till in sorted(spans):
        first, last = max(since, until), min(till, end)
        if last > first:
            covered += last - first
            until = last
    return round((end - begin - covered).total_seconds() / 60)


def _ran_through(back: _Back) -> bool:
    """Tell whether the notebook was run from its top to its end in one kernel, without an error."""
    cells = [one for one in back.book["cells"] if one["cell_type"] == "code"]
    counts = [one.get("execution_count") for one in cells if str(one["source"]).strip()]
    failed = any(out.get("output_type") == "error" for one in cells for out in one["outputs"])
    if failed or len(counts) < 2 or not all(isinstance(one, int) for one in counts):
        return False
    first = int(counts[0])
    return counts == list(range(first, first + len(counts)))


def _note_run(back: _Back) -> bool:
    """Record a clean run there, once."""
    counts = "".join(
        f"{one.get('execution_count')} {one['source']}\0" for one in back.book["cells"]
    )
    digest = hashlib.sha256(counts.encode("utf-8", "surrogatepass")).hexdigest()[:20]
    past = events.read(back.ws)
    if any(one.kind == run.RAN and one.data.get("digest") == digest for one in past):
        return False
    data: dict[str, Any] = {
        "notebook": back.ref.id,
        "ok": True,
        "verdict": "clean",
        "broken": False,
    }
    data |= {"where": back.pack.door, "digest": digest}
    events.record(back.ws, run.RAN, back.lesson.id, data)
    return True


def _log(back: _Back, sessions: Sequence[Entry], target: Path) -> CommitResult | None:
    """Write the sessions into the log, and make the commit of all that came home."""
    ws = back.ws
    paths = [ws.progress]
    paths += [target] if back.pack.kind != "run" and target == back.path else []
    about = f"Bring {back.lesson.id} {back.ref.id} home from {back.pack.door}"
    told = config.load(ws).get("privacy.log")
    commit: CommitResult | None = None
    for entry in sessions:
        message = f"{about}, {entry.minutes} min" if told else about
        commit = journal.keep(ws, entry, paths=paths, message=message).commit
    if not sessions:
        commit = events.commit_paths(ws, paths, about)
    return commit
