"""Projects for the tests: made by the program in a temporary folder, with real git and real runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

from fastcompanion.flows import projects
from fastcompanion.project import new
from fastcompanion.project.place import Project
from fastcompanion.project.plan import Plan
from tests.data import folders


def plan(data: Path, *, target: str = "", kind: str = "", metric: str = "") -> Plan:
    """Look at data as `project new` does."""
    return projects.planned(data, "trial", demo="", target=target, kind=kind, metric=metric)


def project(data: Path, root: Path, **said: str) -> Project:
    """Make a project without running anything in it."""
    new.make(plan(data, **said), root, None)
    return Project(root)


def scored(data: Path, root: Path, **said: str) -> Project:
    """Make a project with its naive runs."""
    begun = projects.begin(plan(data, **said), root, None, dry_run=False)
    assert begun.board is not None, begun.failed
    return Project(root)


_MADE: dict[str, Path] = {}


def copy(kind: str, make: Callable[[Path], Project], place: Path, root: Path) -> Project:
    """Make a project once for all tests of a module (beside `place`), and give each test a copy of it."""
    if kind not in _MADE:
        _MADE[kind] = make(place.parent / f"original {kind}").root
    shutil.copytree(_MADE[kind], root, symlinks=True)
    return Project(root)


def passengers(place: Path) -> Project:
    """Make a project of a competition, with its naive runs."""
    return scored(folders.passengers(place / "data"), place / "trial")


def script(place: Project, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a script of the project as the learner would."""
    # Compiled once for all: where no bytecode may be written, importing pytest takes longer than the tests.
    cache = place.root.parent.parent / "pycache"
    env = {**os.environ, "PYTHONPYCACHEPREFIX": str(cache), "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=place.root,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def own_tests(place: Project, *words: str) -> str:
    """Run the project's own tests; they must pass."""
    return script(place, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words).stdout


_CHANGES = count(1)


def change(path: Path, old: str, new: str) -> None:
    """Change a text that must be there, each time some seconds later than the last, as people do.

    Python takes a file for unchanged that has the same size and whole second as before.
    """
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {path.name}"
    path.write_text(text.replace(old, new), encoding="utf-8")
    later = path.stat().st_mtime + 2 * next(_CHANGES)
    os.utime(path, (later, later))
