"""`doctor`: what is in the way, and the cure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from fastcompanion.commands.options import Session, command
from fastcompanion.console import Answer, Block, Line, Next, Title
from fastcompanion.flows import doctor as flow
from fastcompanion.flows.doctor import Examination, Finding

_STYLES = {"ok": "good", "warn": "warn", "bad": "bad"}


def doctor(
    session: Session,
    area: Annotated[
        str | None,
        typer.Argument(help=f"One of: {', '.join(flow.AREAS)}.", show_default="all of them"),
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask nothing of the network.")] = False,
) -> Answer:
    """Look for what is in the way, and name the cure of each finding."""
    found = flow.examine(session.workspace_or_none(), area, network=not offline)
    return Answer(found, _view, exit_code=int(found.exit_code))


def register(root: typer.Typer) -> None:
    """Add the command to the program."""
    command(root, "doctor", rich_help_panel="Groups")(doctor)


def _view(found: Examination) -> Iterable[Block]:
    area = ""
    for finding in found.findings:
        if finding.area != area:
            area = finding.area
            yield Title(area)
        yield Line(_words(finding), _STYLES[finding.severity])
        if finding.cure:
            yield Next(finding.cure)


def _words(finding: Finding) -> str:
    place = f"{finding.file}:{finding.line}: " if finding.line else ""
    place = place or (f"{finding.file}: " if finding.file else "")
    return f"{finding.severity:<4}  {place}{finding.text}"
