"""A record that can't be read is kept beside the new one: nobody knows what was in it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.reporter import Reporter
from fastcompanion.course.recorded import record


def is_other(path: Path, text: str) -> bool:
    """Tell whether a file is missing or holds anything else than a text; it may hold anything."""
    if not path.is_file():
        return True
    return store.read_bytes(path).replace(b"\r\n", b"\n") != text.encode()


def keep(path: Path, reporter: Reporter) -> None:
    """Copy a record that can't be read, or only by a newer program, before it is written anew."""
    if not path.is_file():
        return
    try:
        record.read(path)
    except CompanionError:
        digest = hashlib.sha256(store.read_bytes(path)).hexdigest()[:8]
        kept = path.with_name(f"{path.name}.broken-{digest}")
        store.copy(path, kept)
        reporter.note(f"{path.name} could not be read; it is kept as {kept.name}")
