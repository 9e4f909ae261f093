"""Every path of the program, and how a study is found."""

from __future__ import annotations

import os
import tempfile
from datetime import date
from pathlib import Path

import platformdirs
import pytest

from fastcompanion.base import workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.workspace import Workspace


def test_a_way_out_of_a_study_is_not_inside_of_it(tmp_path: Path) -> None:
    study = tmp_path / "study"
    study.mkdir()
    (study / "fastcompanion.toml").write_text("version = 1\n")
    assert Workspace.find(study / "lessons" / ".." / "x").root == study
    with pytest.raises(CompanionError, match="is not inside a study"):
        Workspace.find(study / ".." / "other")


def test_a_study_is_found_from_any_folder_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = tmp_path / "my study ü"
    inner = study / "lessons" / "c" / "01"
    inner.mkdir(parents=True)
    (study / "fastcompanion.toml").write_text("version = 1\n")
    assert Workspace.find(inner).root == study
    monkeypatch.chdir(inner)
    assert Workspace.find().root == study
    with pytest.raises(CompanionError) as caught:
        Workspace.find(tmp_path)
    assert caught.value.code is Exit.NOT_SET_UP
    assert caught.value.hint.startswith("fastcompanion init, or cd into your study")


def test_the_paths_are_those_of_the_design(tmp_path: Path) -> None:
    ws = Workspace(tmp_path)
    names = {
        ws.settings: "fastcompanion.toml",
        ws.course_file("c"): "courses/c.yaml",
        ws.notebook("c/05", "nb", "run"): "lessons/c/05/nb.run.ipynb",
        ws.notebook("c/05", "nb", "scratch"): "lessons/c/05/nb.scratch.ipynb",
        ws.checks_file("c/05", "nb"): "lessons/c/05/nb.checks.json",
        ws.notes("c/05"): "lessons/c/05/notes.md",
        ws.day_file(date(2026, 11, 21)): "log/2026/2026-11-21.md",
        ws.progress: "progress.jsonl",
        ws.projects: "projects.yaml",
        ws.timer: ".fastcompanion/timer.json",
    }
    assert {ws.relative(path): name for path, name in names.items()} == {
        n: n for n in names.values()
    }


def test_user_folders_follow_the_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTCOMPANION_HOME", str(tmp_path / "h"))
    monkeypatch.delenv("FASTCOMPANION_CACHE")
    assert workspace.clones_folder() == tmp_path / "h" / "cache" / "courses"
    monkeypatch.setenv("FASTCOMPANION_CACHE", str(tmp_path / "c"))
    assert workspace.clones_folder() == tmp_path / "c" / "courses"
    assert workspace.config_file() == tmp_path / "h" / "config.toml"
    monkeypatch.delenv("FASTCOMPANION_HOME")
    monkeypatch.delenv("FASTCOMPANION_CACHE")
    home = workspace.home()
    assert home in workspace.cache_folder().parents
    assert home in workspace.data_folder().parents
    assert home in workspace.config_file().parents


def test_sockets_have_a_folder_where_tmp_is_read_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: path != "/tmp")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert workspace.runtime_folder().parent == tmp_path
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(CompanionError, match="no folder for temporary files") as caught:
        workspace.runtime_folder()
    assert "TMPDIR" in caught.value.hint


def test_the_content_is_there() -> None:
    assert (workspace.content("lessons") / "foundations" / "course.yaml").is_file()
    assert (workspace.content("templates") / "study" / "README.md").is_file()


def test_the_settings_lie_where_platformdirs_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On Linux we say it ourselves, as its import takes longer than a commit."""
    monkeypatch.delenv("FASTCOMPANION_HOME")
    for value in ("", str(tmp_path / "own")):
        monkeypatch.setenv("XDG_CONFIG_HOME", value)
        wanted = platformdirs.user_config_dir("fastcompanion", appauthor=False)
        assert workspace.config_file() == Path(wanted) / "config.toml"
