"""Experiments: what the learner changed in a lesson, what they expected, what came out."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from fastcompanion.base import events
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.events import Event
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace

RECORDED = "experiment.recorded"


@frozen
class Change:
    """One cell that differs from the original.

    `cell` counts the learner's cells from 0 (the original's where the cell was removed).
    """

    cell: int
    kind: Literal["changed", "added", "removed"]
    before: str
    after: str


@frozen
class Experiment:
    """A recorded experiment."""

    lesson: str
    notebook: str
    change: str
    prediction: str
    result: str
    at: datetime
    id: str


@frozen
class Experiments:
    """The experiments of a lesson, or of all lessons, oldest first."""

    experiments: tuple[Experiment, ...]


def changes(original: Mapping[str, Any], own: Mapping[str, Any]) -> tuple[Change, ...]:
    """Compare two notebooks' code, cell by cell; outputs, texts and trailing blanks don't count."""
    before, after = _code(original), _code(own)
    matcher = difflib.SequenceMatcher(
        None, [text for _, text in before], [text for _, text in after], autojunk=False
    )
    found: list[Change] = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            continue
        paired = min(b - a, d - c)
        found += [
            Change(index, "changed", old, text)
            for (_, old), (index, text) in zip(before[a : a + paired], after[c:d], strict=False)
        ]
        found += [Change(index, "added", "", text) for index, text in after[c + paired : d]]
        found += [Change(index, "removed", text, "") for index, text in before[a + paired : b]]
    return tuple(found)


def _code(nb: Mapping[str, Any]) -> list[tuple[int, str]]:
    return [
        (index, "\n".join(line.rstrip() for line in cell["source"].rstrip().split("\n")))
        for index, cell in enumerate(nb["cells"])
        if cell["cell_type"] == "code" and cell["source"].strip()
    ]


def in_words(found: tuple[Change, ...]) -> str:
    """Describe changes in one line, as a proposal for the record of an experiment."""
    return "; ".join(_in_words(change) for change in found[:3]) + (
        f"; and {len(found) - 3} more" if len(found) > 3 else ""
    )


def _in_words(change: Change) -> str:
    if change.kind != "changed":
        text = " ".join((change.after or change.before).split())
        return f"cell {change.cell} {change.kind}: {text[:60]}"
    pairs = difflib.ndiff(change.before.split("\n"), change.after.split("\n"))
    lines = [line for line in pairs if line[:2] in ("- ", "+ ")]
    old = next((line[2:].strip() for line in lines if line[0] == "-"), "")
    new = next((line[2:].strip() for line in lines if line[0] == "+"), "")
    return f"cell {change.cell}: {old[:60]} -> {new[:60]}"


def diff(found: tuple[Change, ...]) -> str:
    """Write changes as a unified diff for people."""
    parts = []
    for change in found:
        lines = difflib.unified_diff(
            change.before.split("\n") if change.before else [],
            change.after.split("\n") if change.after else [],
            f"original (cell {change.cell}, {change.kind})",
            f"yours (cell {change.cell})",
            lineterm="",
            n=1,
        )
        parts.append("\n".join(lines))
    return "\n".join(parts)


def add(
    study: Workspace, lesson: str, notebook: str, *, change: str, prediction: str, result: str
) -> Experiment:
    """Record an experiment; each of its three parts has to say something."""
    told = {"change": change.strip(), "prediction": prediction.strip(), "result": result.strip()}
    for name, text in told.items():
        if not text:
            raise CompanionError(
                f"the {name} is empty", hint=f"Give --{name} TEXT.", code=Exit.USAGE
            )
    made = events.record(study, RECORDED, lesson, {"notebook": notebook, **told}).event
    return Experiment(lesson, notebook, **told, at=made.at, id=made.id)


def recorded(study: Workspace, lesson: str | None) -> Experiments:
    """Give the recorded experiments of a lesson, or of all."""
    past = [event for event in events.read(study) if event.kind == RECORDED]
    return Experiments(tuple(_read(one) for one in past if lesson in (None, one.lesson)))


def _read(event: Event) -> Experiment:
    def told(name: str) -> str:
        return str(event.data.get(name, ""))

    return Experiment(
        event.lesson or "",
        told("notebook"),
        told("change"),
        told("prediction"),
        told("result"),
        event.at,
        event.id,
    )
