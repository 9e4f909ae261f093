"""`log week` and `log sync`: looking back on a week, and bringing machines together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from fastcompanion.base.errors import Exit
from fastcompanion.base.joining import Clash
from fastcompanion.commands.log_app import app
from fastcompanion.commands.options import Session, command
from fastcompanion.commands.phrases import commit_blocks
from fastcompanion.console import Answer, Block, Code, Items, Line, Next, Title, Warn
from fastcompanion.flows import editor
from fastcompanion.study.logbook import book
from fastcompanion.study.logbook import sync as syncing
from fastcompanion.study.logbook.sync import Synced
from fastcompanion.study.logbook.week import Review

_SHOWN_LINES = 40


@command(app, "week")
def week(
    session: Session,
    when: Annotated[
        str | None,
        typer.Argument(
            metavar="[WEEK]", help="E.g. lastweek or 2026-W47.", show_default="this week"
        ),
    ] = None,
    edit: Annotated[
        bool, typer.Option("--edit", "-e", help="Open it in your editor to answer.")
    ] = False,
) -> Answer:
    """Write the review of a week: its numbers, and three questions for you to answer."""
    ws = session.workspace()
    review = book.review(ws, when, dry_run=session.dry_run)
    if edit and not session.dry_run:
        editor.open_and_wait(ws, ws.root / review.file)
        review = book.review(ws, when)
    return Answer(review, _view_review)


@command(app, "sync")
def sync(session: Session) -> Answer:
    """Fetch what other machines logged, put yours on top, check the log, push."""
    done = syncing.sync(session.workspace(), reporter=session.reporter, dry_run=session.dry_run)
    return Answer(done, _view_would_sync if session.dry_run else _view_synced, _code(done))


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `log`."""


def _code(done: Synced) -> Exit:
    if done.offline:
        return Exit.MISSING
    if done.clashes or (done.checked is not None and done.checked.problems):
        return Exit.CHECK_SAYS_NO
    return Exit.FAILED if done.reason else Exit.DONE


def _view_review(review: Review) -> Iterable[Block]:
    state = "made" if review.new else "brought up to date" if review.changed else "as it was"
    yield Title(f"{review.file}: {state}")
    yield Code(review.numbers)
    open_ = tuple(question.text for question in review.questions if not question.answered)
    if open_:
        yield Line("To answer in it:")
        yield Items(open_)
        yield Next(f"fastcompanion log week {review.week} --edit")
    else:
        yield Line("All questions are answered.", "good")
    yield from commit_blocks(review.commit)


def _view_would_sync(done: Synced) -> Iterable[Block]:
    yield Line(f"As last seen, {done.remote}/{done.branch} lacks {_commits(done.pushed)} of yours.")
    if done.fetched:
        yield Line(f"It has {_commits(done.fetched)} that you lack.")


def _commits(count: int) -> str:
    return "1 commit" if count == 1 else f"{count} commits"


def _view_synced(done: Synced) -> Iterable[Block]:
    if done.fetched:
        yield Line(f"Fetched {_commits(done.fetched)} from {done.remote}.")
    if done.pushed:
        yield Line(f"Pushed {_commits(done.pushed)} to {done.remote}/{done.branch}.", "good")
    yield from _in_the_way(done)
    if done.waiting:
        one = done.waiting == 1
        waiting = "1 session is" if one else f"{done.waiting} sessions are"
        along = f"the next sync takes {'it' if one else 'them'} along"
        yield Line(f"{waiting} on this machine alone; {along}.")
    if done.left_behind:
        yield Line(f"Kept out of git by [privacy]: {', '.join(done.left_behind)}.", "dim")
    for problem in done.checked.problems if done.checked else ():
        yield Warn(f"{problem.file}:{problem.line}: {problem.reason}")
    if not (done.fetched or done.pushed or done.reason or done.offline):
        yield Line("Both sides are the same already.", "good")


def _in_the_way(done: Synced) -> Iterable[Block]:
    if done.offline:
        yield Warn(f"{done.remote} can't be reached: {done.reason}")
    elif done.reason:
        yield Warn(f"Not synced: {done.reason}.")
    for clash in done.clashes:
        yield from _clash(clash)
    if done.clashes:
        yield Line("Make the file on both machines the same, or merge it by hand:")
        yield Next("git pull --rebase", "then mend the file, git add it, git rebase --continue")


def _clash(clash: Clash) -> Iterable[Block]:
    yield Title(clash.file)
    for words, text in (("here", clash.mine), ("there", clash.theirs)):
        yield Line(f"{words}:" if text is not None else f"{words}: deleted")
        if text:
            lines = text.split("\n")
            more = ["..."] if len(lines) > _SHOWN_LINES else []
            yield Code("\n".join([*lines[:_SHOWN_LINES], *more]))
