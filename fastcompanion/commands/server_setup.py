"""`server setup`: a machine made ready for your notebooks, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from fastcompanion import console
from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.commands import completing
from fastcompanion.commands.options import Session, command
from fastcompanion.commands.server_app import app
from fastcompanion.commands.server_cloud import hours, minutes
from fastcompanion.console import Answer, Block, Line, Next, Raw, Table, Title, Warn
from fastcompanion.server.cloud import holding
from fastcompanion.server.connection import connect
from fastcompanion.server.registry import Server
from fastcompanion.server.setup import place, program, remembered, running, script, steps
from fastcompanion.server.setup.report import Report, StepResult
from fastcompanion.server.setup.script import Mode, Options
from fastcompanion.server.setup.steps import Kind, Step
from fastcompanion.study.plan import zones


@frozen
class SetUp:
    """What became of a machine."""

    name: str
    kind: str
    mode: Mode
    steps: tuple[StepResult, ...]
    done: bool
    changes: int


@frozen
class Written:
    """The script itself, to be read or carried by hand."""

    kind: str
    script: str


@frozen
class Explained:
    """Every step, and why it is there."""

    kind: str
    steps: tuple[Step, ...]


Target = Annotated[
    str,
    typer.Argument(
        metavar="[SERVER]",
        help="Its name, or user@host:port.",
        show_default="the only one",
        autocompletion=completing.servers,
    ),
]
Name = Annotated[
    str,
    typer.Option(
        "--name", help="What you call it from now on, such as gpu.", show_default="after its host"
    ),
]
Local = Annotated[bool, typer.Option("--local", help="This very machine.")]
Which = Annotated[
    Kind | None,
    typer.Option(
        "--kind",
        help="What it is; home is never switched off.",
        show_default="as known, else home",
    ),
]
Checked = Annotated[
    bool, typer.Option("--check", help="Change nothing; exit 4 if something would change.")
]
Undone = Annotated[bool, typer.Option("--undo", help="Take back what setup did.")]
Printed = Annotated[
    bool, typer.Option("--print", help="Print the script, to be read or carried by hand.")
]
Explain = Annotated[bool, typer.Option("--explain", help="Say what each step does, and why.")]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="STEP",
        help="This step alone.",
        autocompletion=completing.server_steps,
    ),
]
Skip = Annotated[
    list[str] | None,
    typer.Option(
        "--skip", metavar="STEP", help="Not this step.", autocompletion=completing.server_steps
    ),
]
Also = Annotated[
    list[str] | None,
    typer.Option(
        "--also",
        metavar="STEP",
        help="A step that this kind gets only if asked for.",
        autocompletion=completing.server_steps,
    ),
]
NoFirewall = Annotated[bool, typer.Option("--no-firewall", help="Leave the firewall alone.")]
Driver = Annotated[
    Literal["auto", "skip"] | None,
    typer.Option(
        "--driver", help="Install an NVIDIA driver where one is missing.", show_default="auto"
    ),
]
Password = Annotated[bool, typer.Option("-K", help="Ask for the password for sudo there.")]
User = Annotated[str, typer.Option("--user", help="Who works there.", show_default="who logs in")]
Key = Annotated[
    Path | None, typer.Option("--key", help="A public key that may log in, a .pub file.")
]
Idle = Annotated[
    str,
    typer.Option(
        "--idle", help="Stops after so long without use, as 45m; 0: never.", show_default="60m"
    ),
]
Longest = Annotated[
    str,
    typer.Option(
        "--max", help="Stops after so long in any case, as 6h; 0: never.", show_default="8h"
    ),
]
OnIdle = Annotated[
    Literal["poweroff", "warn"] | None,
    typer.Option("--on-idle", help="What idleness does.", show_default="poweroff"),
]
Jupyter = Annotated[
    bool | None,
    typer.Option("--jupyter/--no-jupyter", help="With JupyterLab.", show_default="jupyter"),
]
Env = Annotated[
    str,
    typer.Option("--env", metavar="FOLDER", help="Use this virtual environment there as it is."),
]
Packages = Annotated[
    str, typer.Option("--packages", help="Packages of the system, instead of the usual ones.")
]
Modules = Annotated[
    str, typer.Option("--modules", help="Python packages, instead of the usual ones.")
]
Anew = Annotated[
    bool, typer.Option("--anew", help="Forget what this machine was set up with before.")
]
Dotfiles = Annotated[
    str, typer.Option("--dotfiles", metavar="URL", help="A git repository of your settings.")
]
_IDLE, _HOURS = 60, 8


@command(app, "setup")
def setup(
    session: Session,
    target: Target = "",
    name: Name = "",
    local: Local = False,
    kind: Which = None,
    check: Checked = False,
    undo: Undone = False,
    shown: Printed = False,
    explain: Explain = False,
    only: Only = None,
    skip: Skip = None,
    also: Also = None,
    no_firewall: NoFirewall = False,
    driver: Driver = None,
    password: Password = False,
    user: User = "",
    key: Key = None,
    idle: Idle = "",
    longest: Longest = "",
    on_idle: OnIdle = None,
    jupyter: Jupyter = None,
    env: Env = "",
    packages: Packages = "",
    modules: Modules = "",
    dotfiles: Dotfiles = "",
    anew: Anew = False,
) -> Answer:
    """Make a machine ready: keys, firewall, updates, Python, JupyterLab, and a stop when nobody uses it.

    A second run changes nothing. Over ssh for any Debian or Ubuntu; --local: this machine.
    """
    alone = (shown or explain) and not target and not local
    known = None if alone else place.named(place.find(target, local=local), name)
    options = Options(
        kind=kind or place.kind(known),
        user=user or (known.user if known else ""),
        key=store.read_text(key).strip() if key else "",
        idle_minutes=minutes(idle, "m", "--idle") if idle else known.idle_minutes if known else _IDLE,
        max_hours=hours(longest) if longest else known.max_hours if known else _HOURS,
        on_idle=on_idle or "poweroff",
        jupyter=jupyter is not False,
        timezone=zones.guess() or "",
        skip=(*(skip or ()), *(("firewall",) if no_firewall else ())),
        only=tuple(only or ()),
        also=tuple(also or ()),
        mode=_mode(check or session.dry_run, undo),
        driver=driver or "auto",
        packages=tuple(packages.split()),
        modules=tuple(modules.split()),
        environment=env,
        dotfiles=dotfiles,
    )  # fmt: skip
    given = {"driver": driver, "on_idle": on_idle, "jupyter": jupyter}
    options = options if anew or known is None else _as_before(session, known, options, given)
    return _answer(session, known, options, shown=shown, explain=explain, password=password)


def _mode(look: bool, undo: bool) -> Mode:
    """Say what the script is to do; it knows no look at what taking back would change."""
    if look and undo:
        raise CompanionError(
            "--undo goes with neither --check nor --dry-run: it can't be looked at beforehand",
            hint="fastcompanion server ssh NAME -- sudo cat /var/lib/fastcompanion/files lists what it removes",
            code=Exit.USAGE,
        )
    return "undo" if undo else "check" if look else "apply"


def _answer(
    session: Session,
    known: Server | None,
    options: Options,
    *,
    shown: bool,
    explain: bool,
    password: bool,
) -> Answer:
    script.check(options)
    if explain:
        return Answer(Explained(options.kind, _explained(options)), _view_explained)
    if shown or known is None:
        return Answer(Written(options.kind, script.render(program.by_hand(options))), _view_written)
    return _run(session, known, options, password)


def _as_before(
    session: Session, server: Server, asked: Options, given: Mapping[str, object]
) -> Options:
    """Take what is not said now from the setup before, and say so; `given` are None where nothing was said."""
    said = {one for one, value in given.items() if value is not None}
    options = remembered.again(server, asked, said)
    if told := remembered.told(server, asked, options):
        session.reporter.note(told)
    return options


def _view_written(written: Written) -> Iterable[Block]:
    yield Raw(written.script)


def _run(session: Session, server: Server, options: Options, password: bool) -> Answer:
    left = _left(server, options)
    if options.mode == "undo" and not session.confirm(
        f"Take back what setup did on {server.name}? {left}".strip()
    ):
        return Answer(_data(server, options, Report((), False)), _view, Exit.DONE)
    secret = console.ask_secret(f"Password for sudo on {server.name}") if password else None
    link = connect(server, reporter=session.reporter)
    try:
        report = running.setup(link, options, session.reporter, sudo=secret)
    except KeyboardInterrupt:
        if options.mode != "apply":
            raise
        message = f"interrupted here; what has begun on {server.name} goes on there"
        hint = "The same command again shows how it goes on."
        raise CompanionError(message, hint=hint, code=Exit.INTERRUPTED) from None
    kept = server
    if options.mode == "apply" and (report.done or report.changes):
        # What was half set up may cost money all the same, and the next command goes on by its name.
        kept = place.keep(server, options)
    if left and report.done:
        session.reporter.note(left)
    data = _data(kept, options, report)
    return Answer(data, _view, _code(options, report, session.dry_run))


def _left(server: Server, options: Options) -> str:
    """Say what still stops a machine at EC2 where this takes a way of stopping it; "" where it takes none."""
    if options.mode == "check" or options.skip or options.only:
        return ""
    return holding.what_is_left(
        server,
        undone=options.mode == "undo",
        idle_minutes=options.idle_minutes if options.on_idle == "poweroff" else 0,
        max_hours=options.max_hours,
    )


def _code(options: Options, report: Report, dry_run: bool) -> int:
    if not report.done:
        return int(Exit.FAILED)
    return (
        int(Exit.CHECK_SAYS_NO) if options.mode == "check" and report.changes and not dry_run else 0
    )


def _data(server: Server, options: Options, report: Report) -> SetUp:
    return SetUp(server.name, options.kind, options.mode, report.steps, report.done, report.changes)


def _explained(options: Options) -> tuple[Step, ...]:
    chosen = options.only or [
        one.name for one in steps.all_steps() if options.kind in (*one.kinds, *one.on_request)
    ]
    return tuple(
        one for one in steps.all_steps() if one.name in chosen and one.name not in options.skip
    )


def _view_explained(data: Explained) -> Iterable[Block]:
    yield Title(f"What setup does with a machine of the kind {data.kind}")
    for step in data.steps:
        asked = data.kind in step.on_request
        yield Line("")
        yield Title(
            f"{step.name}: {step.title}{' (only if you ask: --also ' + step.name + ')' if asked else ''}"
        )
        yield Line(step.why)


def _view(data: SetUp) -> Iterable[Block]:
    if not data.steps:
        yield Line("Nothing was changed.")
        return
    shown = [one for one in data.steps if one.state != "skipped" or one.note.startswith("only")]
    yield Table(("step", "", "note"), tuple((one.step, one.state, one.note) for one in shown))
    if data.mode == "check" and data.done:
        yield Line(
            f"{_counted(data.changes)} would change something; the same without --check does it."
            if data.changes
            else "Everything is as it should be."
        )
        return
    if data.mode == "undo":
        yield Line("Taken back." if data.done else "Not all of it could be taken back.")
        return
    if data.done:
        yield Line(
            f"{_counted(data.changes)} changed something."
            if data.changes
            else "Nothing had to be changed.",
            "good",
        )
        yield Next(f"fastcompanion server jupyter {data.name}", "JupyterLab in your browser")
        return
    failed = ", ".join(one.step for one in data.steps if one.state == "failed")
    if data.mode == "check":
        yield Warn(f"Could not be looked at: {failed or 'it stopped early'}.")
        return
    yield Warn(
        f"Not done: {failed or 'it stopped early'}. What is done stays; the same command goes on from here."
    )
    if data.changes:
        yield Next(f"fastcompanion server logs {data.name}", "what was said there")


def _counted(changes: int) -> str:
    return "One step" if changes == 1 else f"{changes} steps"


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `server`."""
