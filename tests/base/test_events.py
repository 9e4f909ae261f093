"""Events: one call writes files, line and commit; reading is tolerant of merges and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fastcompanion.base import events, repo
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.workspace import Workspace

Git = Callable[..., str]


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    root = tmp_path / "s"
    root.mkdir()
    (root / "fastcompanion.toml").write_text("version = 1\n")
    (root / ".gitignore").write_text(".fastcompanion/\n*.run.ipynb\n")
    repo.init(root)
    assert repo.commit(root, [root / ".gitignore", root / "fastcompanion.toml"], "Begin").made
    return Workspace(root)


def committed(git: Git, ws: Workspace) -> set[str]:
    return set(git(ws.root, "show", "--name-only", "--format=").split())


def test_an_event_its_files_and_one_commit(ws: Workspace, git: Git) -> None:
    path = ws.notes("c/01")
    done = events.record(
        ws, "lesson.step_done", "c/01", {"step": "watch"}, files={path: "n\n"}, commit="Done"
    )
    assert done.commit is not None
    assert done.commit.made
    assert committed(git, ws) == {"progress.jsonl", "lessons/c/01/notes.md"}
    line = json.loads(ws.progress.read_text())
    assert sorted(line) == ["at", "data", "id", "kind", "lesson", "v"]
    assert events.read(ws) == [done.event]


def test_a_private_event_never_meets_git(ws: Workspace, git: Git) -> None:
    events.record(ws, "hint.shown", "c/01", {"level": 1}, private=True, commit="No")
    assert not ws.progress.exists()
    assert git(ws.root, "status", "--porcelain") == ""
    assert [event.kind for event in events.read(ws, private=True)] == ["hint.shown"]


def test_what_could_not_be_committed_goes_with_the_next_commit(ws: Workspace, git: Git) -> None:
    git(ws.root, "switch", "-q", "--detach")
    path = ws.notes("c/01")
    first = events.record(ws, "a", "c/01", files={path: "n\n"}, commit="One")
    assert first.commit is not None
    assert not first.commit.made
    assert path.exists()
    git(ws.root, "switch", "-q", "main")
    (ws.root / "mine.txt").write_text("not yours")
    second = events.record(ws, "b", commit="Two")
    assert second.commit is not None
    assert second.commit.made
    assert committed(git, ws) == {"progress.jsonl", "lessons/c/01/notes.md"}
    assert git(ws.root, "status", "--porcelain") == "?? mine.txt\n"
    assert not ws.uncommitted.exists()


def test_without_git_at_all_the_event_is_written(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    done = events.record(ws, "a", commit="One")
    assert done.commit is not None
    assert "git is not installed" in done.commit.reason
    assert len(events.read(ws)) == 1


@pytest.mark.parametrize(
    ("key", "left"),
    [("commit", set()), ("log", {"progress.jsonl", "n.scratch.ipynb", "splits.csv", "notes.md"}),
     ("notebooks", {"progress.jsonl", "2026-11-21.md", "notes.md"}),
     ("notes", {"progress.jsonl", "2026-11-21.md", "n.scratch.ipynb", "splits.csv"}),
     ("progress", {"2026-11-21.md", "n.scratch.ipynb", "splits.csv", "notes.md"})],
)  # fmt: skip
def test_privacy_decides_what_is_committed(
    ws: Workspace, git: Git, key: str, left: set[str]
) -> None:
    ws.settings.write_text(f"version = 1\n[privacy]\n{key} = false\n")
    files = {
        ws.root / "log/2026/2026-11-21.md": "x\n",
        ws.notebook("c/01", "n", "scratch"): "{}\n",
        ws.notebook("c/01", "n", "run"): "{}\n",
        ws.repeat_folder("c/01", "n") / "splits.csv": "id,part\n",
        ws.notes("c/01"): "x\n",
        ws.private / "secret": "x\n",
    }
    before = git(ws.root, "rev-parse", "HEAD")
    events.record(ws, "a", files=files, commit="One")
    assert all(path.exists() for path in files)
    new = set() if git(ws.root, "rev-parse", "HEAD") == before else committed(git, ws)
    assert {name.rpartition("/")[2] for name in new} == left


def test_merged_lines_are_read_once_and_in_order(ws: Workspace) -> None:
    for n in range(5):
        events.record(ws, "a", None, {"n": n})
    lines = ws.progress.read_text().splitlines()
    ws.progress.write_text("\n".join([*reversed(lines), lines[0], "", lines[3]]))
    assert [event.data["n"] for event in events.read(ws)] == [0, 1, 2, 3, 4]
    events.record(ws, "a", None, {"n": 5})
    assert len(events.read(ws)) == 6, "the torn last line was ended, not joined"


def test_an_unknown_kind_is_kept_and_an_undone_event_is_gone(ws: Workspace) -> None:
    kept = events.record(ws, "from.the.future").event
    gone = events.record(ws, "lesson.step_done", "c/01", {"step": "run"}).event
    undo = events.record(ws, events.UNDONE, None, {"id": gone.id}).event
    assert [event.id for event in events.read(ws)] == [kept.id, undo.id]
    events.record(ws, events.UNDONE, None, {"id": undo.id})
    assert gone.id in [event.id for event in events.read(ws)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            '{"v":2,"id":"abcdefghij","at":"2026-11-21T10:00:00+00:00","kind":"x","data":{}}',
            "newer",
        ),
        ('{"id":"abcdefghij","at":"2026-11-21T10:00:00+00:00","kind":"x"}', "no `version`"),
        ('{"v":1,"id":"abcdefghij","at":"2026-11-21T10:00:00","kind":"x"}', "lacks"),
        ('{"v":1,"id":"abcdefghij","at":"soon","kind":"x"}', "lacks"),
        ('{"v":1,"id":"abcdefghij","at":"2026-11-21T10:00:00+00:00"}', "lacks"),
        (
            '{"v":1,"id":"abcdefghij","at":"2026-11-21T10:00:00+00:00","kind":"x","data":[1]}',
            "lacks",
        ),
        (
            '{"v":1,"id":"abcdefghij","at":"2026-11-21T10:00:00+00:00","kind":"x","lesson":7}',
            "lacks",
        ),
        ("{not json", "JSON"),
        ("[1]", "not a JSON record"),
        ("<<<<<<< HEAD", "conflict marker"),
        ("=======", "JSON"),
    ],
)
def test_a_line_that_can_not_be_trusted_is_refused_and_kept(
    ws: Workspace, line: str, words: str
) -> None:
    events.record(ws, "a")
    ws.progress.write_text(ws.progress.read_text() + line + "\n")
    before = ws.progress.read_bytes()
    with pytest.raises(CompanionError, match=words) as caught:
        events.read(ws)
    assert caught.value.file == str(ws.progress)
    assert ws.progress.read_bytes() == before


def test_many_processes_write_every_line(ws: Workspace) -> None:
    program = (
        "import sys, pathlib\n"
        "from fastcompanion.base import events\n"
        "from fastcompanion.base.workspace import Workspace\n"
        "for n in range(50):\n"
        "    events.record(Workspace(pathlib.Path(sys.argv[1])), 'a', None, {'who': sys.argv[2]})\n"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", program, str(ws.root), name]) for name in "abc"
    ]
    assert [child.wait(120) for child in children] == [0, 0, 0]
    assert len(events.read(ws)) == 150
