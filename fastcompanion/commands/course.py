"""`course`: add, list, show, update, remove."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.commands import completing
from fastcompanion.commands.options import Session, command
from fastcompanion.commands.phrases import commit_blocks
from fastcompanion.console import Answer, Block, Facts, Items, Line, Next, Table, Title, Warn
from fastcompanion.course.library import courses, updates
from fastcompanion.course.library.courses import CatalogueEntry, CourseSummary, Removed
from fastcompanion.course.library.discovery import LeftOut
from fastcompanion.course.library.updates import NotebookChange, Updated
from fastcompanion.course.model import Course, RoleModel

_SHOWN = 8

app = typer.Typer(
    name="course", help="Courses: the catalogue, repositories, folders.", no_args_is_help=True
)

CourseArgument = Annotated[
    str, typer.Argument(help="The course's id.", autocompletion=completing.courses)
]
CourseOrOnly = Annotated[
    str | None,
    typer.Argument(
        help="The course's id.", show_default="the only one", autocompletion=completing.courses
    ),
]
RefOption = Annotated[str, typer.Option("--ref", help="A branch, tag or commit.")]


@frozen
class LessonName:
    """A lesson's id and title."""

    id: str
    title: str
    notebooks: tuple[str, ...]


@frozen
class CourseShown:
    """A course; `new` tells whether it was added just now, `here` whether its files are there."""

    id: str
    title: str
    kind: str
    source: str
    ref: str
    commit: str
    folder: str
    here: bool
    about: str
    licence: str
    pages: str
    kernel: str | None
    lessons: tuple[LessonName, ...]
    people: tuple[RoleModel, ...]
    portfolios: tuple[RoleModel, ...]
    new: bool = False
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    committed: CommitResult | None = None


@frozen
class Courses:
    """The courses of the study."""

    courses: tuple[CourseSummary, ...]


@frozen
class Catalogue:
    """The courses that ship with the program."""

    courses: tuple[CatalogueEntry, ...]


@command(app, "add")
def add(
    session: Session,
    what: Annotated[
        str,
        typer.Argument(
            metavar="NAME|URL|PATH",
            help="A name of the catalogue, a git address (or OWNER/NAME of GitHub), or a folder.",
        ),
    ],
    ref: RefOption = "",
    as_id: Annotated[str | None, typer.Option("--as", help="The id it is to have here.")] = None,
    include: Annotated[
        list[str] | None,
        typer.Option("--include", help="Take notebooks that would be left out, e.g. 'slides/*'."),
    ] = None,
) -> Answer:
    """Add a course: from the catalogue, a git repository or a folder of notebooks."""
    added = courses.add(
        session.workspace(),
        what,
        ref=ref,
        as_id=as_id,
        include=include or (),
        reporter=session.reporter,
        dry_run=session.dry_run,
    )
    shown = _shown(added.course, added.new, added.left_out, added.notes, added.commit)
    return Answer(shown, _view_added)


@command(app, "list")
def list_(
    session: Session,
    catalogue: Annotated[
        bool, typer.Option("--catalogue", help="Those that could be added by name.")
    ] = False,
) -> Answer:
    """List the courses of your study, or the catalogue."""
    if catalogue:
        found = courses.list_catalogue(session.workspace_or_none())
        return Answer(Catalogue(found), _view_catalogue)
    return Answer(Courses(courses.list_courses(session.workspace())), _view_courses)


@command(app, "show")
def show(session: Session, course: CourseOrOnly = None) -> Answer:
    """Show a course: where it is from, its lessons, its files."""
    study = session.workspace()
    return Answer(_shown(courses.load(study, courses.chosen(study, course))), _view_course)


@command(app, "update")
def update(
    session: Session,
    course: CourseOrOnly = None,
    ref: Annotated[str | None, typer.Option("--ref", help="Another branch, tag or commit.")] = None,
) -> Answer:
    """Fetch what is new in a course and say what changed; your work stays as it is."""
    study = session.workspace()
    updated = updates.update(
        study,
        courses.chosen(study, course),
        ref=ref,
        reporter=session.reporter,
        dry_run=session.dry_run,
    )
    return Answer(updated, _view_updated)


@command(app, "remove")
def remove(
    session: Session,
    course: CourseArgument,
    purge: Annotated[
        bool, typer.Option("--purge", help="Delete its clones too, where no study uses them.")
    ] = False,
) -> Answer:
    """Take a course out of the study; what you wrote in its lessons is kept."""
    study = session.workspace()
    title = courses.load_title(study, course)
    if session.dry_run:
        return Answer(Removed(course, None, (), (), None), _view_would_remove)
    if not session.confirm(f"Remove the course {course} ({title})? Your work in it is kept."):
        raise CompanionError("nothing was removed")
    return Answer(courses.remove(study, course, purge=purge), _view_removed)


def register(root: typer.Typer) -> None:
    """Add the group to the program."""
    root.add_typer(app, rich_help_panel="Groups")


def _shown(
    course: Course,
    new: bool = False,
    left_out: tuple[LeftOut, ...] = (),
    notes: tuple[str, ...] = (),
    committed: CommitResult | None = None,
) -> CourseShown:
    lessons = tuple(
        LessonName(one.id, one.title, tuple(n.path or n.url or n.id for n in one.notebooks))
        for one in course.lessons
    )
    return CourseShown(
        id=course.id,
        title=course.title,
        kind=course.kind,
        source=course.source,
        ref=course.ref,
        commit=course.commit,
        folder=str(course.root),
        here=course.root.is_dir(),
        about=course.about,
        licence=course.licence,
        pages=course.pages,
        kernel=course.kernel,
        lessons=lessons,
        people=course.people,
        portfolios=course.portfolios,
        new=new,
        left_out=left_out,
        notes=notes,
        committed=committed,
    )


def _view_added(shown: CourseShown) -> Iterable[Block]:
    if shown.new and shown.lessons:
        yield Title(f"Added {shown.id}: {shown.title}, {_count(len(shown.lessons), 'lesson')}")
        yield from _lessons(shown.lessons)
    for note in shown.notes:
        yield Warn(note) if shown.new else Line(note)
    if shown.left_out:
        yield Line(f"Left out: {_count(len(shown.left_out), 'notebook')}.")
        yield Items(_some(_grouped(shown.left_out)))
        yield Line("To take some of them: --include PATTERN, before the course is added.", "dim")
    yield from commit_blocks(shown.committed)
    if shown.lessons:
        yield Next(f"fastcompanion start {shown.lessons[0].id}")


def _lessons(lessons: tuple[LessonName, ...]) -> Iterable[Block]:
    rows = [(lesson.id, lesson.title) for lesson in lessons]
    yield Table(("lesson", "title"), tuple(rows[: _SHOWN + 4]))
    if len(rows) > _SHOWN + 4:
        yield Line(f"and {len(rows) - _SHOWN - 4} more: fastcompanion lesson list", "dim")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _some(texts: list[str]) -> tuple[str, ...]:
    rest = len(texts) - _SHOWN
    return tuple(texts[:_SHOWN]) + ((f"and {rest} more",) if rest > 0 else ())


def _grouped(left_out: tuple[LeftOut, ...]) -> list[str]:
    """Name a folder once with the number of its notebooks, and single notebooks by themselves."""
    folders: dict[str, list[LeftOut]] = {}
    for one in left_out:
        folders.setdefault(one.path.rpartition("/")[0], []).append(one)
    told = []
    for folder, inside in folders.items():
        if folder and len(inside) > 1:
            told.append(f"{folder}/ ({len(inside)}): {inside[0].path} {inside[0].reason}, ...")
        else:
            told += [f"{one.path}: {one.reason}" for one in inside]
    return told


def _view_courses(found: Courses) -> Iterable[Block]:
    if not found.courses:
        yield Line("The study has no course yet.")
        yield Next("fastcompanion course list --catalogue", "what there is")
        return
    rows = tuple(
        (one.id, str(one.lessons), _from(one), "" if one.here else "not on this machine", one.title)
        for one in found.courses
    )
    yield Table(("course", "lessons", "from", "", "title"), rows)


def _from(one: CourseSummary) -> str:
    return f"{one.source} @ {one.commit[:8]}" if one.commit else one.source


def _view_catalogue(found: Catalogue) -> Iterable[Block]:
    for one in found.courses:
        added = " (in your study)" if one.added else ""
        yield Title(f"{one.id}: {one.title}{added}")
        yield Line(one.about)
        where = f", from {one.source}" if one.source else ", works offline"
        yield Line(f"{_count(one.lessons, 'lesson')}{where}", "dim")
    yield Next("fastcompanion course add NAME", "or the address or folder of any other course")


def _view_course(shown: CourseShown) -> Iterable[Block]:
    yield Title(f"{shown.id}: {shown.title}")
    if shown.about:
        yield Line(shown.about)
    commit = shown.commit[:12] + (f" ({shown.ref})" if shown.ref else "")
    facts = (
        ("from", shown.source),
        ("commit", commit),
        ("files", shown.folder if shown.here else f"not on this machine ({shown.folder})"),
        ("pages", shown.pages),
        ("licence", shown.licence),
        ("kernel", shown.kernel or ""),
    )
    yield Facts(tuple((name, value) for name, value in facts if value))
    rows = tuple((one.id, one.title, ", ".join(one.notebooks)) for one in shown.lessons)
    yield Table(("lesson", "title", "notebooks"), rows)
    for about, found in (("People", shown.people), ("Portfolios", shown.portfolios)):
        if found:
            yield Title(about)
            yield Items(tuple(f"{one.name}, {one.url}: {one.why}" for one in found))
    if not shown.here:
        yield Next(f"fastcompanion course add {shown.source}", "fetch its files again")


def _view_updated(updated: Updated) -> Iterable[Block]:
    if not updated.changed:
        commit = f" ({updated.to_commit[:8]})" if updated.to_commit else ""
        yield Line(f"{updated.course} is up to date{commit}.", "good")
        return
    moved = f" from {updated.from_commit[:8]}" if updated.from_commit else ""
    yield Title(f"Updated {updated.course}{moved}{_at(updated.to_commit)}")
    same = sum(change.state == "same" for change in updated.notebooks)
    told = [change for change in updated.notebooks if change.state != "same"]
    if told:
        rows = tuple((c.lesson, c.state, _cells(c), _path(c)) for c in told)
        yield Table(("lesson", "original", "cells", "file"), rows)
    yield Line(f"{_count(same, 'notebook')} as before. Lesson ids and your files are unchanged.")
    for change in told:
        if change.working:
            yield from _in_work(change)
    for note in updated.notes:
        yield Warn(note)
    yield from commit_blocks(updated.commit)


def _at(commit: str) -> str:
    return f" to {commit[:8]}" if commit else ""


def _cells(change: NotebookChange) -> str:
    if change.state not in ("changed", "moved and changed"):
        return ""
    return "?" if change.cells is None else str(change.cells)


def _path(change: NotebookChange) -> str:
    if change.state.startswith("moved"):
        return f"{change.was} -> {change.path}"
    return change.path or change.was


def _in_work(change: NotebookChange) -> Iterable[Block]:
    """Tell somebody in mid-lesson what the change means for the sections in hand."""
    if change.state == "gone":
        yield Warn(f"{change.lesson}: the original is gone there; the copy kept here serves on.")
        return
    if not change.sections:
        yield Line(f"{change.lesson}: you have work on this notebook; it was kept.")
        return
    yield Line(f"{change.lesson}: you have work on this notebook; it was kept. In the original:")
    words = {"changed": "changed", "new": "is new", "gone": "is gone"}
    yield Items(
        tuple(
            f"section '{one.title or one.id}' {words[one.state]}: {_count(one.cells, 'cell')}"
            for one in change.sections
        )
    )


def _view_would_remove(removed: Removed) -> Iterable[Block]:
    yield Line(f"Would remove the course {removed.id}; your work in it would be kept.")


def _view_removed(removed: Removed) -> Iterable[Block]:
    yield Line(f"Removed {removed.id}.")
    if removed.work:
        yield Line(f"Your work is kept: {removed.work}")
    if removed.purged:
        yield Items(tuple(f"deleted: {path}" for path in removed.purged))
    if removed.kept:
        yield Items(tuple(f"kept, as another study uses it: {path}" for path in removed.kept))
    yield from commit_blocks(removed.commit)
