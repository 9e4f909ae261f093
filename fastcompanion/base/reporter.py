"""How wings tell of progress without printing: a protocol, and the reporter that says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Task(Protocol):
    """One long piece of work that is under way."""

    def advance(self, amount: int = 1, text: str = "") -> None:
        """Count `amount` steps as done; `text` says what is happening now."""


class Reporter(Protocol):
    """What a wing may say while it works. Everything goes to stderr, in plain text."""

    def note(self, text: str) -> None:
        """Say one thing that the learner should know now."""

    def task(self, label: str, total: int | None = None) -> AbstractContextManager[Task]:
        """Show a piece of work of `total` steps (None: unknown) until the block ends."""


class _SilentTask:
    def advance(self, amount: int = 1, text: str = "") -> None:
        return None


class _Silent:
    def note(self, text: str) -> None:
        return None

    @contextmanager
    def task(self, label: str, total: int | None = None) -> Iterator[Task]:
        yield _SilentTask()


SILENT: Reporter = _Silent()
