"""`log`: the study log: show, add, undo."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from fastcompanion.commands.options import Session, command
from fastcompanion.commands.phrases import commit_blocks, duration, entry_words
from fastcompanion.console import Answer, Block, Line, Next, Table, Title, Warn
from fastcompanion.flows import session as sessions
from fastcompanion.flows.session import LogShown
from fastcompanion.study import journal
from fastcompanion.study.journal import Logged, Undone

app = typer.Typer(name="log", help="Your study log: what you did, when, how long.")


@app.callback(invoke_without_command=True)
def _default(context: typer.Context) -> None:
    """Show your study log, add to it, take an entry back."""
    if context.invoked_subcommand is None:
        context.fail("say what to do: show, add or undo")


@command(app, "show")
def show(
    session: Session,
    everything: Annotated[
        bool, typer.Option("--all", help="The whole log, not this week alone.")
    ] = False,
) -> Answer:
    """Show the sessions of this week, or of all time."""
    return Answer(sessions.show_log(session.workspace(), everything=everything), _view_log)


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
    logged = sessions.log_session(
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
    """Add the group to the program."""
    root.add_typer(app, rich_help_panel="Every day")


def _view_log(shown: LogShown) -> Iterable[Block]:
    if shown.sessions:
        rows = tuple(
            (
                f"{entry.at:%a %d %b %H:%M}",
                duration(entry.minutes) + ("?" if entry.guessed else ""),
                entry.lesson or "",
                entry.step or "",
                entry.note.replace("\n", " "),
                entry.id,
            )
            for entry in shown.sessions
        )
        yield Table(("began", "time", "lesson", "step", "note", "id"), rows)
        count = "1 session" if len(rows) == 1 else f"{len(rows)} sessions"
        yield Line(f"{count}, {duration(shown.minutes)}")
    else:
        yield Line("No session in this time.")
        yield Next("fastcompanion start")
    for problem in shown.problems:
        yield Warn(f"{problem.file}:{problem.line}: {problem.reason}")


def _view_would_add(logged: Logged) -> Iterable[Block]:
    yield Line(f"Would log in {logged.file}: {entry_words(logged.entry)}")


def _view_added(logged: Logged) -> Iterable[Block]:
    yield Line(f"Logged in {logged.file}: {entry_words(logged.entry)}")
    yield from commit_blocks(logged.commit)


def _view_undone(undone: Undone) -> Iterable[Block]:
    if undone.entry is None:
        yield Title(f"Taken back: {undone.what}")
    else:
        yield Title("Brought back into the log" if undone.restored else "Taken out of the log")
        yield Line(entry_words(undone.entry))
    yield from commit_blocks(undone.commit)
    if undone.id and not undone.restored:
        yield Next(f"fastcompanion log undo {undone.id}", "to bring it back")
