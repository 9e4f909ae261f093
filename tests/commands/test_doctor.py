"""doctor: each finding is provoked for real, and carries its cure."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

Runner = Callable[..., Any]
Git = Callable[..., str]


def findings(run: Runner, area: str, severity: str, **options: Any) -> list[dict[str, Any]]:
    outcome = run("doctor", area, "--json", **options)
    return [one for one in outcome.data["findings"] if one["severity"] == severity]


def test_all_areas_in_a_sound_study(built_in_study: Path, run: Runner) -> None:
    outcome = run("doctor", "--json")
    assert outcome.code == 0, outcome.out
    found = outcome.data["findings"]
    assert list(dict.fromkeys(one["area"] for one in found)) == [
        "git", "identity", "kernels", "environments", "extras", "jupyter", "weights", "reminders",
        "kaggle", "server", "start", "study",
    ]  # fmt: skip
    assert sorted(found[0]) == ["area", "cure", "file", "line", "severity", "text"]
    assert [one for one in found if one["severity"] == "bad"] == []
    assert all(one["cure"] for one in found if one["severity"] != "ok")
    assert run("doctor").out.startswith("git\n")


def test_a_part_is_installed_the_way_the_program_was(run: Runner, tmp_path: Path) -> None:
    info = metadata.distribution("fastcompanion").read_text("direct_url.json")
    cures = [one["cure"] for one in findings(run, "extras", "ok", cwd=tmp_path) if one["cure"]]
    assert cures or not info, "these tests run without all parts"
    for cure in cures:
        if info and "file://" in info:
            folder = shlex.split(cure)[1]
            assert (Path(folder) / "pyproject.toml").is_file()
            assert re.search(r"install --(editable|reinstall) '\.\[", cure)
        else:
            assert "'fastcompanion[" in cure


def test_an_area_that_is_none_lists_them(run: Runner, tmp_path: Path) -> None:
    outcome = run("doctor", "teeth", cwd=tmp_path)
    assert outcome.code == 2
    assert "git | identity" in outcome.err


def test_without_git_and_without_a_name(
    built_in_study: Path, run: Runner, isolated: Path, tmp_path: Path
) -> None:
    outcome = run("doctor", "git", "--json", env={"PATH": str(tmp_path / "nothing")})
    assert outcome.code == 5
    assert outcome.data["findings"][0]["text"] == "git is not installed"
    assert outcome.data["findings"][0]["cure"]
    (isolated / ".gitconfig").write_text("")
    outcome = run("doctor", "identity", "--json")
    assert outcome.code == 5
    assert "user.name" in outcome.data["findings"][0]["cure"]


def test_odd_states_of_the_repository(built_in_study: Path, run: Runner, git: Git) -> None:
    git(built_in_study, "switch", "-q", "--detach")
    assert "detached" in findings(run, "git", "warn")[0]["text"]
    git(built_in_study, "switch", "-q", "main")
    (built_in_study / ".git/index.lock").write_text("")
    (lock,) = findings(run, "git", "warn")
    assert str(built_in_study / ".git/index.lock") in lock["cure"]
    (built_in_study / ".git/index.lock").unlink()
    (built_in_study / ".git/MERGE_HEAD").write_text(git(built_in_study, "rev-parse", "HEAD"))
    assert findings(run, "git", "warn")[0]["cure"].startswith("git merge --continue")


def test_files_of_the_study_are_named_with_their_lines(built_in_study: Path, run: Runner) -> None:
    run("log", "add", "x")
    (day,) = (built_in_study / "log").glob("*/*.md")
    day.write_text(day.read_text() + "- 9:00 an hour\n")
    notes = built_in_study / "lessons/foundations/01/notes.md"
    notes.parent.mkdir(parents=True, exist_ok=True)
    notes.write_text("a\n<<<<<<< HEAD\n")
    progress = built_in_study / "progress.jsonl"
    progress.write_text(progress.read_text() + "{broken\n")
    outcome = run("doctor", "study", "--json")
    assert outcome.code == 4
    bad = {
        (one["file"], one["line"]) for one in outcome.data["findings"] if one["severity"] == "bad"
    }
    assert bad == {
        (str(day), 4),
        (str(notes), 2),
        (str(progress), len(progress.read_text().splitlines())),
    }


def test_a_broken_settings_file_is_a_finding_and_no_crash(
    built_in_study: Path, run: Runner
) -> None:
    path = built_in_study / "fastcompanion.toml"
    path.write_text("version = 1\n[check\n")
    outcome = run("doctor", "study", "--json")
    assert outcome.code == 4
    assert (outcome.data["findings"][0]["file"], outcome.data["findings"][0]["line"]) == (
        str(path),
        2,
    )


def test_an_unknown_setting_and_lost_ignore_lines_are_warned_of(
    built_in_study: Path, run: Runner
) -> None:
    path = built_in_study / "fastcompanion.toml"
    path.write_text(path.read_text() + "[check]\ncel_seconds = 3\n")
    (built_in_study / ".gitignore").write_text("")
    warned = findings(run, "study", "warn")
    assert "did you mean check.cell_seconds" in warned[0]["text"]
    assert warned[1]["file"] == str(built_in_study / ".gitignore")
    assert run("init", built_in_study, "--yes", "--course", "none").code == 0
    assert len(findings(run, "study", "warn")) == 1


def test_what_waits_for_a_commit_is_named(built_in_study: Path, run: Runner, git: Git) -> None:
    git(built_in_study, "switch", "-q", "--detach")
    run("log", "add", "x")
    (waiting,) = findings(run, "study", "warn")
    assert "progress.jsonl" in waiting["text"]


def test_a_kernel_that_is_gone(built_in_study: Path, run: Runner) -> None:
    path = built_in_study / "courses/foundations.yaml"
    path.write_text(path.read_text() + "kernel: no-such-environment\n")
    outcome = run("doctor", "kernels", "--json")
    assert outcome.code == 5
    (bad,) = [one for one in outcome.data["findings"] if one["severity"] == "bad"]
    assert "no-such-environment" in bad["text"]
    assert bad["cure"].startswith("fastcompanion env")


def test_an_environment_without_its_python(run: Runner, isolated: Path, tmp_path: Path) -> None:
    folder = isolated / "fastcompanion/envs/abc"
    folder.mkdir(parents=True)
    marker = {
        "version": 1,
        "name": "today",
        "python": "3.11.7",
        "created": "2026-11-21T10:00:00+00:00",
    }
    import json

    from fastcompanion.course.environments import shelf

    (folder / shelf.MARKER).write_text(json.dumps(marker))
    (bad,) = findings(run, "environments", "bad", cwd=tmp_path)
    assert bad["cure"].startswith("fastcompanion env remove today")


def test_an_editor_that_is_not_there(built_in_study: Path, run: Runner) -> None:
    run("config", "set", "editor.command", "fc-no-such-editor --now")
    (bad,) = findings(run, "jupyter", "bad")
    assert "fc-no-such-editor" in bad["text"]


@pytest.mark.skipif(os.name != "posix", reason="shell start-up files: not run here")
def test_what_makes_each_start_slow(
    run: Runner, isolated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (isolated / ".bashrc").write_text('# x\neval "$(fastcompanion --show-completion bash)"\n')
    found = findings(run, "start", "warn", cwd=tmp_path, env={"PYTHONDEVMODE": "1"})
    texts = " ".join(one["text"] for one in found)
    assert "compiled code" in texts
    assert "PYTHONDEVMODE" in texts
    assert [(one["file"], one["line"]) for one in found if one["line"]] == [
        (str(isolated / ".bashrc"), 2)
    ]


def test_broken_weights_are_named(run: Runner, isolated: Path) -> None:
    assert "none here" in run("doctor", "weights").out
    file = isolated / ".cache" / "torch" / "hub" / "checkpoints" / "resnet18-f37072fd.pth"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"torn")
    done = run("doctor", "weights", "--json")
    (broken, _) = done.data["findings"]
    assert done.code == 0
    assert broken["file"] == str(file)
    assert broken["cure"] == "fastcompanion weights fetch resnet18"
