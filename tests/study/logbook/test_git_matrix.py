"""Logging in every odd state of a repository: the line is written, the reason is said, nothing is lost."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import repo
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.logbook import book

Runner = Callable[..., Any]
Git = Callable[..., str]
State = Callable[[Path, Git], Callable[[], object]]


def no_identity(study: Path, git: Git) -> Callable[[], object]:
    settings = Path(os.environ["GIT_CONFIG_GLOBAL"])
    kept = settings.read_text()
    settings.write_text("[init]\n\tdefaultBranch = main\n")
    return lambda: settings.write_text(kept)


def detached(study: Path, git: Git) -> Callable[[], object]:
    git(study, "switch", "-q", "--detach")
    return lambda: git(study, "switch", "-q", "main")


def merging(study: Path, git: Git) -> Callable[[], object]:
    git(study, "switch", "-q", "-c", "other")
    (study / "README.md").write_text("there\n")
    git(study, "commit", "-q", "-am", "There")
    git(study, "switch", "-q", "main")
    (study / "README.md").write_text("here\n")
    git(study, "commit", "-q", "-am", "Here")
    git(study, "merge", "-q", "other", check=False)
    return lambda: git(study, "merge", "--abort")


def rebasing(study: Path, git: Git) -> Callable[[], object]:
    merging(study, git)()
    git(study, "rebase", "-q", "other", check=False)
    return lambda: git(study, "rebase", "--abort")


def hook(study: Path, git: Git) -> Callable[[], object]:
    path = study / ".git" / "hooks" / "pre-commit"
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\necho not on a Saturday >&2\nexit 1\n")
    path.chmod(0o755)
    return path.unlink


def signing(study: Path, git: Git) -> Callable[[], object]:
    git(study, "config", "commit.gpgsign", "true")
    git(study, "config", "gpg.program", "/no/such/gpg")
    return lambda: git(study, "config", "commit.gpgsign", "false")


def ssh_signing(study: Path, git: Git) -> Callable[[], object]:
    git(study, "config", "gpg.format", "ssh")
    git(study, "config", "user.signingkey", str(study / "no such key"))
    git(study, "config", "commit.gpgsign", "true")
    return lambda: git(study, "config", "commit.gpgsign", "false")


def locked(study: Path, git: Git) -> Callable[[], object]:
    path = study / ".git" / "index.lock"
    path.write_text("")
    return path.unlink


def no_repository(study: Path, git: Git) -> Callable[[], object]:
    (study / ".git").rename(study.parent / "away")
    return lambda: (study.parent / "away").rename(study / ".git")


STATES: dict[State, str] = {
    no_identity: "who you are",
    detached: "HEAD is detached",
    merging: "a merge is under way",
    rebasing: "a rebase is under way",
    hook: "not on a Saturday",
    signing: "could not sign",
    ssh_signing: "could not sign",
    locked: "holds the lock",
    no_repository: "not a git repository",
}


@pytest.mark.parametrize("first", [True, False], ids=["first of the day", "second of the day"])
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_the_line_is_written_and_committed_later(
    study: Path,
    run: Runner,
    git: Git,
    frozen: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    state: State,
    first: bool,
) -> None:
    frozen("2026-11-21T19:30:00+01:00")
    monkeypatch.setattr(repo, "_LOCK_TRIES", 2)
    (study / "draft.md").write_text("mine\n")
    if not first:
        assert run("log", "add", "before").code == 0
    mend = state(study, git)
    there = (study / ".git").exists()
    busy = state in (merging, rebasing)
    if there and not busy and state is not locked:
        git(study, "add", "draft.md")
    head = git(study, "rev-parse", "HEAD") if there else ""
    added = run("log", "add", "in the way")
    assert added.code == 0
    assert f"not committed: {STATES[state]}" in added.out or STATES[state] in added.out
    assert "Next: " in added.out
    text = (study / "log/2026/2026-11-21.md").read_text()
    assert "  in the way\n" in text
    if there:
        assert git(study, "rev-parse", "HEAD") == head
        assert "log/" not in git(study, "diff", "--cached", "--name-only")
    mend()
    after = run("log", "add", "after it")
    assert "not committed" not in after.out, after.out
    kept = git(study, "show", "HEAD:log/2026/2026-11-21.md")
    assert "in the way" in kept
    assert "after it" in kept
    assert "draft.md" not in git(study, "show", "--name-only", "--format=", "HEAD")
    notes = {entry.note for entry in book.read(Workspace(study)).entries}
    assert notes == {"in the way", "after it"} | (set() if first else {"before"})
    recorded = git(study, "show", "HEAD:progress.jsonl").splitlines()
    assert sum("session.logged" in line for line in recorded) == len(notes)


def test_a_lock_that_goes_away_is_waited_for(
    study: Path, run: Runner, git: Git, frozen: Callable[[str], None]
) -> None:
    frozen("2026-11-21T19:30:00+01:00")
    run("log", "add", "before")
    lock = study / ".git" / "index.lock"
    lock.write_text("")
    threading.Timer(0.3, lock.unlink).start()
    assert "not committed" not in run("log", "add", "waited").out
    assert "waited" in git(study, "show", "HEAD:log/2026/2026-11-21.md")


def test_what_was_edited_by_hand_goes_along_and_other_files_do_not(
    study: Path, run: Runner, git: Git, frozen: Callable[[str], None]
) -> None:
    frozen("2026-11-21T19:30:00+01:00")
    run("log", "add", "before")
    day = study / "log/2026/2026-11-21.md"
    day.write_text(day.read_text() + "Prose of mine.\n")
    git(study, "add", str(day))
    day.write_text(day.read_text() + "And more.\n")
    (study / "README.md").write_text("changed\n")
    assert "not committed" not in run("log", "add", "after").out
    kept = git(study, "show", "HEAD:log/2026/2026-11-21.md")
    assert "Prose of mine.\nAnd more.\n" in kept
    assert git(study, "status", "--porcelain") == " M README.md\n"


@pytest.mark.parametrize("marker", ["<<<<<<< HEAD", ">>>>>>> theirs", "||||||| base"])
def test_into_half_a_merge_nothing_is_written(
    study: Path, run: Runner, frozen: Callable[[str], None], marker: str
) -> None:
    frozen("2026-11-21T19:30:00+01:00")
    run("log", "add", "before")
    day = study / "log/2026/2026-11-21.md"
    day.write_text(f"{day.read_text()}{marker}\n")
    before = day.read_bytes()
    refused = run("log", "add", "after")
    assert refused.code == 1
    assert f"{day}:4: holds a merge conflict marker" in refused.err
    assert day.read_bytes() == before


@pytest.mark.parametrize("how", ["merge", "rebase"])
def test_two_machines_merge_by_hand_and_every_entry_is_there(
    study: Path, run: Runner, git: Git, frozen: Callable[[str], None], tmp_path: Path, how: str
) -> None:
    frozen("2026-11-21T19:30:00+01:00")
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", str(study), str(other))
    for number in range(4):
        for folder in (study, other):
            assert run("log", "add", f"{folder.name} {number}", cwd=folder).code == 0
    git(other, "fetch", "-q", "origin")
    git(other, how, "-q", "origin/main")
    entries = book.read(Workspace(other)).entries
    assert {entry.note for entry in entries} == {
        f"{name} {n}" for name in (study.name, other.name) for n in range(4)
    }
    assert run("log", "check", cwd=other).code == 0
    lines = (other / "progress.jsonl").read_text().splitlines()
    assert sum("session.logged" in line for line in lines) == 8


@pytest.mark.skipif(sys.platform == "win32", reason="locale names of POSIX")
def test_git_is_understood_in_any_language(
    study: Path, run: Runner, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LANG", "LC_ALL", "LANGUAGE"):
        monkeypatch.setenv(name, "de_DE.UTF-8")
    no_repository(study, git)
    assert "not a git repository" in run("log", "add", "x").out


def test_a_line_deleted_by_hand_stays_away_though_no_commit_holds_it(
    study: Path, run: Runner, git: Git, frozen: Callable[[str], None]
) -> None:
    frozen("2026-11-21T19:30:00+01:00")
    no_identity(study, git)
    assert run("log", "add", "said too much").code == 0
    path = next((study / "log").rglob("*.md"))
    path.write_text(path.read_text().partition("- ")[0])
    assert run("log", "add", "only this").code == 0
    text = path.read_text()
    assert "only this" in text
    assert "said too much" not in text
