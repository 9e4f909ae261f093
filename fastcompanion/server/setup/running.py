"""Running the script on a machine: live, step by step, with a fresh login after each step that could lock us out."""

from __future__ import annotations

from dataclasses import replace

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.reporter import Reporter, Task
from fastcompanion.server.connection import Connection, Local, connect
from fastcompanion.server.setup import program, report, script, steps
from fastcompanion.server.setup.report import ALL, Event, Report
from fastcompanion.server.setup.script import Options

PROOF = "/run/fastcompanion/proof"
_ROLLBACK = "fastcompanion-rollback-"
# The login alone is not enough: a learner who can't become root can't mend anything.
# A proof is worth something only as long as the way back waits for it; one that is there called it off.
_PROVE = """
if [ "$(id -u)" != 0 ] && [ "$2" != typed ]; then sudo -n true || exit 1; fi
[ -e "$1" ] || systemctl -q is-active "$3.timer" || { echo "it came after its five minutes: set up again" >&2; exit 1; }
touch "$1"
"""
_PAUSES = (0.5, 2.0)
_LABELS = {"apply": "Setting up", "check": "Looking at", "undo": "Taking back on"}


def setup(
    connection: Connection, options: Options, reporter: Reporter, *, sudo: str | None = None
) -> Report:
    """Run the script of these options as root there and report each step; `sudo` is a password for sudo.

    A step that fails is told in the report. A script that could not start, or whose end never came, is an
    error; it may still be running there, and the next setup then joins it.
    """
    options = replace(
        options,
        proven=options.mode == "apply",
        sudo_free=sudo is None,
        # Nothing is put into an environment of the learner's own, and to name it all files here are read.
        program=options.program or ("" if options.environment else program.version()),
    )
    where = "this machine" if isinstance(connection, Local) else connection.server.called
    label = f"{_LABELS[options.mode]} {where}"
    with reporter.task(label, total=len(steps.all_steps())) as task:
        listener = _Listener(connection, reporter, task, sudo)
        done = connection.script(
            script.render(options),
            sudo=sudo,
            on_line=listener.hear,
            on_error_line=listener.hear_error,
            check=False,
        )
    if not listener.ended:
        last = listener.errors[-1] if listener.errors else f"exit code {done.code}"
        raise CompanionError(
            f"the setup of {connection.server.name} did not come to its end: {last}",
            hint="Run the same command again: it goes on where it stopped.",
        )
    found = report.collect(listener.events)
    if not found.steps and options.mode != "undo":
        raise CompanionError(listener.ended.note or "the setup could not begin")
    return found


class _Listener:
    """What the script has said so far."""

    def __init__(
        self, connection: Connection, reporter: Reporter, task: Task, sudo: str | None
    ) -> None:
        self.events: list[Event] = []
        self.errors: list[str] = []
        self.ended: Event | None = None
        self._connection = connection
        self._reporter = reporter
        self._task = task
        self._sudo = sudo

    def hear_error(self, line: str) -> None:
        if line.strip():
            self.errors.append(line.strip())

    def hear(self, line: str) -> None:
        event = report.read(line)
        if event is None:
            return
        self.events.append(event)
        if event.step == ALL:
            self.ended = event
        elif event.state == "doing":
            self._task.advance(0, _title(event.step))
            if program.asked_for(event.note):
                self._send(event)
        elif event.state == "joined":
            self._reporter.note(event.note)
        else:
            self._task.advance(1, _title(event.step))
        if event.rollback:
            self._prove(event)

    def _send(self, event: Event) -> None:
        """Give the script the program that it waits for; it goes on alone if that fails."""
        try:
            program.send(connect(self._connection.server), self._sudo)
        except CompanionError as error:
            self._reporter.note(f"{event.step}: fastcompanion could not be sent: {error.message}")

    def _prove(self, event: Event) -> None:
        """Leave the proof of a fresh login, which calls off the way back; without it the change is undone."""
        name = event.rollback.removeprefix(_ROLLBACK)
        if isinstance(self._connection, Local):
            self._reporter.note(
                f"{event.step}: log in to this machine from another one within five minutes, and there: "
                f"touch {PROOF}/{name}. Without it the change is taken back."
            )
            return
        try:
            self._log_in_afresh(event, name)
        except CompanionError as error:
            self._reporter.note(
                f"{event.step}: a fresh login does not work ({error.message}). The change is taken back "
                "within five minutes; your present login stays."
            )
            self.events.append(
                Event(event.step, "failed", f"a fresh login did not work: {error.message}")
            )

    def _log_in_afresh(self, event: Event, name: str) -> None:
        """Log in as for the first time, more than once: sshd lets nobody in while it reads its settings again."""
        fresh = connect(self._connection.server)
        how = "typed" if self._sudo is not None else "free"
        for pause in (*_PAUSES, None):
            try:
                if self._sudo is not None:
                    fresh.verify_sudo(self._sudo)
                fresh.run(["sh", "-c", _PROVE, "sh", f"{PROOF}/{name}", how, event.rollback])
                return
            except CompanionError:
                if pause is None:
                    raise
                clock.pause(pause)


def _title(name: str) -> str:
    try:
        return steps.find(name).title
    except KeyError:
        return name
