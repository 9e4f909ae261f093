"""The linear model: it hears what goes on and what comes in beats."""

import json

import data
import linear
import numpy as np
import pytest


def planted(monkeypatch, count=40):
    """Spectra as loud as each other: those of the second class come in beats."""
    chance = np.random.default_rng(1)
    made = {}
    for place in range(count):
        spectrum = chance.normal(-40, 3, (data.BANDS, data.FRAMES))
        if place % 2:
            spectrum[10:20] += np.where(np.arange(data.FRAMES) % 8 < 4, 8, -8)
        made[f"{place}.wav"] = spectrum
    monkeypatch.setattr(data, "spectra", lambda inputs: np.stack([made[one] for one in inputs]))
    return list(made), ["goes on", "beats"] * (count // 2)


def test_it_hears_beats(monkeypatch):
    inputs, targets = planted(monkeypatch)
    learned = json.loads(json.dumps(linear.fit(inputs[:30], targets[:30], seed=1)))
    said = linear.predict(learned, inputs[30:])
    assert [max(one, key=one.get) for one in said] == targets[30:]
    assert all(sum(one.values()) == pytest.approx(1) for one in said)


def test_a_class_that_comes_often_is_more_likely_where_nothing_is_heard(monkeypatch):
    monkeypatch.setattr(data, "spectra", lambda inputs: np.full((len(inputs), data.BANDS, data.FRAMES), data.QUIET))
    said = linear.predict(linear.fit(["x"] * 4, ["a", "a", "a", "b"], seed=1), ["x"])
    assert said[0]["a"] == pytest.approx(0.75, abs=0.02)
