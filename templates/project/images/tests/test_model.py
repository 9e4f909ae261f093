"""The fastai model, where torch is installed: it learns, the same each time, and can be used again."""

import data
import pytest

pytestmark = pytest.mark.slow
pytest.importorskip("fastai")
pytest.importorskip("torchvision")

import model
import numpy as np
import torch
from test_project import planted{% if says != "points" %}, right{% endif %}


@pytest.fixture(autouse=True)
def from_nothing(monkeypatch):
    """No weights are needed to try it: a small network learns what is planted."""
    monkeypatch.setattr(model, "PRETRAINED", False)
    monkeypatch.setattr(model, "ARCH", "small")
    monkeypatch.setattr(model, "EPOCHS", {{ {"points": 40, "number": 30}.get(says, 20) }})
{% if says in ("number", "points") %}    monkeypatch.setattr(model, "RATE", 1e-2)
{% endif %}    monkeypatch.setattr(model, "BATCH", 16)
    monkeypatch.setattr(model, "SIDE", 32)


def test_it_learns_what_was_planted(tmp_path):
    inputs, targets = planted(tmp_path, {{ 75 if says == "points" else 45 }})
    said = model.predict(model.fit(inputs, targets, seed=1), inputs)
{% if says == "points" %}    usual = np.abs(np.array(targets) - np.mean(targets, axis=0)).mean()
    assert np.abs(np.array(said) - targets).mean() < 0.75 * usual
{% else %}    assert right(said, targets) > 0.9
{% endif %}{% if says == "class" %}    assert all(sum(one.values()) == pytest.approx(1, abs=1e-5) for one in said)
{% endif %}

def test_the_same_seed_gives_the_same_predictions(monkeypatch):
    monkeypatch.setattr(data, "FOLDER", data.HERE / "sample")
    monkeypatch.setattr(model, "EPOCHS", 1)
    _, inputs, targets = data.load()
    learned = model.fit(inputs, targets, seed=3)
    said = model.predict(learned, inputs)
    assert said == model.predict(model.fit(inputs, targets, seed=3), inputs)
    assert np.allclose(values(model.predict(learned, inputs[:1])), values(said[:1]), atol=1e-3), "alone as among others"


def test_predict_sees_pictures_as_the_learner_did(tmp_path, monkeypatch):
    """What fastai says of a batch that is not changed is what predict() says."""
    inputs, targets = planted(tmp_path, 20)
    kept = []
    monkeypatch.setattr(model, "EPOCHS", 1)
    monkeypatch.setattr(model, "vision_learner", lambda *words, make=model.vision_learner, **more: kept.append(make(*words, **more)) or kept[-1])
    learned = model.fit(inputs, targets, seed=3)
    learner = kept[0]
    with learner.no_bar():
        told, _ = learner.get_preds(dl=learner.dls.test_dl(list(zip(inputs, targets, strict=True))))
{% if says == "number" %}    mean, spread = learned["scale"]
    told = told * spread + mean
{% elif says == "points" %}    told = (told.reshape(len(inputs), -1) + 1) * 16
{% endif %}    assert np.allclose(values(model.predict(learned, inputs)), np.array(told).reshape(len(inputs), -1), atol=1e-3)


def values(said):
    return np.array([list(one.values()) if isinstance(one, dict) else np.ravel(one) for one in said])


def test_pretrained_weights_are_used_or_asked_for(tmp_path, monkeypatch):
    """Planted: a file of weights, whose first layer stands in the model after an epoch that may not change it."""
    monkeypatch.setattr(model, "ARCH", "resnet18")
    monkeypatch.setattr(model, "PRETRAINED", True)
    torch.manual_seed(5)
    whole = model.network("resnet18")()
    torch.save(whole.state_dict(), tmp_path / "weights.pth")
    monkeypatch.setattr(model.weights, "find", lambda arch: tmp_path / "weights.pth")
    body = model.body(tmp_path / "weights.pth")
    assert torch.equal(body[0].weight, whole.conv1.weight)
    inputs, targets = planted(tmp_path, 8)
    monkeypatch.setattr(model, "EPOCHS", 1)
    monkeypatch.setattr(model, "RATE", 0.0)
    learned = model.fit(inputs, targets, seed=1)
    assert torch.allclose(learned["weights"]["0.0.weight"], whole.conv1.weight, atol=1e-6)

    def nothing(arch):
        raise SystemExit(f"there are no weights of {arch}")

    monkeypatch.setattr(model.weights, "find", nothing)
    with pytest.raises(SystemExit, match="no weights of resnet18"):
        model.fit(inputs, targets, seed=1)
