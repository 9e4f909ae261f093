"""Creating an environment in the way that was asked for: today's, of a day, or minimally moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.environments import as_of, build, dated, minimal, shelf
from fastcompanion.course.environments.build import Approve, Installer, Plan
from fastcompanion.course.environments.imports import Needs
from fastcompanion.course.environments.request import LESSON, TODAY, Created, Request
from fastcompanion.course.environments.shelf import Environment
from fastcompanion.course.environments.target import Target, find_target, needs_of
from fastcompanion.course.environments.uv import UnresolvableError, Wanted, need_uv


def create(
    study: Workspace | None, request: Request, approve: Approve, reporter: Reporter
) -> Created:
    """Create an environment as asked; `approve` sees each plan with its sizes before downloads."""
    if request.minimal and request.as_of not in (None, LESSON):
        raise CompanionError(
            "--minimal starts from today's packages; a date does not go with it",
            hint="Leave one of --minimal and --as-of out.",
            code=Exit.USAGE,
        )
    target = find_target_of(study, request)
    if request.minimal:
        return create_minimal(study, request, target, approve, reporter)
    if request.as_of is not None:
        return dated.create(study, request, target, approve, reporter)
    return create_today(request, target, approve, reporter)


def create_today(
    request: Request, target: Target | None, approve: Approve, reporter: Reporter
) -> Created:
    """Build an environment of today's releases."""
    tool, python = build.installer(request.python)
    name = request.name
    if name is None:
        name = shelf.free_name(target.slug if target else "fastai")
    shelf.checked_name(name)
    plan = plan_today(tool, name, target, request.packages, python, reporter)
    return Created(build.build(tool, plan, approve, reporter), plan)


def create_minimal(
    study: Workspace | None,
    request: Request,
    target: Target | None,
    approve: Approve,
    reporter: Reporter,
) -> Created:
    """Mend a lesson by moving back what breaks it, from an environment of today (built if due)."""
    assert study is not None
    assert target is not None
    if target.ref is None:
        raise CompanionError(
            "`--minimal` needs a lesson",
            hint=f"fastcompanion env create --minimal --for {target.course.id}/NN",
            code=Exit.USAGE,
        )
    if request.name is not None and shelf.find(shelf.checked_name(request.name)) is not None:
        raise shelf.taken(request.name)
    need_uv("`--minimal`")
    base = _today_of(target)
    if base is None:
        today = replace(request, name=shelf.free_name(f"{target.slug}-today"))
        made = create_today(today, target, approve, reporter)
        if made.environment is None:
            return made
        base = made.environment
    return minimal.create(study, request, target, base, approve, reporter)


def _today_of(target: Target) -> Environment | None:
    """Find an environment of today that serves: the course's own, or one made for the lesson."""
    known = [e for e in shelf.environments() if _is_todays(e)]
    for one in known:
        if one.name == target.course.kernel:
            return one
    return next((e for e in known if e.made_for in (target.id, target.course.id)), None)


def _is_todays(environment: Environment) -> bool:
    moved = environment.as_of or environment.moved_back
    return not moved and (environment.folder / build.LOCK).is_file()


def find_target_of(study: Workspace | None, request: Request) -> Target | None:
    """Find what `--for` names; without it, a lesson only where one is needed."""
    if request.made_for is None and request.as_of != LESSON and not request.minimal:
        return None
    if study is None:
        raise CompanionError(
            "`--for` and lessons need a study", hint="fastcompanion init", code=Exit.NOT_SET_UP
        )
    return find_target(study, request.made_for, request.notebook)


def plan_today(
    tool: Installer,
    name: str,
    target: Target | None,
    packages: Sequence[str],
    python: build.Python,
    reporter: Reporter,
) -> Plan:
    """Plan an environment of today: what was named, else what the course or lesson needs."""
    found = needs_of(target) if target else Needs(() if packages else TODAY)
    asked = (*packages, "ipykernel")
    with reporter.task("Resolving") as task:
        task.advance(0, "today's releases")
        wanted, notes = _settled(tool, asked, found, python)
        plan = build.plan(tool, name, wanted, python, made_for=target.id if target else "")
    return replace(plan, notes=notes)


def _settled(
    tool: Installer, asked: Sequence[str], found: Needs, python: build.Python
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Choose the requirements that go together; what was only guessed from imports may go."""
    named = {as_of.bare(name) for name in asked}
    guessed = [n for n in (*found.needed, *found.optional) if as_of.bare(n) not in named]
    if _fits(tool, (*asked, *guessed), python):
        return (*asked, *guessed), ()
    chosen, left_out = list(asked), []
    needed = [name for name in found.needed if name in guessed]
    if _fits(tool, (*asked, *needed), python):
        chosen += needed
        guessed = [name for name in guessed if name not in needed]
    for name in guessed:
        if _fits(tool, (*chosen, name), python):
            chosen.append(name)
        else:
            left_out.append(name)
    notes = (f"left out, as no release fits: {', '.join(left_out)}",) if left_out else ()
    return tuple(chosen), notes


def _fits(tool: Installer, requirements: Sequence[str], python: build.Python) -> bool:
    try:
        tool.resolve(Wanted(tuple(requirements), python.version))
    except UnresolvableError:
        return False
    return True
