"""What the shell offers for an argument: lessons, courses, steps, settings, environments.

Completion runs at each press of a key: it never fails and never says a word. The file that gathers
the words is loaded only then, as it needs more than most commands do.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import typer

Completer = Callable[[typer.Context, str], list[str]]


def _offering(kind: str) -> Completer:
    """Make a completer of one kind of word."""

    def complete(context: typer.Context, incomplete: str) -> list[str]:
        candidates = import_module("fastcompanion.commands.candidates")
        words: list[str] = candidates.of(kind, context.params.get("study"))
        return [word for word in words if word.startswith(incomplete)]

    return complete


lessons = _offering("lessons")
courses = _offering("courses")
steps = _offering("steps")
settings = _offering("settings")
environments = _offering("environments")
servers = _offering("servers")
server_steps = _offering("server_steps")
