"""The running session: one small file that survives a crash, a reboot and a closed lid."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Any

from fastcompanion.base import clock, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace

FORGOTTEN = timedelta(hours=12)
_CLOCK_TIME = re.compile(r"(\d{1,2}):(\d\d)")


@frozen
class Timer:
    """A session under way. `id` becomes the id of its log line, so that it is logged only once."""

    id: str
    started: datetime
    lesson: str | None = None
    step: str | None = None
    notebook: str | None = None


def running(ws: Workspace) -> Timer | None:
    """Give the session under way, or None; a file that can't be trusted is an error."""
    if not ws.timer.exists():
        return None
    data = store.check_version(store.read_json(ws.timer), ws.timer)
    try:
        return _timer(data)
    except (KeyError, TypeError, CompanionError):
        raise CompanionError(
            "is not a timer that this program wrote",
            hint="Mend `id` and `started` by hand, or delete the file: the session is not logged.",
            file=ws.timer,
        ) from None


def _timer(data: dict[str, Any]) -> Timer:
    words = {key: data.get(key) for key in ("lesson", "step", "notebook")}
    if any(value is not None and not isinstance(value, str) for value in words.values()):
        raise TypeError("not text")
    if not re.fullmatch(r"[a-z0-9]{6,16}", data["id"]):
        raise TypeError("not an id")
    return Timer(data["id"], clock.parse(data["started"]), **words)


def start(
    ws: Workspace, *, lesson: str | None, step: str | None, notebook: str | None = None
) -> Timer:
    """Begin a session now; one that is under way is not replaced."""
    under_way = running(ws)
    if under_way is not None:
        raise CompanionError(
            f"a session is running since {under_way.started:%H:%M}", hint="fastcompanion stop"
        )
    timer = Timer(clock.new_id(), clock.now().replace(microsecond=0), lesson, step, notebook)
    keep(ws, timer)
    return timer


def keep(ws: Workspace, timer: Timer) -> None:
    """Write the timer's file, e.g. when the session moves on to another step."""
    store.write_json(
        ws.timer,
        {
            "version": 1,
            "id": timer.id,
            "started": clock.stamp(timer.started),
            "lesson": timer.lesson,
            "step": timer.step,
            "notebook": timer.notebook,
        },
    )


def clear(ws: Workspace) -> None:
    """Forget the session; call it when the session stands in the log."""
    store.remove(ws.timer)


def end_of(
    timer: Timer, *, at: str | None = None, ago: int | None = None, minutes: int | None = None
) -> datetime:
    """Say when a session ended: now, `at` a clock time or RFC 3339, minutes `ago`, or by length.

    A timer that ran for twelve hours was forgotten, and the learner alone knows when it ended.
    """
    if sum(given is not None for given in (at, ago, minutes)) > 1:
        raise CompanionError("give one of --at, --ago and --minutes", code=Exit.USAGE)
    if minutes is not None:
        return timer.started + timedelta(minutes=minutes)
    end = _given_end(timer, at, ago)
    if end < timer.started:
        raise CompanionError(
            f"the session began at {timer.started:%Y-%m-%d %H:%M}, after that",
            hint="fastcompanion stop --minutes 45",
            code=Exit.USAGE,
        )
    if at is None and ago is None and end - timer.started >= FORGOTTEN:
        raise CompanionError(
            f"the session began {_hours(end - timer.started)} hours ago "
            f"({timer.started:%Y-%m-%d %H:%M}); when did it end?",
            hint="fastcompanion stop --minutes 45, or --at 21:00, or --ago 600",
            code=Exit.USAGE,
        )
    return end


def _hours(length: timedelta) -> int:
    return int(length.total_seconds() // 3600)


def _given_end(timer: Timer, at: str | None, ago: int | None) -> datetime:
    now = clock.now()
    if ago is not None:
        return now - timedelta(minutes=ago)
    if at is None:
        return now
    end = moment(at, after=timer.started)
    if end > now:
        raise CompanionError(f"{at} is still to come", code=Exit.USAGE)
    return end


def moment(text: str, *, after: datetime | None = None) -> datetime:
    """Read "21:15" as that time of today (or the first one not before `after`), or RFC 3339."""
    if not _CLOCK_TIME.fullmatch(text.strip()):
        return clock.parse(text.strip(), origin="the time")
    wanted = time_of_day(text)
    base = after or clock.now()
    result = base.replace(hour=wanted.hour, minute=wanted.minute, second=0, microsecond=0)
    if after is None:
        return result
    if result < after.replace(second=0, microsecond=0):
        result += timedelta(days=1)
    return max(result, after)


def time_of_day(text: str) -> time:
    """Read "9:05" or "21:15"."""
    found = _CLOCK_TIME.fullmatch(text.strip())
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise CompanionError(f"{text} is no time of the day", code=Exit.USAGE)
    return time(int(found[1]), int(found[2]))


def minutes_between(start: datetime, end: datetime) -> int:
    """Give whole minutes, at least one: a session that was started did happen."""
    return max(1, round((end - start).total_seconds() / 60))
