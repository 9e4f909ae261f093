"""How a finished record stands against every kind of mistake that can be planted in its notebook.

The gate of a record plants so many mistakes as it needs to decide, evenly over kinds. Here a record
is taken as it is, and each kind gets all its places, or an even sample of them, in the sections that
are checked and in the others apart.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.notebooks.cells import parse_cell
from fastcompanion.course.recorded import record as recorded
from fastcompanion.course.recorded.record import Record, RecordedSection
from fastcompanion.course.recording.measure import bench, finished
from fastcompanion.course.recording.original import Original, Part
from fastcompanion.course.recording.planting import Planted, ordered
from fastcompanion.course.recording.pool import Pool
from fastcompanion.course.recording.recorder import Asked, make_room, original_of, steady
from fastcompanion.course.recording.trial import Trials

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@frozen
class Tried:
    """What became of one planted mistake: caught, survived, crashed, equivalent or lost.

    `hard` says that its section is checked, `in_function` that it stands in the body of a function.
    """

    section: str
    hard: bool
    operator: str
    in_function: bool
    fate: str


@frozen
class Tally:
    """What was tried, how many `places` each kind has, and whether the time was enough for all."""

    tried: tuple[Tried, ...]
    places: Mapping[str, int]
    finished: bool


def tally(study: Workspace, asked: Asked, most: int, reporter: Reporter = SILENT) -> Tally:
    """Plant up to `most` mistakes of each kind in checked sections, and as many in the others.

    Raises exit 5 when the notebook has no record.
    """
    path = study.checks_file(asked.lesson.id, asked.ref.id)
    if not path.is_file():
        said = f"{asked.ref.id} of {asked.lesson.id} is not recorded"
        raise CompanionError(
            said, hint=f"fastcompanion lesson record {asked.lesson.id}", code=Exit.MISSING
        )
    made, found = original_of(asked), recorded.read(path)
    room = make_room(study, asked, made, study.private / "recording" / "operators" / "room")
    begun = clock.monotonic()
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
    """Try the mistakes of each section in the order of the text, so that little runs again."""
    drafts = {one.id: one for one in found.sections if one.outcomes or one.functions}
    # Those that the gate let down are tried by what it let down, too.
    known = finished(made, pool, {n: replace(one, status="hard") for n, one in drafts.items()})
    planted = {part.id: made.mistakes(part, known.kinds) for part in made.work}
    places = Counter(one.mutant.operator for group in planted.values() for one in group)
    trials = Trials(made, known, pool, most, finished=True)
    chosen = _chosen(made.work, planted, drafts, most)
    tried: list[Tried] = []
    with (
        reporter.task("Planting mistakes", len(chosen)) as task,
        closing(trials.fates(chosen)) as fates,
    ):
        for part, one in chosen:
            if left() <= 0:
                break
            hard = drafts[part.id].status == "hard"
            source = str(made.notebook["cells"][one.cell]["source"])
            inside = in_function(source, one.mutant.line)
            tried.append(Tried(part.id, hard, one.mutant.operator, inside, next(fates)))
            task.advance(1, part.planned.title)
    return Tally(tuple(tried), dict(sorted(places.items())), len(tried) == len(chosen))


def _chosen(
    parts: Iterable[Part],
    planted: Mapping[str, Sequence[Planted]],
    drafts: Mapping[str, RecordedSection],
    most: int,
) -> list[tuple[Part, Planted]]:
    """Choose from checked sections and from the others apart; a section without a check has none."""
    with_check = [part for part in parts if part.id in drafts]
    kept: set[int] = set()
    for hard in (True, False):
        group = [
            one
            for part in with_check
            if (drafts[part.id].status == "hard") == hard
            for one in planted[part.id]
        ]
        kept |= {id(one) for one in sample(group, most)}
    return [(part, one) for part in with_check for one in planted[part.id] if id(one) in kept]


def sample(found: Iterable[Planted], most: int) -> list[Planted]:
    """Take up to `most` mistakes of each kind, evenly over the places they have."""
    count = Counter[str]()
    kept = []
    for one in ordered(found):
        count[one.mutant.operator] += 1
        if count[one.mutant.operator] <= most:
            kept.append(one)
    return kept


def in_function(source: str, line: int) -> bool:
    """Does a line of a cell stand in the body of a function?"""
    tree = parse_cell(source)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, _Function):
            body = node.body if isinstance(node.body, list) else [node.body]
            if body[0].lineno <= line <= (body[-1].end_lineno or 0):
                return True
    return False
