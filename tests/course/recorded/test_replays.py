"""What a call has changed: told by copies where these are quicker made than fingerprints."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from fastcompanion.course.recorded import replays
from fastcompanion.course.recorded.fingerprints import fingerprint
from fastcompanion.course.recorded.probe import Limit
from fastcompanion.course.recorded.replays import Before, global_names, plain_copy
from tests.course.recorded.spaces import Space, recorded

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


def test_what_a_record_holds_goes_by_computing_and_not_by_how_busy_a_machine_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replays, "SLOW_ORIGINAL", 0.02)
    waits = "import time\ndef f(n):\n    time.sleep(0.05)\n    return n * 2"
    (told,) = recorded(waits, "f(3.0)\nf(4.0)")
    assert len(told["cases"]) == 3
    computes = "def f(n):\n    while True: n += 1"
    (told,) = Space(computes).section(answer=[{**told, "name": "f"}])["answers"]
    assert told["cases"] == []


def test_patience_ends() -> None:
    limit = Limit(0.01, patience=0.1)
    with pytest.raises(KeyboardInterrupt), limit:
        time.sleep(20)
    assert limit.fired
