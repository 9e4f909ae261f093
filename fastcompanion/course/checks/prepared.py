"""A learner's notebook made ready for a check: its sections, what each has to show, the checks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from fastcompanion.base import events, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.events import Event
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import plan, records
from fastcompanion.course.checks.plan import Outline, Plan
from fastcompanion.course.checks.records import Found, Versions
from fastcompanion.course.library import lessons
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.scaffolds import scaffold

CHECKED, ASSESSED, HINTED, RAN = "lesson.checked", "section.assessed", "hint.shown", "lesson.ran"
UNCHANGED = "nothing has changed since the last check"


@frozen
class Prepared:
    """A learner's notebook, ready to be checked.

    `blank` is a digest of the scaffold's code; `origins` says to which section each cell of the
    original that is to be reproduced belongs. `record_notice` says why no recorded checks are used.
    """

    course: Course
    lesson: Lesson
    ref: NotebookRef
    path: Path
    plan: Plan
    blank: str
    origins: Mapping[int, str]
    record_notice: str = ""


@frozen
class Ground:
    """What a check rests on whatever the learner writes: the sections, and the lesson's checks."""

    course: Course
    lesson: Lesson
    ref: NotebookRef
    outlines: tuple[Outline, ...]
    blank: str
    origins: Mapping[int, str]
    checks: str
    origin: str
    strength: Mapping[str, str]
    found: Found = Found()


def choose(lesson: Lesson, study: Workspace, notebook_id: str | None = None) -> NotebookRef:
    """Choose the notebook of a lesson: the named one, else the first that is scaffolded."""
    if notebook_id is not None:
        for ref in lesson.notebooks:
            if ref.id == notebook_id:
                return ref
        known = ", ".join(ref.id for ref in lesson.notebooks)
        raise CompanionError(f"{lesson.id} has no notebook {notebook_id}: {known}", code=Exit.USAGE)
    for ref in lesson.notebooks:
        if study.notebook(lesson.id, ref.id, "scratch").is_file():
            return ref
    raise CompanionError(
        f"there is no notebook to check for {lesson.id} yet",
        hint=f"fastcompanion lesson scratch {lesson.id}",
        code=Exit.NOT_SET_UP,
    )


def prepare(
    study: Workspace,
    course: Course,
    lesson: Lesson,
    notebook_id: str | None = None,
    versions: Versions | None = None,
) -> Prepared:
    """Read the learner's notebook and plan its check.

    `versions` tells what the interpreter has that is to run it: recorded checks depend on that.
    """
    ref = choose(lesson, study, notebook_id)
    path = study.notebook(lesson.id, ref.id, "scratch")
    if not path.is_file():
        raise CompanionError(
            f"{ref.id} has no scratch notebook yet",
            hint=f"fastcompanion lesson scratch {lesson.id}",
            code=Exit.NOT_SET_UP,
        )
    own = notebook.read(path)
    based = ground(course, lesson, ref, own, study=study, versions=versions)
    return ready(based, path, own, begun_with(study, lesson, ref))


def ground(
    course: Course,
    lesson: Lesson,
    ref: NotebookRef,
    own: Mapping[str, Any],
    *,
    study: Workspace | None = None,
    versions: Versions | None = None,
) -> Ground:
    """Gather what a check rests on; `own` is asked only where the original is not here.

    Without a study, recorded checks are those that ship with the program.
    """
    outlines, blank, origins = _outlines(course, lesson, ref, own)
    checks, origin = _checks(course, lesson, ref)
    strength = strengths(course, lesson) if checks else {}
    found = Found() if checks else _recorded(study, course, lesson, ref, versions)
    cut = tuple(outlines)
    return Ground(course, lesson, ref, cut, blank, origins, checks, origin, strength, found)


def ready(based: Ground, path: Path, own: Mapping[str, Any], begun: Sequence[str] = ()) -> Prepared:
    """Plan the check of a learner's notebook, which need not be saved as it is in `own`."""
    made = plan.build(
        based.lesson,
        based.ref.id,
        own,
        as_begun(list(based.outlines), own, begun),
        checks=based.checks,
        origin=based.origin,
        strength=based.strength,
        record=based.found.record,
    )
    return Prepared(
        based.course,
        based.lesson,
        based.ref,
        path,
        made,
        based.blank,
        based.origins,
        based.found.notice,
    )


def _checks(course: Course, lesson: Lesson, ref: NotebookRef) -> tuple[str, str]:
    """Give the source of the authored checks; they are those of a lesson's first notebook."""
    path = lessons.checks_file(course, lesson)
    if path is None or ref.id != lesson.notebooks[0].id:
        return "", "checks"
    return store.read_text(path), path.name


def _recorded(
    study: Workspace | None,
    course: Course,
    lesson: Lesson,
    ref: NotebookRef,
    versions: Versions | None,
) -> Found:
    """Find the recorded checks of an original that is there; without it nothing can be told."""
    try:
        original = notebook.read(lessons.original(course, ref))
    except CompanionError as error:
        if error.code is not Exit.MISSING:
            raise
        return Found()
    return records.find(study, course, lesson, ref, original, versions)


def strengths(course: Course, lesson: Lesson) -> dict[str, str]:
    """Give each section's "catches 9 of 11 planted mistakes", as the gate has measured it."""
    checks = lessons.checks_file(course, lesson)
    path = checks.with_name(f"{lesson.number}.strength.json") if checks else None
    if path is None or not path.is_file():
        return {}
    found: Mapping[str, Mapping[str, int]] = store.read_json(path)["sections"]
    return {
        section: f"catches {counts['caught']} of {counts['planted']} planted mistakes"
        for section, counts in found.items()
        if counts["planted"]
    }


def _outlines(
    course: Course, lesson: Lesson, ref: NotebookRef, own: Mapping[str, Any]
) -> tuple[list[Outline], str, dict[int, str]]:
    """Learn the sections from the original's scaffold, else from the marks in the notebook."""
    try:
        original = notebook.read(lessons.original(course, ref))
    except CompanionError as error:
        if error.code is not Exit.MISSING:
            raise
        return _marked_outlines(own), "", {}
    made = scaffold.scaffold(original, lesson, ref)
    titles = {section.id: section.title for section in made.sections}
    promised = {section.id: tuple(section.checkpoints) for section in made.sections}
    blank: dict[str, list[str]] = {}
    for cell in made.notebook["cells"]:
        if section := _section_of(cell):
            code = [str(cell["source"])] if cell["cell_type"] == "code" else []
            blank.setdefault(section, []).extend(code)
    outlines = [
        Outline(
            section,
            titles.get(section, section),
            section in titles,
            tuple(sources),
            promised.get(section, ()),
        )
        for section, sources in blank.items()
    ]
    origins = {index: section.id for section in made.sections for index in section.work_cells}
    return outlines, code_digest(made.notebook), origins


def begun_with(study: Workspace, lesson: Lesson, ref: NotebookRef) -> list[str]:
    """Give the work sections that the scratch notebook was made with, [] when nobody noted them."""
    made = [
        event.data.get("sections")
        for event in events.read(study)
        if event.kind == "lesson.scaffolded"
        and event.lesson == lesson.id
        and event.data.get("notebook") == ref.id
    ]
    return [str(section) for section in made[-1] or ()] if made else []


def as_begun(
    outlines: list[Outline], own: Mapping[str, Any], begun: Sequence[str]
) -> list[Outline]:
    """Keep the sections of the learner's notebook, however a newer original or scaffold cuts them."""
    if not begun or list(begun) == [outline.id for outline in outlines if outline.has_work]:
        return outlines
    known = {outline.id: outline for outline in outlines}
    ids = [outline.id for outline in _marked_outlines(own)]
    for previous, section in pairwise(["", *begun]):
        if section not in ids:
            ids.insert(ids.index(previous) + 1 if previous in ids else 0, section)
    return [
        replace(known.get(section, Outline(section, section, True)), has_work=section in begun)
        for section in ids
    ]


def _section_of(cell: Mapping[str, Any]) -> str:
    ours = cell["metadata"].get("fastcompanion")
    return str(ours.get("section", "")) if isinstance(ours, dict) else ""


def _marked_outlines(own: Mapping[str, Any]) -> list[Outline]:
    work: dict[str, bool] = {}
    for cell in own["cells"]:
        if section := _section_of(cell):
            is_work = plan.role_of(cell) in ("work", "todo")
            work[section] = work.get(section, False) or is_work
    return [Outline(section, section, has_work) for section, has_work in work.items()]


def code_digest(nb: Mapping[str, Any]) -> str:
    """Digest all code of a notebook."""
    code = "\0".join(c["source"] for c in nb["cells"] if c["cell_type"] == "code")
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def is_mine(event: Event, ready: Prepared) -> bool:
    """Tell whether an event is about this notebook."""
    return event.lesson == ready.lesson.id and event.data.get("notebook") == ready.ref.id


def notices(
    ready: Prepared, private: Sequence[Event], section: str | None = None
) -> tuple[str, ...]:
    """Say what looks as if the notebook had not been saved; `section` is the one that is asked for.

    An earlier check of another section says nothing about this one.
    """
    asked = {section} if section else {one.id for one in ready.plan.sections if one.has_work}
    found = [ready.record_notice] if ready.record_notice else []
    if ready.blank and ready.blank == code_digest(notebook.read(ready.path)):
        found.append("the notebook is still as it was scaffolded; is your work saved?")
    last = next(
        (e for e in reversed(private) if e.kind == CHECKED and is_mine(e, ready)),
        None,
    )
    seen = last is not None and asked <= set(last.data.get("sections") or ())
    if last is not None and seen and last.data.get("key") == ready.plan.key:
        found.append(f"{UNCHANGED} at {last.at:%H:%M}; is the notebook saved?")
    found += [
        f"{other.name} is newer than the notebook; is your work saved?"
        for other in _shadows(ready.path)
        if other.stat().st_mtime > ready.path.stat().st_mtime + 1
    ]
    return tuple(found)


def _shadows(path: Path) -> list[Path]:
    """List the files that editors keep beside a notebook while it is being edited or saved."""
    saved = path.parent / ".ipynb_checkpoints" / f"{path.stem}-checkpoint.ipynb"
    names = (f".~{path.name}", f".{path.name}.swp", f"#{path.name}#", f"{path.name}~")
    return [other for other in (saved, *(path.parent / name for name in names)) if other.is_file()]
