"""Phrases that several commands use: durations, commits that were not made, log entries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fastcompanion.base.repo import CommitResult
from fastcompanion.console import Block, Items, Next, Warn
from fastcompanion.study.journal import Entry

if TYPE_CHECKING:
    from fastcompanion.course.progress import LessonProgress

MARKS = {"done": "x", "started": ">", "skipped": "-", "open": "."}


def step_items(lesson: LessonProgress) -> Items:
    """List the steps of a lesson with their marks; a lesson that is left out has only such steps."""
    skipped = lesson.state == "skipped"
    return Items(
        tuple(
            f"[{MARKS['skipped' if skipped else step.state]}] {step.step}"
            + (f": {step.about}" if step.about else "")
            for step in lesson.steps
        )
    )


def duration(minutes: int) -> str:
    """Write minutes for people: 95 is 1 h 35 min."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def commit_blocks(commit: CommitResult | None) -> Iterable[Block]:
    """Say what a person should know of a commit: only that it was not made, and the cure."""
    if commit is None:
        return
    if commit.made and commit.left_out:
        yield Warn(f"Not committed, as you have staged a part: {', '.join(commit.left_out)}")
    if commit.made or commit.nothing or not commit.wanted:
        return
    yield Warn(f"Written, but not committed: {commit.reason}.")
    if commit.hint:
        yield Next(commit.hint, "the next commit takes these files along")


def entry_words(entry: Entry) -> str:
    """Write an entry on one line."""
    what = " ".join(word for word in (entry.lesson, entry.step) if word) or "study"
    length = duration(entry.minutes) + (" (a guess)" if entry.guessed else "")
    return f"{entry.at:%Y-%m-%d %H:%M}, {length}, {what} ^{entry.id}"
