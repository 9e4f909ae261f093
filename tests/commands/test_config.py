"""config show and set through main(argv)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Runner = Callable[..., Any]
Git = Callable[..., str]


def test_show_names_the_origin_of_each_value(study: Path, run: Runner) -> None:
    run("config", "set", "check.output_mb", "5", "--user")
    run("config", "set", "check.cell_seconds", "60")
    env = {"FASTCOMPANION_CHECK__TOTAL_SECONDS": "90"}
    shown = {one["key"]: one for one in run("config", "show", "--json", env=env).data["settings"]}
    assert (shown["check.output_mb"]["value"], shown["check.output_mb"]["source"]) == (
        5,
        "your settings",
    )
    assert (shown["check.cell_seconds"]["value"], shown["check.cell_seconds"]["where"]) == (
        60,
        str(study / "fastcompanion.toml"),
    )
    assert shown["check.total_seconds"]["source"] == "environment"
    assert shown["editor.open"]["source"] == "default"
    assert sorted(shown["editor.open"]) == ["about", "key", "source", "value", "where"]
    assert "FASTCOMPANION_CHECK__TOTAL_SECONDS" in run("config", "show", "--origin", env=env).out


def test_show_one_and_a_near_miss(study: Path, run: Runner) -> None:
    assert [
        one["key"] for one in run("config", "show", "editor.open", "--json").data["settings"]
    ] == ["editor.open"]
    outcome = run("config", "show", "editor.opne")
    assert outcome.code == 2
    assert "did you mean editor.open" in outcome.err


def test_set_keeps_comments_and_refuses_wrong_types(study: Path, run: Runner) -> None:
    path = study / "fastcompanion.toml"
    before = path.read_text()
    assert run("config", "set", "privacy.notes", "off").code == 0
    assert path.read_text() == before.replace("notes = true ", "notes = false ")
    refused = run("config", "set", "privacy.notes", "perhaps")
    assert refused.code == 2
    assert "true or false" in refused.err


def test_a_wrong_type_in_the_file_names_the_line_and_the_cure_works(
    study: Path, run: Runner
) -> None:
    path = study / "fastcompanion.toml"
    path.write_text(path.read_text() + '[check]\ncell_seconds = "ten"\n')
    line = path.read_text().split("\n").index('cell_seconds = "ten"') + 1
    failed = run("status", "--json")
    assert failed.code == 2
    assert (failed.errors[0]["file"], failed.errors[0]["line"]) == (str(path), line)
    assert failed.errors[0]["hint"] == "fastcompanion config set check.cell_seconds 600"
    assert run("config", "set", "check.cell_seconds", "600").code == 0
    assert run("status").code == 0


def test_outside_of_a_study_only_the_users_settings_can_be_set(tmp_path: Path, run: Runner) -> None:
    assert run("config", "set", "editor.open", "no", cwd=tmp_path).code == 3
    assert run("config", "set", "editor.open", "no", "--user", cwd=tmp_path).code == 0
    assert (
        run("config", "show", "editor.open", "--json", cwd=tmp_path).data["settings"][0]["value"]
        is False
    )


def test_a_changed_setting_goes_with_the_next_commit_but_own_edits_do_not(
    built_in_study: Path, run: Runner, git: Git
) -> None:
    run("config", "set", "check.output_mb", "5")
    run("config", "set", "check.cell_seconds", "50")
    run("log", "add", "x")
    assert "fastcompanion.toml" in git(built_in_study, "show", "--name-only", "--format=")
    path = built_in_study / "fastcompanion.toml"
    path.write_text(path.read_text() + "# my own edit\n")
    run("config", "set", "check.cell_seconds", "60")
    run("log", "add", "y")
    assert git(built_in_study, "status", "--porcelain") == " M fastcompanion.toml\n"
