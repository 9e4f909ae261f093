"""Making, showing and changing the plan: what it says, what comes of it, and whether it can work."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from fastcompanion.base import clock, events, repo, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.events import Event
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.library import course_file
from fastcompanion.flows import forecasting
from fastcompanion.flows.forecasting import Foresight
from fastcompanion.study import journal
from fastcompanion.study.plan import deadlines, editing, slots, zones
from fastcompanion.study.plan import plan as plans
from fastcompanion.study.plan.plan import Pause, Plan
from fastcompanion.study.plan.slots import Occurrence

_SHOWN = 5
_QUIET_DAYS = 7


@frozen
class SlotShown:
    """A slot as it stands in the plan; `at` is "19:30"."""

    days: tuple[str, ...]
    at: str
    minutes: int


@frozen
class Coming:
    """A slot that comes: in the zone of the plan, in UTC, and as the clocks here show it.

    `moved`: the clock jumps over the planned time, so it begins later. `twice`: the clock shows
    this time twice, and it is the first of the two.
    """

    id: str
    at: datetime
    utc: datetime
    here: datetime
    minutes: int
    moved: bool
    twice: bool


@frozen
class PauseShown:
    """A pause; `state` is "over", "now" or "to come"."""

    first: date
    last: date
    why: str
    state: str


@frozen
class Before:
    """A date that something had, until when it was moved."""

    day: date
    set_on: date
    why: str


@frozen
class DeadlineShown:
    """The date of the course (no lesson) or of a lesson, and those it had before."""

    lesson: str | None
    day: date | None
    done: bool
    moved: int
    before: tuple[Before, ...]


@frozen
class PlanShown:
    """The plan and what comes of it; `elsewhere` names the zone here when it shows another time.

    `quiet_since` is the day of the last session (not `begun`: of the plan) when a week of the plan
    went by without one.
    """

    file: str
    timezone: str
    course: str | None
    weekly_minutes: int
    slots: tuple[SlotShown, ...]
    occurrences: tuple[Coming, ...]
    pauses: tuple[PauseShown, ...]
    deadlines: tuple[DeadlineShown, ...]
    elsewhere: bool
    quiet_since: date | None
    begun: bool


@frozen
class Planned:
    """A plan that was made or changed (or would be), the forecast of it and the commit."""

    file: str
    timezone: str
    deadline: date | None
    weekly_minutes: int
    slots: tuple[SlotShown, ...]
    occurrences: tuple[Coming, ...]
    changes: tuple[str, ...]
    forecast: Foresight | None
    commit: CommitResult | None


@frozen
class PausedNow:
    """A pause that was entered or ended; `slots_left_out` is how many slots lie in it."""

    pause: PauseShown | None
    ended: bool
    slots_left_out: int
    next: Coming | None
    commit: CommitResult | None


def guess_zone() -> str | None:
    """Give the name of this machine's zone where it has one."""
    return zones.guess()


def zone_of(text: str) -> str:
    """Give the name of a zone as the system knows it."""
    return zones.find(text.strip()).key


def names_minutes(text: str) -> bool:
    """Whether a slot as it was typed says how long it is; one that is none is refused."""
    return editing.names_minutes(text)


def begin(
    ws: Workspace,
    *,
    when: Sequence[str],
    minutes: int | None,
    timezone: str,
    deadline: str | None,
    course: str | None,
    dry_run: bool,
) -> Planned:
    """Make the plan of a study that has none, and give each lesson its date."""
    named = course_file.known(ws, course.strip().lower()) if course is not None else None
    new = Plan(timezone=zone_of(timezone), course=named)
    for text in when:
        new = editing.with_slot(new, editing.slot(text, minutes))
    new = replace(new, deadline=deadline_of(deadline, new.timezone))
    with _alone(ws, dry_run=dry_run):
        refuse_second(ws)
        return _keep(ws, None, new, (), dry_run=dry_run)


def refuse_second(ws: Workspace) -> None:
    """Refuse to make a plan where there is one."""
    if plans.read(ws) is not None:
        raise CompanionError(
            "there is a plan already", hint="fastcompanion plan show, or fastcompanion plan edit"
        )


def deadline_of(text: str | None, timezone: str) -> date | None:
    """Read the date of the course, None for "none"; a day that is over is refused."""
    if text is None or text.strip().lower() in ("", "none"):
        return None
    day = _day(text)
    today = clock.now().astimezone(zones.find(timezone)).date()
    if day <= today:
        raise CompanionError(
            f"{day} is no date to come",
            hint=f"--deadline {today + timedelta(days=90)}, or none",
            code=Exit.USAGE,
        )
    return day


def _day(text: str) -> date:
    words = {"today": 0, "tomorrow": 1}
    low = text.strip().lower()
    if low in words:
        return clock.today() + timedelta(days=words[low])
    hint = "Write it like 2027-01-03."
    try:
        day = date.fromisoformat(low)
    except ValueError:
        raise CompanionError(
            f"{text} is no day of the calendar", hint=hint, code=Exit.USAGE
        ) from None
    if day.year not in plans.YEARS:
        raise CompanionError(f"{day} is too far away for a plan", hint=hint, code=Exit.USAGE)
    return day


def edit(
    ws: Workspace,
    *,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
    minutes: int | None = None,
    timezone: str | None = None,
    deadline: str | None = None,
    course: str | None = None,
    why: str = "",
    dry_run: bool = False,
) -> Planned:
    """Change the plan: first what goes, then what comes. A new zone also mends an unknown one."""
    if timezone is not None:
        timezone = zone_of(timezone)
    with _alone(ws, dry_run=dry_run):
        old = _to_edit(ws, timezone)
        new = _edited(ws, old, add, remove, minutes, timezone, course)
        if deadline is not None:
            new = replace(new, deadline=deadline_of(deadline, new.timezone))
        return _keep(ws, old, new, _changes(old, new), why=why, dry_run=dry_run)


def _edited(
    ws: Workspace,
    old: Plan,
    add: Sequence[str],
    remove: Sequence[str],
    minutes: int | None,
    timezone: str | None,
    course: str | None,
) -> Plan:
    new = replace(old, timezone=timezone or old.timezone)
    for text in remove:
        new = editing.without_slot(new, text)
    usual = minutes or (old.slots[0].minutes if old.slots else None)
    for text in add:
        new = editing.with_slot(new, editing.slot(text, usual))
    if minutes is not None:
        new = replace(new, slots=tuple(replace(one, minutes=minutes) for one in new.slots))
    if course is not None:
        named = course.strip().lower()
        new = replace(new, course=None if named == "none" else course_file.known(ws, named))
    return new


def _to_edit(ws: Workspace, timezone: str | None) -> Plan:
    """Read the plan; with a new zone the old one may be unknown to this system."""
    if timezone is None:
        return plans.needed(ws)
    data = store.read_toml(ws.settings).get(plans.TABLE)
    if not isinstance(data, dict):
        return plans.needed(ws)
    known = plans.parse({**data, "timezone": timezone}, ws.settings)
    return replace(known, timezone=str(data.get("timezone", "")))


def _changes(old: Plan, new: Plan) -> tuple[str, ...]:
    """Say in words what an edit changes."""
    had, has = _times(old), _times(new)
    words = [f"{time} taken out" for time in had if time not in has]
    words += [f"{time}, {minutes} min, added" for time, minutes in has.items() if time not in had]
    words += [
        f"{time}: {minutes} min instead of {had[time]}"
        for time, minutes in has.items()
        if time in had and had[time] != minutes
    ]
    for name, before, now in (
        ("time zone", old.timezone, new.timezone),
        ("deadline", old.deadline, new.deadline),
        ("course", old.course, new.course),
    ):
        if before != now:
            words.append(f"{name}: {now or 'none'} instead of {before or 'none'}")
    return tuple(words)


def _times(plan: Plan) -> dict[str, int]:
    return {f"{day} {one.at:%H:%M}": one.minutes for one in plan.slots for day in one.days}


def _keep(
    ws: Workspace,
    old: Plan | None,
    new: Plan,
    changes: tuple[str, ...],
    *,
    why: str = "",
    dry_run: bool,
) -> Planned:
    """Write a plan, record the dates that come of it, and commit both."""
    commit = None
    shown = replace(new, slots=tuple(one for one in new.slots if one.days))
    if not dry_run and (old is None or changes):
        # Before the plan is written: a log or a course that can't be read leaves all as it was.
        data = _dates_to_keep(ws, old, shown, why)
        shown = _write(ws, new)
        message = "Make a plan" if old is None else "Change the plan"
        commit = events.record(ws, deadlines.SET, None, data, commit=message).commit
    return Planned(
        file=str(ws.settings),
        timezone=shown.timezone,
        deadline=shown.deadline,
        weekly_minutes=shown.weekly_minutes,
        slots=_slots(shown),
        occurrences=coming(shown, _SHOWN),
        changes=changes,
        forecast=forecasting.show(ws, shown) if course_file.ids(ws) else None,
        commit=commit,
    )


def _alone(ws: Workspace, *, dry_run: bool) -> AbstractContextManager[None]:
    """Hold the lock of the settings from reading the plan to writing it."""
    busy = "the settings are being written by another process"
    return nullcontext() if dry_run else store.lock(ws.lock("settings"), busy=busy)


def _write(ws: Workspace, new: Plan) -> Plan:
    clean = _is_clean(ws)
    written = editing.write(ws.settings, new)
    if clean:
        events.postpone(ws, [ws.settings])
    return written


def _is_clean(ws: Workspace) -> bool:
    """Whether nobody has changed the settings since the last commit; else they are the learner's."""
    try:
        return bool(repo.unchanged(ws.root, [ws.settings]))
    except CompanionError:
        return False


def _dates_to_keep(ws: Workspace, old: Plan | None, new: Plan, why: str) -> dict[str, object]:
    """Give the date of the course and, where they follow from it, those of the lessons.

    A change of the times alone moves no dates: that is for `plan reflow` to do, in the open.
    """
    data: dict[str, object] = {"deadline": str(new.deadline) if new.deadline else None, "why": why}
    moved = old is None or (old.deadline, old.course) != (new.deadline, new.course)
    if moved and course_file.ids(ws):
        sight = forecasting.look(ws, new)
        found = forecasting.moves(sight, clock.now(), only_later=False)
        data["deadlines"] = forecasting.as_data(found)
    return data


def show(ws: Workspace) -> PlanShown:
    """Show the plan, the next slots, the pauses and the dates with their history."""
    plan, known = plans.needed(ws), events.read(ws)
    last = _last_day(ws, known)
    soon = coming(plan, _SHOWN)
    return PlanShown(
        file=str(ws.settings),
        timezone=plan.timezone,
        course=plan.course,
        weekly_minutes=plan.weekly_minutes,
        slots=_slots(plan),
        occurrences=soon,
        pauses=tuple(
            _pause(one, plan) for one in sorted(plan.pauses, key=lambda one: (one.first, one.last))
        ),
        deadlines=_dates(ws, plan, known),
        elsewhere=any(one.here.utcoffset() != one.at.utcoffset() for one in soon),
        quiet_since=_quiet_since(plan, known, last),
        begun=last is not None,
    )


def _slots(plan: Plan) -> tuple[SlotShown, ...]:
    return tuple(SlotShown(one.days, f"{one.at:%H:%M}", one.minutes) for one in plan.slots)


def coming(plan: Plan, count: int) -> tuple[Coming, ...]:
    """Give the next slots of a plan, as many as there are up to `count`."""
    return tuple(_as_coming(one) for one in slots.upcoming(plan, clock.now(), count))


def _as_coming(one: Occurrence) -> Coming:
    utc, here = one.at.astimezone(UTC), clock.here(one.at)
    return Coming(one.id, one.at, utc, here, one.minutes, one.moved, one.twice)


def _pause(one: Pause, plan: Plan) -> PauseShown:
    today = clock.now().astimezone(plan.zone).date()
    state = "over" if one.last < today else "now" if one.first <= today else "to come"
    return PauseShown(one.first, one.last, one.why, state)


def _dates(ws: Workspace, plan: Plan, known: Sequence[Event]) -> tuple[DeadlineShown, ...]:
    """Give the date of the course and those of its lessons that have one."""
    course = deadlines.of_course(known, plan.deadline)
    found = [_date(course, done=False)] if course.day or course.before else []
    if course_file.ids(ws):
        given = deadlines.of_lessons(known)
        sight = forecasting.look(ws, plan)
        found += [
            _date(given[work.lesson], done=not work.open)
            for work in sight.works
            if work.lesson in given
        ]
    return tuple(found)


def _date(one: deadlines.Deadline, *, done: bool) -> DeadlineShown:
    before = tuple(Before(kept.day, kept.since, kept.why) for kept in one.before if kept.day)
    return DeadlineShown(one.lesson or None, one.day, done, one.moved, before)


def _last_day(ws: Workspace, known: Sequence[Event]) -> date | None:
    """Give the day of the last session."""
    entries = journal.read(ws, undone=journal.undone(ws, known)).entries
    return max((journal.study_day(entry.at) for entry in entries), default=None)


def _quiet_since(plan: Plan, known: Sequence[Event], last: date | None) -> date | None:
    """Give the day since which the times of a week and more went by: the last session's, or the plan's."""
    today = journal.study_day(clock.now())
    made = min((event.at.date() for event in known if event.kind == deadlines.SET), default=None)
    since = last or made
    if since is None or (today - since).days <= _QUIET_DAYS:
        return None
    gone = slots.between(plan, since + timedelta(days=1), today - timedelta(days=1))
    return since if gone else None


def pause(ws: Workspace, first: str, last: str, why: str, *, dry_run: bool) -> PausedNow:
    """Enter a pause; days that are over may be paused as well, as after an illness."""
    new = Pause(_day(first), _day(last), why.strip())
    if new.last < new.first:
        raise CompanionError(
            f"{new.last} lies before {new.first}",
            hint=f"fastcompanion plan pause {new.last} {new.first}",
            code=Exit.USAGE,
        )
    with _alone(ws, dry_run=dry_run):
        plan = plans.needed(ws)
        out = len(slots.between(plan, new.first, new.last))
        known = any((one.first, one.last) == (new.first, new.last) for one in plan.pauses)
        after = plan if known else replace(plan, pauses=(*plan.pauses, new))
        commit = None if dry_run or known else _write_pause(ws, after, new, ended=False)
    return PausedNow(_pause(new, plan), False, out, _first(after), commit)


def end_pause(ws: Workspace, *, dry_run: bool) -> PausedNow:
    """End the pause of today: yesterday was its last day."""
    with _alone(ws, dry_run=dry_run):
        plan = plans.needed(ws)
        today = clock.now().astimezone(plan.zone).date()
        running = plan.paused(today)
        if running is None:
            raise CompanionError("there is no pause today", hint="fastcompanion plan show")
        ended = replace(running, last=today - timedelta(days=1))
        after = replace(plan, pauses=tuple(ended if one == running else one for one in plan.pauses))
        commit = None if dry_run else _write_pause(ws, after, running, ended=True)
    left = replace(after, pauses=tuple(one for one in after.pauses if one.first <= one.last))
    shown = _pause(ended, plan) if ended in left.pauses else None
    return PausedNow(shown, True, 0, _first(left), commit)


def _write_pause(ws: Workspace, after: Plan, one: Pause, *, ended: bool) -> CommitResult | None:
    _write(ws, after)
    data = {"from": str(one.first), "to": str(one.last), "why": one.why}
    message = "End a pause" if ended else "Pause the plan"
    return events.record(
        ws, deadlines.PAUSED, None, {**data, "ended": ended}, commit=message
    ).commit


def _first(plan: Plan) -> Coming | None:
    return next(iter(coming(plan, 1)), None)
