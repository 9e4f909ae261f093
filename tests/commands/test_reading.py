"""`lesson read`: a question about real code, its answer in the notes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.course.library import catalogue
from fastcompanion.course.model import Course, Lesson, Reading
from fastcompanion.flows import reading

Runner = Callable[..., Any]
TASK = "how-close"


@pytest.fixture(autouse=True)
def evening(frozen: Callable[[str], None]) -> None:
    frozen("2026-11-21T19:30:00+01:00")


def test_it_shows_the_place_and_keeps_the_answer(
    built_in_study: Path, run: Runner, git: Callable[..., str]
) -> None:
    read = run("lesson", "read", "01", typed="By their difference.\n")
    assert "fastcore/test.py" in read.out
    assert "https://github.com/fastai/fastcore/blob/HEAD/fastcore/test.py" in read.out
    notes = (built_in_study / "lessons" / "foundations" / "01" / "notes.md").read_text()
    assert notes.startswith("## Read: test_close\n")
    assert "2026-11-21: By their difference.\n" in notes
    assert git(built_in_study, "log", "-1", "--format=%s").strip() == (
        "Read test_close for foundations/01"
    )
    assert git(built_in_study, "status", "--short") == ""
    (task,) = run("lesson", "read", "01", "--json").data["tasks"]
    assert task["answered"] is True
    # The notes may be private where the events are not.
    assert "difference" not in (built_in_study / "progress.jsonl").read_text()


def test_notes_that_are_there_stay(built_in_study: Path, run: Runner) -> None:
    notes = built_in_study / "lessons" / "foundations" / "01" / "notes.md"
    notes.parent.mkdir(parents=True)
    notes.write_text("My notes.")
    run("lesson", "read", "01", "--answer", "First.")
    run("lesson", "read", "01", "--reading", TASK, "--answer", "Now I know better.")
    text = notes.read_text()
    assert text.startswith("My notes.\n\n## Read")
    assert text.count("## Read: test_close") == 2


def test_without_an_answer_nothing_is_kept(built_in_study: Path, run: Runner) -> None:
    for words in (("--dry-run", "--answer", "x"), ("--dry-run",), ("--list",), ("--json",), ()):
        assert run("lesson", "read", "01", *words, typed="\n").code == 0
    assert not (built_in_study / "lessons" / "foundations" / "01").exists()
    shown = run("lesson", "read", "01")
    assert 'lesson read foundations/01 --answer "..."' in shown.out


def test_an_unknown_task_is_named(built_in_study: Path, run: Runner) -> None:
    wrong = run("lesson", "read", "01", "--reading", "how-clos", "--answer", "x")
    assert wrong.code == 2
    assert "did you mean how-close?" in wrong.err


def test_a_lesson_without_one_says_so(study: Path, run: Runner, tmp_path: Path) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "01.ipynb").write_text('{"cells":[],"metadata":{},"nbformat":4,"nbformat_minor":5}')
    run("course", "add", folder)
    assert "no reading task" in run("lesson", "read", "01").out


def test_lessons_show_what_is_to_be_read_and_whom_to_follow(
    built_in_study: Path, run: Runner
) -> None:
    shown = run("lesson", "show", "01")
    assert "Real code to read:" in shown.out
    assert "Next: fastcompanion lesson read foundations/01" in shown.out
    assert "Worth following:" in shown.out
    data = run("lesson", "show", "01", "--json").data
    assert data["reading"][0]["id"] == TASK
    assert {"name", "url", "why"} == set(data["people"][0])
    course = run("course", "show", "foundations")
    for one in catalogue.course("foundations").people:
        assert one.name in course.out
    run("lesson", "read", "01", "--answer", "So.")
    assert "Next: fastcompanion lesson read" not in run("lesson", "show", "01").out


def test_every_course_has_readings_people_and_portfolios() -> None:
    for name in ("fastai-p1", "fastai-p2", "fastbook", "foundations"):
        course = catalogue.course(name)
        assert sum(len(lesson.reading) for lesson in course.lessons) >= len(course.lessons) / 2
        assert len(course.people) >= 3
        assert len(course.portfolios) >= 3


def test_a_course_of_code_names_its_copy_on_this_machine(tmp_path: Path) -> None:
    """The files of a course that lies here are read here; others on the web."""
    task = Reading("r", "What?", "https://example.org/code", "core.py", "run", "Because.")
    lesson = Lesson("code/01", "01", "One", (), reading=(task,))
    course = Course("code", "Code", "git", "https://example.org/code.git", tmp_path, (lesson,))
    assert reading._task(course, task, set()).path is None
    (tmp_path / "core.py").write_text("def run(): ...\n")
    assert reading._task(course, task, set()).path == str(tmp_path / "core.py")
    assert reading._task(replace(course, source="https://example.org/x"), task, set()).path is None
