"""Wrong versions that mimic learners: each operator changes what it says, and nothing else."""

from __future__ import annotations

import ast

import pytest

from fastcompanion.course.checks.slips import OPERATORS, Surroundings, are_siblings, slips


def changed(source: str, operator: str, around: Surroundings | None = None) -> list[str]:
    """Give the changed lines of one operator."""
    found = slips(source, around) if around is not None else slips(source)
    return [one.after for one in found if one.operator == operator]


@pytest.mark.parametrize(
    ("operator", "source", "expected"),
    [
        ("operator", "y = a * b", ["y = a / b"]),
        ("operator", "y = a - b", ["y = a + b"]),
        ("step sign", "def f(w, g):\n    w -= g", ["w += g"]),
        ("step sign", "w.sub_(g)", ["w.add_(g)"]),
        ("step sign", "w = w - g", ["w = w + g"]),
        ("comparison", "ok = p > 0.5", ["ok = p < 0.5", "ok = p >= 0.5"]),
        ("comparison", "ok = p == q", ["ok = p != q"]),
        ("condition", "def f(x):\n    if x:\n        x = 1\n    return [x]", ["if not x:"]),
        ("condition", "ok = ~mask", ["ok = mask"]),
        ("constant", "y = 0.5 + f(2, flag=True)", ["y = 1.0 + f(2, flag=True)", "y = 0.5 + f(3, flag=True)", "y = 0.5 + f(2, flag=False)"]),
        ("statement", "def f(w):\n    w = w / 2\n    return [w]", ["pass"]),
        ("statement", "loss.backward()", ["pass"]),
        ("return", "def f(x):\n    return x", ["return x * 2", "return x * -1", "return x + 1"]),
        ("aggregate", "m = x.mean()", ["m = x.sum()"]),
        ("aggregate", "m = np.max(x)", ["m = np.min(x)"]),
        ("call", "y = x.abs()", ["y = x"]),
        ("call", "y = torch.sigmoid(x)", ["y = x"]),
        ("call", "y = a @ b.T", ["y = a @ b"]),
        ("axis", "y = x.sum(axis=1)", ["y = x.sum(axis=0)", "y = x.sum()"]),
        ("axis", "y = x.max(0)", ["y = x.max(1)", "y = x.max()"]),
        ("axis", "y = x.sum(1, keepdim=True)", ["y = x.sum(1)", "y = x.sum(0, keepdim=True)", "y = x.sum(keepdim=True)"]),
        ("range", "for i in range(n):\n    f(i)", ["for i in range(n - 1):", "for i in range(1, n):"]),
        ("range", "y = x[1:]", ["y = x[1 + 1:]"]),
        ("range", "y = x[:n]", ["y = x[:n - 1]"]),
        ("index", "y = x.shape[1]", ["y = x.shape[0]"]),
        ("arguments", "y = f(a, b)", ["y = f(b, a)"]),
        ("term", "y = a + b", ["y = a"]),
        ("term", "y = 2 * a", ["y = a"]),
        ("minus", "y = -x", ["y = x"]),
        ("item", "cols = ['a', 'b', 'c']", ["cols = ['b', 'c']", "cols = ['a', 'b']"]),
    ],
)  # fmt: skip
def test_each_operator(operator: str, source: str, expected: list[str]) -> None:
    assert sorted(changed(source, operator)) == sorted(expected)


def test_siblings_are_mixed_up_where_both_are_known() -> None:
    around = Surroundings(bound=("trn_dep", "val_dep", "lr", "table"))
    assert changed("y = f(trn_dep)", "sibling", around) == ["y = f(val_dep)"]
    assert changed("y = f(trn_dep)", "sibling") == []
    other = Surroundings(
        bound=("trn_dep", "val_dep"), kinds={"trn_dep": "array", "val_dep": "frame"}
    )
    assert changed("y = f(trn_dep)", "sibling", other) == []
    inside = "def f(layer1, layer2):\n    return [layer1]"
    assert changed(inside, "sibling") == ["return [layer2]"]


def test_what_counts_as_siblings() -> None:
    assert are_siblings("x_train", "x_test")
    assert are_siblings("l1", "l2")
    assert are_siblings("trainX", "trainY") is False
    assert not are_siblings("loss", "acc")
    assert not are_siblings("trn_dep", "val_indep")


def test_columns_are_mixed_up_where_tables_are_known() -> None:
    around = Surroundings(kinds={"df": "frame"}, columns=("age", "fare", "sex"))
    assert sorted(changed("y = df.fare + df['age']", "column", around)) == [
        "y = df.age + df['age']",
        "y = df.fare + df['fare']",
        "y = df.fare + df['sex']",
        "y = df.sex + df['age']",
    ]
    assert changed("y = other.fare", "column", around) == []


def test_given_code_settings_and_what_is_only_shown_stay() -> None:
    source = (
        "import a1\nlr = 0.1\ndef f(x, n=3):\n    'Text 5.'\n    print(7 * x)\n    return [x * 2]\n"
        "coeffs = train(18, lr=0.2)\nx.mean()\nprint(3 + 4)\nplt.plot(1, 2)\ndf.to_csv('a', index=False)"
    )
    around = Surroundings(told={"train": ("18", "lr=0.2")}, skipped=(1,))
    found = slips(source, around)
    assert found
    for one in found:
        for kept in (
            "import a1", "lr = 0.1", "n=3", "Text 5.", "print(7 * x)", "train(18, lr=0.2)",
            "x.mean()", "print(3 + 4)", "plt.plot(1, 2)", "df.to_csv('a', index=False)",
        ):  # fmt: skip
            assert kept in one.source, one


def test_chance_and_seeds_are_nobodys_mistake() -> None:
    source = (
        "torch.manual_seed(4)\nw = (torch.rand(3, 2) - 0.5) / n\nsplit = Splitter(seed=42)(df)\n"
        "def start():\n    a = np.random.randn(3) * 0.1\n    return a.requires_grad_()"
    )
    found = slips(source)
    assert {one.operator for one in found} == {"constant"}
    assert sorted(one.after for one in found) == [
        "a = np.random.randn(4) * 0.1",
        "w = (torch.rand(3, 3) - 0.5) / n",
        "w = (torch.rand(4, 2) - 0.5) / n",
    ]
    # Noise on top of a formula does not make a formula a matter of chance.
    assert "y = 3 / x + np.random.normal(0, 1)" in changed(
        "y = 3 * x + np.random.normal(0, 1)", "operator"
    )


def test_each_slip_is_another_python_program() -> None:
    source = (
        "def one_epoch(w, lr):\n    loss = np.abs(x @ w - y).mean(axis=0)\n    for i in range(3):\n"
        "        w -= lr * grads[i]\n    return loss, w\nw2 = -w1\nassert w2 > 3"
    )
    found = slips(source)
    assert len({one.source for one in found}) == len(found) > 20
    assert {one.operator for one in found} <= set(OPERATORS)
    for one in found:
        ast.parse(one.source)
        assert one.line > 0
        assert one.source.endswith("assert w2 > 3")
    assert found == slips(source)


def test_what_is_no_python_has_no_slips() -> None:
    assert slips("%%bash\necho 1 + 2") == []
    assert slips("def (") == []
