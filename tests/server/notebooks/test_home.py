"""The way home: what a notebook brings, once, and nothing of the learner's lost. No kernel is needed here."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import events
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import results
from fastcompanion.course.checks.results import Result, Results
from fastcompanion.course.notebooks import notebook
from fastcompanion.server.notebooks import carried, travel
from fastcompanion.server.notebooks.carried import Record, Session
from fastcompanion.study import journal
from tests.conftest import Runner

LOOK, BACK = "look-at-the-data", "hold-some-back"
NAME = "lessons/foundations/01/samuel.scratch.ipynb"
AT = "2026-11-21T18:00:00+00:00"
Freeze = Callable[[str], None]


class Away:
    """A notebook that set out, and what is done with it there."""

    def __init__(
        self, study: Path, run: Runner, door: str = "colab", step: str = "reproduce"
    ) -> None:
        words = ("server", "notebook", door, "foundations/01", "--step", step, "--json")
        done = run(*words, cwd=study)
        assert done.code == 0, done.err
        self.book = notebook.read(study / str(done.data["file"]))
        pack = travel.find(self.book)
        assert pack is not None
        self.pack = pack
        self.rows: tuple[Result, ...] = ()
        self.sessions: tuple[Session, ...] = ()

    def works(self, name: str, seconds: int, at: str = AT) -> None:
        """Let a session have been so long."""
        kept = tuple(one for one in self.sessions if one.id != name)
        self.sessions = (*kept, Session(name, at, seconds, 5))

    def finds(self, name: str, section: str, verdict: str = "", hint: int = 0) -> None:
        """Let a check, or a hint, have been there."""
        row = Result(name, AT, section, verdict, "key" if verdict else "", "", hint)
        self.rows = (*self.rows, row)

    def cell(self, section: str) -> dict[str, Any]:
        """Give the first cell of a section that is the learner's to write."""
        for cell in self.book["cells"]:
            ours = cell["metadata"].get("fastcompanion", {})
            if ours.get("section") == section and ours.get("role") == "work":
                found: dict[str, Any] = cell
                return found
        raise AssertionError(section)

    def saved(self, path: Path, *, damaged: bool = False) -> Path:
        """Save it there, with its record below the first cell."""
        own = self.pack
        found = Results(own.lesson, own.notebook, 4, {"numpy": "1"}, self.rows)
        told = results.to_json(found) if self.rows else {}
        record = Record(own.id, own.study, own.door, own.lesson, own.notebook, own.kind, told, self.sessions)  # fmt: skip
        data = carried.bundle(record, "words")
        if damaged:
            data = {"text/plain": data["text/plain"][:-9]}
        first = self.book["cells"][0]
        first["outputs"] = [{"output_type": "display_data", "data": data, "metadata": {}}]
        path.write_text(json.dumps(self.book), "utf-8")
        return path


@pytest.fixture
def away(built_in_study: Path, run: Runner, frozen: Freeze) -> Away:
    frozen("2026-11-21T17:59:00+00:00")
    made = Away(built_in_study, run)
    frozen("2026-11-21T22:00:00+00:00")
    return made


def home(run: Runner, study: Path, file: Path, *words: str) -> Any:
    done = run("server", "notebook", "home", str(file), "--json", *words, cwd=study)
    assert done.code == 0, done.err
    return done.data


def write(study: Path, section: str, source: str) -> None:
    """Write into a section here."""
    book = notebook.read(study / NAME)
    for cell in book["cells"]:
        ours = cell["metadata"].get("fastcompanion", {})
        if ours.get("section") == section and ours.get("role") == "work":
            cell["source"] = source
            break
    notebook.write(study / NAME, book)


def sources(path: Path) -> list[str]:
    return [str(cell["source"]) for cell in notebook.read(path)["cells"]]


def test_all_that_it_brings_and_one_commit(
    away: Away, built_in_study: Path, run: Runner, tmp_path: Path, git: Callable[..., str]
) -> None:
    study, ws = built_in_study, Workspace(built_in_study)
    away.cell(LOOK)["source"] = "pixels = 1"
    away.finds("aaaaaaa2aa", LOOK, "wrong value")
    away.finds("bbbbbbb2bb", LOOK, "passed")
    away.finds("ccccccc2cc", BACK, hint=2)
    away.works("ddddddd2dd", 24 * 60)
    before = int(git(study, "rev-list", "--count", "HEAD"))
    back = home(run, study, away.saved(tmp_path / "n.ipynb"))
    assert (back["state"], back["minutes"], back["hints"]) == ("taken", 24, 1)
    assert back["sections"] == {LOOK: "passed"}
    assert "pixels = 1" in sources(study / NAME)
    assert int(git(study, "rev-list", "--count", "HEAD")) == before + 1
    assert "home from colab, 24 min" in git(study, "log", "-1", "--format=%s")
    assert git(study, "status", "--porcelain") == ""
    public = [e for e in events.read(ws) if e.kind == "lesson.checked"]
    assert [(e.data["sections"], e.data["door"]) for e in public] == [({LOOK: "passed"}, "colab")]
    hints = [e for e in events.read(ws, private=True) if e.kind == "hint.shown"]
    assert [(e.data["section"], e.data["level"]) for e in hints] == [(BACK, 2)]
    shown = run("status", cwd=study)
    assert "1 of" in shown.out


def test_nothing_of_the_failed_checks_or_the_hints_goes_into_git(
    away: Away, built_in_study: Path, run: Runner, tmp_path: Path, git: Callable[..., str]
) -> None:
    away.finds("aaaaaaa2aa", LOOK, "wrong value")
    away.works("ddddddd2dd", 600)
    home(run, built_in_study, away.saved(tmp_path / "n.ipynb"))
    told = git(built_in_study, "log", "-p", "--all")
    assert "wrong value" not in told
    assert "fastcompanion-record" not in told
    assert "fastcompanion-travel" not in told


def test_a_session_that_went_on_is_logged_for_the_rest_only(
    away: Away, built_in_study: Path, run: Runner, tmp_path: Path
) -> None:
    study, ws = built_in_study, Workspace(built_in_study)
    away.works("ddddddd2dd", 24 * 60)
    assert home(run, study, away.saved(tmp_path / "one.ipynb"))["minutes"] == 24
    away.works("ddddddd2dd", 40 * 60)
    away.works("eeeeeee2ee", 10 * 60, "2026-11-21T20:00:00+00:00")
    assert home(run, study, away.saved(tmp_path / "two.ipynb"))["minutes"] == 26
    assert home(run, study, away.saved(tmp_path / "two.ipynb"))["minutes"] == 0
    assert home(run, study, tmp_path / "one.ipynb")["minutes"] == 0
    entries = journal.read(ws).entries
    assert [(f"{one.at:%H:%M}", one.minutes) for one in entries] == [
        ("18:00", 24), ("18:24", 16), ("20:00", 10),
    ]  # fmt: skip


def test_a_session_that_was_taken_out_of_the_log_stays_out(
    away: Away, built_in_study: Path, run: Runner, tmp_path: Path
) -> None:
    away.works("ddddddd2dd", 24 * 60)
    file = away.saved(tmp_path / "n.ipynb")
    home(run, built_in_study, file)
    assert run("log", "undo", "--yes", cwd=built_in_study).code == 0
    assert home(run, built_in_study, file)["minutes"] == 0


def test_minutes_that_the_timer_here_has_counted_are_not_counted_twice(
    away: Away, built_in_study: Path, run: Runner, tmp_path: Path
) -> None:
    study = built_in_study
    added = run("log", "add", "here", "--minutes", "20", "--at", "2026-11-21T18:10:00+00:00", cwd=study)  # fmt: skip
    assert added.code == 0, added.err
    away.works("ddddddd2dd", 50 * 60)
    file = away.saved(tmp_path / "n.ipynb")
    back = home(run, study, file)
    assert back["minutes"] == 30
    assert "20 of 50 min were counted here already" in back["notes"][0]


@pytest.mark.parametrize("where", [LOOK, BACK])
def test_a_notebook_that_changed_here_too(
    where: str, away: Away, built_in_study: Path, run: Runner, tmp_path: Path
) -> None:
    study = built_in_study
    away.cell(LOOK)["source"] = "there = 1"
    away.finds("aaaaaaa2aa", LOOK, "passed")
    write(study, where, "here = 1")
    file = away.saved(tmp_path / "n.ipynb")
    back = home(run, study, file)
    assert back["sections"] == {LOOK: "passed"}
    assert "here = 1" in sources(study / NAME)
    if where == BACK:
        assert (back["state"], back["beside"]) == ("merged", "")
        assert "there = 1" in sources(study / NAME)
        return
    assert back["state"] == "beside"
    assert [(one["mine"], one["theirs"]) for one in back["clashes"]] == [("here = 1", "there = 1")]
    assert "there = 1" in sources(study / back["beside"])
    assert "there = 1" not in sources(study / NAME)
    shown = run("server", "notebook", "home", str(file), cwd=study)
    assert "so both were kept" in shown.out
    assert "here `here = 1`, there `there = 1`" in shown.out


def test_one_that_came_home_and_is_changed_here_does_not_clash_with_itself(
    away: Away, built_in_study: Path, run: Runner, tmp_path: Path
) -> None:
    """Two files of one travel, in any order, and as often as you like."""
    study = built_in_study
    away.cell(LOOK)["source"] = "there = 1"
    one = away.saved(tmp_path / "one.ipynb")
    away.cell(BACK)["source"] = "there = 2"
    two = away.saved(tmp_path / "two.ipynb")
    assert home(run, study, one)["state"] == "taken"
    write(study, LOOK, "here = 1")
    assert home(run, study, one)["state"] == "same"
    assert home(run, study, two, "--dry-run")["state"] == "merged"
    assert (home(run, study, two)["state"], home(run, study, one)["state"]) == ("merged", "same")
    assert {"here = 1", "there = 2"} <= set(sources(study / NAME))
    away.cell(LOOK)["source"] = "there = 3"
    back = home(run, study, away.saved(tmp_path / "three.ipynb"))
    assert [(one["mine"], one["theirs"]) for one in back["clashes"]] == [("here = 1", "there = 3")]


def test_what_is_only_run_there_is_told_as_that(
    away: Away, built_in_study: Path, run: Runner, tmp_path: Path
) -> None:
    write(built_in_study, BACK, "here = 1")
    cell = away.cell(LOOK)
    cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "ran"}]
    cell["execution_count"] = 1
    file = away.saved(tmp_path / "n.ipynb")
    assert home(run, built_in_study, file, "--dry-run")["state"] == "outputs"
    told = run("server", "notebook", "home", str(file), cwd=built_in_study).out
    assert f"what its cells put out there came home into {NAME}" in " ".join(told.split())


def test_without_its_first_cell_it_still_comes_home(
    away: Away, built_in_study: Path, run: Runner, tmp_path: Path
) -> None:
    away.works("ddddddd2dd", 600)
    away.cell(LOOK)["source"] = "there = 1"
    file = away.saved(tmp_path / "n.ipynb")
    book = json.loads(file.read_text())
    check = {**book["cells"][3], "cell_type": "code", "source": "%check", "execution_count": 1}
    check["outputs"] = book["cells"][0]["outputs"]
    book["cells"] = [*book["cells"][1:], {**check, "id": "check"}]
    del book["metadata"]["fastcompanion"]
    file.write_text(json.dumps(book))
    back = home(run, built_in_study, file)
    assert (back["state"], back["minutes"]) == ("taken", 10)
    assert "there = 1" in sources(built_in_study / NAME)


def test_damage_is_noticed_and_the_notebook_comes_home_all_the_same(
    away: Away, built_in_study: Path, run: Runner, tmp_path: Path
) -> None:
    away.finds("aaaaaaa2aa", LOOK, "passed")
    away.works("ddddddd2dd", 600)
    away.cell(LOOK)["source"] = "there = 1"
    back = home(run, built_in_study, away.saved(tmp_path / "n.ipynb", damaged=True))
    assert "came back damaged" in back["notes"][0]
    assert (back["sections"], back["minutes"]) == ({}, 0)
    assert "there = 1" in sources(built_in_study / NAME)


def test_of_another_study(away: Away, built_in_study: Path, run: Runner, tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert run("init", other, "--yes", "--course", "foundations").code == 0
    done = run("server", "notebook", "home", str(away.saved(tmp_path / "n.ipynb")), cwd=other)
    assert done.code == 2
    assert "set out from another study" in done.err
    assert not (other / NAME).exists()


def test_another_machine_with_the_same_study_can_take_it(
    away: Away, built_in_study: Path, run: Runner, tmp_path: Path, git: Callable[..., str]
) -> None:
    other = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(built_in_study), str(other))
    away.works("ddddddd2dd", 600)
    back = home(run, other, away.saved(tmp_path / "n.ipynb"))
    assert (back["state"], back["minutes"]) == ("new", 10)
    assert (other / NAME).is_file()
    write(other, LOOK, "here = 1")
    away.cell(LOOK)["source"] = "there = 1"
    assert home(run, other, away.saved(tmp_path / "n.ipynb"))["state"] == "beside"
    assert git(other, "status", "--porcelain", "--untracked-files=all").split() == ["M", NAME]


def test_a_foreign_file(built_in_study: Path, run: Runner, tmp_path: Path) -> None:
    file = tmp_path / "any.ipynb"
    for text, code in (("{}", 1), ("no json", 1), ('{"cells": [], "metadata": {}}', 2)):
        file.write_text(text)
        done = run("server", "notebook", "home", str(file), cwd=built_in_study)
        assert done.code == code, done.err
        assert "any.ipynb" in done.err


def test_a_file_that_is_dragged_into_the_terminal(
    away: Away, built_in_study: Path, run: Runner, tmp_path: Path
) -> None:
    file = away.saved(tmp_path / "Copy of it (1).ipynb")
    for form in ("'{}'", '"{}" ', "file://{}", "{}\n"):
        told = str(file).replace(" ", "%20") if form.startswith("file:") else str(file)
        done = run("server", "notebook", "home", form.format(told), "--json", cwd=built_in_study)
        assert done.code == 0, done.err


def test_a_dry_run_changes_nothing(
    away: Away, built_in_study: Path, run: Runner, tmp_path: Path, git: Callable[..., str]
) -> None:
    away.works("ddddddd2dd", 600)
    away.finds("aaaaaaa2aa", LOOK, "passed")
    away.cell(LOOK)["source"] = "there = 1"
    before = git(built_in_study, "status", "--porcelain", "--ignored")
    back = home(run, built_in_study, away.saved(tmp_path / "n.ipynb"), "--dry-run")
    assert (back["minutes"], back["sections"]) == (10, {LOOK: "passed"})
    assert git(built_in_study, "status", "--porcelain", "--ignored") == before
    assert "there = 1" not in sources(built_in_study / NAME)


def test_a_run_there_counts_where_it_went_through_from_the_top(
    built_in_study: Path, run: Runner, tmp_path: Path
) -> None:
    def ran(change: Callable[[list[dict[str, Any]]], None]) -> bool:
        away = Away(built_in_study, run, "kaggle", "run")
        codes = [one for one in away.book["cells"] if one["cell_type"] == "code"]
        for number, cell in enumerate(codes, start=1):
            cell["execution_count"] = number
        change(codes)
        return bool(home(run, built_in_study, away.saved(tmp_path / "n.ipynb"))["ran"])

    def fails(codes: list[dict[str, Any]]) -> None:
        codes[-1]["outputs"] = [
            {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}
        ]

    assert not ran(lambda codes: codes[1].update(execution_count=40)), "not in order"
    assert not ran(lambda codes: codes[1].update(execution_count=None)), "not all of it"
    assert not ran(fails)
    assert ran(lambda codes: None)
    again = home(run, built_in_study, tmp_path / "n.ipynb")
    assert again["ran"] is False, "once is enough"
    past = [e for e in events.read(Workspace(built_in_study)) if e.kind == "lesson.ran"]
    assert [e.data["where"] for e in past] == ["kaggle"]


def test_a_copy_in_which_somebody_has_worked_is_not_replaced(
    built_in_study: Path, run: Runner
) -> None:
    words = ("server", "notebook", "jupyter", "foundations/01", "--step", "reproduce", "--json")
    file = built_in_study / str(run(*words, cwd=built_in_study).data["file"])
    again = run(*words, cwd=built_in_study)
    assert built_in_study / again.data["file"] == file, "an untouched one is made anew"
    book = notebook.read(file)
    next(one for one in book["cells"][1:] if one["cell_type"] == "code")["source"] = "worked = 1"
    notebook.write(file, book)
    other = built_in_study / str(run(*words, cwd=built_in_study).data["file"])
    assert other != file
    assert "worked = 1" in sources(file)
    assert home(run, built_in_study, file)["state"] == "taken"
    assert "worked = 1" in sources(built_in_study / NAME)


def test_results_have_the_seal_of_those_in_files() -> None:
    """What is written for `check --from` and what comes home are read by one function."""
    found = Results("c/01", "nb", 1, {}, (Result("aaaaaaa2aa", AT, "s", "passed"),))
    told = results.to_json(found)
    assert results.parse(told, Path("x")) == found
    with pytest.raises(Exception, match="changed after"):
        results.parse({**told, "total": 2}, Path("x"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ("the file is empty", "It is no notebook")),
        ('{"cells": [{"cell_type": "co', ("broken notebook", "The download may have broken off")),
        ("<!DOCTYPE html><title>Sign in</title>", ("is a page of the web", "Log in there first")),
        ("# %%\nprint(1)\n", ("broken notebook", "a script will not do")),
        ('{"a": 1}', ("not a notebook", "Download the notebook there")),
    ],
)
def test_what_is_no_whole_notebook_is_to_be_downloaded_again(
    away: Away, built_in_study: Path, run: Runner, tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    file = tmp_path / "n.ipynb"
    file.write_text(text)
    done = run("server", "notebook", "home", file, cwd=built_in_study)
    assert done.code != 0
    assert all(one in done.err for one in (*words, "File > Download, as .ipynb")), done.err
    assert "start makes a new one" not in done.err
    assert "is a folder" in run("server", "notebook", "home", tmp_path, cwd=built_in_study).err


def test_a_copy_in_which_nothing_was_done_says_so(
    away: Away, built_in_study: Path, run: Runner, tmp_path: Path
) -> None:
    file = tmp_path / "n.ipynb"
    file.write_text(json.dumps(away.book))
    told = home(run, built_in_study, file)
    assert told["state"] == "same"
    assert [one for one in told["notes"] if "no result and no minute is in it" in one]
    away.works("ddddddd2dd", 600)
    assert not home(run, built_in_study, away.saved(file))["notes"]
