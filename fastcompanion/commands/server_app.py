"""The group `server` itself; the files of its commands fill it, and a run imports those it needs."""

from __future__ import annotations

import typer

app = typer.Typer(
    name="server",
    help="Notebook servers, and a GPU server of your own.",
    epilog="Begin with fastcompanion server plan: do you need one at all?",
    no_args_is_help=True,
)


def register(root: typer.Typer) -> None:
    """Add the group to the program."""
    root.add_typer(app, rich_help_panel="Groups")
