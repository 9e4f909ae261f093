"""Growth steps: each adds its own files in a commit of its own, and all of them work at once."""

from __future__ import annotations

import csv
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.data import predictions
from fastcompanion.project import growing, running, scoring
from fastcompanion.project.place import Project
from tests.data import folders
from tests.project import made
from tests.project.test_new import tickets

Git = Callable[..., str]
KINDS: dict[str, Callable[[Path], Path]] = {
    "competition": folders.passengers,
    "number": lambda p: folders.table(p / "a.csv", folders.HOUSE_NAMES, folders.houses()),
    "three classes": lambda p: folders.table(p / "a.csv", folders.FLOWER_NAMES, folders.flowers()),
    "groups": lambda p: tickets(p / "a.csv"),
}


def grown(project: Project) -> list[growing.Growth]:
    """Take one step after the other to the end."""
    told = []
    while (growth := growing.where(project)).step is not None:
        told.append(growing.take(project, growth))
    return told


@pytest.mark.parametrize("kind", ["competition", "number", "groups"])
def test_all_steps_work_together(kind: str, tmp_path: Path, git: Git) -> None:
    (tmp_path / "data").mkdir()
    project = made.scored(KINDS[kind](tmp_path / "data"), tmp_path / "trial")
    for growth in grown(project):
        assert growth.step is not None
        assert growth.added == growth.step.files
        assert growth.commit is not None
        assert growth.commit.sha is not None
        changed = git(project.root, "show", "--format=", "--name-only", growth.commit.sha).split()
        assert set(changed) == {".fastcompanion.yml", *growth.added}
    assert git(project.root, "status", "--porcelain") == ""
    out = made.own_tests(project, "-m", "not slow")
    assert "failed" not in out
    for words in (["train.py", "linear"], ["save.py", "linear"], ["seeds.py", "baseline", "2"], ["errors.py", "linear"]):  # fmt: skip
        made.script(project, *words)
    run, rows = predictions.read(project.runs / "baseline-mean")
    assert run.settings == {"mean_of": "baseline", "seeds": [42, 43]}
    board = scoring.board(project, write=False)
    assert {one.name for one in board.runs} == {"majority", "baseline", "linear", "baseline-seed43", "baseline-mean"}  # fmt: skip
    assert len(rows) == board.runs[0].score.n
    assert scoring.ranked({one.name: one.score for one in board.runs})[-1] == "majority"


def test_the_linear_model_is_what_it_says(tmp_path: Path) -> None:
    """Prices are linear in area and rooms but for noise: the linear model finds that, one rule can't."""
    data = folders.table(tmp_path / "a.csv", folders.HOUSE_NAMES, folders.houses())
    project = made.scored(data, tmp_path / "trial")
    growing.take(project, growing.where(project, "linear"))
    running.script(project, ["train.py", "linear"])
    best = scoring.board(project).runs[0]
    assert best.name == "linear"
    assert best.beside is not None
    assert best.beside.verdict == "better"
    assert 55_000 < best.score.value < 68_000, "the noise was 60000"


def test_submissions_are_as_they_are_asked_for(tmp_path: Path) -> None:
    for metric, asked in (("accuracy", {"0", "1"}), ("auc", None)):
        project = made.project(folders.passengers(tmp_path / metric), tmp_path / f"p {metric}", metric=metric)  # fmt: skip
        growing.take(project, growing.where(project, "submission"))
        made.script(project, "submit.py", "baseline")
        with (project.root / "submission.csv").open(newline="") as file:
            rows = list(csv.reader(file))
        assert rows[0] == ["PassengerId", "Survived"]
        assert [row[0] for row in rows[1:]] == [str(n) for n in range(501, 701)]
        cells = {row[1] for row in rows[1:]}
        assert cells == asked if asked else all(0 < float(cell) < 1 for cell in cells)


def test_a_submission_of_wrong_rows_is_not_written(tmp_path: Path) -> None:
    project = made.project(folders.passengers(tmp_path / "data"), tmp_path / "trial")
    growing.take(project, growing.where(project, "submission"))
    made.change(project.data / "sample_submission.csv", "501,0", "999,0")
    done = made.script(project, "submit.py", check=False)
    assert done.returncode == 1
    assert "nothing was written: 2 ids are others than those asked for" in done.stderr
    assert not (project.root / "submission.csv").exists()


def test_a_file_of_the_learners_own_stays(tmp_path: Path) -> None:
    project = made.project(folders.passengers(tmp_path / "data"), tmp_path / "trial")
    (project.root / "linear.py").write_text("mine = True\n")
    growth = growing.take(project, growing.where(project, "linear"))
    assert growth.kept == ("linear.py",)
    assert growth.added == ("tests/test_linear.py",)
    assert (project.root / "linear.py").read_text() == "mine = True\n"
    assert "linear.py" not in project.record().files


def test_steps_of_ones_choice(tmp_path: Path) -> None:
    data = folders.table(tmp_path / "a.csv", folders.HOUSE_NAMES, folders.houses())
    project = made.project(data, tmp_path / "trial")
    first = growing.where(project)
    assert first.step is not None
    assert first.step.id == "linear", "there are no rows to submit"
    for wanted, told, code in (
        ("submission", "no step 'submission'", Exit.USAGE),
        ("liner", "did you mean linear", Exit.USAGE),
        ("app", "stands on saved", Exit.FAILED),
        ("baseline", "is done", Exit.FAILED),
    ):
        with pytest.raises(CompanionError, match=told) as caught:
            growing.where(project, wanted)
        assert caught.value.code is code


def test_the_mean_of_seeds_is_not_opened_on_the_final_rows(tmp_path: Path) -> None:
    project = made.scored(folders.passengers(tmp_path / "data"), tmp_path / "trial")
    growing.take(project, growing.where(project, "seeds"))
    made.script(project, "seeds.py", "baseline", "2")
    with pytest.raises(CompanionError, match="a mean of several runs"):
        scoring.unopened(project, "baseline-mean")
    assert scoring.unopened(project) in ("baseline", "baseline-seed43")


@pytest.mark.train
@pytest.mark.parametrize("kind", ["competition", "number", "three classes"])
def test_the_fastai_model_learns_and_is_the_same_when_loaded(kind: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("fastai") is None:
        pytest.skip("fastai is not installed")
    (tmp_path / "data").mkdir()
    project = made.scored(KINDS[kind](tmp_path / "data"), tmp_path / "trial")
    grown(project)
    out = made.own_tests(project, "-m", "slow", "-W", "ignore")
    assert "skipped" not in out
    assert "failed" not in out
    running.script(project, ["train.py", "model"], python=[sys.executable])
    first = (project.runs / "model" / "valid.csv").read_bytes()
    running.script(project, ["train.py", "model"], python=[sys.executable])
    assert (project.runs / "model" / "valid.csv").read_bytes() == first, "two processes, one seed"
    board = scoring.board(project, write=False)
    model = next(one for one in board.runs if one.name == "model")
    majority = next(one for one in board.runs if one.name == "majority")
    assert scoring.ranked({"model": model.score, "majority": majority.score})[0] == "model"
    made.script(project, "save.py", "model")
    assert (project.runs / "model" / "model.pt").stat().st_size > 1000
