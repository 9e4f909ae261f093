"""What every test shares: a study of its own, far from the developer's home, and no outside network."""

from __future__ import annotations

import importlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.git_server import GitServer

# In a script's background Ctrl-C is ignored, under nohup the hang-up too; what we start inherits that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# The same examples each time, kept nowhere, and no limit that a busy machine would break.
settings.register_profile(
    "steady",
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("steady")

Runner = Callable[..., "Outcome"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that hold something slow: at the end one worker would run them alone."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@dataclass(frozen=True)
class Outcome:
    """What a command left behind: its exit code, both streams, and the JSON on stdout if asked."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The whole JSON envelope; raises when stdout holds anything else."""
        envelope = json.loads(self.out)
        assert isinstance(envelope, dict), envelope
        return envelope

    @property
    def data(self) -> Any:
        """The `data` of the envelope."""
        return self.json["data"]

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The `errors` of the envelope."""
        errors = self.json["errors"]
        assert isinstance(errors, list), errors
        return errors


class _Stream(io.StringIO):
    """A text stream that is never a terminal."""

    def isatty(self) -> bool:
        return False


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the test an empty HOME, no git settings, no proxy and a narrow, colourless output."""
    home = tmp_path_factory.mktemp("home")
    isolate(monkeypatch, home)
    return home


def isolate(patch: pytest.MonkeyPatch, home: Path) -> None:
    """Do what `isolated` does, where a fixture of a whole module comes before it."""
    for name in list(os.environ):
        if name.startswith(("FASTCOMPANION_", "GIT_", "XDG_")):
            patch.delenv(name)
    git_settings = home / ".gitconfig"
    git_settings.write_text(
        "[user]\n\tname = Ada Learner\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n"
    )
    changes = {
        "HOME": home,
        "USERPROFILE": home,
        "FASTCOMPANION_HOME": home / "fastcompanion",
        "FASTCOMPANION_CACHE": home / "cache",
        "GIT_CONFIG_GLOBAL": git_settings,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "HF_HUB_OFFLINE": "1",
        "NO_COLOR": "1",
        "COLUMNS": "100",
        "TERM": "dumb",
        "TZ": "UTC",
    }
    for name, value in changes.items():
        patch.setenv(name, str(value))


@pytest.fixture(autouse=True)
def no_outside_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Close every socket of this process but those to the machine itself."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else "localhost"
        if self.family != getattr(socket, "AF_UNIX", None) and not _is_loopback(str(host)):
            raise OSError(f"tests do not use the network: {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1", ""} or host.startswith("127.")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Run a command in this process through main(argv): `run("status", "--json", cwd=folder)`.

    Arguments may also be one list. `typed` is what stands on stdin, `env` adds variables.
    """

    def runner(
        *argv: str | Path | Sequence[str | Path],
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        typed: str = "",
    ) -> Outcome:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", _Stream(typed))
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            if cwd is not None:
                patch.chdir(cwd)
            return run_main(_flat(argv))

    return runner


def _flat(argv: Sequence[str | Path | Sequence[str | Path]]) -> list[str]:
    words: list[str] = []
    for word in argv:
        if isinstance(word, (str, Path)):
            words.append(str(word))
        else:
            words.extend(str(part) for part in word)
    return words


def run_main(argv: list[str]) -> Outcome:
    from fastcompanion.cli import main

    out, err = _Stream(), _Stream()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(argv)
    return Outcome(int(code), out.getvalue(), err.getvalue())


@pytest.fixture
def git() -> Callable[..., str]:
    """Run real git in a folder and hand back its output; a failure fails the test."""

    def runner(folder: Path, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    return runner


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Set the clock of the program: `frozen("2026-11-21T19:30:00+01:00")`."""

    def freeze(moment: str) -> None:
        monkeypatch.setenv("FASTCOMPANION_NOW", moment)

    return freeze


@pytest.fixture(scope="session")
def fresh_studies(tmp_path_factory: pytest.TempPathFactory) -> FreshStudies:
    """Studies as `init` leaves them, made once for each course and time: making one takes ten copies' time."""
    return FreshStudies(tmp_path_factory.mktemp("studies"))


class FreshStudies:
    """Makes studies by `init` and hands out copies of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[tuple[str, ...], Path] = {}

    def copy(self, to: Path, course: str, run: Runner) -> None:
        """Give a study of its own to a test, with the clock and the settings that the test has set."""
        told = [f"{name}={os.environ[name]}" for name in sorted(os.environ) if _matters(name)]
        key = (course, *told)
        if key not in self._made:
            made = self._folder / str(len(self._made)) / to.name
            outcome = run("init", made, "--yes", "--course", course)
            assert outcome.code == 0, outcome.err
            # It knows the study by its place.
            shutil.rmtree(made / ".fastcompanion" / "cache", ignore_errors=True)
            self._made[key] = made
        shutil.copytree(self._made[key], to, symlinks=True)


def _matters(name: str) -> bool:
    """Say whether a variable may show in a fresh study; the homes differ, and never do."""
    homes = ("FASTCOMPANION_HOME", "FASTCOMPANION_CACHE", "GIT_CONFIG_GLOBAL")
    return name.startswith(("FASTCOMPANION_", "GIT_", "TZ")) and name not in homes


@pytest.fixture
def study(
    tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch, fresh_studies: FreshStudies
) -> Path:
    """A fresh study repository as `init` makes it, without a course; the working folder is in it."""
    folder = tmp_path / "my study"
    fresh_studies.copy(folder, "none", run)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def built_in_study(
    tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch, fresh_studies: FreshStudies
) -> Path:
    """A fresh study with the built-in course `foundations` added."""
    folder = tmp_path / "my study"
    fresh_studies.copy(folder, "foundations", run)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def study_by_init(tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study with `foundations` that `init` itself made: copies lack what it knows of the course."""
    folder = tmp_path / "my study"
    outcome = run("init", folder, "--yes", "--course", "foundations")
    assert outcome.code == 0, outcome.err
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def unprivileged() -> Callable[[Callable[[], int]], int]:
    """Run a function in a forked child without root's rights; skips where that is impossible.

    The function returns an exit code; files it needs must be readable by everyone.
    """
    if not hasattr(os, "fork"):
        pytest.skip("no fork on this system: permission tests not run here")
    # The environment may lie where only root can read: what is imported late has to be here before.
    for name in ("filelock", "git", "jinja2", "tomlkit", "yaml"):
        with suppress(ImportError):  # as where a test has taken the program git away
            importlib.import_module(name)

    def runner(act: Callable[[], int]) -> int:
        child = os.fork()
        if child == 0:
            code = 99
            try:
                if os.geteuid() == 0:
                    os.setgroups([])
                    os.setgid(65534)
                    os.setuid(65534)
                code = act()
            finally:
                os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    return runner


@pytest.fixture
def open_tmp(tmp_path: Path) -> Iterator[Path]:
    """A temporary folder every user may enter, for tests that drop root."""
    folder = (
        Path("/tmp") / f"fc-open-{tmp_path.name}-{os.getpid()}" if os.name == "posix" else tmp_path
    )
    folder.mkdir(mode=0o777, exist_ok=True)
    folder.chmod(0o777)
    yield folder
    if folder != tmp_path:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitServer]:
    """Git over HTTP on this machine."""
    for name in (
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
    with GitServer(tmp_path / "served") as running:
        yield running
