"""Checking the files of a project against its table and its split: gone, broken, twice, in two parts."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.data import files, media_problems, problems
from fastcompanion.data.dataset import Finding, Problem
from fastcompanion.data.files import Folder
from fastcompanion.data.folds import Split
from fastcompanion.data.layouts import Masks
from fastcompanion.data.media import Found, What
from fastcompanion.data.parts import Parts
from fastcompanion.data.predictions import LABELS_APART
from fastcompanion.project.media import FOLDER, TABLE, TEST, WHERE
from fastcompanion.project.place import Project

_Rows = list[dict[str, str]]
_TEST = "test"


@frozen
class _SplitParts(Parts):
    """The part of each file by the project's own split, in place of the folder that it lies in."""

    by_file: Mapping[str, str] = field(default_factory=dict)

    def of(self, name: str) -> str:
        """Give the part that a file is in."""
        return self.by_file.get(name, "")


def find(project: Project, kind: str, target: str, split: Split) -> list[Problem]:
    """Look at every file that the tables name, as far as `data show` would."""
    train, test = _rows(project.data / TABLE), _rows(project.data / TEST)
    place = place_of(project)
    if not place.is_dir():
        raise CompanionError(
            "the files of the project are not there",
            hint="data/README.md says where to get them",
            file=place,
            code=Exit.MISSING,
        )
    folder = files.walk(place)
    masks = [row[target] for row in train] if kind == "segmentation" else []
    named = [*(row["file"] for row in (*train, *test)), *masks]
    gone = [name for name in named if files.size(folder, name) < 0]
    made = list(_gone(gone, folder))
    found = _found(kind, target, train, test, split, set(gone))
    return [*made, *media_problems.look_into(folder, found)[1]]


def place_of(project: Project) -> Path:
    """Say where the files are: in the project, or where they stayed."""
    where = project.data / WHERE
    return Path(store.read_text(where).strip()) if where.is_file() else project.data / FOLDER


def _rows(path: Path) -> _Rows:
    if not path.is_file():
        return []
    return list(csv.DictReader(io.StringIO(store.read_text(path), newline="")))


def _gone(gone: list[str], folder: Folder) -> list[Problem]:
    if not gone:
        return []
    text = (
        f"{len(gone)} files that the tables name are not in {folder.root}: {problems.some(gone)}."
    )
    return [Problem("missing-files", "stop", gone[0], text, "Get them again: data/README.md says where.")]  # fmt: skip


def _found(
    kind: str, target: str, train: _Rows, test: _Rows, split: Split, gone: set[str]
) -> Found:
    """Describe the files as `data show` does, but in the parts of the project's split."""
    train = [row for row in train if row["file"] not in gone]
    names = [row["file"] for row in train]
    tests = [row["file"] for row in test if row["file"] not in gone]
    parts = {row["file"]: split.parts.get(row["id"], "") for row in train}
    told = _SplitParts({}, frozenset(), {**parts, **dict.fromkeys(tests, _TEST)})
    what: What = "recordings" if kind.startswith("audio") else "images"
    masked = kind == "segmentation"
    pairs = {row["file"]: row[target] for row in train if row[target] not in gone}
    return Found(
        what=what,
        names=(*names, *tests),
        kind=Finding(kind, True),
        target=Finding(target, True),
        by_file={} if masked else {row["file"]: row[target] for row in train},
        parts=told,
        sign=LABELS_APART if kind == "images-labels" else "",
        masks=Masks(pairs, (), (), "") if masked else None,
    )
