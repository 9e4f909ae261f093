"""Reading real code: a place, a question, and an answer in own words that stays in the notes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastcompanion.base import clock, events, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.events import Event
from fastcompanion.base.near import did_you_mean
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.library import lessons
from fastcompanion.course.model import Course, Lesson, Reading, RoleModel
from fastcompanion.study import journal

ANSWERED = "reading.answered"


@frozen
class Task:
    """A reading task; `url` shows its file on the web, `path` is a copy on this machine."""

    id: str
    question: str
    repository: str
    file: str
    symbol: str
    why: str
    url: str
    path: str | None
    answered: bool


@frozen
class Tasks:
    """The reading tasks of a lesson, and the people and portfolios of its course."""

    lesson: str
    title: str
    tasks: tuple[Task, ...]
    people: tuple[RoleModel, ...]
    portfolios: tuple[RoleModel, ...]


@frozen
class Answered:
    """An answer that was kept in `file`, relative to the study; `left` tasks are open."""

    lesson: str
    task: Task
    file: str
    left: int
    commit: CommitResult | None = None


Ask = Callable[[Task], str | None]


def tasks(ws: Workspace, text: str | None) -> Tasks:
    """Give the reading tasks of a lesson."""
    past = events.read(ws)
    course, lesson = lessons.find(ws, text, past=past)
    found = tuple(_task(course, task, _answered(past, lesson)) for task in lesson.reading)
    return Tasks(lesson.id, lesson.title, found, course.people, course.portfolios)


def _answered(past: Sequence[Event], lesson: Lesson) -> set[str]:
    return {
        str(event.data.get("reading"))
        for event in past
        if event.kind == ANSWERED and event.lesson == lesson.id
    }


def _task(course: Course, task: Reading, answered: set[str]) -> Task:
    # A course of code, such as miniai, lies on this machine already.
    here = course.root / task.file
    own = course.source.removesuffix(".git") == task.repository and here.is_file()
    return Task(
        id=task.id,
        question=task.question,
        repository=task.repository,
        file=task.file,
        symbol=task.symbol,
        why=task.why,
        url=f"{task.repository}/blob/HEAD/{task.file}",
        path=str(here) if own else None,
        answered=task.id in answered,
    )


def read(
    ws: Workspace,
    text: str | None,
    which: str | None,
    *,
    ask: Ask,
    dry_run: bool = False,
) -> Answered | Tasks:
    """Ask a reading task, the first open one by default, and keep the answer in the lesson's notes.

    `ask` shows it and gives the answer; without one nothing is kept and the tasks are given back.
    """
    found = tasks(ws, text)
    task = _chosen(found, which)
    said = (ask(task) or "").strip() if task is not None else ""
    if task is None or not said:
        return found
    notes = ws.notes(found.lesson)
    left = sum(not one.answered and one.id != task.id for one in found.tasks)
    if dry_run:
        return Answered(found.lesson, task, ws.relative(notes), left)
    before = store.read_text(notes).rstrip("\n") + "\n\n" if notes.exists() else ""
    made = events.record(
        ws,
        ANSWERED,
        found.lesson,
        {"reading": task.id},
        files={notes: before + _note(task, said)},
        commit=f"Read {task.symbol} for {found.lesson}",
    )
    return Answered(found.lesson, task, ws.relative(notes), left, made.commit)


def _chosen(found: Tasks, which: str | None) -> Task | None:
    if which is None:
        return next((task for task in found.tasks if not task.answered), None)
    known = {task.id: task for task in found.tasks}
    if which not in known:
        raise CompanionError(
            f"{found.lesson} has no reading task {which!r}{did_you_mean(which, known)}",
            hint=f"fastcompanion lesson read {found.lesson} --list",
            code=Exit.USAGE,
        )
    return known[which]


def _note(task: Task, said: str) -> str:
    """Write an answer as a piece of the notes, with its day and its place."""
    day = journal.study_day(clock.now())
    place = f"[`{task.file}`]({task.url}), `{task.symbol}`"
    return f"## Read: {task.symbol}\n\n{place}: {task.question}\n\n{day}: {said}\n"
