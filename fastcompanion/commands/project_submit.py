"""`project submit`: the project's predictions, on their way to its competition."""

from __future__ import annotations

from typing import Annotated

import typer

from fastcompanion.base.records import frozen
from fastcompanion.commands import kaggle_sending
from fastcompanion.commands.kaggle_sending import (
    CompetitionNamed,
    ForceOption,
    MessageOption,
    MinutesOption,
    NoWaitOption,
)
from fastcompanion.commands.options import Session, command
from fastcompanion.commands.project import Kernel, ProjectPath, app
from fastcompanion.console import Answer, Line
from fastcompanion.flows import predicting
from fastcompanion.project.place import Project


@frozen
class Would:
    """What would be done."""

    root: str
    model: str
    competition: str


@command(app, "submit")
def submit(
    session: Session,
    model: Annotated[
        str, typer.Argument(help="The model that predicts.", show_default="that of the best run")
    ] = "",
    competition: CompetitionNamed = "",
    message: MessageOption = "",
    no_wait: NoWaitOption = False,
    minutes: MinutesOption = 30,
    force: ForceOption = False,
    kernel: Kernel = "",
    project: ProjectPath = None,
) -> Answer:
    """Predict the rows of the competition by a model, check the file, send it, and wait for its score."""
    found = Project.find(project)
    if session.dry_run:
        plan = predicting.plan(found, model, competition)
        would = Would(str(found.root), *plan)
        return Answer(would, lambda told: (Line(f"{told.model} would predict, and the file would be checked and sent to {told.competition}."),))  # fmt: skip
    ready = predicting.predicted(
        found,
        model,
        competition,
        message,
        kernel=kernel,
        study=session.workspace_or_none(),
        force=force,
        reporter=session.reporter,
    )
    return kaggle_sending.sent(session, ready, wait=0 if no_wait else minutes * 60)


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `project`."""
