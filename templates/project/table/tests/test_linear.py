"""The linear model: it learns what is linear, and does not mind what it has never seen."""

import json
import random

import data
import linear
import pytest

HERE = data.HERE


def planted(count=200):
    chance = random.Random(1)
    inputs = [{"x": chance.gauss(0, 1), "word": chance.choice("ab"), "noise": chance.gauss(0, 1)} for _ in range(count)]
    inputs[0]["x"] = inputs[1]["word"] = None
    sums = [2 * (row["x"] or 0.0) + (1.5 if row["word"] == "a" else 0.0) for row in inputs]
{% if is_class %}    return inputs, ["yes" if total > 0.5 else "no" for total in sums]
{% else %}    return inputs, sums
{% endif %}

def test_it_learns_what_is_linear():
    inputs, targets = planted()
    said = linear.predict(linear.fit(inputs, targets, seed=1), inputs)
{% if is_class %}    right = sum(max(one, key=one.get) == target for one, target in zip(said, targets, strict=True))
    assert right > 0.95 * len(targets)
    assert all(sum(one.values()) == pytest.approx(1) for one in said)
{% else %}    assert said[2:] == pytest.approx(targets[2:], abs=0.2)
{% endif %}

def test_what_it_learned_is_plain_data(monkeypatch):
    monkeypatch.setattr(data, "FOLDER", HERE / "sample")
    _, inputs, targets = data.load()
    learned = linear.fit(inputs, targets, seed=1)
    said = linear.predict(json.loads(json.dumps(learned)), inputs)
    assert said == linear.predict(learned, inputs)


def test_words_and_gaps_that_were_never_seen():
    inputs, targets = planted()
    learned = linear.fit(inputs, targets, seed=1)
    (said,) = linear.predict(learned, [{"x": None, "word": "new", "noise": 1e9}])
{% if is_class %}    assert set(said) == {"yes", "no"}
{% else %}    assert abs(said) < 100
{% endif %}
