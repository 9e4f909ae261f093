"""The front page, which `--help` shows: every word and every option, the daily words first."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from fastcompanion.cli import build, program
from fastcompanion.commands import WORDS

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


def test_the_help_of_a_word_is_not_the_front_page(run: Runner) -> None:
    outcome = run("status", "--help")
    assert outcome.code == 0
    assert "Every day" not in outcome.out
    assert "--study" in outcome.out
