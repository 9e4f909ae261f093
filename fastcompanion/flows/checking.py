"""`check`: what of a lesson is open, its reproduction or the work with other data."""

from __future__ import annotations

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import check as checks
from fastcompanion.course.checks.check import Asked, CheckReport
from fastcompanion.flows import repeated
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
    if step == "repeat" or (not step and repeated.is_open(ws, asked)):
        if asked.section is not None:
            raise CompanionError(
                "sections are those of the reproduction", hint="--step reproduce", code=Exit.USAGE
            )
        return repeated.check(ws, asked, note=note, reporter=reporter, record=record)
    return checks.check_asked(ws, asked, reporter=reporter, record=record)
