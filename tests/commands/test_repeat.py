"""`lesson repeat` and `check --step repeat` through main(argv)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion import console
from tests.data import folders

Runner = Callable[..., Any]


def test_what_was_found_and_what_to_beat(built_in_study: Path, run: Runner) -> None:
    data = folders.passengers(built_in_study.parent / "my trips")
    made = run("lesson", "repeat", "1", data)
    assert made.code == 0, made.err
    assert "a table whose rows belong to classes" in made.out
    assert "Survived: train.csv has it, test.csv lacks it" in made.out
    assert "stratified, 5 folds: nothing ties rows together" in made.out
    assert "to beat     accuracy 0." in made.out
    assert "lessons/foundations/01/samuel.repeat.ipynb" in made.out
    assert "Next: fastcompanion check foundations/01 --step repeat" in made.out
    again = run("lesson", "repeat", "1", data)
    assert again.code == 1
    assert "is there already, and stays as it is" in again.err


def test_json(built_in_study: Path, run: Runner) -> None:
    data = folders.passengers(built_in_study.parent / "trips")
    made = run("lesson", "repeat", "1", data, "--json", "--dry-run", "--metric", "log loss")
    assert sorted(made.data) == [
        "baseline", "data", "dry_run", "folder", "learned", "lesson", "metric", "notebook", "notes", "score", "sections",
        "split", "title",
    ]  # fmt: skip
    assert made.data["score"]["metric"] == "log loss"
    assert made.data["data"]["kind"]["value"] == "table-class"


def test_a_person_is_asked(
    built_in_study: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = built_in_study.parent / "f.csv"
    folders.table(data, folders.MEASURE_NAMES, folders.measures())
    monkeypatch.setattr(console, "interactive", lambda: True)
    made = run("lesson", "repeat", "1", data, typed="p2\n")
    assert made.code == 0, made.err
    assert "p2: you said so" in made.out


def test_the_check_names_what_is_open_and_its_cure(built_in_study: Path, run: Runner) -> None:
    none = run("check", "1", "--step", "repeat")
    assert none.code == 3
    assert "Next:  fastcompanion lesson repeat foundations/01 PATH" in none.err
    run("lesson", "repeat", "1", folders.passengers(built_in_study.parent / "trips"))
    seen = run("check", "1", "--step", "repeat", "--kernel", "no such kernel")
    assert seen.code == 4
    assert "foundations/01 Arthur Samuel's machine, repeat: 2 of 5 hold" in seen.out
    assert "?  loaders   could not check" in seen.out
    assert ".  model     open             your model has said nothing yet" in seen.out
    told = run(
        "lesson",
        "check",
        "1",
        "--step",
        "repeat",
        "--kernel",
        "no such kernel",
        "--json",
        "--note",
        "not done",
    )
    assert [one["state"] for one in told.data["items"]] == [
        "done",
        "could not check",
        "done",
        "open",
        "open",
    ]


def test_mistakes(built_in_study: Path, run: Runner) -> None:
    assert run("check", "1", "--step", "watch").code == 2
    assert run("check", "1", "--step", "repeat", "--watch").code == 2
    assert run("check", "--from", "x.json", "--step", "repeat").code == 2
    assert run("lesson", "repeat", "1", built_in_study.parent / "none").code == 2
