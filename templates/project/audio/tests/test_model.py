"""The fastai model, where torch is installed: it learns, the same each time, and can be used again."""

import data
import pytest

pytestmark = pytest.mark.slow
pytest.importorskip("fastai")
pytest.importorskip("torchvision")

import model
import numpy as np
import torch


@pytest.fixture(autouse=True)
def from_nothing(monkeypatch):
    """No weights are needed to try it: a small network learns what is planted."""
    monkeypatch.setattr(model, "PRETRAINED", False)
    monkeypatch.setattr(model, "ARCH", "small")
    monkeypatch.setattr(model, "BATCH", 16)
    monkeypatch.setattr(model, "EPOCHS", 10)


def planted(monkeypatch, count=48):
    """Spectra with one loud band, low or high, at some time."""
    chance, made = np.random.default_rng(1), {}
    for place in range(count):
        spectrum = chance.normal(-50, 3, (data.BANDS, data.FRAMES)).astype(np.float32)
        low, begin = 6 + 30 * (place % 2) + place % 5, chance.integers(0, data.FRAMES // 2)
        spectrum[low : low + 8, begin : begin + data.FRAMES // 2] = -10
        made[f"{place}.wav"] = spectrum
    monkeypatch.setattr(data, "spectra", lambda inputs: np.stack([made[one] for one in inputs]))
    return list(made), [["low", "high"][place % 2] for place in range(count)]


def test_it_learns_what_was_planted(monkeypatch):
    inputs, targets = planted(monkeypatch)
    said = model.predict(model.fit(inputs, targets, seed=1), inputs)
    right = sum(max(one, key=one.get) == target for one, target in zip(said, targets, strict=True))
    assert right > 0.9 * len(targets)
    assert all(sum(one.values()) == pytest.approx(1, abs=1e-5) for one in said)


def test_the_same_seed_gives_the_same_predictions(monkeypatch):
    monkeypatch.setattr(data, "FOLDER", data.HERE / "sample")
    monkeypatch.setattr(model, "EPOCHS", 1)
    _, inputs, targets = data.load()
    learned = model.fit(inputs, targets, seed=3)
    said = model.predict(learned, inputs)
    assert said == model.predict(model.fit(inputs, targets, seed=3), inputs)
    (alone,) = model.predict(learned, inputs[:1])
    assert alone == pytest.approx(said[0], abs=1e-3), "alone as among others"


def test_a_recording_begins_a_little_earlier_or_later():
    picture = torch.zeros(3, data.BANDS, data.FRAMES)
    picture[:, :, data.FRAMES // 2] = 1
    places = {int(model.changed((picture, 0))[0][0, 0].argmax()) for _ in range(50)}
    assert len(places) > 5
    assert max(abs(place - data.FRAMES // 2) for place in places) <= data.FRAMES // 8


def test_pretrained_weights_are_used_or_asked_for(tmp_path, monkeypatch):
    """Planted: a file of weights, whose first layer stands in the model after an epoch that may not change it."""
    monkeypatch.setattr(model, "ARCH", "resnet18")
    monkeypatch.setattr(model, "PRETRAINED", True)
    torch.manual_seed(5)
    whole = model.network("resnet18")()
    torch.save(whole.state_dict(), tmp_path / "weights.pth")
    monkeypatch.setattr(model.weights, "find", lambda arch: tmp_path / "weights.pth")
    inputs, targets = planted(monkeypatch, 8)
    monkeypatch.setattr(model, "EPOCHS", 1)
    monkeypatch.setattr(model, "RATE", 0.0)
    learned = model.fit(inputs, targets, seed=1)
    assert torch.allclose(learned["weights"]["0.0.weight"], whole.conv1.weight, atol=1e-6)

    def nothing(arch):
        raise SystemExit(f"there are no weights of {arch}")

    monkeypatch.setattr(model.weights, "find", nothing)
    with pytest.raises(SystemExit, match="no weights of resnet18"):
        model.fit(inputs, targets, seed=1)
