"""`lesson read`: a question about real code, answered in own words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from fastcompanion import console
from fastcompanion.commands import lesson_app as group
from fastcompanion.commands.options import LessonArgument, Session, command
from fastcompanion.commands.phrases import commit_blocks
from fastcompanion.console import Answer, Block, Facts, Line, Next, Table, Title
from fastcompanion.flows import reading
from fastcompanion.flows.reading import Answered, Task, Tasks


@command(group.app, "read")
def read(
    session: Session,
    lesson: LessonArgument = None,
    which: Annotated[
        str | None,
        typer.Option("--reading", "-r", metavar="ID", help="Which one.", show_default="the next"),
    ] = None,
    answer: Annotated[
        str | None, typer.Option("--answer", "-a", help="Your answer, in your own words.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="Only show the tasks.")] = False,
) -> Answer:
    """Read a piece of real code and answer a question about it; the answer goes into your notes."""
    study = session.workspace()
    if list_ or (answer is None and session.json):
        return Answer(reading.tasks(study, lesson), _view_tasks)

    def ask(task: Task) -> str | None:
        if answer is not None:
            return answer
        console.show_line(None, _view_task(task))
        return None if session.dry_run else console.ask_or_end("Your answer (Enter: later)")

    done = reading.read(study, lesson, which, ask=ask, dry_run=session.dry_run)
    if isinstance(done, Tasks):
        return Answer(done, _view_tasks if not _open(done) else _view_left)
    return Answer(done, _view_answered)


def _open(found: Tasks) -> int:
    return sum(not task.answered for task in found.tasks)


def _view_task(task: Task) -> Iterable[Block]:
    yield Title(task.question)
    place = (("file", task.file), ("look for", task.symbol), ("on the web", task.url))
    yield Facts((*place, *((("here", task.path),) if task.path else ())))
    yield Line(task.why, "dim")


def _view_tasks(found: Tasks) -> Iterable[Block]:
    yield Title(f"{found.lesson} {found.title}")
    if not found.tasks:
        yield Line("This lesson has no reading task.")
        return
    rows = tuple(
        (task.id, "answered" if task.answered else "open", task.file, task.symbol, task.question)
        for task in found.tasks
    )
    yield Table(("task", "", "file", "look for", "question"), rows)
    if _open(found):
        yield Next(f"fastcompanion lesson read {found.lesson}")


def _view_left(found: Tasks) -> Iterable[Block]:
    yield Next(f'fastcompanion lesson read {found.lesson} --answer "..."', "when you have read it")


def _view_answered(done: Answered) -> Iterable[Block]:
    yield Line(f"Your answer on {done.task.symbol} is in {done.file}.", "good")
    yield from commit_blocks(done.commit)
    if done.left:
        yield Next(f"fastcompanion lesson read {done.lesson}", f"{done.left} more to read")


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `lesson`."""
