"""Arguments that are functions, generators, tables and tensors with more on them: made again, or left out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fastcompanion.course.recorded import judge
from fastcompanion.course.recorded.calls import spec_of
from fastcompanion.course.recorded.record import Case, RecordedFunction, RecordedSection
from tests.course.recorded.spaces import Space, recorded

TABLE = """
    import numpy as np, pandas as pd
    df = pd.DataFrame({
        "Fare": [7.25, 71.3, None, 53.1] * 30, "Sex": ["male", "female"] * 60, "Class": [3, 1, 2, 2] * 30,
        "Alive": [0, 1, 1, 0] * 30,
    })
    df["Sex"] = pd.Categorical(df.Sex)
    dep = "Alive"
"""


def by_name(code: str, calls: str, start: str = "") -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in recorded(code, calls, start)}


def states(told: dict[str, Any], code: str, start: str = "") -> list[str]:
    """Judge a learner's function by what is recorded of one."""
    seen = Space(start).section(code, functions=[told])
    cases = tuple(
        Case(tuple(c["args"]), c["globals"], c["seed"], c["answer"]) for c in told["cases"]
    )
    function = RecordedFunction(told["name"], told["arity"], told["class"], cases)
    section = RecordedSection("s", "hard", functions=(function,))
    return [str(one["state"]) for one in judge.points(section, seen, {})]


SLOPE = "def slope(f, x): return (f(x + 1e-5) - f(x - 1e-5)) / 2e-5"


def test_a_function_without_a_name_is_stood_in_for() -> None:
    told = by_name(SLOPE, "slope(lambda v: v ** 2, 3.0)")["slope"]
    assert told["cases"][0]["args"][0] == {"k": "stand-in"}
    assert states(told, SLOPE) == ["passed"]
    central = "def slope(g, at): h = 1e-6; return (g(at + h) - g(at - h)) / (2 * h)"
    assert states(told, central) == ["passed"]
    assert states(told, SLOPE.replace("f(x + 1e-5) - ", "f(x + 1e-5) + ")) == ["wrong"]


EVERY = """
    def every(f):
        for n in range(8):
            a, b, c = n % 2 >= 1, n % 4 >= 2, n % 8 >= 4
            if f(a, b, c): print("yes"); return
        print("no")
    def both(a, b, c): return a and b and c
"""


def test_a_search_is_known_by_the_truth_values_that_it_asks_for() -> None:
    told = by_name(EVERY, "every(both)")["every"]
    [case] = told["cases"]
    assert (case["args"], case["answer"]["asked"][0]["n"]) == ([{"k": "stand-in"}], 8)
    other = """
        import itertools
        def every(g):
            found = [g(*row) for row in itertools.product([0, 1], repeat=3)]
            print(any(found))
    """
    assert states(told, EVERY) == ["passed"]
    # 0 and 1 are no truth values here, so that nothing is known of it.
    assert states(told, other) == []
    assert states(told, other.replace("[0, 1]", "[True, False]")) == ["passed"]
    for right, wrong in (("n % 2 >= 1", "n * 2 >= 1"), ("range(8)", "range(7)")):
        assert states(told, EVERY.replace(right, wrong)) == ["wrong"]


def test_a_formula_of_many_truth_values_is_asked_for_all_at_once() -> None:
    code = "def f(a, b, c, d, e, g): return a and (b or not c) and (not d or e) and g"
    told = by_name(code, "f(True, False, False, True, True, False)")["f"]
    assert told["cases"][-1]["args"] == [{"k": "truths"}] * 6
    assert told["cases"][-1]["answer"]["fp"]["shape"] == [64]
    assert states(told, code) == ["passed"]
    assert states(told, code.replace("not d", "d")) == ["wrong"]
    assert states(told, "def f(*all): return 'no'") == []


def test_what_a_generator_decides_is_compared_by_shape() -> None:
    code = "def drawn(count, rng): return rng.permutation(count) * 1.0"
    told = by_name(code, "drawn(6, np.random.default_rng(3))", "import numpy as np")["drawn"]
    assert told["class"] == "shape"
    assert told["cases"][0]["args"][1] == {"k": "chance", "cls": "Generator", "of": "numpy"}


def test_a_long_list_of_arrays_is_cut_and_few_sizes_are_taken_as_they_are() -> None:
    arrays = spec_of([[0.5, 1.5], [0.5]] * 20)
    assert len(arrays["items"]) == 12
    assert [one["v"] for one in spec_of([4, 4, 1])["items"]] == [4, 4, 1]
    assert spec_of([4, 4, 1, 1, 1])["k"] == "numbers"


@pytest.mark.train
def test_functions_of_tables_are_called_with_tables_of_the_same_columns() -> None:
    pytest.importorskip("pandas")
    code = """
        def best(df, nm):
            col, y = df[nm], df[dep]
            return max(y[col <= at].mean() for at in col.dropna().unique())
        def share(rows): return df.loc[rows, dep].mean()
    """
    calls = "best(df, 'Fare'); share(df.Sex == 'male')"
    told = by_name(code, calls, TABLE)
    text = json.dumps(told)
    assert "Fare" not in text
    assert "male" not in text
    for name in ("best", "share"):
        assert len(told[name]["cases"]) > 1
        assert states(told[name], code, TABLE) == ["passed"]
    assert states(told["best"], code.replace("<=", ">="), TABLE) == ["wrong"]
    assert states(told["share"], code.replace(".mean()", ".sum()"), TABLE) == ["wrong"]
    # The learner's own table may have other rows, and columns of other names can't be asked for.
    assert states(told["best"], code, TABLE.replace("71.3", "1.5")) == ["passed"]
    assert states(told["best"], code, TABLE.replace('"Fare"', '"Price"')) == []


@pytest.mark.train
def test_what_is_done_to_a_table_in_place_is_an_answer() -> None:
    pytest.importorskip("pandas")
    code = """
        def fill(df):
            df["Fare"] = df["Fare"].fillna(modes["Fare"])
            df["Log"] = np.log1p(df["Fare"])
    """
    usual = '{"Fare": 7.25, "Sex": "male", "Class": 2}'
    start = TABLE + f"    modes = pd.Series({usual}, dtype=object)\n"
    told = by_name(code, "fill(df)", start)["fill"]
    assert told["cases"][0]["answer"]["changed"][0]["k"] == "frame"
    assert states(told, code, start) == ["passed"]
    assert states(told, code.replace("log1p", "sqrt"), start) == ["wrong"]


@pytest.mark.train
def test_what_a_notebook_hangs_on_tensors_is_given_and_compared() -> None:
    pytest.importorskip("torch")
    code = "def back(x, out, w): x.g = out.g @ w.t(); w.g = x.t() @ out.g"
    calls = "x, w = torch.rand(4, 3), torch.rand(3, 2); out = x @ w; out.g = torch.ones(4, 2); back(x, out, w)"
    told = by_name(code, calls, "import torch")["back"]
    assert set(told["cases"][0]["args"][1]["attrs"]) == {"g"}
    assert states(told, code, "import torch") == ["passed"]
    assert states(told, code.replace("x.t() @", "2 * x.t() @"), "import torch") == ["wrong"]
    assert states(told, "def back(x, out, w): pass", "import torch") == []
