"""The house stands: every rule of docs/architecture.md holds, and each is seen to catch a planted violation."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import house

ROOT = Path(__file__).resolve().parents[1]
FUTURE = "from __future__ import annotations\n\n"


def tool(name: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a development tool of this interpreter's environment in a copy of the house."""
    program = Path(sys.executable).with_name(name)
    return subprocess.run(
        [str(program), *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


def ruff(cwd: Path, path: str = ".") -> str:
    """Give ruff's complaints, one a line."""
    return tool("ruff", "check", "--no-cache", "--output-format=concise", path, cwd=cwd).stdout


def test_every_module_keeps_the_rules_of_the_house() -> None:
    assert [str(one) for one in house.complaints(ROOT)] == []


def test_every_exception_of_a_rule_is_still_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    excused = dict(house.EXCEPTIONS)
    monkeypatch.setattr(house, "EXCEPTIONS", {})
    broken = {(one.module, one.rule) for one in house.complaints(ROOT)}
    assert set(excused) <= broken, "an exception whose reason has gone must go as well"


def test_imports_point_down_only() -> None:
    done = tool("lint-imports", "--no-cache", cwd=ROOT)
    assert done.returncode == 0, done.stdout


def test_ruff_is_silent() -> None:
    assert "All checks passed!" in ruff(ROOT)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package and its settings, to plant violations in."""
    folder = tmp_path_factory.mktemp("house")
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "fastcompanion", folder / "fastcompanion", ignore=skip)
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "README.md").write_text("# A copy\n")
    return folder


@dataclass(frozen=True)
class Plant:
    """A violation: where it is planted, its source, and the words of the complaint that must come."""

    module: str
    source: str
    complaint: str


@pytest.fixture
def planted(copy: Path) -> Iterator[Callable[[Plant], str]]:
    """Write the violation as a new module (or at the end of one) and hand back its path; undone afterwards."""
    undo: list[tuple[Path, str | None]] = []

    def plant(violation: Plant) -> str:
        path = copy / "fastcompanion" / violation.module
        before = path.read_text() if path.exists() else None
        undo.append((path, before))
        path.parent.mkdir(exist_ok=True)
        path.write_text((before or f'"""Planted."""\n\n{FUTURE}') + violation.source)
        return violation.module

    yield plant
    for path, before in undo:
        path.unlink() if before is None else path.write_text(before)


def in_function(statement: str) -> str:
    """Put a statement into a documented function."""
    return f'\n\ndef planted() -> None:\n    """Break a rule."""\n    {statement}\n'


AST_PLANTS = [
    Plant("course/planted.py", "import subprocess\n", "imports subprocess"),
    Plant("course/planted.py", "from subprocess import run\n", "imports subprocess"),
    Plant("study/planted.py", in_function("import git"), "imports git"),
    Plant("flows/planted.py", in_function("from git import Repo"), "imports git"),
    Plant("course/planted.py", in_function("import nbclient"), "imports nbclient"),
    Plant(
        "flows/planted.py", in_function("import jupyter_client.manager"), "imports jupyter_client"
    ),
    Plant("base/planted.py", in_function("import nbformat"), "imports nbformat"),
    Plant("course/planted.py", in_function("import yaml"), "imports yaml"),
    Plant("study/planted.py", in_function("import tomlkit"), "imports tomlkit"),
    Plant("course/planted.py", in_function("import filelock"), "imports filelock"),
    Plant("study/planted.py", in_function("import platformdirs"), "imports platformdirs"),
    Plant("study/planted.py", in_function("import jinja2"), "imports jinja2"),
    Plant("commands/planted.py", in_function("from rich.table import Table"), "imports rich"),
    Plant("study/planted.py", "import typer\n", "imports typer"),
    Plant("commands/planted.py", "import click\n", "imports click"),
    Plant("study/planted.py", "import uuid\n", "imports uuid"),
    Plant("course/planted.py", "import os\n" + in_function("os.system('true')"), "calls os.system"),
    Plant(
        "course/planted.py", "import os\n" + in_function("os.replace('a', 'b')"), "calls os.replace"
    ),
    Plant(
        "course/planted.py",
        "from os import replace as r\n" + in_function("r('a', 'b')"),
        "calls os.replace",
    ),
    Plant(
        "course/planted.py",
        "import shutil\n" + in_function("shutil.rmtree('a')"),
        "calls shutil.rmtree",
    ),
    Plant("course/planted.py", in_function("open('a', 'w')"), "opens a file for writing"),
    Plant("course/planted.py", in_function("open('a', mode='a')"), "opens a file for writing"),
    Plant(
        "course/planted.py",
        "from pathlib import Path\n" + in_function("Path('a').open('wb')"),
        "opens a file",
    ),
    Plant(
        "course/planted.py",
        "from pathlib import Path\n" + in_function("Path('a').write_text('b')"),
        ".write_text()",
    ),
    Plant(
        "study/planted.py",
        "from pathlib import Path\n" + in_function("Path('a').mkdir()"),
        "calls .mkdir()",
    ),
    Plant(
        "study/planted.py",
        "from pathlib import Path\n" + in_function("Path('a').unlink()"),
        "calls .unlink()",
    ),
    Plant(
        "study/planted.py",
        "from pathlib import Path\n" + in_function("Path.home()"),
        "calls Path.home",
    ),
    Plant(
        "study/planted.py",
        "import pathlib\n" + in_function("pathlib.Path.home()"),
        "calls Path.home",
    ),
    Plant(
        "study/planted.py",
        "from datetime import datetime\n" + in_function("datetime.now()"),
        "calls datetime.now",
    ),
    Plant(
        "study/planted.py",
        "import datetime\n" + in_function("datetime.date.today()"),
        "calls date.today",
    ),
    Plant("study/planted.py", "import time\n" + in_function("time.time()"), "calls time.time"),
    Plant(
        "study/planted.py",
        "from time import monotonic\n" + in_function("monotonic()"),
        "calls time.monotonic",
    ),
    Plant(
        "study/planted.py",
        "import random\n" + in_function("random.random()"),
        "calls random.random",
    ),
    Plant("course/planted.py", in_function("print('hello')"), "calls print"),
    Plant(
        "commands/planted.py",
        "import sys\n" + in_function("sys.stdout.write('a')"),
        "calls sys.stdout.write",
    ),
    Plant("flows/planted.py", in_function("input('name? ')"), "calls input"),
    Plant("flows/planted.py", "import sys\n" + in_function("sys.exit(1)"), "calls sys.exit"),
    Plant("commands/planted.py", in_function("raise SystemExit(1)"), "raises SystemExit"),
    Plant(
        "commands/planted.py",
        "import typer\n" + in_function("raise typer.Exit(4)"),
        "raises typer.Exit",
    ),
    Plant(
        "commands/planted.py",
        "from typer import Exit\n" + in_function("raise Exit"),
        "raises typer.Exit",
    ),
    Plant("base/planted.py", in_function("eval('1')"), "calls eval"),
    Plant("base/process.py", "\n\nsubprocess.run('ls', shell=True)\n", "through a shell"),
    Plant("course/planted.py", "NAME = 'progress.jsonl'\n", "spells 'progress.jsonl'"),
    Plant("base/planted.py", "import fcntl\n", "imports fcntl at the top"),
    Plant(
        "course/planted.py",
        in_function("try:\n        1 / 0\n    except Exception:\n        pass"),
        "swallows every",
    ),
    Plant(
        "study/planted.py",
        "from dataclasses import dataclass\n\n\n@dataclass(frozen=True)\nclass A:\n    b: int\n",
        "compiles a frozen dataclass",
    ),
    Plant("study/planted.py", in_function("x = 1\n" + "    x += 1\n" * 60), "has 63 lines"),
    Plant("study/planted.py", "A = 1\n" * 600, "has 604 lines"),
]


@pytest.mark.parametrize("violation", AST_PLANTS, ids=lambda one: f"{one.module}-{one.complaint}")
def test_a_rule_of_the_house_catches(
    violation: Plant, planted: Callable[[Plant], str], copy: Path
) -> None:
    module = planted(violation)
    found = [str(one) for one in house.complaints(copy, only=module)]
    assert any(violation.complaint in one for one in found), found


RUFF_PLANTS = [
    Plant("course/planted.py", "import kaggle\n\nK = kaggle\n", "TID253"),
    Plant("study/planted.py", "import torch\n\nT = torch\n", "TID253"),
    Plant("base/planted.py", "import git\n\nG = git\n", "TID253"),
    Plant("course/planted.py", in_function("import json\n\n    json.dumps(1)"), "PLC0415"),
    Plant("course/planted.py", "import subprocess\n\nS = subprocess\n", "TID251"),
    Plant("commands/planted.py", "import click\n\nC = click\n", "TID251"),
    Plant("study/planted.py", "import datetime\n\nN = datetime.date.today()\n", "TID251"),
    Plant("study/planted.py", "import datetime\n\nN = datetime.datetime.now()\n", "DTZ005"),
    Plant("course/planted.py", in_function("print('hello')"), "T201"),
    Plant("course/planted.py", "from . import model\n\nM = model\n", "TID252"),
    Plant("course/planted.py", "\n\ndef planted(x):\n    return x\n", "ANN001"),
    Plant("course/planted.py", "\n\ndef planted() -> int:\n    return 1\n", "D103"),
    Plant(
        "course/planted.py",
        in_function("try:\n        int('1')\n    except Exception:\n        return"),
        "BLE001",
    ),
    Plant("course/planted.py", in_function("assert (1, 'always true')"), "F631"),
    Plant(
        "course/planted.py",
        "\n\ndef planted(x: list[int] = []) -> None:\n    '''Use x.'''\n",
        "B006",
    ),
]


@pytest.mark.parametrize("violation", RUFF_PLANTS, ids=lambda one: one.complaint)
def test_ruff_catches(violation: Plant, planted: Callable[[Plant], str], copy: Path) -> None:
    module = planted(violation)
    assert violation.complaint in ruff(copy, f"fastcompanion/{module}")


def test_ruff_asks_for_postponed_annotations(copy: Path) -> None:
    path = copy / "fastcompanion" / "course" / "old_style.py"
    path.write_text('"""Planted."""\n\nA: int = 1\n')
    try:
        assert "I002" in ruff(copy, str(path))
    finally:
        path.unlink()


LAYER_PLANTS = [
    Plant(
        "base/planted.py",
        "from fastcompanion.course import model\n\nM = model\n",
        "base.planted -> fastcompanion.course",
    ),
    Plant(
        "course/planted.py",
        "from fastcompanion import study\n\nS = study\n",
        "course.planted -> fastcompanion.study",
    ),
    Plant(
        "study/planted.py",
        "from fastcompanion import course\n\nC = course\n",
        "study.planted -> fastcompanion.course",
    ),
    Plant(
        "course/planted.py",
        "from fastcompanion import console\n\nC = console\n",
        "course.planted -> fastcompanion.console",
    ),
    Plant(
        "flows/planted.py",
        "from fastcompanion import console\n\nC = console\n",
        "flows.planted -> fastcompanion.console",
    ),
    Plant(
        "course/planted.py",
        "from fastcompanion import flows\n\nF = flows\n",
        "course.planted -> fastcompanion.flows",
    ),
    Plant(
        "console.py",
        "\nfrom fastcompanion import commands\n",
        "fastcompanion.console -> fastcompanion.commands",
    ),
    Plant(
        "commands/planted.py",
        "from fastcompanion import cli\n\nC = cli\n",
        "commands.planted -> fastcompanion.cli",
    ),
    Plant(
        "project/__init__.py",
        "from fastcompanion import course\n\nC = course\n",
        "fastcompanion.project -> fastcompanion.course",
    ),
    Plant(
        "data/__init__.py",
        "from fastcompanion import course\n\nC = course\n",
        "fastcompanion.data -> fastcompanion.course",
    ),
    Plant("helpers/__init__.py", "", "helpers"),
]


@pytest.mark.parametrize("violation", LAYER_PLANTS, ids=lambda one: one.complaint)
def test_import_linter_catches(
    violation: Plant, planted: Callable[[Plant], str], copy: Path
) -> None:
    planted(violation)
    done = tool("lint-imports", "--no-cache", cwd=copy)
    assert done.returncode != 0
    flat = " ".join((done.stdout + done.stderr).split())
    assert violation.complaint in flat, flat


MYPY_PLANTS = [
    Plant("course/planted.py", "\n\ndef planted(x):\n    return x\n", "no-untyped-def"),
    Plant(
        "course/planted.py", "\n\ndef planted(x: dict) -> None:\n    '''Take x.'''\n", "type-arg"
    ),
    Plant(
        "base/planted.py", "\n\ndef planted(x: int | None) -> int:\n    return x + 1\n", "operator"
    ),
    Plant(
        "study/planted.py",
        "from fastcompanion.base import clock\n\nWHEN: str = clock.now()\n",
        "Incompatible types in assignment",
    ),
]


@pytest.mark.slow
def test_mypy_catches(planted: Callable[[Plant], str], copy: Path) -> None:
    for number, violation in enumerate(MYPY_PLANTS):
        planted(
            Plant(
                violation.module.replace("planted", f"planted_{number}"),
                violation.source,
                violation.complaint,
            )
        )
    modules = [str(path) for path in sorted((copy / "fastcompanion").glob("*/planted_*.py"))]
    done = tool("mypy", "--cache-dir", str(copy / "cache"), *modules, cwd=copy)
    for number, violation in enumerate(MYPY_PLANTS):
        about = [line for line in done.stdout.splitlines() if f"planted_{number}.py" in line]
        assert any(violation.complaint in line for line in about), done.stdout + done.stderr
