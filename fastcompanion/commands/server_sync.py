"""`server sync`: your study or your project, and its copy on a server."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from fastcompanion.base.errors import Exit
from fastcompanion.commands import completing
from fastcompanion.commands.options import Session, command
from fastcompanion.commands.server_app import app
from fastcompanion.console import Answer, Block, Facts, Items, Line, Next, Title, Warn
from fastcompanion.flows import server_sync as flow
from fastcompanion.server import registry, states
from fastcompanion.server.connection import connect
from fastcompanion.server.syncing import Synced

_SHOWN = 20


class Way(Enum):
    """Which side gives."""

    push = "push"
    pull = "pull"


@command(app, "sync")
def sync(
    session: Session,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Its name, or user@host:port.", autocompletion=completing.servers
        ),
    ],
    direction: Annotated[Way, typer.Argument(help="push: to the server; pull: from it.")],
    path: Annotated[
        Path | None,
        typer.Argument(
            help="A file or a folder of it.", show_default="all of the study or project"
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also data/, models/ and projects/.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Replace what was changed on the other side; it is kept aside."
        ),
    ] = False,
    delete: Annotated[
        bool,
        typer.Option(
            "--delete", help="Take away there what you removed here; asks, and keeps it aside."
        ),
    ] = False,
) -> Answer:
    """Bring what is new to the other side: by rsync, or by tar where there is none. Nothing is lost."""
    found = flow.scope(path, session.workspace_or_none())

    def agreed(gone: tuple[str, ...]) -> bool:
        some = ", ".join(gone[:5]) + (" and more" if len(gone) > 5 else "")
        return session.confirm(f"Take away {_files(gone)} on the other side ({some})?")

    done = flow.sync(
        connect(states.awake(registry.find(name)), reporter=session.reporter),
        found,
        direction.value,
        everything=everything,
        force=force,
        delete=agreed if delete else None,
        dry_run=session.dry_run,
        reporter=session.reporter,
    )
    code = Exit.CHECK_SAYS_NO if done.conflicts or done.clashes else Exit.DONE
    return Answer(done, _view, int(code))


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `server`."""


def _view(done: Synced) -> Iterable[Block]:
    would = "would go" if done.dry_run else "went"
    way = "to" if done.direction == "push" else "from"
    other = "there" if done.direction == "push" else "here"
    if done.sent:
        yield Title(f"{_files(done.sent)} ({amount(done.bytes)}) {would} {way} {done.name}")
    else:
        yield Title(f"Nothing {would} {way} {done.name}")
    yield Facts((("here", done.here), ("there", f"~/{done.there}"), ("the same", str(done.same))))
    yield from _names(done.sent)
    if done.conflicts:
        single = len(done.conflicts) == 1
        verbs = ("differs", "was") if single else ("differ", "were")
        yield Warn(f"{_files(done.conflicts)} {verbs[0]} {other} and {verbs[1]} left alone:")
        yield from _names(tuple(_conflict(done, one.path, one.newer, one.both) for one in done.conflicts))  # fmt: skip
        if not all(one.both for one in done.conflicts):
            opposite = "pull" if done.direction == "push" else "push"
            yield Next(
                f"fastcompanion server sync {done.name} {opposite}",
                f"brings what only changed {other}",
            )
        yield Next(
            f"fastcompanion server sync {done.name} {done.direction} --force",
            f"replaces them {other}; their versions are kept aside",
        )
    yield from _odd(done)
    if done.kept:
        where = f"~/{done.kept} on {done.name}" if done.direction == "push" else done.kept
        yield Line(f"What was replaced or taken away lies in {where}.")
    if done.removed:
        yield Line(f"Taken away {other}: {', '.join(done.removed[:_SHOWN])}")
    elif done.removable:
        yield Line(
            f"Removed and still {other}: {_files(done.removable)}; --delete takes away what you removed.",
            "dim",
        )
    if done.only_there:
        yield Line(f"Only {other}, and left there: {_files(done.only_there)}.", "dim")
    if done.links:
        yield Line(f"Links are not synced: {', '.join(done.links[:_SHOWN])}", "dim")
    for one in done.left_out:
        yield Line(f"Left out: {one.path}/ ({amount(one.bytes)}); --all takes it along.", "dim")


def _odd(done: Synced) -> Iterable[Block]:
    """Say what could not go, or not as it is now."""
    if done.clashes:
        yield Warn(f"{_files(done.clashes)} left alone, as one side has a file where the other has a folder:")  # fmt: skip
        yield from _names(done.clashes)
        yield Line("Rename or remove one of the two, then type the same again.")
    if done.changed:
        yield Warn(f"{_files(done.changed)} changed on the way; type the same again to bring the rest:")  # fmt: skip
        yield from _names(done.changed)
    if done.odd:
        yield Line(f"Names that can't travel: {', '.join(done.odd[:_SHOWN])}", "dim")


def _files(some: tuple[object, ...]) -> str:
    return f"{len(some)} file{'' if len(some) == 1 else 's'}"


def _names(names: tuple[str, ...]) -> Iterable[Block]:
    if names:
        rest = len(names) - _SHOWN
        yield Items((*names[:_SHOWN], *((f"and {rest} more",) if rest > 0 else ())))


def _conflict(done: Synced, path: str, newer: str, both: bool) -> str:
    here = (newer == "source") == (done.direction == "push")
    which = "yours is newer" if here else f"newer on {done.name}"
    return f"{path}: {which}{', and both were changed' if both else ''}"


def amount(size: int) -> str:
    """Write a number of bytes as people read it."""
    value, unit = float(size), "B"
    for bigger in ("KB", "MB", "GB"):
        if value < 1000:
            break
        value, unit = value / 1000, bigger
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
