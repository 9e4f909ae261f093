"""What the shell is offered, asked the way in which a shell asks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Runner = Callable[..., Any]


@pytest.fixture
def built_in_study(study_by_init: Path) -> Path:
    """What was read of the course is known already."""
    return study_by_init


def offered(folder: Path, typed: str) -> tuple[list[str], str]:
    """Ask as the script for bash does; the last word is the one that is being typed."""
    words = f"fastcompanion {typed}"
    done = subprocess.run(
        [sys.executable, "-m", "fastcompanion"],
        cwd=folder,
        env={
            **os.environ,
            "_FASTCOMPANION_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.split(), done.stderr


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("start foundations/", ["foundations/01", "foundations/02"]),
        ("lesson show 0", ["01", "02"]),
        ("course show fo", ["foundations"]),
        ("lesson skip 01 --step re", ["reproduce", "repeat"]),
        ("config set check.cell", ["check.cell_seconds"]),
        ("env show a", []),
        ("server setup --skip fire", ["firewall"]),
        ("sta", ["start", "status"]),
        ("kaggle pr", ["progress", "practice"]),
        ("kaggle submit --mess", ["--message"]),
    ],
)
def test_values_are_offered(built_in_study: Path, typed: str, expected: list[str]) -> None:
    words, complaint = offered(built_in_study, typed)
    assert words[: len(expected)] == expected
    assert bool(words) == bool(expected)
    assert complaint == ""


def test_a_named_study_is_looked_into(built_in_study: Path, tmp_path: Path) -> None:
    (tmp_path / "here").symlink_to(built_in_study)
    words, _ = offered(tmp_path, "course show --study here fo")
    assert words == ["foundations"]


@pytest.mark.parametrize("typed", ["start 0", "course show f", "env show a"])
def test_outside_of_a_study_and_in_a_broken_one_nothing_is_said(
    built_in_study: Path, tmp_path: Path, typed: str
) -> None:
    assert offered(tmp_path, typed) == ([], "")
    (built_in_study / "courses" / "foundations.yaml").write_text("{broken")
    for cached in (built_in_study / ".fastcompanion" / "cache").rglob("*.json"):
        cached.write_text("[]")
    words, complaint = offered(built_in_study, typed)
    assert (words, complaint) == (["foundations"] if "course" in typed else [], "")
