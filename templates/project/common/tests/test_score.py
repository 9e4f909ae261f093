"""Scores are right, and no row is judged by a model that has learned from it."""

import csv
import importlib
{% if kind != "time-series" %}from collections import Counter
{% endif %}
import pytest

import data
import score
import train

HERE = data.HERE


def test_the_split_has_each_row_once(monkeypatch):
    monkeypatch.setattr(data, "FOLDER", HERE / "sample")
    with (HERE / "splits.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["id"] for row in rows}) == len(rows)
{% if id_py != "None" or media %}    assert set(data.load()[0]) <= {row["id"] for row in rows}, "the sample is made of rows of the split"
{% endif %}

def test_every_model_has_fit_and_predict():
    for path in HERE.glob("*.py"):
        if "\ndef fit(" in path.read_text(encoding="utf-8"):
            assert "\ndef predict(" in path.read_text(encoding="utf-8"), path.name
    assert train.find("baseline") is importlib.import_module("baseline")


{% if says == "class" %}def run_of(pairs):
    code = {name: place for place, name in enumerate(sorted({name for pair in pairs for name in pair}))}
    return {
        str(row): (code[truth], code[said], [float(said == name) for name in code], str(row))
        for row, (truth, said) in enumerate(pairs)
    }


def test_a_score_is_right_and_lies_in_its_interval():
    pairs = [("a", "a"), ("b", "b"), ("a", "b"), ("b", "b")] * 20
    expected = {"accuracy": 0.75, "balanced accuracy": 0.75, "macro f1": (0.8 + 2 / 3) / 2, "auc": 0.75}
{% elif says == "labels" %}def run_of(pairs):
    return {str(row): ([name in truth for name in "abc"], [name in said for name in "abc"], [], str(row)) for row, (truth, said) in enumerate(pairs)}


def test_a_score_is_right_and_lies_in_its_interval():
    pairs = [("ab", "ab"), ("ab", "bc"), ("", ""), ("a", "")] * 20
    expected = {"f1": (1 + 1 / 2 + 1 + 0) / 4}
{% elif says == "mask" %}def run_of(pixels):
    return {str(row): (*counts, str(row)) for row, counts in enumerate(pixels)}


def test_a_score_is_right_and_lies_in_its_interval():
    pairs = [([6, 2], [2, 0], [0, 2]), ([8, 0], [0, 2], [2, 0])] * 40  # hit, extra and lost of two classes
    expected = {"mean iou": (14 / 18 + 2 / 6) / 2, "pixel accuracy": 16 / 20}
{% elif says == "points" %}def run_of(pairs):
    return {str(row): (truth, said, [], str(row)) for row, (truth, said) in enumerate(pairs)}


def test_a_score_is_right_and_lies_in_its_interval():
    pairs = [([1.0, 5.0], [2.0, 5.0]), ([3.0, 3.0], [3.0, 3.0]), ([5.0, 1.0], [4.0, 2.0])] * 20
    expected = {"mae": 1 / 2}
{% else %}def run_of(pairs):
    return {str(row): (truth, said, [], str(row)) for row, (truth, said) in enumerate(pairs)}


def test_a_score_is_right_and_lies_in_its_interval():
    pairs = [(1.0, 2.0), (3.0, 3.0), (5.0, 4.0)] * 20
    expected = {"rmse": (2 / 3) ** 0.5, "mae": 2 / 3}
{% endif %}    value, low, high, moved, _, _ = score.scores(run_of(pairs), run_of(pairs))
    if score.PROJECT["metric"] in expected:
        assert value == pytest.approx(expected[score.PROJECT["metric"]])
    assert low <= value <= high
    assert moved == 0, "a run is no better than itself"


def test_the_verdict_needs_the_whole_interval_on_one_side():
    better, worse = ("better", "worse") if score.PROJECT["direction"] == "higher" else ("worse", "better")
    assert [score.verdict(0.1, 0.2), score.verdict(-0.2, -0.1), score.verdict(-0.1, 0.2)] == [better, worse, "cannot tell"]


def test_no_row_is_judged_by_a_model_that_has_learned_from_it():
{% if kind == "time-series" %}    parts = {"a": "train", "b": "0", "c": "1", "d": "final"}
    told = train.folds(parts, type("options", (), {"final": False}))
    assert told == [(["a"], ["b"]), (["a", "b"], ["c"])], "only what lies before"
    assert train.folds(parts, type("options", (), {"final": True})) == [(["a", "b", "c"], ["d"])]
{% else %}    parts = {"a": "0", "b": "1", "c": "final", "d": "0"}
    told = train.folds(parts, type("options", (), {"final": False}))
    assert told == [(["b"], ["a", "d"]), (["a", "d"], ["b"])]
    counts = Counter(one for _, judge in told for one in judge)
    assert counts == {"a": 1, "b": 1, "d": 1}, "each row is judged once, the final ones never"
{% endif %}


{% if says in ("labels", "points", "mask") %}def test_what_a_run_says_is_read_as_it_was_written(monkeypatch, tmp_path):
{% if group_py != "None" %}    monkeypatch.setattr(data, "groups", lambda: {"1": "g", "2": "g"})
{% endif %}{% if says == "labels" %}    rows = [("1", ("a", "b"), {"a": 0.9, "b": 0.2, "c": 0.5}), ("2", (), {"a": 0.1, "b": 0.2, "c": 0.3})]
    told = [([True, True, False], [True, False, True], [0.9, 0.2, 0.5]), ([False] * 3, [False] * 3, [0.1, 0.2, 0.3])]
{% elif says == "points" %}    rows = [("1", (1.0, 2.5), (3.0, 4.0)), ("2", (5.0, 6.0), (7.0, 8.0))]
    told = [([1.0, 2.5], [3.0, 4.0], []), ([5.0, 6.0], [7.0, 8.0], [])]
{% else %}    monkeypatch.setattr(data, "CLASSES", ["ground", "sky"])
    truth, said = [[0, 0], [1, 255]], [[0, 1], [1, 0]]
    monkeypatch.setattr(data, "mask", lambda path: train.np.array(truth))
    rows = [("1", None, train.pixels("1.png", said))]
    told = [([1.0, 1.0], [0.0, 1.0], [1.0, 0.0])]
{% endif %}    (tmp_path / "valid.csv").write_text(train.table(rows), encoding="utf-8")
    found = score.read(tmp_path)
    assert [row[:3] for row in found.values()] == told
{% endif %}
