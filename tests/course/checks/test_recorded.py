"""Notebooks that nobody wrote checks for, judged in real kernels by what was recorded of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from fastcompanion.base import events
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.kernel import OWN, Interpreter, Kernel
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import progress
from fastcompanion.course.checks import check, prepared, records, warm
from fastcompanion.course.checks.check import CheckReport
from fastcompanion.course.checks.verdict import SectionVerdict
from fastcompanion.course.checks.watch import Watch
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.recorded import record
from fastcompanion.course.recorded.calls import synthesise
from fastcompanion.course.recorded.fingerprints import printed_floats
from fastcompanion.course.recorded.record import (
    Case,
    KnownMistake,
    Record,
    RecordedFunction,
    RecordedSection,
    Strength,
)
from tests.course.recorded.by_hand import array, number, outcome
from tests.course.sheets import sheet, write_scratch

DATA = "data = [1.25, 2.5, 7.0, 3.75]"
SOLUTION = {
    "the-mean": "mean = sum(data) / len(data)\nmean",
    "scaling": "def scale(items, factor):\n    return [item * factor for item in items]\n"
    "scaled = scale(data, mean)",
    "the-spread": "spread = sum(abs(one - mean) for one in data)\nspread",
}
TITLES = {"the-mean": "The mean", "scaling": "Scaling", "the-spread": "The spread"}
Made = tuple[Course, Lesson]


def original() -> dict[str, Any]:
    return sheet("Foreign", TITLES, DATA, SOLUTION)


def recorded() -> Record:
    """What a recorder writes down of the original."""
    numbers = {"k": "numbers", "t": "list", "shape": [3], "int": False}
    items = {**numbers, "low": 1.0, "high": 9.0, "mean": 4.0, "sd": 2.0}
    cases = []
    for seed, factor in ((1, 2.5), (2, 4.0)):
        scaled = [item * factor for item in synthesise(items, 1000 * seed)]
        told = {"fp": array(*scaled), "changed": [None, None], "globals": {}}
        cases.append(Case((items, {"k": "number", "v": factor}), {}, seed, told))
    return Record(
        "foreign",
        record.cell_hashes(original()),
        {"python": "3.11"},
        (
            RecordedSection(
                "the-mean",
                "hard",
                "",
                (outcome("mean", number(3.625)), outcome("", number(3.625), where="shown")),
                (),
                Strength(9, 11, 1, 0),
                (KnownMistake("m1", "without the last item", {"mean": 3.58333333}),),
            ),
            RecordedSection(
                "scaling",
                "hard",
                "",
                (outcome("scaled", array(4.53125, 9.0625, 25.375, 13.59375), required=False),),
                (RecordedFunction("scale", 2, "exact", tuple(cases)),),
                Strength(5, 6, 0, 0),
            ),
            RecordedSection("the-spread", "self-assessed", "its check catches only 2 of 5"),
        ),
    )


@pytest.fixture
def ws(study: Path) -> Workspace:
    return Workspace(study)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    folder = tmp_path / "foreign"
    folder.mkdir()
    (folder / "foreign.ipynb").write_text(json.dumps(original()))
    lesson = Lesson("foreign/01", "01", "Foreign", (NotebookRef("foreign", "foreign.ipynb"),))
    return Course("foreign", "Foreign", "folder", "", folder, (lesson,)), lesson


@pytest.fixture
def with_record(ws: Workspace, made: Made) -> Path:
    path = ws.checks_file(made[1].id, "foreign")
    record.write(path, recorded())
    return path


def run(ws: Workspace, made: Made, answers: Mapping[str, str], **more: Any) -> CheckReport:
    write_scratch(ws, made, answers)
    return check.check(ws, *made, OWN, **more)


def words(report: CheckReport) -> dict[str, str]:
    return {one.id: one.verdict for one in report.sections}


def failing(report: CheckReport) -> SectionVerdict:
    return next(one for one in report.sections if one.id == report.first)


OWN_WAY = {
    "the-mean": "# fc: mean = stats['middle']\nstats = {'middle': (1.25 + 2.5 + 7.0 + 3.75) / 4}\n"
    "mean = stats['middle']",
    "scaling": "def multiply(by, values):\n    out = []\n    for one in values:\n"
    "        out.append(by * one)\n    return out",
    "the-spread": SOLUTION["the-spread"],
}


def test_the_original_passes_and_what_is_not_hard_is_left_to_the_learner(
    ws: Workspace, made: Made, with_record: Path
) -> None:
    report = run(ws, made, SOLUTION)
    assert words(report) == {"the-mean": "passed", "scaling": "passed", "the-spread": "to-assess"}
    assert (report.exit_code, report.notices) == (0, ())
    mean, _, spread = report.sections
    assert mean.strength == "catches 9 of 11 planted mistakes"
    assert [(one.name, one.passed) for one in mean.checkpoints] == [
        ("mean", True),
        ("shown:0", True),
    ]
    assert "there is no hard check here (its check catches only 2 of 5)" in spread.message
    assert spread.strength == ""


def test_another_way_with_other_names_and_orders_passes(
    ws: Workspace, made: Made, with_record: Path
) -> None:
    report = run(ws, made, OWN_WAY)
    assert words(report) == {"the-mean": "passed", "scaling": "passed", "the-spread": "to-assess"}
    found = {one.name: one.found_name for one in report.sections[1].checkpoints}
    assert found == {"scale": "multiply"}


def test_what_a_cell_displays_counts_as_printed(tmp_path: Path) -> None:
    with Kernel(OWN, tmp_path) as kernel:
        result = kernel.run("print('loss 0.5')\ndisplay(0.8258)\ndisplay(1.25)")
    assert printed_floats(check.printed(result)) == [0.5, 0.8258, 1.25]


def test_a_wrong_value_is_told_without_the_answer_and_its_mistake_is_named(
    ws: Workspace, made: Made, with_record: Path
) -> None:
    wrong = {**SOLUTION, "the-mean": "mean = sum(data[:-1]) / 3\nmean"}
    report = run(ws, made, wrong)
    section = failing(report)
    assert (section.id, section.verdict, report.exit_code) == ("the-mean", "wrong value", 4)
    assert "expected another number between 1 and 10; found 3.58333 (number)" in section.message
    assert section.hint == "This is what comes out without the last item."
    assert "3.625" not in str(section)
    # In order: later sections rest on it, but are judged by themselves.
    assert words(report)["the-spread"] == "to-assess"


def test_a_wrong_function_is_told_by_what_it_answers(
    ws: Workspace, made: Made, with_record: Path
) -> None:
    body = "def scale(items, factor):\n    return [item + factor for item in items]"
    report = run(ws, made, {**SOLUTION, "scaling": body})
    section = failing(report)
    assert (section.id, section.verdict) == ("scaling", "wrong value")
    assert "`scale` answers something else in 2 of 2 calls" in section.message
    assert "expected another array (3,)" in section.message


def test_what_went_another_way_is_left_to_the_learner_who_may_assess_it(
    ws: Workspace, made: Made, with_record: Path
) -> None:
    inline = {**SOLUTION, "scaling": "bigger = {one: 2 for one in data}"}
    report = run(ws, made, inline)
    assert words(report)["scaling"] == "to-assess"
    said = report.sections[1].message
    assert "too little of yours could be compared with the original" in said
    assert "nothing of yours could be taken for `scale`. If one is yours" in said
    assert "another way" not in said
    ready = prepared.prepare(ws, *made)
    section = next(one for one in ready.plan.sections if one.id == "scaling")
    assert check.may_be_assessed(ws, ready, section)
    passed = next(one for one in ready.plan.sections if one.id == "the-mean")
    assert not check.may_be_assessed(ws, ready, passed)


def test_a_wrong_function_under_another_name_is_said_to_be_uncompared_and_how_to_compare_it(
    ws: Workspace, made: Made, with_record: Path
) -> None:
    """It may be off by one as well as another way: what is not known is not claimed."""
    own = "def larger(items, by):\n    return [item * by + 1 for item in items]"
    scaling = run(ws, made, {**SOLUTION, "scaling": own}).sections[1]
    assert scaling.verdict == "to-assess"
    assert "nothing of yours could be taken for `scale`" in scaling.message
    line = "# fc: scale = larger"
    assert f"`{line}` has it compared" in scaling.message
    compared = run(ws, made, {**SOLUTION, "scaling": f"{line}\n{own}"}).sections[1]
    assert compared.verdict == "wrong value"
    assert "`larger` was taken for `scale`" in compared.message


def test_where_the_mistake_is_known_no_name_is_asked_for(
    ws: Workspace, made: Made, with_record: Path
) -> None:
    wrong = "middle = sum(data[:-1]) / 3\nmiddle"
    section = failing(run(ws, made, {**SOLUTION, "the-mean": wrong}))
    assert section.verdict == "wrong value"
    assert section.hint == "This is what comes out without the last item."
    assert "found nothing like it" not in section.message
    assert "Give it a name" not in section.message
    assert "# fc:" not in section.message
    assert "; found" in section.message
    assert "3.58333" in section.message
    unknown = failing(run(ws, made, {**SOLUTION, "the-mean": "middle = 8.125\nmiddle"}))
    assert "found nothing like it" in unknown.message


def test_what_a_pass_did_not_compare_is_said_and_claims_no_strength(
    ws: Workspace, made: Made, with_record: Path
) -> None:
    """A value that came out right tells nothing of a function that nothing was compared with."""
    wrong = "def larger(items):\n    return 'nonsense'\nbigger = [one * 3.625 for one in data]"
    scaling = run(ws, made, {**SOLUTION, "scaling": wrong}).sections[1]
    assert (scaling.verdict, scaling.strength) == ("passed", "")
    assert "compared with `scale`, so that was not checked" in scaling.message
    assert "`# fc: scale = your_name`" in scaling.message
    whole = run(ws, made, SOLUTION).sections[1]
    assert (whole.message, whole.strength) == ("", "catches 5 of 6 planted mistakes")


def test_a_section_left_to_the_learner_claims_no_strength(
    ws: Workspace, made: Made, with_record: Path
) -> None:
    report = run(ws, made, {**SOLUTION, "scaling": "bigger = {one: 2 for one in data}"})
    assert (report.sections[1].verdict, report.sections[1].strength) == ("to-assess", "")


def test_the_empty_scaffold_is_not_attempted(ws: Workspace, made: Made, with_record: Path) -> None:
    report = run(ws, made, {})
    assert set(words(report).values()) == {"not attempted"}
    assert report.exit_code == 4


def test_one_section_can_be_checked_alone(ws: Workspace, made: Made, with_record: Path) -> None:
    report = run(ws, made, SOLUTION, section="scaling")
    assert words(report) == {"scaling": "passed"}


def test_a_recorded_pass_counts_as_progress(ws: Workspace, made: Made, with_record: Path) -> None:
    run(ws, made, SOLUTION)
    told = progress.progress(*made, events.read(ws))
    assert told.sections_passed == 2
    assert told.notebooks[0].sections[0].verdict == "passed"


@pytest.mark.skipif(not warm.available(), reason="this system can't fork")
def test_the_watch_judges_by_the_record_too(ws: Workspace, made: Made, with_record: Path) -> None:
    write_scratch(ws, made, {**SOLUTION, "the-mean": "mean = 2.0\nmean"})
    reports = cast("Generator[CheckReport]", Watch(ws, *made, OWN).reports())
    first = next(reports)
    assert (first.fresh, failing(first).id) == (False, "the-mean")
    write_scratch(ws, made, OWN_WAY)
    second = next(reports)
    assert words(second)["the-mean"] == words(second)["scaling"] == "passed"
    reports.close()


def test_without_a_record_that_is_said_once(ws: Workspace, made: Made) -> None:
    report = run(ws, made, SOLUTION)
    assert set(words(report).values()) == {"to-assess"}
    assert report.notices == ("no recorded checks: fastcompanion lesson record foreign/01",)


def test_a_record_of_other_cells_is_refused(ws: Workspace, made: Made) -> None:
    other = recorded()
    cells = (*other.cells[:-1], "0" * 12)
    record.write(ws.checks_file(made[1].id, "foreign"), replace(other, cells=cells))
    report = run(ws, made, SOLUTION)
    assert set(words(report).values()) == {"to-assess"}
    (notice,) = report.notices
    assert "code cell 4 of the original is another one than was recorded" in notice
    assert "fastcompanion lesson record foreign/01" in notice


def test_a_record_of_another_major_version_is_refused(ws: Workspace, made: Made) -> None:
    other = replace(recorded(), versions={"python": "3.11", "numpy": "0.9"})
    record.write(ws.checks_file(made[1].id, "foreign"), other)
    write_scratch(ws, made, SOLUTION)
    ready = prepared.prepare(ws, *made, versions=records.installed(OWN))
    assert "they were recorded with numpy 0.9, here is " in ready.record_notice
    assert prepared.prepare(ws, *made).record_notice == ""


def test_a_record_of_a_newer_program_is_refused(
    ws: Workspace, made: Made, with_record: Path
) -> None:
    with_record.write_text(json.dumps({**json.loads(with_record.read_text()), "version": 2}))
    write_scratch(ws, made, SOLUTION)
    notice = prepared.prepare(ws, *made).record_notice
    assert "was written by a newer fastcompanion" in notice
    assert "uv tool upgrade fastcompanion" in notice


def test_a_broken_record_is_an_error_that_names_the_file(
    ws: Workspace, made: Made, with_record: Path
) -> None:
    with_record.write_text(with_record.read_text().replace('"exact"', '"sure"'))
    write_scratch(ws, made, SOLUTION)
    with pytest.raises(CompanionError, match="class should be one of exact") as caught:
        prepared.prepare(ws, *made)
    assert caught.value.file == str(with_record)
    assert caught.value.hint == "fastcompanion lesson record foreign/01"
    with_record.write_text("<<<<<<< HEAD\n{}")
    with pytest.raises(CompanionError) as caught:
        prepared.prepare(ws, *made)
    assert caught.value.hint == "fastcompanion lesson record foreign/01"


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A content folder with a catalogue course that ships a record."""
    content = tmp_path / "content"
    path = content / "lessons" / "catalogue" / "checks" / "03-book.json"
    record.write(path, recorded())
    monkeypatch.setattr("fastcompanion.base.workspace.content", lambda kind: content / kind)
    return path


def test_shipped_checks_are_found_by_their_cells_whatever_the_course_is_called(
    ws: Workspace, made: Made, shipped: Path
) -> None:
    told, lesson = made
    ref, book = lesson.notebooks[0], original()
    assert records.find(ws, told, lesson, ref, book).path == shipped
    assert records.find(None, told, lesson, ref, book).path == shipped
    builtin = replace(told, kind="builtin")
    assert records.find(ws, builtin, lesson, ref, book).record is None
    book["cells"][-1]["source"] += "\n# changed"
    assert records.find(ws, told, lesson, ref, book).notice.startswith("no recorded checks")


def test_shipped_checks_of_the_course_itself_say_why_they_do_not_fit(
    ws: Workspace, made: Made, shipped: Path
) -> None:
    told, lesson = replace(made[0], id="catalogue"), replace(made[1], number="03")
    ref, book = NotebookRef("book", "book.ipynb"), original()
    lesson = replace(lesson, notebooks=(ref,))
    assert records.find(ws, told, lesson, ref, book).path == shipped
    book["cells"][-1]["source"] += "\n# changed"
    assert "code cell 4" in records.find(ws, told, lesson, ref, book).notice


def test_the_studys_own_record_comes_first_unless_it_does_not_fit(
    ws: Workspace, made: Made, shipped: Path, with_record: Path
) -> None:
    ref, book = made[1].notebooks[0], original()
    assert records.find(ws, *made, ref, book).path == with_record
    record.write(with_record, replace(recorded(), cells=("0" * 12,)))
    found = records.find(ws, *made, ref, book)
    assert (found.path, found.notice) == (shipped, "")


def test_versions_are_asked_of_the_learners_interpreter() -> None:
    told = records.installed(OWN)(("numpy", "surely-not-installed"))
    assert told["python"] == f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert set(told) == {"python", "numpy"}
    broken = Interpreter(("/nowhere/python",), "broken", {})
    assert records.installed(broken)(("numpy",)) == {}
