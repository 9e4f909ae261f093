"""How many minutes a lesson still needs: what its author says, corrected by the learner's own log.

Each step of a lesson is a share of its minutes. Where the learner has finished steps of one kind
and logged minutes on them, the others of that kind are taken to need as much more or less; one
usual step is thrown in as said by the author, so that a single odd session does not count for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fastcompanion.base.records import frozen

# Parts of a lesson's minutes. What is watched is given by the video; reproducing takes the most.
SHARES: Mapping[str, float] = {"watch": 0.25, "run": 0.15, "reproduce": 0.4, "repeat": 0.2}
# Time spent on a step that is not done never leaves less of it than this.
_LEAST_LEFT = 0.25


@frozen
class StepWork:
    """One step: its minutes by the author's estimate, those logged on it, and how far it is.

    `part` is what is done of an open step, from 0 to 1, where that is known; `skipped` needs none.
    """

    step: str
    minutes: float
    spent: int = 0
    done: bool = False
    skipped: bool = False
    part: float = 0.0


@frozen
class Work:
    """One lesson as work; `guessed` says that its author names no minutes."""

    lesson: str
    title: str
    minutes: int
    guessed: bool
    steps: tuple[StepWork, ...]

    @property
    def open(self) -> bool:
        """Whether anything of it is left."""
        return any(not step.done and not step.skipped for step in self.steps)


def factors(works: Iterable[Work]) -> dict[str, float]:
    """Say for each kind of step how many minutes of the learner one estimated minute is."""
    told: dict[str, list[float]] = {}
    real: dict[str, list[tuple[float, int]]] = {}
    for step in (step for work in works for step in work.steps):
        told.setdefault(step.step, []).append(step.minutes)
        if step.done and step.spent:
            real.setdefault(step.step, []).append((step.minutes, step.spent))
    return {name: _factor(_usual(told[name]), real.get(name, ())) for name in told}


def _usual(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _factor(usual: float, pairs: Iterable[tuple[float, int]]) -> float:
    pairs = list(pairs)
    estimated = usual + sum(minutes for minutes, _ in pairs)
    return (usual + sum(spent for _, spent in pairs)) / estimated if estimated else 1.0


def left(work: Work, own: Mapping[str, float]) -> float:
    """Give the minutes that a lesson still needs."""
    return sum(step_left(step, own) for step in work.steps)


def step_left(step: StepWork, own: Mapping[str, float]) -> float:
    """Give the minutes that a step still needs."""
    if step.done or step.skipped:
        return 0.0
    whole = step.minutes * own.get(step.step, 1.0)
    if step.part:
        return whole * (1 - min(step.part, 1.0))
    return max(whole - step.spent, whole * _LEAST_LEFT)
