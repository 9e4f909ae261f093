"""The deck: cards with what is known of each, and which of them make a day's load.

What is known follows from the answers. It is kept in a cache that can be deleted: an unchanged log
is not even parsed, and of a longer one only the cards with new answers are followed again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.review import cards, schedule
from fastcompanion.course.review.cards import Card, Review
from fastcompanion.course.review.schedule import Memory

_CACHE_VERSION = 1
_USUAL_SECONDS = 40
_TIMED = 100


@frozen
class Known:
    """A card and what is known of it; None before its first answer."""

    card: Card
    memory: Memory | None


@frozen
class Load:
    """What a day asks for: due cards first, then new ones.

    `overdue` are due cards that wait for another day, `waiting` new ones; `done` cards were
    answered today already.
    """

    due: tuple[Known, ...]
    new: tuple[Known, ...]
    overdue: int
    waiting: int
    done: int


@frozen
class Answers:
    """What the log of answers says: what is known of each card, and how long one takes."""

    memories: Mapping[str, Memory]
    seconds: int


def read(study: Workspace, known: Mapping[str, Memory] | None = None) -> list[Known]:
    """Give the cards that are asked, with what is known of them."""
    known = memories(study) if known is None else known
    found = cards.read(study).items()
    return [Known(card, known.get(name)) for name, card in found if card.state == "active"]


def load(
    deck: Iterable[Known], day: date, *, at_most: int, new_at_most: int, limit: int | None = None
) -> Load:
    """Choose what is asked on a day: at most so many cards, and so many new ones of them.

    After a pause more are due than a day holds. Those that have faded least come first: they can
    still be saved, and what is forgotten anyway can wait; new cards wait for all of them.
    """
    every = list(deck)
    seen = [one for one in every if one.memory is not None and one.memory.last < day]
    # Answers of days to come are of a clock that went wrong: they fill no day.
    today = [one for one in every if one.memory is not None and one.memory.last == day]
    due = [one for one in seen if one.memory and one.memory.due <= day]
    due.sort(key=lambda one: (_faded(one, day), one.card.id))
    new = [one for one in every if one.memory is None and _may_begin(one.card, day)]
    begun = sum(one.memory is not None and one.memory.answers == 1 for one in today)
    room = max(at_most - len(today), 0)
    room = room if limit is None else min(room, limit)
    taken = due[:room]
    fresh = new[: max(min(room - len(taken), new_at_most - begun), 0)]
    return Load(
        tuple(taken), tuple(fresh), len(due) - len(taken), len(new) - len(fresh), len(today)
    )


def _faded(one: Known, day: date) -> float:
    return schedule.faded(one.memory, day) if one.memory else 0.0


def _may_begin(card: Card, day: date) -> bool:
    return card.since is None or card.since <= day


def forecast(deck: Iterable[Known], day: date, days: int) -> tuple[int, ...]:
    """Count the cards that fall due on each of the next days; the first has all that are overdue."""
    counts = [0] * days
    for one in deck:
        ahead = (one.memory.due - day).days if one.memory else days
        if ahead < days:
            counts[max(ahead, 0)] += 1
    return tuple(counts)


def retention(log: Sequence[Review]) -> tuple[int, int]:
    """Count the answers to cards seen on an earlier day: how many were known, and of how many."""
    first: dict[str, date] = {}
    known = total = 0
    for review in sorted(log, key=lambda review: review.day):
        if first.setdefault(review.card, review.day) < review.day:
            total += 1
            known += review.rating != "again"
    return known, total


def seconds_each(log: Sequence[Review]) -> int:
    """Say how long a card takes here: the middle one of the last answers that were timed."""
    timed = sorted(one.seconds for one in log[-_TIMED:] if one.seconds is not None)
    return max(timed[len(timed) // 2], 1) if timed else _USUAL_SECONDS


def memories(study: Workspace) -> dict[str, Memory]:
    """Say what is known of each card that was ever answered."""
    return dict(answers(study).memories)


def answers(study: Workspace) -> Answers:
    """Say what follows from all answers, from the cache where the log is as it was."""
    if not study.reviews.exists():
        return Answers({}, _USUAL_SECONDS)
    digest = hashlib.sha256(store.read_bytes(study.reviews)).hexdigest()
    kept = _kept(study)
    if kept.get("digest") == digest:
        try:
            return _answers(kept)
        except (TypeError, ValueError):
            kept = {}
    log = cards.reviews(study)
    rows = _followed(log, kept.get("cards", {}))
    told = {"digest": digest, "seconds": seconds_each(log), "cards": rows}
    _keep(study, {"version": _CACHE_VERSION, **told})
    return _answers(told)


def _answers(kept: Mapping[str, Any]) -> Answers:
    return Answers({name: _memory(row) for name, row in kept["cards"].items()}, kept["seconds"])


def _cache(study: Workspace) -> Path:
    return study.cache / "review.json"


def _kept(study: Workspace) -> Mapping[str, Any]:
    """Read the cache; one that can't be used is as none."""
    try:
        data = store.read_json(_cache(study))
    except CompanionError:
        return {}
    good = isinstance(data, dict) and data.get("version") == _CACHE_VERSION
    whole = good and isinstance(data.get("cards"), dict) and isinstance(data.get("seconds"), int)
    return data if whole else {}


def _keep(study: Workspace, data: Mapping[str, Any]) -> None:
    try:
        store.write_json(_cache(study), data)
    except CompanionError:
        # A study that can only be read is reviewed all the same.
        return


def _followed(log: Iterable[Review], kept: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Follow the answers of each card, but for those whose answers are as they were."""
    histories: dict[str, list[tuple[date, schedule.Rating]]] = {}
    for review in log:
        histories.setdefault(review.card, []).append((review.day, review.rating))
    rows = {}
    for name, history in histories.items():
        words = " ".join(f"{day.toordinal()}{rating[0]}" for day, rating in history)
        same = isinstance(kept.get(name), list) and kept[name][:1] == [words]
        rows[name] = kept[name] if same else _row(words, history)
    return rows


def _row(words: str, history: Iterable[tuple[date, schedule.Rating]]) -> list[Any]:
    memory = schedule.memory_of(history)
    assert memory is not None
    days = (memory.due.isoformat(), memory.last.isoformat())
    return [words, *days, memory.stability, memory.difficulty, memory.answers, memory.lapses]


def _memory(row: Sequence[Any]) -> Memory:
    _, due, last, stability, difficulty, answers, lapses = row
    return Memory(
        date.fromisoformat(due), date.fromisoformat(last), stability, difficulty, answers, lapses
    )
