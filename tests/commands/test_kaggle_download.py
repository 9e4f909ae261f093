"""`kaggle download` as a learner types it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.competition.practice.served import SLUG, competition
from tests.competition.site.downloading import Site, noise, site
from tests.conftest import Runner

FILES = {"train.csv": b"id,y\n1,0\n", "images/1.png": noise(1000)}
NAME = f"practice/{SLUG}"


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with site(tmp_path) as found:
        found.holds(FILES)
        found.folder = tmp_path / "here" / SLUG
        found.folder.parent.mkdir()
        monkeypatch.chdir(found.folder.parent)
        yield found


def test_into_a_folder_of_its_name(served: Site, run: Runner) -> None:
    outcome = run("kaggle", "download", NAME)
    assert outcome.code == 0, outcome.err
    assert served.files() == FILES
    assert f"{NAME} is in {SLUG}" in outcome.out
    assert f"Next: fastcompanion data show {SLUG}" in outcome.out
    again = run("kaggle", "download", NAME)
    assert f"{NAME} is in {SLUG} already" in again.out
    assert "--force fetches it again" in again.out


def test_json(served: Site, run: Runner) -> None:
    outcome = run("kaggle", "download", NAME, "--json")
    assert outcome.code == 0
    assert outcome.err == ""
    assert set(outcome.data) == {
        "competition", "folder", "already", "files", "size", "received", "archive", "aside", "yours",
        "unlike", "count", "archives",
    }  # fmt: skip
    assert outcome.data["files"] == [{"name": "images/1.png", "size": 1000}, {"name": "train.csv", "size": 9}]  # fmt: skip


def test_one_file_and_a_near_miss(served: Site, run: Runner) -> None:
    outcome = run("kaggle", "download", NAME, "-f", "trian.csv")
    assert outcome.code == 2
    assert "did you mean train.csv?" in outcome.err
    assert not served.folder.exists()


def test_a_changed_file_needs_consent(served: Site, run: Runner) -> None:
    run("kaggle", "download", NAME)
    (served.folder / "train.csv").write_bytes(b"mine")
    outcome = run("kaggle", "download", NAME)
    assert outcome.code == 2
    assert "train.csv is not what was downloaded" in outcome.err
    assert served.files()["train.csv"] == b"mine"
    outcome = run("kaggle", "download", NAME, "--yes")
    assert outcome.code == 0
    assert "set aside as train.csv.yours" in outcome.out
    assert served.files() == {**FILES, "train.csv.yours": b"mine"}


def test_a_dry_run_asks_nobody(served: Site, run: Runner) -> None:
    outcome = run("kaggle", "download", NAME, "--dry-run", "--to", "elsewhere")
    assert outcome.code == 0
    assert f"The data of {NAME} would come into elsewhere" in outcome.out
    assert served.faults.seen == []


def test_a_file_where_the_folder_should_be(served: Site, run: Runner) -> None:
    served.folder.write_text("mine")
    outcome = run("kaggle", "download", NAME)
    assert outcome.code == 2
    assert "--to" in outcome.err
    assert served.folder.read_text() == "mine"


def test_a_folder_that_cannot_be_made(served: Site, run: Runner) -> None:
    (served.folder.parent / "a file").write_text("mine")
    outcome = run("kaggle", "download", NAME, "--to", "a file/data")
    assert outcome.code == 1
    assert "a file/data" in outcome.err.replace("\\", "/")
    assert served.faults.count("GET /files/") == 0, "before anything is fetched"


def test_the_competition_of_the_project(served: Site, run: Runner) -> None:
    project = served.folder.parent / "project"
    project.mkdir()
    (project / "project.yml").write_text(f"name: x\ncompetition: {NAME}\n")
    (project / ".fastcompanion.yml").write_text("version: 1\n")
    outcome = run("kaggle", "download", cwd=project)
    assert outcome.code == 0, outcome.err
    assert (project / "data" / SLUG / "train.csv").read_bytes() == FILES["train.csv"]


def test_which_competition(run: Runner, tmp_path: Path) -> None:
    assert run("kaggle", "download", cwd=tmp_path).code == 2
    assert run("kaggle", "download", "../../etc", cwd=tmp_path).code == 2
    outcome = run("kaggle", "download", "titanic", cwd=tmp_path)
    assert (outcome.code, list(tmp_path.iterdir())) == (5, [])
    competition(tmp_path / "its data")
    assert run("kaggle", "download", SLUG, cwd=tmp_path).code == 2, "it may be either"
    outcome = run("kaggle", "download", NAME, cwd=tmp_path)
    assert outcome.code == 3
    assert "fastcompanion kaggle practice start" in outcome.err
