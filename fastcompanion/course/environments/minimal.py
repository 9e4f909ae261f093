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
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.environments import as_of, build, find, shelf, sizes, trial
from fastcompanion.course.environments.as_of import Day, numbers
from fastcompanion.course.environments.build import LOCK, Approve, Plan
from fastcompanion.course.environments.imports import Needs
from fastcompanion.course.environments.request import (
    Attempt,
    Created,
    Request,
    chosen_day,
    words_of,
)
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
_CANDIDATES = 6
_HEAVY_BYTES = 300_000_000
# Failures that no older package would mend.
_ELSEWHERE = {
    "file": "a file is missing: give it with --data",
    "network": "it needs the network",
    "gpu": "it needs a GPU",
    "program": "it needs a program that is not here",
    "input": "it asks for input",
    "time": "its time was used up: give more with --budget",
}


@frozen
class Move:
    """A package moved back, and with it what it was compiled against.

    `holds`: every other package stays as it is.
    """

    name: str
    constraints: tuple[str, ...]
    holds: bool = True


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
    agreed: bool = False


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
    name = shelf.free_name(f"{target.slug}-minimal") if request.name is None else request.name
    lock = parse_lock(store.read_text(base.folder / LOCK))
    search = _Search(
        study, request, target, tool, base, lock, name, approve, reporter, [], {_key(lock)}
    )
    if request.dry_run:
        reporter.note(f"It would run the lesson in {base.name}, then move back what breaks it")
        return Created(None, plan_of(base, lock))
    first = _run(search, base, ())
    if first.ok:
        reporter.note(f"{base.name}, with today's packages, runs it: nothing has to move back")
        return Created(base, plan_of(base, lock), first, tuple(search.attempts))
    _must_be_packages(first)
    limit = chosen_day(day, target)
    names = _candidates(target, first, lock)
    every = tuple(dict.fromkeys((*names.suspects, *names.others)))
    newest = as_of.newest_of(tool, every, limit, reporter)
    return _search(search, newest, names, first)


@frozen
class _Names:
    """Installed packages that may be to blame: by the evidence, and by being imported at all."""

    suspects: tuple[str, ...]
    others: tuple[str, ...]


def _candidates(target: Target, first: Trial, lock: Lock) -> _Names:
    needs: Needs = needs_of(target)
    imported = _installed(lock, [*needs.needed, *needs.implied])
    return _Names(_installed(lock, first.suspects), imported)


def _installed(lock: Lock, names: Sequence[str]) -> tuple[str, ...]:
    found = [as_of.bare(name) for name in names if lock.get(as_of.bare(name)) is not None]
    return tuple(name for name in dict.fromkeys(found) if name != "ipykernel")


def _must_be_packages(first: Trial) -> None:
    if first.reason in _ELSEWHERE:
        raise CompanionError(
            f"older packages would not help: cell {first.cell}: {_ELSEWHERE[first.reason]}",
            hint=f"The error was: {first.error}",
            code=Exit.MISSING,
        )


def _search(search: _Search, newest: Day, names: _Names, first: Trial) -> Created:
    kept: tuple[Move, ...] = ()
    best = first
    queue = _tries(search, newest, names, kept)
    while len(search.attempts) <= _RUNS and (plan := next(queue, None)) is not None:
        if not _agreed(search, plan[1]):
            return Created(None, plan[1], None, tuple(search.attempts))
        environment, ran = _try(search, plan[1])
        if environment is not None:
            return Created(environment, plan[1], ran, tuple(search.attempts))
        if _further(ran, best):
            search.reporter.note(f"Cell {best.cell} runs now; going on from cell {ran.cell}")
            best, kept = ran, plan[0]
            names = _Names(_installed(search.lock, ran.suspects), names.others)
            newest = _day(search, newest, names)
            queue = _tries(search, newest, names, kept)
    raise CompanionError(
        f"no move back of one or two packages mended cell {best.cell}: {best.error}",
        hint=f"fastcompanion env create --as-of lesson --for {search.target.id}",
        code=Exit.MISSING,
    )


def _day(search: _Search, newest: Day, names: _Names) -> Day:
    every = tuple(dict.fromkeys((*names.suspects, *names.others)))
    return as_of.newest_of(search.tool, every, as_of.day_of(newest), search.reporter)


def _further(ran: Trial, best: Trial) -> bool:
    return ran.cell is not None and best.cell is not None and ran.cell > best.cell


def _tries(
    search: _Search, newest: Day, names: _Names, kept: tuple[Move, ...]
) -> Iterator[tuple[tuple[Move, ...], Plan]]:
    """Give what to try: one move, then two; suspects before what is only imported.

    Moves that leave every other package alone come before those that drag others along, and small
    downloads before large ones.
    """
    strong = _moves(search, newest, names.suspects, kept)
    weak = _moves(search, newest, names.others, (*kept, *strong))
    yield from _light_first(search, _singles(search, newest, strong, kept))
    yield from _light_first(search, _singles(search, newest, weak, kept))
    yield from _light_first(search, _pairs(search, [*strong, *weak], kept))


_Step = tuple[tuple[Move, ...], Plan | None]


def _light_first(
    search: _Search, steps: Iterator[_Step]
) -> Iterator[tuple[tuple[Move, ...], Plan]]:
    heavy: list[tuple[tuple[Move, ...], Plan]] = []
    for moves, plan in steps:
        if plan is None or _key(plan.lock) in search.tried:
            continue
        if plan.sizes.download > _HEAVY_BYTES:
            heavy.append((moves, plan))
            continue
        search.tried.add(_key(plan.lock))
        yield moves, plan
    for moves, plan in heavy:
        if _key(plan.lock) not in search.tried:
            search.tried.add(_key(plan.lock))
            yield moves, plan


def _singles(
    search: _Search, newest: Day, moves: Sequence[Move], kept: tuple[Move, ...]
) -> Iterator[_Step]:
    for move in moves:
        held = _plan(search, (*kept, move))
        yield (*kept, move), held
        if held is None:
            # Others hold it fast: go less far, then let the others come along.
            for other in (*_less(search, newest, move), replace(move, holds=False)):
                yield (*kept, other), _plan(search, (*kept, other))


def _pairs(search: _Search, moves: Sequence[Move], kept: tuple[Move, ...]) -> Iterator[_Step]:
    for some in combinations(moves, 2):
        together = (*kept, *some)
        held = _plan(search, together)
        yield together, held
        if held is None:
            free = tuple(replace(move, holds=False) for move in together)
            yield free, _plan(search, free)


def _moves(search: _Search, newest: Day, names: Sequence[str], but: Sequence[Move]) -> list[Move]:
    fixed = {move.name for move in but}
    found = (_move(search, newest, name) for name in names[:_CANDIDATES] if name not in fixed)
    return [move for move in found if move is not None]


def _move(search: _Search, newest: Day, name: str) -> Move | None:
    """Move a package to its line of the day, with what its wheel was compiled against."""
    bound = _bound(search.lock, newest, name)
    if bound is None:
        return None
    try:
        alone = search.tool.resolve(Wanted((bound,), search.base.python, only_wheels=True))
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


def _less(search: _Search, newest: Day, move: Move) -> Iterator[Move]:
    """Move back less far: just below the minor line that is installed."""
    package = search.lock.get(move.name)
    now = numbers(package.version)[:2] if package else ()
    then = numbers(newest.versions[move.name])[:2]
    if len(now) == len(then) == 2 and now[0] == then[0] and now[1] > then[1] + 1:
        less = f"{move.name}>={newest.versions[move.name]},<{now[0]}.{now[1]}"
        yield replace(move, constraints=(less, *move.constraints[1:]))


def _bound(lock: Lock, newest: Day, name: str, *, line_only: bool = False) -> str | None:
    """Write the constraint that moves a package back: into the line of the day, or to its release.

    The day's release is the floor as well: going on back to an ancient release is no cure.
    """
    package, version = lock.get(name), newest.versions.get(name)
    if package is None or version is None:
        return None
    now, then = numbers(package.version), numbers(version)
    following = (then[0] + 1,) if then[0] > 0 else (0, (*then, 0)[1] + 1)
    if now >= following:
        return f"{name}>={version},<{'.'.join(map(str, following))}"
    return f"{name}=={version}" if now > then and not line_only else None


def _plan(search: _Search, moves: tuple[Move, ...]) -> Plan | None:
    """Resolve with the moves, everything else as it is in the base; None: nothing fits."""
    constraints = tuple(dict.fromkeys(c for move in moves for c in move.constraints))
    named = {as_of.bare(constraint) for constraint in constraints}
    held = [p.pin for p in search.lock.packages if p.name not in named and not p.direct]
    wanted = Wanted(
        search.base.requirements,
        search.base.python,
        constraints=(*constraints, *(held if all(move.holds for move in moves) else ())),
        prefer=search.lock.text,
        only_wheels=True,
    )
    try:
        lock = search.tool.resolve(wanted)
    except UnresolvableError:
        return None
    changed = [p for p in lock.packages if search.lock.versions.get(p.name) != p.version]
    changed.sort(key=lambda p: p.name not in named)
    return Plan(
        name=search.name,
        python=search.base.python,
        program=str(search.base.interpreter),
        requirements=search.base.requirements,
        lock=lock,
        sizes=sizes.measure(changed),
        made_for=search.target.id,
        moved_back=tuple(f"{p.name} {p.version}" for p in changed if search.lock.get(p.name)),
        beside=search.base.folder,
    )


def _key(lock: Lock) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(lock.versions.items()))


def _agreed(search: _Search, plan: Plan) -> bool:
    """Say each download; ask for the first one and for every large one."""
    moved = words_of(plan.moved_back)
    search.reporter.note(f"Trying {moved}: {sizes.human(plan.sizes.download)} to download")
    if search.agreed and plan.sizes.download <= _HEAVY_BYTES:
        return True
    search.agreed = search.approve(plan)
    return search.agreed


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


def plan_of(environment: Environment, lock: Lock) -> Plan:
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
