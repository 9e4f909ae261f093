"""The figures of recorded checks on a fetched course, as scripts/record_table.py publishes them.

`make test-course COURSE=folder DATA=folder KERNEL=environment [ONLY="05 04"] [WORK=folder]` records every
notebook of the folder that runs here to its end; the others are skipped with the reason. WORK keeps what
came out, and what is there already is not recorded again. The last test prints the page of figures.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.course.checks import check
from fastcompanion.course.checks.check import CheckReport
from fastcompanion.course.checks.mutants import renamed, renaming
from fastcompanion.course.checks.verdict import FINE
from fastcompanion.course.environments import find_interpreter
from fastcompanion.course.library import courses, lessons
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.recording import trial
from fastcompanion.course.scaffolds.scaffold import Scaffold, scaffold
from scripts import figures_page, record_table
from scripts.record_table import Place
from tests.course.recording import kinds

COURSE = os.environ.get("FASTCOMPANION_TEST_COURSE", "")
DATA = os.environ.get("FASTCOMPANION_TEST_DATA", "")
KERNEL = os.environ.get("FASTCOMPANION_TEST_KERNEL") or None
WORK = os.environ.get("FASTCOMPANION_TEST_WORK", "")
ONLY = os.environ.get("FASTCOMPANION_TEST_ONLY", "").split()
# The lessons that people have reproduced from the scaffold alone, by a part of the notebook's name.
REPRODUCED = {
    "linear-model": "linear-model-and-neural-net",
    "how-a-neural-net-works": "how-does-a-neural-net",
    "random-forests": "how-random-forests",
}
TIMES = 10  # what recording may cost, in plain runs of the notebook
STAY_HARD = 0.6  # of the sections that leave something to compare
HONEST = 0.9  # of the checked sections that somebody did
# Their scaffold did not say that a missing fare becomes 0.
REFUSED = {
    ("random-forests", "held-out-beginner"): {"creating-a-decision-tree"},
    ("random-forests", "held-out-practitioner"): {"creating-a-decision-tree"},
}

pytestmark = [
    pytest.mark.course,
    pytest.mark.timeout(5400),
    pytest.mark.skipif(not COURSE, reason="needs a course: make test-course COURSE=folder"),
]


def fetched() -> list[str]:
    """List the notebooks of the fetched course."""
    return sorted(path.name for path in Path(COURSE).glob("*.ipynb")) if COURSE else []


def reproductions() -> list[tuple[str, str]]:
    """List the lessons and files of the honest reproductions."""
    return [
        (name, path.stem)
        for name in REPRODUCED
        for path in record_table.files_of(name, "", held_out=True)
    ]


@cache
def told() -> dict[str, Any]:
    """Give what the survey says of the course; one that it does not know is taken as it is."""
    name = Path(COURSE).name
    survey = tomllib.loads(record_table.SURVEY.read_text(encoding="utf-8"))["course"]
    unknown = {"id": "fetched", "folder": name, "source": name, "style": "unknown", "lessons": {}}
    return next((one for one in survey if one.get("folder") == name), unknown)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A study with the fetched course, with stand-ins for what its notebooks download."""
    work = Path(WORK) if WORK else tmp_path_factory.mktemp("survey")
    # Each test has a home of its own, where the environment's name is not known.
    python = find_interpreter(KERNEL, None, None).argv[0]
    made = Place(Path(COURSE).parent, work, python)
    with pytest.MonkeyPatch.context() as patch:
        for name in (*record_table.OFFLINE, "PYTHONPATH"):
            patch.setenv(name, "")
        record_table.prepare(made, Path(DATA) if DATA else None)
        record_table.added(made, told())
        yield made


def lesson_of(place: Place, name: str) -> tuple[Course, Lesson, NotebookRef]:
    """Find a notebook in the course; one that is not asked for, or left out, is skipped."""
    course = courses.load(place.study, told()["id"])
    for lesson in course.lessons:
        for ref in lesson.notebooks:
            if ref.path == name and (not ONLY or lesson.number in ONLY):
                return course, lesson, ref
    return pytest.skip("not asked for" if ONLY else "the course leaves it out")


def measured(place: Place, name: str) -> dict[str, Any]:
    """Record a notebook, unless that is done; one that does not run here is skipped."""
    _, lesson, _ = lesson_of(place, name)
    beside = told()["lessons"].get(lesson.number, [])
    record_table.surveyed(place, told(), lesson.number, beside)
    if "linear-model" in name:
        record_table.tried(place, told(), lesson.number)
    path = place.results / f"{told()['id']}-{lesson.number}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if "record" not in found:
        pytest.skip(found.get("failed") or found["plain"]["words"])
    return found


def hard(found: dict[str, Any]) -> set[str]:
    """Name the sections that are checked."""
    return {one["id"] for one in found["record"]["sections"] if one["status"] == "hard"}


def made_scaffold(course: Course, lesson: Lesson, ref: NotebookRef) -> Scaffold:
    return scaffold(notebook.read(lessons.original(course, ref)), lesson, ref, name="")


def work_of(course: Course, made: Scaffold, ref: NotebookRef) -> list[tuple[str, str]]:
    """Give the original's own cells as a learner's."""
    cells = notebook.read(lessons.original(course, ref))["cells"]
    return [(one.id, cells[i]["source"]) for one in made.sections for i in one.work_cells]


def with_other_names(made: Scaffold, own: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Rename what the work binds, but for names that given cells use."""
    given = "\n".join(
        cell["source"]
        for cell in made.notebook["cells"]
        if cell["cell_type"] == "code" and not record_table.is_work(record_table.mark_of(cell))
    )
    shared = set(re.findall(r"\w+", given))
    names = renaming(source for _, source in own)
    names = {old: new for old, new in names.items() if old not in shared}
    return [(section, renamed(source, names)) for section, source in own]


def checked(place: Place, name: str, book: dict[str, Any]) -> CheckReport:
    """Check a learner's notebook."""
    course, lesson, ref = lesson_of(place, name)
    interpreter = find_interpreter(place.kernel, course, place.study)
    notebook.write(place.study.notebook(lesson.id, ref.id, "scratch"), book)
    limits = record_table.LIMITS
    return check.check(place.study, course, lesson, interpreter, limits=limits, record=False)


def judged(report: CheckReport, wanted: set[str]) -> dict[str, tuple[str, str]]:
    """Give verdict and message of the sections that are checked."""
    return {one.id: (one.verdict, one.message) for one in report.sections if one.id in wanted}


def others(verdicts: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    return {name: one for name, one in verdicts.items() if one[0] != "passed"}


@pytest.mark.parametrize("name", fetched())
def test_what_is_checked_is_strong_enough_and_all_else_has_its_reason(
    place: Place, name: str
) -> None:
    found = measured(place, name)
    assert found["record"]["finished"]
    for one in found["record"]["sections"]:
        if one["status"] == "hard":
            assert one["planted"] >= trial.FEWEST, one
            assert one["caught"] >= trial.ENOUGH * one["planted"], one
        else:
            assert one["reason"], one


@pytest.mark.parametrize("name", fetched())
def test_recording_is_not_slow(place: Place, name: str) -> None:
    found = measured(place, name)
    assert found["seconds"] <= TIMES * found["plain"]["seconds"]


@pytest.mark.parametrize("name", fetched())
def test_the_original_passes(place: Place, name: str) -> None:
    wanted = hard(measured(place, name))
    course, lesson, ref = lesson_of(place, name)
    made = made_scaffold(course, lesson, ref)
    book = record_table.filled(made.notebook, work_of(course, made, ref))
    verdicts = judged(checked(place, name, book), wanted)
    assert set(verdicts) == wanted
    assert not others(verdicts)


@pytest.mark.parametrize("name", fetched())
def test_a_renamed_and_reformatted_copy_passes(place: Place, name: str) -> None:
    wanted = hard(measured(place, name))
    course, lesson, ref = lesson_of(place, name)
    made = made_scaffold(course, lesson, ref)
    own = with_other_names(made, work_of(course, made, ref))
    verdicts = judged(checked(place, name, record_table.filled(made.notebook, own)), wanted)
    assert set(verdicts) == wanted
    assert not others(verdicts)


@pytest.mark.parametrize("name", fetched())
def test_the_empty_scaffold_fails(place: Place, name: str) -> None:
    wanted = hard(measured(place, name))
    made = made_scaffold(*lesson_of(place, name))
    verdicts = judged(checked(place, name, made.notebook), wanted)
    assert "passed" not in {verdict for verdict, _ in verdicts.values()}, verdicts


def linear_model() -> str:
    """Name the notebook that the figures of the issue speak of."""
    found = [name for name in fetched() if REPRODUCED["linear-model"] in name]
    return found[0] if found else pytest.skip("the course has no such notebook")


def test_most_sections_stay_checked(place: Place) -> None:
    sections = measured(place, linear_model())["record"]["sections"]
    outcomes = [one for one in sections if figures_page.comparable(one)]
    stay = [one for one in outcomes if one["status"] == "hard"]
    assert len(stay) >= STAY_HARD * len(outcomes), {o["id"]: o["reason"] for o in outcomes}


def test_mistakes_of_each_kind_die_in_the_right_section(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    found = measured(place, linear_model())
    with capsys.disabled():
        print(kinds.said(found))
    assert found["commit"] and found["operators"]["program"]
    assert {"python", "torch", "pandas"} <= set(found["record"]["versions"])
    kinds.assert_strong(found["operators"], hard(found))


def verdicts_of(place: Place, lesson: str, file: str) -> dict[str, tuple[str, str]]:
    """Give what became of the checked sections of somebody's reproduction."""
    [name] = [name for name in fetched() if REPRODUCED[lesson] in name] or [""]
    if not name:
        pytest.skip("the course has no such notebook")
    wanted = hard(measured(place, name))
    text = lesson_of(place, name)[1].id
    every = record_table.reproductions(place, lesson, text, held_out=file.startswith("held-out"))
    [mine] = [one for one in every if one["file"] == file]
    done = {one["id"]: (one["verdict"], one["message"]) for one in mine["sections"]}
    done = {section: one for section, one in done.items() if section in wanted}
    assert done or not wanted
    return done


@pytest.mark.parametrize(("lesson", "file"), reproductions())
def test_an_honest_reproduction_is_not_refused(place: Place, lesson: str, file: str) -> None:
    done = verdicts_of(place, lesson, file)
    refused = {section: one for section, one in done.items() if one[0] not in FINE}
    assert set(refused) <= REFUSED.get((lesson, file), set()), refused


def test_honest_reproductions_pass_nine_of_ten_sections(place: Place) -> None:
    files = [file for lesson, file in reproductions() if lesson == "linear-model"]
    assert linear_model()
    shares = []
    for file in (one for one in files if one.startswith("held-out")):
        done = verdicts_of(place, "linear-model", file)
        shares.append((len(done) - len(others(done)), len(done)))
    assert sum(passed >= HONEST * count for passed, count in shares) >= 3
    assert sum(passed for passed, _ in shares) >= HONEST * sum(count for _, count in shares), shares


def test_the_figures_are_printed(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    stems = sorted(path.stem for path in place.results.glob("*.json"))
    page = figures_page.page(place.results, [s for s in stems if "reproductions" not in s])
    with capsys.disabled():
        print(f"\n{page}")
    assert "this program at" in page
