"""From events to progress: every way a step can be done, left out, or only begun."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.events import Event
from fastcompanion.course import progress
from fastcompanion.course.model import Course, Lesson, NotebookRef, SectionSpec

LESSON = Lesson(
    "c/01", "01", "One", (NotebookRef("nb", "01.ipynb"), NotebookRef("extra", "02.ipynb"), NotebookRef("web", url="https://x")),
    sections=(SectionSpec("a", "A"), SectionSpec("b", "B")),
)  # fmt: skip
FOREIGN = Lesson("c/02", "02", "Two", (NotebookRef("nb", "03.ipynb"),), video="https://v")
COURSE = Course("c", "C", "folder", "/c", Path("/c"), (LESSON, FOREIGN))
BEGIN = datetime(2026, 11, 21, 10, tzinfo=UTC)


def make(*told: tuple[str, dict[str, Any]], lesson: str = "c/01") -> list[Event]:
    return [
        Event(f"id{n:08}", BEGIN + timedelta(minutes=n), kind, lesson, data)
        for n, (kind, data) in enumerate(told)
    ]


def checked(sections: dict[str, str], **more: Any) -> tuple[str, dict[str, Any]]:
    return ("lesson.checked", {"notebook": "nb", "sections": sections, "with_solution": [], **more})


def states(*told: tuple[str, dict[str, Any]], lesson: Lesson = LESSON) -> dict[str, str]:
    found = progress.of_lesson(lesson, make(*told, lesson=lesson.id))
    return {step.step: step.state for step in found.steps} | {"lesson": found.state}


ALL_OPEN = {"watch": "open", "run": "open", "reproduce": "open", "repeat": "open", "lesson": "open"}
RAN = ("lesson.ran", {"notebook": "nb", "ok": True})
EXPERIMENT = ("experiment.recorded", {"notebook": "nb"})


def done(step: str) -> tuple[str, dict[str, Any]]:
    return ("lesson.step_done", {"step": step})


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ([], ALL_OPEN),
        ([("lesson.started", {})], {"watch": "started", "lesson": "started"}),
        ([done("watch")], {"watch": "done", "run": "open"}),
        ([RAN], {"run": "started"}),
        ([EXPERIMENT], {"run": "started"}),
        ([RAN, EXPERIMENT], {"run": "done"}),
        ([("lesson.ran", {"ok": False, "broken": True}), EXPERIMENT], {"run": "done"}),
        ([("lesson.ran", {"ok": False, "broken": False}), EXPERIMENT], {"run": "started"}),
        ([("lesson.scaffolded", {"notebook": "nb"})], {"reproduce": "started"}),
        ([checked({"a": "passed"})], {"reproduce": "started"}),
        ([checked({"a": "passed"}), checked({"b": "passed"})], {"reproduce": "started"}),
        ([checked({"a": "passed", "b": "self-assessed"})], {"reproduce": "done"}),
        ([checked({"a": "passed", "b": "passed"}, complete=False)], {"reproduce": "started"}),
        ([checked({"a": "passed"}, complete=True)], {"reproduce": "done"}),
        ([checked({"a": "passed", "b": "to-assess"})], {"reproduce": "started"}),
        ([("lesson.skipped", {"step": "run"})], {"run": "skipped", "watch": "started"}),
        ([("lesson.skipped", {})], {"lesson": "skipped"}),
        ([done(step) for step in ("watch", "run", "reproduce", "repeat")], {"lesson": "done"}),
        ([("a.later.kind", {"step": 7})], {"lesson": "started"}),
    ],
)
def test_steps_of_a_lesson(told: list[tuple[str, dict[str, Any]]], wanted: dict[str, str]) -> None:
    assert wanted.items() <= states(*told).items()


def test_passed_and_self_assessed_are_counted_apart() -> None:
    told = [
        checked({"a": "passed", "b": "to-assess"}, with_solution=["a"]),
        ("section.assessed", {"notebook": "nb", "section": "b", "note": "n"}),
    ]
    found = progress.of_lesson(LESSON, make(*told))
    assert (found.sections_passed, found.sections_assessed, found.sections_total) == (1, 1, 2)
    assert found.with_solution == 1
    assert found.steps[2].about == "1 of 2 sections passed, 1 self-assessed"


def test_a_second_notebook_counts_once_it_was_begun() -> None:
    first = checked({"a": "passed", "b": "passed"}, complete=True)
    assert states(first)["reproduce"] == "done"
    extra = ("lesson.scaffolded", {"notebook": "extra", "sections": ["x"]})
    assert states(first, extra)["reproduce"] == "started"
    finished = (
        "lesson.checked",
        {"notebook": "extra", "sections": {"x": "passed"}, "complete": True},
    )
    assert states(first, extra, finished)["reproduce"] == "done"


def test_a_foreign_lesson_takes_its_sections_from_the_scaffold_and_the_check() -> None:
    scaffolded = ("lesson.scaffolded", {"notebook": "nb", "sections": ["x", "y", "z"]})
    found = progress.of_lesson(
        FOREIGN,
        make(scaffolded, checked({"x": "self-assessed"}, total=3, complete=False), lesson="c/02"),
    )
    assert found.sections_total == 3
    assert found.notebooks[0].current == "y"
    only_check = progress.of_lesson(
        FOREIGN, make(checked({"x": "self-assessed"}, total=3, complete=False), lesson="c/02")
    )
    assert only_check.sections_total == 3
    assert only_check.steps[2].state == "started"


def test_damaged_data_of_an_event_does_no_harm() -> None:
    told = [
        ("lesson.checked", {"notebook": "nb", "sections": ["a"], "total": "x", "with_solution": 3})
    ]
    assert states(*told)["reproduce"] == "started"


def test_next_goes_on_in_the_lesson_then_after_it_then_back() -> None:
    def upcoming(
        *told: tuple[str, dict[str, Any]], lesson: str, start_at: str
    ) -> tuple[str, str] | None:
        own = progress.by_lesson(make(*told, lesson=lesson))
        known = {
            one.id: progress.of_lesson(one, own[one.id]) for one in COURSE.lessons if one.id in own
        }
        found = progress.next_step(COURSE, known, start_at=start_at)
        return (found.lesson, found.step) if found else None

    everything = [done(step) for step in ("watch", "run", "reproduce", "repeat")]
    assert upcoming(done("watch"), lesson="c/01", start_at="c/01") == ("c/01", "run")
    assert upcoming(*everything, lesson="c/01", start_at="c/01") == ("c/02", "watch")
    assert upcoming(*everything, lesson="c/02", start_at="c/02") == ("c/01", "watch")
    assert upcoming(("lesson.skipped", {}), lesson="c/01", start_at="c/01") == ("c/02", "watch")


def test_the_next_step_names_section_and_command() -> None:
    told = make(done("watch"), done("run"), checked({"a": "passed"}, complete=False))
    found = progress.next_in_lesson(COURSE, LESSON, told)
    assert found is not None
    assert (found.step, found.section, found.notebook) == ("reproduce", "b", "nb")
    assert found.command == "fastcompanion check c/01"


def test_a_run_without_an_experiment_asks_for_one() -> None:
    for told, command in (
        ((), "fastcompanion lesson run c/01 --execute"),
        ((("lesson.ran", {"ok": False}),), "fastcompanion lesson run c/01 --execute"),
        ((RAN,), "fastcompanion lesson experiment add c/01"),
    ):
        found = progress.next_in_lesson(COURSE, LESSON, make(done("watch"), *told))
        assert found is not None
        assert found.command == command


def test_the_last_lesson_is_the_one_last_worked_on() -> None:
    told = [*make(("lesson.ran", {})), *make(("lesson.skipped", {}), lesson="c/02")]
    assert progress.last_lesson(told) == "c/01"
    assert progress.last_lesson([]) is None


def test_what_passed_in_the_notebook_only_is_counted_and_said_until_a_fresh_run() -> None:
    live = checked({"a": "passed"}, where="notebook", complete=False, total=2)
    found = progress.of_lesson(LESSON, make(live))
    assert [section.only_live for section in found.notebooks[0].sections] == [True, False]
    (about,) = [step.about for step in found.steps if step.step == "reproduce"]
    assert about == "1 of 2 sections passed, 1 of these in the notebook only"
    everything = checked({"a": "passed", "b": "passed"}, where="notebook", complete=False)
    assert states(everything)["reproduce"] == "started"
    fresh = checked({"a": "passed"}, complete=False)
    found = progress.of_lesson(LESSON, make(everything, fresh))
    assert [section.only_live for section in found.notebooks[0].sections] == [False, True]
