"""Joining the learner's commits with those of another machine: rebased aside, then taken over.

The rebase happens in a work tree of its own. A conflict therefore never reaches the learner's
files, and what is staged or changed stays as it is; nobody's side is ever picked.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from fastcompanion.base import process, repo, store, workspace
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.process import Completed
from fastcompanion.base.records import frozen

_ENVIRONMENT = {"GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": "true", "LC_ALL": "C", "LANGUAGE": "C"}
_SECONDS = 300.0


@frozen
class Upstream:
    """Where a branch is pushed to: the remote's name and the branch there."""

    remote: str
    branch: str

    @property
    def ref(self) -> str:
        """What was last seen of it."""
        return f"refs/remotes/{self.remote}/{self.branch}"


@frozen
class Clash:
    """A file that both sides changed in one place; None: that side has deleted it."""

    file: str
    mine: str | None
    theirs: str | None


@frozen
class Joined:
    """The commit that holds both sides, or what stood in the way of it."""

    commit: str | None
    clashes: tuple[Clash, ...] = ()
    problem: str = ""


def remotes(root: Path) -> tuple[str, ...]:
    """Name the remotes."""
    return tuple(_git(root, "remote").out.split())


def upstream(root: Path, branch: str) -> Upstream | None:
    """Give the upstream of a branch."""
    remote = _git(root, "config", "--get", f"branch.{branch}.remote").out.strip()
    merge = _git(root, "config", "--get", f"branch.{branch}.merge").out.strip()
    if not remote or remote == "." or not merge.startswith("refs/heads/"):
        return None
    return Upstream(remote, merge.removeprefix("refs/heads/"))


def apart(root: Path, ref: str) -> tuple[int, int]:
    """Count the commits that we have and the other side lacks, and the other way round."""
    done = _git(root, "rev-list", "--left-right", "--count", f"HEAD...{ref}")
    if done.code != 0:
        own = _git(root, "rev-list", "--count", "HEAD").out.strip()
        return int(own or 0), 0
    mine, theirs = done.out.split()
    return int(mine), int(theirs)


def added_lines(root: Path, ref: str, folder: str) -> list[str]:
    """Give the lines below a folder that are new here against the other side, committed or not."""
    base = _git(root, "merge-base", "HEAD", ref).out.strip()
    empty = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    done = _git(root, "diff", "--unified=0", "--no-color", "--no-ext-diff", base or empty, "--", folder)  # fmt: skip
    return [line[1:] for line in done.out.split("\n") if line.startswith("+")]


Together = Callable[[str, str, str, str], str | None]


def join(root: Path, ref: str, *, folder: str, together: Together) -> Joined:
    """Put our commits on top of theirs, away from the learner's files.

    For each file below `folder` that both sides changed, `together` gets the texts of the common
    past, of ours, of theirs and of git's merge, and gives the right text where git's is not.
    """
    head, theirs = (_must(root, "rev-parse", name).out.strip() for name in ("HEAD", ref))
    if _git(root, "merge-base", "--is-ancestor", head, theirs).code == 0:
        return Joined(theirs)
    if _git(root, "merge-base", head, theirs).code != 0:
        return Joined(None, problem="the two sides have no commit in common")
    place = workspace.runtime_folder() / "study"
    try:
        _must(root, "worktree", "add", "-q", "--detach", str(place), head)
        joined = _rebased(place, theirs)
        if joined.commit is None:
            return joined
        return _mended(place, head, theirs, folder, together)
    finally:
        _git(root, "worktree", "remove", "--force", str(place))
        store.remove(place.parent)
        _git(root, "worktree", "prune")


def _rebased(place: Path, theirs: str) -> Joined:
    done = _git(place, "-c", "user.useConfigOnly=true", "-c", "rerere.enabled=false", "rebase", "-q", theirs)  # fmt: skip
    if done.code == 0:
        return Joined(_must(place, "rev-parse", "HEAD").out.strip())
    names = _git(place, "diff", "--name-only", "-z", "--diff-filter=U").out.split("\0")
    clashes = tuple(
        # While rebasing, "ours" is the other side and "theirs" is the commit of our own.
        Clash(name, mine=_side(place, 3, name), theirs=_side(place, 2, name))
        for name in names
        if name
    )
    _git(place, "rebase", "--abort")
    if re.search(r"tell me who you are|identity|useConfigOnly", done.err):
        raise CompanionError("git does not know who you are", hint=repo.IDENTITY_HINT)
    return Joined(None, clashes, "" if clashes else _words(done))


def _mended(place: Path, head: str, theirs: str, folder: str, together: Together) -> Joined:
    base = _must(place, "merge-base", head, theirs).out.strip()
    both = _changed(place, base, head, folder) & _changed(place, base, theirs, folder)
    mended = []
    for name in sorted(both):
        texts = [_text(place, commit, name) for commit in (base, head, theirs, "HEAD")]
        right = together(*texts)
        if right is not None:
            store.write_text(place / name, right)
            mended.append(name)
    if mended:
        _must(place, "add", "--", *mended)
        message = "Put the sessions of both machines together"
        _must(place, "-c", "user.useConfigOnly=true", "commit", "-q", "--no-verify", "-m", message)
    return Joined(_must(place, "rev-parse", "HEAD").out.strip())


def _changed(place: Path, base: str, commit: str, folder: str) -> set[str]:
    names = _must(place, "diff", "--name-only", "--no-renames", "-z", base, commit, "--", folder)
    return {name for name in names.out.split("\0") if name.endswith(".md")}


def _text(place: Path, commit: str, name: str) -> str:
    done = _git(place, "show", f"{commit}:{name}")
    return done.out if done.code == 0 else ""


def _side(place: Path, number: int, name: str) -> str | None:
    done = _git(place, "show", f":{number}:{name}")
    return done.out if done.code == 0 else None


def take_over(root: Path, branch: str, commit: str) -> str:
    """Let the branch stand at a commit, as a switch would: what is changed and not committed stays.

    Gives "" when it is done, else what git says; then nothing was changed.
    """
    done = _git(root, "checkout", "-q", "-B", branch, commit, "--")
    return "" if done.code == 0 else _words(done)


def _words(done: Completed) -> str:
    lines = [line.strip() for line in (done.err or done.out).splitlines() if line.strip()]
    return " ".join(line for line in lines if not line.startswith("hint:"))[:500]


def _must(root: Path, *words: str) -> Completed:
    done = _git(root, *words)
    if done.code != 0:
        raise CompanionError(f"git says: {_words(done)}", hint="git status", file=root)
    return done


def _git(root: Path, *words: str) -> Completed:
    return process.run(
        ["git", "-C", str(root), *words],
        env=_ENVIRONMENT,
        check=False,
        timeout=_SECONDS,
        missing_hint="fastcompanion doctor git",
        errors="surrogateescape",
    )
