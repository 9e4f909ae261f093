"""`remind`: reminders that fire, and the proof that they did."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from fastcompanion.base.errors import Exit
from fastcompanion.commands.options import Session, command
from fastcompanion.console import Answer, Block, Code, Facts, Line, Next, Title, Warn
from fastcompanion.flows import calendar_file, remind, reminding
from fastcompanion.flows.calendar_file import CalendarFile, Wish
from fastcompanion.flows.remind import Installation, Removal, Status, Tested
from fastcompanion.flows.reminding import Fired
from fastcompanion.study.reminders.records import Record

app = typer.Typer(name="remind", help="Reminders of your study slots, with the proof they arrived.")


@app.callback(invoke_without_command=True)
def _default(context: typer.Context) -> None:
    """Reminders of your study slots, with the proof they arrived."""
    if context.invoked_subcommand is None:
        context.fail("say what to do: install, status, test, fire, remove or calendar")


@command(app, "install")
def install(
    session: Session,
    backend: Annotated[
        str,
        typer.Option(
            "--backend", help="auto, systemd, cron, launchd, taskscheduler, email or ics."
        ),
    ] = "auto",
) -> Answer:
    """Let the system wake you at the slots of your plan; shows every file and command first.

    With email or ics no timer is installed: your calendar gets the slots and rings by itself.
    """
    if backend == "ics":
        return _calendar(session, None, Wish())
    if backend == "email":
        sent = calendar_file.send(
            session.workspace(), Wish(), agree=session.confirm, dry_run=session.dry_run
        )
        return Answer(sent, _view_calendar)
    installed = remind.install(
        session.workspace(),
        backend,
        agree=session.confirm,
        dry_run=session.dry_run,
        reporter=session.reporter,
    )
    return Answer(installed, _view_installed)


@command(app, "status")
def status(session: Session) -> Answer:
    """Show the next reminder, the last one and its proof, and whether the timer is armed."""
    return Answer(remind.status(session.workspace()), _view_status)


@command(app, "test")
def try_it(
    session: Session,
    wait: Annotated[
        int, typer.Option("--wait", min=1, max=3600, help="Seconds to wait for at most.")
    ] = 180,
) -> Answer:
    """Arm the system's timer for the next minute and wait for the proof that it reached you."""
    tested = remind.test(
        session.workspace(), wait=wait, dry_run=session.dry_run, reporter=session.reporter
    )
    failed = not tested.arrived and not tested.dry_run
    return Answer(tested, _view_tested, Exit.FAILED if failed else Exit.DONE)


@command(app, "fire")
def fire(
    session: Session,
    token: Annotated[
        str | None, typer.Option("--test", metavar="WORD", help="Send a test of this name.")
    ] = None,
) -> Answer:
    """Remind if a slot is due; this is what the system's timer calls, and you may at any time."""
    fired = reminding.fire(session.workspace(), token=token, dry_run=session.dry_run)
    failed = bool(fired.attempts) and not fired.arrived
    # What a timer calls says nothing when all is well: cron sends any word of it by mail.
    view = _view_nothing if session.quiet and not failed else _view_fired
    return Answer(fired, view, Exit.FAILED if failed else Exit.DONE)


@command(app, "remove")
def remove(
    session: Session,
    gone: Annotated[
        bool,
        typer.Option("--gone", help="Those of studies that were moved or deleted, instead."),
    ] = False,
) -> Answer:
    """Take the reminders out of the system again; nothing of them stays."""
    ws = None if gone else session.workspace_or_none()
    removed = remind.remove(
        ws, gone=gone, agree=session.confirm, dry_run=session.dry_run, reporter=session.reporter
    )
    return Answer(removed, _view_removed)


@command(app, "calendar")
def calendar(
    session: Session,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The file to write.", show_default=".fastcompanion/study.ics"),
    ] = None,
    weeks: Annotated[
        int, typer.Option("--weeks", min=1, max=260, help="How far it reaches.")
    ] = calendar_file.WEEKS,
    alarm: Annotated[
        int,
        typer.Option("--alarm", min=0, max=1440, help="Minutes before a slot at which it rings."),
    ] = 15,
    busy_only: Annotated[
        bool, typer.Option("--busy-only", help="Say only that you are busy; for others to see.")
    ] = False,
) -> Answer:
    """Write the slots of your plan as a calendar file (.ics) that rings by itself."""
    return _calendar(session, out, Wish(weeks, alarm, busy_only))


def _calendar(session: Session, out: Path | None, wish: Wish) -> Answer:
    written = calendar_file.write(session.workspace(), out, wish, dry_run=session.dry_run)
    return Answer(written, _view_calendar)


def register(root: typer.Typer) -> None:
    """Add the group to the program."""
    root.add_typer(app, rich_help_panel="Groups")


def _view_installed(done: Installation) -> Iterable[Block]:
    if done.dry_run:
        for act in done.acts:
            yield Line(act.what)
            if act.text:
                yield Code(act.text)
        if done.acts:
            return
    if not done.changed and done.acts:
        yield Line("Nothing was changed.")
        return
    if done.changed:
        yield Title(f"Installed: {done.name} ({done.backend})")
    else:
        yield Title(f"{done.name} ({done.backend}) is installed as it should be; nothing to do.")
    if done.armed and done.next is not None:
        yield Line(f"The timer is armed. The next slot is {done.next:%A %d %B, %H:%M %Z}.", "good")
    elif not done.armed and not done.dry_run:
        yield Warn(f"The timer is not armed: {done.why}")
    yield Next("fastcompanion remind test", "see in a minute that it reaches you")


def _view_status(seen: Status) -> Iterable[Block]:
    if not seen.installed:
        yield Line("No reminders are installed.")
        what = "remind install" if seen.next else "plan init"
        yield Next(f"fastcompanion {what}", "" if seen.next else "when do you want to study?")
    else:
        yield Title(f"{seen.name} ({seen.backend})")
        yield Facts(tuple(_facts(seen)))
        if not seen.armed:
            yield Warn(f"The system's timer is not armed: {seen.why}")
            yield Next("fastcompanion remind install")
        elif seen.stale:
            yield Warn(f"What is installed no longer fits: {seen.stale}.")
            yield Next("fastcompanion remind install")
    if seen.waiting:
        yield Warn(f"This reached nobody: {seen.waiting}")
    for name in seen.lost:
        yield Warn(f"The study of {name} is no longer there, its reminders are.")
        yield Next("fastcompanion remind remove --gone")


def _facts(seen: Status) -> Iterable[tuple[str, str]]:
    yield "next slot", f"{seen.next:%A %d %B, %H:%M %Z}" if seen.next else "none"
    words = f", by its own words: {seen.system_next}" if seen.system_next else ""
    yield "timer", f"armed{words}" if seen.armed else "not armed"
    yield "woken last", f"{seen.woken:%Y-%m-%d %H:%M}" if seen.woken else "never"
    yield "last attempt", _attempt(seen.last) if seen.last else "none"
    yield "channels", ", ".join(seen.channels)


def _attempt(record: Record) -> str:
    how = record.proof if record.arrived else f"failed: {record.cause}"
    channel = f"{record.channel}, " if record.channel else ""
    return f"{record.at:%Y-%m-%d %H:%M}, {record.kind}, {channel}{how}"


def _view_tested(tested: Tested) -> Iterable[Block]:
    if tested.dry_run:
        yield Line(f"Would arm {tested.backend} for {tested.armed_for:%H:%M:%S} and wait.")
    elif tested.arrived:
        yield Line(f"It works: {tested.channel} says {tested.proof}.", "good")
        yield Line(f"{tested.backend} woke us; all of it took {tested.seconds:g} s.")
    else:
        yield Warn(f"It did not reach you. {tested.channel or 'Cause'}: {tested.cause}")
        yield Next("fastcompanion doctor reminders")


def _view_fired(fired: Fired) -> Iterable[Block]:
    if fired.kind == "silent":
        yield Line(f"Nothing to say: {fired.reason}.")
        return
    yield Title(fired.text)
    for one in fired.attempts:
        yield Line(f"{one.channel}: {one.outcome} ({one.proof or one.cause})")
    if fired.attempts and not fired.arrived:
        yield Warn("It reached nobody; your next command at a terminal shows it.")


def _view_nothing(fired: Fired) -> Iterable[Block]:
    del fired
    return ()


def _view_removed(done: Removal) -> Iterable[Block]:
    if not done.names:
        yield Line("There are no reminders to remove.")
    elif done.dry_run:
        yield from (Line(act.what) for act in done.acts)
    elif done.changed:
        yield Title(f"Removed: {', '.join(done.names)}")
    else:
        yield Line("Nothing was changed.")


def _view_calendar(done: CalendarFile) -> Iterable[Block]:
    times = f"{done.slots} slots from {done.first} to {done.last}"
    if done.delivery is not None:
        yield Title(f"Sent: {times}")
        yield Line(done.delivery.proof)
        yield Line("Open the attachment and add it to your calendar: it rings before each slot.")
        return
    would = "Would be written" if done.dry_run else "Written"
    yield Title(f"{would}: {times}" + (f", in {done.file}" if done.file else ""))
    if done.cancelled:
        yield Line(f"{done.cancelled} slots that an older file had are cancelled in it.")
    if not done.dry_run:
        yield Line("Import it into your calendar; write and import it again when the plan changed.")
    if not done.busy_only:
        yield Line("Whoever can read it knows when you are busy, and with what.", "dim")
