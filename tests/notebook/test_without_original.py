"""Colab and Kaggle: no file, no study, no original; only what ships with the program."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from fastcompanion.course.checks import results
from fastcompanion.course.library import catalogue
from fastcompanion.course.recorded import record
from tests.course.checks.test_recorded import recorded
from tests.notebook.kernels import BareKernel

ROOT = Path(__file__).resolve().parents[2]
LESSON = next(one for one in catalogue.course("fastai-p1").lessons if one.number == "03")
NOTEBOOK = LESSON.notebooks[0].id


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The program as it would be installed with one more recorded lesson in it."""
    tree = tmp_path / "program"
    for name in ("fastcompanion", "lessons", "templates"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    path = tree / "lessons" / "fastai-p1" / "checks" / f"03-{NOTEBOOK}.json"
    record.write(path, replace(recorded(), notebook=NOTEBOOK))
    return tree


def test_a_foreign_lesson_is_judged_by_shipped_records_alone(
    program: Path, folder: Path, tmp_path: Path
) -> None:
    with BareKernel(folder, tmp_path, PYTHONPATH=str(program)) as kernel:
        assert str(program) in kernel.run("import fastcompanion; fastcompanion.__file__").shown
        kernel.run("%load_ext fastcompanion")
        said = kernel.run(f"%checkpoint --lesson fastai-p1/03 --notebook {NOTEBOOK}")
        assert "fastai-p1/03 the-mean" in said.out
        assert "number mean: between 1 and 10 [not there yet]" in said.flat
        kernel.run("data = [1.25, 2.5, 7.0, 3.75]\nmean = sum(data[:-1]) / 3\nmean")
        said = kernel.run("%check")
        assert "the-mean: wrong value" in said.out
        assert "the original is not here" in said.flat
        assert "This is what comes out without the last item." in said.flat
        kernel.run("mean = sum(data) / 4\nmean")
        assert "the-mean: passed" in kernel.run("%check").out
        # Nothing tells the place of this cell but the section that is named next.
        kernel.run("def multiply(by, values): return [by * one for one in values]")
        said = kernel.run("%check scaling")
        assert "scaling: passed" in said.out
        assert "scale (your multiply)" in said.out
        kernel.run("spread = 3")
        assert "the-spread: to-assess" in kernel.run("%check the-spread").out
        assert "self-assessed" in kernel.run('%check the-spread --note "by hand"').out
        assert "there should be: function scale(a, b)" in kernel.run("%hint scaling").flat
        refused = kernel.run("%hint 2 scaling")
        assert "first hint only" in refused.err
        assert str(program) not in refused.err
    (file,) = (folder / results.FOLDER).glob("*.json")
    rows = json.loads(file.read_text())["results"]
    assert [one.get("verdict", "hint") for one in rows] == [
        "wrong value", "passed", "passed", "to-assess", "self-assessed", "hint",
    ]  # fmt: skip
