"""What is found in a post: where, how bad, and the cure."""

from __future__ import annotations

from typing import Literal

from fastcompanion.base.records import frozen

Severity = Literal["stop", "mend", "note"]
_ORDER = {"stop": 0, "mend": 1, "note": 2}


@frozen
class Finding:
    """One thing about a post.

    `stop`: it can't be published so; `mend`: readers will see that it is wrong; `note`: worth knowing.
    `cell` counts all cells of a notebook from 1; `line` is of the file, of the cell where there is one.
    """

    kind: str
    severity: Severity
    text: str
    cure: str
    file: str = ""
    line: int | None = None
    cell: int | None = None


def in_order(found: list[Finding]) -> tuple[Finding, ...]:
    """Sort findings: the worst first, then by their place."""
    return tuple(
        sorted(found, key=lambda one: (_ORDER[one.severity], one.cell or 0, one.line or 0))
    )
