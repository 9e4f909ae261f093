"""What the study log costs: `log add` against git alone, and `log stats` against reading the files.

    python -m benchmarks.log [--runs N]

Studies of 10 and of 10,000 sessions, one a day (27 years), each with its line in progress.jsonl.
The peer is `git add` and `git commit` of the same day file in a copy of the same study.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from benchmarks.common import (
    Installed,
    Row,
    as_program,
    call,
    clean_environment,
    compare,
    installed,
    scratch_folder,
    seconds,
)
from fastcompanion.base import clock
from fastcompanion.base.workspace import Workspace
from fastcompanion.study import journal
from fastcompanion.study.journal import Entry
from fastcompanion.study.logbook import book

FEW, MANY = 10, 10_000
LAST = date(2026, 11, 20)
NOW = "2026-11-21T21:00:00+01:00"
PEER = "`git add` and `git commit` of the same file"
IDS = "234567abcdefghijklmnopqrstuvwxyz"


@dataclass
class Pair:
    """A study that we log in and a copy of it for git alone."""

    ours: Path
    theirs: Path
    number: int = 0

    def act(self) -> None:
        """Log a session in this process: the line, its event, one commit."""
        entry = Entry(clock.new_id(), clock.now(), 45, "fastai-p1/05", "reproduce", "Retyped it")
        logged = journal.keep(Workspace(self.ours), entry)
        if logged.commit is None or not logged.commit.made:
            raise RuntimeError(f"not committed: {logged.commit}")

    def git(self) -> None:
        """Add a line to the day file, and it to git, as one would by hand."""
        self.number += 1
        path = self.theirs / "log" / "2026" / "2026-11-21.md"
        with path.open("a", encoding="utf-8") as file:
            file.write(
                f"- 21:00+01:00 45m fastai-p1/05 reproduce ^{identity(10**9 + self.number)}\n"
            )
        call(["git", "add", "--", str(path)], cwd=self.theirs)
        call(["git", "commit", "-q", "-m", "Log", "--", str(path)], cwd=self.theirs)


def identity(number: int) -> str:
    """Make an id of ten base32 characters."""
    return "".join(IDS[number >> 5 * place & 31] for place in range(10))


def make_study(root: Path, sessions: int) -> None:
    """Make a study with one session a day, back from LAST."""
    root.mkdir(parents=True)
    (root / "fastcompanion.toml").write_text("version = 1\n")
    (root / ".gitignore").write_text(".fastcompanion/\n")
    (root / ".gitattributes").write_text("log/**/*.md merge=union\n*.jsonl merge=union\n")
    lines = []
    for number in range(sessions):
        day = LAST - timedelta(days=number)
        path = root / "log" / f"{day:%Y}" / f"{day}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"# {day} {day:%A}\n"
            f"- 19:30+01:00 {20 + number % 50}m fastai-p1/05 reproduce ^{identity(number)}\n"
            "  Retyped the notebook; stuck on broadcasting. Loss 0.54 to 0.23 after 18 epochs.\n"
        )
        data = f'{{"entry":"{identity(number)}","minutes":45,"step":"reproduce"}}'
        lines.append(
            f'{{"v":1,"id":"{identity(2**45 + number)}","at":"{day}T19:30:00+01:00",'
            f'"kind":"session.logged","lesson":"fastai-p1/05","data":{data}}}'
        )
    (root / "progress.jsonl").write_text("\n".join(reversed(lines)) + "\n")
    (root / "log" / "2026" / "2026-11-21.md").write_text("# 2026-11-21 Saturday\n")
    for words in (
        ["init", "-q", "-b", "main"], ["config", "user.name", "Ada"],
        ["config", "user.email", "ada@example.org"], ["config", "gc.auto", "0"],
        ["add", "-A"], ["commit", "-q", "-m", "Begin"], ["repack", "-q", "-a", "-d"],
    ):  # fmt: skip
        call(["git", *words], cwd=root)


def pair(folder: Path, sessions: int) -> Pair:
    """Make both copies."""
    ours, theirs = folder / f"ours-{sessions}", folder / f"theirs-{sessions}"
    make_study(ours, sessions)
    shutil.copytree(ours, theirs)
    return Pair(ours, theirs)


def read_files(root: Path) -> int:
    """Read every day file and do nothing with it."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(root.glob("log/*/*.md"))]
    return sum(map(len, texts))


def both(act: Callable[[], object]) -> tuple[float, float]:
    """Give the seconds of one run by the clock, and the CPU seconds of it and all it started."""
    before, took = _cpu(), seconds(act)
    return took, _cpu() - before


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def ratio(what: str, peer: str, budget: float, ours: list[float], theirs: list[float]) -> Row:
    """Make a row of the medians of two lists."""
    pairs = sorted(a / b for a, b in zip(ours, theirs, strict=True))
    spread = f"{pairs[len(pairs) // 4]:.2f} to {pairs[-len(pairs) // 4]:.2f}"
    found = statistics.median(ours) / statistics.median(theirs)
    return Row(what, peer, budget, found, spread, len(pairs))


def whole(program: Installed, env: Mapping[str, str], one: Pair, size: int, runs: int) -> list[Row]:
    """Compare the installed command with a trivial one and twice git's two, by clock and by CPU."""
    add = program.command("log", "add", "Retyped it", "-m", "45")
    ours, theirs = [], []
    for _ in range(runs):
        trivial = both(lambda: call(program.command("--version"), cwd=one.ours, env=env))
        git = both(one.git)
        theirs.append(tuple(a + 2 * b for a, b in zip(trivial, git, strict=True)))
        ours.append(both(lambda: call(add, cwd=one.ours, env=env)))
    peer = "`--version`, and twice those two"
    return [
        ratio(
            f"`log add`, the whole command, {size:,} sessions{unit}",
            peer,
            1,
            [run[place] for run in ours],
            [run[place] for run in theirs],
        )
        for place, unit in enumerate(("", ", CPU seconds"))
    ]


def stats(many: Pair, runs: int) -> Row:
    """Compare the figures of the whole log with reading its files."""
    ws = Workspace(many.ours)
    return compare(
        f"`log stats` over {MANY:,} sessions",
        lambda: book.figures(ws),
        "reading the files",
        lambda: read_files(many.ours),
        budget=3,
        runs=runs,
    )


def measure(runs: int = 15) -> list[Row]:
    """Measure everything that has a budget."""
    os.environ[clock.NOW_VARIABLE] = NOW
    with scratch_folder() as folder, installed() as program:
        os.environ["FASTCOMPANION_HOME"] = str(folder / "home")
        env = clean_environment(folder / "home", FASTCOMPANION_NOW=NOW)
        few, many = pair(folder, FEW), pair(folder, MANY)
        rows = [
            compare(
                f"`log add`, the act in process, {size:,} sessions",
                one.act,
                PEER,
                one.git,
                budget=2,
                runs=runs,
            )
            for size, one in ((FEW, few), (MANY, many))
        ]
        for size, one in ((FEW, few), (MANY, many)):
            rows += whole(program, env, one, size, runs)
        return [*rows, stats(many, max(5, runs // 3))]


if __name__ == "__main__":
    sys.exit(as_program(measure, __doc__, 15))
