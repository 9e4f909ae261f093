"""The linear model: it learns what colour and place tell."""

import json

import data
import linear
import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(linear, "PIXELS", 1000)


def planted(folder, monkeypatch, count=6):
    """A bright square somewhere is the second class; what is dark and low has none."""
    chance, inputs, masks = np.random.default_rng(1), [], {}
    for place in range(count):
        top, left = chance.integers(2, 18, 2)
        pixels = chance.integers(0, 60, (40, 48, 3)).astype(np.uint8)
        mask = np.zeros((40, 48), np.uint8)
        pixels[top : top + 12, left : left + 12] += 150
        mask[top : top + 12, left : left + 12] = 1
        mask[36:] = data.NOTHING
        path = folder / f"{place}.png"
        Image.fromarray(pixels).save(path)
        inputs.append(path)
        masks[path] = mask
    monkeypatch.setattr(data, "mask", masks.get)
    return inputs, masks


def test_it_learns_what_a_colour_tells(tmp_path, monkeypatch):
    inputs, masks = planted(tmp_path, monkeypatch)
    learned = json.loads(json.dumps(linear.fit(inputs[:4], inputs[:4], seed=1)))
    for path, said in zip(inputs[4:], linear.predict(learned, inputs[4:]), strict=True):
        known = masks[path] != data.NOTHING
        assert said.shape == masks[path].shape
        assert (said == masks[path])[known].mean() > 0.98


def test_the_same_seed_learns_the_same(tmp_path, monkeypatch):
    inputs, _ = planted(tmp_path, monkeypatch)
    assert linear.fit(inputs, inputs, seed=1) == linear.fit(inputs, inputs, seed=1)


def test_large_and_narrow_pictures_have_masks_of_their_size(tmp_path, monkeypatch):
    inputs, _ = planted(tmp_path, monkeypatch)
    learned = linear.fit(inputs, inputs, seed=1)
    for size in ((1000, 3), (1, 1)):
        Image.new("RGB", size).save(tmp_path / "odd.png")
        (said,) = linear.predict(learned, [tmp_path / "odd.png"])
        assert said.shape == size[::-1]
