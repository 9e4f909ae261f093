"""Environments come whole or not at all; they are listed, used and removed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from fastcompanion.base import workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.kernel import OWN
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.environments import find_interpreter, shelf, sizes
from fastcompanion.course.environments.uv import need_uv
from fastcompanion.course.library import course_file, courses
from tests.course.environments.index import OWN_PYTHON, Index

_CREATE = ("env", "create", "plain", "-p", "tinyplot")


def _folders() -> list[str]:
    home = workspace.environments_folder()
    names = [child.name for child in home.iterdir()] if home.is_dir() else []
    return [name for name in names if not name.startswith(".")]


@pytest.fixture
def plain(index: Index, run: Any) -> shelf.Environment:
    """An environment with one small package."""
    made = run(*_CREATE, "--yes")
    assert made.code == 0, made.err
    return shelf.get("plain")


def _bytes(index: Index, filename: str) -> int:
    return next(
        len(one.data)
        for wheels in index.wheels.values()
        for one in wheels
        if one.filename == filename
    )


def test_a_dry_run_says_the_exact_size_and_downloads_nothing(index: Index, run: Any) -> None:
    said = run(*_CREATE, "--dry-run", "--json")
    assert said.code == 0, said.err
    assert not said.data["created"]
    assert said.data["versions"]["tinyplot"] == "2.0"
    assert said.data["guessed"] == []
    own = _bytes(index, "tinyplot-2.0-py3-none-any.whl")
    others = sum(len(w[-1].data) for n, w in index.wheels.items() if n in said.data["versions"])
    assert said.data["download"] == others >= own
    assert _folders() == []
    assert not any(path.startswith("/files/tinyplot") and "HEAD" in path for path in index.requests)


def test_nothing_is_downloaded_without_consent(index: Index, run: Any) -> None:
    asked = run(*_CREATE)
    assert asked.code == 2
    assert "--yes" in asked.err
    assert "MB" in asked.err, "the size is said before anything is downloaded"
    assert _folders() == []


def test_no_network_is_exit_5_and_leaves_nothing(
    index: Index, run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))
    made = run(*_CREATE, "--yes", "--json")
    assert made.code == 5
    assert "connection" in made.errors[0]["hint"]
    assert _folders() == []


def test_an_unknown_package_is_exit_5(index: Index, run: Any) -> None:
    made = run("env", "create", "odd", "-p", "no-such-package-anywhere", "--yes")
    assert made.code == 5, made.err
    assert _folders() == []


def _started(index: Index, tmp_path: Path) -> subprocess.Popen[bytes]:
    index.gate.clear()
    index.reached.clear()
    argv = [sys.executable, "-m", "fastcompanion", *_CREATE, "--yes"]
    child = subprocess.Popen(
        argv,
        cwd=tmp_path,
        env={**os.environ, "UV_CACHE_DIR": str(tmp_path / "fresh")},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert index.reached.wait(120), "it never came to downloading"
    return child


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals; not run here on Windows")
def test_ctrl_c_leaves_nothing(index: Index, tmp_path: Path, run: Any) -> None:
    child = _started(index, tmp_path)
    assert len(_folders()) == 1
    child.send_signal(signal.SIGINT)
    assert child.wait(120) == 130
    index.gate.set()
    assert _folders() == []
    assert shelf.environments() == ()


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals; not run here on Windows")
def test_a_killed_creation_is_not_listed_and_the_next_one_cleans_up(
    index: Index, tmp_path: Path, run: Any
) -> None:
    child = _started(index, tmp_path)
    family = [psutil.Process(child.pid), *psutil.Process(child.pid).children(recursive=True)]
    for process in family:
        process.kill()
    child.wait(120)
    psutil.wait_procs(family, timeout=60)
    index.gate.set()
    (debris,) = _folders()
    assert run("env", "list", "--json").data["environments"] == []
    assert run(*_CREATE, "--yes").code == 0
    assert debris not in _folders()
    assert [e.name for e in shelf.environments()] == ["plain"]


def test_what_is_being_built_elsewhere_is_not_swept_away(isolated: Path) -> None:
    with shelf.building("one") as place:
        place.folder.mkdir(parents=True)
        assert shelf.sweep() == ()
        assert place.folder.is_dir()
    assert not place.folder.exists()


def test_two_creations_of_one_name_do_not_meet(isolated: Path) -> None:
    with shelf.building("one"), pytest.raises(CompanionError, match="another process"):
        shelf.building("one").__enter__()


def test_a_disk_that_is_too_small_is_told_before_the_download(isolated: Path) -> None:
    with pytest.raises(CompanionError, match="free"):
        sizes.check_room(10**18)


def test_a_remembered_environment_that_is_gone_says_how_to_get_one(
    study: Path, course: Path
) -> None:
    course_file.set_kernel(Workspace(study), "frames", "lost")
    with pytest.raises(CompanionError) as told:
        find_interpreter(None, courses.load(Workspace(study), "frames"))
    assert told.value.code is Exit.MISSING
    assert "env create --for frames" in told.value.hint


def test_list_show_and_remove(plain: shelf.Environment, run: Any) -> None:
    (row,) = run("env", "list", "--json").data["environments"]
    assert (row["name"], row["python"], row["used_by"]) == ("plain", OWN_PYTHON, [])
    assert row["size"] == shelf.size_of(plain.folder) - (plain.folder / shelf.MARKER).stat().st_size
    shown = run("env", "show", "plain", "--json").data
    assert shown["versions"]["tinyplot"] == "2.0"
    assert "ipykernel" in shown["requirements"]
    assert run("env", "remove", "plain").code == 2
    assert plain.folder.is_dir()
    gone = run("env", "remove", "plain", "--yes", "--json")
    assert gone.code == 0
    assert 0 < gone.data["freed"] <= gone.data["size"]
    assert not plain.folder.exists()
    assert run("env", "show", "plain").code == 5


def test_a_name_is_taken_once(plain: shelf.Environment, run: Any) -> None:
    again = run(*_CREATE, "--yes")
    assert again.code == 2
    assert "exists already" in again.err


@pytest.mark.parametrize("name", ["../up", "With Capitals", "", ".hidden"])
def test_odd_names_are_refused(index: Index, name: str, run: Any) -> None:
    assert run("env", "create", name, "-p", "tinyplot", "--yes").code == 2


def test_a_course_remembers_its_environment(
    plain: shelf.Environment, course: Path, study: Path, run: Any, git: Callable[..., str]
) -> None:
    used = run("env", "use", "plain", "frames", "--json")
    assert used.code == 0, used.err
    assert used.data["commit"]["made"]
    loaded = courses.load(Workspace(study), "frames")
    assert loaded.kernel == "plain"
    assert find_interpreter(None, loaded, Workspace(study)).argv == (str(plain.interpreter),)
    assert run("env", "list", "--json").data["environments"][0]["used_by"] == ["frames"]
    refused = run("env", "remove", "plain")
    assert refused.code == 2
    assert "frames" in refused.err
    assert run("env", "remove", "plain", "--yes").code == 0
    assert courses.load(Workspace(study), "frames").kernel is None


def test_without_a_remembered_one_our_own_python_runs_it(study: Path, course: Path) -> None:
    assert find_interpreter(None, courses.load(Workspace(study), "frames")) is OWN


def test_interpreters_are_found_by_name_folder_program_and_kernelspec(
    plain: shelf.Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_interpreter("plain").argv == (str(plain.interpreter),)
    assert find_interpreter(str(plain.folder)).argv == (str(plain.interpreter),)
    assert find_interpreter(str(plain.interpreter)).argv == (str(plain.interpreter),)
    spec = tmp_path / "jupyter" / "kernels" / "mine" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = f'["{plain.interpreter}", "-m", "ipykernel_launcher", "-f", "{{connection_file}}"]'
    spec.write_text(f'{{"argv": {argv}, "display_name": "Mine", "language": "python"}}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    assert find_interpreter("mine").argv[0] == str(plain.interpreter)
    with pytest.raises(CompanionError) as told:
        find_interpreter("nothing-of-that-name")
    assert told.value.code is Exit.MISSING


def test_an_interpreter_without_ipykernel_is_refused(index: Index, tmp_path: Path) -> None:
    need_uv("this test").make_venv(tmp_path / "bare", sys.executable)
    with pytest.raises(CompanionError, match="ipykernel"):
        find_interpreter(str(tmp_path / "bare"))


def test_a_day_needs_uv_and_says_how_to_get_it(
    index: Index, run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    git = shutil.which("git")
    assert git is not None
    (tmp_path / "git").symlink_to(git)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "uv", None)
    made = run("env", "create", "--as-of", "2023-02-17", "-p", "tinyplot", "--yes")
    assert made.code == 5
    assert "pipx install uv" in made.err


@pytest.mark.slow
def test_todays_packages_need_no_uv(
    index: Index, run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "uv", None)
    made = run(*_CREATE, "--yes", "--json")
    assert made.code == 0, made.err
    assert made.data["versions"]["tinyplot"] == "2.0"
    assert find_interpreter("plain").argv[0].startswith(made.data["folder"])
