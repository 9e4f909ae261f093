"""The deck: what is known of each card, and a day's load that a pause does not break."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from fastcompanion.base.workspace import Workspace
from fastcompanion.course.review import cards, deck, schedule
from fastcompanion.course.review.cards import Card, Review
from fastcompanion.course.review.deck import Known

DAY = date(2026, 11, 21)


def known(name: str, last: int | None = None, rating: schedule.Rating = "good") -> Known:
    """A card whose only answer lies so many days back; None: never answered."""
    card = Card(name, None, "question", f"{name}?")
    if last is None:
        return Known(card, None)
    return Known(card, schedule.answered(None, rating, DAY - timedelta(days=last)))


def load(
    every: list[Known], at_most: int = 20, new: int = 8, limit: int | None = None
) -> deck.Load:
    return deck.load(every, DAY, at_most=at_most, new_at_most=new, limit=limit)


class TestLoad:
    def test_due_cards_come_before_new_ones(self) -> None:
        found = load([known("new"), known("due", 5), known("later", 1)])
        assert [one.card.id for one in (*found.due, *found.new)] == ["due", "new"]
        assert (found.overdue, found.waiting, found.done) == (0, 0, 0)

    def test_no_day_asks_for_more_than_it_may(self) -> None:
        found = load([known(f"d{n}", 9) for n in range(30)] + [known("new")])
        assert (len(found.due), len(found.new)) == (20, 0)
        assert (found.overdue, found.waiting) == (10, 1)

    def test_new_ones_are_few_at_a_time(self) -> None:
        found = load([known(f"n{n}") for n in range(30)])
        assert (len(found.new), found.waiting) == (8, 22)

    def test_what_was_answered_today_counts(self) -> None:
        every = [known(f"t{n}", 0) for n in range(5)] + [known(f"n{n}") for n in range(30)]
        found = load(every, at_most=6)
        assert (found.done, len(found.new)) == (5, 1)
        assert len(load(every).new) == 8 - 5

    def test_answers_of_a_clock_that_went_ahead_fill_no_day(self) -> None:
        ahead = [known(f"a{n}", -3) for n in range(20)]
        found = load([*ahead, known("due", 5), known("new")])
        assert [one.card.id for one in (*found.due, *found.new)] == ["due", "new"]
        assert found.done == 0

    def test_what_has_faded_least_comes_first(self) -> None:
        every = [known("old", 300), known("fresh", 3), known("easy", 20, "easy")]
        assert [one.card.id for one in load(every).due] == ["fresh", "easy", "old"]

    def test_a_limit_cuts_this_session_only(self) -> None:
        found = load([known(f"d{n}", 9) for n in range(5)], limit=2)
        assert (len(found.due), found.overdue) == (2, 3)

    def test_a_new_card_waits_for_its_first_day(self) -> None:
        tomorrow = Card("n", None, "question", "?", since=DAY + timedelta(days=1))
        assert load([Known(tomorrow, None)]).new == ()
        found = deck.load(
            [Known(tomorrow, None)], DAY + timedelta(days=1), at_most=5, new_at_most=5
        )
        assert len(found.new) == 1


class TestMemories:
    def answer(self, ws: Workspace, name: str, rating: schedule.Rating, day: date = DAY) -> None:
        cards.answer(ws, Card(name, None, "question", "?"), rating, day)

    def test_they_follow_from_the_answers(self, ws: Workspace) -> None:
        self.answer(ws, "q1", "good")
        self.answer(ws, "q1", "good", DAY + timedelta(days=2))
        self.answer(ws, "q2", "easy")
        found = deck.memories(ws)
        assert found["q1"].due == DAY + timedelta(days=2 + 11)
        assert found["q2"].due == DAY + timedelta(days=8)

    def test_the_cache_says_the_same(self, ws: Workspace) -> None:
        self.answer(ws, "q1", "hard")
        first = deck.memories(ws)
        assert (ws.cache / "review.json").exists()
        assert deck.memories(ws) == first
        self.answer(ws, "q2", "good")
        (ws.cache / "review.json").unlink()
        without = deck.memories(ws)
        assert without["q1"] == first["q1"]
        assert set(without) == {"q1", "q2"}

    def test_an_answer_that_a_merge_brings_counts_in_its_place(self, ws: Workspace) -> None:
        self.answer(ws, "q1", "good")
        self.answer(ws, "q1", "good", DAY + timedelta(days=13))
        deck.memories(ws)
        self.answer(ws, "q1", "good", DAY + timedelta(days=2))
        history = [(DAY + timedelta(days=n), "good") for n in (0, 2, 13)]
        assert deck.memories(ws)["q1"] == schedule.memory_of(history)  # type: ignore[arg-type]

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 9}', '{"version":1,"cards":3}'])
    def test_a_broken_cache_is_made_again(self, ws: Workspace, text: str) -> None:
        self.answer(ws, "q1", "good")
        ws.cache.mkdir(parents=True, exist_ok=True)
        (ws.cache / "review.json").write_text(text)
        assert deck.memories(ws)["q1"].answers == 1
        assert json.loads((ws.cache / "review.json").read_text())["version"] == 1

    def test_a_row_that_is_broken_is_made_again(self, ws: Workspace) -> None:
        self.answer(ws, "q1", "good")
        deck.memories(ws)
        kept = json.loads((ws.cache / "review.json").read_text())
        kept["cards"]["q1"] = ["x", 1]
        (ws.cache / "review.json").write_text(json.dumps(kept))
        assert deck.memories(ws)["q1"].answers == 1


class TestFigures:
    def test_retention_leaves_first_answers_out(self) -> None:
        days = [DAY + timedelta(days=n) for n in range(3)]
        log = [
            Review("1", days[0], "a", "again"),
            Review("2", days[0], "a", "good"),
            Review("3", days[1], "a", "good"),
            Review("4", days[2], "a", "again"),
            Review("5", days[2], "b", "good"),
        ]
        assert deck.retention(log) == (1, 2)

    def test_the_forecast_has_what_is_overdue_on_its_first_day(self) -> None:
        every = [known("a", 30), known("b", 1), known("c", 0, "easy"), known("d")]
        assert deck.forecast(every, DAY, 9) == (1, 1, 0, 0, 0, 0, 0, 0, 1)

    def test_a_card_takes_as_long_as_the_middle_one(self) -> None:
        log = [Review(str(n), DAY, "a", "good", seconds=s) for n, s in enumerate((5, 20, 900))]
        assert deck.seconds_each(log) == 20
        assert deck.seconds_each([]) > 0


def test_ten_thousand_answers_are_followed_once(ws: Workspace) -> None:
    """Counted in calls, not in seconds: an unchanged log is not followed again."""
    ws.review_folder.mkdir()
    rows = [
        {
            "v": 1,
            "id": f"r{n:06d}",
            "at": f"{DAY - timedelta(days=300 - n // 40)}T19:00:00+00:00",
            "day": f"{DAY - timedelta(days=300 - n // 40)}",
            "card": f"q{n * 7 % 997}",
            "rating": ("good", "good", "hard", "again", "easy")[n % 5],
        }
        for n in range(10_000)
    ]
    ws.reviews.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = deck.memories(ws)
    assert len(found) == 997
    assert sum(memory.answers for memory in found.values()) == 10_000
    kept = (ws.cache / "review.json").stat().st_mtime_ns
    assert deck.memories(ws) == found
    assert (ws.cache / "review.json").stat().st_mtime_ns == kept
