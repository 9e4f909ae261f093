"""What checking costs, on a notebook that takes at least 30 seconds.

    python -m benchmarks.check [--runs N]

The notebook is the built-in lesson's solution with so many more epochs that it takes long enough.
A full check is compared with plain nbclient on the same notebook, and the verdict after an edit
under `--watch` with a full check. Two kinds of edit come after the slow section: in the last
section, and in the one in the middle with all that follows it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.common import Row, as_program, call, compare, scratch_folder, seconds
from fastcompanion.base.kernel import OWN, Limits
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import check, warm
from fastcompanion.course.checks.watch import Watch
from fastcompanion.course.library import catalogue
from fastcompanion.course.model import Course, Lesson
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.scaffolds.scaffold import scaffold

LONG_ENOUGH = 30.0
LIMITS = Limits(cell_seconds=1200, total_seconds=3600)
SLOW, MIDDLE, LAST = "a-mechanism-to-alter-the-weights", "small-batches", "the-proof"
Book = dict[str, Any]


def solved(course: Course, lesson: Lesson, epochs: int) -> Book:
    """Fill the scaffold with the reference solution; `epochs` makes one section slow."""
    original = notebook.read(course.root / str(lesson.notebooks[0].path))
    made = scaffold(original, lesson, lesson.notebooks[0])
    work = {s.id: [original["cells"][i]["source"] for i in s.work_cells] for s in made.sections}
    for cell in made.notebook["cells"]:
        ours = cell["metadata"]["fastcompanion"]
        if ours["role"] == "work":
            cell["source"] = "\n\n".join(work[ours["section"]])
        cell["source"] = cell["source"].replace("EPOCHS = 40", f"EPOCHS = {epochs}")
    return made.notebook


def with_nbclient(path: Path) -> None:
    """Execute a notebook as everybody does."""
    from nbclient import NotebookClient
    from nbformat import read

    book = read(path, as_version=4)  # type: ignore[no-untyped-call]
    where = {"metadata": {"path": str(path.parent)}}
    NotebookClient(book, timeout=None, kernel_name="python3", resources=where).execute()


@contextmanager
def bench() -> Iterator[tuple[Workspace, Course, Lesson, Path]]:
    """Make a study with a solved notebook that takes long enough."""
    course = catalogue.course("foundations")
    lesson = course.lessons[0]
    with scratch_folder() as folder:
        (folder / "fastcompanion.toml").write_text("version = 1\n")
        call(["git", "init", "--quiet", str(folder)])
        study = Workspace(folder)
        path = study.notebook(lesson.id, lesson.notebooks[0].id, "scratch")
        for name in lesson.files:
            (path.parent / name).parent.mkdir(parents=True, exist_ok=True)
            (path.parent / name).write_bytes((course.root / name).read_bytes())
        epochs = 3000
        while True:
            notebook.write(path, solved(course, lesson, epochs))
            took = seconds(lambda: with_nbclient(path))
            print(f"{epochs} epochs: {took:.1f} s", file=sys.stderr, flush=True)
            if took >= LONG_ENOUGH:
                break
            epochs = int(epochs * max(1.3, 1.25 * LONG_ENOUGH / took))
        yield study, course, lesson, path


def edit(path: Path, section: str, number: int) -> None:
    """Save the notebook with another comment in one section, the last one's result wrong."""
    book = notebook.read(path)
    for cell in book["cells"]:
        ours = cell["metadata"]["fastcompanion"]
        if ours["role"] == "work" and ours.get("section") == section:
            cell["source"] += f"\n# edit {number}"
        if (
            ours["role"] == "work"
            and ours.get("section") == LAST
            and "final = " not in cell["source"]
        ):
            # Wrong on purpose: else each edit would be followed by a check in a fresh kernel.
            cell["source"] += "\nfinal = final_accuracy = 0.5"
    notebook.write(path, book)


def measure(runs: int = 3) -> list[Row]:
    """Compare check with nbclient, and watch with check."""
    # Threads of BLAS that wait for each other would be most of the time on a busy machine.
    os.environ.update(warm.ONE_THREAD)
    rows = []
    with bench() as (study, course, lesson, path):

        def full() -> None:
            report = check.check(study, course, lesson, OWN, limits=LIMITS)
            assert len(report.sections) == len(lesson.sections)
            assert report.sections[0].verdict == "passed", report

        def plain() -> None:
            with_nbclient(path)

        rows.append(
            compare("check", full, "plain nbclient", plain, budget=1.10, runs=runs, warm_up=0)
        )
        if warm.available():
            rows += watched(study, course, lesson, path, full, runs)
    return rows


def watched(
    study: Workspace, course: Course, lesson: Lesson, path: Path, full: Any, runs: int
) -> list[Row]:
    """Measure the time from a save to the verdict."""
    rows = []
    edit(path, LAST, 0)
    reports = Watch(study, course, lesson, OWN, limits=LIMITS).reports()
    next(reports)
    numbers = count(1)
    for section, words in ((LAST, "in the last section"), (MIDDLE, "in a middle section")):

        def save(section: str = section) -> None:
            edit(path, section, next(numbers))
            report = next(reports)
            assert not report.fresh
            assert report.first == LAST, report

        what = f"--watch: verdict after an edit {words}"
        rows.append(compare(what, save, "full check", full, budget=0.1, runs=runs, warm_up=0))
    reports.close()  # type: ignore[attr-defined]
    return rows


if __name__ == "__main__":
    sys.exit(as_program(measure, __doc__, 3))
