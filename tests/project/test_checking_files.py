"""`project check` where the data are files, texts or ratings: what was planted is named, the rest let pass."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.data import folds
from fastcompanion.project import checking
from fastcompanion.project.place import Project
from tests.project import made
from tests.project.test_media import pets
from tests.project.test_ratings import stars

PYTHON = [sys.executable]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return made.copy("pets", lambda p: made.project(pets(p / "data"), p / "trial"), tmp_path, tmp_path / "trial")  # fmt: skip


def told(project: Project) -> dict[str, str]:
    checked = checking.check(project, python=PYTHON)
    return {one.name: one.text for one in (*checked.raw, *checked.features, *checked.split)}


def test_a_sound_project_passes(project: Project) -> None:
    checked = checking.check(project, python=PYTHON)
    assert checked.passed
    assert checked.rows == 59
    assert {one.severity for one in checked.raw} <= {"note"}


def test_a_file_that_is_gone_stops(project: Project) -> None:
    (project.data / "files/train/cat/5.png").unlink()
    assert "train/cat/5.png" in told(project)["missing-files"]
    assert not checking.check(project, python=PYTHON).passed


def test_copies_in_two_parts_of_the_split_are_named(project: Project) -> None:
    split = folds.read(project.root)
    one, other = split.of("0")[0], split.of("1")[0]
    files = project.data / "files"
    (files / other).write_bytes((files / one).read_bytes())
    assert "stand in several parts" in told(project)["files-in-both"]


def test_a_broken_file_is_named(project: Project) -> None:
    path = project.data / "files/train/dog/2.png"
    path.write_bytes(path.read_bytes()[:-9])
    assert "train/dog/2.png" in told(project)["corrupt-file"]


def test_a_row_that_came_later_is_not_in_the_split(project: Project) -> None:
    table = project.data / "files.csv"
    store.write_text(table, table.read_text() + "late.png,late.png,cat\n")
    found = told(project)
    assert "1 rows are not in it: late.png" in found["rows-changed"]
    assert "late.png" in found["missing-files"]


def test_files_that_are_not_there_at_all(project: Project) -> None:
    store.remove(project.data / "files")
    with pytest.raises(CompanionError, match="are not there") as caught:
        checking.check(project, python=PYTHON)
    assert caught.value.code is Exit.MISSING


def test_ratings_are_looked_at(tmp_path: Path) -> None:
    project = made.project(stars(tmp_path / "a.csv"), tmp_path / "trial")
    assert checking.check(project, python=PYTHON).passed
    made.change(project.root / "data.py", "row[USER].strip()", '("" if row[ITEM] == "film 3" else row[USER])')  # fmt: skip
    found = checking.check(project, python=PYTHON)
    assert [one.name for one in found.features] == ["empty-input"]
    assert not found.passed
