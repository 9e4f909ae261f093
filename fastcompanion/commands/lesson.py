"""`lesson`: list, show, open, skip, done, and the steps run, scratch, check, hint, compare."""

from __future__ import annotations

import typer

app = typer.Typer(
    name="lesson", help="Do a lesson: watch, run, reproduce, repeat.", no_args_is_help=True
)


def register(root: typer.Typer) -> None:
    """Add the group to the program."""
    root.add_typer(app, rich_help_panel="Groups")
