"""Listing, using, showing and removing environments; which course uses which."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fastcompanion.base import config, events
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.environments import find, shelf
from fastcompanion.course.environments.find import Usable, find_interpreter
from fastcompanion.course.environments.shelf import Environment
from fastcompanion.course.library import course_file, courses, lessons

USED = "env.used"


@frozen
class Summary:
    """One environment in a list; `used_by` are courses of this study. Size in bytes."""

    name: str
    python: str
    as_of: str
    size: int
    created: str
    moved_back: tuple[str, ...]
    ran: str
    used_by: tuple[str, ...]


@frozen
class Listing:
    """The environments, and what else could run notebooks here (when asked for)."""

    environments: tuple[Summary, ...]
    others: tuple[Usable, ...]


@frozen
class Details:
    """All that is known of an environment; `versions` by package."""

    name: str
    folder: Path
    interpreter: Path
    python: str
    as_of: str
    created: str
    made_for: str
    ran: str
    moved_back: tuple[str, ...]
    requirements: tuple[str, ...]
    versions: Mapping[str, str]
    size: int
    downloaded: int
    used_by: tuple[str, ...]


@frozen
class Used:
    """A course's kernel from now on."""

    course: str
    kernel: str
    interpreter: str
    before: str | None
    commit: CommitResult | None


@frozen
class Removed:
    """A removed environment and the bytes that this freed; `size` were its own and shared ones."""

    name: str
    size: int
    freed: int
    used_by: tuple[str, ...]


def listing(study: Workspace | None, *, everything: bool) -> Listing:
    """List environments; `everything` adds kernelspecs and virtual environments nearby."""
    used = _used(study)
    rows = tuple(_summary(e, used.get(e.name, ())) for e in shelf.environments())
    return Listing(rows, find.usable() if everything else ())


def _summary(environment: Environment, used_by: tuple[str, ...]) -> Summary:
    return Summary(
        environment.name,
        environment.python,
        environment.as_of,
        environment.size,
        environment.created,
        environment.moved_back,
        environment.ran,
        used_by,
    )


def _used(study: Workspace | None) -> dict[str, tuple[str, ...]]:
    """Give the courses of this study by the kernel that they use."""
    users: dict[str, tuple[str, ...]] = {}
    for course_id in courses.ids(study) if study is not None else ():
        try:
            kernel = course_file.read(study, course_id).kernel if study is not None else None
        except CompanionError:
            continue
        if kernel:
            users[kernel] = (*users.get(kernel, ()), course_id)
    return users


def show(study: Workspace | None, name: str) -> Details:
    """Tell all about one environment."""
    e = shelf.get(name)
    return Details(
        name=e.name,
        folder=e.folder,
        interpreter=e.interpreter,
        python=e.python,
        as_of=e.as_of,
        created=e.created,
        made_for=e.made_for,
        ran=e.ran,
        moved_back=e.moved_back,
        requirements=e.requirements,
        versions=e.versions,
        size=e.size,
        downloaded=e.downloaded,
        used_by=_used(study).get(name, ()),
    )


def use(study: Workspace, text: str, course_id: str | None, *, dry_run: bool = False) -> Used:
    """Remember what runs a course's notebooks; it must be there and able to."""
    chosen = _course(study, course_id)
    before = course_file.read(study, chosen).kernel
    interpreter = find_interpreter(text, None, study)
    kernel = text if shelf.find(text) is not None else _remembered(study, text)
    if dry_run:
        return Used(chosen, kernel, interpreter.label, before, None)
    made = _remember(study, chosen, kernel, f"Use {Path(kernel).name} for {chosen}")
    return Used(chosen, kernel, interpreter.label, before, made)


def _remember(
    study: Workspace, course_id: str, kernel: str | None, message: str
) -> CommitResult | None:
    path = course_file.set_kernel(study, course_id, kernel)
    data = {"course": course_id, "kernel": kernel}
    return events.record(study, USED, data=data, commit=message, paths=[path]).commit


def _remembered(study: Workspace, text: str) -> str:
    """Write a path so that it is found again from any working folder; a name stays a name."""
    place = (Path.cwd() / Path(text).expanduser()).absolute()
    return course_file.portable(place, study) if place.exists() else text


def _course(study: Workspace, course_id: str | None) -> str:
    if course_id is not None:
        return course_file.known(study, course_id)
    ids = courses.ids(study)
    if len(ids) == 1:
        return ids[0]
    chosen = config.load(study).get("study.course")
    if chosen in ids:
        return str(chosen)
    if not ids:
        raise CompanionError(
            "the study has no course yet",
            hint="fastcompanion course add foundations",
            code=Exit.USAGE,
        )
    return lessons.find(study, None)[0].id


def users(study: Workspace | None, name: str) -> tuple[str, ...]:
    """Name the courses of this study that use an environment."""
    shelf.get(name)
    return _used(study).get(name, ())


def remove(study: Workspace | None, name: str, *, dry_run: bool = False) -> Removed:
    """Remove an environment; courses that used it go back to having none."""
    environment = shelf.get(name)
    used_by = users(study, name)
    if dry_run:
        return Removed(name, environment.size, shelf.freed_by(environment), used_by)
    freed = shelf.remove(environment)
    if study is not None:
        for course_id in used_by:
            _remember(study, course_id, None, f"Forget the environment {name} of {course_id}")
    return Removed(name, environment.size, freed, used_by)
