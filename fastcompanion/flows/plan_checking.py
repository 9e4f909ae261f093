"""Can the plan work: the next slots, what the clocks do to them, what stands in each other's way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from fastcompanion.base import clock, events
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.library import course_file
from fastcompanion.flows import planning
from fastcompanion.flows.planning import Coming
from fastcompanion.study.plan import plan as plans
from fastcompanion.study.plan import slots
from fastcompanion.study.plan.plan import Plan

_CHECKED = 10


@frozen
class Finding:
    """Something about the plan; a `warning` is to be known, an error to be mended."""

    level: str
    text: str
    cure: str


@frozen
class PlanChecked:
    """The next slots and what was found."""

    occurrences: tuple[Coming, ...]
    findings: tuple[Finding, ...]

    @property
    def bad(self) -> bool:
        """Whether anything has to be mended."""
        return any(finding.level == "error" for finding in self.findings)


def check(ws: Workspace) -> PlanChecked:
    """Look at the next slots and for what can't work in the plan."""
    plan = plans.needed(ws)
    coming = planning.coming(plan, _CHECKED)
    found = [*_about_slots(plan), *_about_clocks(plan, coming), *_about_dates(ws, plan)]
    return PlanChecked(coming, tuple(found))


def _about_slots(plan: Plan) -> list[Finding]:
    if not plan.slots:
        cure = 'fastcompanion plan edit --add "tue,thu 19:30 90"'
        return [Finding("error", "the plan has no slot", cure)]
    found = []
    for (day, one), (next_day, other) in slots.overlaps(plan):
        text = (
            f"{day} {one.at:%H:%M} with {one.minutes} min goes on "
            f"when {next_day} {other.at:%H:%M} begins"
        )
        cure = f'fastcompanion plan edit --remove "{next_day} {other.at:%H:%M}"'
        found.append(Finding("error", text, cure))
    return found


def _about_clocks(plan: Plan, coming: Sequence[Coming]) -> list[Finding]:
    cure = "Nothing has to be done; a time outside 01:00 to 04:00 is never touched."
    found = [
        Finding("warning", f"the clocks change at {one.at:%H:%M} on some night of the year", cure)
        for one in plan.slots
        if slots.early(one)
    ]
    for day in coming:
        if day.moved:
            text = f"{day.id.replace('T', ' ')} is jumped over: it begins at {day.at:%H:%M}"
            found.append(Finding("warning", text, cure))
        if day.twice:
            text = f"{day.id.replace('T', ' ')} comes twice that night: it is the first of the two"
            found.append(Finding("warning", text, cure))
    if any(one.here.utcoffset() != one.at.utcoffset() for one in coming):
        text = f"the clocks here show another time than those of {plan.timezone}"
        cure = "If you have moved: fastcompanion plan edit --timezone ZONE"
        found.append(Finding("warning", text, cure))
    return found


def _about_dates(ws: Workspace, plan: Plan) -> list[Finding]:
    now = clock.now()
    today = now.astimezone(plan.zone).date()
    found = []
    if plan.deadline is not None and plan.deadline < today:
        text = f"the date for the course, {plan.deadline}, is over"
        cure = "fastcompanion plan forecast proposes another; or: fastcompanion plan edit --deadline none"
        found.append(Finding("error", text, cure))
    if plan.course is not None and plan.course not in course_file.ids(ws):
        text = f"the study has no course {plan.course!r}"
        found.append(Finding("error", text, f"fastcompanion course add {plan.course}"))
    newest = max((event.at for event in events.read(ws)), default=now)
    if newest > now + timedelta(hours=1):
        text = f"the last event of the study is of {newest:%Y-%m-%d %H:%M}, and it is {now:%Y-%m-%d %H:%M} now"
        found.append(Finding("warning", text, "Look whether the clock of this machine is right."))
    return found
