"""`log add`, `log edit` and `log undo`: writing in the study log. They load little, for speed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from fastcompanion.commands.log_app import app
from fastcompanion.commands.options import Session, command
from fastcompanion.commands.phrases import commit_blocks, entry_words
from fastcompanion.console import Answer, Block, Line, Next, Title
from fastcompanion.flows import diary
from fastcompanion.study import journal
from fastcompanion.study.journal import Logged, Undone


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


@command(app, "undo")
def undo(
    session: Session,
    entry: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]", help="The id at a line's end, or an event's.", show_default="the last"
        ),
    ] = None,
) -> Answer:
    """Take an entry out of the log again; undoing the undoing brings it back."""
    undone = journal.undo(session.workspace(), entry, dry_run=session.dry_run)
    return Answer(undone, _view_undone)


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `log`."""


def _view_would_add(logged: Logged) -> Iterable[Block]:
    yield Line(f"Would log in {logged.file}: {entry_words(logged.entry)}")


def _view_added(logged: Logged) -> Iterable[Block]:
    yield Line(f"Logged in {logged.file}: {entry_words(logged.entry)}")
    yield from commit_blocks(logged.commit)


def _view_undone(undone: Undone) -> Iterable[Block]:
    if undone.entry is None:
        yield Title(f"Taken back: {undone.what}")
    elif undone.back is not None:
        yield Title("The entry is as it was before the correction")
        yield Line(entry_words(undone.back))
    else:
        yield Title("Brought back into the log" if undone.restored else "Taken out of the log")
        yield Line(entry_words(undone.entry))
    yield from commit_blocks(undone.commit)
    if undone.id and not undone.restored:
        yield Next(f"fastcompanion log undo {undone.id}", "to bring it back")
