"""How the check of a repeat notebook looks."""

from __future__ import annotations

from collections.abc import Iterable

from fastcompanion.commands.phrases import commit_blocks
from fastcompanion.console import Block, Line, Next, Table, Title, Warn
from fastcompanion.flows.repeated import RepeatReport

_MARKS = {"done": "x", "open": ".", "wrong": "!", "could not check": "?"}


def view(report: RepeatReport) -> Iterable[Block]:
    """Show what holds and what is open, and the cure of the first that is."""
    done = sum(item.state == "done" for item in report.items)
    yield Title(f"{report.lesson} {report.title}, repeat: {done} of {len(report.items)} hold")
    rows = tuple((_MARKS[item.state], item.name, item.state, item.text) for item in report.items)
    yield Table(("", "what", "state", ""), rows)
    for item in report.items:
        if item.state != "done" and item.hint:
            yield Warn(f"{item.name}: {item.hint}")
    if report.complete:
        told = "Done" if report.finished_step else "All of it holds"
        yield Line(f"{told}: repeat of {report.lesson}.", "good")
    yield from commit_blocks(report.commit)
    if report.complete and report.next is not None:
        yield Next(report.next.command, f"{report.next.step}: {report.next.what}")
    elif report.complete:
        yield Next("fastcompanion next")
