"""What is shown of a section that was written again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from fastcompanion import views
from fastcompanion.base import clock
from fastcompanion.console import Block, Line, Next, Title, Warn
from fastcompanion.course.checks.recall import Graded, RecallReport

_SAID = {
    "good": "right at once",
    "easy": "right at once",
    "hard": "right, with some trouble",
    "again": "not yet by heart",
}


def view(found: RecallReport) -> Iterable[Block]:
    """Show a check of the section that is being written again."""
    name, how = found.section.id, f"in a fresh kernel, {found.seconds:.1f} s"
    yield Title(f"{found.lesson} {name} again: {found.verdict} {how}")
    for notice in found.notices:
        yield Warn(notice)
    if found.earlier is not None:
        yield from views.failing(found.earlier)
        yield Line(
            f"That is your own earlier code, so it is no attempt at {name}. Mend it in this notebook, "
            "and in your scratch notebook if it stops there too."
        )
        yield Next(f"fastcompanion check {found.lesson}", "whether your own notebook still passes")
    elif found.grade is not None:
        yield comes_back(found.grade, found.again)
        yield Next("fastcompanion lesson open", "go on with your lesson")
    elif found.verdict == "to-assess":
        yield Line(found.section.message)
        assess = f'fastcompanion check {found.lesson} --assess {name} --note "…"'
        yield Next(assess, "when you have compared yours")
    else:
        yield from views.failing(found.section)
        yield Next("fastcompanion hint", "when you are stuck")
        yield Next("fastcompanion lesson again --give-up", "to see it again soon instead")


def comes_back(grade: str, day: date | None) -> Line:
    """Say how it went and when it comes back."""
    when = f"; it comes back {_in_days(day)}" if day is not None else ""
    return Line(f"{_SAID[grade].capitalize()}{when}.", "warn" if grade == "again" else "good")


def _in_days(day: date) -> str:
    days = (day - clock.today()).days
    return f"tomorrow ({day})" if days == 1 else f"in {days} days ({day})"


def graded(found: Graded) -> Iterable[Block]:
    """Show what the learner's own word came to."""
    if found.note:
        yield Title(f"{found.section} of {found.lesson}, judged by you: {found.note}")
    else:
        yield Title(f"{found.section} of {found.lesson} is given up for now")
    yield comes_back(found.grade, found.again)
    if not found.note:
        yield Next(f"fastcompanion lesson compare {found.lesson} --section {found.section}")
