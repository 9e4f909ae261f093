"""What has to stay true, tried on the rows in sample/: no network, no torch, a second or two."""

import json
from pathlib import Path

import pytest

import baseline
import data
import majority

HERE = Path(data.__file__).parent


@pytest.fixture(autouse=True)
def sample(monkeypatch):
    monkeypatch.setattr(data, "FOLDER", HERE / "sample")


def test_each_row_has_an_id_of_its_own_a_pair_and_a_rating():
    ids, inputs, targets = data.load()
    assert len(ids) == len(inputs) == len(targets) > 1
    assert len(set(ids)) == len(ids)
    assert all(isinstance(one, str) for pair in inputs + data.test()[1] for one in pair)
    assert all(isinstance(target, float) and target == target for target in targets)


@pytest.mark.parametrize("model", [majority, baseline])
def test_predictions_are_ratings_and_the_same_again(model):
    _, inputs, targets = data.load()
    learned = model.fit(inputs, targets, seed=1)
    said = model.predict(learned, inputs)
    assert len(said) == len(inputs)
    assert all(min(targets) <= one <= max(targets) for one in said)
    assert model.predict(model.fit(inputs, targets, seed=1), inputs) == said
    assert model.predict(json.loads(json.dumps(learned)), inputs) == said, "what was learned can be saved"


def planted():
    """Items are worth 1 to 5; user "kind" gives half a star more than "mean"."""
    inputs = [(user, str(item)) for user in ("kind", "mean", "usual") for item in range(1, 6)] * 40
    more = {"kind": 0.5, "mean": -0.5, "usual": 0.0}
    return inputs, [int(item) + more[user] for user, item in inputs]


def test_the_baseline_finds_who_is_kind_and_what_is_good():
    inputs, targets = planted()
    learned = baseline.fit(inputs, targets, seed=1)
    assert baseline.predict(learned, [("kind", "4"), ("mean", "2")]) == pytest.approx([4.5, 1.5], abs=0.2)


def test_who_was_never_seen_gets_what_is_usual():
    inputs, targets = planted()
    learned = baseline.fit(inputs, targets, seed=1)
    assert baseline.predict(learned, [("nobody", "nothing")]) == pytest.approx([3.0])
    assert baseline.predict(learned, [("nobody", "5")]) == pytest.approx([5.0], abs=0.2)


def test_one_rating_says_little():
    inputs, targets = planted()
    learned = baseline.fit([*inputs, ("usual", "once")], [*targets, 5.5], seed=1)
    assert 3.0 < baseline.predict(learned, [("usual", "once")])[0] < 3.6
