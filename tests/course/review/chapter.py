"""A notebook in the form of a book's chapter, with a questionnaire at its end; our own words."""

from __future__ import annotations

from typing import Any

# Each item as it stands in the list, and the front that it should become.
ITEMS: list[tuple[str, str]] = [
    (
        "1. Which of these does a perceptron need?\n\n   - Weights T / F\n   - A GPU T / F\n   ",
        "Which of these does a perceptron need?\n- Weights T / F\n- A GPU T / F",
    ),
    ("1. Name three kinds of layers.", "Name three kinds of layers."),
    ("1. What does `w @ x` do?", "What does `w @ x` do?"),
    (
        "1. A question that goes on\non a lazy line, does it stay one?",
        "A question that goes on on a lazy line, does it stay one?",
    ),
    (
        "12. What does this print?\n    ```python\n    for i in range(2):\n        print(i)\n    ```",
        "What does this print?\n```python\n    for i in range(2):\n        print(i)\n```",
    ),
    (
        "1. Open the notebook and run each of its cells.",
        "Open the notebook and run each of its cells.",
    ),
    (
        "1. Explain why each of these is said:\n   * the *first* one\n   * the second one",
        "Explain why each of these is said:\n- the *first* one\n- the second one",
    ),
    ("1) Is a parenthesis a number, too?", "Is a parenthesis a number, too?"),
    ("1. Write the update step, see <<chapter_two>>.", "Write the update step, see [chapter_two]."),
    (
        '1. What is "loss"? ![a curve](curve.png)',
        'What is "loss"? (picture: a curve)',
    ),
    ("1. How can a rule be linear.", "How can a rule be linear."),
]
TASKS = {5, 8}
FURTHER = ["1. Why do deeper nets learn faster?", "1. Find a paper on it, and read it."]


def cell(kind: str, source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    """One cell of nbformat 4."""
    made: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": source}
    return made | ({"execution_count": 1, "outputs": list(outputs)} if kind == "code" else {})


def shows(text: str) -> dict[str, Any]:
    """The saved output of an expression."""
    return {"output_type": "execute_result", "data": {"text/plain": [text]}, "metadata": {}}


def prints(text: str) -> dict[str, Any]:
    """The saved output of a print."""
    return {"output_type": "stream", "name": "stdout", "text": [text]}


def chapter(*more: dict[str, Any]) -> dict[str, Any]:
    """The whole notebook; `more` cells stand before the questionnaire."""
    cells = [
        cell(
            "markdown",
            "# A perceptron\n\nIt is older than most of us. Would you believe that at all?",
        ),
        cell("markdown", "## Sidebar: names\n\nAn aside."),
        cell("markdown", "## End sidebar\n\nBack in the text about the perceptron."),
        cell(
            "markdown",
            "## Weights and layers\n\nA layer multiplies weights `w @ x`; layers of three kinds.",
        ),
        cell("code", "import math\nw = [1, 2]"),
        *more,
        cell("markdown", "## Questionnaire"),
        cell("markdown", "Answer these; if you can't, go back. Did you read it all?"),
        cell("markdown", "\n".join(text for text, _ in ITEMS)),
        cell("markdown", "### Further Research"),
        cell("markdown", "Some need a library.\n\n" + "\n".join(FURTHER)),
        cell(
            "markdown",
            "## What comes next\n\n- Run the first notebook yourself.\n- Then the second.",
        ),
    ]
    return {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
