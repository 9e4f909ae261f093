"""The nouns of the course wing as frozen values; no input or output here."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import Literal

from fastcompanion.base.records import frozen

CourseKind = Literal["builtin", "git", "folder"]
CheckpointKind = Literal["function", "class", "array", "number", "frame", "model", "value"]
Step = Literal["watch", "run", "reproduce", "repeat"]
STEPS: tuple[Step, ...] = ("watch", "run", "reproduce", "repeat")


@frozen
class NotebookRef:
    """One notebook of a lesson: a file of the course, or only an address (Kaggle)."""

    id: str
    path: str | None = None
    url: str | None = None
    sha256: str | None = None


@frozen
class Card:
    """A question about a lesson and its author's answer (empty: the learner writes it)."""

    id: str
    question: str
    answer: str = ""


@frozen
class Reading:
    """A place in real code to read, with a question to answer in own words; `file` is posix."""

    id: str
    question: str
    repository: str
    file: str
    symbol: str
    why: str


@frozen
class RoleModel:
    """A person or a public portfolio worth following, and why."""

    name: str
    url: str
    why: str


@frozen
class Checkpoint:
    """Something that should exist at a section's end, e.g. kind "array", shape "(10, 64)"."""

    name: str
    kind: CheckpointKind
    shape: str = ""
    about: str = ""


@frozen
class SectionSpec:
    """What the author of a lesson says of one section; hints 1 to 3 in order."""

    id: str
    goal: str
    checkpoints: tuple[Checkpoint, ...] = ()
    hints: tuple[str, ...] = ()


@frozen
class Mistake:
    """A mistake planted in the original by text replacement, to test the checks and name it."""

    id: str
    section: str
    find: str
    replace: str
    message: str


@frozen
class Lesson:
    """One lesson: `id` is "course/NN". Paths are posix, relative to the course's root."""

    id: str
    number: str
    title: str
    notebooks: tuple[NotebookRef, ...]
    about: str = ""
    goals: tuple[str, ...] = ()
    minutes: int | None = None
    video: str = ""
    page: str = ""
    links: tuple[tuple[str, str], ...] = ()
    files: tuple[str, ...] = ()
    sections: tuple[SectionSpec, ...] = ()
    cards: tuple[Card, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    checks: str | None = None
    reading: tuple[Reading, ...] = ()


@frozen
class Course:
    """A course with the place of its files on this machine (`root`)."""

    id: str
    title: str
    kind: CourseKind
    source: str
    root: Path
    lessons: tuple[Lesson, ...]
    ref: str = ""
    commit: str = ""
    about: str = ""
    licence: str = ""
    kernel: str | None = None
    pages: str = ""
    requirements: tuple[str, ...] = field(default=())
    people: tuple[RoleModel, ...] = ()
    portfolios: tuple[RoleModel, ...] = ()
