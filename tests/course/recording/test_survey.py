"""A built-in lesson recorded as if it were foreign; test_fetched.py does the same with a fetched course."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.kernel import OWN, Limits
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import check
from fastcompanion.course.checks.check import CheckReport
from fastcompanion.course.library import courses, lessons
from fastcompanion.course.model import Course, Lesson
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.recording import recorder, trial
from fastcompanion.course.recording.recorder import RecordReport
from fastcompanion.course.scaffolds import scratch
from fastcompanion.course.scaffolds.scaffold import scaffold
from scripts import record_table
from scripts.record_table import Place

STYLES = Path(__file__).resolve().parents[2] / "fixtures" / "foundations"
LIMITS = Limits(cell_seconds=60, total_seconds=600)
# These solutions were written for another scaffold: they don't show what this one asks to be shown.
ELSEWHERE = 0.6


def judged(report: CheckReport, hard: set[str]) -> dict[str, str]:
    """Give the verdicts of the sections that are checked hard."""
    return {one.id: one.verdict for one in report.sections if one.id in hard}


def hard_sections(report: RecordReport) -> set[str]:
    return {one.id for one in report.sections if one.status == "hard"}


def assert_figures(report: RecordReport) -> None:
    """Whatever is called hard has the strength that this asks for; all else has its reason."""
    assert report.finished
    for one in report.sections:
        if one.status == "hard":
            assert one.planted >= trial.FEWEST, one
            assert one.caught >= trial.ENOUGH * one.planted, one
        else:
            assert one.reason, one


def solved(course: Course, lesson: Lesson) -> dict[str, Any]:
    """Fill the scaffold with the original's own cells."""
    ref = lesson.notebooks[0]
    original = notebook.read(lessons.original(course, ref))
    made = scaffold(original, lesson, ref, name="")
    work = {
        one.id: [original["cells"][i]["source"] for i in one.work_cells] for one in made.sections
    }
    own = [(section, source) for section, sources in work.items() for source in sources]
    return record_table.filled(made.notebook, own)


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Course, RecordReport]:
    """The first built-in lesson as if nobody had written checks for it, recorded."""
    folder = tmp_path_factory.mktemp("survey")
    study = Place(folder, folder / "work", None).study
    courses.add(study, str(record_table.foreign("foundations", folder / "copy")), as_id="f")
    course, lesson = lessons.find(study, "f/01")
    asked = recorder.Asked(course, lesson, lesson.notebooks[0], OWN, LIMITS, most=trial.FEWEST)
    return study, course, recorder.record(study, asked)


def checked(study: Workspace, course: Course, book: dict[str, Any] | None = None) -> CheckReport:
    """Check a learner's notebook beside the lesson's data; without one, the empty scaffold."""
    lesson = course.lessons[0]
    path = study.notebook(lesson.id, lesson.notebooks[0].id, "scratch")
    path.unlink(missing_ok=True)
    scratch.make_scratch(study, course, lesson, lesson.notebooks[0])
    if book is not None:
        notebook.write(path, book)
    return check.check(study, course, lesson, OWN, limits=LIMITS, record=False)


@pytest.mark.slow
def test_a_built_in_lesson_can_be_recorded_as_if_it_were_foreign(
    foreign: tuple[Workspace, Course, RecordReport],
) -> None:
    study, course, report = foreign
    assert_figures(report)
    hard = hard_sections(report)
    assert len(hard) >= 4, {one.id: one.reason for one in report.sections}
    original = judged(checked(study, course, solved(course, course.lessons[0])), hard)
    assert set(original.values()) == {"passed"}, original


@pytest.mark.slow
@pytest.mark.parametrize("style", ["a", "b"])
def test_solutions_in_other_styles_pass_what_was_recorded(
    foreign: tuple[Workspace, Course, RecordReport], style: str
) -> None:
    study, course, report = foreign
    book = notebook.read(STYLES / f"01.style-{style}.ipynb")
    found = judged(checked(study, course, book), hard_sections(report))
    passed = sum(verdict == "passed" for verdict in found.values())
    assert passed >= ELSEWHERE * len(found), found


@pytest.mark.slow
def test_the_empty_scaffold_passes_nothing(
    foreign: tuple[Workspace, Course, RecordReport],
) -> None:
    study, course, report = foreign
    found = judged(checked(study, course), hard_sections(report))
    assert found
    assert "passed" not in found.values(), found
