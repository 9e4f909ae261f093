"""Reviews day by day, by the clock: the load is capped, and a pause of two weeks is made up for."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from fastcompanion.base import clock, events, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.reporter import SILENT
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.library import courses, lessons, steps
from fastcompanion.course.review import authored, cards
from fastcompanion.course.review.cards import Card
from fastcompanion.course.review.schedule import RATINGS, Rating
from fastcompanion.flows import proposing, review, session
from fastcompanion.flows.proposing import Decision
from fastcompanion.flows.review import Answered, Asked, Due, Said
from tests.course.review.chapter import FURTHER, ITEMS, TASKS, cell, chapter, shows

Freeze = Callable[[str], None]
FIRST = datetime.fromisoformat("2026-09-01T19:30:00+02:00")


class Learner:
    """Answers with the next of some words, and rates with the next of others; None ends it."""

    def __init__(self, said: Iterator[str | None], rated: Iterator[Said | None]) -> None:
        self.said, self.rated = said, rated
        self.seen: list[Asked] = []
        self.right: list[bool | None] = []
        self.suggested: list[Rating] = []
        self.answered: list[Answered] = []

    def front(self, asked: Asked) -> None:
        self.seen.append(asked)

    def answer(self, asked: Asked) -> str | None:
        return next(self.said)

    def back(self, asked: Asked, said: str, right: bool | None) -> None:
        self.right.append(right)

    def rate(self, asked: Asked, suggested: Rating) -> Said | None:
        self.suggested.append(suggested)
        return next(self.rated)

    def better(self, asked: Asked) -> str | None:
        return "a better answer"

    def told(self, answered: Answered) -> None:
        self.answered.append(answered)


def learner(*rated: Said | None, said: str = "so") -> Learner:
    """Say the same to every question, and rate them one by one; then good for ever."""
    return Learner(itertools.repeat(said), itertools.chain(rated, itertools.repeat("good")))


@pytest.fixture
def ws(tmp_path: Path, frozen: Freeze) -> Workspace:
    """A study that commits nothing, with the clock at an evening in September."""
    root = tmp_path / "my study"
    root.mkdir()
    (root / "fastcompanion.toml").write_text("version = 1\n[privacy]\ncommit = false\n")
    frozen(FIRST.isoformat())
    return Workspace(root)


def deck_of(ws: Workspace, count: int) -> None:
    cards.accept(ws, [Card(f"q{n:03}", None, "question", f"What is {n}?") for n in range(count)])


class TestAPause:
    def test_the_load_is_capped_and_recovers_after_two_weeks(
        self, ws: Workspace, frozen: Freeze
    ) -> None:
        """300 cards; four weeks of daily reviews, two weeks of nothing, three weeks again."""
        deck_of(ws, 300)
        rng = clock.rng(5)
        asked: dict[int, Due] = {}
        for day in [*range(28), *range(42, 63)]:
            frozen((FIRST + timedelta(days=day)).isoformat())
            asked[day] = found = review.due(ws)
            words = rng.choices(RATINGS, (1, 1, 7, 1), k=40)
            review.hold(ws, found, Learner(itertools.repeat("so"), iter(words)))
        assert max(len(found.cards) for found in asked.values()) == 20
        assert max(found.new for found in asked.values()) == 8
        assert max(asked[day].overdue for day in range(28)) < 10, "hardly a day leaves any over"
        back = [asked[day] for day in range(42, 63)]
        assert back[0].overdue > 20, "the pause made a backlog of more than a day"
        clear = [found.overdue for found in back].index(0)
        assert clear <= 7, f"the backlog was gone after {clear} days"
        assert all(found.new == 0 for found in back[:clear]), "new cards wait for it"
        assert max(found.overdue for found in back[clear:]) < 10, "and it did not come back"
        assert sum(found.new for found in back[clear:]) > 20, "new cards come again"

    def test_a_day_that_was_done_asks_no_more(self, ws: Workspace) -> None:
        deck_of(ws, 30)
        review.hold(ws, review.due(ws), learner())
        again = review.due(ws)
        assert (again.cards, again.done, again.waiting) == ((), 8, 22)

    def test_a_night_belongs_to_the_day_before(self, ws: Workspace, frozen: Freeze) -> None:
        deck_of(ws, 30)
        frozen("2026-09-02T01:30:00+02:00")
        review.hold(ws, review.due(ws), learner())
        assert {one.day for one in cards.reviews(ws)} == {date(2026, 9, 1)}
        frozen("2026-09-02T08:00:00+02:00")
        assert review.due(ws).new == 8

    def test_settings_set_the_caps(self, ws: Workspace) -> None:
        deck_of(ws, 30)
        with ws.settings.open("a") as file:
            file.write("[review]\ncards_a_day = 5\nnew_a_day = 3\n")
        assert review.due(ws).new == 3

    def test_minutes_cut_it_by_the_learners_own_pace(self, ws: Workspace) -> None:
        deck_of(ws, 30)
        for n in range(9):
            cards.answer(ws, Card(f"x{n}", None, "question", "?"), "good", FIRST.date(), seconds=60)
        found = review.due(ws, minutes=3)
        assert (len(found.cards), found.seconds) == (3, 180)
        assert len(review.due(ws, 2, minutes=3).cards) == 2


class TestASession:
    def test_the_first_answer_becomes_the_back(self, ws: Workspace, frozen: Freeze) -> None:
        deck_of(ws, 1)
        review.hold(ws, review.due(ws), learner(said="my words"))
        assert cards.read(ws)["q000"].back == "my words"
        frozen((FIRST + timedelta(days=2)).isoformat())
        review.hold(ws, review.due(ws), learner(said="other words"))
        assert cards.read(ws)["q000"].back == "my words"
        assert [one.answer for one in cards.reviews(ws)] == ["my words", "other words"]

    def test_a_better_answer_can_be_kept(self, ws: Workspace) -> None:
        deck_of(ws, 1)
        held = review.hold(ws, review.due(ws), learner("better", "hard"))
        assert cards.read(ws)["q000"].back == "a better answer"
        assert [one.rating for one in held.answered] == ["hard"]

    def test_a_card_can_be_asked_no_more(self, ws: Workspace) -> None:
        deck_of(ws, 2)
        held = review.hold(ws, review.due(ws), learner("suspend"))
        assert (held.suspended, len(held.answered), held.left) == (1, 1, 0)
        assert cards.read(ws)["q000"].state == "suspended"

    def test_what_was_not_known_is_asked_once_more_and_counts_once(self, ws: Workspace) -> None:
        deck_of(ws, 2)
        mine = learner("again")
        review.hold(ws, review.due(ws), mine)
        assert [(one.card.id, one.once_more) for one in mine.seen] == [
            ("q000", False),
            ("q001", False),
            ("q000", True),
        ]
        assert len(cards.reviews(ws)) == 2

    def test_what_was_not_known_is_no_back(self, ws: Workspace, frozen: Freeze) -> None:
        """A first answer that was wrong once stood on the card as if it were right."""
        deck_of(ws, 1)
        answers = iter(["wrong", None])
        review.hold(ws, review.due(ws), Learner(answers, iter(["again"])))
        assert cards.read(ws)["q000"].back == ""
        frozen((FIRST + timedelta(days=1)).isoformat())
        review.hold(
            ws, review.due(ws), Learner(iter(["still wrong", "looked up"]), iter(["again"]))
        )
        assert cards.read(ws)["q000"].back == "looked up"
        frozen((FIRST + timedelta(days=2)).isoformat())
        review.hold(ws, review.due(ws), Learner(iter(["x", "y"]), iter(["again"])))
        assert cards.read(ws)["q000"].back == "looked up", "an answer that was kept stays"

    def test_a_prediction_checks_itself(self, ws: Workspace) -> None:
        cards.accept(ws, [Card("p1", None, "predict", "What?", "tensor([1., 2.])")])
        mine = learner(said="[1,2]")
        review.hold(ws, review.due(ws), mine)
        assert (mine.right, mine.suggested) == ([True], ["good"])
        cards.accept(ws, [Card("p2", None, "predict", "What?", "3")])
        wrong = learner(said="4")
        held = review.hold(ws, review.due(ws), wrong)
        assert (wrong.right, wrong.suggested) == ([False], ["again"])
        assert held.answered[0].right is False
        assert cards.read(ws)["p2"].back == "3"

    def test_a_task_is_done_once(self, ws: Workspace) -> None:
        cards.accept(
            ws, [Card("t1", None, "task", "Write it."), Card("t2", None, "task", "Do it.")]
        )
        held = review.hold(ws, review.due(ws), learner("good", "again"))
        assert held.answered[0].due is None
        assert {name: card.state for name, card in cards.read(ws).items()} == {
            "t1": "suspended",
            "t2": "active",
        }

    def test_ctrl_c_keeps_what_was_answered(self, ws: Workspace) -> None:
        deck_of(ws, 5)

        def typed() -> Iterator[str]:
            yield "one"
            yield "two"
            raise KeyboardInterrupt

        with pytest.raises(CompanionError, match="interrupted; 2 answers kept") as error:
            review.hold(ws, review.due(ws), Learner(typed(), itertools.repeat("good")))
        assert error.value.code is Exit.INTERRUPTED
        assert len(cards.reviews(ws)) == 2
        assert review.due(ws).done == 2

    def test_the_end_of_the_input_ends_it(self, ws: Workspace) -> None:
        deck_of(ws, 5)
        held = review.hold(ws, review.due(ws), Learner(iter(["one", None]), iter(["good"])))
        assert (len(held.answered), held.left) == (1, 4)
        held = review.hold(ws, review.due(ws), Learner(iter(["two"]), iter([None])))
        assert len(held.answered) == 0
        assert cards.read(ws)["q001"].back == "two", "what was typed is not thrown away"


class TestLessons:
    """The watch step is done through the cards of its author, answered once each."""

    @pytest.fixture
    def lesson(self, ws: Workspace) -> str:
        courses.add(ws, "foundations")
        return "foundations/01"

    def test_their_cards_are_asked_for_a_lesson(self, ws: Workspace, lesson: str) -> None:
        found = review.due(ws, lesson="1")
        _, about = lessons.find(ws, lesson)
        assert [card.id for card in found.cards] == [
            authored.name(lesson, card.id) for card in about.cards
        ]
        assert review.due(ws).cards == ()
        assert not ws.cards.exists(), "looking takes nothing"

    def test_a_lesson_that_is_started_names_the_way_to_its_questions(
        self, ws: Workspace, lesson: str
    ) -> None:
        begun = session.start(ws, lesson, open_it=False, reporter=SILENT)
        assert begun.ways[0].command == f"fastcompanion review --lesson {lesson}"

    def test_answered_once_each_the_watch_step_asks_none(self, ws: Workspace, lesson: str) -> None:
        review.hold(ws, review.due(ws, lesson=lesson), learner())
        done = steps.done(ws, lesson, "watch", note="It was about weights.")
        assert (done.new, done.cards_answered) == (True, 0)

    def test_taken_questions_answered_once_are_not_asked_for_again(
        self, ws: Workspace, lesson: str
    ) -> None:
        cards.accept(ws, [Card("q1", lesson, "question", "Mine?")])
        review.hold(ws, review.due(ws, lesson=lesson), learner("again", said="don't know yet"))
        assert cards.read(ws)["q1"].back == "don't know yet", "from the second look at it"
        cards.edit(ws, cards.read(ws)["q1"], back="")
        assert steps.done(ws, lesson, "watch", note="It was about weights.").new

    def test_looking_without_a_word_is_no_answer(self, ws: Workspace, lesson: str) -> None:
        review.hold(ws, review.due(ws, 1, lesson=lesson), learner(said=""))
        assert not [event for event in events.read(ws) if event.kind == "card.answered"]
        with pytest.raises(CompanionError, match="wait for an answer"):
            steps.done(ws, lesson, "watch", note="It was about weights.")

    def test_the_old_way_brings_the_cards_in_from_tomorrow_on(
        self, ws: Workspace, lesson: str, frozen: Freeze
    ) -> None:
        _, about = lessons.find(ws, lesson)
        answers = {card.id: f"my {card.id}" for card in about.cards}
        steps.done(ws, lesson, "watch", note="It was about weights.", answers=answers)
        assert review.due(ws).cards == ()
        frozen((FIRST + timedelta(days=1)).isoformat())
        assert review.due(ws).new == 8
        assert {card.state for card in cards.read(ws).values()} == {"active"}

    def test_questions_that_were_taken_have_to_be_answered_too(
        self, ws: Workspace, lesson: str
    ) -> None:
        _, about = lessons.find(ws, lesson)
        cards.accept(ws, [Card("q1", lesson, "question", "Mine?")])
        answers = {card.id: "so" for card in about.cards}
        with pytest.raises(CompanionError, match="q1: Mine") as error:
            steps.done(ws, lesson, "watch", note="It was about weights.", answers=answers)
        assert "--answer q1=" in error.value.hint
        steps.done(ws, lesson, "watch", note="It was about weights.", answers={"q1": "yes"})
        assert cards.read(ws)["q1"].back == "yes"


class TestProposals:
    @pytest.fixture
    def book(self, ws: Workspace, tmp_path: Path) -> str:
        folder = tmp_path / "book"
        folder.mkdir()
        nb = chapter(cell("code", "w[0] + w[1]", shows("3")))
        (folder / "04_perceptron.ipynb").write_text(json.dumps(nb))
        courses.add(ws, str(folder))
        return "book/04"

    def test_all_questions_of_a_questionnaire_become_cards(self, ws: Workspace, book: str) -> None:
        offered = proposing.offer(ws, "4")
        assert dict(offered.counts) == {
            "author": 0,
            "questionnaire": len(ITEMS) - len(TASKS),
            "task": len(TASKS),
            "further": len(FURTHER),
            "inline": 1,
            "predict": 1,
        }
        words = {"everything": True, "groups": ("questionnaire", "task"), "ids": (), "passed": ()}
        taken = proposing.take(ws, proposing.offer(ws, book), **words)  # type: ignore[arg-type]
        assert [card.front for card in taken.cards] == [front for _, front in ITEMS]
        assert all(card.back == "" for card in taken.cards), "answers are the learner's own"
        assert "perhaps answered in 'Weights and layers'" in taken.cards[1].source
        assert dict(proposing.offer(ws, book).counts)["questionnaire"] == 0

    def test_decisions_are_kept_one_by_one(self, ws: Workspace, book: str) -> None:
        decisions = iter([Decision(True), Decision(False), None, Decision(True, "In my words?")])

        def decide(*_: object) -> Decision | None:
            try:
                return next(decisions)
            except StopIteration:
                raise KeyboardInterrupt from None

        with pytest.raises(CompanionError, match="2 cards taken"):
            proposing.choose(ws, proposing.offer(ws, book), decide)
        have = [card for card in cards.read(ws).values() if card.state == "active"]
        assert [card.front for card in have] == [ITEMS[0][1], "In my words?"]
        left = [one.card.front for one in proposing.offer(ws, book).proposals]
        assert ITEMS[2][1] in left
        assert ITEMS[1][1] not in left

    def test_outputs_of_the_learners_own_run_count(self, ws: Workspace, book: str) -> None:
        copy = ws.notebook(book, "perceptron", "run")
        copy.parent.mkdir(parents=True)
        copy.write_text(json.dumps(chapter(cell("code", "sum(w)", shows("3")))))
        found = proposing.offer(ws, book, ["predict"]).proposals
        assert [one.card.front.splitlines()[-2] for one in found] == ["w[0] + w[1]", "sum(w)"]

    def test_where_nothing_is_asked_nothing_is_proposed(
        self, ws: Workspace, tmp_path: Path
    ) -> None:
        folder = tmp_path / "plain"
        folder.mkdir()
        nb = {**chapter(), "cells": [cell("markdown", "# One\n\nText."), cell("code", "a = 1")]}
        (folder / "01_one.ipynb").write_text(json.dumps(nb))
        courses.add(ws, str(folder))
        assert proposing.offer(ws, "plain/01").proposals == ()

    def test_a_course_that_is_elsewhere_says_so(self, ws: Workspace, book: str) -> None:
        course, _ = lessons.find(ws, book)
        for path in (*course.root.glob("*.ipynb"), *kept_originals()):
            path.unlink()
        offered = proposing.offer(ws, book)
        assert offered.proposals == ()
        assert "perceptron" in offered.notes[0]


def kept_originals() -> list[Path]:
    return list((workspace.cache_folder() / "originals").glob("*"))
