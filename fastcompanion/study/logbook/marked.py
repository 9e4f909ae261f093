"""The part of a file that is ours, between two marker lines; everything around it is the learner's."""

from __future__ import annotations

from pathlib import Path

from fastcompanion.base.errors import CompanionError
from fastcompanion.study import journal


def lines(name: str) -> tuple[str, str]:
    """Give the two marker lines of a part."""
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def block(name: str, body: str) -> str:
    """Write a part with its markers."""
    begin, end = lines(name)
    return f"{begin}\n{body.strip()}\n{end}"


def has(text: str, name: str) -> bool:
    """Say whether the text has such a part, or what is left of one."""
    return any(line.strip() in lines(name) for line in text.split("\n"))


def put(text: str, name: str, body: str, path: Path) -> str:
    """Replace what stands between the markers; a broken pair is refused with its line."""
    journal.refuse_conflict(text, path)
    begin, end = lines(name)
    rows = text.split("\n")
    begins = [number for number, row in enumerate(rows) if row.strip() == begin]
    ends = [number for number, row in enumerate(rows) if row.strip() == end]
    if len(begins) != 1 or len(ends) != 1 or ends[0] < begins[0]:
        wrong = [*begins[1:], *ends[1:], *begins, *ends]
        raise CompanionError(
            f"needs the lines {begin} and {end} once each, in this order",
            hint="Put them back, or delete both: then what was between them stays as it is.",
            file=path,
            line=wrong[0] + 1 if wrong else None,
        )
    whole = [*rows[: begins[0]], *block(name, body).split("\n"), *rows[ends[0] + 1 :]]
    return "\n".join(whole)
