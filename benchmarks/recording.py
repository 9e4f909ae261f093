"""What recording costs, and checking by what was recorded.

    python -m benchmarks.recording [--runs N] [--part record check course]

A notebook of our own is recorded (numpy only: tables, functions and two training loops in
`recording.ipy` beside this file), with so many planted mistakes that at least a hundred count.
The peer is one plain execution with nbclient, from process start to end; both are compared by the
clock and by CPU seconds. Then a learner's notebook
is checked by it: the same work, and an experiment of the learner's own that makes it take more than
half a minute. The preview is the verdict after a save under `--watch`.

With FASTCOMPANION_TEST_COURSE (the notebooks of course22), FASTCOMPANION_TEST_DATA (its tables) and
FASTCOMPANION_TEST_KERNEL (an environment that runs them) the same is measured on its lesson 05.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.common import Row, call, compare, compare_both, scratch_folder, seconds, table
from fastcompanion.base.kernel import Interpreter, Limits
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import check, records, warm
from fastcompanion.course.checks.watch import Watch
from fastcompanion.course.environments import find_interpreter
from fastcompanion.course.library import courses, lessons
from fastcompanion.course.model import Course, Lesson
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.scaffolds.scaffold import scaffold

BOOK = Path(__file__).with_name("recording.ipy")
LESSON, NUMBER = "digits", "05"
WANTED = 100
BUDGETS = (10.0, 20.0)  # by the clock; by CPU seconds, which two workers share
LONG_ENOUGH = 30.0
LIMITS = Limits(cell_seconds=1200, total_seconds=3600)
PARTS = ("record", "check", "course")
PLAIN = "plain nbclient"
PLAIN_PROGRAM = """
import sys
from nbclient import NotebookClient
from nbformat import read
path, folder = sys.argv[1:]
NotebookClient(read(path, as_version=4), timeout=None, kernel_name="peer",
               resources={"metadata": {"path": folder}}).execute()
"""
_MARK = re.compile(r"^# %%(.*)$", re.MULTILINE)
Book = dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """A study with one course, the lesson that is measured, and what runs it."""

    study: Workspace
    course: Course
    lesson: Lesson
    kernel: str | None
    interpreter: Interpreter

    @property
    def original(self) -> Path:
        """The lesson's original."""
        return lessons.original(self.course, self.lesson.notebooks[0])

    @property
    def scratch(self) -> Path:
        """The learner's notebook."""
        return self.study.notebook(self.lesson.id, self.lesson.notebooks[0].id, "scratch")

    def plain(self, path: Path) -> None:
        """Execute a notebook as everybody does, in a process of its own."""
        folder = self.scratch.parent
        call([sys.executable, "-c", PLAIN_PROGRAM, str(path), str(folder)], env=self.env)

    def program(self, *words: str) -> str:
        """Run our own program in the study."""
        argv = [sys.executable, "-m", "fastcompanion", *words, "--study", str(self.study.root)]
        return call(argv, env=self.env)

    @property
    def env(self) -> dict[str, str]:
        """An environment with a kernel that is the lesson's interpreter.

        Threads of BLAS that wait for each other would be most of the time on a busy machine.
        """
        place = self.study.root / "jupyter" / "kernels" / "peer"
        place.mkdir(parents=True, exist_ok=True)
        command = [*self.interpreter.argv, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        told = {"argv": command, "display_name": "peer", "env": dict(self.interpreter.env)}
        (place / "kernel.json").write_text(json.dumps(told))
        return {**os.environ, **warm.ONE_THREAD, "JUPYTER_PATH": str(place.parents[1])}


def own_book() -> Book:
    """Read our own notebook: blocks of Markdown and of code."""
    parts = _MARK.split(BOOK.read_text(encoding="utf-8"))
    cells: list[Book] = []
    for kind, text in zip(parts[1::2], parts[2::2], strict=True):
        is_text = "markdown" in kind
        lines = text.strip("\n").split("\n")
        source = (
            "\n".join(line.removeprefix("# ") for line in lines) if is_text else "\n".join(lines)
        )
        cell: Book = {"cell_type": "markdown" if is_text else "code", "metadata": {}}
        cell |= {"source": source, "id": f"cell-{len(cells)}"}
        cells.append(cell if is_text else {**cell, "outputs": [], "execution_count": None})
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@contextmanager
def bench(source: Path, number: str, kernel: str | None, data: Path | None) -> Iterator[Bench]:
    """Make a study with a course from a folder."""
    with scratch_folder() as folder:
        study = Workspace(folder / "study")
        study.root.mkdir()
        study.settings.write_text("version = 1\n")
        call(["git", "init", "--quiet", str(study.root)])
        courses.add(study, str(source), as_id=LESSON)
        course, lesson = lessons.find(study, f"{LESSON}/{number}")
        place = study.lesson_folder(lesson.id)
        place.mkdir(parents=True, exist_ok=True)
        if data is not None:
            shutil.copytree(data, place / data.name)
        yield Bench(study, course, lesson, kernel, find_interpreter(kernel, course, study))


@contextmanager
def own_bench() -> Iterator[Bench]:
    """Make a study with our own notebook as a course."""
    with scratch_folder() as folder:
        source = folder / LESSON
        source.mkdir()
        notebook.write(source / f"{NUMBER}-digits.ipynb", own_book())
        with bench(source, NUMBER, None, None) as made:
            yield made


def recording(made: Bench, most: int, what: str, runs: int) -> list[Row]:
    """Compare recording, whole gate and all, with one plain execution of the same notebook."""

    def record() -> None:
        shutil.rmtree(made.study.private / "recording", ignore_errors=True)
        made.study.checks_file(made.lesson.id, made.lesson.notebooks[0].id).unlink(missing_ok=True)
        kernel = ["--kernel", made.kernel] if made.kernel else []
        words = ["lesson", "record", made.lesson.id, "--most", str(most), "--budget", "3600"]
        told = json.loads(made.program(*words, *kernel, "--json"))["data"]
        planted = sum(one["planted"] for one in told["sections"])
        hard = sum(one["status"] == "hard" for one in told["sections"])
        crashed = sum(one["crashed"] for one in told["sections"])
        said = f"{hard} of {len(told['sections'])} hard, {planted} silent, {crashed} crash"
        print(f"{what}: {said}, {told['times']} times", file=sys.stderr, flush=True)
        assert told["finished"]
        assert planted >= WANTED, told

    def plain() -> None:
        made.plain(made.original)

    return compare_both(
        f"recording {what}, {WANTED} and more planted mistakes",
        record, PLAIN, plain, budgets=BUDGETS, runs=runs,
    )  # fmt: skip


def is_recorded(made: Bench) -> bool:
    """Tell whether checks that ship fit the notebook and the versions that run it."""
    versions, ref = records.installed(made.interpreter), made.lesson.notebooks[0]
    book = notebook.read(made.original)
    found = records.find(made.study, made.course, made.lesson, ref, book, versions)
    return found.record is not None


def solved(made: Bench, more: Sequence[str] = ()) -> Book:
    """Fill the scaffold with the original's own cells; `more` goes behind those of the first section."""
    original = notebook.read(made.original)
    ref = made.lesson.notebooks[0]
    parts = scaffold(original, made.lesson, ref, name="")
    work = {s.id: [original["cells"][i]["source"] for i in s.work_cells] for s in parts.sections}
    first = next(iter(work))
    cells: list[Book] = []
    for cell in parts.notebook["cells"]:
        section = cell["metadata"].get("fastcompanion", {}).get("section")
        if cell["metadata"].get("fastcompanion", {}).get("role") != "work":
            cells.append(cell)
            continue
        sources = work.pop(section, [])
        sources += list(more) if section == first else []
        cells += [{**cell, "id": f"{cell['id']}-{n}", "source": s} for n, s in enumerate(sources)]
    return {**parts.notebook, "cells": cells}


def experiment(turns: int) -> str:
    """Write a cell of the learner's own that takes its time and leaves nothing behind."""
    return (
        "def _experiment(turns):\n"
        "    rng = np.random.default_rng(0)\n"
        "    kept = rng.standard_normal((200, 50))\n"
        "    for _ in range(turns):\n"
        "        kept = np.tanh(kept @ (kept.T @ kept) / 400)\n\n"
        f"_experiment({turns})"
    )


def long_enough(made: Bench) -> None:
    """Write the learner's notebook so that it takes more than half a minute."""
    turns = 40_000
    while True:
        notebook.write(made.scratch, solved(made, [experiment(turns)]))
        took = seconds(lambda: made.plain(made.scratch))
        print(f"{turns} turns: {took:.1f} s", file=sys.stderr, flush=True)
        if took >= LONG_ENOUGH:
            return
        turns = int(turns * max(1.3, 1.25 * LONG_ENOUGH / took))


def full(made: Bench, bad: Sequence[str] = ("wrong value", "not reached")) -> None:
    """Check the learner's notebook in a fresh kernel."""
    report = check.check(
        made.study, made.course, made.lesson, made.interpreter, limits=LIMITS, record=False
    )
    words = [one.verdict for one in report.sections]
    assert "passed" in words, report
    assert not set(bad) & set(words), report


def edit(made: Bench, number: int) -> None:
    """Save the notebook with another assertion, which fails, at the end of its last cell."""
    book = notebook.read(made.scratch)
    last = [cell for cell in book["cells"] if cell["cell_type"] == "code"][-1]
    before = re.sub(r"\nassert not 'edit \d+'$", "", last["source"])
    # Failing on purpose: else each preview would be followed by a check in a fresh kernel.
    last["source"] = f"{before}\nassert not 'edit {number}'"
    notebook.write(made.scratch, book)


def checking(made: Bench, what: str, runs: int) -> list[Row]:
    """Compare check with nbclient, and the preview with check."""
    os.environ.update(warm.ONE_THREAD)

    def plain() -> None:
        made.plain(made.scratch)

    words = f"check by recorded checks, {what}"
    rows = [compare(words, lambda: full(made), PLAIN, plain, budget=1.15, runs=runs, warm_up=0)]
    if warm.available():
        rows.append(preview(made, what, runs))
    return rows


def preview(made: Bench, what: str, runs: int) -> Row:
    """Compare the verdict after a save of a late section with a full check."""
    edit(made, 0)
    watching = Watch(made.study, made.course, made.lesson, made.interpreter, limits=LIMITS)
    reports = watching.reports()
    next(reports)
    numbers = count(1)

    def save() -> None:
        edit(made, next(numbers))
        report = next(reports)
        assert not report.fresh
        assert report.verdict == "not reached", report

    try:
        return compare(
            f"the preview after a save of the last section, {what}",
            save, "check", lambda: full(made, ()), budget=0.1, runs=runs, warm_up=0,
        )  # fmt: skip
    finally:
        reports.close()  # type: ignore[attr-defined]


def on_own(most: int, runs: int, parts: Sequence[str]) -> list[Row]:
    """Measure our own notebook."""
    rows = []
    with own_bench() as made:
        if not warm.available():
            return []
        if "record" in parts:
            rows += recording(made, most, "our own notebook", runs)
        else:
            made.program("lesson", "record", made.lesson.id, "--most", "5", "--quiet")
        if "check" in parts:
            long_enough(made)
            rows += checking(made, "our own notebook", runs)
    return rows


def on_course(most: int, runs: int, parts: Sequence[str]) -> list[Row]:
    """Measure lesson 05 of a fetched course, where there is one."""
    told = [
        os.environ.get(f"FASTCOMPANION_TEST_{name}", "") for name in ("COURSE", "DATA", "KERNEL")
    ]
    if not told[0] or not told[2] or "course" not in parts:
        return []
    data = Path(told[1]) if told[1] else None
    rows = []
    with scratch_folder() as folder:
        [found] = Path(told[0]).glob("05-*.ipynb")
        source = folder / LESSON
        source.mkdir()
        shutil.copy(found, source)
        with bench(source, NUMBER, told[2], data) as made:
            if "record" in parts:
                rows += recording(made, most, "course22 05", runs)
            elif not is_recorded(made):
                words = ("lesson", "record", made.lesson.id, "--most", "5", "--quiet")
                made.program(*words, "--kernel", told[2])
            if "check" in parts:
                notebook.write(made.scratch, solved(made))
                rows += checking(made, "course22 05", runs)
    return rows


def measure(runs: int = 3, most: int = 14, parts: Sequence[str] = PARTS) -> list[Row]:
    """Compare recording and checking with plain runs."""
    return [*on_own(most, runs, parts), *on_course(most, runs, parts)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--most", type=int, default=14)
    parser.add_argument("--part", nargs="*", choices=PARTS, default=PARTS)
    given = parser.parse_args()
    print(table(measure(given.runs, given.most, given.part)))
