"""The words that completion chooses from; read from the caches of the study, never from the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from fastcompanion.base import config
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import environments
from fastcompanion.course.library import course_file
from fastcompanion.course.model import STEPS
from fastcompanion.server import registry
from fastcompanion.server.setup import steps as server_steps


def of(kind: str, study: str | Path | None) -> list[str]:
    """Name all there is of a kind; nothing where the study is missing or broken."""
    try:
        return _GATHERED[kind](Path(study) if study else None)
    except (CompanionError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def _lessons(place: Path | None) -> list[str]:
    study = Workspace.find(place)
    outlines = [course_file.outline(study, course_id) for course_id in course_file.ids(study)]
    every = [lesson_id for outline in outlines for lesson_id, _ in outline.lessons]
    # Of a single course the number is enough.
    numbers = [name.partition("/")[2] for name in every] if len(outlines) == 1 else []
    return [*numbers, *every]


def _courses(place: Path | None) -> list[str]:
    return course_file.ids(Workspace.find(place))


def _environments(_: Path | None) -> list[str]:
    return [one.name for one in environments.environments()]


def _servers(_: Path | None) -> list[str]:
    return [one.name for one in registry.read()]


_GATHERED: Mapping[str, Callable[[Path | None], list[str]]] = {
    "lessons": _lessons,
    "courses": _courses,
    "steps": lambda _: list(STEPS),
    "settings": lambda _: list(config.SETTINGS),
    "environments": _environments,
    "servers": _servers,
    "server_steps": lambda _: [one.name for one in server_steps.all_steps()],
}
