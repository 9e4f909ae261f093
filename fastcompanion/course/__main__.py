"""The maintainers' checker: `python -m fastcompanion.course validate|gate [COURSE] [--write]`.

`validate` reads the content of the catalogue and complains of what does not fit together; `gate`
asks whether the authored checks are to be trusted, writes how strong they are with --write, and
ends with 4 when a check is not good enough. Both are part of the tests.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from fastcompanion.base import store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.course.checks import content, gate
from fastcompanion.course.checks.gate import LessonGate
from fastcompanion.course.library import catalogue
from fastcompanion.course.model import Course, Lesson

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


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the checker and give its exit code."""
    parser = argparse.ArgumentParser(prog="python -m fastcompanion.course", description=__doc__)
    parser.add_argument("what", choices=("validate", "gate"))
    parser.add_argument("course", nargs="?", help="one course of the catalogue (default: all)")
    parser.add_argument("--write", action="store_true", help="write the figures where they ship")
    parser.add_argument("--most", type=int, help="that many mutants per section, spread evenly")
    options = parser.parse_args(argv)
    courses = [options.course] if options.course else catalogue.ids()
    try:
        if options.what == "validate":
            return run_validate(courses)
        return run_gate(courses, write=options.write, most=options.most)
    except CompanionError as error:
        _say(str(error))
        return int(error.code)


if __name__ == "__main__":
    raise SystemExit(main())
