"""Sending what was prepared, for `kaggle submit` and `project submit`: the question, and the exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.commands import kaggle_site_view as views
from fastcompanion.commands.options import Session
from fastcompanion.console import Answer
from fastcompanion.flows import submitting

CompetitionNamed = Annotated[
    str,
    typer.Option(
        "--competition",
        "-c",
        metavar="NAME",
        help="To which one.",
        show_default="that of the project",
    ),
]
MessageOption = Annotated[
    str,
    typer.Option(
        "--message", "-m", help="What you will know it by.", show_default="the run and its commit"
    ),
]
NoWaitOption = Annotated[bool, typer.Option("--no-wait", help="Do not wait for the score.")]
MinutesOption = Annotated[
    float, typer.Option("--minutes", min=0, help="How long to wait for the score.")
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Send it in spite of errors, or after the deadline.")
]


def sent(session: Session, ready: submitting.Ready, *, wait: float) -> Answer:
    """Ask for leave and send what was prepared; what validation refuses is shown and not sent."""
    told = ready.prepared
    if not told.may_go:
        return Answer(told, views.refused, Exit.CHECK_SAYS_NO)
    if session.dry_run:
        return Answer(told, views.would)
    views.noted(told, session.reporter)
    question = f"Send {Path(told.file).name} to {told.competition} ({views.left(told.limits)})?"
    if not session.confirm(question, default=True):
        raise CompanionError("nothing was sent", code=Exit.FAILED)
    done = submitting.send(ready, wait=wait, reporter=session.reporter)
    return Answer(done, views.submitted, _code(done.status, waited=done.waited))


def _code(status: str, *, waited: bool) -> Exit:
    """Say by the exit code what became of it: an error is a check that says no, a score may be missing."""
    if status == "error":
        return Exit.CHECK_SAYS_NO
    return Exit.MISSING if waited and status != "complete" else Exit.DONE
