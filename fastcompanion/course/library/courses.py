"""The courses of a study: add, list, show, remove. Files of a course are only ever read.

`add` freezes a course into courses/<id>.yaml: lesson numbers, notebooks, content hashes, commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fastcompanion.base import events, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.library import catalogue, course_file, discovery, sources
from fastcompanion.course.library.course_file import CourseFile, ids, load, outline, set_kernel
from fastcompanion.course.library.discovery import LeftOut, Listing
from fastcompanion.course.library.sources import Fetched, Source
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.notebooks.sections import slug

__all__ = [
    "add",
    "ids",
    "list_catalogue",
    "list_courses",
    "load",
    "outline",
    "remove",
    "set_kernel",
]

# As long as it takes another command to look into a folder; a long transfer is named instead.
WAIT = 30.0
BUSY = "another command is changing the courses of this study"


@frozen
class Added:
    """A course that was added, or that the study has already (`new` is false)."""

    course: Course
    new: bool
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    commit: CommitResult | None = None


@frozen
class CourseSummary:
    """One line of a list of courses; `here` tells whether its files are on this machine."""

    id: str
    title: str
    kind: str
    source: str
    commit: str
    lessons: int
    here: bool


@frozen
class CatalogueEntry:
    """One course of the catalogue, and whether the study has it."""

    id: str
    title: str
    about: str
    lessons: int
    source: str
    added: bool


@frozen
class Removed:
    """A course that was removed; `work` is the folder that was kept, `purged` the clones."""

    id: str
    work: Path | None
    purged: tuple[Path, ...]
    kept: tuple[Path, ...]
    commit: CommitResult | None


def add(
    study: Workspace,
    what: str,
    *,
    ref: str = "",
    as_id: str | None = None,
    include: Sequence[str] = (),
    reporter: Reporter = SILENT,
    dry_run: bool = False,
) -> Added:
    """Add a course by its catalogue name, address or path; adding it twice changes nothing.

    Raises exit 2 for what is no course, exit 5 when the network is needed and not there.
    """
    source = sources.understand(what, ref)
    with store.lock(study.lock("courses"), busy=BUSY, wait=WAIT):
        have = _same(study, source)
        if have is not None and as_id in (None, have.id):
            return _again(study, have, source, ref, reporter, dry_run=dry_run)
        course_id = _new_id(study, source, as_id)
        if dry_run and source.kind == "git":
            return _planned(course_id, source)
        fetched = sources.fetch(source, reporter=reporter)
        file, left_out, notes = _describe(course_id, source, fetched, include)
        if dry_run:
            return Added(course_file.merge(file), True, left_out, notes)
        return _write(study, file, fetched, left_out, notes)


def _same(study: Workspace, source: Source) -> CourseFile | None:
    for course_id in ids(study):
        file = course_file.read(study, course_id)
        own = file.source
        if own.kind != source.kind or own.catalogue != source.catalogue:
            continue
        alike = (
            own.path == source.path if own.kind == "folder" else sources.same(own.url, source.url)
        )
        if alike or own.kind == "builtin":
            return file
    return None


def _again(
    study: Workspace,
    file: CourseFile,
    source: Source,
    ref: str,
    reporter: Reporter,
    *,
    dry_run: bool,
) -> Added:
    """Say that the course is there; fetch its files again when this machine lacks them."""
    if ref and source.ref != file.source.ref:
        raise CompanionError(
            f"the study has this course as {file.id}, pinned to {file.source.ref or 'its default'}",
            hint=f"fastcompanion course update {file.id} --ref {ref}",
            code=Exit.USAGE,
        )
    notes = [f"The study has this course already, as {file.id}."]
    if file.source.kind == "git" and not course_file.root(file).is_dir() and not dry_run:
        fetched = sources.fetch(file.source, commit=file.commit, reporter=reporter)
        sources.note_use(fetched.root, study.course_file(file.id))
        notes.append("Its files were missing on this machine and were fetched.")
    return Added(load(study, file.id), False, (), tuple(notes))


def _new_id(study: Workspace, source: Source, as_id: str | None) -> str:
    have = ids(study)
    if as_id is None:
        wanted = source.catalogue or slug(source.name)
        return next(i for n in range(1, 10_000) if (i := _numbered(wanted, n)) not in have)
    if as_id != slug(as_id):
        raise CompanionError(
            f"{as_id!r} is no id: lower-case letters, digits and - only",
            hint=f"--as {slug(as_id)}",
            code=Exit.USAGE,
        )
    if as_id in have:
        raise CompanionError(f"the study has a course {as_id} already", code=Exit.USAGE)
    return as_id


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"


def _planned(course_id: str, source: Source) -> Added:
    folder = sources.clone_folder(source.url, "0" * sources.SHORT_COMMIT).parent
    course = Course(course_id, source.name, "git", source.url, folder, (), ref=source.ref)
    return Added(course, True, (), (f"Would clone {source.url} into {folder}.",))


def _describe(
    course_id: str, source: Source, fetched: Fetched, include: Sequence[str]
) -> tuple[CourseFile, tuple[LeftOut, ...], tuple[str, ...]]:
    """Freeze what was fetched: lessons as the catalogue has them, else one for each notebook."""
    notes = [fetched.note] if fetched.note else []
    if source.catalogue:
        facts = catalogue.course(source.catalogue)
        lessons = tuple(hashed(course_id, one, fetched.root) for one in facts.lessons)
        notes += _missing(lessons)
        file = CourseFile(course_id, facts.title, source, fetched.commit, lessons)
        return file, (), tuple(notes)
    listing = listing_of(source, fetched.root, include)
    lessons = tuple(lesson_of(course_id, one) for one in listing.found)
    notes += listing.warnings
    name = sources.in_catalogue(source.url or fetched.url, source.name)
    if name:
        notes.append(
            f"The catalogue knows this repository as {name}, with videos, links and goals: "
            f"fastcompanion course add {name}. Here every notebook is a lesson of its own."
        )
    title = source.name.replace("-", " ").replace("_", " ").strip() or course_id
    file = CourseFile(course_id, title, source, fetched.commit, lessons, include=tuple(include))
    return file, listing.left_out, tuple(notes)


def hashed(course_id: str, told: Lesson, root: Path) -> Lesson:
    """Take number, title and notebooks of a catalogue lesson, with the hashes of the files."""
    notebooks = []
    for notebook in told.notebooks:
        path = notebook.path
        there = path is not None and (root / path).is_file()
        sha256 = discovery.digest(root / path) if path is not None and there else None
        notebooks.append(NotebookRef(notebook.id, path, None if path else notebook.url, sha256))
    return Lesson(f"{course_id}/{told.number}", told.number, told.title, tuple(notebooks))


def _missing(lessons: Sequence[Lesson]) -> list[str]:
    return [
        f"{notebook.path} of lesson {lesson.number} is not in this version of the repository."
        for lesson in lessons
        for notebook in lesson.notebooks
        if notebook.path and not notebook.sha256
    ]


def listing_of(source: Source, root: Path, include: Sequence[str]) -> Listing:
    """List the notebooks of a folder or clone, or the one notebook that was named."""
    if source.path is not None and source.path.is_file():
        return discovery.look_at_one(source.path)
    return discovery.look(root, include=include)


def lesson_of(course_id: str, found: discovery.Found) -> Lesson:
    """Make a lesson of one notebook; the number is in the lesson's id and not repeated."""
    stem = Path(found.path).stem
    own = discovery.without_number(stem, found.number) or stem
    notebook = NotebookRef(slug(own), found.path, None, found.sha256 or None)
    return Lesson(f"{course_id}/{found.number}", found.number, found.title, (notebook,))


def _write(
    study: Workspace,
    file: CourseFile,
    fetched: Fetched,
    left_out: tuple[LeftOut, ...],
    notes: tuple[str, ...],
) -> Added:
    keep(file, fetched.root)
    path = course_file.write(study, file)
    if file.source.kind == "git":
        sources.note_use(fetched.root, path)
    data = {"course": file.id, "commit": file.commit, "lessons": len(file.lessons)}
    done = events.record(
        study, "course.added", None, data, commit=f"Add course {file.id}", paths=[path]
    )
    return Added(load(study, file.id), True, left_out, notes, done.commit)


def keep(file: CourseFile, root: Path) -> None:
    """Keep copies of a folder's notebooks, so that they stay as they were when it was added."""
    if file.source.kind == "folder":
        notebooks = [notebook for lesson in file.lessons for notebook in lesson.notebooks]
        sources.keep_originals(root, {n.path: n.sha256 for n in notebooks if n.path and n.sha256})


def list_courses(study: Workspace) -> tuple[CourseSummary, ...]:
    """List the study's courses."""
    return tuple(_summary(load(study, course_id)) for course_id in ids(study))


def _summary(course: Course) -> CourseSummary:
    return CourseSummary(
        course.id,
        course.title,
        course.kind,
        course.source,
        course.commit,
        len(course.lessons),
        course.root.is_dir(),
    )


def list_catalogue(study: Workspace | None) -> tuple[CatalogueEntry, ...]:
    """List the catalogue; `study` marks the courses that it has."""
    have = set()
    for course_id in ids(study) if study else ():
        assert study is not None
        have.add(course_file.read(study, course_id).source.catalogue)
    found = [catalogue.course(name) for name in catalogue.ids()]
    return tuple(
        CatalogueEntry(c.id, c.title, c.about, len(c.lessons), c.source, c.id in have)
        for c in found
    )


def chosen(study: Workspace, course_id: str | None) -> str:
    """Give the course that is meant: the one named, else the only one of the study."""
    have = ids(study)
    if course_id is not None or len(have) == 1:
        return course_file.known(study, course_id or have[0])
    raise CompanionError(
        f"name one of the courses: {', '.join(have)}" if have else "the study has no course yet",
        hint="fastcompanion course list" if have else "fastcompanion course add foundations",
        code=Exit.USAGE,
    )


def load_title(study: Workspace, course_id: str) -> str:
    """Give a course's title, even when the catalogue behind it can't be read."""
    return course_file.read(study, course_id).title


def remove(study: Workspace, course_id: str, *, purge: bool = False) -> Removed:
    """Take a course out of the study; the learner's work stays, clones stay without `purge`."""
    with store.lock(study.lock("courses"), busy=BUSY, wait=WAIT):
        file = course_file.read(study, course_id)
        path = study.course_file(course_id)
        store.remove(path)
        course_file.forget(study, course_id)
        done = events.record(
            study,
            "course.removed",
            None,
            {"course": course_id},
            commit=f"Remove course {course_id}",
            paths=[path],
        )
    purged, kept = sources.purge(file.source.url) if purge and file.source.url else ((), ())
    work = study.lesson_folder(course_id)
    return Removed(course_id, work if work.is_dir() else None, purged, kept, done.commit)
