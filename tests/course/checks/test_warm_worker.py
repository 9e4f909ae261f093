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
    assert digest(np.arange(3.0)) != digest(np.arange(3))
    assert digest({"x": [1, (2, 3)]}) != digest({"x": [1, (2, 4)]})
