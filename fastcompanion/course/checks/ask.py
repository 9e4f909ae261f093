"""`lesson ask`: a question ready for the forum about one section of the learner's work.

It holds what helpers ask for first: the section's code, the error or the verdict, versions, what was
tried. It leaves out what nobody should post: secrets, addresses, home folders and user names
(base/scrub.py), and the original's solution.
"""

from __future__ import annotations

import os
import platform
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import fastcompanion
from fastcompanion.base import events, scrub, store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.events import Event
from fastcompanion.base.kernel import OWN, Interpreter
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import check as checks
from fastcompanion.course.checks import copied, cures, hints, question, records, verdict
from fastcompanion.course.checks.check import Asked
from fastcompanion.course.checks.plan import PlannedSection
from fastcompanion.course.checks.prepared import CHECKED, HINTED, Prepared, is_mine, prepare
from fastcompanion.course.checks.question import Kept, Told
from fastcompanion.course.checks.verdict import FINE, GOOD, Outcome, SectionVerdict
from fastcompanion.course.environments import find_interpreter, imports
from fastcompanion.course.library import lessons
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.scaffolds import scaffold

EXPERIMENT = "experiment.recorded"
_EXPERIMENTS = 3
_PACKAGES = 30
_LONGEST = 60_000  # characters that are scrubbed; far more than what is shown in the end


@frozen
class Question:
    """A question as Markdown; `checked` is "now", "before" or "no".

    `removed` counts secrets, addresses and folders that were taken out, `left_out` lines of the
    original's code. `file` is where it was written, None for standard output.
    """

    lesson: str
    notebook: str
    section: str
    verdict: str
    checked: str
    text: str
    removed: int
    left_out: int
    file: Path | None = None


@frozen
class _Found:
    """What a check said: about which section, in what words, with which traceback."""

    section: str
    verdict: str
    said: tuple[str, ...]
    trace: str = ""
    checked: str = "no"


def ask(
    study: Workspace, asked: Asked, *, fresh: bool = True, reporter: Reporter = SILENT
) -> Question:
    """Make a question about a section: the named one, else the first that fails.

    `fresh` runs the notebook up to that section unless a check of this state of the code is known.
    """
    course, lesson = lessons.find(study, asked.lesson)
    ready = prepare(study, course, lesson, asked.notebook)
    own = [event for event in hints.all_events(study) if is_mine(event, ready)]
    wanted = _section(ready, asked.section, own)
    found = _known(ready, wanted, own, named=asked.section is not None)
    if found is None and fresh:
        found = _checked(study, asked, ready, wanted.id, reporter)
    found = found or _Found(wanted.id, "", ("It has not been checked in this state.",))
    return _question(study, ready, asked, found, own)


def save(asked: Question, file: Path) -> Question:
    """Write a question into a file."""
    place = workspace.absolute(file)
    store.write_text(place, asked.text)
    return Question(**{**vars(asked), "file": place})


def _section(ready: Prepared, wanted: str | None, own: Sequence[Event]) -> PlannedSection:
    """Choose the named section, else the first attempted one that is not finished."""
    work = [section for section in ready.plan.sections if section.has_work]
    if wanted is not None:
        close = [s for s in work if s.id == wanted] or [s for s in work if s.id.startswith(wanted)]
        if len(close) == 1:
            return close[0]
        listed = ", ".join(section.id for section in close or work)
        raise CompanionError(f"which section? {wanted!r} could be: {listed}", code=Exit.USAGE)
    if not work:
        raise CompanionError(f"{ready.ref.id} has no section to ask about", code=Exit.USAGE)
    state = hints.states(own)
    unfinished = [section for section in work if state.get(section.id) not in GOOD]
    return next((s for s in unfinished if s.attempted), (unfinished or work[-1:])[0])


def _known(
    ready: Prepared, wanted: PlannedSection, own: Sequence[Event], *, named: bool
) -> _Found | None:
    """Give what the last check said, if the code has not changed since."""
    last = next((e for e in reversed(own) if e.kind == CHECKED and "key" in e.data), None)
    if last is None or last.data["key"] != ready.plan.key:
        return None
    failing = last.data.get("failing")
    if isinstance(failing, Mapping) and (not named or failing.get("id") == wanted.id):
        trace = _saved_trace(ready, str(failing.get("id")))
        return _Found(str(failing["id"]), str(failing["verdict"]), _brief(failing), trace, "before")
    word = str((last.data.get("sections") or {}).get(wanted.id, ""))
    if word not in FINE:
        return None
    return _Found(wanted.id, word, (f"`check` says: {word}.",), "", "before")


def _brief(failing: Mapping[str, Any]) -> tuple[str, ...]:
    lines = [f"{failing['verdict']}: {failing['message']}", str(failing.get("hint") or "")]
    lines += [
        f"Expected {point['expected']}; found {point['found']}."
        for point in failing.get("points") or ()
        if point.get("found")
    ]
    return tuple(dict.fromkeys(line for line in lines if line))


def _saved_trace(ready: Prepared, section: str) -> str:
    """Give the last error that the learner's editor has saved with the section's cells."""
    planned = next((one for one in ready.plan.sections if one.id == section), None)
    places = {cell.index for cell in planned.cells} if planned is not None else set()
    cells = notebook.read(ready.path)["cells"]
    outs = [out for place in sorted(places) for out in cells[place].get("outputs") or ()]
    traces = [out.get("traceback") or () for out in outs if out.get("output_type") == "error"]
    return "\n".join(str(line) for line in traces[-1]) if traces else ""


def _checked(
    study: Workspace, asked: Asked, before: Prepared, wanted: str, reporter: Reporter
) -> _Found:
    """Run the notebook up to the section; nothing is recorded, as nobody asked for a verdict."""
    lesson = before.lesson
    busy = f"another check of {lesson.id} is under way"
    with store.lock(study.lock(f"check-{lesson.id.replace('/', '-')}"), busy=busy, wait=0):
        try:
            found = checks.resolve(study, asked, reporter)
            versions = records.installed(found.interpreter)
            ready = prepare(study, found.course, lesson, before.ref.id, versions)
            outcomes = checks.run_fresh(
                ready.plan, found.interpreter, ready.path.parent, found.limits, reporter, wanted
            )
        except CompanionError as error:
            return _Found(wanted, "could not check", (error.message, error.hint), "", "now")
    judged = checks.judged(ready, outcomes, events.read(study), events.read(study, private=True))
    sections = cures.named(judged, found.interpreter)
    return _chosen(sections, outcomes, wanted, named=asked.section is not None)


def _chosen(
    sections: Sequence[SectionVerdict], outcomes: Sequence[Outcome], wanted: str, *, named: bool
) -> _Found:
    """Speak of the section that was asked for, unless another one stands in its way."""
    ran = {one.id: one for one in outcomes}
    failing = verdict.first_failing([one for one in sections if one.id in ran])
    own = next((one for one in sections if one.id == wanted and wanted in ran), None)
    chosen = own if own is not None and (named or failing is None) else failing
    if chosen is None:
        return _Found(wanted, "not reached", ("the check did not come to this section",), "", "now")
    said = _said(chosen)
    if failing is not None and failing is not chosen:
        said = (*said, f"An earlier section fails too: {failing.id}, {failing.verdict}.")
    failure = ran[chosen.id].failure
    trace = "\n".join(failure.traceback) if failure is not None else ""
    return _Found(chosen.id, chosen.verdict, said, trace[-_LONGEST:], "now")


def _said(one: SectionVerdict) -> tuple[str, ...]:
    if one.verdict in FINE:
        return (f"`check` says: {one.verdict}. {one.message}".strip(),)
    return _brief(verdict.brief(one))


def _question(
    study: Workspace, ready: Prepared, asked: Asked, found: _Found, own: Sequence[Event]
) -> Question:
    planned = next(one for one in ready.plan.sections if one.id == found.section)
    interpreter = _interpreter(study, ready, asked)
    kept, hidden = _own_code(ready, planned, own)
    told = Told(
        f"{question.name_of(ready.course, ready.lesson)}: {planned.title}",
        _facts(ready, planned),
        _goal(ready, planned.id),
        tuple(question.without_lines(line, hidden) for line in found.said),
        question.without_lines(found.trace, hidden),
        kept.cells,
        _tried(planned.id, own),
        _versions(ready, interpreter),
    )
    private = scrub.known(
        home=workspace.home(),
        root=study.root,
        user=os.environ.get("USER") or os.environ.get("USERNAME") or "",
        host=platform.node(),
        environment={**os.environ, **interpreter.env},
    )
    text = question.markdown(_scrubbed(told, private))
    removed = text.count(scrub.GONE)
    key = (ready.lesson.id, ready.ref.id, planned.id, found.verdict, found.checked)
    return Question(*key, text, removed, kept.count)


def _scrubbed(told: Told, private: scrub.Known) -> Told:
    """Scrub every part before it is cut, so that no half of a secret is left at a cut's edge."""

    def clean(text: str) -> str:
        return scrub.scrub(text[:_LONGEST], private)

    parts: dict[str, Any] = {
        name: clean(value) if isinstance(value, str) else tuple(map(clean, value))
        for name, value in vars(told).items()
    }
    return Told(**parts)


def _interpreter(study: Workspace, ready: Prepared, asked: Asked) -> Interpreter:
    try:
        return find_interpreter(asked.kernel, ready.course, study)
    except CompanionError:
        return OWN  # its own trouble stands in the question already


def _own_code(
    ready: Prepared, planned: PlannedSection, own: Sequence[Event]
) -> tuple[Kept, frozenset[str]]:
    """Give the section's cells without the original's code, and all lines of it in the notebook.

    An error of one section shows lines of functions that another one defines.
    """
    work = copied.original_work(ready)
    original = [text for texts in work.values() for text in texts]
    given = [c.source for section in ready.plan.sections for c in section.cells if c.is_given]
    solved = {
        str(e.data.get("section")) for e in own if e.kind == HINTED and e.data.get("level") == 4
    }
    chosen, hidden = Kept((), frozenset(), 0), set[str]()
    for section in ready.plan.sections:
        is_solved = section.id in solved
        texts = work.get(section.id, []) if is_solved else original
        kept = question.without_original(copied.own_cells(section), texts, given, solved=is_solved)
        if is_solved:
            kept = _both(kept, original, given)
        hidden |= kept.hidden
        chosen = kept if section.id == planned.id else chosen
    return chosen, frozenset(hidden)


def _both(kept: Kept, original: Sequence[str], given: Sequence[str]) -> Kept:
    """Take out cells of other sections too."""
    more = question.without_original(kept.cells, original, given, solved=False)
    return Kept(more.cells, kept.hidden | more.hidden, kept.count + more.count)


def _facts(ready: Prepared, planned: PlannedSection) -> tuple[str, ...]:
    page, course = question.link(ready.course, ready.ref), ready.course
    version = f" at {course.commit[:10]}" if course.commit else ""
    lines = [
        f"Lesson: `{ready.lesson.id}`, notebook `{ready.ref.id}`, section `{planned.id}`{version}",
        f"Notebook: {page}" if page else "",
        f"Page: {ready.lesson.page}" if ready.lesson.page else "",
        "I write the lesson's code again by myself, with the original closed.",
    ]
    return tuple(line for line in lines if line)


def _goal(ready: Prepared, section: str) -> str:
    spec = next((one for one in ready.lesson.sections if one.id == section and one.goal), None)
    if spec is not None:
        return question.first_of(spec.goal)
    try:
        original = notebook.read(lessons.original(ready.course, ready.ref))
    except CompanionError:
        return ""
    made = scaffold.scaffold(original, ready.lesson, ready.ref)
    return next((question.first_of(one.goal) for one in made.sections if one.id == section), "")


def _tried(section: str, own: Sequence[Event]) -> tuple[str, ...]:
    """Tell checks, hints and experiments."""
    about = [e for e in own if e.kind == CHECKED and "key" in e.data]
    words = Counter(str((e.data.get("sections") or {}).get(section, "")) for e in about)
    words.pop("", None)
    counted = ", ".join(f"{count} times {word}" for word, count in words.items())
    levels = {
        int(e.data.get("level") or 0)
        for e in own
        if e.kind == HINTED and e.data.get("section") == section
    }
    experiments = [e for e in own if e.kind == EXPERIMENT]
    lines = [
        f"Checks of this section: {words.total()}" + (f" ({counted})" if counted else ""),
        f"Hints for it: {max(levels, default=0)} of {hints.SOLUTION}"
        + (" (the original was shown)" if hints.SOLUTION in levels else ""),
        f"Experiments with the original: {len(experiments)}" if experiments else "",
    ]
    lines += [
        f"Changed: {one.data.get('change', '')}; result: {one.data.get('result', '')}"
        for one in experiments[-_EXPERIMENTS:]
    ]
    return (*(line for line in lines if line), "(what else did you try?)")


def system() -> str:
    """Name the operating system; what stands behind its numbers may name a machine or an employer."""
    release = re.match(r"\d+(?:\.\d+)*", platform.release())
    words = (platform.system(), release[0] if release else "", f"({platform.machine()})")
    return " ".join(word for word in words if word)


def _versions(ready: Prepared, interpreter: Interpreter) -> tuple[str, ...]:
    needs = imports.needs(notebook.read(ready.path), ready.path.parent)
    names = [*needs.needed, *needs.optional, *needs.implied]
    found = dict(records.installed(interpreter)(names))
    python = found.pop("python", "unknown")
    packages = ", ".join(f"{name} {version}" for name, version in [*found.items()][:_PACKAGES])
    missing = ", ".join(name for name in needs.needed if found and name not in found)
    lines = [
        f"Python {python}, {system()}",
        packages,
        f"not installed: {missing}" if missing else "",
        f"fastcompanion {fastcompanion.__version__}",
    ]
    return tuple(line for line in lines if line)
