"""The study's file of a course (courses/<id>.yaml): written at `add`, merged with the catalogue.

The file holds what must not change by itself: lesson numbers, notebooks and their content hashes,
and the commit they are from. Videos, links and goals stay in the catalogue and are joined at
reading. The result is kept as JSON under .fastcompanion/cache, as reading YAML is slow; it is
built again whenever one of the files it came from has another size or time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from fastcompanion import __version__
from fastcompanion.base import store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.near import did_you_mean, near
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.library import catalogue, sources
from fastcompanion.course.library.catalogue import Fields
from fastcompanion.course.library.sources import Source
from fastcompanion.course.model import (
    Card,
    Checkpoint,
    Course,
    CourseKind,
    Lesson,
    Mistake,
    NotebookRef,
    Reading,
    RoleModel,
    SectionSpec,
)

VERSION = 1
_CACHE_VERSION = 2


@frozen
class CourseFile:
    """A course as the study keeps it; `lessons` hold numbers, titles and notebooks only."""

    id: str
    title: str
    source: Source
    commit: str
    lessons: tuple[Lesson, ...]
    kernel: str | None = None
    include: tuple[str, ...] = ()


@frozen
class Outline:
    """The table of contents of a course: lesson ids with titles."""

    id: str
    title: str
    lessons: tuple[tuple[str, str], ...]


def ids(study: Workspace) -> list[str]:
    """Name the courses of a study; reads no YAML."""
    folder = study.courses_folder
    return sorted(path.stem for path in folder.glob("*.yaml")) if folder.is_dir() else []


def known(study: Workspace, course_id: str) -> str:
    """Give a course's id back when the study has it."""
    have = ids(study)
    if course_id in have:
        return course_id
    names = did_you_mean(course_id, have) or (f" (it has {', '.join(have)})" if have else "")
    add = f"fastcompanion course add {course_id if course_id in catalogue.ids() else 'NAME'}"
    raise CompanionError(
        f"the study has no course {course_id!r}{names}",
        hint="fastcompanion course list" if near(course_id, have) else add,
        code=Exit.USAGE,
    )


def read(study: Workspace, course_id: str) -> CourseFile:
    """Read a course's file; what is wrong in it is named by file and key."""
    path = study.course_file(known(study, course_id))
    fields = Fields(store.read_yaml(path), path)
    fields.version()
    if fields.text("id") != course_id:
        raise fields.wrong("id", f"should be {course_id!r}, the file's own name")
    source = fields.mapping("source")
    lessons = tuple(_lesson(item, course_id) for item in fields.each("lessons"))
    fields.unique("lessons", (lesson.number for lesson in lessons))
    return CourseFile(
        id=course_id,
        title=fields.text("title"),
        source=_source(source, study),
        commit=source.text("commit", ""),
        include=source.texts("include"),
        kernel=fields.text("kernel", "") or None,
        lessons=lessons,
    )


def _source(fields: Fields, study: Workspace) -> Source:
    kind = fields.text("kind")
    name, ref = fields.text("catalogue", ""), fields.text("ref", "")
    if kind == "builtin":
        return Source("builtin", catalogue=fields.text("catalogue"))
    if kind == "git":
        return Source("git", url=fields.text("url"), ref=ref, catalogue=name)
    if kind == "folder":
        path = study.root / Path(fields.text("path")).expanduser()
        return Source("folder", path=path, catalogue=name)
    raise fields.wrong("kind", f"should be builtin, git or folder, not {kind!r}")


def _lesson(fields: Fields, course_id: str) -> Lesson:
    number = fields.text("id")
    notebooks = tuple(_notebook(item) for item in fields.each("notebooks"))
    return Lesson(f"{course_id}/{number}", number, fields.text("title"), notebooks)


def _notebook(fields: Fields) -> NotebookRef:
    return NotebookRef(
        fields.text("id"),
        fields.text("path", "") or None,
        fields.text("url", "") or None,
        fields.text("sha256", "") or None,
    )


def text(study: Workspace, course: CourseFile) -> dict[str, Any]:
    """Give the data of a course's file, in the order in which it should be read."""
    source = course.source
    place: dict[str, Any] = {"kind": source.kind}
    parts = {
        "catalogue": source.catalogue,
        "url": source.url,
        "path": portable(source.path, study) if source.path else "",
        "ref": source.ref,
        "commit": course.commit,
        "include": list(course.include),
    }
    place.update({key: value for key, value in parts.items() if value})
    data: dict[str, Any] = {"version": VERSION, "id": course.id, "title": course.title}
    data["source"] = place
    if course.kernel:
        data["kernel"] = course.kernel
    data["lessons"] = [_lesson_data(lesson) for lesson in course.lessons]
    return data


def _lesson_data(lesson: Lesson) -> dict[str, Any]:
    notebooks = [
        {key: value for key, value in asdict(notebook).items() if value}
        for notebook in lesson.notebooks
    ]
    return {"id": lesson.number, "title": lesson.title, "notebooks": notebooks}


def portable(path: Path, study: Workspace) -> str:
    """Write a path so that a published study does not tell the account's name where avoidable."""
    home = Path("~").expanduser()
    if path.is_relative_to(study.root):
        return path.relative_to(study.root).as_posix()
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else str(path)


def write(study: Workspace, course: CourseFile) -> Path:
    """Write a course's file."""
    path = study.course_file(course.id)
    store.write_yaml(path, text(study, course))
    return path


def set_kernel(study: Workspace, course_id: str, kernel: str | None) -> Path:
    """Remember the kernel of a course in its file; the file is not committed here."""
    return write(study, replace(read(study, course_id), kernel=kernel))


def load(study: Workspace, course_id: str) -> Course:
    """Give a course with all that is known of it; fast when nothing has changed since last time."""
    kept = _cached(study, known(study, course_id))
    if kept is not None:
        return kept
    file = read(study, course_id)
    course = merge(file)
    _keep(study, course, file.source.catalogue)
    return course


def outline(study: Workspace, course_id: str) -> Outline:
    """Give a course's table of contents."""
    course = load(study, course_id)
    return Outline(course.id, course.title, tuple((one.id, one.title) for one in course.lessons))


def merge(file: CourseFile) -> Course:
    """Join a course's file with what the catalogue says of it."""
    source = file.source
    facts = catalogue.course(source.catalogue) if source.catalogue in catalogue.ids() else None
    told = {lesson.number: lesson for lesson in facts.lessons} if facts else {}
    kind: CourseKind = source.kind
    return Course(
        id=file.id,
        title=file.title,
        kind=kind,
        source=source.url or str(source.path or "") or source.catalogue,
        root=root(file),
        ref=source.ref,
        commit=file.commit,
        kernel=file.kernel,
        lessons=tuple(_joined(lesson, told.get(lesson.number)) for lesson in file.lessons),
        about=facts.about if facts else "",
        licence=facts.licence if facts else "",
        pages=facts.pages if facts else "",
        requirements=facts.requirements if facts else (),
        people=facts.people if facts else (),
        portfolios=facts.portfolios if facts else (),
    )


def _joined(own: Lesson, told: Lesson | None) -> Lesson:
    if told is None:
        return own
    urls = {notebook.id: notebook.url for notebook in told.notebooks}
    notebooks = tuple(replace(n, url=n.url or urls.get(n.id)) for n in own.notebooks)
    return replace(told, id=own.id, number=own.number, title=own.title, notebooks=notebooks)


def root(file: CourseFile) -> Path:
    """Say where the course's files are (or would be) on this machine."""
    source = file.source
    if source.kind == "builtin":
        return workspace.content("lessons") / source.catalogue
    if source.kind == "git":
        return sources.clone_folder(source.url, file.commit)
    assert source.path is not None
    return source.path.parent if source.path.suffix.lower() == ".ipynb" else source.path


def _cache_file(study: Workspace, course_id: str) -> Path:
    return study.cache / "courses" / f"{course_id}.json"


def _stamp(paths: Iterable[Path]) -> dict[str, list[int]]:
    """Give time and size of each file; a missing one is part of the stamp too."""
    found = {}
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            found[str(path)] = [0, 0]
        else:
            found[str(path)] = [status.st_mtime_ns, status.st_size]
    return found


def _origin(study: Workspace, course_id: str, name: str, numbers: Iterable[str]) -> dict[str, Any]:
    """Say what a cached course was made from: files, program, user folders."""
    paths = [study.course_file(course_id)]
    paths += catalogue.files(name, numbers) if name else []
    folders = [str(workspace.clones_folder()), str(Path("~").expanduser())]
    return {"program": __version__, "files": _stamp(paths), "folders": folders}


def _cached(study: Workspace, course_id: str) -> Course | None:
    try:
        data = json.loads(_cache_file(study, course_id).read_bytes())
        if data["version"] != _CACHE_VERSION:
            return None
        numbers = [lesson["number"] for lesson in data["course"]["lessons"]]
        if data["origin"] != _origin(study, course_id, data["catalogue"], numbers):
            return None
        return _course(data["course"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(study: Workspace, course: Course, name: str) -> None:
    numbers = [lesson.number for lesson in course.lessons]
    data = {
        "version": _CACHE_VERSION,
        "catalogue": name,
        "origin": _origin(study, course.id, name, numbers),
        "course": {**asdict(course), "root": str(course.root)},
    }
    try:
        store.write_json(_cache_file(study, course.id), data)
    except CompanionError:
        # An index is a convenience: a study that can't be written to is still read.
        return


def forget(study: Workspace, course_id: str) -> None:
    """Drop what is cached of a course."""
    store.remove(_cache_file(study, course_id))


def _course(data: dict[str, Any]) -> Course:
    lessons = tuple(_full_lesson(lesson) for lesson in data["lessons"])
    requirements = tuple(data["requirements"])
    changed = {"root": Path(data["root"]), "lessons": lessons, "requirements": requirements}
    models = {key: tuple(RoleModel(**one) for one in data[key]) for key in ("people", "portfolios")}
    return Course(**{**data, **changed, **models})


def _full_lesson(data: Mapping[str, Any]) -> Lesson:
    changed = {
        "notebooks": tuple(NotebookRef(**item) for item in data["notebooks"]),
        "goals": tuple(data["goals"]),
        "links": tuple((title, url) for title, url in data["links"]),
        "files": tuple(data["files"]),
        "sections": tuple(_full_section(item) for item in data["sections"]),
        "cards": tuple(Card(**item) for item in data["cards"]),
        "mistakes": tuple(Mistake(**item) for item in data["mistakes"]),
        "reading": tuple(Reading(**item) for item in data["reading"]),
    }
    return Lesson(**{**data, **changed})


def _full_section(data: Mapping[str, Any]) -> SectionSpec:
    points = tuple(Checkpoint(**item) for item in data["checkpoints"])
    return SectionSpec(**{**data, "checkpoints": points, "hints": tuple(data["hints"])})
