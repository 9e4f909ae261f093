"""The Task Scheduler of Windows, also for a Linux inside it (WSL).

What runs inside WSL ends with its last terminal, so there a task of Windows wakes us through
wsl.exe. It runs while its user is logged on, on batteries too, and catches up when the machine was
off (StartWhenAvailable).
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

from fastcompanion.base import process, store, workspace
from fastcompanion.base.errors import CompanionError
from fastcompanion.study.reminders import steps
from fastcompanion.study.reminders.desktop import in_wsl
from fastcompanion.study.reminders.job import Job, Wake
from fastcompanion.study.reminders.steps import Armed, Step

NAME = "taskscheduler"
NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"
_SYSTEM = Path("/mnt/c/Windows/System32")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# In the order in which Windows writes them itself.
_SETTINGS = (
    ("MultipleInstancesPolicy", "IgnoreNew"),
    ("DisallowStartIfOnBatteries", "false"),
    ("StopIfGoingOnBatteries", "false"),
    ("AllowHardTerminate", "true"),
    ("StartWhenAvailable", "true"),
    ("RunOnlyIfNetworkAvailable", "false"),
    ("Enabled", "true"),
    ("Hidden", "false"),
    ("WakeToRun", "false"),
    ("ExecutionTimeLimit", "PT5M"),
    ("Priority", "7"),
)


def missing() -> str:
    """Say why this system has no Task Scheduler, "" when it has."""
    if os.name != "nt" and not in_wsl():
        return "the Task Scheduler is a part of Windows"
    return "" if process.which(_program("schtasks")) else "there is no schtasks.exe"


def _program(name: str) -> str:
    """Name a program of Windows; a WSL that does not add them to PATH has them all the same."""
    if process.which(f"{name}.exe") is None and (_SYSTEM / f"{name}.exe").is_file():
        return str(_SYSTEM / f"{name}.exe")
    return f"{name}.exe"


def place(name: str) -> Path:
    """Give the file that the task is made from."""
    return workspace.reminders_folder() / f"{name}.xml"


def files(job: Job) -> dict[Path, str]:
    """Write the task."""
    return {place(job.name): xml(job)}


def xml(job: Job) -> str:
    """Write the task as the published schema orders it."""
    ET.register_namespace("", NAMESPACE)
    root = ET.Element(f"{{{NAMESPACE}}}Task", {"version": "1.2"})
    about = _below(root, "RegistrationInfo")
    _below(about, "Description", f"fastcompanion: wakes the reminders of {job.root}")
    triggers = _below(root, "Triggers")
    for wake in job.local:
        _weekly(triggers, wake)
    if job.once is not None:
        once = _below(triggers, "TimeTrigger")
        _below(once, "StartBoundary", f"{job.once.astimezone():%Y-%m-%dT%H:%M:%S}")
    principal = _below(_below(root, "Principals"), "Principal", id="Author")
    if (user := _user()) != "":
        _below(principal, "UserId", user)
    _below(principal, "LogonType", "InteractiveToken")
    _below(principal, "RunLevel", "LeastPrivilege")
    settings = _below(root, "Settings")
    for name, value in _SETTINGS:
        _below(settings, name, value)
    execute = _below(_below(root, "Actions", Context="Author"), "Exec")
    command, arguments = action(job)
    _below(execute, "Command", command)
    _below(execute, "Arguments", arguments)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-16"?>\n{text}\n'


def _below(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    found = ET.SubElement(parent, f"{{{NAMESPACE}}}{name}", attributes)
    # What XML can't hold has no place in a name either.
    found.text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", " ", text) or None
    return found


def _weekly(triggers: ET.Element, wake: Wake) -> None:
    one = _below(triggers, "CalendarTrigger")
    # A Monday long ago: Windows takes from it the time of the day alone.
    _below(one, "StartBoundary", f"2024-01-01T{wake.hour:02}:{wake.minute:02}:00")
    week = _below(one, "ScheduleByWeek")
    _below(week, "WeeksInterval", "1")
    _below(_below(week, "DaysOfWeek"), _DAYS[wake.day])


def _user() -> str:
    name, domain = os.environ.get("USERNAME", ""), os.environ.get("USERDOMAIN", "")
    if os.name != "nt" or not name:
        return ""
    return f"{domain}\\{name}" if domain else name


def action(job: Job) -> tuple[str, str]:
    """Give program and arguments: our Python without a window, or wsl.exe which calls it."""
    words = job.argv
    if in_wsl():
        distribution = os.environ.get("WSL_DISTRO_NAME", "")
        chosen = ("-d", distribution) if distribution else ()
        variables = tuple(f"{name}={value}" for name, value in job.environment)
        prefix = ("/usr/bin/env", *variables) if variables else ()
        return "wsl.exe", process.windows_line((*chosen, "-e", *prefix, *words))
    windowless = Path(words[0]).with_name("pythonw.exe")
    program = str(windowless) if windowless.is_file() else words[0]
    return program, process.windows_line(words[1:])


def install(job: Job) -> tuple[Step, ...]:
    """Give what registers the task; /F replaces one of the same name."""
    path = place(job.name)
    where = _windows_path(path)
    create = ("/Create", "/TN", job.name, "/XML", where, "/F")
    return (
        replace(steps.write(path, xml(job), encoding="utf-16"), shown=xml(job)),
        steps.run(_program("schtasks"), *create),
    )


def _windows_path(path: Path) -> str:
    if not in_wsl():
        return str(path)
    # The file is not there yet, and wslpath asks for one that is.
    done = process.run(["wslpath", "-w", str(workspace.home())], check=False)
    home = done.out.strip()
    if done.code != 0 or not path.is_relative_to(workspace.home()):
        raise CompanionError(
            f"Windows can't be told where {path} is: {done.err.strip()}",
            hint="fastcompanion remind install --backend cron",
        )
    return "\\".join([home, *path.relative_to(workspace.home()).parts])


def remove(name: str) -> tuple[Step, ...]:
    """Give what deletes the task and the file it was made from."""
    return (
        steps.run(_program("schtasks"), "/Delete", "/TN", name, "/F", optional=True),
        steps.remove(place(name)),
        *steps.prune(workspace.reminders_folder()),
    )


def current(job: Job) -> bool:
    """Whether the task was made from what would be written now."""
    path = place(job.name)
    if not path.is_file():
        return False
    return store.read_bytes(path) == xml(job).encode("utf-16")


def armed(name: str) -> Armed:
    """Ask Windows whether it has the task."""
    try:
        code, out, err = process.run_bytes(
            [_program("schtasks"), "/Query", "/TN", name, "/FO", "LIST"]
        )
    except CompanionError as error:
        return Armed(False, why=error.message)
    if code != 0:
        return Armed(False, why=err or f"schtasks says {code}")
    return Armed(True, next=_next(out.decode("utf-8", "replace")))


def _next(text: str) -> str:
    # In the words of the user's own language, so the line is known by its place.
    lines = [line.partition(":")[2].strip() for line in text.splitlines() if ":" in line]
    return lines[2] if len(lines) > 2 else ""


def why_silent(name: str) -> str:
    """Say where Windows tells what it did."""
    return f"schtasks /Query /TN {name} /V /FO LIST"
