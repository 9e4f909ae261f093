"""What a section asks of the learner: its work in steps, in words, without its code."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from fastcompanion.base.records import frozen
from fastcompanion.course.notebooks.cells import Cell, Statement
from fastcompanion.course.notebooks.prose import paragraphs
from fastcompanion.course.notebooks.sections import Section, slug
from fastcompanion.course.scaffolds import wording
from fastcompanion.course.scaffolds.checkpoints import class_signature, signature
from fastcompanion.course.scaffolds.given import Piece, Plan
from fastcompanion.course.scaffolds.leaks import Answers
from fastcompanion.course.scaffolds.quoting import BUDGET, OPENING_BUDGET, Quoter
from fastcompanion.course.scaffolds.results import outcome, raised
from fastcompanion.course.scaffolds.wording import listed, mentions


@frozen
class Step:
    """One piece of work in a section: what is said of it, and its statements."""

    said: tuple[str, ...]
    cells: tuple[Cell, ...]
    pieces: tuple[Piece, ...]


def steps_of(section: Section, plan: Plan) -> tuple[tuple[str, ...], tuple[Step, ...]]:
    """Cut a section into its opening prose (where no step takes it) and its steps."""
    opening: list[str] = []
    pending: list[str] = []
    steps: list[Step] = []
    for part in section.parts:
        if part.cell is None:
            pending += paragraphs(part.text)
            continue
        pieces = tuple(p for p in plan.get(part.index, ()) if p.role in ("work", "look", "plot"))
        if pieces:
            _add_step(steps, tuple(pending), part.cell, pieces)
        elif not opening and not steps:
            opening = pending
        pending = []
    if not any(step.said or any(c.comments for c in step.cells) for step in steps):
        opening += pending  # what is said behind the code is all that is said
    return tuple(opening), tuple(steps)


def _add_step(
    steps: list[Step], said: tuple[str, ...], cell: Cell, pieces: tuple[Piece, ...]
) -> None:
    """Add a step; a cell without words that only looks at something belongs to the one before."""
    looks_only = all(piece.role in ("look", "plot") for piece in pieces)
    if steps and not said and looks_only and not cell.comments:
        last = steps[-1]
        steps[-1] = replace(last, cells=(*last.cells, cell), pieces=(*last.pieces, *pieces))
    else:
        steps.append(Step(said, (cell,), pieces))


class Teller:
    """Says what steps ask for, in the order of the notebook; `own` are names that it binds."""

    def __init__(self, answers: Answers, own: frozenset[str]) -> None:
        self._quoter = Quoter(answers)
        self._own = own
        self._written: set[str] = set()
        self._settings = ""
        self._later: frozenset[str] = frozenset()

    def begin(self, settings: Mapping[str, Sequence[str]], later: frozenset[str]) -> None:
        """Begin a section: settings that it gives anyway, and names that later sections read."""
        self._settings = " ".join(text for values in settings.values() for text in values)
        self._later = later

    def title(self, text: str) -> str:
        """Give a heading; one that holds the answer is reduced to its words."""
        return self._quoter.guard(text) or slug(text).replace("-", " ")

    def opening(self, prose: Sequence[str]) -> str:
        """Condense prose that stands before no work."""
        return " ".join(self._quoter.chosen(prose, set(), set(), BUDGET))

    def goal(self, opening: Sequence[str], steps: Sequence[Step], title: str) -> str:
        """Say what a section asks: what stands before its work, then the work step by step."""
        told = [self._step(step, first=number == 0) for number, step in enumerate(steps)]
        told = [text for text in told if text]
        numbered = [f"{number}. {text}" for number, text in enumerate(told, 1)]
        listing = "\n".join(numbered) if len(told) > 1 else "".join(told)
        parts = (self.opening(opening), listing)
        goal = self._quoter.guard("\n\n".join(part for part in parts if part))
        return goal or f"Try for yourself what the title says: {title}."

    def _step(self, step: Step, *, first: bool) -> str:
        """Say what one step asks: quoted prose or comments, then what there is to do."""
        made = {n for p in step.pieces if p.role == "work" for n in p.statement.names.makes}
        read = {n for p in step.pieces for n in p.statement.names.reads}
        budget = OPENING_BUDGET if first else BUDGET
        said = self._quoter.chosen(step.said, made, read, budget)
        said = said or self._quoter.commented(step.cells)
        doing = self._doing(step, " ".join(said))
        return " ".join(part for part in (*said, doing, _result(step)) if part)

    def _doing(self, step: Step, said: str) -> str:
        clauses: list[str] = []
        for work in _runs(step.pieces):
            if work[0].kind == "define":
                clauses += [self._definition(statement, bool(said)) for statement in work]
            else:
                clauses += self._group(work, said)
        clauses += self._looks(step, said)
        clauses.append(wording.numbers(step.pieces, f"{said} {self._settings} {' '.join(clauses)}"))
        text = "; ".join(clause for clause in clauses if clause)
        if not text:
            return ""
        return f"→ {text}." if said else f"{text[:1].upper()}{text[1:]}."

    def _definition(self, statement: Statement, said: bool) -> str:
        node = statement.node
        if isinstance(node, ast.ClassDef):
            header, methods = class_signature(node)
            text = f"write the class `{header}`"
            if methods:
                text += " with " + ", ".join(f"`{method}`" for method in methods)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            text = f"write `{signature(node)}`"
        else:
            return ""
        again = node.name in self._written
        self._written.add(node.name)
        extras = ["a new version of it"] if again else []
        extras += self._body(node, statement) if not said or again else []
        return f"{text} ({', '.join(extras)})" if extras else text

    def _body(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, statement: Statement
    ) -> list[str]:
        """Hint at a body that no prose tells of: docstring, own names that it uses, loops, size."""
        about = (ast.get_docstring(node) or "").strip().split("\n")[0]
        told = self._quoter.safe(about).rstrip(".")
        used = sorted(n for n in statement.names.reads if n in self._own and n != node.name)
        extras = [told] if told else []
        extras += [f"it uses {listed(used)}"] if used else []
        return extras + wording.size(node)

    def _group(self, group: Sequence[Statement], said: str) -> list[str]:
        """Say what a run of statements makes, changes or calls."""
        made = self._made(group)
        bound = {n for s in group for n in s.names.makes}
        changed = dict.fromkeys(n for s in group for n in s.names.changes if n not in bound)
        used = sorted(self._read(group) - bound - set(changed))
        source = f" from {listed(used)}" if used and not said else ""
        clauses = [f"make {listed(made)}{source}"] if made else []
        columns = wording.columns(group)
        clauses += [wording.change(n, columns.get(n, []), group, said) for n in changed]
        if not made and not changed:
            clauses.append(wording.called(group, used))
        sizes = [text for s in group if wording.loops(s.node) for text in wording.size(s.node)]
        if sizes and not said:
            clauses[-1] += f" ({', '.join(dict.fromkeys(sizes))})"
        return clauses

    def _made(self, group: Sequence[Statement]) -> list[str]:
        """List what is made; of what a loop binds only what is read afterwards."""
        found: dict[str, None] = {}
        for statement in group:
            looping = isinstance(statement.node, ast.For | ast.While)
            for name in statement.names.makes:
                if not looping or name in self._later:
                    found[name] = None
        return list(found)

    def _read(self, group: Sequence[Statement]) -> set[str]:
        return {n for s in group for n in s.names.reads if n in self._own}

    def _looks(self, step: Step, said: str) -> list[str]:
        """Say what there is to look at, where the words do not name it; plots are optional."""
        looked = [p.statement for p in step.pieces if p.role == "look"]
        timed = self._known(s for s in looked if s.kind == "time")
        clauses = [f"time {listed(timed, 4)}"] if timed else []
        told = self._told(step, [s for s in looked if s.kind != "time"], said)
        if told:
            clauses.append("look at " + ", ".join(told[: 5 if said else 8]))
        plots = [p.statement for p in step.pieces if p.role == "plot"]
        return clauses + ([self._plotted(plots)] if plots else [])

    def _told(self, step: Step, looked: Sequence[Statement], said: str) -> list[str]:
        made = {n for p in step.pieces if p.role == "work" for n in p.statement.names.makes}
        bare = {f"`{name}`" for name in made} | ({f"`{n}`" for n in self._own} if said else set())
        told = [text for s in looked for text in wording.shown(s) if text not in bare]
        names = self._known(s for s in looked if not wording.shown(s))
        if not any(mentions(said, name) for name in names):
            told += [f"`{name}`" for name in names if name not in made]
        return list(dict.fromkeys(told))

    def _plotted(self, plots: Sequence[Statement]) -> str:
        helpers = [s.names.binds[0] for s in plots if isinstance(s.node, ast.FunctionDef)]
        drawn = self._known(s for s in plots if not isinstance(s.node, ast.FunctionDef))
        if helpers and not drawn:
            return f"optional: a helper {listed(helpers)} that draws"
        return f"optional: a picture of {listed(drawn, 4)}" if drawn else "optional: a picture"

    def _known(self, statements: Iterable[Statement]) -> list[str]:
        """List the notebook's own names that statements read, without modules and axes."""
        read = dict.fromkeys(n for s in statements for n in sorted(s.names.reads))
        return [name for name in read if name in self._own and name not in _PLOTTERS]


_PLOTTERS = frozenset({"plt", "sns", "mpl", "ax", "axs", "axes", "fig"})


def _runs(pieces: Iterable[Piece]) -> list[list[Statement]]:
    """Group the work of a step: definitions apart from other statements, in order."""
    found: list[list[Statement]] = []
    for piece in pieces:
        if piece.role == "work":
            defines = piece.statement.kind == "define"
            if found and (found[-1][0].kind == "define") == defines:
                found[-1].append(piece.statement)
            else:
                found.append([piece.statement])
    return found


def _result(step: Step) -> str:
    errors = [name for cell in step.cells if (name := raised(cell))]
    if errors:
        return f"(The original raises {errors[0]} here.)"
    results = list(dict.fromkeys(text for cell in step.cells if (text := outcome(cell))))
    return f"(The original got {'; '.join(results[:3])}.)" if results else ""
