"""The face: one thin file per group of commands.

GROUPS lists the function of each file that registers its commands; DAILY are the words that stand
first in `--help`.
"""

from __future__ import annotations

from collections.abc import Callable

import typer

from fastcompanion.commands import (
    check,
    config,
    course,
    demo,
    doctor,
    env,
    home,
    lesson,
    log,
    running,
    scratch,
    status,
)

GROUPS: tuple[Callable[[typer.Typer], None], ...] = (
    home.register,
    check.register,
    log.register,
    status.register,
    course.register,
    lesson.register,
    running.register,
    env.register,
    scratch.register,
    config.register,
    doctor.register,
    demo.register,
)

DAILY = ("init", "next", "start", "check", "hint", "stop", "log", "status")
