"""The group `lesson` itself; the files of its commands fill it, and a run imports those it needs."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    name="lesson", help="Do a lesson: watch, run, reproduce, repeat.", no_args_is_help=True
)

NotebookOption = Annotated[
    str | None, typer.Option("--notebook", "-n", help="One of its notebooks.", show_default="first")
]


def register(root: typer.Typer) -> None:
    """Add the group to the program."""
    root.add_typer(app, rich_help_panel="Groups")
