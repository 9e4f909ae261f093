"""The same seed, versions and one thread give the same predictions bit for bit, in two fresh processes on the CPU."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fastcompanion.project import growing
from fastcompanion.project.place import Project
from tests.data import folders
from tests.project import made

KINDS: dict[str, Callable[[Path], Path]] = {
    "class": folders.passengers,
    "number": lambda p: folders.table(p / "a.csv", folders.HOUSE_NAMES, folders.houses()),
}


def trained(project: Project, name: str, hashing: str) -> bytes:
    """Train a model in a process that orders sets in a way of its own; give what it says of each row."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "train.py", name],
        cwd=project.root,
        env={**os.environ, "PYTHONHASHSEED": hashing, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = project.runs / name / "valid.csv"
    content = said.read_bytes()
    said.unlink()
    return content


def same_again(kind: str, models: tuple[str, ...], place: Path) -> None:
    (place / "data").mkdir()
    project = made.project(KINDS[kind](place / "data"), place / "trial")
    for name in set(models) - set(project.record().steps):
        growing.take(project, growing.where(project, name))
    for name in models:
        first = trained(project, name, "1")
        assert first.count(b"\n") > 100
        assert trained(project, name, "2") == first, name


@pytest.mark.parametrize("kind", KINDS)
def test_models_without_torch(kind: str, tmp_path: Path) -> None:
    same_again(kind, ("majority", "baseline", "linear"), tmp_path)


@pytest.mark.train
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", KINDS)
def test_the_fastai_model(kind: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("fastai") is None:
        pytest.skip("fastai is not installed")
    same_again(kind, ("model",), tmp_path)
