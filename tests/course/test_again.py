"""When passed sections come back: from events alone, spaced, and never many at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from fastcompanion.base.events import Event
from fastcompanion.course import again
from fastcompanion.course.again import FIRST, MOST
from fastcompanion.course.review import schedule

DAY = date(2026, 11, 2)
NB = {"notebook": "nb"}


def event(kind: str, day: int, hour: int = 18, lesson: str = "c/01", **data: Any) -> Event:
    at = datetime(2026, 11, 2, hour, tzinfo=UTC) + timedelta(days=day)
    return Event(f"{day:04d}{hour:02d}{kind}", at, kind, lesson, {**NB, **data})


def passed(day: int, *sections: str, **more: Any) -> Event:
    return event("lesson.checked", day, sections=dict.fromkeys(sections, "passed"), **more)


def recalled(day: int, section: str, grade: str, back: int) -> Event:
    found = (DAY + timedelta(days=back)).isoformat()
    return event(again.RECALLED, day, section=section, grade=grade, again=found)


def due(found: list[Event], day: int, **more: Any) -> list[str]:
    return [one.section for one in again.due(found, DAY + timedelta(days=day), **more)]


def test_the_first_time_is_that_of_the_scheduler_of_cards() -> None:
    assert schedule.next_interval([(DAY, "good")]) == DAY + FIRST


def test_a_passed_section_comes_back_and_its_recalls_space_it() -> None:
    found = [passed(0, "a")]
    assert [due(found, day) for day in (1, 2, 30)] == [[], ["a"], ["a"]]
    found.append(recalled(2, "a", "good", 13))
    assert [due(found, day) for day in (3, 12, 13)] == [[], [], ["a"]]
    [standing] = again.standings(found).values()
    assert standing.history == ((DAY, "good"), (DAY + timedelta(days=2), "good"))


def test_checking_the_notebook_again_is_no_recall() -> None:
    found = [passed(0, "a"), passed(2, "a"), passed(5, "a")]
    assert due(found, 2) == ["a"]
    assert again.standings(found)["c/01", "nb", "a"].day == DAY + FIRST


def test_only_what_passed_comes_back() -> None:
    words = {"a": "to-assess", "b": "self-assessed", "c": "wrong value"}
    assert due([event("lesson.checked", 0, sections=words)], 9) == ["b"]


def test_the_backlog_is_bounded_and_the_latest_for_its_interval_comes_first() -> None:
    found = [passed(0, *(f"s{n}" for n in range(40)))]
    assert due(found, 60) == ["s0", "s1", "s2"]
    assert len(due(found, 60, most=None)) == 40
    found += [recalled(10, "s0", "good", 40), recalled(50, "s1", "good", 53)]
    # s1 is 7 days late for an interval of 3, s0 20 days for one of 30; the rest waits since two days.
    assert due(found[1:], 60) == ["s1", "s0"]
    assert len(due(found, 60)) == MOST


def test_what_was_solved_for_the_learner_comes_first() -> None:
    found = [
        passed(0, "a", "b"),
        event("hint.shown", 3, 19, section="b", level=4, again="2026-11-08"),
    ]
    assert due(found, 5) == ["a"]
    assert due(found, 6) == ["b", "a"]
    one = again.due(found, DAY + timedelta(days=6))[0]
    assert (one.solved, one.passed) == (True, True)
    found.append(recalled(6, "b", "hard", 9))
    assert due(found, 6) == ["a"]
    assert due(found, 9) == ["a", "b"]
    assert not again.standings(found)["c/01", "nb", "b"].solved


def test_a_solved_section_that_never_passed_is_told_apart() -> None:
    found = [event("hint.shown", 0, section="b", level=4, again="2026-11-05")]
    [one] = again.due(found, DAY + timedelta(days=3))
    assert (one.passed, one.solved) == (False, True)


def test_damaged_data_of_an_event_is_no_reason_to_stop() -> None:
    found = [
        event("lesson.checked", 0, sections=["a"]),
        event(again.RECALLED, 0, section="a", grade="brilliant"),
        event(again.RECALLED, 1, section="a", grade="good", again="soon"),
        event("hint.shown", 1, section="b", again=None),
        Event("x", datetime(2026, 11, 2, tzinfo=UTC), again.RECALLED, None, {"grade": "good"}),
    ]
    assert set(due(found, 9)) == {"a", "b"}


def test_the_section_under_way_is_the_last_that_was_begun_and_not_finished() -> None:
    begun = event(again.BEGUN, 1, section="a")
    assert again.under_way([begun]) == again.Begun("c/01", "nb", "a", begun.at)
    other = event(again.BEGUN, 2, section="b")
    found = again.under_way([begun, other])
    assert found is not None
    assert found.section == "b"
    later = event(again.RECALLED, 2, 20, section="b", grade="good", again="2026-11-20")
    assert again.under_way([begun, other, later]) is None


@pytest.mark.parametrize(
    ("tries", "hints", "wanted"),
    [
        (1, [], "good"),
        (2, [], "good"),
        (3, [], "hard"),
        (1, [1], "hard"),
        (1, [1, 2, 3, 4], "again"),
        (0, [], "good"),
    ],
)
def test_grades(tries: int, hints: list[int], wanted: str) -> None:
    assert again.grade(tries, hints) == wanted


def test_a_learner_who_passes_a_section_a_day_for_two_months_is_never_swamped() -> None:
    """One recall a day at most; nothing is forgotten, and the intervals grow."""
    found: list[Event] = []
    times: dict[str, int] = {}
    for day in range(150):
        if day < 60:
            found.append(passed(day, f"s{day}"))
        today = DAY + timedelta(days=day)
        named = again.due(found, today)
        assert len(named) <= MOST
        if named:
            one = named[0]
            known = again.standings(found)[one.lesson, one.notebook, one.section]
            back = schedule.next_interval((*known.history, (today, "good")))
            found.append(recalled(day, one.section, "good", (back - DAY).days))
            times[one.section] = times.get(one.section, 0) + 1
    assert set(times) == {f"s{n}" for n in range(60)}
    assert sum(times.values()) < 150
    assert max(times.values()) <= 4
    last = again.standings(found)["c/01", "nb", "s0"].history
    days = [day for day, _ in last]
    gaps = [(b - a).days for a, b in pairwise(days)]
    assert gaps == sorted(gaps)
