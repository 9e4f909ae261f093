"""Stored predictions: written, read again to the last bit, and refused when they are not what they were."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.data import predictions
from fastcompanion.data.metrics import measure
from fastcompanion.data.predictions import Predictions, Run, matched

RUN = Run(
    "naive",
    "table-class",
    "Survived",
    "accuracy",
    "higher",
    "abc",
    42,
    "2026-11-21T12:00:00+01:00",
    0.2,
    "",
    {"python": "3.11"},
    {"fold": 5},
)


def some() -> Predictions:
    chance = random.Random(1)
    shares = tuple(chance.random() for _ in range(30))
    return Predictions(
        tuple(f"p,{n}\n" for n in range(30)),
        tuple(chance.choice(["yes", 'n"o']) for _ in range(30)),
        tuple(chance.choice(["yes", 'n"o']) for _ in range(30)),
        tuple(str(n // 3) for n in range(30)),
        {"share:yes": shares, 'share:n"o': tuple(1 - share for share in shares)},
    )


def test_written_and_read(tmp_path: Path) -> None:
    predictions.write(tmp_path, RUN, some())
    run, found = predictions.read(tmp_path)
    assert run == RUN
    assert found == some()
    assert measure("log loss", found) == measure("log loss", some())


def test_without_anything_more(tmp_path: Path) -> None:
    plain = Predictions(("a", "b"), ("1.5", "2"), ("1", "3"))
    predictions.write(tmp_path, RUN, plain)
    assert predictions.read(tmp_path)[1] == plain
    assert (tmp_path / "valid.csv").read_text() == "id,truth,prediction\na,1.5,1\nb,2,3\n"
    empty = Predictions((), (), ())
    predictions.write(tmp_path, RUN, empty)
    assert predictions.read(tmp_path)[1] == empty


def test_a_changed_table_is_refused(tmp_path: Path) -> None:
    predictions.write(tmp_path, RUN, some())
    path = tmp_path / "valid.csv"
    path.write_text(path.read_text().replace("yes", "yep", 1))
    with pytest.raises(CompanionError, match="not the table"):
        predictions.read(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"version": 1', '"version": 2', "newer"),
        ('"version": 1', '"versoin": 1', "no `version`"),
        ('"name": "naive",', "", "does not describe"),
    ],
)
def test_other_versions_are_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    predictions.write(tmp_path, RUN, some())
    path = tmp_path / "meta.json"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(CompanionError, match=words):
        predictions.read(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "id,truth\na,b\n",
        "id,truth,prediction\na,b\n",
        "id,truth,prediction\na,b,c\na,b,c\n",
        "id,truth,prediction,share:a\na,b,c,x\n",
    ],
)
def test_broken_tables(tmp_path: Path, text: str) -> None:
    with pytest.raises(CompanionError):
        predictions.from_text(text, tmp_path / "valid.csv")


def test_columns_of_unlike_lengths_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="unlike lengths"):
        predictions.to_text(Predictions(("a", "b"), ("1",), ("1", "2")))


def test_rows_are_matched_by_id() -> None:
    first = some()
    mixed = first.taken(random.Random(2).sample(first.ids, 30))
    assert matched(first, mixed) == (first, first)


def test_pixels() -> None:
    names = ["hit:sky", "extra:sky", "lost:sky"]
    found = Predictions(
        ("a",), ("",), ("",), (), {name: (float(n),) for n, name in enumerate(names)}
    )
    assert found.pixels("lost") == {"sky": (2.0,)}
    assert found.shares == {}
