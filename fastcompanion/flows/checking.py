"""`check`: what is open: a reproduction, a section written again, the work with other data."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from fastcompanion.base import events
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import progress
from fastcompanion.course.again import Begun
from fastcompanion.course.checks import check as checks
from fastcompanion.course.checks import prepared, recall
from fastcompanion.course.checks.check import Asked, Assessed, CheckReport
from fastcompanion.course.checks.recall import Graded, RecallReport
from fastcompanion.course.library import lessons
from fastcompanion.course.notebooks import notebook

if TYPE_CHECKING:
    from fastcompanion.flows.repeated import RepeatReport

_STEPS = ("reproduce", "repeat", "again")


@frozen
class BothReports:
    """A section that was written again, and the reproduction that has changed since its last check."""

    recalled: RecallReport
    reproduced: CheckReport

    @property
    def exit_code(self) -> Exit:
        """The worse of the two."""
        return max(self.recalled.exit_code, self.reproduced.exit_code)


Report = CheckReport | RecallReport | BothReports


def check(
    ws: Workspace, asked: Asked, *, step: str = "", note: str = "", reporter: Reporter, record: bool
) -> Report | RepeatReport:
    """Check the step that was named, else what is open.

    That is a section which is being written again, repeat when its notebook is there and its turn
    has come, and else the reproduction.
    """
    if step and step not in _STEPS:
        raise CompanionError(
            f"{step!r} is nothing that is checked: {', '.join(_STEPS)}",
            hint="fastcompanion lesson show",
            code=Exit.USAGE,
        )
    if step == "again":
        begun = _begun_again(ws, asked)
        if begun is None:
            raise CompanionError(
                "no section is being written again", hint="fastcompanion lesson again"
            )
        return _recalled(ws, asked, begun, reporter, record=record)
    if not step and asked.section is None and asked.notebook is None:
        begun = _begun_again(ws, asked)
        if begun is not None:
            return _with_again(ws, asked, begun, note, reporter, record=record)
    return _work(ws, asked, step, note, reporter, record=record)


def _work(
    ws: Workspace, asked: Asked, step: str, note: str, reporter: Reporter, *, record: bool
) -> CheckReport | RepeatReport:
    """Check the reproduction, or the work with other data."""
    if step == "repeat" or (not step and _repeats(ws, asked)):
        if asked.section is not None:
            raise CompanionError(
                "sections are those of the reproduction", hint="--step reproduce", code=Exit.USAGE
            )
        return _repeated(ws, asked, note, reporter, record=record)
    return checks.check_asked(ws, asked, reporter=reporter, record=record)


def _begun_again(ws: Workspace, asked: Asked) -> Begun | None:
    """Give the section that is being written again, where it is of the lesson that was named."""
    begun = recall.under_way(ws, [*events.read(ws), *events.read(ws, private=True)])
    if begun is None or asked.lesson is None:
        return begun
    return begun if lessons.find(ws, asked.lesson)[1].id == begun.lesson else None


def _with_again(
    ws: Workspace, asked: Asked, begun: Begun, note: str, reporter: Reporter, *, record: bool
) -> Report | RepeatReport:
    """Check what was worked on since: the section, the rest, or both.

    Where nothing has changed anywhere, a section that was begun today is what waits.
    """
    course, lesson = lessons.find(ws, begun.lesson)
    tried = recall.attempted(ws, course, lesson, begun)
    changed = _changed(ws, asked)
    if not tried and (changed or not recall.is_of_today(begun)):
        return _work(ws, asked, "", note, reporter, record=record)
    recalled = _recalled(ws, asked, begun, reporter, record=record)
    if not changed:
        return recalled
    reproduced = checks.check_asked(ws, asked, reporter=reporter, record=record)
    return BothReports(recalled, reproduced)


def _recalled(
    ws: Workspace, asked: Asked, begun: Begun, reporter: Reporter, *, record: bool
) -> RecallReport:
    own = replace(asked, lesson=begun.lesson, notebook=None, section=None)
    found = checks.resolve(ws, own, reporter)
    return recall.check(
        ws,
        found.course,
        found.lesson,
        begun,
        found.interpreter,
        limits=found.limits,
        reporter=reporter,
        record=record,
    )


def _changed(ws: Workspace, asked: Asked) -> bool:
    """Tell whether the reproduction of the lesson has other code than its last check saw."""
    try:
        course, lesson = lessons.find(ws, asked.lesson)
        ready = prepared.prepare(ws, course, lesson)
    except CompanionError:
        return False
    if prepared.code_digest(notebook.read(ready.path)) == ready.blank:
        return False
    past = [e for e in events.read(ws, private=True) if e.kind == prepared.CHECKED]
    seen = next((e for e in reversed(past) if prepared.is_mine(e, ready)), None)
    return seen is None or seen.data.get("key") != ready.plan.key


def assess(
    ws: Workspace, asked: Asked, section: str, note: str, *, record: bool
) -> Assessed | Graded:
    """Take the learner's word for a section: one that is being written again, else the reproduction's."""
    begun = _begun_again(ws, asked)
    if begun is not None and begun.section.startswith(section):
        return recall.assess(ws, begun, note, record=record)
    return checks.assess(ws, asked, section, note, record=record)


def _repeats(ws: Workspace, asked: Asked) -> bool:
    """Is the lesson at its last step, with a notebook for it?"""
    course, lesson = lessons.find(ws, asked.lesson)
    begun = any(ws.notebook(lesson.id, ref.id, "repeat").exists() for ref in lesson.notebooks)
    if asked.section is not None or not begun:
        return False
    now = progress.progress(course, lesson, events.read(ws)).current
    return now is not None and now.step == "repeat"


def _repeated(
    ws: Workspace, asked: Asked, note: str, reporter: Reporter, *, record: bool
) -> RepeatReport:
    # The data wing is a quarter of the start of a check, and most checks are of reproductions.
    found = import_module("fastcompanion.flows.repeated")
    report: RepeatReport = found.check(ws, asked, note=note, reporter=reporter, record=record)
    return report
