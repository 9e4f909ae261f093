"""Cards and answers as append-only lines that two machines can merge: review/*.jsonl.

cards.jsonl says what became of each card, reviews.jsonl holds one line for each answer:

    {"v":1,"id":"...","at":"...","kind":"accepted","card":"q1a2b3c4d5","front":"...", ...}
    {"v":1,"id":"...","at":"...","day":"2026-11-21","card":"q1a2b3c4d5","rating":"good"}

`day` is the study day. What a card says is the sum of its lines, when it is due follows from its
answers; neither is stored. Lines are written once, and read once for each id.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Literal, cast

from fastcompanion.base import clock, store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.review.schedule import RATINGS, Rating

LINE_VERSION = 1
# The source of a card that the learner wrote: there is no place to look it up.
OWN = "your own"
Kind = Literal["question", "predict", "task"]
State = Literal["proposed", "active", "suspended"]
Change = Literal["accepted", "edited", "suspended"]
KINDS: tuple[Kind, ...] = ("question", "predict", "task")
_STATES: Mapping[str, State] = {
    "accepted": "active",
    "suspended": "suspended",
}
_TEXTS = ("lesson", "type", "front", "back", "source", "since")


@frozen
class Card:
    """A question and its answer (empty: the learner has not written it yet).

    `kind` "predict" is checked against its back, a "task" is something to do; `source` names the
    place that it comes from, for people. A new card is asked from the day `since` on.
    """

    id: str
    lesson: str | None
    kind: Kind
    front: str
    back: str = ""
    source: str = ""
    state: State = "active"
    since: date | None = None


@frozen
class Review:
    """One answer; `seconds` is how long it took, None where nobody looked."""

    id: str
    day: date
    card: str
    rating: Rating
    answer: str = ""
    seconds: int | None = None


def card_id(lesson: str | None, front: str, kind: Kind = "question") -> str:
    """Make an id of what is asked, so that a question keeps it when its list is numbered anew."""
    words = " ".join(re.findall(r"\w+|[^\w\s]", front.casefold()))
    text = f"{kind}\n{lesson or ''}\n{words}"
    return kind[0] + hashlib.sha256(text.encode()).hexdigest()[:10]


def read(study: Workspace) -> dict[str, Card]:
    """Give every card by its id, in the order in which they came."""
    told: dict[str, dict[str, Any]] = {}
    for line in store.read_lines(study.cards):
        name, change = _checked(line, study.cards, "card"), line.get("kind")
        if change == "edited" or change in _STATES:
            own = told.setdefault(name, {"state": "active"})
            own |= {key: str(line[key]) for key in _TEXTS if line.get(key) is not None}
            own |= {"state": _STATES[str(change)]} if change in _STATES else {}
    return {name: _card(name, own) for name, own in told.items()}


def _card(name: str, told: Mapping[str, Any]) -> Card:
    kind: Kind = told["type"] if told.get("type") in KINDS else "question"
    return Card(
        name,
        told.get("lesson"),
        kind,
        told.get("front", ""),
        told.get("back", ""),
        told.get("source", ""),
        told["state"],
        _day(told["since"]) if "since" in told else None,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _checked(line: Mapping[str, Any], path: Path, key: str) -> str:
    if line.get("v") != LINE_VERSION:
        store.check_version({"version": line.get("v")}, path, current=LINE_VERSION)
    if not isinstance(line.get(key), str) or not line[key]:
        raise _broken(line, path, f"lacks a {key}")
    return str(line[key])


def _broken(line: Mapping[str, Any], path: Path, problem: str) -> CompanionError:
    return CompanionError(
        f"the line {line.get('id', '')!r} {problem}",
        hint="Mend the line by hand, or take an older version of the file from git.",
        file=path,
    )


def accept(study: Workspace, found: Sequence[Card]) -> tuple[Card, ...]:
    """Take cards into the reviews, in one write."""
    _write(study, study.cards, [_line_of(card, "accepted") for card in found])
    return tuple(replace(card, state="active") for card in found)


def _line_of(card: Card, change: Change) -> dict[str, Any]:
    texts = {"lesson": card.lesson, "front": card.front, "back": card.back, "source": card.source}
    told = {key: text for key, text in texts.items() if text}
    told |= {"since": card.since.isoformat()} if card.since else {}
    return {"kind": change, "card": card.id, "type": card.kind, **told}


def edit(
    study: Workspace, card: Card, *, front: str | None = None, back: str | None = None
) -> Card:
    """Change what a card asks or answers; None leaves it as it is."""
    told = {"front": front, "back": back}
    texts = {key: text for key, text in told.items() if text is not None}
    _write(study, study.cards, [{"kind": "edited", "card": card.id, **texts}])
    return replace(card, **cast("dict[str, Any]", texts))


def suspend(study: Workspace, card: Card) -> Card:
    """Ask a card no more (or never propose it again); its answers are kept."""
    _write(study, study.cards, [{"kind": "suspended", "card": card.id, "type": card.kind}])
    return replace(card, state="suspended")


def reviews(study: Workspace) -> list[Review]:
    """Give every answer in the order in which they were given."""
    return [_review(line, study.reviews) for line in store.read_lines(study.reviews)]


def _review(line: Mapping[str, Any], path: Path) -> Review:
    card, rating = _checked(line, path, "card"), line.get("rating")
    if rating not in RATINGS:
        raise _broken(line, path, f"has no rating of {', '.join(RATINGS)}")
    day = _day(str(line.get("day")))
    if day is None:
        raise _broken(line, path, "lacks the day of its answer")
    seconds = line.get("seconds")
    known = seconds if isinstance(seconds, int) and not isinstance(seconds, bool) else None
    return Review(str(line.get("id")), day, card, rating, str(line.get("answer", "")), known)


def answer(
    study: Workspace,
    card: Card,
    rating: Rating,
    day: date,
    *,
    text: str = "",
    seconds: int | None = None,
) -> Review:
    """Keep one answer; `day` is the study day."""
    line: dict[str, Any] = {"day": day.isoformat(), "card": card.id, "rating": rating}
    line |= {"answer": text} if text else {}
    line |= {} if seconds is None else {"seconds": seconds}
    (made,) = _write(study, study.reviews, [line])
    return _review(made, study.reviews)


def _write(
    study: Workspace, path: Path, records: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    at = clock.stamp()
    lines = [{"v": LINE_VERSION, "id": clock.new_id(), "at": at, **record} for record in records]
    if lines:
        # A fresh clone lacks the folder, and locks belong there, out of git's sight.
        store.make_folder(study.private)
        store.append_lines(path, lines, lock_file=study.lock(path.stem))
    return lines
