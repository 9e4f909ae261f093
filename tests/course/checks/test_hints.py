"""Hints in four steps, for authored and for foreign lessons, and the comparison afterwards."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import events
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import again
from fastcompanion.course.checks import check, hints, prepared, verdict
from fastcompanion.course.checks.check import Asked
from fastcompanion.course.checks.outputs import OriginalOutputs, outputs
from fastcompanion.course.library import courses, lessons
from fastcompanion.course.model import Checkpoint
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.scaffolds.scaffold import ScaffoldSection
from tests.course.tiny import SOLUTION, course, write_scratch
from tests.course.tiny import original as tiny_original


@pytest.fixture
def ws(study: Path) -> Workspace:
    return Workspace(study)


@pytest.fixture
def foreign(ws: Workspace, tmp_path: Path) -> Workspace:
    """A study with a foreign lesson, solved in the learner's way."""
    course(tmp_path / "tiny", checks=None)
    courses.add(ws, str(tmp_path / "tiny"))
    answers = {**SOLUTION, "doubling": "def double(x):\n    return x + x"}
    write_scratch(ws, lessons.find(ws, None), answers)
    return ws


def yes(question: str) -> bool:
    return True


def no(question: str) -> bool:
    return False


def hint(ws: Workspace, level: int | None = None, section: str | None = None) -> hints.Hint:
    return hints.hint(ws, Asked(section=section), level=level, agree=yes)


def checked(ws: Workspace, *, private: bool = False, **sections: str) -> None:
    data: dict[str, Any] = {
        "notebook": "tiny",
        "sections": {k.replace("_", "-"): v for k, v in sections.items()},
    }
    events.record(ws, prepared.CHECKED, lessons.find(ws, None)[1].id, data, private=private)


def test_each_call_goes_one_step_further(foreign: Workspace) -> None:
    levels = [hint(foreign) for _ in range(5)]
    assert [one.level for one in levels] == [1, 2, 3, 4, 4]
    assert {one.section for one in levels} == {"the-sum"}
    public = [event.kind for event in events.read(foreign)]
    assert "hint.shown" not in public


def test_the_first_section_that_is_not_finished_is_meant(foreign: Workspace) -> None:
    checked(foreign, the_sum="passed", doubling="wrong value", the_answer="passed")
    assert hint(foreign).section == "doubling"
    assert hint(foreign, section="the-a").section == "the-answer"
    with pytest.raises(CompanionError, match="which section"):
        hint(foreign, section="the-")


def test_a_foreign_section_is_told_from_its_code_without_giving_it_away(foreign: Workspace) -> None:
    goal, names, order, solution = (hint(foreign, level, "doubling") for level in (1, 2, 3, 4))
    assert any("function double" in text for text in goal.texts)
    assert "no library function" in names.texts[0]
    assert order.texts == ("define a function double that takes x:", "· return the result")
    assert solution.code == (SOLUTION["doubling"],)
    for early in (goal, names, order):
        assert not early.code
        assert "x * 2" not in " ".join(early.texts)


def test_the_goal_of_a_foreign_section_is_told_in_three_lines(tmp_path: Path) -> None:
    goal = "\n".join(f"{n}. Step {n} {'with many words ' * 20}" for n in range(1, 6))
    section = ScaffoldSection("s", "S", goal, (), (Checkpoint("total", "number", ""),), (1,))
    texts = hints._goal(section, ())
    assert len(texts) == 4
    assert texts[0].startswith("Step 1 with")
    assert all(len(text) <= 220 for text in texts)
    assert "in your notebook" in texts[2]
    assert texts[3] == "there should be: number total"


def results(ws: Workspace, section: str | None = None, agree: Any = yes) -> OriginalOutputs:
    return outputs(ws, Asked(section=section), agree=agree)


def test_the_originals_results_are_shown_without_code_once_a_section_ran(
    foreign: Workspace, tmp_path: Path
) -> None:
    with pytest.raises(CompanionError, match="once a section has run"):
        results(foreign)
    checked(
        foreign, private=True, the_sum="to-assess", the_answer="to-assess", doubling="not reached"
    )
    with pytest.raises(CompanionError) as caught:
        results(foreign)
    assert caught.value.code is Exit.MISSING
    assert "lesson run" in caught.value.hint
    assert "--execute" in caught.value.hint
    _, lesson = lessons.find(foreign, None)
    book = tiny_original()
    shown = {"output_type": "execute_result", "data": {"text/plain": ["12"]}, "metadata": {}, "execution_count": 1}  # fmt: skip
    next(c for c in book["cells"] if c["source"].endswith("answer"))["outputs"] = [shown]
    notebook.write(foreign.notebook(lesson.id, lesson.notebooks[0].id, "run"), book)
    with pytest.raises(CompanionError, match="nothing was shown"):
        results(foreign, agree=no)
    found = results(foreign)
    assert [(one.section, one.texts) for one in found.sections] == [
        ("the-sum", ()), ("the-answer", ("12",)),
    ]  # fmt: skip
    assert "double(total)" not in repr(found)
    checked(foreign, the_answer="self-assessed")
    assert results(foreign, "the-answer", agree=no).sections[0].texts == ("12",)
    with pytest.raises(CompanionError, match="once a section has passed"):
        hints.compare(foreign, Asked(section="the-sum"))


def test_the_names_of_the_api_come_without_arguments(tmp_path: Path) -> None:
    sources = ["means = np.stack([x[y == d].mean(axis=0) for d in range(10)])\nprint(means @ w)"]
    text = hints._names(None, sources)[0]  # type: ignore[arg-type]
    assert text == "The original uses np.stack, .mean, range, @ (the matrix product)."
    assert "axis" not in text


def test_the_order_of_steps_is_told_in_words() -> None:
    source = (
        "def train(x, w):\n    for i in range(3):\n        if loss(x) > 1:\n            w -= step(x)\n"
        "    with open('f') as f:\n        w[0] = f.read()\n    return w\nw = train(x, w)\nw.shape\ntrain(x, w)"
    )
    assert hints._outline(None, [source]) == (  # type: ignore[arg-type]
        "define a function train that takes x, w:",
        "· repeat with range:",
        "· · decide with loss:",
        "· · · change w with step",
        "· within a block with open:",
        "· · make a part of w with f.read",
        "· return the result",
        "make w with train",
        "look at a result",
        "call train",
    )


def test_what_the_author_wrote_comes_first(built_in_study: Path) -> None:
    study = Workspace(built_in_study)
    write_scratch(study, lessons.find(study, "foundations/01"))
    spec = lessons.find(study, "01")[1].sections[0]
    shown = [hints.hint(study, Asked("01"), agree=yes) for _ in range(3)]
    assert tuple(one.texts[0] for one in shown) == spec.hints


def test_the_solution_is_asked_for_marked_and_scheduled(foreign: Workspace, frozen: Any) -> None:
    with pytest.raises(CompanionError, match="nothing was shown"):
        hints.hint(foreign, Asked(), level=4, agree=no)
    assert not events.read(foreign, private=True)
    frozen("2026-11-21T19:30:00+01:00")
    assert hint(foreign, 4).again == date(2026, 11, 24)
    hints.hint(foreign, Asked(), level=4, agree=no)  # shown before: not asked again
    ready = prepared.prepare(foreign, *lessons.find(foreign, None))
    outcomes = [verdict.Outcome(section.id) for section in ready.plan.sections]
    found = check.judged(ready, outcomes, (), events.read(foreign, private=True))
    assert [one.id for one in found if one.with_solution] == ["the-sum"]


def test_a_section_with_solution_is_due_until_it_passed_again(
    foreign: Workspace, frozen: Any
) -> None:
    def due(day: date) -> list[str]:
        both = [*events.read(foreign), *events.read(foreign, private=True)]
        return [one.section for one in again.due(both, day)]

    frozen("2026-11-21T19:30:00+00:00")
    hint(foreign, 4)
    checked(foreign, the_sum="passed")
    assert due(date(2026, 11, 23)) == []
    assert due(date(2026, 11, 24)) == ["the-sum"]
    frozen("2026-11-25T19:30:00+00:00")
    checked(foreign, the_sum="passed")
    assert due(date(2026, 11, 26)) == []


def test_levels_beyond_four_and_unknown_sections_are_refused(foreign: Workspace) -> None:
    with pytest.raises(CompanionError, match="levels 1 to 4"):
        hint(foreign, 5)
    with pytest.raises(CompanionError, match="the-sum, doubling, the-answer"):
        hint(foreign, 1, "nowhere")


def test_the_original_is_shown_beside_ones_own_only_after_success(foreign: Workspace) -> None:
    with pytest.raises(CompanionError) as caught:
        hints.compare(foreign, Asked())
    assert caught.value.code is Exit.CHECK_SAYS_NO
    checked(foreign, the_sum="wrong value", doubling="passed")
    found = hints.compare(foreign, Asked())
    assert found.sections == ("doubling",)
    assert "-" in found.text
    assert "x * 2" in found.text
    assert "x + x" in found.text
    assert "total" not in found.text
    with pytest.raises(CompanionError):
        hints.compare(foreign, Asked(section="the-sum"))


def test_without_nbdime_the_comparison_is_a_plain_one(
    foreign: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked(foreign, the_sum="passed", doubling="passed")
    assert hints.compare(foreign, Asked()).made_by == "nbdime"
    for name in [name for name in sys.modules if name.partition(".")[0] == "nbdime"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "nbdime", None)
    found = hints.compare(foreign, Asked())
    assert found.made_by == "difflib"
    assert "-    return x * 2" in found.text
    assert "+    return x + x" in found.text
    assert "(the same)" in found.text


def test_hints_say_what_is_missing_when_the_original_is_gone(
    foreign: Workspace, tmp_path: Path
) -> None:
    told, lesson = lessons.find(foreign, None)
    gone = replace(lesson.notebooks[0], sha256="0" * 64)
    with pytest.raises(CompanionError) as caught:
        lessons.original(told, gone)
    assert caught.value.code is Exit.MISSING
