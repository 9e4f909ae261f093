"""Bringing the study together with its other machines: fetch, put own commits on top, check, push.

The log merges line by line, so two machines on one day are no conflict. Where anything else was
changed on both sides, nothing is changed here: both sides are shown, and the learner decides.
Without a connection everything stays on this machine and goes with the next sync.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from fastcompanion.base import branch, config, events, joining, repo, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.joining import Clash, Upstream
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import Reporter
from fastcompanion.base.workspace import Workspace
from fastcompanion.study import journal
from fastcompanion.study.logbook import book, checking, merging
from fastcompanion.study.logbook.checking import Checked

_TRIES = 3
# Somebody else's push got there a moment before ours.
_RACED = "cannot lock ref|failed to update ref"
_SESSION = re.compile(r"- \d\d:\d\d\S* \d+m.*\^[a-z0-9]{6,16}\s*")


@frozen
class Synced:
    """What came of it.

    `fetched` and `pushed` count commits, `waiting` the sessions that are on this machine alone.
    `reason` says why not all was done; `clashes` are the files that both sides changed.
    """

    remote: str
    branch: str
    fetched: int
    pushed: int
    waiting: int
    offline: bool
    reason: str
    clashes: tuple[Clash, ...]
    checked: Checked | None
    left_behind: tuple[str, ...] = ()


def sync(ws: Workspace, *, reporter: Reporter, dry_run: bool = False) -> Synced:
    """Fetch, rebase own commits, check, push. Never asks for a password, never picks a side."""
    name, to = _place(ws)
    if dry_run:
        mine, theirs = joining.apart(ws.root, to.ref)
        return _result(ws, to, fetched=theirs, pushed=mine, reason="")
    busy = "another sync of this study is under way"
    with store.lock(ws.lock("sync"), busy=busy, wait=1):
        commit_own(ws)
        for _ in range(_TRIES):
            done = _once(ws, name, to, reporter)
            if done is not None:
                return done
    return _result(ws, to, reason="the other side was changed again and again; try it once more")


def _place(ws: Workspace) -> tuple[str, Upstream]:
    """Find the branch and where it is pushed to, or explain what is missing."""
    state = repo.state(ws.root)
    if not state.exists:
        raise CompanionError("the study is not a git repository", hint=f"git -C '{ws.root}' init")
    if state.busy:
        hint = f"Finish it with: git {state.busy} --continue"
        raise CompanionError(f"a {state.busy} is under way", hint=hint)
    if state.branch is None:
        raise CompanionError(
            "HEAD is detached, so there is no branch to sync", hint="git switch main"
        )
    found = joining.upstream(ws.root, state.branch)
    if found is not None:
        return state.branch, found
    remotes = joining.remotes(ws.root)
    if remotes:
        raise CompanionError(
            f"the branch {state.branch} has no upstream: git does not know where to push it",
            hint=f"git push -u {'origin' if 'origin' in remotes else remotes[0]} {state.branch}",
            code=Exit.MISSING,
        )
    raise CompanionError(
        "the study has no other place yet: it is on this machine alone",
        hint="Make an empty repository at your git host, then: "
        f"git remote add origin ADDRESS && git push -u origin {state.branch}",
        code=Exit.MISSING,
    )


def commit_own(ws: Workspace) -> repo.CommitResult:
    """Commit what the program and the learner wrote into the log, the reviews and the events."""
    journal.bring_back(ws)
    own = [ws.progress, ws.log_folder, ws.weeks_folder, ws.review_folder]
    return events.commit_paths(ws, own, "Keep what was written by hand")


def _once(ws: Workspace, name: str, to: Upstream, reporter: Reporter) -> Synced | None:
    """Try it once; None when the other side was changed meanwhile."""
    remote = branch.Remote(to.remote, "")
    with reporter.task(f"Talking with {to.remote}"):
        try:
            there = branch.fetch(ws.root, remote, to.branch)
        except CompanionError as error:
            return _result(ws, to, offline=True, reason=error.message)
    fetched = joining.apart(ws.root, to.ref)[1] if there else 0
    if fetched:
        stopped = _join(ws, name, to)
        if stopped is not None:
            return stopped
    book.keep_picture(ws)
    checked = checking.check(ws)
    if any("conflict marker" in problem.reason for problem in checked.problems):
        reason = "a file holds a merge conflict marker; nothing was pushed"
        return _result(ws, to, fetched=fetched, reason=reason, checked=checked)
    return _push(ws, name, to, fetched, checked, reporter)


def _push(
    ws: Workspace, name: str, to: Upstream, fetched: int, checked: Checked, reporter: Reporter
) -> Synced | None:
    mine, _ = joining.apart(ws.root, to.ref)
    if not mine:
        return _result(ws, to, fetched=fetched, checked=checked)
    if name != to.branch:
        reason = f"{name} has the upstream {to.branch}: push it by hand"
        return _result(ws, to, fetched=fetched, reason=reason, checked=checked)
    with reporter.task(f"Pushing to {to.remote}"):
        pushed = branch.push(ws.root, branch.Remote(to.remote, ""), name)
    if pushed.rejected or re.search(_RACED, pushed.reason):
        return None
    reason = "" if pushed.done else pushed.reason
    done = mine if pushed.done else 0
    return _result(ws, to, fetched=fetched, pushed=done, reason=reason, checked=checked)


def _join(ws: Workspace, name: str, to: Upstream) -> Synced | None:
    """Put our commits on theirs and take that over; gives what stood in the way."""
    with store.lock(ws.lock("commit"), busy="a commit of this study is under way"):
        folder = ws.relative(ws.log_folder)
        before = branch.tip(ws.root, "HEAD")
        joined = joining.join(ws.root, to.ref, folder=folder, together=merging.together)
        if joined.commit is None:
            reason = joined.problem or "both sides changed the same lines; nothing was changed here"
            return _result(ws, to, reason=reason, clashes=joined.clashes)
        with store.lock(ws.lock("log"), busy="the study log is being written by another process"):
            # The learner's own git asks for no lock of ours: a commit made meanwhile is not lost.
            if branch.tip(ws.root, "HEAD") != before:
                return _result(ws, to, reason="something was committed meanwhile: sync once more")
            refused = joining.take_over(ws.root, name, joined.commit)
    if refused:
        reason = f"files that you changed and did not commit are in the way: {refused}"
        return _result(ws, to, reason=reason)
    return None


def _result(
    ws: Workspace,
    to: Upstream,
    *,
    fetched: int = 0,
    pushed: int = 0,
    offline: bool = False,
    reason: str = "",
    clashes: tuple[Clash, ...] = (),
    checked: Checked | None = None,
) -> Synced:
    return Synced(
        remote=to.remote,
        branch=to.branch,
        fetched=fetched,
        pushed=pushed,
        waiting=waiting(ws, to) if reason or offline else 0,
        offline=offline,
        reason=reason,
        clashes=clashes,
        checked=checked,
        left_behind=_kept_back(ws),
    )


def waiting(ws: Workspace, to: Upstream) -> int:
    """Count the sessions that the other side does not have yet."""
    if not config.load(ws).get("privacy.log"):
        return 0
    folder = ws.relative(ws.log_folder)
    return len(set(filter(_SESSION.fullmatch, joining.added_lines(ws.root, to.ref, folder))))


def _kept_back(ws: Workspace) -> tuple[str, ...]:
    """Name what the learner's settings keep out of git, so that nobody looks for it elsewhere."""
    settings = config.load(ws)
    kinds: Iterable[tuple[str, str]] = (
        ("privacy.commit", "everything"),
        ("privacy.log", "the study log"),
        ("privacy.notebooks", "your notebooks"),
        ("privacy.notes", "your notes"),
        ("privacy.progress", "your progress"),
    )
    return tuple(words for key, words in kinds if not settings.get(key))
