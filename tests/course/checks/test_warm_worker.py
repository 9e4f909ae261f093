"""The digest by which the warm process tells whether two runs left the same behind."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcompanion.course.checks.warm_worker import digest, trace


class Yes:
    """Answers to every name, as fastcore's Self does."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: object) -> Yes:
        return self


class Bad:
    """Fails when it is looked at."""

    @property
    def dtype(self) -> None:
        raise RuntimeError("not now")


def test_objects_that_are_no_arrays_do_no_harm() -> None:
    assert digest(Yes()) == "Yes"
    assert digest(Bad()) == "Bad"
    names = {"a": 1, "odd": Yes(), "bad": [Bad(), 2.5]}
    assert trace(names) == trace(dict(names))
    assert trace(names) != trace({**names, "bad": [Bad(), 2.6]})


def test_equal_values_have_equal_digests_whatever_the_place_in_memory() -> None:
    def made() -> dict[Any, Any]:
        return {"x": np.arange(3.0), object(): {1: "a"}}

    assert digest(made()) == digest(made())
    assert digest(np.arange(3.0) + 0.5) != digest(np.arange(3.0) + 0.501)
    assert digest({"x": [1, (2, 3)]}) != digest({"x": [1, (2, 4)]})


def test_types_and_rounding_are_no_difference() -> None:
    said = np.array([True, False, True])
    assert digest(said) == digest(said.astype(int)) == digest(said.astype("float32"))
    assert digest(True) == digest(1) == digest(1.0) == digest(np.int64(1))
    rows = np.random.RandomState(0).rand(1000)
    assert digest(rows) == digest(rows * (1 + 1e-12)) != digest(rows * 1.001)
    assert digest(0.1 + 0.2) == digest(0.3) != digest(0.3001)
    assert digest(float("nan")) != digest(float("inf"))
    assert digest(np.array([np.nan, 1.0])) != digest(np.array([2.0, 1.0]))


def test_places_in_memory_are_no_difference() -> None:
    assert digest(f"node {id(object())}") == digest(f"node {140212345678901}")
    assert digest("0.123456789012345") != digest("0.123456789012346")
    assert digest("12345") != digest("12346")
