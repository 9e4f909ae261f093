"""What a section asks of the learner: its work in steps, in words, without its code."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import field, replace
from types import MappingProxyType

from fastcompanion.base.records import frozen
from fastcompanion.course.notebooks.cells import Cell, Statement
from fastcompanion.course.notebooks.prose import paragraphs
from fastcompanion.course.notebooks.sections import Section, slug
from fastcompanion.course.scaffolds import fills, wording
from fastcompanion.course.scaffolds.checkpoints import class_signature, signature
from fastcompanion.course.scaffolds.draws import Draw, draws, draws_directly, may_draw, sentence
from fastcompanion.course.scaffolds.effects import contexts, effects
from fastcompanion.course.scaffolds.given import Piece, Plan
from fastcompanion.course.scaffolds.leaks import Answers
from fastcompanion.course.scaffolds.quoting import (
    BUDGET,
    CODE_BUDGET,
    LOOK_BUDGET,
    OPENING_BUDGET,
    Quoter,
)
from fastcompanion.course.scaffolds.results import outcome, raised
from fastcompanion.course.scaffolds.wording import listed, mentions


@frozen
class Step:
    """One piece of work in a section: what is said of it, and its statements."""

    said: tuple[str, ...]
    cells: tuple[Cell, ...]
    pieces: tuple[Piece, ...]
    literals: tuple[Piece, ...] = ()  # numbers and seeds that stand in its cells or before them
    settings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def steps_of(section: Section, plan: Plan) -> tuple[tuple[str, ...], tuple[Step, ...]]:
    """Cut a section into its opening prose (where no step takes it) and its steps."""
    opening: list[str] = []
    pending: list[str] = []
    steps: list[Step] = []
    literals: list[Piece] = []
    for part in section.parts:
        if part.cell is None:
            pending += paragraphs(part.text)
            continue
        pieces = tuple(p for p in plan.get(part.index, ()) if p.role in ("work", "look", "plot"))
        literals += [p for p in plan.get(part.index, ()) if p.role == "literal"]
        if pieces:
            _add_step(steps, Step(tuple(pending), (part.cell,), pieces, tuple(literals)))
            literals = []
        elif not opening and not steps:
            opening = pending
        pending = []
    if not any(step.said or any(c.comments for c in step.cells) for step in steps):
        opening += pending  # what is said behind the code is all that is said
    return tuple(opening), tuple(steps)


def _add_step(steps: list[Step], new: Step) -> None:
    """Add a step; a cell without words that only looks at something belongs to the one before."""
    silent = not new.said and not any(cell.comments for cell in new.cells)
    if steps and silent and only_looks(new):
        last = steps[-1]
        steps[-1] = replace(
            last,
            cells=(*last.cells, *new.cells),
            pieces=(*last.pieces, *new.pieces),
            literals=(*last.literals, *new.literals),
        )
    else:
        steps.append(new)


def only_looks(step: Step) -> bool:
    """Is there nothing to make, only something to see?"""
    return all(piece.role in ("look", "plot") for piece in step.pieces)


@frozen
class _Chance:
    """How random numbers are drawn: the words, the nodes they tell, and the library's functions."""

    text: str
    nodes: frozenset[int]
    functions: frozenset[str]


class Teller:
    """Says what steps ask for, in the order of the notebook; `own` are names that it binds."""

    def __init__(self, answers: Answers, own: frozenset[str], functions: frozenset[str]) -> None:
        self._quoter = Quoter(answers)
        self._own = own
        self._functions = functions
        self._written: set[str] = set()
        self._drawing: set[str] = set()  # functions that give back a draw as it is
        self._later: frozenset[str] = frozenset()

    def begin(self, later: frozenset[str]) -> None:
        """Begin a section; `later` are names that later sections read."""
        self._later = later

    def title(self, text: str) -> str:
        """Give a heading; one that holds the answer is reduced to its words."""
        return self._quoter.guard(text) or slug(text).replace("-", " ")

    def opening(self, prose: Sequence[str]) -> str:
        """Condense prose that stands before no work."""
        return " ".join(self._quoter.chosen(prose, set(), set(), OPENING_BUDGET, most=3))

    def goal(self, opening: Sequence[str], steps: Sequence[Step], title: str) -> str:
        """Say what a section asks: what stands before its work, then the work step by step."""
        told = [text for step in steps if (text := self._step(step))]
        numbered = [f"{number}. {text}" for number, text in enumerate(told, 1)]
        listing = "\n".join(numbered) if len(told) > 1 else "".join(told)
        parts = (self.opening(opening), listing)
        goal = self._quoter.guard("\n\n".join(part for part in parts if part))
        return goal or f"Try for yourself what the title says: {title}."

    def _step(self, step: Step) -> str:
        """Say what one step asks: what there is to do, then why, in words of the original."""
        made = {n for p in step.pieces if p.role == "work" for n in p.statement.names.makes}
        read = {n for p in step.pieces for n in p.statement.names.reads}
        if only_looks(step):
            said = self._quoter.chosen(
                step.said, made, read, LOOK_BUDGET, most=1, longest=LOOK_BUDGET
            )
        else:
            writes = any(p.role == "work" and p.statement.kind == "define" for p in step.pieces)
            room, most = (CODE_BUDGET, 3) if writes else (BUDGET, 2)
            said = self._quoter.chosen(step.said, made, read, room, most)
        said = said or self._quoter.commented(step.cells)
        doing = self._doing(step, " ".join(said))
        return " ".join(part for part in (doing, *said, _result(step)) if part)

    def _doing(self, step: Step, said: str) -> str:
        """Say what there is to do, then how the random numbers in it are drawn."""
        works = [piece.statement for piece in step.pieces if piece.role == "work"]
        chance = self._chance(works)
        telling = {k: v for k, v in step.settings.items() if k not in chance.functions}
        known = " ".join(text for values in telling.values() for text in values)
        clauses = self._clauses(step, said, known, chance.nodes)
        looks = self._looks(step, said)
        main = [clause for clause in clauses if clause] or looks[:1] or [self._anything(step)]
        rest = looks if any(clauses) else looks[1:]
        told = wording.settings(telling)
        filled = [t for s in works if s.kind != "define" for t in self._fills(s, telling)]
        known = " ".join([known, *filled])
        numbers = self._numbers(works, f"{said} {known} {' '.join(clauses)}", chance.nodes)
        more = [*wording.literals(p.statement for p in step.literals), told, *filled, numbers]
        more += [] if said else wording.sizes_read(step.pieces)
        more.append(wording.seeds(step.pieces))
        more += self._rows(step, works)
        spoken = f"{said} {told} {chance.text} {' '.join(main)}"
        more.append(wording.using(step.pieces, spoken, self._own))
        details = "; ".join(text for text in more if text)
        main[0] = f"{main[0][:1].upper()}{main[0][1:]}"
        text = "; ".join(_bold(clause) for clause in main)
        done = "; ".join([wording.with_detail(text, details), *rest]) + "."
        return f"{done} {chance.text}" if chance.text else done

    def _clauses(self, step: Step, said: str, known: str, skip: Container[int]) -> list[str]:
        """Say in clauses what is to be written, made and changed."""
        clauses: list[str] = []
        runs = _runs(step.pieces)
        single = sum(map(len, runs)) == 1
        for work in runs:
            if work[0].kind != "define":
                clauses += self._group(work, said)
                continue
            for statement in work:
                text = self._definition(statement)
                if text and not single:
                    told = wording.numbers([statement], f"{said} {known} {text}", skip)
                    text = wording.with_detail(text, wording.numbers_in_it(told))
                clauses.append(text)
        return clauses

    def _numbers(self, works: Sequence[Statement], told: str, skip: Container[int]) -> str:
        """Tell the numbers that stand in no definition of their own, by what they belong to."""
        if len(works) == 1:
            return wording.numbers_in_it(wording.numbers(works, told, skip))
        return wording.numbers_for([s for s in works if s.kind != "define"], told, skip)

    def _rows(self, step: Step, works: Sequence[Statement]) -> list[str]:
        """Say which rows a constant selects, where later code or a picture builds on them."""
        found = []
        for statement in works:
            text = wording.rows(statement)
            others = (p.statement.names.reads for p in step.pieces if p.statement is not statement)
            if text and not self._later.union(*others).isdisjoint(statement.names.makes):
                name = f"{listed(statement.names.makes)}: " if len(works) > 1 else ""
                found.append(f"{name}{text}")
        return found

    def _chance(self, works: Sequence[Statement]) -> _Chance:
        """Say how the work draws random numbers, where that gives no code away."""
        drawn: list[tuple[str, list[Draw]]] = []
        for statement in works:
            if not may_draw(statement.source, self._drawing):
                continue
            defines = statement.kind == "define"
            found = draws(statement.node, self._drawing if defines else ())
            if len(found) == 1 and found[0].function in self._drawing:
                continue  # what it is called with says little alone
            name = listed(statement.names.binds) if defines else ""
            if defines and draws_directly(statement.node):
                self._drawing.update(statement.names.binds)
            if found and drawn and not defines and not drawn[-1][0]:
                drawn[-1][1].extend(found)
            elif found:
                drawn.append((name, found))
        texts = [(sentence(f, of if len(works) > 1 else ""), f) for of, f in drawn]
        safe = [(text, f) for text, f in texts if self._quoter.guard(text) == text]
        every = [draw for _, f in safe for draw in f]
        functions = frozenset(d.function.rsplit(".", 1)[-1] for d in every)
        nodes = frozenset(node for d in every for node in d.nodes)
        return _Chance(" ".join(text for text, _ in safe), nodes, functions)

    def _anything(self, step: Step) -> str:
        """Say what to do where nothing is made and the words name all there is to see."""
        names = self._known(p.statement for p in step.pieces)
        used = [n for n in names if n in self._functions]
        others = [n for n in names if n not in self._functions]
        if used:
            return f"try {listed(used)}" + (f" with {listed(others)}" if others else "")
        return f"look at {listed(names, 5)}" if names else "try it"

    def _definition(self, statement: Statement) -> str:
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
        extras = ["a new version of it"] if node.name in self._written else []
        self._written.add(node.name)
        extras += self._body(node, statement)
        return f"{text} ({', '.join(extras)})" if extras else text

    def _body(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, statement: Statement
    ) -> list[str]:
        """Tell of a body what its tree shows: docstring, names of the notebook, effects, size."""
        about = (ast.get_docstring(node) or "").strip().split("\n")[0]
        told = self._quoter.safe(about).rstrip(".")
        used = sorted(n for n in statement.names.reads if n in self._own and n != node.name)
        extras = [told] if told else []
        extras += [f"it uses {listed(used)}"] if used else []
        if not isinstance(node, ast.ClassDef):
            extras += effects(node, statement.names.calls)
        extras += self._fills(statement)
        within = contexts(node.body) if "with " in statement.source else []
        return extras + within + wording.size(node)

    def _fills(
        self, statement: Statement, known: Mapping[str, Sequence[str]] = MappingProxyType({})
    ) -> list[str]:
        """Say which constants replace data in a statement, where that gives no code away."""
        return [text for text in fills.told(statement, known) if self._quoter.guard(text) == text]

    def _group(self, group: Sequence[Statement], said: str) -> list[str]:
        """Say what a run of statements makes, changes or calls."""
        made = self._made(group)
        again = _made_anew(group)
        fresh = [name for name in made if name not in again]
        bound = {n for s in group for n in s.names.makes}
        changed = dict.fromkeys(n for s in group for n in s.names.changes if n not in bound)
        used = sorted(self._read(group) - bound - set(changed))
        source = f" from {listed(used)}" if used and not said else ""
        clauses = [wording.in_place(name, group) for name in made]
        clauses += [f"make {listed(fresh)}{source}"] if fresh else []
        clauses += [again[name] for name in made if name in again]
        columns = wording.columns(group)
        clauses += [wording.change(n, columns.get(n, []), group) for n in changed]
        clauses += [wording.change(n, columns[n], group) for n in columns if n in bound]
        if made or changed:
            clauses.append(wording.bare_calls(group, self._own))
        clauses = [clause for clause in dict.fromkeys(clauses) if clause]
        if not clauses:
            clauses.append(wording.called(group, used))
        sizes = [text for s in group if wording.loops(s.node) for text in wording.size(s.node)]
        if sizes and not said:
            clauses[-1] += f" ({', '.join(dict.fromkeys(sizes))})"
        within = contexts(s.node for s in group if "with " in s.source)
        return [*clauses, *within]

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
        shown = [(s, wording.shown(s)) for s in looked]
        told = [text for _, texts in shown for text in texts if text not in bare]
        names = self._known(s for s, texts in shown if not texts)
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


def _made_anew(group: Iterable[Statement]) -> dict[str, str]:
    """Find names that are bound anew from themselves, with what to say of them."""
    found: dict[str, str] = {}
    bound: set[str] = set()
    for statement in group:
        names = statement.names
        if len(names.makes) == 1 and names.makes[0] in names.reads and names.makes[0] not in bound:
            found.setdefault(names.makes[0], wording.anew(statement))
        bound |= set(names.makes)
    return found


_PLOTTERS = frozenset({"plt", "sns", "mpl", "ax", "axs", "axes", "fig"})


def _bold(clause: str) -> str:
    """Make the action bold, but neither its details nor what is optional."""
    if clause.lower().startswith(("optional", "inside")):
        return clause
    cut = wording.DETAILS.search(clause)
    at = cut.start() if cut else len(clause)
    return f"**{clause[:at]}**{clause[at:]}"


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
