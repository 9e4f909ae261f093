"""Projects of ratings: who, what and how many stars."""

from __future__ import annotations

import importlib.util
import json
import random
from pathlib import Path

import pytest

from fastcompanion.data import baselines, folds, predictions
from fastcompanion.project import growing, running, scoring
from fastcompanion.project.place import Project
from tests.data import folders
from tests.project import made
from tests.project.test_growing import grown


def stars(path: Path, users: int = 40, items: int = 30) -> Path:
    """Ratings of half the pairs: some items are good, some users kind, and taste is planted too."""
    chance = random.Random(5)
    kind = {user: chance.gauss(0, 0.5) for user in range(users)}
    good = {item: chance.gauss(0, 0.6) for item in range(items)}
    rows = []
    for user in range(users):
        for item in range(items):
            if chance.random() < 0.5:
                taste = 0.8 if user % 2 == item % 2 else -0.8
                value = 3.2 + kind[user] + good[item] + taste + chance.gauss(0, 0.3)
                rows.append([f"u{user}", f"film {item}", min(max(round(value * 2) / 2, 0.5), 5.0)])
    chance.shuffle(rows)
    return folders.table(path, ["user_id", "movie", "rating"], rows)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return made.copy("ratings", lambda p: made.scored(stars(p / "a.csv"), p / "trial"), tmp_path, tmp_path / "trial")  # fmt: skip


def test_all_steps_work_together(project: Project) -> None:
    record = project.record()
    assert record.template == "project/ratings"
    assert (record.answers["user"], record.answers["item"]) == ("user_id", "movie")
    assert (record.answers["low"], record.answers["high"]) == (0.5, 5.0)
    added = [growth.step.id for growth in grown(project) if growth.step is not None]
    assert added == ["factors", "model", "saved", "app", "errors", "seeds"]
    assert "failed" not in made.own_tests(project, "-m", "not slow")
    for words in (["save.py", "factors"], ["seeds.py", "factors", "2"], ["errors.py", "baseline"]):
        made.script(project, *words)
    board = scoring.board(project, write=False)
    ranked = [run.name for run in board.runs]
    assert ranked[0].startswith("factors")
    assert ranked[-2:] == ["baseline", "majority"], "taste was planted, and no bias sees it"
    assert board.runs[0].beside is not None
    assert board.runs[0].beside.verdict == "better"


def test_the_baseline_is_that_of_data_show(project: Project) -> None:
    """The project's own code and ours say the same numbers of rows that neither has seen."""
    _, rows = predictions.read(project.runs / "baseline")
    printed = made.script(project, "score.py").stdout
    board = scoring.board(project, write=False)
    ours = {run.name: run.score.value for run in board.runs}
    assert f"{ours['baseline']:.4g}" in printed
    code = "import data, json; print(json.dumps(data.load()))"
    ids, pairs, targets = json.loads(made.script(project, "-c", code).stdout)
    split = folds.read(project.root)
    place = {one: row for row, one in enumerate(ids)}
    learned = [place[one] for one in split.trained_on("0")]
    naive = baselines.ratings(
        [pairs[row][0] for row in learned],
        [pairs[row][1] for row in learned],
        [targets[row] for row in learned],
    )
    asked = split.of("0")
    said = dict(zip(rows.ids, map(float, rows.predictions), strict=True))
    told = naive.predict([pairs[place[one]] for one in asked])
    clipped = [min(max(float(cell), 0.5), 5.0) for cell in told]
    assert [said[one] for one in asked] == pytest.approx(clipped)


@pytest.mark.train
@pytest.mark.skipif(not importlib.util.find_spec("fastai"), reason="needs fastai")
def test_the_fastai_model_trains(project: Project) -> None:
    growing.take(project, growing.where(project, "model"))
    assert "failed" not in made.own_tests(project, "tests/test_model.py")
    running.script(project, ["train.py", "model"])
    names = [run.name for run in scoring.board(project).runs]
    assert "model" in names
