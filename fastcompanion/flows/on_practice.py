"""A project's model on the rows of a practice competition: its code, with the data of the competition.

A practice competition may be made of the very data of a project. Its hidden rows are some of those
that the project learns from, so the project's own submission would be of other rows, and its models
would have seen the answers. Here a copy of the code learns from the competition's train.csv alone.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from fastcompanion.base import store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.reporter import Reporter
from fastcompanion.competition.practice import place as places
from fastcompanion.competition.practice.place import Competition, Place
from fastcompanion.competition.site.target import Target, is_inside
from fastcompanion.project import render, running
from fastcompanion.project.place import SETTINGS, SPLITS, Project

_SUBMIT, _FILE = "submit.py", "submission.csv"
_METRIC = re.compile(r"(?m)^metric:[^\n]*$")
_CODE = ("*.py", SETTINGS, SPLITS)

Rows = list[list[str]]


def needs_copy(project: Project, target: Target) -> bool:
    """Tell whether a project's test rows are others than those of a practice competition of this machine."""
    if not target.practice or is_inside():
        return False
    place = places.at(target.slug)
    if not place.about.is_file():
        return False
    return _asked(project) != {row[0] for row in _table(place.public / places.SAMPLE)[1:]}


def _asked(project: Project) -> set[str]:
    """Give the ids that the project's own submission has, none where it has no rows to predict."""
    sample, test = project.data / places.SAMPLE, project.data / places.TEST
    if sample.is_file():
        return {row[0] for row in _table(sample)[1:]}
    if not test.is_file():
        return set()
    header, *rows = _table(test)
    name = _id_column(project)
    if not name or name not in header:
        return {str(number) for number in range(1, len(rows) + 1)}
    column = header.index(name)
    return {row[column] for row in rows}


def _id_column(project: Project) -> str:
    return str(project.record().answers.get("id") or "")


def predict(
    project: Project, target: Target, model: str, *, python: Sequence[str], reporter: Reporter
) -> Path:
    """Write the project's submission.csv for a practice competition of its own data."""
    place = places.at(target.slug)
    told = places.read(place)
    _fits(project, told)
    folder = workspace.runtime_folder()
    try:
        _copy_code(project, folder, told)
        ids = _copy_data(project, place, folder / "data")
        running.script(Project(folder), [_SUBMIT, model], python=python, reporter=reporter)
        rows = _table(folder / _FILE)
    finally:
        store.remove(folder)
    if ids:
        # A row that nobody asked for stays as it is: validation tells of it.
        rows = [*rows[:1], *([ids.get(row[0], row[0]), *row[1:]] for row in rows[1:])]
    made = project.root / _FILE
    store.write_text(made, _text(rows))
    return made


def _fits(project: Project, told: Competition) -> None:
    wanted, has = told.target, str(project.settings()["target"])
    if wanted != has:
        raise CompanionError(
            f"practice/{told.slug} asks for {wanted}, and the project predicts {has}",
            hint="fastcompanion kaggle practice new --from DATA --target, of the project's own data",
            code=Exit.USAGE,
        )


def _copy_code(project: Project, folder: Path, told: Competition) -> None:
    for pattern in _CODE:
        for path in project.root.glob(pattern):
            store.write_bytes(folder / path.name, store.read_bytes(path), durable=False)
    if not (folder / _SUBMIT).exists():
        # A project without rows to predict has no such step.
        texts = render.texts(project.record().answers, {_SUBMIT: _SUBMIT})
        store.write_text(folder / _SUBMIT, texts[_SUBMIT], durable=False)
    if (weights := project.root / "weights").is_dir():
        store.link(weights, folder / "weights")
    # What stands in a submission, a class or a probability, goes by the metric of the competition.
    text = store.read_text(folder / SETTINGS)
    store.write_text(
        folder / SETTINGS, _METRIC.sub(f"metric: {told.metric}", text, count=1), durable=False
    )


def _copy_data(project: Project, place: Place, data: Path) -> Mapping[str, str]:
    """Copy the competition's files; gives its ids by number where the project knows rows by number alone."""
    for name in places.FILES:
        store.write_bytes(data / name, store.read_bytes(place.public / name), durable=False)
    if _id_column(project):
        return {}
    header, *rows = _table(data / places.SAMPLE)
    numbered = [[str(number), *row[1:]] for number, row in enumerate(rows, start=1)]
    store.write_text(data / places.SAMPLE, _text([header, *numbered]), durable=False)
    return {str(number): row[0] for number, row in enumerate(rows, start=1)}


def _table(path: Path) -> Rows:
    return [row for row in csv.reader(io.StringIO(store.read_text(path))) if row]


def _text(rows: Rows) -> str:
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerows(rows)
    return made.getvalue()
