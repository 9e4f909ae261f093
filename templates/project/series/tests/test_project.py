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


def planted(seasons=6, length={{ [season, 6] | max if season > 1 else 12 }}):
    """A series that is the same each season, {{ "on a slope" if season > 1 else "on a slope" }}, from step 5 on."""
    inputs = [{"step": 5 + place} | dict.fromkeys(data.BESIDE, 1.0) for place in range(seasons * length)]
    return inputs, [10.0 + place % length + 0.1 * place for place in range(len(inputs))]


def test_each_row_has_an_id_of_its_own_a_step_and_a_target():
    ids, inputs, targets = data.load()
    assert len(ids) == len(inputs) == len(targets) > 1
    assert len(set(ids)) == len(ids)
    steps = [row["step"] for row in inputs]
    assert all(isinstance(step, int) for step in steps)
    assert steps == sorted(steps), "in order of time"
    assert data.TARGET not in inputs[0], "the target is not among the inputs"


def test_rows_to_predict_know_what_is_known_beforehand():
    for row in data.load()[1] + data.test()[1]:
        assert set(row) == {"step", *data.BESIDE}
{% if unit != "rows" %}

def test_a_step_can_be_written_as_time_and_read_again():
    assert [data.step(data.when(step){% if unit == "months" %} + "-01"{% endif %}) for step in range(0, 99, 7)] == list(range(0, 99, 7))
    assert data.step("no time") is None
{% endif %}

def test_gaps_are_filled_on_the_line_between_neighbours():
    inputs = [{"step": step} for step in (3, 4, 7)]
    assert data.series(inputs, [1.0, 2.0, 8.0]) == pytest.approx([1, 2, 4, 6, 8])
    assert data.series(inputs[:1], [1.0]) == [1.0]


@pytest.mark.parametrize("model", [majority, baseline])
def test_predictions_are_numbers_and_the_same_again(model):
    _, inputs, targets = data.load()
    learned = model.fit(inputs, targets, seed=1)
    asked = [{"step": inputs[-1]["step"] + ahead} | dict.fromkeys(data.BESIDE) for ahead in (1, 2, 50)]
    said = model.predict(learned, asked)
    assert len(said) == 3
    assert all(min(targets) <= one <= max(targets) for one in said)
    assert model.predict(json.loads(json.dumps(learned)), asked) == said, "what was learned can be saved"
    assert model.predict(learned, asked[::-1]) == said[::-1], "in whatever order they are asked for"


def test_the_majority_says_the_last_value_and_the_baseline_that_of_last_season(monkeypatch):
    monkeypatch.setattr(data, "SEASON", 3)
    inputs, targets = [{"step": step} for step in (5, 6, 7, 8, 9, 10)], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    asked = [{"step": step} for step in (11, 12, 13, 14, 17)]
    assert majority.predict(majority.fit(inputs, targets, seed=1), asked) == [6.0] * 5
    assert baseline.predict(baseline.fit(inputs, targets, seed=1), asked) == [4.0, 5.0, 6.0, 4.0, 4.0]
    assert baseline.predict(baseline.fit(inputs[:1], targets[:1], seed=1), asked[:2]) == [1.0, 1.0]


def test_nothing_that_comes_later_is_looked_at():
    """What is said of a step stays the same, whatever happens after the last one that was learned from."""
    inputs, targets = planted()
    half = len(inputs) // 2
    for model in (majority, baseline):
        said = model.predict(model.fit(inputs[:half], targets[:half], seed=1), inputs[half:])
        again = model.predict(model.fit(inputs[:half], targets[:half], seed=1), inputs[half : half + 1])
        assert said[0] == again[0]
