"""The same notebook in another style, which its checks have to accept. Pure syntax.

Own functions with their first two arguments the other way round, small helpers written out where
they are called, columns asked for in another order. What can't be told to be the same stays as it is.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping

from fastcompanion.course.checks.mutants import own_names
from fastcompanion.course.notebooks.cells import parse_cell
from fastcompanion.course.notebooks.names import names_of, parameters

Sources = Mapping[int, str]  # cells of the learner's work, by their index
_ORDERED = ("columns",)


def argument_order(sources: Sources) -> dict[int, str]:
    """Swap the first two parameters of own functions, in their headers and in all calls."""
    trees = _trees(sources)
    names = {name for name in _defined(trees) if _swappable(name, trees)}
    return _changed(sources, trees, lambda tree: _Swapper(names).visit(tree)) if names else {}


def inlined(sources: Sources) -> dict[int, str]:
    """Write functions of one expression out where they are called; they are gone then."""
    trees = _trees(sources)
    helpers = {
        name: made[0]
        for name, made in _defined(trees).items()
        if len(made) == 1 and _inlinable(made[0], trees)
    }
    # One inside of another would have to be written out twice.
    first = dict(list(helpers.items())[:1])
    return _changed(sources, trees, lambda tree: _Inliner(first).visit(tree)) if first else {}


def column_order(sources: Sources) -> dict[int, str]:
    """Ask for dummy columns in the opposite order: they are taken by name later."""
    trees = _trees(sources)
    return _changed(sources, trees, lambda tree: _Columns().visit(tree))


STYLES = (inlined, argument_order, column_order)


def in_another_style(sources: Sources) -> dict[int, str]:
    """Rewrite cells in all these ways at once; gives those that are changed."""
    found = dict(sources)
    for style in STYLES:
        found |= style(found)
    return {index: source for index, source in found.items() if source != sources[index]}


def _trees(sources: Sources) -> dict[int, ast.Module]:
    found = {}
    for index, source in sources.items():
        tree = parse_cell(source)
        if tree is not None:
            found[index] = tree
    return found


def _changed(
    sources: Sources, trees: Mapping[int, ast.Module], change: Callable[[ast.Module], ast.AST]
) -> dict[int, str]:
    """Give the cells that a change makes different."""
    found = {}
    for index, tree in trees.items():
        plain = ast.unparse(tree)
        text = ast.unparse(ast.fix_missing_locations(change(copy.deepcopy(tree))))
        if text != plain and text != sources[index]:
            found[index] = text
    return found


def _defined(trees: Mapping[int, ast.Module]) -> dict[str, list[ast.FunctionDef]]:
    found: dict[str, list[ast.FunctionDef]] = {}
    for tree in trees.values():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                found.setdefault(node.name, []).append(node)
    return found


def _uses(name: str, trees: Mapping[int, ast.Module]) -> Iterator[ast.Call | None]:
    """Give each call of a function by its name; None for a use that is no call, or a rebinding."""
    for tree in trees.values():
        called = {id(n.func): n for n in ast.walk(tree) if isinstance(n, ast.Call)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id == name:
                yield called.get(id(node))
            elif isinstance(node, ast.arg) and node.arg == name:
                yield None
            elif isinstance(node, ast.FunctionDef) and node.name == name and node not in tree.body:
                yield None


def _plain(function: ast.FunctionDef, count: int) -> bool:
    """Does a function take at least so many plain arguments without defaults, undecorated?"""
    told = function.args
    if told.vararg or told.kwarg or told.posonlyargs or function.decorator_list:
        return False
    return len(told.args) - len(told.defaults) >= count


def _swappable(name: str, trees: Mapping[int, ast.Module]) -> bool:
    if not all(_plain(one, 2) for one in _defined(trees)[name]):
        return False
    calls = list(_uses(name, trees))
    return bool(calls) and all(
        call is not None
        and len(call.args) >= 2
        and not any(isinstance(argument, ast.Starred) for argument in call.args)
        for call in calls
    )


class _Swapper(ast.NodeTransformer):
    def __init__(self, names: set[str]) -> None:
        self._names = names

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        if node.name in self._names:
            node.args.args[:2] = node.args.args[1::-1]
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in self._names:
            node.args[:2] = node.args[1::-1]
        return node


def _inlinable(function: ast.FunctionDef, trees: Mapping[int, ast.Module]) -> bool:
    """Is it one returned expression, always called with plain names where nothing hides what it reads?"""
    body = function.body
    if not _plain(function, len(function.args.args)) or function.args.kwonlyargs:
        return False
    if len(body) != 1 or not isinstance(body[0], ast.Return) or body[0].value is None:
        return False
    taken = set(parameters(function.args))
    inner = [n for n in ast.walk(body[0]) if isinstance(n, ast.Lambda | ast.ListComp | ast.Await)]
    calls = list(_uses(function.name, trees))
    if inner or not calls:
        return False
    free = names_of(function).reads - taken
    hidden = any(
        free & own_names(other)
        for tree in trees.values()
        for other in ast.walk(tree)
        if isinstance(other, ast.FunctionDef) and other is not function
    )
    return not hidden and all(_plain_call(call, len(taken)) for call in calls)


def _plain_call(call: ast.Call | None, count: int) -> bool:
    return (
        call is not None
        and not call.keywords
        and len(call.args) == count
        and all(isinstance(argument, ast.Name | ast.Constant) for argument in call.args)
    )


class _Inliner(ast.NodeTransformer):
    def __init__(self, helpers: Mapping[str, ast.FunctionDef]) -> None:
        self._helpers = helpers

    def visit_Module(self, node: ast.Module) -> ast.AST:
        body = [s for s in node.body if not (isinstance(s, ast.FunctionDef) and self._gone(s))]
        node.body = body or [ast.Pass()]
        return self.generic_visit(node)

    def _gone(self, node: ast.FunctionDef) -> bool:
        return node.name in self._helpers

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        helper = self._helpers.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if helper is None:
            return node
        returned = helper.body[0]
        assert isinstance(returned, ast.Return)
        assert returned.value is not None
        put: dict[str, ast.expr] = dict(zip(parameters(helper.args), node.args, strict=True))
        return _Filler(put).visit(copy.deepcopy(returned.value))  # type: ignore[no-any-return]


class _Filler(ast.NodeTransformer):
    """Puts arguments in the place of parameters."""

    def __init__(self, put: Mapping[str, ast.expr]) -> None:
        self._put = put

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return copy.deepcopy(self._put[node.id]) if node.id in self._put else node


class _Columns(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if name == "get_dummies":
            for keyword in node.keywords:
                if keyword.arg in _ORDERED and isinstance(keyword.value, ast.List):
                    keyword.value.elts.reverse()
        return node
