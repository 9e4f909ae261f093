"""A project's predictions on their way to a competition: `project submit`, and what is kept of it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from fastcompanion.competition.practice import making, server
from fastcompanion.competition.practice import place as places
from fastcompanion.data.look import look
from fastcompanion.project.place import Project
from tests.competition import faults
from tests.competition.practice import served
from tests.competition.site import submitted
from tests.competition.site.submitted import NAME, Place
from tests.project import made

Runner = Callable[..., Any]
Git = Callable[..., str]


@pytest.fixture
def site(tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with submitted.site(tmp_path, run, monkeypatch) as place:
        (place.folder / "good.csv").unlink()
        yield place


def _project(data: Path, place: Path) -> Project:
    return made.scored(data, place / "trial", target="survived")


@pytest.fixture
def project(site: Place, tmp_path: Path, run: Runner) -> Path:
    """A project of the competition's files, with the step that predicts its rows."""
    data = site.live.place.public
    root = made.copy("people", lambda place: _project(data, place), tmp_path, tmp_path / "app").root
    assert run("project", "next", "submission", "--yes", cwd=root).code == 0
    return root


def lines(project: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (project / "submissions.jsonl").read_text().splitlines()]


def test_a_model_predicts_and_its_score_stands_beside_that_of_validation(
    site: Place, project: Path, run: Runner, git: Git
) -> None:
    commit = git(project, "rev-parse", "--short", "HEAD").strip()
    done = run("project", "submit", "baseline", "-c", NAME, "--yes", "--json", cwd=project)
    assert done.code == 0, done
    told = done.data
    assert told["status"] == "complete"
    assert told["message"] == f"baseline ({commit})"
    assert told["validation"]["run"] == "baseline"
    assert told["validation"]["sure"]
    board = run("project", "score", "--json", cwd=project).data
    score = next(one["score"] for one in board["runs"] if one["name"] == "baseline")
    for name in ("value", "low", "high", "n"):
        assert told["validation"][name] == score[name]
    assert told["agreement"]["rows"] == places.read(site.live.place).public_rows
    assert not told["agreement"]["most"]
    line = lines(project)[0]
    assert (line["commit"], line["dirty"], line["ref"]) == (commit, False, told["ref"])
    subjects = git(project, "log", "--format=%s").splitlines()
    assert subjects[0] == f"Take part in {NAME}"
    assert subjects[1] == f"Submit submission.csv to {NAME}: baseline ({commit})"
    assert git(project, "status", "--porcelain") == ""


def test_the_competition_is_known_from_the_first_time_on(
    site: Place, project: Path, run: Runner
) -> None:
    nothing = run("project", "submit", "--yes", cwd=project)
    assert nothing.code == 3
    assert "kaggle practice new --from data" in nothing.err
    assert run("project", "submit", "majority", "-c", NAME, "--yes", cwd=project).code == 0
    assert yaml.safe_load((project / "project.yml").read_text())["competition"] == NAME
    again = run("project", "submit", "--yes", "--json", cwd=project)
    assert again.code == 0
    assert again.data["validation"]["run"] == "baseline", "the best run without a name"
    assert len(run("kaggle", "history", "--json", cwd=project).data["submissions"]) == 2
    assert run("kaggle", "leaderboard", cwd=project / "data").code == 0
    assert run("kaggle", "progress", cwd=project).code == 0


def test_a_file_of_the_project_is_sent_with_the_score_of_the_newest_run(
    site: Place, project: Path, run: Runner, git: Git
) -> None:
    made.script(Project(project), "submit.py", "baseline")
    (project / "data.py").write_text((project / "data.py").read_text() + "# more\n")
    done = run("kaggle", "submit", "-c", NAME, "--yes", "--json", cwd=project)
    assert done.code == 0, done
    assert not done.data["validation"]["sure"]
    assert lines(project)[0]["dirty"]
    assert "# more" in git(project, "diff"), "what the learner has not committed stays so"


def test_the_sample_is_nobody_s_prediction(site: Place, project: Path, run: Runner) -> None:
    sample = project / "data" / "sample_submission.csv"
    done = run("kaggle", "submit", sample, "-c", NAME, "--yes", "--json", cwd=project)
    assert done.code == 0, done
    assert done.data["validation"] is None
    made.script(Project(project), "submit.py", "baseline")
    assert run("kaggle", "submit", "--yes", cwd=project).code == 0
    overall = run("kaggle", "progress", "--json", cwd=project).data["overall"]
    assert (overall["pairs"], overall["unsure"]) == (1, 1)


def test_a_look_runs_and_sends_nothing(site: Place, project: Path, run: Runner) -> None:
    done = run("project", "submit", "-c", NAME, "--dry-run", "--json", cwd=project)
    assert done.data["model"] == "baseline"
    assert done.data["competition"] == NAME
    assert not (project / "submission.csv").exists()
    assert site.faults.seen == []


def test_a_day_that_is_used_up_is_told_before_a_model_learns(
    site: Place, project: Path, run: Runner
) -> None:
    site.faults.add("/GetSubmissionLimits", faults.fields(numAllowedNow=0, numToday=5), times=9)
    done = run("project", "submit", "-c", NAME, "--yes", cwd=project)
    assert done.code == 5
    assert not (project / "submission.csv").exists()


def test_an_upload_that_fails_leaves_no_trace_in_the_project(
    site: Place, project: Path, run: Runner, git: Git
) -> None:
    site.faults.add("PUT /upload", faults.refused(500), times=faults.ALWAYS)
    head = git(project, "rev-parse", "HEAD")
    done = run("project", "submit", "-c", NAME, "--yes", cwd=project)
    assert done.code not in (0, 4)
    assert git(project, "rev-parse", "HEAD") == head
    assert git(project, "status", "--porcelain") == ""


def test_a_setting_that_can_t_be_read_does_not_hide_a_submission(
    site: Place, project: Path, run: Runner
) -> None:
    """Without it the learner would send a second one."""
    made.script(Project(project), "submit.py", "baseline")
    (project / "project.yml").write_text("competition: [1, 2]\n")
    file = project / "submission.csv"
    done = run("kaggle", "submit", file, "-c", NAME, "--yes", cwd=project)
    assert site.sent == 1
    assert done.code == 0, done
    assert "project.yml does not name practice/people" in done.err


def test_a_file_of_an_earlier_run_is_not_sent_as_that_of_this_model(
    site: Place, project: Path, run: Runner
) -> None:
    made.script(Project(project), "submit.py", "baseline")
    (project / "submit.py").write_text("open('other.csv', 'w').write('PassengerId\\n')\n")
    done = run("project", "submit", "majority", "-c", NAME, "--yes", cwd=project)
    assert done.code == 1
    assert "wrote no submission.csv" in done.err
    assert site.sent == 0


def test_what_is_missing_is_said(site: Place, project: Path, run: Runner) -> None:
    assert run("project", "submit", "-c", "kaggle/titanic", "--yes", cwd=project).code == 5
    (project / "submit.py").unlink()
    gone = run("project", "submit", "-c", NAME, "--yes", cwd=project)
    assert gone.code == 1
    assert "project next submission" in gone.err


def test_a_project_knows_the_competition_its_data_were_downloaded_from(
    site: Place, tmp_path: Path, run: Runner
) -> None:
    assert run("kaggle", "download", NAME, "--to", tmp_path / "down").code == 0
    begun = run(
        "project", "new", "fresh", "--data", tmp_path / "down", "--target", "survived", cwd=tmp_path
    )
    assert begun.code == 0, begun.err
    settings = yaml.safe_load((tmp_path / "fresh" / "project.yml").read_text())
    assert settings["competition"] == NAME
    assert run("project", "update", "--diff", cwd=tmp_path / "fresh").out.startswith("The project is as")  # fmt: skip
    named = run(
        "project", "new", "named", "--data", site.folder, "--target", "survived",
        "--competition", "https://www.kaggle.com/competitions/titanic", cwd=tmp_path,
    )  # fmt: skip
    assert named.code == 0, named.err
    settings = yaml.safe_load((tmp_path / "named" / "project.yml").read_text())
    assert settings["competition"] == "kaggle/titanic"


OWN = "own-rows"


def _people(tmp_path: Path, *, with_id: bool = True) -> Path:
    """Write the table of people, perhaps without the column that names them."""
    data = served.people(tmp_path / "table")
    if not with_id:
        rows = list(csv.reader(io.StringIO((data / "people.csv").read_text(encoding="utf-8"))))
        with (data / "people.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(row[1:] for row in rows)
    return data


def _own(data: Path, tmp_path: Path, *, with_id: bool = True) -> Path:
    """Make a project of these data; give its folder."""

    def scored(place: Path) -> Project:
        return made.scored(data, place / "trial", target="survived")

    return made.copy(f"own {with_id}", scored, tmp_path, tmp_path / "own").root


@contextmanager
def _practised(data: Path, target: str = "survived", metric: str = "") -> Iterator[None]:
    """Serve a practice competition of these data."""
    seen = look(data, target=target, closely=False)
    making.new(data, seen, name=OWN, metric=metric, daily=5, dry_run=False)
    with server.serving(places.at(OWN)) as live:
        live.protocol.accept()
        yield


@pytest.mark.parametrize("with_id", [True, False])
def test_a_practice_competition_of_the_project_s_own_data_hides_its_rows(
    with_id: bool, tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The project has seen all rows; the copy that predicts learns from those that are left."""
    submitted.quickly(monkeypatch)
    data = _people(tmp_path, with_id=with_id)
    root = _own(data, tmp_path, with_id=with_id)
    (root / "spy.py").write_text(_SPY)
    place = places.at(OWN)
    with _practised(root / "data", metric="auc"):
        done = run("project", "submit", "spy", "-c", f"practice/{OWN}", "--yes", "--json", cwd=root)
    assert done.code == 0, done
    sample = served.rows_of(place.public / places.SAMPLE)
    column = next(iter(sample[0]))
    sent = served.rows_of(root / "submission.csv")
    assert [row[column] for row in sent] == [row[column] for row in sample]
    learned, asked = (
        len(served.rows_of(place.public / one)) for one in (places.TRAIN, places.TEST)
    )
    assert {row["survived"] for row in sent} == {repr(learned / (learned + 1))}, (
        "probabilities, for auc"
    )
    assert asked == len(sent)
    assert done.data["validation"] is None, "a model that was never run has no score of validation"
    assert not (root / "data" / places.TEST).exists()


_SPY = '''"""Says how many rows it has learned from."""


def fit(inputs, targets, seed):
    return len(targets)


def predict(learned, inputs):
    share = learned / (learned + 1)
    return [{"0": 1 - share, "1": share} for _ in inputs]
'''


def test_a_script_that_writes_other_rows_is_refused_and_no_bug(
    tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted.quickly(monkeypatch)
    root = _own(_people(tmp_path, with_id=False), tmp_path, with_id=False)
    (root / "submit.py").write_text("open('submission.csv', 'w').write('id,survived\\nx,1\\n')\n")
    with _practised(root / "data", metric="accuracy"):
        done = run("project", "submit", "baseline", "-c", f"practice/{OWN}", "--yes", cwd=root)
    assert done.code == 4, done


def test_validation_is_told_in_the_metric_of_the_competition(
    tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted.quickly(monkeypatch)
    root = _own(_people(tmp_path), tmp_path)
    assert yaml.safe_load((root / "project.yml").read_text())["metric"] == "accuracy"
    with _practised(root / "data", metric="auc"):
        done = run(
            "project", "submit", "baseline", "-c", f"practice/{OWN}", "--yes", "--json", cwd=root
        )
    assert done.code == 0, done
    assert done.data["validation"]["metric"] == "auc"
    assert done.data["agreement"]["verdict"] in ("inside", "chance", "outside")


def test_another_target_is_refused(
    tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted.quickly(monkeypatch)
    data = _people(tmp_path)
    root = _own(data, tmp_path)
    with _practised(data, "sex"):
        done = run("project", "submit", "-c", f"practice/{OWN}", "--yes", cwd=root)
    assert done.code == 2
    assert "asks for sex" in done.err
