"""Other people's repositories: clone, refresh, look into their history. Real git as a process.

Clones are blobless (`--filter=blob:none`): the whole history without the files' old contents, and
the files of one pinned commit. Questions about the history then need no network. A clone appears
under its final name only when it is complete; whatever fails on the way leaves nothing behind.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from fastcompanion.base import clock, process, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.process import Completed
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter

PARTIAL_PREFIX = ".partial-"
_DAY = 86_400.0
_GIT_MISSING = "fastcompanion doctor git"
# A server that sends less than 100 bytes a second for half a minute has stopped answering.
_PATIENCE = {"GIT_HTTP_LOW_SPEED_LIMIT": "100", "GIT_HTTP_LOW_SPEED_TIME": "30"}
# Line ends stay as they are, so that content hashes agree on every system; no hooks of anybody.
_SETTINGS = ("core.autocrlf=false", f"core.hooksPath={os.devnull}", "advice.detachedHead=false")
# Patterns stay text and are compiled at their first use: most commands never come here.
_PROGRESS = r"([A-Z][\w ]+):\s+(\d+)% \([^)]*\)(?:, ([\d.]+ \w+))?"
# What part of the way each of git's phases is: where it begins and how long it is.
_PHASES = {"Receiving objects": (0, 90), "Resolving deltas": (90, 5), "Updating files": (90, 10)}
_COMMIT = "[0-9a-f]{7,64}"
_NETWORK = (
    r"could ?n[o']t (resolve|connect|read from remote)|failed to connect|early eof|rpc failed"
    r"|connection (refused|timed|reset|closed|was)|timed out|timeout|remote end hung up"
    r"|unexpected disconnect|network is unreachable|no route to host|operation too slow|empty reply"
    r"|transfer closed|unable to (connect|look up|access)|temporary failure|recv failure"
    r"|\bssl\b|\btls\b|error: 5\d\d|\bproxy\b|unexpected end of file"
)
_LACKING = r"not our ref|could not fetch [0-9a-f]+ from promisor|unable to read (tree|[0-9a-f])"
# So many ids fit on a command line of Windows.
_BATCH = 500
_NEEDED = ("*.ipynb", "*.py", "*.csv", "*.txt")
_REFUSED = (
    r"could not read username|authentication failed|repository .*not found|error: 40[134]"
    r"|permission denied|does not appear to be a git repository|access denied|not exist"
)


@frozen
class Place:
    """Where a folder stands in a repository: its root, commit, and the address it came from."""

    root: Path
    commit: str
    url: str


def is_commit(ref: str) -> bool:
    """Tell whether a name looks like a commit's id, whole or shortened."""
    return bool(re.fullmatch(_COMMIT, ref))


def ask(url: str, ref: str = "") -> str | None:
    """Ask a remote repository which commit a branch or tag (default: its HEAD) stands for.

    None: it has no such branch or tag. Raises exit 5 when it can't be reached.
    """
    wanted = (
        (f"refs/heads/{ref}", f"refs/tags/{ref}", f"refs/tags/{ref}^{{}}") if ref else ("HEAD",)
    )
    done = _git(["ls-remote", "--quiet", "--", url, *wanted])
    if done.code != 0:
        raise _failure(done, url)
    found = {name: commit for commit, name in (line.split("\t") for line in _rows(done.out))}
    # An annotated tag is an object of its own; ^{} names the commit it stands for.
    return next(
        (found[name] for name in (*wanted[:1], *reversed(wanted[1:])) if name in found), None
    )


def clone(url: str, folder: Path, *, ref: str = "", reporter: Reporter = SILENT) -> str:
    """Clone a repository into `folder`, pinned to a branch, tag or commit; give the commit's id."""
    with _partial(folder) as work:
        _clone_history(url, work, reporter)
        commit = _resolve(work, ref, url)
        _check_out(work, commit, url, reporter)
        _into_place(work, folder)
    return commit


def refresh(
    old: Path, folder: Path, url: str, *, ref: str = "", reporter: Reporter = SILENT
) -> str:
    """Make the clone `folder` out of the clone `old` and what is new; `old` stays as it is."""
    with _partial(folder) as work:
        words = [*_cloning(), "--quiet", "--local", "--no-checkout", "--", str(old), str(work)]
        _must(_git(words), url)
        for key, value in (
            ("remote.origin.url", url),
            ("remote.origin.promisor", "true"),
            ("remote.origin.partialclonefilter", "blob:none"),
        ):
            _must(_git(["config", key, value], work), url)
        branches = "+refs/heads/*:refs/remotes/origin/*"
        fetch = ["fetch", "--progress", "--prune", "--tags", "--force", "origin", branches]
        _must(_watched(fetch, work, "Fetching what is new", reporter), url)
        _must(_git(["remote", "set-head", "origin", "--auto"], work), url)
        commit = _resolve(work, ref, url)
        _check_out(work, commit, url, reporter)
        _into_place(work, folder)
    return commit


def check_out(folder: Path, commit: str, path: str) -> bool:
    """Put one file of a clone back as it is in the pinned commit; whether that worked."""
    return _git(["checkout", "--quiet", commit, "--", path], folder).code == 0


def origin(folder: Path) -> str:
    """Give the address that a clone was made from, or nothing."""
    done = _git(["config", "--get", "remote.origin.url"], folder)
    return done.out.strip() if done.code == 0 else ""


def resolve(folder: Path, ref: str) -> str | None:
    """Give the commit that a branch, tag or id stands for in a clone, without the network."""
    names = (f"refs/remotes/origin/{ref}", f"refs/tags/{ref}", ref) if ref else ("HEAD",)
    for name in names:
        done = _git(
            ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"], folder
        )
        if done.code == 0:
            return done.out.strip()
    return None


def place(folder: Path) -> Place | None:
    """Say which repository, commit and origin a folder belongs to; None: no repository."""
    if process.which("git") is None:
        return None
    top = _git(["rev-parse", "--show-toplevel"], folder)
    commit = _git(["rev-parse", "--verify", "--quiet", "HEAD"], folder)
    if top.code != 0 or commit.code != 0 or not top.out.strip():
        return None
    return Place(Path(top.out.strip()), commit.out.strip(), origin(folder))


def is_bare(folder: Path) -> bool:
    """Tell whether a folder is a repository without files of its own (a server's, a mirror's)."""
    return all((folder / name).exists() for name in ("HEAD", "objects", "refs"))


def last_change(folder: Path, path: str, commit: str = "HEAD") -> datetime | None:
    """Say when a file was last changed, seen from a commit; no network, no file contents needed."""
    words = ["log", "-1", "--no-renames", "--format=%cI", commit or "HEAD", "--", path]
    done = _git(words, folder)
    line = done.out.strip()
    return clock.parse(line, origin="git's date") if done.code == 0 and line else None


@contextmanager
def _partial(folder: Path) -> Iterator[Path]:
    """Give a name beside `folder` to work under; what is left there is removed."""
    if process.which("git") is None:
        raise CompanionError("git is not installed", hint=_GIT_MISSING, code=Exit.MISSING)
    work = folder.parent / f"{PARTIAL_PREFIX}{clock.new_id()}"
    store.make_folder(folder.parent)
    _sweep(folder.parent)
    try:
        yield work
    finally:
        if work.exists():
            store.remove(work)


def _sweep(folder: Path) -> None:
    """Remove what a killed program left behind, when it is too old to be under way."""
    for left in folder.glob(f"{PARTIAL_PREFIX}*"):
        if clock.now().timestamp() - left.stat().st_mtime > _DAY:
            store.remove(left)


def _into_place(work: Path, folder: Path) -> None:
    # Another process may have made the same clone meanwhile: one is as good as the other.
    if not folder.exists():
        store.move(work, folder)


def _cloning() -> list[str]:
    return ["clone", *(word for setting in _SETTINGS for word in ("-c", setting))]


def _clone_history(url: str, work: Path, reporter: Reporter) -> None:
    words = [*_cloning(), "--progress", "--no-checkout", "--", url, str(work)]
    blobless = [*words[:1], "--filter=blob:none", *words[1:]]
    done = _watched(blobless, None, "Fetching the history", reporter)
    if done.code != 0 and "filter" in done.out.lower() and not _says(_NETWORK, done.out):
        # An old server that stumbles over filters instead of ignoring them.
        store.remove(work)
        done = _watched(words, None, "Fetching everything", reporter)
    _must(done, url)


def _resolve(work: Path, ref: str, url: str) -> str:
    commit = resolve(work, ref)
    if (
        commit is None
        and is_commit(ref)
        and _git(["fetch", "--quiet", "origin", ref], work).code == 0
    ):
        commit = resolve(work, ref)
    if commit is None:
        problem = f"{url} has no branch, tag or commit {ref!r}" if ref else f"{url} is empty"
        raise CompanionError(problem, hint=f"git ls-remote {url}", code=Exit.USAGE)
    return commit


def _check_out(work: Path, commit: str, url: str, reporter: Reporter) -> None:
    _bring(work, commit, url, reporter)
    words = ["checkout", "--progress", "--force", "--detach", commit]
    done = _watched(words, work, "Writing the files", reporter)
    if done.code != 0 and _says(_LACKING, done.out) and not _says(_NETWORK, done.out):
        # A mirror without its largest files: what a course needs may be there all the same.
        _must(_git(["sparse-checkout", "set", "--no-cone", *_NEEDED], work), url)
        done = _watched(words, work, "Writing the notebooks", reporter)
        if done.code == 0:
            reporter.note(
                f"{url} lacks some of its files: only notebooks and small files are here."
            )
    _must(done, url)


def _bring(work: Path, commit: str, url: str, reporter: Reporter) -> None:
    """Fetch the contents of the commit's files; the checkout would do so too, but says nothing."""
    seen = _git(["rev-list", "--objects", "--missing=print", f"{commit}^{{tree}}"], work)
    missing = [line[1:] for line in seen.out.splitlines() if line.startswith("?")]
    fetch = ["-c", "fetch.negotiationAlgorithm=noop", "fetch", "--progress", "--no-tags"]
    fetch += ["--no-write-fetch-head", "--filter=blob:none", "origin"]
    for begin in range(0, len(missing), _BATCH):
        some = missing[begin : begin + _BATCH]
        done = _watched([*fetch, *some], work, f"Fetching {len(some)} files", reporter)
        if done.code != 0 and _says(_NETWORK, done.out):
            raise _failure(done, url)


def _environment() -> dict[str, str]:
    fixed = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "LANGUAGE": "C"}
    kept = {key: value for key, value in _PATIENCE.items() if key not in os.environ}
    return {**fixed, **kept}


def _git(words: Sequence[str], folder: Path | None = None) -> Completed:
    argv = ["git", *(["-C", str(folder)] if folder else []), *words]
    return process.run(argv, env=_environment(), check=False, missing_hint=_GIT_MISSING)


def _watched(
    words: Sequence[str], folder: Path | None, label: str, reporter: Reporter
) -> Completed:
    """Run git and show its percentages as one task of 100 steps for each of its phases."""
    argv = ["git", *(["-C", str(folder)] if folder else []), *words]
    with reporter.task(label, 100) as task:
        meter = _Meter(task.advance)
        return process.stream(argv, meter.line, env=_environment(), missing_hint=_GIT_MISSING)


class _Meter:
    """Turns git's lines ("Receiving objects:  45% (9/20), 1.2 MiB | 3 MiB/s") into 100 steps."""

    def __init__(self, advance: Callable[[int, str], None]) -> None:
        self._advance, self._phase, self._done = advance, "", 0

    def line(self, text: str) -> None:
        found = re.match(_PROGRESS, text)
        if not found or found[1] not in _PHASES:
            return
        begin, width = _PHASES[found[1]]
        step = max(begin + int(found[2]) * width // 100 - self._done, 0)
        self._done += step
        size = f", {found[3]}" if found[3] and int(found[2]) == 100 else ""
        told = f"{found[1].lower()}{size}" if found[1] != self._phase or size else ""
        self._phase = found[1]
        if step or told:
            self._advance(step, told)


def _rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if "\t" in line]


def _must(done: Completed, url: str) -> None:
    if done.code != 0:
        raise _failure(done, url)


def _failure(done: Completed, url: str) -> CompanionError:
    """Tell a network that is down (exit 5) from an address that is wrong, by git's words."""
    text = (done.err + "\n" + done.out).strip()
    last = _last_words(text)
    if _says(_REFUSED, text):
        return CompanionError(
            f"{url} can't be read: {last}",
            hint="Check the address. A private repository needs git credentials or an ssh key.",
            code=Exit.MISSING,
        )
    if _says(_NETWORK, text):
        return CompanionError(
            f"{url} can't be reached: {last}",
            hint="Check the network and try again; nothing was changed.",
            code=Exit.MISSING,
        )
    hint = "Free some space and try again." if "No space left" in text else f"git ls-remote {url}"
    return CompanionError(f"git failed on {url}: {last}", hint=hint)


def _says(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.IGNORECASE) is not None


def _last_words(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("fatal:", "error:"))]
    chosen = (told or lines or ["no output"])[0]
    return chosen.removeprefix("fatal: ").removeprefix("error: ")
