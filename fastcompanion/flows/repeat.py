"""`lesson repeat`: the lesson's techniques on the learner's own data, in a notebook made for it.

The notebook says what the data are and what to beat, and has a cell that loads them. Beside it, in a folder
of its own, lie the split, the baseline's predictions and what was found; the notebook is written last.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastcompanion.base import clock, events, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace, absolute, home
from fastcompanion.course.library import lessons
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.progress import REPEATING
from fastcompanion.course.scaffolds.scaffold import scaffold
from fastcompanion.data import folds, loaders, loaders_files, look, predictions, task
from fastcompanion.data.dataset import DataSet, Metric, Question, SplitRule
from fastcompanion.data.predictions import Run
from fastcompanion.data.scores import Score
from fastcompanion.data.task import Task, Wanted
from fastcompanion.flows import lesson_data

VERSION = 1
ABOUT, NAIVE, LABELS = "repeat.json", "naive", loaders_files.LISTED
PROMPT = "*Write a sentence or two: what you did, how good it is against the baseline, what surprised you.*"
_Ask = Callable[[Question], str]
_IGNORED = "# The learner's data stay out of git\n/.gitignore\n/naive/\n/mine-*.csv\n/labels.csv\n"


@frozen
class Asked:
    """What the learner typed: a lesson in short form, one of its notebooks, and what is said of the data."""

    lesson: str | None
    notebook: str | None
    data: Wanted


@frozen
class Repeating:
    """A repeat notebook that was made, or with `dry_run` would be; `sections` are the techniques in it."""

    lesson: str
    title: str
    notebook: str
    folder: str
    dry_run: bool
    data: DataSet
    metric: Metric
    split: SplitRule
    baseline: str
    learned: str
    score: Score
    sections: tuple[str, ...]
    notes: tuple[str, ...]


@frozen
class _Place:
    """The lesson, and where its repeat notebook belongs."""

    ws: Workspace
    course: Course
    lesson: Lesson
    ref: NotebookRef

    @property
    def notebook(self) -> Path:
        return self.ws.notebook(self.lesson.id, self.ref.id, "repeat")

    @property
    def folder(self) -> Path:
        return self.ws.repeat_folder(self.lesson.id, self.ref.id)


def make(
    ws: Workspace, asked: Asked, *, ask: _Ask | None, dry_run: bool = False, reporter: Reporter
) -> Repeating:
    """Look at a data set and make the notebook that repeats a lesson on it; one that is there is never touched.

    `ask` is how a guess is put to the learner, None where nobody can be asked: then it is taken and said.
    """
    course, lesson = lessons.find(ws, asked.lesson)
    place = _Place(ws, course, lesson, lessons.notebook_of(lesson, asked.notebook))
    _refuse_to_overwrite(place)
    data, seen = _looked_at(asked.data, ask)
    reporter.note(f"{seen.path}: {seen.about}")
    made = task.make(data, seen, reporter=reporter)
    original = _original(place)
    digests = task.digest(made.folder, made)
    notes = [*_guesses(seen, ask), *made.notes]
    columns = [column.name for column in seen.columns]
    doubts = lesson_data.refuse(
        ws, course, lesson, place.ref, original, made.folder, digests, columns
    )
    notes += doubts
    sections = _sections(place, original)
    if original is None:
        notes.append("the original is not on this machine, so its headings are not in the notebook")
    if made.is_perfect:
        notes.append(
            f"{made.best.name} makes no mistake here, so no model can be better: take data that are harder"
        )
    if not dry_run:
        _write(place, made, sections, _about(place, made, digests) | {"doubts": doubts})
        _record(place, made)
    return Repeating(
        lesson=lesson.id,
        title=lesson.title,
        notebook=ws.relative(place.notebook),
        folder=ws.relative(place.folder),
        dry_run=dry_run,
        data=seen,
        metric=made.metric,
        split=made.split.rule,
        baseline=made.best.name,
        learned=made.best.learned,
        score=made.best.score,
        sections=tuple(sections),
        notes=tuple(notes),
    )


def _refuse_to_overwrite(place: _Place) -> None:
    path = place.notebook
    if path.is_symlink() or (path.exists() and path.stat().st_size > 0):
        raise CompanionError(
            "is there already, and stays as it is",
            hint=f"fastcompanion check {place.lesson.id} --step repeat   "
            "(to begin anew with other data, move it and its folder away)",
            file=path,
        )


def _looked_at(data: Wanted, ask: _Ask | None) -> tuple[Wanted, DataSet]:
    """Look at the data, and again with each answer of the learner to what is a guess."""
    said = {"--target": data.target, "--kind": data.kind}
    while True:
        found = look.look(data.path, target=said["--target"], kind=said["--kind"])
        open_ = [one for one in found.questions if not said[one.flag]]
        answer = ask(open_[0]).strip() if ask is not None and open_ else ""
        if not answer:
            return Wanted(data.path, said["--target"], said["--kind"], data.metric), found
        said[open_[0].flag] = answer


def _guesses(seen: DataSet, ask: _Ask | None) -> list[str]:
    if ask is not None:
        return []
    return [
        f"{one.text} {one.guess} is a guess: say it with {one.flag}"
        for one in seen.questions
        if one.guess
    ]


def _original(place: _Place) -> dict[str, Any] | None:
    """Read the lesson's notebook; None where it is on no disk, as the learner can repeat it all the same."""
    try:
        return notebook.read(lessons.original(place.course, place.ref))
    except CompanionError as error:
        if error.code is Exit.MISSING:
            return None
        raise


def _sections(place: _Place, original: Mapping[str, Any] | None) -> dict[str, str]:
    """Give id and title of what there is to do in the lesson."""
    if original is None:
        return {one.id: one.id.replace("-", " ") for one in place.lesson.sections}
    made = scaffold(original, place.lesson, place.ref)
    return {one.id: one.title for one in made.sections}


def _write(
    place: _Place, made: Task, sections: Mapping[str, str], about: Mapping[str, Any]
) -> None:
    """Write the folder and, when all of it stands, the notebook; what breaks off leaves nothing new."""
    is_new = not place.folder.exists()
    book = _notebook(place, made, sections)
    try:
        store.make_folder(place.folder)
        folds.write(place.folder, made.split)
        predictions.write(place.folder / NAIVE, _run(made), made.best.predictions)
        if loaders_files.needs_list(made):
            store.write_text(place.folder / LABELS, _list(made))
        store.write_text(place.folder / ".gitignore", _IGNORED)
        store.write_json(place.folder / ABOUT, about)
        notebook.write(place.notebook, book)
    except BaseException:
        if is_new:
            store.remove(place.folder)
        raise


def _list(made: Task) -> str:
    told = loaders_files.listed_labels(made)
    return folds.to_text({name: told[name] for name in made.split.parts}).replace("id,part", "id,label", 1)  # fmt: skip


def _run(made: Task) -> Run:
    return Run(
        name=made.best.name,
        kind=made.kind,  # type: ignore[arg-type]
        target=made.seen.target.value,
        metric=made.metric.name,
        direction=made.metric.direction,
        split=made.split.digest,
        at=clock.stamp(),
        settings={"scale": made.scale},
    )


def _about(place: _Place, made: Task, digests: Mapping[str, str]) -> dict[str, Any]:
    return {
        "version": VERSION,
        "lesson": place.lesson.id,
        "notebook": place.ref.id,
        "data": _kept_path(place.ws, made.folder.root),
        "kind": made.kind,
        "target": made.seen.target.value,
        "metric": made.metric.name,
        "direction": made.metric.direction,
        "scale": made.scale,
        "ordered": made.ordered,
        "split": made.split.digest,
        "baseline": {
            "name": made.best.name,
            "learned": made.best.learned,
            **asdict(made.best.score),
        },
        "files": dict(digests),
    }


def _record(place: _Place, made: Task) -> None:
    score = made.best.score
    data = {
        "notebook": place.ref.id,
        "kind": made.kind,
        "metric": made.metric.name,
        "baseline": {"name": made.best.name, "value": score.value, "low": score.low, "high": score.high, "n": score.n},
    }  # fmt: skip
    events.record(place.ws, REPEATING, place.lesson.id, data)


def _notebook(place: _Place, made: Task, sections: Mapping[str, str]) -> dict[str, Any]:
    root = absolute(made.folder.root)
    folder = place.folder.name
    cells = loaders.cells(made, _python_path(place, root), folder)
    values = {
        "title": place.lesson.title,
        "lesson": place.lesson.id,
        "path": _shown_path(root),
        "folder": folder,
    }
    book = {
        "cells": _cells(loaders.header(made, values), cells, sections),
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            # No `lesson`: by that %check knows reproductions.
            "fastcompanion": {
                "version": 1,
                "repeats": place.lesson.id,
                "notebook": place.ref.id,
            },
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return book


def _cells(head: str, made: loaders.Cells, sections: Mapping[str, str]) -> list[dict[str, Any]]:
    cells = [
        _cell("markdown", head, "header"),
        _cell(
            "markdown",
            "## The data\n\nThe cell is yours: read it, and change what you like.",
            "header",
        ),
        _cell("code", made.loader, "loader"),
    ]
    if sections:
        text = "## The lesson's techniques\n\nWhat the lesson does, on this data. Leave out what makes no sense here."
        cells.append(_cell("markdown", text, "header"))
    for name, title in sections.items():
        cells.append(_cell("markdown", f"### {title}", "technique", of=name))
        cells.append(_cell("code", "# on your data", "technique", of=name))
    text = (
        "## What your model says\n\nOf the rows that it has not seen. Run this when it is trained."
    )
    cells += [
        _cell("markdown", text, "header"),
        _cell("code", made.predictions, "predictions"),
        _cell("markdown", f"## What came of it\n\n{PROMPT}", "note"),
    ]
    return [cell | {"id": _cell_id(number, cell)} for number, cell in enumerate(cells)]


def _cell(kind: str, source: str, role: str, **more: str) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": kind,
        "metadata": {"fastcompanion": {"role": role, **more}},
        "source": source,
    }
    return cell | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def _cell_id(number: int, cell: Mapping[str, Any]) -> str:
    text = f"{number} {cell['metadata']['fastcompanion']['role']}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _python_path(place: _Place, root: Path) -> str:
    """Write where the data lie: relative inside the study, without the user's name below their home."""
    beside = place.notebook.parent
    if root.is_relative_to(place.ws.root):
        return f"Path({Path(os.path.relpath(root, beside)).as_posix()!r})"
    if root.is_relative_to(home()):
        return f"Path({_shown_path(root)!r}).expanduser()"
    return f"Path({str(root)!r})"


def _kept_path(ws: Workspace, path: Path) -> str:
    place = absolute(path)
    inside = place.is_relative_to(ws.root)
    return place.relative_to(ws.root).as_posix() if inside else _shown_path(place)


def _shown_path(path: Path) -> str:
    place = absolute(path)
    inside = place.is_relative_to(home())
    return f"~/{place.relative_to(home()).as_posix()}" if inside else str(place)
