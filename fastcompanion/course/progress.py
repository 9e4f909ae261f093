"""From events to progress: which steps of a lesson are done, and what comes next. Pure functions.

Nothing of this is stored. A step is done when the events say so (design: the lesson loop):
watch when the learner confirmed it, run after a clean fresh run and one recorded experiment,
reproduce when one check in a fresh kernel found every section passed or, where no hard check
exists, the learner assessed it, repeat when a check found the naive baseline beaten on other data
(or, for work done elsewhere, when the learner says so). Passed and self-assessed sections are
counted apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, cast

from fastcompanion.base.events import Event
from fastcompanion.base.records import frozen
from fastcompanion.course.model import STEPS, Course, Lesson, NotebookRef, Step

State = Literal["open", "started", "done", "skipped"]
LIVE = "notebook"  # where a check was made that saw a running kernel, and not a fresh one
REPEATING = "repeat.begun"  # a notebook with the learner's own data was made
PASSED, ASSESSED, TO_ASSESS = "passed", "self-assessed", "to-assess"
# Events of a lesson that don't make it the one that the learner is in.
ASIDE = frozenset({"lesson.skipped", "section.recalled"})
_STARTED_BY: Mapping[str, Step] = {
    "lesson.ran": "run",
    "experiment.recorded": "run",
    "lesson.scaffolded": "reproduce",
    "lesson.checked": "reproduce",
    "section.assessed": "reproduce",
    "hint.shown": "reproduce",
    REPEATING: "repeat",
}


_Kinds = Mapping[str, list[Event]]


@frozen
class SectionProgress:
    """One section of a notebook; `verdict` is the newest public one, "" before any.

    `only_live` says that it has passed on the values of a running kernel (`%check`), never yet in a
    fresh one.
    """

    id: str
    verdict: str
    with_solution: bool = False
    only_live: bool = False

    @property
    def done(self) -> bool:
        """Whether it counts as passed or self-assessed."""
        return self.verdict in (PASSED, ASSESSED)


@frozen
class NotebookProgress:
    """How far the reproduction of one notebook is.

    `sections` holds those that are known by name, `total` counts all (0: not known before the
    first check).
    """

    id: str
    sections: tuple[SectionProgress, ...]
    total: int
    complete: bool

    @property
    def current(self) -> str | None:
        """The first section that is neither passed nor self-assessed."""
        return next((section.id for section in self.sections if not section.done), None)


@frozen
class StepProgress:
    """One step of a lesson; `about` says in a few words how far it is.

    `missing` names what a step that has begun still lacks, where that is one known thing: "run"
    (a clean one) or "experiment".
    """

    step: Step
    state: State
    about: str = ""
    missing: str = ""


@frozen
class LessonProgress:
    """One lesson: its four steps, and its sections over all notebooks."""

    lesson: str
    title: str
    state: State
    steps: tuple[StepProgress, ...]
    notebooks: tuple[NotebookProgress, ...]
    sections_passed: int
    sections_assessed: int
    sections_total: int
    with_solution: int

    @property
    def current(self) -> StepProgress | None:
        """The first step that is neither done nor skipped."""
        return next((step for step in self.steps if step.state not in ("done", "skipped")), None)


@frozen
class NextStep:
    """What to do next: the lesson, the step and the command to type."""

    course: str
    lesson: str
    title: str
    step: Step
    notebook: str | None
    section: str | None
    what: str
    command: str


def step_of(event: Event) -> Step | None:
    """Give the step that an event belongs to, where it belongs to one."""
    named = event.data.get("step")
    if event.kind == "lesson.step_done" and named in STEPS:
        return cast("Step", named)
    return _STARTED_BY.get(event.kind)


def by_lesson(events: Iterable[Event]) -> dict[str, list[Event]]:
    """Sort events into lessons, in one pass."""
    found: dict[str, list[Event]] = {}
    for event in events:
        if event.lesson is not None:
            found.setdefault(event.lesson, []).append(event)
    return found


def progress(course: Course, lesson: Lesson, events: Iterable[Event]) -> LessonProgress:
    """Say how far a lesson is; `events` may hold those of other lessons as well."""
    return of_lesson(lesson, [event for event in events if event.lesson == lesson.id])


def of_lesson(lesson: Lesson, own: Iterable[Event]) -> LessonProgress:
    """Say how far a lesson is from its own events."""
    kinds = _by_kind(own)
    notebooks = tuple(_notebook(lesson, ref, kinds) for ref in _counted(lesson, kinds))
    steps = tuple(_step(step, kinds, notebooks) for step in STEPS)
    sections = [section for notebook in notebooks for section in notebook.sections]
    return LessonProgress(
        lesson=lesson.id,
        title=lesson.title,
        state=_state(kinds, steps),
        steps=steps,
        notebooks=notebooks,
        sections_passed=sum(section.verdict == PASSED for section in sections),
        sections_assessed=sum(section.verdict == ASSESSED for section in sections),
        sections_total=sum(notebook.total for notebook in notebooks),
        with_solution=sum(section.with_solution for section in sections),
    )


def _by_kind(own: Iterable[Event]) -> _Kinds:
    kinds: dict[str, list[Event]] = {}
    for event in own:
        kinds.setdefault(event.kind, []).append(event)
    return kinds


def _counted(lesson: Lesson, kinds: _Kinds) -> list[NotebookRef]:
    """Give the notebooks that count: the first with a file, and all that the learner began."""
    begun = {
        event.data.get("notebook")
        for kind in ("lesson.scaffolded", "lesson.checked")
        for event in kinds.get(kind, ())
    }
    local = [ref for ref in lesson.notebooks if ref.path is not None]
    return [ref for n, ref in enumerate(local) if n == 0 or ref.id in begun]


def _of_notebook(kinds: _Kinds, kind: str, ref: NotebookRef) -> list[Event]:
    return [event for event in kinds.get(kind, ()) if event.data.get("notebook") == ref.id]


def _notebook(lesson: Lesson, ref: NotebookRef, kinds: _Kinds) -> NotebookProgress:
    checks = _of_notebook(kinds, "lesson.checked", ref)
    assessed = {
        str(event.data.get("section")) for event in _of_notebook(kinds, "section.assessed", ref)
    }
    latest: dict[str, str] = {}
    solved: set[object] = set()
    fresh: set[str] = set()
    for event in checks:
        latest.update(_verdicts(event))
        if event.data.get("where") != LIVE:
            fresh.update(_verdicts(event))
        solved.update(_list(event.data.get("with_solution")))
    ids = _section_ids(lesson, ref, kinds) or list(latest)
    sections = tuple(
        SectionProgress(
            i, _word(latest.get(i, ""), i in assessed), i in solved, i in latest and i not in fresh
        )
        for i in ids
    )
    total = max([len(ids), *map(_count, checks)])
    return NotebookProgress(ref.id, sections, total, _complete(checks, ids))


def _word(verdict: str, assessed: bool) -> str:
    return ASSESSED if verdict == TO_ASSESS and assessed else verdict


def _count(event: Event) -> int:
    total = event.data.get("total")
    return total if isinstance(total, int) else 0


def _complete(checks: Sequence[Event], ids: Sequence[str]) -> bool:
    """Whether one check found every section done; the check says so, else the sections do."""
    for event in checks:
        said = event.data.get("complete")
        found = _verdicts(event)
        every = bool(ids) and all(found.get(i) in (PASSED, ASSESSED) for i in ids)
        if said is True or (said is None and every):
            return True
    return False


def _verdicts(event: Event) -> Mapping[str, str]:
    sections = event.data.get("sections")
    return sections if isinstance(sections, dict) else {}


def _section_ids(lesson: Lesson, ref: NotebookRef, kinds: _Kinds) -> list[str]:
    """Give the section ids: authored, else as scaffolded."""
    if lesson.sections and lesson.notebooks[0].id == ref.id:
        return [section.id for section in lesson.sections]
    for event in reversed(_of_notebook(kinds, "lesson.scaffolded", ref)):
        if _list(event.data.get("sections")):
            return [str(section) for section in _list(event.data["sections"])]
    return []


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _step(step: Step, kinds: _Kinds, notebooks: Sequence[NotebookProgress]) -> StepProgress:
    about = _about(step, kinds, notebooks)
    if _marked("lesson.step_done", step, kinds):
        return StepProgress(step, "done", about)
    if _marked("lesson.skipped", step, kinds):
        return StepProgress(step, "skipped")
    done = {
        "watch": False,
        "run": not _missing(kinds),
        "reproduce": bool(notebooks) and all(notebook.complete for notebook in notebooks),
        "repeat": False,
    }[step]
    begun = any(_STARTED_BY.get(kind) == step for kind in kinds)
    begun = begun or (step == "watch" and bool(kinds))
    state: State = "done" if done else "started" if begun else "open"
    return StepProgress(step, state, about, _missing(kinds) if step == "run" else "")


def _missing(kinds: _Kinds) -> str:
    if not _has_clean_run(kinds):
        return "run"
    return "" if "experiment.recorded" in kinds else "experiment"


def _marked(kind: str, step: Step, kinds: _Kinds) -> bool:
    return any(event.data.get("step") == step for event in kinds.get(kind, ()))


def _has_clean_run(kinds: _Kinds) -> bool:
    """A clean run, or an original that is known to be broken (or too costly) here."""
    runs = kinds.get("lesson.ran", ())
    return any(event.data.get("ok") or event.data.get("broken") for event in runs)


def _about(step: Step, kinds: _Kinds, notebooks: Sequence[NotebookProgress]) -> str:
    if step == "run" and "lesson.ran" in kinds:
        experiments = len(kinds.get("experiment.recorded", ()))
        word = "ran through" if kinds["lesson.ran"][-1].data.get("ok") else "stopped at an error"
        return f"{word}, {experiments} experiment{'' if experiments == 1 else 's'}"
    if step == "reproduce":
        sections = [section for notebook in notebooks for section in notebook.sections]
        if any(section.verdict for section in sections):
            return _counts(sections, sum(notebook.total for notebook in notebooks))
    if step == "repeat" and kinds.get(REPEATING):
        return _to_beat(kinds[REPEATING][-1])
    return ""


def _to_beat(begun: Event) -> str:
    found = begun.data.get("baseline")
    if not isinstance(found, dict) or not isinstance(found.get("value"), int | float):
        return ""
    return f"to beat: {begun.data.get('metric')} {found['value']:.4g} ({found.get('name')})"


def _counts(sections: Sequence[SectionProgress], total: int) -> str:
    passed = sum(section.verdict == PASSED for section in sections)
    assessed = sum(section.verdict == ASSESSED for section in sections)
    live = sum(section.only_live and section.done for section in sections)
    words = f"{passed} of {total} sections passed"
    words += f", {assessed} self-assessed" if assessed else ""
    return f"{words}, {live} of these in the notebook only" if live else words


def _state(kinds: _Kinds, steps: Sequence[StepProgress]) -> State:
    if any(not event.data.get("step") for event in kinds.get("lesson.skipped", ())):
        return "skipped"
    if all(step.state in ("done", "skipped") for step in steps):
        return "done"
    return "started" if kinds else "open"


def next_in_lesson(course: Course, lesson: Lesson, own: Iterable[Event]) -> NextStep | None:
    """Give the next step of one lesson, None when it is finished or left out."""
    return _next(course, lesson, of_lesson(lesson, own))


def _next(course: Course, lesson: Lesson, found: LessonProgress) -> NextStep | None:
    if found.state in ("done", "skipped") or found.current is None:
        return None
    open_notebook = next((n for n in found.notebooks if not n.complete), None)
    step = found.current.step
    section = open_notebook.current if step == "reproduce" and open_notebook else None
    notebook = open_notebook or next(iter(found.notebooks), None)
    return NextStep(
        course=course.id,
        lesson=lesson.id,
        title=lesson.title,
        step=step,
        notebook=notebook.id if notebook else None,
        section=section,
        what=_what(step, lesson, section),
        command=_command(found.current, lesson.id),
    )


def next_step(
    course: Course, known: Mapping[str, LessonProgress], *, start_at: str | None = None
) -> NextStep | None:
    """Give the next step of a course: from the lesson `start_at` on, then what was left before.

    `known` holds the progress of the lessons with events; the others have not begun.
    """
    ids = [lesson.id for lesson in course.lessons]
    first = ids.index(start_at) if start_at in ids else 0
    for lesson in (*course.lessons[first:], *course.lessons[:first]):
        found = _next(course, lesson, known.get(lesson.id) or of_lesson(lesson, ()))
        if found is not None:
            return found
    return None


def next_lesson(
    course: Course, known: Mapping[str, LessonProgress], lesson_id: str
) -> NextStep | None:
    """Give the next step of the lesson that comes after one, for whom its last step can wait."""
    ids = [lesson.id for lesson in course.lessons]
    behind = course.lessons[ids.index(lesson_id) + 1 :] if lesson_id in ids else ()
    found = (_next(course, one, known.get(one.id) or of_lesson(one, ())) for one in behind)
    return next((step for step in found if step is not None), None)


def last_lesson(events: Sequence[Event]) -> str | None:
    """Give the lesson of the last event that the learner caused in one."""
    for event in reversed(events):
        if event.lesson is not None and event.kind not in ASIDE:
            return event.lesson
    return None


def _what(step: Step, lesson: Lesson, section: str | None) -> str:
    if step == "watch":
        return "Watch the lecture, read the notes" if lesson.video else "Read the lesson"
    if step == "run":
        return "Run the original, change something, and see whether you predicted it"
    if step == "reproduce":
        rest = f", section {section}" if section else ""
        return f"Write it again from scratch{rest}"
    return (
        "Do the same with data of your own, and beat the naive baseline; then say what came of it"
    )


def _command(step: StepProgress, lesson: str) -> str:
    if step.step == "run":
        if step.missing == "experiment":
            return f"fastcompanion lesson experiment add {lesson}"
        return f"fastcompanion lesson run {lesson} --execute"
    if step.step == "reproduce" and step.state == "started":
        return f"fastcompanion check {lesson}"
    if step.step == "repeat":
        begun = step.state == "started"
        return f"fastcompanion {f'check {lesson}' if begun else f'lesson repeat {lesson} PATH'}"
    return f"fastcompanion start {lesson}"
