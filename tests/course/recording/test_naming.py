"""Planted mistakes in plain words."""

from __future__ import annotations

import pytest

from fastcompanion.course.checks.slips import OPERATORS, Surroundings, slips
from fastcompanion.course.recording import naming

AROUND = Surroundings(bound=("trn_dep", "val_dep"), kinds={"df": "frame"}, columns=("a", "b"))


@pytest.mark.parametrize(
    ("source", "operator", "words"),
    [
        ("m = x.mean()", "aggregate", "with the sum in place of the mean"),
        ("y = x.abs()", "call", "without taking absolute values"),
        ("y = a @ b.T", "call", "without transposing"),
        ("w.sub_(g)", "step sign", "with the sign of the step turned round"),
        ("y = f(trn_dep)", "sibling", "with the validation set in place of the training set"),
        ("w.grad.zero_()", "statement", "with gradients that are never set back to zero"),
        ("y = a + b", "operator", "with minus in place of plus"),
        ("y = a / b", "term", "without the division"),
        ("y = a + 1", "term", "with a constant term left out"),
        ("y = x[:n]", "range", "with the last one left out"),
        ("y = -x", "minus", "without the minus sign"),
        ("y = f(a, b)", "arguments", "with two arguments the other way round"),
        ("def f(x):\n    return x, 1", "return", "with the first result twice as large"),
        ("y = df.a", "column", "with another column of the table"),
        ("c = ['a', 'b', 'c']", "item", "with the first name of a list left out"),
    ],
)
def test_the_words_of_a_mistake(source: str, operator: str, words: str) -> None:
    found = [one for one in slips(source, AROUND) if one.operator == operator]
    assert naming.words(found[0]) == words


def test_every_operator_has_words_that_hold_no_code() -> None:
    source = (
        "def f(w, g1, g2):\n    if w > 3:\n        w -= g1\n    loss = -np.abs(w[0] * w[1:] + 2).mean(axis=1)\n"
        "    for i in range(n):\n        step(w, g1)\n        w = w - g1\n    w.sub_(g2)\n    return loss\n"
        "d = g(trn_dep, val_dep) - df['a']\nnames = ['a', 'b', 'c']"
    )
    found = slips(source, AROUND)
    assert {one.operator for one in found} == set(OPERATORS)
    for one in found:
        said = naming.words(one)
        assert said.split()[0] in ("with", "without", "along", "over"), said
        assert not set(said) & set("()[]=_.*@'"), said
