"""What is wrong with a submission, and what it would have cost to find out elsewhere."""

from __future__ import annotations

from typing import Literal

from fastcompanion.base.records import frozen

Severity = Literal["error", "warning", "note"]


@frozen
class Issue:
    """One finding: an error refuses the file, a warning asks for a second look, a note tells.

    `line` counts from 1 with the header, None where no single line is meant; `fix` is the cure.
    """

    code: str
    severity: Severity
    line: int | None
    column: str
    message: str
    fix: str


@frozen
class Checked:
    """What was found in a submission: `rows` without the header, the SHA-256 of the file as it lies there."""

    issues: tuple[Issue, ...]
    rows: int
    columns: tuple[str, ...]
    sha256: str
    passed: bool

    @property
    def errors(self) -> tuple[Issue, ...]:
        """Give what refuses the file."""
        return tuple(one for one in self.issues if one.severity == "error")
