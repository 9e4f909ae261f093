"""Files of results from a notebook: written, read with suspicion, taken into a study once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import events
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import results
from fastcompanion.course.checks.results import Results
from tests.conftest import Runner

LOOK, BACK = "look-at-the-data", "hold-some-back"
FOUND = Results("foundations/01", "samuel", 10, {"python": "3.11.7", "numpy": "2.1.0"})


def filled() -> Results:
    rows = (
        results.new(LOOK, "passed", key="a" * 20),
        results.new(BACK, "wrong value", key="b" * 20),
        results.new(BACK, hint=4),
        results.new(BACK, "passed", key="c" * 20),
    )
    return replace(FOUND, results=rows)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = results.place(tmp_path / "there", FOUND.lesson, FOUND.notebook)
    results.write(path, filled())
    return path


def sealed(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change a file as only a program would: with a seal that fits."""
    data = json.loads(path.read_text())
    change(data)
    data["seal"] = results._seal(data)
    path.write_text(json.dumps(data))


def test_what_was_written_is_read_again(file: Path) -> None:
    assert file.name == "foundations-01-samuel.json"
    found = results.read(file)
    assert [(one.section, one.verdict, one.hint) for one in found.results] == [
        (LOOK, "passed", 0),
        (BACK, "wrong value", 0),
        (BACK, "", 4),
        (BACK, "passed", 0),
    ]
    newest = found.newest(BACK)
    assert newest is not None
    assert newest.key == "c" * 20
    assert (found.solved, found.hinted, found.assessed) == ((BACK,), {BACK: 4}, {})
    assert file.with_name(".gitignore").read_text() == "*\n"
    results.write(file, found)
    assert results.read(file) == found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data.update(version=2), "newer fastcompanion"),
        (lambda data: data.pop("version"), "has no `version`"),
        (lambda data: data.update(results=3), "no file of results"),
        (lambda data: data["results"][0].update(verdict="brilliant"), "no file of results"),
        (lambda data: data["results"][0].update(hint=5), "no file of results"),
        (lambda data: data["results"][0].update(at="yesterday"), "no file of results"),
        (lambda data: data["results"][0].update(id="../../x"), "no file of results"),
        (lambda data: data["results"][0].update(section="x" * 3000), "no file of results"),
        (lambda data: data.update(total="ten"), "no file of results"),
        (lambda data: data.update(versions=[]), "no file of results"),
        (lambda data: data.pop("lesson"), "no file of results"),
    ],
)
def test_what_no_notebook_writes_is_refused(
    file: Path, change: Callable[[dict[str, Any]], Any], words: str
) -> None:
    sealed(file, change)
    with pytest.raises(CompanionError, match=words) as caught:
        results.read(file)
    assert caught.value.file == str(file)
    assert caught.value.hint


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 100_000, '{"version": 1}'])
def test_what_is_no_file_of_results_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(CompanionError):
        results.read(path)


def test_an_edit_by_hand_is_noticed(file: Path, run: Runner, built_in_study: Path) -> None:
    file.write_text(file.read_text().replace("wrong value", "passed"))
    outcome = run("check", "--from", file)
    assert (outcome.code, "was changed after the notebook wrote it" in outcome.err) == (1, True)
    assert "%check in the notebook writes a new one" in outcome.err
    assert not [e for e in events.read(Workspace(built_in_study)) if e.kind == "lesson.checked"]


def test_taken_once_however_often(file: Path, run: Runner, built_in_study: Path) -> None:
    ws = Workspace(built_in_study)
    dry = run("check", "--from", file, "--dry-run", "--json")
    assert dry.data["sections"] == {LOOK: "passed", BACK: "passed"}
    assert not [e for e in events.read(ws) if e.kind == "lesson.checked"]
    for already in (0, 4):
        taken = run("check", "--from", file, "--json")
        assert (taken.code, taken.data["already"]) == (0, already)
    (public,) = [e for e in events.read(ws) if e.kind == "lesson.checked"]
    assert public.data["sections"] == {LOOK: "passed", BACK: "passed"}
    assert public.data["with_solution"] == [BACK]
    assert (public.data["complete"], public.data["where"]) == (False, "notebook")
    kinds = [e.kind for e in events.read(ws, private=True)]
    assert kinds == ["hint.shown", "lesson.checked"]
    assert "nothing new" in run("check", "--from", file).out


def test_two_machines_with_parts_of_the_same_work_double_nothing(
    file: Path, run: Runner, built_in_study: Path
) -> None:
    assert run("check", "--from", file).code == 0
    more = results.read(file).with_one(results.new(LOOK, "passed", key="d" * 20))
    results.write(file, more)
    taken = run("check", "--from", file, "--json").data
    assert (taken["sections"], taken["already"]) == ({LOOK: "passed"}, 4)


@pytest.mark.parametrize(
    ("change", "words", "hint"),
    [
        ({"lesson": "fastbook/01"}, "has no course 'fastbook'", "course add fastbook"),
        ({"lesson": "foundations/77"}, "which the study does not have", "lesson list"),
        ({"notebook": "other"}, "notebook 'other'", "lesson list"),
    ],
)
def test_a_lesson_that_the_study_does_not_have_is_named(
    file: Path, run: Runner, built_in_study: Path, change: dict[str, str], words: str, hint: str
) -> None:
    results.write(file, replace(filled(), **change))  # type: ignore[arg-type]
    outcome = run("check", "--from", file)
    assert (outcome.code, words in outcome.err, hint in outcome.err) == (2, True, True), outcome


def test_sections_that_a_lesson_does_not_have_are_refused(
    file: Path, run: Runner, built_in_study: Path
) -> None:
    results.write(file, filled().with_one(results.new("the-end-of-the-world", "passed")))
    outcome = run("check", "--from", file)
    assert outcome.code == 1
    assert "the-end-of-the-world" in outcome.err


def test_from_stands_alone(file: Path, run: Runner, built_in_study: Path) -> None:
    assert run("check", "01", "--from", file).code == 2
    assert run("check", "--from", file, "--watch").code == 2
    missing = run("check", "--from", file.with_name("nowhere.json"))
    assert (missing.code, "no such file" in missing.err) == (1, True)


def test_many_results_are_thinned_out_and_nothing_that_counts_is_lost() -> None:
    found = replace(FOUND, results=(results.new(LOOK, "passed"), results.new(BACK, hint=4)))
    for _ in range(results.MANY_RESULTS):
        found = found.with_one(results.new(LOOK, "wrong value"))
    found = found.with_one(results.new(BACK, "wrong value"))
    assert len(found.results) < results.MANY_RESULTS
    assert next(one.verdict for one in found.results if one.section == LOOK) == "passed"
    newest = found.newest(LOOK)
    assert newest is not None
    assert newest.verdict == "wrong value"
    assert found.solved == (BACK,)
