"""`lesson ask`: a question ready for the forum."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.commands import lesson_app as group
from fastcompanion.commands.lesson_app import NotebookOption
from fastcompanion.commands.options import LessonArgument, Session, command
from fastcompanion.console import Answer, Block, Line, Raw
from fastcompanion.course.checks import ask as asking
from fastcompanion.course.checks.ask import Question
from fastcompanion.course.checks.check import Asked


@command(group.app, "ask")
def ask_about(
    session: Session,
    lesson: LessonArgument = None,
    section: Annotated[
        str | None,
        typer.Option("--section", "-s", help="One section's id.", show_default="what fails"),
    ] = None,
    notebook: NotebookOption = None,
    kernel: Annotated[
        str | None,
        typer.Option("--kernel", help="Environment, venv folder, interpreter or kernelspec."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Run the section when its state is unknown.")
    ] = True,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the question into this file.")
    ] = None,
) -> Answer:
    """Make a question for the forum: your code, the error, versions; no secrets, no solution."""
    asked = Asked(lesson, notebook, section, kernel)
    made = asking.ask(session.workspace(), asked, fresh=check, reporter=session.reporter)
    session.reporter.note(_reminder(made))
    if out is None or session.dry_run:
        return Answer(made, _view)
    if out.is_dir():
        raise CompanionError("this is a folder", hint="--out FILE", file=out, code=Exit.USAGE)
    if out.exists() and not session.confirm(f"{out} is there already; overwrite it?"):
        raise CompanionError("nothing was written", hint="--out with another name", file=out)
    return Answer(asking.save(made, out), _view_file)


def _reminder(made: Question) -> str:
    found = [
        f"{made.removed} private {'thing was' if made.removed == 1 else 'things were'} taken out"
        if made.removed
        else "",
        f"{made.left_out} of the original's lines left out" if made.left_out else "",
    ]
    told = "; ".join(one for one in found if one)
    if made.verdict == "not attempted":
        return (
            f"There is no code of yours in {made.section} yet, so there is little to answer: "
            f"write a first try, or take a hint: fastcompanion hint {made.lesson}"
        )
    return f"Read it before you post it{f' ({told})' if told else ''}."


def _view(made: Question) -> Iterable[Block]:
    yield Raw(made.text)


def _view_file(made: Question) -> Iterable[Block]:
    yield Line(f"The question about {made.section} stands in {made.file}.", "good")


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `lesson`."""
