"""Every command of README.md works, in the order of the page.

Blocks marked ```sh are run; a comment in front of a block says how:

    <!-- test: tour -->              in one shell session, through a fresh study, with the installed program
    <!-- test: tour; says no -->     the same, and the last command has to end with exit code 4
    <!-- test: tour; network -->     the same; git takes the courses from fixtures on this disk instead
    <!-- test: install -->           in a copy of the checkout, into folders of the test's own
    <!-- test: not run, REASON -->   not run, and the page says so to the reader as well

Without a comment the block is for contributors: `make demo` is run in a clone; `make test` is what
runs this test, so here it is only asked whether make knows how.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Read before a test empties HOME: downloads are shared with the developer's other environments.
OUTSIDE = dict(os.environ)
BLOCK = re.compile(r"(?:<!-- test: (?P<mark>[^>]*?) -->\n)?```sh\n(?P<body>.*?)```", re.DOTALL)
# The repositories of the catalogue, by the folder of their lessons in lessons/.
COURSES = {
    "fastai/course22": "fastai-p1",
    "fastai/course22p2": "fastai-p2",
    "fastai/fastbook": "fastbook",
}
posix = pytest.mark.skipif(
    os.name != "posix", reason="the README's shell is POSIX; not run on Windows"
)


@dataclass(frozen=True)
class Block:
    """One shell block: how it is to be tested, and its commands."""

    marks: tuple[str, ...]
    commands: tuple[str, ...]


def blocks() -> list[Block]:
    """Read every shell block of README.md, in order."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = []
    for match in BLOCK.finditer(text):
        lines = [line.partition("#")[0].strip() for line in match["body"].splitlines()]
        marks = tuple(mark.strip() for mark in re.split(r"[;,]", match["mark"] or "make"))
        found.append(Block(marks, tuple(line for line in lines if line)))
    return found


def with_mark(mark: str) -> list[Block]:
    """Give the blocks with a mark."""
    return [block for block in blocks() if mark in block.marks]


def shell(
    commands: Sequence[str], cwd: Path, env: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run commands in one shell session; it stops at the first that fails and names each on stderr."""
    script = "set -e\n" + "\n".join(f"echo '+ {line}' >&2\n{line}" for line in commands)
    return subprocess.run(
        ["bash", "-c", script],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_every_shell_block_is_known() -> None:
    marks = {mark for block in blocks() for mark in block.marks}
    reasons = {mark for mark in marks if mark.startswith("downloads")}
    assert marks - reasons == {"make", "install", "tour", "says no", "network", "not run"}
    assert not re.search(r"```(?:bash|shell|console)", (ROOT / "README.md").read_text())


def test_the_first_commands_are_the_two_for_a_fresh_clone() -> None:
    assert blocks()[0].commands == ("make demo", "make test")


@posix
@pytest.mark.parametrize(
    "command", [line for block in with_mark("make") for line in block.commands]
)
def test_make_knows_the_command(command: str) -> None:
    done = subprocess.run(
        [*command.split(), "-n"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def make_course(folder: Path, name: str, git: Callable[..., str]) -> None:
    """Make a repository with a small notebook at each path that our catalogue knows of the course."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch", "master")
    lessons = (path.read_text() for path in sorted((ROOT / "lessons" / name).glob("*.yaml")))
    paths = [path for text in lessons for path in re.findall(r"path: \"?([^\"\s]+\.ipynb)", text)]
    for path in paths:
        title = Path(path).stem
        cells = [
            {"cell_type": "markdown", "id": "a1", "metadata": {}, "source": [f"# {title}\n", "\n", "## Numbers\n"]},
            {"cell_type": "code", "id": "a2", "metadata": {}, "source": ["total = sum(range(10))"],
             "execution_count": None, "outputs": []},
        ]  # fmt: skip
        text = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    git(folder, "config", "uploadpack.allowFilter", "true")
    git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "Two notebooks")


@pytest.fixture
def tour_environment(isolated: Path, tmp_path: Path, git: Callable[..., str]) -> dict[str, str]:
    """Give an environment in which fast.ai's repositories are fixtures on this disk."""
    redirect = ""
    for address, name in COURSES.items():
        origin = tmp_path / "origins" / name
        make_course(origin, name, git)
        for ending in ("", ".git"):
            redirect += (
                f'[url "{origin.as_uri()}"]\n\tinsteadOf = https://github.com/{address}{ending}\n'
            )
    settings = isolated / ".gitconfig"
    settings.write_text(settings.read_text() + redirect + '[protocol "https"]\n\tallow = never\n')
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "FASTCOMPANION_EDITOR_OPEN": "false"}


@posix
@pytest.mark.slow
def test_the_tour(tour_environment: dict[str, str], tmp_path: Path) -> None:
    """All tour blocks in one shell; those that have to say no are followed by a look at the exit code."""
    place = tmp_path / "somewhere with spaces"
    place.mkdir()
    lines: list[str] = []
    for block in with_mark("tour"):
        commands = list(block.commands)
        if "says no" in block.marks:
            commands[-1] += " || test $? -eq 4"
        lines += commands
    done = shell(lines, place, tour_environment)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Traceback" not in done.stderr


@posix
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_make_demo_in_a_clone(tmp_path: Path, isolated: Path) -> None:
    """`make demo` from a bare clone: nothing but Python, git and make, and an empty HOME."""
    clone = tmp_path / "clone"
    subprocess.run(
        ["git", "clone", "--quiet", str(ROOT), str(clone)], check=True, capture_output=True
    )
    env = without_this_environment(isolated)
    done = shell(["make demo"], clone, {**env, "TMPDIR": str(tmp_path)})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert (tmp_path / "fastcompanion-demo" / "progress.jsonl").exists()
    assert str(tmp_path / "fastcompanion-demo") in done.stdout
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True
    )
    assert status.stdout == "", "the demo left something in the clone"


@posix
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "command", [line for block in with_mark("install") for line in block.commands]
)
def test_install(command: str, tmp_path: Path, isolated: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(
        ["git", "clone", "--quiet", str(ROOT), str(clone)], check=True, capture_output=True
    )
    tools = tmp_path / "bin"
    places = {"UV_TOOL_DIR": "tools", "PIPX_HOME": "pipx", "PIPX_MAN_DIR": "man"}
    env = {name: str(tmp_path / place) for name, place in places.items()}
    env |= {
        "UV_TOOL_BIN_DIR": str(tools),
        "PIPX_BIN_DIR": str(tools),
        "PIPX_DEFAULT_PYTHON": sys.executable,
    }
    installers = f"{Path(sys.executable).parent}{os.pathsep}{OUTSIDE['PATH']}"
    done = shell(
        [command], clone, {**without_this_environment(isolated), **env, "PATH": installers}
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    version = subprocess.run(
        [tools / "fastcompanion", "--version"], capture_output=True, text=True, check=True
    )
    assert version.stdout.startswith("fastcompanion ")


def without_this_environment(home: Path) -> dict[str, str]:
    """Give an environment with an empty HOME that does not know of the tests' own interpreter's folder."""
    own = str(Path(sys.executable).parent)
    path = os.pathsep.join(place for place in OUTSIDE["PATH"].split(os.pathsep) if place != own)
    dropped = ("VIRTUAL_ENV", "PYTHONPATH", "XDG_", "FASTCOMPANION_", "MAKE", "MFLAGS", "PYTEST")
    kept = {name: value for name, value in OUTSIDE.items() if not name.startswith(dropped)}
    uv_cache = OUTSIDE.get(
        "UV_CACHE_DIR", str(Path(OUTSIDE.get("HOME", str(home))) / ".cache" / "uv")
    )
    pip_cache = OUTSIDE.get(
        "PIP_CACHE_DIR", str(Path(OUTSIDE.get("HOME", str(home))) / ".cache" / "pip")
    )
    return {
        **kept,
        "PATH": path,
        "HOME": str(home),
        "UV_CACHE_DIR": uv_cache,
        "PIP_CACHE_DIR": pip_cache,
    }


def test_what_is_not_run_is_understood_all_the_same() -> None:
    """Commands that would download gigabytes: their words and options exist."""
    from scripts import docs

    known = dict(docs.walk(docs.root()))
    for line in (line for block in with_mark("not run") for line in block.commands):
        words = line.split()
        command = known[" ".join(words[:3])]
        options = {name for param in command.params for name in param.opts}
        assert {word for word in words if word.startswith("--")} <= options, line
