"""Small originals of four kinds, ours, with numpy alone: prose, headings only, comments only, exercises."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastcompanion.base.kernel import OWN, Limits
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.recording import recorder
from fastcompanion.course.recording.recorder import RecordReport

POINTS = "x = np.linspace(0, 4, 50)\nslope = 3 * x + 2\ny = slope + np.random.normal(0, 0.1, 50)"
PREDICT = "def predict(params, x):\n    return params[0] * x + params[1]"
ERROR = "def mse(params, x, y):\n    return ((predict(params, x) - y) ** 2).mean()"
FIRST = "first = mse((1.0, 0.5), x, y)\nfirst"
GRADIENT = (
    "def gradient(params, x, y):\n    error = predict(params, x) - y\n"
    "    return np.array([2 * (error * x).mean(), 2 * error.mean()])"
)
TRAIN = (
    "def train(params, epochs=30, lr=0.05):\n    params = np.array(params)\n"
    "    for i in range(epochs):\n        params = params - lr * gradient(params, x, y)\n    return params"
)
FINAL = "final = train((1.0, 0.5))\nmse(final, x, y)"
SETUP = "import numpy as np\nnp.random.seed(3)"

SECTIONS = {
    "Making points": ("Points that lie near a line.", (SETUP, POINTS)),
    "The error": ("A function for predictions, one for their error.", (PREDICT, ERROR, FIRST)),
    "Training": ("Steps against the gradient.", (GRADIENT, TRAIN, FINAL)),
}
TODO = "def {name}({arguments}):\n    # TODO: your code\n    raise NotImplementedError"


def code(source: str) -> dict[str, Any]:
    """A code cell without outputs."""
    return {"cell_type": "code", "source": source, "outputs": [], "execution_count": None}


def text(source: str) -> dict[str, Any]:
    """A markdown cell."""
    return {"cell_type": "markdown", "source": source}


def book(cells: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A notebook of cells."""
    numbered = [{**cell, "metadata": {}, "id": f"c{n}"} for n, cell in enumerate(cells)]
    return {"cells": numbered, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def prose() -> dict[str, Any]:
    """Headings with prose and code below."""
    cells = [text("# A line through points")]
    for title, (about, sources) in SECTIONS.items():
        cells += [text(f"## {title}\n\n{about}"), *map(code, sources)]
    return book(cells)


def headings() -> dict[str, Any]:
    """Headings and code, no prose."""
    cells = []
    for title, (_, sources) in SECTIONS.items():
        cells += [text(f"## {title}"), *map(code, sources)]
    return book(cells)


def comments() -> dict[str, Any]:
    """Code alone, with comments that say what it does."""
    cells = []
    for title, (about, sources) in SECTIONS.items():
        cells += [code(f"# {title}: {about}\n{sources[0]}"), *map(code, sources[1:])]
    return book(cells)


def exercises() -> dict[str, Any]:
    """A sheet whose author left the gaps open."""
    gaps = [
        TODO.format(name="predict", arguments="params, x"),
        TODO.format(name="mse", arguments="params, x, y"),
    ]
    return book(
        [text("# Exercises"), text("## The error\n\nWrite both."), code(SETUP), *map(code, gaps)]
    )


CULTURES = {"prose": prose, "headings": headings, "comments": comments, "exercises": exercises}


def course(folder: Path, original: Mapping[str, Any]) -> tuple[Course, Lesson]:
    """Write an original into a course of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "book.ipynb").write_text(json.dumps(original))
    lesson = Lesson("own/01", "01", "Own", (NotebookRef("book", "book.ipynb"),))
    return Course("own", "Own", "folder", "", folder, (lesson,)), lesson


def asked(
    folder: Path,
    original: Mapping[str, Any],
    *,
    seconds: float = 300,
    cell: float = 60,
    most: int | None = 8,
    fork: bool = True,
) -> recorder.Asked:
    """Ask for a recording of an original with the tool's own interpreter."""
    made, lesson = course(folder, original)
    limits = Limits(cell, seconds, 5)
    return recorder.Asked(made, lesson, lesson.notebooks[0], OWN, limits, most, fork)


def recorded(study: Workspace, original: Mapping[str, Any], **how: Any) -> RecordReport:
    """Record an original in a study."""
    return recorder.record(study, asked(study.root.parent / "course", original, **how))
