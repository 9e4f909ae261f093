"""What terminal and notebooks show alike."""

from __future__ import annotations

from fastcompanion import views
from fastcompanion.commands import check
from fastcompanion.console import Line
from fastcompanion.course.checks.hints import Hint
from fastcompanion.course.checks.verdict import CheckpointVerdict, SectionVerdict


def lines(message: str) -> list[str]:
    """Show a failing section with two wrong points; the second's message is its own."""
    first = CheckpointVerdict("f", False, "function f(x)", "0.5 (number)", "f", "`f` answers wrong")
    second = CheckpointVerdict("p", False, "number p", "0.5 (number)", "p", message)
    section = SectionVerdict(
        "a", "A", "wrong value", "`f` answers wrong", checkpoints=(first, second)
    )
    return [block.text for block in views.failing(section) if isinstance(block, Line)]


def test_what_was_expected_and_found_is_said_once() -> None:
    told = lines("expected number p; found 0.5 (number)")
    assert told[2:] == [
        "expected function f(x)",
        "found    0.5 (number)",
        "expected number p; found 0.5 (number)",
    ]


def test_a_message_of_other_words_has_both_below_it() -> None:
    told = lines("the sum is not 1")
    assert told[-3:] == ["the sum is not 1", "expected number p", "found    0.5 (number)"]


def test_steps_within_a_step_are_indented() -> None:
    texts = ("define f:", "· repeat:", "· · change w", "call f")
    shown = Hint("own/01", "book", "a", "A", 3, "the order of the steps", texts)
    told = [block.text for block in views.hint(shown) if isinstance(block, Line)]
    assert told == ["- define f:", "  - repeat:", "    - change w", "- call f"]


def test_code_that_changed_since_it_was_assessed_is_told() -> None:
    said = "your code has changed since you assessed it"
    assert check._left_to_you(SectionVerdict("a", "A", "to-assess", said)) == said
