"""`lesson again` and `check` of what was written from memory, with real kernels, through main(argv)."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import events
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import warm
from fastcompanion.course.library import lessons
from fastcompanion.course.notebooks import notebook
from fastcompanion.notebook import place
from tests.conftest import Runner
from tests.course.recording import books

Freeze = Callable[[str], None]
Git = Callable[..., str]
LESSON = "foundations/01"
REPORT_KEYS = {
    "lesson", "notebook", "section", "path", "verdict", "grade", "again", "tries", "hints",
    "seconds", "notices", "earlier",
}  # fmt: skip
SHOWN_KEYS = {
    "lesson", "section", "title", "notebook", "is_new", "opened_with", "earlier", "day",
    "next_day", "others", "dry_run",
}  # fmt: skip
FIRST, SECOND = "look-at-the-data", "hold-some-back"


@pytest.fixture
def ws(built_in_study: Path, run: Runner, frozen: Freeze) -> Workspace:
    """A study in which the first two sections of foundations/01 passed on 2 November."""
    at(frozen, 2)
    assert run("lesson", "scratch", "1").code == 0
    found = Workspace(built_in_study)
    write(found, "scratch", FIRST, SECOND)
    sections = dict.fromkeys((FIRST, SECOND), "passed")
    events.record(found, "lesson.checked", LESSON, {"notebook": "samuel", "sections": sections})
    return found


def at(frozen: Freeze, day: int, time: str = "19:30") -> None:
    frozen(f"2026-11-{day:02d}T{time}:00+01:00")


def write(ws: Workspace, kind: str, *sections: str, change: tuple[str, str] = ("", "")) -> None:
    """Write the reference solution of some sections, as a learner would write their own."""
    course, lesson = lessons.find(ws, LESSON)
    original = notebook.read(course.root / str(lesson.notebooks[0].path))
    cut = {section.id: section.cells for section in notebook.sections(original)}
    path = ws.notebook(LESSON, "samuel", kind)  # type: ignore[arg-type]
    book = notebook.read(path)
    for cell in book["cells"]:
        ours = cell["metadata"]["fastcompanion"]
        if ours["role"] == "work" and ours["section"] in sections:
            cells = [original["cells"][i] for i in cut[ours["section"]]]
            own = [c["source"] for c in cells if c["metadata"]["fastcompanion"]["role"] == "work"]
            cell["source"] = "\n\n".join(own).replace(*change)
    notebook.write(path, book)


def saved_later(ws: Workspace, kind: str) -> None:
    """Let a notebook be saved after all others."""
    path = ws.notebook(LESSON, "samuel", kind)  # type: ignore[arg-type]
    newest = max(one.stat().st_mtime for one in path.parent.glob("*.ipynb"))
    os.utime(path, (newest + 5, newest + 5))


def recalled(ws: Workspace) -> list[dict[str, Any]]:
    return [dict(e.data) for e in events.read(ws) if e.kind == "section.recalled"]


def test_a_passed_section_comes_back_blank_and_is_written_again(
    ws: Workspace, run: Runner, frozen: Freeze, git: Git
) -> None:
    assert run("check", "1").code == 4
    at(frozen, 3)
    early = run("lesson", "again")
    assert early.code == 0
    assert "The next one comes back on 2026-11-04" in early.out
    at(frozen, 4)
    assert "write it again from memory" in run("status").out
    mine = ws.notebook(LESSON, "samuel", "scratch")
    before = mine.read_bytes()
    shown = run("lesson", "again", "--json").data
    assert set(shown) == SHOWN_KEYS
    assert (shown["lesson"], shown["section"], shown["is_new"]) == (LESSON, FIRST, True)
    path = ws.root / shown["notebook"]
    assert path.name == "samuel.again.ipynb"
    assert git(ws.root, "check-ignore", path).strip(), "practice is not for git"
    book = notebook.read(path)
    assert sum(c["source"] == "# your work" for c in book["cells"]) == 1
    nothing = run("check", "--json")
    assert (nothing.code, nothing.data["verdict"]) == (4, "not attempted")

    write(ws, "again", FIRST, change=("/ 16", "/ 17"))
    wrong = run("check")
    assert wrong.code == 4
    assert f"{LESSON} {FIRST} again: wrong value" in wrong.out
    assert recalled(ws) == []
    write(ws, "again", FIRST)
    right = run("check", "--json")
    assert right.code == 0, right.out
    assert set(right.data) == REPORT_KEYS
    assert (right.data["grade"], right.data["again"], right.data["tries"]) == (
        "good",
        "2026-11-15",
        2,
    )
    assert recalled(ws) == [
        {"notebook": "samuel", "section": FIRST, "grade": "good", "again": "2026-11-15"}
    ]
    assert mine.read_bytes() == before, "the learner's own notebook is never touched"
    at(frozen, 5)
    assert run("lesson", "again", "--json").data["section"] == SECOND
    assert run("status", "--json").data["lesson"]["lesson"] == LESSON


def test_earlier_sections_are_the_learners_own_code(
    ws: Workspace, run: Runner, frozen: Freeze
) -> None:
    at(frozen, 4)
    shown = run("lesson", "again", SECOND, "--json").data
    assert shown["earlier"] == [FIRST]
    write(ws, "again", SECOND)
    path = ws.notebook(LESSON, "samuel", "again")
    book = notebook.read(path)
    own = next(c for c in book["cells"] if "pixels = table" in c["source"])
    own["source"] = own["source"].replace("table[:, :64]", "tabel[:, :64]")
    notebook.write(path, book)
    stopped = run("check")
    assert stopped.code == 4
    assert "it is no attempt" in stopped.out
    assert "tabel" in stopped.out
    own["source"] = own["source"].replace("tabel", "table")
    notebook.write(path, book)
    right = run("check", "--json").data
    assert (right["grade"], right["tries"]) == ("good", 1)


def test_hints_begin_anew_and_make_it_hard_and_the_solution_brings_it_back_soon(
    ws: Workspace, run: Runner, frozen: Freeze
) -> None:
    at(frozen, 2, "20:00")
    for level in ("1", "2", "3"):
        run("hint", "1", level, "--section", FIRST)
    at(frozen, 4)
    run("lesson", "again")
    saved_later(ws, "again")
    assert run("hint", "--json").data["level"] == 1
    write(ws, "again", FIRST)
    saved_later(ws, "again")
    assert run("check", "--step", "again", "--json").data["grade"] == "hard"
    run("lesson", "again", SECOND)
    assert run("hint", "1", "4", "--section", SECOND, "--yes").code == 0
    write(ws, "again", SECOND)
    found = run("check", "--step", "again", "--json").data
    assert (found["grade"], found["again"]) == ("again", "2026-11-05")


def test_giving_up_is_no_shame_and_brings_it_back_soon(
    ws: Workspace, run: Runner, frozen: Freeze
) -> None:
    at(frozen, 4)
    refused = run("lesson", "again", "--give-up")
    assert (refused.code, "no section is being written again" in refused.err) == (1, True)
    run("lesson", "again")
    given = run("lesson", "again", "--give-up")
    assert given.code == 0
    assert "tomorrow (2026-11-05)" in given.out
    assert recalled(ws)[0]["grade"] == "again"
    assert run("check", "--step", "again").code == 1


def test_both_are_checked_when_both_were_worked_on(
    ws: Workspace, run: Runner, frozen: Freeze
) -> None:
    at(frozen, 4)
    run("lesson", "again")
    write(ws, "scratch", "the-naive-baseline")
    alone = run("check", "--json")
    assert alone.data["sections"][2]["verdict"] == "passed", "an untouched section waits"
    assert run("check", "--json").data["verdict"] == "not attempted", "and is what is left"
    write(ws, "again", FIRST)
    write(ws, "scratch", "pixel-similarity")
    both = run("check", "--json")
    assert both.code == 4, "the lesson goes on"
    assert both.data["recalled"]["grade"] == "good"
    assert both.data["reproduced"]["sections"][3]["verdict"] == "passed"
    run("lesson", "again", SECOND)
    at(frozen, 5)
    assert "sections" in run("check", "--json").data, "what was left lying is not asked for"


def test_what_is_no_section_or_not_passed_is_said(
    ws: Workspace, run: Runner, frozen: Freeze
) -> None:
    unknown = run("lesson", "again", "1", "small-batches")
    assert unknown.code == 2
    assert f"passed are: {FIRST}" in unknown.err
    other = run("lesson", "again", "2")
    assert (other.code, "no section of foundations/02 has passed yet" in other.err) == (4, True)
    assert run("lesson", "again", "1", "look", "--dry-run").code == 0
    assert not ws.notebook(LESSON, "samuel", "again").exists()
    at(frozen, 4)
    run("lesson", "again", FIRST)
    write(ws, "again", FIRST)
    busy = run("lesson", "again", SECOND)
    assert (busy.code, f"{FIRST} of {LESSON} is being written again" in busy.err) == (1, True)
    kept = run("lesson", "again", "--json").data
    assert (kept["section"], kept["is_new"]) == (FIRST, False)
    ws.notebook(LESSON, "samuel", "again").write_text("{broken")
    for words in (("check", "--step", "again"), ("lesson", "again"), ("next", "-m", "25", "--yes")):
        broken = run(*words)
        assert broken.code == 1
        assert "samuel.again.ipynb" in broken.err
    assert ws.notebook(LESSON, "samuel", "again").read_text() == "{broken", "not for us to replace"
    assert run("lesson", "again", "--give-up").code == 0
    ws.notebook(LESSON, "samuel", "scratch").unlink()
    assert run("lesson", "again", "--json").data["section"] is None, "nothing to write it after"
    gone = run("lesson", "again", "1", FIRST)
    assert (gone.code, "no section of foundations/01 that has passed" in gone.err) == (4, True)


@pytest.fixture
def own(built_in_study: Path, run: Runner, tmp_path: Path, frozen: Freeze) -> Workspace:
    """A study with a course of our own, whose sections are the learner's to judge."""
    at(frozen, 2)
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "01_points.ipynb").write_text(json.dumps(books.headings()))
    assert run("course", "add", folder, "--as", "own", "--yes").code == 0
    assert run("lesson", "scratch", "own/01").code == 0
    return Workspace(built_in_study)


def solve(ws: Workspace, kind: str) -> None:
    """Write the original's code into every section that is to be written."""
    [path] = (ws.root / "lessons" / "own" / "01").glob(f"*.{kind}.ipynb")
    book = notebook.read(path)
    answers = {notebook.slug(title): code for title, (_, code) in books.SECTIONS.items()}
    for cell in book["cells"]:
        ours = cell["metadata"]["fastcompanion"]
        if ours["role"] == "work" and ours.get("section") in answers:
            cell["source"] = "\n".join(answers[ours["section"]])
    notebook.write(path, book)


KERNEL = ("--kernel", sys.executable)


def test_a_section_that_the_learner_judged_comes_back_to_be_judged(
    own: Workspace, run: Runner, frozen: Freeze
) -> None:
    solve(own, "scratch")
    run("check", "own/01", *KERNEL)
    assert run("check", "own/01", "--assess", "the-error", "-n", "as there").code == 0
    assert run("check", "own/01", *KERNEL).code == 0
    at(frozen, 4)
    assert run("lesson", "again", "--json").data["section"] == "the-error"
    soon = run("check", "own/01", "--assess", "the-error", "-n", "the same")
    assert (soon.code, "has not run yet" in soon.err) == (4, True)
    solve(own, "again")
    ran = run("check", *KERNEL)
    assert ran.code == 0
    assert "--assess the-error" in ran.out
    assert recalled(own) == []
    judged = run("check", "own/01", "--assess", "the-error", "-n", "the same error, 0.25", "--json")
    assert (judged.data["grade"], judged.data["again"]) == ("good", "2026-11-15")
    assert recalled(own)[0]["note"] == "the same error, 0.25"
    done = run("check", "own/01", *KERNEL, "--json").data
    words = {one["id"]: one["verdict"] for one in done["sections"]}
    assert words["the-error"] == "self-assessed", "the judgement of the lesson's own section stands"


@pytest.mark.skipif(not warm.available(), reason="no fork on this system: not run here")
def test_recorded_checks_judge_what_was_written_from_memory(
    own: Workspace, run: Runner, frozen: Freeze
) -> None:
    asked = ("lesson", "record", "own/01", *KERNEL, "--most", "6")
    assert run(*asked).code == 0
    solve(own, "scratch")
    assert run("check", "own/01", *KERNEL, "--json").code == 0
    at(frozen, 4)
    assert run("lesson", "again", "own/01", "the-error").code == 0
    path = own.root / "lessons" / "own" / "01" / "points.again.ipynb"
    solve(own, "again")
    text = path.read_text()
    path.write_text(text.replace("** 2).mean()", "** 2).sum()"))
    wrong = run("check", *KERNEL, "--json")
    assert (wrong.code, wrong.data["verdict"]) == (4, "wrong value")
    path.write_text(text)
    assert run("check", *KERNEL, "--json").data["grade"] == "good"


def test_the_magics_of_a_notebook_leave_practice_alone(
    ws: Workspace, run: Runner, frozen: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(frozen, 4)
    run("lesson", "again")
    monkeypatch.chdir(ws.lesson_folder(LESSON))
    assert place.find({}).file == Path.cwd() / "samuel.scratch.ipynb"
    practice = ws.notebook(LESSON, "samuel", "again")
    monkeypatch.setenv(place.SESSION_VARIABLE, str(practice))
    with pytest.raises(CompanionError, match="is for practice") as caught:
        place.find({})
    assert caught.value.hint == "fastcompanion check --step again"
