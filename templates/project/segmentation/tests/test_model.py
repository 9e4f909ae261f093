"""The fastai model, where torch is installed: it learns, the same each time, and can be used again."""

import data
import pytest

pytestmark = pytest.mark.slow
pytest.importorskip("fastai")
pytest.importorskip("torchvision")

import model
import numpy as np
import torch
from PIL import Image


@pytest.fixture(autouse=True)
def from_nothing(monkeypatch):
    """No weights are needed to try it: a small network learns what is planted."""
    monkeypatch.setattr(model, "PRETRAINED", False)
    monkeypatch.setattr(model, "ARCH", "small")
    monkeypatch.setattr(model, "EPOCHS", 12)
    monkeypatch.setattr(model, "SIDE", 64)


def planted(folder, monkeypatch, count=16):
    """A bright square somewhere is the second class; the lowest rows have none."""
    chance, inputs, masks = np.random.default_rng(1), [], {}
    for place in range(count):
        top, left = chance.integers(4, 28, 2)
        pixels = chance.integers(0, 60, (64, 80, 3)).astype(np.uint8)
        mask = np.zeros((64, 80), np.uint8)
        pixels[top : top + 24, left : left + 32] += 150
        mask[top : top + 24, left : left + 32] = 1
        mask[60:] = data.NOTHING
        path = folder / f"{place}.png"
        Image.fromarray(pixels).save(path)
        inputs.append(path)
        masks[path] = mask
    monkeypatch.setattr(data, "mask", masks.get)
    return inputs, masks


def test_it_learns_what_was_planted_and_says_it_again(tmp_path, monkeypatch):
    inputs, masks = planted(tmp_path, monkeypatch)
    learned = model.fit(inputs, inputs, seed=1)
    right = []
    for path, said in zip(inputs, model.predict(learned, inputs), strict=True):
        known = masks[path] != data.NOTHING
        assert said.shape == masks[path].shape
        right.append((said == masks[path])[known].mean())
    assert np.mean(right) > 0.93
    torch.save(learned, tmp_path / "model.pt")
    again = model.predict(torch.load(tmp_path / "model.pt", weights_only=True), inputs[:2])
    assert all((one == other).all() for one, other in zip(again, model.predict(learned, inputs[:2]), strict=True))


def test_the_same_seed_gives_the_same_masks(tmp_path, monkeypatch):
    inputs, _ = planted(tmp_path, monkeypatch, 8)
    monkeypatch.setattr(model, "EPOCHS", 1)
    one, other = (list(model.predict(model.fit(inputs, inputs, seed=3), inputs[:3])) for _ in range(2))
    assert all((mask == same).all() for mask, same in zip(one, other, strict=True))


def test_predict_sees_pictures_as_the_learner_did(tmp_path, monkeypatch):
    """What fastai makes of a picture that is not changed is what predict() looks at."""
    inputs, _ = planted(tmp_path, monkeypatch, 4)
    learned = {"size": 64, "classes": list(data.CLASSES)}
    seen, truth = model.loaders(learned, inputs, inputs).valid.one_batch()
    assert torch.allclose(torch.Tensor(seen[0].cpu()), model.seen(inputs[0], 64), atol=1e-5)
    assert set(truth.unique().tolist()) == {0, 1, data.NOTHING}


def test_what_has_no_class_costs_nothing():
    said = torch.zeros(1, len(data.CLASSES), 2, 2)
    said[0, 0] = 5.0
    truth = torch.tensor([[[0, 0], [data.NOTHING, data.NOTHING]]])
    assert model.loss(said, truth) == pytest.approx(float(model.loss(said[:, :, :1], truth[:, :1])))
    assert model.loss(said, torch.full((1, 2, 2), data.NOTHING)) == 0


def test_pretrained_weights_are_used_or_asked_for(tmp_path, monkeypatch):
    """Planted: a file of weights, whose first layer stands in the model after an epoch that may not change it."""
    monkeypatch.setattr(model, "ARCH", "resnet18")
    monkeypatch.setattr(model, "PRETRAINED", True)
    torch.manual_seed(5)
    whole = model.network(model.ARCH)()
    torch.save(whole.state_dict(), tmp_path / "weights.pth")
    monkeypatch.setattr(model.weights, "find", lambda arch: tmp_path / "weights.pth")
    inputs, _ = planted(tmp_path, monkeypatch, 4)
    monkeypatch.setattr(model, "EPOCHS", 1)
    monkeypatch.setattr(model, "RATE", 0.0)
    learned = model.fit(inputs, inputs, seed=1)
    assert torch.allclose(learned["weights"]["layers.0.0.weight"], whole.conv1.weight, atol=1e-6)

    def nothing(arch):
        raise SystemExit(f"there are no weights of {arch}")

    monkeypatch.setattr(model.weights, "find", nothing)
    with pytest.raises(SystemExit, match="no weights of"):
        model.fit(inputs, inputs, seed=1)
