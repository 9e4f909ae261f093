"""`server notebook DOOR`: a copy of the learner's notebook that works, and is checked, somewhere else.

Nothing is uploaded and nothing is pushed without a yes. What travels is the learner's own notebook with
one more cell; run copies hold a course's text, so they only ever go as a file that the learner uploads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastcompanion import __version__
from fastcompanion.base import branch, clock, events, repo, store, templates
from fastcompanion.base.branch import Remote
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import progress
from fastcompanion.course.checks import prepared
from fastcompanion.course.library import lessons, material
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.running import run
from fastcompanion.course.scaffolds import scratch
from fastcompanion.server.notebooks import doors, links, merging, travel
from fastcompanion.server.notebooks import program as travelling_program
from fastcompanion.server.notebooks.doors import Door, Fit
from fastcompanion.server.notebooks.travel import Kind, Pack
from fastcompanion.study.plan import plan

BRANCH = "fastcompanion-notebooks"
_MOST_BESIDE = 400_000
_OF_STEP: Mapping[str, Kind] = {"watch": "run", "run": "run", "reproduce": "scratch", "repeat": "repeat"}  # fmt: skip


@frozen
class Asked:
    """What the learner typed."""

    lesson: str | None = None
    notebook: str | None = None
    step: str = ""
    url: str = ""
    drive: bool = False
    push: bool = False


@frozen
class SetOut:
    """A copy that is ready to travel, and every way to open it.

    `link` opens it at once (it was pushed), `pushed` opens the study's own notebook, without the
    first cell; "" where there is none. `file` is what is to be uploaded otherwise.
    """

    id: str
    lesson: str
    title: str
    notebook: str
    kind: Kind
    door: Door
    fit: Fit
    file: str
    link: str
    pushed: str
    page: str
    steps: tuple[str, ...]
    is_new: bool
    notes: tuple[str, ...]


@frozen
class _Own:
    """The learner's notebook that is to travel."""

    ws: Workspace
    course: Course
    lesson: Lesson
    ref: NotebookRef
    kind: Kind
    path: Path
    book: Mapping[str, Any]
    is_new: bool


def set_out(
    ws: Workspace,
    name: str,
    asked: Asked,
    *,
    agree: Callable[[str], bool],
    dry_run: bool = False,
    reporter: Reporter,
) -> SetOut:
    """Make the copy that travels to a notebook server, and say how it is opened there."""
    door = doors.find(name)
    _refuse(door, asked)
    own = _own(ws, asked, reporter, dry_run=dry_run)
    notes = [text for text in (data_note(own.ref, door),) if text]
    pack = _pack(own, door, notes, public=asked.push)
    file = _free(ws.travel_folder(own.lesson.id) / f"{own.ref.id}.{own.kind}.{door.id}.ipynb", pack)
    to = _github(own) if asked.push else None
    page = links.jupyter(asked.url) if asked.url else door.page
    fit, link = _fit(own, door), ""
    if not dry_run:
        _write(ws, pack, file, _copy(own, pack, door, asked))
        if to is not None:
            link = _push(own, file, door, *to, agree)
    return SetOut(
        id=pack.id,
        lesson=own.lesson.id,
        title=own.lesson.title,
        notebook=own.ref.id,
        kind=own.kind,
        door=door,
        fit=fit,
        file=ws.relative(file),
        link=link,
        pushed="" if link else _pushed(own, door),
        page=page,
        steps=_steps(own, door, fit, page),
        is_new=own.is_new,
        notes=tuple(notes),
    )


def _refuse(door: Door, asked: Asked) -> None:
    if asked.url and door.id != "jupyter":
        raise CompanionError("--url is for jupyter", hint="server notebook jupyter", code=Exit.USAGE)  # fmt: skip
    if asked.drive and door.id != "colab":
        raise CompanionError("--drive is for colab", hint="server notebook colab", code=Exit.USAGE)
    if asked.push and door.id == "jupyter":
        raise CompanionError(
            "a Jupyter server opens files, not repositories: upload the file",
            hint="Leave --push out.",
            code=Exit.USAGE,
        )


def _own(ws: Workspace, asked: Asked, reporter: Reporter, *, dry_run: bool) -> _Own:
    """Find the notebook of the step, or make it as `start` does."""
    course, lesson = lessons.find(ws, asked.lesson)
    step = asked.step
    if not step:
        now = progress.progress(course, lesson, events.read(ws)).current
        step = now.step if now is not None else "reproduce"
    if step not in _OF_STEP:
        raise CompanionError(
            f"{step!r} has no notebook: run, reproduce, repeat",
            hint="--step reproduce",
            code=Exit.USAGE,
        )
    ref = lessons.notebook_of(lesson, asked.notebook)
    kind = _OF_STEP[step]
    if asked.push and kind == "run":
        raise CompanionError(
            "the copy to run holds the course's own text, which is not yours to publish",
            hint="Leave --push out: it goes there as a file that you upload.",
            code=Exit.USAGE,
        )
    path = ws.notebook(lesson.id, ref.id, kind)
    is_new = not path.exists()
    if is_new:
        _make(ws, course, lesson, ref, kind, reporter, dry_run=dry_run)
    book = notebook.read(path) if path.exists() else _empty()
    return _Own(ws, course, lesson, ref, kind, path, book, is_new)


def _empty() -> dict[str, Any]:
    return {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def _make(
    ws: Workspace,
    course: Course,
    lesson: Lesson,
    ref: NotebookRef,
    kind: Kind,
    reporter: Reporter,
    *,
    dry_run: bool,
) -> None:
    if kind == "repeat":
        raise CompanionError(
            f"there is no notebook with data of your own for {lesson.id} yet",
            hint=f"fastcompanion lesson repeat {lesson.id} PATH",
            code=Exit.NOT_SET_UP,
        )
    notes: tuple[str, ...]
    if kind == "scratch":
        notes = scratch.make_scratch(ws, course, lesson, ref, dry_run=dry_run).notes
    else:
        notes = run.copy_original(ws, course, lesson, ref, dry_run=dry_run).notes
    for note in notes:
        reporter.note(note)


def data_note(ref: NotebookRef, door: Door) -> str:
    """Say where the course's own notebook has its data attached, which a copy at Kaggle has not."""
    if door.id != "kaggle" or "kaggle.com/" not in (ref.url or ""):
        return ""
    return f"the course's own has its data attached ({ref.url}); to yours add them there: Add Input"


def study_key(ws: Workspace) -> str:
    """Give what tells this study from others: the id of its first course's event, committed with it."""
    past = events.read(ws)
    added = [one for one in past if one.kind == "course.added"]
    if not added:
        raise CompanionError("the study has no course yet", hint="fastcompanion course add foundations")  # fmt: skip
    return added[0].id


def _pack(own: _Own, door: Door, notes: list[str], *, public: bool) -> Pack:
    ws, is_theirs = own.ws, own.course.kind != "builtin"
    found = _original(own, notes) if is_theirs and not public and own.kind == "scratch" else {}
    made = Pack(
        id=clock.new_id(),
        study=study_key(ws),
        door=door.id,
        lesson=own.lesson.id,
        notebook=own.ref.id,
        kind=own.kind,
        at=clock.stamp(),
        program=__version__,
        files=tiny_study(ws, own.course, own.lesson, own.ref, public=public),
        originals=found,
        beside={} if public else dict(_beside(own, notes)),
        book=travel.bare(travel.take_out(own.book)),
    )
    if travel.size(made) <= travel.MOST_BYTES:
        return made
    notes.append(
        "it is too large to take the course's original and files along: hints are fewer there"
    )
    made = replace(made, originals={}, beside={})
    if travel.size(made) <= travel.MOST_BYTES:
        return made
    raise CompanionError(
        f"the notebook is too large to travel ({travel.size(made) / 1e6:.0f} MB without its outputs)",
        hint="Take pictures that are pasted into its cells out of it.",
        file=own.path,
    )


def _original(own: _Own, notes: list[str]) -> dict[str, str]:
    found = originals(own.course, own.ref)
    if not found:
        notes.append("the original is not on this machine, so only what was recorded of it travels")
    return found


def originals(course: Course, ref: NotebookRef) -> dict[str, str]:
    """Give the course's notebook without outputs, by its SHA-256: checks and hints are made from it."""
    if course.kind == "builtin" or not ref.sha256:
        return {}
    try:
        book = notebook.read(lessons.original(course, ref))
    except CompanionError as error:
        if error.code is not Exit.MISSING:
            raise
        return {}
    return {ref.sha256: json.dumps(travel.bare(book), ensure_ascii=False)}


def tiny_study(
    ws: Workspace, course: Course, lesson: Lesson, ref: NotebookRef, *, public: bool = False
) -> dict[str, str]:
    """Give the files of a study that knows one notebook: course, recorded checks, what was shown."""
    course_file, checks = ws.course_file(course.id), ws.checks_file(lesson.id, ref.id)
    files = {ws.relative(ws.settings): "version = 1\n"}
    files[ws.relative(course_file)] = store.read_text(course_file)
    kinds = ("lesson.scaffolded", prepared.ASSESSED)
    files[ws.relative(ws.progress)] = _lines(lesson, ref, ws.progress, kinds)
    if public:
        return files
    if checks.is_file():
        files[ws.relative(checks)] = store.read_text(checks)
    hinted = _lines(lesson, ref, ws.private_events, (prepared.HINTED,))
    return {**files, ws.relative(ws.private_events): hinted}


def _lines(lesson: Lesson, ref: NotebookRef, path: Path, kinds: tuple[str, ...]) -> str:
    mine = [
        row
        for row in store.read_lines(path)
        if row.get("kind") in kinds
        and row.get("lesson") == lesson.id
        and (row.get("data") or {}).get("notebook") == ref.id
    ]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in mine)


def _beside(own: _Own, notes: list[str]) -> Iterator[tuple[str, bytes]]:
    """Give small files that the notebook reads; what is larger, or has no room, is named."""
    folder, room = own.path.parent, _MOST_BESIDE
    ships = own.lesson.files if own.course.kind == "builtin" else ()
    names = [*own.lesson.files, *(name.as_posix() for name in material.named(own.book))]
    named = [folder / name for name in names if name not in ships]
    for place in dict.fromkeys([*named, *_of_repeat(own)]):
        files = [place] if place.is_file() else sorted(place.rglob("*")) if place.is_dir() else []
        found = [path for path in files if path.is_file()]
        found = [path for path in found if path.relative_to(folder).as_posix() not in ships]
        size = sum(path.stat().st_size for path in found)
        if size > room:
            name = place.relative_to(folder).as_posix()
            notes.append(f"{name} ({size / 1e6:.1f} MB) does not travel: take it there yourself")
            continue
        room -= size
        for path in found:
            yield path.relative_to(folder).as_posix(), store.read_bytes(path)


def _of_repeat(own: _Own) -> list[Path]:
    if own.kind != "repeat":
        return []
    folder = own.ws.repeat_folder(own.lesson.id, own.ref.id)
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def _free(file: Path, pack: Pack) -> Path:
    """Give the file for a copy; one in which somebody has worked (a Jupyter on this machine) stays."""
    if not file.exists():
        return file
    try:
        book = notebook.read(file)
        before = travel.find(book)
    except CompanionError:
        before = None
    if before is not None:
        ran = any(one.get("outputs") or one.get("execution_count") for one in book["cells"])
        if not ran and merging.alike(travel.take_out(book)["cells"], before.book["cells"]):
            return file
    return file.with_name(f"{file.stem}-{pack.id}.ipynb")


def _copy(own: _Own, pack: Pack, door: Door, asked: Asked) -> dict[str, Any]:
    program = travelling_program.pack(own.course.id)
    values = {
        "mark": travel.MARK,
        "id": pack.id,
        "lesson": pack.lesson,
        "door": door.id,
        "version": __version__,
        "program": program.text,
        "digest": program.digest,
        "drive_py": repr(asked.drive),
        "needs_py": repr(doors.NEEDS),
        "no_network": door.no_network,
        "packed": travel.folded(travel.write(pack)),
    }
    source = templates.render("server/first_cell.py", values).rstrip("\n")
    return travel.put_in(travel.without_outputs(own.book), pack.id, source)


def ignore(folder: Path) -> None:
    """Keep copies that travel, and what came back, out of git."""
    if not (folder / ".gitignore").exists():
        store.write_text(folder / ".gitignore", "# Copies that travel, and what came back\n*\n")


def _write(ws: Workspace, pack: Pack, file: Path, book: Mapping[str, Any]) -> None:
    ignore(file.parent)
    notebook.write(file, book)
    store.write_json(ws.travel(pack.id), {"version": 1, "packed": travel.write(pack)})


def _fit(own: _Own, door: Door) -> Fit:
    try:
        book = notebook.read(lessons.original(own.course, own.ref))
    except CompanionError:
        book = dict(own.book)
    code = [str(one["source"]) for one in book["cells"] if one["cell_type"] == "code"]
    planned = plan.if_sound(own.ws)
    weekly = planned.weekly_minutes if planned is not None and planned.slots else None
    return doors.fit(door, doors.gpu_need(code or None), weekly, own.lesson.minutes)


def _pushed(own: _Own, door: Door) -> str:
    """Give the address of the study's own notebook, where GitHub has it as it is here."""
    top = repo.state(own.ws.root).root
    if own.kind == "run" or top is None or not own.path.exists():
        return ""
    place = branch.published(top, own.path)
    where = links.github(place.url) if place is not None else None
    if place is None or where is None:
        return ""
    return links.open_at(door.id, where, place.branch, place.path)


def _github(own: _Own) -> tuple[Remote, links.Repository]:
    """Give the repository of the study on GitHub, which links lead to."""
    to = branch.remote(own.ws.root)
    where = links.github(to.url) if to is not None else None
    if to is None or where is None:
        raise CompanionError(
            "the study is not on GitHub, so no link can open the copy: upload the file",
            hint="Leave --push out.",
            code=Exit.NOT_SET_UP,
        )
    return to, where


def _push(
    own: _Own,
    file: Path,
    door: Door,
    to: Remote,
    where: links.Repository,
    agree: Callable[[str], bool],
) -> str:
    """Push the copy to a branch of its own, after a yes."""
    name = own.ws.relative(own.path)
    question = (
        f"Push the copy of {name} to the branch {BRANCH} of {where.owner}/{where.name}? "
        "Whoever can read the repository can read it"
    )
    if not agree(question):
        raise CompanionError("nothing was pushed", hint=f"Leave --push out, and upload {file}")
    branch.put(own.ws.root, to, BRANCH, {name: file}, f"Let {own.ref.id} travel")
    return links.open_at(door.id, where, BRANCH, name)


def _steps(own: _Own, door: Door, fit: Fit, page: str) -> tuple[str, ...]:
    """Say what is to be done there, in order."""
    work = {
        "run": "Run the first cell, then the notebook from its top to its end.",
        "scratch": "Run the first cell. Then work as you do here: %checkpoint, %check, %hint.",
        "repeat": "Run the first cell, bring your data there, then work as you do here.",
    }
    gpu = (f"For a GPU: {door.gpu_how}.",) if fit.gpu != "no" else ()
    return (door.upload.format(page=page or "the server"), *gpu, work[own.kind])
