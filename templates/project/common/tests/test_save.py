"""Saved and loaded again, a model says the same."""

import importlib.util

import data
import pytest
import save
import train


@pytest.mark.parametrize("name", ["majority", "baseline", {{ naive_py }}pytest.param("model", marks=pytest.mark.slow)])
def test_a_model_that_was_loaded_says_the_same(name, tmp_path, monkeypatch):
    if not (data.HERE / f"{name}.py").exists() or (name == "model" and not importlib.util.find_spec("fastai")):
        pytest.skip(f"there is no {name} here")
    monkeypatch.setattr(data, "FOLDER", data.HERE / "sample")
    _, inputs, targets = data.load()
    model = train.find(name)
    monkeypatch.setattr(model, "PRETRAINED", False, raising=False)  # a test needs no weights
    monkeypatch.setattr(model, "EPOCHS", 1, raising=False)
    monkeypatch.setattr(model, "ARCH", "small", raising=False)
    learned = model.fit(inputs, targets, seed=1)
    path = save.save(learned, tmp_path)
    assert path.exists()
{% if says == "mask" %}    again, before = model.predict(save.load(tmp_path), inputs), model.predict(learned, inputs)
    assert all((one == other).all() for one, other in zip(again, before, strict=True))
{% else %}    assert model.predict(save.load(tmp_path), inputs) == model.predict(learned, inputs)
{% endif %}

def test_where_nothing_was_saved_there_is_nothing(tmp_path):
    assert save.load(tmp_path) is None
