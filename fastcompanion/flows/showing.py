"""Showing a lesson: its notebook in the learner's editor, its video and page in the browser."""

from __future__ import annotations

from fastcompanion.base import browser, events
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import progress
from fastcompanion.course.library import lessons
from fastcompanion.course.model import Lesson, NotebookRef
from fastcompanion.flows import opening


@frozen
class Opened:
    """What was opened: a notebook of the study, or an address; `program` is None for none."""

    lesson: str
    title: str
    notebook: str | None
    addresses: tuple[str, ...]
    program: str | None


def open_lesson(
    ws: Workspace,
    text: str | None,
    *,
    notebook: str | None = None,
    video: bool = False,
    page: bool = False,
    reporter: Reporter,
    dry_run: bool = False,
) -> Opened:
    """Open the notebook of the current step, or just the video or page when they are asked for."""
    past = events.read(ws)
    course, lesson = lessons.find(ws, text, past=past)
    if video or page:
        return _browse(lesson, video=video, page=page, dry_run=dry_run)
    own = [event for event in past if event.lesson == lesson.id]
    step = progress.next_in_lesson(course, lesson, own)
    chosen = lessons.notebook_of(lesson, notebook)
    if chosen.path is None:
        return _open(lesson, [str(chosen.url)], dry_run=dry_run)
    if step is not None:
        step = _on(step, chosen)
    prepared = opening.prepare(ws, course, lesson, step, dry_run=dry_run, reporter=reporter)
    place = prepared.notebook or ws.notebook(lesson.id, chosen.id, "run")
    program = None
    if place.exists() and not dry_run:
        program = opening.show(ws, place, course=course, reporter=reporter)
    return Opened(lesson.id, lesson.title, ws.relative(place), (), program)


def _on(step: progress.NextStep, chosen: NotebookRef) -> progress.NextStep:
    """Point a step at a notebook; a lecture that is still to be watched has its original as well."""
    wanted = "run" if step.step == "watch" else step.step
    return progress.NextStep(
        step.course, step.lesson, step.title, wanted, chosen.id, None, step.what, step.command
    )


def _browse(lesson: Lesson, *, video: bool, page: bool, dry_run: bool) -> Opened:
    wanted = [("video", lesson.video, video), ("page", lesson.page, page)]
    missing = [name for name, url, asked in wanted if asked and not url]
    if missing:
        raise CompanionError(
            f"{lesson.id} has no {' and no '.join(missing)}",
            hint=f"fastcompanion lesson show {lesson.id}",
            code=Exit.MISSING,
        )
    return _open(lesson, [url for _, url, asked in wanted if asked], dry_run=dry_run)


def _open(lesson: Lesson, urls: list[str], *, dry_run: bool) -> Opened:
    for url in urls:
        browser.refuse_other(url)
        if not dry_run:
            browser.open_page(url)
    program = None if dry_run else "the browser"
    return Opened(lesson.id, lesson.title, None, tuple(urls), program)
