"""Which names a statement reads, binds and changes, with Python's scopes respected."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterator
from typing import Any

from fastcompanion.base.records import frozen

_BUILTINS = frozenset(dir(builtins))
_MUTATORS = frozenset(
    [
        "append",
        "extend",
        "insert",
        "remove",
        "pop",
        "clear",
        "update",
        "add",
        "discard",
        "sort",
        "reverse",
        "setdefault",
        "fill",
        "backward",
        "step",
        "train",
        "eval",
    ]
)
_Scoped = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@frozen
class Names:
    """`reads` are free names without builtins; `changes` are changed in place; `calls` dotted."""

    reads: frozenset[str]
    binds: tuple[str, ...]
    changes: tuple[str, ...]
    calls: tuple[str, ...]
    imports: frozenset[str] = frozenset()

    @property
    def makes(self) -> tuple[str, ...]:
        """What it binds, modules and throw-away names left out."""
        return tuple(n for n in self.binds if n not in self.imports and n.strip("_"))


def names_of(node: ast.AST) -> Names:
    """Collect the names of one statement of a cell."""
    scope = _Scope()
    scope.visit(node)
    return Names(
        frozenset(scope.reads - _BUILTINS),
        tuple(scope.binds),
        tuple(scope.changes),
        tuple(scope.calls),
        frozenset(scope.imports),
    )


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """Go through a tree in the order of its text; about three times as fast as `ast.walk`."""
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        inner: list[ast.AST] = []
        for field in node._fields:
            value = getattr(node, field, None)
            if isinstance(value, list):
                inner += [item for item in value if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST) and field != "ctx":
                inner.append(value)
        stack += reversed(inner)


def dotted(node: ast.AST) -> str:
    """Write a chain of attributes as text: `np.random.seed`; what is not a name becomes "?"."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(node.id if isinstance(node, ast.Name) else "?")
    return ".".join(reversed(parts))


def base_name(node: ast.AST) -> str | None:
    """Give the variable at the root of `df["a"].b[0]`: `df`."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


class _Scope(ast.NodeVisitor):
    """One scope; functions and comprehensions get a scope of their own and hand up what is free."""

    def __init__(self) -> None:
        self.reads: set[str] = set()
        self.binds: dict[str, None] = {}
        self.changes: dict[str, None] = {}
        self.calls: list[str] = []
        self.local: set[str] = set()
        self.imports: set[str] = set()

    def visit(self, node: ast.AST) -> None:
        """Visit a node; the same as the base class, in a third of the time."""
        method = _VISITORS.get(type(node))
        if method is not None:
            method(self, node)
        else:
            self.generic_visit(node)

    def generic_visit(self, node: ast.AST) -> None:
        """Visit what a node holds, but not how a name is used, nor operators."""
        for field in node._fields:
            value = getattr(node, field, None)
            if isinstance(value, list):
                for item in value:
                    if isinstance(item, ast.AST):
                        self.visit(item)
            elif isinstance(value, ast.AST) and field not in ("ctx", "op"):
                self.visit(value)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.binds[node.id] = None
        elif node.id not in self.binds and node.id not in self.local:
            self.reads.add(node.id)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self._target(target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self._target(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        self._change(node.target)
        if isinstance(node.target, ast.Name):
            self.reads.add(node.target.id)
        else:
            self.visit(node.target)

    def _target(self, target: ast.expr) -> None:
        if isinstance(target, ast.Subscript | ast.Attribute):
            self._change(target)
        elif isinstance(target, ast.Tuple | ast.List):
            for item in target.elts:
                self._target(item)
            return
        self.visit(target)

    def _change(self, node: ast.expr) -> None:
        name = base_name(node)
        if name and name not in self.local:
            self.changes[name] = None

    def visit_Call(self, node: ast.Call) -> None:
        self.calls.append(dotted(node.func))
        if isinstance(node.func, ast.Attribute):
            attribute = node.func.attr
            trailing = attribute.endswith("_") and not attribute.endswith("__")
            if trailing or attribute in _MUTATORS or is_in_place(node):
                self._change(node.func.value)
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        self._locals(node.target)
        for child in (*node.body, *node.orelse):
            self.visit(child)

    def visit_withitem(self, node: ast.withitem) -> None:
        self.visit(node.context_expr)
        if node.optional_vars is not None:
            self._locals(node.optional_vars)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.local.add(node.name)
        self.generic_visit(node)

    def _locals(self, target: ast.expr) -> None:
        for name in ast.walk(target):
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                self.local.add(name.id)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._import((alias.asname or alias.name).split(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name != "*":
                self._import(alias.asname or alias.name)

    def _import(self, name: str) -> None:
        self.binds[name] = None
        self.imports.add(name)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.binds[node.name] = None
        for decorator in node.decorator_list:
            self.visit(decorator)
        self._arguments(node.args)
        self._inner(node.args, node.body)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._arguments(node.args)
        self._inner(node.args, [node.body])

    def _arguments(self, arguments: ast.arguments) -> None:
        for default in (*arguments.defaults, *arguments.kw_defaults):
            if default is not None:
                self.visit(default)

    def _inner(self, arguments: ast.arguments, body: list[ast.stmt] | list[ast.expr]) -> None:
        inner = _Scope()
        inner.local |= set(parameters(arguments))
        for child in body:
            inner.visit(child)
        self._take(inner)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.binds[node.name] = None
        for outer in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(outer)
        inner = _Scope()
        for child in node.body:
            inner.visit(child)
        self._take(inner)

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._comprehension(node, [node.elt])

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self._comprehension(node, [node.elt])

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._comprehension(node, [node.elt])

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehension(node, [node.key, node.value])

    def _comprehension(self, node: _Comprehension, results: list[ast.expr]) -> None:
        inner = _Scope()
        for generator in node.generators:
            inner.visit(generator.iter)
            inner._locals(generator.target)
            for condition in generator.ifs:
                inner.visit(condition)
        for result in results:
            inner.visit(result)
        self._take(inner)

    def _take(self, inner: _Scope) -> None:
        own = inner.local | set(inner.binds)
        self.reads |= {n for n in inner.reads - own if n not in self.binds and n not in self.local}
        self.calls += inner.calls


_VISITORS: dict[type[ast.AST], Callable[[_Scope, Any], None]] = {
    getattr(ast, name.removeprefix("visit_")): function
    for name, function in vars(_Scope).items()
    if name.startswith("visit_")
}


def is_in_place(node: ast.Call) -> bool:
    """Does a call say that it changes its object: `inplace=True`?"""
    return any(
        k.arg == "inplace" and isinstance(k.value, ast.Constant) and k.value.value is True
        for k in node.keywords
    )


def parameters(arguments: ast.arguments) -> list[str]:
    """Name every parameter of a function, the starred ones too."""
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
    return [a.arg for a in every]
