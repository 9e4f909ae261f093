"""The observer on live namespaces: what it tells, what it answers, and that nothing is touched."""

from __future__ import annotations

import copy
import json
import random
import sys
import time
import types
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from fastcompanion.course.recorded.calls import KEPT_CALLS
from fastcompanion.course.recorded.observer import gathered
from fastcompanion.course.recorded.scenes import SceneLog
from tests.course.recorded.spaces import Space, agreeing, recorded, replayed

START = "import numpy as np\nx = np.arange(12.0).reshape(4, 3) / 10\nw = np.array([0.5, -1.0, 2.0])"
PREDICT = "def predict(x, w): return (x * w).sum(axis=1)"


def test_values_are_those_of_the_section() -> None:
    space = Space(START)
    found = space.section("import math\nloss = 0.25\n_hidden = 1\nw = w * 2", bound=["loss", "w"])
    assert set(found["values"]) == {"loss", "w"}
    assert found["values"]["loss"]["v"] == 0.25
    assert set(space.section("extra = 1")["values"]) == {"extra"}
    assert found["seconds"] < 1


def test_wanted_names_are_found_by_mapping_first() -> None:
    space = Space()
    code = "loss = 1.0\nmine = {'loss': [2.0]}"
    spec = {"wanted": ["loss", "acc"], "mapping": {"loss": "mine['loss'][0]"}}
    found = space.section(code, **spec)["wanted"]
    assert found["loss"] == {"name": "mine['loss'][0]", "fp": {"k": "number", "v": 2.0, "i": False}}
    assert "acc" not in found
    assert (
        space.section("", **{**spec, "mapping": {"loss": "nowhere.x"}})["wanted"]["loss"]["fp"]["v"]
        == 1.0
    )


def test_what_is_shown_is_kept_as_it_was_then() -> None:
    space = Space()
    numbers = [1.0, 2.0]
    space.observer.show(7, numbers)
    numbers.clear()
    space.observer.show(8, None)
    found = space.section()
    assert [(cell, one["shape"]) for cell, one in found["shown"]] == [(7, [2])]
    assert space.section()["shown"] == []


def test_a_function_answers_for_itself_under_its_name_and_another() -> None:
    (function,) = recorded(PREDICT, "predict(x, w)", START)
    assert (function["name"], function["arity"], function["class"]) == ("predict", 2, "exact")
    assert len(function["cases"]) == 3
    same = replayed([function], "def predict(rows, weights): return rows @ weights", START)
    assert agreeing(function, same["predict"]) == [("name", "predict", [0, 1])]
    other = replayed([function], "def forward(w, x): return x @ w", START)
    assert agreeing(function, other["predict"]) == [("kind", "forward", [1, 0])]
    mapped = replayed([function], "def f(x, w): return x @ w", START, mapping={"predict": "f"})
    assert agreeing(function, mapped["predict"]) == [("mapping", "f", [0, 1])]


def test_a_wrong_body_answers_otherwise() -> None:
    (function,) = recorded(PREDICT, "predict(x, w)", START)
    for body in ("(x * w).mean(axis=1)", "(x + w).sum(axis=1)", "x @ w + 1", "-(x @ w)"):
        found = replayed([function], f"def predict(x, w): return {body}", START)["predict"]
        assert agreeing(function, found) == []
        assert all(answer["fp"]["shape"] == [4] for answer in found[0]["answers"])
    wrong = replayed([function], "def predict(x, w): return w[7]", START)["predict"]
    assert {answer["error"] for answer in wrong[0]["answers"]} == {"IndexError"}


def test_changed_arguments_and_globals_are_answers() -> None:
    code = """
        total = np.zeros(3)
        def step(w, lr):
            w -= lr * w
            total[:] += w
    """
    (function,) = recorded(code, "step(w, 0.1)", START)
    answer = function["cases"][0]["answer"]
    assert (answer["changed"][0]["k"], answer["changed"][1]) == ("array", None)
    assert list(answer["globals"]) == ["total"]
    space = Space(START)
    space.run(code.replace("        ", ""))
    before = copy.deepcopy((space.names["w"], space.names["total"]))
    found = space.section(functions=[function], bound=["step"])["replays"]["step"]
    assert agreeing(function, found) == [("name", "step", [0, 1])]
    assert (space.names["w"] == before[0]).all()
    assert (space.names["total"] == before[1]).all()


def test_data_that_a_function_reads_is_put_in_its_place() -> None:
    code = "def loss(w): return ((x @ w - y) ** 2).mean()"
    start = START + "\ny = np.ones(4)"
    (function,) = recorded(code, "loss(w)", start)
    assert (function["reads"], function["closed"]) == (["x", "y"], False)
    assert agreeing(function, replayed([function], code, start)["loss"])
    mine = "def loss(w): return ((rows @ w - y) ** 2).mean()"
    renamed = START.replace("x =", "rows =") + "\ny = np.ones(4)"
    skipped = replayed([function], mine, renamed)["loss"]
    assert skipped[0]["answers"][0] == {"skipped": "x"}
    assert agreeing(function, replayed([function], mine, renamed, mapping={"x": "rows"})["loss"])
    column = start.replace("np.ones(4)", "np.ones((4, 1))")
    assert replayed([function], code, column)["loss"][0]["answers"][0] == {"skipped": "y"}


def test_scalar_globals_may_be_spelled_another_way() -> None:
    code = "n = 3\ndef pad(x): return x.sum() + n"
    (function,) = recorded(code, "pad(x)", START)
    assert function["closed"]
    assert agreeing(function, replayed([function], "def pad(x): return x.sum() + 3", START)["pad"])


def test_chance_leaves_only_shapes() -> None:
    start = START + "\nimport random"
    code = """
        def init(n):
            np.random.seed(42)
            return np.random.rand(n, 2)
        def pick(): return random.random()
        def fixed(n): return np.arange(n)
    """
    functions = {f["name"]: f for f in recorded(code, "init(3); pick(); fixed(2)", start)}
    assert [functions[name]["class"] for name in ("init", "pick", "fixed")] == [
        "shape",
        "shape",
        "exact",
    ]
    assert functions["init"]["cases"][0]["answer"]["fp"] == {"k": "array", "shape": [3, 2]}
    np.random.seed(1)  # noqa: NPY002
    random.seed(1)
    replayed(list(functions.values()), code, start)
    assert np.random.rand() == np.random.RandomState(1).rand()  # noqa: NPY002
    assert random.random() == random.Random(1).random()
    assert np.random.seed.__name__ == "seed"


def test_what_tells_nothing_is_left_out_with_its_reason() -> None:
    code = """
        def show(x): print(x.sum())
        def fail(x): raise ValueError
        def numbers(n):
            yield n
        def made(x): return object()
        def never(x): return x
    """
    calls = "show(x)\nlist(numbers(3))\nmade(x)\ntry: fail(x)\nexcept ValueError: pass"
    functions = {f["name"]: f for f in recorded(code, calls, START)}
    assert all(f["cases"] == [] and f["reason"] for f in functions.values())
    assert functions["fail"]["reason"] == "ValueError"
    assert functions["never"]["reason"] == "no call of it was seen"


def test_calls_are_noted_per_version_and_for_earlier_sections() -> None:
    space = Space(START)
    first = space.section(
        "def f(a): return a.sum()\ndef g(a): return f(a) + 1\nf(x)", id="one", log=True
    )
    second = space.section("g(x)\ndef f(a): return a.mean()\nf(w)\nf(w)", id="two", log=True)
    assert first["calls"]["f"]["cases"][0]["args"][0]["shape"] == [4, 3]
    assert first["calls"]["g"]["cases"] == []
    joined = gathered({"one": first, "two": second})
    assert joined["two"]["f"]["cases"][0]["args"][0]["shape"] == [3]
    assert joined["one"]["f"]["cases"][0]["args"][0]["shape"] == [4, 3]
    assert joined["one"]["g"]["cases"]
    assert sys.getprofile() is None


def test_defaults_keywords_and_own_functions_as_arguments() -> None:
    code = """
        def scale(x, by=2.0): return x * by
        def apply(f, x): return f(x) + 1
        def only(x, *, by): return x * by
    """
    calls = "scale(x); scale(by=3.0, x=x); apply(scale, x); only(x, by=2)"
    functions = {f["name"]: f for f in recorded(code, calls, START)}
    assert [len(case["args"]) for case in functions["scale"]["cases"]][:2] == [1, 2]
    assert (functions["scale"]["arity"], functions["scale"]["params"]) == (2, 1)
    assert functions["apply"]["cases"][0]["args"][0] == {"k": "own", "name": "scale"}
    assert functions["only"]["cases"] == []
    found = replayed(list(functions.values()), code, START)
    assert all(agreeing(functions[name], found[name]) for name in ("scale", "apply"))


def test_decorated_functions_and_closures_are_called_too() -> None:
    code = """
        import functools
        def loud(f):
            @functools.wraps(f)
            def inner(*args):
                return f(*args)
            return inner
        @loud
        def half(x): return x / 2
        def maker(n):
            def add(x): return x + n
            return add
        add = maker(3)
    """
    functions = {f["name"]: f for f in recorded(code, "half(x); add(x)", START)}
    found = replayed([functions["half"], functions["add"]], code, START)
    assert agreeing(functions["half"], found["half"])
    assert agreeing(functions["add"], found["add"])


def test_slow_functions_end_in_time_and_are_left_out() -> None:
    (function,) = recorded("def f(x): return x.sum()", "f(x)", START)
    slow = "import time\ndef f(x):\n    while True: time.sleep(0.01)"
    begun = time.monotonic()
    found = replayed([function], slow, START)["f"]
    assert time.monotonic() - begun < 30
    assert {answer["error"] for answer in found[0]["answers"]} == {"slow"}


def test_replays_write_nothing_and_print_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (function,) = recorded("def f(x): return x.sum()", "f(x)", START)
    for body in (
        "open('made.txt', 'w').write('x')",
        "np.savetxt('made.txt', x)",
        "__import__('os').mkdir('made')",
        "__import__('os').system('touch made')",
        "__import__('subprocess').run(['touch', 'made'])",
    ):
        found = replayed(
            [function], f"def f(x):\n    print(x)\n    {body}\n    return x.sum()", START
        )["f"]
        assert {answer["error"] for answer in found[0]["answers"]} == {"PermissionError"}
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out == ""
    (tmp_path / "after.txt").write_text("the guard sleeps again")


def test_a_record_is_the_same_each_time() -> None:
    code = "def f(x, k): return (x * k).sum(axis=0)"
    one, other = (recorded(code, "f(x, 2)\nf(x[:2], 3)", START) for _ in range(2))
    assert json.dumps(one) == json.dumps(other)


def test_an_error_while_noting_leaves_the_cell_alone() -> None:
    space = Space(START)
    code = "class Sly:\n    def __getattr__(self, name): raise RuntimeError(name)\ndef f(a): return 5\nn = f(Sly())"
    found = space.section(code, log=True)
    assert space.names["n"] == 5
    assert found["calls"]["f"]["cases"] == []
    assert found["calls"]["f"]["reason"]


def test_a_function_whose_calls_are_kept_costs_nothing_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Loops call thousands of times: whoever looks at each call makes them several times as long."""
    seen: list[str] = []
    called = SceneLog.called

    def counted(log: SceneLog, frame: types.FrameType) -> None:
        seen.append(frame.f_code.co_name)
        called(log, frame)

    monkeypatch.setattr(SceneLog, "called", counted)
    space = Space(START)
    code = (
        "def f(a): return a + 1\ndef g(): return 2\nclass A:\n    def m(self, n): return n * 2\n"
        "for n in range(500):\n    f(n) + g() + sum(x for x in (n,)) + A().m(n)"
    )
    found = space.section(code, id="one", log=True)["calls"]
    counts = Counter(seen)
    assert max(counts["f"], counts["g"], counts["<genexpr>"]) <= KEPT_CALLS + 1
    assert counts["m"] == 500
    assert [case["args"][0]["v"] for case in found["f"]["cases"]] == [0, 1, 2]
    assert {step["do"] for step in found["A"]["cases"][0]["steps"] if "do" in step} == {"m"}
