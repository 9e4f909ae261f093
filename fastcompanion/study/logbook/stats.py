"""Figures of the study log: minutes by week, by lesson and by step, and the learner's pace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from fastcompanion.base.records import frozen
from fastcompanion.study import journal
from fastcompanion.study.journal import Entry
from fastcompanion.study.logbook import period
from fastcompanion.study.plan.plan import Plan

PACE_WEEKS = 4


@frozen
class Pace:
    """How fast the learner goes: minutes a week over the last four weeks, paused days left out.

    `weeks` is what the figure rests on; below two it is a first guess.
    """

    minutes_per_week: int
    weeks: float
    sessions: int
    minutes_per_session: int


@frozen
class Week:
    """One week: `week` like 2026-W47, its Monday, minutes, sessions, days with study."""

    week: str
    monday: date
    minutes: int
    sessions: int
    days: int


@frozen
class Share:
    """What one lesson or one step has taken; `name` is empty where none was given."""

    name: str
    minutes: int
    sessions: int


@frozen
class Figures:
    """The whole log in figures."""

    minutes: int
    sessions: int
    days: int
    first: date | None
    last: date | None
    weeks: tuple[Week, ...]
    lessons: tuple[Share, ...]
    steps: tuple[Share, ...]
    pace: Pace


def of(entries: Sequence[Entry], plan: Plan | None, today: date, *, weeks: int = 12) -> Figures:
    """Compute the figures; `weeks` is how many of the last weeks are listed, the newest last."""
    days = sorted({journal.study_day(entry.at) for entry in entries})
    return Figures(
        minutes=sum(entry.minutes for entry in entries),
        sessions=len(entries),
        days=len(days),
        first=days[0] if days else None,
        last=days[-1] if days else None,
        weeks=by_week(entries, today, _since(days, today, weeks)),
        lessons=lessons(entries),
        steps=_shares((entry.step or "", entry.minutes) for entry in entries),
        pace=pace(entries, plan, today),
    )


def _since(days: Sequence[date], today: date, most: int) -> int:
    """Count the weeks from the first session on, up to `most`."""
    first = journal.days_of_week(days[0] if days else today)[0]
    return max(1, min(most, (journal.days_of_week(today)[0] - first).days // 7 + 1))


def by_week(entries: Iterable[Entry], today: date, count: int) -> tuple[Week, ...]:
    """Give the last weeks up to that of `today`, those without study as well."""
    this = journal.days_of_week(today)[0]
    mondays = [this - timedelta(days=7 * n) for n in reversed(range(count))]
    found: dict[date, list[Entry]] = {monday: [] for monday in mondays}
    for entry in entries:
        day = journal.study_day(entry.at)
        monday = day - timedelta(days=day.weekday())
        if monday in found:
            found[monday].append(entry)
    return tuple(_week(monday, own) for monday, own in found.items())


def _week(monday: date, own: Sequence[Entry]) -> Week:
    return Week(
        week=period.week_name(monday),
        monday=monday,
        minutes=sum(entry.minutes for entry in own),
        sessions=len(own),
        days=len({journal.study_day(entry.at) for entry in own}),
    )


def lessons(entries: Iterable[Entry]) -> tuple[Share, ...]:
    """Give what each lesson has taken, the most first."""
    return _shares((entry.lesson or "", entry.minutes) for entry in entries)


def _shares(found: Iterable[tuple[str, int]]) -> tuple[Share, ...]:
    sums: dict[str, tuple[int, int]] = {}
    for name, minutes in found:
        so_far, count = sums.get(name, (0, 0))
        sums[name] = (so_far + minutes, count + 1)
    shares = [Share(name, minutes, count) for name, (minutes, count) in sums.items()]
    return tuple(sorted(shares, key=lambda share: (-share.minutes, share.name)))


def pace(entries: Iterable[Entry], plan: Plan | None, today: date) -> Pace:
    """Give the learner's pace over the last four weeks, from the first session on.

    The four weeks end with yesterday, so that a morning does not look like a slow week; what was
    studied today counts where nothing is older.
    """
    entries = list(entries)
    dated = [(journal.study_day(entry.at), entry.minutes) for entry in entries]
    first = min((day for day, _ in dated), default=today)
    begin = max(first, today - timedelta(days=7 * PACE_WEEKS))
    span = [begin + timedelta(days=n) for n in range((today - begin).days)] or [today]
    awake = [day for day in span if plan is None or plan.paused(day) is None]
    own = [minutes for day, minutes in dated if span[0] <= day <= span[-1]]
    weeks = len(awake) / 7
    return Pace(
        minutes_per_week=round(sum(own) / max(weeks, 1)),
        weeks=round(weeks, 1),
        sessions=len(own),
        minutes_per_session=_middle(own),
    )


def _middle(values: Sequence[int]) -> int:
    """Give the upper median; the module `statistics` would take longer to load than all the rest."""
    return sorted(values)[len(values) // 2] if values else 0
