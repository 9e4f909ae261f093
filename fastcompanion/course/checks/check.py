"""`lesson check`: run the learner's notebook in a fresh kernel and judge it section by section.

The judge (probe.py) runs beside the learner's code in their kernel; verdict.py finds the words.
What passed goes to the public events, what failed stays private.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastcompanion.base import clock, config, events, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.events import Event
from fastcompanion.base.kernel import CellResult, Interpreter, Kernel, Limits
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import progress
from fastcompanion.course.checks import copied, cures, likely, verdict
from fastcompanion.course.checks.plan import Plan, PlannedSection
from fastcompanion.course.checks.prepared import (
    ASSESSED,
    CHECKED,
    HINTED,
    RAN,
    Prepared,
    is_mine,
    notices,
    prepare,
)
from fastcompanion.course.checks.records import installed
from fastcompanion.course.checks.verdict import Failure, Outcome, SectionVerdict
from fastcompanion.course.checks.warm import CHECK_SECONDS, judge_source, without_name
from fastcompanion.course.checks.warm_worker import KEPT_OUTPUT
from fastcompanion.course.environments import find_interpreter
from fastcompanion.course.library import lessons
from fastcompanion.course.model import Course, Lesson

_JUDGE = "__import__('sys').modules['_fastcompanion_judge']"
_JUDGE_SECONDS = 120.0


@frozen
class CheckReport:
    """What a check found; `first` is the first section that fails.

    `verdict` is that section's, else the weakest of all; `complete` says that every section is
    passed or self-assessed in one fresh run.
    """

    lesson: str
    notebook: str
    path: Path
    verdict: str
    first: str | None
    sections: tuple[SectionVerdict, ...]
    complete: bool
    fresh: bool
    seconds: float
    notices: tuple[str, ...] = ()
    finished_step: bool = False
    commit: CommitResult | None = None

    @property
    def exit_code(self) -> Exit:
        """0 all fine, 4 wrong or not reached, 5 broken or could not be checked."""
        return verdict.exit_code(self.sections)


@frozen
class Assessed:
    """A section that the learner has judged."""

    lesson: str
    notebook: str
    section: str
    note: str


@frozen
class Asked:
    """What the learner typed: a lesson in short form, and options; None takes what is set."""

    lesson: str | None = None
    notebook: str | None = None
    section: str | None = None
    kernel: str | None = None
    budget: float | None = None
    cell_timeout: float | None = None


@frozen
class Resolved:
    """The same, found: the lesson, what runs it, and the budgets."""

    course: Course
    lesson: Lesson
    interpreter: Interpreter
    limits: Limits


def resolve(study: Workspace, asked: Asked, reporter: Reporter) -> Resolved:
    """Find lesson, interpreter and budgets for what was asked."""
    course, lesson = lessons.find(study, asked.lesson)
    settings = config.load(study)
    cell = asked.cell_timeout or settings.get("check.cell_seconds")
    total = asked.budget or settings.get("check.total_seconds")
    limits = Limits(float(cell), float(total), float(settings.get("check.output_mb")))
    interpreter = find_interpreter(asked.kernel, course, study, reporter)
    return Resolved(course, lesson, interpreter, limits)


def check_asked(
    study: Workspace, asked: Asked, *, reporter: Reporter = SILENT, record: bool = True
) -> CheckReport:
    """Check what the learner asked for."""
    found = resolve(study, asked, reporter)
    return check(
        study,
        found.course,
        found.lesson,
        found.interpreter,
        notebook_id=asked.notebook,
        section=asked.section,
        limits=found.limits,
        reporter=reporter,
        record=record,
    )


def check(
    study: Workspace,
    course: Course,
    lesson: Lesson,
    interpreter: Interpreter,
    *,
    notebook_id: str | None = None,
    section: str | None = None,
    limits: Limits | None = None,
    reporter: Reporter = SILENT,
    record: bool = True,
) -> CheckReport:
    """Check a reproduction in a fresh kernel; `section` judges that one alone.

    Raises exit 3 without a notebook, exit 5 when no kernel can be started.
    """
    name = f"check-{lesson.id.replace('/', '-')}"
    busy = f"another check of {lesson.id} is under way"
    with store.lock(study.lock(name), busy=busy, wait=0):
        ready = prepare(study, course, lesson, notebook_id, installed(interpreter))
        until = _known_section(ready.plan, section)
        private = events.read(study, private=True)
        found = notices(ready, private, until)
        begun = clock.monotonic()
        outcomes = run_fresh(
            ready.plan, interpreter, ready.path.parent, limits or Limits(), reporter, until
        )
        seconds = round(clock.monotonic() - begun, 3)
        public = events.read(study)
        sections = cures.named(judged(ready, outcomes, public, private), interpreter)
        sections = likely.explained(ready, sections, outcomes, interpreter, limits or Limits())
        if until is not None:
            sections = tuple(one for one in sections if one.id == until)
        found = (*found, *copied.notices(ready, sections))
        report = _report(ready, sections, seconds, found, fresh=True, whole=until is None)
        return _record(study, ready, report, public) if record else report


def _known_section(made: Plan, wanted: str | None) -> str | None:
    if wanted is None:
        return None
    ids = [section.id for section in made.sections]
    close = [i for i in ids if i == wanted] or [i for i in ids if i.startswith(wanted)]
    if len(close) == 1:
        return close[0]
    listed = ", ".join(close or ids)
    what = "fits several sections" if close else "is no section of this notebook"
    raise CompanionError(f"{wanted!r} {what}: {listed}", code=Exit.USAGE)


def judged(
    ready: Prepared, outcomes: Sequence[Outcome], public: Sequence[Event], private: Sequence[Event]
) -> tuple[SectionVerdict, ...]:
    """Turn outcomes into verdicts with what the events know: assessments and shown solutions."""
    mine = [one for one in (*public, *private) if is_mine(one, ready)]
    assessed = {
        str(one.data.get("section")): str(one.data.get("key", ""))
        for one in mine
        if one.kind == ASSESSED
    }
    solved = {
        str(one.data.get("section"))
        for one in mine
        if one.kind == HINTED and one.data.get("level") == 4
    }
    found = verdict.verdicts(ready.plan, outcomes, assessed=assessed, solved=solved)
    ran = next((one for one in reversed(mine) if one.kind == RAN), None)
    return _broken_too(ready, found, ran) if ran is not None else found


def _broken_too(
    ready: Prepared, found: tuple[SectionVerdict, ...], ran: Event
) -> tuple[SectionVerdict, ...]:
    """Don't blame the learner for an error that stopped the original in the same section."""
    section = ready.origins.get(int(ran.data.get("cell") or 0))
    error = str(ran.data.get("error"))
    failing = verdict.first_failing(found)
    if ran.data.get("verdict") != "lesson broken here" or failing is None:
        return found
    if failing.id != section or failing.cell is None or failing.verdict != "not reached":
        return found
    if error.partition(":")[0] not in failing.message:
        return found
    message = f"{failing.message}. The original stops in this section too ({error[:120]})"
    broken = replace(failing, verdict="lesson broken here", message=message, hint=verdict.BROKEN)
    return tuple(broken if one is failing else one for one in found)


def _report(
    ready: Prepared,
    sections: tuple[SectionVerdict, ...],
    seconds: float,
    found: tuple[str, ...],
    *,
    fresh: bool,
    whole: bool,
) -> CheckReport:
    failing = verdict.first_failing(sections)
    words = {one.verdict for one in sections}
    best = next((w for w in ("to-assess", "self-assessed", "passed") if w in words), "to-assess")
    complete = whole and bool(sections) and words <= verdict.GOOD
    return CheckReport(
        ready.lesson.id,
        ready.ref.id,
        ready.path,
        failing.verdict if failing else best,
        failing.id if failing else None,
        sections,
        complete and fresh,
        fresh,
        seconds,
        found,
    )


def warm_report(
    ready: Prepared, sections: tuple[SectionVerdict, ...], seconds: float
) -> CheckReport:
    """Make the report of a warm run: quick, and never the final word."""
    return _report(ready, sections, seconds, (), fresh=False, whole=True)


def run_fresh(
    made: Plan,
    interpreter: Interpreter,
    cwd: Path,
    limits: Limits,
    reporter: Reporter = SILENT,
    until: str | None = None,
) -> tuple[Outcome, ...]:
    """Run a plan in a fresh kernel until a cell fails or section `until` is done."""
    outcomes: list[Outcome] = []
    total = sum(len(section.cells) for section in made.sections)
    with (
        Kernel(interpreter, cwd, limits) as kernel,
        reporter.task("Checking", total) as task,
    ):
        kernel.ask(_install(made))
        for section in made.sections:

            def tell(cell: int, title: str = section.title) -> None:
                task.advance(1, title)

            outcomes.append(_run_section(kernel, made, section, tell))
            if outcomes[-1].failure is not None or section.id == until:
                break
    return tuple(outcomes)


def _install(made: Plan) -> str:
    """Write the code that puts the judge beside the learner's names, once, before all cells."""
    observed = any(section.observe is not None for section in made.sections)
    source = judge_source(observes=observed)
    observer = (
        "judge.OBSERVER = judge.Observer(get_ipython().user_ns)\n"
        "judge.OBSERVER.watch(get_ipython())\n"
    )
    return (
        "import sys, types\n"
        "from IPython import get_ipython\n"
        "judge = sys.modules['_fastcompanion_judge'] = types.ModuleType('_fastcompanion_judge')\n"
        f"exec(compile({source!r}, '<judge>', 'exec'), judge.__dict__)\n"
        "judge.JUDGE = judge.Judge("
        f"get_ipython().user_ns, {made.checks!r}, {made.origin!r}, {CHECK_SECONDS!r})\n"
    ) + (observer if observed else "")


def _run_section(
    kernel: Kernel, made: Plan, section: PlannedSection, tell: Callable[[int], None]
) -> Outcome:
    begun = clock.monotonic()
    failure = None
    ran: list[CellResult] = []
    if section.observe is not None:
        kernel.ask(f"{_JUDGE}.OBSERVER.enter()")
    for cell in section.cells:
        tell(cell.index)
        result = kernel.run(cell.source, cell.index)
        ran.append(result)
        if result.status != "ok" and not (
            result.status == "error" and "raises-exception" in cell.tags
        ):
            failure = _failure(kernel, result)
            break
        if made.checks and cell.given:
            kernel.ask(f"{_JUDGE}.JUDGE.keep({list(cell.given)!r})")
    points = None
    if section.spec and (failure is None or failure.status == "error"):
        question = f"{_JUDGE}.JUDGE.section({section.spec!r})"
        try:
            points = tuple(kernel.ask(question, seconds=_JUDGE_SECONDS)["checkpoints"])
        except CompanionError as error:
            last = section.cells[-1].index if section.cells else 0
            failure = failure or Failure(last, "not-judged", "", error.message)
    observed = None
    if section.observe is not None and (failure is None or failure.status == "error"):
        try:
            observed = _observed(kernel, section.observe, ran)
        except CompanionError as error:
            last = section.cells[-1].index if section.cells else 0
            failure = failure or Failure(last, "not-judged", "", error.message)
    return Outcome(section.id, failure, points, clock.monotonic() - begun, observed=observed)


def _observed(
    kernel: Kernel, observe: Mapping[str, Any], ran: Sequence[CellResult]
) -> Mapping[str, Any]:
    """Ask the observer what a section left behind; what its cells printed, the kernel has told us."""
    counts = {str(result.index): result.execution_count for result in ran}
    texts = [[result.index, printed(result)] for result in ran]
    asked = f"{dict(observe)!r}, {counts!r}, {texts!r}"
    answer: Mapping[str, Any] = kernel.ask(
        f"{_JUDGE}.OBSERVER.section({asked})", seconds=_JUDGE_SECONDS
    )
    return answer


def printed(result: CellResult) -> str:
    """Give the text that a cell has printed or displayed."""
    texts = []
    for one in result.outputs:
        if one.get("name") == "stdout":
            texts.append(str(one["text"]))
        elif one.get("output_type") == "display_data":
            texts.append(f"{one['data'].get('text/plain', '')}\n")
    return "".join(texts)[-KEPT_OUTPUT:]


def _failure(kernel: Kernel, result: CellResult) -> Failure:
    blame: Mapping[str, Any] = {}
    if result.status == "error" and kernel.alive:
        blame = kernel.ask(f"{_JUDGE}.blame({_JUDGE}.JUDGE.names)")
    return Failure(
        result.index,
        result.status,
        result.error_name,
        without_name(" ".join(result.error_value.split())[:300], result.error_name),
        blame.get("line"),
        str(blame.get("text", "")),
        str(blame.get("deeper", "")),
        result.traceback,
    )


def take(study: Workspace, ready: Prepared, report: CheckReport) -> CheckReport:
    """Record what a check of the same text has found on another machine."""
    return _record(study, ready, report, events.read(study))


def _record(
    study: Workspace, ready: Prepared, report: CheckReport, public: Sequence[Event]
) -> CheckReport:
    """Write what passed to the public events and everything to the private ones."""
    lesson_id, whole = ready.lesson.id, {one.id: one.verdict for one in report.sections}
    fine = {key: word for key, word in whole.items() if word in verdict.FINE}
    passed = any(word in verdict.GOOD for word in fine.values())
    solved = [one.id for one in report.sections if one.with_solution and one.id in fine]
    total = sum(section.has_work for section in ready.plan.sections)
    counts = {"total": total, "complete": report.complete}
    data = {"notebook": ready.ref.id, "sections": fine, "with_solution": solved, **counts}
    details: dict[str, Any] = {"notebook": ready.ref.id, "sections": whole, "key": ready.plan.key}
    if report.first is not None:
        failing = next(one for one in report.sections if one.id == report.first)
        details["failing"] = verdict.brief(failing)
    events.record(study, CHECKED, lesson_id, details, private=True)
    last = next((e for e in reversed(public) if e.kind == CHECKED and is_mine(e, ready)), None)
    if not passed or (last is not None and dict(last.data) == data):
        return report
    added = events.record(study, CHECKED, lesson_id, data).event
    return _finish(study, ready, report, [*public, added]) if report.complete else report


def _finish(
    study: Workspace, ready: Prepared, report: CheckReport, public: Sequence[Event]
) -> CheckReport:
    """Note the finished step, once, with a commit of the notebook and the progress."""
    own = [one for one in public if one.lesson == ready.lesson.id]
    steps = progress.of_lesson(ready.lesson, own).steps
    state = next(step.state for step in steps if step.step == "reproduce")
    marked = any(e.kind == "lesson.step_done" and e.data.get("step") == "reproduce" for e in own)
    if state != "done" or marked:
        return report
    done = events.record(
        study,
        "lesson.step_done",
        ready.lesson.id,
        {"step": "reproduce", "notebook": ready.ref.id},
        commit=f"Reproduce {ready.lesson.id}",
        paths=(ready.path,),
    )
    return replace(report, finished_step=True, commit=done.commit)


def may_be_assessed(study: Workspace, ready: Prepared, section: PlannedSection) -> bool:
    """Tell whether a section is left to the learner: without a check, or where none could be made.

    A recorded check may find nothing to compare, where the learner went another way.
    """
    if section.recorded is None:
        return not section.checkpoints
    checks = [
        e for e in events.read(study, private=True) if e.kind == CHECKED and is_mine(e, ready)
    ]
    words = [str(dict(e.data.get("sections") or {}).get(section.id, "")) for e in checks]
    return next((word for word in reversed(words) if word), "") in ("to-assess", "self-assessed")


def assess(
    study: Workspace, asked: Asked, section: str, note: str, *, record: bool = True
) -> Assessed:
    """Record the learner's own judgement of a section that has no hard check."""
    course, lesson = lessons.find(study, asked.lesson)
    ready = prepare(study, course, lesson, asked.notebook)
    name = _known_section(ready.plan, section)
    found = next(one for one in ready.plan.sections if one.id == name)
    if not may_be_assessed(study, ready, found):
        raise CompanionError(
            f"{name} has a check, so it needs no assessment",
            hint=f"fastcompanion lesson check {lesson.id}",
            code=Exit.USAGE,
        )
    if not found.attempted:
        raise CompanionError(f"{name} has no code of yours yet", code=Exit.CHECK_SAYS_NO)
    if not note.strip():
        raise CompanionError(
            "say in one sentence how you compared your result",
            hint=f'fastcompanion lesson check {lesson.id} --assess {name} --note "…"',
            code=Exit.USAGE,
        )
    data = {"notebook": ready.ref.id, "section": found.id, "note": note, "key": found.key}
    if record:
        events.record(study, ASSESSED, lesson.id, data)
    return Assessed(lesson.id, ready.ref.id, found.id, note)
