"""Finding lessons by what people type, their original notebooks, and what a list of them shows."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime
from pathlib import Path

from fastcompanion.base import events, remote, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.events import Event
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import progress
from fastcompanion.course.library import courses, discovery
from fastcompanion.course.library.finding import find
from fastcompanion.course.model import Course, Lesson, NotebookRef, RoleModel
from fastcompanion.course.progress import LessonProgress, NextStep
from fastcompanion.course.review import authored, cards

__all__ = [
    "Candidate", "CourseLessons", "LessonLine", "LessonShown", "LinkShown", "NotebookShown", "Question",
    "ReadingShown",
    "checks_file", "find", "last_change", "listing", "next_of", "notebook_of", "original", "show",
]  # fmt: skip


@frozen
class Candidate:
    """A lesson that what was typed may mean."""

    id: str
    title: str


@frozen
class LessonLine:
    """One line of the list of lessons; `current` marks the one that the learner is in."""

    id: str
    title: str
    current: bool
    progress: LessonProgress


@frozen
class CourseLessons:
    """A course's lessons with their progress."""

    course: str
    title: str
    lessons: tuple[LessonLine, ...]


@frozen
class LinkShown:
    """A link of a lesson."""

    title: str
    url: str


@frozen
class NotebookShown:
    """One notebook of a lesson; `files` are the learner's own, relative to the study."""

    id: str
    path: str | None
    url: str | None
    files: tuple[str, ...]


@frozen
class Question:
    """A question of a lesson; the author's answer is not shown before the learner's own."""

    id: str
    question: str
    answered: bool


@frozen
class ReadingShown:
    """A place in real code to read, and the question about it."""

    id: str
    question: str
    file: str
    symbol: str
    answered: bool


@frozen
class LessonShown:
    """All that the learner should know of a lesson, and what comes next in it."""

    id: str
    title: str
    about: str
    goals: tuple[str, ...]
    minutes: int | None
    video: str
    page: str
    links: tuple[LinkShown, ...]
    notebooks: tuple[NotebookShown, ...]
    progress: LessonProgress
    questions: tuple[Question, ...]
    next: NextStep | None
    reading: tuple[ReadingShown, ...] = ()
    people: tuple[RoleModel, ...] = ()
    portfolios: tuple[RoleModel, ...] = ()


def notebook_of(lesson: Lesson, text: str | None) -> NotebookRef:
    """Find one notebook of a lesson by its id, its number or words; the first local one without."""
    if not lesson.notebooks:
        raise CompanionError(f"{lesson.id} has no notebook", code=Exit.MISSING)
    if text is None:
        return next((n for n in lesson.notebooks if n.path is not None), lesson.notebooks[0])
    wanted = text.strip().lower()
    exact = [n for n in lesson.notebooks if wanted in (n.id, (n.path or "").lower())]
    near = [n for n in lesson.notebooks if wanted and wanted in n.id]
    found = exact or near
    if len(found) == 1:
        return found[0]
    names = ", ".join(notebook.id for notebook in lesson.notebooks)
    raise CompanionError(
        f"{lesson.id} has {'several notebooks' if found else 'no notebook'} {text!r}: {names}",
        hint=f"--notebook {lesson.notebooks[0].id}",
        code=Exit.USAGE,
    )


def original(course: Course, notebook: NotebookRef) -> Path:
    """Give the original notebook of a lesson as it was when the course was added.

    Raises exit 5 where it is on no disk: only on the web, or the clone is on another machine.
    """
    if notebook.path is None:
        raise CompanionError(
            f"the notebook {notebook.id} is only on the web: {notebook.url}",
            hint="Work on it there and mark the steps with fastcompanion lesson done; "
            "or download it and: fastcompanion course add FILE.ipynb",
            code=Exit.MISSING,
        )
    path = course.root / notebook.path
    if path.is_file() and (course.kind == "builtin" or notebook.sha256 is None):
        return path
    if notebook.sha256 is None:
        raise _gone(course, notebook)
    if path.is_file() and discovery.digest(path) == notebook.sha256:
        return path
    kept = workspace.original(notebook.sha256)
    if kept.is_file():
        return kept
    if course.kind == "git" and path.is_file() and _restored(course, notebook):
        return path
    raise _gone(course, notebook)


def _restored(course: Course, notebook: NotebookRef) -> bool:
    """Put a file of our own clone back that somebody has changed by hand."""
    assert notebook.path is not None
    path = course.root / notebook.path
    put_back = remote.check_out(course.root, course.commit, notebook.path)
    return put_back and discovery.digest(path) == notebook.sha256


def _gone(course: Course, notebook: NotebookRef) -> CompanionError:
    if not course.root.is_dir():
        what = f"the files of course {course.id} are not on this machine"
        again = course.id if course.kind == "builtin" else course.source
        return CompanionError(what, hint=f"fastcompanion course add {again}", code=Exit.MISSING)
    return CompanionError(
        f"{notebook.path} is not the notebook any more that was added with course {course.id}",
        hint=f"fastcompanion course update {course.id}",
        file=course.root / str(notebook.path),
        code=Exit.MISSING,
    )


def last_change(course: Course, notebook: NotebookRef) -> datetime | None:
    """Say when the original was last changed, by its repository's history (no network needed)."""
    if notebook.path is None or not course.commit or not course.root.is_dir():
        return None
    return remote.last_change(course.root, notebook.path, course.commit)


def checks_file(course: Course, lesson: Lesson) -> Path | None:
    """Give the file with a lesson's authored checks, from the course or from the catalogue."""
    if lesson.checks is None:
        return None
    places = (course.root, workspace.content("lessons") / course.id, workspace.content("lessons"))
    return next((p / lesson.checks for p in places if (p / lesson.checks).is_file()), None)


def listing(study: Workspace, course_id: str | None = None) -> tuple[CourseLessons, ...]:
    """List the lessons of one course or of all, with their progress."""
    past = events.read(study)
    own = progress.by_lesson(past)
    now = progress.last_lesson(past)
    wanted = [course_id] if course_id else courses.ids(study)
    found = []
    for name in wanted:
        course = courses.load(study, name)
        lines = tuple(_line(lesson, own.get(lesson.id, []), now) for lesson in course.lessons)
        found.append(CourseLessons(course.id, course.title, lines))
    return tuple(found)


def _line(lesson: Lesson, own: Sequence[Event], now: str | None) -> LessonLine:
    return LessonLine(lesson.id, lesson.title, lesson.id == now, progress.of_lesson(lesson, own))


def next_of(study: Workspace, course: Course, lesson: Lesson) -> NextStep | None:
    """Say what comes next in one lesson."""
    own = [event for event in events.read(study) if event.lesson == lesson.id]
    return progress.next_in_lesson(course, lesson, own)


def show(study: Workspace, text: str | None) -> LessonShown:
    """Gather what is to be said of one lesson."""
    past = events.read(study)
    course, lesson = find(study, text, past=past)
    own = [event for event in past if event.lesson == lesson.id]
    answered = {event.data.get("card") for event in own if event.kind == "card.answered"}
    return LessonShown(
        id=lesson.id,
        title=lesson.title,
        about=lesson.about,
        goals=lesson.goals,
        minutes=lesson.minutes,
        video=lesson.video,
        page=lesson.page,
        links=tuple(LinkShown(title, url) for title, url in lesson.links),
        notebooks=tuple(_notebook_shown(study, lesson, ref) for ref in lesson.notebooks),
        progress=progress.of_lesson(lesson, own),
        questions=_questions(study, lesson, answered),
        next=progress.next_in_lesson(course, lesson, own),
        reading=_reading(lesson, own),
        people=course.people,
        portfolios=course.portfolios,
    )


def _questions(
    study: Workspace, lesson: Lesson, answered: Container[object]
) -> tuple[Question, ...]:
    """Give the author's questions, and those that the learner took for the reviews."""
    taken = (
        Question(card.id, card.front, bool(card.back))
        for card in cards.read(study).values()
        if card.lesson == lesson.id and card.state == "active" and card.kind == "question"
        if authored.parts(card) is None
    )
    own = (Question(card.id, card.question, card.id in answered) for card in lesson.cards)
    return (*own, *taken)


def _reading(lesson: Lesson, own: Sequence[Event]) -> tuple[ReadingShown, ...]:
    done = {event.data.get("reading") for event in own if event.kind == "reading.answered"}
    return tuple(
        ReadingShown(task.id, task.question, task.file, task.symbol, task.id in done)
        for task in lesson.reading
    )


def _notebook_shown(study: Workspace, lesson: Lesson, ref: NotebookRef) -> NotebookShown:
    files = sorted(study.lesson_folder(lesson.id).glob(f"{ref.id}.*.ipynb"))
    return NotebookShown(ref.id, ref.path, ref.url, tuple(study.relative(path) for path in files))
