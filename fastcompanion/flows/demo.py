"""The whole loop by the real program, as a person would type it: a lesson, a project, a competition.

Each command runs as a process of its own, so that the demo shows what a learner sees and nothing
else. What a learner writes by hand comes from the lesson's reference solution: at first with one of
its authored mistakes, then right. The competition is one of practice, served by this machine to
itself; its server ends with the demo, however that ends.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastcompanion.base import process, watchdog
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.competition.practice import place as practice
from fastcompanion.competition.practice import server
from fastcompanion.course.library import lessons
from fastcompanion.course.model import Lesson, Mistake
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.notebooks.sections import learner_sections, sections

LESSON = "foundations/01"
COMPETITION = "demo-trips"
PROJECT = "projects/trips"
_DATA = "projects/trips-data"
_STARTING = 10.0
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
    competition: str
    typed_commands: tuple[Typed, ...]


@frozen
class Plan:
    """What the demo would type."""

    folder: str
    commands: tuple[str, ...]


@frozen
class Step:
    """A command of the demo: its words, the exit code it should have, the folder below the study."""

    argv: tuple[str, ...]
    expected: Exit = Exit.DONE
    below: str = ""

    @property
    def shown(self) -> str:
        """The command as it is typed."""
        return process.shown(self.argv)


def plan(folder: Path) -> Plan:
    """List the commands of the demo, for a dry run."""
    study, slug = _free(folder.expanduser().absolute()), _free_slug()
    steps = (*_lesson(study), *_practice(slug))
    return Plan(str(study), tuple(f"{_cd(one)}{one.shown}" for one in steps))


def _cd(step: Step) -> str:
    return f"cd {step.below} && " if step.below else ""


def _ours(*words: str, expected: Exit = Exit.DONE, below: str = "") -> Step:
    return Step(("fastcompanion", *words), expected, below)


def _lesson(folder: Path) -> tuple[Step, ...]:
    return (
        _ours("init", str(folder), "--yes", "--course", "foundations"),
        _ours("start", LESSON, "--no-open"),
        _ours("lesson", "scratch", LESSON),
        _ours("check", LESSON, expected=Exit.CHECK_SAYS_NO),
        _ours("hint", LESSON),
        _ours("check", LESSON),
        _ours("stop", "--note", "Reproduced the first lesson from scratch"),
        _ours("status"),
    )


def _practice(slug: str) -> tuple[Step, ...]:
    """List the commands of the second half: every file that is submitted is made and sent as on the real site."""
    return (
        _ours("kaggle", "practice", "new", "--demo", "class", "--name", slug),
        _ours("kaggle", "practice", "start", slug, "--accept-rules", "--background"),
        _ours("kaggle", "download", f"practice/{slug}", "--to", _DATA),
        _ours("project", "new", "trips", "--data", _DATA, "--yes"),
        _ours("project", "next", "submission", "--yes", below=PROJECT),
        _ours("project", "submit", "baseline", "-m", "the naive baseline", "--yes", below=PROJECT),
        _ours("project", "next", "linear", "--yes", below=PROJECT),
        _ours("project", "train", "linear", below=PROJECT),
        _ours("project", "submit", "linear", "-m", "all columns", "--yes", below=PROJECT),
        _ours("kaggle", "history", below=PROJECT),
        _ours("kaggle", "practice", "status", slug, below=PROJECT),
        _ours("kaggle", "practice", "stop", slug, below=PROJECT),
    )


def demonstrate(folder: Path, reporter: Reporter) -> Demonstration:
    """Play the loop in a new study at `folder`, or beside it where that name is taken.

    Raises:
        CompanionError: a command ended with another exit code than a learner would see.
    """
    study, slug = _free(folder.expanduser().absolute()), _free_slug()
    learner = _Learner(study)
    stage = Stage(study, reporter)
    for step in _lesson(study):
        if step.argv[1] == "check":
            wrong = step.expected is Exit.CHECK_SAYS_NO
            reporter.note(f"\n# {learner.write(wrong=wrong)}")
        stage.play(step)
    compete(stage, slug)
    return Demonstration(str(study), learner.mistake.id, slug, tuple(stage.typed))


def compete(stage: Stage, slug: str) -> None:
    """Play the second half in a study that is there: a competition, a project, two submissions."""
    stage.reporter.note("\n# The lesson is done. What it taught is tried on other data: a practice")
    stage.reporter.note("# competition, whose labels are hidden and whose server is this machine.")
    with _ended(slug, stage):
        for step in _practice(slug):
            stage.play(step)


def _free(folder: Path) -> Path:
    """Give the folder, or the first free name after it: an earlier demo stays as it is."""
    number, free = 1, folder
    while free.exists():
        number += 1
        free = folder.with_name(f"{folder.name}-{number}")
    return free


def _free_slug() -> str:
    """Name the competition, or the first free name after it."""
    number, free = 1, COMPETITION
    while practice.at(free).folder.exists():
        number += 1
        free = f"{COMPETITION}-{number}"
    return free


@contextmanager
def _ended(slug: str, stage: Stage) -> Iterator[None]:
    """End the competition's server with the block: also after Ctrl-C, SIGTERM or a command that failed."""
    signals = watchdog.Interruptions()
    signals.install()
    try:
        yield
    finally:
        with signals.deferred():
            server.stop(practice.at(slug), starting=_STARTING if stage.is_starting else 0.0)
        signals.restore()


class Stage:
    """Runs commands in the study and shows each with its output, as it comes."""

    def __init__(self, study: Path, reporter: Reporter) -> None:
        self.study = study
        self.reporter = reporter
        self.typed: list[Typed] = []
        self.environment = _environment(reporter)
        self._below = ""
        self._playing: Step | None = None

    @property
    def is_starting(self) -> bool:
        """Was the demo left in the middle of a command that starts a server?"""
        return self._playing is not None and "--background" in self._playing.argv

    def play(self, step: Step) -> None:
        """Run one command; anything but the expected exit code ends the demo."""
        if step.below != self._below:
            self._below = step.below
            self.reporter.note(f"\n$ cd {step.below}")
        self.reporter.note(f"\n$ {step.shown}")
        self._playing = step
        done = process.stream(
            self._argv(step), self.reporter.note, cwd=self._place(step), env=self.environment
        )
        self._playing = None
        self.typed.append(Typed(step.shown, done.code, round(done.seconds, 1)))
        if done.code != step.expected:
            raise CompanionError(
                f"`{step.shown}` ended with exit code {done.code}, not {int(step.expected)}",
                hint=f"The study is in {self.study}.",
            )

    def _place(self, step: Step) -> Path:
        return self.study / step.below if self.study.is_dir() else self.study.parent

    @staticmethod
    def _argv(step: Step) -> list[str]:
        """Use the program that runs already, whatever is found by its name."""
        return [sys.executable, "-P", "-m", "fastcompanion", *step.argv[1:]]


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
