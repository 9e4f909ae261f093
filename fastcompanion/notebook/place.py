"""Which notebook is this, and of which lesson? A kernel is not told, so it has to be found out.

The front end's own word comes first (Jupyter's session name, VS Code's variable), then the only
notebook of ours in the working folder. Without a file, as in Colab and Kaggle, the learner names
the lesson, and what ships with the program takes the place of a study.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Collection, Mapping
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

from fastcompanion.base import config, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.near import did_you_mean
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import prepared, records
from fastcompanion.course.checks.plan import Outline
from fastcompanion.course.checks.prepared import Ground
from fastcompanion.course.checks.records import Found
from fastcompanion.course.library import catalogue, courses, finding, lessons
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.recorded import judge, record
from fastcompanion.course.scaffolds.scaffold import scaffold

SESSION_VARIABLE = "JPY_SESSION_NAME"  # set by jupyter-server for every kernel it starts
VS_CODE_NAME = "__vsc_ipynb_file__"
_NAME_IT = "%checkpoint --lesson COURSE/NN   (for example foundations/01)"


@frozen
class Place:
    """The lesson that a kernel works on: `file` is the saved notebook, `study` where it lies.

    Either may be missing. `saved` is the notebook as it is on disk, else as the scaffold begins.
    """

    based: Ground
    saved: Mapping[str, Any]
    file: Path | None
    study: Workspace | None
    note: str = ""

    @property
    def lesson(self) -> Lesson:
        """The lesson."""
        return self.based.lesson


def find(
    names: Mapping[str, Any],
    *,
    lesson: str | None = None,
    notebook_id: str | None = None,
    study: Workspace | None = None,
) -> Place:
    """Find the notebook of this kernel, or the lesson that is named."""
    file = _file(names, notebook_id if lesson is None else None)
    study = study or _study_around(file)
    mark = _mark(file) if file is not None else None
    if lesson is not None and not (mark and mark[0] == lesson):
        named = _named(lesson, notebook_id, study)
        if (
            file is not None
            and mark is not None
            and file == named_by_front_end(names)
            and named.lesson.id != mark[0]
        ):
            raise CompanionError(
                f"{file.name} is of {mark[0]}, so it can't be checked as {named.lesson.id}",
                hint=f"%checkpoint here, without --lesson; for {named.lesson.id}, open its own notebook",
                code=Exit.USAGE,
            )
        return named
    if file is None or mark is None:
        if file is not None and _is_practice(file):
            what = f"{file.name} is for practice: nothing is kept of it in the notebook"
            raise CompanionError(what, hint="fastcompanion check --step again", code=Exit.USAGE)
        what = f"{file.name} belongs to no lesson" if file else "no notebook of a lesson is here"
        raise CompanionError(what, hint=_NAME_IT, code=Exit.USAGE)
    course, told, ref, note = _marked(study, file, *mark)
    owner = study if study is not None and course.id in courses.ids(study) else None
    saved = notebook.read(file)
    based = _ground(owner, course, told, ref, saved)
    return Place(based, saved, file, owner, note)


def brought(
    study: Workspace,
    lesson_id: str,
    notebook_id: str,
    saved: Mapping[str, Any],
    file: Path | None,
) -> Place:
    """Take the lesson that a travelling notebook has brought along, with its tiny study."""
    name = file or Path(f"{notebook_id}.ipynb")
    course, told, ref, note = _marked(study, name, lesson_id, notebook_id)
    return Place(_ground(study, course, told, ref, saved), saved, file, study, note)


def again(place: Place) -> Place:
    """Read the saved notebook again, as it may have been saved since."""
    if place.file is None:
        return place
    return replace(place, saved=notebook.read(place.file))


def _study_around(file: Path | None) -> Workspace | None:
    try:
        found = Workspace.find(file.parent if file is not None else None)
    except CompanionError as error:
        if error.code is not Exit.NOT_SET_UP:
            raise
        return None
    told = store.read_toml(found.settings)
    store.check_version(told, found.settings, current=config.STUDY_VERSION)
    return found


def _file(names: Mapping[str, Any], wanted: str | None) -> Path | None:
    """Give the notebook's file: the front end knows it, or it is the only one of ours here."""
    folder = Path.cwd()
    ours = [path for path in sorted(folder.glob("*.ipynb")) if _mark(path) is not None]
    if wanted is not None:
        named = [path for path in ours if _is_named(path, wanted)]
        exact = [path for path in named if path.name.partition(".")[0] == wanted]
        if len(exact or named) != 1:
            raise CompanionError(
                f"--notebook {wanted} fits {len(named)} notebooks of lessons in {folder}"
                + did_you_mean(wanted, [path.stem for path in ours]),
                hint=f"here are: {_listed(ours)}" if ours else _NAME_IT,
                code=Exit.USAGE,
            )
        return (exact or named)[0]
    if (own := named_by_front_end(names)) is not None:
        return own
    if len(ours) > 1:
        raise CompanionError(
            f"several notebooks of lessons are here: {_listed(ours)}",
            hint="%check --notebook NAME",
            code=Exit.USAGE,
        )
    return ours[0] if ours else None


def named_by_front_end(names: Mapping[str, Any]) -> Path | None:
    """Give the notebook that the front end itself names; any other is a guess."""
    for told in (names.get(VS_CODE_NAME), os.environ.get(SESSION_VARIABLE)):
        if isinstance(told, str) and told.endswith(".ipynb") and Path(told).is_file():
            return Path(told)
    return None


def _listed(paths: list[Path]) -> str:
    return ", ".join(path.name for path in paths)


def _is_named(path: Path, wanted: str) -> bool:
    mark = _mark(path)
    return wanted in (path.name, path.stem) or (mark is not None and wanted in mark[1])


def _is_practice(path: Path) -> bool:
    """Tell whether a notebook holds a section that is written again from memory."""
    try:
        ours = notebook.read(path)["metadata"].get("fastcompanion")
    except CompanionError:
        return False
    return isinstance(ours, dict) and "again" in ours


def _mark(path: Path) -> tuple[str, str] | None:
    """Read which lesson and notebook a file says it belongs to; None for any other file."""
    try:
        ours = notebook.read(path)["metadata"].get("fastcompanion")
    except CompanionError:
        return None
    if not isinstance(ours, dict):
        return None
    lesson, own = ours.get("lesson"), ours.get("notebook")
    return (lesson, own) if isinstance(lesson, str) and isinstance(own, str) else None


def _marked(
    study: Workspace | None, file: Path, lesson_id: str, notebook_id: str
) -> tuple[Course, Lesson, NotebookRef, str]:
    """Find what a notebook's mark speaks of: in the study, else in what ships with the program."""
    course_id, note = lesson_id.partition("/")[0], ""
    if study is not None and course_id in courses.ids(study):
        course = courses.load(study, course_id)
    elif course_id in catalogue.ids():
        course = catalogue.course(course_id)
        note = f"the study has no course {course_id}" if study is not None else ""
    else:
        raise CompanionError(
            f"{file.name} is of the course {course_id}, which only its study knows",
            hint="Work on it inside the study, where fastcompanion check knows it too.",
            code=Exit.USAGE,
        )
    told = next((one for one in course.lessons if one.id == lesson_id), None)
    if told is None:
        raise CompanionError(
            f"{file.name} is of lesson {lesson_id}, which {course_id} does not have",
            hint=_NAME_IT,
            code=Exit.USAGE,
        )
    return course, told, lessons.notebook_of(told, notebook_id), note


def _named(text: str, notebook_id: str | None, study: Workspace | None) -> Place:
    """Take the lesson that was named: of the study, else of the catalogue."""
    course_id, _, number = text.strip().lower().rpartition("/")
    if study is not None and (not course_id or course_id in courses.ids(study)):
        course, told = lessons.find(study, text)
    else:
        course, told = _from_catalogue(text, course_id, number)
        study = None
    ref = lessons.notebook_of(told, notebook_id)
    file = study.notebook(told.id, ref.id, "scratch") if study is not None else None
    if file is not None and file.is_file():
        saved = notebook.read(file)
        return Place(_ground(study, course, told, ref, saved), saved, file, study)
    return _without_file(study, course, told, ref)


def _from_catalogue(text: str, course_id: str, number: str) -> tuple[Course, Lesson]:
    if course_id not in catalogue.ids():
        known = catalogue.ids()
        raise CompanionError(
            f"no course of the catalogue fits {text!r}{did_you_mean(course_id or text, known)}",
            hint=f"Name the course too, one of: {', '.join(known)}; e.g. {known[0]}/01",
            code=Exit.USAGE,
        )
    course = catalogue.course(course_id)
    for told in course.lessons:
        if finding.bare(told.number) == finding.bare(number):
            return course, told
    listed = ", ".join(one.number for one in course.lessons)
    raise CompanionError(
        f"{course_id} has no lesson {number!r}: {listed}", hint=_NAME_IT, code=Exit.USAGE
    )


def _without_file(study: Workspace | None, course: Course, told: Lesson, ref: NotebookRef) -> Place:
    """Take the scaffold in place of a saved notebook; without the original, what was recorded."""
    empty: dict[str, Any] = {"cells": [], "metadata": {}}
    based = _ground(study, course, told, ref, empty)
    try:
        original = notebook.read(lessons.original(course, ref))
    except CompanionError as error:
        if error.code is not Exit.MISSING:
            raise
        if not based.outlines:
            raise CompanionError(
                f"nothing is known here of {told.id}: its original is not on this machine, "
                "and no recorded checks of it ship with the program",
                hint="Work on it in a study: fastcompanion init",
                code=Exit.MISSING,
            ) from None
        note = "the original is not here: judged by what was recorded of it elsewhere"
        return Place(based, empty, None, study, note)
    return Place(based, scaffold(original, told, ref).notebook, None, study)


def _ground(
    study: Workspace | None,
    course: Course,
    told: Lesson,
    ref: NotebookRef,
    saved: Mapping[str, Any],
) -> Ground:
    """Gather what a check rests on, with the sections as this notebook began."""
    based = prepared.ground(course, told, ref, saved, study=study, versions=here)
    if not based.checks and based.found.record is None and not based.blank:
        based = _by_shipped_record(based)
    if study is None:
        return based
    begun = prepared.begun_with(study, told, ref)
    cut = prepared.as_begun(list(based.outlines), saved, begun)
    return replace(based, outlines=tuple(cut))


def _by_shipped_record(based: Ground) -> Ground:
    """Take the recorded checks that ship, where the original is not here to be compared with."""
    course, told, ref = based.course, based.lesson, based.ref
    path = records.shipped_file(course.id, told.number, ref.id)
    if not path.is_file():
        return based
    found = record.read(path)
    reason = record.other_versions(found, here(tuple(found.versions)))
    if reason:
        notice = f"the recorded checks are not used: {reason}"
        return replace(based, found=Found(notice=notice))
    known = {outline.id for outline in based.outlines}
    outlines = based.outlines or tuple(
        Outline(one.id, one.id.replace("-", " "), True, (), judge.checkpoints(one))
        for one in found.sections
    )
    if known and not known & {one.id for one in found.sections}:
        return based
    return replace(based, outlines=outlines, found=Found(found, path))


def here(names: Collection[str]) -> dict[str, str]:
    """Give the versions that this very interpreter has of some packages, and its own."""
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found.setdefault(name, metadata.version(name))
        except metadata.PackageNotFoundError:
            continue
    return found
