"""The options of commands that run a notebook: in which kernel, and for how long."""

from __future__ import annotations

from typing import Annotated

import typer

from fastcompanion.base.kernel import Limits
from fastcompanion.commands import completing
from fastcompanion.commands.options import Session

KernelOption = Annotated[
    str | None,
    typer.Option(
        "--kernel",
        "-k",
        help="An environment, venv, interpreter or kernelspec.",
        autocompletion=completing.environments,
    ),
]
CellTimeoutOption = Annotated[
    int | None, typer.Option("--cell-timeout", min=1, help="Seconds for one cell.")
]


def limits_of(session: Session, cell_timeout: int | None, budget: int | None) -> Limits:
    """Give the limits that were asked for, else those of the settings."""
    settings = session.settings()
    return Limits(
        cell_timeout or settings.get("check.cell_seconds"),
        budget or settings.get("check.total_seconds"),
        settings.get("check.output_mb"),
    )
