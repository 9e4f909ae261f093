"""What a call has changed: told by copies where these are quicker made than fingerprints."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastcompanion.course.recorded.fingerprints import fingerprint
from fastcompanion.course.recorded.replays import Before, global_names, plain_copy

ARRAYS = [np.arange(6.0), np.array([[1, 2]]), np.array([1.5, np.nan, np.inf]), np.array([True])]


@pytest.mark.parametrize("value", [*ARRAYS, [1, 2], {"a": 1.0}, "text", None, 3])
def test_what_stays_is_not_told(value: Any) -> None:
    assert Before(value).changed(value) is None


@pytest.mark.parametrize("value", ARRAYS)
def test_what_an_array_has_become_is_told(value: Any) -> None:
    mine = value.copy()
    before = Before(mine)
    mine.reshape(-1)[0] = 0 if mine.reshape(-1)[0] else 1
    assert before.changed(mine) == fingerprint(mine)
    assert Before(mine).changed(mine.reshape(-1, 1)) == fingerprint(mine.reshape(-1, 1))


def test_a_list_that_grows_is_told() -> None:
    mine = [1.0, 2.0]
    before = Before(mine)
    mine.append(3.0)
    assert before.changed(mine) == fingerprint([1.0, 2.0, 3.0])


def test_only_plain_arrays_are_copied() -> None:
    assert plain_copy(np.array(["a"])) is None
    assert plain_copy(np.array([1j])) is None
    assert plain_copy([1.0]) is None
    copied = plain_copy(np.arange(3))
    assert copied is not None
    assert copied.tolist() == [0, 1, 2]


@pytest.mark.train
def test_a_gradient_that_a_call_leaves_behind_is_told() -> None:
    torch = pytest.importorskip("torch")
    leaf = torch.rand(3).requires_grad_()
    before = Before(leaf)
    assert before.changed(leaf) is None
    (leaf * 2).sum().backward()
    assert before.changed(leaf) == fingerprint(leaf)
    assert Before(leaf).changed(leaf) is None
    with torch.no_grad():
        leaf.sub_(1)
    assert Before(torch.ones(3)).changed(torch.ones(3)) is None
    assert Before(torch.ones(3)).changed(torch.zeros(3)) == fingerprint(torch.zeros(3))
    assert plain_copy(torch.ones(3, dtype=torch.bfloat16)) is None


def test_the_names_that_code_reads_are_those_of_its_own() -> None:
    first = compile("a + b", "<x>", "eval")
    second = compile("a + c", "<x>", "eval")
    assert global_names(first) == ("a", "b")
    assert global_names(second) == ("a", "c")
    assert global_names(first) == ("a", "b")
