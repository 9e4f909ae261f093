"""A notebook far from its study: the tiny study it has brought along, the minutes, the way home.

Runs in the kernel of Colab, Kaggle or any Jupyter, called by the first cell. What is found there goes
into outputs of the notebook (server/notebooks/carried.py), which is all that comes home.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from fastcompanion import console
from fastcompanion.base import clock, store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import results
from fastcompanion.course.checks.verdict import GOOD
from fastcompanion.course.library import courses, lessons, material
from fastcompanion.course.notebooks import notebook
from fastcompanion.notebook import extension, place
from fastcompanion.notebook.place import Place
from fastcompanion.server.notebooks import carried, travel
from fastcompanion.server.notebooks.carried import Record, Session
from fastcompanion.server.notebooks.travel import Pack

#: after so long without a cell a new session begins; a cell that runs longer is nobody's study time
BREAK = timedelta(minutes=30)
MOST_PREDICTED = 2_000_000
_FRONT = "google.colab._message"
_SECONDS = 5


class Travel:
    """One notebook on its way, from the first cell on."""

    def __init__(self, pack: Pack, names: Mapping[str, Any]) -> None:
        self.pack = pack
        self.names = names
        self.folder = workspace.data_folder() / pack.id
        self.study = Workspace(self.folder / "study")
        self.sessions: tuple[Session, ...] = ()
        self._last = clock.now()
        self._running = False
        # Kaggle also runs a notebook alone, to save a version of it: nobody studies then.
        self.attended = os.environ.get("KAGGLE_KERNEL_RUN_TYPE") != "Batch"
        self.unseen = ""  # why the notebook can't be seen as it stands in the browser

    def unpack(self) -> None:
        """Write the tiny study, once: what was found since lies in it too."""
        for name, text in self.pack.files.items():
            if not (self.study.root / name).exists():
                store.write_text(self.study.root / name, text)
        for sha256, text in self.pack.originals.items():
            if not workspace.original(sha256).exists():
                store.write_text(workspace.original(sha256), text)
        for name, raw in self.pack.beside.items():
            if not (Path.cwd() / name).exists():
                store.write_bytes(Path.cwd() / name, raw)

    def put_files(self) -> None:
        """Put the lesson's own files where the notebook runs."""
        course = courses.load(self.study, self.pack.lesson.partition("/")[0])
        lesson = next(one for one in course.lessons if one.id == self.pack.lesson)
        ref = lessons.notebook_of(lesson, self.pack.notebook)
        material.place(course, lesson, ref, {"cells": []}, Path.cwd())

    def greeting(self) -> str:
        """Say what a notebook that nothing is checked in is here for; "" for a reproduction."""
        if self.pack.kind == "scratch":
            return ""
        return f"{self.pack.lesson}: your minutes are counted, and come home with this notebook"

    def place(self, lesson: str | None = None) -> Place:
        """Give the lesson, with the notebook as it is now, as far as that can be known."""
        own = self.pack
        if lesson not in (None, own.lesson, own.lesson.partition("/")[2]):
            raise CompanionError(
                f"this notebook travels for {own.lesson}, so {lesson} is not checked in it",
                hint=f"At home: fastcompanion server notebook {own.door} {lesson}",
                code=Exit.USAGE,
            )
        if own.kind != "scratch":
            raise CompanionError(
                "%check and %hint are for the reproduction, and this is another notebook",
                hint=f"At home: fastcompanion server notebook {own.door} {own.lesson} --step reproduce",
                code=Exit.USAGE,
            )
        file = place.named_by_front_end(self.names)
        saved = notebook.read(file) if file is not None else self._live() or dict(self.pack.book)
        return place.brought(self.study, self.pack.lesson, self.pack.notebook, saved, file)

    def again(self, here: Place) -> Place:
        """Look at the notebook again."""
        if here.file is not None:
            return place.again(here)
        return replace(here, saved=self._live() or here.saved)

    def _live(self) -> dict[str, Any] | None:
        """Ask Colab for the notebook as it stands in the browser; nobody else can be asked."""
        try:
            asked = importlib.import_module(_FRONT).blocking_request
            book = asked("get_ipynb", request="", timeout_sec=_SECONDS)["ipynb"]
            path = self.folder / "live.ipynb"
            store.write_text(path, json.dumps(book))
            return travel.take_out(notebook.read(path))
        except Exception as error:  # noqa: BLE001  a private part of Colab's, which may raise anything
            self.unseen = f"{type(error).__name__}: {error}"
            return None

    @property
    def file(self) -> Path:
        """The file of results."""
        return results.place(self.folder, self.pack.lesson, self.pack.notebook)

    def remember(self) -> None:
        """Take up what earlier kernels have found: on this disk, and in the notebook's outputs."""
        found = self._earlier()
        past = [one for record in found for one in record.sessions]
        if self._kept.exists():
            rows = store.check_version(store.read_json(self._kept), self._kept)["sessions"]
            past += [Session(**row) for row in rows]
        self.sessions = carried.longest(past)
        for record in found:
            self._take(record)

    def _earlier(self) -> tuple[Record, ...]:
        file = place.named_by_front_end(self.names)
        book = notebook.read(file) if file is not None else self._live()
        found = carried.read(book).records if book is not None else ()
        return tuple(one for one in found if one.travel == self.pack.id)

    def _take(self, record: Record) -> None:
        """Put the results of an earlier machine into the file, each once."""
        if not record.results:
            return
        told = results.parse(record.results, Path("the notebook"))
        have = results.read(self.file) if self.file.exists() else replace(told, results=())
        known = {one.id for one in have.results}
        new = tuple(one for one in told.results if one.id not in known)
        if new:
            rows = sorted((*have.results, *new), key=lambda one: (one.at, one.id))
            results.write(self.file, replace(have, results=tuple(rows)))
            results.take(self.study, told, new)

    @property
    def _kept(self) -> Path:
        return self.folder / "sessions.json"

    def begins(self) -> None:
        """Note that a cell begins to run."""
        if not self.attended:
            return
        now = clock.now()
        if not self.sessions or now - self._end() > BREAK:
            fresh = Session(clock.new_id(), clock.stamp(now), 0, 0)
            self.sessions = (*self.sessions, fresh)
        self._renew(now, cells=1)
        self._running = True

    def ends(self) -> None:
        """Note that a cell has ended, unless it ran so long that nobody will have watched."""
        if not self.attended:
            return
        now = clock.now()
        if self._running and now - self._end() <= BREAK:
            self._renew(now)
        self._running = False
        store.write_json(self._kept, {"version": 1, "sessions": [vars(s) for s in self.sessions]})

    def _end(self) -> Any:
        last = self.sessions[-1]
        return clock.parse(last.at) + timedelta(seconds=last.seconds)

    def _renew(self, now: Any, *, cells: int = 0) -> None:
        last = self.sessions[-1]
        seconds = round((now - clock.parse(last.at)).total_seconds())
        longer = replace(last, seconds=max(last.seconds, seconds), cells=last.cells + cells)
        self.sessions = (*self.sessions[:-1], longer)

    def record(self) -> Record:
        """Give all that is to come home."""
        own = self.pack
        found = results.to_json(results.read(self.file)) if self.file.exists() else {}
        words = (own.id, own.study, own.door, own.lesson, own.notebook, own.kind)
        return Record(*words, found, self.sessions, self._predicted())

    def _predicted(self) -> dict[str, str]:
        """Give what the learner's own model says of its data, where the notebook has written it."""
        folder = Path.cwd() / f"{self.pack.notebook}.repeat"
        if self.pack.kind != "repeat" or not folder.is_dir():
            return {}
        found = sorted(folder.glob("mine-*.csv"))
        room = MOST_PREDICTED
        told: dict[str, str] = {}
        for path in found:
            room -= path.stat().st_size
            if room >= 0:
                told[path.name] = store.read_text(path)
        return told

    def bundle(self) -> dict[str, str]:
        """Give the record as an output of the notebook."""
        record = self.record()
        rows = record.results.get("results", [])
        sections = {row["section"]: row["verdict"] for row in rows if "verdict" in row}
        passed = sum(word in GOOD for word in sections.values())
        told = f"{passed} of {record.results['total']} sections passed, " if sections else ""
        words = (
            f"This notebook carries: {told}{record.minutes} min. Save and download it, then at home:\n"
            "fastcompanion server notebook home FILE.ipynb"
        )
        return carried.bundle(record, words)


def arrive(packed: str, shell: Any) -> None:
    """Unpack what the first cell has brought, and load the magics; called by that cell alone."""
    console.configure("%load_ext", json=False, quiet=False)
    try:
        pack = travel.read(packed)
        if pack is None:
            raise CompanionError("the first cell carries nothing", hint="Make a new copy at home.")
        own = Travel(pack, shell.user_ns)
        own.unpack()
        own.remember()
        own.begins()
        own.ends()
        own.put_files()
    except CompanionError as error:
        console.fail(error)
        return
    extension.unload(shell)
    extension.load(shell, own)
