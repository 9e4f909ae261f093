"""The printer where nobody sits at a terminal, and tables that are too wide for one."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from fastcompanion import console
from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.cli import main
from fastcompanion.commands.options import Session
from fastcompanion.console import Answer, Facts, Line, Table


def progress(seconds_each: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Play fifteen steps of progress on a clock of our own."""
    moment = 1000.0

    def monotonic() -> float:
        return moment

    monkeypatch.setattr(clock, "monotonic", monotonic)
    with console.reporter().task("Checking", 15) as task:
        for number in range(15):
            task.advance(1, f"section {number}")
            moment += seconds_each


def test_progress_in_a_pipe_is_a_line_in_ten_seconds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    console.configure("check", json=False, quiet=False)
    progress(0.1, monkeypatch)
    assert capsys.readouterr().err == "Checking 1/15: section 0\n"
    progress(5, monkeypatch)
    assert len(capsys.readouterr().err.splitlines()) == 8


def test_with_json_there_is_no_progress(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    console.configure("check", json=True, quiet=False)
    progress(60, monkeypatch)
    assert capsys.readouterr() == ("", "")
    console.configure("", json=False, quiet=False)


def test_names_stay_whole_in_a_narrow_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    columns = ("", "lesson", "watch", "run", "reproduce", "repeat", "sections", "title")
    title = "A number of pixels, and how far one picture is from another one of its kind"
    table = Table(columns, ((">", "foundations/01", "x", "x", ".", ".", "3+1/9", title),))
    file = io.StringIO()
    console._rich_table(table, file)
    shown = file.getvalue()
    assert "foundations/01" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert "kind" in shown, "the title folds and loses nothing"


def test_short_cells_stay_whole_beside_a_long_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    columns = ("began", "time", "lesson", "step", "note", "id")
    note = "Read half of chapter 4 once more"
    began = "Tue 24 Nov 19:30"
    row = (began, "50 min", "foundations/01", "reproduce", note, "22pn2l5qiq")
    file = io.StringIO()
    console._rich_table(Table(columns, (row,)), file)
    shown = file.getvalue()
    assert "22pn2l5qiq" in shown, "the id is typed again and stays whole"
    assert max(map(len, shown.splitlines())) <= 80


def test_a_narrow_terminal_cuts_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    columns = ("began", "time", "lesson", "step", "note", "id")
    began = "Tue 24 Nov 19:30"
    row = (began, "50 min", "foundations/01", "reproduce", "words " * 20, "22pn2l5qiq")
    file = io.StringIO()
    console._rich_table(Table(columns, (row, row), title="Sessions"), file)
    lines = file.getvalue().splitlines()
    assert lines[0] == "Sessions"
    assert "time    50 min" in lines
    assert "id      22pn2l5qiq" in lines
    assert max(map(len, lines)) <= 40
    assert file.getvalue().count("words") == 40


def test_a_long_name_stays_whole_where_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    columns = ("card", "lesson", "kind", "question")
    name = "foundations/01#why-not-random-split"
    row = (name, "foundations/01", "question", "Why can a random split give a flattering result?")
    file = io.StringIO()
    console._rich_table(Table(columns, (row,)), file)
    assert name in file.getvalue()
    assert max(map(len, file.getvalue().splitlines())) <= 80


class Terminal(io.StringIO):
    """Something with 80 columns that somebody looks at."""

    def isatty(self) -> bool:
        return True


def test_at_a_terminal_facts_fold_below_their_value_and_addresses_stay_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    value = "free; more time and better GPUs by units that you buy, or from about 10 USD a month"
    page = (
        "https://example.org/a-page/whose-name-has-many-hyphens/and-goes-on/for-longer-than-a-line/"
    )
    blocks = (
        Facts((("price", value), ("it needs", "an account"))),
        Line(f"Look there first: {page}"),
    )
    console.show(Answer(None, lambda _: blocks))
    shown = terminal.getvalue()
    first, second, third, *rest = shown.splitlines()
    assert max(map(len, (first, second))) <= 80
    assert second.startswith(" " * len("it needs  "))
    assert third == "it needs  an account"
    assert page in rest, "one piece, to be clicked at or copied"


def test_at_a_terminal_notes_fold_and_keep_their_indent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    console.configure("server launch", json=False, quiet=False)
    price = "$0.526 an hour while it runs, $8.00 a month while it is stopped, $390.21 if it ran for 30 days."
    console.reporter().note(f"A machine:\n  {price}")
    lines = terminal.getvalue().splitlines()
    assert lines[0] == "A machine:"
    assert max(map(len, lines)) <= 80
    assert all(line.startswith("  ") for line in lines[1:])
    assert " ".join(line.strip() for line in lines[1:]) == price


@pytest.mark.parametrize("error", ["no answer", "interrupted"])
def test_what_ends_a_question_stands_on_a_line_of_its_own(
    error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed() -> str:
        if error == "interrupted":
            raise KeyboardInterrupt
        return ""

    (tmp_path / "mine.txt").write_text("x")
    screen, keys = Terminal(), Terminal()
    monkeypatch.setattr(keys, "readline", pressed)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(sys, "stdin", keys)
    assert main(["init", str(tmp_path), "--course", "none"]) != 0
    asked, told = screen.getvalue().split("\n")[:2]
    assert asked.endswith(": ")
    assert error in told


def test_a_question_that_gets_no_answer_names_what_answers_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(sys, "stdin", Terminal())
    console.configure("server forget", json=False, quiet=False)
    session = Session("server forget")
    with pytest.raises(CompanionError, match="no answer") as caught:
        session.confirm("Forget it?")
    assert caught.value.code is Exit.USAGE
    assert "--yes" in caught.value.hint
    with pytest.raises(CompanionError, match="no answer") as caught:
        session.ask("Which folder?", "", "--folder")
    assert "--folder" in caught.value.hint
