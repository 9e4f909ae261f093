"""Which of the system's timers wakes us."""

from __future__ import annotations

import os
from typing import Protocol

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.study.reminders import cron, launchd, systemd, tasks
from fastcompanion.study.reminders.desktop import in_wsl, on_mac
from fastcompanion.study.reminders.job import Job
from fastcompanion.study.reminders.steps import Armed, Step


class Backend(Protocol):
    """What every timer can do. Nothing here changes the system: steps are handed back."""

    NAME: str

    def missing(self) -> str:
        """Say why it can't be used here."""

    def install(self, job: Job) -> tuple[Step, ...]:
        """Give what arms a job."""

    def remove(self, name: str) -> tuple[Step, ...]:
        """Give what takes a job away."""

    def current(self, job: Job) -> bool:
        """Whether what is installed is what would be installed now."""

    def armed(self, name: str) -> Armed:
        """Ask the system whether the timer stands ready."""

    def why_silent(self, name: str) -> str:
        """Say where to look when nothing fired."""


BACKENDS: dict[str, Backend] = {
    "systemd": systemd,
    "cron": cron,
    "launchd": launchd,
    "taskscheduler": tasks,
}


def choose(wanted: str) -> Backend:
    """Give a backend by its name, or with "auto" the one that fits this system best."""
    if wanted != "auto":
        if wanted not in BACKENDS:
            known = ", ".join(["auto", *BACKENDS, "email", "ics"])
            message = f"there is no backend {wanted!r}; there are {known}"
            raise CompanionError(message, code=Exit.USAGE)
        backend = BACKENDS[wanted]
        if why := backend.missing():
            hint = "fastcompanion remind install --backend auto"
            raise CompanionError(f"{wanted} can't be used: {why}", hint=hint, code=Exit.MISSING)
        return backend
    tried = []
    for name in _order():
        why = BACKENDS[name].missing()
        if not why:
            return BACKENDS[name]
        tried.append(f"{name}: {why}")
    raise CompanionError(
        f"nothing on this system can wake us ({'; '.join(tried)})",
        hint="fastcompanion remind calendar --out study.ics, and let your calendar ring",
        code=Exit.MISSING,
    )


def _order() -> tuple[str, ...]:
    if on_mac():
        return ("launchd",)
    if os.name == "nt":
        return ("taskscheduler",)
    return ("taskscheduler", "systemd", "cron") if in_wsl() else ("systemd", "cron")


def removal(backend: str, name: str, *, had_crontab: bool) -> tuple[Step, ...]:
    """Give what takes a job away that was installed through a backend, wherever it is."""
    if backend == "cron":
        return cron.remove(name, had_one=had_crontab)
    return BACKENDS[backend].remove(name)


def is_first_crontab(backend: Backend) -> bool:
    """Whether an installation makes the user's first crontab."""
    return backend.NAME == "cron" and cron.read() is None
