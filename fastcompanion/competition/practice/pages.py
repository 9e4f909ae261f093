"""The pages of a practice competition: what it is, its rules, its leaderboard. They load nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fastcompanion.base import templates
from fastcompanion.competition.practice import journal as journals

if TYPE_CHECKING:
    from fastcompanion.competition.practice.protocol import Protocol

_SHOWN = 20


def overview(protocol: Protocol) -> str:
    """Say what is asked, in which files, and how it is scored."""
    files = [(name, count, size) for name, (count, size) in protocol.sizes().items()]
    return _page(protocol, "overview", files=files)


def rules(protocol: Protocol) -> str:
    """Show the rules, with a button where they are not accepted yet."""
    return _page(protocol, "rules", token=protocol.signed("rules"))


def leaderboard(protocol: Protocol) -> str:
    """Rank the competitors, and show what was submitted last."""
    state = protocol.journal.state()
    rows = journals.leaderboard(protocol.competition, state)
    last = tuple(reversed(state.submissions[-_SHOWN:]))
    notes = [note for one in last if (note := journals.note(protocol.competition, one.public))]
    return _page(protocol, "leaderboard", rows=rows, last=last, note="".join(notes[:1]))


def missing(protocol: Protocol) -> str:
    """Say that there is no such page."""
    return _page(protocol, "missing")


def _page(protocol: Protocol, name: str, **more: object) -> str:
    base = f"/competitions/{protocol.competition.slug}"
    values = {"told": protocol.competition, "state": protocol.journal.state(), "base": base}
    return templates.html(f"practice/{name}.html", {**values, "here": name, **more})


PAGES: dict[str, Callable[[Protocol], str]] = {
    "": overview,
    "/": overview,
    "/rules": rules,
    "/leaderboard": leaderboard,
}
