"""launchd on macOS: one property list per study.

Missed times are made good on wake-up, but not after a power-off; so it also runs at log-in and once
an hour, and `fire` finds out by itself whether there is anything to say.
"""

from __future__ import annotations

import os
import plistlib
from pathlib import Path
from typing import Any

from fastcompanion.base import process, store, workspace
from fastcompanion.base.errors import CompanionError
from fastcompanion.study.reminders import desktop, steps
from fastcompanion.study.reminders.job import CATCH_UP_MINUTE, Job, Wake
from fastcompanion.study.reminders.steps import Armed, Step

NAME = "launchd"


def missing() -> str:
    """Say why this system has no launchd, "" when it has."""
    if not desktop.on_mac():
        return "launchd is a part of macOS"
    return "" if process.which("launchctl") else "there is no launchctl"


def label(name: str) -> str:
    """Give the name that launchd knows a job by."""
    return f"org.{name.replace('-', '.', 1)}"


def place(name: str) -> Path:
    """Give the file of a job."""
    return workspace.launch_agents() / f"{label(name)}.plist"


def files(job: Job) -> dict[Path, str]:
    """Write the property list."""
    data = plistlib.dumps(contents(job), sort_keys=False)
    return {place(job.name): data.decode("utf-8")}


def contents(job: Job) -> dict[str, Any]:
    """Say what runs and when, in launchd's words."""
    data: dict[str, Any] = {
        "Label": label(job.name),
        "ProgramArguments": list(job.argv),
        "StartCalendarInterval": [_interval(wake) for wake in job.local],
        "RunAtLoad": job.once is None,
        "ProcessType": "Background",
    }
    if job.once is None:
        data["StartCalendarInterval"].append({"Minute": CATCH_UP_MINUTE})
    else:
        at = job.once.astimezone()
        once = {"Month": at.month, "Day": at.day, "Hour": at.hour, "Minute": at.minute}
        data["StartCalendarInterval"] = [once]
    if job.environment:
        data["EnvironmentVariables"] = dict(job.environment)
    return data


def _interval(wake: Wake) -> dict[str, int]:
    # launchd counts from Sunday.
    return {"Weekday": (wake.day + 1) % 7, "Hour": wake.hour, "Minute": wake.minute}


def _domain() -> str:
    return f"gui/{os.getuid()}" if hasattr(os, "getuid") else "gui/0"


def install(job: Job) -> tuple[Step, ...]:
    """Give what loads the job; one of that name that is loaded is taken out first."""
    return (
        *(steps.write(path, text) for path, text in files(job).items()),
        steps.run("launchctl", "bootout", f"{_domain()}/{label(job.name)}", optional=True),
        steps.run("launchctl", "bootstrap", _domain(), str(place(job.name))),
    )


def remove(name: str) -> tuple[Step, ...]:
    """Give what unloads the job and removes its file."""
    return (
        steps.run("launchctl", "bootout", f"{_domain()}/{label(name)}", optional=True),
        steps.remove(place(name)),
    )


def current(job: Job) -> bool:
    """Whether the file stands as it would be written now."""
    return all(
        path.is_file() and store.read_text(path) == text for path, text in files(job).items()
    )


def armed(name: str) -> Armed:
    """Ask launchd whether it has the job."""
    try:
        code, _, err = process.run_bytes(["launchctl", "print", f"{_domain()}/{label(name)}"])
    except CompanionError as error:
        return Armed(False, why=error.message)
    return Armed(True) if code == 0 else Armed(False, why=err or f"launchctl says {code}")


def why_silent(name: str) -> str:
    """Say where launchd tells what it did."""
    return f"launchctl print {_domain()}/{label(name)}"
