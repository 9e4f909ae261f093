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
from tests.course.originals import cell, numbered

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
    return cell("code", source)


def text(source: str) -> dict[str, Any]:
    """A markdown cell."""
    return cell("markdown", source)


def book(cells: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A notebook of cells."""
    return {"cells": numbered(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


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


TABLE = (
    "n = np.arange(1, 25)\n"
    "numbers = {'age': n % 7 + 1.0, 'fare': n * 2.5, 'size': n ** 0.5, 'year': 30.0 - n, "
    "'rank': n % 5 + 2.0, 'cost': n * n / 9 + 1}\n"
    "wanted = ['age', 'fare', 'size', 'year', 'rank', 'cost']\n"
    "table = np.stack([numbers[name] for name in wanted], axis=1)"
)
SMALLER = (
    "half = np.stack([numbers[name] for name in ['size', 'fare', 'age', 'cost']], axis=1)[:12]\n"
    "rest = sum(numbers[name] for name in ['year', 'rank', 'fare', 'size', 'cost', 'age'])"
)
SCALING = (
    "largest = table.max(axis=0)\nlowest = table.min(axis=0)\n"
    "scaled = (table - lowest) / (largest - lowest)\nlogs = np.log(table + 1)\n"
    "middle = scaled.mean(axis=0)\ntop = np.sort(logs, axis=0)[-3:]\nfirst = table[0]"
)
DEEP = (
    "def forward(layers, rows):\n    result = rows\n    for i, layer in enumerate(layers):\n"
    "        result = result @ layer\n        if i != len(layers) - 1:\n"
    "            result = np.tanh(result)\n    return 1 / (1 + np.exp(-result))"
)
RIGHT = "def right(layers, rows, goal):\n    return ((forward(layers, rows) > 0.5) == (goal > 0.5)).mean()"
START = (
    "shape = [6, 4, 1]\n"
    "layers = [np.cos(np.arange(shape[i] * shape[i + 1])).reshape(shape[i], shape[i + 1]) "
    "for i in range(len(shape) - 1)]\n"
    "goal = (middle.sum() * scaled[:, 1] + scaled[:, 4])[:, None] / 2\n"
    "guesses = forward(layers, scaled)\nscore = right(layers, scaled, goal)"
)
NUDGE = (
    "def nudge(layers, rows, goal, rate):\n    hidden = np.tanh(rows @ layers[0])\n"
    "    guess = forward(layers, rows)\n    slope = (guess - goal) * guess * (1 - guess)\n"
    "    back = slope @ layers[1].T * (1 - hidden ** 2)\n"
    "    moves = [rows.T @ back, hidden.T @ slope]\n    moves[0] /= len(rows)\n"
    "    moves[1] /= len(goal)\n    moves.append(slope)\n"
    "    for i in range(len(layers)):\n        layers[i] -= rate * moves[i]\n"
    "    return np.abs(guess - goal).mean()"
)
DESCENT = (
    "errors = []\nfor turn in range(20):\n    errors.append(nudge(layers, scaled, goal, 5.0))\n"
    "final = forward(layers, scaled)\nbest = min(errors)\nshare = right(layers, scaled, goal)"
)
FIT = (
    "def fit(rows, goal, turns=20, rate=0.3):\n    params, bias = np.zeros(rows.shape[1]), 0.5\n"
    "    memory = np.zeros(rows.shape[1])\n    for turn in range(turns):\n"
    "        miss = rows @ params + bias - goal\n        memory *= 0.5\n"
    "        memory += rows.T @ miss / len(rows)\n        params -= rate * memory\n"
    "        bias -= rate * miss.mean()\n        if turn > 5:\n            rate *= 0.9\n    params = params.round(3)\n"
    "    bias = abs(bias)\n    return params, bias"
)
FITTED = (
    "params, bias = fit(scaled, table[:, 5] / 10)\nmisses = np.abs(scaled @ params + bias - goal[:, 0])\n"
    "clipped = np.sqrt(misses.clip(0, 1))\nmisses.sort()"
)
MANY = {
    "A table": ("Numbers side by side.", ("import numpy as np", TABLE, SMALLER, "half.shape")),
    "Scaling it": ("Columns between zero and one.", (SCALING, "scaled")),
    "Two layers": ("What two layers make of it.", (DEEP, RIGHT, START, "guesses")),
    "Descent": ("Steps that make the error smaller.", (NUDGE, DESCENT, "share")),
    "A line": ("The same with a line.", (FIT, FITTED, "misses.mean()")),
}


def many() -> dict[str, Any]:
    """Code with places for every kind of mistake that needs no table of pandas."""
    cells = []
    for title, (about, sources) in MANY.items():
        cells += [text(f"## {title}\n\n{about}"), *map(code, sources)]
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
