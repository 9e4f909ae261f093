"""The fastai model, where torch is installed: it learns, the same each time, and can be used again."""

import data
import pytest

pytestmark = pytest.mark.slow
pytest.importorskip("fastai")

import model


def planted(count=129):
    inputs = [{"x": float(place % 10), "word": "ab"[place % 2]} for place in range(count)]
    inputs[5]["x"] = inputs[6]["word"] = None
{% if is_class %}    return inputs, ["yes" if (row["x"] or 0) > 4.5 else "no" for row in inputs]
{% else %}    return inputs, [3.0 * (row["x"] or 0.0) for row in inputs]
{% endif %}

def test_it_learns_what_was_planted():
    inputs, targets = planted()
    said = model.predict(model.fit(inputs, targets, seed=1), inputs)
{% if is_class %}    right = sum(max(one, key=one.get) == target for one, target in zip(said, targets, strict=True))
    assert right > 0.9 * len(targets)
    assert all(sum(one.values()) == pytest.approx(1, abs=1e-5) for one in said)
{% else %}    error = sum((one - target) ** 2 for one, target in zip(said, targets, strict=True)) / len(targets)
    assert error < 15
{% endif %}

def test_a_gap_that_learning_never_saw_is_the_middle(monkeypatch):
    monkeypatch.setattr(model, "EPOCHS", 2)
    rows = [(row, target) for row, target in zip(*planted(), strict=True) if None not in row.values()]
    inputs, targets = [row for row, _ in rows], [target for _, target in rows]
    learned = model.fit(inputs, targets, seed=1)
    middle = sorted(row["x"] for row in inputs)[len(inputs) // 2]
    gap, usual = model.predict(learned, [{"x": None, "word": "a"}, {"x": middle, "word": "a"}])
    assert gap == pytest.approx(usual)


def test_a_number_that_never_varied_is_no_giant_when_it_does(monkeypatch):
    monkeypatch.setattr(model, "EPOCHS", 2)
    inputs, targets = planted()
    learned = model.fit([row | {"same": 7.0} for row in inputs], targets, seed=1)
    told = model.predict(learned, [inputs[0] | {"same": value} for value in (8.0, 1e6, None)])
    assert told[0] == pytest.approx(told[1])
    assert told[0] == pytest.approx(told[2])


def test_the_same_seed_gives_the_same_predictions(monkeypatch):
    monkeypatch.setattr(data, "FOLDER", data.HERE / "sample")
    monkeypatch.setattr(model, "EPOCHS", 2)
    _, inputs, targets = data.load()
    learned = model.fit(inputs, targets, seed=3)
    assert model.predict(learned, inputs) == model.predict(model.fit(inputs, targets, seed=3), inputs)
    assert len(model.predict(learned, [dict.fromkeys(inputs[0])])) == 1, "a row without any value"
