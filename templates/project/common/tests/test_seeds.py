"""The mean of runs is of the same rows, and lies between them."""

import csv
import io

import pytest
import seeds
import train


def test_the_mean_of_two(monkeypatch):
{% if group_py != "None" %}    monkeypatch.setattr(train.data, "groups", lambda: {"1": "g", "2": "g"})
{% endif %}{% if says == "class" %}    one = [("1", "a", {"a": 0.9, "b": 0.1}), ("2", "b", {"a": 0.6, "b": 0.4})]
    other = [("1", "a", {"a": 0.7, "b": 0.3}), ("2", "b", {"a": 0.2, "b": 0.8})]
{% elif says == "labels" %}    one = [("1", ("a", "b"), {"a": 0.9, "b": 0.1}), ("2", (), {"a": 0.6, "b": 0.4})]
    other = [("1", ("a", "b"), {"a": 0.7, "b": 0.3}), ("2", (), {"a": 0.2, "b": 0.8})]
{% elif says == "points" %}    one, other = [("1", (1.0, 2.0), (2.0, 2.0)), ("2", (3.0, 1.0), (3.0, 3.0))], [("1", (1.0, 2.0), (4.0, 2.0)), ("2", (3.0, 1.0), (5.0, 1.0))]
{% else %}    one, other = [("1", 1.0, 2.0), ("2", 3.0, 3.0)], [("1", 1.0, 4.0), ("2", 3.0, 5.0)]
{% endif %}    runs = [list(csv.DictReader(io.StringIO(train.table(rows)))) for rows in (one, other)]
    made = list(csv.DictReader(io.StringIO(seeds.mean(runs))))
    assert [row["id"] for row in made] == ["1", "2"]
{% if says == "class" %}    assert [row["prediction"] for row in made] == ["a", "b"]
    assert float(made[1]["share:b"]) == pytest.approx(0.6)
{% elif says == "labels" %}    assert [(row["truth"], row["prediction"]) for row in made] == [("a|b", "a"), ("", "b")]
    assert float(made[1]["share:b"]) == pytest.approx(0.6)
{% elif says == "points" %}    assert [row["prediction"] for row in made] == ["3.0 2.0", "4.0 2.0"]
{% else %}    assert [float(row["prediction"]) for row in made] == pytest.approx([3.0, 4.0])
{% endif %}