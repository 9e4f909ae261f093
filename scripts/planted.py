"""Plant mistakes in reproductions, check them, and say which were noticed and what they were called.

    python -m scripts.planted --study FOLDER --lesson c22/05 --kernel NAME
        --planted tests/fixtures/planted/linear-model.yaml --half development --out TABLE.md
    python -m scripts.planted --foundations WORK --half development --out TABLE.md

A planted file names the notebook or reproduction (`in`), the section, the text that is changed and,
in its author's words, what is wrong (`what`). Whether a name that was told is right is judged by a
person, in tests/fixtures/planted/judged.yaml. Which half a mistake is in is decided by its id alone.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from fastcompanion.base.clock import monotonic
from fastcompanion.base.kernel import Interpreter, Limits
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import likely, prepared, verdict
from fastcompanion.course.checks.likely import Likely
from fastcompanion.course.checks.prepared import Prepared
from fastcompanion.course.checks.records import installed
from fastcompanion.course.checks.verdict import SectionVerdict
from fastcompanion.course.checks.warm import Warm
from fastcompanion.course.environments import find_interpreter
from fastcompanion.course.library import courses, lessons
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.notebooks.sections import learner_sections
from fastcompanion.course.recording import recorder
from fastcompanion.course.running import run
from fastcompanion.course.scaffolds.scaffold import scaffold
from scripts.record_table import blocks, filled, foreign

ROOT = Path(__file__).resolve().parents[1]
PLANTED = ROOT / "tests" / "fixtures" / "planted"
REPRODUCTIONS = ROOT / "tests" / "fixtures" / "reproductions"
JUDGED = PLANTED / "judged.yaml"
LIMITS = Limits(cell_seconds=60, total_seconds=3600)
SECONDS, MOST = 300.0, 120  # as many runs as a learner's idle machine does while they wait
HALVES = ("development", "held-out")


@dataclass(frozen=True)
class Mistake:
    """A mistake as its author wrote it down."""

    id: str
    where: str
    section: str
    find: str
    replace: str
    what: str

    @property
    def digest(self) -> int:
        """What decides which half it is in: even ones are for development."""
        return int(hashlib.sha256(self.id.encode()).hexdigest(), 16)

    def is_in(self, half: str, turn: int | None = None) -> bool:
        """Is it in a half, or in "both"? `turn` 0 and 1 are the halves of that, by the digest."""
        mine = half in ("both", HALVES[self.digest % 2])
        return mine and turn in (None, self.digest // 2 % 2)


@dataclass(frozen=True)
class Tried:
    """What the check said of one mistake; `words` are those of the likely mistake, "" for none."""

    id: str
    section: str
    what: str
    verdict: str
    failing: str
    words: str
    message: str = ""

    @property
    def noticed(self) -> bool:
        """Did the check fail in the section of the mistake?"""
        return self.failing == self.section


@dataclass(frozen=True)
class Bench:
    """What mistakes are planted in and who runs it."""

    study: Workspace
    course: Course
    lesson: Lesson
    ref: NotebookRef
    interpreter: Interpreter


def mistakes(path: Path, where: str = "") -> list[Mistake]:
    """Read a planted file; `where` keeps those of one notebook."""
    told = yaml.safe_load(path.read_text(encoding="utf-8"))["mistakes"]
    fields = ("id", "in", "section", "find", "replace", "what")
    found = [Mistake(*(str(one[name]) for name in fields)) for one in told]
    return [one for one in found if where in ("", one.where)]


def changed(own: Mapping[str, Any], mistake: Mistake) -> dict[str, Any]:
    """Plant a mistake in the cells of its section."""
    [section] = learner_sections(own, [mistake.section])
    cells = list(own["cells"])
    for index in section.cells:
        source = cells[index]["source"]
        if mistake.find in source:
            planted = source.replace(mistake.find, mistake.replace, 1)
            cells[index] = {**cells[index], "source": planted}
            return {**own, "cells": cells}
    raise ValueError(f"{mistake.id} finds nothing to change")


def own_work(bench: Bench, where: str) -> dict[str, Any]:
    """Give the notebook that mistakes are planted in: the original, or a filled scaffold."""
    original = notebook.read(lessons.original(bench.course, bench.ref))
    if where.endswith(".ipynb"):
        return original
    found = sorted(REPRODUCTIONS.glob(f"*/{where}"))
    # People of one name may have reproduced several lessons.
    [path] = [one for one in found if len(found) == 1 or one.parent.name in bench.ref.id]
    made = scaffold(original, bench.lesson, bench.ref, name="")
    return filled(made.notebook, list(blocks(path.read_text(encoding="utf-8"))))


def tried(bench: Bench, own: Mapping[str, Any], chosen: Sequence[Mistake]) -> Iterator[Tried]:
    """Plant one mistake after the other, in one warm worker, and judge as `lesson check` does."""
    path = bench.study.notebook(bench.lesson.id, bench.ref.id, "scratch")
    versions = installed(bench.interpreter)
    based = prepared.ground(
        bench.course, bench.lesson, bench.ref, own, study=bench.study, versions=versions
    )
    if based.found.record is None:
        raise SystemExit(based.found.notice)
    whole = prepared.ready(based, path, own).plan
    with Warm(bench.interpreter, path.parent, LIMITS, whole) as worker:
        worker.run(whole.sections)
        for one in chosen:
            ready = prepared.ready(based, path, changed(own, one))
            yield _told(one, *_failing(worker, ready, one.section))


def _failing(
    worker: Warm, ready: Prepared, section: str
) -> tuple[SectionVerdict | None, Likely | None]:
    """Check up to the section of the mistake, and what follows if that is fine."""
    plan = ready.plan
    ids = [one.id for one in plan.sections]
    for end in (ids.index(section) + 1, len(ids)):
        outcomes = worker.run(plan.sections[:end])
        failing = verdict.first_failing(verdict.verdicts(plan, outcomes)[:end])
        if failing is not None and failing.id in {one.id for one in outcomes}:
            return failing, likely.likely(
                worker, ready, failing, outcomes, seconds=SECONDS, most=MOST
            )
    return None, None


def _told(one: Mistake, failing: SectionVerdict | None, found: Likely | None) -> Tried:
    if failing is None:
        return Tried(one.id, one.section, one.what, "not noticed", "", "")
    told = [point.mistake for point in failing.checkpoints if point.mistake]
    words = found.sentence if found is not None else told[0] if told else ""
    return Tried(one.id, one.section, one.what, failing.verdict, failing.id, words, failing.message)


def wilson(count: int, whole: int, z: float = 1.96) -> tuple[float, float]:
    """Give the 95 % interval of a share (Wilson 1927)."""
    if not whole:
        return 0.0, 1.0
    share, square = count / whole, z * z
    middle = (share + square / (2 * whole)) / (1 + square / whole)
    reach = z * math.sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    reach /= 1 + square / whole
    return middle - reach, middle + reach


def judgements(path: Path = JUDGED) -> dict[tuple[str, str], str]:
    """Read what a person has said of each name: right, vague or wrong, by mistake and words."""
    if not path.is_file():
        return {}
    told = yaml.safe_load(path.read_text(encoding="utf-8"))["judged"]
    return {(one["id"], one["words"]): one["is"] for one in told}


def figures(rows: Iterable[Tried], judged: Mapping[tuple[str, str], str]) -> dict[str, int]:
    """Count: mistakes, noticed in their section, told a name; right, vague, wrong, not yet judged.

    Crashes are apart: there Python's own error names the place. So are mistakes in a section without
    a check that make a later one come out wrong ("later"), and wrong names told there ("astray").
    """
    found = dict.fromkeys(_COUNTED, 0)
    for row in rows:
        wrong, said = row.verdict == "wrong value", judged.get((row.id, row.words), "unjudged")
        found["all"] += 1
        found["unnoticed"] += row.verdict == "not noticed"
        found["crashed"] += not wrong and row.verdict != "not noticed"
        found["noticed"] += wrong and row.noticed
        found["later"] += wrong and not row.noticed
        if row.words and row.noticed:
            found["named"] += 1
            found[said] += 1
        elif row.words:
            found["astray"] += said == "wrong"
            found["unjudged"] += said == "unjudged"
    return found


_COUNTED = (
    "all", "unnoticed", "crashed", "noticed", "named", "right", "vague", "wrong", "unjudged",
    "later", "astray",
)  # fmt: skip


def table(rows: Sequence[Tried]) -> str:
    """Write rows and figures as markdown."""
    judged = judgements()
    lines = [
        "| id | what its author says | verdict | in its section | told | is |",
        "|" + "---|" * 6,
    ]
    for row in rows:
        cells = (row.id, row.what, row.verdict, "yes" if row.noticed else f"no {row.failing}",
                 row.words, judged.get((row.id, row.words), "?") if row.words else "")  # fmt: skip
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    counted = figures(rows, judged)
    lines += ["", ", ".join(f"{name} {count}" for name, count in counted.items())]
    for name, whole in (("noticed", "all"), ("named", "noticed"), ("right", "noticed"),
                        ("wrong", "noticed")):  # fmt: skip
        low, high = wilson(counted[name], counted[whole])
        lines.append(
            f"{name} of {whole}: {counted[name]}/{counted[whole]} ({low:.0%} to {high:.0%})"
        )
    return "\n".join(lines) + "\n"


def built_in(work: Path, number: str) -> Bench:
    """Record a built-in lesson as if it were foreign, unless that is done."""
    work.mkdir(parents=True, exist_ok=True)
    study = Workspace(work)
    if not study.settings.exists():
        study.settings.write_text("version = 1\n", encoding="utf-8")
    if not (work / "sources").exists():
        foreign("foundations", work / "sources")
    if "plain" not in courses.ids(study):
        courses.add(study, str(work / "sources"), as_id="plain")
    course, lesson = lessons.find(study, f"plain/{number}")
    return recorded(study, course, lesson, find_interpreter(None, course, study))


def recorded(study: Workspace, course: Course, lesson: Lesson, interpreter: Interpreter) -> Bench:
    """Record a lesson, unless its study has a record that fits."""
    ref = lessons.notebook_of(lesson, None)
    if not study.checks_file(lesson.id, ref.id).is_file():
        recorder.record(study, recorder.Asked(course, lesson, ref, interpreter, LIMITS))
    run.copy_original(study, course, lesson, ref)  # and the data beside it
    return Bench(study, course, lesson, ref, interpreter)


def measure(
    bench: Bench, path: Path, where: str, half: str, turn: int | None, first: int | None
) -> list[Tried]:
    """Try the mistakes of one notebook, of one half or of both; the `first` of them by the ids."""
    chosen = [one for one in mistakes(path, where) if one.is_in(half, turn)]
    chosen = sorted(chosen, key=lambda one: one.digest)[:first]
    own = own_work(bench, where)
    found = []
    for row in tried(bench, own, chosen):
        print(
            f"{row.id}: {row.verdict}: {row.words} {monotonic():.1f}", file=sys.stderr, flush=True
        )
        found.append(row)
    return found


def arguments() -> argparse.ArgumentParser:
    """Describe what can be typed."""
    made = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    made.add_argument("--foundations", type=Path, help="a work folder: both built-in lessons")
    made.add_argument("--study", type=Path, help="a study with the lesson's course")
    made.add_argument("--lesson", default="")
    made.add_argument("--kernel", help="an environment, venv or interpreter")
    made.add_argument("--planted", type=Path, default=PLANTED / "linear-model.yaml")
    made.add_argument("--half", choices=[*HALVES, "both"], default="development")
    made.add_argument("--turn", type=int, choices=[0, 1], help="half of that, by the ids")
    made.add_argument("--first", type=int, help="so many of each notebook only, by the ids")
    made.add_argument("--only", nargs="*", default=[], help="numbers of built-in lessons")
    made.add_argument("--out", type=Path, required=True)
    return made


def main(*typed: str) -> int:
    """Measure and write the table, and the rows as JSON beside it."""
    given = arguments().parse_args(typed)
    begun, rows = monotonic(), list[Tried]()
    if given.foundations:
        path = PLANTED / "foundations.yaml"
        for where in sorted({one.where for one in mistakes(path)}):
            if not given.only or where[:2] in given.only:
                bench = built_in(given.foundations.resolve(), where[:2])
                rows += measure(bench, path, where, given.half, given.turn, given.first)
    else:
        study = Workspace(given.study.resolve())
        course, lesson = lessons.find(study, given.lesson)
        interpreter = find_interpreter(given.kernel, course, study)
        bench = recorded(study, course, lesson, interpreter)
        for where in sorted({one.where for one in mistakes(given.planted)}):
            rows += measure(bench, given.planted, where, given.half, given.turn, given.first)
    text = table(rows)
    given.out.write_text(text, encoding="utf-8")
    data = json.dumps([asdict(row) for row in rows], indent=1)
    given.out.with_suffix(".json").write_text(data + "\n", encoding="utf-8")
    print(text.rpartition("|\n")[2], f"{monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
