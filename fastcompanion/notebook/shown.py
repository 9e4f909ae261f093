"""How the magics show what they found: plain text, as every front end can show it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from pathlib import Path
from textwrap import wrap

from fastcompanion import views
from fastcompanion.console import Block, Facts, Items, Line, Next, Title, Warn
from fastcompanion.course.checks.hints import Hint
from fastcompanion.course.checks.verdict import GOOD, CheckpointVerdict
from fastcompanion.notebook.desk import Checked, Looked

_SHOWN = {"shown": "what is shown", "printed": "what is printed"}
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
    yield Line("These are the values of this running kernel; a fresh one has the final word.")
    yield from _kept(found)
    if one.verdict in _FAILING:
        yield Next(f"%hint {one.id}")


def _kept(found: Checked) -> Iterable[Block]:
    """Say where the result went, and what has the final word."""
    if found.file is None:
        return
    if found.far:
        yield Line("Noted; it comes home with this notebook.")
        return
    file = _near(found.file)
    if not found.in_study:
        yield Next(f"fastcompanion check --from {shlex.quote(file)}", "in your study")
        return
    yield Line(f"Noted in your study, and in {file}")
    if found.section.verdict in GOOD:
        yield Next(f"fastcompanion check {found.lesson}", "in a terminal, when all is written")


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
    where = point.name.partition(":")[0]
    if where in _SHOWN:
        return f"{_SHOWN[where]} ({point.found_name})"
    if point.found_name in ("", point.name):
        return point.name
    return f"{point.name} (your {point.found_name})"


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


WIDTH = 92  # narrower than the output of any front end, which would break words


def folded(blocks: Iterable[Block]) -> Iterable[Block]:
    """Break long lines at spaces, as front ends break them in the middle of words."""
    for block in blocks:
        match block:
            case Line(text, style):
                for part in _fold(text):
                    yield Line(part, style)
            case Warn(text):
                for part in _fold(text, "! "):
                    yield Line(part, "warn")
            case Items(texts):
                for text in texts:
                    for part in _fold(text, "- "):
                        yield Line(part)
            case _:
                yield block


def _fold(text: str, mark: str = "") -> list[str]:
    return wrap(
        text,
        WIDTH,
        initial_indent=mark,
        subsequent_indent=" " * len(mark),
        break_long_words=False,
        break_on_hyphens=False,
    ) or [mark]
