"""The review of a week: a file with questions, answered by hand, and numbers, written by us.

Writing it again replaces the numbers between their markers and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from fastcompanion.base import events, store, templates
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.workspace import Workspace
from fastcompanion.study import journal
from fastcompanion.study.journal import Entry
from fastcompanion.study.logbook import marked, stats, streaks
from fastcompanion.study.logbook.period import Period
from fastcompanion.study.logbook.streaks import Streak
from fastcompanion.study.plan.plan import Plan

_NUMBERS = "numbers"
_LONGEST = 100


@frozen
class Question:
    """A heading of the review, and whether something stands below it."""

    text: str
    answered: bool


@frozen
class Review:
    """The review of a week. `changed` is false when the file said all this already."""

    week: str
    file: str
    new: bool
    changed: bool
    numbers: str
    questions: tuple[Question, ...]
    streak: Streak
    commit: CommitResult | None


def write(
    ws: Workspace,
    week: Period,
    entries: Sequence[Entry],
    plan: Plan | None,
    today: date,
    *,
    dry_run: bool = False,
) -> Review:
    """Make the file of a week, or bring its numbers up to date, and commit it."""
    path = ws.week_file(week.name)
    streak = streaks.of(_until(entries, week.last), plan, min(week.last, today))
    numbers = _numbers(week, entries, plan, streak)
    old = store.read_text(path) if path.exists() else None
    new = _text(week) if old is None else old
    if marked.has(new, _NUMBERS):
        new = marked.put(new, _NUMBERS, numbers, path)
    else:
        journal.refuse_conflict(new, path)
    commit = None
    if not dry_run:
        if new != old:
            store.write_text(path, new)
        commit = events.commit_paths(ws, [path], f"Review the week {week.name}")
    return Review(
        week=week.name,
        file=ws.relative(path),
        new=old is None,
        changed=new != old,
        numbers=numbers,
        questions=questions(new),
        streak=streak,
        commit=commit,
    )


def _text(week: Period) -> str:
    return templates.render(
        "study/week.md", {"week": week.name, "first": str(week.first), "last": str(week.last)}
    )


def _until(entries: Sequence[Entry], last: date) -> list[Entry]:
    return [entry for entry in entries if journal.study_day(entry.at) <= last]


def questions(text: str) -> tuple[Question, ...]:
    """Find the questions of a review and whether they have been answered."""
    parts = re.split(r"^## +(.+)$", text, flags=re.MULTILINE)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return tuple(Question(title.strip(), bool(below.strip())) for title, below in pairs)


def _numbers(week: Period, entries: Sequence[Entry], plan: Plan | None, streak: Streak) -> str:
    own = [entry for entry in entries if week.first <= journal.study_day(entry.at) <= week.last]
    days = {journal.study_day(entry.at) for entry in own}
    minutes = sum(entry.minutes for entry in own)
    wanted = streaks.goal(plan, week.first)
    rows = [
        ("minutes", f"{minutes} of {wanted} planned" if wanted else str(minutes)),
        ("sessions", f"{len(own)} on {len(days)} {'day' if len(days) == 1 else 'days'}"),
        ("weeks in a row", str(streak.weeks)),
    ]
    lines = ["| what | this week |", "|---|---|", *(f"| {name} | {said} |" for name, said in rows)]
    shares = [share for share in stats.lessons(own) if share.name]
    if shares:
        lines += ["", "| lesson | minutes | sessions |", "|---|---|---|"]
        lines += [f"| {share.name} | {share.minutes} | {share.sessions} |" for share in shares]
    told = [_told(entry) for entry in own if entry.note]
    return "\n".join([*lines, *(["", *told] if told else [])])


def _told(entry: Entry) -> str:
    """Write the first line of a note as an item; it can't end our part of the file."""
    first = entry.note.strip().split("\n")[0]
    short = first if len(first) <= _LONGEST else first[: _LONGEST - 1].rstrip() + "…"
    return f"- {journal.study_day(entry.at)}: {short.replace('<!--', '&lt;!--')}"
