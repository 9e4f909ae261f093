"""Running an original with all seeds: what its sections leave behind, and how its functions answer."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.kernel import Interpreter, Limits
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.course.checks import check
from fastcompanion.course.checks.plan import Plan, PlannedCell, PlannedSection
from fastcompanion.course.checks.verdict import Failure, Outcome
from fastcompanion.course.checks.warm import Warm, WorkerLostError
from fastcompanion.course.recorded import agree, observer
from fastcompanion.course.recorded import record as recorded
from fastcompanion.course.recorded.record import Case, Record, RecordedFunction, RecordedSection
from fastcompanion.course.recording import classify, seeds
from fastcompanion.course.recording.original import Original, Part
from fastcompanion.course.recording.pool import Pool

SEEDS_SECTION = "the-seeds"
GAP = "the original leaves it open, so there is nothing to compare with"
RESTS = "it uses what the original leaves open, so what comes out there is not meant"
NOTHING = "it leaves nothing behind that can be compared"
CHANCE = "chance decides all that it leaves behind"
_SEED_CELL = 1_000_000  # no notebook has so many cells: the cell of ours is none of them

Observations = dict[str, Mapping[str, Any]]


@frozen
class Measured:
    """What was measured: `drafts` by section, and the `reasons` of those that can't be checked.

    `kinds` says what names hold; `seconds` is what one plain run takes.
    """

    drafts: Mapping[str, RecordedSection]
    reasons: Mapping[str, str]
    kinds: Mapping[str, str]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        whole = Record("", (), {}, tuple(self.drafts.values()))
        return {
            "record": recorded.to_json(whole),
            "reasons": dict(self.reasons),
            "kinds": dict(self.kinds),
            "seconds": self.seconds,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], path: Path) -> Measured:
        """Read it back."""
        whole = recorded.from_json(data["record"], path)
        drafts = {one.id: one for one in whole.sections}
        return cls(drafts, data["reasons"], data["kinds"], float(data["seconds"]))


@frozen
class Ran:
    """One run: what was observed section by section, and what ended it early, if anything did."""

    observed: Observations
    failure: tuple[str, Failure] | None
    seconds: float


def seeding(run: int, modules: Sequence[str] = ()) -> PlannedSection:
    """Make the section that goes before everything: seeds, and `modules` to be loaded first."""
    lines = [seeds.loading(modules)] if modules else []
    source = "\n".join([*lines, seeds.preamble(run)])
    return PlannedSection(
        SEEDS_SECTION, "Seeds", (PlannedCell(_SEED_CELL, source, True),), has_work=False
    )


def with_seeds(made: Original, run: int) -> tuple[PlannedSection, ...]:
    """Give the sections with their seeds rewritten; run 0 has them as they are."""
    if not run:
        return made.sections
    return tuple(
        replace(one, cells=tuple(replace(c, source=seeds.reseeded(c.source)) for c in one.cells))
        for one in made.sections
    )


def own_cells(section: PlannedSection) -> list[int]:
    """List the cells of a section that are not given."""
    return [cell.index for cell in section.cells if not cell.is_given]


def what_is_bound(section: PlannedSection, cells: list[int]) -> dict[str, Any]:
    """Ask what a section has bound, seen from these cells of it."""
    none: dict[str, Any] = {"mapping": {}, "wanted": [], "functions": []}
    return {"id": section.id, "bound": list(section.bound), **none, "cells": cells}


def _observed_sections(
    made: Original, run: int, **more: Mapping[str, Any]
) -> tuple[PlannedSection, ...]:
    """Ask for an observation of each section to reproduce; `more` adds to the question by section."""
    work = {part.id for part in made.work}
    found = []
    for section in with_seeds(made, run):
        asked = what_is_bound(section, own_cells(section))
        asked.update({key: told[section.id] for key, told in more.items() if section.id in told})
        found.append(replace(section, observe=asked) if section.id in work else section)
    return tuple(found)


def modules_of(made: Original) -> tuple[str, ...]:
    """List what the notebook imports at its top."""
    return seeds.modules(cell.source for part in made.parts for cell in part.cells)


@contextmanager
def bench(
    made: Original, interpreter: Interpreter, room: Callable[[int], Path], limits: Limits
) -> Iterator[Pool]:
    """Give the warm workers of a recording; each loads the notebook's imports once for all runs.

    `room` makes the folder of a worker by its number: two that unpack or write the same file at the
    same time would break each other's.
    """
    numbers = itertools.count()

    def start() -> Warm:
        place = room(next(numbers))
        return Warm(interpreter, place, limits, Plan("", "", ()), imports=modules_of(made))

    try:
        with Pool(start) as pool:
            yield pool
    except WorkerLostError as error:
        said = f"the worker of the recording was lost: {error}"
        raise CompanionError(said, hint="fastcompanion doctor", code=Exit.MISSING) from None


def measured(
    made: Original, pool: Pool, started: float, left: Callable[[], float], reporter: Reporter
) -> Measured | None:
    """Measure in warm workers that fork; None when the time is up before the end.

    `started` is what the start of one has taken, which is part of a plain run.
    """

    def ran(worker: Warm, numbers: Sequence[int]) -> list[Ran]:
        own: list[Ran] = []
        for number in numbers:
            run = seeds.RUNS[number]
            asked = _question(made, own, number)
            own.append(_ran(worker.run((seeding(run), *_observed_sections(made, run, **asked)))))
        return own

    # The second answers what the first has noted; all others are independent.
    shares = [(0, 1), *((number,) for number in range(2, len(seeds.RUNS)))]
    runs = list[Ran]()
    with (
        reporter.task("Running with other seeds", len(seeds.RUNS)) as task,
        closing(pool.map(ran, shares)) as shared,
    ):
        for share in shared:
            runs += share
            task.advance(len(share), f"run {len(runs)}")
            if left() <= 0 and len(runs) < len(seeds.RUNS):
                return None
    # Runs beside each other are slower than one alone: the fastest is the nearest to it.
    plain = min((r.seconds for r in runs if r.failure is None), default=runs[0].seconds)
    return _joined(made, runs, started + plain)


def fresh_measured(
    made: Original, interpreter: Interpreter, room: Path, limits: Limits, reporter: Reporter
) -> Measured | None:
    """Measure with a fresh kernel for each run, where a system can't fork; functions are left out."""
    begun, runs, modules = clock.monotonic(), list[Ran](), modules_of(made)
    for run in seeds.RUNS:
        left = limits.total_seconds - (clock.monotonic() - begun)
        if left <= 0:
            return None
        sections = (seeding(run, modules), *_observed_sections(made, run))
        allowed = replace(limits, total_seconds=left)
        plan = Plan("", "", sections)
        runs.append(_ran(check.run_fresh(plan, interpreter, room, allowed, reporter)))
    return _joined(made, runs, runs[-1].seconds)


def _question(made: Original, runs: Sequence[Ran], number: int) -> dict[str, Any]:
    """Say what a run has to tell beyond values: the first notes calls, the second answers them."""
    work = [part.id for part in made.work]
    if number == 0:
        return {"log": dict.fromkeys(work, True)}
    if number == 1:
        calls = observer.gathered(runs[0].observed)
        return {"answer": {name: _cases(calls[name]) for name in work if calls.get(name)}}
    return {}


def _cases(functions: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"name": name, "arity": told["arity"], "cases": told["cases"]}
        for name, told in functions.items()
        if told["cases"]
    ]


def _ran(outcomes: Sequence[Outcome]) -> Ran:
    last = outcomes[-1]
    failure = (last.id, last.failure) if last.failure is not None else None
    observed = {
        one.id: one.observed for one in outcomes if one.observed is not None and one.failure is None
    }
    return Ran(observed, failure, sum(one.seconds for one in outcomes))


def _joined(made: Original, runs: Sequence[Ran], seconds: float) -> Measured:
    first = runs[0]
    reasons = _broken(made, first)
    drafts: dict[str, RecordedSection] = {}
    for part in made.work:
        if part.gap or part.rests:
            reasons[part.id] = GAP if part.gap else RESTS
        if part.id in reasons:
            continue
        draft = _draft(part, runs)
        if _is_firm(draft):
            drafts[part.id] = draft
        else:
            reasons[part.id] = CHANCE if draft.outcomes or draft.functions else NOTHING
    return Measured(drafts, reasons, _kinds(first), seconds)


def finished(made: Original, pool: Pool, drafts: Mapping[str, RecordedSection]) -> Measured:
    """Take what was recorded before as measured; one run of the original says what names hold."""
    sections = (seeding(0), *_observed_sections(made, 0))
    [ran] = pool.map(lambda worker, asked: _ran(worker.run(asked)), [sections])
    return Measured(drafts, {}, _kinds(ran), ran.seconds)


def _kinds(ran: Ran) -> dict[str, str]:
    """Say of each name what it holds in the end."""
    found = {
        name: str(one["k"])
        for observed in ran.observed.values()
        for name, one in observed.get("values", {}).items()
    }
    return dict(sorted(found.items()))


def _is_firm(draft: RecordedSection) -> bool:
    """Is there anything in a draft that can fail somebody?"""
    firm = [one for one in draft.outcomes if one.stability != "shape" and not agree.informs(one)]
    return bool(firm) or any(one.stability == "exact" for one in draft.functions)


def _broken(made: Original, first: Ran) -> dict[str, str]:
    """Give the reason for each section that the original does not get through."""
    if first.failure is None:
        return {}
    section, failure = first.failure
    what = f"{failure.error_name}: {failure.error_value}".strip(": ") or failure.status
    title = next((p.planned.title for p in made.parts if p.id == section), "its start")
    reasons, reached = {}, section == SEEDS_SECTION
    for part in made.parts:
        if part.id == section:
            reached = True
            cell = f"cell {failure.cell + 1}"
            reasons[part.id] = f"lesson broken here: {cell}: {what[:160]}"
        elif reached:
            reasons[part.id] = f"the original stops before it, in {title} ({what[:80]})"
    return reasons


def _draft(part: Part, runs: Sequence[Ran]) -> RecordedSection:
    observed = [run.observed.get(part.id, {}) for run in runs]
    outcomes = classify.outcomes(observed, part.facts)
    functions = [_function(one) for one in observed[1].get("answers", ())] if len(runs) > 1 else []
    kept = tuple(one for one in functions if one is not None)
    return RecordedSection(part.id, "hard", "", outcomes, kept)


def _function(told: Mapping[str, Any]) -> RecordedFunction | None:
    """Read what the observer answered; None where no call could be made again."""
    cases = tuple(
        Case(
            tuple(case["args"]),
            case["globals"],
            int(case["seed"]),
            case["answer"],
            bool(case.get("no_grad", False)),
            tuple(case.get("steps", ())),
        )
        for case in told["cases"]
        if "answer" in case
    )
    stability: Any = told.get("class", "exact")
    return RecordedFunction(told["name"], int(told["arity"]), stability, cases) if cases else None
