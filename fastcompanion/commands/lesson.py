"""`lesson list|show|open|skip|done`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated

import typer

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.commands import completing
from fastcompanion.commands.lesson_app import app
from fastcompanion.commands.options import LessonArgument, Session, command
from fastcompanion.commands.phrases import MARKS, commit_blocks, step_items
from fastcompanion.console import Answer, Block, Facts, Items, Line, Next, Table, Title
from fastcompanion.course.library import lessons, steps
from fastcompanion.course.library.lessons import CourseLessons, LessonLine, LessonShown, Question
from fastcompanion.course.library.steps import Skipped, StepDone
from fastcompanion.course.model import STEPS, Step
from fastcompanion.course.progress import NextStep
from fastcompanion.flows import showing
from fastcompanion.flows.showing import Opened

_MOST = 10  # open questions that are listed

StepOption = Annotated[
    str | None,
    typer.Option(
        "--step",
        help=f"{', '.join(STEPS)}.",
        show_default="the current",
        autocompletion=completing.steps,
    ),
]


@frozen
class LessonList:
    """The lessons of the study, course by course."""

    courses: tuple[CourseLessons, ...]


@command(app, "list")
def list_(
    session: Session,
    course: Annotated[
        str | None,
        typer.Argument(
            help="One course only.", show_default="all", autocompletion=completing.courses
        ),
    ] = None,
) -> Answer:
    """List lessons with their steps (x done, > begun, - skipped, . open)."""
    return Answer(LessonList(lessons.listing(session.workspace(), course)), _view_list)


@command(app, "show")
def show(session: Session, lesson: LessonArgument = None) -> Answer:
    """Show a lesson: goals, links, notebooks, and what comes next."""
    return Answer(lessons.show(session.workspace(), lesson), _view_lesson)


@command(app, "open")
def open_(
    session: Session,
    lesson: LessonArgument = None,
    notebook: Annotated[
        str | None, typer.Option("--notebook", help="One of its notebooks.", show_default="first")
    ] = None,
    video: Annotated[bool, typer.Option("--video", help="The video, in your browser.")] = False,
    page: Annotated[bool, typer.Option("--page", help="Its web page, in your browser.")] = False,
) -> Answer:
    """Open the notebook of the current step, or the video or page."""
    opened = showing.open_lesson(
        session.workspace(),
        lesson,
        notebook=notebook,
        video=video,
        page=page,
        reporter=session.reporter,
        dry_run=session.dry_run,
    )
    return Answer(opened, _view_opened)


@command(app, "done")
def done(
    session: Session,
    lesson: LessonArgument = None,
    step_word: Annotated[
        str | None,
        typer.Argument(
            metavar="[STEP]",
            help="watch or repeat.",
            show_default=False,
            autocompletion=completing.steps,
        ),
    ] = None,
    step: StepOption = None,
    note: Annotated[str, typer.Option("--note", "-n", help="One sentence of your own.")] = "",
    answer: Annotated[
        list[str] | None,
        typer.Option("--answer", metavar="CARD=TEXT", help="Your answer to a question; repeat it."),
    ] = None,
) -> Answer:
    """Finish a step on your word: you watched it, or did it with your own data."""
    name, wanted = _lesson_and_step(lesson, step or step_word)
    finished = steps.done(
        session.workspace(),
        name,
        wanted,
        note=note,
        answers=_answers(answer or []),
        ask=_asker(session),
        dry_run=session.dry_run,
    )
    return Answer(finished, _view_done)


@command(app, "skip")
def skip(
    session: Session,
    lesson: LessonArgument = None,
    step: Annotated[
        str | None,
        typer.Option(
            "--step",
            help="Only this step.",
            show_default="the whole lesson",
            autocompletion=completing.steps,
        ),
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take it up again.")] = False,
) -> Answer:
    """Leave a lesson or a step out; it is logged, and can be undone."""
    name, wanted = _lesson_and_step(lesson, step)
    skipped = steps.skip(session.workspace(), name, wanted, undo=undo, dry_run=session.dry_run)
    return Answer(skipped, _view_skipped)


def register(root: typer.Typer) -> None:
    """Add nothing to the root: importing this file has added to the group `lesson`."""


def _lesson_and_step(lesson: str | None, step: str | None) -> tuple[str | None, Step | None]:
    """`lesson done watch` means the step: no lesson is called like one."""
    if step is None and lesson in STEPS:
        return None, steps.step_named(lesson)
    return lesson, steps.step_named(step) if step else None


def _answers(pairs: list[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        card, equals, text = pair.partition("=")
        if not equals or not text.strip():
            raise CompanionError(
                f"--answer {pair!r} is not CARD=TEXT", hint='--answer c1="..."', code=Exit.USAGE
            )
        found[card.strip()] = text.strip()
    return found


def _asker(session: Session) -> Callable[[str], str] | None:
    if not session.can_ask or session.yes:
        return None
    return lambda question: session.ask(question, "", "--note or --answer")


def _view_list(found: LessonList) -> Iterable[Block]:
    if not found.courses:
        yield Line("The study has no course yet.")
        yield Next("fastcompanion course add foundations")
    for course in found.courses:
        rows = tuple(_row(line) for line in course.lessons)
        columns = ("", "lesson", *STEPS, "sections", "title")
        yield Table(columns, rows, title=f"{course.course}: {course.title}")


def _row(line: LessonLine) -> tuple[str, ...]:
    told = line.progress
    marks = tuple(MARKS[step.state] for step in told.steps)
    if told.state == "skipped":
        marks = ("-",) * len(marks)
    counts = ""
    if told.sections_total:
        counts = f"{told.sections_passed}+{told.sections_assessed}/{told.sections_total}"
    return (">" if line.current else "", line.id, *marks, counts, line.title)


def _view_lesson(shown: LessonShown) -> Iterable[Block]:
    yield Title(f"{shown.id} {shown.title}")
    if shown.about:
        yield Line(shown.about)
    yield Items(shown.goals)
    named = (("video", shown.video), ("page", shown.page))
    facts = [(name, url) for name, url in named if url]
    facts += [(link.title, link.url) for link in shown.links]
    yield Facts(tuple(facts))
    yield Table(
        ("notebook", "original", "yours"),
        tuple(
            (n.id, n.path or f"on the web: {n.url}", ", ".join(n.files)) for n in shown.notebooks
        ),
    )
    yield step_items(shown.progress)
    open_questions = [one for one in shown.questions if not one.answered]
    if shown.questions:
        answered = len(shown.questions) - len(open_questions)
        yield Line(f"Questions answered: {answered} of {len(shown.questions)}.")
        yield Items(tuple(map(_question, open_questions[:_MOST])))
        if len(open_questions) > _MOST:
            yield Line(f"and {len(open_questions) - _MOST} more")
        if open_questions:
            yield Next(f"fastcompanion review --lesson {shown.id}", "answer them")
    yield from _reading(shown)
    yield from _role_models(shown)
    yield from _next(shown.next)


def _question(one: Question) -> str:
    first, *rest = one.question.split("\n")
    return f"{one.id}: {first}{' ...' if rest else ''}"


def _reading(shown: LessonShown) -> Iterable[Block]:
    """List what is to be read; what was read has a mark."""
    if shown.reading:
        yield Line("Real code to read:")
        yield Items(
            tuple(
                f"[{'x' if one.answered else '.'}] {one.file}, {one.symbol}: {one.question}"
                for one in shown.reading
            )
        )
    if any(not one.answered for one in shown.reading):
        yield Next(f"fastcompanion lesson read {shown.id}", "answer in your own words")


def _role_models(shown: LessonShown) -> Iterable[Block]:
    """Name one person and one portfolio, another pair at each lesson; `course show` has them all."""
    turn = sum(map(ord, shown.id))
    for about, found in (("Worth following", shown.people), ("To look at", shown.portfolios)):
        if found:
            one = found[turn % len(found)]
            yield Line(f"{about}: {one.name}, {one.url}. {one.why}", "dim")


def _next(step: NextStep | None) -> Iterable[Block]:
    if step is None:
        yield Next("fastcompanion next")
    else:
        yield Next(step.command, f"{step.step}: {step.what}")


def _view_opened(opened: Opened) -> Iterable[Block]:
    what = opened.notebook or " and ".join(opened.addresses)
    if opened.program is None:
        yield Line(f"{opened.lesson}: {what}")
    else:
        yield Line(f"{opened.lesson}: {what}, opened with {opened.program}")


def _view_done(finished: StepDone) -> Iterable[Block]:
    if not finished.new:
        yield Line(f"The step {finished.step} of {finished.lesson} was done already.")
    else:
        yield Line(f"Done: {finished.step} of {finished.lesson} {finished.title}.", "good")
    if finished.cards_answered:
        yield Line(f"{finished.cards_answered} answers kept with the lesson's questions.")
    yield from commit_blocks(finished.commit)
    yield from _next(finished.next)


def _view_skipped(skipped: Skipped) -> Iterable[Block]:
    what = f"{skipped.step} of {skipped.lesson}" if skipped.step else skipped.lesson
    if not skipped.changed:
        yield Line(f"{what} {'was not skipped' if skipped.undone else 'is skipped already'}.")
    elif skipped.undone:
        yield Line(f"Taken up again: {what} {skipped.title}.")
    else:
        yield Line(f"Skipped: {what} {skipped.title}. To take it up again: --undo")
    yield from commit_blocks(skipped.commit)
    yield from _next(skipped.next)
