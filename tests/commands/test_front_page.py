"""The front page, which `--help` shows: every word and every option, the daily words first."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from fastcompanion.cli import build, program
from fastcompanion.commands import COMMON_OPTIONS, WORDS

Runner = Callable[..., Any]


@pytest.mark.parametrize("asked", [[], ["--help"], ["-h"]])
def test_the_front_page_lists_every_word_in_order(asked: list[str], run: Runner) -> None:
    outcome = run(asked)
    assert outcome.code == 0
    listed = re.findall(r"^  ([a-z]+) +(\S.*)$", outcome.out, re.MULTILINE)
    assert listed == [(name, word.help) for name, word in WORDS.items()]
    assert outcome.err == ""


def test_the_front_page_lists_every_option(run: Runner) -> None:
    known = {name for option in program(build(terminal=False)).params for name in option.opts}
    listed = re.findall(r"^  ((?:-[\w-]+(?:, )?)+)", run("--help").out, re.MULTILINE)
    assert {name for names in listed for name in names.split(", ")} == known | {"-h", "--help"}


def test_the_front_page_as_data(run: Runner) -> None:
    outcome = run("--help", "--json")
    assert outcome.data == {"commands": {name: word.help for name, word in WORDS.items()}}


@pytest.mark.parametrize("group", ["server", "server notebook", "lesson"])
def test_a_group_alone_shows_its_help_and_no_error(group: str, run: Runner) -> None:
    outcome = run(group.split())
    assert (outcome.code, outcome.err) == (2, "")
    assert outcome.out.startswith(f"Usage: fastcompanion {group} ")
    assert outcome.out == run([*group.split(), "--help"]).out


def test_a_missing_choice_is_told_in_one_line(run: Runner) -> None:
    outcome = run("server", "export")
    assert outcome.err == (
        "Error: Missing option '--to'. Choose from: cloud-init, sh, skypilot\n"
        "Next:  fastcompanion server export --help\n"
    )


def test_the_help_of_a_group_cuts_no_sentence(run: Runner) -> None:
    for group in (name for name, word in WORDS.items() if word.panel == "Groups"):
        assert "..." not in run([group, "--help"]).out.partition("Commands:")[2], group


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        (["--study", "a b", "status"], "fastcompanion status --study 'a b'"),
        (["--study=x", "log", "show"], "fastcompanion log show --study=x"),
        (["--yes", "init"], "fastcompanion init --yes"),
    ],
)
def test_an_option_before_the_command_is_told_its_place(
    typed: list[str], hint: str, run: Runner
) -> None:
    outcome = run(typed)
    assert outcome.code == 2
    assert "after the command" in outcome.err
    assert f"Next:  {hint}\n" in outcome.err


def test_the_options_of_every_command_are_known_without_their_file(run: Runner) -> None:
    for name in COMMON_OPTIONS:
        assert re.search(rf"(?<![\w-]){name}(?![\w-])", run("status", "--help").out), name
    every = re.findall(r"^  (-\S+)", run("status", "--help").out, re.MULTILINE)
    assert {one.rstrip(",") for one in every} - {"-h", "--help"} <= set(COMMON_OPTIONS)


def test_a_misspelt_word_is_corrected_once(run: Runner) -> None:
    outcome = run("strat")
    assert outcome.code == 2
    assert outcome.err.count("Did you mean") == 1
    assert "'start'" in outcome.err


@pytest.mark.parametrize("typed", [["--install-completion", "zsh"], ["--show-completion=zsh"]])
def test_the_name_of_a_shell_is_not_passed_over(typed: list[str], run: Runner) -> None:
    outcome = run(typed)
    assert outcome.code == 2
    assert "takes no shell's name" in outcome.err
    assert "zsh -c 'fastcompanion --" in outcome.err


def test_the_help_of_a_word_is_not_the_front_page(run: Runner) -> None:
    outcome = run("status", "--help")
    assert outcome.code == 0
    assert "Every day" not in outcome.out
    assert "--study" in outcome.out
