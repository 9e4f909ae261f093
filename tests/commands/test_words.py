"""The list of words, which `--help` shows without importing the commands, tells the truth."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion import commands
from fastcompanion.cli import build, program
from fastcompanion.commands import WORDS

Runner = Callable[..., Any]


def below(tree: Any) -> dict[str, Any]:
    return {name: below(child) for name, child in getattr(tree, "commands", {}).items()}


def test_every_word_has_the_help_and_the_place_of_its_command() -> None:
    tree = program(build(terminal=False))
    assert list(tree.commands) == list(WORDS)
    for name, command in tree.commands.items():
        assert command.help.split("\n\n")[0].replace("\n", " ") == WORDS[name].help, name
        assert command.rich_help_panel == WORDS[name].panel, name


SHARED = {
    "__init__",
    "options",
    "budgets",
    "phrases",
    "completing",
    "candidates",
    "repeated_view",
    "again_view",
    "today_view",
    "kaggle_validate_view",
    "server_use_view",
    "server_cloud_view",
    "kaggle_site_view",
    "kaggle_sending",
}


def test_every_file_of_commands_belongs_to_a_word() -> None:
    folder = Path(commands.__file__).parent
    files = {path.stem for path in folder.glob("*.py")} - SHARED
    assert {file for word in WORDS.values() for file in word.files} == files


@pytest.mark.parametrize("name", WORDS)
def test_a_word_alone_has_all_that_is_below_it(name: str) -> None:
    """A fresh process each: what another word imported would hide what is missing here."""
    script = (
        "import sys, json\n"
        "from fastcompanion.cli import build, program\n"
        "def below(tree): return {n: below(c) for n, c in getattr(tree, 'commands', {}).items()}\n"
        "print(json.dumps(below(program(build(terminal=False, words=[sys.argv[1]])))[sys.argv[1]]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, name], capture_output=True, text=True, check=True
    )
    import json

    assert json.loads(done.stdout) == below(program(build(terminal=False)))[name]


def test_at_most_eight_daily_words_stand_first(run: Runner) -> None:
    daily = [name for name, word in WORDS.items() if word.panel == "Every day"]
    assert daily == ["init", "next", "start", "check", "hint", "stop", "log", "status"]
    assert list(WORDS)[:8] == daily


def test_a_word_that_is_none_is_a_usage_error(run: Runner) -> None:
    outcome = run("lesso")
    assert outcome.code == 2
    assert "lesso" in outcome.err


def test_completion_knows_what_is_below_a_group(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from fastcompanion.cli import main; sys.exit(main([]))",
        ],
        capture_output=True,
        text=True,
        check=False,
        env={
            **__import__("os").environ,
            "_FASTCOMPANION_COMPLETE": "complete_bash",
            "COMP_WORDS": "fastcompanion log ",
            "COMP_CWORD": "2",
        },
    )
    assert {"show", "add", "undo"} <= set(done.stdout.split())


def test_a_word_of_the_lesson_group_comes_with_its_own_file_alone() -> None:
    """The file named in `below` must bring the word; without its file it would be unknown."""
    script = (
        "import sys\n"
        "from fastcompanion.cli import build, program\n"
        "word = sys.argv[1]\n"
        "tree = program(build(terminal=False, words=[f'lesson {word}'])).commands['lesson']\n"
        "assert word in tree.commands, word\n"
    )
    whole = program(build(terminal=False)).commands["lesson"].commands
    assert set(WORDS["lesson"].below) == set(whole)
    for word in ("list", "run", "scratch", "check"):
        subprocess.run([sys.executable, "-c", script, word], check=True)


def test_an_argument_with_spaces_is_no_word(run: Runner, study: Path) -> None:
    """`stop --note "two words"` once looked for the files of three words."""
    assert run("config", "show --origin of all").code == 2
    assert run("stop", "--note", "wrote the first section").code == 1
