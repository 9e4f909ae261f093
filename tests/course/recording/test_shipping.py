"""Recorded checks that ship: made and tried by the maintainers, used at once, refused with a reason."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import workspace
from fastcompanion.base.kernel import OWN, Limits
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import __main__ as checker
from fastcompanion.course.checks import records, warm
from fastcompanion.course.library import catalogue
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.recorded import record
from fastcompanion.course.recorded.record import KnownMistake, Record, RecordedSection, Strength
from fastcompanion.course.recording import shipped, shipping
from fastcompanion.course.recording.recorder import Asked
from tests.conftest import Runner
from tests.course.recorded.by_hand import array, frame, function, number, outcome, section
from tests.course.recording import books

needs_fork = pytest.mark.skipif(not warm.available(), reason="no fork on this system: not run here")
COURSE = """\
version: 1
id: own
title: Own
kind: git
repository: {url}
lessons: ["01"]
"""
LESSON = """\
version: 1
id: "01"
title: Points
goals: [Fit a line.]
notebooks:
  - id: points
    path: 01_points.ipynb
"""
Git = Callable[..., str]


@pytest.fixture
def content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue of our own, with one course."""
    real = workspace.content("templates")
    folder = tmp_path / "content"
    (folder / "lessons" / "own" / "checks").mkdir(parents=True)
    url = (tmp_path / "upstream").as_uri()
    (folder / "lessons" / "own" / "course.yaml").write_text(COURSE.format(url=url))
    (folder / "lessons" / "own" / "01.yaml").write_text(LESSON)
    monkeypatch.setattr(
        "fastcompanion.base.workspace.content",
        lambda kind: real if kind == "templates" else folder / kind,
    )
    return folder / "lessons"


@pytest.fixture
def upstream(tmp_path: Path, git: Git) -> Path:
    """The repository of that course."""
    folder = tmp_path / "upstream"
    folder.mkdir()
    (folder / "01_points.ipynb").write_text(json.dumps(books.headings()))
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "Begin")
    return folder


def told(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str]:
    """Run the maintainers' checker."""
    capsys.readouterr()
    code = checker.main(argv)
    return code, capsys.readouterr().out


def solved(study: Path, changed: tuple[str, str] = ("", "")) -> None:
    """Write the original's code into the scaffold, with one change."""
    [path] = (study / "lessons" / "own" / "01").glob("*.scratch.ipynb")
    book = notebook.read(path)
    answers = {notebook.slug(title): code for title, (_, code) in books.SECTIONS.items()}
    for cell in book["cells"]:
        ours = cell["metadata"]["fastcompanion"]
        if ours["role"] == "work" and ours.get("section") in answers:
            cell["source"] = "\n".join(answers[ours["section"]]).replace(*changed)
    notebook.write(path, book)


def verdicts(outcome: Any) -> dict[str, str]:
    return {one["id"]: one["verdict"] for one in outcome.data["sections"]}


@needs_fork
@pytest.mark.slow
def test_from_recording_to_the_learner(
    content: Path,
    upstream: Path,
    study: Path,
    run: Runner,
    git: Git,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("course", "add", "own", "--yes").code == 0
    asked = ("own", "01", "--study", str(study), "--kernel", sys.executable, "--most", "6")
    code, said = told(capsys, "record", *asked)
    path = content / "own" / "checks" / "01-points.json"
    assert (code, path.exists()) == (0, False)
    assert "of 3 sections checked" in said
    code, said = told(capsys, "record", *asked, "--write")
    assert (code, path.exists()) == (0, True)
    assert told(capsys, "validate", "own")[0] == 0
    assert path.read_text() == record.to_text(record.read(path))
    hard = {one.id for one in record.read(path).sections if one.status == "hard"}
    assert "the-error" in hard
    code, said = told(capsys, "verify", *asked)
    assert (code, "own/01 points: passes, known" in said) == (0, True)

    # A learner who has recorded nothing: checked at once, and what is wrong is wrong.
    (study / "lessons" / "own" / "01" / "points.checks.json").unlink()
    assert run("lesson", "scratch", "own/01").code == 0
    check = ("check", "own/01", "--kernel", sys.executable, "--json")
    solved(study)
    right = run(*check)
    assert {verdicts(right)[name] for name in hard} == {"passed"}
    assert not any("recorded checks" in one for one in right.data["notices"])
    solved(study, ("** 2).mean()", "** 2).sum()"))
    wrong = run(*check)
    assert (wrong.code, verdicts(wrong)["the-error"]) == (4, "wrong value")

    # Another major version of a package: refused with the reason and what to do.
    made = record.read(path)
    record.write(path, replace(made, versions={**made.versions, "numpy": "0.9"}))
    [notice] = [one for one in run(*check).data["notices"] if "recorded checks" in one]
    assert "they were recorded with numpy 0.9, here is" in notice
    assert "fastcompanion lesson record own/01" in notice
    code, said = told(capsys, "verify", *asked, "--write")
    assert (code, "own/01 points: passes\n" in said) == (0, True)
    assert record.read(path).seen_with == (made.versions,)
    assert not any("recorded checks" in one for one in run(*check).data["notices"])

    # Another cell in the original: refused with the reason, and so for the maintainers.
    changed = books.headings()
    changed["cells"][-1]["source"] += "\nfinal"
    (upstream / "01_points.ipynb").write_text(json.dumps(changed))
    git(upstream, "commit", "-qam", "Change")
    assert run("course", "update", "own", "--yes").code == 0
    [notice] = [one for one in run(*check).data["notices"] if "recorded checks" in one]
    assert "code cell 8 of the original is another one than was recorded" in notice
    assert "fastcompanion lesson record own/01" in notice
    code, said = told(capsys, "verify", *asked)
    assert (code, "code cell 8" in said) == (4, True)


def asked(tmp_path: Path, original: dict[str, Any]) -> Asked:
    """A course of the catalogue whose only notebook is an original of ours."""
    folder = tmp_path / "own"
    folder.mkdir(exist_ok=True)
    (folder / "book.ipynb").write_text(json.dumps(original))
    lesson = Lesson("own/01", "01", "Own", (NotebookRef("points", "book.ipynb"),))
    course = Course("own", "Own", "folder", "", folder, (lesson,))
    return Asked(course, lesson, lesson.notebooks[0], OWN, Limits(60, 300, 5), 4)


def ships(content: Path, original: dict[str, Any], value: float) -> Path:
    """Ship a check of what the last section's last cell shows."""
    told = outcome("", number(value), where="shown")
    strong = Strength(6, 6)
    cells = record.cell_hashes(original)
    sections = (RecordedSection("training", "hard", "", (told,), (), strong),)
    path = content / "own" / "checks" / "01-points.json"
    record.write(path, Record("points", cells, {"python": "3.11", "numpy": "1.0"}, sections))
    return path


def test_what_fails_elsewhere_is_told_and_not_noted(
    content: Path, ws: Workspace, tmp_path: Path
) -> None:
    original = books.headings()
    path = ships(content, original, 1234.5)
    before = path.read_bytes()
    found = shipping.verify(ws, asked(tmp_path, original), write=True)
    assert not found.passed
    [(failing, message)] = found.failing
    assert failing == "training"
    assert message.startswith("wrong value")
    assert path.read_bytes() == before
    assert not (ws.private / "verifying").exists()


def test_an_original_that_breaks_elsewhere_does_not_pass(
    content: Path, ws: Workspace, tmp_path: Path
) -> None:
    original = books.headings()
    original["cells"][-1]["source"] += "\nimport surely_not_installed"
    ships(content, original, 1234.5)
    [(failing, message)] = shipping.verify(ws, asked(tmp_path, original), write=True).failing
    assert failing == "training"
    assert "surely_not_installed" in message


def test_without_anything_that_ships_there_is_nothing_to_verify(
    content: Path, ws: Workspace, tmp_path: Path
) -> None:
    found = shipping.verify(ws, asked(tmp_path, books.headings()), write=True)
    assert (found.reason, found.passed) == (shipping.NOT_SHIPPED, False)


@needs_fork
def test_what_can_not_be_checked_does_not_ship(
    content: Path, ws: Workspace, tmp_path: Path
) -> None:
    stale = ships(content, books.exercises(), 1.0)
    made = shipping.ship(ws, asked(tmp_path, books.exercises()), write=True)
    assert made.reason == shipping.NOTHING_HARD
    assert not stale.exists()
    assert all(reason for _, reason in made.sections)
    nothing = books.book([books.text("# Words"), books.text("## Nothing to do")])
    made = shipping.ship(ws, asked(tmp_path, nothing), write=True)
    assert "no code" in made.reason


@needs_fork
def test_a_recording_without_time_leaves_what_ships(
    content: Path, ws: Workspace, tmp_path: Path
) -> None:
    path = ships(content, books.headings(), 1.0)
    before = path.read_bytes()
    short = replace(asked(tmp_path, books.headings()), limits=Limits(60, 0.001, 5))
    assert shipping.ship(ws, short, write=True).reason == shipping.UNFINISHED
    assert path.read_bytes() == before


def test_only_courses_of_the_catalogue_ship(
    content: Path, study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = told(capsys, "record", "foreign", "--study", str(study))
    assert (code, "no course 'foreign'" in said) == (2, True)
    code, said = told(capsys, "verify", "own")
    assert (code, "--study" in said) == (2, True)


def good() -> Record:
    """A record as the recorder makes it."""
    told = section(
        outcome("loss", number(0.5), "seeded", band=(0.5, 0.01), better="down"),
        outcome("df", frame(5, **{"1a2b3c4d": (1.0, 0)})),
        outcome("", number(0.8258), where="shown", place=2, required=False),
        functions=[function("calc", {"fp": array(1.0, 2.0)})],
        mistakes=[KnownMistake("m1", "with the sum in place of the mean", {"shown:2": 0.7}, {})],
    )
    soft = RecordedSection(
        "more", "self-assessed", "its check catches only 2 of 9 planted mistakes"
    )
    return Record("points", ("0" * 12,), {"python": "3.11", "numpy": "2.1.0"}, (told, soft))


def with_a_table(*names: str) -> Record:
    """A record of a function that takes a table, whose columns are known by digests."""
    spec = {"k": "frame", "shape": [5, len(names)], "int": False, "names": list(names), "items": []}
    made = function("score", {"fp": number(0.5)}, arity=1)
    played = replace(made, cases=tuple(replace(one, args=(spec,)) for one in made.cases))
    return changed_section(functions=(played,))


def changed_section(**changes: Any) -> Record:
    first, soft = good().sections
    return replace(good(), sections=(replace(first, **changes), soft))


CODE = "coeffs.sub_(coeffs.grad * lr)"
BAD = {
    "words: the text": changed_section(mistakes=(KnownMistake("m1", CODE, {}, {}),)),
    "k: the text": changed_section(outcomes=(outcome("x", {"k": CODE}),)),
    "h: the text": changed_section(outcomes=(outcome("x", {"k": "text", "h": "Titanic", "n": 7}),)),
    "cols: the text": changed_section(outcomes=(outcome("x", frame(5, Survived=(0.4, 0))),)),
    "values: the text": changed_section(mistakes=(KnownMistake("m1", "with", {CODE: 1.0}, {}),)),
    "v: the text": changed_section(
        outcomes=(outcome("x", {"k": "plain", "v": "a sentence of the course"}),)
    ),
    "more: the text": changed_section(outcomes=(outcome("x", {"k": "other", "more": "x"}),)),
    "has a reason why not": changed_section(reason="why"),
    "unknown reason": replace(
        good(), sections=(*good().sections, RecordedSection("a", "self-assessed", CODE))
    ),
    "holds values of sections": changed_section(
        status="self-assessed", reason="chance decides all that it leaves behind"
    ),
    "checks no section": replace(good(), sections=good().sections[1:]),
    "does not say what it was recorded of": replace(good(), versions={}),
    "bytes, more than": replace(good(), cells=tuple(f"{n:012x}" for n in range(20_000))),
}


@pytest.mark.parametrize("problem", BAD)
def test_what_is_not_fit_to_ship_is_named(problem: str) -> None:
    assert list(shipped.unfit(good())) == []
    found = list(shipped.unfit(BAD[problem]))
    assert any(problem in one for one in found), found


def test_columns_ship_as_digests_alone() -> None:
    assert list(shipped.unfit(with_a_table("1a2b3c4d", "00ff00ff"))) == []
    assert any(
        "names: the text" in one for one in shipped.unfit(with_a_table("1a2b3c4d", "Survived"))
    )


def test_words_of_the_course_are_taken_out() -> None:
    reasons = (
        "lesson broken here: cell 7: FileNotFoundError: [Errno 2] /root/.kaggle/kaggle.json",
        "the original stops before it, in Cleaning the data (FileNotFoundError)",
        "lesson broken here: cell 9: timeout",
    )
    told = [RecordedSection(f"s{n}", "self-assessed", one) for n, one in enumerate(reasons)]
    made = shipped.stripped(replace(good(), sections=(good().sections[0], *told)))
    assert [one.reason for one in made.sections[1:]] == [
        "lesson broken here: cell 7: FileNotFoundError",
        "the original stops before it",
        "lesson broken here: cell 9: timeout",
    ]
    assert list(shipped.unfit(made)) == []
    assert shipped.stripped(made) == made


def test_versions_that_no_result_depends_on_are_left_out() -> None:
    versions = {"python": "3.11", "numpy": "2.1.0", "kaggle": "1.7", "matplotlib": "3.9"}
    made = shipped.stripped(replace(good(), versions=versions))
    assert made.versions == {"python": "3.11", "numpy": "2.1.0"}


def test_a_row_of_words_of_the_original_is_found() -> None:
    source = "# Loss\nwith the sum in place of the mean it explodes"
    original = {"cells": [{"cell_type": "markdown", "source": source}]}
    [found] = shipped.copied(good(), original)
    assert "with the sum" in found
    assert shipped.copied(good(), {"cells": []}) == []


def test_files_that_belong_to_nothing_are_found(content: Path) -> None:
    folder = content / "own" / "checks"
    record.write(folder / "01-points.json", good())
    assert shipped.problems(catalogue.course("own")) == []
    (folder / "01-points.json").write_text(json.dumps(record.to_json(good()), indent=1))
    record.write(folder / "02-other.json", good())
    found = [str(one) for one in shipped.problems(catalogue.course("own"))]
    assert any("01-points.json" in one and "as the recorder writes it" in one for one in found)
    assert any("02-other.json" in one and "belongs to no notebook" in one for one in found)
    record.write(folder / "01-points.json", replace(good(), notebook="else"))
    assert any("else" in str(one) for one in shipped.problems(catalogue.course("own")))
    (folder / "01-points.json").write_text("{}")
    assert any("version" in str(one) for one in shipped.problems(catalogue.course("own")))


@pytest.mark.parametrize("course_id", catalogue.ids())
def test_what_ships_is_fit_to_ship(course_id: str) -> None:
    course = catalogue.course(course_id)
    assert [str(one) for one in shipped.problems(course)] == []
    for lesson in course.lessons:
        for ref in lesson.notebooks:
            path = records.shipped_file(course_id, lesson.number, ref.id)
            if path.is_file():
                made = record.read(path)
                assert made.notebook == ref.id
                assert all(
                    one.strength.caught >= 0.8 * one.strength.planted
                    for one in made.sections
                    if one.status == "hard"
                )
