"""Does a section look retyped from the original? Containment of token windows. Pure.

Both texts are parsed, stripped of what does not speak (comments, docstrings, prints, annotations,
imports, headers of functions, settings) and cut into windows of WINDOW tokens that don't reach over
the end of a statement. Own names count by their place in the window only, numbers and strings not
at all, so that new names, another formatting or another order of statements change little. What is
left over after taking away the windows of given cells is compared both ways.

The measure and its numbers come from docs/checks.md, "When it looks retyped"; benchmarks/copies.py
measures them again.
"""

from __future__ import annotations

import ast
import copy
import io
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from fastcompanion.base.records import frozen
from fastcompanion.course.notebooks.cells import parse_cell

WINDOW = 12  # tokens; shorter statements are idioms that everybody writes
ENOUGH = 25  # windows on both sides; below it there is too little to tell anything
RETYPED = 0.8  # above every honest section, below every renamed copy that was measured

_LONGEST = 50_000  # characters of a cell; beyond it, it is pasted data
_SHOWS = frozenset({"print", "display"})
_DEFINED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_LAYOUT = frozenset(
    {
        tokenize.NEWLINE,
        tokenize.NL,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
        tokenize.COMMENT,
    }
)
_OWN, _MEMBER = "$", ".$"

Windows = Counter[tuple[str, ...]]


@frozen
class Names:
    """The names that a notebook gives itself: variables and functions, and members of its classes."""

    variables: frozenset[str]
    members: frozenset[str]


@frozen
class Likeness:
    """How much of two texts is the same: `share` of 0 to 1, of the smaller count of windows."""

    share: float
    windows: int

    @property
    def is_enough(self) -> bool:
        """Whether there is enough code to tell anything."""
        return self.windows >= ENOUGH

    @property
    def looks_retyped(self) -> bool:
        """Whether the learner should hear of it."""
        return self.is_enough and self.share >= RETYPED


def names_in(sources: Iterable[str]) -> Names:
    """Collect the names that the cells of a notebook bind, imported ones left out."""
    variables: set[str] = set()
    members: set[str] = set()
    imported: set[str] = set()
    for source in sources:
        tree = parse_cell(source)
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                variables.add(node.id)
            elif isinstance(node, ast.arg):
                variables.add(node.arg)
            elif isinstance(node, _DEFINED):
                variables.add(node.name)
                members |= _members(node)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                imported |= {(one.asname or one.name).partition(".")[0] for one in node.names}
    return Names(frozenset(variables - imported), frozenset(members))


def _members(node: ast.AST) -> set[str]:
    """Give the names of the methods of a class, and of what it keeps in `self`."""
    if not isinstance(node, ast.ClassDef):
        return set()
    found = {one.name for one in node.body if isinstance(one, _DEFINED)}
    for inner in ast.walk(node):
        match inner:
            case ast.Attribute(value=ast.Name(id="self"), ctx=ast.Store()):
                found.add(inner.attr)
    return {name for name in found if not name.startswith("__")}


def windows(sources: Iterable[str], names: Names) -> Windows:
    """Cut the statements of cells into windows of tokens, counted."""
    found: Windows = Counter()
    for source in sources:
        for text in _plain_statements(source):
            words = [*_words(text, names), ";"]
            found.update(
                _placed(words[start : start + WINDOW]) for start in range(len(words) - WINDOW + 1)
            )
    return found


def _plain_statements(source: str) -> list[str]:
    """Give a cell's statements without what does not speak; [] for what nobody typed."""
    tree = parse_cell(source) if len(source) <= _LONGEST else None
    if tree is None:
        return []
    try:
        return list(_statements(_Plain().visit(copy.deepcopy(tree)).body))
    except RecursionError:
        return []


def likeness(
    own: Sequence[str],
    original: Sequence[str],
    *,
    own_names: Names,
    original_names: Names,
    told: Sequence[str] = (),
) -> Likeness:
    """Compare a section's cells with the original's; `told` are cells that everybody is given.

    The share is the smaller of two: of the learner's windows those that stand in the original too,
    and the other way round. So neither a short section that happens to stand inside a long one, nor
    a long one with much of its own, is called retyped.
    """
    given = windows(told, own_names).keys() | windows(told, original_names).keys()
    mine, theirs = windows(own, own_names), windows(original, original_names)
    for counted in (mine, theirs):
        for window in given & counted.keys():
            del counted[window]
    share = min(_contained(mine, theirs), _contained(theirs, mine))
    return Likeness(share, min(mine.total(), theirs.total()))


def _contained(part: Windows, whole: Windows) -> float:
    total = part.total()
    return sum(count for one, count in part.items() if one in whole) / total if total else 0.0


class _Plain(ast.NodeTransformer):
    """Takes out what says nothing about who wrote it, and what the scaffold tells."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        if isinstance(node.value, ast.Constant):
            return None
        call = node.value
        if isinstance(call, ast.Call) and _is_show(call):
            node.value = call.args[0] if len(call.args) == 1 else ast.Tuple(call.args, ast.Load())
        self.generic_visit(node)
        return node

    def visit_Import(self, node: ast.Import) -> None:
        del node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        del node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        return self.generic_visit(ast.copy_location(ast.Assign([node.target], node.value), node))

    def visit_Call(self, node: ast.Call) -> ast.Call:
        node.keywords = [one for one in node.keywords if not _is_setting(one.value)]
        self.generic_visit(node)
        return node

    def visit_List(self, node: ast.List) -> ast.AST:
        return self._data(node)

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        return self._data(node)

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        return self._data(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.Constant:
        # Python 3.12 sees tokens inside f-strings, 3.11 does not.
        return ast.copy_location(ast.Constant(""), node)

    def _data(self, node: ast.expr) -> ast.AST:
        if _is_setting(node):
            return ast.copy_location(ast.Constant(0), node)
        return self.generic_visit(node)


def _is_show(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id in _SHOWS and bool(call.args)


def _is_setting(node: ast.AST) -> bool:
    """Tell whether a value is made of constants alone: the scaffold tells these."""
    match node:
        case ast.Constant():
            return True
        case ast.UnaryOp():
            return _is_setting(node.operand)
        case ast.List() | ast.Tuple():
            return all(_is_setting(one) for one in node.elts)
        case ast.Dict():
            return all(one is not None and _is_setting(one) for one in (*node.keys, *node.values))
    return False


def _statements(body: Iterable[ast.AST]) -> Iterator[str]:
    """Write each simple statement and each header of a block; headers of functions are told."""
    for node in body:
        inner = [
            part
            for field in ("body", "handlers", "orelse", "finalbody")
            for part in getattr(node, field, ())
        ]
        if not inner:
            if not isinstance(node, ast.Pass):
                yield ast.unparse(node)
            continue
        if isinstance(node, ast.For | ast.AsyncFor | ast.While | ast.If | ast.With | ast.AsyncWith):
            yield _header(node)
        yield from _statements(inner)


def _header(node: ast.For | ast.AsyncFor | ast.While | ast.If | ast.With | ast.AsyncWith) -> str:
    bare = copy.copy(node)
    bare.body = [ast.Pass()]
    if not isinstance(bare, ast.With | ast.AsyncWith):
        bare.orelse = []
    return ast.unparse(bare).rpartition("\n")[0]


def _words(text: str, names: Names) -> list[str]:
    """Cut one statement into tokens; own names begin with $, numbers and strings are all the same."""
    found: list[str] = []
    for token in _tokens(text):
        word = token.string
        if token.type == tokenize.NUMBER:
            word = "0"
        elif token.type == tokenize.STRING:
            word = '""'
        elif token.type == tokenize.NAME and found and found[-1] == ".":
            word = _MEMBER + word if word in names.members else word
        elif token.type == tokenize.NAME and word in names.variables:
            word = _OWN + word
        found.append(word)
    return found


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    """Give the tokens that matter; a header without its block ends in an error that says nothing."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(text + "\n").readline):
            if token.type not in _LAYOUT:
                yield token
    except (tokenize.TokenError, IndentationError):
        return


def _placed(words: Sequence[str]) -> tuple[str, ...]:
    """Put in place of each own name its number in the window, so that names themselves don't count."""
    numbers: dict[str, str] = {}
    return tuple(
        numbers.setdefault(word, f"{word[0]}{len(numbers)}")
        if word[0] in "$." and word[1:]
        else word
        for word in words
    )
