"""`blog`: posts: new, list, check, build, preview, publish, unpublish, export."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from fastcompanion.base import process
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.near import did_you_mean
from fastcompanion.commands.blog_app import app, counted
from fastcompanion.commands.options import Session, command
from fastcompanion.commands.phrases import commit_blocks
from fastcompanion.console import Answer, Block, Facts, Items, Line, Next, Table, Title, Warn
from fastcompanion.study.posts import checking, exporting, listing, publishing, writing
from fastcompanion.study.posts.checking import Checked, CheckedPost
from fastcompanion.study.posts.exporting import Exported
from fastcompanion.study.posts.findings import Finding
from fastcompanion.study.posts.listing import Listed
from fastcompanion.study.posts.publishing import Published
from fastcompanion.study.posts.writing import Written

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
        title = title or session.ask("The title of the post", "", "TITLE")
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


@command(app, "publish")
def publish(
    session: Session,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt", help="Put the blog in the place of a gh-pages branch that is not ours."
        ),
    ] = False,
) -> Answer:
    """Build the blog as it is saved, commit it to the branch gh-pages, and push that."""
    done = publishing.publish(
        session.workspace(), consent=session.confirm, adopt=adopt, dry_run=session.dry_run
    )
    if done.stopped:
        return Answer(done, _view_stopped, int(Exit.CHECK_SAYS_NO))
    if session.dry_run:
        return Answer(done, _view_would_publish)
    return Answer(done, _view_published, _code(done))


@command(app, "unpublish")
def unpublish(session: Session, post: PostArgument = None) -> Answer:
    """Take a post off the blog, or all of them; what was public stays in the branch's history."""
    done = publishing.unpublish(
        session.workspace(), post, consent=session.confirm, dry_run=session.dry_run
    )
    if session.dry_run:
        return Answer(done, _view_would_unpublish)
    return Answer(done, _view_unpublished, _code(done))


def _code(done: Published) -> int:
    """Not being able to push is something that is missing; without a remote there is nothing to push to."""
    return int(Exit.MISSING if done.agreed and done.remote and not done.pushed else Exit.DONE)


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
    if written.local:
        yield Warn(
            f"Readers do not have what it reads or names on your machine: {', '.join(written.local)}"
        )
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


_SHOWS = {
    "published": "It was published; what you changed since shows with the next: fastcompanion blog publish.",
    listing.HERE: "It is on the branch gh-pages of this machine alone: fastcompanion blog publish.",
    "not published": "Shows when it is published: fastcompanion blog publish.",
}


def _view_post(post: CheckedPost) -> Iterable[Block]:
    yield Title(post.title)
    if post.why_hidden:
        yield Line(f"Does not show: {post.why_hidden}.", "warn")
    elif post.stopped:
        yield Line(
            "Does not show: what is marked STOP has to be mended before it is published.", "bad"
        )
    else:
        yield Line(_SHOWS[post.state], "good")
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


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{max(count, 100) / 1e3:.1f} kB"


def _view_stopped(done: Published) -> Iterable[Block]:
    yield Title("Nothing was published")
    for post in done.stopped:
        yield Line(post.title)
        for one in post.findings:
            if one.severity == "stop":
                yield Line(f"{_MARKS[one.severity]}  {_place(one)}: {one.text}", "bad")
                yield Line(f"      {one.cure}", "dim")
    yield Next("fastcompanion blog check", "or say draft: true in a post that can wait")


def _view_would_publish(done: Published) -> Iterable[Block]:
    yield Title(f"Would publish {counted(done.posts)} on the branch {done.branch}")
    yield Facts(tuple(_where(done)))
    yield Table(("file", "size"), tuple((one.path, _size(one.bytes)) for one in done.files))
    yield Line(f"{len(done.files)} files, {_size(done.bytes)}")
    yield from _changes(done)


def _where(done: Published) -> Iterable[tuple[str, str]]:
    yield "address", done.url or "not known: fastcompanion config set blog.url ADDRESS"
    yield "remote", done.remote or "none: nobody else can see it"


def _changes(done: Published) -> Iterable[Block]:
    if done.added:
        yield Line(f"New: {', '.join(done.added)}")
    if done.removed:
        yield Line(f"No longer there: {', '.join(done.removed)}", "warn")
    if done.drafts:
        yield Line(f"Left out as drafts: {', '.join(done.drafts)}", "dim")
    if done.kept:
        yield Line(f"Kept on the branch, as it is not ours: {', '.join(done.kept)}", "dim")
    yield from map(Warn, done.warnings)
    if done.to_mend:
        yield Warn(f"Readers will see that something is wrong in: {', '.join(done.to_mend)}")
        yield Next("fastcompanion blog check", "says what, and the cure")


def _view_published(done: Published) -> Iterable[Block]:
    if not done.agreed:
        yield Line("Nothing was published.")
        return
    if done.pushed:
        what = "The blog was published already" if not done.changed else f"Published: {counted(done.posts)}"  # fmt: skip
        yield Title(what)
        yield Line(done.url or f"on the branch {done.branch} of {done.remote}")
    else:
        yield Title(f"On the branch {done.branch} of this machine: {counted(done.posts)}")
    yield from _changes(done)
    yield from _not_pushed(done)
    if done.pushed and done.url.endswith((".github.io/", "/")) and done.added:
        yield Line(
            "The first time: on GitHub, Settings, Pages, Deploy from a branch, gh-pages. It shows after a minute or two.",
            "dim",
        )
    yield from commit_blocks(done.study)


def _not_pushed(done: Published) -> Iterable[Block]:
    if not done.pushed:
        yield Warn(f"Not public yet: {done.reason}")
        yield Next(done.hint)


def _view_would_unpublish(done: Published) -> Iterable[Block]:
    yield Line(f"Would take off: {', '.join(done.removed) or 'nothing'}")
    yield Line(f"Would stay: {', '.join(done.posts) or 'nothing'}")
    yield Line(_HISTORY, "dim")


_HISTORY = (
    "What was public once stays in the history of the branch, in clones, in feeds and in the caches "
    "of search engines. A secret that was published has to be renewed."
)


def _view_unpublished(done: Published) -> Iterable[Block]:
    if not done.agreed:
        yield Line("Nothing was taken off.")
        return
    yield Title(f"Taken off: {', '.join(done.removed) or 'what nobody else has seen yet'}")
    if not done.pushed and done.remote:
        yield Warn(f"Still public, as it is not pushed: {done.reason}")
        yield Next(done.hint)
    yield Line(_HISTORY)
    yield Line(
        "What was taken off is a draft now, so that the next publishing leaves it out.", "dim"
    )
    yield from commit_blocks(done.study)


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `blog`."""
