"""Day files of two machines: each session keeps its own words, whatever git made of them."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from fastcompanion.study import journal
from fastcompanion.study.logbook import merging

DAY = date(2026, 11, 21)
HEAD = "# 2026-11-21 Saturday\n"
Git = Callable[..., str]


def session(name: str, *lines: str, minutes: int = 30) -> str:
    below = "".join(f"  {line}".rstrip() + "\n" for line in lines)
    return f"- 19:30+01:00 {minutes}m ^{name * 8}\n{below}"


def notes(text: str) -> dict[str, str]:
    return {entry.id[0]: entry.note for entry in journal.parse(text, DAY, Path("x")).entries}


def union(folder: Path, base: str, mine: str, theirs: str) -> str:
    """What git's union merge makes of three texts."""
    for name, text in (("mine", mine), ("base", base), ("theirs", theirs)):
        (folder / name).write_text(text)
    words = ["git", "merge-file", "-p", "--union", "mine", "base", "theirs"]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True).stdout


def test_a_line_that_both_wrote_stays_with_both(tmp_path: Path) -> None:
    base, mine, theirs = (
        HEAD,
        HEAD + session("a", "Read on"),
        HEAD + session("b", "Read on"),
    )
    merged = union(tmp_path, base, mine, theirs)
    assert notes(merged) == {"a": "", "b": "Read on"}, "this is what git loses"
    mended = merging.together(base, mine, theirs, merged)
    assert mended is not None
    assert notes(mended) == {"a": "Read on", "b": "Read on"}
    assert mended.count(HEAD) == 1


def test_what_git_did_right_is_left_alone(tmp_path: Path) -> None:
    base = HEAD + session("o", "old")
    mine, theirs = base + session("a", "here"), base + session("b", "there")
    assert merging.together(base, mine, theirs, union(tmp_path, base, mine, theirs)) is None


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        (HEAD, HEAD + session("o", "old") + session("b"), {"b": ""}),
        (HEAD + session("o", "new"), HEAD + session("o", "old"), {"o": "new"}),
        (HEAD + session("o", "old"), HEAD + session("o", "new"), {"o": "new"}),
    ],
)
def test_who_changed_or_took_out_a_session_is_followed(
    mine: str, theirs: str, expected: dict[str, str]
) -> None:
    base = HEAD + session("o", "old")
    mended = merging.together(base, mine, theirs, "")
    assert mended is not None
    assert notes(mended) == expected


def test_what_both_changed_differently_is_kept_twice() -> None:
    base = HEAD + session("o", "old")
    mended = merging.together(base, HEAD + session("o", "x"), HEAD + session("o", "y"), "")
    assert mended is not None
    assert mended.count("^oooooooo") == 2
    (problem,) = journal.parse(mended, DAY, Path("x")).problems
    assert problem.reason == "has the id of another line"


def test_prose_and_lines_that_can_not_be_read_stay() -> None:
    base = HEAD
    mine, theirs = f"{HEAD}A thought.\n- 25:00 oops\n", HEAD + session("b", "there") + "- a list\n"
    mended = merging.together(base, mine, theirs, "")
    assert mended is not None
    for line in ("A thought.", "- 25:00 oops", "  there", "- a list"):
        assert f"{line}\n" in mended


def test_whatever_two_machines_write_every_session_keeps_its_words(tmp_path: Path) -> None:
    chance = random.Random(5)
    words = ["Read on", "", "Stuck", "Trained it again"]
    for _ in range(60):
        names = iter("abcdefghijkl")
        sides = []
        base = HEAD + session("z", *chance.choices(words[:1], k=2))
        for _ in range(2):
            own = "".join(
                session(next(names), *chance.choices(words, k=chance.randint(0, 4)))
                for _ in range(chance.randint(1, 4))
            )
            sides.append(base + own)
        mine, theirs = sides
        merged = union(tmp_path, base, mine, theirs)
        found = merging.together(base, mine, theirs, merged) or merged
        assert notes(found) == {**notes(mine), **notes(theirs)}
