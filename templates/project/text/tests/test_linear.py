"""The linear model: it weighs words, finds the least of what it is to make small, and does not mind what it has never seen."""

import json

import data
import linear
import numpy as np
{% if is_class %}import pytest
{% endif %}from test_project import planted, right


def test_it_learns_which_words_tell():
    inputs, targets = planted(200)
    said = linear.predict(linear.fit(inputs, targets, seed=1), inputs)
    assert right(said, targets) == 1
{% if is_class %}    assert all(sum(one.values()) == pytest.approx(1) for one in said)
{% endif %}

def test_products_are_those_of_a_whole_table():
    chance = np.random.default_rng(1)
    whole = chance.random((7, 5)) * (chance.random((7, 5)) < 0.4)
    rows, columns = np.nonzero(whole)
    table = rows, columns, whole[rows, columns], whole.shape
    assert np.allclose(linear.times(table, np.eye(5)), whole)
    assert np.allclose(linear.back(table, np.eye(7)), whole.T)
    square = whole.T @ whole + np.eye(5)
    assert np.allclose(linear.solve(lambda one: square @ one, np.ones((5, 2))), np.linalg.solve(square, np.ones((5, 2))))


def test_it_ends_where_nothing_pulls_any_more():
    inputs, targets = planted(100)
    learned = linear.fit(inputs, targets, seed=1)
    table = linear.encode(learned, [linear.Counter(data.words(text)) for text in inputs])
{% if is_class %}    truth = np.array([[target == name for name in learned["classes"]] for target in targets], float)
    weights = np.array(learned["weights"])
    slope = linear.back(table, truth - linear.softmax(linear.times(table, weights))) - linear.SHRINK * weights
    begin = linear.back(table, truth - truth.mean())
    assert np.abs(slope).max() < 0.02 * np.abs(begin).max()
{% else %}    whole, level = linear.times(table, np.eye(table[-1][1])), np.mean(targets)
    best = np.linalg.solve(whole.T @ whole + linear.SHRINK * np.eye(whole.shape[1]), whole.T @ (np.array(targets) - level))
    assert np.allclose(learned["weights"], best, atol=1e-6)
{% endif %}

def test_what_it_learned_is_plain_data(monkeypatch):
    monkeypatch.setattr(data, "FOLDER", data.HERE / "sample")
    _, inputs, targets = data.load()
    learned = linear.fit(inputs, targets, seed=1)
    assert linear.predict(json.loads(json.dumps(learned)), inputs) == linear.predict(learned, inputs)


def test_texts_without_a_word_that_is_known():
    inputs, targets = planted()
    learned = linear.fit(inputs, targets, seed=1)
    said = linear.predict(learned, ["", "never seen", "Grand"])
{% if is_class %}    assert said[0] == said[1]
    assert max(said[2], key=said[2].get) == "yes"
{% else %}    assert said[0] == said[1] < said[2]
{% endif %}    assert len(linear.predict(linear.fit(["", "a"], targets[:2], seed=1), [""])) == 1
