"""The wheel, built through the sdist, carries all content and runs from a folder elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CONTENT = ("lessons", "templates")
PASSING = ("__pycache__", ".ipynb_checkpoints")
# Read before a test empties HOME: downloads are shared with the developer's other environments.
ENVIRONMENT = dict(os.environ)


def call(argv: Sequence[str | Path], cwd: Path, **more: str) -> str:
    """Run a program, require success, give its stdout."""
    env = {**ENVIRONMENT, **more}
    done = subprocess.run(
        [str(word) for word in argv], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def content_on_disk() -> set[str]:
    """Every file of lessons/ and templates/ in the checkout."""
    paths = [path for kind in CONTENT for path in (ROOT / kind).rglob("*") if path.is_file()]
    return {
        path.relative_to(ROOT).as_posix() for path in paths if not set(PASSING) & set(path.parts)
    }


@dataclass(frozen=True)
class Built:
    """What the build made."""

    sdist: Path
    wheel: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build sdist and, from it, the wheel, in a copy whose .gitignore would drop content if it could."""
    source = tmp_path_factory.mktemp("build") / "source"
    ignore = shutil.ignore_patterns(".git", ".venv", ".*_cache", "dist", "build", *PASSING)
    shutil.copytree(ROOT, source, ignore=ignore)
    with (source / ".gitignore").open("a") as file:
        file.write("data/\n*.csv\n*.ipynb\nstudy/README.md\n")
    call([sys.executable, "-m", "build", "--no-isolation", "--outdir", "dist"], source)
    (sdist,) = (source / "dist").glob("*.tar.gz")
    (wheel,) = (source / "dist").glob("*.whl")
    return Built(sdist, wheel)


def test_wheel_carries_exactly_the_content(built: Built) -> None:
    prefix = "fastcompanion/content/"
    with zipfile.ZipFile(built.wheel) as wheel:
        carried = {
            name.removeprefix(prefix) for name in wheel.namelist() if name.startswith(prefix)
        }
        for name in carried:
            assert wheel.read(prefix + name) == (ROOT / name).read_bytes(), name
    assert carried == content_on_disk()


def test_sdist_carries_what_is_needed_to_build(built: Built) -> None:
    with tarfile.open(built.sdist) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert content_on_disk() <= names
    assert {"pyproject.toml", "LICENSE", "README.md", "CHANGELOG.md"} <= names


def test_wheel_carries_the_whole_package_and_nothing_else(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        names = set(wheel.namelist())
    code = {name for name in names if name.endswith(".py")} - {
        n for n in names if n.startswith("fastcompanion/content/")
    }
    assert code == {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "fastcompanion").rglob("*.py")
    }
    assert {name.split("/")[0] for name in names} == {
        "fastcompanion",
        next(n for n in names if ".dist-info" in n).split("/")[0],
    }


def test_content_is_tracked() -> None:
    """A file that git does not know would be in this checkout's wheel and in nobody else's."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    tracked = set(call(["git", "ls-files", "-z", *CONTENT], ROOT).split("\0")) - {""}
    assert content_on_disk() == tracked


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="paths of a POSIX environment; not run on Windows")
def test_wheel_runs_from_a_folder_elsewhere(built: Built, tmp_path: Path) -> None:
    venv = tmp_path / "environment"
    call([sys.executable, "-m", "venv", "--without-pip", venv], tmp_path)
    call(
        [
            sys.executable,
            "-m",
            "uv",
            "pip",
            "install",
            "--quiet",
            "--python",
            venv / "bin" / "python",
            built.wheel,
        ],
        tmp_path,
    )
    program = venv / "bin" / "fastcompanion"
    # The package and the content must come from the environment, not from this checkout.
    env = {
        "HOME": str(tmp_path / "home"),
        "FASTCOMPANION_HOME": str(tmp_path / "data"),
        "PYTHONPATH": "",
    }
    where: list[str | Path] = [
        venv / "bin" / "python",
        "-c",
        "import fastcompanion; print(fastcompanion.__file__)",
    ]
    assert Path(call(where, tmp_path, **env).strip()).is_relative_to(venv)
    elsewhere = tmp_path / "a folder elsewhere"
    elsewhere.mkdir()
    study = elsewhere / "my study"
    call([program, "init", study, "--yes", "--course", "foundations"], elsewhere, **env)
    listed = json.loads(call([program, "lesson", "list", "--json"], study, **env))
    (course,) = listed["data"]["courses"]
    ids = [lesson["id"] for lesson in course["lessons"]]
    assert ids == ["foundations/01", "foundations/02"]
    call([program, "lesson", "scratch", "foundations/01"], study, **env)
    assert list((study / "lessons" / "foundations" / "01").glob("*.scratch.ipynb"))
    call([program, "status"], study, **env)
