"""cron: a marked block in the user's crontab; all that stands around it stays byte for byte.

cron does not catch up and knows no zones, so the block holds the times as clocks here show them,
and looks once an hour and after a start of the machine for a slot that was missed.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from fastcompanion.base import process, store
from fastcompanion.base.errors import CompanionError
from fastcompanion.study.reminders import steps
from fastcompanion.study.reminders.job import CATCH_UP_MINUTE, Job
from fastcompanion.study.reminders.steps import Armed, Step

NAME = "cron"


def missing() -> str:
    """Say why this system has no crontab, "" when it has."""
    return "" if process.which("crontab") else "there is no crontab (on Debian: apt install cron)"


def read() -> bytes | None:
    """Read the user's crontab, None where there is none."""
    code, out, err = process.run_bytes(["crontab", "-l"])
    if code == 0:
        return out
    if "no crontab for" in err.lower():
        return None
    raise CompanionError(f"crontab -l failed (exit {code}): {err}")


def block(job: Job) -> str:
    """Write the lines of a job between their marks."""
    command = line(job)
    if job.once is not None:
        at = job.once.astimezone()
        times = [f"{at.minute} {at.hour} {at.day} {at.month} *"]
    else:
        by_time: dict[tuple[int, int], list[int]] = {}
        for wake in job.local:
            # cron counts from Sunday.
            by_time.setdefault((wake.hour, wake.minute), []).append((wake.day + 1) % 7)
        times = [
            f"{minute} {hour} * * {','.join(map(str, sorted(days)))}"
            for (hour, minute), days in sorted(by_time.items())
        ]
        times += [f"{CATCH_UP_MINUTE} * * * *", "@reboot"]
    lines = "".join(f"{time} {command}\n" for time in times)
    return f"{_begin(job.name)}\n{lines}{_end(job.name)}\n"


def line(job: Job) -> str:
    """Write the command for cron, which cuts at a bare % and gives the rest as input."""
    variables = tuple(f"{name}={value}" for name, value in job.environment)
    words = (*(("/usr/bin/env", *variables) if variables else ()), *job.argv)
    if any("\n" in word or "\r" in word for word in words):
        raise CompanionError(
            "cron can't run a command with a line break in it",
            hint="Give the study's folder another name.",
            file=job.root,
        )
    return shlex.join(words).replace("%", r"\%")


def _begin(name: str) -> str:
    return f"# >>> {name}: written by fastcompanion remind install, taken out by remind remove"


def _end(name: str) -> str:
    return f"# <<< {name}"


def without(text: bytes, name: str) -> bytes:
    """Take a block out; everything else stays as it is."""
    kept: list[bytes] = []
    inside = False
    begin, end = f"# >>> {name}:".encode(), _end(name).encode()
    for one in text.splitlines(keepends=True):
        if one.startswith(begin):
            inside = True
        if not inside:
            kept.append(one)
        if inside and one.rstrip() == end:
            inside = False
    if inside:
        raise CompanionError(
            f"your crontab has the beginning of {name}'s block and not its end",
            hint=f"crontab -e, and take out the lines from {begin.decode()} on",
        )
    return b"".join(kept)


def added(text: bytes | None, job: Job) -> bytes:
    """Put a job's block where it stood, else at the end."""
    old = text or b""
    ours = block(job).encode("utf-8")
    marker = f"# >>> {job.name}:".encode()
    rest = without(old, job.name)
    at = 0 if old.startswith(marker) else old.find(b"\n" + marker) + 1
    if at > 0 or old.startswith(marker):
        return rest[:at] + ours + rest[at:]
    gap = b"\n" if rest and not rest.endswith(b"\n") else b""
    return rest + gap + ours


def install(job: Job) -> tuple[Step, ...]:
    """Give what puts the block into the crontab, after cron has looked at it."""
    new = added(read(), job)
    checked = (steps.run("crontab", "-n", "-", stdin=new),) if _checks() else ()
    return (*checked, steps.run("crontab", "-", stdin=new, shown=block(job)))


def _checks() -> bool:
    """Whether this crontab can look at a file without taking it; elsewhere -n means something else."""
    _, out, err = process.run_bytes(["crontab", "-h"])
    return "dry run" in out.decode("utf-8", "replace") + err


def remove(name: str, *, had_one: bool = True) -> tuple[Step, ...]:
    """Give what takes the block out; a crontab that was only ours goes with it."""
    old = read()
    if old is None:
        return ()
    rest = without(old, name)
    if rest == old:
        return ()
    if not rest.strip() and not had_one:
        return (steps.run("crontab", "-r"),)
    return (steps.run("crontab", "-", stdin=rest, shown=""),)


def current(job: Job) -> bool:
    """Whether the block stands in the crontab as it would be written now."""
    found = read()
    return found is not None and added(found, job) == found and block(job).encode() in found


def armed(name: str) -> Armed:
    """Look for the block, and for a cron that would read it."""
    try:
        found = read()
    except CompanionError as error:
        return Armed(False, why=error.message)
    if found is None or f"# >>> {name}:".encode() not in found:
        return Armed(False, why="its lines are not in your crontab")
    if not running():
        return Armed(False, why="its lines are in your crontab, but no cron is running")
    return Armed(True)


def running() -> bool:
    """Look among the processes for a cron; where they can't be seen it is taken to run."""
    processes = Path("/proc")
    if not (processes / "1" / "status").exists():
        return True
    return any(_is_cron(place) for place in processes.glob("[0-9]*/status"))


def _is_cron(place: Path) -> bool:
    """Whether a process is a cron of this system: one in a container reads no crontab of ours."""
    try:
        found = dict(line.split(":", 1) for line in store.read_text(place).splitlines())
    except (CompanionError, ValueError):
        # It has ended meanwhile.
        return False
    inside = len(found.get("NSpid", "").split()) > 1
    return found.get("Name", "").strip() in ("cron", "crond", "fcron") and not inside


def why_silent(name: str) -> str:
    """Say where cron tells what it did."""
    del name
    if not running():
        return "no cron is running (on Debian: sudo service cron start)"
    return "cron ran nothing, or it failed: see journalctl -u cron, or /var/log/syslog"
