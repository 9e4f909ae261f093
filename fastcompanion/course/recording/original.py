"""An original as what is to be run and tested: its sections, and what the code says of each. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastcompanion.base.records import frozen
from fastcompanion.course.checks import plan
from fastcompanion.course.checks.habits import forgotten
from fastcompanion.course.checks.plan import PlannedCell, PlannedSection
from fastcompanion.course.model import Checkpoint, Lesson, NotebookRef
from fastcompanion.course.notebooks.cells import Cell
from fastcompanion.course.notebooks.execution import is_code
from fastcompanion.course.notebooks.names import walk
from fastcompanion.course.notebooks.sections import Section, sections
from fastcompanion.course.recorded import agree
from fastcompanion.course.recording.classify import Facts
from fastcompanion.course.recording.planting import Planted, candidates, columns_of
from fastcompanion.course.scaffolds import given, scaffold
from fastcompanion.course.scaffolds.given import Piece

_OWN_ROLES = ("work", "look", "plot")


@frozen
class Part:
    """One section of an original: what runs, what is asked of it, what its code tells.

    `is_work` says that there is something to reproduce, `gap` that its author left it open, `rests`
    that it uses what an earlier section leaves open.
    """

    planned: PlannedSection
    cells: tuple[Cell, ...]
    facts: Facts
    is_work: bool
    gap: bool
    rests: bool
    bound_before: tuple[str, ...]

    @property
    def id(self) -> str:
        """The section's id."""
        return self.planned.id


@frozen
class Original:
    """An original, cut as its scaffold is."""

    notebook: Mapping[str, Any]
    parts: tuple[Part, ...]
    pieces: given.Plan
    functions: frozenset[str]

    @property
    def sections(self) -> tuple[PlannedSection, ...]:
        """Everything that runs, in order."""
        return tuple(part.planned for part in self.parts)

    @property
    def work(self) -> tuple[Part, ...]:
        """The sections to reproduce."""
        return tuple(part for part in self.parts if part.is_work)

    @property
    def sources(self) -> dict[int, str]:
        """The cells of the learner's work by their index."""
        return {
            cell.index: cell.source
            for part in self.parts
            for cell in part.planned.cells
            if not cell.is_given and cell.source.strip()
        }

    def mistakes(self, part: Part, kinds: Mapping[str, str]) -> list[Planted]:
        """List the mistakes that can be planted in a section; `kinds` says what names hold."""
        cells = [cell for one in self.parts for cell in one.cells]
        columns = columns_of(cells, kinds) if "frame" in kinds.values() else ()
        before, own = part.bound_before, self.functions
        return candidates(part.cells, self.pieces, before, own, kinds, columns)

    def forgotten(self, part: Part, kinds: Mapping[str, str]) -> list[Planted]:
        """List what else people leave out in a section: to know its name, not to test the check."""
        before, own = part.bound_before, self.functions
        return candidates(part.cells, self.pieces, before, own, kinds, find=forgotten)


def original(notebook: Mapping[str, Any], lesson: Lesson, ref: NotebookRef) -> Original:
    """Cut a notebook as its scaffold does, and read off its code what there is to compare."""
    cut = sections(notebook)
    cells = [cell for section in cut for cell in section.code]
    asked = frozenset(item.name for spec in lesson.sections for item in spec.checkpoints)
    pieces = given.plan(cells, asked)
    made = scaffold.scaffold(notebook, lesson, ref)
    promised = {one.id: tuple(one.checkpoints) for one in made.sections}
    later = _read_later(cut, pieces)
    open_cells = _open_cells(cells, ref)
    rests = _resting(cut, pieces, open_cells)
    parts, before = [], dict[str, None]()
    for number, section in enumerate(cut):
        is_work = section.id in promised
        planned = _planned(notebook, section, pieces, promised.get(section.id, ()), is_work)
        facts = _facts(section, pieces, planned, later[number])
        gap = any(cell.index in open_cells for cell in section.code)
        part = Part(planned, section.code, facts, is_work, gap, rests[number], tuple(before))
        parts.append(part)
        for cell in section.code:
            for piece in pieces.get(cell.index, ()):
                before.update(dict.fromkeys(piece.statement.names.makes))
    return Original(notebook, tuple(parts), pieces, _functions(pieces))


def _open_cells(cells: Iterable[Cell], ref: NotebookRef) -> frozenset[int]:
    """Give the cells that their author leaves to the learner."""
    if given.is_filled(ref.path or ref.id):
        return frozenset()
    return frozenset(cell.index for cell in cells if given.is_todo(cell))


def _resting(cut: Sequence[Section], pieces: given.Plan, open_cells: frozenset[int]) -> list[bool]:
    """For each section, whether it uses what is left open: what comes out there is not meant."""
    found: list[bool] = []
    unsure: set[str] = set()
    for section in cut:
        rests = False
        for cell in section.code:
            for piece in pieces.get(cell.index, ()):
                names = piece.statement.names
                used = bool((names.reads | set(names.changes)) & unsure)
                rests |= used
                if used or cell.index in open_cells:
                    unsure |= {*names.makes, *names.changes}
                else:
                    unsure -= set(names.binds)
        found.append(rests)
    return found


def _planned(
    notebook: Mapping[str, Any],
    section: Section,
    pieces: given.Plan,
    promised: Sequence[Checkpoint],
    is_work: bool,
) -> PlannedSection:
    cells = tuple(
        _cell(notebook, cell, pieces.get(cell.index, ()))
        for cell in section.code
        if is_code(notebook["cells"][cell.index])
    )
    own = [cell.source for cell in cells if not cell.is_given]
    return PlannedSection(
        section.id,
        section.title,
        cells,
        bound=plan.bound_names(own),
        has_work=is_work,
        promised=tuple(promised),
    )


def _cell(notebook: Mapping[str, Any], cell: Cell, parts: Iterable[Piece]) -> PlannedCell:
    """Plan a cell; one whose author shows an error in it is expected to fail."""
    stored = notebook["cells"][cell.index]
    is_given = not any(part.role in _OWN_ROLES for part in parts)
    names = plan.bound_names([cell.source]) if is_given else ()
    tags = tuple(map(str, stored["metadata"].get("tags", ())))
    if any(output.get("output_type") == "error" for output in stored.get("outputs", ())):
        tags = (*tags, "raises-exception")
    return PlannedCell(cell.index, cell.source, is_given, names, tags)


def _facts(
    section: Section, pieces: given.Plan, planned: PlannedSection, later: frozenset[str]
) -> Facts:
    parts = [piece for cell in section.code for piece in pieces.get(cell.index, ())]
    work = {n for p in parts if p.role == "work" for n in p.statement.names.binds}
    others = {n for p in parts if p.role != "work" for n in p.statement.names.binds}
    changed = {n for p in parts if p.role == "work" for n in p.statement.names.changes}
    loops = _only_loops(parts)
    cells = [c for c in section.code if any(p.role in ("work", "look") for p in _of(c, pieces))]
    return Facts(
        frozenset((others - work - changed) | loops),
        later,
        frozenset(cell.index for cell in cells[-1:]),
        {cell.index: agree.direction_of(cell.source) for cell in planned.cells},
    )


def _of(cell: Cell, pieces: given.Plan) -> tuple[Piece, ...]:
    return pieces.get(cell.index, ())


def _only_loops(parts: Iterable[Piece]) -> set[str]:
    """Name the variables that nothing but loops bind."""
    loops: set[str] = set()
    others: set[str] = set()
    for part in parts:
        for node in walk(part.statement.node):
            if isinstance(node, ast.For | ast.AsyncFor):
                loops |= _stored(node.target)
            elif isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr):
                others |= _stored(node)
    return loops - others


def _stored(node: ast.AST) -> set[str]:
    return {
        inner.id
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
    }


def _read_later(cut: Sequence[Section], pieces: given.Plan) -> list[frozenset[str]]:
    """For each section, the names that later sections read."""
    found: list[frozenset[str]] = []
    later: frozenset[str] = frozenset()
    for section in reversed(cut):
        found.append(later)
        for cell in section.code:
            for piece in pieces.get(cell.index, ()):
                later |= piece.statement.names.reads | set(piece.statement.names.changes)
    return found[::-1]


def _functions(pieces: given.Plan) -> frozenset[str]:
    return frozenset(
        name
        for parts in pieces.values()
        for piece in parts
        if piece.statement.kind == "define"
        for name in piece.statement.names.binds
    )
