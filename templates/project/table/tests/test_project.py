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


def test_each_row_has_an_id_of_its_own_inputs_and_a_target():
    ids, inputs, targets = data.load()
    assert len(ids) == len(inputs) == len(targets) > 1
    assert len(set(ids)) == len(ids)
    assert {tuple(row) for row in inputs} == {tuple(inputs[0])}, "all rows have the same columns"
    assert data.TARGET not in inputs[0], "the target is not among the inputs"


def test_inputs_are_numbers_words_or_missing():
    for row in data.load()[1] + data.test()[1]:
        assert all(value is None or isinstance(value, (float, str)) for value in row.values())
        assert all(value == value for value in row.values()), "what is missing is None, not NaN"


@pytest.mark.parametrize("model", [majority, baseline])
def test_predictions_are_{{ "probabilities" if is_class else "numbers" }}_and_the_same_again(model):
    _, inputs, targets = data.load()
    learned = model.fit(inputs, targets, seed=1)
    said = model.predict(learned, inputs)
    assert len(said) == len(inputs)
{% if is_class %}    assert all(set(one) == set(targets) and abs(sum(one.values()) - 1) < 1e-9 for one in said)
{% else %}    assert all(min(targets) - 1e-9 <= one <= max(targets) + 1e-9 for one in said)
{% endif %}    assert model.predict(model.fit(inputs, targets, seed=1), inputs) == said
    assert model.predict(json.loads(json.dumps(learned)), inputs) == said, "what was learned can be saved"


def test_the_baseline_finds_the_column_that_tells():
    """Planted: one column says it all, the other has a new value in each row."""
{% if is_class %}    inputs = [{"row": str(place), "tells": word} for place, word in enumerate("ab" * 30)]
    targets = [{"a": "yes", "b": "no"}[row["tells"]] for row in inputs]
    learned = baseline.fit(inputs, targets, seed=1)
    assert learned["column"] == "tells"
    assert [max(one, key=one.get) for one in baseline.predict(learned, inputs)] == targets
{% else %}    inputs = [{"row": str(place), "tells": word} for place, word in enumerate("ab" * 30)]
    targets = [{"a": 1.0, "b": 5.0}[row["tells"]] for row in inputs]
    learned = baseline.fit(inputs, targets, seed=1)
    assert learned["column"] == "tells"
    assert baseline.predict(learned, inputs) == pytest.approx(targets)
{% endif %}

def test_a_value_that_was_never_seen_gets_what_is_usual():
    _, inputs, targets = data.load()
    learned = baseline.fit(inputs, targets, seed=1)
    assert baseline.predict(learned, [dict.fromkeys(inputs[0], "never seen before")]) == [learned["usual"]]
