"""Settings: the order of sources, their origin, wrong values with file and line, comments kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastcompanion.base import config, workspace
from fastcompanion.base.config import Source
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.workspace import Workspace

KEY = "check.cell_seconds"


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    (tmp_path / "fastcompanion.toml").write_text(
        "# my study\nversion = 1\n\n[check] # how long\ncell_seconds = 100 # a minute and more\n"
    )
    return Workspace(tmp_path)


def test_the_higher_source_wins_and_says_where(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = Workspace(ws.root / "none")
    assert config.load(None).origin(KEY) == (Source.DEFAULT, "")
    config.set_value(None, KEY, "50")
    user = str(workspace.config_file())
    assert config.load(bare).origin(KEY) == (Source.USER, user)
    assert config.load(ws).origin(KEY) == (Source.STUDY, str(ws.settings))
    assert config.load(ws).get(KEY) == 100
    monkeypatch.setenv("FASTCOMPANION_CHECK__CELL_SECONDS", "7")
    assert config.load(ws).origin(KEY) == (Source.ENVIRONMENT, "FASTCOMPANION_CHECK__CELL_SECONDS")
    assert config.load(ws).get(KEY) == 7
    found = config.load(ws, {KEY: "3"})
    assert (found.get(KEY), found.origin(KEY)[0]) == (3, Source.OPTION)


def test_setting_a_value_keeps_comments_and_order(ws: Workspace) -> None:
    before = ws.settings.read_text()
    config.set_value(ws, KEY, "120")
    assert ws.settings.read_text() == before.replace("100", "120")
    config.set_value(ws, "privacy.log", "no")
    config.set_value(ws, "editor.command", 'jupyter "lab"')
    found = config.load(ws)
    assert found.get("privacy.log") is False
    assert found.get("editor.command") == 'jupyter "lab"'
    assert ws.settings.read_text().startswith(before.replace("100", "120"))


def test_a_dry_run_writes_nothing(ws: Workspace) -> None:
    before = ws.settings.read_bytes()
    assert config.set_value(ws, KEY, "120", dry_run=True).value == 120
    assert ws.settings.read_bytes() == before


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ('"ten"', KEY),
        ("0", KEY),
        ("-3", KEY),
        ("true", KEY),
        ("1.5", KEY),
        ("[1]", KEY),
        ("3", "privacy.log"),
        ("3", "study.name"),
    ],
)
def test_a_wrong_value_names_file_and_line(ws: Workspace, value: str, key: str) -> None:
    table, _, name = key.partition(".")
    ws.settings.write_text(
        f"version = 1\n[other]\n{name} = 1\n\n[{table}]\n# here\n{name} = {value}\n"
    )
    with pytest.raises(CompanionError, match=key) as caught:
        config.load(ws)
    assert (caught.value.file, caught.value.line) == (str(ws.settings), 7)
    assert caught.value.hint.startswith(f"fastcompanion config set {key}")


def test_a_reminder_may_come_at_the_slot_itself_and_no_program_gets_no_time(ws: Workspace) -> None:
    config.set_value(ws, "remind.lead", "0")
    assert config.load(ws).get("remind.lead") == 0
    with pytest.raises(CompanionError, match="0 or more"):
        config.set_value(ws, "remind.lead", "-1")
    with pytest.raises(CompanionError, match="1 or more"):
        config.set_value(ws, KEY, "0")


def test_a_wrong_variable_and_option_name_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTCOMPANION_CHECK__OUTPUT_MB", "much")
    with pytest.raises(CompanionError, match="FASTCOMPANION_CHECK__OUTPUT_MB"):
        config.load(None)


def test_an_unknown_setting_suggests_the_near_ones(ws: Workspace) -> None:
    with pytest.raises(CompanionError, match=r"did you mean check\.cell_seconds") as caught:
        config.set_value(ws, "check.cel_second", "5")
    assert caught.value.code is Exit.USAGE
    with pytest.raises(CompanionError) as caught:
        config.set_value(ws, "zzz", "5")
    assert "did you mean" not in caught.value.message
    ws.settings.write_text("version = 1\n[check]\ncel_seconds = 5\n[plan]\ndays = 1\n")
    assert config.unknown(ws.settings) == [
        ("check.cel_seconds", 3, ["check.cell_seconds", "check.total_seconds"])
    ]


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("version = 2\n", "newer fastcompanion", None),
        ("[study]\nname = 'x'\n", "no `version`", None),
        ("version = 'one'\n", "no `version`", None),
        ("version = 1\n[check\n", "not valid TOML", 2),
        ("version = 1\n<<<<<<< HEAD\n", "conflict marker", 2),
        ("version = 1\ncheck = 5\n", "should be a table", 2),
    ],
)
def test_a_file_that_can_not_be_trusted_is_not_written(
    ws: Workspace, text: str, words: str, line: int | None
) -> None:
    ws.settings.write_text(text)
    with pytest.raises(CompanionError, match=words) as caught:
        config.set_value(ws, KEY, "5")
    assert caught.value.file == str(ws.settings)
    assert caught.value.line == line
    assert ws.settings.read_text() == text


def test_every_setting_has_a_variable_of_its_own_and_a_meaning() -> None:
    names = {config.variable(key) for key in config.SETTINGS}
    assert len(names) == len(config.SETTINGS)
    assert all(len(about.split()) > 2 for _, about in config.SETTINGS.values())
