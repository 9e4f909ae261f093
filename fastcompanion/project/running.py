"""Running the project's own scripts, in whichever Python has what they need."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from fastcompanion.base import process, watchdog
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.process import Completed
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.project.place import Project

#: this program's own Python has all that the naive models need
OWN = (sys.executable,)
_TORCH = ("torch", "fastai", "fastprogress")


def script(
    project: Project,
    words: Sequence[str],
    *,
    python: Sequence[str] = OWN,
    reporter: Reporter = SILENT,
) -> Completed:
    """Run a script of the project, e.g. ("train.py", "baseline"); what it says comes as it is said."""
    if not (project.root / words[0]).is_file():
        raise CompanionError(
            f"the project has no {words[0]}", hint="git status", file=project.root, code=Exit.MISSING
        )  # fmt: skip
    # A script may train for long or serve a page: it ends when we are asked to, however that is.
    signals, lines = watchdog.Interruptions(), _Lines(reporter)
    signals.install()
    try:
        done = process.stream(
            [*python, *words],
            lines.take,
            cwd=project.root,
            env={"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"},
        )
    finally:
        signals.restore()
    if done.code != 0:
        error = _failed(project, words, done, python)
        if error.code is not Exit.MISSING:
            lines.show_traceback()
        raise error
    return done


class _Lines:
    """Hands on what a script says; a traceback waits until it is known whether it helps."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter
        self.traceback: list[str] = []

    def take(self, line: str) -> None:
        """Show a line, or keep it from where a traceback begins."""
        if self.traceback or line.startswith("Traceback (most recent call last)"):
            self.traceback.append(line)
        elif line.strip():
            self.reporter.note(line.rstrip())

    def show_traceback(self) -> None:
        """Show the lines that waited."""
        for line in self.traceback:
            self.reporter.note(line.rstrip())


def _failed(
    project: Project, words: Sequence[str], done: Completed, python: Sequence[str]
) -> CompanionError:
    if done.code < 0:
        return CompanionError(
            f"{' '.join(words)} was ended from outside (signal {-done.code})",
            hint=process.shown(["python", *words]) + f"   (in {project.root})",
        )
    lines = [line for line in done.out.splitlines() if line.strip()]
    last = lines[-1].strip() if lines else f"exit {done.code}"
    missing = last.removeprefix("ModuleNotFoundError: No module named ").strip("'\"")
    if last.startswith("ModuleNotFoundError") and missing.partition(".")[0] in _TORCH:
        return CompanionError(
            f"{words[1] if len(words) > 1 else words[0]} needs {missing}, and {python[0]} has none",
            hint=f"--kernel with an environment that has fastai (fastcompanion env list), or one for this project: cd {process.shown([str(project.root)])} && uv venv && uv pip install -e '.[train]'",
            code=Exit.MISSING,
        )
    own = [line for line in lines if str(project.root) in line and line.strip().startswith("File")]
    where = _place(own[-1]) if own else None
    return CompanionError(
        f"{' '.join(words)}: {last}",
        hint=process.shown(["python", *words]) + f"   (in {project.root})",
        file=where[0] if where else None,
        line=where[1] if where else None,
    )


def _place(line: str) -> tuple[Path, int] | None:
    """Read the file and the line of a traceback's line."""
    parts = line.split('"')
    number = parts[2].partition("line ")[2].split(",")[0].strip() if len(parts) > 2 else ""
    return (Path(parts[1]), int(number)) if number.isdigit() else None
