"""The whole lesson loop on the built-in course, by the real program, as a person would type it.

Each command runs as a process of its own, so that the demo shows what a learner sees and nothing
else. What a learner writes by hand comes from the lesson's reference solution: at first with one of
its authored mistakes, then right.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from fastcompanion.base import process
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.library import lessons
from fastcompanion.course.model import Lesson, Mistake
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.notebooks.sections import learner_sections, sections

LESSON = "foundations/01"
_NAME = {"GIT_AUTHOR_NAME": "Demo Learner", "GIT_COMMITTER_NAME": "Demo Learner"}
_MAIL = {"GIT_AUTHOR_EMAIL": "demo@example.org", "GIT_COMMITTER_EMAIL": "demo@example.org"}


@frozen
class Typed:
    """One command of the demo with its exit code and the seconds it took."""

    command: str
    code: int
    seconds: float


@frozen
class Demonstration:
    """What the demo left behind."""

    folder: str
    mistake: str
    typed_commands: tuple[Typed, ...]


@frozen
class Plan:
    """What the demo would type."""

    folder: str
    commands: tuple[str, ...]


def plan(folder: Path) -> Plan:
    """List the commands of the demo, for a dry run."""
    study = _free(folder.expanduser().absolute())
    words = (["fastcompanion", *words] for words, _ in _script(study))
    return Plan(str(study), tuple(process.shown(argv) for argv in words))


def _script(folder: Path) -> list[tuple[list[str], Exit]]:
    return [
        (["init", str(folder), "--yes", "--course", "foundations"], Exit.DONE),
        (["start", LESSON, "--no-open"], Exit.DONE),
        (["lesson", "scratch", LESSON], Exit.DONE),
        (["check", LESSON], Exit.CHECK_SAYS_NO),
        (["hint", LESSON], Exit.DONE),
        (["check", LESSON], Exit.DONE),
        (["stop", "--note", "Reproduced the first lesson from scratch"], Exit.DONE),
        (["status"], Exit.DONE),
    ]


def demonstrate(folder: Path, reporter: Reporter) -> Demonstration:
    """Play the loop in a new study at `folder`, or beside it where that name is taken.

    Raises:
        CompanionError: a command ended with another exit code than a learner would see.
    """
    study = _free(folder.expanduser().absolute())
    learner = _Learner(study)
    stage = _Stage(study, reporter)
    for words, expected in _script(study):
        if words[0] == "check":
            wrong = expected is Exit.CHECK_SAYS_NO
            reporter.note(f"\n# {learner.write(wrong=wrong)}")
        stage.play(words, expected)
    return Demonstration(str(study), learner.mistake.id, tuple(stage.typed))


def _free(folder: Path) -> Path:
    """Give the folder, or the first free name after it: an earlier demo stays as it is."""
    number, free = 1, folder
    while free.exists():
        number += 1
        free = folder.with_name(f"{folder.name}-{number}")
    return free


class _Stage:
    """Runs commands in the study and shows each with its output, as it comes."""

    def __init__(self, study: Path, reporter: Reporter) -> None:
        self.study = study
        self.reporter = reporter
        self.typed: list[Typed] = []
        self.environment = _environment(reporter)

    def play(self, words: list[str], expected: Exit) -> None:
        """Run one command; anything but the expected exit code ends the demo."""
        shown = process.shown(["fastcompanion", *words])
        self.reporter.note(f"\n$ {shown}")
        argv = [sys.executable, "-m", "fastcompanion", *words]
        place = self.study if self.study.is_dir() else self.study.parent
        done = process.stream(argv, self.reporter.note, cwd=place, env=self.environment)
        self.typed.append(Typed(shown, done.code, round(done.seconds, 1)))
        if done.code != expected:
            raise CompanionError(
                f"`{shown}` ended with exit code {done.code}, not {int(expected)}",
                hint=f"The study is in {self.study}.",
            )


def _environment(reporter: Reporter) -> dict[str, str]:
    known = process.run(["git", "config", "user.email"], check=False, missing_hint="Install git.")
    if known.out.strip():
        return {}
    reporter.note("Git does not know your name here: the demo's commits are by a Demo Learner.")
    return {**_NAME, **_MAIL}


class _Learner:
    """Writes the scratch notebook as somebody does who has understood the lesson, or nearly."""

    def __init__(self, study: Path) -> None:
        self.workspace = Workspace(study)
        self._mistake: Mistake | None = None

    @property
    def mistake(self) -> Mistake:
        """The authored mistake that slipped in."""
        if self._mistake is None:
            raise CompanionError("nothing was written yet")
        return self._mistake

    def write(self, *, wrong: bool) -> str:
        """Fill every section of the scaffold; say what was written."""
        course, lesson = lessons.find(self.workspace, LESSON)
        reference = lesson.notebooks[0]
        self._mistake = _late(lesson)
        original = notebook.read(lessons.original(course, reference))
        work = work_of(original)
        if wrong:
            code = work[self.mistake.section]
            work[self.mistake.section] = code.replace(self.mistake.find, self.mistake.replace)
        path = self.workspace.notebook(lesson.id, reference.id, "scratch")
        notebook.write(path, filled(notebook.read(path), work))
        place = self.workspace.relative(path)
        if not wrong:
            return (
                f"You mend it with the reference solution, which `check` notices, and save {place}"
            )
        slip = f"`{self.mistake.replace}` where `{self.mistake.find}` was meant"
        return f"You fill in {place}; in section {self.mistake.section} slips {slip}"


def _late(lesson: Lesson) -> Mistake:
    """Choose a mistake from the middle of the lesson, so that some sections pass before it."""
    ids = [section.id for section in lesson.sections]
    return min(lesson.mistakes, key=lambda one: abs(ids.index(one.section) - len(ids) // 2))


def work_of(original: dict[str, Any]) -> dict[str, str]:
    """Give the learner's part of a built-in original: code by section, what is given left out."""
    cells = original["cells"]
    return {
        section.id: "\n\n".join(
            cells[index]["source"] for index in section.cells if _role(cells[index]) != "given"
        )
        for section in sections(original)
    }


def _role(cell: dict[str, Any]) -> str:
    return str(cell["metadata"].get("fastcompanion", {}).get("role", ""))


def filled(scratch: dict[str, Any], work: dict[str, str]) -> dict[str, Any]:
    """Put code into the last cell of each section that is not given; everything else stays."""
    cells = [dict(cell) for cell in scratch["cells"]]
    for section in learner_sections(scratch, list(work)):
        own = [index for index in section.cells if _role(cells[index]) != "given"]
        if own:
            cells[own[-1]]["source"] = work[section.id]
    return {**scratch, "cells": cells}
