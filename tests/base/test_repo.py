"""Commits in every odd state of a repository, with real git."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from fastcompanion.base import repo
from fastcompanion.base.errors import CompanionError

Git = Callable[..., str]


@pytest.fixture
def folder(tmp_path: Path, git: Git) -> Path:
    root = tmp_path / "mein Lernen ü"
    root.mkdir()
    repo.init(root)
    (root / "first").write_text("one\n")
    assert repo.commit(root, [root / "first"], "First").made
    return root


def head_files(git: Git, folder: Path) -> set[str]:
    return set(
        git(folder, "-c", "core.quotePath=off", "show", "--name-only", "--format=").split("\n")
    ) - {""}


def staged(git: Git, folder: Path) -> set[str]:
    return set(git(folder, "diff", "--cached", "--name-only").split())


def test_init_makes_the_branch_main_and_leaves_an_existing_repository_alone(
    folder: Path, git: Git
) -> None:
    before = git(folder, "rev-parse", "HEAD")
    repo.init(folder)
    assert git(folder, "rev-parse", "HEAD") == before
    assert repo.state(folder).branch == "main"


def test_a_new_a_changed_and_a_removed_file_are_one_commit(folder: Path, git: Git) -> None:
    (folder / "gone").write_text("x\n")
    assert repo.commit(folder, [folder / "gone"], "Add").made
    (folder / "first").write_text("two\n")
    (folder / "ne w").write_text("three\n")
    (folder / "gone").unlink()
    done = repo.commit(folder, [folder / name for name in ("first", "ne w", "gone")], "All")
    assert done.made
    assert done.sha == git(folder, "rev-parse", "HEAD").strip()
    assert head_files(git, folder) == {"first", "ne w", "gone"}
    assert git(folder, "status", "--porcelain") == ""


def test_what_the_learner_staged_or_changed_stays_as_it_is(folder: Path, git: Git) -> None:
    (folder / "dirty").write_text("a\n")
    git(folder, "add", "dirty")
    git(folder, "commit", "-qm", "dirty")
    (folder / "dirty").write_text("b\n")
    (folder / "staged").write_text("s\n")
    git(folder, "add", "staged")
    (folder / "loose").write_text("l\n")
    (folder / "ours").write_text("o\n")
    before = git(folder, "status", "--porcelain", "--", "dirty", "staged", "loose")
    assert repo.commit(folder, [folder / "ours"], "Ours").made
    assert head_files(git, folder) == {"ours"}
    assert git(folder, "status", "--porcelain", "--", "dirty", "staged", "loose") == before


def test_a_file_that_is_staged_in_part_is_left_to_the_learner(folder: Path, git: Git) -> None:
    (folder / "first").write_text("one\nstaged\n")
    git(folder, "add", "first")
    (folder / "first").write_text("one\nstaged\nnot staged\n")
    (folder / "ours").write_text("o\n")
    index = git(folder, "ls-files", "-s", "first")
    done = repo.commit(folder, [folder / "first", folder / "ours"], "Ours")
    assert done.made
    assert done.left_out == ("first",)
    assert head_files(git, folder) == {"ours"}
    assert git(folder, "ls-files", "-s", "first") == index
    alone = repo.commit(folder, [folder / "first"], "Ours")
    assert not alone.made
    assert "staged a part of first" in alone.reason
    assert git(folder, "ls-files", "-s", "first") == index


def test_an_ignored_file_is_not_committed(folder: Path, git: Git) -> None:
    (folder / ".gitignore").write_text("*.tmp\n")
    (folder / "a.tmp").write_text("x")
    done = repo.commit(folder, [folder / "a.tmp"], "No")
    assert done.nothing
    assert git(folder, "ls-files", "a.tmp") == ""


def test_a_name_with_wildcards_means_itself(folder: Path, git: Git) -> None:
    (folder / "[a]*").write_text("x")
    (folder / "another").write_text("x")
    assert repo.commit(folder, [folder / "[a]*"], "Odd").made
    assert head_files(git, folder) == {"[a]*"}


def test_without_an_identity_nothing_is_committed_nor_invented(
    folder: Path, git: Git, isolated: Path
) -> None:
    (isolated / ".gitconfig").write_text("")
    (folder / "ours").write_text("o\n")
    done = repo.commit(folder, [folder / "ours"], "Ours")
    assert not done.made
    assert "who you are" in done.reason
    assert "user.name" in done.hint
    assert not repo.state(folder).identity
    assert git(folder, "status", "--porcelain") == "?? ours\n"
    assert git(folder, "log", "--format=%an").split("\n")[0] == "Ada Learner"


def test_an_identity_from_the_environment_counts(
    folder: Path, isolated: Path, monkeypatch: pytest.MonkeyPatch, git: Git
) -> None:
    (isolated / ".gitconfig").write_text("")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Env")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "env@example.org")
    (folder / "ours").write_text("o\n")
    assert repo.state(folder).identity
    assert repo.commit(folder, [folder / "ours"], "Ours").made
    assert git(folder, "log", "-1", "--format=%an <%ae>") == "Env <env@example.org>\n"


def conflict(folder: Path, git: Git) -> None:
    git(folder, "switch", "-q", "-c", "other")
    (folder / "first").write_text("other\n")
    git(folder, "commit", "-qam", "other")
    git(folder, "switch", "-q", "main")
    (folder / "first").write_text("main\n")
    git(folder, "commit", "-qam", "main")


@pytest.mark.parametrize(
    ("operation", "name"),
    [("merge", "merge"), ("rebase", "rebase"), ("cherry-pick", "cherry-pick")],
)
def test_during_an_operation_nothing_is_committed(
    folder: Path, git: Git, operation: str, name: str
) -> None:
    conflict(folder, git)
    git(folder, operation, "other", check=False)
    (folder / "ours").write_text("o\n")
    before = git(folder, "status", "--porcelain")
    done = repo.commit(folder, [folder / "ours"], "Ours")
    assert not done.made
    assert f"a {name} is under way" in done.reason
    assert f"git {name} --continue" in done.hint
    assert git(folder, "status", "--porcelain") == before


def test_on_a_detached_head_nothing_is_committed(folder: Path, git: Git) -> None:
    git(folder, "switch", "-q", "--detach")
    (folder / "ours").write_text("o\n")
    done = repo.commit(folder, [folder / "ours"], "Ours")
    assert not done.made
    assert "detached" in done.reason
    assert repo.state(folder).detached
    assert git(folder, "status", "--porcelain") == "?? ours\n"


@pytest.mark.skipif(os.name != "posix", reason="hooks as shell scripts: not run here")
def test_a_failing_hook_leaves_the_file_written_and_not_staged(folder: Path, git: Git) -> None:
    hook = folder / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'no commits on a Saturday' >&2\nexit 1\n")
    hook.chmod(0o755)
    (folder / "ours").write_text("o\n")
    (folder / "first").write_text("changed\n")
    done = repo.commit(folder, [folder / "ours", folder / "first"], "Ours")
    assert not done.made
    assert "no commits on a Saturday" in done.reason
    assert git(folder, "status", "--porcelain") == " M first\n?? ours\n"
    hook.unlink()
    assert repo.commit(folder, [folder / "ours", folder / "first"], "Ours").made


def test_a_commit_that_can_not_be_signed_is_reported(folder: Path, git: Git) -> None:
    git(folder, "config", "commit.gpgsign", "true")
    git(folder, "config", "gpg.format", "ssh")
    git(folder, "config", "user.signingkey", str(folder / "no-such-key"))
    (folder / "ours").write_text("o\n")
    done = repo.commit(folder, [folder / "ours"], "Ours")
    assert not done.made
    assert "sign" in done.reason
    assert git(folder, "status", "--porcelain") == "?? ours\n"


def test_a_lock_is_waited_for_and_never_deleted(
    folder: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = folder / ".git" / "index.lock"
    lock.write_text("")
    (folder / "first").write_text("changed\n")
    threading.Timer(0.3, lock.unlink).start()
    assert repo.commit(folder, [folder / "first"], "Waited").made


def test_a_lock_that_stays_is_named(
    folder: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repo, "_LOCK_TRIES", 3)
    lock = folder / ".git" / "index.lock"
    lock.write_text("")
    (folder / "ours").write_text("o\n")
    done = repo.commit(folder, [folder / "ours"], "Ours")
    assert not done.made
    assert "lock" in done.reason
    assert str(lock) in done.hint
    assert lock.exists()
    assert repo.state(folder).locked


def test_no_repository_and_a_bare_one_are_told_apart(tmp_path: Path, git: Git) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    assert "not a git repository" in repo.commit(plain, [plain / "a"], "No").reason
    assert not repo.state(plain).exists
    git(tmp_path, "init", "-q", "--bare", "hub.git")
    assert "bare" in repo.commit(tmp_path / "hub.git", [tmp_path / "hub.git" / "a"], "No").reason
    assert repo.state(tmp_path / "hub.git").bare


def test_without_git_the_reason_says_so(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = repo.commit(folder, [folder / "first"], "No")
    assert not done.made
    assert "git is not installed" in done.reason


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root to change an owner")
def test_a_folder_of_another_user_names_the_cure(folder: Path) -> None:
    for path in (folder, folder / ".git"):
        os.chown(path, 65534, 65534)
    done = repo.commit(folder, [folder / "first"], "No")
    assert not done.made
    assert "does not trust" in done.reason
    assert f"safe.directory '{folder}'" in done.hint


def test_filters_and_line_ends_of_the_learner_apply(folder: Path, git: Git) -> None:
    (folder / ".gitattributes").write_text("*.txt text eol=lf\n")
    (folder / "c.txt").write_bytes(b"x\r\n")
    assert repo.commit(folder, [folder / "c.txt"], "Text").made
    assert git(folder, "cat-file", "blob", "HEAD:c.txt") == "x\n"


def test_two_processes_lose_nothing(folder: Path, git: Git, tmp_path: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from fastcompanion.base import events\n"
        "from fastcompanion.base.workspace import Workspace\n"
        "ws = Workspace(pathlib.Path(sys.argv[1]))\n"
        "for n in range(20):\n"
        "    path = ws.root / f'{sys.argv[2]}-{n}'\n"
        "    done = events.record(ws, 'test', None, {'n': n}, files={path: 'x'}, commit='Add')\n"
        "    assert done.commit.made or done.commit.nothing, done\n"
    )
    (folder / "fastcompanion.toml").write_text("version = 1\n")
    children = [
        subprocess.Popen([sys.executable, "-c", program, str(folder), name]) for name in ("a", "b")
    ]
    assert [child.wait(120) for child in children] == [0, 0]
    tree = git(folder, "ls-tree", "-r", "--name-only", "HEAD").split()
    assert sum(name[:2] in ("a-", "b-") for name in tree) == 40
    assert len((folder / "progress.jsonl").read_text().splitlines()) == 40
    git(folder, "fsck", "--no-dangling")


def test_a_commit_in_a_linked_worktree_and_in_a_subfolder(
    folder: Path, git: Git, tmp_path: Path
) -> None:
    git(folder, "worktree", "add", "-q", str(tmp_path / "tree"), "-b", "side")
    inner = tmp_path / "tree" / "sub"
    inner.mkdir()
    (inner / "ours").write_text("o\n")
    assert repo.commit(inner, [inner / "ours"], "Sub").made
    assert head_files(git, tmp_path / "tree") == {"sub/ours"}


def test_new_files_are_announced_but_not_those_that_the_learner_ignores(
    folder: Path, git: Git
) -> None:
    (folder / ".gitignore").write_text("own*\n")
    inner = folder / "in ner"
    inner.mkdir()
    for name in ("ours", "own"):
        (inner / name).write_text("o\n")
    repo.announce(inner, [inner / "ours", inner / "own"])
    assert git(folder, "ls-files").split("\n")[:2] == ["first", "in ner/ours"]
    (inner / "more").write_text("m\n")
    (folder / ".git" / "index.lock").touch()
    with pytest.raises(CompanionError, match="could not take new files"):
        repo.announce(inner, [inner / "more"])


def test_a_branch_that_can_not_be_left_is_told(folder: Path, git: Git) -> None:
    repo.begin_branch(folder, "new")
    with pytest.raises(
        CompanionError, match="could not go back from the branch new to gone"
    ) as told:
        repo.drop_branch(folder, "new", "gone")
    assert told.value.hint == "git switch -f gone && git branch -D new"
    repo.drop_branch(folder, "new", "main")
    assert repo.state(folder).branch == "main"
    assert git(folder, "branch", "--format=%(refname:short)").split() == ["main"]
