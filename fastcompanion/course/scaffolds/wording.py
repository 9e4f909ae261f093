"""Code in words: what a statement makes, changes, calls or shows, without saying how."""

from __future__ import annotations

import ast
import builtins
import functools
import re
from collections.abc import Container, Iterable, Mapping, Sequence

from fastcompanion.course.notebooks.cells import SEED, Statement
from fastcompanion.course.notebooks.names import dotted, is_in_place, walk
from fastcompanion.course.notebooks.prose import clean_text
from fastcompanion.course.scaffolds.checkpoints import MAKES_ARRAY
from fastcompanion.course.scaffolds.effects import inside
from fastcompanion.course.scaffolds.given import Piece
from fastcompanion.course.scaffolds.quoting import safe_comment

MOST_NUMBERS = 12
MOST_FUNCTIONS = 4
_WORD = re.compile(r"\d+(?:\.\d+)?(?:e[-+]?\d+)?(?!\w)|\w+")
_TEST = re.compile(r"test_|assert")
_DIGIT = re.compile(r"(?<![\w.])[\d.]")
_OPERATORS = {
    ast.Add: "plus", ast.Sub: "minus", ast.Mult: "times", ast.Div: "divided by",
    ast.MatMult: "matrix product", ast.Pow: "to the power of", ast.Gt: "greater than",
    ast.Lt: "less than", ast.Eq: "equal to", ast.GtE: "at least", ast.LtE: "at most",
}  # fmt: skip
DETAILS = re.compile(
    r"(?<! of) \((?=[a-z]|\d+ nested)"
)  # the brackets behind a clause, no part of it
_PLAIN = ("shape", "dtype", "size", "type")


def listed(names: Iterable[str], most: int = 8) -> str:
    """Write names as code with commas, `a`, `b` … for too many."""
    every = list(names)
    text = ", ".join(f"`{name}`" for name in every[:most])
    return text + (" …" if len(every) > most else "")


def mentions(text: str, name: str) -> bool:
    """Does this text speak of a name or number, as a word?"""
    return name in text and name in _words_in(text)


@functools.lru_cache(maxsize=64)
def _words_in(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text))


def phrase(node: ast.expr) -> str:
    """Put a small expression into words; "" when it is not small.

    More than one operator would be the answer itself.
    """
    if sum(isinstance(n, ast.operator | ast.cmpop) for n in walk(node)) > 1:
        return ""
    return _words(node)


def _words(node: ast.expr) -> str:
    match node:
        case ast.Name():
            return f"`{node.id}`"
        case ast.Constant(value=int() | float() as number):
            return f"{number}"
        case ast.Attribute():
            inner = _words(node.value)
            word = node.attr if node.attr in _PLAIN else f"`{node.attr}`"
            return inner and f"{'the ' if node.attr in _PLAIN else ''}{word} of {_grouped(inner)}"
        case ast.Subscript():
            return _part(node)
        case ast.Call(func=ast.Attribute(), args=[], keywords=[]):
            return _words(node.func)
        case ast.Call(func=ast.Name(id=name), args=[ast.expr() as only], keywords=[]):
            inner = _words(only)
            return (
                inner and f"{'the length' if name == 'len' else f'`{name}`'} of {_grouped(inner)}"
            )
        case ast.BinOp() if type(node.op) in _OPERATORS:
            return _joined(node.left, _OPERATORS[type(node.op)], node.right)
        case ast.Compare(ops=[operator], comparators=[right]) if type(operator) in _OPERATORS:
            return _joined(node.left, _OPERATORS[type(operator)], right)
    return ""


def _grouped(words: str) -> str:
    return (
        f"({words})"
        if re.search(r" (?:plus|minus|times|divided|than|to|at|product) ", words)
        else words
    )


def _joined(left: ast.expr, word: str, right: ast.expr) -> str:
    first, second = _words(left), _words(right)
    return f"{_grouped(first)} {word} {_grouped(second)}" if first and second else ""


def _part(node: ast.Subscript) -> str:
    """Say which part: the first 10, item 3, element (2, 1), a column, a new axis."""
    inner = _words(node.value)
    if not inner:
        return ""
    index = node.slice
    match index:
        case ast.Constant(value=str() as name) if len(name) <= 30:
            return f"`{name}` of {inner}"
        case ast.Constant(value=int() as number):
            return f"item {number} of {inner}"
        case ast.Constant(value=None):
            return f"{inner} with a new first axis"
        case ast.Slice(lower=None, upper=ast.Constant(value=int() as count), step=None):
            return f"the first {count} of {inner}"
        case ast.Tuple(elts=items) if any(_is_none(item) for item in items):
            return f"{inner} with a new {'last' if _is_none(items[-1]) else 'middle' if not _is_none(items[0]) else 'first'} axis"
        case ast.Tuple(elts=items) if all(isinstance(i, ast.Constant) for i in items):
            return f"element {ast.unparse(index)} of {inner}"
    return f"a part of {inner}"


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def shown(statement: Statement) -> list[str]:
    """Put what a statement shows into words; nothing when a part of it is not small."""
    node = statement.node
    if not isinstance(node, ast.Expr):
        return []
    value = node.value
    if isinstance(value, ast.Call) and dotted(value.func) == "print":
        items: Sequence[ast.expr] = value.args
    else:
        items = value.elts if isinstance(value, ast.Tuple) else [value]
    found = [phrase(item) or _applied(item) for item in items]
    return found if all(text and len(text) <= 70 for text in found) else []


def _applied(node: ast.expr) -> str:
    """Say what is called on what, arguments left out: `describe` of `df`."""
    match node:
        case ast.Call(func=ast.Attribute(value=on, attr=method)):
            inner = phrase(on)
            return inner and f"`{method}` of {_grouped(inner)}"
        case ast.Call(func=ast.Name(id=name), args=[_, *_] as args):
            if all(isinstance(arg, ast.Name) for arg in args):
                return f"`{name}` of {', '.join(_words(arg) for arg in args)}"
    return ""


def loops(node: ast.AST) -> int:
    """Count how deep loops are nested."""
    inside = [*getattr(node, "body", ()), *getattr(node, "orelse", ())]
    inner = max((loops(child) for child in inside), default=0)
    return inner + isinstance(node, ast.For | ast.While)


def lines(node: ast.AST) -> int:
    """Count the lines on which statements of a body begin, the header left out."""
    return len({n.lineno for n in walk(node) if isinstance(n, ast.stmt)}) - 1


def size(node: ast.AST) -> list[str]:
    """Say how long and how nested a body is, where that tells anything."""
    found = []
    depth, length = loops(node), lines(node)
    if depth:
        found.append(f"{depth} nested loops" if depth > 1 else "one loop")
    if length > 2:
        found.append(f"about {length} lines")
    return found


def columns(group: Iterable[Statement]) -> dict[str, list[str]]:
    """Find columns that are set: {"df": ["LogFare"]}."""
    found: dict[str, list[str]] = {}
    for statement in group:
        node = statement.node
        for target in node.targets if isinstance(node, ast.Assign) else []:
            match target:
                case ast.Subscript(
                    value=ast.Name(id=name), slice=ast.Constant(value=str() as column)
                ):
                    found.setdefault(name, []).append(column)
    return found


def attributes(group: Iterable[Statement], name: str) -> list[str]:
    """Find the attributes of a name that are set."""
    found: dict[str, None] = {}
    for statement in group:
        node = statement.node
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            match target:
                case ast.Attribute(value=ast.Name(id=base), attr=attribute) if base == name:
                    found[attribute] = None
    return list(found)


def change(name: str, set_columns: Sequence[str], group: Sequence[Statement]) -> str:
    """Say how a name is changed in place; "" where a call on it is told anyway."""
    if set_columns:
        return f"set {listed(set_columns)} in `{name}`"
    if found := attributes(group, name):
        return f"set {listed(found)} of `{name}`"
    if at_once := in_place(name, group):
        return at_once
    on_it = [m for on, m in _method_calls(group) if on.split(".")[0] == name]
    return "" if on_it else f"change `{name}`"


def in_place(name: str, group: Sequence[Statement]) -> str:
    """Say which methods change a name because an argument tells them to, as in pandas."""
    if not any("inplace" in s.source for s in group):
        return ""
    found = dict.fromkeys(m for on, m in _method_calls(group, in_place=True) if on == name)
    return f"change `{name}` in place (with {listed(found)})" if found else ""


def bare_calls(group: Sequence[Statement], own: Container[str]) -> str:
    """Say which methods are called for their effect: "call `backward` on `loss`"."""
    every = dict.fromkeys(_method_calls(group))
    done = set(_method_calls(group, in_place=True)) if every else set()
    calls = [
        f"`{method}` on `{on}`"
        for on, method in every
        if (on, method) not in done and on.split(".")[0] in own
    ]
    return "call " + ", ".join(calls[:6]) if calls else ""


def _method_calls(group: Iterable[Statement], *, in_place: bool = False) -> list[tuple[str, str]]:
    """List (object, method) of calls that are statements; `in_place`: by an argument saying so."""
    found = []
    for node in inside(s.node for s in group):
        match node:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=on, attr=method)) as call):
                if "?" not in dotted(on) and (is_in_place(call) or not in_place):
                    found.append((dotted(on), method))
    return found


def anew(statement: Statement) -> str:
    """Say how a name is bound anew from itself: "make `df` anew with `get_dummies`"."""
    [name] = statement.names.makes
    value = statement.node.value if isinstance(statement.node, ast.Assign) else None
    function = dotted(value.func).rsplit(".", 1)[-1] if isinstance(value, ast.Call) else "?"
    return f"make `{name}` anew" + (f" with `{function}`" if function != "?" else "")


def called(group: Sequence[Statement], used: Sequence[str]) -> str:
    """Say what statements do that bind and change nothing."""
    if any(isinstance(s.node, ast.Assert) or _tests(s) for s in group):
        return f"check {listed(used)}" if used else "check it"
    functions = [name for s in group if (name := _function(s.node))]
    if functions and len(functions) == len(group):
        rest = [name for name in used if name not in functions]
        return f"call {listed(dict.fromkeys(functions))}" + (
            f" with {listed(rest)}" if rest else ""
        )
    told = [text for s in group for text in shown(s)]
    if told and len(told) >= len(group):
        return "look at " + ", ".join(told[:5])
    if any(isinstance(s.node, ast.For | ast.While) for s in group):
        return f"go through {listed(used)}" if used else "try it"
    return f"work with {listed(used)}" if used else "try it"


def _function(node: ast.stmt) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        name = dotted(node.value.func).rsplit(".", 1)[-1]
        return "" if name == "?" else name
    return ""


def _tests(statement: Statement) -> bool:
    return any(_TEST.match(call.rsplit(".", 1)[-1]) for call in statement.names.calls)


def told_settings(settings_: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """List settings as (function, "name=value"), a few for each of the first dozen functions."""
    first = list(settings_.items())[:12]
    return [(name, value) for name, values in first for value in values[:8] if _short(value)]


def _short(value: str) -> bool:
    return len(value) <= (240 if "[" in value else 60)


def settings(settings_: Mapping[str, Sequence[str]]) -> str:
    """Tell the settings of a step: "`linspace` with `-2, 2`, `steps=20`"."""
    grouped: dict[str, list[str]] = {}
    for name, value in told_settings(settings_):
        grouped.setdefault(name, []).append(f"`{value}`")
    return "; ".join(
        (f"`{name}` with " if name else "with ") + ", ".join(values)
        for name, values in grouped.items()
    )


def literal_lines(statements: Iterable[Statement]) -> dict[str, str]:
    """Map literals and seeds of one line to the author's remarks on them."""
    return {
        clean_text(s.source): safe_comment(s.remark) for s in statements if "\n" not in s.source
    }


def literals(statements: Iterable[Statement]) -> list[str]:
    """Tell literals and seeds with the author's remarks."""
    found = []
    for statement in statements:
        for text, remark in literal_lines([statement]).items():
            lead = "set the seed: " if statement.kind == "seed" else "with "
            found.append(f"{lead}`{text}`" + (f" ({remark})" if remark else ""))
    return list(dict.fromkeys(found))


def numbers(statements: Iterable[Statement], told: str, skip: Container[int]) -> list[str]:
    """List the numbers of statements that nobody can guess and that nothing else has told.

    `skip` holds places in memory of nodes that words have told.
    """
    found: dict[str, None] = {}
    for statement in statements:
        if _DIGIT.search(statement.source) and not _tests(statement):
            for value in _constants(statement.node, skip):
                found[f"{value:g}" if isinstance(value, float) else str(value)] = None
    return [n for n in found if not mentions(told, n.lstrip("-"))]


def numbers_in_it(found: Sequence[str]) -> str:
    """Tell numbers of the one thing that is spoken of; nothing when there are too many."""
    return "numbers in it: " + ", ".join(found) if 0 < len(found) <= MOST_NUMBERS else ""


def numbers_for(statements: Sequence[Statement], told: str, skip: Container[int]) -> str:
    """Tell numbers by what they belong to: "numbers for `a`: 3, 4; for `b`: 0.5"."""
    by_name: dict[str, dict[str, None]] = {}
    for statement in statements:
        if found := numbers([statement], told, skip):
            by_name.setdefault(_subject(statement), {}).update(dict.fromkeys(found))
    if not 0 < sum(map(len, by_name.values())) <= MOST_NUMBERS:
        return ""
    rest = by_name.pop("", {})
    texts = [f"for {name}: {', '.join(found)}" for name, found in by_name.items()]
    texts += [f"elsewhere: {', '.join(rest)}" if texts else f"in it: {', '.join(rest)}"] * bool(
        rest
    )
    return "numbers " + "; ".join(texts)


def _subject(statement: Statement) -> str:
    """Name what a statement sets, makes, changes or calls."""
    if isinstance(statement.node, ast.For | ast.While):
        return "the loop"
    made = [name for names in columns([statement]).values() for name in names]
    made = made or list(statement.names.makes) or list(statement.names.changes)
    return listed(made or filter(None, [_function(statement.node)]))


def rows(statement: Statement) -> str:
    """Say which rows are kept by a constant: "the rows of `df` where `Fare` is above 0"."""
    match statement.node:
        case ast.Assign(targets=[ast.Name()], value=ast.Subscript(
            value=ast.Name(id=frame),
            slice=ast.Compare(left=left, ops=[op], comparators=[ast.Constant(value=value)]),
        )) if type(op) in _COMPARED:  # fmt: skip
            column = _column(left, frame)
            return (
                column
                and f"the rows of `{frame}` where `{column}` is {_COMPARED[type(op)]} {value!r}"
            )
    return ""


_COMPARED: dict[type[ast.cmpop], str] = {
    ast.Gt: "above", ast.Lt: "below", ast.GtE: "at least", ast.LtE: "at most",
    ast.Eq: "equal to", ast.NotEq: "not equal to",
}  # fmt: skip


def _column(node: ast.expr, frame: str) -> str:
    match node:
        case ast.Attribute(value=ast.Name(id=base), attr=name) if base == frame:
            return name
        case ast.Subscript(value=ast.Name(id=base), slice=ast.Constant(value=str() as name)):
            return name if base == frame else ""
    return ""


def with_detail(text: str, detail: str) -> str:
    """Put a detail into the brackets at the end of a clause, or into new ones."""
    if not detail:
        return text
    merges = text.endswith(")") and DETAILS.search(text)
    return f"{text[:-1]}; {detail})" if merges else f"{text} ({detail})"


def seeds(pieces: Iterable[Piece]) -> str:
    """Say which seed the work sets inside its functions and loops."""
    found: dict[str, None] = {}
    for piece in pieces:
        if piece.role == "work" and "seed" in piece.statement.source:
            for node in walk(piece.statement.node):
                match node:
                    case ast.Call(args=[ast.Constant(value=int() as number)]):
                        if SEED.search(dotted(node.func)):
                            found[f"set the seed {number} (`{dotted(node.func).lstrip('?.')}`)"] = (
                                None
                            )
    return ", ".join(found)


def sizes_read(pieces: Iterable[Piece]) -> list[str]:
    """Tell the names that are bound to a shape or length: "`n`, `m`: the shape of `x`"."""
    found = []
    for piece in pieces:
        match piece.statement.node:
            case ast.Assign(value=ast.Attribute(attr="shape") as value):
                found.append((piece.statement.names.makes, phrase(value)))
            case ast.Assign(value=ast.Call(func=ast.Name(id="len")) as value):
                found.append((piece.statement.names.makes, phrase(value)))
    return [f"{listed(names)}: {text}" for names, text in found if text and names]


def using(pieces: Iterable[Piece], told: str, own: Container[str]) -> str:
    """Name the library functions of assignments of which nothing is said: "using `mode`"."""
    found: dict[str, None] = {}
    for piece in pieces:
        if piece.role == "work" and isinstance(piece.statement.node, ast.Assign):
            names = [call.rsplit(".", 1)[-1] for call in piece.statement.names.calls[::-1]]
            names = [n for n in names if n not in own and not hasattr(builtins, n) and n != "?"]
            if not any(mentions(told, name) for name in names):
                found.update(dict.fromkeys(names))
    return f"using {listed(found)}" if 0 < len(found) <= MOST_FUNCTIONS else ""


def _told_elsewhere(call: str) -> bool:
    """Does the shape of a checkpoint or the line of seeds tell the numbers of this call?"""
    return bool(MAKES_ARRAY.search(call) or SEED.search(call))


def _constants(node: ast.AST, skip: Container[int] = ()) -> Iterable[float | int]:
    """Give the numbers of a tree but 0, 1, 2 and indexes, and but those of nodes in `skip`."""
    return () if id(node) in skip else _numbers_of(node, skip)


def _numbers_of(node: ast.AST, skip: Container[int]) -> Iterable[float | int]:
    match node:
        case ast.Constant(value=bool()):
            return
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            yield from [-number] if number != 1 else []
        case ast.Constant(value=int() | float() as number):
            yield from [number] if number > 2 or number not in (0, 1, 2) else []
        case ast.Subscript():
            yield from _constants(node.value, skip)
        case ast.Call() if _told_elsewhere(dotted(node.func)):
            return
        case ast.keyword(arg=name) if name in ("dim", "axis", "figsize", "keepdim"):
            return
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            for statement in node.body:
                yield from _constants(statement, skip)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _constants(child, skip)
