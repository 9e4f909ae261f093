"""Small changes of a learner's own code: what is tried, what is said of it, what is left alone."""

from __future__ import annotations

import ast

import pytest

from fastcompanion.course.checks.omissions import original_calls
from fastcompanion.course.checks.repairs import Words, repairs, vocabulary
from fastcompanion.course.checks.unused import answering, unused

WORDS = Words(
    names=("trn_x", "val_x", "trn_y", "val_y", "preds", "rows"),
    calls=("np.abs", "np.log"),
    numbers=(0.5, 0.1),
    texts=("Age", "Fare"),
    originals=original_calls(
        [ast.parse("a = softmax(b)\nc.fillna(preds, inplace=True)\nfit(lr=preds)\nmake(rows, 1)")]
    ),
    read=("rows",),
    trees=(ast.parse("made = make(3)"),),
)


@pytest.mark.parametrize(
    ("wrong", "right", "words"),
    [
        ("e = preds.sum()", "e = preds.mean()", "with the sum in place of the mean"),
        ("e = preds - trn_y", "e = preds + trn_y", "with minus in place of plus"),
        ("e = preds > 0", "e = preds < 0", "with 'greater' where another comparison belongs"),
        ("e = trn_x.mean()", "e = val_x.mean()", "with `trn_x` where another name belongs"),
        ("val, trn = f(rows)", "trn, val = f(rows)", "with two results unpacked the other way round"),
        ("df.fillna(0)", "df = df.fillna(0)", "with a result that is worked out and not kept"),
        ("e = f(preds, trn_y)", "e = f(trn_y, preds)", "with two arguments the other way round"),
        ("e = df['Age']", "e = df['Fare']", "with 'Age' where another name belongs"),
        ("e = (preds - trn_y).mean()", "e = np.abs(preds - trn_y).mean()", "without `abs`"),
        ("e = preds.mean() ** 2", "e = (preds ** 2).mean()", "with two steps in the wrong order"),
        ("e = rows.mode(axis=1)", "e = rows.mode()", "along another axis"),
        ("e = rows[1]", "e = rows[0]", "with another item taken"),
        ("e = rows[[0]]", "e = rows[0]", "with one pair of square brackets too many"),
        ("e = f(trn_x, trn_y)", "e = f(val_x, val_y)", "with the training set in place of the validation set"),
        ("e = (preds - 1) / 2", "e = preds - 1 / 2", "with the brackets in another place"),
        ("e = rows[1:65]", "e = rows[1 + -1:65 + -1]", "with a range that is one off"),
        ("e = rows[:, 1:65]", "e = rows[:, 1 + -1:65 + -1]", "with a range that is one off"),
        ("e = rows[:9]", "e = rows[-9:]", "with the first ones and the last ones mixed up"),
        ("e = rows[:, 0]", "e = rows[0]", "with the first and the second axis mixed up"),
        ("e = rows.sum()", "e = rows.sum(axis=1, keepdims=True)", "over all axes at once instead of one"),
        ("e = np.abs(preds)", "e = softmax(preds)", "with `abs` where another function belongs"),
        ("df.dropna(inplace=True)", "df.fillna(preds, inplace=True)", "with `dropna` where another function belongs"),
        ("e = preds * rows * (1 - rows)", "e = preds", "with `rows * (1 - rows)`, which does not belong there"),
        ("fit(20)", "fit(lr=preds)", "with other arguments of `fit`"),
        ("e = make(9)", "e = make(rows, 1)", "with other arguments of `make`"),
        ("e = trn_x / trn_x.max().values", "e = trn_x / rows", "with something worked out anew where a value belongs that is there already"),
        ("e = f(dtype=torch.int)", "e = f(dtype=torch.float)", "with `int` where another type belongs"),
        ("e = f(preds.astype(bool))", "e = f(preds.astype(float))", "with `bool` where another type belongs"),
        ("e = f(preds, dtype=int)", "e = f(preds, dtype=float)", "with `int` where another type belongs"),
        ("e = preds & trn_y", "e = preds == trn_y", "with `&` where another sign belongs"),
        ("e = preds and trn_y", "e = preds or trn_y", "with `and` where another word belongs"),
        ("e = preds < rows", "e = preds < rows - 1", "with a limit that is one off"),
        ("e = rows.dropna().sum()", "e = rows.sum()", "with `dropna` where it does not belong"),
        ("e = (preds + trn_y) @ rows", "e = preds @ rows + trn_y", "with two steps in the wrong order"),
        ("e = rows.nunique()", "e = rows.unique()", "with `nunique` where another function belongs"),
        ("make(9)", "made = make(9)", "with a result that is worked out and not kept"),
        ("e = abs(preds - 1)", "e = preds - 1", "with `abs` where it does not belong"),
        ("e = preds @ rows", "e = preds @ rows * 0.1", "with one factor left out"),
        ("def f(w, rate):\n    return w - 2", "def f(w, rate):\n    return w - 2 * rate", "with one factor left out"),
        ("def f(w, b):\n    return w @ w > 0", "def f(w, b):\n    return w @ w + b > 0", "with one term left out"),
        (
            "def f(w, b):\n    w, _ = g(w, b)\n    return w, b",
            "def f(w, b):\n    w, b = g(w, b)\n    return w, b",
            "with a result in `_`, where it is lost",
        ),
        (
            "best = 0\nfor row in rows:\n    best = f(row)",
            "best = 0\nfor row in rows:\n    best = max(best, f(row))",
            "with the last `best` kept, whatever was before",
        ),
        (
            "def f(w):\n    for i in range(9):\n        w = w - 1\n        return w",
            "def f(w):\n    for i in range(9):\n        w = w - 1\n    return w",
            "with a line that is indented too far",
        ),
        (
            "def f(w):\n    for i in range(9):\n        w = 0\n        w = w - 1\n    return w",
            "def f(w):\n    w = 0\n    for i in range(9):\n        w = w - 1\n    return w",
            "with a line inside a loop that belongs before it",
        ),
        (
            "for w in rows:\n    w.sub_(1)\nw.zero_()",
            "for w in rows:\n    w.sub_(1)\n    w.zero_()",
            "with a line that should be indented further",
        ),
    ],
)  # fmt: skip
def test_a_change_that_sets_it_right_is_tried(wrong: str, right: str, words: str) -> None:
    plain = ast.unparse(ast.parse(right))
    found = [one for one in repairs(wrong, WORDS) if ast.unparse(ast.parse(one.source)) == plain]
    assert [one.words for one in found] == [words]


def test_a_whole_cell_of_another_set_is_placed_where_it_begins() -> None:
    source = "def f(x):\n    return x\ne = f(trn_x)\nd = e - trn_y"
    plain = ast.unparse(ast.parse(source.replace("trn", "val")))
    [found] = [one for one in repairs(source, WORDS) if one.source == plain]
    assert (found.line, found.words) == (3, "with the training set in place of the validation set")


def test_all_ranges_of_a_cell_are_taken_from_the_other_end() -> None:
    source = "e, d = rows[9:], rows[:9]\na, b = preds[9:], preds[:9]"
    right = "e, d = (rows[:-9], rows[-9:])\na, b = (preds[:-9], preds[-9:])"
    found = [one for one in repairs(source, WORDS) if one.source == right]
    assert [one.words for one in found] == ["with the first ones and the last ones mixed up"]


def test_a_needless_step_comes_before_another_order() -> None:
    found = repairs("preds = shuffle(preds)\ne, d = preds[:9], rows[9:]", WORDS)
    kinds = [one.kind for one in found]
    assert kinds.index("needless") < kinds.index("nested")


def test_unlikely_signs_are_not_tried() -> None:
    words = {one.words for one in repairs("e = 1 - preds", WORDS)}
    assert "with minus in place of plus" in words
    assert "with minus in place of to the power of" not in words


def test_many_alternatives_for_one_place_wait_for_other_places() -> None:
    found = repairs("e = f(preds)\nd = rows.mean(axis=1)", WORDS)
    assert [one.turn for one in found if one.kind == "name" and one.text == "preds"][:3] == [
        0,
        1,
        2,
    ]
    assert found == sorted(found, key=lambda one: one.rank)


def test_only_the_statements_that_are_asked_for_are_changed() -> None:
    source = "a = rows[1]\nb = rows[2]"
    lines = {one.line for one in repairs(source, WORDS, frozenset({1}))}
    assert lines == {2}
    assert {one.statement for one in repairs(source, WORDS, frozenset({1}))} == {1}


def test_what_is_right_imported_or_shown_is_left_alone() -> None:
    source = "import numpy as np\ndef f(x):\n    return x + 1\nprint(rows[0])"
    right = Words(names=WORDS.names, fine=frozenset({"f"}))
    assert not [one for one in repairs(source, right) if one.kind != "needless"]


def test_what_is_no_python_has_no_changes() -> None:
    assert repairs("def f(:", WORDS) == []


def test_the_words_of_a_section_are_collected() -> None:
    calls, numbers, texts = vocabulary(["x = torch.abs(df['Age'] * 0.5).T + df.Fare.unique()"])
    assert (set(calls), numbers) == ({"torch.abs", "T", "df.Fare.unique"}, (0.5,))
    assert set(texts) == {"Age", "Fare"}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def f(x, bias):\n    return x", "`f` is given `bias` and never uses it"),
        ("def f(x):\n    y = x + 1\n    return x", "`y` is worked out in `f` and never used"),
        ("def f(x):\n    g(x)\n    return x", "what `g` gives is thrown away in `f`"),
        ("def f(x):\n    for b in x:\n        x = x + 1\n    return x", "the loop over `b` never uses it"),
    ],
)  # fmt: skip
def test_what_a_function_never_uses_is_said(source: str, said: str) -> None:
    assert [words for _, words in unused(ast.parse(source).body, {"g"})] == [said]


@pytest.mark.parametrize(
    "source",
    [
        "def f(x, _):\n    return x",
        "def f(x):\n    for i in range(3):\n        x = x + 1\n    return x",
        "def f(x):\n    raise NotImplementedError",
        "def f(x):\n    global seen\n    seen = x",
        "def f(x):\n    x[0] = 1",
    ],
)
def test_what_needs_no_use_is_not_said(source: str) -> None:
    assert not list(unused(ast.parse(source).body, {"g"}))


def test_functions_that_answer_are_known() -> None:
    body = ast.parse("def f(x):\n    return x\ndef g(x):\n    x[0] = 1\ndef h(x):\n    return").body
    assert answering(body) == {"f"}
