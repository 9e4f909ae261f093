"""`env`: the learner's kernels: create, list, use, show, remove."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.commands import completing
from fastcompanion.commands.budgets import CellTimeoutOption, limits_of
from fastcompanion.commands.options import Session, command
from fastcompanion.console import Answer, Block, Facts, Line, Next, Table, Title, Warn
from fastcompanion.course.environments import create as creation
from fastcompanion.course.environments import manage
from fastcompanion.course.environments.build import Approve, Plan
from fastcompanion.course.environments.manage import Details, Listing, Removed, Summary, Used
from fastcompanion.course.environments.request import Report, Request, report, words_of
from fastcompanion.course.environments.sizes import human

app = typer.Typer(
    name="env", help="Environments that run a course's notebooks.", no_args_is_help=True
)
EnvironmentName = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="The environment's name.", autocompletion=completing.environments
    ),
]


def register(root: typer.Typer) -> None:
    """Add the group to the program."""
    root.add_typer(app, rich_help_panel="Groups")


@command(app, "create")
def create(
    session: Session,
    name: Annotated[
        str | None,
        typer.Argument(help="A name for it.", show_default="named after what it is for"),
    ] = None,
    packages: Annotated[
        list[str] | None, typer.Option("--packages", "-p", help="What to install; repeatable.")
    ] = None,
    made_for: Annotated[
        str | None, typer.Option("--for", help="A course or a lesson: install what it imports.")
    ] = None,
    notebook: Annotated[
        str | None,
        typer.Option("--notebook", "-n", help="One of its notebooks.", show_default="first"),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", help="The packages of a day: a date, or `lesson` for its last change."
        ),
    ] = None,
    minimal: Annotated[
        bool, typer.Option("--minimal", help="Today's packages; move back only what breaks it.")
    ] = False,
    python: Annotated[
        str | None, typer.Option("--python", help="A Python version like 3.10, or a program.")
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", help="What to show beside the notebook; repeatable."),
    ] = None,
    cell_timeout: CellTimeoutOption = None,
    budget: Annotated[
        int | None, typer.Option("--budget", min=1, help="Seconds for a whole run.")
    ] = None,
) -> Answer:
    """Create an environment; sizes are said first, and nothing is downloaded without your yes.

    --as-of lesson gives the packages of the day the notebook was last changed, --minimal moves
    back only what breaks it; both then run the notebook.
    """
    request = Request(
        name=name,
        packages=tuple(word for one in packages or () for word in one.replace(",", " ").split()),
        made_for=made_for,
        notebook=notebook,
        as_of=as_of,
        minimal=minimal,
        python=python,
        dry_run=session.dry_run,
        data=tuple(data or ()),
        limits=limits_of(session, cell_timeout, budget),
    )
    study = session.workspace_or_none()
    made = report(creation.create(study, request, _approval(session), session.reporter))
    return Answer(made, _view_created, exit_code=_code(session, made))


def _code(session: Session, made: Report) -> int:
    if made.trial is not None and not made.trial.ok:
        return int(Exit.MISSING)
    return int(Exit.DONE if made.created or session.dry_run else Exit.FAILED)


def _approval(session: Session) -> Approve:
    def approve(plan: Plan) -> bool:
        for line in _plan_words(plan):
            session.reporter.note(line)
        if session.dry_run:
            return False
        return session.confirm(f"Download up to {human(plan.sizes.download)}?", default=True)

    return approve


def _plan_words(plan: Plan) -> Iterable[str]:
    dated = f", as of {plan.as_of}" if plan.as_of else ""
    yield f"{plan.name}: Python {plan.python}, {len(plan.lock.packages)} packages{dated}"
    size = f"To download: at most {human(plan.sizes.download)}"
    if plan.sizes.guessed:
        size += f" (estimated for {len(plan.sizes.guessed)} packages)"
    yield f"{size}; on disk about {human(plan.sizes.disk)} (estimated)"
    if plan.fetches:
        yield f"Python {plan.python} itself is fetched too, about 35 MB (estimated)"
    yield from plan.notes


def _view_created(made: Report) -> Iterable[Block]:
    yield from (Line(f"{_moves(a.moved_back)}: {a.words}", "dim") for a in made.attempts)
    if not made.created:
        yield Line("Nothing was created.", "warn")
        size = f"at most {human(made.download)} to download, about {human(made.disk)} on disk"
        yield Line(f"{made.name}: Python {made.python}, {len(made.versions)} packages, {size}")
        return
    yield Title(f"{made.name} is ready")
    pairs = (
        ("Python", made.python),
        ("as of", made.as_of),
        ("moved back", words_of(made.moved_back)),
        ("packages", str(len(made.versions))),
        ("size", human(made.size)),
        ("folder", str(made.folder)),
    )
    yield Facts(tuple((name, value) for name, value in pairs if value))
    yield from (Warn(note) for note in made.notes)
    if made.trial is not None:
        yield Line(made.trial.words, "good" if made.trial.ok else "bad")
    yield _next(made)


def _moves(moved_back: tuple[str, ...]) -> str:
    return f"with {words_of(moved_back)}" if moved_back else "with today's packages"


def _next(made: Report) -> Next:
    if made.trial is not None and made.trial.ok:
        return Next(f"fastcompanion lesson run {made.made_for} --execute --kernel {made.name}")
    course = made.made_for.partition("/")[0]
    return Next(f"fastcompanion env use {made.name} {course}".rstrip())


@command(app, "list")
def list_environments(
    session: Session,
    everything: Annotated[
        bool,
        typer.Option("--all", "-a", help="Also kernelspecs and virtual environments found here."),
    ] = False,
) -> Answer:
    """List the environments, which course uses them, and their sizes."""
    found = manage.listing(session.workspace_or_none(), everything=everything)
    return Answer(found, _view_list)


def _view_list(found: Listing) -> Iterable[Block]:
    if found.environments:
        columns = ("name", "python", "packages of", "size", "used by", "lesson ran")
        rows = tuple(
            (e.name, e.python, _packages(e), human(e.size), ", ".join(e.used_by), e.ran)
            for e in found.environments
        )
        yield Table(columns, rows)
        yield Line("Files that environments share count in each.", "dim")
    else:
        yield Line("There is no environment yet.")
        yield Next("fastcompanion env create --for COURSE")
    if found.others:
        others = tuple((o.use, o.kind, o.where) for o in found.others)
        yield Table(("env use", "kind", "where"), others, title="Also usable here")


def _packages(one: Summary) -> str:
    back = f", {len(one.moved_back)} moved back" if one.moved_back else ""
    return (one.as_of or "today") + back


@command(app, "use")
def use(
    session: Session,
    kernel: Annotated[
        str,
        typer.Argument(
            help="An environment, venv folder, interpreter or kernelspec.",
            autocompletion=completing.environments,
        ),
    ],
    course: Annotated[
        str | None,
        typer.Argument(
            help="The course.", show_default="the current one", autocompletion=completing.courses
        ),
    ] = None,
) -> Answer:
    """Choose what runs a course's notebooks."""
    used = manage.use(session.workspace(), kernel, course, dry_run=session.dry_run)
    return Answer(used, _view_used)


def _view_used(used: Used) -> Iterable[Block]:
    before = f" (before: {used.before})" if used.before and used.before != used.kernel else ""
    yield Line(f"{used.course} now runs on {used.kernel}{before}", "good")
    if used.commit is not None and not used.commit.made and used.commit.hint:
        yield Warn(f"Not committed: {used.commit.reason}")
        yield Next(used.commit.hint)


@command(app, "show")
def show(session: Session, name: EnvironmentName) -> Answer:
    """Show an environment with its versions."""
    return Answer(manage.show(session.workspace_or_none(), name), _view_details)


def _view_details(found: Details) -> Iterable[Block]:
    yield Title(found.name)
    pairs = (
        ("Python", found.python),
        ("interpreter", str(found.interpreter)),
        ("as of", found.as_of),
        ("created", found.created),
        ("made for", found.made_for),
        ("lesson ran", found.ran),
        ("moved back", ", ".join(found.moved_back)),
        ("asked for", ", ".join(found.requirements)),
        ("size", human(found.size)),
        ("downloaded", human(found.downloaded)),
        ("used by", ", ".join(found.used_by)),
    )
    yield Facts(tuple((name, value) for name, value in pairs if value))
    yield Table(("package", "version"), tuple(sorted(found.versions.items())))


@command(app, "remove")
def remove(session: Session, name: EnvironmentName) -> Answer:
    """Remove an environment and free its disk space."""
    study = session.workspace_or_none()
    users = manage.users(study, name)
    if not session.dry_run and not session.confirm(_question(name, users)):
        raise CompanionError("nothing was removed", code=Exit.FAILED)
    return Answer(manage.remove(study, name, dry_run=session.dry_run), _view_removed)


def _question(name: str, users: tuple[str, ...]) -> str:
    used = f"{', '.join(users)} uses it. " if users else ""
    return f"{used}Remove the environment {name}?"


def _view_removed(gone: Removed) -> Iterable[Block]:
    yield Line(f"{gone.name}: {human(gone.size)} in all, {human(gone.freed)} freed")
    if gone.freed < gone.size // 2:
        yield Line("The rest is shared with other environments or kept in uv's cache.", "dim")
        yield Next("uv cache clean", "when no environment is to be created again")
    if gone.used_by:
        yield Line(f"Without an environment now: {', '.join(gone.used_by)}", "warn")
