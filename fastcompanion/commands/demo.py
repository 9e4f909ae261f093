"""`demo`: a lesson of the built-in course, a project and a practice competition, played by the program itself."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from fastcompanion.commands.options import Session, command
from fastcompanion.console import Answer, Block, Items, Line, Next, Title
from fastcompanion.flows import demo as flow
from fastcompanion.flows.demo import PROJECT, Demonstration

_FOLDER = Path("fastcompanion-demo")


def demo(
    session: Session,
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where to leave the study.")
    ] = _FOLDER,
) -> Answer:
    """Play the whole loop: a lesson, a project of its own, a practice competition.

    Nothing is sent anywhere: the competition is served on this machine, and its server ends with the demo.
    Every command is shown with its real output, and the study is left behind. A folder that is
    there already is left alone, and the next free name is taken.
    """
    if session.dry_run:
        return Answer(flow.plan(folder), lambda planned: [Items(planned.commands, ordered=True)])
    return Answer(flow.demonstrate(folder, session.reporter), _view)


def register(root: typer.Typer) -> None:
    """Add the command to the program."""
    command(root, "demo", rich_help_panel="More")(demo)


def _view(done: Demonstration) -> Iterable[Block]:
    seconds = sum(one.seconds for one in done.typed_commands)
    yield Title(f"That was the loop: {len(done.typed_commands)} commands, {seconds:.0f} s")
    yield Line(f"The study is left in {done.folder}, its project in {PROJECT} there.")
    end = f"fastcompanion kaggle practice end {done.competition}"
    yield Line(f"{end} shows how the hidden rows rank you.")
    yield Next(f"cd '{done.folder}' && fastcompanion status", "to go on in it")
