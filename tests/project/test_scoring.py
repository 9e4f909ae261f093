"""Scores of a project: its own score.py and ours agree, verdicts are right, the final rows open once."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.data import folds, predictions
from fastcompanion.project import running, scoring
from fastcompanion.project.place import Project
from tests.data import folders
from tests.project import made

Git = Callable[..., str]
BETTER = '''"""Two columns."""


def key(row):
    return f"{row['Sex']} {row['Pclass']}"


def fit(inputs, targets, seed):
    counts = {}
    for row, target in zip(inputs, targets):
        counts.setdefault(key(row), []).append(target)
    return {name: sum(one == "1" for one in found) / len(found) for name, found in counts.items()}


def predict(learned, inputs):
    return [{"0": 1 - learned.get(key(row), 0.4), "1": learned.get(key(row), 0.4)} for row in inputs]
'''


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return made.copy("passengers", made.passengers, tmp_path, tmp_path / "trial")


def line(out: str, name: str) -> list[float]:
    """The numbers that the project's own score.py prints of a run."""
    found = next(one for one in out.splitlines() if one.startswith(f"{name} "))
    return [float(number) for number in re.findall(r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?", found)]


def houses(place: Path) -> Project:
    data = folders.table(place / "a.csv", folders.HOUSE_NAMES, folders.houses())
    return made.scored(data, place / "trial", metric="rmse")


def test_line_ends_that_git_changes_make_no_other_split(project: Project) -> None:
    path = project.root / "splits.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    out = made.script(project, "score.py").stdout
    assert "another split" not in out
    assert line(out, "baseline")
    assert scoring.board(project, write=False).notes is not None


@pytest.mark.parametrize(
    ("data", "metric"),
    [("passengers", "accuracy"), ("passengers", "balanced accuracy"), ("passengers", "macro f1"),
     ("passengers", "log loss"), ("passengers", "auc"), ("houses", "rmse"), ("houses", "mae"), ("houses", "rmsle")],
)  # fmt: skip
def test_the_projects_own_scores_agree_with_ours(data: str, metric: str, tmp_path: Path) -> None:
    """Bootstrap there, formulas here: the values are equal, the bounds within a tenth of the width."""
    make = made.passengers if data == "passengers" else houses
    project = made.copy(data, make, tmp_path, tmp_path / "trial")
    settings = project.root / "project.yml"
    first = "accuracy" if data == "passengers" else "rmse"
    made.change(settings, f"metric: {first}", f"metric: {metric}")
    if metric == "log loss":
        made.change(settings, "direction: higher", "direction: lower")
    ours = scoring.board(project)
    out = made.script(project, "score.py").stdout
    for run in ours.runs:
        value, low, high, *beside = line(out, run.name)
        assert value == pytest.approx(run.score.value, rel=1e-3)
        width = run.score.high - run.score.low
        if width < 0.5 * abs(value) and 0 < run.score.value != 0.5:
            assert low == pytest.approx(run.score.low, abs=0.12 * width)
            assert high == pytest.approx(run.score.high, abs=0.12 * width)
        if run.beside is not None:
            moved, less, more = beside[:3]
            assert moved == pytest.approx(run.beside.difference, rel=1e-3)
            width = run.beside.high - run.beside.low
            assert less == pytest.approx(run.beside.low, abs=0.15 * width)
            assert more == pytest.approx(run.beside.high, abs=0.15 * width)
            assert run.beside.verdict in out


def test_the_baseline_is_better_than_the_majority_and_the_readme_says_so(
    project: Project, git: Git
) -> None:
    board = scoring.board(project)
    assert [run.name for run in board.runs] == ["baseline", "majority"]
    worse = board.runs[1].beside
    assert worse is not None
    assert worse.verdict == "worse"
    assert worse.high < 0
    readme = (project.root / "README.md").read_text()
    assert f"| baseline | {board.runs[0].score.value:.4g} [" in readme
    assert git(project.root, "log", "--format=%s").splitlines()[0].startswith("Scores: baseline")
    assert scoring.board(project).commit is None, "the same table is no new commit"


def test_a_model_of_ones_own_is_a_file(project: Project) -> None:
    (project.root / "two.py").write_text(BETTER)
    running.script(project, ["train.py", "two"])
    board = scoring.board(project, against="majority")
    two = next(run for run in board.runs if run.name == "two")
    assert two.best_name == "majority"
    assert two.best is not None
    assert two.best.verdict == "better"
    assert two.beside is not None


def test_a_readme_that_the_learner_has_open_is_not_committed(project: Project, git: Git) -> None:
    made.change(project.root / "README.md", "## Rows", "## Rows and more")
    (project.root / "two.py").write_text(BETTER)
    running.script(project, ["train.py", "two"])
    assert scoring.board(project).commit is None
    assert "M README.md" in git(project.root, "status", "--porcelain")
    assert "| two |" in (project.root / "README.md").read_text()


def test_another_seed_is_another_run_and_a_fast_try_writes_nothing(project: Project) -> None:
    before = (project.runs / "baseline" / "valid.csv").read_bytes()
    done = running.script(project, ["train.py", "baseline", "--fast"])
    assert "nothing was written" in done.out
    running.script(project, ["train.py", "baseline", "--seed", "7"])
    assert (project.runs / "baseline" / "valid.csv").read_bytes() == before
    assert predictions.read(project.runs / "baseline-seed7")[0].seed == 7


def test_the_same_seed_gives_the_same_predictions(project: Project) -> None:
    before = (project.runs / "baseline" / "valid.csv").read_bytes()
    running.script(project, ["train.py", "baseline"])
    assert (project.runs / "baseline" / "valid.csv").read_bytes() == before


def test_many_models_are_mentioned(project: Project) -> None:
    for seed in range(4):
        running.script(project, ["train.py", "baseline", "--seed", str(seed)])
    notes = " ".join(scoring.board(project, write=False).notes)
    assert "6 models were judged on the same" in notes


def test_runs_on_another_split_are_not_compared(project: Project) -> None:
    meta = project.runs / "majority" / "meta.json"
    store.write_json(meta, {**store.read_json(meta), "split": "0" * 64})
    board = scoring.board(project, write=False)
    assert [run.name for run in board.runs] == ["baseline"]
    assert "majority" in board.notes[0]
    assert "majority was judged on another split" in made.script(project, "score.py").stdout


def test_a_table_that_was_changed_is_refused(project: Project) -> None:
    made.change(project.runs / "baseline" / "valid.csv", ",0,0,", ",0,1,")
    with pytest.raises(CompanionError, match="not the table that was written"):
        scoring.board(project)


def test_the_final_rows_open_once(project: Project, git: Git) -> None:
    split = folds.read(project.root)
    opened = scoring.open_final(project, "", python=[sys.executable])
    assert opened.name == "baseline"
    assert opened.score.n == len(split.of(folds.FINAL))
    rows = predictions.read(project.runs / "baseline" / "final")[1]
    assert set(rows.ids) == set(split.of(folds.FINAL))
    told = project.settings()["final"]
    assert told["model"] == "baseline"
    assert told["score"] == opened.score.value
    assert "# What is predicted" in (project.root / "project.yml").read_text(), "comments stay"
    assert "Open the final rows for baseline" in git(project.root, "log", "--format=%s")
    assert git(project.root, "status", "--porcelain") == ""
    with pytest.raises(CompanionError, match="were opened on") as caught:
        scoring.open_final(project, "majority", python=[sys.executable])
    assert caught.value.code is Exit.CHECK_SAYS_NO
    assert "The final rows were opened" in (project.root / "README.md").read_text()


def test_no_model_has_learned_from_the_final_rows(project: Project) -> None:
    """A model that remembers its rows by heart is right on those it has seen, and on no other."""
    (project.root / "spy.py").write_text(
        '"""Remembers."""\n\nimport json\n\n\ndef fit(inputs, targets, seed):\n'
        "    return [json.dumps(row) for row in inputs]\n\n\n"
        'def predict(learned, inputs):\n    seen = set(learned)\n    return [{"0": float(json.dumps(row) in seen), "1": 0.5} for row in inputs]\n'
    )
    made.change(project.root / "data.py", 'one = {name: number(row[name]) for name in NUMBERS}',
                'one = {"place": row["id"]} | {name: number(row[name]) for name in NUMBERS}')  # fmt: skip
    running.script(project, ["train.py", "spy"])
    running.script(project, ["train.py", "spy", "--final"])
    for place in (project.runs / "spy", project.runs / "spy" / "final"):
        assert set(predictions.read(place)[1].predictions) == {"1"}
