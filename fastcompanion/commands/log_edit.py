"""`log edit` and `log undo`: correct an entry, a day file in your own editor, or take one out."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Annotated

import typer

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.commands.log_app import app
from fastcompanion.commands.options import Session, command
from fastcompanion.commands.phrases import commit_blocks, entry_words
from fastcompanion.console import Answer, Block, Line, Next, Title, Warn
from fastcompanion.flows import diary, editor
from fastcompanion.flows.diary import Correction
from fastcompanion.study import journal
from fastcompanion.study.journal import Changed, Undone
from fastcompanion.study.logbook import editing
from fastcompanion.study.logbook.editing import Edited


@command(app, "edit")
def edit(
    session: Session,
    entry: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]",
            help="The id at a line's end.",
            show_default="today's file, with options the last entry",
        ),
    ] = None,
    minutes: Annotated[
        int | None, typer.Option("--minutes", "-m", min=1, max=1440, help="How long it was.")
    ] = None,
    note: Annotated[str | None, typer.Option("--note", "-n", help="What you did.")] = None,
    lesson: Annotated[str | None, typer.Option("--lesson", "-l", help="E.g. 05.")] = None,
    step: Annotated[str | None, typer.Option("--step", help="E.g. reproduce.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", help='When it began: 19:30, "yesterday 20:00", RFC 3339.')
    ] = None,
) -> Answer:
    """Correct an entry by options, or its day in your editor; looks through it afterwards."""
    ws = session.workspace()
    correction = Correction(minutes, note, lesson, step, at)
    if not correction.empty:
        changed = diary.correct(ws, entry, correction, dry_run=session.dry_run)
        return Answer(changed, _view_would_change if session.dry_run else _view_changed)
    if session.json or session.dry_run:
        raise CompanionError(
            "say what to change: the editor needs a terminal of its own",
            hint="fastcompanion log edit ID --minutes 45",
            code=Exit.USAGE,
        )
    edited = editing.edit(ws, entry, partial(editor.open_and_wait, ws))
    return Answer(edited, _view_edited, Exit.CHECK_SAYS_NO if edited.problems else Exit.DONE)


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


def _view_would_change(changed: Changed) -> Iterable[Block]:
    yield Title("Would change the entry")
    yield Line(f"from {entry_words(changed.before)}")
    yield Line(f"to   {entry_words(changed.entry)}")


def _view_changed(changed: Changed) -> Iterable[Block]:
    yield Title("Changed the entry")
    yield Line(f"from {entry_words(changed.before)}")
    yield Line(f"to   {entry_words(changed.entry)}")
    yield from commit_blocks(changed.commit)
    yield Next("fastcompanion log undo", "to have it as it was")


def _view_edited(edited: Edited) -> Iterable[Block]:
    if not edited.changed:
        yield Line(f"{edited.file}: nothing was changed.")
        return
    count = "1 session" if edited.sessions == 1 else f"{edited.sessions} sessions"
    yield Title(f"{edited.file}: {count}")
    if edited.completed:
        yield Line(f"Lines that were given an id: {edited.completed}")
    if edited.removed:
        yield Line(f"Taken out: {', '.join(f'^{one}' for one in edited.removed)}")
        yield from (
            Next(f"fastcompanion log undo {one}", "brings it back") for one in edited.undoings
        )
    for problem in edited.problems:
        yield Warn(f"{problem.file}:{problem.line}: {problem.reason}")
    if edited.problems:
        yield Line("Everything stays as you wrote it; it is committed when it can be read.")
        yield Next("fastcompanion log edit", "to mend it")
    yield from commit_blocks(edited.commit)


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
