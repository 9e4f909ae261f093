"""The rows that are most wrong come first."""

import errors
import pytest

SEEN = {"sure and wrong": ("ann", "one"), "right": ("bob", "one"), "unsure": ("ann", "two")}


def rows():
    made = [("sure and wrong", 1.0, 5.0), ("right", 1.0, 1.0), ("unsure", 1.0, 2.0)]
    return [{"id": name, "truth": str(truth), "prediction": str(said)} for name, truth, said in made]


def test_the_worst_come_first():
    assert [row["id"] for row in errors.worst(rows())] == ["sure and wrong", "unsure", "right"]


def test_by_how_much_is_known():
    assert errors.by_ratings(rows(), SEEN, 0) == [(pytest.approx(5 / 3), 3, "1 ratings or more")]


def test_a_user_needs_some_rows(monkeypatch):
    assert errors.hardest(rows(), SEEN, 0) == []
    monkeypatch.setattr(errors, "LEAST", 1)
    assert errors.hardest(rows(), SEEN, 0) == [(2.5, 2, "ann"), (0.0, 1, "bob")]
