"""The judge on live namespaces: right candidates, clear failures, and nothing of the learner's touched."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastcompanion.course.checks import warm
from fastcompanion.course.recorded import probe, values

CHECKS = """
@checkpoint("s", "total")
def _(value, known):
    if value != 6:
        raise Wrong(f"expected a number from 1 to 9, found {value}", mistake="twice" if value == 12 else "")

@checkpoint("s", "double")
def _(value, known):
    if value(3) != 6:
        raise Wrong("expected twice the argument")

@checkpoint("s", "grid")
def _(value, known):
    if value.sum() != 4:
        raise Wrong(f"expected the sum 4, found {value.sum()}")
    value[:] = -1  # a check may do as it likes with its copy

@checkpoint("t", "later")
def _(value, known):
    if value != known["total"] + 1:
        raise Wrong("expected one more than total")
"""


def names_of(code: str) -> dict[str, Any]:
    """Run learner's code as a kernel does: in a module called __main__."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(textwrap.dedent(code), "<cell>", "exec"), names)
    return names


def judge(
    code: str,
    *points: tuple[str, str, str],
    section: str = "s",
    mapping: dict[str, str] | None = None,
    checks: str = CHECKS,
    given: Iterable[str] = (),
    seconds: float = 10,
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    names = names_of(code)
    one = probe.Judge({}, checks, "checks.py", seconds)
    one.names = names
    one.keep(list(given))
    spec = {
        "id": section,
        "checkpoints": [{"name": n, "kind": k, "shape": s} for n, k, s in points],
        "mapping": mapping or {},
        "bound": [name for name in names if name[:1] != "_"],
    }
    answer = one.section(spec)
    json.dumps(answer)
    return answer["checkpoints"], names


def test_a_value_passes_under_its_own_name_a_mapped_one_and_by_kind() -> None:
    total = ("total", "number", "")
    assert judge("total = 6", total)[0][0]["by"] == "name"
    found = judge("box = {'sum': [5, 6]}", total, mapping={"total": "box['sum'][1]"})[0][0]
    assert (found["state"], found["by"]) == ("passed", "mapping")
    found = judge("other = 3.5\nsumme = 6", total)[0][0]
    assert (found["state"], found["by"], found["found_name"]) == ("passed", "kind", "summe")


def test_a_function_is_found_by_its_arity() -> None:
    code = "def much(a, b): return 6\ndef twice(a, by=2): return a * by"
    found = judge(code, ("double", "function", "double(x)"))[0][0]
    assert (found["state"], found["found_name"]) == ("passed", "twice")
    assert (
        judge("def much(a, b): return 6", ("double", "function", "(x) -> number"))[0][0]["state"]
        == "missing"
    )


def test_imported_functions_and_modules_are_no_candidates() -> None:
    code = "import numpy as np\nfrom math import sqrt\nfrom textwrap import dedent"
    for kind in ("function", "array", "value", "model"):
        assert judge(code, ("double", kind, ""))[0][0]["state"] == "missing"


def test_a_failure_speaks_of_the_known_mistake_first() -> None:
    found = judge("a = 5\nb = 12\nc = 7", ("total", "number", ""))[0][0]
    assert found["state"] == "wrong"
    assert (found["mistake"], found["found_name"]) == ("twice", "b")
    assert set(found["others"]) == {"a", "c"}
    found = judge("total = 5\nb = 7", ("total", "number", ""))[0][0]
    assert found["found_name"] == "total"
    assert found["found"] == "5 (int)"


def test_a_mapping_that_leads_nowhere_is_told() -> None:
    found = judge("x = 'a'", ("total", "number", ""), mapping={"total": "my_totl"})[0][0]
    assert found["state"] == "missing"
    assert "# fc: total = my_totl" in found["message"]
    found = judge("x = 'a'", ("total", "number", ""), mapping={"total": "quit()"})[0][0]
    assert "only a name" in found["message"]


def test_a_mapping_never_runs_code() -> None:
    _, names = judge("log = []", ("total", "number", ""), mapping={"total": "log.append(1)"})
    assert names["log"] == []


def test_the_learners_values_are_not_changed() -> None:
    code = "import numpy as np\ngrid = np.ones((2, 2))"
    found, names = judge(code, ("grid", "array", "(2, 2)"))
    assert found[0]["state"] == "passed"
    assert names["grid"].sum() == 4


def test_a_function_that_changes_globals_changes_copies() -> None:
    code = """
        calls, state = [], {"n": 0}
        count = 0
        def helper(x):
            calls.append(x)
            return x
        def double(x):
            global count
            count += 1
            state["n"] += 1
            return 2 * helper(x)
    """
    found, names = judge(code, ("double", "function", "(x)"))
    assert found[0]["state"] == "passed"
    assert (names["calls"], names["state"], names["count"]) == ([], {"n": 0}, 0)


def test_closures_and_recursion_survive_the_copying() -> None:
    code = """
        def maker():
            seen = []
            def double(x):
                seen.append(x)
                return x if x == 0 else 2 + double(x - 1)
            return double
        double = maker()
    """
    found, names = judge(code, ("double", "function", "(x)"))
    assert found[0]["state"] == "passed"
    assert names["double"].__closure__[1].cell_contents == []


def test_random_states_stay_as_they_were() -> None:
    code = """
        import random
        import numpy as np
        def double(x):
            random.random(); np.random.rand(3)
            return 2 * x
    """
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    before = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index]  # noqa: NPY002
    assert judge(code, ("double", "function", "(x)"))[0][0]["state"] == "passed"
    after = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index]  # noqa: NPY002
    assert before == after


def test_iterators_are_not_consumed() -> None:
    code = "numbers = (n for n in range(3))\ntotal = numbers"
    found, names = judge(code, ("total", "number", ""))
    assert found[0]["state"] == "wrong"
    assert "iterator" in found[0]["message"]
    assert list(names["numbers"]) == [0, 1, 2]


def test_output_of_checked_functions_is_swallowed(capsys: pytest.CaptureFixture[str]) -> None:
    judge("def double(x):\n    print('noise')\n    return 2 * x", ("double", "function", "(x)"))
    assert capsys.readouterr().out == ""


def test_an_error_in_the_learners_function_names_it_and_no_traceback() -> None:
    code = "def double(x):\n    return x / nothing"
    found = judge(code, ("double", "function", "(x)"))[0][0]
    assert found["state"] == "raised"
    assert found["message"] == "NameError: name 'nothing' is not defined"


@pytest.mark.parametrize("body", ["while True: pass", "raise SystemExit(1)", "return double(x)"])
def test_functions_that_never_return_are_survived(body: str) -> None:
    code = f"def double(x):\n    {body}"
    is_endless = "while" in body
    found = judge(code, ("double", "function", "(x)"), seconds=0.2 if is_endless else 60)[0][0]
    assert found["state"] == ("slow" if is_endless else "raised")


def test_what_has_not_passed_is_asked_for_by_name() -> None:
    found = judge("later = 7", ("later", "number", ""), section="t")[0][0]
    assert (found["state"], found["message"]) == ("needs", "total")


def test_given_values_are_those_of_the_given_cell() -> None:
    checks = """
@checkpoint("s", "half")
def _(value, known):
    if value != known["data"][0] / 2 or known.get("nothing") is not None:
        raise Wrong("expected half of the first")
"""
    names = names_of("data = [8]")
    one = probe.Judge({}, checks, "checks.py")
    one.names = names
    one.keep(["data"])
    exec("half = data[0] / 2\ndata[0] = 100", names)
    point = {"name": "half", "kind": "number", "shape": ""}
    spec = {"id": "s", "checkpoints": [point], "mapping": {}, "bound": ["half"]}
    assert one.section(spec)["checkpoints"][0]["state"] == "passed"


def test_later_sections_build_on_what_passed_under_another_name() -> None:
    names = names_of("sechs = 6\nlater = 7")
    one = probe.Judge({}, CHECKS, "checks.py")
    one.names = names
    for section, name in (("s", "total"), ("t", "later")):
        point = {"name": name, "kind": "number", "shape": ""}
        spec = {"id": section, "checkpoints": [point], "mapping": {}, "bound": ["sechs"]}
        assert one.section(spec)["checkpoints"][0]["state"] == "passed"
        names["sechs"] = 99


def test_a_missing_check_is_not_taken_for_a_pass() -> None:
    assert judge("new = 1", ("new", "number", ""))[0][0]["state"] == "unchecked"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.array([[0.0, 16.0]]), "an array of shape (1, 2), float64, 0 to 16"),
        (np.float64(0.5), "0.5 (float64)"),
        (np.array([1.0, np.nan]), "an array of shape (2,), float64, with nan in it"),
        ([1, 2], "a list of 2 items"),
        ("secret text", "a text of 11 characters"),
        (probe.told, "a function told(error)"),
        (None, "None (NoneType)"),
    ],
)
def test_values_are_described_in_a_few_words(value: object, words: str) -> None:
    assert values.describe(value) == words


def test_the_judge_needs_the_standard_library_alone(tmp_path: Path) -> None:
    source = warm.judge_source()
    assert "fastcompanion" not in source
    script = tmp_path / "alone.py"
    script.write_text(
        "import sys, json\n"
        "space = {'__name__': 'judge'}\n"
        f"exec(compile({source!r}, '<judge>', 'exec'), space)\n"
        f"one = space['Judge']({{'__name__': '__main__', 'total': 6}}, {CHECKS!r}, 'checks')\n"
        "point = {'name': 'total', 'kind': 'number', 'shape': ''}\n"
        "spec = {'id': 's', 'checkpoints': [point], 'mapping': {}, 'bound': ['total']}\n"
        "found = one.section(spec)['checkpoints'][0]['state']\n"
        "heavy = [m for m in ('numpy', 'torch', 'pandas', 'IPython') if m in sys.modules]\n"
        "print(json.dumps([found, heavy]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(script)], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == ["passed", []]


def look(code: str, *points: tuple[str, str, str], **mapping: str) -> list[dict[str, Any]]:
    """What the judge says of promised names that nobody wrote checks for."""
    one = probe.Judge(names_of(code), "", "checks.py")
    asked = [{"name": n, "kind": k, "shape": s} for n, k, s in points]
    answer = one.section(
        {"id": "s", "checkpoints": asked, "mapping": mapping, "bound": [], "look": True}
    )
    json.dumps(answer)
    found: list[dict[str, Any]] = answer["checkpoints"]
    return found


def test_what_was_promised_is_looked_at_without_a_check() -> None:
    code = """
        import numpy as np
        def quad(z, a, b): raise SystemExit
        def same(u, v=2): raise SystemExit
        my_loss, grid, short = 2.4213, np.ones((2, 3)), [1, 2]
    """
    found = look(
        code,
        ("quad", "function", "quad(x, a, b, c)"),
        ("same", "function", "same(x, lr=0.1)"),
        ("loss", "number", ""),
        ("grid", "array", "(n, 3)"),
        ("short", "array", "(3,)"),
        ("abc", "value", ""),
        loss="my_loss",
    )
    assert [one["state"] for one in found] == [
        "differs", "there", "there", "there", "differs", "absent",
    ]  # fmt: skip
    assert found[0]["message"] == "takes (z, a, b), asked for (x, a, b, c)"
    assert [one["found"] for one in found[1:4]] == [
        "(function)",
        "2.4213 (number)",
        "(array (2, 3))",
    ]
    assert found[2]["found_name"] == "my_loss"
    assert found[4]["message"] == "has the shape (2,), asked for (3,)"


def test_a_look_touches_no_random_state_and_calls_nothing() -> None:
    code = """
        class Loud:
            def __call__(self): raise SystemExit
            def __float__(self): raise SystemExit
        loud = Loud()
        numbers = (n for n in range(3))
    """
    random.seed(5)
    before = random.getstate()
    found = look(code, ("loud", "value", ""), ("numbers", "value", ""), ("Loud", "class", ""))
    assert [one["state"] for one in found] == ["there"] * 3
    assert random.getstate() == before


def test_a_list_of_numbers_may_stand_for_an_array() -> None:
    assert values.fits("array", "(2, 2)", [[1, 2], [3, 4.5]])
    assert values.fits("array", "(n,)", (1, 2, 3))
    for other in ([[1, 2], [3]], ["a"], [], [[1], 2]):
        assert not values.fits("array", "", other)
    checks = """
@checkpoint("s", "pair")
def _(value, known):
    if sum(value) != 3:
        raise Wrong("expected the sum 3")
"""
    point = ("pair", "array", "(2,)")
    by_name = judge("pair = [1, 2]", point, checks=checks)[0][0]
    by_mapping = judge("own = [1, 2]", point, checks=checks, mapping={"pair": "own"})[0][0]
    by_kind = judge("own = [1, 2]", point, checks=checks)[0][0]
    assert [one["state"] for one in (by_name, by_mapping, by_kind)] == ["passed"] * 3
    assert [one["by"] for one in (by_name, by_mapping, by_kind)] == ["name", "mapping", "kind"]
    wrong = judge("own = [1, 2, 3]", point, checks=checks)[0][0]
    assert (wrong["state"], wrong["near"]) == ("missing", "`own`, a list of 3 items")


def test_the_nearest_name_is_blamed_and_never_a_loop_variable() -> None:
    code = "d = 5\ntot = 8\nfor i in range(9): pass"
    names = names_of(code)
    one = probe.Judge({}, CHECKS, "checks.py")
    one.names = names
    point = {"name": "total", "kind": "number", "shape": ""}
    spec = {"id": "s", "checkpoints": [point], "mapping": {}, "bound": ["i", "tot", "d"]}
    found = one.section({**spec, "loops": ["i"], "top": ["d", "tot"]})["checkpoints"][0]
    assert (found["found_name"], found["others"]) == ("tot", ["d"])
