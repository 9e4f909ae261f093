"""Changing the plan in fastcompanion.toml: what the learner wrote beside it stays where it is.

Values are changed in place. A slot or a pause that comes or goes is a block of lines of the text,
because a comment before the next block would otherwise go with the one above it. What comes out is
read again before anything is written: a plan that can't be read is never left behind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Any

from fastcompanion.base import store, templates
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.study.plan import plan as plans
from fastcompanion.study.plan.plan import DAYS, LONGEST, TABLE, Pause, Plan, Slot

_HEADER = re.compile(r"\s*\[\[?\s*(?P<name>[^\[\],=]+?)\s*\]\]?\s*(?:#.*)?")
_EVERY = {"daily": DAYS, "weekdays": DAYS[:5], "weekend": DAYS[5:]}
_EXAMPLE = '"tue,thu 19:30 90"'
_USUAL = 60
_ABOVE = "# When you study. Edit it here, or type: fastcompanion plan edit --help\n"


def slot(text: str, minutes: int | None = None) -> Slot:
    """Read a slot as people type it: "tue,thu 19:30 90", "daily 7:00", "Mon Wed 20:15 45 min"."""
    words = text.replace(",", " ").split()
    times = [n for n, word in enumerate(words) if plans.clock_time(word) is not None]
    if len(times) != 1 or not times[0]:
        wrong = next((word for word in words if ":" in word and not plans.clock_time(word)), None)
        why = f"{wrong!r} is no time of the day" if wrong and not times else ""
        raise _no_slot(text, why or "a slot is days, a time and minutes")
    at = plans.clock_time(words[times[0]])
    assert at is not None
    length = _minutes(text, words[times[0] + 1 :])
    return Slot(_days(text, words[: times[0]]), at, length or minutes or _USUAL)


def names_minutes(text: str) -> bool:
    """Whether a slot as it was typed says how long it is; one that is none is refused."""
    slot(text)
    return plans.clock_time(text.replace(",", " ").split()[-1]) is None


def _days(text: str, words: Sequence[str]) -> tuple[str, ...]:
    named: set[str] = set()
    for word in words:
        day = plans.weekday(word)
        several = _EVERY.get(word.lower(), (day,) if day else ())
        if not several and word.lower() != "and":
            raise _no_slot(text, f"{word!r} is no day of the week")
        named.update(several)
    return tuple(day for day in DAYS if day in named)


def _minutes(text: str, words: Sequence[str]) -> int | None:
    if not words:
        return None
    found = re.fullmatch(r"(\d{1,4}) ?(?:m|min|minutes)?", " ".join(words))
    if found is None or not 0 < int(found[1]) <= LONGEST:
        raise _no_slot(text, f"{' '.join(words)!r} are no minutes")
    return int(found[1])


def _no_slot(text: str, why: str) -> CompanionError:
    return CompanionError(f"{text!r}: {why}", hint=f"Write it like {_EXAMPLE}.", code=Exit.USAGE)


def with_slot(old: Plan, new: Slot) -> Plan:
    """Add a slot; a time that is in the plan already is refused."""
    for one in old.slots:
        both = [day for day in one.days if day in new.days]
        if one.at == new.at and both:
            raise CompanionError(
                f"{', '.join(both)} {new.at:%H:%M} is in the plan already",
                hint=f'fastcompanion plan edit --remove "{both[0]} {new.at:%H:%M}"',
                code=Exit.USAGE,
            )
    return replace(old, slots=(*old.slots, new))


def without_slot(old: Plan, text: str) -> Plan:
    """Take out "tue 19:30", or every slot of "tue", or each at "19:30"."""
    words = text.replace(",", " ").split()
    times = [time for time in map(plans.clock_time, words) if time is not None]
    days = _days(text, [word for word in words if plans.clock_time(word) is None])
    if not words or len(times) > 1:
        raise _no_slot(text, "name the day, the time or both")
    left = [_left(one, days or DAYS, times[0] if times else one.at) for one in old.slots]
    if tuple(left) == old.slots:
        have = ", ".join(f"{' '.join(one.days)} {one.at:%H:%M}" for one in old.slots)
        raise CompanionError(
            f"the plan has no slot {text!r}" + (f"; it has {have}" if have else ""),
            hint="fastcompanion plan show",
            code=Exit.USAGE,
        )
    return replace(old, slots=tuple(left))


def _left(one: Slot, days: Sequence[str], at: time) -> Slot:
    """Give a slot without some of its days; one without days is dropped when the plan is written."""
    kept = one.days if one.at != at else tuple(day for day in one.days if day not in days)
    return replace(one, days=kept)


def write(path: Path, new: Plan) -> Plan:
    """Write a plan over the one in the file, or into a file without one; give it as it was read.

    A slot of `new` stands for the one at its place in the file; those without days are taken out,
    and so are pauses that end before they begin.
    """
    new = replace(new, pauses=tuple(map(_told, new.pauses)))
    text, was = store.read_text(path), store.read_toml(path).get(TABLE)
    rows = {
        "slots": [_slot_data(one) if one.days else None for one in new.slots],
        "pauses": [_pause_data(one) if one.first <= one.last else None for one in new.pauses],
    }
    if was is None:
        text = f"{text.rstrip()}\n\n{_ABOVE}[{TABLE}]\n"
    for name, own in rows.items():
        had = (was or {}).get(name)
        if had != []:  # written out as empty: a block would say the same name twice
            text = _with_blocks(text, f"{TABLE}.{name}", own, len(had or ()))
    wanted = Plan(
        timezone=new.timezone,
        slots=tuple(one for one in new.slots if one.days),
        pauses=tuple(one for one in new.pauses if one.first <= one.last),
        deadline=new.deadline,
        course=new.course,
    )
    with store.edit_toml(path, text) as document:
        table = document.setdefault(TABLE, {})
        _set_values(table, new)
        for name, own in rows.items():
            _set_rows(table, name, [one for one in own if one is not None])
        found = plans.parse(document.unwrap()[TABLE], path)
        if found != wanted:
            raise CompanionError("the plan could not be changed by the tool", file=path)
    return found


def _set_values(table: Any, new: Plan) -> None:
    for key, value in (
        ("timezone", new.timezone),
        ("deadline", new.deadline),
        ("course", new.course),
    ):
        if value is None:
            table.pop(key, None)
        elif table.get(key) != value:
            table[key] = value


def _set_rows(table: Any, name: str, own: Sequence[Mapping[str, Any]]) -> None:
    """Change the values that differ; what is written in one line, or not there yet, is set whole."""
    there = table.get(name, [])
    if not own and not there:
        table.pop(name, None)
    elif len(there) != len(own):
        table[name] = [dict(one) for one in own]
    else:
        for old, one in zip(there, own, strict=True):
            for key, value in one.items():
                if old.get(key) != value and not _says_the_same(key, old.get(key), value):
                    old[key] = value


def _says_the_same(key: str, old: Any, new: Any) -> bool:
    """Whether "19:30" and 19:30:00, or "Tue" and ["tue"], are the same to us."""
    if isinstance(new, time):
        return isinstance(old, str) and plans.clock_time(old) == new
    if key == "days":
        words = [old] if isinstance(old, str) else list(old or ())
        return {plans.weekday(str(word)) for word in words} == set(new)
    return isinstance(new, date) and old == str(new)


def _slot_data(one: Slot) -> dict[str, Any]:
    return {"days": list(one.days), "at": one.at, "minutes": one.minutes}


def _pause_data(one: Pause) -> dict[str, Any]:
    data: dict[str, Any] = {"from": one.first, "to": one.last}
    return {**data, "why": one.why} if one.why else data


def _told(one: Pause) -> Pause:
    return replace(one, why=templates.one_line(one.why))


@frozen
class _Block:
    """Lines of one table, from its header to its last value; comments below belong to what follows."""

    table: str
    begin: int
    end: int


def _with_blocks(
    text: str, table: str, own: Sequence[Mapping[str, Any] | None], before: int
) -> str:
    """Take out the blocks that are None now, and add those behind the `before` that were there."""
    rows = text.split("\n")
    found = [block for block in _blocks(rows) if block.table == table]
    place = _place(rows, table)
    if len(found) != before or place is None:
        return text
    new = [line for one in own[before:] if one is not None for line in ["", *_written(table, one)]]
    rows[place:place] = new
    for block, one in list(zip(found, own, strict=False))[::-1]:
        if one is None:
            blank = block.begin > 0 and not rows[block.begin - 1].strip()
            del rows[block.begin - blank : block.end]
    return "\n".join(rows)


def _blocks(rows: Sequence[str]) -> list[_Block]:
    starts = [(n, found["name"]) for n, row in enumerate(rows) if (found := _HEADER.fullmatch(row))]
    ends = [*(n for n, _ in starts), len(rows)][1:]
    return [
        _Block(name.replace(" ", ""), begin, _content_end(rows, begin, end))
        for (begin, name), end in zip(starts, ends, strict=True)
    ]


def _content_end(rows: Sequence[str], begin: int, end: int) -> int:
    while end > begin + 1 and (not rows[end - 1].strip() or rows[end - 1].lstrip().startswith("#")):
        end -= 1
    return end


def _place(rows: Sequence[str], table: str) -> int | None:
    """Say where a new block goes: behind the last of its kind, else behind the rest of the plan.

    None where the plan is written in another way, such as in one line.
    """
    blocks = _blocks(rows)
    same = [block.end for block in blocks if block.table == table]
    near = [block.end for block in blocks if block.table.partition(".")[0] == TABLE]
    return max(same or near, default=None)


def _written(table: str, one: Mapping[str, Any]) -> list[str]:
    return [f"[[{table}]]", *(f"{key} = {_value(value)}" for key, value in one.items())]


def _value(value: Any) -> str:
    if isinstance(value, str):
        return templates.toml_text(value)
    if isinstance(value, list):
        return f"[{', '.join(map(templates.toml_text, value))}]"
    return value.isoformat() if isinstance(value, time) else str(value)
