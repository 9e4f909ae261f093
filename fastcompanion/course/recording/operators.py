"""How a finished record stands against every kind of mistake that can be planted in its notebook.

The gate of a record plants so many mistakes as it needs to decide, evenly over kinds. Here a record
is taken as it is, and each listed kind gets all the versions that its places bear, or an even sample
of them, until enough were tried that neither end in an error nor change nothing. Sections that are
checked and the others are counted apart.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks.mutants import Mutant
from fastcompanion.course.checks.plan import PlannedSection
from fastcompanion.course.checks.slips import Surroundings
from fastcompanion.course.checks.variants import variants
from fastcompanion.course.notebooks.cells import parse_cell
from fastcompanion.course.recorded import record as recorded
from fastcompanion.course.recorded.record import Record
from fastcompanion.course.recording.measure import bench, finished, seeding, what_is_bound
from fastcompanion.course.recording.original import Original, Part
from fastcompanion.course.recording.planting import Planted, candidates, columns_of, ordered
from fastcompanion.course.recording.pool import Pool
from fastcompanion.course.recording.recorder import Asked, make_room, original_of, steady
from fastcompanion.course.recording.trial import Trials

# Kinds that have few places in a notebook stand together with those that are mistaken alike.
LISTED: Mapping[str, tuple[str, ...]] = {
    "operator": ("operator",),
    "part left out": ("term", "minus"),
    "constant": ("constant",),
    "statement": ("statement",),
    "return": ("return",),
    "summary": ("aggregate",),
    "call left out": ("call",),
    "function": ("function",),
    "axis or shape": ("axis",),
    "comparison": ("comparison",),
    "condition": ("condition",),
    "index or range": ("index", "range"),
    "names mixed up": ("sibling", "arguments"),
    "column": ("column",),
    "item of a list": ("item",),
    "step": ("step sign", "step"),
}
_KIND = {operator: kind for kind, group in LISTED.items() for operator in group}
_ELSEWHERE = 3  # a sample of a third is enough where nothing is promised
_TOLD = ("caught", "survived")
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@frozen
class Tried:
    """What became of one planted mistake: caught, survived, crashed, equivalent or lost.

    `operator` is its kind, a key of LISTED; `hard` says that its section is checked, `in_function`
    that it stands in the body of a function, `mutant` what was changed.
    """

    section: str
    hard: bool
    operator: str
    in_function: bool
    fate: str
    mutant: str = ""


@frozen
class Tally:
    """What was tried, and whether the time was enough for all.

    `places` has for each kind how many mistakes can be planted in the sections that are checked.
    """

    tried: tuple[Tried, ...]
    places: Mapping[str, int]
    finished: bool


def tally(study: Workspace, asked: Asked, most: int, reporter: Reporter = SILENT) -> Tally:
    """Plant mistakes of each kind until `most` told something in checked sections.

    In the others a third as many are tried. Raises exit 5 when the notebook has no record.
    """
    path = study.checks_file(asked.lesson.id, asked.ref.id)
    if not path.is_file():
        said = f"{asked.ref.id} of {asked.lesson.id} is not recorded"
        raise CompanionError(
            said, hint=f"fastcompanion lesson record {asked.lesson.id}", code=Exit.MISSING
        )
    made, found = original_of(asked), recorded.read(path)
    folder = study.private / "recording" / "operators"
    begun = clock.monotonic()

    def room(number: int) -> Path:
        return make_room(study, asked, made, folder / f"room-{number}")

    with bench(made, steady(asked, made.notebook), room, asked.limits) as pool:
        return _tally(
            made,
            found,
            pool,
            most,
            lambda: asked.limits.total_seconds - (clock.monotonic() - begun),
            reporter,
        )


def _tally(
    made: Original,
    found: Record,
    pool: Pool,
    most: int,
    left: Callable[[], float],
    reporter: Reporter,
) -> Tally:
    """Try the mistakes in rounds: those that told nothing are followed by others of their kind."""
    drafts = {one.id: one for one in found.sections if one.outcomes or one.functions}
    # Those that the gate let down are tried by what it let down, too.
    known = finished(made, pool, {n: replace(one, status="hard") for n, one in drafts.items()})
    forms = _forms(made, pool)
    parts = [part for part in made.work if part.id in drafts]
    planted = {part.id: _mistakes(made, part, known.kinds, forms[part.id]) for part in parts}
    trials = Trials(made, known, pool, most, finished=True)
    places, tried, complete = Counter[str](), list[Tried](), True
    for hard, wanted in ((True, most), (False, -(-most // _ELSEWHERE))):
        own = [part for part in parts if (drafts[part.id].status == "hard") == hard]
        waiting = queues([(part, one) for part in own for one in planted[part.id]])
        if hard:
            places.update({kind: len(queue) for kind, queue in waiting.items()})
        counts = Counter[str]()
        while complete and (chosen := _round(waiting, counts, wanted)):
            chosen.sort(key=lambda pair: own.index(pair[0]))
            fates = _fates(made, trials, chosen, hard, left, reporter)
            tried += fates
            counts.update(one.operator for one in fates if one.fate in _TOLD)
            complete = len(fates) == len(chosen)
    return Tally(tuple(tried), dict(sorted(places.items())), complete)


def _fates(
    made: Original,
    trials: Trials,
    chosen: Sequence[tuple[Part, Planted]],
    hard: bool,
    left: Callable[[], float],
    reporter: Reporter,
) -> list[Tried]:
    """Try mistakes in the order of the text, so that little runs again, while there is time."""
    tried: list[Tried] = []
    with (
        reporter.task("Planting mistakes", len(chosen)) as task,
        closing(trials.fates(chosen)) as fates,
    ):
        for part, one in chosen:
            if left() <= 0:
                break
            source = str(made.notebook["cells"][one.cell]["source"])
            inside = in_function(source, one.mutant.line)
            kind, name = kind_of(one), f"cell {one.cell}: {one.mutant.name}"
            tried.append(Tried(part.id, hard, kind, inside, next(fates), name))
            task.advance(1, part.planned.title)
    return tried


def kind_of(one: Planted) -> str:
    """Name the listed kind of a mistake."""
    return _KIND.get(one.mutant.operator, one.mutant.operator)


def _round(
    waiting: Mapping[str, list[tuple[Part, Planted]]], counts: Mapping[str, int], wanted: int
) -> list[tuple[Part, Planted]]:
    """Take from the front of each queue what its kind still lacks."""
    chosen: list[tuple[Part, Planted]] = []
    for kind, queue in waiting.items():
        lacking = max(0, wanted - counts.get(kind, 0))
        chosen += queue[:lacking]
        del queue[:lacking]
    return chosen


def queues(found: Sequence[tuple[Part, Planted]]) -> dict[str, list[tuple[Part, Planted]]]:
    """Put the mistakes of each kind in an order whose every beginning is spread over the places."""
    part_of = {id(one): part for part, one in found}
    made: dict[str, list[tuple[Part, Planted]]] = {}
    for one in spread([one for _, one in found]):
        made.setdefault(kind_of(one), []).append((part_of[id(one)], one))
    return made


def spread(found: Sequence[Planted]) -> list[Planted]:
    """Order mistakes evenly: first one version of each place, then its second, and so on."""
    turns: dict[tuple[int, int, str], int] = Counter()
    ranks: dict[int, int] = {}
    for one in found:
        place = (one.cell, one.mutant.line, one.mutant.operator)
        ranks[id(one)] = turns[place]
        turns[place] += 1
    return sorted(ordered(found), key=lambda one: ranks[id(one)])


def _mistakes(
    made: Original, part: Part, kinds: Mapping[str, str], forms: Mapping[str, str]
) -> list[Planted]:
    """List all versions of the mistakes that can be planted in a section."""

    def find(source: str, around: Surroundings) -> list[Mutant]:
        return variants(source, replace(around, forms=forms))

    cells = [cell for one in made.parts for cell in one.cells]
    columns = columns_of(cells, kinds) if "frame" in kinds.values() else ()
    before, own = part.bound_before, made.functions
    return candidates(part.cells, made.pieces, before, own, kinds, columns, find)


def _forms(made: Original, pool: Pool) -> dict[str, dict[str, str]]:
    """Run the original once, and say what form all names have at the start of each section."""

    def observing(section: PlannedSection) -> PlannedSection:
        every = [cell.index for cell in section.cells]
        return replace(section, observe=what_is_bound(section, every))

    sections = (seeding(0), *map(observing, made.sections))
    [outcomes] = pool.map(lambda worker, asked: worker.run(asked), [sections])
    found: dict[str, dict[str, str]] = {section.id: {} for section in made.sections}
    forms: dict[str, str] = {}
    for one in outcomes[1:]:
        found[one.id] = dict(forms)
        values = (one.observed or {}).get("values", {})
        forms.update({name: form_of(fingerprint) for name, fingerprint in values.items()})
    return found


def form_of(fingerprint: Mapping[str, Any]) -> str:
    """Say what may stand in a value's place: arrays of one shape, tables, lists; "" for nothing."""
    kind = str(fingerprint["k"])
    if kind == "array":
        told = "objects" if fingerprint.get("d") == "o" else "numbers"
        return f"array {told} {fingerprint.get('shape')}"
    if kind == "group":
        items = sorted({str(item["k"]) for item in fingerprint.get("items", ())})
        return f"group {fingerprint.get('t')} {items}"
    if kind == "number":
        return f"number {fingerprint.get('i')}"
    return kind if kind == "frame" else ""


def in_function(source: str, line: int) -> bool:
    """Does a line of a cell stand in the body of a function?"""
    tree = parse_cell(source)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, _Function):
            body = node.body if isinstance(node.body, list) else [node.body]
            if body[0].lineno <= line <= (body[-1].end_lineno or 0):
                return True
    return False
