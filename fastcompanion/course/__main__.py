"""The maintainers' checker: `python -m fastcompanion.course validate|gate|record|verify [COURSE]`.

`validate` reads the content of the catalogue and complains of what does not fit together; `gate`
asks whether the authored checks are to be trusted, writes how strong they are with --write, and
ends with 4 when a check is not good enough. Both are part of the tests.

`record COURSE [LESSON] --study FOLDER --kernel NAME` records the checks that ship for a course that
nobody marked, in a study that has added it; `verify` runs its originals in another environment
against what ships. With --write both put down what they have found where it ships.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from fastcompanion.base import clock, store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.kernel import Limits
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import content, gate, warm
from fastcompanion.course.checks.gate import LessonGate
from fastcompanion.course.environments import find_interpreter
from fastcompanion.course.library import catalogue
from fastcompanion.course.model import Course, Lesson
from fastcompanion.course.recording import shipped, shipping
from fastcompanion.course.recording.recorder import Asked
from fastcompanion.course.recording.shipping import Shipment, Verified

BEGIN, END = "<!-- gate: begin -->", "<!-- gate: end -->"


def checked_lessons(courses: Sequence[str]) -> Iterator[tuple[Course, Lesson]]:
    """Give every lesson of the catalogue that has authored checks."""
    for course_id in courses:
        course = catalogue.course(course_id)
        for lesson in course.lessons:
            if lesson.checks is not None:
                yield course, lesson


def styles(course: Course, lesson: Lesson) -> list[Path]:
    """Find the solutions in other styles, which are fixtures of the tests (a checkout only)."""
    fixtures = workspace.content("lessons").parent / "tests" / "fixtures" / course.id
    return sorted(fixtures.glob(f"{lesson.number}.style-*.ipynb"))


def run_validate(courses: Sequence[str]) -> int:
    """Complain of content that does not fit together."""
    problems = [str(problem) for problem in catalogue.validate()]
    if not problems:
        for course, lesson in checked_lessons(courses):
            problems += content.problems(course, lesson)
        for course_id in courses:
            problems += [str(one) for one in shipped.problems(catalogue.course(course_id))]
    for problem in problems:
        _say(problem)
    _say(f"{len(problems)} problems" if problems else "The content fits together.")
    return int(Exit.CHECK_SAYS_NO if problems else Exit.DONE)


def run_gate(courses: Sequence[str], *, write: bool, most: int | None) -> int:
    """Put every lesson with checks through the gate."""
    found = []
    for course, lesson in checked_lessons(courses):
        bench = gate.bench(course, lesson, styles(course, lesson))
        result = gate.examine(bench, gate.key_of(course, lesson), most=most)
        found.append(result)
        for line in report(result):
            _say(line)
        if write and most is None and result.open:
            store.write_json(gate.strength_file(course, lesson), gate.strength_record(result))
    if write and most is None and found:
        _write_table(found)
    return int(Exit.DONE if found and all(one.open for one in found) else Exit.CHECK_SAYS_NO)


def report(result: LessonGate) -> Iterator[str]:
    """Write a gate's result for people."""
    yield f"{result.lesson}: {'open' if result.open else 'SHUT'}"
    planted = [trial for trial in result.trials if trial.name.startswith(gate.PLANTED)]
    for trial in result.trials:
        if trial not in planted or not trial.good:
            yield f"  {'ok' if trial.good else 'NO'}  {trial.name}: {trial.about}"
    good = sum(trial.good for trial in planted)
    yield f"  {good} of {len(planted)} planted mistakes fail in their section with their message"
    for one in result.sections:
        mark = "ok" if one.strong else "NO"
        yield (
            f"  {mark}  {one.section}: catches {one.caught} of {one.planted}; "
            f"{one.crashed} more crash, {one.equivalent} change nothing"
        )
        yield from (f"        not caught: {survivor}" for survivor in one.survivors)


def table(found: Sequence[LessonGate]) -> str:
    """Write the figures as the table of docs/checks.md."""
    lines = [
        "| section | planted mistakes caught | crash by themselves | change nothing |",
        "|---|---|---|---|",
    ]
    for result in found:
        for one in result.sections:
            name = f"{result.lesson} {one.section}"
            lines.append(
                f"| {name} | {one.caught} of {one.planted} | {one.crashed} | {one.equivalent} |"
            )
        caught, planted = (
            sum(getattr(s, n) for s in result.sections) for n in ("caught", "planted")
        )
        crashed, same = (
            sum(getattr(s, n) for s in result.sections) for n in ("crashed", "equivalent")
        )
        lines.append(f"| **{result.lesson}** | **{caught} of {planted}** | {crashed} | {same} |")
    return "\n".join(lines)


def _write_table(found: Sequence[LessonGate]) -> None:
    path = workspace.content("lessons").parent / "docs" / "checks.md"
    text = store.read_text(path)
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    store.write_text(path, f"{before}{BEGIN}\n{table(found)}\n{END}{after}")


def asked_for(options: argparse.Namespace) -> Iterator[tuple[Workspace, Asked]]:
    """Give the notebooks that are to be recorded or verified, and what runs them."""
    if options.course is None or options.study is None:
        raise CompanionError(f"{options.what} needs a course and --study", code=Exit.USAGE)
    study = Workspace.find(options.study)
    limits = Limits(options.cell_seconds, options.budget)
    for course, lesson, ref in shipping.notebooks(study, options.course, options.lesson):
        if options.notebook in (None, ref.id):
            interpreter = find_interpreter(options.kernel, course, study)
            yield (
                study,
                Asked(course, lesson, ref, interpreter, limits, options.most, warm.available()),
            )


def run_record(options: argparse.Namespace) -> int:
    """Record what ships for notebooks of a course."""
    done = []
    for study, asked in asked_for(options):
        begun = clock.monotonic()
        done.append(shipping.ship(study, asked, write=options.write))
        for line in shipment(done[-1], clock.monotonic() - begun):
            _say(line)
    return int(Exit.DONE if any(not one.reason for one in done) else Exit.CHECK_SAYS_NO)


def shipment(one: Shipment, seconds: float) -> Iterator[str]:
    """Write for people what became of a recording."""
    hard = sum(not reason for _, reason in one.sections)
    counted = f"{hard} of {len(one.sections)} sections checked, {one.size} bytes, {seconds:.0f} s"
    yield f"{one.lesson} {one.notebook}: {counted if one.sections else 'not recorded'}"
    if one.reason:
        yield f"  not shipped: {one.reason}"
    yield from (f"  {section}: {reason}" for section, reason in one.sections if reason)
    if one.versions:
        yield f"  with {_listed(one.versions)}"


def run_verify(options: argparse.Namespace) -> int:
    """Try what ships for notebooks of a course in another environment."""
    done = []
    for study, asked in asked_for(options):
        one = shipping.verify(study, asked, write=options.write)
        if one.reason != shipping.NOT_SHIPPED:
            done.append(one)
        for line in verification(one):
            _say(line)
    return int(Exit.DONE if done and all(one.passed for one in done) else Exit.CHECK_SAYS_NO)


def verification(one: Verified) -> Iterator[str]:
    """Write for people what came of a trial in another environment."""
    result = one.reason or ("NO" if one.failing else "passes" + (", known" if one.known else ""))
    yield f"{one.lesson} {one.notebook}: {result}"
    if one.versions:
        yield f"  with {_listed(one.versions)}"
    yield from (f"  {section}: {message}" for section, message in one.failing)


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the checker and give its exit code."""
    parser = argparse.ArgumentParser(prog="python -m fastcompanion.course", description=__doc__)
    parser.add_argument("what", choices=("validate", "gate", "record", "verify"))
    parser.add_argument("course", nargs="?", help="one course of the catalogue (default: all)")
    parser.add_argument("lesson", nargs="?", help="record, verify: the number of one lesson")
    parser.add_argument("--write", action="store_true", help="write the figures where they ship")
    parser.add_argument("--most", type=int, help="that many mutants per section, spread evenly")
    parser.add_argument("--study", type=Path, help="record, verify: a study with that course")
    parser.add_argument("--kernel", help="record, verify: an environment, venv or interpreter")
    parser.add_argument("--notebook", help="record, verify: one notebook of the lesson")
    parser.add_argument("--budget", type=float, default=3600.0, help="seconds for one notebook")
    parser.add_argument("--cell-seconds", type=float, default=600.0, help="seconds for one cell")
    options = parser.parse_args(argv)
    courses = [options.course] if options.course else catalogue.ids()
    try:
        match options.what:
            case "validate":
                return run_validate(courses)
            case "gate":
                return run_gate(courses, write=options.write, most=options.most)
            case "record":
                return run_record(options)
            case _:
                return run_verify(options)
    except CompanionError as error:
        _say(str(error))
        return int(error.code)


if __name__ == "__main__":
    raise SystemExit(main())
