"""Sets of data that are taken for one another: training, validation and test. Pure syntax."""

from __future__ import annotations

import ast
import copy
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import permutations

from fastcompanion.course.checks.mutants import Change

_SETS: Mapping[str, str] = {
    "trn": "training", "train": "training", "val": "validation", "valid": "validation",
    "tst": "test", "test": "test",
}  # fmt: skip


def other_sets(
    node: ast.AST, known: Sequence[str], spared: Collection[int]
) -> Iterator[tuple[str, Change]]:
    """Take all names of a statement or a cell from another set: training, validation, test."""
    names = {
        n.id
        for n in ast.walk(node)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and id(n) not in spared
    }
    for old, new in permutations(_SETS, 2):
        pairs = {n: "_".join(new if p == old else p for p in n.split("_")) for n in names}
        pairs = {n: other for n, other in pairs.items() if n != other and other in known}
        if len(pairs) > 1:
            yield f"with the {_SETS[old]} set in place of the {_SETS[new]} set", _renamed(pairs)


def _renamed(pairs: Mapping[str, str]) -> Change:
    def change(node: ast.AST) -> None:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
                inner.id = pairs.get(inner.id, inner.id)

    return change


def first_changed(tree: ast.Module, change: Change) -> ast.stmt:
    """Give the first statement that a change of a whole cell touches."""
    for one in tree.body:
        twin = copy.deepcopy(one)
        change(twin)
        if ast.unparse(twin) != ast.unparse(one):
            return one
    return tree.body[0]
