"""What a function does to the world, as far as its tree tells: returns, prints, changes, draws."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator

from fastcompanion.course.notebooks.cells import is_drawing
from fastcompanion.course.notebooks.names import Names, dotted, names_of, parameters
from fastcompanion.course.scaffolds.checkpoints import value_kind

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_KINDS = {"array": "an array or tensor", "number": "a number", "frame": "a frame",
          "model": "a model", "function": "a function"}  # fmt: skip
_MADE = {"dict": "a dict", "list": "a list", "set": "a set", "str": "text", "sorted": "a list",
         "tuple": "a tuple", "zip": "pairs", "bool": "True or False"}  # fmt: skip
_BODIES = ("body", "orelse", "finalbody", "handlers")


def inside(statements: Iterable[ast.AST]) -> Iterator[ast.stmt]:
    """Give statements and those nested in them, without looking into definitions."""
    for node in statements:
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for field in _BODIES:
                yield from inside(getattr(node, field, ()))


def effects(node: _Function, calls: Iterable[str]) -> list[str]:
    """Say what a function gives back, prints and changes; `calls` are all that it calls."""
    body = list(inside(node.body))
    changed = _changed(node)
    found = [f"changes {_listed(changed)} in place"] if changed else []
    methods = _methods(node.body)
    found += [f"calls {_listed(methods)}"] if methods else []
    calls = set(calls)
    if "print" in calls:
        shown = _printed(body)
        found.append(f"prints {_listed(shown)}" if shown else "prints")
    if any(is_drawing(call) for call in calls):
        found.append("draws")
    if any(
        isinstance(n, ast.Expr) and isinstance(n.value, ast.Yield | ast.YieldFrom) for n in body
    ):
        return [*found, "a generator"]
    returned = [n.value for n in body if isinstance(n, ast.Return) and n.value is not None]
    if not returned:
        return [*found, "returns nothing"]
    told = _returned(returned[-1])
    return [*found, f"returns {told}"] if told else found


def contexts(statements: Iterable[ast.AST]) -> list[str]:
    """Say what belongs inside which `with`: "inside `torch.no_grad()`: `w`"; files are left out."""
    found: dict[str, dict[str, None]] = {}
    for node in inside(statements):
        if isinstance(node, ast.With | ast.AsyncWith):
            calls = [
                i.context_expr.func for i in node.items if isinstance(i.context_expr, ast.Call)
            ]
            for name in map(dotted, calls):
                if "?" not in name and name != "open":
                    found.setdefault(name, {}).update(dict.fromkeys(_concerned(node.body)))
    return [
        f"inside `{name}()`" + (f": {_listed([*names][:4])}" if names else "")
        for name, names in found.items()
    ]


def _concerned(body: list[ast.stmt]) -> list[str]:
    names = names_of(ast.Module(body=body, type_ignores=[]))
    made = [*names.changes, *names.makes]
    own = [call for call in names.calls if call.isidentifier() and not hasattr(builtins, call)]
    return made or own[:1] or sorted(names.reads)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _methods(body: Iterable[ast.stmt]) -> list[str]:
    """List the methods that change something out of sight: torch's end in "_", and `backward`.

    Learners who were left to guess did so about `requires_grad_` and `zero_` more than anything.
    """
    found: dict[str, None] = {}
    for statement in body:
        for node in ast.walk(statement):
            match node:
                case ast.Call(func=ast.Attribute(attr=name)) if _changes(name):
                    found[name] = None
    return list(found)


def _changes(name: str) -> bool:
    return name == "backward" or (name.endswith("_") and not name.startswith("_"))


def _returned(value: ast.expr) -> str:
    """Say what kind of value is returned, "" when the tree does not tell."""
    match value:
        case ast.Tuple(elts=elts) if elts:
            return f"a tuple of {len(elts)}"
        case ast.Dict() | ast.DictComp():
            return "a dict"
        case ast.List() | ast.ListComp():
            return "a list"
        case ast.JoinedStr() | ast.Constant(value=str()):
            return "text"
        case ast.Compare() | ast.Constant(value=bool()):
            return "True or False, or an array of them"
        case ast.Constant(value=int() | float()):
            return "a number"
        case ast.Call(func=ast.Name(id=name)) if name in _MADE:
            return _MADE[name]
    return _KINDS.get(value_kind(value), "")


def _printed(body: Iterable[ast.stmt]) -> list[str]:
    """Name the variables that are printed as they are, also inside f-strings."""
    found: dict[str, None] = {}
    for node in body:
        match node:
            case ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=args)):
                for arg in args:
                    values = arg.values if isinstance(arg, ast.JoinedStr) else [arg]
                    for value in values:
                        inner = value.value if isinstance(value, ast.FormattedValue) else value
                        if isinstance(inner, ast.Name):
                            found[inner.id] = None
    return list(found)


def _changed(node: _Function) -> list[str]:
    """List the parameters that are changed in place, also item by item in a loop over them."""
    names = names_of(ast.Module(body=node.body, type_ignores=[]))
    mine = [p for p in parameters(node.args) if p not in names.binds and p not in ("self", "cls")]
    from_where = _aliases(node, mine)
    hit = {*names.changes, *_by_loops(node)}
    return [p for p in mine if any(from_where.get(n) == p for n in hit)]


def _aliases(node: _Function, mine: Iterable[str]) -> dict[str, str]:
    """Map names to the parameter that they are or were unpacked from: `layers, consts = coeffs`."""
    found = {p: p for p in mine}
    for statement in node.body:
        match statement:
            case ast.Assign(targets=[target], value=ast.Name(id=source)) if source in found:
                for name in names_of(target).binds:
                    found[name] = found[source]
    return found


def _by_loops(node: _Function) -> set[str]:
    """List what loops go over whose items they change in place."""
    hit: set[str] = set()
    for loop in inside(node.body):
        if isinstance(loop, ast.For):
            body: Names = names_of(ast.Module(body=loop.body, type_ignores=[]))
            if set(body.changes) & set(names_of(loop.target).binds):
                hit |= names_of(loop.iter).reads
    return hit
