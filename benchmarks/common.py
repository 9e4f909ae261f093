"""How all benchmarks measure: ratios of medians, from runs that alternate in one loop.

Seconds depend on the machine and on what else it does; a ratio to a peer that is started in the
same loop does not, or far less. A benchmark is a module with `measure() -> list[Row]`; it raises
`Missing` when it needs something that is not here.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class Missing(Exception):
    """The benchmark needs something that has to be supplied; the message says what and how."""


@dataclass(frozen=True)
class Row:
    """One line of the table: what was compared with what, the budget, and what came out."""

    what: str
    peer: str
    budget: float
    ratio: float
    spread: str
    runs: int

    @property
    def kept(self) -> bool:
        """Tell whether the ratio is within its budget."""
        return self.ratio <= self.budget


def compare(
    what: str,
    act: Callable[[], object],
    peer: str,
    peer_act: Callable[[], object],
    *,
    budget: float,
    runs: int = 15,
    warm_up: int = 2,
) -> Row:
    """Run both in turn and give the ratio of their medians, with the quartiles of the pairs' ratios."""
    for _ in range(warm_up):
        act()
        peer_act()
    mine, theirs = [], []
    for _ in range(runs):
        theirs.append(seconds(peer_act))
        mine.append(seconds(act))
    ratio = statistics.median(mine) / statistics.median(theirs)
    pairs = sorted(a / b for a, b in zip(mine, theirs, strict=True))
    spread = f"{pairs[len(pairs) // 4]:.2f} to {pairs[-len(pairs) // 4]:.2f}"
    return Row(what, peer, budget, ratio, spread, runs)


def compare_both(
    what: str,
    act: Callable[[], object],
    peer: str,
    peer_act: Callable[[], object],
    *,
    budgets: tuple[float, float],
    runs: int,
) -> list[Row]:
    """Give two rows of the same runs: by the clock, and by the CPU seconds of all processes started.

    What uses several cores takes less by the clock than it costs; CPU seconds say what one core would
    take, and hardly change with what else the machine does.
    """
    theirs, mine = [], []
    for _ in range(runs):
        theirs.append(both(peer_act))
        mine.append(both(act))
    rows = []
    for place, (unit, budget) in enumerate(zip(("", ", CPU seconds"), budgets, strict=True)):
        ours, others = [one[place] for one in mine], [one[place] for one in theirs]
        ratio = statistics.median(ours) / statistics.median(others)
        pairs = sorted(a / b for a, b in zip(ours, others, strict=True))
        spread = f"{pairs[len(pairs) // 4]:.2f} to {pairs[-len(pairs) // 4]:.2f}"
        rows.append(Row(f"{what}{unit}", peer, budget, ratio, spread, runs))
    return rows


def both(act: Callable[[], object]) -> tuple[float, float]:
    """Give the wall-clock seconds of one run, and the CPU seconds of the processes it waited for."""
    before, begun = os.times(), time.perf_counter()
    act()
    took, after = time.perf_counter() - begun, os.times()
    user, system = "children_user", "children_system"
    return took, sum(getattr(after, name) - getattr(before, name) for name in (user, system))


def seconds(act: Callable[[], object]) -> float:
    """Give the wall-clock seconds of one run."""
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


@dataclass(frozen=True)
class Installed:
    """The program installed into an environment of its own, with compiled bytecode."""

    python: Path
    program: Path

    def command(self, *arguments: str) -> list[str]:
        """Spell a command line of the installed program."""
        return [str(self.program), *arguments]


@contextmanager
def installed() -> Iterator[Installed]:
    """Install this checkout's wheel and its dependencies, compiled, into a fresh environment."""
    folder = Path(tempfile.mkdtemp(prefix="fc-bench-"))
    try:
        call([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")])
        python = folder / "venv" / "bin" / "python"
        source = folder / "source"
        ignore = shutil.ignore_patterns(".venv", ".git", "__pycache__", ".*_cache")
        shutil.copytree(ROOT, source, ignore=ignore)
        install = [
            "pip",
            "install",
            "--quiet",
            "--compile-bytecode",
            "--python",
            str(python),
            str(source),
        ]
        call([sys.executable, "-m", "uv", *install])
        yield Installed(python, python.with_name("fastcompanion"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a temporary folder that goes away again."""
    with tempfile.TemporaryDirectory(prefix="fc-bench-") as name:
        yield Path(name)


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """Give an environment with an empty home and nothing that changes how Python starts."""
    kept = {
        name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ
    }
    return {**kept, "HOME": str(home), "FASTCOMPANION_HOME": str(home / "fastcompanion"), **more}


def call(
    argv: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> str:
    """Run a program to its end, require success, and give what it printed."""
    done = subprocess.run(
        argv,
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def call_on_terminal(
    argv: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> str:
    """Run a program on a pseudo-terminal of 100 columns and give what it drew."""
    import pty

    main, side = pty.openpty()
    columns = {**(env or os.environ), "COLUMNS": "100", "LINES": "40", "TERM": "xterm-256color"}
    try:
        child = subprocess.Popen(argv, cwd=cwd, env=columns, stdin=side, stdout=side, stderr=side)
    finally:
        os.close(side)
    drawn = _drain(main)
    if child.wait() != 0:
        raise RuntimeError(f"{' '.join(argv)}: exit {child.returncode}\n{drawn}")
    return drawn


def _drain(terminal: int) -> str:
    chunks = []
    try:
        # Linux ends a terminal whose other side has gone with an error, macOS with nothing read.
        while chunk := os.read(terminal, 65536):
            chunks.append(chunk)
    except OSError:
        pass
    finally:
        os.close(terminal)
    return b"".join(chunks).decode("utf-8", "replace")


def table(rows: Sequence[Row]) -> str:
    """Write rows as a Markdown table."""
    lines = [
        "| what | against | budget | measured | quartiles | runs |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        verdict = "" if row.kept else " **over**"
        measured = f"{row.ratio:.2f}x{verdict}"
        lines.append(
            f"| {row.what} | {row.peer} | {row.budget:g}x | {measured} | {row.spread} | {row.runs} |"
        )
    return "\n".join(lines)


def report(rows: Sequence[Row]) -> int:
    """Print the table of one benchmark; 1 when a budget is broken."""
    print(table(rows))
    return 0 if all(row.kept for row in rows) else 1


def as_program(
    measure: Callable[[int], list[Row]], about: str | None, count: int, option: str = "--runs"
) -> int:
    """Run one benchmark as a program that can be told how often it measures."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument(option, type=int, default=count, dest="count")
    given = parser.parse_args()
    return run_alone(lambda: measure(given.count))


def run_alone(measure: Callable[[], list[Row]]) -> int:
    """Run one benchmark as a program: 0 kept, 1 over budget, 5 something has to be supplied."""
    try:
        return report(measure())
    except Missing as error:
        print(error, file=sys.stderr)
        return 5
