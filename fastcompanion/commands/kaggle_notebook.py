"""`kaggle notebook` and `kaggle libraries`: code that runs on the site, and what it needs there."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from fastcompanion.base.errors import Exit
from fastcompanion.base.records import frozen
from fastcompanion.commands.kaggle_app import app as kaggle
from fastcompanion.commands.options import Session, command
from fastcompanion.competition.site import client as clients
from fastcompanion.competition.site import libraries as making
from fastcompanion.competition.site import notebooks, setting
from fastcompanion.competition.site import target as targets
from fastcompanion.competition.site.client import Client
from fastcompanion.competition.site.libraries import Library
from fastcompanion.competition.site.notebooks import Fetching, Output, Pushed, Ran, Wish
from fastcompanion.competition.site.target import Target
from fastcompanion.competition.site.unpacking import amount, summary
from fastcompanion.console import Answer, Block, Code, Facts, Line, Next, Table, Title, Warn

_SHOWN = 12
app = typer.Typer(
    name="kaggle notebook",
    help="Notebooks that run on the site: push, status, output.",
    no_args_is_help=True,
)
kaggle.add_typer(app, name="notebook")

CompetitionOption = Annotated[
    str,
    typer.Option(
        "--competition",
        "-c",
        metavar="COMPETITION",
        help="Whose data it reads; practice/NAME for one of this machine.",
        show_default="of the project",
    ),
]
NameArgument = Annotated[
    str,
    typer.Argument(
        metavar="[NAME]", help="NAME, OWNER/NAME or its file.", show_default="the only file here"
    ),
]


@frozen
class Would:
    """What would be sent, and as what."""

    file: str
    title: str
    cells: int
    competitions: tuple[str, ...]


@frozen
class Libraries:
    """The libraries that were asked for."""

    libraries: tuple[Library, ...]


@command(app, "push")
def push(
    session: Session,
    notebook: Annotated[
        Path | None,
        typer.Argument(metavar="[NOTEBOOK]", help="The file.", show_default="the only one here"),
    ] = None,
    competition: CompetitionOption = "",
    title: Annotated[
        str, typer.Option("--title", help="Its title there.", show_default="of the file")
    ] = "",
    data: Annotated[
        list[str],
        typer.Option(
            "--data", help="A data set it reads; may be given again.", metavar="OWNER/NAME"
        ),
    ] = [],  # noqa: B006 - Typer copies it
    gpu: Annotated[bool, typer.Option("--gpu", help="Run it on a GPU.")] = False,
    internet: Annotated[bool, typer.Option("--internet", help="Let it use the internet.")] = False,
    public: Annotated[bool, typer.Option("--public", help="Let everybody see it.")] = False,
) -> Answer:
    """Send a notebook to the site, where it runs: your text without outputs, private, no internet."""
    path = notebooks.chosen(notebook, Path())
    target = _target(competition)
    sources = (target.slug,) if target is not None else ()
    wish = Wish(title, sources, tuple(data), gpu, internet, public)
    if session.dry_run:
        made = notebooks.title_of(path, title)
        would = Would(str(path), made, notebooks.source(path)[1], sources)
        return Answer(would, _view_would)
    done = notebooks.push(
        _client(session, target),
        path,
        wish,
        may_publish=lambda cells: session.confirm(
            f"a secret may stand in cell {', '.join(map(str, cells))}: let everybody see it?"
        ),
    )
    view = partial(_view_pushed, _more(target))
    return Answer(done, view, Exit.FAILED if done.missing else Exit.DONE)


@command(app, "status")
def status(
    session: Session,
    name: NameArgument = "",
    competition: CompetitionOption = "",
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it has ended.")] = False,
    hours: Annotated[
        float, typer.Option("--hours", min=0.0, max=48.0, help="How long to wait at most.")
    ] = 12.0,
) -> Answer:
    """Tell how the newest version of a notebook does; the exit code is 0, 4 (not yet) or 1 (failed)."""
    target = _target(competition)
    client = _client(session, target)
    known = notebooks.named(_name(name), client)
    if wait and not session.dry_run:
        ran = notebooks.wait(client, known, seconds=hours * 3600, reporter=session.reporter)
    else:
        ran = notebooks.status(client, known)
    return Answer(ran, partial(_view_ran, _more(target)), _code(ran))


@command(app, "output")
def output(
    session: Session,
    name: NameArgument = "",
    competition: CompetitionOption = "",
    to: Annotated[
        Path | None, typer.Option("--to", help="The folder.", show_default="./NAME-output")
    ] = None,
) -> Answer:
    """Fetch the files that a notebook has written, and what it said while it ran."""
    target = _target(competition)
    client = _client(session, target)
    known = notebooks.named(_name(name), client)
    folder = to or Path(f"{known.slug}-output")
    if session.dry_run:
        return Answer(notebooks.status(client, known), partial(_view_ran, _more(target)))
    fetching = Fetching(
        client,
        known,
        folder,
        replace_yours=lambda names: session.confirm(
            f"{summary(names)} is not what was fetched: set aside and fetch again?"
        ),
        reporter=session.reporter,
    )
    return Answer(fetching.output(), _view_output)


@command(kaggle, "libraries")
def libraries(
    session: Session,
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="The libraries.", show_default=False)
    ],
    python: Annotated[
        str, typer.Option("--python", help="The Python of the notebooks.")
    ] = making.PYTHON,
    public: Annotated[bool, typer.Option("--public", help="Let everybody see them.")] = False,
    notes: Annotated[str, typer.Option("--notes", "-m", help="What is new in this version.")] = "",
    competition: CompetitionOption = "",
) -> Answer:
    """Put libraries into private data sets of yours, for notebooks that run without the internet."""
    plans = [making.plan(name, "YOU", python) for name in names]
    if session.dry_run:
        would = tuple(
            Library(one.library, one.data_set, "would", "", not public, (), 0, "") for one in plans
        )
        return Answer(Libraries(would), _view_libraries)
    making.pip()
    client = _client(session, _target(competition))
    plans = [making.plan(name, client.user, python) for name in names]
    done = tuple(
        making.publish(client, one, public=public, notes=notes, reporter=session.reporter)
        for one in plans
    )
    return Answer(Libraries(done), _view_libraries)


def _target(text: str) -> Target | None:
    """Tell which competition is meant; None where neither the option nor the project says."""
    named = text.strip() or setting.read()
    return targets.find(named) if named else None


def _client(session: Session, target: Target | None) -> Client:
    return clients.connect(target, reporter=session.reporter)


def _name(text: str) -> str:
    return text or str(notebooks.chosen(None, Path()))


def _code(ran: Ran) -> Exit:
    if ran.state == "complete":
        return Exit.DONE
    return Exit.FAILED if ran.state in ("error", "cancelled") else Exit.CHECK_SAYS_NO


def _more(target: Target | None) -> str:
    """Give the option that the next command needs too."""
    return f" -c {target.text}" if target is not None and target.practice else ""


def _view_pushed(more: str, done: Pushed) -> Iterable[Block]:
    yield Title(f"{done.notebook}, version {done.version}: {done.title}")
    yield Facts(
        (
            ("cells", f"{done.cells}, without their outputs"),
            ("seen by", "you alone" if done.private else "everybody"),
            ("reads", ", ".join((*done.competitions, *done.data_sets)) or "no data"),
            ("page", done.url or "not told"),
        )
    )
    for one in done.missing:
        yield Warn(f"The site could not give it {one}.")
    for number in done.secrets:
        yield Warn(
            f"A secret may stand in cell {number}: on the site, Add-ons > Secrets keeps keys."
        )
    yield Next(f"fastcompanion kaggle notebook status {done.notebook} --wait{more}")


def _view_would(would: Would) -> Iterable[Block]:
    yield Line(
        f"{would.file} ({would.cells} cells, without outputs) would be pushed as {would.title!r}"
    )
    if would.competitions:
        yield Line(f"It would read the data of {', '.join(would.competitions)}.")


def _view_ran(more: str, ran: Ran) -> Iterable[Block]:
    yield Title(f"{ran.notebook}: {ran.state}")
    if ran.message:
        yield Warn(ran.message)
    if ran.state in ("complete", "error"):
        yield Next(f"fastcompanion kaggle notebook output {ran.notebook}{more}")


def _view_output(done: Output) -> Iterable[Block]:
    yield Title(f"{done.notebook}: {len(done.files)} files in {done.folder}")
    if done.files:
        rows = tuple((one.name, amount(one.size)) for one in done.files[:_SHOWN])
        yield Table(("file", "size"), rows)
    if len(done.files) > _SHOWN:
        yield Line(f"and {len(done.files) - _SHOWN} more", "dim")
    if done.log:
        yield Line(f"What it said while it ran: {done.log}", "dim")
    for name in done.aside:
        yield Warn(f"Your own file was set aside as {name}")
    if done.yours:
        yield Warn(f"Left as you have it: {summary(done.yours)}")


_DID = {
    "new": "is a new data set",
    "version": "has a new version",
    "same": "has these wheels already",
    "would": "would be fetched and sent",
}


def _view_libraries(done: Libraries) -> Iterable[Block]:
    for one in done.libraries:
        who = "as before" if one.private is None else "private" if one.private else "public"
        size = f": {making.sizes(one.files)}" if one.files else ""
        yield Line(f"{one.data_set} ({who}) {_DID[one.did]}{size}")
    if used := [one.use for one in done.libraries if one.use]:
        yield Line("In a notebook that reads it (push --data OWNER/NAME):")
        yield Code("\n".join(used))


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `kaggle`."""
