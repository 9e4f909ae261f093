"""`check`: what of a lesson is open, its reproduction or the work with other data."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from fastcompanion.base import events
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import progress
from fastcompanion.course.checks import check as checks
from fastcompanion.course.checks.check import Asked, CheckReport
from fastcompanion.course.library import lessons

if TYPE_CHECKING:
    from fastcompanion.flows.repeated import RepeatReport

_STEPS = ("reproduce", "repeat")


def check(
    ws: Workspace, asked: Asked, *, step: str = "", note: str = "", reporter: Reporter, record: bool
) -> CheckReport | RepeatReport:
    """Check the step that was named, else the one that is open: repeat when its notebook is there and its turn has come."""
    if step and step not in _STEPS:
        raise CompanionError(
            f"{step!r} is nothing that is checked: {' or '.join(_STEPS)}",
            hint="fastcompanion lesson show",
            code=Exit.USAGE,
        )
    if step == "repeat" or (not step and _repeats(ws, asked)):
        if asked.section is not None:
            raise CompanionError(
                "sections are those of the reproduction", hint="--step reproduce", code=Exit.USAGE
            )
        return _repeated(ws, asked, note, reporter, record=record)
    return checks.check_asked(ws, asked, reporter=reporter, record=record)


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
