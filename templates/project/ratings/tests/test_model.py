"""The fastai model, where torch is installed: it learns, the same each time, and can be used again."""

import data
import pytest

pytestmark = pytest.mark.slow
pytest.importorskip("fastai")

import model


def planted():
    inputs = [(f"u{user}", f"i{item}") for user in range(20) for item in range(20)]
    return inputs, [4.5 if int(item[1:]) % 2 else 1.5 for _, item in inputs]


def test_it_learns_what_was_planted(monkeypatch):
    monkeypatch.setattr(model, "EPOCHS", 20)
    monkeypatch.setattr(model, "RATE", 5e-2)
    inputs, targets = planted()
    said = model.predict(model.fit(inputs, targets, seed=1), inputs)
    error = sum((one - target) ** 2 for one, target in zip(said, targets, strict=True)) / len(targets)
    assert error < 0.5


def test_the_same_seed_gives_the_same_predictions(monkeypatch):
    monkeypatch.setattr(data, "FOLDER", data.HERE / "sample")
    monkeypatch.setattr(model, "EPOCHS", 2)
    _, inputs, targets = data.load()
    learned = model.fit(inputs, targets, seed=3)
    assert model.predict(learned, inputs) == model.predict(model.fit(inputs, targets, seed=3), inputs)


def test_who_was_never_seen_gets_one_answer(monkeypatch):
    monkeypatch.setattr(model, "EPOCHS", 1)
    inputs, targets = planted()
    learned = model.fit(inputs, targets, seed=1)
    one, other = model.predict(learned, [("nobody", "nothing"), ("somebody", "new")])
    assert one == other
    assert learned["range"][0] < one < learned["range"][1]
