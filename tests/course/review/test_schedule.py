"""When a card is due: our schedule against the test vectors that implementations of FSRS publish.

py-fsrs: tests/test_basic.py. ts-fsrs: FSRS-6.test.ts and impl/long-term_scheduler.test.ts, whose
long-term mode has no steps of minutes, as ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

import fsrs.scheduler
import pytest

from fastcompanion.course.review import schedule
from fastcompanion.course.review.schedule import RATINGS, Memory, Rating

FIRST = date(2022, 11, 29)
A, H, G, E = RATINGS
# "Good" six times, "again" twice, "good" five times: the vector that every implementation has.
LONG: tuple[Rating, ...] = (G, G, G, G, G, G, A, A, G, G, G, G, G)


def follow(
    ratings: Sequence[Rating], gaps: Sequence[int], weights: tuple[float, ...] = schedule.WEIGHTS
) -> list[Memory]:
    """Answer after the given days and give what is known after each answer."""
    day, memory, found = FIRST, None, []
    for rating, gap in zip(ratings, gaps, strict=True):
        day += timedelta(days=gap)
        memory = schedule.answered(memory, rating, day, weights)
        found.append(memory)
    return found


def when_due(ratings: Sequence[Rating], weights: tuple[float, ...]) -> list[Memory]:
    """Answer each time on the day on which the card is due."""
    day, memory, found = FIRST, None, []
    for rating in ratings:
        memory = schedule.answered(memory, rating, day, weights)
        found.append(memory)
        day = memory.due
    return found


def intervals(found: Sequence[Memory]) -> list[int]:
    return [(memory.due - memory.last).days for memory in found]


def test_our_weights_are_those_that_fsrs_publishes() -> None:
    assert schedule.WEIGHTS == fsrs.scheduler.DEFAULT_PARAMETERS


def test_the_vector_of_py_fsrs() -> None:
    """Steps of minutes are 0 days in it; every interval of whole days is the same with us."""
    published = [0, 2, 11, 46, 163, 498, 0, 0, 2, 4, 7, 12, 21]
    ours = intervals(follow(LONG, [0, *published[:-1]]))
    assert [ivl for ivl, theirs in zip(ours, published, strict=True) if theirs] == [
        theirs for theirs in published if theirs
    ]


def test_the_memory_state_of_py_fsrs_ts_fsrs_and_fsrs_rs() -> None:
    last = follow((A, G, G, G, G, G), (0, 0, 1, 3, 8, 21))[-1]
    assert last.stability == pytest.approx(53.62691, abs=1e-4)
    assert last.difficulty == pytest.approx(6.3574867, abs=1e-4)


def test_the_first_answer_of_ts_fsrs() -> None:
    first = [schedule.answered(None, rating, FIRST) for rating in RATINGS]
    assert [memory.stability for memory in first] == [0.212, 1.2931, 2.3065, 8.2956]
    assert [memory.difficulty for memory in first] == pytest.approx(
        [6.4133, 5.11217071, 2.11810397, 1], abs=1e-7
    )
    # 8 is the published interval of an "easy"; the others are steps of minutes there.
    assert intervals(first) == [1, 1, 2, 8]


# The weights of the vectors below, completed as FSRS-6 does it for those of FSRS-5.
FIVE = (
    *(0.4197, 1.1869, 3.0412, 15.2441, 7.1434, 0.6477, 1.0007, 0.0674, 1.6597, 0.1712, 1.1178),
    *(2.0225, 0.0904, 0.3025, 2.1214, 0.2498, 2.9466, 0.4891, 0.6468, 0.0, 0.5),
)


@pytest.mark.parametrize(
    ("ratings", "expected", "stability"),
    [
        (LONG, [3, 13, 48, 155, 445, 1158, 17, 3, 11, 37, 112, 307, 773], 772.94026648),
        ((G, E, A, H, G, E, A, H), [3, 33, 4, 7, 26, 193, 9, 14], 14.31323867),
        ((E, A, H, G, E, A, H, G), [15, 3, 6, 27, 240, 10, 17, 60], 59.59547542),
    ],
)
def test_the_long_term_vectors_of_ts_fsrs(
    ratings: tuple[Rating, ...], expected: list[int], stability: float
) -> None:
    """Each answer is given on the day that our own schedule says: whole histories are the same."""
    found = when_due(ratings, FIVE)
    assert intervals(found) == expected
    assert found[-1].stability == pytest.approx(stability, rel=1e-6)


@pytest.mark.parametrize(
    ("ratings", "published", "stability", "moved"),
    [
        ((A, H, G, E, A, H, G, E), [1, 2, 6, 41, 4, 7, 21, 133], 132.81849454, 1),
        ((H, G, E, A, H, G, E, A), [2, 7, 54, 5, 8, 26, 171, 8], 8.11072373, 0),
    ],
)
def test_where_ts_fsrs_moves_a_hard_one_behind_an_again_of_the_same_day(
    ratings: tuple[Rating, ...], published: list[int], stability: float, moved: int
) -> None:
    """A "hard" with a stability of 1.2 days is 2 days there, as an "again" is 1 already; the rest is one."""
    found = follow(ratings, [0, *published[:-1]], FIVE)
    ours = intervals(found)
    assert (ours[moved], published[moved]) == (1, 2)
    assert ours[:moved] + ours[moved + 1 :] == published[:moved] + published[moved + 1 :]
    assert found[-1].stability == pytest.approx(stability, rel=1e-6)


def test_good_answers_once_a_day_come_back_after_growing_gaps() -> None:
    assert intervals(when_due((G, G, G, G), schedule.WEIGHTS)) == [2, 11, 46, 163]


def test_the_days_of_a_history_may_come_in_any_order() -> None:
    days = [FIRST + timedelta(days=n) for n in (0, 2, 13)]
    history: list[tuple[date, Rating]] = [(day, G) for day in days]
    due = schedule.next_interval(history)
    assert due == schedule.next_interval(reversed(history)) == FIRST + timedelta(days=13 + 46)
    memory = schedule.memory_of(history[:2])
    assert schedule.answered(memory, G, days[2]).due == due


def test_a_worse_answer_never_comes_back_later() -> None:
    memory = schedule.memory_of([(FIRST, G), (FIRST + timedelta(days=2), G)])
    days = [schedule.answered(memory, rating, FIRST + timedelta(days=13)).due for rating in RATINGS]
    assert all(earlier <= later for earlier, later in pairwise(days))


def test_what_was_never_answered_has_no_day() -> None:
    assert schedule.memory_of([]) is None
    with pytest.raises(ValueError, match="never answered"):
        schedule.next_interval([])


def test_lapses_are_counted_but_for_the_first_answer() -> None:
    found = follow((A, G, A, A), (0, 1, 2, 1))
    assert [memory.lapses for memory in found] == [0, 0, 1, 2]
    assert [memory.answers for memory in found] == [1, 2, 3, 4]


def test_a_clock_that_was_set_back_breaks_nothing() -> None:
    memory = schedule.answered(None, G, FIRST)
    assert schedule.answered(memory, G, FIRST - timedelta(days=30)).due >= FIRST - timedelta(
        days=30
    )


def test_what_has_faded_more_has_the_greater_number() -> None:
    fresh, old = schedule.answered(None, E, FIRST), schedule.answered(None, A, FIRST)
    later = FIRST + timedelta(days=9)
    assert schedule.faded(fresh, later) < schedule.faded(old, later)
    assert schedule.faded(fresh, FIRST) == 0
