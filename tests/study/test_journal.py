"""Day files: written, read, merged, mended by hand, taken back."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from fastcompanion.base import clock, events, repo
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.workspace import Workspace
from fastcompanion.study import journal
from fastcompanion.study.journal import Entry

Git = Callable[..., str]
DAY = date(2026, 11, 21)
ENTRY = Entry(
    "k3f9q2tzab",
    datetime.fromisoformat("2026-11-21T19:30:00+01:00"),
    90,
    "fastai-p1/05",
    "reproduce",
    "Retyped the notebook; stuck on broadcasting.\n\n- lr 3e-3\n<<<<<<< is what a conflict looks like",
)


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    root = tmp_path / "study"
    root.mkdir()
    (root / "fastcompanion.toml").write_text("version = 1\n")
    (root / ".gitattributes").write_text("log/**/*.md merge=union\n*.jsonl merge=union\n")
    (root / ".gitignore").write_text(".fastcompanion/\n")
    repo.init(root)
    assert repo.commit(root, [root / ".gitattributes", root / ".gitignore"], "Begin").made
    return Workspace(root)


def test_a_day_file_looks_like_the_design(ws: Workspace) -> None:
    path = journal.add(ws, ENTRY)
    assert path == ws.root / "log" / "2026" / "2026-11-21.md"
    lines = path.read_text().split("\n")
    assert lines[0] == "# 2026-11-21 Saturday"
    assert lines[1] == "- 19:30+01:00 90m fastai-p1/05 reproduce ^k3f9q2tzab"
    assert lines[2] == "  Retyped the notebook; stuck on broadcasting."


def test_what_is_written_is_read_again(ws: Workspace) -> None:
    bare = Entry("aaaaaaaa", datetime.fromisoformat("2026-11-21T08:05:00-03:30"), 5)
    guess = Entry(
        "bbbbbbbb", datetime.fromisoformat("2026-11-21T23:59:00+00:00"), 5, guessed=True, note="x"
    )
    for entry in (ENTRY, bare, guess):
        journal.add(ws, entry)
    log = journal.read(ws, [DAY])
    assert sorted(log.entries, key=lambda entry: entry.id) == [bare, guess, ENTRY]
    assert log.minutes == 100
    assert log.problems == ()
    assert journal.read(ws) == log


def test_adding_twice_changes_nothing(ws: Workspace) -> None:
    path = journal.add(ws, ENTRY)
    before = path.read_bytes()
    journal.add(ws, ENTRY)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("at", "name"),
    [
        ("2026-11-22T01:30:00+01:00", "2026-11-21"),
        ("2026-11-22T03:59:00+01:00", "2026-11-21"),
        ("2026-11-22T04:00:00+01:00", "2026-11-22"),
    ],
)
def test_the_night_belongs_to_the_day_before(ws: Workspace, at: str, name: str) -> None:
    entry = Entry("nnnnnnnn", datetime.fromisoformat(at), 30)
    assert journal.add(ws, entry).stem == name
    assert journal.read(ws).entries == (entry,)


@pytest.mark.parametrize(
    "line",
    [
        "- 25:10+01:00 90m ^aaaaaaaa",
        "- 19:30 90m ^aaaaaaaa",
        "- 19:30+01:00 ninety ^aaaaaaaa",
        "- 19:30+01:00 90m two words here ^aaaaaaaa",
        "- 9:30+01:00 90m",
        "- 19:30+99:00 90m ^aaaaaaaa",
    ],
)
def test_a_line_with_a_mistake_is_reported_and_stays(ws: Workspace, line: str) -> None:
    path = journal.add(ws, ENTRY)
    path.write_text(path.read_text() + line + "\n  my note\n")
    journal.add(ws, Entry("cccccccc", ENTRY.at, 10))
    log = journal.read(ws)
    assert {entry.id for entry in log.entries} == {ENTRY.id, "cccccccc"}
    (problem,) = log.problems
    number = path.read_text().split("\n").index(line) + 1
    assert (problem.file, problem.line, problem.text) == (str(path), number, line)
    assert line in path.read_text()


def test_prose_and_lists_of_the_learner_are_no_problem(ws: Workspace) -> None:
    path = journal.add(ws, ENTRY)
    path.write_text(path.read_text() + "\nA good day.\n\n- learned a lot\n* 3 things\n## More\n")
    log = journal.read(ws)
    assert log.entries == (ENTRY,)
    assert log.problems == ()


def test_a_missing_last_newline_is_mended(ws: Workspace) -> None:
    path = journal.add(ws, ENTRY)
    path.write_text(path.read_text().rstrip("\n"))
    journal.add(ws, Entry("cccccccc", ENTRY.at, 10))
    assert len(journal.read(ws).entries) == 2


def test_an_id_twice_with_other_words_is_reported(ws: Workspace) -> None:
    path = journal.add(ws, ENTRY)
    path.write_text(path.read_text() + journal.write(Entry(ENTRY.id, ENTRY.at, 5)))
    log = journal.read(ws)
    assert log.entries == (ENTRY,)
    assert "has the id" in log.problems[0].reason


def test_a_conflict_marker_is_an_error_with_its_line_and_nothing_is_added(ws: Workspace) -> None:
    path = journal.add(ws, ENTRY)
    path.write_text(
        "# 2026-11-21 Saturday\n<<<<<<< HEAD\n- 10:00+01:00 5m ^aaaaaaaa\n=======\n>>>>>>> x\n"
    )
    before = path.read_bytes()
    for act in (lambda: journal.read(ws), lambda: journal.add(ws, Entry("cccccccc", ENTRY.at, 1))):
        with pytest.raises(CompanionError) as caught:
            act()
        assert (caught.value.file, caught.value.line) == (str(path), 2)
    assert path.read_bytes() == before


def test_control_characters_and_windows_lines_do_not_reach_the_file(ws: Workspace) -> None:
    path = journal.add(ws, Entry("cccccccc", ENTRY.at, 10, note="a\x1b[31mred\r\nb\x00"))
    text = path.read_bytes()
    assert b"\x1b" not in text
    assert b"\r" not in text
    assert journal.read(ws).entries[0].note == "a[31mred\nb"


def test_an_entry_is_taken_back_and_its_neighbours_stay(ws: Workspace, git: Git) -> None:
    first = journal.keep(ws, Entry("aaaaaaaa", ENTRY.at, 10, note="keep me"))
    journal.keep(ws, ENTRY)
    journal.keep(ws, Entry("cccccccc", ENTRY.at, 10, note="me too"))
    undone = journal.undo(ws, "^" + ENTRY.id)
    assert undone.commit is not None
    assert undone.commit.made
    text = ws.day_file(DAY).read_text()
    assert "keep me" in text
    assert "me too" in text
    assert "broadcasting" not in text
    assert git(ws.root, "log", "-1", "--format=%s") == f"Undo {ENTRY.id}\n"
    for wanted in ("cccccccc", first.entry.id):
        entry = journal.undo(ws, wanted).entry
        assert entry is not None
        assert entry.id == wanted
    with pytest.raises(CompanionError, match="the last undo took an entry out"):
        journal.undo(ws)


def test_an_empty_log_has_nothing_to_undo(ws: Workspace) -> None:
    with pytest.raises(CompanionError, match="nothing to undo"):
        journal.undo(ws)


def test_two_machines_on_one_day_merge_without_a_conflict(
    ws: Workspace, git: Git, tmp_path: Path
) -> None:
    journal.keep(ws, Entry("aaaaaaaa", ENTRY.at, 10, note="the first"))
    other = Workspace(tmp_path / "other")
    git(tmp_path, "clone", "-q", str(ws.root), str(other.root))
    journal.keep(ws, Entry("bbbbbbbb", ENTRY.at, 20, note="here\n\nand here"))
    journal.undo(ws, "aaaaaaaa")
    journal.keep(other, Entry("cccccccc", ENTRY.at, 40, note="there\n\nand there"))
    for how in ("merge", "rebase"):
        copy = Workspace(tmp_path / how)
        shutil.copytree(other.root, copy.root)
        git(copy.root, "fetch", "-q", "origin")
        git(copy.root, how, "-q", "origin/main")
        log = journal.read(copy)
        assert {"bbbbbbbb", "cccccccc"} <= {entry.id for entry in log.entries}
        assert {entry.note for entry in log.entries} >= {"here\n\nand here", "there\n\nand there"}
        assert log.problems == ()
        undone = [event for event in events.read(copy) if event.kind == events.UNDONE]
        assert [event.data["entry"] for event in undone] == ["aaaaaaaa"]


def test_where_the_log_is_private_git_learns_nothing_of_it(ws: Workspace, git: Git) -> None:
    ws.settings.write_text("version = 1\n[privacy]\nlog = false\n")
    logged = journal.keep(ws, ENTRY)
    assert (ws.root / logged.file).exists()
    assert not ws.progress.exists()
    assert git(ws.root, "ls-files", "log", "progress.jsonl") == ""
    assert journal.undo(ws).entry == ENTRY


@pytest.mark.parametrize("crash_after", ["line", "event"])
def test_what_a_crash_left_undone_is_finished_once(ws: Workspace, crash_after: str) -> None:
    path = journal.add(ws, ENTRY)
    if crash_after == "event":
        data = {"entry": ENTRY.id, "minutes": 90, "step": "reproduce"}
        events.record(ws, "session.logged", ENTRY.lesson, data)
    before = path.read_bytes()
    for _ in range(2):
        journal.keep(ws, ENTRY)
    assert path.read_bytes() == before
    assert [event.data["entry"] for event in events.read(ws)] == [ENTRY.id]


def test_any_words_of_a_note_come_back(ws: Workspace) -> None:
    """Random notes of the characters that could break the format."""
    chance = clock.rng(7)
    pieces = [
        "- 10:00+01:00 5m ^abcdefgh",
        "#",
        "# x",
        "<<<<<<< x",
        "=======",
        ">>>>>>> y",
        "",
        " ",
        "\t",
        "a",
        "- b",
        "```",
        "^abcdefgh",
    ]
    entries = [
        Entry(f"note{n:04}", ENTRY.at, 1, note="\n".join(chance.choices(pieces, k=5)).strip())
        for n in range(200)
    ]
    for entry in entries:
        journal.add(ws, entry)
    found = {entry.id: entry.note for entry in journal.read(ws).entries}
    assert found.keys() == {entry.id for entry in entries}

    def plain(note: str) -> list[str]:
        return [line.rstrip() for line in note.split("\n")]

    assert all(plain(found[entry.id]) == plain(entry.note) for entry in entries)
    assert journal.read(ws).problems == ()
