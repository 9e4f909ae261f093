"""How near code is to the original's: what undoes a mistake brings it nearer, what is an accident does not."""

from __future__ import annotations

import ast

import pytest

from fastcompanion.course.checks.nearer import Original, form
from fastcompanion.course.checks.omissions import original_calls
from fastcompanion.course.checks.repairs import Repair, Words, repairs


def words_like(original: str, *names: str) -> Words:
    tree = ast.parse(original)
    return Words(names=names, originals=original_calls([tree]), trees=(tree,), numbers=(0.5,))


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def tried(wrong: str, right: str, original: str) -> Repair:
    plain = ast.unparse(ast.parse(right))
    [found] = [
        one
        for one in repairs(wrong, words_like(original, "preds", "deps", "n", "rows"))
        if ast.unparse(ast.parse(one.source)) == plain
    ]
    return found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("df.Age", "df['Age']"),
        ("a == b", "b == a"),
        ("a > b", "b < a"),
        ("a * b", "b * a"),
        ("x.sum(dim=1)", "x.sum(axis=1)"),
        ("torch.abs(x)", "np.abs(x)"),
        ("abs(x)", "x.abs()"),
        ("f(a=1, b=2)", "f(b=2, a=1)"),
        ("2", "2.0"),
    ],
)
def test_other_ways_to_write_the_same_are_the_same(one: str, other: str) -> None:
    assert form(expression(one)) == form(expression(other))


@pytest.mark.parametrize(("one", "other"), [("a - b", "b - a"), ("x[0]", "x[1]"), ("f(a)", "g(a)")])
def test_what_is_something_else_is_not_the_same(one: str, other: str) -> None:
    assert form(expression(one)) != form(expression(other))


def test_parts_of_the_original_are_counted() -> None:
    own = ast.parse("e = preds - 1\nd = 2")
    other = ast.parse("e = preds + 1\nd = 2")
    original = Original(own, [ast.parse("loss = (preds + 1).mean()")])
    gain, size = original.compared(other, [ast.unparse(one) for one in other.body])
    assert (gain, size) == (2, 8)
    assert original.compared(own, [ast.unparse(one) for one in own.body]) == (0, 0)


# What set five sections right by accident, and was told; beside it, what undoes the mistake.
ACCIDENTS = [
    (
        "r = (preds < 0.5) == deps.bool()",
        "r = (preds > 0.5) == deps.bool()",
        "r = (preds < 0.5) != deps.bool()",
        "r = deps.bool() == (preds > 0.5)",
    ),
    (
        "r = f(preds.astype(bool))",
        "r = f(preds.astype(float))",
        "r = f(f(preds, dtype=torch.float))",
        "r = f(preds.astype(float), dtype=torch.float)",
    ),
    (
        "for i in rows:\n    r = preds @ i + 1\n    if i != n:\n        r = f(r)",
        "for i in rows:\n    r = preds @ i + 1\n    if i != n - 1:\n        r = f(r)",
        "for i in rows:\n    if i != n:\n        r = f(r)\n    r = preds @ i + 1",
        "for i, row in rows:\n    r = preds @ row + 1\n    if i != n - 1: r = f(r)",
    ),
]


@pytest.mark.parametrize(("wrong", "undone", "accident", "original"), ACCIDENTS)
def test_what_undoes_a_mistake_comes_before_an_accident(
    wrong: str, undone: str, accident: str, original: str
) -> None:
    mended, other = tried(wrong, undone, original), tried(wrong, accident, original)
    assert mended.tier == 0
    assert mended.rank < other.rank


def test_times_one_is_no_mistake_of_a_sign() -> None:
    words = {one.words for one in repairs("r = 1 - preds", words_like("r = preds", "preds"))}
    assert "with minus in place of times" not in words
    assert "with `1 -`, which does not belong there" in words
    assert "with plus in place of times" not in {
        one.words for one in repairs("r = f(preds + 1)", words_like("r = f(preds)", "preds"))
    }


def test_without_an_original_nothing_is_nearer() -> None:
    assert {one.gain for one in repairs("r = preds - 1", Words(names=("preds",)))} == {0}


def test_the_same_change_gets_the_words_that_say_most() -> None:
    found = tried(
        "r = f((preds * n).mean(axis=1))",
        "r = f((preds * n).sum(axis=1))",
        "r = f((preds * n).sum(axis=1))",
    )
    assert found.words == "with the mean in place of the sum"
