"""Errors say what, where and what next; exit codes mean what the documents say."""

from __future__ import annotations

from pathlib import Path

from fastcompanion.base.errors import CompanionError, Exit


def test_an_error_shows_its_place() -> None:
    assert str(CompanionError("is broken", file=Path("a/b"), line=3)) == "a/b:3: is broken"
    assert str(CompanionError("is broken", file="a")) == "a: is broken"
    assert str(CompanionError("is broken")) == "is broken"
    assert CompanionError("x").code is Exit.FAILED


def test_exit_codes_are_those_of_the_design() -> None:
    assert {code.name: int(code) for code in Exit} == {
        "DONE": 0, "FAILED": 1, "USAGE": 2, "NOT_SET_UP": 3, "CHECK_SAYS_NO": 4, "MISSING": 5, "INTERRUPTED": 130,
    }  # fmt: skip
