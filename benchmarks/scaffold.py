"""Scaffolding every notebook of a course in one call, against `nbgrader generate_assignment`.

    FASTCOMPANION_TEST_COURSE=folder python -m benchmarks.scaffold [--runs N]

The folder holds a fetched course; its notebooks at the top are scaffolded (for the table: the 11
of fastai/course22). The hundred are copies of them. Both programs run as whole processes, each in
an environment of its own with compiled bytecode; nbgrader comes from FASTCOMPANION_BENCH_NBGRADER,
or is installed for the benchmark.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.common import (
    Installed,
    Missing,
    Row,
    as_program,
    call,
    clean_environment,
    compare,
    installed,
    scratch_folder,
)

COURSE, NBGRADER = "FASTCOMPANION_TEST_COURSE", "FASTCOMPANION_BENCH_NBGRADER"
PEER = "`nbgrader generate_assignment`"


def originals() -> list[Path]:
    """Find the notebooks of the course that was supplied."""
    folder = os.environ.get(COURSE, "")
    found = sorted(Path(folder).glob("*.ipynb")) if folder else []
    if not found:
        raise Missing(
            f"a fetched course with notebooks is needed: git clone https://github.com/fastai/course22, "
            f"then {COURSE}=course22 python -m benchmarks.scaffold"
        )
    return found


@contextmanager
def nbgrader() -> Iterator[Path]:
    """Give the nbgrader program, installed into an environment of its own when none is named."""
    if named := os.environ.get(NBGRADER):
        yield Path(named)
        return
    with scratch_folder() as folder:
        python = folder / "venv" / "bin" / "python"
        try:
            call([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")])
            install = ["pip", "install", "--quiet", "--compile-bytecode", "--python", str(python)]
            call([sys.executable, "-m", "uv", *install, "nbgrader>=0.9"])
        except (RuntimeError, OSError) as error:
            raise Missing(
                f"nbgrader can't be installed; name one with {NBGRADER}: {error}"
            ) from error
        yield python.with_name("nbgrader")


def copies(books: list[Path], count: int, folder: Path) -> None:
    """Fill a folder with so many notebooks, numbered, repeating those there are."""
    folder.mkdir(parents=True)
    for number in range(count):
        book = books[number % len(books)]
        shutil.copy(book, folder / f"{number + 1:03} {book.stem}.ipynb")


def row(
    books: list[Path], count: int, budget: float, program: Installed, peer: Path, runs: int
) -> Row:
    """Compare the two programs on so many notebooks."""
    with scratch_folder() as folder:
        env = clean_environment(
            folder / "home", GIT_AUTHOR_NAME="Ada", GIT_AUTHOR_EMAIL="ada@example.org"
        )
        copies(books, count, folder / "course")
        copies(books, count, folder / "grading" / "source" / "ps1")
        study = folder / "study"
        call(program.command("init", str(study), "--yes", "--course", "none"), env=env)
        call(
            program.command("course", "add", str(folder / "course"), "--as", "bench", "--yes"),
            cwd=study,
            env=env,
        )

        def scaffold() -> None:
            shutil.rmtree(study / "lessons", ignore_errors=True)
            call(
                program.command("lesson", "scratch", "bench", "--all", "--quiet"),
                cwd=study,
                env=env,
            )

        def assign() -> None:
            shutil.rmtree(folder / "grading" / "release", ignore_errors=True)
            call(
                [str(peer), "generate_assignment", "ps1", "--no-db", "--force"],
                cwd=folder / "grading",
                env=env,
            )

        scaffold()
        made = len(list(study.rglob("*.scratch.ipynb")))
        if made < count * 0.9:
            raise RuntimeError(f"only {made} of {count} notebooks were scaffolded")
        assign()
        released = len(list((folder / "grading" / "release").rglob("*.ipynb")))
        if released < count:
            raise RuntimeError(f"nbgrader released only {released} of {count}")
        return compare(
            f"{count} notebooks", scaffold, PEER, assign, budget=budget, runs=runs, warm_up=0
        )


def measure(runs: int = 5) -> list[Row]:
    """Measure the course once, and a hundred notebooks."""
    books = originals()
    with nbgrader() as peer, installed() as program:
        return [
            row(books, len(books), 0.15, program, peer, runs),
            row(books, 100, 0.5, program, peer, max(3, runs // 2)),
        ]


if __name__ == "__main__":
    sys.exit(as_program(measure, __doc__, 5))
