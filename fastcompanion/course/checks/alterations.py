"""What turns one part of a syntax tree into another, in place: the hands of repairs.py. Pure syntax."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable

from fastcompanion.course.checks.mutants import Change, nth


def body(node: ast.AST) -> list[ast.stmt]:
    """Give the statements of a block, none for what holds none."""
    body = getattr(node, "body", ())
    return body if isinstance(body, list) else []  # that of a lambda is no list


def swapped(number: int, place: int) -> Callable[[ast.Module], None]:
    """Put a statement of a block behind the next one."""

    def apply(tree: ast.Module) -> None:
        body = nth(tree, number).body  # type: ignore[attr-defined]
        body[place], body[place + 1] = body[place + 1], body[place]

    return apply


def pulled_in(number: int, place: int) -> Callable[[ast.Module], None]:
    """Put a statement at the end of the block before it."""

    def apply(tree: ast.Module) -> None:
        body = nth(tree, number).body  # type: ignore[attr-defined]
        body[place - 1].body.append(body.pop(place))

    return apply


def pulled_down(number: int, place: int) -> Callable[[ast.Module], None]:
    """Put a statement at the start of the block behind it."""

    def apply(tree: ast.Module) -> None:
        body = nth(tree, number).body  # type: ignore[attr-defined]
        body[place + 1].body.insert(0, body.pop(place))

    return apply


def pushed_out(number: int, holder: int, place: int, after: int) -> Callable[[ast.Module], None]:
    """Put a statement of a block before (0) or behind (1) that block."""

    def apply(tree: ast.Module) -> None:
        block, outer = nth(tree, number), nth(tree, holder)
        moved = block.body.pop(place)  # type: ignore[attr-defined]
        body: list[ast.AST] = outer.body  # type: ignore[attr-defined]
        body.insert(body.index(block) + after, moved)

    return apply


def removed(number: int, place: int) -> Callable[[ast.Module], None]:
    """Leave a statement out."""

    def apply(tree: ast.Module) -> None:
        del nth(tree, number).body[place]  # type: ignore[attr-defined]

    return apply


def become(node: ast.AST, other: ast.AST) -> None:
    """Turn a node into another one: whoever holds it sees the other."""
    kept = dict(vars(other))
    vars(node).clear()
    node.__class__ = other.__class__
    vars(node).update(kept)


def changing(made: Callable[[ast.AST], ast.AST]) -> Change:
    """Make a change of what gives the new node for the old one."""

    def change(node: ast.AST) -> None:
        become(node, made(copy.copy(node)))

    return change


def into(name: str) -> Change:
    """Put one part of a node in its place."""
    return changing(lambda node: getattr(node, name))


def func_value(node: ast.AST) -> ast.AST:
    """Give what a method is called on."""
    return node.func.value  # type: ignore[attr-defined,no-any-return]


def having(**fields: object) -> Change:
    """Set fields of a node."""

    def change(node: ast.AST) -> None:
        for name, value in fields.items():
            setattr(node, name, value)

    return change


def put(value: object) -> Change:
    """Set the value of a constant."""
    return having(value=value)


def rename(name: str) -> Change:
    """Set the name of a variable."""
    return having(id=name)


def attribute(name: str) -> Change:
    """Set the name of a method."""

    def change(node: ast.AST) -> None:
        node.func.attr = name  # type: ignore[attr-defined]

    return change


def called(name: str) -> Change:
    """Set the name of what is called."""

    def change(node: ast.AST) -> None:
        func = node.func  # type: ignore[attr-defined]
        setattr(func, "attr" if isinstance(func, ast.Attribute) else "id", name)

    return change


def typed(name: str) -> Change:
    """Set the name of an attribute."""
    return having(attr=name)


def operator(other: type[ast.operator]) -> Change:
    """Set an operator."""
    return having(op=other())


def sliced(index: ast.expr) -> Change:
    """Set what is between square brackets."""
    return having(slice=index)


def compare(other: type[ast.cmpop]) -> Change:
    """Set the first comparison."""

    def change(node: ast.AST) -> None:
        node.ops[0] = other()  # type: ignore[attr-defined]

    return change


def negate(node: ast.AST) -> None:
    """Turn a condition round."""
    node.test = ast.UnaryOp(ast.Not(), node.test)  # type: ignore[attr-defined]


def first(node: ast.AST) -> None:
    """Put the first argument of a call in its place."""
    become(node, node.args[0])  # type: ignore[attr-defined]


def swap_in(name: str, one: int, other: int) -> Change:
    """Exchange two items of a list that a node holds."""

    def change(node: ast.AST) -> None:
        items = getattr(node, name)
        items[one], items[other] = items[other], items[one]

    return change


def swap_sides(node: ast.AST) -> None:
    """Exchange both sides of an operator."""
    node.left, node.right = node.right, node.left  # type: ignore[attr-defined]


def without_item(place: int) -> Change:
    """Leave out one item of a list."""

    def change(node: ast.AST) -> None:
        del node.elts[place]  # type: ignore[attr-defined]

    return change


def keyword(place: int, value: object) -> Change:
    """Set the value of a keyword."""

    def change(node: ast.AST) -> None:
        new = value if isinstance(value, ast.expr) else ast.Constant(value)  # type: ignore[arg-type]
        node.keywords[place].value = new  # type: ignore[attr-defined]

    return change


def drop(place: int) -> Change:
    """Leave out a keyword."""

    def change(node: ast.AST) -> None:
        del node.keywords[place]  # type: ignore[attr-defined]

    return change


def add_axis(axis: int, *, kept: bool = False) -> Change:
    """Summarise along one axis, which may be kept."""

    def change(node: ast.AST) -> None:
        words = node.keywords  # type: ignore[attr-defined]
        words.append(ast.keyword("axis", ast.Constant(axis)))
        if kept:
            words.append(ast.keyword("keepdims", ast.Constant(True)))

    return change


def bounded(end: str, shift: int | None) -> Change:
    """Move one end of a slice, or leave it open (None)."""

    def change(node: ast.AST) -> None:
        old = getattr(node, end)
        setattr(node, end, shift and ast.BinOp(old, ast.Add(), ast.Constant(shift)))

    return change


def shifted(shift: int) -> Change:
    """Move both ends of a slice, of which one may be open."""

    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Slice)
        low = 0 if node.lower is None else node.lower
        lower = ast.Constant(low) if isinstance(low, int) else low
        node.lower = ast.BinOp(lower, ast.Add(), ast.Constant(shift))
        if node.upper is not None:
            node.upper = ast.BinOp(node.upper, ast.Add(), ast.Constant(shift))

    return change


def other_end(node: ast.AST) -> None:
    """Take the rest in place of a part: `[:n]` becomes `[n:]`, `[-n:]`, and the other way round."""
    assert isinstance(node, ast.Slice)
    node.lower, node.upper = node.upper, node.lower


def from_other_end(node: ast.AST) -> None:
    """Take as many from the other end: `[:n]` becomes `[-n:]`, `[n:]` becomes `[:-n]`."""
    assert isinstance(node, ast.Slice)
    end = node.upper if node.lower is None else node.lower
    if isinstance(end, ast.UnaryOp) and isinstance(end.op, ast.USub):
        turned = end.operand
    elif end is not None:
        turned = ast.UnaryOp(ast.USub(), end)
    node.lower, node.upper = (turned, None) if node.lower is None else (None, turned)


def minus(node: ast.AST) -> None:
    """Put a minus sign before an expression."""
    become(node, ast.UnaryOp(ast.USub(), copy.copy(node)))  # type: ignore[arg-type]


def wrap(name: str, module: str) -> Change:
    """Call a function, or a method where no module is named, on an expression."""

    def made(node: ast.AST) -> ast.AST:
        assert isinstance(node, ast.expr)
        if name == "T":
            return ast.Attribute(node, "T", ast.Load())
        if module:
            return ast.Call(
                ast.Attribute(ast.Name(module, ast.Load()), name, ast.Load()), [node], []
            )
        return ast.Call(ast.Attribute(node, name, ast.Load()), [], [])

    return changing(made)


def absolute(node: ast.AST) -> None:
    """Turn a power into an absolute value."""
    assert isinstance(node, ast.BinOp)
    become(node, ast.Call(ast.Name("abs", ast.Load()), [node.left], []))


def divided(name: str) -> Change:
    """Divide by the length of what has a name."""

    def change(node: ast.AST) -> None:
        count = ast.Call(ast.Name("len", ast.Load()), [ast.Name(name, ast.Load())], [])
        node.value = ast.BinOp(node.value, ast.Div(), count)  # type: ignore[attr-defined]

    return change


def scaled(field_name: str, factor: float) -> Change:
    """Multiply one part by a factor."""

    def change(node: ast.AST) -> None:
        old = getattr(node, field_name)
        setattr(node, field_name, ast.BinOp(old, ast.Mult(), ast.Constant(factor)))

    return change


def set_plainly(node: ast.AST) -> None:
    """Turn `x += y` into `x = y`."""
    assert isinstance(node, ast.AugAssign)
    become(node, ast.Assign([node.target], node.value))


def add_to(node: ast.AST) -> None:
    """Turn `x = y` into `x += y`."""
    assert isinstance(node, ast.Assign)
    assert isinstance(node.targets[0], ast.Name)
    become(node, ast.AugAssign(node.targets[0], ast.Add(), node.value))


def assign_to(name: str) -> Change:
    """Assign to another name."""

    def change(node: ast.AST) -> None:
        node.targets = [ast.Name(name, ast.Store())]  # type: ignore[attr-defined]

    return change


def keep(name: str) -> Change:
    """Assign what an expression gives."""

    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Expr)
        become(node, ast.Assign([ast.Name(name, ast.Store())], node.value))

    return change


def inserted(number: int, place: int, step: ast.stmt) -> Callable[[ast.Module], None]:
    """Put another statement into a block."""

    def apply(tree: ast.Module) -> None:
        nth(tree, number).body.insert(place, copy.deepcopy(step))  # type: ignore[attr-defined]

    return apply


def shifted_limit(op: type[ast.operator]) -> Change:
    """Compare with one more or one less."""

    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Compare)
        node.comparators[0] = ast.BinOp(node.comparators[0], op(), ast.Constant(1))

    return change


def argument(place: int, value: ast.expr) -> Change:
    """Set an argument of a call."""

    def change(node: ast.AST) -> None:
        node.args[place] = value  # type: ignore[attr-defined]

    return change
