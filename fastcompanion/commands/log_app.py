"""The group `log` itself; the files of its commands fill it, and a run imports those it needs."""

from __future__ import annotations

import typer

app = typer.Typer(name="log", help="Your study log: what you did, when, how long.")


@app.callback(invoke_without_command=True)
def _default(context: typer.Context) -> None:
    """Show your study log, add to it, take an entry back."""
    if context.invoked_subcommand is None:
        context.fail("say what to do: show, add, edit, undo, week, heatmap, stats, sync, ...")


def register(root: typer.Typer) -> None:
    """Add the group to the program."""
    root.add_typer(app, rich_help_panel="Every day")
