"""`blog`: posts: new, list, check, publish, unpublish, export."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from fastcompanion.base import process
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.near import did_you_mean
from fastcompanion.commands.options import Session, command
from fastcompanion.console import Answer, Block, Items, Line, Next, Table, Title, Warn
from fastcompanion.study.posts import checking, exporting, listing, writing
from fastcompanion.study.posts.checking import Checked, CheckedPost
from fastcompanion.study.posts.exporting import Exported
from fastcompanion.study.posts.findings import Finding
from fastcompanion.study.posts.listing import Listed
from fastcompanion.study.posts.writing import Written

app = typer.Typer(
    name="blog",
    help="Posts: write them, look at them, publish them.",
    no_args_is_help=True,
)

PostArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[POST]", help="The post: its folder, or the start of its name.", show_default="all"
    ),
]


@command(app, "new")
def new(
    session: Session,
    title: Annotated[str, typer.Argument(help="The title.", show_default="of the source")] = "",
    week: Annotated[
        str, typer.Option("--from-log", metavar="WEEK", help="2026-W47, this or last.")
    ] = "",
    notebook: Annotated[
        Path | None, typer.Option("--from-notebook", help="Outputs come along as they were saved.")
    ] = None,
) -> Answer:
    """Begin a post: empty, with a week of your log as material, or from a notebook."""
    study, dry = session.workspace(), session.dry_run
    if week and notebook is not None:
        raise CompanionError(
            "a post comes from the log or from a notebook, not from both", code=Exit.USAGE
        )
    if week:
        written = writing.from_log(study, week, title, dry_run=dry)
    elif notebook is not None:
        written = writing.from_notebook(study, notebook, title, dry_run=dry)
    else:
        title = title or session.ask("What is the title?", "", "TITLE")
        written = writing.new(study, title, dry_run=dry)
    return Answer(written, _view_would_write if dry else _view_written)


@command(app, "list")
def show_list(session: Session) -> Answer:
    """List your posts, newest first, and say which are published."""
    return Answer(listing.listed(session.workspace()), _view_list)


@command(app, "check")
def check(session: Session, post: PostArgument = None) -> Answer:
    """Say why a post does not show, what is broken in it, and what would tell too much."""
    checked = checking.check(session.workspace(), post)
    code = Exit.DONE if checked.passed else Exit.CHECK_SAYS_NO
    return Answer(checked, _view_checked, int(code))


@command(app, "export")
def export(
    session: Session,
    folder: Annotated[Path, typer.Argument(help="A folder that is empty or not there yet.")],
    system: Annotated[
        str,
        typer.Option("--to", metavar="SYSTEM", help="quarto, jekyll or hugo.", show_default=False),
    ],
) -> Answer:
    """Write all posts as a small site of Quarto, Jekyll or Hugo, to go on with there."""
    if system.lower() not in exporting.SYSTEMS:
        raise CompanionError(
            f"there is no export to {system!r}{did_you_mean(system.lower(), exporting.SYSTEMS)}",
            hint=f"--to with one of: {', '.join(exporting.SYSTEMS)}",
            code=Exit.USAGE,
        )
    exported = exporting.export(
        session.workspace(), system.lower(), folder, dry_run=session.dry_run
    )
    return Answer(exported, _view_would_export if session.dry_run else _view_exported)


def register(root: typer.Typer) -> None:
    """Add the group to the program."""
    root.add_typer(app, rich_help_panel="Groups")


def _view_would_write(written: Written) -> Iterable[Block]:
    yield Line(f"Would write {written.file}: {written.title}")
    yield from _about_source(written)


def _view_written(written: Written) -> Iterable[Block]:
    yield Title(written.title)
    yield Line(f"Written: {written.file}")
    yield from _about_source(written)
    yield Line("It is a draft until its front matter says draft: false.", "dim")
    yield Next("fastcompanion blog preview", "to see it while you write")
    yield Next(f"fastcompanion blog check {written.slug}", "before it is published")


def _about_source(written: Written) -> Iterable[Block]:
    if written.copied:
        count = "1 picture" if len(written.copied) == 1 else f"{len(written.copied)} pictures"
        yield Line(f"{count} copied: {', '.join(one.target for one in written.copied)}")
    for one in written.missing:
        yield Warn(f"The notebook shows a picture that is not there: {one}")
    if written.course_text:
        yield Warn(
            "This is your copy of a course's notebook: its text may not be yours to publish. Keep what you wrote."
        )


def _view_list(listed: Listed) -> Iterable[Block]:
    if not listed.posts and not listed.problems:
        yield Line("No posts yet.")
        yield Next('fastcompanion blog new "What I learned"')
        return
    rows = tuple((one.date, one.title, one.state, one.slug) for one in listed.posts)
    if rows:
        yield Table(("date", "title", "state", "name"), rows)
    for problem in listed.problems:
        where = problem.file + (f":{problem.line}" if problem.line else "")
        yield Warn(f"{where}: {problem.text}")


_MARKS = {"stop": "STOP", "mend": "mend", "note": "note"}


def _view_checked(checked: Checked) -> Iterable[Block]:
    if not checked.posts:
        yield Line("No posts yet.")
        yield Next('fastcompanion blog new "What I learned"')
    for post in checked.posts:
        yield from _view_post(post)


def _view_post(post: CheckedPost) -> Iterable[Block]:
    yield Title(post.title)
    if post.why_hidden:
        yield Line(f"Does not show: {post.why_hidden}.", "warn")
    elif post.stopped:
        yield Line(
            "Does not show: what is marked STOP has to be mended before it is published.", "bad"
        )
    else:
        yield Line("Shows when it is published.", "good")
    for one in post.findings:
        yield Line(f"{_MARKS[one.severity]}  {_place(one)}: {one.text}", _STYLES[one.severity])
        yield Line(f"      {one.cure}", "dim")


_STYLES = {"stop": "bad", "mend": "warn", "note": ""}


def _place(one: Finding) -> str:
    cell = f", cell {one.cell}" if one.cell else ""
    line = f", line {one.line}" if one.cell and one.line else ""
    return f"{one.file}{cell}{line}" if cell else one.file + (f":{one.line}" if one.line else "")


def _view_would_export(exported: Exported) -> Iterable[Block]:
    yield Line(f"Would write {len(exported.files)} files to {exported.folder}:")
    yield Items(exported.files)
    yield from map(Warn, exported.problems)


def _view_exported(exported: Exported) -> Iterable[Block]:
    count = "1 post" if len(exported.posts) == 1 else f"{len(exported.posts)} posts"
    yield Title(f"{count} exported to {exported.system.capitalize()}")
    yield Line(f"{len(exported.files)} files in {exported.folder}")
    yield from map(Warn, exported.problems)
    yield Next(f"cd {process.shown([str(exported.folder)])} && {exported.build}")
