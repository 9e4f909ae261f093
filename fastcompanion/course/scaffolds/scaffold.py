"""Scaffolds: a notebook with what to do, what is given and what should come out, and no answers."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from fastcompanion.base.records import frozen
from fastcompanion.course.model import Checkpoint, Lesson, NotebookRef
from fastcompanion.course.notebooks.cells import Cell, Statement
from fastcompanion.course.notebooks.prose import clean_text, safe_markdown
from fastcompanion.course.notebooks.sections import Section, sections
from fastcompanion.course.scaffolds import wording
from fastcompanion.course.scaffolds.checkpoints import checkpoints, class_signature, signature
from fastcompanion.course.scaffolds.given import (
    Piece,
    Plan,
    is_exercise_sheet,
    is_todo,
    plan,
    settings_of,
    without_solution,
)
from fastcompanion.course.scaffolds.goals import Step, Teller, steps_of
from fastcompanion.course.scaffolds.leaks import Answers, signature_texts
from fastcompanion.course.scaffolds.offered import Offerer, optional_cell
from fastcompanion.course.scaffolds.quoting import safe_comment

Role = Literal["heading", "given", "work", "checkpoint", "todo"]
MOST_USES = 12
_KIND_SAID = {"value": "", "array": "array or tensor"}


@frozen
class ScaffoldSection:
    """One section of a scaffold; `work_cells` are indexes of the original's cells to reproduce."""

    id: str
    title: str
    goal: str
    given: tuple[str, ...]
    checkpoints: tuple[Checkpoint, ...]
    work_cells: tuple[int, ...]


@frozen
class Scaffold:
    """A finished scaffold: the notebook, its sections, and what the learner should be told."""

    notebook: dict[str, Any]
    sections: tuple[ScaffoldSection, ...]
    notes: tuple[str, ...]


def scaffold(
    notebook: Mapping[str, Any], lesson: Lesson, ref: NotebookRef, *, name: str = ""
) -> Scaffold:
    """Turn an original notebook into a scaffold; `name` says where the original is from.

    Nothing is run. A notebook of exercises keeps its gaps as the work; of every other one only
    imports, data and settings are kept, and goals are condensed so that no code shows in them.
    """
    cut = sections(notebook)
    cells = [cell for section in cut for cell in section.code]
    maker = (_Sheet if is_exercise_sheet(cells, ref.path or ref.id) else _Scratch)(
        lesson, cut, cells
    )
    made = maker.build()
    opening = _opening(lesson, name, maker.notes)
    book = {
        "cells": [_cell("markdown", opening, "heading", None), *maker.cells],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "fastcompanion": {
                "version": 1,
                "lesson": lesson.id,
                "notebook": ref.id,
                "original": ref.sha256 or "",
            },
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return Scaffold(_numbered(book), tuple(made), tuple(maker.notes))


def _opening(lesson: Lesson, name: str, notes: Sequence[str]) -> str:
    lines = [
        f"# {safe_comment(lesson.title) or lesson.id}: from scratch",
        "",
        (
            "Write this lesson's code yourself, with the original closed. Each section says what to "
            "do, what is given and what should exist at its end. Add cells where you need them, below "
            "the section's heading."
        ),
        "",
        "- `fastcompanion check` checks your work, `fastcompanion hint` helps a step further.",
        "- Another name than the one asked for is fine: say so in a line `# fc: loss = my_loss`.",
        *(f"- {note}" for note in notes),
    ]
    if name:
        lines += [
            "",
            f"Goals are quoted or condensed from {safe_comment(name)}; its licence holds for them.",
        ]
    return "\n".join(lines)


def _cell(
    kind: Literal["markdown", "code"], source: str, role: Role, section: str | None, **more: Any
) -> dict[str, Any]:
    mark: dict[str, Any] = {"role": role, **more}
    if section is not None:
        mark["section"] = section
    cell: dict[str, Any] = {
        "cell_type": kind,
        "metadata": {"fastcompanion": mark},
        "source": source,
    }
    return cell | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def _numbered(book: dict[str, Any]) -> dict[str, Any]:
    """Give each cell an id made of its place and role, the same in every run."""
    for number, cell in enumerate(book["cells"]):
        mark = cell["metadata"]["fastcompanion"]
        text = f"{number} {mark.get('section')} {mark['role']}"
        cell["id"] = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
    return book


class _Maker:
    def __init__(self, lesson: Lesson, cut: Sequence[Section], cells: Sequence[Cell]) -> None:
        self._specs = {spec.id: spec for spec in lesson.sections}
        self._cut = cut
        self._all = cells
        asked = (item.name for spec in lesson.sections for item in spec.checkpoints)
        self._plan: Plan = plan(cells, frozenset(asked))
        self.cells: list[dict[str, Any]] = []
        self.notes = _install_notes(cells)

    def _heading_needed(self, number: int, filled: Sequence[bool]) -> bool:
        """Is an empty section the parent of one that is shown?"""
        level = self._cut[number].level
        for later in range(number + 1, len(self._cut)):
            if self._cut[later].level <= level:
                return False
            if filled[later]:
                return True
        return False


def _install_notes(cells: Iterable[Cell]) -> list[str]:
    found: dict[str, None] = {}
    for cell in cells:
        for line in cell.source.split("\n"):
            if match := re.match(
                r"\s*[!%]\s*(?:pip3?|python3? -m pip|conda|mamba) install\s+(.*)", line
            ):
                words = re.findall(r"(?<!\S)[A-Za-z][\w.\[\]-]*(?:[<>=!~]=[\w.*]+)?", match[1])
                found.update(dict.fromkeys(words))
    if not found:
        return []
    packages = ", ".join(f"`{word}`" for word in list(found)[:12])
    return [f"The original installs {packages}; `fastcompanion env` gives you an environment."]


class _Scratch(_Maker):
    """A notebook whose code is the answer: everything but data and settings is left out."""

    def build(self) -> list[ScaffoldSection]:
        """Add the cells of all sections that ask for something."""
        bound = _bound(self._plan)
        self._own = {
            name
            for pieces in self._plan.values()
            for piece in pieces
            if piece.role in ("work", "look", "literal")
            for name in piece.statement.names.binds
        }
        self._functions = self._defined()
        self._offerer = Offerer(self._plan)
        self._later = _read_later(self._cut, self._plan)
        prepared = [self._prepared(section) for section in self._cut]
        told = [step for _, steps in prepared for step in steps]
        self._teller = Teller(self._answers(told), frozenset(bound), self._functions)
        filled = [
            not section.asks and (bool(steps) or self._gives(section))
            for section, (_, steps) in zip(self._cut, prepared, strict=True)
        ]
        made: list[ScaffoldSection] = []
        self._before: dict[str, None] = {}
        for number, section in enumerate(self._cut):
            if filled[number]:
                made.append(self._section(number, *prepared[number]))
            elif self._heading_needed(number, filled):
                opening = self._teller.opening(prepared[number][0])
                if opening or section.level:
                    self.cells.append(_heading_cell(section, [opening]))
            self._before |= _bound(
                {cell.index: self._plan.get(cell.index, ()) for cell in section.code}
            )
        return [section for section in made if section.work_cells]

    def _prepared(self, section: Section) -> tuple[tuple[str, ...], tuple[Step, ...]]:
        """Cut a section into steps with their settings.

        Where the author of the lesson has said what there is to do, settings are not told.
        """
        opening, steps = steps_of(section, self._plan)
        if section.id in self._specs:
            return opening, steps
        own = self._functions
        return opening, tuple(replace(s, settings=settings_of(s.pieces, own)) for s in steps)

    def _answers(self, steps: Iterable[Step]) -> Answers:
        answers = Answers()
        given: list[str] = []
        for cell in self._all:
            for piece in self._plan.get(cell.index, ()):
                if piece.role in ("given", "literal"):
                    given.append(piece.statement.source)
                else:
                    answers.add(_without_docstrings(piece.statement))
                    given += _headers(piece)
        given += [text for step in steps for _, text in wording.told_settings(step.settings)]
        for cell in self._all:
            if not cell.statements:
                answers.add(cell.source)
        answers.allow(given)
        return answers

    def _pieces(self, section: Section) -> list[Piece]:
        return [p for cell in section.code for p in self._plan.get(cell.index, ())]

    def _gives(self, section: Section) -> bool:
        return any(p.role in ("given", "literal") for p in self._pieces(section))

    def _section(
        self, number: int, opening: Sequence[str], steps: Sequence[Step]
    ) -> ScaffoldSection:
        section = replace(self._cut[number], title=self._teller.title(self._cut[number].title))
        spec = self._specs.get(section.id)
        pieces = self._pieces(section)
        literals = wording.literal_lines(p.statement for p in pieces if p.role == "literal")
        own_goal = bool(spec and spec.goal)
        at_steps = {id(p) for step in steps for p in step.literals if not own_goal}
        left = [p.statement for p in pieces if p.role == "literal" and id(p) not in at_steps]
        wanted = (spec.checkpoints if spec else ()) or checkpoints(
            section.code, self._plan, self._later[number]
        )
        self._teller.begin(self._later[number])
        goal = (
            safe_markdown(spec.goal)
            if spec and spec.goal
            else self._teller.goal(opening, steps, section.title)
        )
        handed = self._handed_out(left)
        untold = [one for one in left if one not in handed]
        body = [goal, self._uses(section), _as_it_stands(untold)]
        told = [*literals, *(t for s in steps for _, t in wording.told_settings(s.settings))]
        self.cells.append(_heading_cell(section, body, told))
        self._add_cells(section, wanted, steps, handed)
        work = tuple(
            cell.index
            for cell in section.code
            if any(p.role in ("work", "look", "plot") for p in self._plan.get(cell.index, ()))
        )
        given = tuple(
            p.statement.source for p in pieces if p.role == "given" or p.statement in handed
        )
        return ScaffoldSection(section.id, section.title, goal, given, tuple(wanted), work)

    def _handed_out(self, left: Sequence[Statement]) -> list[Statement]:
        """Give the literals and seeds of no step that rest on nothing of the learner's."""
        found: list[Statement] = []
        for statement in left:
            if not statement.names.reads & self._own:
                found.append(statement)
                self._own -= set(statement.names.binds)
        return found

    def _defined(self) -> frozenset[str]:
        return frozenset(
            name
            for pieces in self._plan.values()
            for piece in pieces
            if piece.role == "work" and piece.statement.kind == "define"
            for name in piece.statement.names.binds
        )

    def _uses(self, section: Section) -> str:
        used: set[str] = set()
        own: set[str] = set()
        for cell in section.code:
            for piece in self._plan.get(cell.index, ()):
                if piece.role in ("work", "look"):
                    used |= piece.statement.names.reads - own
                own |= set(piece.statement.names.binds)
        names = [name for name in self._before if name in used]
        if not names:
            return ""
        more = " …" if len(names) > MOST_USES else ""
        return (
            "**Uses** "
            + ", ".join(f"`{n}`" for n in names[-MOST_USES:])
            + more
            + " (from earlier)."
        )

    def _add_cells(
        self,
        section: Section,
        wanted: Sequence[Checkpoint],
        steps: Sequence[Step],
        handed: Sequence[Statement],
    ) -> None:
        offer = self._offerer.offer(section.code, self._plan)
        needed = dict.fromkeys([*offer.needed, *(clean_text(one.source) for one in handed)])
        if needed:
            self.cells.append(_cell("code", "\n".join(needed), "given", section.id))
        if offer.optional:
            text = optional_cell(offer.optional)
            self.cells.append(_cell("code", text, "given", section.id))
        if wanted:
            self.cells.append(_cell("markdown", _checkpoint_text(wanted), "checkpoint", section.id))
        if steps:
            self.cells.append(_cell("code", "# your work", "work", section.id))


def _definitions(node: ast.stmt) -> Iterator[ast.stmt]:
    """Give a definition and those inside it, without looking into expressions."""
    yield node
    for inner in getattr(node, "body", ()):
        yield from _definitions(inner)


def _without_docstrings(statement: Statement) -> str:
    """Take the first line of each docstring out: it says what to do, not how."""
    source = statement.source
    if statement.kind == "define":
        for node in _definitions(statement.node):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                about = (ast.get_docstring(node) or "").strip().split("\n")[0]
                source = source.replace(about, "", 1) if about else source
    return source


def _headers(piece: Piece) -> list[str]:
    """Give the headers of functions and methods, as written and as the scaffold names them."""
    found = signature_texts(piece.statement.source)
    if piece.statement.kind == "define":
        for node in _definitions(piece.statement.node):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found += [signature(node), signature(node, method=True)]
            elif isinstance(node, ast.ClassDef):
                found.append(class_signature(node)[0])
    return found


def _bound(plan_: Plan) -> dict[str, None]:
    """List the names that statements bind, in order, without modules."""
    return {
        name: None
        for pieces in plan_.values()
        for piece in pieces
        if piece.role in ("work", "given", "literal")
        for name in piece.statement.names.makes
    }


def _read_later(cut: Sequence[Section], plan_: Plan) -> list[frozenset[str]]:
    """For each section, the names that later sections read."""
    found: list[frozenset[str]] = []
    later: frozenset[str] = frozenset()
    for section in reversed(cut):
        found.append(later)
        for cell in section.code:
            for piece in plan_.get(cell.index, ()):
                later |= piece.statement.names.reads
    return found[::-1]


def _as_it_stands(left: Iterable[Statement]) -> str:
    """Tell the literals that belong to no step, and that no cell can give."""
    lines = wording.literal_lines(left).items()
    told = [f"`{text}`" + (f" ({remark})" if remark else "") for text, remark in lines]
    return "**Write as it stands** " + "; ".join(told) + "." if told else ""


def _heading_cell(
    section: Section, body: Sequence[str], given: Sequence[str] = ()
) -> dict[str, Any]:
    title = f"{'#' * max(2, min(4, section.level))} {section.title}"
    text = "\n\n".join(part for part in (title, *body) if part)
    more = {"given": list(given)} if given else {}
    return _cell("markdown", text, "heading", section.id, **more)


def _checkpoint_text(wanted: Sequence[Checkpoint]) -> str:
    lines = ["**At the end of this section there should be**", ""]
    for item in wanted:
        if item.kind in ("function", "class"):
            header = item.shape if item.shape.startswith(item.name) else item.name + item.shape
            text = f"- `{header}` — {item.kind}"
        else:
            about = " ".join(
                part for part in (_KIND_SAID.get(item.kind, item.kind), item.shape) if part
            )
            text = f"- `{item.name}`" + (f" — {about}" if about else "")
        lines.append(text + (f" — {item.about}" if item.about else ""))
    return "\n".join(lines)


class _Sheet(_Maker):
    """A notebook of exercises: its code is the question, so it stays, made safe and without outputs."""

    def build(self) -> list[ScaffoldSection]:
        """Keep all cells; those with a gap are the work."""
        self.notes.append("This notebook is a sheet of exercises: its gaps (TODO) are your work.")
        made = []
        for section in self._cut:
            if not section.code and section.level == 0:
                continue
            gaps = [cell for cell in section.code if is_todo(cell)]
            self.cells.append(_heading_cell(section, []))
            for part in section.parts:
                self._keep(section, part.index, part.cell, part.text)
            if gaps:
                made.append(self._made(section, gaps))
        return made

    def _keep(self, section: Section, index: int, cell: Cell | None, text: str) -> None:
        if cell is None:
            if kept := safe_markdown(text).strip():
                self.cells.append(_cell("markdown", kept, "heading", section.id))
        elif cell.kind == "install" or not cell.source.strip():
            return
        else:
            role: Role = "todo" if is_todo(cell) else "given"
            source = clean_text(without_solution(cell.source))
            self.cells.append(_cell("code", source, role, section.id))

    def _made(self, section: Section, gaps: Sequence[Cell]) -> ScaffoldSection:
        told = [comment for cell in gaps for comment in cell.comments]
        goal = " ".join(safe_comment(comment).rstrip(".") + "." for comment in told[:12])
        goal = goal or f"Fill the gaps in: {section.title}."
        wanted = checkpoints(gaps, self._plan, frozenset())
        functions = tuple(c for c in wanted if c.kind in ("function", "class"))
        work = tuple(cell.index for cell in gaps)
        return ScaffoldSection(section.id, section.title, goal, (), functions, work)
