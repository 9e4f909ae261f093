"""The plan of a study: the [plan] table of its settings, edited by hand and by the tool.

    [plan]
    timezone = "Europe/Warsaw"
    deadline = 2027-03-01           # when the course is to be finished; may be left out
    [[plan.slots]]
    days = ["tue", "thu"]
    at = 19:30:00                   # or "19:30"
    minutes = 90
    [[plan.pauses]]
    from = 2026-12-20
    to = 2027-01-03                 # the last day of it
    why = "holidays"

What means nothing is an error with its line, never left out in silence: a plan with one slot less
reminds one time less.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.plan import lines, zones

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TABLE = "plan"
LONGEST = 1440
# A plan is for a life: days beyond these are slips of the pen, and are counted one by one.
YEARS = range(2000, 2101)
_TIME = re.compile(r"(\d{1,2}):(\d\d)(?::00)?")
_KEYS = ("timezone", "deadline", "course", "slots", "pauses")
_SLOT_KEYS = ("days", "at", "minutes")
_PAUSE_KEYS = ("from", "to", "why")


@frozen
class Slot:
    """A time of the week for study: its days ("mon" to "sun"), the hour, the minutes."""

    days: tuple[str, ...]
    at: time
    minutes: int


@frozen
class Pause:
    """Days without study, the last one included; they count for nothing and against nothing."""

    first: date
    last: date
    why: str = ""


@frozen
class Plan:
    """When the learner wants to study, in which zone, and until when the course is to be done."""

    timezone: str
    slots: tuple[Slot, ...] = ()
    pauses: tuple[Pause, ...] = ()
    deadline: date | None = None
    course: str | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the slots."""
        return zones.find(self.timezone)

    @property
    def weekly_minutes(self) -> int:
        """The minutes of a week without a pause: the goal."""
        return sum(len(slot.days) * slot.minutes for slot in self.slots)

    def minutes_on(self, day: date) -> int:
        """Give the minutes that are planned for a day: 0 on a day off and in a pause."""
        if self.paused(day) is not None:
            return 0
        return sum(slot.minutes for slot in self.slots if DAYS[day.weekday()] in slot.days)

    def paused(self, day: date) -> Pause | None:
        """Give the pause that a day lies in."""
        return next((pause for pause in self.pauses if pause.first <= day <= pause.last), None)


def read(ws: Workspace) -> Plan | None:
    """Read the plan, None where there is none; a malformed one is refused with its line."""
    data = store.read_toml(ws.settings)
    return parse(data[TABLE], ws.settings) if TABLE in data else None


def if_sound(ws: Workspace) -> Plan | None:
    """Read the plan for an act that goes on without one: a mistake in it is for others to name."""
    try:
        return read(ws)
    except CompanionError:
        return None


def needed(ws: Workspace) -> Plan:
    """Read the plan that a command can't do without."""
    found = read(ws)
    if found is None:
        raise CompanionError(
            "there is no plan yet", hint="fastcompanion plan init", code=Exit.NOT_SET_UP
        )
    return found


def parse(data: Any, path: Path) -> Plan:
    """Make a plan of a [plan] table as TOML gives it."""
    spot = _Spot(path, TABLE)
    if not isinstance(data, dict):
        raise spot.wrong("", "plan should be a table, [plan]", "Write [plan] on a line of its own.")
    spot.only(data, _KEYS)
    return Plan(
        timezone=_timezone(data, spot),
        slots=_slots(data, path),
        pauses=_pauses(data, path),
        deadline=_date(data, "deadline", spot) if "deadline" in data else None,
        course=_text(data, "course", spot) or None,
    )


@frozen
class _Spot:
    """A table in the file, or one of a list of tables, to say where something is wrong."""

    path: Path
    table: str
    index: int = 0

    def wrong(self, key: str, message: str, hint: str) -> CompanionError:
        line = lines.line_of(self.path, self.table, key, self.index)
        return CompanionError(message, hint=hint, code=Exit.USAGE, file=self.path, line=line)

    def only(self, data: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for key in data:
            if key not in known:
                message = f"[{self.table}] has no setting {key!r}"
                raise self.wrong(key, message, f"Take it out, or use one of: {', '.join(known)}.")


def _timezone(data: Mapping[str, Any], spot: _Spot) -> str:
    name = data.get("timezone")
    if not isinstance(name, str) or not name:
        raise spot.wrong(
            "timezone",
            "[plan] needs a time zone",
            'Add a line like timezone = "Europe/Warsaw", or: fastcompanion plan edit --timezone ZONE',
        )
    try:
        zones.find(name)
    except CompanionError as error:
        hint = f"fastcompanion plan edit {error.hint}"
        raise spot.wrong("timezone", error.message, hint) from None
    return name


def _text(data: Mapping[str, Any], key: str, spot: _Spot) -> str:
    value = data.get(key, "")
    if not isinstance(value, str):
        raise spot.wrong(key, f"{key} should be text, not {value!r}", f'{key} = "text"')
    return value


def _tables(data: Mapping[str, Any], name: str, path: Path) -> list[tuple[_Spot, dict[str, Any]]]:
    found = data.get(name, [])
    table = f"{TABLE}.{name}"
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        message = f"{name} should be a list of tables"
        raise _Spot(path, TABLE).wrong(name, message, f"Write [[{table}]] before each of them.")
    return [(_Spot(path, table, number), one) for number, one in enumerate(found)]


def _slots(data: Mapping[str, Any], path: Path) -> tuple[Slot, ...]:
    slots = []
    seen: set[tuple[str, time]] = set()
    for spot, one in _tables(data, "slots", path):
        spot.only(one, _SLOT_KEYS)
        slot = Slot(_days(one, spot), _at(one, spot), _minutes(one, spot))
        for day in slot.days:
            if (day, slot.at) in seen:
                message = f"{day} {slot.at:%H:%M} stands in the plan twice"
                raise spot.wrong("days", message, "Take one of the two out.")
            seen.add((day, slot.at))
        slots.append(slot)
    return tuple(slots)


def _days(data: Mapping[str, Any], spot: _Spot) -> tuple[str, ...]:
    given = data.get("days")
    words = [given] if isinstance(given, str) else given
    if not isinstance(words, list) or not words:
        raise spot.wrong("days", "a slot needs its days", 'days = ["tue", "thu"]')
    for word in words:
        if not isinstance(word, str) or weekday(word) is None:
            raise spot.wrong("days", f"{word!r} is no day of the week", 'days = ["tue", "thu"]')
    named = {weekday(word) for word in words}
    return tuple(day for day in DAYS if day in named)


def weekday(word: str) -> str | None:
    """Give "tue" for "tue", "Tue", "tues" or "Tuesday", None for what is no day."""
    names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    low = word.strip().lower().removesuffix(".")
    found = [name[:3] for name in names if len(low) > 2 and name.startswith(low)]
    return found[0] if found else None


def _at(data: Mapping[str, Any], spot: _Spot) -> time:
    value = data.get("at")
    given = clock_time(value) if isinstance(value, str) else value
    if isinstance(given, time) and given.tzinfo is None and not given.second + given.microsecond:
        return given
    what = "a slot needs a time" if value is None else f"{value!s} is no time of the day"
    raise spot.wrong("at", what, 'at = 19:30:00, or at = "19:30"')


def clock_time(text: str) -> time | None:
    """Read "9:05", "19:30" or "19:30:00", None for anything else."""
    found = _TIME.fullmatch(text.strip())
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        return None
    return time(int(found[1]), int(found[2]))


def _minutes(data: Mapping[str, Any], spot: _Spot) -> int:
    value = data.get("minutes")
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LONGEST:
        return value
    what = "a slot needs its minutes" if value is None else f"{value!r} are no minutes of a day"
    raise spot.wrong("minutes", what, "minutes = 90")


def _pauses(data: Mapping[str, Any], path: Path) -> tuple[Pause, ...]:
    pauses = []
    for spot, one in _tables(data, "pauses", path):
        spot.only(one, _PAUSE_KEYS)
        pause = Pause(_date(one, "from", spot), _date(one, "to", spot), _text(one, "why", spot))
        if pause.last < pause.first:
            message = f"the pause ends on {pause.last}, before it begins"
            raise spot.wrong("to", message, f"to = {pause.first}, or later")
        pauses.append(pause)
    return tuple(pauses)


def _date(data: Mapping[str, Any], key: str, spot: _Spot) -> date:
    value = data.get(key)
    found = _iso(value) if isinstance(value, str) else value
    if isinstance(found, date) and not isinstance(found, datetime):
        if found.year in YEARS:
            return found
        raise spot.wrong(key, f"{found} is too far away for a plan", f"{key} = 2027-01-03")
    what = f"a pause needs {key!r}" if value is None else f"{value!s} is no day of the calendar"
    raise spot.wrong(key, what, f"{key} = 2027-01-03")


def _iso(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
