"""Creating an environment as of a day, and running the lesson in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.environments import as_of, build, find, shelf, sizes, trial
from fastcompanion.course.environments.as_of import Dated
from fastcompanion.course.environments.build import Approve, Plan, Python
from fastcompanion.course.environments.imports import Needs, together
from fastcompanion.course.environments.request import TODAY, Created, Request, chosen_day
from fastcompanion.course.environments.target import Target, needs_of
from fastcompanion.course.environments.uv import Uv, need_uv


def create(
    study: Workspace | None,
    request: Request,
    target: Target | None,
    approve: Approve,
    reporter: Reporter,
) -> Created:
    """Build the packages of a day, for the Python of that day where it can be had.

    A lesson is run in it: an environment that resolves and does not run says so in its marker.
    """
    tool = need_uv("an environment of a day (`--as-of`)")
    day = chosen_day(request, target)
    name = request.name
    if name is None:
        name = shelf.free_name(f"{target.slug if target else 'fastai'}-{day}")
    if shelf.find(shelf.checked_name(name)) is not None:
        raise shelf.taken(name)
    wanted = _needs(request, target)
    pythons = _pythons(tool, request, day)
    plan = _plan(tool, name, target, wanted, day, pythons, reporter)
    if not approve(plan):
        return Created(None, plan)
    fetched = _with_python(tool, plan, reporter)
    if fetched is None:
        reporter.note(f"Python {plan.python} can't be fetched; keeping the Python that is here")
        here = [python for python in pythons if not python.fetches]
        plan = _plan(tool, name, target, wanted, day, here, reporter)
        if not approve(plan):
            return Created(None, plan)
        fetched = plan
    return _build(study, request, target, tool, fetched, reporter)


def _needs(request: Request, target: Target | None) -> Needs:
    own = Needs((*request.packages, "ipykernel"))
    found = needs_of(target) if target else Needs(() if request.packages else TODAY)
    return together([own, found])


def _pythons(tool: Uv, request: Request, day: date) -> list[Python]:
    """Give the Pythons to try: the named one, else ours, those here, those that can be fetched."""
    if request.python is not None:
        return [build.choose_python(request.python, tool)]
    own = build.own_python()
    known = [build.choose_python(v, tool) for v in as_of.pythons_of(day) if v != own.version]
    known.sort(key=lambda python: python.fetches)
    return [own, *known]


def _plan(
    tool: Uv,
    name: str,
    target: Target | None,
    wanted: Needs,
    day: date,
    pythons: Sequence[Python],
    reporter: Reporter,
) -> Plan:
    versions = [python.version for python in pythons]
    dated = as_of.resolve(tool, wanted, day, versions, versions[0], reporter)
    chosen = next(python for python in pythons if python.version == dated.python)
    return Plan(
        name=name,
        python=chosen.version,
        program=chosen.program,
        fetches=chosen.fetches,
        requirements=dated.requirements,
        lock=dated.lock,
        sizes=sizes.measure(dated.lock.packages),
        as_of=day.isoformat(),
        made_for=target.id if target else "",
        notes=(*dated.notes, *_moved_on(dated, day)),
    )


def _moved_on(dated: Dated, day: date) -> tuple[str, ...]:
    if dated.cutoff == as_of.end_of(day):
        return ()
    held = f"; of that day: {', '.join(dated.pinned)}" if dated.pinned else ""
    return (f"Python {dated.python} had no wheels then: releases up to {dated.cutoff[:10]}{held}",)


def _with_python(tool: Uv, plan: Plan, reporter: Reporter) -> Plan | None:
    if not plan.fetches:
        return plan
    program = build.fetch_python(tool, plan, reporter)
    return replace(plan, program=program, fetches=False) if program else None


def _build(
    study: Workspace | None,
    request: Request,
    target: Target | None,
    tool: Uv,
    plan: Plan,
    reporter: Reporter,
) -> Created:
    with shelf.building(plan.name) as place:
        build.fill(tool, place.folder, plan, reporter)
        ran = None
        if study is not None and target is not None and target.ref is not None:
            interpreter = find.venv_interpreter(place.folder, plan.name)
            with trial.place(study, target, request.data) as folder:
                ran = trial.run(target, interpreter, folder, request.limits, reporter)
        described = build.describe(place.folder, plan, ran=trial.mark(ran))
        return Created(place.finish(described), plan, ran)
