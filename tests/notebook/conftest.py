"""What the tests of the notebook's magics share: a lesson's cells, and a kernel with no study."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.course.library import catalogue
from fastcompanion.course.notebooks import notebook
from tests.notebook.kernels import BareKernel


@dataclass(frozen=True)
class Original:
    """A built-in lesson's reference solution: sources of its code cells by section, in order."""

    cells: dict[str, list[str]]

    def run(self, kernel: BareKernel, section: str, find: str = "", replace: str = "") -> None:
        """Run a section's cells, with a mistake planted in them."""
        for source in self.cells[section]:
            assert not kernel.run(source.replace(find, replace) if find else source).error


@pytest.fixture
def original() -> Original:
    course = catalogue.course("foundations")
    book: dict[str, Any] = notebook.read(course.root / str(course.lessons[0].notebooks[0].path))
    cut = {section.id: section.cells for section in notebook.sections(book)}
    return Original({name: [book["cells"][i]["source"] for i in own] for name, own in cut.items()})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the notebook lies: no study is here or above."""
    made = tmp_path / "some where"
    made.mkdir()
    return made


@pytest.fixture
def kernel(folder: Path, tmp_path: Path) -> Iterator[BareKernel]:
    home = tmp_path / "kernel home"
    home.mkdir()
    with BareKernel(folder, home) as started:
        yield started
