"""`portfolio`: finished projects and posts on one page, and what would make one project great."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from fastcompanion.base.errors import Exit
from fastcompanion.commands.options import Session, command
from fastcompanion.commands.phrases import commit_blocks
from fastcompanion.console import Answer, Block, Line, Next, Title, Warn
from fastcompanion.flows import portfolio
from fastcompanion.flows.portfolio import Built, Checked
from fastcompanion.study.portfolio import Card

app = typer.Typer(
    name="portfolio",
    help="Your portfolio: finished projects and posts on one page.",
    no_args_is_help=True,
)
_MARKS = {"yes": "x", "no": " ", "not tried": "?", "not read": "?"}
_NAMES = {
    "result": "a result above the naive baseline",
    "what": "what it is, in your own words",
    "why": "why it matters",
    "failed": "what failed",
    "public": "a place where others can see it",
    "demo": "something to try",
    "tests": "tests that pass",
    "picture": "a picture",
    "licence": "a licence",
    "committed": "nothing left uncommitted",
}


@command(app, "check")
def check(
    session: Session,
    project: Annotated[str, typer.Argument(help="The project's name.", show_default="all")] = "",
    run: Annotated[
        bool, typer.Option("--run", help="Run the tests, start the app and ask it for its page.")
    ] = False,
    kernel: Annotated[
        str,
        typer.Option(
            "--kernel",
            help="The environment for that.",
            show_default="the project's .venv, else this program's",
        ),
    ] = "",
) -> Answer:
    """Say what your projects show and lack, and the one next step that is worth most."""
    checked = portfolio.check(
        session.workspace(),
        project,
        run=run and not session.dry_run,
        kernel=kernel,
        reporter=session.reporter,
    )
    lacking = any(item.state == "no" for card in checked.projects for item in card.items)
    return Answer(checked, _view_checked, int(Exit.CHECK_SAYS_NO if lacking else Exit.DONE))


@command(app, "build")
def build(session: Session) -> Answer:
    """Write portfolio.md: finished projects with their results, and your posts."""
    built = portfolio.build(session.workspace(), dry_run=session.dry_run, reporter=session.reporter)
    return Answer(built, _view_would_build if session.dry_run else _view_built)


def register(root: typer.Typer) -> None:
    """Add the group to the program."""
    root.add_typer(app, rich_help_panel="Groups")


def _view_checked(checked: Checked) -> Iterable[Block]:
    if not checked.projects:
        yield Line("No projects yet.")
        yield Next("fastcompanion project new NAME --data PATH", "a project of your own")
    for card in checked.projects:
        yield from _view_card(card)
    for one in checked.missing:
        yield Warn(f"Its folder is not there: {one}")
    advice = checked.advice
    if advice is not None:
        yield Title(f"What would help most: {checked.project}, {_NAMES[advice.kind]}")
        yield Line(f"{advice.text[:1].upper()}{advice.text[1:]}.")
        if advice.next.startswith(("fastcompanion ", "cd ", "git ")):
            yield Next(advice.next)
        elif advice.next:
            yield Line(advice.next)


def _view_card(card: Card) -> Iterable[Block]:
    yield Title(f"{card.name}: {card.shows} of {len(card.items)}")
    for item in card.items:
        style = "good" if item.state == "yes" else ""
        yield Line(f"[{_MARKS[item.state]}] {_NAMES[item.kind]}: {item.text}", style)


def _view_would_build(built: Built) -> Iterable[Block]:
    yield Line(f"Would {'write' if built.changed else 'leave as it is'}: {built.file}")
    yield from _about(built)


def _view_built(built: Built) -> Iterable[Block]:
    yield Title(f"{'Written' if built.changed else 'Nothing new in'}: {built.file}")
    yield from _about(built)
    yield from commit_blocks(built.commit)
    yield Next("fastcompanion portfolio check", "what would make a project great")


def _about(built: Built) -> Iterable[Block]:
    yield Line(f"Projects: {', '.join(built.projects) or 'none is finished yet'}")
    yield Line(f"Posts: {', '.join(built.posts) or 'none yet'}")
    for one in built.left_out:
        yield Line(f"Left out: {one}", "dim")
