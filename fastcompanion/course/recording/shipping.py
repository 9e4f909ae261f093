"""Recording the checks that ship with the catalogue, and trying them in another environment.

Both are work of the maintainers, in a study that has added the course: what is recorded there is
taken over when it is fit to ship, without a word of the course.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import check, records, verdict
from fastcompanion.course.checks.plan import Plan, PlannedSection
from fastcompanion.course.checks.verdict import SectionVerdict
from fastcompanion.course.library import catalogue, courses, lessons
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.recorded import judge
from fastcompanion.course.recorded import record as recorded
from fastcompanion.course.recorded.record import Record
from fastcompanion.course.recording import recorder, shipped
from fastcompanion.course.recording.measure import own_cells, seeding
from fastcompanion.course.recording.recorder import Asked, RecordReport

NOTHING_HARD = "no section of it can be checked hard"
UNFINISHED = "not finished within the budget; the same command goes on"
NOT_SHIPPED = "no recorded checks of it ship"


@frozen
class Shipment:
    """What became of one notebook: its file when it ships, else `reason`.

    `sections` says of each whether it is checked; `size` is in bytes.
    """

    lesson: str
    notebook: str
    path: Path
    reason: str
    sections: tuple[tuple[str, str], ...] = ()
    size: int = 0
    versions: Mapping[str, str] | None = None


@frozen
class Verified:
    """Shipped checks tried on the original in another environment.

    `failing` are the checked sections that it does not pass there, with the message; `known` says
    that these versions were noted already.
    """

    lesson: str
    notebook: str
    reason: str
    versions: Mapping[str, str]
    failing: tuple[tuple[str, str], ...] = ()
    known: bool = False

    @property
    def passed(self) -> bool:
        """Tell whether every checked section passes."""
        return not self.reason and not self.failing


def notebooks(
    study: Workspace, course_id: str, number: str | None = None
) -> Iterator[tuple[Course, Lesson, NotebookRef]]:
    """Give the notebooks of a course of the catalogue, as the study has them.

    Raises exit 2 for a course that is not of the catalogue, or a lesson that it has not.
    """
    if course_id not in catalogue.ids():
        raise CompanionError(f"the catalogue has no course {course_id!r}", code=Exit.USAGE)
    course = courses.load(study, course_id)
    wanted = [one for one in course.lessons if number in (None, one.number)]
    if not wanted:
        raise CompanionError(f"{course_id} has no lesson {number!r}", code=Exit.USAGE)
    for lesson in wanted:
        for ref in lesson.notebooks:
            yield course, lesson, ref


def ship(study: Workspace, asked: Asked, *, write: bool, reporter: Reporter = SILENT) -> Shipment:
    """Record a notebook and, with `write`, put its checks where they ship.

    One that turns out to have nothing to check is taken away again; one that could not be recorded
    to its end leaves what ships as it is.
    """
    path = records.shipped_file(asked.course.id, asked.lesson.number, asked.ref.id)
    made = Shipment(asked.lesson.id, asked.ref.id, path, "")
    try:
        report = recorder.record(study, asked, reporter)
    except CompanionError as error:
        return replace(made, reason=error.message)
    found = shipped.stripped(recorded.read(report.path))
    reason = _why_not(asked, report, found)
    if write and not reason:
        recorded.write(path, found)
    elif write and reason == NOTHING_HARD and path.is_file():
        store.remove(path)
    return replace(
        made,
        reason=reason,
        sections=tuple((one.id, one.reason) for one in found.sections),
        size=len(recorded.to_text(found).encode()),
        versions=found.versions,
    )


def _why_not(asked: Asked, report: RecordReport, found: Record) -> str:
    if not report.finished:
        return UNFINISHED
    if all(one.status != "hard" for one in found.sections):
        return NOTHING_HARD
    original = notebook.read(lessons.original(asked.course, asked.ref))
    return "; ".join([*shipped.unfit(found), *shipped.copied(found, original)])


def verify(study: Workspace, asked: Asked, *, write: bool, reporter: Reporter = SILENT) -> Verified:
    """Run an original against the checks that ship of it; with `write`, note versions that pass.

    The seeds are set as they were for recording, so that the packages make the difference alone.
    """
    path = records.shipped_file(asked.course.id, asked.lesson.number, asked.ref.id)
    tried = Verified(asked.lesson.id, asked.ref.id, "", {})
    if not path.is_file():
        return replace(tried, reason=NOT_SHIPPED)
    found = recorded.read(path)
    try:
        made = recorder.original_of(asked)
    except CompanionError as error:
        return replace(tried, reason=error.message)
    interpreter = recorder.steady(asked, made.notebook)
    versions = shipped.telling(recorder.versions_of(interpreter, made.notebook))
    tried = replace(tried, versions=versions)
    if found.cells != recorded.cell_hashes(made.notebook):
        return replace(tried, reason=recorded.fits(found, made.notebook, {}))
    if not versions:
        return replace(tried, reason=f"{asked.interpreter.label} does not start")
    sections = tuple(_asking(one, found) for one in made.sections)
    folder = study.private / "verifying"
    try:
        room = recorder.make_room(study, asked, made, folder)
        plan = Plan("", "", (seeding(0), *sections))
        outcomes = check.run_fresh(plan, interpreter, room, asked.limits, reporter)
    finally:
        store.remove(folder)
    told = verdict.verdicts(Plan("", "", sections), outcomes[1:])
    failing = tuple((one.id, _said(one)) for one in told if _fails(one, found))
    known = versions in (found.versions, *found.seen_with)
    if write and not failing and not known:
        seen = (*found.seen_with, versions)
        recorded.write(path, replace(found, seen_with=seen))
    return replace(tried, failing=failing, known=known)


def _asking(section: PlannedSection, found: Record) -> PlannedSection:
    """Let a section of the original be judged as a learner's is."""
    told = found.section(section.id)
    if told is None or told.status != "hard":
        return section
    return replace(
        section,
        checkpoints=judge.checkpoints(told, section.promised),
        recorded=told,
        observe=judge.question(told, section.bound, {}, own_cells(section)),
    )


def _fails(one: SectionVerdict, found: Record) -> bool:
    told = found.section(one.id)
    return told is not None and told.status == "hard" and one.verdict != "passed"


def _said(one: SectionVerdict) -> str:
    return f"{one.verdict}: {one.message}".strip(": ")
