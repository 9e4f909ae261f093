"""The log of submissions, and the competition of a project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fastcompanion.base import clock, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.competition.site import log, setting
from fastcompanion.competition.site.log import Entry, Validation
from fastcompanion.competition.site.target import Target

THERE = Target("titanic", practice=False)


def entry(**more: object) -> Entry:
    told: dict[str, object] = {
        "id": clock.new_id(), "at": clock.now(), "competition": THERE.text, "ref": 7,
        "file": "s.csv", "sha256": "ab", "rows": 3, "message": "first",
    }  # fmt: skip
    return Entry(**{**told, **more})  # type: ignore[arg-type]


@pytest.fixture
def project(tmp_path: Path, git: Callable[..., str]) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / ".fastcompanion.yml").write_text("version: 1\n")
    (root / "project.yml").write_text("# mine\nname: p\nmetric: auc  # because\n")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "begin")
    return root


def test_what_was_written_is_read_again(project: Path) -> None:
    told = entry(validation=Validation("m", "auc", "higher", 0.8, 0.7, 0.9, 100), commit="abc", dirty=True)  # fmt: skip
    path = log.file_for(THERE, project)
    log.append(told, path)
    read = log.read(THERE, project)[0]
    assert read.validation == told.validation
    assert (read.commit, read.dirty, read.ref) == ("abc", True, 7)
    assert path == project / "submissions.jsonl"
    assert sorted(one.name for one in project.iterdir() if "submissions" in one.name) == ["submissions.jsonl"]  # fmt: skip


def test_a_project_and_the_place_outside_are_read_together(project: Path) -> None:
    log.append(entry(message="in it"), log.file_for(THERE, project))
    log.append(entry(message="outside"), log.file_for(THERE, None))
    log.append(entry(competition="practice/titanic"), log.file_for(THERE, project))
    assert [one.message for one in log.read(THERE, project)] == ["in it", "outside"]
    assert [one.message for one in log.read(THERE, None)] == ["outside"]
    assert log.file_for(THERE, None).is_relative_to(workspace.data_folder())


def test_a_line_of_a_newer_program_is_refused_and_stays(project: Path) -> None:
    path = log.file_for(THERE, project)
    text = '{"v":2,"id":"x","at":"2026-11-22T10:00:00+01:00"}\n'
    path.write_text(text)
    with pytest.raises(CompanionError, match="version 2"):
        log.read(THERE, project)
    assert path.read_text() == text


@pytest.mark.parametrize("line", ['{"v":1,"id":"x"}', '{"v":1,"id":"x","at":"2026-11-22T10:00:00+01:00","ref":"?"}'])  # fmt: skip
def test_a_line_that_is_no_submission_is_named(project: Path, line: str) -> None:
    log.file_for(THERE, project).write_text(line + "\n")
    with pytest.raises(CompanionError, match=r"submissions\.jsonl"):
        log.read(THERE, project)


def test_the_state_of_the_code(project: Path, git: Callable[..., str], tmp_path: Path) -> None:
    commit = git(project, "rev-parse", "--short", "HEAD").strip()
    assert log.code(project) == log.Code(commit, dirty=False)
    log.append(entry(), log.file_for(THERE, project))
    git(project, "add", "submissions.jsonl")
    assert not log.code(project).dirty, "the log is no code"
    (project / "project.yml").write_text("changed: 1\n")
    assert log.code(project).text == f"{commit}+"
    bare = tmp_path / "no git"
    bare.mkdir()
    assert log.code(bare) == log.Code()
    assert log.code(None) == log.Code()


def test_the_competition_of_a_project_is_one_line_of_its_settings(project: Path) -> None:
    inner = project / "data"
    inner.mkdir()
    assert setting.read(inner) == ""
    with pytest.raises(CompanionError) as nothing:
        setting.target("", inner)
    assert nothing.value.code is Exit.USAGE
    setting.write(project, "kaggle/titanic")
    setting.write(project, "practice/titanic")
    assert (project / "project.yml").read_text() == (
        '# mine\nname: p\nmetric: auc  # because\ncompetition: "practice/titanic"\n'
    )
    assert setting.read(inner) == "practice/titanic"
    setting.write(project, "kaggle/titanic")
    assert setting.target("", inner) == THERE
    assert setting.target("kaggle/other", inner).slug == "other"


@pytest.mark.parametrize("value", ["[a, b]", "7", "{a: b}"])
def test_what_is_no_name_of_a_competition_is_refused(project: Path, value: str) -> None:
    (project / "project.yml").write_text(f"competition: {value}\n")
    with pytest.raises(CompanionError, match="no name of a competition"):
        setting.read(project)


def test_there_may_be_no_project(tmp_path: Path) -> None:
    assert setting.project_of(tmp_path) is None
    assert setting.read(tmp_path) == ""
