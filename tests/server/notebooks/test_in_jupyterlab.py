"""The notebook door as a learner walks through it: JupyterLab on another machine, driven through Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastcompanion.base import events
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.notebooks import notebook
from fastcompanion.study import journal
from tests.conftest import Runner
from tests.notebook import browser
from tests.notebook.browser import Notebook
from tests.server.notebooks.far import answer

pytestmark = [
    pytest.mark.train,
    pytest.mark.slow,
    pytest.mark.skipif(bool(browser.missing()), reason=browser.missing()),
    # Playwright's and JupyterLab's own.
    pytest.mark.filterwarnings("default"),
]
ROOT = Path(__file__).resolve().parents[3]
LOOK = "look-at-the-data"
NAME = "lessons/foundations/01/samuel.scratch.ipynb"
_SAVED = "() => !window.jupyterapp.shell.currentWidget.context.model.dirty"


def place(book: Notebook, section: str, role: str) -> int:
    """Find a code cell of a section by the marks that JupyterLab keeps."""
    for index, cell in enumerate(book.cells()):
        ours = cell["metadata"].get("fastcompanion", {})
        found = (cell["cell_type"], ours.get("section"), ours.get("role"))
        if found == ("code", section, role):
            return index
    raise AssertionError(section)


def test_opened_changed_checked_and_brought_home(
    built_in_study: Path, run: Runner, tmp_path: Path, isolated: Path
) -> None:
    study, ws = built_in_study, Workspace(built_in_study)
    done = run("server", "notebook", "jupyter", "foundations/01", "--step", "reproduce",
               "--json", cwd=study)  # fmt: skip
    far, home = tmp_path / "far", tmp_path / "home there"
    far.mkdir()
    home.mkdir()
    there = far / "uploaded.ipynb"
    there.write_bytes((study / str(done.data["file"])).read_bytes())
    with browser.lab(far, home) as address, browser.page() as page:
        book = Notebook(page, address, there.name)
        assert "foundations/01, Arthur Samuel" in book.run(0)
        book.run(place(book, LOOK, "given"))
        work = place(book, LOOK, "work")
        book.write(work, answer(LOOK).replace("/ 16", "/ 8"))
        book.run(work)
        check = book.type_below(work, "%check")
        assert f"{LOOK}: wrong value" in book.run(check)
        book.write(work, answer(LOOK))
        book.run(work)
        shown = book.run(check)
        assert f"{LOOK}: passed" in shown
        assert "it comes home with this notebook" in shown
        assert "fastcompanion-record" not in shown, "nobody wants to see that"
        book.save()
        page.wait_for_function(_SAVED)
        page.screenshot(path=str(tmp_path / "there.png"))
    saved = notebook.read(there)
    first = saved["cells"][0]["outputs"]
    assert any("sections passed" in str(one.get("data", "")) for one in first), "renewed, and saved"
    back = run("server", "notebook", "home", str(there), "--json", cwd=study)
    assert back.code == 0, back.err
    assert (back.data["state"], back.data["sections"]) == ("taken", {LOOK: "passed"})
    assert back.data["minutes"] >= 1
    assert answer(LOOK) in [cell["source"] for cell in notebook.read(study / NAME)["cells"]]
    (entry,) = journal.read(ws).entries
    assert (entry.lesson, entry.step) == ("foundations/01", "reproduce")
    passed = [e.data for e in events.read(ws) if e.kind == "lesson.checked"]
    assert [(one["sections"], one["door"]) for one in passed] == [({LOOK: "passed"}, "jupyter")]
    checked = run("check", "foundations/01", "--section", LOOK, "--json", cwd=study)
    assert checked.code == 0, checked.err
    assert checked.data["verdict"] == "passed", "what was checked there is right here too"
