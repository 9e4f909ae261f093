"""When something is due again: FSRS, tuned for one session a day. The only importer of fsrs. Pure.

FSRS ("free spaced repetition scheduler", version 6, its published default weights) keeps two
numbers for each card: stability, the days until the chance to know it falls to 90 percent, and
difficulty. Both follow from the answers alone, so they are computed from the log of reviews and
never stored. There are no learning steps of minutes, as a learner comes once a day; nothing is
shifted by chance; and days are study days, so an evening and the morning after are one day apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from functools import cache
from typing import TYPE_CHECKING, Literal

from fastcompanion.base.records import frozen

if TYPE_CHECKING:
    import fsrs

Rating = Literal["again", "hard", "good", "easy"]
RATINGS: tuple[Rating, ...] = ("again", "hard", "good", "easy")
RETENTION = 0.9
# The default weights of FSRS-6 as published: two machines agree, whatever release each of them has.
WEIGHTS = (
    *(0.212, 1.2931, 2.3065, 8.2956, 6.4133, 0.8334, 3.0194, 0.001, 1.8722, 0.1666, 0.796),
    *(1.4835, 0.0614, 0.2629, 1.6483, 0.6014, 1.8729, 0.5425, 0.0912, 0.0658, 0.1542),
)
_NOON = time(12, tzinfo=UTC)


@frozen
class Memory:
    """What a history of answers says of a card: when it is due, and how well it is known.

    `stability` is in days, `difficulty` goes from 1 (easy) to 10.
    """

    due: date
    last: date
    stability: float
    difficulty: float
    answers: int = 1
    lapses: int = 0


def next_interval(history: Iterable[tuple[date, Rating]]) -> date:
    """Give the day on which something is due again, from all its answers (at least one)."""
    memory = memory_of(history)
    if memory is None:
        raise ValueError("what was never answered has no next day")
    return memory.due


def memory_of(history: Iterable[tuple[date, Rating]]) -> Memory | None:
    """Follow a history from its first answer on; days may come in any order, None without any."""
    memory: Memory | None = None
    for day, rating in sorted(history, key=lambda answer: answer[0]):
        memory = answered(memory, rating, day)
    return memory


def answered(
    memory: Memory | None, rating: Rating, day: date, weights: tuple[float, ...] = WEIGHTS
) -> Memory:
    """Give what is known after one more answer; a second one on a day counts as FSRS counts it."""
    import fsrs

    # Without a number of its own the library waits a millisecond for one.
    card = fsrs.Card(card_id=0, due=_noon(day))
    if memory is not None:
        card.state, card.step = fsrs.State.Review, None
        card.stability, card.difficulty = memory.stability, memory.difficulty
        card.last_review = _noon(memory.last)
    after, _ = _scheduler(weights).review_card(card, fsrs.Rating[rating.capitalize()], _noon(day))
    assert after.stability is not None
    assert after.difficulty is not None
    return Memory(
        due=after.due.date(),
        last=day,
        stability=after.stability,
        difficulty=after.difficulty,
        answers=memory.answers + 1 if memory else 1,
        lapses=(memory.lapses if memory else 0) + (memory is not None and rating == "again"),
    )


def faded(memory: Memory, day: date) -> float:
    """Say how far a card has faded: days since its last answer per day of stability.

    The chance to know it falls with this ratio, so sorting by it needs no formula.
    """
    return max((day - memory.last).days, 0) / memory.stability


def _noon(day: date) -> datetime:
    return datetime.combine(day, _NOON)


@cache
def _scheduler(weights: tuple[float, ...]) -> fsrs.Scheduler:
    import fsrs

    return fsrs.Scheduler(
        parameters=weights,
        desired_retention=RETENTION,
        learning_steps=(),
        relearning_steps=(),
        enable_fuzzing=False,
    )
