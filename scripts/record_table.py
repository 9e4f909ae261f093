"""Record the checks of many notebooks and write docs/checks-figures.md.

    python -m scripts.record_table --courses FOLDER --work FOLDER [--kernel NAME] [--data TITANIC]
        [--only LESSON ...] [--operators LESSON ...] [--minutes N]
        [--reproductions NAME=LESSON] [--held-out] [--page FILE]

scripts/survey.toml names the notebooks. Each is run plainly, then recorded, one after another; what
came out is kept in WORK/results, and a notebook that has its result there is not recorded again. The
page is written from these results alone. Held-out reproductions are run when asked for only. For the
notebooks named with --operators, each kind of mistake is tried on the finished record.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.kernel import Interpreter, Limits
from fastcompanion.base.reporter import SILENT
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import check
from fastcompanion.course.environments import find_interpreter
from fastcompanion.course.library import catalogue, courses, lessons
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.recording import operators, recorder
from fastcompanion.course.running import run
from fastcompanion.course.scaffolds.scaffold import scaffold
from scripts.figures_page import page

ROOT = Path(__file__).resolve().parents[1]
SURVEY = ROOT / "scripts" / "survey.toml"
FIXTURES = ROOT / "tests" / "fixtures"
REPRODUCTIONS = FIXTURES / "reproductions"
PAGE = ROOT / "docs" / "checks-figures.md"
LIMITS = Limits(cell_seconds=180, total_seconds=300)
BUDGET = Limits(cell_seconds=600, total_seconds=3600)
MOST = 12  # of each kind that tell something in checked sections; a third of it in the others
# A lesson that asks pip for packages gets none: what it needs is there, or it can't run here.
OFFLINE = {"PIP_NO_INDEX": "1", "MPLBACKEND": "agg", "CUDA_VISIBLE_DEVICES": ""}
_BLOCK = re.compile(r"^# %% \[section ([a-z0-9-]+)\]\s*$", re.MULTILINE)
_PLAIN_END = ("clean",)


@dataclass(frozen=True)
class Place:
    """Where things are: the fetched courses, our own work folder, and what runs the notebooks."""

    courses: Path
    work: Path
    kernel: str | None
    until: float = math.inf  # of clock.monotonic(): nothing is begun after it

    @property
    def limits(self) -> Limits:
        """Give what a recording may take from now on."""
        left = max(0.0, self.until - clock.monotonic())
        return replace(BUDGET, total_seconds=min(left, BUDGET.total_seconds))

    @property
    def study(self) -> Workspace:
        """A study of our own, made when it is not there."""
        folder = self.work / "study"
        folder.mkdir(parents=True, exist_ok=True)
        study = Workspace(folder)
        if not study.settings.exists():
            study.settings.write_text("version = 1\n", encoding="utf-8")
        return study

    @property
    def results(self) -> Path:
        """One JSON file for each notebook."""
        folder = self.work / "results"
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def say(text: str) -> None:
    """Tell how far it is."""
    print(text, file=sys.stderr, flush=True)


def added(place: Place, told: Mapping[str, Any]) -> Course:
    """Add a course of the survey to the study, unless it is there."""
    if told["id"] not in courses.ids(place.study):
        courses.add(place.study, str(source_folder(place, told)), as_id=told["id"])
    return courses.load(place.study, told["id"])


def source_folder(place: Place, told: Mapping[str, Any]) -> Path:
    """Find a course's folder; copies under other names, and built-in lessons, get one of their own."""
    if "built_in" in told:
        return foreign(told["built_in"], place.work / "sources" / told["id"])
    folder: Path = place.courses / str(told["folder"])
    if "copies" not in told:
        return folder
    target = place.work / "sources" / str(told["id"])
    target.mkdir(parents=True, exist_ok=True)
    for name, source in told["copies"].items():
        shutil.copyfile(folder / source, target / name)
    return target


def foreign(course_id: str, target: Path) -> Path:
    """Copy the notebooks and data of a built-in course, without anything that was written for it."""
    root: Path = catalogue.course(course_id).root
    shutil.copytree(root, target, ignore=shutil.ignore_patterns("*.yaml", "*.py", "*.json"))
    return target


def commit_of(place: Place, told: Mapping[str, Any]) -> str:
    """Say which state of a fetched course is looked at; nothing for what is built in."""
    return head(place.courses / told["folder"]) if "folder" in told else ""


def head(folder: Path) -> str:
    """Give the commit that a folder is at, "" where there is none."""
    argv = ["git", "-C", str(folder), "rev-parse", "HEAD"]
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()


def plain(
    place: Place, course: Course, lesson: Lesson, ref: NotebookRef, beside: list[str]
) -> dict[str, Any]:
    """Run a notebook plainly in a fresh kernel; say how it went and how long it took."""
    run.copy_original(place.study, course, lesson, ref)
    for name in beside:
        run.copy_original(place.study, course, lesson, ref, data=place.work / "standins" / name)
    made = run.execute(
        place.study, course, lesson, ref, kernel=place.kernel, limits=LIMITS, reporter=SILENT
    )
    error = f"{made.words} ({made.origin.error[:90]})" if made.origin is not None else made.words
    return {"verdict": made.verdict, "words": error, "seconds": made.seconds}


def recorded(
    place: Place, course: Course, lesson: Lesson, ref: NotebookRef
) -> recorder.RecordReport:
    """Record a notebook from nothing."""
    shutil.rmtree(place.study.private / "recording", ignore_errors=True)
    interpreter = find_interpreter(place.kernel, course, place.study)
    asked = recorder.Asked(course, lesson, ref, interpreter, place.limits)
    return recorder.record(place.study, asked)


def tried(place: Place, told: Mapping[str, Any], number: str) -> None:
    """Try each kind of mistake on what was recorded of a notebook, and add it to its result."""
    target = place.results / f"{told['id']}-{number}.json"
    found = json.loads(target.read_text(encoding="utf-8")) if target.exists() else {}
    if "operators" in found or "record" not in found or not place.limits.total_seconds:
        return
    course = added(place, told)
    lesson = next(one for one in course.lessons if one.number == number)
    interpreter = find_interpreter(place.kernel, course, place.study)
    ref = lessons.notebook_of(lesson, None)
    asked = recorder.Asked(course, lesson, ref, interpreter, place.limits)
    begun = clock.monotonic()
    told_ = operators.tally(place.study, asked, MOST)
    found["operators"] = {**asdict(told_), "program": head(ROOT)}
    target.write_text(json.dumps(found, indent=1, default=str) + "\n", encoding="utf-8")
    say(f"  {len(found['operators']['tried'])} mistakes in {clock.monotonic() - begun:.0f} s")


def surveyed(place: Place, told: Mapping[str, Any], number: str, beside: list[str]) -> None:
    """Run and record one notebook, and keep what came out."""
    target = place.results / f"{told['id']}-{number}.json"
    if target.exists() or not place.limits.total_seconds:
        return
    course = added(place, told)
    lesson = next(one for one in course.lessons if one.number == number)
    ref = lessons.notebook_of(lesson, None)
    found: dict[str, Any] = {
        "lesson": lesson.id,
        "source": told["source"],
        "path": told.get("copies", {}).get(ref.path, ref.path),
        "style": told["style"],
        "commit": commit_of(place, told),
        "program": head(ROOT),
        "why": told.get("why", {}).get(number, ""),
    }
    say(f"{lesson.id} {ref.path}")
    found["plain"] = plain(place, course, lesson, ref, beside)
    if found["plain"]["verdict"] in _PLAIN_END or number in told.get("partly", ()):
        begun = clock.monotonic()
        try:
            report = recorded(place, course, lesson, ref)
            found["record"] = {**asdict(report), "path": None}
        except CompanionError as error:
            found["failed"] = error.message
        found["seconds"] = round(clock.monotonic() - begun, 1)
    target.write_text(json.dumps(found, indent=1, default=str) + "\n", encoding="utf-8")
    say(f"  {found['plain']['verdict']}, recorded in {found.get('seconds', 0):.0f} s")


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """Read a reproduction: the learner's cells with the id of their section."""
    parts = _BLOCK.split(text)
    yield from zip(parts[1::2], (part.strip("\n") for part in parts[2::2]), strict=True)


def mark_of(cell: Mapping[str, Any]) -> dict[str, str]:
    """Give what our scaffolds note in a cell."""
    found: dict[str, str] = cell["metadata"].get("fastcompanion", {})
    return found


def is_work(mark: Mapping[str, str]) -> bool:
    """Is it a cell for the learner's work?"""
    return mark.get("role") == "work"


def filled(made: Mapping[str, Any], own: list[tuple[str, str]]) -> dict[str, Any]:
    """Put a learner's cells into a scaffold, in the place of its empty ones."""
    cells: list[dict[str, Any]] = []
    for cell in made["cells"]:
        mark = mark_of(cell)
        mine = [source for section, source in own if section == mark.get("section")]
        if not is_work(mark) or not mine:
            cells.append(cell)
        elif not any(mark_of(other) == mark for other in cells):
            cells += [{**cell, "id": f"{cell['id']}-{n}", "source": s} for n, s in enumerate(mine)]
    return {**made, "cells": cells}


def reproduced(
    place: Place,
    course: Course,
    lesson: Lesson,
    ref: NotebookRef,
    path: Path,
    interpreter: Interpreter,
) -> dict[str, Any]:
    """Check one honest reproduction by what was recorded; counts its sections by verdict."""
    original = notebook.read(lessons.original(course, ref))
    if path.suffix == ".ipynb":
        book = notebook.read(path)
        own = [(mark["section"], "") for mark in map(mark_of, book["cells"]) if is_work(mark)]
    else:
        own = list(blocks(path.read_text(encoding="utf-8")))
        book = filled(scaffold(original, lesson, ref, name="").notebook, own)
    notebook.write(place.study.notebook(lesson.id, ref.id, "scratch"), book)
    report = check.check(
        place.study, course, lesson, interpreter, notebook_id=ref.id, limits=LIMITS, record=False
    )
    done = {section for section, _ in own}
    sections = [
        {"id": one.id, "verdict": one.verdict, "message": one.message}
        for one in report.sections
        if one.id in done
    ]
    return {"file": path.stem, "lesson": lesson.id, "sections": sections}


def reproductions(place: Place, name: str, text: str, *, held_out: bool) -> list[dict[str, Any]]:
    """Check the reproductions of one lesson, and keep what came out; no file is checked twice.

    Held-out ones are checked when asked for only.
    """
    course, lesson = lessons.find(place.study, text)
    ref = lessons.notebook_of(lesson, None)
    interpreter = find_interpreter(place.kernel, course, place.study)
    target = place.results / f"reproductions-{name.replace('/', '-')}.json"
    found = json.loads(target.read_text(encoding="utf-8")) if target.exists() else []
    for path in files_of(name, lesson.number, held_out=held_out):
        if all(one["file"] != path.stem for one in found):
            say(f"{lesson.id} {path.stem}")
            found.append(reproduced(place, course, lesson, ref, path, interpreter))
            target.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return list(found)


def files_of(name: str, number: str, *, held_out: bool) -> list[Path]:
    """List the reproductions of a lesson; a built-in one has solutions in other styles instead."""
    folder, wanted = REPRODUCTIONS / name, ["dev-*.py", *(["held-out-*.py"] if held_out else [])]
    if not folder.is_dir():  # their author knew the lesson
        folder, wanted = FIXTURES / name.partition("/")[0], [f"{number}.style-*.ipynb"]
    return [path for pattern in wanted for path in sorted(folder.glob(pattern))]


def arguments() -> argparse.ArgumentParser:
    """Describe what can be typed."""
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    made.add_argument("--courses", type=Path, required=True, help="where the fetched courses lie")
    made.add_argument("--work", type=Path, required=True, help="a folder of our own")
    made.add_argument("--kernel", help="an environment, venv or interpreter")
    made.add_argument("--data", type=Path, help="the folder of the Titanic tables")
    made.add_argument("--only", nargs="*", default=[], help="course/number")
    made.add_argument("--operators", nargs="*", default=[], help="course/number")
    made.add_argument("--minutes", type=float, default=math.inf, help="begin nothing after these")
    made.add_argument("--reproductions", action="append", default=[], metavar="NAME=LESSON")
    made.add_argument("--held-out", action="store_true")
    made.add_argument("--page", type=Path, help=f"write it, e.g. {PAGE.relative_to(ROOT)}")
    return made


def main(*typed: str) -> int:
    """Record what is missing, and write the page."""
    given = arguments().parse_args(typed)
    until = clock.monotonic() + 60 * given.minutes
    place = Place(given.courses.resolve(), given.work.resolve(), given.kernel, until)
    prepare(place, given.data)
    survey = tomllib.loads(SURVEY.read_text(encoding="utf-8"))["course"]
    for told, number, beside in chosen(survey, given.only):
        surveyed(place, told, number, beside)
        if f"{told['id']}/{number}" in given.operators:
            tried(place, told, number)
    for wanted in given.reproductions:
        name, _, lesson = wanted.partition("=")
        reproductions(place, name, lesson, held_out=given.held_out)
    if given.page:
        order = [f"{told['id']}/{number}" for told in survey for number in told["lessons"]]
        given.page.write_text(page(place.results, order), encoding="utf-8")
    return 0


def chosen(
    survey: list[dict[str, Any]], only: list[str]
) -> list[tuple[dict[str, Any], str, list[str]]]:
    """List what to do, in the order that was asked for: course, number, what lies beside it."""
    every = {
        f"{told['id']}/{number}": (told, number, beside)
        for told in survey
        for number, beside in told["lessons"].items()
    }
    return [every[name] for name in only or every]


def prepare(place: Place, titanic: Path | None) -> None:
    """Make the stand-ins for what lessons download, and let the notebooks find them."""
    python = find_interpreter(place.kernel, None, None).argv[0]
    script = str(ROOT / "scripts" / "standins.py")
    data = [str(titanic.resolve())] if titanic else []
    subprocess.run([python, script, str(place.work / "standins"), *data], check=True)
    os.environ.update(OFFLINE)
    os.environ["PYTHONPATH"] = str(place.work / "standins" / "modules")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
