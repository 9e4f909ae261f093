"""Rows that were mixed up are noticed, and honest files are not: counted over 200 of each."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.competition.validation import signals
from fastcompanion.competition.validation.submission import validate
from tests.competition.validation.files import Place, passengers, rows_of, text


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("passengers")
    for name, content in zip(
        ("train.csv", "test.csv", "gender_submission.csv"), passengers(), strict=True
    ):
        (folder / name).write_text(content)
    return folder


def honest(draw: random.Random, test: list[list[str]]) -> list[int]:
    """Predict as some model might: it knows some of the columns, errs, and has a threshold of its own."""
    knows = [draw.random() < 0.8, draw.random() < 0.8, draw.random() < 0.5]
    if not any(knows[:2]):
        knows[draw.randrange(2)] = True
    error, cut = draw.uniform(0.0, 0.25), draw.uniform(0.35, 0.65)
    said = []
    for row in test:
        _, level, sex, _, _, fare = row
        hope = 0.5
        hope += (0.35 if sex == "female" else -0.25) * knows[0]
        hope += (0.2, 0.0, -0.2)[int(level) - 1] * knows[1]
        hope += min(0.1, float(fare) / 1000) * knows[2]
        said.append(int((hope > cut) != (draw.random() < error)))
    return said


def verdict(place: Path, told: signals.Signals, said: list[int]) -> signals.Verdict | None:
    by_id = dict(zip(told.ids, map(str, said), strict=True))
    return signals.verdict(told, by_id, [str(one) for one in said])


def test_mixed_up_files_are_noticed_and_honest_ones_are_not(place: Path) -> None:
    """Over 200 honest models of every quality no alarm, over 200 mixed up at most 4 without one."""
    told = signals.read(place / "train.csv", place / "test.csv", "PassengerId", "Survived")
    assert told is not None
    assert told.found[0].column == "Sex"
    rows = rows_of((place / "test.csv").read_text())[1:]
    alarms, missed = 0, 0
    for seed in range(200):
        draw = random.Random(seed)
        said = honest(draw, rows)
        found = verdict(place, told, said)
        alarms += found is not None and signals.mixed_up(found)
        draw.shuffle(said)
        found = verdict(place, told, said)
        missed += found is None or not signals.mixed_up(found)
    assert (alarms, missed <= 4) == (0, True), (alarms, missed)


def write(place: Path, said: list[object], name: str = "submission.csv") -> Path:
    ids = [row[0] for row in rows_of((place / "test.csv").read_text())[1:]]
    path = place / name
    path.write_text(text(["PassengerId", "Survived"], list(zip(ids, said, strict=True))))
    return path


def codes(place: Path, path: Path) -> set[str]:
    sample = place / "gender_submission.csv"
    found = validate(path, sample, test=place / "test.csv", train=place / "train.csv")
    return {one.code for one in found.issues}


def test_through_the_whole_check(place: Path) -> None:
    said: list[object] = list(
        honest(random.Random(3), rows_of((place / "test.csv").read_text())[1:])
    )
    assert codes(place, write(place, said)) == set()
    random.Random(4).shuffle(said)
    assert codes(place, write(place, said)) == {"mixed-up"}


def test_the_sample_passes_against_itself(place: Path) -> None:
    sample = place / "gender_submission.csv"
    found = validate(sample, sample, test=place / "test.csv", train=place / "train.csv")
    assert found.passed
    assert [one.code for one in found.issues] == ["is-the-sample"]


def test_predictions_in_the_order_of_the_test_table(tmp_path: Path) -> None:
    """The sample has its ids in another order than test.csv: those of the sample beside predictions of the table."""
    train, test, _ = passengers(seed=2)
    rows = rows_of(test)
    random.Random(1).shuffle(body := rows[1:])
    said = honest(random.Random(3), body)
    ids = sorted((row[0] for row in body), key=int)
    (tmp_path / "train.csv").write_text(train)
    (tmp_path / "test.csv").write_text(text(rows[0], body))
    names = ["PassengerId", "Survived"]
    place = Place(tmp_path, text(names, [[one, 0] for one in ids]))
    more: dict[str, Any] = {"train": tmp_path / "train.csv", "test": tmp_path / "test.csv"}
    right = text(names, [[row[0], one] for row, one in zip(body, said, strict=True)])
    assert {one.code for one in place.check(right, **more).issues} == {"id-order"}
    wrong = place.check(text(names, list(zip(ids, said, strict=True))), **more)
    (issue,) = wrong.issues
    assert issue.code == "mixed-up"
    assert "In the order of the test table they do" in issue.message


def test_swapped_classes_and_probabilities(place: Path) -> None:
    rows = rows_of((place / "test.csv").read_text())[1:]
    draw = random.Random(1)
    shares: list[object] = [
        round(0.15 + 0.6 * (row[2] == "female") + draw.uniform(0, 0.2), 4) for row in rows
    ]
    assert codes(place, write(place, shares)) == {"whole-numbers"}
    against: list[object] = [round(1 - float(str(one)), 4) for one in shares]
    assert "against-training" in codes(place, write(place, against))


def test_numbers(tmp_path: Path) -> None:
    """A regression: what follows an informative column is honest, the same numbers dealt out again are not."""
    draw = random.Random(6)
    rows: list[tuple[int, float, str]] = [
        (n, draw.uniform(20, 200), draw.choice("abc")) for n in range(900)
    ]
    price = [1000 * row[1] * draw.uniform(0.7, 1.3) for row in rows]
    train = [[*row, one] for row, one in zip(rows[:600], price, strict=False)]
    (tmp_path / "train.csv").write_text(text(["id", "area", "zone", "price"], train))
    (tmp_path / "test.csv").write_text(text(["id", "area", "zone"], rows[600:]))
    place = Place(tmp_path, text(["id", "price"], [[row[0], 50000.5] for row in rows[600:]]))
    more: dict[str, Any] = {"train": tmp_path / "train.csv", "test": tmp_path / "test.csv"}
    said = [900 * row[1] + draw.uniform(-20000, 20000) + 20000 for row in rows[600:]]
    ids = [row[0] for row in rows[600:]]
    honest_ = place.check(text(["id", "price"], list(zip(ids, said, strict=True))), **more)
    assert honest_.issues == ()
    draw.shuffle(said)
    mixed = place.check(text(["id", "price"], list(zip(ids, said, strict=True))), **more)
    assert [one.code for one in mixed.issues] == ["mixed-up"]
