"""Judging a section on the values of a running kernel, with the engine of `lesson check`.

A kernel knows what it has run and not what stands in the saved file, so the learner's notebook is
put together here as the kernel has seen it: the saved cells (or, without a file, the scaffold's)
in their order, each with the source that was run last, and cells that no file has where they were
run. What was never run is left out. It runs inside the learner's kernel and changes nothing there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fastcompanion.base import clock
from fastcompanion.base.records import frozen
from fastcompanion.course.checks import plan, verdict
from fastcompanion.course.checks.plan import PlannedSection
from fastcompanion.course.checks.prepared import Ground, Prepared
from fastcompanion.course.checks.verdict import CheckpointVerdict, Outcome, SectionVerdict
from fastcompanion.course.checks.warm import CHECK_SECONDS
from fastcompanion.course.model import Checkpoint
from fastcompanion.course.notebooks.cells import parse_cell
from fastcompanion.course.notebooks.names import names_of
from fastcompanion.course.notebooks.sections import learner_sections
from fastcompanion.course.recorded.fingerprints import fingerprint
from fastcompanion.course.recorded.observer import Observer
from fastcompanion.course.recorded.probe import Judge, untouched


@frozen
class Ran:
    """One cell that the kernel has run; `cell_id` where the front end tells it.

    `number` counts the cells of this kernel that were seen to run; `printed` is the end of what
    it printed; `failed` is the error that it stopped with.
    """

    source: str
    cell_id: str = ""
    number: int = 0
    count: int | None = None
    printed: str = ""
    failed: str = ""

    @property
    def code(self) -> str:
        """Its source without our own commands."""
        return plan.without_ours(self.source)


@frozen
class Seen:
    """A notebook as the kernel has seen it: `ran` holds what was run, by index of its cell.

    `sections` says to which section each run (by its number) belongs.
    """

    notebook: Mapping[str, Any]
    ran: Mapping[int, Ran]
    sections: Mapping[int, str]
    unrun: Mapping[str, int]


@frozen
class _Slot:
    """A cell of the saved notebook, and its section."""

    cell: Mapping[str, Any]
    section: str


def is_only_ours(source: str) -> bool:
    """Tell whether a cell holds nothing but our own commands."""
    without = plan.without_ours(source)
    pairs = zip(source.split("\n"), without.split("\n"), strict=True)
    return without != source and not any(own.strip() and own == left for own, left in pairs)


def seen(
    based: Ground,
    saved: Mapping[str, Any],
    ran: Sequence[Ran],
    *,
    is_saved: bool = True,
    claimed: Mapping[int, str] | None = None,
) -> Seen:
    """Put the notebook together as the kernel has seen it.

    Unless it `is_saved`, `saved` is a scaffold, of which nothing needs to run as it is. `claimed`
    says to which sections cells belong (by number) whose place nothing else tells.
    """
    slots = _slots(based, saved)
    by_id = {str(slot.cell["id"]): i for i, slot in enumerate(slots)}
    by_source = {str(slot.cell["source"]).strip(): i for i, slot in enumerate(slots)}
    by_source.pop("", None)
    wanted = wanted_names(based)
    latest: dict[int, Ran] = {}
    added: dict[str, dict[str, Ran]] = {}
    sections: dict[int, str] = {}
    now = ""
    for one in ran:
        if is_only_ours(one.source):
            continue
        place = by_id.get(one.cell_id) if one.cell_id else None
        place = by_source.get(one.source.strip()) if place is None else place
        if place is not None:
            # Front ends with ids of their own (VS Code) are known by what they ran before.
            if one.cell_id:
                by_id.setdefault(one.cell_id, place)
            latest[place] = one
            now = slots[place].section
        else:
            now = _meant(one.code, wanted, (claimed or {}).get(one.number, now))
            own = added.setdefault(now, {})
            key = one.cell_id or one.source
            own.pop(key, None)
            own[key] = one
        sections[one.number] = now
    unrun = _unrun(based, slots, latest) if is_saved else {}
    order = ["", *(outline.id for outline in based.outlines)]
    cells, runs = _cells(order, slots, latest, added)
    whole = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return Seen(whole, runs, sections, unrun)


def _unrun(based: Ground, slots: Sequence[_Slot], latest: Mapping[int, Ran]) -> dict[str, int]:
    """Count, by section, the saved cells with work in them that did not run."""
    blank = [source for outline in based.outlines for source in outline.blank]
    found: dict[str, int] = {}
    for i, slot in enumerate(slots):
        given = plan.role_of(slot.cell) == "given"
        if i not in latest and (given or plan.attempted(str(slot.cell["source"]), blank)):
            found[slot.section] = found.get(slot.section, 0) + 1
    return found


def _slots(based: Ground, saved: Mapping[str, Any]) -> list[_Slot]:
    ids = [outline.id for outline in based.outlines]
    owner = {i: one.id for one in learner_sections(saved, ids) for i in one.cells}
    codes = [(i, cell) for i, cell in enumerate(saved["cells"]) if cell["cell_type"] == "code"]
    return [_Slot(cell, owner.get(i, "")) for i, cell in codes if not is_only_ours(cell["source"])]


def _cells(
    order: Iterable[str],
    slots: Sequence[_Slot],
    latest: Mapping[int, Ran],
    added: Mapping[str, Mapping[str, Ran]],
) -> tuple[list[dict[str, Any]], dict[int, Ran]]:
    """List the cells that were run, section by section, those without a place at the end of each."""
    cells: list[dict[str, Any]] = []
    runs: dict[int, Ran] = {}
    for section in order:
        own = [(slots[i].cell, latest[i]) for i in sorted(latest) if slots[i].section == section]
        more = [(None, one) for one in added.get(section, {}).values()]
        for cell, one in (*own, *more):
            ours = {"section": section, "role": plan.role_of(cell) if cell else ""}
            tags = (cell or {}).get("metadata", {}).get("tags", [])
            metadata = {"fastcompanion": ours if section else {}, "tags": tags}
            runs[len(cells)] = one
            cells.append(
                {"cell_type": "code", "id": "", "metadata": metadata, "source": one.source}
            )
    return cells, runs


def wanted_names(based: Ground) -> dict[str, tuple[str, ...]]:
    """Give the names that each section is asked for."""
    specs = {spec.id: spec.checkpoints for spec in based.lesson.sections} if based.checks else {}
    return {
        outline.id: tuple(p.name for p in specs.get(outline.id) or outline.promised)
        for outline in based.outlines
    }


def _meant(code: str, wanted: Mapping[str, tuple[str, ...]], now: str) -> str:
    """Guess the section of a cell that no file has: by what it binds, else where the last one was."""
    tree = parse_cell(code)
    bound = set(names_of(tree).binds) if tree is not None else set()
    bound |= set(plan.mapping_lines(code))
    hits = {section: len(bound & set(names)) for section, names in wanted.items()}
    most = max(hits.values(), default=0)
    if not most or hits.get(now) == most:
        return now
    return next(section for section, count in hits.items() if count == most)


class LiveJudge:
    """The judge and the observer of one lesson in the kernel's own namespace, for a whole session."""

    def __init__(self, names: dict[str, Any], based: Ground) -> None:
        self.judge = Judge(names, based.checks, based.origin, CHECK_SECONDS)
        self.observer = Observer(names)
        self.watches = based.found.record is not None
        self._done: dict[str, tuple[str, tuple[int, ...]]] = {}

    def kept(self, given: Iterable[str]) -> None:
        """Keep what a given cell has just bound, before the learner's code changes it."""
        self.judge.keep(list(given))

    def shows(self, result: object) -> None:
        """Keep what a cell has displayed as it is now, where recorded checks ask for it."""
        if self.watches:
            self.observer.after_cell(result)

    def verdict(
        self,
        ready: Prepared,
        section_id: str,
        view: Seen,
        *,
        assessed: Mapping[str, str] | None = None,
        solved: Iterable[str] = (),
    ) -> SectionVerdict:
        """Judge one section on the values as they are now.

        Sections before it are judged first where they have changed, as checks rest on them.
        """
        begun = clock.monotonic()
        sections = ready.plan.sections
        place = next(i for i, one in enumerate(sections) if one.id == section_id)
        for earlier in sections[:place]:
            if earlier.attempted and self._done.get(earlier.id) != self._state(earlier):
                self._points(earlier)
        wanted = sections[place]
        points = self._points(wanted) if wanted.attempted else None
        observed = self._observed(wanted, view) if wanted.attempted else None
        taken = clock.monotonic() - begun
        outcome = Outcome(section_id, None, points, taken, observed=observed)
        alone = replace(ready.plan, sections=(wanted,))
        found = verdict.verdicts(alone, (outcome,), assessed=assessed, solved=solved)
        return found[0] if found else SectionVerdict(section_id, wanted.title, "to-assess")

    def _state(self, section: PlannedSection) -> tuple[str, tuple[int, ...]]:
        names = self.judge.names
        return section.key, tuple(id(names.get(name)) for name in section.bound)

    def _points(self, section: PlannedSection) -> tuple[Mapping[str, Any], ...] | None:
        spec = section.spec
        if not spec:
            return None
        # Only what this section has bound may stand for its checkpoints.
        self.judge.seen = set(self.judge.names)
        for name in (point["name"] for point in spec["checkpoints"]):
            self.judge.resolved.pop(name, None)
        points = tuple(self.judge.section(spec)["checkpoints"])
        self._done[section.id] = self._state(section)
        return points

    def _observed(self, section: PlannedSection, view: Seen) -> Mapping[str, Any] | None:
        if not section.observe:
            return None
        runs = {cell.index: view.ran[cell.index] for cell in section.cells}
        counts = {str(index): run.count for index, run in runs.items() if run.count is not None}
        displayed = self.observer.names.get("Out", {})
        for count in counts.values():
            # What was shown before we were loaded, unless something has changed it since.
            if count not in self.observer.displayed and displayed.get(count) is not None:
                with untouched():
                    self.observer.displayed[count] = fingerprint(displayed[count])
        printed = [(index, run.printed) for index, run in runs.items() if run.printed]
        self.observer.seen = set(self.observer.names)
        return self.observer.section(section.observe, counts, printed)

    def look(self, section: PlannedSection) -> tuple[CheckpointVerdict, ...]:
        """Say of each checkpoint whether something of its name and form is there; nothing is called."""
        asked = section.checkpoints or section.promised
        spec = {"mapping": dict(section.mapping)}
        return tuple(self._looked_at(spec, point) for point in asked)

    def _looked_at(self, spec: Mapping[str, Any], point: Checkpoint) -> CheckpointVerdict:
        asked = {"name": point.name, "kind": point.kind, "shape": point.shape}
        found = self.judge.look(spec, asked)
        return CheckpointVerdict(
            point.name,
            found["state"] == "there",
            verdict.expected(point),
            str(found.get("found", "")),
            str(found["found_name"]),
            str(found.get("message", "")),
        )
