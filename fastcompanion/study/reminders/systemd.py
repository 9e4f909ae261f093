"""systemd user timers: two files per study, no root, catch-up by `Persistent=true`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from fastcompanion.base import process, store, workspace
from fastcompanion.base.errors import CompanionError
from fastcompanion.study.reminders import steps
from fastcompanion.study.reminders.desktop import session_environment
from fastcompanion.study.reminders.job import Job, Wake
from fastcompanion.study.reminders.steps import Armed, Step

NAME = "systemd"
# Older ones refuse a unit that runs once and is to be started again.
_RESTARTS = 244
_AGAIN = "Restart=on-failure\nRestartSec=60\nRestartPreventExitStatus=2 3\n"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def missing() -> str:
    """Say why this system has no user timers, "" when it has."""
    if process.which("systemctl") is None:
        return "there is no systemctl"
    done = _ask("is-system-running")
    # Something has failed somewhere, or is still starting: timers fire all the same.
    if done in ("running", "degraded", "starting", "initializing", "maintenance"):
        return ""
    return f"systemd does not run for you here ({done or 'no answer'})"


def _ask(*words: str) -> str:
    """Give the first line that systemctl says, on stdout or stderr."""
    try:
        code, out, err = process.run_bytes(
            ["systemctl", "--user", *words], env=session_environment(), timeout=20
        )
    except CompanionError as error:
        return error.message
    del code
    return (out.decode("utf-8", "replace").strip() or err).split("\n")[0]


@cache
def version() -> int:
    """Give the number of systemd, 0 where it does not say."""
    code, out, _ = process.run_bytes(["systemctl", "--version"], timeout=20)
    found = re.match(rb"systemd (\d+)", out)
    return int(found[1]) if code == 0 and found else 0


def files(job: Job) -> dict[Path, str]:
    """Write both units."""
    folder = workspace.systemd_folder()
    return {
        folder / f"{job.name}.service": service(job),
        folder / f"{job.name}.timer": timer(job),
    }


def service(job: Job) -> str:
    """Write what runs. A desktop that is not up yet is tried again after a minute, three times."""
    variables = "".join(
        f"Environment={_quoted(f'{name}={value}')}\n" for name, value in job.environment
    )
    # In arguments $ names a variable, in the path of the program it does not.
    program, *words = (_quoted(word) for word in job.argv)
    command = " ".join([program, *(word.replace("$", "$$") for word in words)])
    again = "" if job.once or version() < _RESTARTS else _AGAIN
    return (
        "[Unit]\n"
        f"Description=fastcompanion: look whether a reminder is due in {_plain(job.root)}\n"
        "StartLimitIntervalSec=600\n"
        "StartLimitBurst=4\n"
        "\n[Service]\n"
        "Type=oneshot\n"
        f"{variables}"
        f"ExecStart={command}\n"
        "TimeoutStartSec=180\n"
        f"{again}"
    )


def timer(job: Job) -> str:
    """Write when it runs."""
    calendar = "".join(f"OnCalendar={line}\n" for line in calendar_lines(job))
    return (
        "[Unit]\n"
        f"Description=fastcompanion: wake the reminders of {_plain(job.root)}\n"
        "\n[Timer]\n"
        f"{calendar}"
        f"Persistent={'false' if job.once else 'true'}\n"
        "AccuracySec=1s\n"
        "\n[Install]\n"
        "WantedBy=timers.target\n"
    )


def _plain(path: Path) -> str:
    return re.sub(r"[\r\n]", " ", str(path)).replace("%", "%%")


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return '"' + escaped.replace("\n", "\\n") + '"'


def calendar_lines(job: Job) -> list[str]:
    """Give the times: in the plan's zone where systemd knows it, else as clocks here show them."""
    if job.once is not None:
        return [f"{job.once.astimezone():%Y-%m-%d %H:%M:%S}"]
    in_zone = _lines(job.weekly, f" {job.zone}")
    if in_zone and _understands(in_zone[0]):
        return in_zone
    return _lines(job.local, "")


def _lines(wakes: Iterable[Wake], zone: str) -> list[str]:
    by_time: dict[tuple[int, int], list[int]] = {}
    for wake in wakes:
        by_time.setdefault((wake.hour, wake.minute), []).append(wake.day)
    return [
        f"{','.join(_DAYS[day] for day in sorted(days))} *-*-* {hour:02}:{minute:02}:00{zone}"
        for (hour, minute), days in sorted(by_time.items())
    ]


def _understands(line: str) -> bool:
    """Ask systemd whether it knows the zone: its data may be older than Python's."""
    if process.which("systemd-analyze") is None:
        return True
    return process.run(["systemd-analyze", "calendar", line], check=False, timeout=20).code == 0


def install(job: Job) -> tuple[Step, ...]:
    """Give what arms the timer. Enabling it for the first time does not fire."""
    unit = f"{job.name}.timer"
    return (
        *(steps.write(path, text) for path, text in files(job).items()),
        _systemctl("daemon-reload"),
        _systemctl("enable", unit),
        # A timer that runs already takes up its new times.
        _systemctl("restart", unit),
    )


def _systemctl(*words: str, optional: bool = False) -> Step:
    argv = ("systemctl", "--user", *words)
    return steps.run(*argv, optional=optional, environment=session_environment())


def remove(name: str) -> tuple[Step, ...]:
    """Give what takes everything away, the stamp too: with an old one a new timer fires at once."""
    folder = workspace.systemd_folder()
    wants = folder / "timers.target.wants"
    return (
        _systemctl("disable", "--now", f"{name}.timer", optional=True),
        _systemctl("stop", f"{name}.service", optional=True),
        steps.remove(wants / f"{name}.timer"),
        steps.remove(folder / f"{name}.timer"),
        steps.remove(folder / f"{name}.service"),
        _systemctl("daemon-reload", optional=True),
        _systemctl("reset-failed", f"{name}.timer", f"{name}.service", optional=True),
        steps.remove(workspace.systemd_stamps() / f"stamp-{name}.timer"),
        *steps.prune(wants),
        *steps.prune(workspace.systemd_stamps()),
    )


def current(job: Job) -> bool:
    """Whether the files stand as they would be written now."""
    return all(
        path.is_file() and store.read_text(path) == text for path, text in files(job).items()
    )


def armed(name: str) -> Armed:
    """Ask systemd whether the timer waits, and for what."""
    words = "ActiveState,NextElapseUSecRealtime,UnitFileState"
    try:
        _, out, err = process.run_bytes(
            ["systemctl", "--user", "show", f"{name}.timer", f"--property={words}"],
            env=session_environment(),
            timeout=20,
        )
    except CompanionError as error:
        return Armed(False, why=error.message)
    text = out.decode("utf-8", "replace")
    found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    if found.get("ActiveState") == "active":
        return Armed(True, next=found.get("NextElapseUSecRealtime", ""))
    state = found.get("ActiveState") or err.strip() or "no answer"
    return Armed(False, why=f"systemd says of {name}.timer: {state}")


def why_silent(name: str) -> str:
    """Say what systemd knows of a service that left no record."""
    state = _ask("show", f"{name}.service", "--property=Result,ExecMainStatus", "--value")
    return f"systemctl --user status {name}.service; journalctl --user -u {name}.service ({state})"
