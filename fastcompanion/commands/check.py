"""`check`, `hint` and `lesson compare`: is it right, a step further, and the original beside it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from fastcompanion import console, views
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.workspace import Workspace
from fastcompanion.commands import completing
from fastcompanion.commands import lesson_app as lesson_group
from fastcompanion.commands.options import LessonArgument, Session, command
from fastcompanion.commands.phrases import commit_blocks
from fastcompanion.console import Answer, Block, Code, Line, Next, Table, Title, Warn
from fastcompanion.course.checks import hints, results
from fastcompanion.course.checks.check import Asked, Assessed, CheckReport
from fastcompanion.course.checks.hints import Comparison, Hint
from fastcompanion.course.checks.outputs import OriginalOutputs
from fastcompanion.course.checks.outputs import outputs as original_outputs
from fastcompanion.course.checks.recall import Graded, RecallReport
from fastcompanion.course.checks.results import Taken
from fastcompanion.course.checks.verdict import CHANGED, UNCOMPARED, SectionVerdict
from fastcompanion.course.checks.watch import watch as watch_notebook
from fastcompanion.flows import checking
from fastcompanion.flows.checking import BothReports

NotebookOption = Annotated[
    str | None, typer.Option("--notebook", help="One notebook of a lesson that has several.")
]
SectionOption = Annotated[str | None, typer.Option("--section", "-s", help="One section's id.")]
KernelOption = Annotated[
    str | None,
    typer.Option("--kernel", help="Environment, venv folder, interpreter or kernelspec."),
]
BudgetOption = Annotated[
    float | None, typer.Option("--budget", min=1, help="Seconds for the whole run.")
]
CellOption = Annotated[
    float | None, typer.Option("--cell-timeout", min=1, help="Seconds for one cell.")
]
OnOption = Annotated[
    str | None,
    typer.Option(
        "--on",
        metavar="SERVER",
        help="Run it on a server; the result comes here.",
        autocompletion=completing.servers,
    ),
]

_COUNTED = {
    "to-assess": "ran and wait for your own judgement",
    "could not check": "could not be checked",
}
_WHY = re.compile(r"it ran; there is no hard check here(?: \((.*)\))?, so judge it yourself")
_CATCHES = re.compile(r"catches (\d+) of (\d+)")


def check(
    session: Session,
    lesson: LessonArgument = None,
    notebook: NotebookOption = None,
    section: SectionOption = None,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Check again at each save, until Ctrl-C.")
    ] = False,
    kernel: KernelOption = None,
    budget: BudgetOption = None,
    cell_timeout: CellOption = None,
    step: Annotated[
        str,
        typer.Option(
            "--step",
            help="reproduce, again (from memory), or repeat: your own data.",
            show_default="what is open",
            autocompletion=completing.steps,
        ),
    ] = "",
    assess: Annotated[
        str | None,
        typer.Option("--assess", metavar="SECTION", help="Say that a section is right (--note)."),
    ] = None,
    note: Annotated[
        str, typer.Option("--note", "-n", help="How you compared, or what came of your data.")
    ] = "",
    from_file: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Take in what %check found in a notebook."),
    ] = None,
    on: OnOption = None,
) -> Answer | None:
    """Check your reproduction section by section in a fresh kernel, or your work with other data."""
    asked = Asked(lesson, notebook, section, kernel, budget, cell_timeout)
    study, record = session.workspace(), not session.dry_run
    if from_file is not None:
        if watch or step or assess is not None or asked != Asked():
            raise CompanionError("--from stands alone: the file says the rest", code=Exit.USAGE)
        return Answer(results.take_file(study, from_file, record=record), _view_taken)
    if on is not None:
        if watch or assess is not None or step not in ("", "reproduce"):
            raise CompanionError("--on is for checks of the reproduction", code=Exit.USAGE)
        return _on(session, study, asked, on)
    if assess is not None:
        judged = checking.assess(study, asked, assess, note, record=record)
        return Answer(judged, _view_of(judged))
    if watch:
        if step in ("repeat", "again"):
            raise CompanionError("--watch is for the reproduction", code=Exit.USAGE)
        for seen in watch_notebook(study, asked, session.reporter):
            console.show_line(seen, _view_report(seen))
        return None
    report = checking.check(
        study, asked, step=step, note=note, reporter=session.reporter, record=record
    )
    return Answer(report, _view_of(report), report.exit_code)


def _on(session: Session, study: Workspace, asked: Asked, server: str) -> Answer:
    """Check on a server; the server wing is loaded for those alone who have one."""
    there = import_module("fastcompanion.flows.remote")
    record = not session.dry_run
    seen = there.check(study, asked, server, reporter=session.reporter, record=record)
    return Answer(seen, _view_report, seen.exit_code)


def hint(
    session: Session,
    lesson: LessonArgument = None,
    level: Annotated[
        int | None,
        typer.Argument(
            min=1, max=4, help="1 goal, 2 names, 3 order, 4 the original.", show_default="next"
        ),
    ] = None,
    notebook: NotebookOption = None,
    section: SectionOption = None,
) -> Answer:
    """Show the next hint for the section you are in."""
    # `hint 3` means the level: lessons have two digits or a course in front.
    if level is None and lesson is not None and lesson in {"1", "2", "3", "4"}:
        level = int(lesson)
        lesson = None
    shown = hints.hint(
        session.workspace(),
        Asked(lesson, notebook, section),
        level=level,
        agree=session.confirm,
        record=not session.dry_run,
    )
    return Answer(shown, _view_hint)


def compare(
    session: Session,
    lesson: LessonArgument = None,
    notebook: NotebookOption = None,
    section: SectionOption = None,
    outputs: Annotated[
        bool, typer.Option("--outputs", help="Only what the original puts out, without its code.")
    ] = False,
) -> Answer:
    """Show the original beside your version, once a section has passed."""
    asked = Asked(lesson, notebook, section)
    if outputs:
        shown = original_outputs(session.workspace(), asked, agree=session.confirm)
        return Answer(shown, _view_outputs)
    return Answer(hints.compare(session.workspace(), asked), _view_comparison)


def register(root: typer.Typer) -> None:
    """Add the daily words, and the same within `lesson`."""
    for name, function in (("check", check), ("hint", hint)):
        command(root, name, rich_help_panel="Every day")(function)
        command(lesson_group.app, name)(function)
    command(lesson_group.app, "compare")(compare)


def _view_of(found: object) -> Callable[[Any], Iterable[Block]]:
    """Give the view of what was found; those of rarer things are loaded for them alone."""
    if type(found) in _VIEWS:
        return _VIEWS[type(found)]
    again = isinstance(found, RecallReport | Graded)
    module = import_module(f"fastcompanion.commands.{'again_view' if again else 'repeated_view'}")
    view: Callable[[Any], Iterable[Block]] = (
        module.graded if isinstance(found, Graded) else module.view
    )
    return view


def _view_report(report: CheckReport) -> Iterable[Block]:
    yield Title(_headline(report))
    for notice in report.notices:
        yield Warn(notice)
    failing = next((one for one in report.sections if one.id == report.first), None)
    if failing is not None:
        yield from views.failing(failing)
    yield _table(report)
    for one in report.sections:
        if one.verdict == "to-assess" and (text := _left_to_you(one)):
            yield Line(f"{one.id}: {text}")
        if one.verdict == "passed" and one.message:
            yield Line(f"{one.id}: {one.message}")
    if strength := _strength(report):
        yield Line(strength, "dim")
    yield from _view_next(report, failing)


def _left_to_you(one: SectionVerdict) -> str:
    """Say why a section has no hard check, and what is there of what was promised."""
    if one.message.startswith(UNCOMPARED):
        return one.message
    why = _WHY.match(one.message)
    said, _, rest = one.message.partition(". ")
    there = one.message[why.end() :].removeprefix(". ") if why else rest
    reason = f"no hard check: {why[1]}" if why and why[1] else ""
    reason = said if said == CHANGED else reason
    return "; ".join(part for part in (reason, there if one.checkpoints else "") if part)


def _view_both(reports: BothReports) -> Iterable[Block]:
    yield from _view_of(reports.recalled)(reports.recalled)
    yield from _view_report(reports.reproduced)


def _headline(report: CheckReport) -> str:
    total = len(report.sections)
    counts = Counter(one.verdict for one in report.sections)
    words = f"{counts['passed']} of {total} sections passed"
    if counts["to-assess"] or counts["self-assessed"]:
        told = [f"{counts['passed']} passed"]
        told += [
            f"{n} {_COUNTED.get(word, word)}" for word, n in counts.items() if word != "passed"
        ]
        words = f"{total} sections: {', '.join(told)}"
    how = "in a fresh kernel" if report.fresh else "in the warm kernel"
    if words.startswith(f"{total} sections"):
        how = f"({how})"
    return f"{report.lesson} {report.notebook}: {words} {how}, {report.seconds:.1f} s"


def _table(report: CheckReport) -> Table:
    """Show each section's verdict, and how many planted mistakes its check has caught."""
    if not any(one.strength for one in report.sections):
        return Table(("section", "verdict"), tuple(_row(one) for one in report.sections))
    found = [_CATCHES.search(one.strength) for one in report.sections]
    caught = [f"{one[1]} of {one[2]}" if one is not None else "" for one in found]
    rows = zip(report.sections, caught, strict=True)
    return Table(("section", "verdict", "caught"), tuple((*_row(one), told) for one, told in rows))


def _row(one: SectionVerdict) -> tuple[str, str]:
    return one.id, one.verdict + (" (with solution)" if one.with_solution else "")


def _strength(report: CheckReport) -> str:
    """Add up how many planted mistakes the checks notice, as the gate has measured it."""
    found = [_CATCHES.search(one.strength) for one in report.sections]
    caught = sum(int(one[1]) for one in found if one is not None)
    planted = sum(int(one[2]) for one in found if one is not None)
    if not planted:
        return ""
    return (
        f"The checks catch {caught} of {planted} planted mistakes: "
        "so many of our deliberate errors would be noticed."
    )


def _view_next(report: CheckReport, failing: SectionVerdict | None) -> Iterable[Block]:
    if report.finished_step:
        yield Line("The step `reproduce` is done.", "good")
        yield from commit_blocks(report.commit)
        yield Next(f"fastcompanion lesson compare {report.lesson}", "the original beside yours")
        return
    own = next((one.id for one in report.sections if one.verdict == "to-assess"), None)
    if own is not None:
        yield from _view_to_assess(report.lesson, own)
    if failing is not None and failing.verdict in ("wrong value", "not reached", "not attempted"):
        yield Next(f"fastcompanion hint {report.lesson}")


def _view_to_assess(lesson: str, section: str) -> Iterable[Block]:
    yield Next(
        f"fastcompanion lesson compare {lesson} --outputs --section {section}",
        f"the original's results; where none are saved, fastcompanion lesson run {lesson} --execute",
    )
    line = f'fastcompanion lesson check {lesson} --assess {section} --note "…"'
    yield Next(line, "when you have compared yours")


def _view_assessed(assessed: Assessed) -> Iterable[Block]:
    yield Line(f"{assessed.section} is self-assessed: {assessed.note}", "good")
    yield Next(f"fastcompanion check {assessed.lesson}")


def _view_taken(taken: Taken) -> Iterable[Block]:
    counts = Counter(taken.sections.values())
    told = ", ".join(f"{n} {word}" for word, n in counts.items()) or "nothing new"
    yield Title(f"{taken.lesson} {taken.notebook}: {told}, found in the notebook")
    if taken.sections:
        yield Table(("section", "verdict"), tuple(taken.sections.items()))
    if taken.already:
        yield Line(f"{taken.already} results of this file were here already.", "dim")
    yield Next(f"fastcompanion check {taken.lesson}", "a fresh kernel has the final word")


def _view_hint(shown: Hint) -> Iterable[Block]:
    yield from views.hint(shown)
    if shown.again is None and shown.level < 4:
        yield Next(f"fastcompanion hint {shown.lesson}", "when this is not enough")


def _view_comparison(comparison: Comparison) -> Iterable[Block]:
    yield Title(f"The original (-) and yours (+): {', '.join(comparison.sections)}")
    yield Code(comparison.text)


def _view_outputs(shown: OriginalOutputs) -> Iterable[Block]:
    for one in shown.sections:
        yield Title(f"{one.title}: what the original puts out")
        for text in one.texts:
            yield Code(text)
        if not one.texts:
            yield Line("nothing is saved for this section", "dim")
    yield Line(f"from {shown.source.name}", "dim")
    line = (
        f'fastcompanion lesson check {shown.lesson} --assess {shown.sections[0].section} --note "…"'
    )
    yield Next(line, "when yours are right")


_VIEWS: dict[type, Callable[[Any], Iterable[Block]]] = {
    CheckReport: _view_report,
    BothReports: _view_both,
    Assessed: _view_assessed,
}
