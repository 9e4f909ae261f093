"""`kaggle practice`: a competition on this machine, for the real kaggle client."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from fastcompanion import console
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.process import shown as spelled
from fastcompanion.base.records import frozen
from fastcompanion.commands import data as looking
from fastcompanion.commands import kaggle_app
from fastcompanion.commands.data import KindOption, TargetOption
from fastcompanion.commands.options import Session, command
from fastcompanion.competition.practice import making, notebooks, running, server, standing
from fastcompanion.competition.practice.making import Made
from fastcompanion.competition.practice.notebooks import Kept
from fastcompanion.competition.practice.place import chosen as places_of
from fastcompanion.competition.practice.server import Live
from fastcompanion.competition.practice.standing import Standing
from fastcompanion.console import Answer, Block, Facts, Line, Next, Table, Title, Warn
from fastcompanion.flows import practising

_SHOWN = 12
app = typer.Typer(
    name="kaggle practice",
    help="A practice competition on this machine: hidden labels, a daily limit, a leaderboard.",
    no_args_is_help=True,
)
kaggle_app.app.add_typer(app, name="practice")

SlugArgument = Annotated[
    str, typer.Argument(metavar="[SLUG]", help="Its name.", show_default="the one made last")
]


@frozen
class Started:
    """A server that has started."""

    slug: str
    url: str
    accepted: bool
    background: bool = False
    already: bool = False


@frozen
class Stopped:
    """A server that was asked to end; `ended` is False where none ran."""

    slug: str
    ended: bool
    dry_run: bool = False


@command(app, "new")
def new(
    session: Session,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from", help="A labelled table, or a folder of labelled files.", metavar="DATA"
        ),
    ] = None,
    demo: Annotated[
        str, typer.Option("--demo", help="Made-up data instead, as of project new: class, number.")
    ] = "",
    name: Annotated[
        str, typer.Option("--name", metavar="SLUG", help="Its name.", show_default="of the data")
    ] = "",
    target: TargetOption = "",
    kind: KindOption = "",
    metric: Annotated[
        str, typer.Option("--metric", help="What it is scored by.", show_default="that of the kind")
    ] = "",
    daily: Annotated[
        int, typer.Option("--daily", min=0, max=1000, help="Submissions a day; 0: any number.")
    ] = 5,
) -> Answer:
    """Make a competition of your own labelled data: some rows are hidden, and you predict them."""
    if source is None:
        if target or kind:
            told = "made-up data have a target and a kind of their own"
            raise CompanionError(told, hint="Leave --target and --kind out.", code=Exit.USAGE)
        made = practising.new_of_demo(
            demo, name=name, metric=metric, daily=daily, dry_run=session.dry_run
        )
        return Answer(made, _view_made)
    if demo:
        raise CompanionError(
            "give either data or a demo", hint="Leave --from out.", code=Exit.USAGE
        )
    seen = looking.looked_at(session, source, target, kind, closely=False)
    made = making.new(
        source, seen, name=name, metric=metric, daily=daily, dry_run=session.dry_run,
        reporter=session.reporter,
    )  # fmt: skip
    return Answer(made, _view_made)


@command(app, "start")
def start(
    session: Session,
    slug: SlugArgument = "",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="The port.", show_default="a free one")
    ] = 0,
    accept: Annotated[
        bool, typer.Option("--accept-rules", help="Accept the rules without their page.")
    ] = False,
    background: Annotated[
        bool, typer.Option("--background", help="Give the terminal back; practice stop ends it.")
    ] = False,
) -> Answer | None:
    """Serve a competition on this machine, with its pages, until Ctrl-C."""
    place = places_of(slug)
    if session.dry_run:
        return Answer(standing.standing(place), _view_standing)
    if (listening := standing.listening(place)) is not None and port in (0, listening.port):
        # Whoever asks for it has it.
        if accept:
            standing.accept(place)
        told = standing.standing(place)
        there = Started(told.slug, told.url, told.accepted, background=True, already=True)
        return Answer(there, _view_started)
    if background:
        server.leave_running(place, port=port, accept=accept)
        told = standing.standing(place)
        left = Started(told.slug, told.url, told.accepted, background)
        return Answer(left, _view_started)
    # Ctrl-C is the end of it, also in the moment in which the line is shown.
    with suppress(KeyboardInterrupt), server.serving(place, port=port) as live:
        if accept:
            live.protocol.accept()
        started = _started(live)
        console.show_line(started, _view_started(started))
        if not live.wait():
            raise CompanionError(
                f"{place.folder}: was deleted or replaced while it was served, so the server ended"
            )
    return None


@command(app, "stop")
def stop(session: Session, slug: SlugArgument = "") -> Answer:
    """End the server of a competition that runs in the background; the competition stays."""
    place = places_of(slug)
    ended = not session.dry_run and server.stop(place)
    return Answer(Stopped(place.folder.name, ended, session.dry_run), _view_stopped)


@command(app, "status")
def status(session: Session, slug: SlugArgument = "") -> Answer:
    """Show the leaderboard, your submissions, and whether the server runs."""
    del session
    return Answer(standing.standing(places_of(slug)), _view_standing)


@command(app, "end")
def end(session: Session, slug: SlugArgument = "") -> Answer:
    """End a competition: the hidden scores are shown, and nothing can be submitted any more."""
    place = places_of(slug)
    ask = f"End {place.folder.name}? Nothing can be submitted to it afterwards."
    if not session.dry_run and not session.confirm(ask):
        return Answer(standing.standing(place), _view_standing)
    return Answer(standing.end(place, dry_run=session.dry_run), _view_standing)


@command(app, "remove")
def remove(
    session: Session,
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="Its name.", show_default=False)],
) -> Answer:
    """Remove a competition of this machine with everything that was submitted to it."""
    place = places_of(slug)
    standing.refuse_served(place)
    ask = f"Remove {place.folder}, with all its submissions?"
    removed = not session.dry_run and session.confirm(ask)
    if removed:
        standing.remove(place)
    return Answer(Removed(slug, str(place.folder), removed), _view_removed)


@frozen
class Removed:
    """A competition that was removed; `removed` is False where it was only looked at."""

    slug: str
    folder: str
    removed: bool


@command(app, "run")
def run(
    session: Session,
    argv: Annotated[
        list[str],
        typer.Argument(metavar="-- kaggle ...", help="The command, behind --.", show_default=False),
    ],
    slug: Annotated[
        str, typer.Option("--name", metavar="SLUG", help="Of which.", show_default="the last")
    ] = "",
) -> Answer | None:
    """Run the real kaggle client against the practice server; it can reach nothing else.

    Your own credentials are not there for it. Its output is its own; with --json a line follows it.
    """
    place = places_of(slug)
    if session.dry_run:
        would = Would(tuple(argv), place.folder.name)
        return Answer(would, _view_would)
    ran = Ran(tuple(argv), place.folder.name, running.run(argv, place))
    return Answer(ran, lambda data: (), ran.exit_code)


@command(app, "notebook")
def notebook(
    session: Session,
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="A pushed one.", show_default="lists them")
    ] = "",
    state: Annotated[
        str, typer.Option("--state", help=f"How it did: {', '.join(notebooks.STATES)}.")
    ] = "",
    outputs: Annotated[
        list[Path] | None,
        typer.Option("--output", metavar="FILE", help="A file that it left; may come again."),
    ] = None,
    failure: Annotated[str, typer.Option("--failure", help="What it failed with.")] = "",
    slug: Annotated[
        str, typer.Option("--name", metavar="SLUG", help="Of which.", show_default="the last")
    ] = "",
) -> Answer:
    """List the notebooks that were pushed, or say how one did: they are kept and never run.

    What it says is what the client is told, and a competition of notebooks takes its files.
    """
    folder = places_of(slug).notebooks
    chosen = bool(state or outputs or failure)
    if name and chosen and not session.dry_run:
        told = notebooks.choose(
            folder, name, state=state, failure=failure, outputs=tuple(outputs or ())
        )
        return Answer(Pushed((told,)), _view_pushed)
    if chosen and not name:
        raise CompanionError("of which notebook?", hint="Name it first.", code=Exit.USAGE)
    return Answer(Pushed(notebooks.pushed(folder)), _view_pushed)


@frozen
class Pushed:
    """The notebooks that were pushed to a practice competition."""

    notebooks: tuple[Kept, ...]


@frozen
class Would:
    """What would be run, against which competition."""

    argv: tuple[str, ...]
    slug: str


@frozen
class Ran:
    """What was run, against which competition, and how it ended."""

    argv: tuple[str, ...]
    slug: str
    exit_code: int


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `kaggle`."""


def _started(live: Live) -> Started:
    return Started(live.competition.slug, live.url, live.journal.state().accepted)


def _view_would(would: Would) -> Iterable[Block]:
    yield Line(f"{spelled(would.argv)}, against {would.slug}")


def _view_made(made: Made) -> Iterable[Block]:
    told = made.competition
    yield Title(f"{told.title} ({told.slug})")
    yield Facts(
        (
            ("to predict", f"{told.target}: {told.about}"),
            ("scored by", f"{told.metric}, {told.direction} is better"),
            ("rows", f"{told.train_rows} to learn from, {told.test_rows} hidden"),
            ("leaderboard", f"goes by {told.public_rows} of the hidden rows until the end"),
            ("opponents", ", ".join(made.opponents)),
            ("a day", f"{told.daily} submissions" if told.daily else "any number of submissions"),
            ("how", told.split),
        )
    )
    yield Line(f"Its files and the hidden labels lie in {made.folder}.", "dim")
    yield Next(f"fastcompanion kaggle practice start {told.slug}", "and keep that terminal open")


def _view_removed(told: Removed) -> Iterable[Block]:
    what = "is removed" if told.removed else "stays"
    yield Line(f"{told.slug} {what}: {told.folder}")


def _view_pushed(pushed: Pushed) -> Iterable[Block]:
    if not pushed.notebooks:
        yield Line("No notebook was pushed yet.", "dim")
        return
    rows = tuple(
        (one.name, str(one.versions), one.state, ", ".join(one.outputs) or "-")
        for one in pushed.notebooks
    )
    yield Table(("notebook", "versions", "state", "files"), rows)


def _view_started(started: Started) -> Iterable[Block]:
    already = " already" if started.already else ""
    yield Title(f"{started.slug} is served{already} at {started.url}")
    if not started.accepted:
        yield Line(f"Read and accept the rules first: {started.url}/rules")
    yield Next(
        f"fastcompanion kaggle download practice/{started.slug}",
        "" if started.background else "in another terminal",
    )
    end = "fastcompanion kaggle practice stop" if started.background else "Ctrl-C"
    yield Line(f"{end} ends the server; the competition stays.", "dim")


def _view_stopped(stopped: Stopped) -> Iterable[Block]:
    if stopped.dry_run:
        yield Line(f"The server of {stopped.slug} would end, if there is one.")
    elif stopped.ended:
        yield Line(f"The server of {stopped.slug} has ended; the competition stays.")
    else:
        yield Line(f"No server of {stopped.slug} was running.")


def _view_standing(found: Standing) -> Iterable[Block]:
    yield Title(f"{found.title} ({found.slug})")
    if found.ended is not None:
        yield Line(f"It has ended ({found.ended:%Y-%m-%d %H:%M}): ranks go by the hidden rows.")
    elif found.url:
        yield Line(f"It is served at {found.url}.")
    is_open = found.left is not None and found.ended is None
    left = f", {found.left} left until 00:00 UTC" if is_open else ""
    yield Facts(
        (
            ("metric", f"{found.metric}, {found.direction} is better"),
            ("today", f"{found.today} submitted{left}"),
        )
    )
    yield _board(found)
    yield from _sent(found)
    if found.others:
        yield Line(f"Others on this machine: {', '.join(found.others[:_SHOWN])}", "dim")
    if found.ended is None and not found.accepted and found.url:
        yield Warn(f"The rules are not accepted yet: {found.url}/rules")
    if found.ended is None and not found.url:
        yield Next(f"fastcompanion kaggle practice start {found.slug}")


def _board(found: Standing) -> Block:
    ended = found.ended is not None
    head = ("rank", "who", "public", *(("private", "rank before") if ended else ()), "goes by")
    rows = []
    for row in found.leaderboard:
        more = (f"{row.private:.5f}", str(row.public_rank)) if row.private is not None else ()
        rows.append((str(row.rank), row.team, f"{row.public:.5f}", *more, row.about))
    return Table(head, tuple(rows))


def _sent(found: Standing) -> Iterable[Block]:
    if not found.submissions:
        yield Line("Nothing was submitted yet.", "dim")
        return
    rows = tuple(
        (
            f"{one.ref}{' *' if one.counts else ''}",
            one.file,
            one.status.lower(),
            "" if one.public is None else f"{one.public:.5f}",
            "" if one.private is None else f"{one.private:.5f}",
            one.error or one.description,
        )
        for one in found.submissions[-_SHOWN:]
    )
    yield Table(("submission", "file", "state", "public", "private", "said of it"), rows)
    yield Line("* counts for the leaderboard", "dim")
    for note in dict.fromkeys(one.note for one in found.submissions[-_SHOWN:] if one.note):
        yield Warn(note)
