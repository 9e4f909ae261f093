"""`server list|forget`: the servers that this machine knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from fastcompanion.base.records import frozen
from fastcompanion.commands.options import Session, command
from fastcompanion.commands.server_app import app
from fastcompanion.console import Answer, Block, Line, Next, Table
from fastcompanion.server import registry
from fastcompanion.server.registry import Server

NameArgument = Annotated[
    str,
    typer.Argument(
        metavar="[NAME]", help="Its name, or user@host:port.", show_default="the only one"
    ),
]


@frozen
class Listed:
    """All servers."""

    servers: tuple[Server, ...]


@command(app, "list")
def show_all(session: Session) -> Answer:
    """List the servers that you set up or launched."""
    del session
    return Answer(Listed(registry.read()), _view_list)


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `server`."""


def _view_list(found: Listed) -> Iterable[Block]:
    if not found.servers:
        yield Line("There are no servers yet.")
        yield Next("fastcompanion server setup user@host", "a machine that you have")
        yield Next("fastcompanion server plan", "what one in the cloud would cost")
        return
    yield Table(
        ("name", "kind", "where", "$/h"),
        tuple(
            (one.name, one.kind, one.target, "" if one.price is None else f"{one.price:.3f}")
            for one in found.servers
        ),
    )
