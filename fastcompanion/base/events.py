"""Events: what the learner did, as append-only lines; one call also writes files and commits.

Position, streaks and what is finished are computed from the events, never stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import field
from datetime import datetime
from pathlib import Path
from typing import Any

from fastcompanion.base import clock, config, repo, store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.workspace import Workspace

LINE_VERSION = 1
UNDONE = "event.undone"


@frozen
class Event:
    """One thing that happened; `at` is aware, `lesson` is "course/NN" where there is one."""

    id: str
    at: datetime
    kind: str
    lesson: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@frozen
class Recorded:
    """A recorded event and what became of its commit (None: none was asked for)."""

    event: Event
    commit: CommitResult | None = None


def record(
    study: Workspace,
    kind: str,
    lesson: str | None = None,
    data: Mapping[str, Any] | None = None,
    *,
    files: Mapping[Path, str] | None = None,
    commit: str | None = None,
    paths: Sequence[Path] = (),
    private: bool = False,
) -> Recorded:
    """Write `files`, append the event, and make one commit of them, `paths` and the event.

    `commit` is the commit's message; None commits nothing. `private` events stay on this machine.
    """
    for path, text in (files or {}).items():
        store.write_text(path, text)
    at = clock.now().replace(microsecond=0)
    event = Event(clock.new_id(), at, kind, lesson, dict(data or {}))
    target = study.private_events if private else study.progress
    # A fresh clone lacks it, and locks belong there, out of git's sight.
    store.make_folder(study.private)
    store.append_line(target, _line(event))
    if commit is None or private:
        return Recorded(event)
    own = [target, *(files or {}), *paths]
    return Recorded(event, commit_paths(study, own, commit))


def record_many(
    study: Workspace, kind: str, happened: Sequence[tuple[str | None, Mapping[str, Any]]]
) -> None:
    """Append one event for each (lesson, data) in one write; nothing is committed."""
    at = clock.now().replace(microsecond=0)
    made = [Event(clock.new_id(), at, kind, lesson, dict(data)) for lesson, data in happened]
    if made:
        store.make_folder(study.private)
        store.append_lines(study.progress, map(_line, made))


def commit_paths(study: Workspace, paths: Sequence[Path], message: str) -> CommitResult:
    """Commit files of the study as far as the learner's [privacy] settings allow.

    What can't be committed now (no identity, a merge under way) goes with the next commit.
    """
    settings = config.load(study)
    if not settings.get("privacy.commit"):
        reason = "commits are off ([privacy] commit = false)"
        return CommitResult(False, reason=reason, wanted=False)
    try:
        with store.lock(study.lock("commit"), busy="another commit of this study is under way"):
            return _commit(study, settings, paths, message)
    except CompanionError as error:
        return CommitResult(False, reason=error.message, hint=error.hint)


def postpone(study: Workspace, paths: Sequence[Path]) -> None:
    """Let the next commit take some files along."""
    with store.lock(study.lock("commit"), busy="a commit of this study is under way"):
        _keep_pending(study, [*_pending(study), *paths])


def _commit(
    study: Workspace, settings: config.Settings, paths: Sequence[Path], message: str
) -> CommitResult:
    """Commit the paths, and those of earlier acts whose commit failed."""
    pending = _pending(study)
    allowed = [
        path for path in dict.fromkeys([*pending, *paths]) if _may_commit(study, settings, path)
    ]
    if not allowed:
        return CommitResult(False, reason="[privacy] keeps these files out of git", wanted=False)
    # Written first: also a commit that is killed half-way leaves word of its files.
    _keep_pending(study, allowed)
    with _standing_still(study, allowed):
        result = repo.commit(study.root, allowed, message, whole=_ours(study, allowed))
    if not result.left_out and (result.made or result.nothing):
        store.remove(study.uncommitted)
    return result


def _ours(study: Workspace, paths: Sequence[Path]) -> bool:
    """Say whether these are all files that we append to: the events and the days of the log."""
    return all(
        path == study.progress or (path.parent.parent == study.log_folder and path.suffix == ".md")
        for path in paths
    )


@contextmanager
def _standing_still(study: Workspace, paths: Sequence[Path]) -> Iterator[None]:
    """Let nobody append to what is being committed.

    Git reads a file once for the index and once for the commit. A line in between would leave
    them different, which looks as if the learner had staged a part.
    """
    with ExitStack() as held:
        if study.progress in paths:
            held.enter_context(store.writers_wait(study.progress))
        if any(path.is_relative_to(study.log_folder) for path in paths):
            busy = "the study log is being written by another process"
            held.enter_context(store.lock(study.lock("log"), busy=busy))
        yield


def _keep_pending(study: Workspace, paths: Sequence[Path]) -> None:
    """Write down which files wait for a commit; the disk is not waited for, as git does not either."""
    names = sorted({study.relative(path) for path in paths})
    text = json.dumps({"version": 1, "paths": names}, ensure_ascii=False, indent=1) + "\n"
    store.write_text(study.uncommitted, text, durable=False)


def _pending(study: Workspace) -> list[Path]:
    # An empty file is what a power cut may leave; the files that it named are all there.
    if not study.uncommitted.exists() or not study.uncommitted.stat().st_size:
        return []
    data = store.check_version(store.read_json(study.uncommitted), study.uncommitted)
    return [study.root / str(name) for name in data.get("paths", ())]


def _may_commit(study: Workspace, settings: config.Settings, path: Path) -> bool:
    if path.is_relative_to(study.log_folder) or path.is_relative_to(study.weeks_folder):
        return bool(settings.get("privacy.log"))
    if path.is_relative_to(study.review_folder):
        return bool(settings.get("privacy.review"))
    if path.suffix == ".ipynb" or path.parent.suffix == ".repeat":
        ours = path.name.endswith((".run.ipynb", ".again.ipynb"))
        return bool(settings.get("privacy.notebooks")) and not ours
    if path.name == "notes.md":
        return bool(settings.get("privacy.notes"))
    if path == study.progress or path.is_relative_to(study.courses_folder):
        return bool(settings.get("privacy.progress"))
    return not path.is_relative_to(study.private)


def _line(event: Event) -> dict[str, Any]:
    line: dict[str, Any] = {"v": LINE_VERSION, "id": event.id, "at": clock.stamp(event.at)}
    line["kind"] = event.kind
    if event.lesson:
        line["lesson"] = event.lesson
    line["data"] = dict(event.data)
    return line


def read(study: Workspace, *, private: bool = False) -> list[Event]:
    """Give all events in order; unknown kinds are kept, newer lines are refused."""
    path = study.private_events if private else study.progress
    found = [_event(path, line) for line in store.read_lines(path)]
    return _without_undone(found) if any(event.kind == UNDONE for event in found) else found


def _without_undone(found: Sequence[Event]) -> list[Event]:
    """Drop what was undone; an undoing that was itself undone does not count."""
    gone: set[str] = set()
    for event in reversed(found):
        if event.kind == UNDONE and event.id not in gone:
            gone.add(str(event.data.get("id")))
    return [event for event in found if event.id not in gone]


def _event(path: Path, line: Mapping[str, Any]) -> Event:
    version, data = line.get("v"), line.get("data") or {}
    try:
        if version != LINE_VERSION:
            store.check_version({"version": version}, path, current=LINE_VERSION)
        at = datetime.fromisoformat(line["at"])
        lesson = line.get("lesson")
        if at.tzinfo is None or not isinstance(data, dict) or not isinstance(lesson, str | None):
            raise ValueError
        return Event(line["id"], at, line["kind"], lesson, data)
    except (KeyError, TypeError, ValueError):
        raise CompanionError(
            f"the event {line.get('id', '')!r} lacks an id, a time with an offset or a kind",
            hint="Mend the line by hand, or take an older version of the file from git.",
            file=path,
        ) from None
