"""`log add`: it is typed most often, so this file loads little and holds nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from fastcompanion.commands.log_app import app
from fastcompanion.commands.options import Session, command
from fastcompanion.commands.phrases import commit_blocks, entry_words
from fastcompanion.console import Answer, Block, Line
from fastcompanion.flows import diary
from fastcompanion.study.journal import Logged


@command(app, "add")
def add(
    session: Session,
    text: Annotated[str, typer.Argument(help="What you did, in your own words.")],
    minutes: Annotated[
        int, typer.Option("--minutes", "-m", min=1, max=1440, help="How long.")
    ] = 30,
    lesson: Annotated[str | None, typer.Option("--lesson", "-l", help="E.g. 05.")] = None,
    step: Annotated[str | None, typer.Option("--step", help="E.g. reproduce.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", help='When it began: 19:30, "yesterday 20:00", RFC 3339.')
    ] = None,
) -> Answer:
    """Add a session that the timer did not see."""
    logged = diary.log_session(
        session.workspace(),
        text,
        minutes=minutes,
        lesson=lesson,
        step=step,
        at=at,
        dry_run=session.dry_run,
    )
    return Answer(logged, _view_would_add if session.dry_run else _view_added)


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `log`."""


def _view_would_add(logged: Logged) -> Iterable[Block]:
    yield Line(f"Would log in {logged.file}: {entry_words(logged.entry)}")


def _view_added(logged: Logged) -> Iterable[Block]:
    yield Line(f"Logged in {logged.file}: {entry_words(logged.entry)}")
    yield from commit_blocks(logged.commit)
