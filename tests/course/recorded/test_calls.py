"""Arguments as specs, and values made from them: nothing is kept, the same comes out everywhere."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastcompanion.course.checks import warm
from fastcompanion.course.recorded.calls import (
    is_known,
    shrunk,
    spec_of,
    synthesise,
    widened,
)


def again(value: Any, seed: int = 3) -> Any:
    return synthesise(json.loads(json.dumps(spec_of(value))), seed)


def test_no_data_is_kept() -> None:
    names = ["Braund, Mr. Owen Harris", "Heikkinen, Miss. Laina"]
    for value in (names, names[0], {"name": names[0]}, np.array(names)):
        assert "Braund" not in json.dumps(spec_of(value))
    secret = np.array([0.123456789, 0.4, 0.7, 0.987654321])
    assert "0.4" not in json.dumps(spec_of(secret)["shape"])
    assert spec_of("mean", frozenset({"mean"}))["v"] == "mean"


def test_what_is_made_is_like_what_was_there() -> None:
    rows = np.random.RandomState(0).normal(3, 2, (40, 5)).astype("float32")
    made = again(rows)
    assert (made.shape, made.dtype) == (rows.shape, rows.dtype)
    assert rows.min() - 1e-5 <= made.min() < made.max() <= rows.max() + 1e-5
    assert made.mean() == pytest.approx(rows.mean(), abs=0.5)
    labels = np.array([0, 1, 1, 0, 1] * 20)
    assert set(again(labels).tolist()) == {0, 1}
    assert set(again(np.arange(10)).tolist()) <= set(range(10))
    assert (np.diff(again(np.linspace(0, 1, 20))) >= 0).all()


def test_plain_values_and_parts() -> None:
    for value in (3, 0.5, None, True, (1, None), {1: 2}, [0.5, None]):
        assert again(value) == value
    assert type(again((1.5, 2.5))) is tuple
    assert np.shape(again([[1, 2], [3, 4], [5, 6]])) == (3, 2)
    assert again("a text of words").replace(" ", "").isalpha()
    assert again((np.ones(3), 2))[1] == 2


def test_the_same_seed_makes_the_same_and_chance_stays_where_it_is() -> None:
    np.random.seed(5)  # noqa: NPY002
    random.seed(5)
    rows = np.random.RandomState(0).rand(4, 3)
    assert (again(rows) == again(rows)).all()
    assert (again(rows) != again(rows, 4)).any()
    assert again([0.5, 1.5, 0.1]) != again([0.5, 1.5, 0.1], 4)
    assert np.random.rand() == np.random.RandomState(5).rand()  # noqa: NPY002
    assert random.random() == random.Random(5).random()


def test_lists_are_the_same_without_numpy(tmp_path: Path) -> None:
    spec = spec_of([0.5, 1.5, 0.25])
    code = (
        f"import sys\nspace = {{'__name__': 'judge'}}\nexec({warm.judge_source()!r}, space)\n"
        f"print(space['synthesise']({spec!r}, 5))\nassert 'numpy' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=True
    )
    assert done.stdout.decode().strip() == str(synthesise(spec, 5))


def test_what_can_not_be_made_again_is_unknown() -> None:
    for value in (object(), np.array([1.0, np.nan]), np.array(["a"]), iter([1]), float("inf")):
        assert spec_of(value) == {"k": "unknown"}
        assert not is_known({"args": [spec_of(value)], "globals": {}})
    assert not is_known({"args": [spec_of((1, object()))], "globals": {}})


def test_big_sizes_become_small_alike_and_indices_follow() -> None:
    rows, labels = np.zeros((5000, 3)), np.arange(5000)
    case: dict[str, Any] = {
        "args": [spec_of(rows), spec_of(labels)],
        "globals": {"w": spec_of(np.ones((3, 2000)))},
    }
    small = shrunk(case)
    assert small["args"][0]["shape"] == [512, 3]
    assert small["args"][1]["shape"] == [512]
    assert small["args"][1]["high"] <= 511
    assert small["globals"]["w"]["shape"] == [3, 513]
    assert case["args"][0]["shape"] == [5000, 3]


def test_calls_are_widened_by_a_scaled_one_and_a_step() -> None:
    case = {"args": [spec_of(np.array([0.5, 1.5])), spec_of(3)], "globals": {"n": spec_of(0.5)}}
    cases = widened([case])
    assert [one["seed"] for one in cases] == [1, 11, 12]
    assert cases[1]["args"][0]["high"] == pytest.approx(1.5 * 1.7)
    assert cases[2]["args"][1]["v"] == 4
    assert all(one["globals"] == case["globals"] for one in cases)
    assert len(widened([{"args": [], "globals": {}}] * 3)) == 1


def test_functions_of_truth_values_are_asked_for_all_of_them() -> None:
    seen = {"args": [spec_of(True), spec_of(False)], "globals": {}}
    asked = {tuple(one["v"] for one in case["args"]) for case in widened([seen])}
    assert asked == {(a, b) for a in (True, False) for b in (True, False)}
    assert len(widened([{"args": [spec_of(True), spec_of(2)], "globals": {}}])) == 2
    at_once = widened([{"args": [spec_of(True)] * 5, "globals": {}}])
    assert [one["args"][0]["k"] for one in at_once] == ["plain", "truths"]
    assert len(widened([{"args": [spec_of(True)] * 10, "globals": {}}])) == 1


def test_parameters_that_begin_at_zero_are_something_else_once() -> None:
    seen = {"args": [spec_of(np.zeros(10, "float32"))], "globals": {}}
    made = [synthesise(case["args"][0], case["seed"]) for case in widened([seen])]
    assert not made[0].any()
    assert any(one.std() > 0.1 and one.dtype == "float32" for one in made)
    whole = {"args": [spec_of(np.zeros(10, "int64"))], "globals": {}}
    assert not any(synthesise(c["args"][0], c["seed"]).any() for c in widened([whole]))


def test_shares_stay_shares_when_a_call_is_widened() -> None:
    share = np.array([0.1, 0.9])
    told = [spec_of(share), spec_of(0.5), spec_of(np.array([0.5, 3.0])), spec_of(20.0)]
    scaled = widened([{"args": told, "globals": {}}])[1]["args"]
    assert pytest.approx([scaled[0]["high"], scaled[1]["v"]]) == [0.9 / 1.7, 0.5 / 1.7]
    assert pytest.approx([scaled[2]["high"], scaled[3]["v"]]) == [3.0 * 1.7, 20.0 * 1.7]


def test_a_text_that_is_made_has_many_letters() -> None:
    made = again("a text of some length")
    assert len(made) == 21
    assert len(set(made)) > 5
    assert made == again("a text of other lengt")


def test_a_size_beside_a_big_array_is_made_small_with_it() -> None:
    case = {"args": [spec_of(np.zeros((1500, 3)) + 0.5), spec_of(1500), spec_of(3)], "globals": {}}
    assert [one.get("shape", one.get("v")) for one in shrunk(case)["args"]] == [[512, 3], 512, 3]
