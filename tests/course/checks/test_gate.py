"""The gate: open for the built-in lessons, shut for checks that can't be trusted."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from fastcompanion.base import store
from fastcompanion.base.errors import Exit
from fastcompanion.course import __main__ as checker
from fastcompanion.course.checks import content, gate, warm
from fastcompanion.course.checks.gate import LessonGate
from fastcompanion.course.checks.mutants import mutants, renamed, renaming
from fastcompanion.course.library import catalogue
from fastcompanion.course.model import Course, Lesson, Mistake
from tests.course import tiny

SAMPLE = 2  # mutants of each section; all of them: `python -m fastcompanion.course gate`
LESSONS = list(checker.checked_lessons(["foundations"]))
needs_fork = pytest.mark.skipif(not warm.available(), reason="no fork on this system: not run here")


@needs_fork
@pytest.mark.slow
@pytest.mark.parametrize(("course", "lesson"), LESSONS, ids=lambda one: one.id)
def test_the_gate_is_open_for_the_built_in_lessons(course: Course, lesson: Lesson) -> None:
    styles = checker.styles(course, lesson)
    assert len(styles) >= 2
    found = gate.examine(gate.bench(course, lesson, styles), "", most=SAMPLE)
    assert [trial for trial in found.trials if not trial.good] == []
    assert found.sampled
    assert len(found.sections) == len(lesson.sections)
    caught = sum(one.caught for one in found.sections)
    assert caught >= gate.ENOUGH * sum(one.planted for one in found.sections)


@pytest.mark.parametrize(("course", "lesson"), LESSONS, ids=lambda one: one.id)
def test_the_figures_that_ship_are_those_of_this_content(course: Course, lesson: Lesson) -> None:
    """When this fails: python -m fastcompanion.course gate foundations --write."""
    shipped = store.read_json(gate.strength_file(course, lesson))
    assert shipped["key"] == gate.key_of(course, lesson)
    assert set(shipped["sections"]) == {section.id for section in lesson.sections}
    table = store.read_text(Path(__file__).parents[3] / "docs" / "checks.md")
    for name, one in shipped["sections"].items():
        assert one["caught"] >= gate.ENOUGH * one["planted"]
        assert f"| {lesson.id} {name} | {one['caught']} of {one['planted']} |" in table


@pytest.mark.parametrize(("course", "lesson"), LESSONS, ids=lambda one: one.id)
def test_the_content_fits_together(course: Course, lesson: Lesson) -> None:
    assert content.problems(course, lesson) == []


def examined(folder: Path, checks: str, *mistakes: Mistake) -> LessonGate:
    course, lesson = tiny.course(folder, checks=checks)
    lesson = replace(lesson, mistakes=mistakes or lesson.mistakes)
    return gate.examine(gate.bench(course, lesson), "key")


def trial(found: LessonGate, name: str) -> gate.Trial:
    return next(one for one in found.trials if name in one.name)


@needs_fork
def test_the_gate_is_open_for_good_checks(tmp_path: Path) -> None:
    found = examined(tmp_path, tiny.CHECKS)
    assert found.open
    assert all(one.good for one in found.trials)
    doubling = next(one for one in found.sections if one.section == "doubling")
    # x / 2 and others give wrong numbers; x * 3, a doubled and a negated result as well.
    assert (doubling.caught, doubling.survivors) == (doubling.planted, ())
    assert doubling.planted >= 4


@needs_fork
def test_checks_that_accept_anything_are_refused(tmp_path: Path) -> None:
    lax = "\n".join(
        f'@checkpoint("{section}", "{name}")\ndef _(value, known): pass'
        for section, name in (
            ("the-sum", "total"),
            ("doubling", "double"),
            ("the-answer", "answer"),
        )
    )
    found = examined(tmp_path, lax)
    assert not found.open
    assert trial(found, "original").good
    assert not trial(found, "one-short").good
    doubling = next(one for one in found.sections if one.section == "doubling")
    assert doubling.caught == 0
    assert any("return x / 2" in survivor for survivor in doubling.survivors)


@needs_fork
def test_checks_that_reject_the_original_or_its_renamed_copy_are_refused(tmp_path: Path) -> None:
    strict = tiny.CHECKS.replace("if value != sum", "if value == sum")
    found = examined(tmp_path / "a", strict)
    assert not trial(found, "original").good
    assert not found.open
    named = tiny.CHECKS.replace(
        "for n in (0, 3, -2):",
        "if value.__name__ != 'double': raise Wrong('name')\n    for n in (0, 3, -2):",
    )
    found = examined(tmp_path / "b", named)
    assert trial(found, "original").good
    assert not trial(found, "with mapping lines").good
    assert not found.open


@needs_fork
def test_mistakes_must_fail_in_their_section_with_their_own_message(tmp_path: Path) -> None:
    elsewhere = replace(tiny.MISTAKE, section="doubling")
    harmless = Mistake("harmless", "doubling", "x * 2", "2 * x", "Nothing is wrong.")
    nameless = Mistake("nameless", "doubling", "x * 2", "x * 4", "Four times.")
    found = examined(tmp_path, tiny.CHECKS, elsewhere, harmless, nameless)
    assert [t.about for t in found.trials if t.name.startswith(gate.PLANTED)] == [
        "its text is not in the section exactly once",
        "nothing fails up to its section",
        "doubling: wrong value, without its message",
    ]
    assert not found.open


@needs_fork
def test_crashing_and_harmless_mutants_are_counted_apart(tmp_path: Path) -> None:
    solution = {**tiny.SOLUTION, "doubling": "names = ['twice']\nunused = 5 > 3\ndef double(x):\n    return x * 2 if names[0] else 0"}  # fmt: skip
    course, lesson = tiny.course(tmp_path)
    path = tmp_path / "tiny.ipynb"
    store.write_json(path, tiny.original(solution=solution))
    found = gate.examine(gate.bench(course, lesson), "key")
    doubling = next(one for one in found.sections if one.section == "doubling")
    assert doubling.equivalent >= 1
    assert doubling.caught >= 4


def test_mutants_change_one_place_and_stay_python() -> None:
    source = "import a1\ndef f(x, n=3):\n    '''Text 5.'''\n    y = x[1:] + 2\n    if y > 0:\n        g(y)\n    return -y, y\nf(7)\nprint(8)"
    found = mutants(source)
    assert all(ast.parse(one.source) for one in found)
    assert len({one.source for one in found}) == len(found)
    changed = {(one.operator, one.after) for one in found}
    assert changed >= {
        ("swapped operator", "y = x[1:] - 2"),
        ("changed constant", "y = x[2:] + 2"),
        ("changed comparison", "if y >= 0:"),
        ("negated condition", "if not y > 0:"),
        ("dropped minus", "return (+y, y)"),
        ("scaled return", "return (-y, y * 2)"),
        ("dropped statement", "pass"),
    }
    for one in found:
        assert "import a1" in one.source
        assert "n=3" in one.source
        assert "Text 5." in one.source
        assert "f(7)" in one.source
        assert "print(8)" in one.source


def test_renaming_respects_scopes_keywords_and_libraries() -> None:
    source = (
        "import numpy as np\nrate = 1\nx = 2\ndef step(x, rate=rate):\n    y = x * rate\n"
        "    def inner():\n        return y + scale\n    return inner()\nscale = 3\n"
        "z = step(x=x, rate=rate) + np.sum([x for x in (1, 2)], axis=0)\nf = lambda rate: rate * x"
    )
    names = renaming([source])
    assert set(names) == {"rate", "x", "step", "scale", "z", "f"}
    before: dict[str, object] = {}
    after: dict[str, object] = {}
    exec(source, before)
    exec(renamed(source, names), after)
    assert after["my_z"] == before["z"]
    assert "step" not in after
    assert after["my_f"](5) == before["f"](5)  # type: ignore[operator]


def test_the_checker_speaks_and_ends_as_documented(capsys: pytest.CaptureFixture[str]) -> None:
    assert checker.main(["validate", "foundations"]) == Exit.DONE
    assert "fits together" in capsys.readouterr().out
    assert checker.main(["gate", "no-such-course"]) == Exit.USAGE
    assert "no-such-course" in capsys.readouterr().out
    assert catalogue.validate() == []
