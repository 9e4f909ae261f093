"""What several faces show in the same way: a failing section, a hint. The terminal and notebooks."""

from __future__ import annotations

from collections.abc import Iterable

from fastcompanion.console import Block, Code, Items, Line, Title
from fastcompanion.course.checks.hints import Hint
from fastcompanion.course.checks.verdict import CheckpointVerdict, SectionVerdict

# How a hint marks a step within another.
_INNER = "· "


def failing(section: SectionVerdict) -> Iterable[Block]:
    """Show why a section did not pass: message, line, expected and found, the likely mistake."""
    yield Line(f"{section.id}: {section.verdict}", "bad")
    yield Line(section.message)
    if section.source_line:
        yield Code(section.source_line)
    for point in section.checkpoints:
        if not point.passed and point.found and point.found_name:
            yield from _point(point, section)
    if section.hint:
        yield Line(section.hint, "warn")


def _point(point: CheckpointVerdict, section: SectionVerdict) -> Iterable[Block]:
    if point.message and point.message not in section.message:
        yield Line(point.message)
    if f"expected {point.expected}; found {point.found}" in point.message:
        return
    yield Line(f"expected {point.expected}", "dim")
    yield Line(f"found    {point.found}", "dim")


def _step(text: str) -> Line:
    """Indent a step that stands within another."""
    inner = text.lstrip(_INNER)
    depth = text[: len(text) - len(inner)].count(_INNER[0])
    return Line(f"{'  ' * depth}- {inner}")


def hint(shown: Hint) -> Iterable[Block]:
    """Show a hint, without what to type next."""
    yield Title(f"{shown.title}: hint {shown.level} of 4, {shown.about}")
    if len(shown.texts) == 1:
        yield Line(shown.texts[0])
    elif any(text.startswith(_INNER) for text in shown.texts):
        yield from map(_step, shown.texts)
    else:
        yield Items(shown.texts)
    for source in shown.code:
        yield Code(source)
    if shown.again is not None:
        yield Line(
            f"Counted as with solution; write it again without looking on {shown.again}.", "warn"
        )
