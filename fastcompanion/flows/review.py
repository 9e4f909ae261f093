"""The daily review: which cards are due, a session over them, and the figures.

A session keeps each answer as it is given and makes one commit at its end, also when it is broken
off. Days are study days, as in the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Literal, Protocol

from fastcompanion.base import clock, config, events
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.library.finding import find
from fastcompanion.course.review import authored, cards, deck, matching, schedule
from fastcompanion.course.review.cards import Card
from fastcompanion.course.review.deck import Known
from fastcompanion.course.review.schedule import Memory, Rating
from fastcompanion.study import journal

ANSWERED = "card.answered"
_FORECAST_DAYS = 14
Said = Rating | Literal["better", "suspend"]


@frozen
class Due:
    """What is asked today, in order. `overdue` are due cards that wait for another day.

    `new` of the cards were never asked, `waiting` more of that kind wait; `done` were answered
    today; `seconds` is a guess from earlier answers; `next_day` is when the next card falls due.
    """

    cards: tuple[Card, ...]
    overdue: int
    new: int = 0
    waiting: int = 0
    done: int = 0
    seconds: int = 0
    next_day: date | None = None


@frozen
class Asked:
    """A card in a session: the `number`th of `of`; `new` before its first answer."""

    card: Card
    number: int
    of: int
    new: bool
    once_more: bool = False


@frozen
class Answered:
    """An answer and the day on which its card comes back; `right` where it checked itself.

    A task that is done comes back no more (`due` is None).
    """

    card: str
    rating: Rating
    due: date | None
    right: bool | None = None


@frozen
class Held:
    """A session: what was answered, how many were asked no more, what is left of today's load."""

    answered: tuple[Answered, ...]
    suspended: int
    left: int
    overdue: int
    waiting: int
    next_day: date | None
    commit: CommitResult | None = None


@frozen
class Stats:
    """Figures of the deck; `kept` of `again` answers to cards of an earlier day were known."""

    active: int
    new: int
    suspended: int
    answers: int
    today: int
    due: int
    kept: int
    again: int
    forecast: tuple[int, ...]
    first_day: date
    stable: int


class Talk(Protocol):
    """How a session speaks with the learner; None as an answer ends it."""

    def front(self, asked: Asked) -> None:
        """Show what is asked."""

    def answer(self, asked: Asked) -> str | None:
        """Wait for the answer, typed or thought ("")."""

    def back(self, asked: Asked, said: str, right: bool | None) -> None:
        """Show the answer that was kept, or where to look."""

    def rate(self, asked: Asked, suggested: Rating) -> Said | None:
        """Ask how well it was known."""

    def better(self, asked: Asked) -> str | None:
        """Ask for a better answer to keep."""

    def told(self, answered: Answered) -> None:
        """Say when the card comes back."""


def due(
    ws: Workspace,
    limit: int | None = None,
    *,
    minutes: int | None = None,
    lesson: str | None = None,
) -> Due:
    """Say which cards are asked today, at most `limit`, or what fits into so many minutes.

    Of one lesson it is every due and every new card, also its author's that were not begun.
    """
    day = journal.study_day(clock.now())
    answers = deck.answers(ws)
    if minutes is not None:
        fitting = max(minutes * 60 // answers.seconds, 1)
        limit = fitting if limit is None else min(limit, fitting)
    known = answers.memories
    found = deck.read(ws, known) if lesson is None else _of_lesson(ws, lesson, known)
    load = _load(ws, found, day, limit, bounded=lesson is None)
    chosen = tuple(one.card for one in (*load.due, *load.new))
    ahead = [one.memory.due for one in found if one.memory and one.memory.due > day]
    return Due(
        cards=chosen,
        overdue=load.overdue,
        new=len(load.new),
        waiting=load.waiting,
        done=load.done,
        seconds=len(chosen) * answers.seconds,
        next_day=min(ahead, default=None),
    )


def _load(
    ws: Workspace, found: list[Known], day: date, limit: int | None, *, bounded: bool
) -> deck.Load:
    if not bounded:
        many = len(found) * 2 + 1
        return deck.load(found, day, at_most=many, new_at_most=many, limit=limit)
    settings = config.load(ws)
    at_most, new_at_most = (settings.get(f"review.{key}") for key in ("cards_a_day", "new_a_day"))
    return deck.load(found, day, at_most=at_most, new_at_most=new_at_most, limit=limit)


def _of_lesson(ws: Workspace, text: str, known: Mapping[str, Memory]) -> list[Known]:
    """Give a lesson's cards, and those of its author that no line speaks of yet."""
    _, lesson = find(ws, text)
    have = cards.read(ws)
    mine = [card for card in have.values() if card.lesson == lesson.id and card.state == "active"]
    mine += [card for card in authored.of(lesson) if card.id not in have]
    return [Known(replace(card, since=None), known.get(card.id)) for card in mine]


def hold(ws: Workspace, asked: Due, talk: Talk, *, minutes: int | None = None) -> Held:
    """Go through the cards; each answer is kept at once, and one commit is made in the end."""
    session = _Session(ws, talk, journal.study_day(clock.now()))
    until = clock.monotonic() + minutes * 60 if minutes is not None else None
    try:
        session.go(asked.cards, lambda: until is not None and clock.monotonic() > until)
    except KeyboardInterrupt:
        commit = session.commit()
        kept = f"{session.count} kept" + (
            "" if commit is None or commit.made else ", not committed"
        )
        raise CompanionError(
            f"interrupted; {kept}", hint="fastcompanion review", code=Exit.INTERRUPTED
        ) from None
    left = len(asked.cards) - len(session.answered) - session.suspended
    commit = session.commit()
    after = due(ws)
    return Held(
        tuple(session.answered),
        session.suspended,
        left,
        asked.overdue,
        asked.waiting,
        after.next_day,
        commit,
    )


class _Session:
    """One session under way."""

    def __init__(self, ws: Workspace, talk: Talk, day: date) -> None:
        self.ws, self.talk, self.day = ws, talk, day
        self.answered: list[Answered] = []
        self.suspended = 0
        self.known = deck.memories(ws)
        self.have = cards.read(ws)
        past = events.read(ws)
        self.said_before: set[tuple[object, object]] = {
            (event.lesson, event.data.get("card")) for event in past if event.kind == ANSWERED
        }
        self.touched: set[Path] = set()

    @property
    def count(self) -> str:
        """How many answers there are, in words."""
        number = len(self.answered)
        return "1 answer" if number == 1 else f"{number} answers"

    def go(self, chosen: Iterable[Card], late: Callable[[], bool]) -> None:
        """Ask card by card, and those that were not known once more in the end."""
        every = list(chosen)
        missed: list[Card] = []
        for number, card in enumerate(every, start=1):
            if late():
                return
            asked = Asked(card, number, len(every), card.id not in self.known)
            rating = self._ask(asked)
            if rating is None:
                return
            if rating == "again":
                missed.append(card)
        for number, card in enumerate(missed, start=1):
            if late() or not self._once_more(Asked(card, number, len(missed), False, True)):
                return

    def _once_more(self, asked: Asked) -> bool:
        """Ask again what was not known; this changes nothing of when it is due."""
        asked = replace(asked, card=self.have.get(asked.card.id, asked.card))
        self.talk.front(asked)
        said = self.talk.answer(asked)
        if said is None:
            return False
        self.talk.back(asked, said, _right(asked.card, said))
        if said and not asked.card.back and asked.card.kind != "predict":
            self._with_back(asked.card, said)
        return True

    def _ask(self, asked: Asked) -> Said | None:
        begun = clock.monotonic()
        self.talk.front(asked)
        said = self.talk.answer(asked)
        if said is None:
            return None
        seconds = round(clock.monotonic() - begun)
        right = _right(asked.card, said)
        self.talk.back(asked, said, right)
        rated, word = self._rated(asked, said, right)
        if word is None:
            return None
        card = self._kept(rated.card)
        if word == "again" and card.back == said and not asked.card.back:
            # What was not known should not stand on the card as if it were right.
            card = self._with_back(card, "")
        if word == "suspend":
            self._put_away(card)
            self.suspended += 1
        elif word != "better":
            self._keep(card, word, said, right, seconds)
        return word

    def _rated(self, asked: Asked, said: str, right: bool | None) -> tuple[Asked, Said | None]:
        """Ask for the rating, and for a better answer as often as the learner wants to write one."""
        card = asked.card
        if said and not card.back and card.kind != "predict":
            asked = replace(asked, card=self._with_back(card, said))
        suggested = _suggested(asked, said, right)
        while (word := self.talk.rate(asked, suggested)) == "better":
            text = self.talk.better(asked)
            if text:
                asked = replace(asked, card=self._with_back(asked.card, text))
        return asked, word

    def _with_back(self, card: Card, text: str) -> Card:
        """Let the learner's own words be the back of a card."""
        changed = cards.edit(self.ws, self._kept(card), back=text)
        self.touched.add(self.ws.cards)
        self.have[card.id] = changed
        return changed

    def _kept(self, card: Card) -> Card:
        """Take a card of a lesson's author into the deck, where it is not yet."""
        if card.id not in self.have:
            (self.have[card.id],) = cards.accept(self.ws, [card])
            self.touched.add(self.ws.cards)
        return self.have[card.id]

    def _keep(
        self, card: Card, rating: Rating, said: str, right: bool | None, seconds: int
    ) -> None:
        memory: Memory = schedule.answered(self.known.get(card.id), rating, self.day)
        cards.answer(self.ws, card, rating, self.day, text=said, seconds=seconds)
        self.touched.add(self.ws.reviews)
        self.known[card.id] = memory
        self._tell_lesson(card, said)
        done = card.kind == "task" and rating != "again"
        if done:
            self._put_away(card)
        self.answered.append(Answered(card.id, rating, None if done else memory.due, right))
        self.talk.told(self.answered[-1])

    def _put_away(self, card: Card) -> None:
        self.have[card.id] = cards.suspend(self.ws, card)
        self.touched.add(self.ws.cards)

    def _tell_lesson(self, card: Card, said: str) -> None:
        """Let the lesson know that one of its questions was answered in own words."""
        lesson, name = authored.parts(card) or (card.lesson, card.id)
        if lesson and said and card.kind == "question" and (lesson, name) not in self.said_before:
            events.record(self.ws, ANSWERED, lesson, {"card": name, "answer": said})
            self.said_before.add((lesson, name))
            self.touched.add(self.ws.progress)

    def commit(self) -> CommitResult | None:
        """Make one commit of what was answered; None when there is nothing."""
        if not self.touched:
            return None
        what = self.count if self.answered else "better cards"
        return events.commit_paths(self.ws, sorted(self.touched), f"Review: {what}")


def _right(card: Card, said: str) -> bool | None:
    """Check a prediction against what the cell gave; None where only the learner can tell."""
    return matching.same(said, card.back) if card.kind == "predict" and said else None


def _suggested(asked: Asked, said: str, right: bool | None) -> Rating:
    if right is not None:
        return "good" if right else "again"
    return "again" if asked.new and not said and not asked.card.back else "good"


def stats(ws: Workspace) -> Stats:
    """Count the deck, what is due on the next days, and how much was known when it was due."""
    day = journal.study_day(clock.now())
    every = cards.read(ws)
    found = deck.read(ws)
    log = cards.reviews(ws)
    kept, again = deck.retention(log)
    ahead = deck.forecast(found, day, _FORECAST_DAYS)
    return Stats(
        active=len(found),
        new=sum(one.memory is None for one in found),
        suspended=sum(card.state == "suspended" for card in every.values() if card.front),
        answers=len(log),
        today=sum(review.day == day for review in log),
        due=ahead[0],
        kept=kept,
        again=again,
        forecast=ahead,
        first_day=day,
        stable=sum(one.memory is not None and one.memory.stability > 21 for one in found),
    )
