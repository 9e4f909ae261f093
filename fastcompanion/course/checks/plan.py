"""The plan of a check: a learner's notebook cut into sections, with what each has to show. Pure."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from fastcompanion.base.records import frozen
from fastcompanion.course.model import Checkpoint, Lesson
from fastcompanion.course.notebooks.cells import parse_cell
from fastcompanion.course.notebooks.names import names_of
from fastcompanion.course.notebooks.sections import learner_sections
from fastcompanion.course.recorded import judge
from fastcompanion.course.recorded.record import Record, RecordedSection

START = "before-the-first-section"
_OURS = re.compile(
    r"^([ \t]*)(%(?:checkpoint|check|hint)\b.*|%(?:re|un)?load_ext[ \t]+fastcompanion\b.*)$",
    re.MULTILINE,
)
_MAPPING = re.compile(r"^\s*#\s*fc:\s*([A-Za-z_]\w*)\s*=\s*(\S.*?)\s*$", re.MULTILINE)


@frozen
class PlannedCell:
    """One code cell to run: its place in the notebook, and the names it gives if it is given."""

    index: int
    source: str
    is_given: bool = False
    given: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@frozen
class PlannedSection:
    """One section of the learner's notebook; `checkpoints` are those that can be checked hard.

    `promised` is what a scaffold without authored checks names: it is only looked at. `top` are
    names that are bound outside of blocks, `loops` those that only loops bind. `recorded` is what
    was recorded of the original's section, `observe` what the observer has to look at for it,
    `reason` why it can't be checked hard.
    """

    id: str
    title: str
    cells: tuple[PlannedCell, ...]
    checkpoints: tuple[Checkpoint, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    bound: tuple[str, ...] = ()
    attempted: bool = True
    has_work: bool = True
    strength: str = ""
    promised: tuple[Checkpoint, ...] = ()
    top: tuple[str, ...] = ()
    loops: tuple[str, ...] = ()
    recorded: RecordedSection | None = None
    observe: Mapping[str, Any] | None = None
    reason: str = ""

    @property
    def key(self) -> str:
        """A digest of the code: equal for sections that do the same work in the same state."""
        whole = "\0".join(cell.source for cell in self.cells)
        return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:20]

    @property
    def spec(self) -> dict[str, Any] | None:
        """What the judge has to know, None when there is nothing to judge."""
        authored = self.checkpoints if self.recorded is None else ()
        asked = authored or self.promised
        if not asked:
            return None
        points = [{"name": p.name, "kind": p.kind, "shape": p.shape} for p in asked]
        return {
            "id": self.id,
            "checkpoints": points,
            "mapping": dict(self.mapping),
            "bound": list(self.bound),
            "top": list(self.top),
            "loops": list(self.loops),
            "look": not authored,
        }


@frozen
class Plan:
    """A check to be made: the sections in order, the lesson's checks and known mistakes."""

    lesson: str
    notebook: str
    sections: tuple[PlannedSection, ...]
    checks: str = ""
    origin: str = "checks"
    mistakes: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """A digest of all code of the notebook."""
        whole = "\0".join(f"{section.id}:{section.key}" for section in self.sections)
        return hashlib.sha256(whole.encode()).hexdigest()[:20]


@frozen
class Outline:
    """What the scaffold says of one section: whether there is work, and its cells as they began."""

    id: str
    title: str
    has_work: bool
    blank: tuple[str, ...] = ()
    promised: tuple[Checkpoint, ...] = ()


def build(
    lesson: Lesson,
    notebook_id: str,
    notebook: Mapping[str, Any],
    outlines: Sequence[Outline],
    *,
    checks: str = "",
    origin: str = "checks",
    strength: Mapping[str, str] | None = None,
    record: Record | None = None,
) -> Plan:
    """Cut a learner's notebook into the sections of `outlines` and add what they are checked by.

    Authored checks come first, then what was recorded of the original. Cells before the first section become a section of their own, in which nothing is to be done.
    """
    specs = {spec.id: spec for spec in lesson.sections} if checks else {}
    found = learner_sections(notebook, [outline.id for outline in outlines])
    taken = {index for section in found for index in section.cells}
    codes = [i for i, cell in enumerate(notebook["cells"]) if cell["cell_type"] == "code"]
    early = tuple(index for index in codes if index not in taken)
    mapping: dict[str, str] = {}
    sections = []
    if early:
        cells = tuple(_cell(notebook, index) for index in early)
        sections.append(PlannedSection(START, "Before the first section", cells, has_work=False))
    for outline, section in zip(outlines, found, strict=True):
        cells = tuple(_cell(notebook, index) for index in section.cells)
        for cell in cells:
            mapping.update(mapping_lines(cell.source))
        spec = specs.get(outline.id)
        own = [cell.source for cell in cells if not cell.is_given]
        sections.append(
            PlannedSection(
                outline.id,
                outline.title,
                cells,
                spec.checkpoints if spec else (),
                dict(mapping),
                bound_names(own),
                any(attempted(source, outline.blank) for source in own),
                outline.has_work or bool(spec and spec.checkpoints),
                (strength or {}).get(outline.id, ""),
                () if spec and spec.checkpoints else outline.promised,
                *_ranks(own),
            )
        )
    mistakes = {mistake.id: mistake.message for mistake in lesson.mistakes}
    if record is not None and not checks:
        sections = [_with_record(one, record) for one in sections]
        for one in record.sections:
            mistakes.update(judge.mistakes(one))
    return Plan(lesson.id, notebook_id, tuple(sections), checks, origin, mistakes)


def _with_record(section: PlannedSection, record: Record) -> PlannedSection:
    """Give a section its recorded checkpoints, or the reason why it has none."""
    told = record.section(section.id)
    if told is None or not section.has_work:
        return section
    if told.status != "hard":
        return replace(section, reason=told.reason)
    own = [cell.index for cell in section.cells if not cell.is_given]
    return replace(
        section,
        checkpoints=judge.checkpoints(told, section.promised),
        strength=told.strength.words,
        recorded=told,
        observe=judge.question(told, section.bound, section.mapping, own),
    )


def _cell(notebook: Mapping[str, Any], index: int) -> PlannedCell:
    cell = notebook["cells"][index]
    role = role_of(cell)
    tags = cell["metadata"].get("tags", ())
    given = bound_names([cell["source"]]) if role == "given" else ()
    return PlannedCell(
        index, without_ours(cell["source"]), role == "given", given, tuple(map(str, tags))
    )


def without_ours(source: str) -> str:
    """Turn our own commands in a cell into comments: a check does not ask for another check."""
    return _OURS.sub(r"\1# \2", source) if "%" in source else source


def role_of(cell: Mapping[str, Any]) -> str:
    """Give the role that we marked a cell with, "" for none."""
    ours = cell.get("metadata", {}).get("fastcompanion")
    return str(ours.get("role", "")) if isinstance(ours, dict) else ""


def attempted(source: str, blank: Iterable[str] = ()) -> bool:
    """Tell whether a cell holds work: not only comments, pass, TODO stubs or the scaffold's text."""
    if source.strip() in {text.strip() for text in blank}:
        return False
    tree = parse_cell(source)
    return tree is None or any(_is_work(node) for node in tree.body)


def _is_work(node: ast.stmt) -> bool:
    if isinstance(node, ast.Pass):
        return False
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return node.value.value is not Ellipsis and not isinstance(node.value.value, str)
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        return any(_is_work(child) for child in node.body)
    return not (isinstance(node, ast.Raise) and "NotImplementedError" in ast.dump(node))


def bound_names(sources: Iterable[str]) -> tuple[str, ...]:
    """List the names that cells bind or change in place, in order."""
    found: dict[str, None] = {}
    for source in sources:
        tree = parse_cell(source)
        if tree is not None:
            names = names_of(tree)
            found.update(dict.fromkeys((*names.binds, *names.changes)))
    return tuple(found)


def _ranks(sources: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the names that cells bind at their top, and those that nothing but loops bind."""
    top: dict[str, None] = {}
    targets: dict[str, None] = {}
    others: set[str] = set()
    for source in sources:
        tree = parse_cell(source)
        for node in tree.body if tree is not None else ():
            if not isinstance(
                node, ast.For | ast.AsyncFor | ast.While | ast.If | ast.With | ast.Try
            ):
                top.update(dict.fromkeys(names_of(node).binds))
        for inner in ast.walk(tree) if tree is not None else ():
            if isinstance(inner, ast.For | ast.AsyncFor):
                targets.update(dict.fromkeys(_stored(inner.target)))
            elif isinstance(inner, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
                others.update(_stored(inner))
    return tuple(top), tuple(name for name in targets if name not in others and name not in top)


def _stored(node: ast.AST) -> list[str]:
    inner = ast.walk(node)
    return [n.id for n in inner if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]


def mapping_lines(source: str) -> dict[str, str]:
    """Read the learner's `# fc: loss = my_loss` lines."""
    return dict(_MAPPING.findall(source))
