"""A project on disk: where its files are, and what its two files of settings say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from fastcompanion.base import events, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace, absolute

VERSION = 1
RECORD, SETTINGS = ".fastcompanion.yml", "project.yml"
README, SPLITS = "README.md", "splits.csv"
MAJORITY, BASELINE = "majority", "baseline"


@frozen
class Record:
    """What we made: the template, what was answered, the SHA-256 of each file, the growth steps done."""

    template: str
    template_version: int
    answers: Mapping[str, Any]
    files: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[str, ...] = ()


@frozen
class Project:
    """A project: the folder that holds .fastcompanion.yml."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Project:
        """Find the project that `start` (default: the working folder) lies in, looking upward."""
        place = absolute(start or Path.cwd())
        for folder in (place, *place.parents):
            if (folder / RECORD).is_file():
                return cls(folder)
        raise CompanionError(
            f"{place} is not inside a project",
            hint="fastcompanion project new NAME --data PATH, or cd into your project (or --project PATH)",
            code=Exit.NOT_SET_UP,
        )

    @property
    def name(self) -> str:
        """The project's name."""
        return str(self.settings()["name"])

    @property
    def runs(self) -> Path:
        """What each model said, a folder each."""
        return self.root / "runs"

    @property
    def data(self) -> Path:
        """The data, which git does not see."""
        return self.root / "data"

    def settings(self) -> dict[str, Any]:
        """Read project.yml: what is predicted and how it is judged."""
        path = self.root / SETTINGS
        told = store.read_yaml(path)
        for name in ("name", "kind", "target", "metric", "direction", "seed"):
            if not isinstance(told, dict) or name not in told:
                raise CompanionError(
                    f"says nothing of {name!r}", hint="Take it from git again.", file=path
                )
        return dict(told)

    def record(self) -> Record:
        """Read what we made here."""
        path = self.root / RECORD
        told = store.check_version(store.read_yaml(path), path, current=VERSION)
        try:
            return Record(
                str(told["template"]["name"]),
                int(told["template"]["version"]),
                dict(told["answers"]),
                dict(told["files"]),
                tuple(told["steps"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CompanionError(f"does not describe a project: {error}", file=path) from None

    def keep(self, record: Record) -> Path:
        """Write down what we made; gives the file."""
        path = self.root / RECORD
        template = {"name": record.template, "version": record.template_version}
        told = {"version": VERSION, "template": template, "steps": list(record.steps)}
        store.write_yaml(
            path, {**told, "files": dict(record.files), "answers": dict(record.answers)}
        )
        return path


def register(study: Workspace, root: Path, name: str) -> None:
    """Note the project in its study and commit that; a place inside the study is written relative to it."""
    path = study.projects
    told = store.read_yaml(path) if path.exists() else {"version": 1, "projects": []}
    told = store.check_version(told, path)
    inside = root.is_relative_to(study.root)
    place = study.relative(root) if inside else str(root)
    others = [one for one in told.get("projects") or [] if one.get("path") != place]
    store.write_yaml(path, {"version": 1, "projects": [*others, {"name": name, "path": place}]})
    events.commit_paths(study, [path], f"Note the project {name}")
