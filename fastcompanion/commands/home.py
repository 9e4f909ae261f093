"""The daily words init, next, start and stop."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from fastcompanion import console
from fastcompanion.base.workspace import absolute
from fastcompanion.commands.options import LessonArgument, Session, command
from fastcompanion.commands.phrases import commit_blocks, duration, entry_words
from fastcompanion.console import Answer, Block, Facts, Items, Line, Next, Title, Warn
from fastcompanion.flows import advance, overview
from fastcompanion.flows import begin as beginning
from fastcompanion.flows import session as sessions
from fastcompanion.flows.advance import Proposal
from fastcompanion.flows.begin import Begun
from fastcompanion.flows.ending import Ask
from fastcompanion.flows.session import Cancelled, Started
from fastcompanion.study.journal import Logged

_PANEL = "Every day"

NoOpen = Annotated[
    bool, typer.Option("--no-open", help="Make the notebook and start the timer; open nothing.")
]


def init(
    session: Session,
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where the study is to be.", show_default="here")
    ] = Path(),
    name: Annotated[str | None, typer.Option("--name", help="What the study is called.")] = None,
    course: Annotated[
        str | None,
        typer.Option("--course", help="A course's name, address or folder; none for none."),
    ] = None,
    nested: Annotated[
        bool, typer.Option("--nested", help="Make it inside another git repository all the same.")
    ] = False,
) -> Answer:
    """Make your study: a folder in git for all you do in a course."""
    place = absolute(folder)
    named = name if name is not None else session.ask("Name of your study", place.name, "--name")
    wanted = course
    if wanted is None:
        question = "Course (foundations works offline; fastai-p1 is fast.ai part 1; none)"
        wanted = session.ask(question, "foundations", "--course")
    begun = beginning.begin(
        place,
        name=named,
        course=wanted,
        agree=session.confirm,
        nested=nested,
        dry_run=session.dry_run,
        reporter=session.reporter,
    )
    return Answer(begun, _view_begun)


def next_(
    session: Session,
    minutes: Annotated[
        int | None,
        typer.Option(
            "--minutes",
            "-m",
            min=1,
            max=1440,
            help="Today's session, cut to this time: cards, a section from memory, the next step.",
            show_default="your plan's, when it is time for it",
        ),
    ] = None,
    no_open: NoOpen = False,
) -> Answer:
    """Show the next step and, if you want, do it."""
    ws = session.workspace()
    length = minutes or advance.minutes_now(ws)
    if length is not None:
        return _today(session, length, no_open=no_open)
    done = advance.take_next_step(
        ws,
        agree=lambda question: (session.yes or session.can_ask) and session.confirm(question),
        open_it=not no_open and session.can_ask,
        dry_run=session.dry_run,
        reporter=session.reporter,
    )
    return Answer(done, _view_proposal)


def _today(session: Session, minutes: int, *, no_open: bool) -> Answer:
    """Go through today's session; its views come with it, as most starts need neither."""
    views = import_module("fastcompanion.commands.today_view")
    asks = session.yes or session.can_ask
    done = advance.take_session(
        session.workspace(),
        minutes,
        show=lambda today: console.show_line(None, views.listed(today)),
        agree=lambda question: session.confirm(question, default=True),
        talk=lambda: import_module("fastcompanion.commands.review").Terminal(),
        open_it=not no_open and session.can_ask,
        only_list=session.dry_run or session.json or not asks,
        reporter=session.reporter,
    )
    return Answer(done, views.view)


def start(
    session: Session,
    lesson: LessonArgument = None,
    no_open: NoOpen = False,
    switch: Annotated[
        bool, typer.Option("--switch", help="Stop the session that is running first.")
    ] = False,
) -> Answer:
    """Open a lesson at its current step and start the timer."""
    can_say_yes = switch or session.yes
    started = sessions.start(
        session.workspace(),
        lesson,
        open_it=not no_open and session.can_ask,
        dry_run=session.dry_run,
        reporter=session.reporter,
        switch=lambda question: can_say_yes or (session.can_ask and session.confirm(question)),
        ask=_asking(session),
    )
    return Answer(started, _view_started)


def _asking(session: Session) -> Ask | None:
    """Give the question after a forgotten timer, None where nobody can be asked."""
    if not session.can_ask or session.yes:
        return None

    def ask(ran: int, planned: int) -> str:
        question = f"Really {duration(ran)}? Say how long it was, or yes"
        return session.ask(question, duration(planned), "--minutes")

    return ask


def stop(
    session: Session,
    note: Annotated[
        str | None, typer.Option("--note", "-n", help="What you did, in short.")
    ] = None,
    at: Annotated[str | None, typer.Option("--at", help="When it ended, e.g. 21:15.")] = None,
    ago: Annotated[int | None, typer.Option("--ago", min=0, help="Minutes since it ended.")] = None,
    minutes: Annotated[
        int | None, typer.Option("--minutes", "-m", min=1, max=1440, help="How long it was.")
    ] = None,
) -> Answer:
    """End the session: log it and commit your work of it."""
    ws = session.workspace()
    if note is None and session.can_ask and overview.running(ws) is not None:
        # A wrong time is refused before the note is typed, or the note would be lost.
        sessions.stop(ws, note=None, at=at, ago=ago, minutes=minutes, dry_run=True)
        note = session.ask("What did you do? One line for the log", "", "--note")
    logged = sessions.stop(
        ws,
        note=note,
        at=at,
        ago=ago,
        minutes=minutes,
        ask=_asking(session),
        dry_run=session.dry_run,
    )
    return Answer(logged, _view_would_stop if session.dry_run else _view_stopped)


def cancel(session: Session) -> Answer:
    """Give up the session: its timer is forgotten."""
    cancelled = sessions.cancel(session.workspace(), dry_run=session.dry_run)
    return Answer(cancelled, _view_cancelled)


def register(root: typer.Typer) -> None:
    """Add the daily words to the program."""
    words = (("init", init), ("next", next_), ("start", start), ("stop", stop))
    for name, function in words:
        command(root, name, rich_help_panel=_PANEL)(function)
    command(root, "cancel", rich_help_panel="More")(cancel)


def _view_begun(begun: Begun) -> Iterable[Block]:
    would = "would be " if begun.dry_run else ""
    fresh = begun.files_created or begun.new_repository
    yield Title(f"Study {'to make' if begun.dry_run else 'ready'}: {begun.folder}")
    if not fresh and not begun.files_extended:
        yield Line("It was there already; nothing was changed.")
    if begun.new_repository:
        yield Line(f"A git repository {would or 'was '}made.")
    for names, words in (
        (begun.files_created, "written"),
        (begun.files_extended, "extended"),
        (begun.files_kept, "kept as it is"),
    ):
        if names:
            yield Line(f"{', '.join(names)}: {would}{words}")
    if begun.course:
        state = "to add" if begun.dry_run else "added" if begun.course_is_new else "there already"
        yield Line(f"Course {begun.course}: {state}")
    yield from commit_blocks(begun.commit)
    if not begun.dry_run:
        yield Next(begun.next_command)


def _view_started(started: Started) -> Iterable[Block]:
    since = f"{started.started:%H:%M}"
    if started.stopped is not None:
        yield from _stopped(started.stopped)
    if started.already_running:
        yield Title(f"The session on {started.lesson} is running since {since}: {started.title}")
    else:
        yield Title(f"{started.lesson} {started.title}: the timer runs since {since}")
    if started.next is None:
        yield Line("You have finished this lesson; this is for the pleasure of it.", "good")
    else:
        yield Line(f"{started.next.step}: {started.next.what}.")
    if started.goals:
        yield Items(started.goals)
    if started.links and started.step == "watch":
        yield Facts(tuple((link.title, link.url) for link in started.links))
    if started.notebook:
        new = "made now" if started.notebook_is_new else "as you left it"
        opened = f", opened with {started.opened_with}" if started.opened_with else ""
        yield Line(f"Notebook: {started.notebook} ({new}{opened})")
    yield from (Next(way.command, way.why) for way in started.ways)


def _view_would_stop(logged: Logged) -> Iterable[Block]:
    yield Title(f"Would stop: {entry_words(logged.entry)}")
    yield Line(f"It would be logged in {logged.file}.")


def _view_stopped(logged: Logged) -> Iterable[Block]:
    yield from _stopped(logged)
    yield Next("fastcompanion status")


def _stopped(logged: Logged) -> Iterable[Block]:
    yield Title(f"Stopped: {entry_words(logged.entry)}")
    yield Line(f"Logged in {logged.file}.")
    if logged.entry.guessed:
        yield Warn("The timer ran much longer than planned, so this is a guess.")
        yield Next(f"fastcompanion log edit {logged.entry.id} --minutes 45", "if it was otherwise")
    yield from commit_blocks(logged.commit)


def _view_cancelled(cancelled: Cancelled) -> Iterable[Block]:
    what = cancelled.lesson or "the session"
    yield Title(f"Cancelled: {what}, {duration(cancelled.minutes)} that are not logged")
    yield Line("Your files stay as they are.")
    yield Next(cancelled.log_it, "if it counts after all")


def _view_proposal(proposal: Proposal) -> Iterable[Block]:
    step = proposal.next
    if step is None:
        yield Line("Everything is done in the courses of this study.", "good")
        yield Next("fastcompanion course list --catalogue", "choose the next course")
    elif proposal.started is not None:
        yield from _view_started(proposal.started)
    else:
        yield Title(f"{step.lesson} {step.title}")
        yield Line(f"{step.step}: {step.what}.")
        yield Next(step.command)
        if proposal.after is not None:
            yield Next(proposal.after.command, f"or go on with {proposal.after.title}")
