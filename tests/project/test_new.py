"""New projects: what is made, that it runs by itself at once, and that half of one is never left."""

from __future__ import annotations

import csv
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.data import folds, predictions
from fastcompanion.project import new, render
from fastcompanion.project.place import Project
from tests.data import folders
from tests.data.leaks import leaking
from tests.project import made

Git = Callable[..., str]


def tickets(path: Path) -> Path:
    """Ten visits of each of forty patients, who are the same person each time."""
    rows = [
        [f"v{n}", f"p{n // 10}", n % 7, ("ill" if (n // 10) % 3 else "well")] for n in range(400)
    ]
    return folders.table(path, ["visit_id", "patient", "pulse", "target"], rows)


def dated(path: Path) -> Path:
    """A German table: semicolons, decimal commas, dates with the day first, Latin-1, words with accents."""
    rows = [
        [f"{n % 28 + 1:02}.{n % 12 + 1:02}.2024", f"{n / 7:.2f}".replace(".", ","), "für" if n % 3 else "ähnlich",
         f"{n % 11 + n / 50:.1f}".replace(".", ",")] for n in range(240)
    ]  # fmt: skip
    text = "\n".join(";".join(row) for row in [["Tag", "Länge", "Art", "target"], *rows]) + "\n"
    path.write_bytes(text.encode("latin-1"))
    return path


def headless(path: Path) -> Path:
    return folders.table(path, (), folders.flowers())


KINDS: dict[str, tuple[Callable[[Path], Path], dict[str, str]]] = {
    "competition": (folders.passengers, {}),
    "probabilities": (folders.passengers, {"metric": "auc"}),
    "log loss": (folders.passengers, {"metric": "log loss"}),
    "flowers": (lambda p: folders.table(p.with_suffix(".csv"), folders.FLOWER_NAMES, folders.flowers()), {}),
    "macro f1": (lambda p: folders.table(p.with_suffix(".csv"), folders.FLOWER_NAMES, folders.flowers()), {"metric": "macro f1"}),
    "houses": (lambda p: folders.table(p.with_suffix(".csv"), folders.HOUSE_NAMES, folders.houses()), {}),
    "mae": (lambda p: folders.table(p.with_suffix(".csv"), folders.HOUSE_NAMES, folders.houses()), {"metric": "mae"}),
    "rmsle": (lambda p: folders.table(p.with_suffix(".csv"), folders.HOUSE_NAMES, folders.houses()), {"metric": "rmsle"}),
    "groups": (lambda p: tickets(p.with_suffix(".csv")), {"target": "target"}),
    "german": (lambda p: dated(p.with_suffix(".csv")), {"target": "target", "kind": "table-number"}),
    "headless": (lambda p: headless(p.with_suffix(".csv")), {}),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_project_passes_its_own_tests_and_scores_at_once(
    kind: str, tmp_path: Path, git: Git
) -> None:
    write, said = KINDS[kind]
    project = made.scored(write(tmp_path / "data"), tmp_path / "trial", **said)
    out = made.own_tests(project)
    assert "passed" in out
    assert "failed" not in out
    printed = made.script(project, "score.py").stdout
    assert "baseline" in printed
    assert "majority" in printed
    assert not list(tmp_path.glob(".*"))
    (project.root / ".fastcompanion-partial").write_text("of a sync that was cut")
    assert ".fastcompanion-partial" not in git(project.root, "status", "--porcelain")


def test_the_code_can_be_read_in_ten_minutes_and_needs_no_fastcompanion(tmp_path: Path) -> None:
    project = made.scored(folders.passengers(tmp_path / "data"), tmp_path / "trial")
    files = sorted(project.root.glob("*.py"))
    texts = {path.name: path.read_text() for path in files}
    assert sum(text.count("\n") for text in texts.values()) < 450
    for name, text in texts.items():
        assert "import fastcompanion" not in text, name
        assert text.startswith('"""'), f"{name} says first what it is for"
        compile(text, name, "exec")


def test_what_runs_says_is_in_the_format_of_stored_predictions(tmp_path: Path) -> None:
    project = made.scored(tickets(tmp_path / "a.csv"), tmp_path / "trial", target="target")
    run, rows = predictions.read(project.runs / "baseline")
    split = folds.read(project.root)
    assert (run.name, run.kind, run.metric) == ("baseline", "table-class", "accuracy")
    assert run.split == split.digest
    assert run.versions["python"] == sys.version.split()[0]
    assert len(rows) == sum(len(split.of(fold)) for fold in split.folds)
    assert list(rows.shares) == ["ill", "well"]
    assert set(rows.groups) <= {f"p{n}" for n in range(40)}
    assert len(run.commit) >= 7


def test_rows_of_one_group_stay_together(tmp_path: Path) -> None:
    project = made.project(tickets(tmp_path / "a.csv"), tmp_path / "trial", target="target")
    with (project.data / "train.csv").open(newline="") as file:
        groups = {row["visit_id"]: row["patient"] for row in csv.DictReader(file)}
    split = folds.read(project.root)
    assert leaking(split, groups) == ()
    assert split.of(folds.FINAL)


def test_a_plain_table_is_copied_as_it_is_and_another_is_rewritten(tmp_path: Path) -> None:
    data = folders.passengers(tmp_path / "data")
    project = made.project(data, tmp_path / "one")
    assert (project.data / "train.csv").read_bytes() == (data / "train.csv").read_bytes()
    german = dated(tmp_path / "a.csv")
    project = made.project(german, tmp_path / "two", target="target", kind="table-number")
    with (project.data / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {"Tag": "2024-01-01", "Länge": "0.0", "Art": "ähnlich", "target": "0.0"}
    assert rows[30]["Tag"] == "2024-07-03"
    assert float(rows[30]["Länge"]) == pytest.approx(4.29)
    told = (project.data / "README.md").read_text()
    assert "Länge was written as decimal comma" in told
    assert "separated by ';'" in told


def test_a_table_for_validating_is_kept_as_the_split(tmp_path: Path) -> None:
    rows = folders.flowers(400)
    folders.table(tmp_path / "data" / "train.csv", folders.FLOWER_NAMES, rows[:300])
    folders.table(tmp_path / "data" / "valid.csv", folders.FLOWER_NAMES, rows[300:])
    project = made.scored(tmp_path / "data", tmp_path / "trial", target="species")
    split = folds.read(project.root)
    assert split.rule.rule == "given"
    assert split.of("valid") == tuple(str(n) for n in range(301, 401))
    assert len(predictions.read(project.runs / "baseline")[1]) == 100


def test_the_split_is_the_same_for_the_same_data_and_is_never_made_anew(tmp_path: Path) -> None:
    data = folders.passengers(tmp_path / "data")
    one = made.project(data, tmp_path / "one")
    other = made.project(data, tmp_path / "two")
    assert (one.root / "splits.csv").read_bytes() == (other.root / "splits.csv").read_bytes()
    (one.data / "train.csv").write_text((one.data / "train.csv").read_text() + "9999,1,1,male,3,4,S\n")  # fmt: skip
    done = made.script(one, "train.py", "baseline", check=False)
    assert done.returncode != 0
    assert "1 rows are not those of splits.csv" in done.stderr


def test_no_identity_leaves_the_files_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    plan = made.plan(folders.passengers(tmp_path / "data"))
    done = new.make(plan, tmp_path / "trial", None)
    assert done.commit is not None
    assert not done.commit.made
    assert "who you are" in done.commit.reason
    assert (tmp_path / "trial" / "baseline.py").is_file()


def test_half_a_project_is_never_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fails in the middle: nothing stays, not even a folder with another name."""
    plan = made.plan(folders.passengers(tmp_path / "data"))
    write = store.write_text
    place = tmp_path / "projects"
    place.mkdir()

    def failing(path: Path, text: str, **more: Any) -> None:
        if path.name == "test.csv":
            raise CompanionError("can't be written: No space left on device", file=path)
        write(path, text, **more)

    monkeypatch.setattr(store, "write_text", failing)
    with pytest.raises(CompanionError, match="No space left"):
        new.make(plan, place / "trial", None)
    assert list(place.iterdir()) == []


def test_a_place_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    root = tmp_path / "trial"
    root.mkdir()
    (root / "mine.txt").write_text("mine")
    with pytest.raises(CompanionError, match="is there already") as caught:
        new.check_place(root)
    assert caught.value.code is Exit.USAGE
    (root / "mine.txt").unlink()
    new.check_place(root)


def test_what_git_has_is_all_but_data_and_runs(tmp_path: Path, git: Git) -> None:
    project = made.scored(folders.passengers(tmp_path / "data"), tmp_path / "trial")
    assert git(project.root, "status", "--porcelain") == ""
    tracked = git(project.root, "ls-files").split()
    assert "data/README.md" in tracked
    assert "sample/train.csv" in tracked
    assert not [name for name in tracked if name.startswith(("runs/", "data/t"))]
    (project.root / "trial.egg-info").mkdir()
    (project.root / "trial.egg-info" / "PKG-INFO").write_text("made by: pip install -e .[dev]")
    assert git(project.root, "status", "--porcelain") == ""
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(project.root), str(clone))
    assert "passed" in made.own_tests(Project(clone)), "the tests need no data but the sample"
    done = made.script(Project(clone), "train.py", "baseline", check=False)
    assert "data/README.md says where to get it" in done.stderr


@pytest.mark.parametrize(
    ("rows", "said", "message"),
    [
        ([[n, "same"] for n in range(60)], {"target": "y"}, "Every row has the same y"),
        ([[n % 5, f"c{n}"] for n in range(60)], {"target": "y", "kind": "table-class"}, "60 classes and 60 rows"),
        ([[n, n % 2] for n in range(60)], {"target": "y", "metric": "accurracy"}, "did you mean accuracy"),
        ([[n, "abc"[n % 3]] for n in range(60)], {"target": "y", "metric": "auc"}, "for two classes"),
        ([[n, n - 30.5] for n in range(60)], {"target": "y", "metric": "rmsle"}, "from 0 on"),
        ([[n, n % 2] for n in range(60)], {"kind": "images-class"}, "be images|be made of images"),
    ],
)  # fmt: skip
def test_what_nothing_can_be_made_of_is_refused(
    rows: list[list[Any]], said: dict[str, str], message: str, tmp_path: Path
) -> None:
    data = folders.table(tmp_path / "a.csv", ["x", "y"], rows)
    with pytest.raises(CompanionError, match=message):
        made.plan(data, **said)


def test_names_that_would_break_code_do_not(tmp_path: Path) -> None:
    names = ['say "hi"', "{{ 7 * 7 }}", "back\\slash", "it's #1: {%", "target"]
    rows = [[n % 9 + 0.5, "ab"[n % 2], n % 5 + 0.1, "xyz"[n % 3], "ny"[n % 2]] for n in range(90)]
    data = folders.table(tmp_path / "a.csv", names, rows)
    project = made.scored(data, tmp_path / "trial", target="target")
    assert "passed" in made.own_tests(project)
    assert '"{{ 7 * 7 }}"' in (project.root / "data.py").read_text()


def test_the_same_answers_give_the_same_files(tmp_path: Path) -> None:
    project = made.project(folders.passengers(tmp_path / "data"), tmp_path / "trial")
    record = project.record()
    again = render.texts(record.answers, render.files("table-class"))
    assert {name: render.digest(text) for name, text in again.items()} == record.files
    assert all(render.same(project.root / name, sha) for name, sha in record.files.items())


def test_the_time_grows_with_the_rows_and_not_faster(tmp_path: Path) -> None:
    """Naming the rows was once done anew for each row: ten times the rows took a hundred times as long."""

    def seconds(rows: int) -> float:
        data = folders.table(tmp_path / f"{rows}.csv", ["id", "x", "target"], ([n, n % 97 / 3, n % 2] for n in range(1, rows + 1)))  # fmt: skip
        begun = time.process_time()
        made.plan(data, target="target")
        return time.process_time() - begun

    seconds(100)
    assert seconds(20_000) < 30 * seconds(2_000)
