"""`project check`: bugs planted in the features of data.py are named; a sound project is let pass."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.project import checking
from fastcompanion.project.place import Project
from tests.data import folders
from tests.project import made

PYTHON = [sys.executable]
LINE = "        made.append(one)\n"


def ship(folder: Path) -> Path:
    """Passengers with names, relatives and tickets that several of them share."""
    chance = random.Random(11)

    def row(number: int) -> list[object]:
        sex = chance.choice(["male", "female"])
        saved = int(chance.random() < (0.7 if sex == "female" else 0.2))
        relatives = chance.choices([0, 1, 2, 3], [6, 2, 1, 1])[0], chance.choices([0, 1, 2], [7, 2, 1])[0]  # fmt: skip
        title = "Mr." if sex == "male" else "Mrs."
        ticket = chance.randrange(300)
        return [number, saved, sex, f"Doe{number}, {title} John", *relatives, ticket]

    names = ["PassengerId", "Survived", "Sex", "Name", "SibSp", "Parch", "Ticket"]
    rows = [row(number) for number in range(1, 701)]
    folders.table(folder / "train.csv", names, rows[:500])
    test = [[one[0], *one[2:]] for one in rows[500:]]
    folders.table(folder / "test.csv", [names[0], *names[2:]], test)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Project:
    def make(place: Path) -> Project:
        return made.project(ship(place / "data"), place / "trial")

    return made.copy("ship", make, tmp_path, tmp_path / "trial")


def problems(project: Project) -> dict[str, set[str]]:
    checked = checking.check(project, python=PYTHON)
    told: dict[str, set[str]] = {}
    for one in (*checked.features, *checked.split):
        if one.severity != "note":
            told.setdefault(one.name, set()).add(one.where)
    assert checked.passed == (not told)
    return told


def test_a_sound_project_passes(project: Project) -> None:
    assert problems(project) == {}


def test_titles_that_are_all_missing(project: Project) -> None:
    """Notebook 06 assigns counts of titles by index: every row gets NaN."""
    made.change(
        project.root / "data.py", LINE, '        one["Title"] = float("nan")\n        made.append(one)\n'
    )  # fmt: skip
    assert problems(project) == {"empty-column": {"Title"}}


def test_alone_is_true_for_those_who_are_two(project: Project) -> None:
    """Notebook 06 counts the others and calls alone who has one of them."""
    planted = '        one["Alone"] = str(int(row["SibSp"]) + int(row["Parch"]) == 1)\n'
    made.change(project.root / "data.py", LINE, planted + LINE)
    assert problems(project) == {"only-inside": {"Alone"}}
    made.change(project.root / "data.py", "== 1)", "== 0)")
    assert problems(project) == {}, "alone is who has nobody"


def test_two_edits_of_one_second_are_two(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    planted = '        one["Alone"] = str(int(row["SibSp"]) + int(row["Parch"]) == 1)\n'
    made.change(project.root / "data.py", LINE, planted + LINE)
    before = (project.root / "data.py").stat().st_mtime
    assert problems(project) == {"only-inside": {"Alone"}}
    made.change(project.root / "data.py", "== 1)", "== 0)")
    os.utime(project.root / "data.py", (before, before))
    assert problems(project) == {}


def test_alone_from_a_family_that_is_a_feature(project: Project) -> None:
    planted = (
        '        one["Family"] = float(int(row["SibSp"]) + int(row["Parch"]))\n'
        '        one["Alone"] = str(one["Family"] == 1)\n'
    )
    made.change(project.root / "data.py", LINE, planted + LINE)
    assert problems(project) == {"only-inside": {"Alone"}}


def test_tickets_counted_in_each_part_by_itself(project: Project) -> None:
    """Notebook 06 counts tickets in training and test apart, so that the same ticket has two counts."""
    planted = '        one["TicketFreq"] = float(sum(other["Ticket"] == row["Ticket"] for other in rows))\n'
    made.change(project.root / "data.py", LINE, planted + LINE)
    assert "TicketFreq" in set().union(*problems(project).values())


def test_a_constant_and_a_leak_and_the_target(project: Project) -> None:
    made.change(project.root / "data.py", LINE, '        one["Ship"] = "T"\n' + LINE)
    assert problems(project) == {"constant-column": {"Ship"}}
    made.change(project.root / "data.py", '= "T"', '= "yes" if row.get("Survived") == "1" else "no"')  # fmt: skip
    assert problems(project)["leak"] == {"Ship"}
    made.change(project.root / "data.py", '"Ship"', '"Survived"')
    assert problems(project) == {"target-in-inputs": {"Survived"}}


def test_rows_that_came_since_the_split(project: Project) -> None:
    path = project.data / "train.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:-3], "9001,1,male,Mr. New,0,0,5", ""]))
    assert problems(project)["rows-changed"] == {"splits.csv"}
    told = checking.check(project, python=PYTHON).split
    assert [one.text.split(" rows")[0] for one in told if one.name == "rows-changed"] == ["1", "3"]


def test_targets_that_are_fewer_than_rows(project: Project) -> None:
    with (project.root / "data.py").open("a") as file:
        file.write(
            "\n\nwhole = load\n\n\ndef load():\n    ids, inputs, targets = whole()\n    return ids, inputs, targets[:-1]\n"
        )
    assert problems(project) == {"rows-differ": {"data.py"}}


def test_data_py_that_fails_names_its_line(project: Project) -> None:
    made.change(project.root / "data.py", LINE, '        one["x"] = row["no such column"]\n' + LINE)
    with pytest.raises(CompanionError, match="no such column") as caught:
        checking.check(project, python=PYTHON)
    assert caught.value.code is Exit.CHECK_SAYS_NO
    lines = (project.root / "data.py").read_text().splitlines()
    assert caught.value.line is not None
    assert "no such column" in lines[caught.value.line - 1]


def test_what_data_py_prints_does_no_harm(project: Project) -> None:
    made.change(project.root / "data.py", LINE, '        print("hello")\n' + LINE)
    assert problems(project) == {}
