"""The face: one thin file per group of commands.

GROUPS lists the function of each file that registers its commands, in the order of `--help`: the
daily words first.
"""

from __future__ import annotations

from collections.abc import Callable

import typer

from fastcompanion.commands import demo, lesson

GROUPS: tuple[Callable[[typer.Typer], None], ...] = (
    lesson.register,
    demo.register,
)
