"""Questions of notebooks: every item of a questionnaire becomes a card, and nothing else does."""

from __future__ import annotations

import random
from typing import Any

import pytest

from fastcompanion.course.review import questions
from fastcompanion.course.review.questions import Proposal
from tests.course.review import chapter as book
from tests.course.review.chapter import cell


def found(nb: dict[str, Any], *groups: str) -> list[Proposal]:
    every = questions.proposals(nb, "book/04", "perceptron")
    return [one for one in every if not groups or one.group in groups]


def sheet(*markdown: str) -> dict[str, Any]:
    return {"cells": [cell("markdown", text) for text in markdown]}


class TestQuestionnaire:
    def test_every_item_becomes_a_card_in_order(self) -> None:
        listed = found(book.chapter(), "questionnaire", "task")
        assert [one.card.front for one in listed] == [front for _, front in book.ITEMS]

    def test_what_says_what_to_do_is_a_task(self) -> None:
        listed = found(book.chapter(), "questionnaire", "task")
        assert {n for n, one in enumerate(listed) if one.group == "task"} == book.TASKS
        assert {one.card.kind for one in listed if one.group == "task"} == {"task"}

    def test_further_research_stands_apart(self) -> None:
        assert [one.card.front for one in found(book.chapter(), "further")] == [
            text.removeprefix("1. ") for text in book.FURTHER
        ]

    def test_a_list_behind_it_is_none(self) -> None:
        assert not [one for one in found(book.chapter()) if "first notebook" in one.card.front]

    def test_the_place_is_named_and_a_section_to_look_at(self) -> None:
        (layers,) = [o for o in found(book.chapter()) if o.card.front.startswith("Name three")]
        assert layers.card.source == "book/04 perceptron, Questionnaire 2"
        assert layers.see == "Weights and layers"

    def test_ids_survive_another_order(self) -> None:
        before = {one.card.id: one.card.front for one in found(book.chapter(), "questionnaire")}
        mixed = book.ITEMS[:]
        random.Random(7).shuffle(mixed)
        text = "\n".join(text for text, _ in mixed)
        after = found(sheet("## Questionnaire", text), "questionnaire")
        assert {one.card.id: one.card.front for one in after} == before

    def test_a_heading_and_its_list_may_share_a_cell(self) -> None:
        nb = sheet("## Questions\n\n- What is one?\n- What is two?\n\n## Next\n\n- Do this.")
        assert [one.card.front for one in found(nb)] == ["What is one?", "What is two?"]

    def test_code_between_items_belongs_to_the_one_that_announces_it(self) -> None:
        nb = sheet("## Quiz", "1. What does this give:")
        nb["cells"] += [cell("code", "1 + 1"), cell("markdown", "1. And what is it called?")]
        assert [one.card.front for one in found(nb)] == [
            "What does this give:\n\n```\n1 + 1\n```",
            "And what is it called?",
        ]

    def test_questions_without_a_list_are_found_sentence_by_sentence(self) -> None:
        nb = sheet("## Questions", "What is a tensor made of? Think first. Why is it called so?")
        assert [one.card.front for one in found(nb)] == [
            "What is a tensor made of?",
            "Why is it called so?",
        ]

    def test_an_empty_questionnaire_gives_nothing(self) -> None:
        assert found(sheet("## Questionnaire")) == []
        assert found({"cells": []}) == []


class TestItems:
    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ("1. a\n2. b", ["a", "b"]),
            ("1. a\n\n1. b", ["a", "b"]),
            ("- a\n  - b\n  - c\n- d", ["a\n- b\n- c", "d"]),
            ("1. a\n\n   more of a\n1. b", ["a\nmore of a", "b"]),
            ("* * *\n1. a\n***", ["a"]),
            ("text\n\n1. a\n\nother text\n\n1. b", ["a", "b"]),
            ("1. a:\n```\n1. no item\n```\n1. b", ["a:\n```\n1. no item\n```", "b"]),
            ("1. a\n\n```\nx\n```\n1. b", ["a", "b"]),
            ("1.\n2. b", ["b"]),
            ("1. a `1. b`", ["a `1. b`"]),
            ("    1. code, no list", []),
            ("1. a\n\tgoes on", ["a goes on"]),
        ],
    )
    def test_lists_are_cut_into_their_outermost_items(
        self, source: str, expected: list[str]
    ) -> None:
        assert questions.items(source) == expected

    @pytest.mark.parametrize(
        ("text", "task"),
        [
            ("Run it.", True),
            ("Run it. What do you see?", False),
            ("Explain the loss.", False),
            ("**List** four rules.", False),
            ("How can it be.", False),
            ("Create a class.", True),
            ("3 * 3?", False),
        ],
    )
    def test_what_asks_nothing_is_a_task(self, text: str, task: bool) -> None:
        assert questions.is_task(text) is task


class TestProse:
    def test_questions_in_the_prose_are_proposed_apart(self) -> None:
        (one,) = found(book.chapter(), "inline")
        assert one.card.front == "Would you believe that at all?"
        assert one.place == "perceptron, A perceptron"

    def test_a_heading_may_ask(self) -> None:
        nb = sheet("## How does a tree know where to split?\n\nIt tries.", "Why?")
        (one,) = found(nb)
        assert one.card.front == "How does a tree know where to split?"

    def test_an_end_of_a_sidebar_is_no_section(self) -> None:
        nb = sheet(
            "## Trees", "## Sidebar: on oaks", "## End sidebar", "Do all the trees grow here?"
        )
        (one,) = found(nb)
        assert one.place == "perceptron, Trees"

    def test_the_same_question_is_proposed_once(self) -> None:
        nb = sheet("Is this asked more than once?", "Is this asked more than once?")
        assert len(found(nb)) == 1

    def test_code_asks_nothing(self) -> None:
        nb = sheet(
            "Text.\n\n```\n# is this a question to anybody?\n```\n\n    why(not, this, one)?"
        )
        assert found(nb) == []
