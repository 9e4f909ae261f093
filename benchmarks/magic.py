"""What `%check` costs in a notebook, beyond the section's own work.

    python -m benchmarks.magic [--runs N]

A section's cells are run in a bare kernel, then `%check`; the peer runs the same cells, then computes
for a quarter of a second. So a ratio below 1 means less than a quarter second beyond the section. The kernel
has a study with 2,000 events around it, which every check writes to. Built-in sections are checked by
what their author wrote, among them the two whose checks compute most; the last row is a section with
recorded checks, whose functions are called again.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.common import Row, as_program, compare, scratch_folder
from fastcompanion.base import events
from fastcompanion.base.kernel import OWN, Kernel, Limits
from fastcompanion.base.workspace import Workspace
from fastcompanion.cli import main
from fastcompanion.course.library import catalogue
from fastcompanion.course.model import Lesson
from fastcompanion.course.notebooks import notebook
from tests.course.recording import books

BUDGET_SECONDS = 0.25
EVENTS = 2_000
# Computing and not sleeping: on a busy machine both sides then wait alike.
WORK = (
    f"import time as _time\n_end = _time.process_time() + {BUDGET_SECONDS}\n"
    "while _time.process_time() < _end:\n    pass"
)
SECTIONS = {
    "01": ("pixel-similarity", "which-way-is-down"),
    "02": ("xor-no-line-does-it", "learning-xor"),
}


@contextmanager
def study() -> Iterator[Workspace]:
    """Make a study with a long history and the built-in course."""
    with scratch_folder() as folder:
        kept = dict(os.environ)
        settings = folder / ".gitconfig"
        settings.write_text("[user]\n\tname = Ada Learner\n\temail = ada@example.org\n")
        os.environ |= {
            "FASTCOMPANION_HOME": str(folder / "home"),
            "GIT_CONFIG_GLOBAL": str(settings),
        }
        try:
            root = folder / "study"
            assert main(["init", str(root), "--yes", "--course", "foundations", "--quiet"]) == 0
            made = Workspace(root)
            events.record_many(made, "card.answered", [("foundations/01", {"card": "c"})] * EVENTS)
            yield made
        finally:
            os.environ.clear()
            os.environ |= kept


def solved(lesson: Lesson, root: Path) -> dict[str, list[str]]:
    """Give the sources of the reference solution, section by section."""
    book = notebook.read(root / str(lesson.notebooks[0].path))
    cut = {section.id: section.cells for section in notebook.sections(book)}
    return {name: [str(book["cells"][i]["source"]) for i in own] for name, own in cut.items()}


def run(kernel: Kernel, sources: Sequence[str]) -> str:
    """Run cells, each without an error; give what the last one printed."""
    printed = ""
    for source in sources:
        result = kernel.run(source)
        assert result.status == "ok", (result.error_name, result.error_value, source)
        printed = "".join(str(one.get("text", "")) for one in result.outputs)
    return printed


def measured(
    kernel: Kernel, cells: Mapping[str, Sequence[str]], section: str, what: str, runs: int
) -> Row:
    """Compare a section and its check with the section and a quarter of a second of computing."""

    def checked() -> None:
        said = run(kernel, [*cells[section], f"%check {section}"])
        assert f"{section}: passed" in said, said

    def computed() -> None:
        run(kernel, [*cells[section], WORK])

    peer = "the section and a quarter second of computing"
    return compare(f"{what} {section}", checked, peer, computed, budget=1.0, runs=runs, warm_up=1)


def built_in(made: Workspace, runs: int) -> list[Row]:
    """Measure sections of the built-in course."""
    course = catalogue.course("foundations")
    rows = []
    for lesson in course.lessons:
        assert main(["lesson", "scratch", lesson.id, "--quiet", "--study", str(made.root)]) == 0
        cells = solved(lesson, course.root)
        folder = made.lesson_folder(lesson.id)
        with Kernel(OWN, folder, Limits()) as kernel:
            run(kernel, ["%load_ext fastcompanion"])
            for section, sources in cells.items():
                run(kernel, sources)
                if section in SECTIONS[lesson.number]:
                    what = f"the section and `%check`, {lesson.id}"
                    rows.append(measured(kernel, cells, section, what, runs))
    return rows


def recorded(made: Workspace, runs: int) -> Row:
    """Measure a section whose checks were recorded, functions and all."""
    source = made.root.parent / "lines"
    source.mkdir()
    book: dict[str, Any] = books.prose()
    (source / "lines.ipynb").write_text(json.dumps(book))
    for words in (["course", "add", str(source)], ["lesson", "record", "lines/01"],
                  ["lesson", "scratch", "lines/01"]):  # fmt: skip
        assert main([*words, "--quiet", "--study", str(made.root)]) == 0
    cut = {section.id: section.cells for section in notebook.sections(book)}
    cells = {name: [book["cells"][i]["source"] for i in own] for name, own in cut.items()}
    with Kernel(OWN, made.lesson_folder("lines/01"), Limits()) as kernel:
        run(kernel, ["%load_ext fastcompanion", *(one for own in cells.values() for one in own)])
        return measured(kernel, cells, "training", "the section and `%check`, recorded:", runs)


def measure(runs: int = 11) -> list[Row]:
    """Measure authored and recorded checks inside a notebook."""
    with study() as made:
        return [*built_in(made, runs), recorded(made, runs)]


if __name__ == "__main__":
    sys.exit(as_program(measure, __doc__, 11))
