"""Which competition a generated project is for: the line `competition:` of its project.yml."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.workspace import absolute
from fastcompanion.competition.site import target as targets
from fastcompanion.competition.site.target import Target

KEY = "competition"
SETTINGS, _RECORD = "project.yml", ".fastcompanion.yml"
_LINE = re.compile(rf"(?m)^{KEY}:[^\n]*\n?")


def project_of(start: Path | None = None) -> Path | None:
    """Find the generated project that a folder (default: the working folder) lies in; None where there is none."""
    place = absolute(start or Path.cwd())
    for folder in (place, *place.parents):
        if (folder / _RECORD).is_file() and (folder / SETTINGS).is_file():
            return folder
    return None


def read(start: Path | None = None) -> str:
    """Name the competition of the project that a folder lies in, such as `practice/titanic`; else empty."""
    project = project_of(start)
    return of(project) if project is not None else ""


def target(text: str, start: Path | None = None) -> Target:
    """Tell which competition is meant: the one that was named, else that of the project we are in."""
    return targets.find(text.strip() or read(start))


def of(project: Path) -> str:
    """Name the competition of a project, empty where it has none."""
    path = project / SETTINGS
    told = store.read_yaml(path)
    named: Any = told.get(KEY, "") if isinstance(told, dict) else ""
    if named in ("", None):
        return ""
    if not isinstance(named, str):
        raise CompanionError(
            f"{KEY} is no name of a competition: {named!r}",
            hint=f"Write it as {KEY}: kaggle/titanic, or practice/titanic.",
            file=path,
        )
    return named.strip()


def write(project: Path, name: str) -> Path:
    """Write which competition a project is for, and leave every other line as it is; gives the file."""
    path = project / SETTINGS
    text = store.read_text(path)
    line = f"{KEY}: {json.dumps(name, ensure_ascii=False)}\n"
    if _LINE.search(text):
        made = _LINE.sub(lambda _: line, text, count=1)
    else:
        made = text.rstrip("\n") + "\n" + line
    store.write_text(path, made)
    return path
