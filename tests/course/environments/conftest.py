"""An index with a package that a release broke, and a course with a notebook that uses it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.course.environments import index as local
from tests.course.environments.index import Index, wheel

# What the notebook was written with, and what came after it (its last change: 2023-02-17).
_FRAME_1 = """
import tinycore
class Frame:
    def __init__(self, rows): self.rows = rows
    def total(self): return float(sum(self.rows)) + tinycore.SHIFT
def read(): return Frame([1, 2, 3])
"""
_FRAME_2 = _FRAME_1.replace("def total", "def sum_up")
_ANCIENT = "def read(): raise RuntimeError('an ancient release was installed')\n"
_CELLS = (
    "import tinyframe\nfrom tinyplot import draw",
    "frame = tinyframe.read()",
    "# what the release changed\nresult = draw(frame.total())\nprint(result)",
    "if False:\n    import neverheard",
)
_PLAIN = ("from tinyplot import draw", "value = draw(6.5)", "print(value)")
_DATA = ("import tinyplot", "rows = open('table/rows.txt').read()", "print(rows)")


def small_wheels() -> list[local.Wheel]:
    """tinyframe 2.0 lost `total`; 1.5 had no wheel of its core for our Python until two weeks on."""
    day, later, new = "2023-01-10T00:00:00Z", "2023-03-01T00:00:00Z", "2023-09-01T00:00:00Z"
    core = "SHIFT = 0.5\n"
    return [
        wheel("tinyframe", "0.6", _ANCIENT, "2016-01-01T00:00:00Z"),
        wheel("tinyframe", "1.5", _FRAME_1, day, requires=("tinycore>=1,<2",)),
        wheel("tinyframe", "2.0", _FRAME_2, new, requires=("tinycore>=2",)),
        wheel("tinycore", "1.0", core, day, tag="cp36-none-any"),
        wheel("tinycore", "1.1", core, later),
        wheel("tinycore", "2.0", core, new),
        wheel("tinyplot", "1.0", "def draw(x): return x\n", day),
        wheel("tinyplot", "2.0", "def draw(x): return x\n", new),
        wheel("tinyold", "1.0", "VALUE = 1\n", day, tag="cp310-none-any"),
        wheel("tinyold", "2.0", "VALUE = 1\n", new),
    ]


@pytest.fixture(scope="session")
def _session_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Index, Path]]:
    with local.served([*small_wheels(), *local.kernel_wheels()]) as index:
        yield index, tmp_path_factory.mktemp("uv-cache")


@pytest.fixture
def index(_session_index: tuple[Index, Path], monkeypatch: pytest.MonkeyPatch) -> Index:
    """The index, set as the only one that uv and pip know."""
    found, cache = _session_index
    for name in [n for n in os.environ if n.startswith(("UV_", "PIP_"))]:
        monkeypatch.delenv(name)
    for name, value in local.settings(found, str(cache)).items():
        monkeypatch.setenv(name, value)
    found.gate.set()
    found.requests.clear()
    return found


@pytest.fixture
def course(
    study: Path, tmp_path: Path, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A course in git whose notebook was last changed on 2023-02-17, added to the study."""
    from fastcompanion.base.workspace import Workspace
    from fastcompanion.course.library import courses

    folder = tmp_path / "a course"
    folder.mkdir()
    (folder / "01-frames.ipynb").write_text(_notebook(_CELLS))
    (folder / "02-plain.ipynb").write_text(_notebook(_PLAIN))
    (folder / "03-data.ipynb").write_text(_notebook(_DATA))
    (folder / "notes.txt").touch()
    git(folder, "init", "-q")
    for moment, names in (
        ("2023-02-17T12:00:00Z", ("01-frames.ipynb", "02-plain.ipynb", "03-data.ipynb")),
        ("2024-10-08T12:00:00Z", ("notes.txt",)),
    ):
        monkeypatch.setenv("GIT_COMMITTER_DATE", moment)
        git(folder, "add", *names)
        git(folder, "commit", "-q", "-m", f"Add {names[0]}", f"--date={moment}")
    monkeypatch.delenv("GIT_COMMITTER_DATE")
    courses.add(Workspace.find(study), str(folder), as_id="frames")
    return folder


def _notebook(cells: tuple[str, ...]) -> str:
    body: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for number, source in enumerate(cells)
    ]
    body[2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "6.5\n"}]
    return json.dumps({"cells": body, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
