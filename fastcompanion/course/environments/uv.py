"""The uv program: resolving, Pythons, virtual environments and installing, with clear errors.

uv is asked for and never required to be a dependency of ours: `installers.py` falls back on venv
and pip for what these can do. Indexes are the learner's affair: uv reads its own settings.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from datetime import datetime
from pathlib import Path
from typing import Any

from fastcompanion.base import clock, process, workspace
from fastcompanion.base import store as files
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen

GET_UV = "Get it: pipx install uv (or: python -m pip install --upgrade uv), then try again"
# The first that takes an upload limit for a single package.
_OLDEST = (0, 8, 4)
_COMPILE = ("pip", "compile", "-", "--format", "pylock.toml", "--no-annotate", "--no-header")
_NETWORK = re.compile(
    r"failed to fetch|error sending request|dns error|connection refused|failed to download"
    r"|network (is unreachable|connectivity)|timed out|could not connect|client error",
    re.IGNORECASE,
)
_DISK = re.compile(r"no space left|os error 28\b|disk quota", re.IGNORECASE)


class UnresolvableError(Exception):
    """No set of releases meets the requirements; `reason` is uv's explanation."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@frozen
class Package:
    """One locked release. `url` may be a web address or a file; `size` in bytes or None."""

    name: str
    version: str
    url: str = ""
    size: int | None = None
    uploaded: str = ""
    wheel: str = ""
    direct: str = ""

    @property
    def pin(self) -> str:
        """The requirement that gives just this release; `direct` is a place outside the index."""
        return f"{self.name} @ {self.direct}" if self.direct else f"{self.name}=={self.version}"

    @property
    def compiled(self) -> bool:
        """Whether the release is built for one platform (so it was compiled against others)."""
        return bool(self.wheel) and not self.wheel.endswith("-none-any.whl")

    @property
    def extension(self) -> bool:
        """Whether it is built against one Python's C interface, as others may be against it."""
        return re.search(r"-cp\d+-(cp\d+|abi3)", self.wheel) is not None


@frozen
class Lock:
    """A resolution: exactly what will be installed, as text (pylock.toml) and as packages."""

    text: str
    packages: tuple[Package, ...]

    @property
    def versions(self) -> dict[str, str]:
        """Version by name."""
        return {package.name: package.version for package in self.packages}

    def get(self, name: str) -> Package | None:
        """Give the package of that (normalised) name."""
        return next((package for package in self.packages if package.name == name), None)


@frozen
class Wanted:
    """What to resolve. `before` and the values of `package_before` are RFC 3339 upload limits."""

    requirements: tuple[str, ...]
    python: str
    before: str = ""
    package_before: Mapping[str, str] = field(default_factory=dict)
    constraints: tuple[str, ...] = ()
    only_wheels: bool = False
    dependencies: bool = True
    prefer: str = ""


@frozen
class Uv:
    """A uv that works; `argv` starts it."""

    argv: tuple[str, ...]
    version: str

    def resolve(self, wanted: Wanted) -> Lock:
        """Resolve without installing anything; raises UnresolvableError when nothing fits."""
        with scratch_folder() as folder:
            done = self._run((*_COMPILE, *_resolve_options(wanted, folder)), wanted.requirements)
            text = files.read_text(folder / "pylock.toml") if done.code == 0 else ""
        if done.code == 0:
            return parse_lock(text)
        if "No solution found" in done.err or "not found in the package registry" in done.err:
            raise UnresolvableError(done.err.strip())
        raise failure("the packages can't be resolved", done.err)

    def install(self, folder: Path, lock: Lock, on_line: Callable[[str], None]) -> None:
        """Install a resolution into an environment, exactly.

        By name and version: what uv installs from a pylock.toml it neither takes from its cache
        nor shares between environments (uv 0.13).
        """
        with scratch_folder() as scratch:
            pins = scratch / "pins.txt"
            files.write_text(pins, "".join(f"{package.pin}\n" for package in lock.packages))
            words = [
                "pip",
                "install",
                "--no-deps",
                "--python",
                str(_python(folder)),
                "-r",
                str(pins),
            ]
            words += ["--no-build"] if all(package.wheel for package in lock.packages) else []
            argv = (*self.argv, "--color", "never", *words)
            done = process.stream(argv, on_line, cwd=scratch, env=_environ())
        if done.code != 0:
            raise failure("the packages can't be installed", done.out)

    def make_venv(self, folder: Path, python: str) -> None:
        """Make an empty virtual environment of a Python (a version or a program)."""
        words = ("venv", "--no-project", "--python", python, str(folder))
        done = self._run(words)
        if done.code != 0:
            raise failure(f"no environment of Python {python} can be made", done.err)

    def find_python(self, version: str) -> Path | None:
        """Find an installed Python of a version like 3.10 without fetching one."""
        words = ("python", "find", "--no-project", "--no-python-downloads", version)
        done = self._run(words)
        found = Path(done.out.strip()) if done.code == 0 and done.out.strip() else None
        return found or _pyenv_python(version)

    def fetch_python(self, version: str) -> Path | None:
        """Fetch a Python into uv's own folder; None when it can't be had."""
        done = self._run(("python", "install", version))
        return self.find_python(version) if done.code == 0 else None

    def _run(self, words: Sequence[str], stdin: Sequence[str] = ()) -> process.Completed:
        # The working folder must hold no pyproject.toml: uv would take its settings.
        home = workspace.environments_folder()
        files.make_folder(home)
        argv = (*self.argv, "--color", "never", "--no-progress", *words)
        text = "\n".join(stdin)
        return process.run(argv, cwd=home, env=_environ(), check=False, stdin=text)


def find_uv() -> Uv | None:
    """Find a uv that answers and is new enough: the program on PATH, else our Python's own."""
    for argv in _candidates():
        try:
            done = process.run((*argv, "--version"), check=False, timeout=30)
        except CompanionError:
            continue
        words = done.out.split()
        if done.code == 0 and len(words) >= 2 and words[0] == "uv" and _known(words[1]):
            return Uv(argv, words[1])
    return None


def need_uv(what: str) -> Uv:
    """Give uv, or say what needs it and how to get it (exit 5)."""
    uv = find_uv()
    if uv is None:
        oldest = ".".join(map(str, _OLDEST))
        raise CompanionError(
            f"{what} needs uv {oldest} or newer, which is not here", hint=GET_UV, code=Exit.MISSING
        )
    return uv


def _known(version: str) -> bool:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3]) >= _OLDEST


def _candidates() -> list[tuple[str, ...]]:
    found = process.which("uv")
    candidates: list[tuple[str, ...]] = [(str(found),)] if found else []
    if importlib.util.find_spec("uv") is not None:
        candidates.append((sys.executable, "-m", "uv"))
    return candidates


def _environ() -> dict[str, str]:
    # An active environment of the learner's must not catch what is meant for the new one.
    return {"VIRTUAL_ENV": "", "CONDA_PREFIX": "", "UV_PREVIEW_FEATURES": "pylock"}


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a folder for the files that uv reads and writes, gone when the block ends.

    All of them lie equally deep: paths in a lock file are relative to its folder.
    """
    folder = workspace.environments_folder() / ".scratch" / clock.new_id()
    files.make_folder(folder)
    try:
        yield folder
    finally:
        files.remove(folder)


def _resolve_options(wanted: Wanted, folder: Path) -> list[str]:
    output = folder / "pylock.toml"
    if wanted.prefer:
        # uv keeps the versions of an existing output file where the requirements allow.
        files.write_text(output, wanted.prefer)
    words = ["--quiet", "--python-version", wanted.python, "--output-file", str(output)]
    # Our own interpreter tells the platform; without it uv tries every Python on PATH.
    words += ["--python", sys.executable]
    words += ["--exclude-newer", wanted.before] if wanted.before else []
    for name, limit in sorted(wanted.package_before.items()):
        words += ["--exclude-newer-package", f"{name}={limit}"]
    if wanted.constraints:
        limits = folder / "constraints.txt"
        files.write_text(limits, "\n".join(wanted.constraints) + "\n")
        words += ["--constraints", str(limits)]
    words += ["--only-binary", ":all:"] if wanted.only_wheels else []
    words += [] if wanted.dependencies else ["--no-deps"]
    return words


def parse_lock(text: str) -> Lock:
    """Read a pylock.toml that uv wrote for one Python and platform."""
    data = tomllib.loads(text)
    return Lock(text, tuple(_package(entry) for entry in data.get("packages", ())))


def _package(entry: Mapping[str, Any]) -> Package:
    wheels = entry.get("wheels") or ()
    source: Mapping[str, Any] = wheels[0] if wheels else entry.get("sdist") or {}
    place = str(source.get("url") or source.get("path") or "")
    return Package(
        name=str(entry["name"]),
        version=str(entry.get("version", "")),
        url=place,
        size=source.get("size"),
        uploaded=_written(source.get("upload-time", "")),
        wheel=place.rpartition("/")[2].partition("#")[0] if wheels else "",
        direct=_direct(entry),
    )


def _direct(entry: Mapping[str, Any]) -> str:
    if vcs := entry.get("vcs"):
        return f"{vcs['type']}+{vcs.get('url', '')}@{vcs['commit-id']}"
    if archive := entry.get("archive"):
        return str(archive.get("url", ""))
    return ""


def _written(moment: object) -> str:
    # TOML has times of its own; a lock may also hold them as text.
    return moment.isoformat() if isinstance(moment, datetime) else str(moment)


def _pyenv_python(version: str) -> Path | None:
    """Look where pyenv keeps its Pythons: its shims on PATH don't answer for unchosen ones."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = sorted(root.glob(f"versions/{version}.*/bin/python"))
    return found[-1] if found else None


def failure(what: str, words: str) -> CompanionError:
    """Turn an installer's last words into our error; the network and the disk have their cures."""
    told = " ".join(line.strip() for line in words.strip().splitlines()[-12:])
    reason = told[-600:] or "no reason given"
    if _DISK.search(words):
        return CompanionError(f"{what}: no disk space", hint="Free some space and try again.")
    if _NETWORK.search(words):
        return CompanionError(
            f"{what}: the package index can't be reached ({reason[-200:]})",
            hint="Check the connection and run the same command again; nothing is left behind.",
            code=Exit.MISSING,
        )
    return CompanionError(f"{what}: {reason}")
