"""Fingerprints: what they tell apart, what they don't, and that they fail for nothing."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tracemalloc
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastcompanion.course.checks import warm
from fastcompanion.course.recorded.fingerprints import (
    fingerprint,
    is_clean,
    list_statistics,
    printed_floats,
    quantiles,
    shape_only,
    summary,
)

FOLDER = Path(warm.__file__).parents[1] / "recorded"


@pytest.mark.parametrize(
    "name", ["fingerprints", "calls", "replays", "observer", "probe", "values"]
)
def test_what_runs_in_the_kernel_is_python_39_without_libraries(name: str) -> None:
    tree = ast.parse((FOLDER / f"{name}.py").read_text(), feature_version=(3, 9))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert all(alias.name in sys.stdlib_module_names for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.module is not None
            assert node.module.split(".")[0] in {*sys.stdlib_module_names, "fastcompanion"}
            assert not node.module.startswith("fastcompanion.base")
        assert not isinstance(node, ast.Match)


def test_the_judge_text_runs_alone_and_loads_no_library(tmp_path: Path) -> None:
    code = (
        f"import sys\nspace = {{'__name__': 'judge'}}\nexec({warm.judge_source()!r}, space)\n"
        "names = {'x': [1, 2.5], 'y': {'a': (1, 2)}, '__name__': '__main__'}\n"
        "found = space['Observer'](names).section({'id': 's', 'bound': ['x', 'y']})\n"
        "assert found['values']['x']['shape'] == [2], found\n"
        "assert not {'numpy', 'torch', 'pandas', 'fastcompanion'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_numbers_keep_nine_digits_and_no_library() -> None:
    assert fingerprint(1 / 3) == {"k": "number", "v": 0.333333333, "i": False}
    for two in (2, np.int64(2), np.array(2)):
        assert fingerprint(two) == {"k": "number", "v": 2.0, "i": True}
    assert fingerprint(np.float32(0.5)) == fingerprint(0.5)
    assert fingerprint(float("nan"))["v"] is None
    assert str(fingerprint(-0.0)["v"]) == "0.0"


def test_texts_are_digests_and_truth_is_a_text() -> None:
    found = fingerprint("the answer is 42")
    assert set(found) == {"k", "h", "n"}
    assert "answer" not in json.dumps(found)
    assert fingerprint(True) == fingerprint(np.bool_(True)) != fingerprint(False)
    assert fingerprint(None)["k"] == "text"


def test_arrays_and_lists_of_the_same_numbers_are_alike() -> None:
    grid = np.arange(12.0).reshape(3, 4)
    found, listed = fingerprint(grid), fingerprint(grid.tolist())
    assert found == listed
    assert found["shape"] == [3, 4]
    assert found["c"] == [4.0, 5.0, 6.0, 7.0]
    assert found["s"] == [0.0, 2.75, 5.5, 8.25, 11.0]


def test_without_numpy_lists_give_the_same() -> None:
    rows = [[1.5, 2.0, -7.0], [0.25, float("nan"), 3.0]]
    by_hand = list_statistics([list(row) for row in rows], (2, 3))
    with_numpy = fingerprint(np.array(rows))
    assert {key: with_numpy[key] for key in by_hand} == by_hand
    assert by_hand["nan"] == 1


def test_the_order_of_rows_tells_and_that_of_columns_does_not() -> None:
    grid = np.random.RandomState(0).rand(50, 4)
    assert fingerprint(grid[:, ::-1])["v"] == pytest.approx(fingerprint(grid)["v"])
    assert fingerprint(grid[:, ::-1])["c"] == fingerprint(grid)["c"]
    assert fingerprint(grid[::-1])["v"][3] != pytest.approx(fingerprint(grid)["v"][3], rel=1e-3)


def test_kinds_of_items() -> None:
    assert fingerprint(np.array([True, False]))["d"] == "b"
    assert fingerprint(np.array([1, 2], dtype="uint8"))["d"] == "i"
    words = fingerprint(np.array(["a", "b"]))
    assert (words["d"], set(words)) == ("o", {"k", "shape", "d", "h"})
    assert fingerprint(np.array([1, 2.5], dtype=object))["d"] == "f"
    assert fingerprint(np.array([]))["v"] == [None] * 4


def test_groups_look_inside_a_little() -> None:
    found = fingerprint({"b": 1, "a": np.ones(3)})
    assert (found["t"], found["n"]) == ("dict", 2)
    assert fingerprint({"a": np.ones(3), "b": 1}) == found
    assert fingerprint((1, "x"))["items"][0]["v"] == 1.0
    assert len(fingerprint(["x"] * 100)["items"]) == 12
    assert fingerprint({3, 1}) == fingerprint({1, 3})
    assert (
        fingerprint(range(3))["v"]
        == fingerprint(deque([0, 1, 2]))["v"]
        == fingerprint([0, 1, 2])["v"]
    )
    loop: list[Any] = ["x"]
    loop.append(loop)
    assert fingerprint(loop)["k"] == "group"


def test_functions_classes_and_models() -> None:
    class Net:
        def forward(self, x: Any) -> Any:
            return x

    class Forest:
        def predict(self, x: Any) -> Any:
            return x

    assert fingerprint(lambda a, b: a) == {"k": "function", "n": 2}
    assert len(fingerprint(Net)["m"]) == 1
    assert fingerprint(Forest()) == {"k": "model", "cls": "Forest", "n": 0, "shapes": []}
    assert fingerprint(Path()) == {"k": "other", "cls": type(Path()).__name__}


def test_nothing_makes_it_fail_and_iterators_stay_full() -> None:
    class Sly:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name)

    assert fingerprint(Sly()) == {"k": "other", "cls": "Sly"}
    numbers = iter([1, 2])
    assert fingerprint(numbers)["k"] == "other"
    assert list(numbers) == [1, 2]


def test_big_values_are_thinned_by_rows_before_any_work() -> None:
    big = np.ones((60_000, 784), dtype="uint8")
    big[:, 0] = 9
    # Not by the clock, which also counts the garbage and the threads of all tests before this one.
    tracemalloc.start()
    try:
        found = fingerprint(big)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < big.nbytes / 4, "as floats it would be eight times its size"
    assert found["shape"] == [60_000, 784]
    assert found["v"][0] == pytest.approx((783 + 9) / 784)
    assert fingerprint(list(range(300_000)))["shape"] == [300_000]
    assert fingerprint(np.zeros((1, 900, 900)))["shape"] == [1, 900, 900]


def test_shape_only_keeps_what_chance_leaves() -> None:
    one, other = np.random.RandomState(1).rand(2, 5, 3)
    first, second = fingerprint((one, 0.5)), fingerprint((other, 0.25))
    assert first != second
    assert shape_only(first) == shape_only(second)
    assert shape_only(first) != shape_only(fingerprint((one.T, 0.5)))


def test_nan_is_not_clean() -> None:
    assert is_clean(fingerprint([1.0, 2.0]))
    for value in (float("nan"), np.array([1, np.nan]), (1.0, {"a": np.inf}), object()):
        assert not is_clean(fingerprint(value))


def test_printed_numbers_are_those_with_a_point() -> None:
    text = "epoch 3 loss=0.523; 1e-3, -2.5 and tensor(0.4945) version 1.5.3 at 10:30, 7.\n"
    assert printed_floats(text) == [0.523, 0.001, -2.5, 0.4945, 7.0]
    assert len(printed_floats("0.5 " * 500)) == 40


def test_what_nobody_sees_of_a_text_does_not_count() -> None:
    drawn = fingerprint(" *\n* *")
    assert fingerprint(" *  \n* *\n")["h"] == drawn["h"]
    assert fingerprint("*\n* *")["h"] != drawn["h"]
    assert fingerprint("True")["h"] != fingerprint(True)["h"]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 64, 1000, 1001])
def test_what_is_not_sorted_in_full_has_the_same_summary(count: int) -> None:
    numbers = np.random.RandomState(count).randint(-9, 9, count) / 4 + 0.125
    found = fingerprint(numbers)
    assert found["s"] == [summary(one) for one in quantiles(np.sort(numbers))]
    weights = 0.5 + (np.arange(count) * 0.6180339887498949) % 1.0
    assert found["v"][3] == summary(numbers @ weights / weights.sum())
