"""What a section asks of the learner, in the original's words where it has some, without its code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from fastcompanion.course.cells import Cell, Statement
from fastcompanion.course.checkpoints import class_signature, signature
from fastcompanion.course.given import Piece, Plan
from fastcompanion.course.leaks import Answers
from fastcompanion.course.names import dotted, walk
from fastcompanion.course.prose import CUT, paragraphs, sentences
from fastcompanion.course.results import outcome, raised
from fastcompanion.course.sections import Section

BUDGET = 560  # characters of quoted prose before one piece of work
OPENING_BUDGET = 740  # the same before the first one of a section
_LONGEST = 420  # characters of a sentence that is still quoted

_INTENT = re.compile(
    r"(?i)\b(?:let'?s|let us|we(?:'ll| will| need| can| want| should|'re going| could| now)|"
    r"you(?:'ll| need| can| should)|need to|going to|use|using|creat\w+|writ\w+|calculat\w+|"
    r"comput\w+|defin\w+|mak\w+|add\w*|try\w*|replac\w+|first|now|next|finally|then|train\w*|"
    r"split\w*|here'?s|convert\w*|turn|normali[sz]\w+|initiali[sz]\w+|subtract\w*|multipl\w+|"
    r"divid\w+|called|defined as|means?|because|so that)\b"
)
_CHATTER = re.compile(
    r"(?i)^(?:btw|by the way|as (?:you|we)(?: can)? see|as we'?d expect|that'?s (?:it|not|im)|it does|"
    r"it worked|yup|yes[,!]|great|ok(?:ay)?\b|not bad|this is (?:nearly|quite|a bit)|uh oh|cool|wow|"
    r"nice|well\b|hopefully|i (?:got|found|think|hope)|it(?:'s| is) looking|it looks like this|"
    r"interesting|wait|hmm|thanks|\W*reminder|\W*important|\W*note:?\W* *(?:if|this) )"
)
_ADVERT = re.compile(
    r"(?i)upvote|copy ?& ?edit|save version|open in colab|subscribe|top[ -]right|notebook editor|"
    r"contact me|copyright|all rights reserved|licen[cs]ed under|feel free to|(?:this|the) notebook editor"
)
_RESULT = re.compile(r"\(The original (?:got|raises)[^\n]*\)$")
_MARKER = re.compile(r"^(?:[-*+]|\d{1,3}[.)])\s+")


@dataclass(frozen=True)
class Step:
    """One piece of work in a section: what is said of it, and its statements."""

    said: tuple[str, ...]
    cells: tuple[Cell, ...]
    pieces: tuple[Piece, ...]

    @property
    def has_work(self) -> bool:
        """Is there anything to write, not only to look at?"""
        return any(piece.role == "work" for piece in self.pieces)


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
    """Says what steps ask for, in the order of the notebook, leaving the answers out."""

    def __init__(self, answers: Answers, own: frozenset[str]) -> None:
        self._answers = answers
        self._own = own
        self._written: set[str] = set()
        self._settings = ""

    def begin(self, settings: Mapping[str, Sequence[str]]) -> None:
        """Begin a section whose given settings need not be told again."""
        self._settings = " ".join(text for values in settings.values() for text in values)

    def guard(self, text: str) -> str:
        """Leave out what gives the work away all the same: a result, a sentence, at last a line."""
        return "\n".join(
            line for line in map(self._guard_line, text.split("\n")) if line is not None
        )

    def _guard_line(self, line: str) -> str | None:
        if not self._answers.found_in(line):
            return line
        shorter = _RESULT.sub("", line).rstrip()
        if not self._answers.found_in(shorter):
            return shorter
        kept = [s for s in sentences(shorter) if not self._answers.found_in(s)]
        rest = " ".join(kept)
        return rest if kept and not self._answers.found_in(rest) else None

    def opening(self, prose: Sequence[str]) -> str:
        """Condense prose that stands before no work."""
        return " ".join(self._chosen(prose, set(), set(), BUDGET))

    def step(self, step: Step, *, first: bool) -> str:
        """Say what one step asks: quoted prose or comments, then what there is to do."""
        made = {n for p in step.pieces if p.role == "work" for n in p.statement.names.makes}
        read = {n for p in step.pieces for n in p.statement.names.reads}
        said = self._chosen(step.said, made, read, OPENING_BUDGET if first else BUDGET)
        if not said:
            said = self._commented(step.cells)
        mentioned = " ".join(said)
        doing = self._doing(step, mentioned)
        ending = _result(step)
        return " ".join(part for part in (*said, doing, ending) if part)

    def _chosen(
        self, prose: Sequence[str], made: set[str], read: set[str], budget: int
    ) -> list[str]:
        """Pick the sentences that tell what to do, in their order, within a budget."""
        found = list(self._tellable(prose))
        scored = [
            (_score(text, made, read, number, len(found)), -number, text)
            for number, text in enumerate(found)
        ]
        kept: dict[int, str] = {}
        room = budget
        for score, place, text in sorted(scored, reverse=True):
            if (score > 0.4 and len(text) <= room) or (not kept and score > -5):
                kept[-place] = text
                room -= len(text)
        return [kept[number] for number in sorted(kept)]

    def _tellable(self, prose: Sequence[str]) -> Iterable[str]:
        for number, paragraph in enumerate(prose):
            cut_next = number + 1 < len(prose) and prose[number + 1].startswith(CUT)
            parts = sentences(_MARKER.sub("", paragraph))
            for place, sentence in enumerate(parts):
                last = place == len(parts) - 1
                follows = parts[place + 1] if not last else (CUT if cut_next else "")
                if sentence.endswith(":") and follows.startswith(CUT):
                    continue
                text = self._answers.redact(sentence.replace(CUT, "").strip())
                if text and len(text) <= _LONGEST and re.search(r"\w{2}", text):
                    yield text

    def _commented(self, cells: Iterable[Cell]) -> list[str]:
        found: list[str] = []
        room = BUDGET
        for cell in cells:
            for comment in cell.comments:
                text = self._answers.redact(safe_comment(comment))
                if text and text not in found and len(text) <= room:
                    found.append(text)
                    room -= len(text)
        joined = "; ".join(text.rstrip(".;: ") for text in found[:8])
        return [f"{joined[:1].upper()}{joined[1:]}."] if joined else []

    def _doing(self, step: Step, said: str) -> str:
        clauses: list[str] = []
        group: list[Statement] = []
        for piece in (*step.pieces, None):
            if piece is not None and piece.role == "work" and piece.statement.kind != "define":
                group.append(piece.statement)
                continue
            if group:
                clauses += self._group(group, said)
                group = []
            if piece is not None and piece.role == "work":
                clauses.append(self._definition(piece.statement, bool(said)))
        clauses += self._looks(step, said)
        clauses.append(self._numbers(step, said))
        text = "; ".join(clause for clause in clauses if clause)
        if not said:
            return f"{text[:1].upper()}{text[1:]}." if text else ""
        return f"→ {text}." if text else ""

    def _looks(self, step: Step, said: str) -> list[str]:
        """Say what there is to look at, where the words do not name it; plots are optional."""
        made = {n for p in step.pieces if p.role == "work" for n in p.statement.names.makes}
        clauses = []
        looked = [p.statement for p in step.pieces if p.role == "look"]
        timed = self._known(s for s in looked if s.kind == "time")
        if timed:
            clauses.append(f"time {_names(timed, 4)}")
        looked = [s for s in looked if s.kind != "time"]
        bare = {f"`{name}`" for name in made} | ({f"`{n}`" for n in self._own} if said else set())
        told = list(dict.fromkeys(t for s in looked for t in _looked_at(s) if t not in bare))
        plain = [s for s in looked if not _looked_at(s)]
        names = self._known(plain)
        if not any(re.search(rf"\b{re.escape(n)}\b", said) for n in names):
            told += [f"`{n}`" for n in names if n not in made]
        if told and not said:
            clauses.append("look at " + ", ".join(told[:8]))
        elif told:
            clauses.append("look at " + ", ".join(told[:5]))
        drawn = self._known(p.statement for p in step.pieces if p.role == "plot")
        if any(p.role == "plot" for p in step.pieces):
            what = f"a picture of {_names(drawn, 4)}" if drawn else "a picture"
            clauses.append(f"optional: {what}")
        return clauses

    def _numbers(self, step: Step, said: str) -> str:
        """List fractions in the work that no words mention and no signature shows."""
        found: dict[str, None] = {}
        for piece in step.pieces:
            if piece.role == "work":
                for node in walk(piece.statement.node):
                    if isinstance(node, ast.Constant) and isinstance(node.value, float):
                        found[f"{node.value:g}"] = None
        told = f"{said} {self._settings}"
        quiet = [n for n in found if n not in ("0", "1", "2", "0.5") and n not in told]
        return "numbers in it: " + ", ".join(quiet) if 0 < len(quiet) <= 4 else ""

    def _known(self, statements: Iterable[Statement]) -> list[str]:
        """List the notebook's own names that statements read, without modules and axes."""
        read = dict.fromkeys(n for s in statements for n in sorted(s.names.reads))
        return [name for name in read if name in self._own and name not in _PLOTTERS]

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

    def _body(self, node: ast.stmt, statement: Statement) -> list[str]:
        """Hint at a body that no prose tells of: docstring, own names that it uses, loops, size."""
        extras: list[str] = []
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            about = (ast.get_docstring(node) or "").strip().split("\n")[0]
            if text := self._answers.redact(safe_comment(about)):
                extras.append(text.rstrip("."))
        used = sorted(n for n in statement.names.reads if n in self._own)
        if used:
            extras.append("it uses " + _names(used))
        loops = _loops(node)
        if loops:
            extras.append(f"{loops} nested loops" if loops > 1 else "one loop")
        length = len({n.lineno for n in walk(node) if isinstance(n, ast.stmt)}) - 1
        if length > 2:
            extras.append(f"about {length} lines")
        return extras

    def _group(self, group: list[Statement], said: str) -> list[str]:
        """Say what a run of statements makes, changes or calls."""
        made = list(dict.fromkeys(n for s in group for n in s.names.makes))
        changed = list(dict.fromkeys(n for s in group for n in s.names.changes if n not in made))
        used = sorted(
            {n for s in group for n in s.names.reads if n in self._own} - set(made) - set(changed)
        )
        clauses = []
        source = f" from {_names(used)}" if used and not said else ""
        if made:
            clauses.append(f"make {_names(made)}{source}")
        columns = _columns(group)
        clauses += [_change(name, columns.get(name, []), group, said) for name in changed]
        if not made and not changed:
            clauses.append(_called(group, used))
        loops = max(_loops(s.node) for s in group)
        if loops and not said:
            clauses[-1] += f" ({loops} nested loops)" if loops > 1 else " (in a loop)"
        return clauses


def safe_comment(text: str) -> str:
    """Make a comment or docstring safe to stand in markdown."""
    return " ".join(" ".join(paragraphs(text.replace("#", ""))).replace(CUT, "").split())


def _score(text: str, made: set[str], read: set[str], place: int, count: int) -> float:
    words = set(re.findall(r"\w+", text))
    score = 3.0 * min(2, len(words & made)) + 1.0 * min(2, len(words & read))
    score += 1.5 * bool(_INTENT.search(text)) + 1.0 * (place == count - 1) + 0.5 * (place == 0)
    score -= 3.0 * bool(_CHATTER.match(text)) + 9.0 * bool(_ADVERT.search(text))
    return score - 0.5 * text.count("](http") - (1.0 if len(text) > 320 else 0.0)


def _names(names: Iterable[str], most: int = 8) -> str:
    listed = list(names)
    text = ", ".join(f"`{name}`" for name in listed[:most])
    return text + (" …" if len(listed) > most else "")


def _loops(node: ast.AST) -> int:
    """Count how deep loops are nested."""
    inside = [*getattr(node, "body", ()), *getattr(node, "orelse", ())]
    inner = max((_loops(child) for child in inside), default=0)
    return inner + isinstance(node, ast.For | ast.While)


def _columns(group: Iterable[Statement]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for statement in group:
        node = statement.node
        for target in node.targets if isinstance(node, ast.Assign) else []:
            if (
                isinstance(target, ast.Subscript)
                and isinstance(target.value, ast.Name)
                and isinstance(target.slice, ast.Constant)
                and isinstance(target.slice.value, str)
            ):
                found.setdefault(target.value.id, []).append(target.slice.value)
    return found


def _change(name: str, columns: list[str], group: Iterable[Statement], said: str) -> str:
    if columns:
        return f"set {_names(columns)} in `{name}`"
    methods = [
        s.node.value.func.attr
        for s in group
        if isinstance(s.node, ast.Expr)
        and isinstance(s.node.value, ast.Call)
        and isinstance(s.node.value.func, ast.Attribute)
        and isinstance(s.node.value.func.value, ast.Name)
        and s.node.value.func.value.id == name
    ]
    if methods and not said:
        return f"call {_names(dict.fromkeys(methods))} of `{name}`"
    return "" if said and re.search(rf"\b{re.escape(name)}\b", said) else f"change `{name}`"


def _called(group: Iterable[Statement], used: list[str]) -> str:
    checks = any(isinstance(s.node, ast.Assert) or _tests(s.node) for s in group)
    if checks:
        return f"check {_names(used)}" if used else "check it"
    methods = [
        dotted(s.node.value.func).rsplit(".", 1)[-1]
        for s in group
        if isinstance(s.node, ast.Expr) and isinstance(s.node.value, ast.Call)
    ]
    called = [m for m in dict.fromkeys(methods) if m != "?"]
    if called and set(called) <= set(used):
        rest = [name for name in used if name not in called]
        return f"call {_names(called)}" + (f" with {_names(rest)}" if rest else "")
    return (
        f"work with {_names(used)}" if used else (f"try {_names(called)}" if called else "try it")
    )


def _tests(node: ast.stmt) -> bool:
    return any(
        isinstance(n, ast.Call)
        and dotted(n.func).rsplit(".", 1)[-1].startswith(("test_", "assert"))
        for n in walk(node)
    )


_PLOTTERS = frozenset({"plt", "sns", "mpl", "ax", "axs", "axes", "fig"})


_OPERATORS = {
    ast.Add: "plus", ast.Sub: "minus", ast.Mult: "times", ast.Div: "divided by",
    ast.MatMult: "matrix product", ast.Pow: "to the power of", ast.Gt: "greater than",
    ast.Lt: "less than", ast.Eq: "equal to", ast.GtE: "at least", ast.LtE: "at most",
}  # fmt: skip


def phrase(node: ast.expr) -> str:
    """Put a small expression into words; "" when it is not small."""
    match node:
        case ast.Name():
            return f"`{node.id}`"
        case ast.Constant(value=int() | float() as number):
            return f"{number}"
        case ast.Attribute():
            inner = phrase(node.value)
            plain = node.attr in ("shape", "dtype", "size")
            return inner and (
                f"the {node.attr} of {inner}" if plain else f"`{node.attr}` of {inner}"
            )
        case ast.Subscript():
            inner = phrase(node.value)
            return inner and f"a part of {inner}"
        case ast.Call(func=ast.Attribute(), args=[]):
            return phrase(node.func)
        case ast.BinOp() if type(node.op) in _OPERATORS:
            return _joined(node.left, _OPERATORS[type(node.op)], node.right)
        case ast.Compare(ops=[operator], comparators=[right]) if type(operator) in _OPERATORS:
            return _joined(node.left, _OPERATORS[type(operator)], right)
    return ""


def _joined(left: ast.expr, word: str, right: ast.expr) -> str:
    first, second = phrase(left), phrase(right)
    return f"{first} {word} {second}" if first and second else ""


def _looked_at(statement: Statement) -> list[str]:
    """Put what is looked at into words; nothing when a part of it is not a small expression."""
    node = statement.node
    if not isinstance(node, ast.Expr):
        return []
    items = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
    found = [phrase(item) for item in items]
    return found if all(text and len(text) <= 60 for text in found) else []


def _result(step: Step) -> str:
    errors = [name for cell in step.cells if (name := raised(cell))]
    if errors:
        return f"(The original raises {errors[0]} here.)"
    results = list(dict.fromkeys(text for cell in step.cells if (text := outcome(cell))))
    return f"(The original got {'; '.join(results[:3])}.)" if results else ""
