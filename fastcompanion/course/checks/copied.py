"""The copy notice of a check: which sections look retyped from the original. Never a verdict."""

from __future__ import annotations

from collections.abc import Sequence

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.course.checks.plan import PlannedSection
from fastcompanion.course.checks.prepared import Prepared
from fastcompanion.course.checks.verdict import SectionVerdict
from fastcompanion.course.library import lessons
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.recorded import copies

_NAMED = 4


def notices(ready: Prepared, judged: Sequence[SectionVerdict]) -> tuple[str, ...]:
    """Give at most one line that names the sections among `judged` that look retyped.

    Sections whose solution was shown are left out: it is known already.
    """
    asked = {one.id for one in judged if not one.with_solution}
    found = [section for section in looks_retyped(ready) if section in asked]
    if not found:
        return ()
    named = ", ".join(found[:_NAMED]) + (" …" if len(found) > _NAMED else "")
    them = "it" if len(found) == 1 else "them"
    cure = f"Close the original and write {them} again from the goals"
    return (f"this looks retyped from the original: {named}. {cure}",)


def looks_retyped(ready: Prepared) -> list[str]:
    """List the work sections whose own code is much like the original's; [] without an original."""
    work = original_work(ready)
    if not work:
        return []
    cells = [cell for section in ready.plan.sections for cell in section.cells]
    given = [cell.source for cell in cells if cell.is_given]
    own_names = copies.names_in(cell.source for cell in cells)
    original_names = copies.names_in([*given, *(text for texts in work.values() for text in texts)])
    return [
        section.id
        for section in ready.plan.sections
        if section.attempted
        and copies.likeness(
            own_cells(section),
            work.get(section.id, ()),
            own_names=own_names,
            original_names=original_names,
            told=given,
        ).looks_retyped
    ]


def own_cells(section: PlannedSection) -> list[str]:
    """Give the sources of a section that the learner wrote."""
    return [cell.source for cell in section.cells if not cell.is_given]


def original_work(ready: Prepared) -> dict[str, list[str]]:
    """Give the original's cells that are to be reproduced, by section; {} when it is not here."""
    if not ready.origins:
        return {}
    try:
        book = notebook.read(lessons.original(ready.course, ready.ref))
    except CompanionError as error:
        if error.code is not Exit.MISSING:
            raise
        return {}
    found: dict[str, list[str]] = {}
    for index, section in sorted(ready.origins.items()):
        cell = book["cells"][index]
        if cell["cell_type"] == "code":
            found.setdefault(section, []).append(str(cell["source"]))
    return found
