"""`project` through main(argv)."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from fastcompanion import console
from fastcompanion.base import workspace
from tests.data import folders
from tests.project import made

Runner = Callable[..., Any]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return made.copy("competition", made.passengers, tmp_path, tmp_path / "ship").root


class TestNew:
    def test_the_first_number(self, tmp_path: Path, run: Runner) -> None:
        data = folders.passengers(tmp_path / "data")
        begun = run("project", "new", "my ship", "--data", data, cwd=tmp_path)
        assert begun.code == 0, begun.err
        assert "predicts  Survived, 500 rows" in begun.out
        assert "left out  PassengerId" in begun.out
        assert "majority" in begun.out
        assert "worse" in begun.out
        assert f"Next: cd '{tmp_path / 'my ship'}' && fastcompanion project check" in begun.out

    def test_json(self, tmp_path: Path, run: Runner) -> None:
        data = folders.passengers(tmp_path / "data")
        begun = run("project", "new", "ship", "--data", data, "--json", cwd=tmp_path)
        assert begun.data["made"]["root"] == str(tmp_path / "ship")
        assert [one["name"] for one in begun.data["board"]["runs"]] == ["baseline", "majority"]

    def test_a_dry_run_changes_nothing(self, tmp_path: Path, run: Runner) -> None:
        data = folders.passengers(tmp_path / "data")
        begun = run("project", "new", "ship", "--data", data, "--dry-run", cwd=tmp_path)
        assert begun.code == 0
        assert "It would be made in" in begun.out
        assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]

    @pytest.mark.parametrize(("kind", "metric"), [("class", "accuracy"), ("number", "rmse")])
    def test_a_demo_needs_no_data(
        self, kind: str, metric: str, tmp_path: Path, run: Runner
    ) -> None:
        begun = run("project", "new", "trips", "--demo", kind, cwd=tmp_path)
        assert begun.code == 0, begun.err
        assert f"{metric} on 51" in begun.out
        assert run("project", "check", cwd=tmp_path / "trips").code == 0
        assert [path.name for path in tmp_path.iterdir()] == ["trips"]

    def test_what_was_changed_or_left_out_is_said(self, tmp_path: Path, run: Runner) -> None:
        folders.passengers(tmp_path / "data")
        table = tmp_path / "data" / "train.csv"
        table.write_text(table.read_text().replace(",", ";"), encoding="utf-8")
        begun = run("project", "new", "x", "--data", table, "--target", "Survived", "--dry-run")
        assert begun.code == 0, begun.err
        assert "train.csv was rewritten: its cells were separated by ';'" in begun.out

    def test_a_demo_asks_for_nothing(self, tmp_path: Path, run: Runner) -> None:
        begun = run("project", "new", "x", "--demo", "text-class", "--dry-run", cwd=tmp_path)
        assert begun.code == 0, begun.err
        assert "predicts  mood" in begun.out
        assert "guess" not in begun.out + begun.err

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            ([], "there is nothing to make a project of"),
            (["--demo", "pictures"], "there is no demo 'pictures'"),
            (["--demo", "class", "--data", "."], "either data or a demo"),
            (["--data", "nowhere"], "no such"),
            (["--demo", "class", "--kind", "segmentation"], "images with a mask"),
        ],
    )
    def test_mistakes(self, words: list[str], told: str, tmp_path: Path, run: Runner) -> None:
        begun = run("project", "new", "a", *words, cwd=tmp_path)
        assert begun.code == 2
        assert told in begun.err
        assert list(tmp_path.iterdir()) == []

    def test_in_a_study_it_is_noted(
        self, study: Path, tmp_path: Path, run: Runner, git: Runner
    ) -> None:
        data = folders.passengers(tmp_path / "data")
        assert run("project", "new", "ship", "--data", data).code == 0
        assert (study / "projects" / "ship" / "baseline.py").is_file()
        told = yaml.safe_load((study / "projects.yaml").read_text())
        assert told == {"version": 1, "projects": [{"name": "ship", "path": "projects/ship"}]}
        assert git(study, "status", "--porcelain") == ""
        assert "Note the project ship" in git(study, "log", "--format=%s")
        assert run("project", "new", tmp_path / "elsewhere", "--data", data).code == 0
        told = yaml.safe_load((study / "projects.yaml").read_text())
        assert [one["name"] for one in told["projects"]] == ["ship", "elsewhere"]

    def test_a_person_is_asked_for_what_is_a_guess(
        self, tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = folders.table(tmp_path / "a.csv", folders.FLOWER_NAMES, folders.flowers())
        monkeypatch.setattr(console, "interactive", lambda: True)
        begun = run("project", "new", "a", "--data", data, cwd=tmp_path, typed="petal_width\n")
        assert begun.code == 0, begun.err
        assert "predicts  petal_width" in begun.out

    def test_where_nobody_can_be_asked_the_guess_is_said(self, tmp_path: Path, run: Runner) -> None:
        data = folders.table(tmp_path / "a.csv", folders.FLOWER_NAMES, folders.flowers())
        begun = run("project", "new", "a", "--data", data, cwd=tmp_path)
        assert begun.code == 0
        assert "species is a guess: --target says it" in begun.out


class TestInAProject:
    def test_baseline_and_score(self, project: Path, run: Runner) -> None:
        shown = run("project", "baseline", cwd=project)
        assert shown.code == 0, shown.err
        scored = run("project", "score", "--json", cwd=project / "tests")
        names = [one["name"] for one in scored.data["runs"]]
        assert names == ["baseline", "majority"]
        assert scored.data["runs"][1]["beside"]["verdict"] == "worse"
        assert scored.data["runs"][1]["beside"]["rows_needed"] > 1

    def test_train_by_name_and_from_elsewhere(
        self, project: Path, run: Runner, tmp_path: Path
    ) -> None:
        shown = run(
            "project", "train", "majority", "--seed", "3", "--project", project, cwd=tmp_path
        )
        assert shown.code == 0, shown.err
        assert "majority-seed3" in shown.out
        rows = [one for one in shown.out.splitlines() if "[" in one]
        assert len(rows) > 3, "each run, and those that have another one beside them"
        assert max(map(len, rows)) <= 80, "a row stands on one line of a terminal"
        assert "majority-seed3" not in shown.err, "what the answer says is not said twice"
        missed = run("project", "train", "forest", cwd=project)
        assert missed.code == 1
        assert "there is no model 'forest': there are baseline, majority" in missed.err

    def test_a_model_without_its_library_is_exit_5(self, project: Path, run: Runner) -> None:
        (project / "deep.py").write_text(
            "import fastai_is_not_here\n\n\ndef fit(a, b, c):\n    pass\n"
        )
        assert run("project", "train", "deep", cwd=project).code == 1
        (project / "deep.py").write_text(
            "raise ModuleNotFoundError(\"No module named 'fastai'\")\n\n\ndef fit(a, b, c):\n    pass\n"
        )
        shown = run("project", "train", "deep", cwd=project)
        assert shown.code == 5
        assert "fastcompanion env list" in shown.err
        assert f"cd {project} && uv venv && uv pip install -e '.[train]'" in shown.err
        assert "Traceback" not in shown.err, "it says nothing that the message does not"

    def test_an_error_of_a_model_names_its_place(self, project: Path, run: Runner) -> None:
        (project / "mine.py").write_text(
            "def predict(a, b):\n    pass\n\n\ndef fit(a, b, seed):\n    return 1 / 0\n"
        )
        shown = run("project", "train", "mine", cwd=project)
        assert shown.code == 1
        assert "Traceback" in shown.err
        assert (
            f"{project / 'mine.py'}:6: train.py mine: ZeroDivisionError: division by zero"
            in shown.err
        )

    def test_check_says_no(self, project: Path, run: Runner) -> None:
        assert run("project", "check", cwd=project).code == 0
        text = (project / "data.py").read_text()
        (project / "data.py").write_text(
            text.replace(
                "        made.append(one)", "        one['Ship'] = 'T'\n        made.append(one)"
            )
        )
        shown = run("project", "check", cwd=project)
        assert shown.code == 4
        assert "Ship: Every row has 'T'. Leave it out." in shown.out

    def test_the_final_rows_need_consent_and_open_once(self, project: Path, run: Runner) -> None:
        assert run("project", "score", "--final", cwd=project).code == 2
        assert run("project", "score", "--final", "--dry-run", cwd=project).code == 0
        opened = run("project", "score", "--final", "--yes", cwd=project)
        assert opened.code == 0, opened.err
        assert "baseline on the final rows" in opened.out
        again = run("project", "score", "--final", "--yes", cwd=project)
        assert again.code == 4
        assert "were opened on" in again.err

    def test_no_project_here(self, tmp_path: Path, run: Runner) -> None:
        for word in ("baseline", "score", "check", "train"):
            shown = run("project", word, cwd=tmp_path)
            assert shown.code == 3
            assert "is not inside a project" in shown.err


class TestGrowth:
    def test_a_step_is_proposed_and_added_with_consent(self, project: Path, run: Runner) -> None:
        shown = run("project", "next", cwd=project)
        assert shown.code == 0, shown.err
        assert "Next: A submission file" in shown.out
        assert not (project / "submit.py").exists()
        assert run("project", "next", "--yes", "--dry-run", cwd=project).code == 0
        assert not (project / "submit.py").exists()
        added = run("project", "next", "--yes", cwd=project)
        assert "Added: submit.py, tests/test_submit.py" in added.out
        assert "fastcompanion project submit" in added.out
        told = run("project", "next", "--json", cwd=project)
        assert told.data["step"]["id"] == "linear"
        assert told.data["done"] == ["majority", "baseline", "submission"]

    def test_train_takes_the_furthest_model(self, project: Path, run: Runner) -> None:
        assert run("project", "next", "linear", "--yes", cwd=project).code == 0
        trained = run("project", "train", "--json", cwd=project)
        assert trained.data["name"] == "linear"
        fast = run("project", "train", "--fast", cwd=project)
        assert "nothing was written" in fast.out

    def test_a_dry_run_says_what_would_be_trained_and_trains_nothing(
        self, project: Path, run: Runner
    ) -> None:
        kept = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
        would = run("project", "baseline", "--dry-run", cwd=project)
        assert would.code == 0, would.err
        assert "majority would be trained and scored; runs/majority/ would be replaced" in would.out
        assert "python train.py baseline" in would.out
        again = run("project", "train", "--dry-run", "--json", cwd=project).data["models"]
        assert again == [
            {"name": "baseline", "command": ["train.py", "baseline"], "server": "", "run": "baseline", "again": True}
        ]  # fmt: skip
        seeded = run("project", "train", "majority", "--seed", "3", "--dry-run", cwd=project)
        assert "runs/majority-seed3/ would be written" in seeded.out
        fast = run("project", "train", "majority", "--fast", "--dry-run", cwd=project)
        assert "tried on the first fold; nothing would be written" in fast.out
        missed = run("project", "train", "forest", "--dry-run", cwd=project)
        assert missed.code == 1
        assert "there is no model 'forest'" in missed.err
        assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == kept


class TestApp:
    def test_it_needs_its_step(self, project: Path, run: Runner) -> None:
        shown = run("project", "app", cwd=project)
        assert shown.code == 1
        assert "fastcompanion project next saved --yes" in shown.err

    @pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
    def test_it_answers_until_it_is_ended(
        self, sign: signal.Signals, project: Path, run: Runner
    ) -> None:
        for step in ("saved", "app"):
            assert run("project", "next", step, "--yes", cwd=project).code == 0
        argv = [sys.executable, "-m", "fastcompanion", "project", "app", "baseline", "--port", "0"]
        with subprocess.Popen(argv, cwd=project, stderr=subprocess.PIPE, text=True) as served:
            assert served.stderr is not None
            for line in served.stderr:
                if found := re.search(r"http://127\.0\.0\.1:\d+/", line):
                    break
            assert found
            body = urllib.parse.urlencode({"Sex": "female", "Age": "30"}).encode()
            with urllib.request.urlopen(found[0], body, timeout=20) as answer:
                assert "Survived: 1 (1 " in answer.read().decode()
            served.send_signal(sign)
            rest = served.stderr.read()
            assert served.wait(20) == 0, rest
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(found[0], timeout=20)
        assert (project / "runs" / "baseline" / "model.json").is_file()


class TestUpdate:
    def test_the_newest_has_nothing_to_do(self, project: Path, run: Runner) -> None:
        shown = run("project", "update", cwd=project)
        assert shown.code == 0, shown.err
        assert "as the newest template makes it" in shown.out

    def test_diff_shows_and_update_does(
        self, project: Path, run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shutil.copytree(workspace.content("templates"), tmp_path / "content" / "templates")
        monkeypatch.setattr(workspace, "content", lambda kind: tmp_path / "content" / kind)
        path = tmp_path / "content" / "templates" / "project" / "common" / "score.py"
        path.write_text(path.read_text().replace("TIMES = 2000", "TIMES = 4000"))
        shown = run("project", "update", "--diff", cwd=project)
        assert "-TIMES = 2000" in shown.out
        assert "+TIMES = 4000" in shown.out
        assert "TIMES = 2000" in (project / "score.py").read_text()
        looked = run("project", "update", "--dry-run", cwd=project)
        assert looked.code == 0
        assert "of the template, as it is now" in looked.out, "only its files are newer"
        assert "TIMES = 2000" in (project / "score.py").read_text()
        done = run("project", "update", cwd=project)
        assert done.code == 0, done.err
        assert "git switch main && git merge fastcompanion-update" in done.out
        assert "TIMES = 4000" in (project / "score.py").read_text()
