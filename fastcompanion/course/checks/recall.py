"""A passed section written again from memory: its notebook, the check of it, and its grade.

The notebook holds the learner's own code of the earlier sections and one blank section; it is
checked by the same checks as the reproduction, and the learner's scratch notebook is only read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from fastcompanion.base import clock, events, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.events import Event
from fastcompanion.base.kernel import Interpreter, Limits
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import again
from fastcompanion.course.again import Begun, Grade
from fastcompanion.course.checks import check as checks
from fastcompanion.course.checks import cures, likely, prepared, verdict
from fastcompanion.course.checks.copied import own_cells
from fastcompanion.course.checks.plan import Plan, PlannedSection
from fastcompanion.course.checks.prepared import ASSESSED, HINTED, Prepared
from fastcompanion.course.checks.records import installed
from fastcompanion.course.checks.verdict import Outcome, SectionVerdict
from fastcompanion.course.library import lessons, material
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.review import schedule
from fastcompanion.course.scaffolds import blank, scaffold

COPIED = "it is letter for letter what stands in your scratch notebook; was that from memory?"
_TELLING = 4  # shorter sections are written alike twice by anybody
_LEFT_LYING = timedelta(hours=12)
_LEFT_TO_THE_LEARNER = ("to-assess", "self-assessed")


@frozen
class Blank:
    """The notebook in which one section is blank again."""

    lesson: str
    notebook: str
    section: str
    title: str
    path: Path
    earlier: tuple[str, ...]


@frozen
class RecallReport:
    """What a check of a section that is written again found.

    `grade` is there once it is right (or given up), `again` the day on which it comes back then.
    `earlier` is an earlier section of the learner's that stopped the run: that is no attempt.
    """

    lesson: str
    notebook: str
    section: SectionVerdict
    path: Path
    verdict: str
    grade: Grade | None
    again: date | None
    tries: int
    hints: tuple[int, ...]
    seconds: float
    notices: tuple[str, ...] = ()
    earlier: SectionVerdict | None = None

    @property
    def exit_code(self) -> Exit:
        """0 when it is right or the learner's to judge, 4 when wrong, 5 when it can't be checked."""
        return verdict.exit_code([self.earlier or self.section])


def make(
    study: Workspace, course: Course, lesson: Lesson, ref: NotebookRef, section: str, *, write: bool
) -> Blank:
    """Write the notebook with `section` blank, over what was practised before.

    Raises exit 3 without a scratch notebook, exit 2 for what is no section of it.
    """
    mine = prepared.prepare(study, course, lesson, ref.id)
    ids = [one.id for one in mine.plan.sections if one.cells or one.has_work]
    found = _section(mine.plan, section)
    path = study.notebook(lesson.id, ref.id, "again")
    made = blank.blank_again(
        notebook.read(mine.path), ids, section, _scaffold(course, lesson, ref, section), lesson, ref
    )
    if write:
        notebook.write(path, made)
        material.keep_out_of_git(path.parent, [path.name])
    earlier = [one.id for one in mine.plan.sections[: mine.plan.sections.index(found)]]
    with_work = {one.id for one in mine.plan.sections if one.has_work}
    kept = tuple(name for name in earlier if name in with_work)
    return Blank(lesson.id, ref.id, section, found.title, path, kept)


def _section(plan: Plan, section: str) -> PlannedSection:
    for one in plan.sections:
        if one.id == section and one.has_work:
            return one
    listed = ", ".join(one.id for one in plan.sections if one.has_work)
    raise CompanionError(f"{section!r} is no section of this notebook: {listed}", code=Exit.USAGE)


def _scaffold(
    course: Course, lesson: Lesson, ref: NotebookRef, section: str
) -> list[Mapping[str, Any]]:
    """Give the cells that a section begins with, [] where the original is not here."""
    try:
        original = notebook.read(lessons.original(course, ref))
    except CompanionError as error:
        if error.code is not Exit.MISSING:
            raise
        return []
    made = scaffold.scaffold(original, lesson, ref)
    return [
        cell for cell in made.notebook["cells"] if blank.mark_of(cell).get("section") == section
    ]


def under_way(study: Workspace, known: Iterable[Event]) -> Begun | None:
    """Give the section that was begun again and is not finished, while its notebook is there."""
    begun = again.under_way(known)
    if begun is None or not study.notebook(begun.lesson, begun.notebook, "again").is_file():
        return None
    return begun


def is_of_today(begun: Begun) -> bool:
    """Tell whether a section was begun in these hours; one that was left lying waits unasked."""
    return clock.now() - begun.at < _LEFT_LYING


def in_hand(study: Workspace, known: Iterable[Event], lesson: str | None) -> Begun | None:
    """Give the section that is under way when its notebook was saved last, not one of `lesson`'s."""
    begun = under_way(study, known)
    if begun is None or not is_of_today(begun):
        return None
    saved = study.notebook(begun.lesson, begun.notebook, "again").stat().st_mtime
    folders = {begun.lesson, lesson or begun.lesson}
    others = [p for name in folders for p in study.lesson_folder(name).glob("*.scratch.ipynb")]
    return begun if all(other.stat().st_mtime <= saved for other in others) else None


def attempted(study: Workspace, course: Course, lesson: Lesson, begun: Begun) -> bool:
    """Tell whether the blank section holds code of the learner's by now."""
    ready = _prepare(study, course, lesson, begun, None)
    return _section(ready.plan, begun.section).attempted


def _prepare(
    study: Workspace, course: Course, lesson: Lesson, begun: Begun, interpreter: Interpreter | None
) -> Prepared:
    ref = prepared.choose(lesson, study, begun.notebook)
    path = study.notebook(lesson.id, ref.id, "again")
    if not path.is_file():
        raise CompanionError(
            f"the notebook for {begun.section} is gone",
            hint=f"fastcompanion lesson again {lesson.id} {begun.section}",
            code=Exit.NOT_SET_UP,
        )
    own = notebook.read(path)
    versions = installed(interpreter) if interpreter is not None else None
    based = prepared.ground(course, lesson, ref, own, study=study, versions=versions)
    return prepared.ready(based, path, own, prepared.begun_with(study, lesson, ref))


def check(
    study: Workspace,
    course: Course,
    lesson: Lesson,
    begun: Begun,
    interpreter: Interpreter,
    *,
    limits: Limits,
    reporter: Reporter = SILENT,
    record: bool = True,
) -> RecallReport:
    """Check the section in a fresh kernel, after the learner's own earlier ones, and grade it.

    Each attempt stays private; what is right goes to the public events with its next day.
    """
    name = f"check-{lesson.id.replace('/', '-')}"
    busy = f"another check of {lesson.id} is under way"
    with store.lock(study.lock(name), busy=busy, wait=0):
        ready = _prepare(study, course, lesson, begun, interpreter)
        section = _section(ready.plan, begun.section)
        started = clock.monotonic()
        outcomes = checks.run_fresh(
            ready.plan, interpreter, ready.path.parent, limits, reporter, begun.section
        )
        seconds = round(clock.monotonic() - started, 3)
        found = _judged(study, ready, begun, outcomes)
        found = cures.named(found, interpreter)
        found = likely.explained(ready, found, outcomes, interpreter, limits)
        report = _report(study, ready, begun, section, found, outcomes, seconds)
        return _recorded(study, report, section, record=record)


def _judged(
    study: Workspace, ready: Prepared, begun: Begun, outcomes: Sequence[Outcome]
) -> tuple[SectionVerdict, ...]:
    """Judge without what the learner once said of other code, and with the hints of this time."""
    public = [one for one in events.read(study) if one.kind != ASSESSED]
    hinted = again.since(events.read(study, private=True), begun, HINTED)
    found = checks.judged(ready, outcomes, public, hinted)
    ids = [one.id for one in found]
    return found[: ids.index(begun.section) + 1] if begun.section in ids else found


def _report(
    study: Workspace,
    ready: Prepared,
    begun: Begun,
    section: PlannedSection,
    found: Sequence[SectionVerdict],
    outcomes: Sequence[Outcome],
    seconds: float,
) -> RecallReport:
    own = next(one for one in found if one.id == begun.section)
    stopped = {one.id for one in outcomes if one.failure is not None} - {begun.section}
    private = events.read(study, private=True)
    hints = tuple(int(e.data.get("level", 0)) for e in again.since(private, begun, HINTED))
    earlier = next((one for one in found if one.id in stopped), None)
    tries = _tries(private, begun, "" if earlier or _no_attempt(own) else section.key)
    notes = [ready.record_notice] if ready.record_notice else []
    if own.verdict in verdict.FINE and _is_copy(study, ready, section):
        notes.append(COPIED)
    grade = again.grade(tries, hints) if own.verdict == "passed" else None
    day = _next_day(study, begun, grade) if grade else None
    return RecallReport(
        ready.lesson.id,
        ready.ref.id,
        own,
        ready.path,
        (earlier or own).verdict,
        grade,
        day,
        tries,
        hints,
        seconds,
        tuple(notes),
        earlier,
    )


def _no_attempt(own: SectionVerdict) -> bool:
    return own.verdict in ("not attempted", "lesson broken here", "could not check")


def _tries(private: Sequence[Event], begun: Begun, key: str) -> int:
    """Count the versions of the section that were checked, this one with them."""
    past = {str(one.data.get("key")) for one in again.since(private, begun, again.TRIED)}
    return len((past | {key}) - {""})


def _is_copy(study: Workspace, ready: Prepared, section: PlannedSection) -> bool:
    """Tell whether the section is, letter for letter, what the scratch notebook says."""
    try:
        mine = prepared.prepare(study, ready.course, ready.lesson, ready.ref.id)
    except CompanionError:
        return False
    old = next((one for one in mine.plan.sections if one.id == section.id), None)
    return old is not None and _lines(old) == _lines(section) and len(_lines(old)) >= _TELLING


def _lines(section: PlannedSection) -> list[str]:
    text = "\n".join(own_cells(section))
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def _next_day(study: Workspace, begun: Begun, grade: Grade) -> date:
    """Ask the scheduler of the cards when a section comes back."""
    both = [*events.read(study), *events.read(study, private=True)]
    key = (begun.lesson, begun.notebook, begun.section)
    known = again.standings(both).get(key)
    history = known.history if known is not None else ()
    return schedule.next_interval((*history, (clock.today(), grade)))


def _recorded(
    study: Workspace, report: RecallReport, section: PlannedSection, *, record: bool
) -> RecallReport:
    if not record:
        return report
    where = {"notebook": report.notebook, "section": section.id}
    attempt = report.earlier is None and not _no_attempt(report.section)
    told = {**where, "verdict": report.verdict, "key": section.key if attempt else ""}
    events.record(study, again.TRIED, report.lesson, told, private=True)
    if report.grade is not None:
        _keep(study, report.lesson, where, report.grade, report.again)
    return report


def _keep(
    study: Workspace,
    lesson: str,
    where: Mapping[str, str],
    grade: Grade,
    day: date | None,
    **more: str,
) -> None:
    back = {"again": day.isoformat()} if day is not None else {}
    events.record(study, again.RECALLED, lesson, {**where, "grade": grade, **back, **more})


@frozen
class Graded:
    """A section that the learner judged or gave up: its grade, and when it comes back."""

    lesson: str
    notebook: str
    section: str
    grade: Grade
    again: date
    note: str = ""


def assess(study: Workspace, begun: Begun, note: str, *, record: bool = True) -> Graded:
    """Take the learner's word for a section without a hard check; it has to have run."""
    if not note.strip():
        raise CompanionError(
            "say in one sentence how you compared your result",
            hint=f'fastcompanion check {begun.lesson} --assess {begun.section} --note "…"',
            code=Exit.USAGE,
        )
    private = events.read(study, private=True)
    tried = again.since(private, begun, again.TRIED)
    if not tried or tried[-1].data.get("verdict") not in _LEFT_TO_THE_LEARNER:
        raise CompanionError(
            f"{begun.section} has not run yet as something that you judge yourself",
            hint=f"fastcompanion check {begun.lesson} --step again",
            code=Exit.CHECK_SAYS_NO,
        )
    hints = [int(one.data.get("level", 0)) for one in again.since(private, begun, HINTED)]
    return _graded(study, begun, again.grade(_tries(private, begun, ""), hints), note, record)


def give_up(study: Workspace, begun: Begun, *, record: bool = True) -> Graded:
    """End the section without it being right: it comes back soon."""
    return _graded(study, begun, "again", "", record)


def _graded(study: Workspace, begun: Begun, grade: Grade, note: str, record: bool) -> Graded:
    day = _next_day(study, begun, grade)
    if record:
        where = {"notebook": begun.notebook, "section": begun.section}
        more = {"note": note} if note else {}
        _keep(study, begun.lesson, where, grade, day, **more)
    return Graded(begun.lesson, begun.notebook, begun.section, grade, day, note)
