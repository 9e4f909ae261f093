"""What to do about a package that the learner's interpreter lacks: the exact command for it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from fastcompanion.base import process
from fastcompanion.base.kernel import Interpreter
from fastcompanion.course.checks.verdict import SectionVerdict
from fastcompanion.course.environments.imports import distribution

_LACKS = re.compile(r"No module named '?([\w.]+)")


def named(
    sections: Iterable[SectionVerdict], interpreter: Interpreter
) -> tuple[SectionVerdict, ...]:
    """Give sections that lack a package the command that installs it where the cells run."""
    return tuple(_named(one, interpreter) for one in sections)


def _named(one: SectionVerdict, interpreter: Interpreter) -> SectionVerdict:
    lacks = _LACKS.search(one.message)
    if one.verdict != "could not check" or lacks is None:
        return one
    package, line = distribution(lacks[1].split(".")[0]), install_line(interpreter)
    where = f" in {interpreter.label}" if interpreter.label else ""
    cure = f"The package {package} is missing{where}. Install it: {line} {package}"
    return replace(one, hint=f"{cure}   or make an environment: fastcompanion env create")


def install_line(interpreter: Interpreter) -> str:
    """Write what installs a package into an interpreter: with uv where it is found, else pip."""
    python = interpreter.argv[0]
    if process.which("uv") is not None:
        return process.shown(("uv", "pip", "install", "--python", python))
    return process.shown((python, "-m", "pip", "install"))
