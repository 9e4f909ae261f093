"""What people leave out: which wrong versions of an original are made, and how they are called."""

from __future__ import annotations

import pytest

from fastcompanion.course.checks.habits import forgotten
from fastcompanion.course.recording import naming


@pytest.mark.parametrize(
    ("source", "after", "words"),
    [
        ("x = pixels[rows]", "x = pixels", "with all of them, without choosing some"),
        (
            "x = np.stack([a, b, c])",
            "x = np.stack([b, c])",
            "with one of several things that are put together left out",
        ),
        ("x = f(y, lr=2)", "x = f(y)", "without setting lr"),
        (
            "for w in x:\n    if w == 0:\n        break",
            "for w in x:\n    if False:\n        break",
            "without stopping or skipping when it is time",
        ),
        (
            "for w in x:\n    if w > best:\n        best = w",
            "for w in x:\n    if True:\n        best = w",
            "with something done always that is to be done on a condition",
        ),
    ],
)
def test_what_is_left_out_is_made_and_named(source: str, after: str, words: str) -> None:
    [found] = [one for one in forgotten(source) if one.source == after]
    assert naming.words(found) == words


@pytest.mark.parametrize(
    "source", ["x = rows[0]", "x = f(y, seed=3)", "x = f(y).sum(axis=1)", "not python ("]
)
def test_places_settings_of_chance_and_axes_are_no_habits(source: str) -> None:
    assert forgotten(source) == []
