"""What the system's timer is to run and when: the same for every system.

A timer only wakes `remind fire`, which looks by itself whether something is due. So a wake-up too
many is harmless, and there is one for each time of the week that a slot can have on this machine.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastcompanion.base import clock, workspace
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.study.plan import slots
from fastcompanion.study.plan.plan import DAYS, Plan
from fastcompanion.study.plan.slots import Occurrence

PREFIX = "fastcompanion"
# Where a program finds its own files; a timer starts it without them. Nothing secret.
_CARRIED = (
    workspace.HOME_VARIABLE,
    workspace.CACHE_VARIABLE,
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_CACHE_HOME",
)
# What neither a property list nor a task of Windows can hold, and half characters.
_NO_TEXT = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff]")
_YEAR = timedelta(days=370)
# The minute of the hourly wake-up, for systems that do not catch up by themselves.
CATCH_UP_MINUTE = 17


@frozen
class Wake:
    """A time of the week: the day (0 is Monday), the hour, the minute."""

    day: int
    hour: int
    minute: int


@frozen
class Job:
    """A study's reminders as a timer sees them.

    `weekly` are times in `zone`, the plan's own; `local` are the same as clocks of this machine
    show them in the course of a year, which may be more. With `once` it is a test: one wake-up.
    """

    name: str
    root: Path
    argv: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    zone: str
    weekly: tuple[Wake, ...]
    local: tuple[Wake, ...]
    once: datetime | None = None


def name_of(root: Path, key: str) -> str:
    """Give the name of a study's timer: what a person knows it by, and a key that is its own."""
    plain = unicodedata.normalize("NFKD", root.name).encode("ascii", "ignore").decode("ascii")
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:30].strip("-")
    return "-".join(word for word in (PREFIX, slug, key) if word)


def make(root: Path, name: str, plan: Plan, lead: int) -> Job:
    """Make the job of a study from its plan; a folder that no timer's file can name is refused."""
    if _NO_TEXT.search(str(root)):
        raise CompanionError(
            "the name of the study's folder holds a character that is no text",
            hint="Give the folder another name.",
            file=ascii(str(root)),
        )
    return Job(
        name=name,
        root=root,
        argv=command(root),
        environment=carried(),
        zone=plan.timezone,
        weekly=_weekly(plan, lead),
        local=_local(plan, lead),
    )


def test(job: Job, at: datetime, token: str) -> Job:
    """Make the job of a test: the same, but once, soon, and with a word to know it by."""
    return replace(
        job,
        name=f"{job.name}-test",
        argv=(*job.argv, "--test", token),
        weekly=(),
        local=(),
        once=at,
    )


def command(root: Path) -> tuple[str, ...]:
    """Give the command line of a wake-up: all of it absolute, as timers know no PATH.

    -P keeps a folder of our name in the working folder from being taken for the program.
    """
    ours = ("-P", "-m", "fastcompanion", "remind", "fire", "--study", str(root), "--quiet")
    return (sys.executable, *ours)


def carried() -> tuple[tuple[str, str], ...]:
    """Give the variables that say where our files are, as far as they are set here."""
    return tuple((name, os.environ[name]) for name in _CARRIED if os.environ.get(name))


def _weekly(plan: Plan, lead: int) -> tuple[Wake, ...]:
    found = set()
    for slot in plan.slots:
        for day in slot.days:
            minutes = DAYS.index(day) * 1440 + slot.at.hour * 60 + slot.at.minute - lead
            # Clocks change in these hours: a slot that they jump over begins an hour later.
            for late in (0, 60) if slot.at.hour < 4 else (0,):
                found.add(_wake((minutes + late) % (7 * 1440)))
    return _ordered(found)


def _wake(minutes: int) -> Wake:
    return Wake(minutes // 1440, minutes % 1440 // 60, minutes % 60)


def _ordered(found: set[Wake]) -> tuple[Wake, ...]:
    return tuple(sorted(found, key=lambda wake: (wake.hour, wake.minute, wake.day)))


def _local(plan: Plan, lead: int) -> tuple[Wake, ...]:
    """Give the times of a year of slots as this machine's clocks show them."""
    today = clock.now().astimezone(plan.zone).date()
    whole = replace(plan, pauses=())
    return _ordered({_seen(one, lead) for one in slots.between(whole, today, today + _YEAR)})


def _seen(one: Occurrence, lead: int) -> Wake:
    at = (one.at.astimezone(UTC) - timedelta(minutes=lead)).astimezone()
    return Wake(at.weekday(), at.hour, at.minute)
