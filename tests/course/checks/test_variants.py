"""Several wrong versions of each place: what each kind gives, and what is left alone."""

from __future__ import annotations

import ast

import pytest

from fastcompanion.course.checks.slips import Surroundings, slips
from fastcompanion.course.checks.variants import variants


def changed(source: str, operator: str, around: Surroundings | None = None) -> list[str]:
    """Give the changed lines of one operator."""
    found = variants(source, around or Surroundings())
    return sorted(one.after for one in found if one.operator == operator)


@pytest.mark.parametrize(
    ("operator", "source", "expected"),
    [
        ("aggregate", "m = x.median()", ["max", "mean", "min", "prod", "std", "sum", "var"]),
        ("aggregate", "m = df.mode()", ["max", "mean", "median", "min"]),
        ("aggregate", "m = min(x)", ["max", "sum"]),
        ("aggregate", "m = np.mean(x)", ["max", "median", "min", "prod", "std", "sum", "var"]),
        ("function", "y = torch.sigmoid(x)", ["relu", "tanh"]),
        ("function", "y = np.log(x)", ["log10", "log1p", "log2", "sqrt"]),
    ],
)
def test_each_other_name_is_called(operator: str, source: str, expected: list[str]) -> None:
    name = next(n for n in ("median", "mode", "min", "mean", "sigmoid", "log") if f"{n}(" in source)
    assert changed(source, operator) == sorted(source.replace(name, other) for other in expected)


def test_with_an_axis_only_summaries_that_give_one_thing() -> None:
    assert changed("m = x.sum(axis=1)", "aggregate") == [
        "m = x.mean(axis=1)", "m = x.prod(axis=1)", "m = x.std(axis=1)", "m = x.var(axis=1)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("operator", "source", "expected"),
    [
        ("comparison", "ok = p > 0.5", ["!=", "<", "<=", "==", ">="]),
        ("comparison", "ok = p == 0.5", ["!=", "<", "<=", ">", ">="]),
        ("comparison", "ok = p is 0.5", ["is not"]),
        ("operator", "y = a * b", ["+", "-", "/"]),
        ("operator", "y = a - b", ["*", "+", "/"]),
    ],
)
def test_each_other_sign(operator: str, source: str, expected: list[str]) -> None:
    name, _, left, _, right = source.split()
    assert changed(source, operator) == sorted(f"{name} = {left} {s} {right}" for s in expected)


@pytest.mark.parametrize(
    ("operator", "source", "expected"),
    [
        ("condition", "ok = p > 0.5", ["ok = (p > 0.5) & False", "ok = (p > 0.5) | True"]),
        ("condition", "if p > q:\n    r = [1]", ["if False:", "if True:", "if not p > q:"]),
        ("condition", "ok = (a > b) & c", ["ok = ((a > b) | True) & c", "ok = (a > b) & False & c", "ok = (a > b) | c"]),
        ("condition", "ok = a and b", ["ok = a or b"]),
        ("term", "y = a - b", ["y = a", "y = b"]),
        ("index", "y = x[0]", ["y = x[-1]", "y = x[1]", "y = x[2]"]),
        ("index", "for i in range(3):\n    y = x[i]", ["y = x[-1]", "y = x[0]", "y = x[i + 1]", "y = x[i - 1]"]),
        ("index", "y = x[i]", []),
        ("range", "for i in range(n):\n    f(i)", ["for i in range(0, n, 2):", "for i in range(1, n):", "for i in range(n + 1):", "for i in range(n - 1):"]),
        ("range", "for w in weights:\n    w.zero_()", ["for w in weights[1:]:", "for w in weights[::2]:", "for w in weights[:-1]:"]),
        ("range", "for i, w in enumerate(ws):\n    f(w)", ["for i, w in enumerate(ws[1:]):", "for i, w in enumerate(ws[::2]):", "for i, w in enumerate(ws[:-1]):"]),
        ("range", "y = x[:n]", ["y = x[:n + 1]", "y = x[:n - 1]", "y = x[:n - 1]", "y = x[n:]"]),
        ("step sign", "w -= g", ["w += g"]),
        ("step", "w -= g", ["w *= g", "w -= g * 0.5", "w -= g * 2"]),
        ("step", "w.sub_(g)", ["w.copy_(g)", "w.div_(g)", "w.mul_(g)", "w.sub(g)", "w.sub_(g * 0.5)", "w.sub_(g * 2)"]),
        ("step", "w = w - g", ["w = w - g * 0.5", "w = w - g * 2"]),
        ("axis", "y = x.sum(axis=1)", ["y = x.sum()", "y = x.sum(axis=0)", "y = x.sum(axis=1, keepdims=True)"]),
        ("axis", "y = x[:, None]", ["y = x", "y = x[None, :]"]),
        ("axis", "y = df.mode().iloc[0]", ["y = df.mode().iloc[:, 0]"]),
        ("axis", "def f(x, w):\n    return torch.exp(x @ w)", ["return torch.exp(x @ w).T", "return torch.exp(x @ w).ravel()"]),
        ("constant", "y = f(4, 0.5)", ["y = f(3, 0.5)", "y = f(4, -0.5)", "y = f(4, 0.25)", "y = f(4, 1.0)", "y = f(4, 5.0)", "y = f(5, 0.5)", "y = f(8, 0.5)"]),
        ("item", "y = f(['a', 'b'])", ["y = f(['a'])", "y = f(['b'])"]),
    ],
)  # fmt: skip
def test_each_version_of_a_place(operator: str, source: str, expected: list[str]) -> None:
    assert sorted(set(changed(source, operator))) == sorted(set(expected))


def test_names_of_the_same_form_are_mixed_up() -> None:
    forms = {"df": "frame", "other": "frame", "w": "array [3]", "top": "array [3]", "f": ""}
    around = Surroundings(bound=("other", "top", "f", "df", "w"), forms=forms)
    assert changed("y = df.size + w", "sibling", around) == [
        "y = df.size + top",
        "y = other.size + w",
    ]
    # A function's own names are its business.
    assert changed("def g(w):\n    return [w]", "sibling", around) == []


def test_what_is_unpacked_together_and_added_is_mixed_up() -> None:
    source = "def f(both):\n    ws, bs = both\n    for w in ws + bs:\n        w.zero_()"
    assert changed(source, "sibling") == ["for w in bs + bs:", "for w in ws + ws:"]


def test_tables_have_other_columns_and_another_axis() -> None:
    around = Surroundings(kinds={"df": "frame"}, columns=("a", "b", "c", "d", "e", "f"))
    assert [line[-3:-2] for line in changed("y = df['c']", "column", around)] == list("abde")
    assert len(changed("y = df.c", "column", around)) == 4
    assert changed("y = df[cols].values", "axis", around) == ["y = df[cols].values.T"]
    assert changed("y = df['c'].values", "axis", around) == []
    assert changed("y = df.mean()", "axis", around) == ["y = df.mean(axis=1)"]
    assert "y = g(['b', 'd'])" in changed("y = g(['a', 'd'])", "item", around)


def test_given_code_settings_and_chance_stay_here_too() -> None:
    source = "lr = 0.1\nw = torch.rand(3) - 0.5\ny = train(18, lr=0.2)\nprint(x[1])\nif a > b:\n    c = [1]"
    around = Surroundings(told={"train": ("18", "lr=0.2")}, skipped=(0,))
    found = variants(source, around)
    assert {one.operator for one in found} == {"comparison", "condition", "constant"}
    for one in found:
        for kept in ("lr = 0.1", ") - 0.5", "train(18, lr=0.2)", "print(x[1])"):
            assert kept in one.source, one


def test_all_slips_are_among_them_and_each_is_another_program() -> None:
    source = (
        "def epoch(w, lr):\n    loss = np.abs(x @ w - y).mean(axis=0)\n    for i in range(3):\n"
        "        if i != 2:\n            w -= lr * grads[i]\n    return np.exp(loss)\nv = [w[:, None]]"
    )
    found = variants(source)
    assert {one.source for one in slips(source)} < {one.source for one in found}
    assert len({one.source for one in found}) == len(found) > 50
    for one in found:
        ast.parse(one.source)
        assert one.line > 0
    assert found == variants(source)
    assert variants("%%bash\necho 1 + 2") == []
