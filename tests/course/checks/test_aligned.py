"""The smallest differences from the original: which part is changed, and what is said of it."""

from __future__ import annotations

import ast

import pytest

from fastcompanion.course.checks import aligned
from fastcompanion.course.checks.repairs import Words, repairs


def found(wrong: str, original: str) -> list[tuple[str, str]]:
    trees = [ast.parse(original)]
    return [
        (ast.unparse(node), said)
        for node, _, said, _ in aligned.differences(ast.parse(wrong), trees)
    ]


@pytest.mark.parametrize(
    ("wrong", "original", "part", "said"),
    [
        ("w = rand(n) * 10", "w = rand(n) * 0.1", "10", "with 10 where another number belongs"),
        ("m = d.iloc[-1]", "m = d.iloc[0]", "-1", "with -1 where another number belongs"),
        ("p = f(test, x)", "p = f(w, x)", "test", "with `test` where another name belongs"),
        ("t = d['Parch']", "t = d.Survived", "'Parch'", "with 'Parch' where another name belongs"),
        ("r = p == d", "r = (p > 0.5) == d", "p", "without a comparison"),
        ("r = p @ w", "r = g(p @ w)", "p @ w", "without `g`"),
        ("r = g(p)", "r = p", "g(p)", "with `g` where it does not belong"),
        ("r = p * w", "r = p * w * 2", "p * w", "with one factor left out"),
        ("r = p", "r = -p", "p", "without a minus sign"),
        ("r = 1 - p", "r = p", "1 - p", "with `1 -`, which does not belong there"),
        ("h = [10]", "h = [10, 10]", "[10]", "with something left out of a list"),
        ("w = rand(n)", "w = rand(n, 1)", "rand(n)", "with other arguments of `rand`"),
        ("w = zeros(n)", "w = rand(n) - 0.5", "zeros(n)", "with `zeros(n)` where something else belongs"),
        ("w = zeros(n, 2)", "w = rand(n, 2)", "zeros(n, 2)", "with `zeros` where another function belongs"),
        ("c = int(y.mean())", "c = g(y).argmax()", "int(y.mean())", "with `int(y.mean())` where something else belongs"),
        ("e = a - (p @ w)", "e = a - int(p @ w > 0)", "p @ w", "without a comparison"),
        ("r = p < w", "r = p <= w", "p < w", "with `p < w` where another comparison belongs"),
        ("def f(n=2):\n    return n", "def f(n=20):\n    return n", "2", "with 2 where another number belongs"),
        ("def f(a):\n    return a * 2", "def f(x):\n    return x", "a * 2", "with `2`, which does not belong there"),
    ],
)  # fmt: skip
def test_the_smallest_part_is_changed(wrong: str, original: str, part: str, said: str) -> None:
    assert (part, said) in found(wrong, original)


def test_what_is_the_same_but_for_its_writing_is_left_alone() -> None:
    assert not found("r = d['Age'] * 2\ns = b == a", "r = 2 * d.Age\ns = a == b")


def test_a_step_that_is_missing_is_put_behind_the_one_before() -> None:
    wrong = "def f(w):\n    w.sub_(w.grad)\n    return w"
    right = "def f(w):\n    w.sub_(w.grad)\n    w.grad.zero_()\n    return w"
    told = [
        (one.source, one.words, one.line)
        for one in repairs(wrong, Words(trees=(ast.parse(right),)))
        if one.kind == "missing"
    ]
    assert told == [(right, aligned.MISSING, 2)]
