"""What the script on the machine says: one line of JSON for each step, and one at the end."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Literal

from fastcompanion.base.records import frozen

State = Literal["ok", "would-change", "changed", "skipped", "failed"]
STATES: tuple[State, ...] = ("ok", "would-change", "changed", "skipped", "failed")

#: The last line's step: only with it has the whole script run.
ALL = "all"


@frozen
class StepResult:
    """How one step of the script ended, and what there is to say about it."""

    step: str
    state: State
    note: str = ""


@frozen
class Report:
    """All steps in their order; `done` only if the script came to its end and no step failed."""

    steps: tuple[StepResult, ...]
    done: bool

    @property
    def changes(self) -> int:
        """How many steps changed something, or would."""
        return sum(step.state in ("changed", "would-change") for step in self.steps)

    @property
    def failed(self) -> StepResult | None:
        """The step that failed, if one did."""
        return next((step for step in self.steps if step.state == "failed"), None)


@frozen
class Event:
    """One line of the script: a step that begins or has ended, something to say, or the end of all."""

    step: str
    state: str
    note: str = ""
    #: The unit that takes the step back in a few minutes, unless a fresh login proves that we still get in.
    rollback: str = ""

    @property
    def result(self) -> StepResult | None:
        """The step's result, if the line tells of one."""
        state = next((one for one in STATES if one == self.state), None)
        if self.step == ALL or state is None:
            return None
        return StepResult(self.step, state, self.note)


def read(line: str) -> Event | None:
    """Read one line of the script's output; what is no event of ours gives None."""
    if not line.startswith('{"step"'):
        return None
    try:
        found: Any = json.loads(line)
    except ValueError:
        return None
    return Event(*(str(found.get(name, "")) for name in ("step", "state", "note", "rollback")))


def collect(events: Iterable[Event]) -> Report:
    """Make the report of the events of one run."""
    known: dict[str, StepResult] = {}
    done = False
    for event in events:
        done = done or (event.step == ALL and event.state == "done")
        if (result := event.result) is not None:
            known[result.step] = result
    steps = tuple(known.values())
    return Report(steps, done and all(step.state != "failed" for step in steps))
