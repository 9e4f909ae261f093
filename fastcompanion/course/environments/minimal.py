"""Today's environment with only those packages moved back that break a lesson.

The first failing cell is the origin; what it was using are the candidates. One candidate is moved
back to its release line of the lesson's day, then two, each in a fresh environment (hard links
make it cheap), and the notebook is run: the first environment in which it runs is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.environments import as_of, build, find, shelf, sizes, trial
from fastcompanion.course.environments.as_of import Day, numbers
from fastcompanion.course.environments.build import LOCK, Approve, Plan
from fastcompanion.course.environments.imports import Needs
from fastcompanion.course.environments.request import Attempt, Created, Request, chosen_day
from fastcompanion.course.environments.shelf import Environment
from fastcompanion.course.environments.sizes import Sizes
from fastcompanion.course.environments.target import Target, needs_of
from fastcompanion.course.environments.trial import Trial
from fastcompanion.course.environments.uv import (
    Lock,
    UnresolvableError,
    Uv,
    Wanted,
    need_uv,
    parse_lock,
)

_RUNS = 8
# Failures that no older package would mend.
_ELSEWHERE = {
    "file": "a file is missing: give it with --data",
    "network": "it needs the network",
    "gpu": "it needs a GPU",
    "program": "it needs a program that is not here",
    "input": "it asks for input",
    "time": "its time was used up: give more with --budget",
}


@dataclass(frozen=True)
class Move:
    """Packages moved back together: a name, and what it was compiled against with it."""

    name: str
    constraints: tuple[str, ...]


@dataclass
class _Search:
    """What a search knows; `kept` are moves that mended an earlier cell."""

    study: Workspace
    request: Request
    target: Target
    tool: Uv
    base: Environment
    lock: Lock
    name: str
    approve: Approve
    reporter: Reporter
    attempts: list[Attempt]
    tried: set[tuple[tuple[str, str], ...]]


def create(
    study: Workspace,
    request: Request,
    target: Target,
    base: Environment,
    approve: Approve,
    reporter: Reporter,
) -> Created:
    """Mend a lesson from today's environment `base`; losers are removed, the winner is kept."""
    tool = need_uv("`--minimal`")
    day = replace(request, as_of=request.as_of or "lesson")
    name = request.name or shelf.free_name(f"{target.slug}-minimal")
    lock = parse_lock(store.read_text(base.folder / LOCK))
    search = _Search(
        study, request, target, tool, base, lock, name, approve, reporter, [], {_key(lock)}
    )
    first = _run(search, base, ())
    if first.ok:
        reporter.note(f"{base.name}, with today's packages, runs it: nothing has to move back")
        return Created(base, _of(base, lock), first, tuple(search.attempts))
    _must_be_packages(first)
    limit = chosen_day(day, target)
    names = _candidates(target, first, lock)
    newest = as_of.newest_of(tool, names, limit, reporter)
    return _search(search, newest, names, first)


def _candidates(target: Target, first: Trial, lock: Lock) -> list[str]:
    """Order the suspects, then what the notebook imports; only what is installed can move."""
    needs: Needs = needs_of(target)
    every = [*first.suspects, *needs.needed, *needs.implied]
    installed = [as_of.bare(name) for name in every if lock.get(as_of.bare(name)) is not None]
    return [name for name in dict.fromkeys(installed) if name != "ipykernel"]


def _must_be_packages(first: Trial) -> None:
    if first.reason in _ELSEWHERE:
        raise CompanionError(
            f"older packages would not help: cell {first.cell}: {_ELSEWHERE[first.reason]}",
            hint=f"The error was: {first.error}",
            code=Exit.MISSING,
        )


def _search(search: _Search, newest: Day, names: Sequence[str], first: Trial) -> Created:
    kept: tuple[Move, ...] = ()
    best = first
    queue = _tries(search, newest, names, kept)
    while len(search.attempts) <= _RUNS and (moves := next(queue, None)) is not None:
        plan = _plan(search, moves)
        if plan is None:
            continue
        if not _agreed(search, plan):
            return Created(None, plan, None, tuple(search.attempts))
        environment, ran = _try(search, plan)
        if environment is not None:
            return Created(environment, plan, ran, tuple(search.attempts))
        if _further(ran, best):
            search.reporter.note(
                f"{_named(moves)} back mends cell {best.cell}; going on from there"
            )
            best, kept = ran, moves
            order = [*ran.suspects, *names]
            known = [n for n in dict.fromkeys(order) if n in newest.versions and search.lock.get(n)]
            queue = _tries(search, newest, known, kept)
    raise CompanionError(
        f"no move back of one or two packages mended cell {best.cell}: {best.error}",
        hint=f"fastcompanion env create --as-of lesson --for {search.target.id}",
        code=Exit.MISSING,
    )


def _further(ran: Trial, best: Trial) -> bool:
    return ran.cell is not None and best.cell is not None and ran.cell > best.cell


def _tries(
    search: _Search, newest: Day, names: Sequence[str], kept: tuple[Move, ...]
) -> Iterator[tuple[Move, ...]]:
    """Give one move, then two; light packages before heavy ones, likelier before others."""
    moves = [move for name in names if (move := _move(search, newest, name)) is not None]
    moves = [move for move in moves if move.name not in {k.name for k in kept}]
    for size in (1, 2):
        for some in combinations(moves, size):
            yield (*kept, *some)


def _move(search: _Search, newest: Day, name: str) -> Move | None:
    """Move a package to its line of the day, with what its wheel was compiled against."""
    bound = _bound(search.lock, newest, name)
    if bound is None:
        return None
    try:
        alone = search.tool.resolve(
            Wanted((bound,), search.base.python, constraints=(), only_wheels=True)
        )
    except UnresolvableError:
        return None
    package = alone.get(name)
    against = [p.name for p in alone.packages if p.extension and p.name != name]
    against = [one for one in against if search.lock.get(one) is not None]
    if package is None or not package.compiled or not against:
        return Move(name, (bound,))
    day = as_of.newest_of(search.tool, against, as_of.day_of(newest), search.reporter)
    bounds = [_bound(search.lock, day, one, line_only=True) for one in against]
    return Move(name, (bound, *(b for b in bounds if b is not None)))


def _bound(lock: Lock, newest: Day, name: str, *, line_only: bool = False) -> str | None:
    """Write the constraint that moves a package back: below the line that followed the day's."""
    package, version = lock.get(name), newest.versions.get(name)
    if package is None or version is None:
        return None
    now, then = numbers(package.version), numbers(version)
    following = (then[0] + 1,) if then[0] > 0 else (0, (*then, 0)[1] + 1)
    if now >= following:
        return f"{name}<{'.'.join(map(str, following))}"
    return f"{name}<={version}" if now > then and not line_only else None


def _plan(search: _Search, moves: tuple[Move, ...]) -> Plan | None:
    """Resolve with the moves, everything else as it is in the base; None: no fit or nothing new."""
    constraints = tuple(dict.fromkeys(c for move in moves for c in move.constraints))
    wanted = Wanted(
        search.base.requirements,
        search.base.python,
        constraints=constraints,
        prefer=search.lock.text,
        only_wheels=True,
    )
    try:
        lock = search.tool.resolve(wanted)
    except UnresolvableError:
        return None
    if _key(lock) in search.tried:
        return None
    search.tried.add(_key(lock))
    changed = [p for p in lock.packages if search.lock.versions.get(p.name) != p.version]
    return Plan(
        name=search.name,
        python=search.base.python,
        program=str(search.base.interpreter),
        requirements=search.base.requirements,
        lock=lock,
        sizes=sizes.measure(changed),
        made_for=search.target.id,
        moved_back=tuple(f"{p.name} {p.version}" for p in changed),
        beside=search.base.folder,
    )


def _key(lock: Lock) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(lock.versions.items()))


def _agreed(search: _Search, plan: Plan) -> bool:
    moved = ", ".join(plan.moved_back)
    search.reporter.note(f"Trying {moved}: {sizes.human(plan.sizes.download)} to download")
    return search.approve(plan)


def _try(search: _Search, plan: Plan) -> tuple[Environment | None, Trial]:
    with shelf.building(plan.name) as place:
        build.fill(search.tool, place.folder, plan, search.reporter)
        described = build.describe(place.folder, plan, ran="yes")
        ran = _run(search, described, plan.moved_back)
        if not ran.ok:
            return None, ran
        extra = shelf.size_beyond(place.folder, search.base.folder)
        search.reporter.note(f"{sizes.human(extra)} on disk beyond {search.base.name}")
        return place.finish(described), ran


def _run(search: _Search, environment: Environment, moved_back: tuple[str, ...]) -> Trial:
    interpreter = find.venv_interpreter(environment.folder, environment.name)
    with trial.place(search.study, search.target, search.request.data) as folder:
        ran = trial.run(search.target, interpreter, folder, search.request.limits, search.reporter)
    search.attempts.append(Attempt(moved_back, ran.words, ran.seconds))
    return ran


def _named(moves: Sequence[Move]) -> str:
    return " and ".join(move.name for move in moves)


def _of(environment: Environment, lock: Lock) -> Plan:
    """Describe what exists as a plan that needs nothing."""
    return Plan(
        name=environment.name,
        python=environment.python,
        program=str(environment.interpreter),
        requirements=environment.requirements,
        lock=lock,
        sizes=Sizes(0, environment.size),
        made_for=environment.made_for,
    )
