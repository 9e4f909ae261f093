"""The group `blog` itself; the files of its commands fill it, and a run imports those it needs."""

from __future__ import annotations

import typer

app = typer.Typer(
    name="blog",
    help="Posts: write them, look at them, publish them.",
    no_args_is_help=True,
)


def counted(posts: tuple[str, ...]) -> str:
    """Say how many posts there are."""
    return "1 post" if len(posts) == 1 else f"{len(posts)} posts"


def register(root: typer.Typer) -> None:
    """Add the group to the program."""
    root.add_typer(app, rich_help_panel="Groups")
