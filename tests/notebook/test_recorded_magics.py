"""The magics on a notebook that nobody wrote checks for: recorded first, then worked on in a kernel."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fastcompanion.base import events
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import warm
from tests.conftest import Runner
from tests.course.recording import books
from tests.notebook.kernels import BareKernel, Said

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not warm.available(), reason="recording needs a system that can fork"),
]
OWN_ERROR = (
    "def vorher(params, x):\n    return params[1] + x * params[0]\n"
    + books.ERROR.replace("predict", "vorher")
    + "\n"
    + books.FIRST
)
Act = Callable[[str, str], Said]


@pytest.fixture
def folder(tmp_path: Path, study: Path, run: Runner) -> Path:
    """The folder of a foreign lesson in a study: recorded, and scaffolded."""
    (tmp_path / "lines").mkdir()
    (tmp_path / "lines" / "lines.ipynb").write_text(json.dumps(books.prose()))
    assert run("course", "add", tmp_path / "lines").code == 0
    assert run("lesson", "record", "--yes").code == 0
    assert run("lesson", "scratch").code == 0
    return study / "lessons" / "lines" / "01"


def test_recorded_checks_work_in_the_notebook_and_the_rest_is_self_assessed(
    folder: Path, tmp_path: Path, run: Runner, study: Path
) -> None:
    cells = json.loads((folder / "lines.scratch.ipynb").read_text())["cells"]
    work: dict[str, str] = {}
    with BareKernel(folder, tmp_path) as kernel:
        kernel.run("%load_ext fastcompanion")
        for cell in cells:
            ours = cell["metadata"]["fastcompanion"]
            if ours["role"] == "given" and cell["cell_type"] == "code":
                kernel.run("".join(cell["source"]), cell["id"])
            if ours["role"] == "work":
                work[ours["section"]] = cell["id"]
        kernel.run("np.random.seed(3)\n" + books.POINTS, work["making-points"])
        said = kernel.run("%check", work["making-points"])
        assert "making-points: to-assess" in said.out
        said = kernel.run('%check making-points --note "The same picture."')
        assert "making-points: self-assessed" in said.out

        assert "[not there yet]" in kernel.run("%checkpoint", work["the-error"]).out
        turned = books.PREDICT.replace("+ params[1]", "- params[1]")
        kernel.run(f"{turned}\n{books.ERROR}\n{books.FIRST}", work["the-error"])
        said = kernel.run("%check", work["the-error"])
        assert "the-error: wrong value" in said.out
        assert "`predict` answers something else" in said.flat
        kernel.run(OWN_ERROR, work["the-error"])
        said = kernel.run("%check", work["the-error"])
        assert "the-error: passed" in said.out
        assert "predict (your vorher)" in said.out
        assert "planted mistakes" in said.flat

        kernel.run("first = 3")
        said = kernel.run("%check the-error")
        assert "the-error: wrong value" in said.out, "a cell below has changed it since"
    ws = Workspace(study)
    public = [e for e in events.read(ws) if e.kind in ("lesson.checked", "section.assessed")]
    assert [e.data.get("sections", e.data.get("note")) for e in public] == [
        "The same picture.",
        {"making-points": "self-assessed"},
        {"the-error": "passed"},
    ]


def test_without_a_study_there_is_nothing_known_of_a_foreign_notebook(
    folder: Path, tmp_path: Path
) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "mine.ipynb").write_bytes((folder / "lines.scratch.ipynb").read_bytes())
    with BareKernel(alone, tmp_path) as kernel:
        said = kernel.run("%load_ext fastcompanion")
        assert "which only its study knows" in said.flat
        assert said.error == ""
