"""The linear model: it goes on with what it has seen, from its own forecasts."""

import json

import data
import lags
import linear
import pytest
from test_project import planted


def test_it_goes_on_with_a_season_on_a_slope(monkeypatch):
    monkeypatch.setattr(data, "SEASON", 6)
    monkeypatch.setattr(data, "LAGS", 3)
    monkeypatch.setattr(linear, "SHRINK", 1e-6)
    inputs, targets = planted(seasons=10, length=6)
    said = linear.predict(linear.fit(inputs[:48], targets[:48], seed=1), inputs[48:])
    assert said == pytest.approx(targets[48:], abs=0.1)


def test_a_model_that_knows_nothing_is_the_baseline(monkeypatch):
    monkeypatch.setattr(data, "SEASON", 4)
    monkeypatch.setattr(data, "BESIDE", [])
    inputs, targets = planted(seasons=5, length=4)
    _, _, start = lags.learn(inputs, targets)
    asked = [{"step": start["end"] + ahead} for ahead in (1, 2, 9)]
    assert lags.forecast(start, asked, lambda seen: 0.0) == [targets[-4], targets[-3], targets[-4]]


def test_each_move_is_seen_with_those_before_it(monkeypatch):
    monkeypatch.setattr(data, "SEASON", 1)
    monkeypatch.setattr(data, "LAGS", 2)
    monkeypatch.setattr(data, "BESIDE", ["price"])
    inputs = [{"step": place, "price": price} for place, price in enumerate([5.0, 5.0, 7.0, None, 4.0])]
    inputs[3]["price"] = 7.0
    seen, moved, start = lags.learn(inputs, [1.0, 2.0, 4.0, 8.0, 16.0])
    assert seen == [[2.0, 1.0, 0.0], [4.0, 2.0, -3.0]]
    assert moved == [4.0, 8.0]
    told = []
    assert lags.forecast(start, [{"step": 6, "price": 6.0}], lambda row: told.append(row) or 1.0) == [18.0]
    assert told == [[8.0, 4.0, 0.0], [1.0, 8.0, 2.0]], "a price that nobody knows stays as it was"


def test_what_it_learned_is_plain_data_and_short_series_do(monkeypatch):
    monkeypatch.setattr(data, "FOLDER", data.HERE / "sample")
    _, inputs, targets = data.load()
    learned = linear.fit(inputs, targets, seed=1)
    asked = [{"step": learned["end"] + ahead} for ahead in range(1, 20)]
    assert linear.predict(json.loads(json.dumps(learned)), asked) == linear.predict(learned, asked)
    assert len(linear.predict(linear.fit(inputs[:2], targets[:2], seed=1), asked)) == 19
