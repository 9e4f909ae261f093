"""The commands of a project load nothing heavy, and leave nothing where nothing may be written."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.data import folders
from tests.project import made

HEAVY = {"torch", "fastai", "sklearn", "pandas", "scipy", "PIL", "matplotlib", "numpy", "nbformat", "jupyter_client"}  # fmt: skip
SCRIPT = """
import contextlib, io, sys
from fastcompanion.cli import main
with contextlib.redirect_stdout(io.StringIO()):
    code = main(sys.argv[1:])
print(code, *sys.modules)
"""


@pytest.mark.parametrize(
    "words", [["baseline"], ["score"], ["check"], ["next"], ["update"], ["train", "majority"]]
)
def test_nothing_heavy_is_loaded(words: list[str], tmp_path: Path) -> None:
    project = made.copy("light", made.passengers, tmp_path, tmp_path / "trial")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, "project", *words],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=True,
    )
    code, *modules = done.stdout.split()
    assert code == "0", done.stderr
    assert set(modules) & HEAVY == set()


def test_the_naive_models_need_the_standard_library_and_yaml_alone(tmp_path: Path) -> None:
    project = made.copy("light", made.passengers, tmp_path, tmp_path / "trial")
    script = "import sys, runpy\nsys.argv = ['train.py', 'baseline']\nrunpy.run_path('train.py', run_name='__main__')\nprint(*sys.modules)"
    done = made.script(project, "-c", script)
    assert set(done.stdout.split()) & HEAVY == set()


def test_no_right_to_write_leaves_nothing(
    open_tmp: Path,
    unprivileged: Callable[[Callable[[], int]], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from fastcompanion.cli import main

    data = folders.table(open_tmp / "a.csv", folders.HOUSE_NAMES, folders.houses())
    closed = open_tmp / "closed"
    closed.mkdir(mode=0o555)
    monkeypatch.setenv("HOME", str(open_tmp))
    monkeypatch.chdir(open_tmp)
    code = unprivileged(
        lambda: main(["project", "new", str(closed / "trial"), "--data", str(data)])
    )
    assert code == 1
    assert list(closed.iterdir()) == []
