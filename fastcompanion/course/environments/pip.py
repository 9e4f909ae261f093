"""venv and pip, for machines without uv: today's packages on a Python that is here."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fastcompanion.base import process, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.course.environments import shelf
from fastcompanion.course.environments.uv import (
    GET_UV,
    Lock,
    Package,
    UnresolvableError,
    Wanted,
    failure,
    scratch_folder,
)

_QUIET = ("--disable-pip-version-check", "--no-input")


class Pip:
    """Resolves with `pip install --dry-run` and installs exactly that; knows no dates."""

    def __init__(self, program: str = sys.executable) -> None:
        self.program = program
        self._resolved: dict[tuple[str, ...], Lock] = {}

    def resolve(self, wanted: Wanted) -> Lock:
        """Resolve today's releases in a scratch environment of the Python that will be used."""
        if wanted.before or wanted.package_before:
            raise CompanionError("packages of a day need uv", hint=GET_UV, code=Exit.MISSING)
        if wanted.requirements not in self._resolved:
            self._resolved[wanted.requirements] = self._resolve(wanted.requirements)
        return self._resolved[wanted.requirements]

    def _resolve(self, requirements: tuple[str, ...]) -> Lock:
        with scratch_folder() as folder:
            self.make_venv(folder / "venv", self.program)
            options = ("--dry-run", "--ignore-installed", "--quiet", "--report", "report.json")
            argv = _pip(folder / "venv", "install", *options, *requirements)
            done = process.run(argv, cwd=folder, check=False)
            if done.code != 0:
                raise _failed(done.err)
            return parse_report(store.read_json(folder / "report.json"))

    def make_venv(self, folder: Path, python: str) -> None:
        """Make an empty environment with pip in it."""
        done = process.run((python, "-m", "venv", "--clear", str(folder)), check=False)
        if done.code != 0:
            raise failure(f"no environment of {python} can be made", done.err or done.out)

    def install(self, folder: Path, lock: Lock, on_line: Callable[[str], None]) -> None:
        """Install the resolution, naming each release, so that nothing is chosen anew."""
        names = [f"{package.name}=={package.version}" for package in lock.packages]
        options = ("install", "--no-deps", "--progress-bar", "off")
        done = process.stream(_pip(folder, *options, *names), on_line, cwd=folder)
        if done.code != 0:
            raise failure("the packages can't be installed", done.out)


def _pip(folder: Path, *words: str) -> tuple[str, ...]:
    command, *rest = words
    return (str(shelf.python_of(folder)), "-m", "pip", command, *_QUIET, *rest)


def _failed(words: str) -> Exception:
    if re.search(r"connection|retrying|network|temporary failure", words, re.IGNORECASE):
        return failure("the packages can't be resolved", "could not connect: " + words[-200:])
    if re.search(r"ResolutionImpossible|No matching distribution", words):
        return UnresolvableError(words.strip())
    return failure("the packages can't be resolved", words)


def parse_report(report: Mapping[str, Any]) -> Lock:
    """Read pip's installation report as a lock; it has no text, as uv could not read it."""
    packages = tuple(_package(entry) for entry in report.get("install", ()))
    return Lock("", packages)


def _package(entry: Mapping[str, Any]) -> Package:
    details = entry["metadata"]
    url = str(entry.get("download_info", {}).get("url", ""))
    name = url.rpartition("/")[2]
    return Package(
        name=re.sub(r"[-_.]+", "-", str(details["name"])).lower(),
        version=str(details["version"]),
        url=url,
        wheel=name if name.endswith(".whl") else "",
    )
