"""`lesson check --watch`: a verdict at each save, from a warm process; the final word is fresh.

The warm worker forks at section boundaries, so a save runs again from the first changed section
only, and in-place code is right: each run starts from an untouched copy of the state before it.
Where that is impossible or fails, everything runs in a fresh kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from fastcompanion.base import clock, events
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.kernel import Interpreter, Limits
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import check, cures, verdict, warm
from fastcompanion.course.checks.check import Asked, CheckReport
from fastcompanion.course.checks.prepared import UNCHANGED, Prepared, prepare
from fastcompanion.course.checks.records import installed
from fastcompanion.course.checks.verdict import Outcome
from fastcompanion.course.checks.warm import Warm, WorkerLostError
from fastcompanion.course.model import Course, Lesson

POLL_SECONDS = 0.1
# In an error's text: the worker has no Jupyter, or a library (CUDA) refuses to be forked.
_NOT_A_KERNEL = ("kernel", "ipywidgets", "forked", "fork-based")
_Signature = tuple[int, int] | None


def watch(study: Workspace, asked: Asked, reporter: Reporter) -> Iterator[CheckReport]:
    """Watch what the learner asked for: reports until Ctrl-C."""
    found = check.resolve(study, asked, reporter)
    if asked.section is not None:
        raise CompanionError("--watch looks at the whole notebook", code=Exit.USAGE)
    watching = Watch(
        study,
        found.course,
        found.lesson,
        found.interpreter,
        asked.notebook,
        found.limits,
        reporter,
    )
    return watching.reports()


@dataclass
class Watch:
    """What a watch needs to know; iterate `reports` until Ctrl-C."""

    study: Workspace
    course: Course
    lesson: Lesson
    interpreter: Interpreter
    notebook_id: str | None = None
    limits: Limits = field(default_factory=Limits)
    reporter: Reporter = SILENT
    poll: float = POLL_SECONDS

    def __post_init__(self) -> None:
        self._worker: Warm | None = None
        self._stack = ExitStack()
        self._confirmed = False
        self._told = ""

    def reports(self) -> Iterator[CheckReport]:
        """Give a report now and after each save; one more, fresh, when all sections are fine."""
        with self._stack:
            path = prepare(self.study, self.course, self.lesson, self.notebook_id).path
            seen: _Signature = None
            key = ""
            while True:
                seen = self._changed(path, seen)
                ready = self._prepared()
                if ready is None or ready.plan.key == key:
                    continue
                key = ready.plan.key
                self._tell_once(ready.record_notice)
                yield from self._round(ready)

    def _changed(self, path: Path, seen: _Signature) -> _Signature:
        """Wait for a save."""
        while (now := _signature(path)) == seen or now is None:
            clock.pause(self.poll)
        return now

    def _prepared(self) -> Prepared | None:
        """Read the notebook; one that can't be read just now (half saved) is left for the next save."""
        try:
            return prepare(
                self.study,
                self.course,
                self.lesson,
                self.notebook_id,
                installed(self.interpreter),
            )
        except CompanionError as error:
            self.reporter.note(f"waiting for the next save: {error}")
            return None

    def _round(self, ready: Prepared) -> Iterator[CheckReport]:
        report = self._warm(ready)
        if report is None:
            yield self._fresh()
            return
        yield report
        words = {one.verdict for one in report.sections}
        if words <= verdict.GOOD or (words <= verdict.FINE and not self._confirmed):
            self.reporter.note("Everything is fine here: asking a fresh kernel for the final word.")
            yield self._fresh()
        # What only the learner can judge is run afresh once, not at each save.
        self._confirmed = words <= verdict.FINE

    def _tell_once(self, notice: str) -> None:
        if notice and notice != self._told:
            self._told = notice
            self.reporter.note(notice)

    def _fresh(self) -> CheckReport:
        """Give the final word; that an earlier check saw the same code is no news after a save."""
        report = check.check(
            self.study,
            self.course,
            self.lesson,
            self.interpreter,
            notebook_id=self.notebook_id,
            limits=self.limits,
            reporter=self.reporter,
        )
        told = tuple(one for one in report.notices if not one.startswith(UNCHANGED))
        return replace(report, notices=told)

    def _warm(self, ready: Prepared) -> CheckReport | None:
        """Run in the warm worker; None where a fresh kernel has to do it."""
        if not warm.available():
            return None
        begun = clock.monotonic()
        try:
            outcomes = self._started(ready).run(ready.plan.sections, on_cell=self._teller())
        except WorkerLostError as error:
            self.reporter.note(f"{error}; using a fresh kernel")
            self._stop()
            return None
        if _doubtful(outcomes):
            return None
        public = events.read(self.study)
        private = events.read(self.study, private=True)
        found = check.judged(ready, outcomes, public, private)
        sections = cures.named(found, self.interpreter)
        report = check.warm_report(ready, sections, round(clock.monotonic() - begun, 3))
        return replace(report, notices=())

    def _teller(self) -> Callable[[str, int], None]:
        """Give what says which section runs, once for each."""
        told: set[str] = set()

        def tell(title: str, cell: int) -> None:
            if title not in told:
                told.add(title)
                self.reporter.note(f"Running: {title}")

        return tell

    def _started(self, ready: Prepared) -> Warm:
        if self._worker is None:
            worker = Warm(self.interpreter, ready.path.parent, self.limits, ready.plan)
            self._worker = self._stack.enter_context(worker)
        return self._worker

    def _stop(self) -> None:
        self._stack.pop_all().close()
        self._stack = ExitStack()
        self._worker = None


def _signature(path: Path) -> _Signature:
    """Give what a save changes; None while the file is being replaced."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _doubtful(outcomes: tuple[Outcome, ...]) -> bool:
    """Tell whether the worker, which is no kernel, may be to blame for a failure."""
    failure = outcomes[-1].failure if outcomes else None
    if failure is None:
        return False
    words = f"{failure.error_value} {failure.deeper} {failure.text}".lower()
    return failure.status == "died" or any(word in words for word in _NOT_A_KERNEL)
