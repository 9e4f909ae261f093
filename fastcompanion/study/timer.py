"""The running session: one small file that survives a crash, a reboot and a closed lid."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from fastcompanion.base import clock, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace

FORGOTTEN = timedelta(hours=12)
LONGEST = 1440
# Patterns stay text and are compiled at their first use: most commands never come here.
_CLOCK_TIME = r"(\d{1,2}):(\d\d)"
_LENGTH = (
    r"(?P<h>\d{1,2}):(?P<past>[0-5]\d)"
    r"|(?P<hours>\d{1,2}) ?h(?:ours?)?(?: ?(?P<rest>\d{1,2}) ?(?:m(?:in(?:utes)?)?)?)?"
    r"|(?P<m>\d{1,4}) ?(?:m(?:in(?:utes)?)?)?"
)


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
    """Say when a session ended: now, `at` a clock time or RFC 3339, minutes `ago`, or by length."""
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
    return end


def forgotten(timer: Timer, planned: int | None) -> bool:
    """Say whether nobody will have studied so long: over twice the plan's minutes, else 12 hours."""
    length = clock.now() - timer.started
    return length > timedelta(minutes=2 * planned) if planned else length >= FORGOTTEN


def length(text: str) -> int:
    """Read "90", "90 min", "1 h 30 min", "1h30" or "1:30" as minutes."""
    found = re.fullmatch(_LENGTH, text.strip().lower())
    minutes = 0
    if found is not None:
        hours = found["h"] or found["hours"] or 0
        minutes = int(hours) * 60 + int(found["rest"] or found["past"] or found["m"] or 0)
    if not 1 <= minutes <= LONGEST:
        raise CompanionError(
            f"{text!r} is no length of a session",
            hint="Say it like 90, or 1 h 30 min: up to 24 hours.",
            code=Exit.USAGE,
        )
    return minutes


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
    """Read "21:15" as that time of today (or the first one not before `after`), or RFC 3339.

    A time of the day is meant as the clock here shows it, also when the session was begun in
    another zone or before the clock was changed.
    """
    if not re.fullmatch(_CLOCK_TIME, text.strip()):
        return clock.parse(text.strip(), origin="the time")
    wanted = time_of_day(text)
    if after is None:
        return on_day(clock.today(), wanted)
    now = clock.now()
    begun = after.astimezone(now.tzinfo).date()
    least = after.replace(second=0, microsecond=0)
    for day in (begun, begun + timedelta(days=1)):
        shown = clock.readings(datetime.combine(day, wanted))
        found = [one for one in shown if one >= least]
        if found or not shown:
            return max(_only([one for one in found if one <= now] or found, text), after)
    raise _skipped(text)


def on_day(day: date, wanted: time) -> datetime:
    """Give the moment of a time on a day, as the clock here shows it."""
    text = f"{wanted:%H:%M}"
    return _only(clock.readings(datetime.combine(day, wanted)), f"{day} {text}")


def _only(shown: Sequence[datetime], text: str) -> datetime:
    """Refuse a time that the clock showed twice or never, when it was changed for the summer."""
    if not shown:
        raise _skipped(text)
    if len(shown) > 1:
        both = " or ".join(clock.stamp(one) for one in shown)
        raise CompanionError(
            f"the clock showed {text} twice", hint=f"Say which: --at {both}", code=Exit.USAGE
        )
    return shown[0]


def _skipped(text: str) -> CompanionError:
    return CompanionError(
        f"the clock never showed {text}: it was put forward over it",
        hint="Give the time an hour later or earlier.",
        code=Exit.USAGE,
    )


def time_of_day(text: str) -> time:
    """Read "9:05" or "21:15"."""
    found = re.fullmatch(_CLOCK_TIME, text.strip())
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise CompanionError(f"{text} is no time of the day", code=Exit.USAGE)
    return time(int(found[1]), int(found[2]))


def minutes_between(start: datetime, end: datetime) -> int:
    """Give whole minutes, at least one: a session that was started did happen."""
    return max(1, round((end - start).total_seconds() / 60))
