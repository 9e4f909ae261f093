"""The catalogue that ships with the program, and how strictly it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.course.library import catalogue

COURSE = """\
version: 1
id: tiny
title: Tiny
kind: git
repository: https://example.org/tiny
lessons: ["01"]
people:
  - name: Ada
    url: https://example.org/ada
    why: She wrote the first program.
"""
LESSON = """\
version: 1
id: "01"
title: One
goals: [Do one thing.]
links:
  - title: A page
    url: https://example.org/page
notebooks:
  - id: one
    path: 01-one.ipynb
sections:
  - id: first
    goal: Make x.
    checkpoints:
      - name: x
        kind: array
        shape: (3,)
cards:
  - id: c1
    question: Why?
mistakes:
  - id: m1
    section: first
    find: "x = 1"
    replace: ""
    message: x is needed.
reading:
  - id: r1
    question: What does it do?
    repository: https://example.org/code/
    file: code/core.py
    symbol: Loop.run
    why: All of it goes through here.
"""


def write(folder: Path, course: str = COURSE, lesson: str = LESSON) -> Path:
    (folder / "tiny").mkdir()
    (folder / "tiny" / "course.yaml").write_text(course)
    (folder / "tiny" / "01.yaml").write_text(lesson)
    return folder


def test_what_ships_is_valid() -> None:
    assert [str(problem) for problem in catalogue.validate()] == []
    assert {"fastai-p1", "fastai-p2", "fastbook", "foundations"} <= set(catalogue.ids())


@pytest.mark.parametrize("name", ["fastai-p1", "fastai-p2", "fastbook"])
def test_every_lesson_tells_what_it_is_about_in_a_few_goals(name: str) -> None:
    for lesson in catalogue.course(name).lessons:
        assert lesson.about
        assert 2 <= len(lesson.goals) <= 5, lesson.id
        assert lesson.page.startswith("https://"), lesson.id
        assert lesson.notebooks, lesson.id


def test_part_1_follows_the_videos() -> None:
    course = catalogue.course("fastai-p1")
    assert [lesson.number for lesson in course.lessons] == [f"0{n}" for n in range(1, 9)] + ["08a"]
    assert all(lesson.video for lesson in course.lessons)
    paths = [n.path for lesson in course.lessons for n in lesson.notebooks if n.path]
    assert len(paths) == len(set(paths)) == 11
    assert [path[:2] for path in paths] == [f"{n:02d}" for n in range(11)]
    elsewhere = [n for lesson in course.lessons for n in lesson.notebooks if not n.path]
    assert elsewhere
    assert all(n.url for n in elsewhere)


def test_part_2_has_no_notebook_twice() -> None:
    course = catalogue.course("fastai-p2")
    assert [lesson.number for lesson in course.lessons] == [f"{n:02d}" for n in range(9, 26)]
    paths = [n.path for lesson in course.lessons for n in lesson.notebooks if n.path]
    assert len(paths) == len(set(paths))
    assert all(path.startswith("nbs/") for path in paths)


def test_a_complete_lesson_is_read(tmp_path: Path) -> None:
    course = catalogue.course("tiny", write(tmp_path))
    lesson = course.lessons[0]
    assert lesson.id == "tiny/01"
    assert lesson.links == (("A page", "https://example.org/page"),)
    assert lesson.sections[0].checkpoints[0].shape == "(3,)"
    assert lesson.mistakes[0].replace == ""
    assert lesson.reading[0].repository == "https://example.org/code"
    assert lesson.reading[0].symbol == "Loop.run"
    assert [one.name for one in course.people] == ["Ada"]
    assert course.portfolios == ()
    assert catalogue.validate(tmp_path) == []


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("title: One", "titel: One", "title"),
        ("title: One", "title: One\nextra: 1", "extra"),
        ('id: "01"', "id: 1", "id"),
        ('id: "01"', 'id: "02"', "id"),
        ("goals: [Do one thing.]", "goals: Do one thing.", "goals"),
        ("goals: [Do one thing.]", "goals: [1]", r"goals\[0\]"),
        ("url: https://example.org/page", "url: ftp://example.org", r"links\[0\]\.url"),
        ("path: 01-one.ipynb", "path: ../01-one.ipynb", r"notebooks\[0\]\.path"),
        ("    path: 01-one.ipynb\n", "", r"notebooks\[0\]"),
        ("kind: array", "kind: arrray", r"checkpoints\[0\]\.kind"),
        ("    section: first", "    section: second", r"mistakes\[0\]\.section"),
        ("What does it do?", "Read it.", r"reading\[0\]\.question"),
        ("file: code/core.py", "file: /etc/passwd", r"reading\[0\]\.file"),
        ("symbol: Loop.run", "symbol: Loop.run()", r"reading\[0\]\.symbol"),
        ("https://example.org/code/", "git@example.org", r"reading\[0\]\.repository"),
        ("    why: All of it goes through here.\n", "", r"reading\[0\]\.why"),
        ("version: 1", "version: 2", "newer"),
        ("version: 1\n", "", "version"),
        ("title: One", "title: [", "not valid YAML"),
    ],
)
def test_what_is_wrong_in_a_lesson_is_named(tmp_path: Path, old: str, new: str, key: str) -> None:
    assert old in LESSON
    folder = write(tmp_path, lesson=LESSON.replace(old, new, 1))
    with pytest.raises(CompanionError, match=key) as error:
        catalogue.course("tiny", folder)
    assert error.value.file == str(folder / "tiny" / "01.yaml")
    assert len(catalogue.validate(folder)) == 1


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("id: tiny", "id: huge", "id"),
        ("kind: git", "kind: svn", "kind"),
        ("repository: https://example.org/tiny\n", "", "repository"),
        ('lessons: ["01"]', "lessons: []", "lessons"),
        ('lessons: ["01"]', 'lessons: ["01", "01"]', "lessons"),
        ("    why: She wrote the first program.\n", "", r"people\[0\]\.why"),
        ("https://example.org/ada", "example.org", r"people\[0\]\.url"),
        ("people:", "heroes:", "heroes"),
    ],
)
def test_what_is_wrong_in_a_course_is_named(tmp_path: Path, old: str, new: str, key: str) -> None:
    folder = write(tmp_path, course=COURSE.replace(old, new, 1))
    with pytest.raises(CompanionError, match=key) as error:
        catalogue.course("tiny", folder)
    assert error.value.file == str(folder / "tiny" / "course.yaml")


def test_loose_ends_are_found(tmp_path: Path) -> None:
    built_in = COURSE.replace("kind: git", "kind: builtin").replace(
        "repository: https://example.org/tiny\n", ""
    )
    folder = write(tmp_path, course=built_in)
    (folder / "tiny" / "02.yaml").write_text(LESSON)
    said = [str(problem) for problem in catalogue.validate(folder)]
    assert any("01-one.ipynb is missing" in one for one in said)
    assert any("02.yaml: is named by no course" in one for one in said)
