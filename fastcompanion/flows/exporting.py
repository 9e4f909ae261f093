"""Cards for other programs."""

from __future__ import annotations

from pathlib import Path

from fastcompanion.base import store
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.review import anki as form
from fastcompanion.flows import proposing


@frozen
class Exported:
    """Cards as text, and the file that it was written to (None: nowhere)."""

    text: str
    count: int
    file: str | None = None


def anki(ws: Workspace, out: Path | None, lesson: str | None, *, dry_run: bool = False) -> Exported:
    """Write the cards that are asked as a text file that Anki imports."""
    found = proposing.listing(ws, lesson).cards
    text = form.text(found)
    if out is not None and not dry_run:
        store.write_text(out, text)
    return Exported(text, len(found), str(out) if out else None)
