"""`server plan` for this learner: the hours of the study plan are what a machine would run."""

from __future__ import annotations

from dataclasses import replace

from fastcompanion.base.workspace import Workspace
from fastcompanion.server.cloud import asking, boto, plan
from fastcompanion.server.cloud.boto import Aws
from fastcompanion.server.cloud.plan import Plan, Wanted
from fastcompanion.study.plan import plan as plans


def with_hours(ws: Workspace | None, wanted: Wanted) -> Wanted:
    """Fill in the hours of a week: as given, else of the study plan, else a guess that says so."""
    if wanted.hours_week is not None:
        return replace(wanted, hours_from="given")
    own = plans.if_sound(ws) if ws is not None else None
    if own is not None and own.weekly_minutes:
        hours = round(own.weekly_minutes / 60, 1)
        return replace(wanted, hours_week=hours, hours_from="study plan")
    return replace(wanted, hours_week=plan.USUAL_HOURS, hours_from="guess")


def look(ws: Workspace | None, wanted: Wanted) -> Plan:
    """Plan a machine with what is known here: no account, no network."""
    return plan.make(with_hours(ws, wanted))


def look_with_aws(ws: Workspace | None, wanted: Wanted, profile: str = "") -> tuple[Aws, Plan]:
    """Plan a machine with what AWS says of prices, the account's limit and zones; it is only read."""
    full = with_hours(ws, wanted)
    aws = boto.connect(plan.place(full), profile)
    return aws, asking.asked(aws, full)
