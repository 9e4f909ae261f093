"""`kaggle list|join|submit|history|leaderboard|progress`: competitions on their site."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from fastcompanion.base import browser
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.commands import kaggle_sending
from fastcompanion.commands import kaggle_site_view as views
from fastcompanion.commands.kaggle_app import app
from fastcompanion.commands.kaggle_sending import (
    CompetitionNamed,
    ForceOption,
    MessageOption,
    MinutesOption,
    NoWaitOption,
)
from fastcompanion.commands.options import Session, command
from fastcompanion.competition.site import board, history, listing, setting
from fastcompanion.competition.site.submitting import Beside
from fastcompanion.competition.site.target import find
from fastcompanion.console import Answer
from fastcompanion.flows import following, submitting

CompetitionArgument = Annotated[
    str,
    typer.Argument(
        metavar="[COMPETITION]",
        help="A name, an address, practice/NAME.",
        show_default="that of the project",
    ),
]
CompetitionOption = Annotated[
    str,
    typer.Option(
        "--competition", "-c", help="The same as an option.", metavar="NAME", show_default=False
    ),
]


FileArgument = Annotated[
    Path | None, typer.Argument(help="The file.", show_default="submission.csv")
]
ScoreOption = Annotated[
    float | None,
    typer.Option("--score", help="Your validation score.", show_default="of the newest run"),
]
NotebookOption = Annotated[
    str,
    typer.Option(
        "--notebook", metavar="NAME", help="Send what this notebook of the site has written."
    ),
]
VersionOption = Annotated[
    int, typer.Option("--version", min=0, help="Its version.", show_default="the newest")
]
SampleOption = Annotated[
    Path | None, typer.Option("--sample", help="The sample submission.", show_default="found")
]
TestOption = Annotated[
    Path | None, typer.Option("--test", help="The test table.", show_default="found")
]
TrainOption = Annotated[
    Path | None, typer.Option("--train", help="The training table.", show_default="found")
]


@command(app, "list")
def list_(
    session: Session,
    search: Annotated[
        str, typer.Argument(metavar="[SEARCH]", help="Words of its name.", show_default=False)
    ] = "",
    entered: Annotated[bool, typer.Option("--entered", help="Those you are in.")] = False,
    practice: Annotated[
        bool, typer.Option("--practice", help="Those of this machine; no network is needed.")
    ] = False,
) -> Answer:
    """List competitions.

    Their names, deadlines as the clocks here show them, and whether you are in.
    """
    told = listing.found(search, entered=entered, practice=practice, reporter=session.reporter)
    return Answer(told, views.listed, told.code)


@command(app, "join")
def join(
    session: Session,
    competition: Annotated[
        str,
        typer.Argument(
            metavar="COMPETITION", help="A name, an address, practice/NAME.", show_default=False
        ),
    ],
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Do not open the page of the rules.")
    ] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Do not wait until they are accepted.")
    ] = False,
    minutes: Annotated[float, typer.Option("--minutes", min=0, help="How long to wait.")] = 15,
) -> Answer:
    """Get into a competition.

    Opens its rules, and waits until you have accepted them there.
    """
    target = find(competition)
    client, told = listing.look(target, reporter=session.reporter)
    if not told.entered and not session.dry_run:
        if not no_open:
            browser.open_page(told.rules)
        session.reporter.note(
            f"Read and accept the rules at {told.rules}; Ctrl-C ends the waiting."
        )
        if no_wait:
            raise listing.refused(told)
        told = listing.awaited(client, target, minutes * 60, session.reporter)
        if not told.entered:
            raise listing.refused(told)
    project = setting.project_of()
    if told.entered and project is not None and not session.dry_run:
        told = replace(told, project=submitting.adopt(project, target))
    return Answer(told, views.joined)


@command(app, "submit")
def submit(
    session: Session,
    file: FileArgument = None,
    competition: CompetitionNamed = "",
    message: MessageOption = "",
    no_wait: NoWaitOption = False,
    minutes: MinutesOption = 30,
    force: ForceOption = False,
    score: ScoreOption = None,
    notebook: NotebookOption = "",
    version: VersionOption = 0,
    sample: SampleOption = None,
    test: TestOption = None,
    train: TrainOption = None,
) -> Answer:
    """Check a file and send it.

    Limits first, then all checks; it is proven to be there, and its score waited for.
    """
    if score is not None and not math.isfinite(score):
        raise CompanionError(f"{score} is no score", hint="--score 0.83", code=Exit.USAGE)
    wait = 0 if no_wait else minutes * 60
    if notebook:
        there = submitting.prepare_notebook(
            notebook, version, file, competition, message, score=score, force=force,
            reporter=session.reporter,
        )  # fmt: skip
        return kaggle_sending.sent(session, there, wait=wait)
    ready = submitting.prepare(
        submitting.file_of(file),
        competition,
        message,
        beside=Beside(sample, test, train),
        score=score,
        force=force,
        reporter=session.reporter,
    )
    return kaggle_sending.sent(session, ready, wait=wait)


@command(app, "history")
def history_(
    session: Session, competition: CompetitionArgument = "", option: CompetitionOption = ""
) -> Answer:
    """Show your submissions and their scores.

    Commit, validation score and leaderboard score stand side by side.
    """
    target = setting.target(competition or option)
    told = history.history(target, setting.project_of(), reporter=session.reporter)
    return Answer(told, views.history)


@command(app, "leaderboard")
def leaderboard(
    session: Session,
    competition: CompetitionArgument = "",
    option: CompetitionOption = "",
    top: Annotated[int, typer.Option("--top", min=1, help="How many of the first.")] = board.TOP,
) -> Answer:
    """Show the leaderboard, and where you stand."""
    target = setting.target(competition or option)
    return Answer(board.board(target, top=top, reporter=session.reporter), views.leaderboard)


@command(app, "progress")
def progress(
    session: Session, competition: CompetitionArgument = "", option: CompetitionOption = ""
) -> Answer:
    """Show your best score over time.

    And the days you showed up, and whether validation can be trusted.
    """
    target = setting.target(competition or option)
    told = following.progress(
        target, setting.project_of(), session.workspace_or_none(), reporter=session.reporter
    )
    return Answer(told, views.progress)


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `kaggle`."""
