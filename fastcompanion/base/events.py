"""Events: what the learner did, as append-only lines; one call also writes files and commits.

Position, streaks and what is finished are computed from the events, never stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from fastcompanion.base import clock, config, repo, store
from fastcompanion.base.repo import CommitResult
from fastcompanion.base.workspace import Workspace

LINE_VERSION = 1


@dataclass(frozen=True)
class Event:
    """One thing that happened; `at` is aware, `lesson` is "course/NN" where there is one."""

    id: str
    at: datetime
    kind: str
    lesson: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
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
    event = Event(clock.new_id(), clock.now(), kind, lesson, dict(data or {}))
    target = study.private_events if private else study.progress
    store.append_line(target, _line(event))
    if commit is None or private:
        return Recorded(event)
    own = [target, *(files or {}), *paths]
    return Recorded(event, commit_paths(study, own, commit))


def commit_paths(study: Workspace, paths: Sequence[Path], message: str) -> CommitResult:
    """Commit files of the study as far as the learner's [privacy] settings allow."""
    settings = config.load(study)
    if not settings.get("privacy.commit"):
        return CommitResult(False, reason="commits are off ([privacy] commit = false)")
    allowed = [path for path in dict.fromkeys(paths) if _may_commit(study, settings, path)]
    with store.lock(study.lock("commit"), busy="another commit of this study is under way"):
        return repo.commit(study.root, allowed, message)


def _may_commit(study: Workspace, settings: config.Settings, path: Path) -> bool:
    if path.is_relative_to(study.log_folder):
        return bool(settings.get("privacy.log"))
    if path.suffix == ".ipynb":
        return bool(settings.get("privacy.notebooks")) and not path.name.endswith(".run.ipynb")
    return True


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
    return [_event(path, line) for line in store.read_lines(path)]


def _event(path: Path, line: Mapping[str, Any]) -> Event:
    store.check_version({"version": line.get("v")}, path, current=LINE_VERSION)
    at = datetime.fromisoformat(line["at"])
    return Event(line["id"], at, line["kind"], line.get("lesson"), line.get("data") or {})
