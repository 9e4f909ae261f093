"""Day files of two machines, put together session by session.

Git's union merge keeps the lines of both sides, but a line that both have is kept once: of two
sessions that end with the same words one would lose them. So after a merge the sessions are
compared with those of both sides, and what does not agree is put together again from them.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from fastcompanion.study import journal

# A part of a day file: what it is known by (a session's id, else its own text), and its lines.
_Parts = dict[str, str]


def together(base: str, mine: str, theirs: str, merged: str) -> str | None:
    """Give the right text where `merged` has not each part of both sides; None: it has.

    A part that only one side changed or took out is as that side has it. What both changed
    differently is kept twice, for the learner to choose.
    """
    old, ours, others = (_parts(text) for text in (base, mine, theirs))
    wanted: list[str] = []
    for key in dict.fromkeys([*others, *ours]):
        was, here, there = old.get(key), ours.get(key), others.get(key)
        if here in (there, was):
            chosen = [there]
        elif there == was:
            chosen = [here]
        else:
            chosen = [there, here]
        wanted += [part for part in chosen if part is not None]
    have = sorted(part for _, part in _listed(merged))
    if have == sorted(wanted):
        return None
    return "\n".join(wanted) + "\n"


def _parts(text: str) -> _Parts:
    found: _Parts = {}
    for key, part in _listed(text):
        # The same id twice on one side already: both lines go along.
        name = key if found.get(key, part) == part else f"{key}\n{part}"
        found[name] = part
    return found


def _listed(text: str) -> list[tuple[str, str]]:
    """Split a day file into headings, sessions and prose, each with the indented lines below it."""
    blocks: list[list[str]] = []
    for line in text.split("\n"):
        if blocks and (line.startswith(("  ", "\t")) or not line.strip()):
            blocks[-1].append(line)
        elif line.strip():
            blocks.append([line])
    parts = ["\n".join(block).rstrip() for block in blocks]
    return [(_key(part), part) for part in parts]


def _key(part: str) -> str:
    entries = journal.parse(part, date.min, Path()).entries
    return f"^{entries[0].id}" if entries else part
