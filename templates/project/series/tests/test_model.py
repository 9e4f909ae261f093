"""The fastai model, where torch is installed: it learns, the same each time, and can be used again."""

import data
import pytest

pytestmark = pytest.mark.slow
pytest.importorskip("fastai")

import model


def zigzag(count=130):
    """A move up is followed by a move down, by half as much."""
    values, move = [10.0], 8.0
    for place in range(count - 1):
        move = -0.5 * move if place % 4 else 8.0
        values.append(values[-1] + move)
    return [{"step": place} | dict.fromkeys(data.BESIDE, 1.0) for place in range(count)], values


def test_it_learns_what_was_planted(monkeypatch):
    monkeypatch.setattr(data, "SEASON", 1)
    monkeypatch.setattr(data, "LAGS", 4)
    inputs, targets = zigzag()
    said = model.predict(model.fit(inputs[:120], targets[:120], seed=1), inputs[120:124])
    naive = sum(abs(targets[119] - target) for target in targets[120:124])
    assert sum(abs(one - target) for one, target in zip(said, targets[120:124], strict=True)) < 0.5 * naive


def test_the_same_seed_gives_the_same_predictions(monkeypatch):
    monkeypatch.setattr(data, "FOLDER", data.HERE / "sample")
    monkeypatch.setattr(model, "EPOCHS", 2)
    _, inputs, targets = data.load()
    learned = model.fit(inputs, targets, seed=3)
    asked = [{"step": learned["end"] + ahead} for ahead in range(1, 6)]
    said = model.predict(learned, asked)
    assert said == model.predict(model.fit(inputs, targets, seed=3), asked)
    assert said[:2] == model.predict(learned, asked[:2]), "a forecast does not depend on how far it goes on"
    assert len(model.predict(model.fit(inputs[:2], targets[:2], seed=3), asked)) == 5, "a series of two"
