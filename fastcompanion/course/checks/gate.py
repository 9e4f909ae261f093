"""The gate: is a lesson's check to be trusted? For maintainers; `python -m fastcompanion.course`.

The original, a renamed and reformatted copy of it and every solution in another style must pass;
the empty scaffold and every planted mistake must fail in the right section, the mistake with its
own message; and of the wrong versions that a program makes (mutants.py) at least four in five
must be caught in each section. Mutants that crash or change nothing are counted apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.kernel import OWN, Interpreter, Limits
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter, Task
from fastcompanion.course.checks import plan, verdict, warm
from fastcompanion.course.checks.mutants import Mutant, mutants, renamed, renaming
from fastcompanion.course.checks.plan import Outline, Plan, PlannedCell, PlannedSection
from fastcompanion.course.checks.verdict import Outcome, SectionVerdict
from fastcompanion.course.checks.warm import Warm, WorkerLostError
from fastcompanion.course.library import lessons
from fastcompanion.course.model import Course, Lesson, Mistake
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.scaffolds import scaffold

ENOUGH = 0.8
PLANTED = "planted mistake "
LIMITS = Limits(cell_seconds=20, total_seconds=600, output_mb=5)


@frozen
class Trial:
    """One notebook that had to pass or to fail, and what became of it."""

    name: str
    good: bool
    about: str = ""


@frozen
class SectionGate:
    """How strong a section's check is: planted mistakes and silent mutants, caught and not."""

    section: str
    caught: int
    planted: int
    crashed: int
    equivalent: int
    survivors: tuple[str, ...] = ()

    @property
    def strong(self) -> bool:
        """Whether enough is caught."""
        return self.planted > 0 and self.caught >= ENOUGH * self.planted


@frozen
class LessonGate:
    """What the gate says of one lesson; `key` is a digest of what was measured."""

    lesson: str
    key: str
    trials: tuple[Trial, ...]
    sections: tuple[SectionGate, ...]
    sampled: bool

    @property
    def open(self) -> bool:
        """Whether the lesson's check may be trusted."""
        trusted = all(trial.good for trial in self.trials)
        return trusted and bool(self.sections) and all(one.strong for one in self.sections)


@frozen
class Bench:
    """A lesson on the bench: its original as a plan, the scaffold, and the styles to try."""

    lesson: Lesson
    folder: Path
    outlines: tuple[Outline, ...]
    original: Plan
    empty: Plan
    styles: tuple[tuple[str, Plan], ...]


def key_of(course: Course, lesson: Lesson) -> str:
    """Digest what the gate measures: the original's code, the checks and the planted mistakes."""
    original = notebook.read(lessons.original(course, lesson.notebooks[0]))
    code = [c["source"] for c in original["cells"] if c["cell_type"] == "code"]
    planted = [text for m in lesson.mistakes for text in (m.section, m.find, m.replace, m.message)]
    parts = [*code, _checks(course, lesson), *planted]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]


def _checks(course: Course, lesson: Lesson) -> str:
    path = lessons.checks_file(course, lesson)
    if path is None:
        raise CompanionError(f"{lesson.id} has no authored checks", code=Exit.USAGE)
    return store.read_text(path)


def bench(course: Course, lesson: Lesson, styles: Sequence[Path] = ()) -> Bench:
    """Read a lesson and everything that the gate needs."""
    ref = lesson.notebooks[0]
    path = lessons.original(course, ref)
    original = notebook.read(path)
    made = scaffold.scaffold(original, lesson, ref)
    checks = _checks(course, lesson)
    outlines = tuple(Outline(s.id, s.title, bool(s.work_cells)) for s in made.sections)

    def planned(book: dict[str, Any]) -> Plan:
        return plan.build(lesson, ref.id, book, outlines, checks=checks, origin=str(lesson.checks))

    marked = planned(_marked(original, made))
    others = tuple((style.stem, planned(notebook.read(style))) for style in styles)
    return Bench(lesson, path.parent, outlines, marked, planned(made.notebook), others)


def _marked(original: dict[str, Any], made: scaffold.Scaffold) -> dict[str, Any]:
    """Mark the original's cells as a learner's notebook is: section, and given or work."""
    work = {index for section in made.sections for index in section.work_cells}
    owner = {i: section.id for section in notebook.sections(original) for i in section.cells}
    cells = []
    for index, cell in enumerate(original["cells"]):
        role = "work" if index in work else "given"
        ours = {"section": owner.get(index, ""), "role": role}
        metadata = {**cell["metadata"], "fastcompanion": ours}
        if cell["cell_type"] == "code":
            cells.append({**cell, "metadata": metadata})
    return {**original, "cells": cells}


def examine(
    bench_: Bench,
    key: str,
    *,
    interpreter: Interpreter = OWN,
    most: int | None = None,
    reporter: Reporter = SILENT,
) -> LessonGate:
    """Put a lesson through the gate; `most` samples that many mutants per section, evenly."""
    if not warm.available():
        raise CompanionError("the gate needs a system that can fork", code=Exit.MISSING)
    with Warm(interpreter, bench_.folder, LIMITS, bench_.original) as worker:
        examiner = _Examiner(bench_, worker, most)
        trials = tuple(examiner.trials())
        sections: tuple[SectionGate, ...] = ()
        if all(trial.good for trial in trials[:1]):
            with reporter.task(f"Mutants of {bench_.lesson.id}", examiner.total()) as task:
                sections = tuple(examiner.sections(task))
    return LessonGate(bench_.lesson.id, key, trials, sections, examiner.sampled)


class _Examiner:
    """Runs the trials of one lesson in one warm worker."""

    def __init__(self, bench_: Bench, worker: Warm, most: int | None) -> None:
        self._bench, self._worker, self._most = bench_, worker, most
        self._plan = bench_.original
        self._traces: dict[str, str] = {}
        self._seconds: dict[str, float] = {}
        self._planted: list[tuple[str, bool]] = []
        self.sampled = False

    def trials(self) -> Iterator[Trial]:
        """Try everything that has to pass, and the scaffold and the planted mistakes."""
        outcomes = self._worker.run(self._plan.sections, trace=True)
        self._traces = {outcome.id: outcome.trace for outcome in outcomes}
        self._seconds = {outcome.id: outcome.seconds for outcome in outcomes}
        yield self._passes("the original", self._plan)
        yield from self._renamed()
        for name, style in self._bench.styles:
            yield self._passes(name, style)
        yield self._empty()
        for mistake in self._bench.lesson.mistakes:
            tried = self._mistake(mistake)
            self._planted.append((mistake.section, tried.good))
            yield tried

    def _verdicts(self, tried: Plan) -> tuple[SectionVerdict, ...]:
        try:
            return verdict.verdicts(tried, self._worker.run(tried.sections))
        except WorkerLostError as error:
            raise CompanionError(f"the gate's worker was lost: {error}") from None

    def _passes(self, name: str, tried: Plan) -> Trial:
        found = self._verdicts(tried)
        failing = verdict.first_failing(found)
        if failing is not None:
            return Trial(name, False, f"{failing.id}: {failing.verdict}: {failing.message}")
        unchecked = {s.id for s in tried.sections if s.checkpoints and not s.attempted}
        passed = sum(one.verdict == "passed" for one in found)
        return Trial(name, not unchecked and passed > 0, f"{passed} sections pass")

    def _renamed(self) -> Iterator[Trial]:
        work = [c.source for s in self._plan.sections for c in s.cells if not c.is_given]
        names = renaming(work)
        bare = _with_cells(self._plan, lambda cell: renamed(cell.source, names))
        mapped = replace(
            bare,
            sections=tuple(
                replace(section, mapping={p.name: names.get(p.name, p.name) for p in points})
                for section in bare.sections
                for points in [_until(bare, section.id)]
            ),
        )
        yield self._passes("renamed and reformatted, with mapping lines", mapped)
        found = self._verdicts(bare)
        points = [point for one in found for point in one.checkpoints]
        passed = sum(point.passed for point in points)
        yield Trial(
            "renamed and reformatted, found by kind alone",
            True,
            f"{passed} of {len(points)} checkpoints need no mapping line",
        )

    def _empty(self) -> Trial:
        found = self._verdicts(self._bench.empty)
        first = next((one for one in found if one.checkpoints or one.verdict != "to-assess"), None)
        good = first is not None and first.verdict not in verdict.FINE and first.id == found[0].id
        passed = [one.id for one in found if one.verdict == "passed"]
        about = f"fails first in {first.id}" if first else "fails nowhere"
        if passed:
            about += f"; but {', '.join(passed)} passes"
        return Trial("the empty scaffold", good and not passed, about)

    def _mistake(self, mistake: Mistake) -> Trial:
        name = f"{PLANTED}{mistake.id}"
        section = next((s for s in self._plan.sections if s.id == mistake.section), None)
        if section is None:
            return Trial(name, False, f"there is no section {mistake.section}")
        changed = _replaced(section, mistake)
        if changed is None:
            return Trial(name, False, "its text is not in the section exactly once")
        head = _head(_with_section(self._plan, changed), section.id)
        failing = verdict.first_failing(self._verdicts(head))
        if failing is None:
            return Trial(name, False, "nothing fails up to its section")
        right = failing.id == mistake.section
        told = mistake.message in failing.hint
        about = f"{failing.id}: {failing.verdict}" + ("" if told else ", without its message")
        return Trial(name, right and told, about)

    def _chosen(self, section: PlannedSection) -> list[tuple[PlannedCell, Mutant]]:
        every = [(c, m) for c in section.cells if not c.is_given for m in mutants(c.source)]
        if self._most is None or len(every) <= self._most:
            return every
        self.sampled = True
        return [every[n * len(every) // self._most] for n in range(self._most)]

    def _hard(self) -> list[PlannedSection]:
        return [section for section in self._plan.sections if section.checkpoints]

    def total(self) -> int:
        """Count the mutants."""
        return sum(len(self._chosen(section)) for section in self._hard())

    def sections(self, task: Task) -> Iterator[SectionGate]:
        """Measure every section that has a check."""
        for section in self._hard():
            counts = {"caught": 0, "crashed": 0, "equivalent": 0, "survived": 0}
            survivors = []
            for cell, mutant in self._chosen(section):
                task.advance(1, section.title)
                fate = self._fate(section, cell, mutant)
                counts[fate] += 1
                if fate == "survived":
                    survivors.append(f"cell {cell.index}: {mutant.name}")
            own = [good for where, good in self._planted if where == section.id]
            yield SectionGate(
                section.id,
                counts["caught"] + sum(own),
                counts["caught"] + counts["survived"] + len(own),
                counts["crashed"],
                counts["equivalent"],
                tuple(survivors),
            )

    def _fate(self, section: PlannedSection, cell: PlannedCell, mutant: Mutant) -> str:
        changed = _with_source(section, cell, mutant.source)
        tried = _with_section(self._plan, changed)
        head = _head(tried, section.id)
        outcomes = self._run(head)
        if outcomes[-1].failure is not None:
            return "crashed"
        if verdict.verdicts(head, outcomes)[-1].verdict != "passed":
            return "caught"
        return "equivalent" if self._same(tried, len(head.sections)) else "survived"

    def _same(self, tried: Plan, first: int) -> bool:
        """Tell whether a section and all after it leave the same values and output as they were."""
        for end in range(first, len(tried.sections) + 1):
            last = self._run(replace(tried, sections=tried.sections[:end]))[-1]
            if last.failure is not None or last.trace != self._traces[last.id]:
                return False
        return True

    def _run(self, tried: Plan) -> tuple[Outcome, ...]:
        """Run with traces; a section that takes thrice as long as it should has crashed."""
        base = max(self._seconds[section.id] for section in tried.sections)
        return self._worker.run(tried.sections, trace=True, cell_seconds=max(3.0, 3 * base))


def _head(tried: Plan, section_id: str) -> Plan:
    """Cut a plan off after a section."""
    place = next(i for i, section in enumerate(tried.sections) if section.id == section_id)
    return replace(tried, sections=tried.sections[: place + 1])


def _until(tried: Plan, section_id: str) -> list[Any]:
    """List the checkpoints of all sections up to this one."""
    found = []
    for section in tried.sections:
        found += list(section.checkpoints)
        if section.id == section_id:
            break
    return found


def _with_source(section: PlannedSection, cell: PlannedCell, source: str) -> PlannedSection:
    cells = tuple(replace(c, source=source) if c.index == cell.index else c for c in section.cells)
    own = [c.source for c in cells if not c.is_given]
    return replace(section, cells=cells, bound=plan.bound_names(own))


def _with_section(made: Plan, changed: PlannedSection) -> Plan:
    sections = tuple(changed if one.id == changed.id else one for one in made.sections)
    return replace(made, sections=sections)


def _with_cells(made: Plan, rewrite: Any) -> Plan:
    sections = made.sections
    for section in sections:
        for cell in section.cells:
            if not cell.is_given:
                changed = next(one for one in sections if one.id == section.id)
                changed = _with_source(changed, cell, rewrite(cell))
                sections = tuple(changed if one.id == changed.id else one for one in sections)
    return replace(made, sections=sections)


def _replaced(section: PlannedSection, mistake: Mistake) -> PlannedSection | None:
    """Plant a mistake; its text has to be in the section's work exactly once."""
    holders = [c for c in section.cells if not c.is_given and mistake.find in c.source]
    if len(holders) != 1 or holders[0].source.count(mistake.find) != 1:
        return None
    source = holders[0].source.replace(mistake.find, mistake.replace)
    return _with_source(section, holders[0], source)


def strength_record(found: LessonGate) -> dict[str, Any]:
    """Write a gate's figures as the file that ships beside the lesson."""
    sections = {
        one.section: {
            "caught": one.caught,
            "planted": one.planted,
            "crashed": one.crashed,
            "equivalent": one.equivalent,
        }
        for one in found.sections
    }
    return {"version": 1, "lesson": found.lesson, "key": found.key, "sections": sections}


def strength_file(course: Course, lesson: Lesson) -> Path:
    """Give the place of a lesson's strength file: beside its checks."""
    path = lessons.checks_file(course, lesson)
    if path is None:
        raise CompanionError(f"{lesson.id} has no authored checks", code=Exit.USAGE)
    return path.with_name(f"{lesson.number}.strength.json")
