"""`lesson again`: a passed section, blank, to be written from memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from fastcompanion.commands import again_view, completing
from fastcompanion.commands import lesson_app as group
from fastcompanion.commands.options import Session, command
from fastcompanion.console import Answer, Block, Line, Next, Title
from fastcompanion.flows import recall
from fastcompanion.flows.recall import AgainShown


@command(group.app, "again")
def again(
    session: Session,
    lesson: Annotated[
        str | None,
        typer.Argument(
            help="The lesson, e.g. 05 or fastai-p1/05.",
            show_default="what is due",
            autocompletion=completing.lessons,
        ),
    ] = None,
    section: Annotated[
        str | None, typer.Argument(help="One of its sections.", show_default="what is due")
    ] = None,
    give_up: Annotated[
        bool, typer.Option("--give-up", help="Leave the section; it comes back soon.")
    ] = False,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Make the notebook and open nothing.")
    ] = False,
) -> Answer:
    """Write a passed section again from memory: it comes back blank after days and weeks."""
    study = session.workspace()
    if give_up:
        return Answer(recall.give_up(study, dry_run=session.dry_run), again_view.graded)
    shown = recall.begin(
        study,
        lesson,
        section,
        open_it=not no_open and session.can_ask,
        dry_run=session.dry_run,
        reporter=session.reporter,
    )
    return Answer(shown, _view)


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `lesson`."""


def _view(shown: AgainShown) -> Iterable[Block]:
    if shown.section is None:
        yield Line("No section is due to be written again.", "good")
        if shown.next_day is not None:
            yield Line(f"The next one comes back on {shown.next_day}.")
        yield Next("fastcompanion next")
        return
    yield Title(f"{shown.lesson} {shown.section}: {shown.title}, again")
    yield from notebook_lines(shown)
    if shown.others:
        names = ", ".join(f"{one.section} ({one.lesson})" for one in shown.others)
        yield Line(f"Due after it, one at a time: {names}", "dim")
    if not shown.dry_run:
        yield Next("fastcompanion check", "when it stands")
        yield Next("fastcompanion hint", "when you are stuck")


def notebook_lines(shown: AgainShown) -> Iterable[Block]:
    """Say where to write, and what is given there."""
    new = "made now" if shown.is_new else "as you left it"
    new = "would be made" if shown.dry_run and shown.is_new else new
    opened = f", opened with {shown.opened_with}" if shown.opened_with else ""
    yield Line(f"Notebook: {shown.notebook} ({new}{opened})")
    if shown.earlier:
        many = f"the {len(shown.earlier)} sections" if len(shown.earlier) > 1 else "the section"
        yield Line(f"Your own code of {many} before it is given there.")
    yield Line("Write it from memory, with your own notebook and the original closed.")
