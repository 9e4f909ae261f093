"""The factors: they find who likes what, which no bias can."""

import json

import baseline
import data
import factors
import pytest


def planted():
    """Everybody likes one half of the items, and the mean of all is the same."""
    inputs = [(f"u{user}", f"i{item}") for user in range(20) for item in range(20) if (user + item) % 3]
    return inputs, [4.5 if int(user[1:]) % 2 == int(item[1:]) % 2 else 1.5 for user, item in inputs]


def test_they_find_who_likes_what():
    inputs, targets = planted()
    learned = factors.fit(inputs, targets, seed=1)
    asked = [("u0", "i0"), ("u0", "i3"), ("u1", "i2"), ("u3", "i3")]  # pairs without a rating
    assert factors.predict(learned, asked) == pytest.approx([4.5, 1.5, 1.5, 4.5], abs=0.8)
    blind = baseline.predict(baseline.fit(inputs, targets, seed=1), asked)
    assert blind == pytest.approx([3.0] * 4, abs=0.5)


def test_what_was_learned_is_plain_data(monkeypatch):
    monkeypatch.setattr(data, "FOLDER", data.HERE / "sample")
    _, inputs, targets = data.load()
    learned = factors.fit(inputs, targets, seed=1)
    assert factors.predict(json.loads(json.dumps(learned)), inputs) == factors.predict(learned, inputs)


def test_who_was_never_seen_gets_what_the_baseline_says():
    inputs, targets = planted()
    learned = factors.fit(inputs, targets, seed=1)
    assert factors.predict(learned, [("nobody", "i1")]) == baseline.predict(learned, [("nobody", "i1")])
