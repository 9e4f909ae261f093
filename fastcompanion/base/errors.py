"""The one error class of the program and the meaning of its exit codes."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path


class Exit(IntEnum):
    """Exit codes; docs/exit-codes.md explains them to people and scripts."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_SET_UP = 3
    CHECK_SAYS_NO = 4
    MISSING = 5
    INTERRUPTED = 130


class CompanionError(Exception):
    """A failure that the learner can understand and act on.

    `message` says what went wrong, `hint` is the next command to type or the cure, `file` and
    `line` (counted from 1) say where. Errors never print themselves: `cli.main` shows them.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        code: Exit = Exit.FAILED,
        file: Path | str | None = None,
        line: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code
        self.file = str(file) if file is not None else None
        self.line = line

    def __str__(self) -> str:
        """Give the message with its place, as a log or an assertion would want it."""
        return f"{self.place}: {self.message}" if self.place else self.message

    @property
    def place(self) -> str:
        """`file:line`, `file`, or nothing."""
        if self.file is None:
            return ""
        return f"{self.file}:{self.line}" if self.line is not None else self.file
