"""The group `kaggle` itself; the files of its commands fill it, and a run imports those it needs."""

from __future__ import annotations

import typer

app = typer.Typer(
    name="kaggle",
    help="Competitions: validate, submit, practise offline.",
    no_args_is_help=True,
)


def register(root: typer.Typer) -> None:
    """Add the group to the program."""
    root.add_typer(app, rich_help_panel="Groups")
