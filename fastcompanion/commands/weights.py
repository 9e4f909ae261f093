"""`weights`: pretrained weights: what is here, adding a file, fetching on a machine with a network."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.process import shown
from fastcompanion.commands.options import Session, command
from fastcompanion.console import Answer, Block, Facts, Line, Next, Table, Title, Warn
from fastcompanion.project import weights
from fastcompanion.project.place import Project
from fastcompanion.project.weights import Looked, Put

app = typer.Typer(
    name="weights",
    help="Pretrained weights: found, verified, fetched and carried over.",
    no_args_is_help=True,
)

ProjectPath = Annotated[
    Path | None,
    typer.Option("--project", help="A project's folder.", show_default="found upward"),
]
WeightsName = Annotated[
    str, typer.Argument(metavar="NAME", help="The architecture, e.g. resnet18.")
]


@command(app, "list")
def show(session: Session, project: ProjectPath = None) -> Answer:
    """Show which pretrained weights are on this machine, and where; each file is verified."""
    return Answer({"weights": _told(weights.every(_project(project)))}, _list)


@command(app, "check")
def check(session: Session, project: ProjectPath = None) -> Answer:
    """Verify the files that are here: length, digest, header. Exit code 4 where one is broken."""
    found = weights.every(_project(project))
    code = Exit.CHECK_SAYS_NO if any(one.broken for one in found) else Exit.DONE
    return Answer({"weights": _told(found)}, _check, int(code))


@command(app, "add")
def add(
    session: Session,
    file: Annotated[Path, typer.Argument(help="The file that was carried here.")],
    name: Annotated[
        str,
        typer.Option("--name", help="Its architecture.", show_default="read from the file's name"),
    ] = "",
    project: ProjectPath = None,
) -> Answer:
    """Put a file of weights where projects look, after verifying it: into the project, else for all."""
    put = weights.add(file, name, _project(project), dry_run=session.dry_run)
    return Answer(put, _would_put if session.dry_run else _put)


@command(app, "fetch")
def fetch(
    session: Session,
    name: WeightsName,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="The folder it goes to.", show_default="where projects look"),
    ] = None,
    project: ProjectPath = None,
) -> Answer:
    """Fetch weights, verified, for this machine or to be carried to another; goes on where it ended."""
    folder = to or weights.home_of(_project(project))
    if session.dry_run:
        chosen = weights.named(name)
        return Answer(chosen, lambda one: [Line(f"{one.url} would go to {folder / one.file}.")])
    base = str(session.settings().get("weights.url"))
    put = weights.fetch(name, folder, base=base, reporter=session.reporter)
    return Answer(put, _carried if to is not None else _put)


def register(root: typer.Typer) -> None:
    """Add the group to the program."""
    root.add_typer(app, rich_help_panel="Groups")


def _project(given: Path | None) -> Project | None:
    """Find the project that was named, or that we are in; there need not be one."""
    try:
        return Project.find(given)
    except CompanionError as error:
        if error.code is Exit.NOT_SET_UP and given is None:
            return None
        raise


def _told(found: Iterable[Looked]) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "file": one.file,
            "mib": one.mib,
            "path": one.path,
            "places": [{"path": place.path, "wrong": place.wrong} for place in one.places],
        }
        for one in found
    ]


def _list(told: dict[str, Any]) -> Iterable[Block]:
    yield Title("Pretrained weights")
    rows = []
    for one in told["weights"]:
        broken = [place["path"] for place in one["places"] if _broken(place)]
        where = str(one["path"]) if one["path"] else "not here"
        size = f"{one['mib']:.0f} MiB" if one["mib"] else ""
        rows.append((one["name"], one["file"], size, f"broken: {broken[0]}" if broken and not one["path"] else where))  # fmt: skip
    yield Table(("name", "file", "size", "where"), tuple(rows))
    missing = next((one["name"] for one in told["weights"] if not one["path"]), "")
    if missing:
        yield Next(f"fastcompanion weights fetch {missing}", "on a machine with a network; --to a folder to carry it over")  # fmt: skip


def _broken(place: dict[str, Any]) -> bool:
    return place["wrong"] not in ("", "not there")


def _check(told: dict[str, Any]) -> Iterable[Block]:
    whole = 0
    for one in told["weights"]:
        for place in one["places"]:
            if _broken(place):
                yield Warn(f"{place['path']}: {place['wrong']}")
                yield Next(
                    f"fastcompanion weights fetch {one['name']}", "and it is put in its place"
                )
            whole += place["wrong"] == ""
    if not any(place["wrong"] != "not there" for one in told["weights"] for place in one["places"]):
        yield Line("No pretrained weights are on this machine: there is nothing to verify.")
        yield Next("fastcompanion weights list")
        return
    yield Line(f"{whole} file{'' if whole == 1 else 's'} verified.", "good" if whole else "")


def _put(put: Put) -> Iterable[Block]:
    yield Line("It was there already, and is whole." if put.was_there else "It is there, verified.", "good")  # fmt: skip
    yield Facts((("name", put.name), ("file", str(put.path)), ("size", f"{put.mib} MiB")))


def _would_put(put: Put) -> Iterable[Block]:
    there = "It is there already, and is whole" if put.was_there else "It would go to"
    yield Line(f"{there}: {put.path}.")


def _carried(put: Put) -> Iterable[Block]:
    yield from _put(put)
    yield Next(shown(["fastcompanion", "weights", "add", str(put.path)]), "where there is no network, with the file as it lies there")  # fmt: skip
