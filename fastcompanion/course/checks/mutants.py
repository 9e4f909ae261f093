"""Changed copies of a cell's code: wrong ones to test checks with, and renamed ones. Pure syntax.

A mutant differs from the original in one place that changes what comes out: an operator, a
comparison, a constant, a dropped statement, a returned value. Imports, definitions' headers and
lines that only show something are left alone.
"""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Callable, Container, Iterable, Iterator, Mapping

from fastcompanion.base.records import frozen
from fastcompanion.course.notebooks.cells import parse_cell
from fastcompanion.course.notebooks.names import names_of, parameters

SWAPS: Mapping[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
}
COMPARISONS: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}
Change = Callable[[ast.AST], None]
Planned = tuple[str, tuple[str, ...], int, Callable[[ast.Module], None]]
_BUILTINS = frozenset(dir(builtins))
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@frozen
class Mutant:
    """One wrong version of a cell: what was changed, the line before and after, the new source.

    `line` is the changed line from 1, 0 when nobody noted it; `detail` says more of the change.
    """

    operator: str
    before: str
    after: str
    source: str
    line: int = 0
    detail: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name the mutant for a list."""
        return f"{self.operator}: {self.before} => {self.after}"


def mutants(source: str) -> list[Mutant]:
    """Give every mutant of a cell, in a fixed order; none for a cell that is not Python."""
    tree = parse_cell(source)
    if tree is None:
        return []
    return made(tree, ((operator, (), 0, change) for operator, change in _places(tree)))


def made(tree: ast.Module, places: Iterable[Planned]) -> list[Mutant]:
    """Make the mutants of a tree, each on a copy; what comes out the same counts once."""
    plain = ast.unparse(tree)
    found: dict[str, Mutant] = {}
    for operator, detail, line, change in places:
        twin = copy.deepcopy(tree)
        change(twin)
        text = ast.unparse(ast.fix_missing_locations(twin))
        if text != plain:
            mutant = Mutant(operator, *_difference(plain, text), text, line, detail)
            found.setdefault(text, mutant)
    return list(found.values())


def _difference(before: str, after: str) -> tuple[str, str]:
    """Give the first line that differs, as it was and as it is."""
    pairs = zip(before.split("\n"), after.split("\n"), strict=False)
    return next(((a.strip(), b.strip()) for a, b in pairs if a != b), ("", ""))


def _places(tree: ast.Module) -> Iterator[tuple[str, Callable[[ast.Module], None]]]:
    """List the changes, each as a function on a copy of the tree."""
    skipped = {id(node) for node in _shown(tree)}
    for number, node in numbered(tree, skipped):
        for operator, change in _changes(node):
            yield operator, on_node(number, change)
    for number, _, place, statement in block_statements(tree, _BLOCKS, skipped):
        if _droppable(statement):
            yield "dropped statement", without(number, place)


_BLOCKS = (ast.FunctionDef, ast.For, ast.While, ast.If, ast.With)


def numbered(tree: ast.AST, skipped: Container[int]) -> Iterator[tuple[int, ast.AST]]:
    """Number the nodes as `ast.walk` counts, without those whose `id` is in `skipped`."""
    for number, node in enumerate(ast.walk(tree)):
        if id(node) not in skipped:
            yield number, node


def block_statements(
    tree: ast.AST, blocks: tuple[type[ast.AST], ...], skipped: Container[int]
) -> Iterator[tuple[int, ast.AST, int, ast.stmt]]:
    """Give the statements in the bodies of blocks: number of the block, block, place, statement."""
    for number, block in numbered(tree, ()):
        if isinstance(block, blocks):
            for place, statement in enumerate(getattr(block, "body", ())):
                if id(statement) not in skipped:
                    yield number, block, place, statement


def _shown(tree: ast.Module) -> set[ast.AST]:
    """Collect what is not to be mutated: shown lines, imports, asserts, texts, annotations."""
    found: set[ast.AST] = set()
    for node in ast.walk(tree):
        shows = isinstance(node, ast.Expr) and (node in tree.body or _is_print(node.value))
        if shows or isinstance(node, ast.Import | ast.ImportFrom | ast.Assert | ast.JoinedStr):
            found |= set(ast.walk(node))
        if isinstance(node, ast.FunctionDef):
            for part in (node.args, *node.decorator_list):
                found |= set(ast.walk(part))
    # A loop at the top that only prints shows something as well.
    for loop in tree.body:
        if isinstance(loop, ast.For) and all(
            isinstance(node, ast.Expr) and _is_print(node.value) for node in loop.body
        ):
            found |= set(ast.walk(loop))
    return found


def _is_print(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    )


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    match node:
        case ast.BinOp() | ast.AugAssign() if type(node.op) in SWAPS:
            yield "swapped operator", swap
        case ast.Compare() if type(node.ops[0]) in COMPARISONS:
            yield "changed comparison", _compare
        case ast.Constant() if isinstance(node.value, bool | int | float):
            yield "changed constant", other_constant
        case ast.UnaryOp() if isinstance(node.op, ast.USub):
            yield "dropped minus", _plus
        case ast.If() | ast.While() | ast.IfExp():
            yield "negated condition", negate
        case ast.Return() if node.value is not None:
            count = len(node.value.elts) if isinstance(node.value, ast.Tuple) else 1
            for place in range(count):
                yield "scaled return", scale(place, ast.Mult, 2)
                yield "negated return", scale(place, ast.Mult, -1)


def swap(node: ast.AST) -> None:
    """Turn an operator into the one that is mistaken for it."""
    assert isinstance(node, ast.BinOp | ast.AugAssign)
    node.op = SWAPS[type(node.op)]()


def _compare(node: ast.AST) -> None:
    assert isinstance(node, ast.Compare)
    node.ops[0] = COMPARISONS[type(node.ops[0])]()


def other_constant(node: ast.AST) -> None:
    """Take the next number, twice a fraction, or the other truth value."""
    assert isinstance(node, ast.Constant)
    value = node.value
    if isinstance(value, bool):
        node.value = not value
    elif isinstance(value, int):
        node.value = value + 1
    elif isinstance(value, float):
        node.value = value * 2 if value else 1.0


def _plus(node: ast.AST) -> None:
    assert isinstance(node, ast.UnaryOp)
    node.op = ast.UAdd()


def negate(node: ast.AST) -> None:
    """Turn a condition round."""
    assert isinstance(node, ast.If | ast.While | ast.IfExp)
    node.test = ast.UnaryOp(ast.Not(), node.test)


def scale(place: int, operator: type[ast.operator], factor: int) -> Callable[[ast.AST], None]:
    """Make the change that multiplies or shifts one returned value."""

    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Return)
        assert node.value is not None
        if isinstance(node.value, ast.Tuple):
            old = node.value.elts[place]
            node.value.elts[place] = ast.BinOp(old, operator(), ast.Constant(factor))
        else:
            node.value = ast.BinOp(node.value, operator(), ast.Constant(factor))

    return change


def on_node(number: int, change: Callable[[ast.AST], None]) -> Callable[[ast.Module], None]:
    """Apply a change to the node of this number, as `ast.walk` counts."""

    def apply(tree: ast.Module) -> None:
        change(nth(tree, number))

    return apply


def nth(tree: ast.AST, number: int) -> ast.AST:
    """Give the node of this number, as `ast.walk` counts."""
    return next(node for place, node in enumerate(ast.walk(tree)) if place == number)


def _droppable(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call) and not _is_print(node.value)
    return isinstance(node, ast.Assign | ast.AugAssign)


def without(number: int, place: int) -> Callable[[ast.Module], None]:
    """Leave out one statement of the block of this number."""

    def apply(tree: ast.Module) -> None:
        nth(tree, number).body[place] = ast.Pass()  # type: ignore[attr-defined]

    return apply


def renaming(sources: Iterable[str]) -> dict[str, str]:
    """Invent another name for every name that cells bind (modules and `_` names stay)."""
    found: dict[str, str] = {}
    for source in sources:
        tree = parse_cell(source)
        for node in tree.body if tree is not None else []:
            if not isinstance(node, ast.Import | ast.ImportFrom):
                for name in names_of(node).binds:
                    if not name.startswith("_") and name not in _BUILTINS:
                        found[name] = f"my_{name}"
    return found


def renamed(source: str, names: Mapping[str, str]) -> str:
    """Rewrite a cell with other names and Python's own formatting; comments are gone."""
    tree = parse_cell(source)
    if tree is None:
        return source
    return ast.unparse(ast.fix_missing_locations(_Renamer(names).visit(copy.deepcopy(tree))))


class _Renamer(ast.NodeTransformer):
    """Renames module-level names; names that a function binds for itself hide them."""

    def __init__(self, names: Mapping[str, str], hidden: frozenset[str] = frozenset()) -> None:
        self._names, self._hidden = names, hidden

    def _new(self, name: str) -> str:
        return name if name in self._hidden else self._names.get(name, name)

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.copy_location(ast.Name(self._new(node.id), node.ctx), node)

    def visit_Global(self, node: ast.Global) -> ast.Global:
        return ast.Global([self._new(name) for name in node.names])

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.name = self._new(node.name)
        node.decorator_list = [self.visit(one) for one in node.decorator_list]
        self._defaults(node.args)
        inner = _Renamer(self._names, self._hidden | own_names(node))
        node.body = [inner.visit(statement) for statement in node.body]
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        self._defaults(node.args)
        inner = _Renamer(self._names, self._hidden | set(parameters(node.args)))
        node.body = inner.visit(node.body)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        node.name = self._new(node.name)
        return self.generic_visit(node)  # type: ignore[return-value]

    def _defaults(self, arguments: ast.arguments) -> None:
        arguments.defaults = [self.visit(one) for one in arguments.defaults]
        arguments.kw_defaults = [one and self.visit(one) for one in arguments.kw_defaults]


def own_names(function: ast.FunctionDef) -> frozenset[str]:
    """Collect the names that a function binds for itself: parameters and what it assigns."""
    found = set(parameters(function.args))
    shared: set[str] = set()
    for statement in function.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.Global):
                shared |= set(node.names)
    return frozenset(found - shared)
