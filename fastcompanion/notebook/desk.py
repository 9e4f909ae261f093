"""What the three magics do, in terms of the lesson; nothing here knows IPython or prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.near import did_you_mean
from fastcompanion.base.records import frozen
from fastcompanion.course.checks import hints, live, plan, prepared, results
from fastcompanion.course.checks.hints import Hint
from fastcompanion.course.checks.live import LiveJudge, Ran, Seen
from fastcompanion.course.checks.plan import PlannedSection
from fastcompanion.course.checks.prepared import Prepared
from fastcompanion.course.checks.verdict import (
    CheckpointVerdict,
    SectionVerdict,
    expected,
)
from fastcompanion.course.library import material
from fastcompanion.course.model import Lesson
from fastcompanion.course.notebooks import notebook
from fastcompanion.notebook import place
from fastcompanion.notebook.keeping import Memory
from fastcompanion.notebook.place import Place

if TYPE_CHECKING:
    from fastcompanion.notebook.travelling import Travel


@frozen
class Asked:
    """What was typed behind a magic; `any_section`: without a section, the first open one will do."""

    section: str | None = None
    level: int | None = None
    lesson: str | None = None
    notebook: str | None = None
    note: str = ""
    yes: bool = False
    files: bool = False
    any_section: bool = False


@frozen
class Checked:
    """One section's verdict on the live kernel; `file` holds the result, unless it can't be written.

    `in_study` tells whether a study has taken it too; `far` that it will travel home to one.
    """

    lesson: str
    notebook: str
    section: SectionVerdict
    notices: tuple[str, ...]
    file: Path | None
    in_study: bool
    far: bool = False


@frozen
class Looked:
    """What should exist at the end of a section, and what of it is there now."""

    lesson: str
    notebook: str
    section: str
    title: str
    goal: str
    points: tuple[CheckpointVerdict, ...]
    kind: str
    notices: tuple[str, ...] = ()


@frozen
class _Spot:
    """A section at one moment: the notebook as the kernel has seen it, planned."""

    seen: Seen
    ready: Prepared
    section: PlannedSection
    memory: Memory
    sections: tuple[PlannedSection, ...]


class Desk:
    """One kernel's work on one notebook, from `%load_ext` on."""

    def __init__(self, names: dict[str, Any], travel: Travel | None = None) -> None:
        self.names = names
        self.travel = travel
        self.folder = Path.cwd()
        self.ran: list[Ran] = []
        self.place: Place | None = None
        self._judge: LiveJudge | None = None
        self._given: dict[str, tuple[str, ...]] = {}
        self._claimed: dict[int, str] = {}
        self._checked = 0
        self._last = ""
        self._moved = ""

    def sit(self, asked: Asked) -> Place:
        """Find the notebook, again when another is named; else only read its file again."""
        if self.place is None or asked.lesson is not None or asked.notebook is not None:
            found = self._find(asked)
            is_new = self.place is None or _key(found) != _key(self.place)
            if is_new and self.place is not None:
                self._moved, self._claimed = _move(self.place, found), {}
            self.place, self._given = found, _given(found.saved)
            if is_new:
                self._judge, self._last = LiveJudge(self.names, found.based), ""
                for one in self.ran:
                    self.keep(one)
        else:
            look = place.again if self.travel is None else self.travel.again
            self.place = look(self.place)
            self._given = _given(self.place.saved)
        return self.place

    def _find(self, asked: Asked) -> Place:
        if self.travel is not None:
            return self.travel.place(asked.lesson)
        return place.find(self.names, lesson=asked.lesson, notebook_id=asked.notebook)

    def _moves(self) -> tuple[str, ...]:
        """Say once that the kernel works on another lesson or notebook than before."""
        told, self._moved = self._moved, ""
        return (told,) if told else ()

    @property
    def judge(self) -> LiveJudge:
        """The judge of the notebook that was found."""
        assert self._judge is not None
        return self._judge

    def after(self, one: Ran, result: object = None) -> None:
        """Note a cell that has run; keep what it gave, if it is a given one."""
        self.ran.append(one)
        self.keep(one)
        if self._judge is not None:
            self._judge.shows(result)

    def keep(self, one: Ran) -> None:
        """Keep what a given cell has bound, before the learner's code changes it."""
        given = self._given.get(one.cell_id) or self._given.get(one.source.strip())
        if given and not one.failed and self._judge is not None:
            self._judge.kept(given)

    def check(self, asked: Asked, current: Ran) -> Checked:
        """Judge a section on the values as they are now, and keep the result."""
        spot = self._spot(asked, current)
        section, memory = spot.section, spot.memory
        assessed = memory.assessed | ({section.id: section.key} if asked.note else {})
        found = self.judge.verdict(
            spot.ready, section.id, spot.seen, assessed=assessed, solved=memory.solved
        )
        notices = (*self._moves(), *_noted(memory.here), *_stale(spot, self.ran))
        if asked.note and found.verdict in ("passed", "wrong value"):
            notices += ("your own judgement (--note) is for sections that have no hard check",)
        if not memory.is_known(section.id, found.verdict, section.key):
            note = asked.note if found.verdict == "self-assessed" else ""
            memory.add(results.new(section.id, found.verdict, key=section.key, note=note))
        self._checked, self._last = current.number, section.id
        notices += (memory.wrong,) if memory.wrong else ()
        here = memory.here
        return Checked(
            here.lesson.id,
            here.based.ref.id,
            found,
            notices,
            None if memory.wrong else memory.file,
            here.study is not None,
            self.travel is not None,
        )

    def checkpoints(self, asked: Asked, current: Ran) -> Looked:
        """Say what should exist at the end of a section, and what of it is there."""
        spot = self._spot(asked, current)
        section, here = spot.section, spot.memory.here
        notices = _put_files(here, self.folder) if asked.files else ()
        specs = {spec.id: spec.goal for spec in here.lesson.sections}
        kind = "authored" if section.checkpoints else "promised"
        kind = "recorded" if section.recorded is not None else kind
        return Looked(
            here.lesson.id,
            here.based.ref.id,
            section.id,
            section.title,
            specs.get(section.id, ""),
            self.judge.look(section),
            kind if section.checkpoints or section.promised else "none",
            (*self._moves(), *_noted(here), *notices, *_missing_files(here, self.folder)),
        )

    def hint(self, asked: Asked, current: Ran) -> Hint:
        """Give a hint for a section, the next one by default, and note that it was shown."""
        spot = self._spot(asked, current)
        shown = spot.memory.hinted.get(spot.section.id, 0)
        given = self._hint(spot, asked, shown)
        spot.memory.add(results.new(spot.section.id, hint=given.level))
        return given

    def _hint(self, spot: _Spot, asked: Asked, shown: int) -> Hint:
        based, level = spot.memory.here.based, asked.level

        def agree(question: str) -> bool:
            if not asked.yes:
                raise CompanionError(question, hint="%hint 4 --yes", code=Exit.USAGE)
            return True

        try:
            return hints.hint_for(
                based.course,
                based.lesson,
                based.ref,
                spot.section.id,
                level=level,
                shown=shown,
                agree=agree,
            )
        except CompanionError as error:
            if error.code is not Exit.MISSING:
                raise
            if (level or shown + 1) != 1:
                raise CompanionError(
                    "the original is not on this machine, so there is the first hint only",
                    hint=f"In your study: fastcompanion hint {based.lesson.id}",
                    code=Exit.MISSING,
                ) from None
            texts = tuple(
                f"there should be: {expected(point)}"
                for point in spot.section.checkpoints or spot.section.promised
            )
            title = spot.section.title
            key = (based.lesson.id, based.ref.id, spot.section.id, title)
            return Hint(*key, 1, "the goal", texts or (f"Reproduce the section {title!r}.",))

    def _spot(self, asked: Asked, current: Ran) -> _Spot:
        """Find the section that is meant, in the notebook as the kernel has seen it by now."""
        here = self.sit(asked)
        spot = self._planned(here, current)
        if asked.section is not None:
            chosen = _named(spot.sections, asked.section)
            if here.file is None and not asked.any_section:
                self._claim(chosen.id, current)
                spot = self._planned(here, current)
            return replace(spot, section=_named(spot.sections, chosen.id))
        with_work, memory = spot.sections, spot.memory
        meant = self._meant(here, spot.seen, current, {one.id for one in with_work})
        if meant is None and asked.any_section:
            meant = memory.first_open(with_work)
        if meant is None:
            raise CompanionError(
                "it is not clear which section this cell belongs to",
                hint=f"Name it: {', '.join(one.id for one in with_work)}",
                code=Exit.USAGE,
            )
        return replace(spot, section=next(one for one in with_work if one.id == meant))

    def _planned(self, here: Place, current: Ran) -> _Spot:
        """Plan the notebook as it was run; the section is not chosen yet."""
        ran = [*self.ran, current]
        is_saved = here.file is not None
        seen = live.seen(here.based, here.saved, ran, is_saved=is_saved, claimed=self._claimed)
        path = here.file or self.folder / f"{here.based.ref.id}.ipynb"
        ready = prepared.ready(here.based, path, seen.notebook)
        sections = tuple(one for one in ready.plan.sections if one.has_work)
        base = path.parent if self.travel is None else self.travel.folder
        memory = Memory(here, base, sections)
        return _Spot(seen, ready, sections[0], memory, sections)

    def _claim(self, section: str, current: Ran) -> None:
        """Take it that the cells since the last check belong to the section that was named."""
        for one in (*self.ran, current):
            if one.number > self._checked:
                self._claimed.setdefault(one.number, section)

    def _meant(self, here: Place, seen: Seen, current: Ran, known: set[str]) -> str | None:
        """Say where the current cell stands, else what was run since the last check, else the last."""
        own = _section_of(here, current.cell_id)
        if own in known:
            return own
        since = [one.number for one in self.ran if one.number > self._checked]
        for number in (current.number, *reversed(since)):
            if seen.sections.get(number) in known:
                return seen.sections[number]
        return self._last if self._last in known else None


def _move(before: Place, now: Place) -> str:
    """Say that another lesson's checks are used from here on, and how to go back."""
    one, other = (f"{place.lesson.id} {place.based.ref.id}" for place in (before, now))
    back = f"--lesson {before.lesson.id}"
    if before.lesson.id == now.lesson.id:
        back = f"--notebook {before.based.ref.id}"
    return f"from here on this kernel works on {other}, no longer on {one}: %checkpoint {back} goes back"


def _noted(here: Place) -> tuple[str, ...]:
    return (here.note,) if here.note else ()


def _key(one: Place) -> tuple[Any, ...]:
    return one.lesson.id, one.based.ref.id, one.file


def _given(saved: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Give what each given cell binds, by its id and by its source."""
    found: dict[str, tuple[str, ...]] = {}
    for cell in saved["cells"]:
        if cell["cell_type"] == "code" and plan.role_of(cell) == "given":
            names = plan.bound_names([cell["source"]])
            found[str(cell["id"])] = found[str(cell["source"]).strip()] = names
    return found


def _named(sections: Sequence[PlannedSection], wanted: str) -> PlannedSection:
    close = [one for one in sections if one.id == wanted]
    close = close or [one for one in sections if one.id.startswith(wanted)]
    if len(close) == 1:
        return close[0]
    ids = [one.id for one in close or sections]
    what = "fits several sections" if close else "is no section of this notebook"
    near = "" if close else did_you_mean(wanted, ids)
    raise CompanionError(
        f"{wanted!r} {what}{near}", hint=f"One of: {', '.join(ids)}", code=Exit.USAGE
    )


def _section_of(here: Place, cell_id: str) -> str | None:
    """Find the section of a cell in the saved file; a new cell may not be saved yet."""
    cells = here.saved["cells"]
    index = next((i for i, one in enumerate(cells) if cell_id and one["id"] == cell_id), None)
    ids = [outline.id for outline in here.based.outlines]
    owners = notebook.learner_sections(here.saved, ids)
    return next((one.id for one in owners if index in one.cells), None)


def _stale(spot: _Spot, ran: Sequence[Ran]) -> tuple[str, ...]:
    """Say what makes the values of the kernel others than those of a run from the top."""
    own = [spot.seen.ran[cell.index] for cell in spot.section.cells]
    found = []
    stopped = [one for one in own if one.failed]
    if stopped:
        found.append(f"a cell of this section stopped with {stopped[-1].failed} when it last ran")
    unrun = spot.seen.unrun.get(spot.section.id, 0)
    if unrun:
        cells = "a saved cell" if unrun == 1 else f"{unrun} saved cells"
        found.append(f"{cells} of this section did not run here, or not as saved")
    last = max((one.number for one in own), default=0)
    wanted = {point.name for point in spot.section.checkpoints}
    wanted |= set(spot.section.mapping.values())
    for one in ran:
        if one.number > last and spot.seen.sections.get(one.number) != spot.section.id:
            again = [name for name in plan.bound_names([one.code]) if name in wanted]
            if again:
                found.append(
                    f"{', '.join(again)} was bound again by a cell of another section afterwards"
                )
                break
    return tuple(found)


def _missing_files(here: Place, folder: Path) -> tuple[str, ...]:
    base = here.file.parent if here.file is not None else folder
    missing = [name for name in here.lesson.files if not (base / name).exists()]
    if not missing or not _has_files(here.lesson, here.based.course.root):
        return ()
    return (f"the lesson's files are not here: {', '.join(missing)}; %checkpoint --files",)


def _has_files(lesson: Lesson, root: Path) -> bool:
    return all((root / name).is_file() for name in lesson.files)


def _put_files(here: Place, folder: Path) -> tuple[str, ...]:
    """Put what the lesson needs into the working folder: its data, and the notebook to work in."""
    based = here.based
    base = here.file.parent if here.file is not None else folder
    empty: dict[str, Any] = {"cells": []}
    put = list(material.place(based.course, based.lesson, based.ref, empty, base).files)
    target = base / f"{based.ref.id}.scratch.ipynb"
    if here.file is None and here.saved["cells"] and not target.exists():
        store.write_text(target, notebook.to_text(here.saved))
        put.append(target.name)
    return (f"put here: {', '.join(put)}",) if put else ("everything is here already",)
