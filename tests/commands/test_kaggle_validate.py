"""`kaggle validate` through main(argv)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.competition.validation.files import passengers, rows_of, text

Runner = Callable[..., Any]
GOOD = text(["id", "y"], [[n, 1 + n / 7] for n in range(40)])
SAMPLE = text(["id", "y"], [[n, 5.5] for n in range(40)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sample_submission.csv").write_text(SAMPLE)
    (tmp_path / "submission.csv").write_text(GOOD.replace("1.1", "2.1"))
    return tmp_path


def test_a_good_file(folder: Path, run: Runner) -> None:
    shown = run("kaggle", "validate", "submission.csv", cwd=folder)
    assert shown.code == 0, shown.err
    assert shown.out.startswith("submission.csv: can be sent\n")
    assert "rows           40" in shown.out
    assert "Nothing wrong was found." in shown.out


def test_errors_refuse_with_line_and_cure(folder: Path, run: Runner) -> None:
    (folder / "bad.csv").write_text(GOOD.replace("\n3,", "\n3,9,"))
    shown = run("kaggle", "validate", "bad.csv", cwd=folder)
    assert shown.code == 4
    assert "bad.csv: would be refused" in shown.out
    assert "x line 5: The line has 3 cells, and the header has 2." in shown.out
    assert "index=False" in shown.out
    forced = run("kaggle", "validate", "bad.csv", "--force", cwd=folder)
    assert forced.code == 0
    assert "passes because of --force" in forced.out


def test_json(folder: Path, run: Runner) -> None:
    (folder / "bad.csv").write_text("," + GOOD)
    told = run("kaggle", "validate", "bad.csv", "--json", cwd=folder)
    assert told.code == 4
    assert told.json["command"] == "kaggle validate"
    assert sorted(told.data) == [
        "columns", "expected", "file", "forced", "issues", "passed", "rows", "sample", "sha256", "test", "train",
    ]  # fmt: skip
    assert sorted(told.data["issues"][0]) == [
        "code",
        "column",
        "fix",
        "line",
        "message",
        "severity",
    ]
    assert told.data["passed"] is False


def test_what_lies_beside_is_found(tmp_path: Path, run: Runner) -> None:
    train, test, sample = passengers()
    inner = tmp_path / "work" / "out"
    inner.mkdir(parents=True)
    data = tmp_path / "data"
    data.mkdir()
    for name, content in (("train", train), ("test", test), ("gender_submission", sample)):
        (data / f"{name}.csv").write_text(content)
    other = tmp_path / "sample_of_something.csv"
    other.write_text("a,b\n1,2\n")
    (inner / "mine.csv").write_text(sample)
    told = run("kaggle", "validate", inner / "mine.csv", "--json")
    assert told.code == 0, told.err
    assert [told.data[name].rpartition("/")[2] for name in ("sample", "test", "train")] == [
        "gender_submission.csv",
        "test.csv",
        "train.csv",
    ]
    assert [one["code"] for one in told.data["issues"]] == ["is-the-sample"]


def test_the_sample_is_compared_with_itself_and_not_with_that_of_another(
    tmp_path: Path, run: Runner
) -> None:
    inner = tmp_path / "mine"
    inner.mkdir()
    (tmp_path / "sample_submission.csv").write_text("a,b\n1,2\n")
    (inner / "sample_submission.csv").write_text(SAMPLE)
    told = run("kaggle", "validate", inner / "sample_submission.csv", "--json")
    assert told.code == 0, told.out
    assert [one["code"] for one in told.data["issues"]] == ["is-the-sample"]


def test_mistakes(folder: Path, tmp_path: Path, run: Runner) -> None:
    lonely = tmp_path / "a" / "b" / "c" / "d"
    lonely.mkdir(parents=True)
    (lonely / "x.csv").write_text(GOOD)
    missing = run("kaggle", "validate", lonely / "x.csv")
    assert missing.code == 5
    assert "--sample" in missing.err
    assert run("kaggle", "validate", "submission.csv", "--test", "none.csv", cwd=folder).code == 2
    gone = run("kaggle", "validate", "gone.csv", cwd=folder)
    assert gone.code == 4
    assert "gone.csv is not there" in gone.out
    with_train = folder / "data" / "train.csv"
    with_train.write_text("id,price\n1,2\n")
    wrong = run("kaggle", "validate", "submission.csv", "--target", "prise", cwd=folder)
    assert wrong.code == 2
    assert "did you mean price?" in wrong.err


def test_a_generated_project(tmp_path: Path, run: Runner) -> None:
    """Its sample, test and train are found, and the newest run says what to expect."""
    made = run("project", "new", "trips", "--demo", "number", cwd=tmp_path)
    assert made.code == 0, made.err
    root = tmp_path / "trips"
    assert run("project", "next", "submission", "--yes", cwd=root).code == 0
    argv = [sys.executable, "submit.py", "baseline"]
    subprocess.run(argv, cwd=root, check=True, capture_output=True)
    told = run("kaggle", "validate", root / "submission.csv", "--json")
    assert told.code == 0, told.out
    assert [one for one in told.data["issues"] if one["severity"] == "error"] == []
    assert told.data["train"].endswith("train.csv")
    score = run("project", "score", "--json", cwd=root).data["runs"]
    values = {one["name"]: one["score"]["value"] for one in score}
    expected = told.data["expected"]
    assert expected["score"]["value"] == pytest.approx(values[expected["run"]])
    shown = run("kaggle", "validate", root / "submission.csv")
    assert "expected score" in shown.out
    rows = rows_of((root / "submission.csv").read_text())
    (root / "submission.csv").write_text(text(rows[0], rows[2:]))
    assert run("kaggle", "validate", root / "submission.csv").code == 4


def test_help_loads_nothing_of_kaggle(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom fastcompanion.cli import main\n"
        "main(sys.argv[1:])\n"
        "assert not {'kaggle', 'kagglesdk', 'requests', 'pandas', 'numpy', 'yaml'} & set(sys.modules)\n"
    )
    (tmp_path / "s.csv").write_text(SAMPLE)
    (tmp_path / "x.csv").write_text(GOOD)
    for words in (["--help"], ["validate", "--help"], ["validate", "x.csv", "--sample", "s.csv"]):
        argv = [sys.executable, "-c", script, "kaggle", *words]
        subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True)
