"""A notebook goes to a server that knows nothing of the study, is worked on there, and comes home."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fastcompanion.base import events
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import progress
from fastcompanion.course.library import courses
from fastcompanion.course.notebooks import notebook
from fastcompanion.study import journal
from tests.conftest import Runner
from tests.notebook.kernels import BareKernel
from tests.server.notebooks.far import Far, answer

ROOT = Path(__file__).resolve().parents[3]
LOOK, BACK = "look-at-the-data", "hold-some-back"
NAME = "lessons/foundations/01/samuel.scratch.ipynb"


@pytest.fixture
def there(tmp_path: Path) -> Iterator[BareKernel]:
    """A kernel as Colab has it: its working folder is empty, its HOME is thrown away."""
    home, content = tmp_path / "there", tmp_path / "content"
    home.mkdir()
    content.mkdir()
    kernel = BareKernel(content, home)
    del kernel.env["FASTCOMPANION_HOME"]
    with kernel as started:
        yield started


def set_out(run: Runner, study: Path, *words: str) -> Path:
    done = run("server", "notebook", "colab", "foundations/01", "--step", "reproduce",
               "--from", str(ROOT), "--json", *words, cwd=study)  # fmt: skip
    assert done.code == 0, done.err
    return study / str(done.data["file"])


def at(there: BareKernel, moment: str) -> None:
    """Let the clock over there stand at a time."""
    there.run(f"import os; os.environ['FASTCOMPANION_NOW'] = '2026-11-21T{moment}+00:00'")


def test_the_whole_way(
    there: BareKernel, built_in_study: Path, run: Runner, tmp_path: Path
) -> None:
    study, ws = built_in_study, Workspace(built_in_study)
    far = Far(there, set_out(run, study))
    at(there, "18:00:00")
    said = far.run(0)
    assert "foundations/01, Arthur Samuel" in said
    assert "%checkpoint, %check, %hint" in said
    assert (there.cwd / "data" / "digits.csv").is_file()
    at(there, "18:05:00")
    for place in far.of(LOOK, "given"):
        far.run(place)
    (work, *_) = far.of(LOOK)
    far.cells[work]["source"] = answer(LOOK).replace("/ 16", "/ 8")
    far.run(work)
    check = far.add(work + 1, "%check")
    at(there, "18:15:00")
    assert f"{LOOK}: wrong value" in far.run(check)
    hint = far.add(check + 1, "%hint")
    assert "it comes home" not in far.run(hint)
    far.cells[work]["source"] = answer(LOOK)
    far.run(work)
    at(there, "18:24:00")
    said = far.run(check)
    assert f"{LOOK}: passed" in said
    assert "sections passed, 24 min. Save and download it" in far.text(0)
    file = far.save(tmp_path / "Copy of samuel (1).ipynb")

    done = run("server", "notebook", "home", f"'{file}'", "--json", cwd=study)
    assert done.code == 0, done.err
    assert done.data["checked"] == "colab"
    assert done.data["sections"] == {LOOK: "passed"}
    assert done.data["hints"] == 1
    assert done.data["minutes"] == 24
    assert done.data["state"] == "taken"
    book = notebook.read(study / NAME)
    sources = [cell["source"] for cell in book["cells"]]
    assert answer(LOOK) in sources
    assert "%check" in sources
    assert not any("fastcompanion-travel" in source for source in sources)
    assert "fastcompanion-record" not in (study / NAME).read_text()
    assert book["metadata"]["fastcompanion"]["lesson"] == "foundations/01"
    (entry,) = journal.read(ws).entries
    assert (entry.minutes, entry.lesson, entry.step) == (24, "foundations/01", "reproduce")
    course = courses.load(ws, "foundations")
    found = progress.progress(course, course.lessons[0], events.read(ws))
    assert found.sections_passed == 1
    assert "in the notebook only" in next(s.about for s in found.steps if s.step == "reproduce")

    before = [events.read(ws), events.read(ws, private=True), journal.read(ws)]
    done = run("server", "notebook", "home", str(file), "--json", cwd=study)
    assert done.code == 0, done.err
    assert (done.data["state"], done.data["sections"], done.data["minutes"]) == ("same", {}, 0)
    assert [events.read(ws), events.read(ws, private=True), journal.read(ws)] == before
