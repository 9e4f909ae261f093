"""Tensors and tables: what they look like, and that gradients survive being copied and called again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastcompanion.course.recorded.calls import spec_of, synthesise
from fastcompanion.course.recorded.fingerprints import fingerprint
from fastcompanion.course.recorded.probe import Isolation
from tests.course.recorded.spaces import Space, agreeing, recorded, replayed

pytestmark = pytest.mark.train
START = """
import torch
torch.manual_seed(0)
x, y = torch.rand(40, 3), (torch.rand(40) > 0.5).int()
w = torch.rand(3).requires_grad_()
"""
STEP = """
def loss_of(w, x, y): return (torch.sigmoid(x @ w) - y).abs().mean()
def update(w, lr):
    w.sub_(w.grad * lr)
    w.grad.zero_()
def epoch(w, lr):
    loss = loss_of(w, x, y)
    loss.backward()
    with torch.no_grad(): update(w, lr)
def init(n=3): return [torch.rand(n, 2).requires_grad_(), torch.rand(1)[0].requires_grad_()]
def pair(layers, x): return x @ layers[0] + layers[1]
@torch.no_grad()
def acc(w): return ((x @ w > 0.5) == y.bool()).float().mean()
"""
CALLS = "epoch(w, 0.1)\nepoch(w, 0.1)\nlayers = init()\npair(layers, x)\nacc(w)"


@pytest.fixture(autouse=True)
def torch() -> Any:
    return pytest.importorskip("torch")


def test_a_tensor_looks_like_its_array(torch: Any) -> None:
    tensor = torch.arange(6.0).reshape(2, 3)
    assert fingerprint(tensor) == fingerprint(tensor.numpy())
    assert fingerprint(tensor.half()) == fingerprint(tensor)
    assert fingerprint(torch.tensor(0.5).requires_grad_()) == fingerprint(0.5)
    assert fingerprint(torch.tensor(True)) == fingerprint(True)
    assert fingerprint([torch.tensor(1.0), torch.tensor(2.0).requires_grad_()])["shape"] == [2]
    tensor.requires_grad_().sum().backward()
    assert fingerprint(tensor)["g"] == [1.0, 1.0]


def test_models_and_computed_tensors(torch: Any) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
    found = fingerprint(model)
    assert found == {"k": "model", "cls": "Sequential", "n": 8, "shapes": [[2, 3], [2]]}
    assert fingerprint(model(torch.rand(4, 3)))["shape"] == [4, 2]


def test_specs_make_tensors_with_gradients(torch: Any) -> None:
    tensor = torch.rand(4, 2).requires_grad_()
    (tensor**2).sum().backward()
    made = synthesise(spec_of(tensor), 1)
    assert (made.shape, made.dtype, made.requires_grad) == (tensor.shape, tensor.dtype, True)
    assert made.grad.shape == tensor.shape
    assert synthesise(spec_of(torch.zeros(3, dtype=torch.int64)), 1).dtype == torch.int64
    assert synthesise(spec_of(torch.tensor(0.5)), 1).item() == 0.5


def test_copies_keep_gradients_and_lead_nowhere(torch: Any) -> None:
    names: dict[str, Any] = {"w": torch.ones(3).requires_grad_(), "layer": torch.nn.Linear(2, 1)}
    (names["w"] * 2).sum().backward()
    names["layer"](torch.ones(1, 2)).sum().backward()
    names["loss"] = (names["w"] ** 2).sum()
    inner = Isolation(names)
    twin, layer, loss = (inner.of(names[name]) for name in ("w", "layer", "loss"))
    assert twin is not names["w"]
    assert twin.requires_grad
    assert twin.grad.tolist() == [2, 2, 2]
    assert layer.weight.grad.tolist() == [[1, 1]]
    loss.backward()
    layer.zero_grad()
    assert names["w"].grad.tolist() == [2, 2, 2]
    assert names["layer"].weight.grad is not None


def test_functions_on_tensors_are_recorded_and_replayed(torch: Any) -> None:
    functions = {one["name"]: one for one in recorded(STEP, CALLS, START)}
    assert all(one["cases"] for one in functions.values()), functions
    assert functions["init"]["class"] == "shape"
    assert functions["update"]["cases"][0]["no_grad"]
    assert functions["update"]["cases"][0]["args"][0]["grad"]
    found = replayed(list(functions.values()), STEP, START)
    for name in ("loss_of", "update", "epoch", "pair", "acc"):
        assert ("name", name) in [one[:2] for one in agreeing(functions[name], found[name])], name


@pytest.mark.parametrize(
    ("right", "wrong", "name"),
    [
        ("w.sub_(", "w.add_(", "update"),
        ("w.grad * lr", "w.grad", "update"),
        ("w.grad.zero_()", "pass", "update"),
        ("loss.backward()", "(2 * loss).backward()", "epoch"),
        ("- y).abs()", "+ y).abs()", "loss_of"),
        ("torch.sigmoid(x @ w)", "(x @ w)", "loss_of"),
        ("> 0.5) ==", "> 0.2) ==", "acc"),
        ("+ layers[1]", "", "pair"),
    ],
)
def test_wrong_bodies_answer_otherwise(right: str, wrong: str, name: str) -> None:
    functions = {one["name"]: one for one in recorded(STEP, CALLS, START)}
    assert right in STEP
    found = replayed([functions[name]], STEP.replace(right, wrong), START)[name]
    assert agreeing(functions[name], found) == []


def test_observing_leaves_tensors_and_chance_alone(torch: Any) -> None:
    functions = recorded(STEP, CALLS, START)
    space = Space(START)
    space.run(STEP)
    space.run("epoch(w, 0.1)")
    before = space.names["w"].detach().clone()
    torch.manual_seed(9)
    expected = torch.rand(1).item()
    torch.manual_seed(9)
    space.section(functions=functions, bound=list(space.names))
    assert torch.rand(1).item() == expected
    assert (space.names["w"].detach() == before).all()
    assert space.names["w"].requires_grad


def test_a_table_is_known_by_its_columns() -> None:
    pandas = pytest.importorskip("pandas")
    rows = {"age": [1.0, 2.0, np.nan], "name": ["a", None, "c"], "is": [True, False, True]}
    frame = pandas.DataFrame(rows)
    found = fingerprint(frame)
    assert found["shape"] == [3, 3]
    assert sorted(str(column[1:]) for column in found["cols"]) == sorted(
        str(one) for one in ([1.5, 1], [None, 1], [0.6666667, 0])
    )
    assert fingerprint(frame[["is", "age", "name"]]) == found
    assert fingerprint(frame.fillna({"age": 0})) != found
    assert fingerprint(frame["age"])["nan"] == 1
    assert fingerprint(frame["name"])["d"] == "o"
    assert [one["d"] for one in spec_of(frame)["items"]] == ["float64", "object", "bool"]
    assert spec_of(pandas.DataFrame({1: [2.0]})) == {"k": "unknown"}
    assert len(synthesise(spec_of(pandas.Series([1.0, 2.5, 3.0])), 1)) == 3
