"""How the magics show what they found: plain text, as every front end can show it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from fastcompanion import views
from fastcompanion.console import Block, Facts, Items, Line, Next, Title, Warn
from fastcompanion.course.checks.hints import Hint
from fastcompanion.course.checks.verdict import GOOD, CheckpointVerdict
from fastcompanion.notebook.desk import Checked, Looked

_FAILING = ("wrong value", "not attempted", "not reached")


def checked(found: Checked) -> Iterable[Block]:
    """Show a verdict, and what it rests on."""
    one = found.section
    mark = " (with solution)" if one.with_solution else ""
    yield Title(f"{found.lesson} {one.id}: {one.verdict}{mark}, in this kernel")
    for notice in found.notices:
        yield Warn(notice)
    if one.verdict in GOOD or one.verdict == "to-assess":
        yield from _passed(found)
    else:
        # The first line of a failing section says what the title has said.
        yield from list(views.failing(one))[1:]
    if one.strength:
        yield Line(f"This check {one.strength}: so many of our deliberate errors it would notice.")
    yield Line(_weight(found))
    if one.verdict in _FAILING:
        yield Next(f"%hint {one.id}")


def _passed(found: Checked) -> Iterable[Block]:
    one = found.section
    if one.message:
        yield Line(one.message)
    pairs = tuple((_called(point), point.found) for point in one.checkpoints if point.found_name)
    if pairs and one.verdict == "passed":
        yield Facts(pairs)
    if one.verdict == "to-assess":
        yield Next(f'%check {one.id} --note "..."', "when you have compared your result")


def _called(point: CheckpointVerdict) -> str:
    if point.found_name in ("", point.name):
        return point.name
    return f"{point.name} (your {point.found_name})"


def _weight(found: Checked) -> str:
    """Say what this verdict is worth, and where it went."""
    final = found.fresh or "fastcompanion check, in a study"
    words = f"Looked at the values of this running kernel; the final word has a fresh one: {final}"
    if found.file is None:
        return words
    file = _near(found.file)
    if found.study is not None:
        return f"{words}. Noted in your study, and in {file}"
    return f"{words}. Kept in {file}; to take it into a study: fastcompanion check --from {file}"


def _near(path: Path) -> str:
    here = os.path.relpath(path)
    return here if not here.startswith("..") else str(path)


_ABOUT = {
    "promised": "Nobody wrote checks for this section: it is looked at, and you judge it.",
    "none": "Nothing of this section is known by name: compare your results yourself.",
    "recorded": "",
    "authored": "",
}


def looked(found: Looked) -> Iterable[Block]:
    """Show what should be there at the end of a section."""
    yield Title(f"{found.lesson} {found.section}: {found.title}")
    for notice in found.notices:
        yield Warn(notice)
    if found.goal:
        yield Line(found.goal)
    yield Items(tuple(_point(point) for point in found.points))
    if about := _ABOUT[found.kind]:
        yield Line(about)
    yield Next(f"%check {found.section}", "is it right?")


def _point(point: CheckpointVerdict) -> str:
    if not point.found_name:
        return f"{point.expected}   [not there yet]"
    there = f"`{point.found_name}` {point.found}".strip()
    if not point.passed and point.message:
        there = f"`{point.found_name}` {point.message}"
    return f"{point.expected}   [{'there' if point.passed else 'differs'}: {there}]"


def hinted(given: Hint) -> Iterable[Block]:
    """Show a hint, and how to get the next one."""
    yield from views.hint(given)
    if given.again is None and given.level < 4:
        yield Next(f"%hint {given.section}", "when this is not enough")
