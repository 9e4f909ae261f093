"""What has to stay true, tried on the rows in sample/: no network, no torch, a second or two."""

import csv
import importlib
import json
from collections import Counter
from pathlib import Path

import pytest

import baseline
import data
import majority
import score
import train

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


def test_the_split_has_each_row_once():
    with (HERE / "splits.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["id"] for row in rows}) == len(rows)
{% if id_py != "None" %}    assert set(data.load()[0]) <= {row["id"] for row in rows}, "the sample is made of rows of the split"
{% endif %}

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


def test_every_model_has_fit_and_predict():
    for path in HERE.glob("*.py"):
        if "\ndef fit(" in path.read_text(encoding="utf-8"):
            assert "\ndef predict(" in path.read_text(encoding="utf-8"), path.name
    assert train.find("baseline") is importlib.import_module("baseline")


def run_of(pairs):
{% if is_class %}    code = {name: place for place, name in enumerate(sorted({name for pair in pairs for name in pair}))}
    return {
        str(row): (code[truth], code[said], [float(said == name) for name in code], str(row))
        for row, (truth, said) in enumerate(pairs)
    }
{% else %}    return {str(row): (truth, said, [], str(row)) for row, (truth, said) in enumerate(pairs)}
{% endif %}

def test_a_score_is_right_and_lies_in_its_interval():
{% if is_class %}    pairs = [("a", "a"), ("b", "b"), ("a", "b"), ("b", "b")] * 20
    value, low, high, moved, _, _ = score.scores(run_of(pairs), run_of(pairs))
    expected = {"accuracy": 0.75, "balanced accuracy": 0.75, "macro f1": (0.8 + 2 / 3) / 2, "auc": 0.75}
    if score.PROJECT["metric"] in expected:
        assert value == pytest.approx(expected[score.PROJECT["metric"]])
{% else %}    pairs = [(1.0, 2.0), (3.0, 3.0), (5.0, 4.0)] * 20
    value, low, high, moved, _, _ = score.scores(run_of(pairs), run_of(pairs))
    expected = {"rmse": (2 / 3) ** 0.5, "mae": 2 / 3}
    if score.PROJECT["metric"] in expected:
        assert value == pytest.approx(expected[score.PROJECT["metric"]])
{% endif %}    assert low <= value <= high
    assert moved == 0, "a run is no better than itself"


def test_the_verdict_needs_the_whole_interval_on_one_side():
    better, worse = ("better", "worse") if score.PROJECT["direction"] == "higher" else ("worse", "better")
    assert [score.verdict(0.1, 0.2), score.verdict(-0.2, -0.1), score.verdict(-0.1, 0.2)] == [better, worse, "cannot tell"]


def test_no_row_is_judged_by_a_model_that_has_learned_from_it():
    parts = {"a": "0", "b": "1", "c": "final", "d": "0"}
    told = train.folds(parts, type("options", (), {"final": False}))
    assert told == [(["b"], ["a", "d"]), (["a", "d"], ["b"])]
    counts = Counter(one for _, judge in told for one in judge)
    assert counts == {"a": 1, "b": 1, "d": 1}, "each row is judged once, the final ones never"
