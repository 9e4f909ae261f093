"""The printer where nobody sits at a terminal, and tables that are too wide for one."""

from __future__ import annotations

import io

import pytest

from fastcompanion import console
from fastcompanion.base import clock
from fastcompanion.console import Table


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
