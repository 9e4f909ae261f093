"""The program at a terminal: what Enter alone means where it asks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="no terminals of this kind on this system: not run here")
NOW = {"FASTCOMPANION_NOW": "2026-11-02T19:30:00+01:00"}


def at_terminal(folder: Path, typed: str, *words: str) -> tuple[int, str]:
    """Run the program with a terminal on which `typed` was typed ahead; give its code and screen."""
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    argv = [sys.executable, "-m", "fastcompanion", *words]
    child = subprocess.Popen(
        argv, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, **NOW}
    )
    os.close(theirs)
    screen = b""
    try:
        while some := _read(ours):
            screen += some
    finally:
        os.close(ours)
    return child.wait(), screen.decode()


def _read(master: int) -> bytes:
    try:
        return os.read(master, 65536)
    except OSError:  # Linux says so when the last program has closed the terminal
        return b""


def test_enter_begins_a_session_that_was_asked_for(built_in_study: Path) -> None:
    code, screen = at_terminal(built_in_study, "\n", "next", "--minutes", "25", "--no-open")
    assert code == 0, screen
    assert "Begin? (Y/n)" in screen
    assert "the timer runs since 19:30" in screen
    code, screen = at_terminal(built_in_study, "n\n", "next", "--minutes", "25", "--no-open")
    assert code == 0
    assert screen.count("25 min today") == 1
    assert "Next: fastcompanion lesson done foundations/01 watch" in screen


def test_enter_makes_no_study_in_a_folder_with_files(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    code, screen = at_terminal(tmp_path, "\n\n", "init", ".", "--course", "none")
    assert code == 1, screen
    assert "(y/N)" in screen
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_enter_keeps_the_answer_for_the_first_review(built_in_study: Path) -> None:
    """Who says a question in other words, and no answer, is asked for it: the author's is not kept."""
    typed = "e\nIn my words?\n\na\nq\n"
    code, screen = at_terminal(built_in_study, typed, "review", "add", "1")
    assert code == 0, screen
    assert "2 cards taken." in screen
    assert "Your first answer to a card without one becomes its back." in screen
    lines = (built_in_study / "review" / "cards.jsonl").read_text().splitlines()
    reworded, taken = (json.loads(line) for line in lines)
    assert (reworded["front"], "back" in reworded) == ("In my words?", False)
    assert taken["back"], "taken as it is, with the author's answer"
