"""What is shown of a session that `next --minutes` has planned, or gone through."""

from __future__ import annotations

from collections.abc import Iterable

from fastcompanion.commands.again import notebook_lines
from fastcompanion.commands.phrases import duration
from fastcompanion.console import Block, Items, Line, Next, Table, Title
from fastcompanion.flows.today import Item, Today


def view(today: Today) -> Iterable[Block]:
    """Show the plan, or, where the session has begun, what is to be done now."""
    if today.started is None and today.held is None:
        if not today.offered:
            yield from listed(today)
        yield from _ways(today)
    else:
        yield from _begun(today)


def listed(today: Today) -> Iterable[Block]:
    """Show what the session holds."""
    if today.welcome:
        yield Line(today.welcome)
        if today.proposal:
            yield Next(today.proposal, "sets the dates anew from today")
    if not today.items:
        return
    planned = sum(item.minutes for item in today.items)
    yield Title(f"{duration(today.minutes)} today: {duration(planned)} planned")
    yield Table(("min", "what", "why"), tuple(_row(item) for item in today.items))
    if today.later:
        yield Line("Another day: " + "; ".join(_short(item) for item in today.later) + ".", "dim")


def _row(item: Item) -> tuple[str, str, str]:
    what = item.what if item.whole else f"{item.what} (a part of it)"
    return str(item.minutes), what, item.why


def _short(item: Item) -> str:
    return f"{item.what[:1].lower()}{item.what[1:]} ({item.minutes} min)"


def _ways(today: Today) -> Iterable[Block]:
    for item in today.items:
        if item.kind not in ("then", "log"):
            yield Next(item.command, item.what)
    if not today.items:
        yield Line("No card is due, and everything is done in the courses of this study.", "good")
        yield Next("fastcompanion course list --catalogue", "choose the next course")


def _begun(today: Today) -> Iterable[Block]:
    if today.started is not None:
        since = f"{today.started.started:%H:%M}"
        yield Title(f"{today.started.lesson} {today.started.title}: the timer runs since {since}")
    if today.held is not None:
        count = len(today.held.answered)
        yield Line(f"{count} card{'' if count == 1 else 's'} answered.", "good" if count else "")
    if today.again is not None and today.again.section is not None:
        yield Line(f"From memory: {today.again.section} of {today.again.lesson}.")
        yield from notebook_lines(today.again)
    yield from _step(today)
    yield Next("fastcompanion stop", "at the end: one line for the log")


def _step(today: Today) -> Iterable[Block]:
    item = next((one for one in today.items if one.kind == "step"), None)
    started = today.started
    if item is None or started is None:
        if today.again is not None:
            yield Next("fastcompanion check", "when it stands")
        return
    then = "Then, in its own notebook: " if today.again is not None else ""
    yield Line(f"{then}{item.what}." if then else f"{item.what}.")
    if started.notebook:
        opened = f", opened with {started.opened_with}" if started.opened_with else ""
        yield Line(f"Notebook: {started.notebook}{opened}")
    if started.step == "watch":
        yield Items(started.goals)
    ways = [way for way in started.ways if way.command != "fastcompanion stop"]
    if item.section is not None:
        yield Next("fastcompanion check", "checks all that you have worked on")
        yield Next("fastcompanion hint", "when you are stuck")
    else:
        yield from (Next(way.command, way.why) for way in ways)
    if any(one.kind == "then" for one in today.items):
        yield Next("fastcompanion next", "when that is done: there is time for more")
