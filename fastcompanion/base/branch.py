"""A branch of the learner's repository that is written from files elsewhere: real git, no work tree.

The new commit is put together in an index of its own, so HEAD, the learner's index, the staged files
and the work tree stay as they are, also while a merge is under way or HEAD is detached. Pushing never
asks for anything, never forces, and has a time limit.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from fastcompanion.base import clock, process, repo, store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.process import Completed
from fastcompanion.base.records import frozen

_HEADS = "refs/heads/"
_MISSING = "fastcompanion doctor git"
_ENVIRONMENT = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "LANGUAGE": "C", "GCM_INTERACTIVE": "never"}  # fmt: skip
_LOCAL_SECONDS, _NETWORK_SECONDS = 120.0, 120.0
# A server that takes or sends less than 100 bytes a second for half a minute has stopped answering.
_PATIENCE = {"GIT_HTTP_LOW_SPEED_LIMIT": "100", "GIT_HTTP_LOW_SPEED_TIME": "30"}
_LOCK_TRIES = 20
_REJECTED = (
    r"\[rejected\]|\[remote rejected\].*(?:fetch first|stale info)|non-fast-forward|fetch first"
)


@frozen
class Entry:
    """A file of a commit: its mode and the id of its content."""

    mode: str
    blob: str


@frozen
class Remote:
    """Where pushes go: the name that git knows, and the address."""

    name: str
    url: str


@frozen
class Pushed:
    """What became of a push: done, rejected because the other side has more, or why not."""

    done: bool
    rejected: bool = False
    reason: str = ""


def tip(root: Path, ref: str) -> str | None:
    """Give the commit that a full name such as refs/heads/gh-pages stands for."""
    done = _git(root, "rev-parse", "-q", "--verify", f"{ref}^{{commit}}")
    return done.out.strip() if done.code == 0 else None


def files(root: Path, commit: str) -> dict[str, Entry]:
    """Give the files of a commit by their paths."""
    done = _must(root, _git(root, "ls-tree", "-r", "-z", "--full-tree", commit))
    found = {}
    for line in done.out.split("\0"):
        about, _, name = line.partition("\t")
        if name:
            mode, _, blob = about.split(" ")[:3]
            found[name] = Entry(mode, blob)
    return found


def text(root: Path, commit: str, path: str) -> str | None:
    """Give the text of one file of a commit; None: it has no such file."""
    done = _git(root, "cat-file", "blob", f"{commit}:{path}")
    return done.out if done.code == 0 else None


def tree_of(root: Path, commit: str) -> str:
    """Give the id of a commit's tree: two commits with the same files have the same one."""
    return _must(root, _git(root, "rev-parse", f"{commit}^{{tree}}")).out.strip()


def make_tree(root: Path, own: Mapping[str, Path], kept: Mapping[str, Entry]) -> str:
    """Put a tree together from files on disk and from entries that are in git; gives its id.

    Contents go in as they are: no line ends are changed, no filter runs, no ignore file is asked.
    """
    names = sorted(own)
    if any("\n" in str(own[name]) for name in names):
        raise CompanionError("a file's name holds a line break, which git can't be told", file=root)
    hashed = _git(
        root, "hash-object", "-w", "--no-filters", "--stdin-paths",
        stdin="".join(f"{own[name]}\n" for name in names),
    )  # fmt: skip
    blobs = _must(root, hashed).out.split()
    entries = dict(kept)
    entries.update((name, Entry("100644", blob)) for name, blob in zip(names, blobs, strict=True))
    lines = "".join(f"{one.mode} {one.blob}\t{name}\0" for name, one in sorted(entries.items()))
    place = workspace.runtime_folder()
    try:
        index = {"GIT_INDEX_FILE": str(place / "index")}
        _must(root, _git(root, "update-index", "-z", "--index-info", stdin=lines, env=index))
        return _must(root, _git(root, "write-tree", env=index)).out.strip()
    finally:
        store.remove(place)


def make_commit(root: Path, tree: str, parent: str | None, message: str) -> str:
    """Make a commit of a tree on top of another commit, signed where the learner signs."""
    words = ["-c", "user.useConfigOnly=true", "commit-tree", tree, "-m", message]
    words += ["-p", parent] if parent else []
    signs = _git(root, "config", "--type=bool", "--get", "commit.gpgsign").out.strip() == "true"
    done = _git(root, *words, *(["-S"] if signs else []))
    if done.code == 0:
        return done.out.strip()
    if re.search(r"tell me who you are|identity|useConfigOnly", done.err):
        raise CompanionError(
            "git does not know who you are, so nothing was committed", hint=repo.IDENTITY_HINT
        )
    if re.search(r"failed to sign|gpg|load public key|signing", done.err):
        raise CompanionError(
            f"git could not sign the commit: {_last(done)}",
            hint="git config commit.gpgsign false (in this study), or unlock your key",
        )
    raise _failure(done, root)


def move(root: Path, name: str, new: str | None, old: str | None) -> None:
    """Let a branch stand at a commit (None: nowhere), if it stands where we saw it (None: nowhere)."""
    ref = f"{_HEADS}{name}"
    words = ["update-ref", "-m", "fastcompanion", ref, new or "", old or ""]
    words = words if new else ["update-ref", "-d", ref, old or ""]
    done = _git(root, *words)
    for attempt in range(_LOCK_TRIES):
        if done.code == 0 or ".lock" not in done.err:
            break
        clock.pause(0.02 * (attempt + 1))
        done = _git(root, *words)
    if done.code != 0:
        raise CompanionError(
            f"the branch {name} could not be moved: {_last(done)}",
            hint="If no git is running, try again: somebody else wrote the branch meanwhile.",
            file=root,
        )


def contains(root: Path, newer: str, older: str) -> bool:
    """Tell whether a commit holds another one in its history, or is the same."""
    return _git(root, "merge-base", "--is-ancestor", older, newer).code == 0


def checked_out(root: Path, name: str) -> bool:
    """Tell whether a branch is what some work tree of the repository shows."""
    done = _git(root, "worktree", "list", "--porcelain")
    return f"branch {_HEADS}{name}" in done.out.splitlines()


def remote(root: Path) -> Remote | None:
    """Give the remote that pushes of this repository go to; None: there is none, or no choice is clear."""
    names = _git(root, "remote").out.split()
    head = _git(root, "symbolic-ref", "-q", "--short", "HEAD").out.strip()
    keys = [f"branch.{head}.pushRemote", "remote.pushDefault", f"branch.{head}.remote"]
    told = [_git(root, "config", "--get", key).out.strip() for key in keys]
    wanted = next((one for one in (*told, "origin") if one in names), "")
    wanted = wanted or (names[0] if len(names) == 1 else "")
    if not wanted:
        return None
    url = _git(root, "remote", "get-url", "--push", wanted)
    return Remote(wanted, url.out.strip()) if url.code == 0 else None


@frozen
class Published:
    """Where a file can be read that was pushed as it is here: the remote's address, branch, path."""

    url: str
    branch: str
    path: str


def published(root: Path, file: Path) -> Published | None:
    """Tell where a file lies on the other side, by what was last seen of it; None: not as it is here.

    `root` is the top of the work tree. Nothing is fetched.
    """
    to = remote(root)
    head = _git(root, "symbolic-ref", "-q", "--short", "HEAD").out.strip()
    if to is None or not head or not file.resolve().is_relative_to(root.resolve()):
        return None
    merge = _git(root, "config", "--get", f"branch.{head}.merge").out.strip()
    there = merge.removeprefix(_HEADS) or head
    path = file.resolve().relative_to(root.resolve()).as_posix()
    seen = _git(root, "rev-parse", "-q", "--verify", f"refs/remotes/{to.name}/{there}:{path}")
    mine = _git(root, "hash-object", "--", str(file))
    if seen.code != 0 or mine.code != 0 or seen.out.strip() != mine.out.strip():
        return None
    return Published(to.url, there, path)


def put(root: Path, to: Remote, name: str, own: Mapping[str, Path], message: str) -> None:
    """Put files onto a branch that is ours alone, beside those that it has, and push it."""
    theirs = fetch(root, to, name)
    mine = tip(root, f"{_HEADS}{name}")
    tree = make_tree(root, own, files(root, theirs) if theirs else {})
    commit = make_commit(root, tree, theirs, message)
    move(root, name, commit, mine)
    said = push(root, to, name)
    if not said.done:
        move(root, name, mine, commit)
        raise CompanionError(
            f"{to.name} did not take the branch {name}: {said.reason}",
            hint=f"git push {to.name}   tells more; or leave --push out, and upload the file",
            code=Exit.MISSING,
        )


def push(root: Path, to: Remote, name: str) -> Pushed:
    """Push a branch; says whether the other side has commits that we lack."""
    done = _over_the_network(root, "push", "--porcelain", to.name, f"{_HEADS}{name}:{_HEADS}{name}")
    if done.code == 0:
        return Pushed(True)
    words = f"{done.out}\n{done.err}"
    return Pushed(False, bool(re.search(_REJECTED, words)), _last(done))


def fetch(root: Path, source: Remote, name: str) -> str | None:
    """Fetch a branch into refs/remotes/; gives its commit, None where the other side has none."""
    into = f"refs/remotes/{source.name}/{name}"
    done = _over_the_network(root, "fetch", "-q", "--no-tags", source.name, f"+{_HEADS}{name}:{into}")  # fmt: skip
    if done.code == 0:
        return tip(root, into)
    if "find remote ref" in done.err:
        return None
    raise CompanionError(
        f"{source.name} can't be read: {_last(done)}",
        hint=f"git fetch {source.name}",
        code=Exit.MISSING,
    )


def _over_the_network(root: Path, *words: str) -> Completed:
    """Run git with a time limit; a key that asks for its passphrase fails instead of waiting."""
    env = {}
    own = "GIT_SSH_COMMAND" in os.environ or "GIT_SSH" in os.environ
    if not own and _git(root, "config", "--get", "core.sshCommand").code != 0:
        env["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes -o ConnectTimeout=15"
    try:
        env |= {name: value for name, value in _PATIENCE.items() if name not in os.environ}
        return _git(root, *words, env=env, seconds=_NETWORK_SECONDS)
    except CompanionError as error:
        if error.code is Exit.MISSING:
            raise
        return Completed(words, 1, "", f"fatal: {error.message}", _NETWORK_SECONDS)


def _git(
    root: Path,
    *words: str,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    seconds: float = _LOCAL_SECONDS,
) -> Completed:
    return process.run(
        ["git", "-C", str(root), *words],
        env={**_ENVIRONMENT, **(env or {})},
        check=False,
        stdin=stdin,
        timeout=seconds,
        missing_hint=_MISSING,
    )


def _must(root: Path, done: Completed) -> Completed:
    if done.code != 0:
        raise _failure(done, root)
    return done


def _failure(done: Completed, root: Path) -> CompanionError:
    return CompanionError(f"git says: {_last(done)}", hint="git status", file=root)


def _last(done: Completed) -> str:
    """Give the line of git's answer that says most."""
    lines: Sequence[str] = [line.strip() for line in done.err.splitlines() if line.strip()]
    lines = lines or [line.strip() for line in done.out.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("fatal:", "error:", "remote:", "!"))]
    chosen = (told or lines or [f"exit {done.code}"])[0]
    return chosen.removeprefix("fatal: ").removeprefix("error: ")
