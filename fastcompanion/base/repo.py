"""Git: the only importer of GitPython, which finds real git and runs it. Commits run git directly.

The rules of the house: only the act's own paths are staged and committed; the learner's staged
and dirty files stay as they are; when a commit can't be made the files are written all the same,
and the result says why and what to do. Nothing here invents an identity or deletes a lock.

GitPython's own index is not used: it sweeps in what the learner staged, skips hooks, signing and
filters, invents an identity, and loses commits when two processes commit at once.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastcompanion.base import clock, process
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.process import which
from fastcompanion.base.records import frozen

IDENTITY_HINT = (
    'git config --global user.name "Your Name" && git config --global user.email you@example.com'
)
_BUSY_MARKS = {
    "MERGE_HEAD": "merge",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
}
# Git makes up a name from the account when none is set; this forbids it.
_HONEST = ("-c", "user.useConfigOnly=true")
_LOCK_TRIES = 20
# Any of these makes git look elsewhere than in the folder's own .git.
_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
# An option for one call, so that asking takes no lock from a git of the learner.
_NO_LOCK = "--no-optional-locks"
_NOTHING = "nothing has changed"


@frozen
class CommitResult:
    """What became of a commit: its id, or the reason why there is none and the cure.

    `left_out` names paths of the act that were not committed because parts of them are staged by
    the learner. `wanted` is false where the learner's settings keep the files out of git.
    """

    made: bool
    sha: str | None = None
    reason: str = ""
    hint: str = ""
    left_out: tuple[str, ...] = ()
    wanted: bool = True

    @property
    def nothing(self) -> bool:
        """Whether there was nothing to commit, which is no failure."""
        return not self.made and self.reason == _NOTHING


@frozen
class RepoState:
    """What a commit would meet; `busy` names an operation under way, `problem` what git says."""

    exists: bool
    root: Path | None = None
    branch: str | None = None
    detached: bool = False
    busy: str | None = None
    identity: bool = False
    locked: bool = False
    bare: bool = False
    problem: str = ""
    folder: Path | None = None


@frozen
class _Said:
    """What git answered."""

    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        return self.err.strip() or self.out.strip()


@frozen
class _Changes:
    """The paths of an act as git sees them."""

    detached: bool
    branch: str | None
    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    partly_staged: tuple[str, ...] = ()


def _git() -> Any:
    if which("git") is None:
        raise _no_git()
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    import git

    return git


def _no_git() -> CompanionError:
    return CompanionError(
        "git is not installed", hint="fastcompanion doctor git", code=Exit.MISSING
    )


def _say(folder: Path, *words: str) -> _Said:
    """Run real git in a folder; never asks for anything, never raises for what git refuses."""
    runner = _git().Git(folder)
    with runner.custom_environment(GIT_TERMINAL_PROMPT="0"):
        code, out, err = runner.execute(
            ["git", *words],
            with_extended_output=True,
            with_exceptions=False,
            strip_newline_in_stdout=False,
        )
    return _Said(int(code), _text(out), _text(err))


def _run(folder: Path, *words: str) -> _Said:
    """Run real git without GitPython, whose import takes longer than a commit.

    It stays in our terminal's session: a key that signs may have to ask for its pass phrase.
    """
    done = process.run(
        ["git", *words],
        cwd=folder,
        env={"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "LANGUAGE": "C"},
        check=False,
        same_session=True,
        errors="surrogateescape",
        missing_hint="fastcompanion doctor git",
    )
    return _Said(done.code, done.out, done.err)


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


def init(root: Path) -> None:
    """Make `root` a repository with the branch main; an existing one stays as it is."""
    said = _say(root, "init", "-q", "-b", "main")
    if said.code != 0:
        raise CompanionError(f"git could not make a repository: {said.words}", file=root)


def state(root: Path) -> RepoState:
    """Say what a commit would meet in the repository that `root` lies in."""
    place = _say(root, "rev-parse", "--absolute-git-dir", "--is-bare-repository")
    if place.code != 0:
        return RepoState(False, problem="" if _no_repository(place.err) else place.words)
    folder, bare = place.out.splitlines()[:2]
    if bare == "true":
        return RepoState(True, Path(folder), bare=True, folder=Path(folder))
    top = _say(root, "rev-parse", "--show-toplevel")
    head = _say(root, "symbolic-ref", "-q", "--short", "HEAD")
    return RepoState(
        exists=True,
        root=Path(top.out.rstrip("\n")) if top.code == 0 else None,
        branch=head.out.strip() or None,
        detached=head.code != 0,
        busy=_busy(Path(folder)),
        identity=identity(root),
        folder=Path(folder),
        locked=(Path(folder) / "index.lock").exists(),
    )


def _no_repository(words: str) -> bool:
    return "not a git repository" in words


def _busy(folder: Path) -> str | None:
    return next((name for mark, name in _BUSY_MARKS.items() if (folder / mark).exists()), None)


def version() -> tuple[int, ...]:
    """Give git's version, e.g. (2, 39, 5)."""
    words = _say(Path.cwd(), "version").out.split()
    numbers = [part for part in words[2].split(".") if part.isdigit()] if len(words) > 2 else []
    return tuple(map(int, numbers))


def identity(root: Path) -> bool:
    """Whether the learner told git a name and an address; a made-up one does not count."""
    idents = ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT")
    return all(_say(root, *_HONEST, "var", ident).code == 0 for ident in idents)


def editor(root: Path) -> str:
    """Give the editor that the learner set for git, "" without one."""
    return _run(root, "config", "--get", "core.editor").out.strip()


def unchanged(root: Path, paths: Sequence[Path]) -> list[Path]:
    """Give those of the paths that git tracks and that nobody has changed since."""
    clean = []
    for path in paths:
        tracked = _say(root, "ls-files", "--error-unmatch", "--", str(path)).code == 0
        if tracked and not _say(root, "status", "--porcelain", "--", str(path)).out:
            clean.append(path)
    return clean


def commit(root: Path, paths: Sequence[Path], message: str, *, whole: bool = False) -> CommitResult:
    """Commit just these paths (new, changed or gone) and nothing else of the learner's.

    A path of which the learner has staged a part is left out, as committing it would take the
    other part along; not so with `whole`, for files that we write. Ignored paths are left out.
    """
    names = [str(path) for path in paths]
    try:
        done = _at_once(root, names, message) if whole else None
        return done or _commit_if_free(root, names, message)
    except CompanionError as error:
        return CommitResult(False, reason=error.message, hint=error.hint)


def _commit_if_free(root: Path, paths: list[str], message: str) -> CommitResult:
    if which("git") is None:
        raise _no_git()
    said = _status(root, paths)
    folder = _own_folder(root) if said.code == 0 else None
    if folder is None:
        asked = ("--absolute-git-dir", "--is-bare-repository", "--show-toplevel")
        place = _run(root, "rev-parse", *asked)
        obstacle = _no_place(root, place)
        if obstacle is not None:
            return obstacle
        folder = Path(place.out.splitlines()[0])
    changes = _parsed(said)
    obstacle = _obstacle(_busy(folder), changes)
    if obstacle is not None:
        return obstacle
    if not changes.new and not changes.changed:
        return CommitResult(False, reason=_NOTHING)
    return _commit(root, folder, changes, message)


def _at_once(root: Path, paths: list[str], message: str) -> CommitResult | None:
    """Commit without asking for the state first: None where that has to be done.

    So an entry of the log takes one call of git where it would take two.
    """
    folder = _own_folder(root) if which("git") is not None else None
    if folder is None or _busy(folder) or not _first_line(folder / "HEAD").startswith("ref: "):
        return None
    said = _run(root, *_HONEST, "--literal-pathspecs", "commit", "-q", "-m", message, "--", *paths)
    if said.code == 0:
        return CommitResult(True, sha=_tip(root, folder))
    known = "did not match any file" not in said.err and not _held(said.err)
    return _refusal(said) if known else None


def _own_folder(root: Path) -> Path | None:
    """Give the .git of a plain repository without asking git: None where it has to be asked."""
    folder = root / ".git"
    plain = (folder / "HEAD").is_file() and not any(name in os.environ for name in _ELSEWHERE)
    return folder if plain else None


def _no_place(root: Path, place: _Said) -> CommitResult | None:
    if place.code == 0:
        return None
    if place.out.splitlines()[1:2] == ["true"]:
        return CommitResult(
            False,
            reason="the repository is bare: it has no files to commit",
            hint="Clone it and work in the clone.",
        )
    if _no_repository(place.err):
        return CommitResult(
            False, reason="the study is not a git repository", hint=f"git -C '{root}' init"
        )
    if "dubious ownership" in place.err:
        return CommitResult(
            False,
            reason="git does not trust this folder, because another user owns it",
            hint=f"git config --global --add safe.directory '{root}'",
        )
    return CommitResult(False, reason=f"git says: {place.words}", hint="git status")


def _status(root: Path, paths: Sequence[str]) -> _Said:
    """Ask git for the branch and for the state of the paths, in one call."""
    options = ("--porcelain=v2", "--branch", "-z", "--no-renames", "--untracked-files=all")
    return _run(root, _NO_LOCK, "--literal-pathspecs", "status", *options, "--", *paths)


def _parsed(said: _Said) -> _Changes:
    if said.code != 0:
        raise CompanionError(f"git says: {said.words}", hint="git status")
    head = ""
    new: list[str] = []
    changed: list[str] = []
    partly: list[str] = []
    for line in said.out.split("\0"):
        kind, _, rest = line.partition(" ")
        if line.startswith("# branch.head "):
            head = line.removeprefix("# branch.head ")
        elif kind == "?":
            new.append(rest)
        elif kind == "1":
            fields = rest.split(" ", 7)
            both = "." not in fields[0]
            (partly if both else changed).append(fields[7])
        elif kind == "u":
            partly.append(rest.split(" ", 9)[9])
    detached = head == "(detached)"
    return _Changes(detached, None if detached else head, tuple(new), tuple(changed), tuple(partly))


def _obstacle(busy: str | None, changes: _Changes) -> CommitResult | None:
    if busy:
        return CommitResult(
            False,
            reason=f"a {busy} is under way",
            hint=f"Finish it with: git {busy} --continue",
        )
    if changes.detached:
        return CommitResult(
            False,
            reason="HEAD is detached, so a commit would belong to no branch",
            hint="git switch main",
        )
    if changes.partly_staged and not changes.new and not changes.changed:
        names = ", ".join(changes.partly_staged)
        return CommitResult(
            False,
            reason=f"you have staged a part of {names}",
            hint="Commit or unstage it: git commit",
            left_out=changes.partly_staged,
        )
    return None


def _commit(root: Path, folder: Path, changes: _Changes, message: str) -> CommitResult:
    said = _Said(1, "", "")
    for attempt in range(_LOCK_TRIES):
        said = _commit_once(root, changes, message)
        if said.code == 0 or not _held(said.err):
            break
        clock.pause(0.02 * (attempt + 1) * (1 + os.getpid() % 7 / 7))
    if said.code == 0:
        return CommitResult(True, sha=_tip(root, folder), left_out=changes.partly_staged)
    return _refusal(said)


def _tip(root: Path, folder: Path) -> str:
    """Give the commit of HEAD; a branch that was just committed to has a file of its own."""
    head = _first_line(folder / "HEAD")
    own = _first_line(folder / head.removeprefix("ref: ")) if head.startswith("ref: ") else ""
    return own or _run(root, "rev-parse", "HEAD").out.strip()


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _held(words: str) -> bool:
    return ".lock" in words and ("File exists" in words or "cannot lock" in words)


def _commit_once(root: Path, changes: _Changes, message: str) -> _Said:
    new = _from_top(changes.new)
    if new:
        added = _run(root, "add", "--", *new)
        if added.code != 0:
            return added
    own = (*new, *_from_top(changes.changed))
    said = _Said(1, "", "interrupted")
    try:
        said = _run(root, *_HONEST, "commit", "-q", "-m", message, "--", *own)
    finally:
        if said.code != 0 and new:
            _run(root, "rm", "--cached", "-q", "-f", "--ignore-unmatch", "--", *new)
    return said


def _from_top(names: Sequence[str]) -> tuple[str, ...]:
    """Spell names that git gave, which begin at the top of the work tree; wildcards mean themselves."""
    return tuple(f":(top,literal){name}" for name in names)


def _refusal(said: _Said) -> CommitResult:
    words = said.words
    if "tell me who you are" in words or "identity" in words or "useConfigOnly" in words:
        return CommitResult(False, reason="git does not know who you are", hint=IDENTITY_HINT)
    if _held(words):
        lock = words.partition("'")[2].partition("'")[0]
        hint = f"When no git is running any more, delete {lock}" if lock else "git status"
        return CommitResult(False, reason="another git process holds the lock", hint=hint)
    if any(sign in words for sign in ("failed to sign", "gpg", "load public key", "signing")):
        return CommitResult(
            False, reason=f"git could not sign the commit: {words}", hint="git commit"
        )
    if "nothing to commit" in words or "no changes added" in words:
        return CommitResult(False, reason=_NOTHING)
    return CommitResult(
        False, reason=f"git or one of its hooks refused the commit: {words}", hint="git status"
    )


def head(root: Path) -> str:
    """Give the short id of the last commit, empty where there is none."""
    said = _run(root, "rev-parse", "--short", "HEAD")
    return said.out.strip() if said.code == 0 else ""


def changed(root: Path) -> tuple[str, ...]:
    """Name the tracked files that differ from the last commit, staged or not."""
    said = _say(root, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=no")
    if said.code != 0:
        raise CompanionError(f"git says: {said.words}", hint="git status", file=root)
    return tuple(line[3:] for line in said.out.split("\0") if line)


def versions(root: Path, name: str) -> list[str]:
    """Give the texts that a file has had in the commits of this branch, the oldest first."""
    commits = _say(root, "log", "--reverse", "--format=%H", "--", name).out.split()
    found = [_say(root, "show", f"{commit_}:./{name}") for commit_ in commits]
    return [said.out for said in found if said.code == 0]


def renames(root: Path) -> dict[str, str]:
    """Say under which name files go on that were renamed in the commits of this branch."""
    options = (
        "--reverse",
        "--format=",
        "--name-status",
        "-z",
        "--diff-filter=R",
        "-M",
        "--relative",
    )
    words = _say(root, "log", *options).out.split("\0")
    pairs = [words[place + 1 : place + 3] for place, word in enumerate(words) if word[:1] == "R" and word[1:].isdigit()]  # fmt: skip
    now: dict[str, str] = {}
    for old, new in (pair for pair in pairs if len(pair) == 2):
        now = {was: new if name == old else name for was, name in now.items()} | {old: new}
    return now


def merged(root: Path, mine: Path, base: Path, theirs: Path) -> tuple[str, int]:
    """Merge three versions of a file as git does; gives the text, and how many places clash."""
    labels = ("-L", "yours", "-L", "as it was made", "-L", "the new template")
    said = _say(root, "merge-file", "-p", *labels, str(mine), str(base), str(theirs))
    if said.code > 127:
        raise CompanionError(f"git could not merge: {said.words}", file=mine)
    return said.out, said.code


def begin_branch(root: Path, name: str) -> None:
    """Make a branch here and go to it; one of this name that has been merged is made anew."""
    there = _say(root, "rev-parse", "-q", "--verify", f"refs/heads/{name}").code == 0
    if there and _say(root, "merge-base", "--is-ancestor", name, "HEAD").code != 0:
        raise CompanionError(
            f"there is a branch {name} that has not been merged",
            hint=f"git merge {name}, or, to drop it: git branch -D {name}",
            file=root,
        )
    said = _say(root, "switch", "-q", "-C" if there else "-c", name)
    if said.code != 0:
        raise CompanionError(f"git could not make a branch: {said.words}", file=root)


def announce(root: Path, paths: Sequence[Path]) -> None:
    """Tell git of new files, so that `commit -a` takes them along and leaving the branch removes them.

    What the learner's settings keep out of git stays out.
    """
    new = _parsed(_status(root, [str(path) for path in paths])).new if paths else ()
    if not new:
        return
    top = Path(_say(root, "rev-parse", "--show-toplevel").out.rstrip("\n"))
    said = _say(top, "--literal-pathspecs", "add", "-N", "--", *new)
    if said.code != 0:
        raise CompanionError(f"git could not take new files: {said.words}", file=root)


def drop_branch(root: Path, name: str, back: str) -> None:
    """Go back to a branch and forget another one with all that was changed on it."""
    for words in (("switch", "-q", "-f", back), ("branch", "-q", "-D", name)):
        said = _say(root, *words)
        if said.code != 0:
            raise CompanionError(
                f"git could not go back from the branch {name} to {back}: {said.words}",
                hint=f"git switch -f {back} && git branch -D {name}",
                file=root,
            )
