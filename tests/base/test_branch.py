"""A branch written beside the work tree, with real git and real remotes on this disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from fastcompanion.base import branch
from fastcompanion.base.errors import CompanionError

Git = Callable[..., str]
PAGES = "refs/heads/gh-pages"


@pytest.fixture
def repository(tmp_path: Path, git: Git) -> Path:
    """One commit, one staged file, one changed file, one that git does not know."""
    root = tmp_path / "own"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    (root / ".gitignore").write_text("*.html\n")
    (root / ".gitattributes").write_text("* text eol=crlf\n")
    (root / "a.md").write_text("one\n")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "Begin")
    (root / "staged.md").write_text("staged\n")
    git(root, "add", "staged.md")
    (root / "a.md").write_text("two\n")
    (root / "unknown.md").write_text("unknown\n")
    return root


@pytest.fixture
def site(tmp_path: Path) -> dict[str, Path]:
    folder = tmp_path / "built"
    (folder / "posts/ünï").mkdir(parents=True)
    (folder / "index.html").write_bytes(b"<p>one\n<p>two\n")
    (folder / "posts/ünï/index.html").write_text("<p>post\n")
    (folder / ".nojekyll").write_bytes(b"")
    names = ("index.html", "posts/ünï/index.html", ".nojekyll")
    return {name: folder / name for name in names}


def looks(root: Path, git: Git) -> tuple[object, ...]:
    files = sorted(p for p in root.rglob("*") if p.is_file() and ".git" not in p.parts)
    state = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in files}
    index = (root / ".git/index").read_bytes()
    return state, index, git(root, "status", "--porcelain=v2", "--branch"), git(root, "rev-parse", "HEAD")  # fmt: skip


def put(root: Path, site: dict[str, Path], parent: str | None = None) -> str:
    tree = branch.make_tree(root, site, {})
    commit = branch.make_commit(root, tree, parent, "Publish")
    branch.move(root, "gh-pages", commit, parent)
    return commit


def test_nothing_of_the_learner_is_touched(
    repository: Path, site: dict[str, Path], git: Git
) -> None:
    git(repository, "update-index", "--refresh", "-q", check=False)
    before = looks(repository, git)
    commit = put(repository, site)
    assert looks(repository, git) == before
    assert branch.tip(repository, PAGES) == commit
    assert set(branch.files(repository, commit)) == set(site)
    # Neither the ignore file nor the attributes of the study had a say.
    shown = branch.text(repository, commit, "index.html")
    assert shown == "<p>one\n<p>two\n"
    assert branch.text(repository, commit, "none") is None


def test_the_same_files_are_the_same_tree(repository: Path, site: dict[str, Path]) -> None:
    commit = put(repository, site)
    assert branch.make_tree(repository, site, {}) == branch.tree_of(repository, commit)
    kept = branch.files(repository, commit)
    del site["index.html"]
    assert branch.make_tree(repository, site, kept) == branch.tree_of(repository, commit)


def test_without_a_name_nothing_is_made_up(
    repository: Path, site: dict[str, Path], git: Git, isolated: Path
) -> None:
    (isolated / ".gitconfig").write_text("")
    with pytest.raises(CompanionError, match="who you are"):
        put(repository, site)
    assert branch.tip(repository, PAGES) is None


def test_signing_that_fails_is_said(
    repository: Path, site: dict[str, Path], git: Git, tmp_path: Path
) -> None:
    git(repository, "config", "commit.gpgsign", "true")
    git(repository, "config", "gpg.format", "ssh")
    git(repository, "config", "user.signingkey", str(tmp_path / "none.pub"))
    with pytest.raises(CompanionError, match="sign"):
        put(repository, site)


def test_a_branch_that_moved_meanwhile_is_left_alone(
    repository: Path, site: dict[str, Path]
) -> None:
    first = put(repository, site)
    second = put(repository, site, first)
    with pytest.raises(CompanionError, match="moved"):
        branch.move(repository, "gh-pages", first, first)
    assert branch.tip(repository, PAGES) == second
    branch.move(repository, "gh-pages", None, second)
    assert branch.tip(repository, PAGES) is None


def test_a_push_a_rejection_and_a_fetch(
    repository: Path, site: dict[str, Path], git: Git, tmp_path: Path
) -> None:
    bare = tmp_path / "bare.git"
    git(tmp_path, "init", "-q", "--bare", str(bare))
    assert branch.remote(repository) is None
    git(repository, "remote", "add", "origin", str(bare))
    to = branch.remote(repository)
    assert to == branch.Remote("origin", str(bare))
    assert branch.fetch(repository, to, "gh-pages") is None
    first = put(repository, site)
    assert branch.push(repository, to, "gh-pages") == branch.Pushed(True)
    assert branch.fetch(repository, to, "gh-pages") == first
    # Another machine publishes.
    theirs = branch.make_commit(repository, branch.tree_of(repository, first), first, "Theirs")
    git(repository, "push", "-q", "origin", f"{theirs}:{PAGES}")
    mine = put(repository, site, first)
    refused = branch.push(repository, to, "gh-pages")
    assert (refused.done, refused.rejected) == (False, True)
    assert git(bare, "rev-parse", PAGES).strip() == theirs
    assert branch.fetch(repository, to, "gh-pages") == theirs
    assert branch.tip(repository, PAGES) == mine


@pytest.mark.skipif(os.name != "posix", reason="hooks are shell scripts here")
def test_a_hook_that_refuses_the_push_is_quoted(
    repository: Path, site: dict[str, Path], git: Git, tmp_path: Path
) -> None:
    git(tmp_path, "init", "-q", "--bare", str(tmp_path / "bare.git"))
    git(repository, "remote", "add", "origin", str(tmp_path / "bare.git"))
    hook = repository / ".git/hooks/pre-push"
    hook.write_text("#!/bin/sh\necho 'no pushes on Sundays' >&2\nexit 1\n")
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    put(repository, site)
    to = branch.remote(repository)
    assert to is not None
    refused = branch.push(repository, to, "gh-pages")
    assert not refused.done
    assert not refused.rejected
    assert refused.reason


def test_a_remote_that_is_not_there(repository: Path, site: dict[str, Path], git: Git) -> None:
    git(repository, "remote", "add", "origin", "http://127.0.0.1:9/own.git")
    put(repository, site)
    to = branch.remote(repository)
    assert to is not None
    refused = branch.push(repository, to, "gh-pages")
    assert (refused.done, refused.rejected) == (False, False)
    with pytest.raises(CompanionError, match="can't be read"):
        branch.fetch(repository, to, "gh-pages")


def test_the_branch_of_a_second_work_tree(
    repository: Path, site: dict[str, Path], git: Git, tmp_path: Path
) -> None:
    put(repository, site)
    assert not branch.checked_out(repository, "gh-pages")
    git(repository, "worktree", "add", "-q", str(tmp_path / "tree"), "gh-pages")
    assert branch.checked_out(repository, "gh-pages")
