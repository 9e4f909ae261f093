"""How long the program takes to start, against `python -c pass` of the same environment.

    python -m benchmarks.startup [--runs N] [--importtime]

The program is installed from this checkout into an environment of its own with compiled bytecode,
as its learners have it. The study of `status` has 2,000 events.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from benchmarks.common import (
    Installed,
    Row,
    call,
    call_on_terminal,
    clean_environment,
    compare,
    installed,
    run_alone,
    scratch_folder,
)

EVENTS = 2_000
PEER = "`python -c pass`"


def make_study(folder: Path, program: Installed, env: dict[str, str]) -> Path:
    """Make a study with the built-in course and a history of 2,000 events."""
    study = folder / "my-study"
    call(program.command("init", str(study), "--yes", "--course", "foundations"), env=env)
    lines = (
        (study / "progress.jsonl").read_text().splitlines()
        if (study / "progress.jsonl").exists()
        else []
    )
    lines += [
        json.dumps(event(number), separators=(",", ":")) for number in range(EVENTS - len(lines))
    ]
    (study / "progress.jsonl").write_text("\n".join(lines) + "\n")
    return study


def event(number: int) -> dict[str, object]:
    """Make one event of a learner who checks, runs and logs day after day."""
    day, hour = divmod(number, 8)
    kinds = ("lesson.checked", "session.logged", "lesson.ran", "card.answered")
    kind = kinds[number % len(kinds)]
    data: dict[str, object] = {
        "lesson.checked": {
            "notebook": "01",
            "sections": {"weights": "passed"},
            "with_solution": [],
        },
        "session.logged": {"minutes": 45, "step": "reproduce"},
        "lesson.ran": {
            "notebook": "01",
            "ok": True,
            "cell": None,
            "error": None,
            "versions": {},
            "seconds": 3.2,
        },
        "card.answered": {"card": "what-is-a-weight", "answer": "a number that the machine alters"},
    }[kind]  # type: ignore[assignment]
    at = f"2026-{1 + day // 28 % 12:02}-{1 + day % 28:02}T{10 + hour:02}:15:00+01:00"
    return {
        "v": 1,
        "id": f"b{number:09}",
        "at": at,
        "kind": kind,
        "lesson": "foundations/01",
        "data": data,
    }


def measure(runs: int = 21) -> list[Row]:
    """Measure the four starts that have a budget."""
    with installed() as program, scratch_folder() as folder:
        env = clean_environment(
            folder / "home", GIT_AUTHOR_NAME="Ada", GIT_AUTHOR_EMAIL="ada@example.org"
        )
        study = make_study(folder, program, env)
        bare = [str(program.python), "-c", "pass"]

        def pipe(*words: str) -> Row:
            return compare(
                f"`{' '.join(words)}` {'on a study with 2,000 events' if 'status' in words else 'piped'}",
                lambda: call(program.command(*words), cwd=study, env=env),
                PEER,
                lambda: call(bare, env=env),
                budget=12 if "status" in words else 10,
                runs=runs,
            )

        def terminal(*words: str, budget: float) -> Row:
            return compare(
                f"`{' '.join(words)}` on a terminal",
                lambda: call_on_terminal(program.command(*words), cwd=study, env=env),
                f"{PEER} on a terminal",
                lambda: call_on_terminal(bare, env=env),
                budget=budget,
                runs=runs,
            )

        return [
            terminal("--help", budget=16),
            pipe("--help"),
            terminal("status", budget=12),
            pipe("status"),
        ]


def slow_imports(words: list[str], top: int = 40) -> str:
    """Give the slowest imports of a command, by their own and their cumulative microseconds."""
    with installed() as program, scratch_folder() as folder:
        env = clean_environment(folder / "home")
        study = make_study(folder, program, env)
        argv = [str(program.python), "-X", "importtime", "-m", "fastcompanion", *words]
        done = subprocess.run(argv, cwd=study, env=env, capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return "\n".join(sorted(lines[1:], key=lambda line: -int(line.split("|")[1]))[:top])


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument(
        "--importtime", nargs="*", help="show the slowest imports of this command instead"
    )
    given = parser.parse_args()
    if given.importtime is not None:
        print(slow_imports(given.importtime or ["--help"]))
        return 0
    return run_alone(lambda: measure(given.runs))


if __name__ == "__main__":
    sys.exit(main())
