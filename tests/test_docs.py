"""The documents say what the program does: commands, exit codes and files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fastcompanion.base.errors import Exit
from scripts import docs

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = list(docs.walk(docs.root()))
LEAVES = [(words, command) for words, command in COMMANDS if not docs.is_group(command)]
DAILY = ["init", "next", "start", "check", "hint", "stop", "log", "status"]


def test_commands_page_is_made_from_the_program() -> None:
    assert docs.PAGE.read_text(encoding="utf-8") == docs.page(), "run `make docs`"


@pytest.mark.parametrize(("words", "command"), COMMANDS, ids=[words for words, _ in COMMANDS])
def test_every_command_has_help(words: str, command: object) -> None:
    text = docs.prose(getattr(command, "help", None))
    assert len(text.split()) >= 3, f"`{words}` does not say what it does"
    assert text.rstrip().endswith((".", "!", "?", ":", "`")), text


@pytest.mark.parametrize(("words", "command"), LEAVES, ids=[words for words, _ in LEAVES])
def test_every_option_has_help_and_the_common_ones_are_there(words: str, command: object) -> None:
    params = {param.opts[0]: param for param in command.params}  # type: ignore[attr-defined]
    silent = [
        name
        for name, param in params.items()
        if name != "--help" and not getattr(param, "help", None)
    ]
    assert silent == [], f"`{words}` does not explain {silent}"
    assert set(docs.COMMON) <= set(params), f"`{words}` lacks common options"


def test_daily_words_stand_first_in_help() -> None:
    order = [words.split()[1] for words, _ in COMMANDS]
    assert list(dict.fromkeys(order))[: len(DAILY)] == DAILY


def test_every_exit_code_is_explained() -> None:
    page = (ROOT / "docs" / "exit-codes.md").read_text()
    for code in Exit:
        assert re.search(rf"^\| {int(code)} \|", page, re.MULTILINE), code


def test_links_between_documents_lead_somewhere() -> None:
    pages = [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "CHANGELOG.md",
        *(ROOT / "docs").glob("*.md"),
    ]
    dead: list[str] = []
    for page in pages:
        targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
        local = [target for target in targets if "://" not in target]
        dead += [
            f"{page.name} -> {target}" for target in local if not (page.parent / target).exists()
        ]
    assert dead == []
