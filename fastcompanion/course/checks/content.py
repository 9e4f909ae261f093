"""Does a lesson with authored checks fit together? For maintainers; the notebook is not run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from fastcompanion.base import store
from fastcompanion.course.library import lessons
from fastcompanion.course.model import Course, Lesson
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.recorded import probe
from fastcompanion.course.scaffolds import scaffold


def problems(course: Course, lesson: Lesson) -> list[str]:
    """List what does not fit: sections, checkpoints and checks, mistakes, hints, files."""
    return [f"{lesson.id}: {problem}" for problem in _problems(course, lesson)]


def _problems(course: Course, lesson: Lesson) -> Iterator[str]:
    ref = lesson.notebooks[0]
    original = notebook.read(lessons.original(course, ref))
    made = scaffold.scaffold(original, lesson, ref)
    work = {section.id: section.work_cells for section in made.sections}
    yield from _sections(lesson, work)
    yield from _checks(course, lesson)
    for mistake in lesson.mistakes:
        sources = [original["cells"][index]["source"] for index in work.get(mistake.section, ())]
        count = sum(source.count(mistake.find) for source in sources)
        if count != 1:
            yield f"mistake {mistake.id}: its text stands {count} times in {mistake.section}"
    for name in lesson.files:
        if not (course.root / name).is_file():
            yield f"the file {name} is missing"


def _sections(lesson: Lesson, work: dict[str, tuple[int, ...]]) -> Iterator[str]:
    authored = {section.id for section in lesson.sections}
    yield from (f"section {name} is not in the notebook" for name in sorted(authored - set(work)))
    yield from (f"section {name} has work and no entry" for name in sorted(set(work) - authored))
    for section in lesson.sections:
        if not section.checkpoints:
            yield f"section {section.id} has no checkpoint"
        if len(section.hints) != 3:
            yield f"section {section.id} has {len(section.hints)} hints, not 3"
    names = Counter(point.name for section in lesson.sections for point in section.checkpoints)
    yield from (f"checkpoint {name} stands in {n} sections" for name, n in names.items() if n > 1)


def _checks(course: Course, lesson: Lesson) -> Iterator[str]:
    """Compare the checkpoints with those that the checks file registers."""
    path = lessons.checks_file(course, lesson)
    if path is None:
        yield f"the checks file {lesson.checks} is missing"
        return
    judge = probe.Judge({}, store.read_text(path), path.name)
    written = set(judge.load())
    asked = {(s.id, point.name) for s in lesson.sections for point in s.checkpoints}
    yield from (f"no check is written for {name} of {s}" for s, name in sorted(asked - written))
    yield from (
        f"a check for {name} of {s} is asked by nobody" for s, name in sorted(written - asked)
    )
