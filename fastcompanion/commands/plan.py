"""`plan`: when you study, until when, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Annotated

import typer

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.commands import completing
from fastcompanion.commands.options import Session, command
from fastcompanion.commands.phrases import commit_blocks, duration
from fastcompanion.console import Answer, Block, Items, Line, Next, Table, Title, Warn
from fastcompanion.flows import forecasting, plan_checking, planning
from fastcompanion.flows.forecasting import Foresight, Reflowed
from fastcompanion.flows.plan_checking import PlanChecked
from fastcompanion.flows.planning import (
    Coming,
    DeadlineShown,
    PausedNow,
    Planned,
    PlanShown,
    SlotShown,
)

app = typer.Typer(name="plan", help="Your plan: when you study, and when you will be done.")

_USUAL = "tue,thu 19:30"
_DAY_MINUTES = 1440
Timezone = Annotated[
    str | None,
    typer.Option("--timezone", help="E.g. Europe/Warsaw."),
]
Deadline = Annotated[
    str | None,
    typer.Option("--deadline", help="When the course is to be finished: 2027-03-01, or none."),
]
CourseOption = Annotated[
    str | None,
    typer.Option(
        "--course",
        help="The course that the forecast is about.",
        autocompletion=completing.courses,
    ),
]
Why = Annotated[str, typer.Option("--why", help="The reason, for the history of your dates.")]


@app.callback(invoke_without_command=True)
def _default(context: typer.Context) -> None:
    """Make your plan, look at it, change it."""
    if context.invoked_subcommand is None:
        context.fail("say what to do: init, show, edit, forecast, pause, reflow or check")


@command(app, "init")
def init(
    session: Session,
    when: Annotated[
        list[str] | None,
        typer.Option("--when", help='Days and time: "tue,thu 19:30"; may be given several times.'),
    ] = None,
    minutes: Annotated[
        int | None, typer.Option("--minutes", "-m", min=1, max=1440, help="How long a session is.")
    ] = None,
    timezone: Timezone = None,
    deadline: Deadline = None,
    course: CourseOption = None,
) -> Answer:
    """Make your plan: which days, how long, until when; and see when you will be done."""
    ws = session.workspace()
    planning.refuse_second(ws)
    slots = when or [_slot(session)]
    length = minutes if minutes is not None else _minutes(session, slots)
    zone = timezone if timezone is not None else _zone(session)
    made = planning.begin(
        ws,
        when=slots,
        minutes=length,
        timezone=zone,
        deadline=deadline if deadline is not None else _deadline(session, zone),
        course=course,
        dry_run=session.dry_run,
    )
    return Answer(made, _view_made)


def _asked(
    session: Session, question: str, default: str, flag: str, check: Callable[[str], object]
) -> str:
    """Ask until the answer means something; where nobody sits it has to at once."""
    while True:
        answer = session.ask(question, default, flag)
        try:
            check(answer)
        except CompanionError as error:
            if session.yes or not session.can_ask:
                raise
            says_all = error.message.endswith("?")
            session.reporter.note(error.message if says_all else f"{error.message}. {error.hint}")
        else:
            return answer


def _slot(session: Session) -> str:
    question = 'Which days and time (as "tue,thu 19:30" or "daily 7:00")'
    usual = _USUAL if session.yes or session.can_ask else ""
    return _asked(session, question, usual, "--when", planning.names_minutes)


def _minutes(session: Session, slots: list[str]) -> int | None:
    if all(planning.names_minutes(slot) for slot in slots):
        return None
    return _count(_asked(session, "How many minutes a session", "60", "--minutes", _count))


def _count(text: str) -> int:
    digits = text.strip().split(" ")[0]
    if not digits.isascii() or not digits.isdigit() or not 0 < int(digits) <= _DAY_MINUTES:
        raise CompanionError(f"{text!r} are no minutes", hint="E.g. 60.", code=Exit.USAGE)
    return int(digits)


def _zone(session: Session) -> str:
    guess = planning.guess_zone() or ""
    if not guess and session.yes:
        raise CompanionError(
            "this machine has no time zone with a name, and the plan needs one",
            hint="Give --timezone Europe/Warsaw.",
            code=Exit.USAGE,
        )
    return _asked(session, "Your time zone", guess, "--timezone", planning.zone_of)


def _deadline(session: Session, zone: str) -> str:
    question = "When is the course to be finished (as 2027-03-01; none for no date)"
    return _asked(
        session, question, "none", "--deadline", lambda text: planning.deadline_of(text, zone)
    )


@command(app, "show")
def show(session: Session) -> Answer:
    """Show the plan: the next times, the pauses, the dates and how often they moved."""
    return Answer(planning.show(session.workspace()), _view_plan)


@command(app, "edit")
def edit(
    session: Session,
    add: Annotated[
        list[str] | None, typer.Option("--add", help='A time more: "tue 19:30 90".')
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", help='A time less: "tue 19:30", "tue", "19:30".')
    ] = None,
    minutes: Annotated[
        int | None, typer.Option("--minutes", "-m", min=1, max=1440, help="For every session.")
    ] = None,
    timezone: Timezone = None,
    deadline: Deadline = None,
    course: CourseOption = None,
    why: Why = "",
) -> Answer:
    """Change the plan; what you wrote in the file beside it stays."""
    given = (add, remove, minutes, timezone, deadline, course)
    if all(one is None for one in given):
        raise CompanionError(
            "say what is to change",
            hint='fastcompanion plan edit --remove "tue 19:30" --add "wed 20:00 60"',
            code=Exit.USAGE,
        )
    changed = planning.edit(
        session.workspace(),
        add=add or (),
        remove=remove or (),
        minutes=minutes,
        timezone=timezone,
        deadline=deadline,
        course=course,
        why=why,
        dry_run=session.dry_run,
    )
    return Answer(changed, _view_changed)


@command(app, "forecast")
def forecast(session: Session) -> Answer:
    """Say when each lesson and the course end: from the plan, later from your own pace."""
    return Answer(forecasting.show(session.workspace()), _view_forecast)


@command(app, "pause")
def pause(
    session: Session,
    first: Annotated[
        str | None, typer.Argument(metavar="[FROM]", help="Its first day: 2026-12-20, or today.")
    ] = None,
    last: Annotated[
        str | None, typer.Argument(metavar="[TO]", help="Its last day, e.g. 2027-01-03.")
    ] = None,
    why: Annotated[str, typer.Option("--why", help="E.g. holidays.")] = "",
    end: Annotated[bool, typer.Option("--end", help="End the pause of today.")] = False,
) -> Answer:
    """Take time off: no reminders, and nothing counts for or against you."""
    ws = session.workspace()
    if end and first is None:
        return Answer(planning.end_pause(ws, dry_run=session.dry_run), _view_pause)
    if end or first is None or last is None:
        raise CompanionError(
            "a pause has a first and a last day",
            hint="fastcompanion plan pause 2026-12-20 2027-01-03 --why holidays, or --end alone",
            code=Exit.USAGE,
        )
    return Answer(planning.pause(ws, first, last, why, dry_run=session.dry_run), _view_pause)


@command(app, "reflow")
def reflow(session: Session, why: Why = "") -> Answer:
    """Let the dates of your lessons start from today; the ones they had stay in the history."""
    moved = forecasting.reflow(session.workspace(), why, dry_run=session.dry_run)
    return Answer(moved, _view_reflowed)


@command(app, "check")
def check(session: Session) -> Answer:
    """Show the next ten times with what the clocks do to them, and what can't work in the plan."""
    found = plan_checking.check(session.workspace())
    return Answer(found, _view_check, Exit.CHECK_SAYS_NO if found.bad else Exit.DONE)


def register(root: typer.Typer) -> None:
    """Add the group to the program."""
    root.add_typer(app, rich_help_panel="Groups")


def _day(day: date | None) -> str:
    return f"{day:%a %d %b %Y}" if day else "not in sight"


def _times(slots: Iterable[SlotShown]) -> str:
    return "; ".join(f"{', '.join(one.days)} {one.at} {one.minutes} min" for one in slots) or "none"


def _table(coming: Iterable[Coming], *, elsewhere: bool = False) -> Block:
    columns = ("next", "UTC", *(("here",) if elsewhere else ()), "time", "")
    rows = tuple(
        (
            f"{one.at:%a %d %b %Y %H:%M}",
            f"{one.utc:%a %H:%M}",
            *((f"{one.here:%a %H:%M}",) if elsewhere else ()),
            duration(one.minutes),
            "moved: the clock jumps over it"
            if one.moved
            else "the first of two"
            if one.twice
            else "",
        )
        for one in coming
    )
    return Table(columns, rows)


def _view_made(made: Planned) -> Iterable[Block]:
    yield Title(f"Your plan: {_times(made.slots)} ({made.timezone})")
    yield Line(f"{duration(made.weekly_minutes)} a week, written in {made.file}")
    yield _table(made.occurrences[:3])
    yield from commit_blocks(made.commit)
    yield from _view_outcome(made)
    yield Next("fastcompanion remind install", "be reminded at these times")


def _view_changed(made: Planned) -> Iterable[Block]:
    if not made.changes:
        yield Line("It is as you want it already; nothing was changed.")
        return
    yield Items(made.changes)
    yield Line(f"{_times(made.slots)}: {duration(made.weekly_minutes)} a week")
    yield from commit_blocks(made.commit)
    yield from _view_outcome(made)
    yield Next("fastcompanion plan check")


def _view_outcome(made: Planned) -> Iterable[Block]:
    if made.forecast is None:
        yield Next("fastcompanion course add foundations", "with a course there is a forecast")
    else:
        yield from _end_of_course(made.forecast)


def _view_plan(plan: PlanShown) -> Iterable[Block]:
    yield Title(f"{_times(plan.slots)} ({plan.timezone}), {duration(plan.weekly_minutes)} a week")
    yield _table(plan.occurrences, elsewhere=plan.elsewhere)
    if plan.elsewhere:
        yield Line(
            "The clocks here show another time. The plan keeps to its own zone; to take it along: "
            "fastcompanion plan edit --timezone ZONE"
        )
    if plan.pauses:
        yield Items(
            tuple(
                f"pause {one.first} to {one.last}{f', {one.why}' if one.why else ''} ({one.state})"
                for one in plan.pauses
            )
        )
    yield from (Line(_moves(one)) for one in plan.deadlines if one.lesson is None)
    dates = [one for one in plan.deadlines if one.lesson is not None]
    if dates:
        rows = tuple(
            (one.lesson or "", _day(one.day), "done" if one.done else "", _history(one))
            for one in dates
        )
        yield Table(("lesson", "date", "", "moved"), rows)
    if plan.quiet_since is not None:
        yield from _back(plan)
    yield Next("fastcompanion plan forecast")


def _moves(one: DeadlineShown) -> str:
    words = (
        f"The course is to be finished by {_day(one.day)}" if one.day else "No date for the course"
    )
    return f"{words}; moved {_history(one)}" if one.before else words


def _history(one: DeadlineShown) -> str:
    if not one.before:
        return ""
    was = ", ".join(f"{old.day}{f' ({old.why})' if old.why else ''}" for old in one.before)
    times = {1: "once", 2: "twice"}.get(one.moved, f"{one.moved} times")
    return f"{times}; was {was}"


def _back(plan: PlanShown) -> Iterable[Block]:
    """Propose the way back after a week without study; a break is no fault."""
    soon = f" The next time is {plan.occurrences[0].at:%a %d %b %H:%M}." if plan.occurrences else ""
    if plan.begun:
        yield Line(f"Your last session was on {_day(plan.quiet_since)}; welcome back.{soon}")
    else:
        yield Line(f"Nothing is logged yet; any day is a good one to begin.{soon}")
    yield Next("fastcompanion next --minutes 10", "ten minutes are enough")
    yield Next("fastcompanion plan reflow", "let the dates start from today")


def _view_forecast(seen: Foresight) -> Iterable[Block]:
    yield from _end_of_course(seen)
    if seen.lessons:
        rows = tuple(
            (
                one.lesson,
                duration(one.minutes_left),
                _day(one.likely),
                _range(one.earliest, one.latest),
                str(one.deadline or ""),
            )
            for one in seen.lessons
        )
        yield Table(("lesson", "still", "ends", "range", "date"), rows)
    yield from (Line(text, "dim") for text in _basis(seen))
    if any(one.deadline and one.likely and one.likely > one.deadline for one in seen.lessons):
        yield Next("fastcompanion plan reflow", "let the dates start from today")


def _range(earliest: date | None, latest: date | None) -> str:
    if earliest is None and latest is None:
        return ""
    return f"{earliest} to {latest}" if latest else f"{earliest} or later"


def _end_of_course(seen: Foresight) -> Iterable[Block]:
    if not seen.minutes_left:
        yield Line(f"Every lesson of {seen.course} is done or left out.", "good")
        return
    ends = f"{_day(seen.likely)} ({_range(seen.earliest, seen.latest)})"
    yield Title(
        f"{seen.course} ends on {ends}" if seen.likely else f"{seen.course}: no end in sight"
    )
    weekly = duration(seen.weekly_minutes)
    yield Line(f"{duration(seen.minutes_left)} are left, at {weekly} a week.")
    if not seen.weekly_minutes:
        yield Next('fastcompanion plan edit --add "tue,thu 19:30 60"')
    yield from _about_deadline(seen)


def _about_deadline(seen: Foresight) -> Iterable[Block]:
    if seen.deadline is None:
        return
    if seen.deadline_is_over:
        yield Line(f"Your date, {_day(seen.deadline)}, is over. Choose a new one when you like:")
        if seen.likely:
            yield Next(f"fastcompanion plan edit --deadline {seen.likely}")
    elif seen.likely is None or seen.likely > seen.deadline:
        needed = duration(seen.weekly_minutes_needed or 0)
        yield Line(f"For {_day(seen.deadline)} it takes {needed} a week.")
        if seen.likely:
            yield Next(f"fastcompanion plan edit --deadline {seen.likely}", "or give it more time")
    elif seen.latest is None or seen.latest > seen.deadline:
        yield Line(f"Your date, {_day(seen.deadline)}, is within reach.")
    else:
        yield Line(f"Your date, {_day(seen.deadline)}, leaves time to spare.", "good")


def _basis(seen: Foresight) -> Iterable[str]:
    if seen.based_on == "pace":
        yield (
            f"From your own pace: {duration(seen.weekly_minutes)} a week over "
            f"{seen.weeks_of_log} weeks ({duration(seen.planned_minutes)} are planned). "
            "The range holds in about eight of ten cases."
        )
    else:
        why = (
            f"the last {seen.weeks_of_log} weeks hold no session"
            if seen.silent
            else "your own pace counts after two weeks of log"
        )
        yield (
            f"From the planned minutes, as {why}. Early: lessons take a fifth less; "
            "late: one time in three is missed."
        )
    if seen.guessed:
        yield (
            f"{seen.guessed} lessons name no minutes; "
            f"{duration(forecasting.WITH_LECTURE)} are assumed with a lecture, "
            f"{duration(forecasting.WITHOUT)} without."
        )


def _view_pause(paused: PausedNow) -> Iterable[Block]:
    one = paused.pause
    if paused.ended:
        yield Line(
            f"The pause is over; its last day was {one.last}." if one else "The pause is off."
        )
    elif one is not None:
        out = "1 time is" if paused.slots_left_out == 1 else f"{paused.slots_left_out} times are"
        yield Line(f"Pause from {_day(one.first)} to {_day(one.last)}: {out} left out.")
    yield from commit_blocks(paused.commit)
    if paused.next is not None:
        yield Line(f"The next time is {paused.next.at:%a %d %b %Y %H:%M}.")
    yield Next("fastcompanion plan reflow", "let the dates of your lessons follow")


def _view_reflowed(done: Reflowed) -> Iterable[Block]:
    if not done.moves:
        yield Line("No date has to move; you are on time.", "good")
    else:
        rows = tuple(
            (one.lesson, _day(one.before) if one.before else "", _day(one.now))
            for one in done.moves
        )
        yield Table(("lesson", "was", "is now"), rows)
    yield from commit_blocks(done.commit)
    yield from _end_of_course(done.forecast)


def _view_check(found: PlanChecked) -> Iterable[Block]:
    if found.occurrences:
        yield _table(found.occurrences)
    for one in found.findings:
        yield (
            Warn(f"{one.text}. {one.cure}")
            if one.level == "error"
            else Line(f"{one.text}. {one.cure}", "warn")
        )
    if not found.findings:
        yield Line("The plan can work.", "good")
