"""`server list|ssh|jupyter|keep|status|logs|forget`: using a server that is there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from fastcompanion import console
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.process import shown as spelled
from fastcompanion.base.records import frozen
from fastcompanion.commands import completing
from fastcompanion.commands.options import Session, command
from fastcompanion.commands.server_app import app
from fastcompanion.commands.server_use_view import (
    view_account,
    view_forgotten,
    view_kept,
    view_list,
    view_standings,
    view_tunnel,
)
from fastcompanion.console import Answer, Block, Line
from fastcompanion.server import host_keys, journals, jupyter, registry, states, syncing
from fastcompanion.server.cloud import holding, orphans
from fastcompanion.server.cloud.orphans import Resource
from fastcompanion.server.connection import connect, typed
from fastcompanion.server.failures import SSH
from fastcompanion.server.registry import Server
from fastcompanion.server.states import Standing

NameArgument = Annotated[
    str,
    typer.Argument(
        metavar="[NAME]",
        help="Its name, or user@host:port.",
        show_default="the only one",
        autocompletion=completing.servers,
    ),
]

AnyArgument = Annotated[
    str,
    typer.Argument(
        metavar="[NAME]",
        help="Its name, or user@host:port.",
        show_default="all of them",
        autocompletion=completing.servers,
    ),
]

OneArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="Its name, or user@host:port.", autocompletion=completing.servers
    ),
]


@frozen
class Listed:
    """All servers."""

    servers: tuple[Server, ...]


@frozen
class Account:
    """What of ours is in the account at AWS."""

    resources: tuple[Resource, ...]


@frozen
class Standings:
    """What each server is doing."""

    servers: tuple[Standing, ...]


@frozen
class Kept:
    """What a server said to being kept running, and what AWS's alarm does ("" where there is none)."""

    name: str
    span: str
    said: str
    alarm: str = ""
    dry_run: bool = False


@frozen
class Forgotten:
    """What was forgotten: the server itself, or its host keys alone; `launched` is one at EC2, which costs money."""

    name: str
    server: bool
    host_keys: int
    dry_run: bool = False
    launched: bool = False


@frozen
class Ran:
    """A program that ran on a server, or would."""

    name: str
    argv: tuple[str, ...]
    exit_code: int | None
    dry_run: bool = False


@command(app, "list")
def show_all(session: Session) -> Answer:
    """List the servers that you set up or launched."""
    del session
    return Answer(Listed(registry.read()), lambda data: view_list(data.servers))


@command(app, "status")
def status(
    session: Session,
    name: AnyArgument = "",
    wait: Annotated[
        int, typer.Option("--connect-timeout", min=1, max=300, help="Seconds for an answer.")
    ] = 15,
    all_regions: Annotated[
        bool, typer.Option("--all-regions", help="What of yours is at AWS, in every region.")
    ] = False,
) -> Answer:
    """Show what a server does, what keeps it awake, when it stops and what it costs."""
    if all_regions:
        account = Account(orphans.everything(reporter=session.reporter))
        return Answer(account, lambda data: view_account(data.resources))
    servers = [registry.find(name)] if name else list(registry.read() or [registry.find("")])
    found = tuple(
        states.of(one, connect_timeout=wait, reporter=session.reporter) for one in servers
    )
    code = Exit.MISSING if any(one.state == "unreachable" for one in found) else Exit.DONE
    return Answer(Standings(found), lambda data: view_standings(data.servers), int(code))


@command(app, "ssh")
def log_in(
    session: Session,
    name: NameArgument = "",
    argv: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[-- COMMAND]",
            help="What to run there; a single text in quotes is a line for its shell.",
            show_default="a shell",
        ),
    ] = None,
) -> Answer | None:
    """Log in to a server, or run one command there; its output and its exit code are the command's own."""
    server, words = states.awake(registry.find(name)), tuple(argv or ())
    link = connect(server, reporter=session.reporter)
    if session.dry_run:
        would = Ran(server.name, (*link.argv(batch=False), *typed(words)), None, dry_run=True)
        return Answer(would, _view_would)
    if session.json and not words:
        raise CompanionError(
            "a shell has no JSON", hint="Give a command behind --", code=Exit.USAGE
        )
    code = link.interactive(words, terminal=not words)
    if code == SSH:
        session.reporter.note(f"Does it run? fastcompanion server status {server.called}")
    ran = Ran(server.name, words, code)
    return Answer(ran, lambda data: (), code)


def _view_would(ran: Ran) -> Iterable[Block]:
    yield Line(spelled(ran.argv))


@command(app, "jupyter")
def open_jupyter(
    session: Session,
    name: NameArgument = "",
    port: Annotated[
        int,
        typer.Option("--port", min=0, max=65535, help="The local port.", show_default="a free one"),
    ] = 0,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open it in the browser.")
    ] = True,
    show_url: Annotated[
        bool,
        typer.Option("--show-url", help="Show the address with its token: it opens everything."),
    ] = False,
) -> Answer | None:
    """Open JupyterLab of a server through a tunnel; Ctrl-C ends the tunnel, and what runs there goes on."""
    server = states.awake(registry.find(name))
    link = connect(server, reporter=session.reporter)
    if session.dry_run:
        return Answer(jupyter.Opened(server.name, port, "", ""), view_tunnel)

    def tell(opened: jupyter.Opened) -> None:
        console.show_line(opened, view_tunnel(opened))

    jupyter.use(link, tell, port=port, browser=browser, show=show_url, reporter=session.reporter)
    return None


@command(app, "keep")
def keep(
    session: Session,
    name: OneArgument,
    span: Annotated[str, typer.Argument(help="How long, such as 90m, 2h or 1d; off ends it.")],
) -> Answer:
    """Let a server run although nobody uses it, for a while; its hard limit stays."""
    server = registry.find(name)
    link = connect(states.awake(server), reporter=session.reporter)
    if session.dry_run:
        return Answer(Kept(server.name, span, "", dry_run=True), view_kept)
    said = states.keep(link, span)
    alarm = holding.hold(server, span) if server.provider == "ec2" else ""
    return Answer(Kept(server.name, span, said, alarm), view_kept)


@command(app, "logs")
def logs(
    session: Session,
    name: NameArgument = "",
    lines: Annotated[int, typer.Option("--lines", min=1, max=5000, help="How many of each.")] = 40,
) -> Answer:
    """Show the last lines that the setup, JupyterLab and the idle watcher wrote there, without secrets."""
    server = states.awake(registry.find(name))
    found = journals.read(connect(server, reporter=session.reporter), lines=lines)
    return Answer(found, journals_view)


def journals_view(found: journals.Journals) -> Iterable[Block]:
    """Show each unit's lines under its name."""
    for one in found.units:
        yield console.Title(one.unit)
        yield console.Code("\n".join(one.lines) or "nothing")


@command(app, "forget")
def forget(
    session: Session,
    name: OneArgument,
    keys: Annotated[
        bool,
        typer.Option("--host-key", help="Its host key alone, so that the next one is trusted."),
    ] = False,
) -> Answer:
    """Forget a server, or only its host key; the machine itself is not touched and may cost money."""
    server = registry.find(name)
    alias = server.alias or server.host
    costs = server.provider == "ec2" and not keys
    if session.dry_run:
        kept = len(host_keys.of(alias))
        return Answer(Forgotten(name, not keys, kept, True, costs), view_forgotten)
    what = f"the host key of {server.name}" if keys else server.name
    more = (
        f"It may go on costing money; `server terminate {server.name}` ends that." if costs else ""
    )
    if not session.confirm(f"Forget {what}? The machine itself is not touched. {more}".strip()):
        return Answer(Forgotten(name, False, 0), view_forgotten)
    if not keys:
        registry.remove(server.name)
        syncing.forget(server.name)
    gone = Forgotten(name, not keys, host_keys.forget(alias), launched=costs)
    return Answer(gone, view_forgotten)


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `server`."""
