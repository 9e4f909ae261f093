"""log edit: by options, and in a real editor program."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import events
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.logbook import book

Runner = Callable[..., Any]
Git = Callable[..., str]
Freeze = Callable[[str], None]
Editor = Callable[[str], dict[str, str]]


@pytest.fixture
def evening(built_in_study: Path, frozen: Freeze) -> Path:
    frozen("2026-11-21T19:30:00+01:00")
    return built_in_study


@pytest.fixture
def editor(tmp_path: Path) -> Editor:
    """Make a program that edits the file it is given, as a learner would."""

    def make(change: str) -> dict[str, str]:
        script = tmp_path / "editor.py"
        script.write_text(
            "import pathlib, sys\n"
            "path = pathlib.Path(sys.argv[-1])\n"
            "text = path.read_text() if path.exists() else ''\n"
            f"{change}\n"
            "path.parent.mkdir(parents=True, exist_ok=True)\n"
            "path.write_text(text)\n"
        )
        return {"EDITOR": f"'{sys.executable}' '{script}'"}

    return make


def add(run: Runner, text: str, *words: str) -> str:
    entry: str = run("log", "add", text, "-m", "30", *words, "--json").data["entry"]["id"]
    return entry


def notes(study: Path) -> dict[str, int]:
    return {entry.note: entry.minutes for entry in book.read(Workspace(study)).entries}


def test_each_part_of_an_entry_can_be_corrected(evening: Path, run: Runner, git: Git) -> None:
    first = add(run, "one")
    add(run, "two")
    words = ["-m", "55", "--note", "One", "-l", "2", "--step", "run", "--at", "18:00"]
    changed = run("log", "edit", first, *words, "--json")
    assert sorted(changed.data) == ["before", "commit", "entry", "file"]
    assert changed.data["before"]["note"] == "one"
    entry = changed.data["entry"]
    assert (entry["minutes"], entry["note"], entry["lesson"], entry["step"], entry["at"]) == (
        55, "One", "foundations/02", "run", "2026-11-21T18:00:00+01:00",
    )  # fmt: skip
    assert notes(evening) == {"One": 55, "two": 30}
    assert git(evening, "status", "--porcelain") == ""
    assert git(evening, "log", "-1", "--format=%s").startswith("Correct the log entry")
    assert run("log", "check").code == 0


def test_without_an_id_it_is_the_last_entry(evening: Path, run: Runner) -> None:
    add(run, "one")
    add(run, "two")
    run("log", "edit", "-m", "10")
    assert notes(evening) == {"one": 30, "two": 10}


def test_an_entry_moves_to_another_day_and_back(evening: Path, run: Runner, git: Git) -> None:
    first = add(run, "one")
    moved = run("log", "edit", first, "--at", "yesterday 20:00", "--json").data
    assert moved["file"] == "log/2026/2026-11-20.md"
    assert "one" not in (evening / "log/2026/2026-11-21.md").read_text()
    assert notes(evening) == {"one": 30}
    assert "as it is" not in run("log", "undo").err
    assert notes(evening) == {"one": 30}
    assert "one" in (evening / "log/2026/2026-11-21.md").read_text()
    assert "one" not in (evening / "log/2026/2026-11-20.md").read_text()
    assert git(evening, "status", "--porcelain") == ""


def test_a_correction_is_undone_and_redone(evening: Path, run: Runner) -> None:
    add(run, "one")
    run("log", "edit", "-m", "45")
    undone = run("log", "undo", "--json").data
    assert undone["back"]["minutes"] == 30
    assert notes(evening) == {"one": 30}
    redone = run("log", "undo", undone["id"])
    assert redone.code == 0
    assert notes(evening) == {"one": 45}, "and not both"
    assert len(book.read(Workspace(evening)).entries) == 1


def test_a_correction_of_a_line_written_by_hand(evening: Path, run: Runner) -> None:
    add(run, "one")
    file = evening / "log/2026/2026-11-21.md"
    file.write_text(file.read_text() + "- 08:00+01:00 20m ^handmade22\n  early\n")
    assert run("log", "edit", "handmade22", "-m", "25").code == 0
    assert notes(evening) == {"one": 30, "early": 25}


def test_the_old_line_that_a_merge_brings_back_does_not_count(evening: Path, run: Runner) -> None:
    add(run, "one")
    file = evening / "log/2026/2026-11-21.md"
    old = file.read_text()
    run("log", "edit", "-m", "45")
    file.write_text(file.read_text() + old.partition("\n")[2])
    assert notes(evening) == {"one": 45}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nosuchid", "-m", "5"], 1, "no entry has the id"),
        (["-m", "30"], 1, "nothing would be changed"),
        (["-m", "0"], 2, ""),
        (["--at", "20:30"], 2, "still to come"),
        (["--step", "Two Words"], 2, "one lower-case word"),
        (["-l", "99"], 2, "no lesson fits"),
        (["--json"], 2, "editor needs a terminal"),
    ],
)
def test_what_can_not_be_is_refused_and_nothing_changes(
    evening: Path, run: Runner, words: list[str], code: int, said: str
) -> None:
    add(run, "one")
    before = (evening / "log/2026/2026-11-21.md").read_text()
    refused = run("log", "edit", *words)
    assert refused.code == code
    assert said in refused.err + refused.out
    assert (evening / "log/2026/2026-11-21.md").read_text() == before


def test_in_a_private_log_a_correction_stays_private(evening: Path, run: Runner, git: Git) -> None:
    run("config", "set", "privacy.log", "false")
    first = add(run, "one")
    assert run("log", "edit", first, "-m", "45").code == 0
    assert notes(evening) == {"one": 45}
    assert run("log", "undo").code == 0
    assert notes(evening) == {"one": 30}
    assert first not in (evening / "progress.jsonl").read_text()


def test_the_editor_opens_the_day_and_the_change_is_committed(
    evening: Path, run: Runner, git: Git, editor: Editor
) -> None:
    add(run, "one")
    change = "text = text.replace('30m', '40m') + '  and a second line\\n'"
    edited = run("log", "edit", env=editor(change))
    assert edited.code == 0, edited.err
    assert "log/2026/2026-11-21.md: 1 session" in edited.out
    assert notes(evening) == {"one\nand a second line": 40}
    assert git(evening, "status", "--porcelain") == ""
    assert "nothing was changed" in run("log", "edit", env=editor("pass")).out


def test_the_file_of_an_id_is_opened(evening: Path, run: Runner, editor: Editor) -> None:
    first = add(run, "one", "--at", "2026-11-01 09:00")
    edited = run("log", "edit", first, env=editor("text += 'prose\\n'"))
    assert "log/2026/2026-11-01.md" in edited.out


def test_a_mistake_is_named_with_its_line_and_committed_when_it_is_mended(
    evening: Path, run: Runner, git: Git, editor: Editor
) -> None:
    add(run, "one")
    head = git(evening, "rev-parse", "HEAD")
    edited = run("log", "edit", env=editor("text += '- 25:00+01:00 30m ^brokenline\\n'"))
    assert edited.code == 4
    file = evening / "log/2026/2026-11-21.md"
    assert f"{file}:4: is not a session line" in edited.out
    assert git(evening, "rev-parse", "HEAD") == head
    assert "^brokenline" in file.read_text(), "never dropped"
    mended = run("log", "edit", env=editor("text = text.replace('25:00', '15:00')"))
    assert mended.code == 0
    assert git(evening, "status", "--porcelain") == ""


def test_lines_written_without_an_id_get_one(evening: Path, run: Runner, editor: Editor) -> None:
    change = "text += '- 9:05 25m foundations/01 run\\n  by hand\\n- 10:00+02:00 15 min\\n'"
    edited = run("log", "edit", env=editor(change))
    assert edited.code == 0, edited.out
    assert "given an id: 2" in edited.out
    entries = book.read(Workspace(evening)).entries
    assert [(one.at.isoformat(), one.minutes, one.lesson, one.note) for one in entries] == [
        ("2026-11-21T10:00:00+02:00", 15, None, ""),
        ("2026-11-21T09:05:00+01:00", 25, "foundations/01", "by hand"),
    ]


def test_a_line_that_was_deleted_counts_as_undone(
    evening: Path, run: Runner, editor: Editor
) -> None:
    first = add(run, "one")
    add(run, "two")
    change = "text = text[: text.index('- ')] + text[text.rindex('- ') :]"
    edited = run("log", "edit", env=editor(change))
    assert f"Taken out: ^{first}" in edited.out
    undone = [event for event in events.read(Workspace(evening)) if event.kind == events.UNDONE]
    assert [event.data["entry"] for event in undone] == [first]
    assert f"fastcompanion log undo {undone[0].id}" in edited.out
    assert run("log", "undo", undone[0].id).code == 0
    assert notes(evening) == {"one": 30, "two": 30}


def test_lines_written_in_another_editor_get_an_id_too(
    evening: Path, run: Runner, editor: Editor
) -> None:
    add(run, "one")
    with (evening / "log/2026/2026-11-21.md").open("a") as file:
        file.write("- 10:00 15m\n")
    seen = run("log", "check")
    assert "is not a session line; write it like: - 19:30" in seen.out
    edited = run("log", "edit", env=editor("pass"))
    assert "given an id: 1" in edited.out
    assert run("log", "check").code == 0
    assert [one.minutes for one in book.read(Workspace(evening)).entries] == [15, 30]


def test_an_editor_that_fails_or_is_not_there_is_named(evening: Path, run: Runner) -> None:
    add(run, "one")
    missing = run("log", "edit", env={"EDITOR": "/no/such/editor"})
    assert missing.code == 5
    assert "/no/such/editor" in missing.err
    failing = run("log", "edit", env={"VISUAL": f"'{sys.executable}' -c 'raise SystemExit(3)'"})
    assert failing.code == 1
    assert "code 3" in failing.err
    assert run("log", "edit", env={"EDITOR": "'unbalanced"}).code == 2


def test_the_editor_that_git_knows_is_taken(
    evening: Path, run: Runner, git: Git, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    add(run, "one")
    git(evening, "config", "core.editor", editor("text += '  more\\n'")["EDITOR"])
    assert run("log", "edit").code == 0
    assert notes(evening) == {"one\nmore": 30}
