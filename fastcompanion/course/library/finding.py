"""Which lesson is meant by what people type; loads no more of the library than the outlines."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from fastcompanion.base import config, events
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.events import Event
from fastcompanion.base.near import did_you_mean, near
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import progress
from fastcompanion.course.library import course_file
from fastcompanion.course.library.course_file import Outline
from fastcompanion.course.model import Course, Lesson


def find(
    study: Workspace, text: str | None, *, past: Sequence[Event] | None = None
) -> tuple[Course, Lesson]:
    """Find the lesson that a text means: `fastai-p1/05`, `05`, `5`, a course, words of a title.

    Without a text it is the lesson of the last event, else the first lesson of the only (or the
    set) course. What fits nothing or several lessons is exit 2 and lists the candidates.
    `past` are the study's events, when they have been read already.
    """
    outlines = [course_file.outline(study, course_id) for course_id in course_file.ids(study)]
    if not outlines:
        raise CompanionError(
            "the study has no course yet",
            hint="fastcompanion course add foundations",
            code=Exit.USAGE,
        )
    if text is None or not text.strip():
        return _load(study, _default(study, outlines, past))
    typed = unicodedata.normalize("NFC", text.strip())
    return _load(study, _meant(study, outlines, typed, past))


def _load(study: Workspace, lesson_id: str) -> tuple[Course, Lesson]:
    course = course_file.load(study, lesson_id.partition("/")[0])
    return course, next(lesson for lesson in course.lessons if lesson.id == lesson_id)


def _default(study: Workspace, outlines: Sequence[Outline], past: Sequence[Event] | None) -> str:
    every = {lesson_id for outline in outlines for lesson_id, _ in outline.lessons}
    for event in reversed(events.read(study) if past is None else past):
        if event.lesson in every and event.kind not in progress.ASIDE:
            return event.lesson
    chosen = outlines if len(outlines) == 1 else _set_course(study, outlines)
    if len(chosen) == 1 and chosen[0].lessons:
        return chosen[0].lessons[0][0]
    firsts = [outline.lessons[0] for outline in outlines if outline.lessons]
    raise _ambiguous("it is not clear which lesson is meant", firsts)


def _set_course(study: Workspace, outlines: Sequence[Outline]) -> list[Outline]:
    name = config.load(study).get("study.course")
    return [outline for outline in outlines if outline.id == name]


def _meant(
    study: Workspace, outlines: Sequence[Outline], text: str, past: Sequence[Event] | None
) -> str:
    for outline in outlines:
        if text.strip("/").lower() == outline.id:
            return _in_course(study, outline, past)
    for way in (_by_number, _by_title):
        found = [entry for outline in outlines for entry in way(outline, text)]
        if len(found) > 1:
            preferred = [o.id for o in _set_course(study, outlines)]
            found = [e for e in found if e[0].partition("/")[0] in preferred] or found
        if len(found) == 1:
            return found[0][0]
        if found:
            raise _ambiguous(f"{text!r} fits {len(found)} lessons", found)
    raise _unknown(outlines, text)


def _unknown(outlines: Sequence[Outline], text: str) -> CompanionError:
    """Name the lessons that were meant: a misspelt course has the numbers of those that are near."""
    every = [lesson_id for outline in outlines for lesson_id, _ in outline.lessons]
    course, slash, number = text.rpartition("/")
    likely = near(course if slash else text, [outline.id for outline in outlines])
    meant = [name for name in every if slash and _is_number_of(name, likely, number)]
    if not slash:
        meant = list(likely)
    known = meant or every
    told = f"; did you mean {' or '.join(meant)}?" if meant else did_you_mean(text, known)
    hint = "fastcompanion lesson list"
    return CompanionError(f"no lesson fits {text!r}{told}", hint=hint, code=Exit.USAGE)


def _is_number_of(lesson_id: str, courses_meant: Sequence[str], number: str) -> bool:
    course, _, own = lesson_id.partition("/")
    return course in courses_meant and bare(own) == bare(number)


def _in_course(study: Workspace, outline: Outline, past: Sequence[Event] | None) -> str:
    """A course's name alone means its lesson of the last event, else its first."""
    own = [lesson_id for lesson_id, _ in outline.lessons]
    for event in reversed(events.read(study) if past is None else past):
        if event.lesson in own and event.kind not in progress.ASIDE:
            return event.lesson
    if own:
        return own[0]
    raise CompanionError(f"the course {outline.id} has no lessons", code=Exit.USAGE)


def _by_number(outline: Outline, text: str) -> list[tuple[str, str]]:
    course, _, number = text.rpartition("/")
    if course and course.lower() != outline.id:
        return []
    wanted = bare(number)
    return [entry for entry in outline.lessons if bare(entry[0].partition("/")[2]) == wanted]


def _by_title(outline: Outline, text: str) -> list[tuple[str, str]]:
    course, _, rest = text.rpartition("/")
    if course and course.lower() != outline.id:
        return []
    words = rest.casefold().split()
    return [e for e in outline.lessons if words and all(w in e[1].casefold() for w in words)]


def bare(number: str) -> str:
    """Write a lesson's number without leading zeros: "05" and "5" are "5", "3.1" is "3-1"."""
    parts = re.split(r"[._-]", number.strip().lower())
    return "-".join(part.lstrip("0") or "0" for part in parts)


def _ambiguous(problem: str, entries: Iterable[tuple[str, str]]) -> CompanionError:
    shown = [f"{lesson_id} ({title})" for lesson_id, title in entries]
    more = f" and {len(shown) - 8} more" if len(shown) > 8 else ""
    return CompanionError(
        f"{problem}: {', '.join(shown[:8])}{more}",
        hint=f"Name it with its course, e.g. {shown[0].partition(' ')[0]}" if shown else "",
        code=Exit.USAGE,
    )
