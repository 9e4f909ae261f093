"""Namespaces like a kernel's, for tests of what runs inside one."""

from __future__ import annotations

import json
import textwrap
from typing import Any

from fastcompanion.course.recorded.observer import Observer


class Space:
    """One learner's namespace with an observer beside it."""

    def __init__(self, start: str = "") -> None:
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.run(start)
        self.observer = Observer(self.names)

    def run(self, code: str) -> None:
        """Run a cell as a kernel does."""
        exec(compile(textwrap.dedent(code), "<cell>", "exec"), self.names)

    def section(self, code: str = "", **spec: Any) -> dict[str, Any]:
        """Run a section of one cell and observe it; the answer went through JSON."""
        spec = {"id": "s", "bound": [], "mapping": {}, "wanted": [], "functions": [], **spec}
        self.observer.begin(spec)
        self.run(code)
        found: dict[str, Any] = json.loads(json.dumps(self.observer.section(spec)))
        return found


def recorded(code: str, calls: str, start: str = "") -> list[dict[str, Any]]:
    """Record functions: note the calls in one run of the original, answer them in another."""
    noted = Space(start).section(f"{textwrap.dedent(code)}\n{calls}", log=True)["calls"]
    asked = [{"name": name, **entry} for name, entry in noted.items()]
    answers: list[dict[str, Any]] = Space(start).section(
        f"{textwrap.dedent(code)}\n{calls}", answer=asked
    )["answers"]
    return answers


def replayed(
    functions: list[dict[str, Any]], code: str, start: str = "", **spec: Any
) -> dict[str, Any]:
    """Let a learner's code answer what was recorded; each function's candidates by name."""
    return Space(start).section(code, functions=functions, **spec)["replays"]  # type: ignore[no-any-return]


def agreeing(
    function: dict[str, Any], found: list[dict[str, Any]]
) -> list[tuple[str, str, list[int]]]:
    """List the candidates that gave the recorded answers, with how they were found."""
    answers = [case["answer"] for case in function["cases"]]
    return [(one["by"], one["name"], one["order"]) for one in found if one["answers"] == answers]
