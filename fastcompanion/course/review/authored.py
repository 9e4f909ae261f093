"""The questions that a lesson's author wrote, as cards: `foundations/01#c1`. Pure."""

from __future__ import annotations

from fastcompanion.course.model import Lesson
from fastcompanion.course.review.cards import Card

_MARK = "#"


def name(lesson: str, card: str) -> str:
    """Give the id that an author's card has among all cards."""
    return f"{lesson}{_MARK}{card}"


def parts(card: Card) -> tuple[str, str] | None:
    """Give the lesson and the author's id of a card; None for any other card."""
    lesson, mark, own = card.id.partition(_MARK)
    return (lesson, own) if mark and lesson == card.lesson else None


def of(lesson: Lesson) -> list[Card]:
    """Give the cards of a lesson's author; an answer of the author's stands on the back."""
    return [
        Card(name(lesson.id, card.id), lesson.id, "question", card.question, card.answer, lesson.id)
        for card in lesson.cards
    ]
