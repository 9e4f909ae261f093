"""`kaggle download`: the data of a competition, whole and unpacked."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from fastcompanion.base.process import shown
from fastcompanion.base.records import frozen
from fastcompanion.commands.kaggle_app import app
from fastcompanion.commands.options import Session, command
from fastcompanion.competition.site import client as clients
from fastcompanion.competition.site import downloads, setting
from fastcompanion.competition.site.downloads import Downloaded, Ways, Wish
from fastcompanion.competition.site.unpacking import amount, summary
from fastcompanion.console import Answer, Block, Facts, Line, Next, Table, Title, Warn

_SHOWN = 12
SlugArgument = Annotated[
    str,
    typer.Argument(
        metavar="[COMPETITION]",
        help="Its name or address; practice/NAME for one of this machine.",
        show_default="of the project",
    ),
]


@frozen
class Would:
    """What would be downloaded, and where to."""

    competition: str
    folder: str
    names: tuple[str, ...]


@command(app, "download")
def download(
    session: Session,
    slug: SlugArgument = "",
    file: Annotated[
        list[str],
        typer.Option("--file", "-f", help="This file alone; may be given again.", metavar="NAME"),
    ] = [],  # noqa: B006 - Typer copies it
    to: Annotated[
        Path | None,
        typer.Option("--to", help="The folder.", show_default="data/NAME of the project, ./NAME"),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Fetch again what is here; changed files are set aside.")
    ] = False,
    no_unpack: Annotated[
        bool, typer.Option("--no-unpack", help="Leave the archive as it is.")
    ] = False,
    keep_archive: Annotated[
        bool, typer.Option("--keep-archive", help="Keep the archive beside its files.")
    ] = False,
) -> Answer:
    """Download the data of a competition.

    What was cut off goes on, what is whole is not fetched again.
    """
    target = setting.target(slug)
    folder = to or downloads.folder_of(target)
    if session.dry_run:
        return Answer(Would(target.text, str(folder), tuple(file)), _view_would)
    ways = Ways(lambda names: session.confirm(_question(names)), session.reporter)
    wish = Wish(tuple(dict.fromkeys(file)), force, not no_unpack, keep_archive)
    done = downloads.download(
        target, folder, wish, lambda: clients.connect(target, reporter=session.reporter), ways
    )
    return Answer(done, _view)


def _question(names: tuple[str, ...]) -> str:
    are = "is not what was downloaded" if len(names) == 1 else "are not what was downloaded"
    return f"{summary(names)} {are}: set aside and fetch again?"


def _view_would(would: Would) -> Iterable[Block]:
    what = summary(would.names) if would.names else "The data"
    yield Line(f"{what} of {would.competition} would come into {would.folder}")


def _view(done: Downloaded) -> Iterable[Block]:
    if done.already:
        yield Title(f"{done.competition} is in {done.folder} already")
    else:
        yield Title(f"{done.competition} is in {done.folder}")
    rows = tuple((one.name, amount(one.size)) for one in done.files[:_SHOWN])
    if rows:
        yield Table(("file", "size"), rows)
    if done.count > len(rows) > 0:
        yield Line(f"and {done.count - len(rows)} more; {amount(done.size)} in all", "dim")
    if done.archive:
        yield Facts((("archive", done.archive),))
    yield from _odd(done)
    if done.already:
        yield Line("--force fetches it again.", "dim")
    elif done.count:
        yield Next(f"fastcompanion data show {shown((done.folder,))}")


def _odd(done: Downloaded) -> Iterable[Block]:
    for name in done.aside:
        yield Warn(f"Your own file was set aside as {name}")
    if done.yours:
        yield Warn(f"Left as you have it: {summary(done.yours)}")
    for text in done.unlike[:_SHOWN]:
        yield Warn(f"Not as the site lists it: {text}")
    for name in done.archives[:_SHOWN]:
        path = Path(done.folder) / name
        yield Line(
            f"{name} is an archive itself: python -m zipfile -e {shown((str(path), str(path.with_suffix(''))))}"
        )


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `kaggle`."""
