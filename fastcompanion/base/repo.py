"""Git: the only importer of GitPython. Inspection through it, changes only through real git.

The rules of the house: only the act's own paths are staged and committed; the learner's staged
and dirty files stay as they are; when a commit can't be made the files are written all the same,
and the result says why and what to do. Nothing here invents an identity or deletes a lock.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.process import which

if TYPE_CHECKING:
    import git

_IDENTITY_HINT = (
    'git config --global user.name "Your Name" && git config --global user.email you@example.com'
)


@dataclass(frozen=True)
class CommitResult:
    """What became of a commit: its id, or the reason why there is none and the cure."""

    made: bool
    sha: str | None = None
    reason: str = ""
    hint: str = ""


@dataclass(frozen=True)
class RepoState:
    """The state of a study's repository; `busy` names an operation that is under way."""

    exists: bool
    root: Path | None
    branch: str | None
    detached: bool
    busy: str | None
    identity: bool
    locked: bool


def _git() -> Any:
    if which("git") is None:
        raise CompanionError(
            "git is not installed", hint="fastcompanion doctor git", code=Exit.MISSING
        )
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    import git

    return git


def open_repo(folder: Path) -> git.Repo | None:
    """Open the repository that `folder` lies in, or None."""
    module = _git()
    try:
        return module.Repo(folder, search_parent_directories=True)  # type: ignore[no-any-return]
    except (module.InvalidGitRepositoryError, module.NoSuchPathError):
        return None


def init(root: Path) -> None:
    """Make `root` a repository with the branch main; an existing one stays as it is."""
    _git().Repo.init(root, initial_branch="main")


def state(root: Path) -> RepoState:
    """Say what a commit would meet in this repository now."""
    repo = open_repo(root)
    if repo is None:
        return RepoState(False, None, None, False, None, False, False)
    folder = Path(repo.git_dir)
    detached = repo.head.is_detached
    return RepoState(
        exists=True,
        root=Path(repo.working_tree_dir) if repo.working_tree_dir else None,
        branch=None if detached else repo.active_branch.name,
        detached=detached,
        busy=_busy(folder),
        identity=_identity(repo),
        locked=(folder / "index.lock").exists(),
    )


def _busy(folder: Path) -> str | None:
    marks = {
        "MERGE_HEAD": "merge",
        "rebase-merge": "rebase",
        "rebase-apply": "rebase",
        "CHERRY_PICK_HEAD": "cherry-pick",
        "REVERT_HEAD": "revert",
    }
    return next((name for mark, name in marks.items() if (folder / mark).exists()), None)


def _identity(repo: git.Repo) -> bool:
    try:
        repo.git.var("GIT_AUTHOR_IDENT")
    except _git().GitCommandError:
        return False
    reader = repo.config_reader()
    named = all(reader.has_option("user", key) for key in ("name", "email"))
    return named or all(os.environ.get(f"GIT_AUTHOR_{key}") for key in ("NAME", "EMAIL"))


def commit(root: Path, paths: Sequence[Path], message: str) -> CommitResult:
    """Commit just these paths (new, changed or gone) and nothing else of the learner's."""
    try:
        now = state(root)
    except CompanionError as error:
        return CommitResult(False, reason=error.message, hint=error.hint)
    obstacle = _obstacle(now)
    if obstacle:
        return obstacle
    repo = open_repo(root)
    assert repo is not None
    return _commit(repo, [str(path) for path in paths], message)


def _obstacle(now: RepoState) -> CommitResult | None:
    if not now.exists:
        return CommitResult(False, reason="the study is not a git repository", hint="git init")
    if not now.identity:
        return CommitResult(False, reason="git does not know who you are", hint=_IDENTITY_HINT)
    if now.busy:
        return CommitResult(
            False, reason=f"a {now.busy} is under way", hint=f"Finish it: git {now.busy} --continue"
        )
    if now.detached:
        return CommitResult(
            False, reason="HEAD is detached, a commit would be lost", hint="git switch main"
        )
    return None


def _commit(repo: git.Repo, paths: list[str], message: str) -> CommitResult:
    error: Exception | None = None
    for attempt in range(20):
        try:
            return _commit_once(repo, paths, message)
        except _git().GitCommandError as failure:
            error = failure
            if "index.lock" not in str(failure):
                break
            clock.pause(0.05 * (attempt + 1))
    text = str(getattr(error, "stderr", "") or error).strip()
    if "index.lock" in text:
        return CommitResult(
            False,
            reason="another git process holds the lock",
            hint=f"When no git is running: delete {Path(repo.git_dir) / 'index.lock'}",
        )
    return CommitResult(False, reason=f"git refused the commit: {text}", hint="git status")


def _commit_once(repo: git.Repo, paths: list[str], message: str) -> CommitResult:
    new = repo.git.ls_files("--others", "--exclude-standard", "--", *paths).splitlines()
    changed = repo.git.status("--porcelain", "--", *paths)
    if not changed:
        return CommitResult(False, reason="nothing has changed")
    if new:
        repo.git.add("--", *paths)
    try:
        repo.git.commit("-q", "-m", message, "--", *paths)
    except _git().GitCommandError:
        if new:
            repo.git.rm("--cached", "-q", "--ignore-unmatch", "--", *new)
        raise
    return CommitResult(True, sha=repo.head.commit.hexsha)
