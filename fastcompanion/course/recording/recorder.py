"""`lesson record`: run an original with several seeds, keep what can be compared, and test that.

Finished sections are kept in the study's private folder until the record is written, so that a run
that was broken off, or whose budget was used up, goes on where it stopped. The original runs in a
folder of its own: what it writes does not lie about in the lesson's.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastcompanion import __version__
from fastcompanion.base import clock, events, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.kernel import Interpreter, Limits
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import records, warm
from fastcompanion.course.environments.imports import distribution
from fastcompanion.course.library import lessons, material
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.notebooks.execution import imported_modules
from fastcompanion.course.recorded import record as recorded
from fastcompanion.course.recorded.record import Record, RecordedSection, Strength
from fastcompanion.course.recording import aside, seeds
from fastcompanion.course.recording.measure import Measured, bench, fresh_measured, measured
from fastcompanion.course.recording.original import Original, original
from fastcompanion.course.recording.pool import Pool
from fastcompanion.course.recording.trial import NOT_MEASURED, Gate, Trials

RECORDED = "lesson.recorded"
METHOD = 3  # one more when the same notebook would be recorded in another way
PER_SECTION = 12  # mistakes to plant in each section
WANTED = 100  # and in a whole notebook, where there are so many
_SMALL = 20_000_000
_STEADY = {"PYTHONHASHSEED": "0", **warm.ONE_THREAD}


@frozen
class SectionReport:
    """How one section can be checked: `status`, why, and what its check has caught."""

    id: str
    title: str
    status: str
    reason: str
    caught: int
    planted: int
    crashed: int
    equivalent: int
    survivors: tuple[str, ...] = ()


@frozen
class RecordReport:
    """What a recording came to; `finished` says that no section was left for want of time.

    `times` is how often the notebook's own running time it took.
    """

    lesson: str
    notebook: str
    path: Path
    sections: tuple[SectionReport, ...]
    finished: bool
    seconds: float
    times: float | None
    versions: Mapping[str, str]
    measured: bool
    dry_run: bool = False
    notes: tuple[str, ...] = ()


@frozen
class Asked:
    """What to record and how: `most` mistakes in each section, None for as many as are useful."""

    course: Course
    lesson: Lesson
    ref: NotebookRef
    interpreter: Interpreter
    limits: Limits
    most: int | None = None
    fork: bool = True


def proposed(study: Workspace, asked: Asked) -> RecordReport:
    """Say what would be recorded, without running anything."""
    made = original_of(asked)
    told = tuple(
        SectionReport(part.id, part.planned.title, "", "", 0, len(made.mistakes(part, {})), 0, 0)
        for part in made.work
    )
    path = study.checks_file(asked.lesson.id, asked.ref.id)
    return RecordReport(
        asked.lesson.id, asked.ref.id, path, told, False, 0.0, None, {}, False, dry_run=True
    )


def record(study: Workspace, asked: Asked, reporter: Reporter = SILENT) -> RecordReport:
    """Record a notebook's checks; what was recorded before of the same notebook is taken up.

    Raises exit 2 when there is nothing to reproduce in it, exit 5 when it can't be run at all.
    """
    name = f"record-{asked.lesson.id}-{asked.ref.id}".replace("/", "-")
    busy = f"{asked.ref.id} of {asked.lesson.id} is being recorded already"
    with store.lock(study.lock(name), busy=busy, wait=0):
        return _Recorder(study, asked, reporter).run()


def original_of(asked: Asked) -> Original:
    """Read an original and cut it; raises exit 2 when there is nothing in it to reproduce."""
    book = notebook.read(lessons.original(asked.course, asked.ref))
    made = original(book, asked.lesson, asked.ref)
    if not made.work:
        raise CompanionError(
            f"{asked.ref.id} of {asked.lesson.id} has no code to write again", code=Exit.USAGE
        )
    return made


def make_room(study: Workspace, asked: Asked, made: Original, room: Path) -> Path:
    """Make the folder that an original runs in, with what lies beside the lesson's notebooks."""
    store.make_folder(room)
    beside = study.lesson_folder(asked.lesson.id)
    for path in sorted(beside.iterdir()) if beside.is_dir() else ():
        target = room / path.name
        if path.suffix == ".ipynb" or path.name.startswith(".") or target.exists():
            continue
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= _SMALL:
            store.copy(path, target)
        else:
            store.link(path.resolve(), target)
    material.place(asked.course, asked.lesson, asked.ref, made.notebook, room)
    return room


class _Recorder:
    """One recording, from the original to its file."""

    def __init__(self, study: Workspace, asked: Asked, reporter: Reporter) -> None:
        self._study, self._asked, self._reporter = study, asked, reporter
        self._made = original_of(asked)
        self._begun = clock.monotonic()
        self._interpreter = steady(asked, self._made.notebook)
        self._versions = versions_of(self._interpreter, self._made.notebook)
        if not self._versions:
            raise CompanionError(
                f"{asked.interpreter.label or asked.interpreter.argv[0]} does not start",
                hint="fastcompanion doctor",
                code=Exit.MISSING,
            )
        self._folder = study.private / "recording" / self._key()
        self._state = self._folder / "state.json"

    def _key(self) -> str:
        """Digest everything that a record depends on."""
        asked = self._asked
        told = [
            recorded.cell_hashes(self._made.notebook),
            sorted(self._versions.items()),
            __version__,
            METHOD,
            asked.most,
            asked.fork,
            asked.limits.cell_seconds,
            asked.lesson.id,
            asked.ref.id,
        ]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:20]

    def _left(self) -> float:
        return self._asked.limits.total_seconds - (clock.monotonic() - self._begun)

    def run(self) -> RecordReport:
        """Measure, test, write."""
        state = _State(self._state)
        if state.took_up:
            self._reporter.note(f"Going on with a recording that has {state.took_up} sections")
        found, gates = self._done(state)
        return self._written(state, found, gates)

    def _room(self, number: int = 0) -> Path:
        return make_room(self._study, self._asked, self._made, self._folder / f"room-{number}")

    def _done(self, state: _State) -> tuple[Measured | None, Mapping[str, Gate]]:
        """Do what is left to do, in one worker where the system can fork."""
        if not self._asked.fork:
            return state.measured or self._fresh(state), {}
        if state.measured is not None and not self._waiting(state, state.measured):
            return state.measured, state.gates
        begun, limits = clock.monotonic(), self._asked.limits
        with bench(self._made, self._interpreter, self._room, limits) as pool:
            found, started = state.measured, clock.monotonic() - begun
            if found is None:
                found = measured(self._made, pool, started, self._left, self._reporter)
            if found is None:
                return None, {}
            state.keep(found)
            return found, self._gates(pool, state, found)

    def _fresh(self, state: _State) -> Measured | None:
        room = self._room()
        limits = replace(self._asked.limits, total_seconds=max(0.0, self._left()))
        found = fresh_measured(self._made, self._interpreter, room, limits, self._reporter)
        if found is not None:
            state.keep(found)
        return found

    def _waiting(self, state: _State, found: Measured) -> list[str]:
        return [p.id for p in self._made.work if p.id in found.drafts and p.id not in state.gates]

    def _gates(self, pool: Pool, state: _State, found: Measured) -> dict[str, Gate]:
        """Put each section through the gate; finished ones are not run again."""
        gates, waiting = dict(state.gates), self._waiting(state, found)
        if not waiting or self._left() <= 0:
            return gates
        most = self._asked.most or max(PER_SECTION, -(-WANTED // len(self._made.work)))
        trials = Trials(self._made, found, pool, most)
        with self._reporter.task("Testing", len(waiting)) as task:
            for section in waiting:
                gate = trials.gate(section, self._left, lambda text: task.advance(0, text))
                if gate is None:
                    break
                gates[section] = gate
                state.add(section, gate)
                task.advance(1)
        return gates

    def _title(self, section: str) -> str:
        return next(part.planned.title for part in self._made.work if part.id == section)

    def _written(
        self, state: _State, found: Measured | None, gates: Mapping[str, Gate]
    ) -> RecordReport:
        asked = self._asked
        sections = tuple(self._section(part.id, found, gates) for part in self._made.work)
        made = Record(
            asked.ref.id,
            recorded.cell_hashes(self._made.notebook),
            self._versions,
            sections,
            seeds=seeds.RUNS,
        )
        path = self._study.checks_file(asked.lesson.id, asked.ref.id)
        # Sections that were taken up come from a file whose keys are in order; so do all others.
        ordered = json.loads(json.dumps(recorded.to_json(made), sort_keys=True))
        text = recorded.to_text(recorded.from_json(ordered, path))
        finished = not any(one.reason == NOT_MEASURED for one in sections)
        if aside.is_other(path, text):
            aside.keep(path, self._reporter)
            self._noted(path, text, sections, finished=finished)
        seconds = clock.monotonic() - self._begun
        return RecordReport(
            asked.lesson.id,
            asked.ref.id,
            path,
            tuple(self._report(one, gates.get(one.id)) for one in sections),
            finished,
            round(seconds, 1),
            round(seconds / found.seconds, 1) if found is not None and found.seconds else None,
            self._versions,
            asked.fork,
        )

    def _noted(
        self, path: Path, text: str, sections: Sequence[RecordedSection], *, finished: bool
    ) -> None:
        hard = [one.id for one in sections if one.status == "hard"]
        data = {
            "notebook": self._asked.ref.id,
            "hard": hard,
            "sections": len(sections),
            "finished": finished,
            "digest": hashlib.sha256(text.encode()).hexdigest()[:12],
        }
        events.record(self._study, RECORDED, self._asked.lesson.id, data, files={path: text})

    def _section(
        self, section: str, found: Measured | None, gates: Mapping[str, Gate]
    ) -> RecordedSection:
        if found is None:
            return RecordedSection(section, "self-assessed", NOT_MEASURED)
        if section not in found.drafts:
            return RecordedSection(section, "self-assessed", found.reasons.get(section, ""))
        if not self._asked.fork:
            why = "how much its check catches can't be measured on this system, which can't fork"
            return replace(found.drafts[section], status="self-assessed", reason=why)
        if section not in gates:
            return replace(found.drafts[section], status="self-assessed", reason=NOT_MEASURED)
        return gates[section].section

    def _report(self, one: RecordedSection, gate: Gate | None) -> SectionReport:
        told: Strength = one.strength
        return SectionReport(
            one.id,
            self._title(one.id),
            one.status,
            one.reason,
            told.caught,
            told.planted,
            told.crashed,
            told.equivalent,
            gate.survivors if gate is not None else (),
        )


class _State:
    """What is done of a recording, in a file that is written after each step."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._data: dict[str, Any] = {"version": 1, "measured": None, "gates": {}}
        if path.is_file():
            try:
                self._data = store.check_version(store.read_json(path), path)
            except CompanionError:
                store.remove(path)  # half a recording is no loss: it is made again
        told = self._data["measured"]
        self.measured = Measured.from_json(told, path) if told else None
        gates = self._data["gates"]
        self.gates = {name: Gate.from_json(one, path) for name, one in gates.items()}
        self.took_up = len(self.gates)

    def keep(self, found: Measured) -> None:
        """Keep the measurements."""
        self._data["measured"] = found.to_json()
        store.write_json(self._path, self._data)

    def add(self, section: str, gate: Gate) -> None:
        """Keep the result of one section."""
        self._data["gates"][section] = gate.to_json()
        store.write_json(self._path, self._data)


def steady(asked: Asked, book: Mapping[str, Any]) -> Interpreter:
    """Take chance out of the interpreter, and let it import the modules beside the original."""
    found, modules = dict(asked.interpreter.env), imported_modules(book)
    folders = material.module_folders(asked.course, asked.ref, modules)
    if folders:
        before = found.get("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
        found["PYTHONPATH"] = os.pathsep.join([*([before] if before else []), *map(str, folders)])
    return replace(asked.interpreter, env={**found, **_STEADY})


def versions_of(interpreter: Interpreter, book: Mapping[str, Any]) -> Mapping[str, str]:
    """Give the versions of what a notebook imports, {} where the interpreter does not start."""
    names = {distribution(module) for module in imported_modules(book)}
    found = records.installed(interpreter)(tuple(sorted(names)))
    return dict(sorted(found.items()))
