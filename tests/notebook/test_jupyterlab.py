"""The magics as a learner meets them: JupyterLab, driven through Chromium. Tier `train`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import events
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import results
from tests.conftest import Runner
from tests.notebook import browser
from tests.notebook.browser import Notebook
from tests.notebook.conftest import Original

pytestmark = [
    pytest.mark.train,
    pytest.mark.slow,
    pytest.mark.skipif(bool(browser.missing()), reason=browser.missing()),
    # Playwright's and JupyterLab's own.
    pytest.mark.filterwarnings("default"),
]
LOOK, BACK = "look-at-the-data", "hold-some-back"


@pytest.fixture
def root(built_in_study: Path, run: Runner) -> Path:
    """A folder with a study in it, and beside it a folder with an empty notebook."""
    assert run("lesson", "scratch", "foundations/01").code == 0
    alone = built_in_study.parent / "alone"
    alone.mkdir()
    cell: dict[str, Any] = {"cell_type": "code", "id": "first", "metadata": {}, "source": [], "outputs": [],
            "execution_count": None}  # fmt: skip
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = {"cells": [cell], "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}
    (alone / "mine.ipynb").write_text(json.dumps(book))
    return built_in_study.parent


def test_the_magics_in_jupyterlab_with_and_without_a_study(
    root: Path, isolated: Path, original: Original, run: Runner
) -> None:
    study = root / "my study"
    with browser.lab(root, isolated) as address, browser.page() as page:
        without_a_study(Notebook(page, address, "alone/mine.ipynb"), original)
        (file,) = (root / "alone" / results.FOLDER).glob("*.json")
        arrived = run("check", "--from", file, "--json", cwd=study)
        assert arrived.data["sections"] == {LOOK: "passed"}
        in_the_study(
            Notebook(page, address, "my study/lessons/foundations/01/samuel.scratch.ipynb")
        )
    public = [
        e.data["sections"] for e in events.read(Workspace(study)) if e.kind == "lesson.checked"
    ]
    private = [
        e.data["sections"]
        for e in events.read(Workspace(study), private=True)
        if e.kind == "lesson.checked"
    ]
    assert public == [{LOOK: "passed"}, {BACK: "passed"}]
    assert private == [{LOOK: "passed"}, {BACK: "wrong value"}, {BACK: "passed"}]
    saved = json.loads((study / "lessons/foundations/01/samuel.scratch.ipynb").read_text())
    assert any("".join(cell["source"]) == "%check" for cell in saved["cells"])


def without_a_study(book: Notebook, original: Original) -> None:
    """Work in an empty notebook: the lesson is named, its files come along."""
    place = book.type_below(0, "%load_ext fastcompanion")
    assert "mine.ipynb belongs to no lesson" in book.run(place)
    place = book.type_below(place, f"%checkpoint {LOOK} --lesson foundations/01 --files")
    shown = book.run(place)
    assert "put here: data/digits.csv" in shown
    assert "array pixels (1797, 64)" in shown
    given, *work = original.cells[LOOK]
    for source in (given, *(one.replace("/ 16", "/ 8") for one in work)):
        place = book.type_below(place, "#")
        book.write(place, source)
        book.run(place)
    check = book.type_below(place, "%check")
    shown = book.run(check)
    assert f"{LOOK}: wrong value" in shown
    assert "expected array pixels (1797, 64)" in shown
    book.write(place, "\n".join(work))
    book.run(place)
    shown = book.run(check)
    assert f"{LOOK}: passed" in shown
    assert "fastcompanion check --from fastcompanion-results/foundations-01-samuel.json" in shown
    book.save()


def in_the_study(book: Notebook) -> None:
    """Work in the scaffold: the section is that of the cell, also of one that is not saved yet."""
    assert "foundations/01, Arthur Samuel" in book.run(
        book.type_below(0, "%load_ext fastcompanion")
    )
    for section, answer in (
        (LOOK, "pixels = table[:, :64] / 16\nlabels = table[:, 64]"),
        (
            BACK,
            "train_x, valid_x = pixels[:-400], pixels[-400:]\ntrain_y, valid_y = labels[:400], 1",
        ),
    ):
        for index, cell in enumerate(book.cells()):
            ours = cell["metadata"].get("fastcompanion", {})
            if ours.get("section") == section and cell["cell_type"] == "code":
                if ours["role"] == "work":
                    book.write(index, answer)
                    last = index
                book.run(index)
    check = book.type_below(last, "%check")
    shown = book.run(check)
    assert f"{BACK}: wrong value" in shown
    assert "Noted in your study" in shown
    book.write(last, answer.replace("labels[:400], 1", "labels[:-400], labels[-400:]"))
    book.run(last)
    assert f"{BACK}: passed" in book.run(check)
    book.save()
    book.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
