"""What was sent: one line for each submission, with its commit and what validation said of it.

The log of a project is `submissions.jsonl` in it, and in its git; what was sent from elsewhere stands
in the user's data folder, a file for each competition. Scores of the leaderboard are not in it: they
come from the site each time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from fastcompanion.base import clock, repo, store, workspace
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.competition.site.target import Target

NAME = "submissions.jsonl"
VERSION = 1
#: a submission of this number that is much older or younger is one of another competition of the name
_APART = 86_400 * 2


@frozen
class Validation:
    """What validation said of the model that made the file; `low` and `high` hold the truth 95 times of 100.

    `sure` is False where the file may have been made by another run than the newest one, which is
    taken then; `n` is 0 and there is no interval where the learner named the number.
    """

    run: str
    metric: str
    direction: str
    value: float
    low: float | None = None
    high: float | None = None
    n: int = 0
    sure: bool = True


@frozen
class Entry:
    """A submission as it was sent from here; `rows` are those of the file.

    Of what a notebook of the site has written neither rows nor bytes are known here.
    """

    id: str
    at: datetime
    competition: str
    ref: int
    file: str
    sha256: str
    rows: int
    message: str
    commit: str = ""
    dirty: bool = False
    validation: Validation | None = None
    notebook: str = ""


@frozen
class Code:
    """The state of the code: the short id of the last commit, and whether files have changed since."""

    commit: str = ""
    dirty: bool = False

    @property
    def text(self) -> str:
        """The commit, with a + where files have changed since."""
        return f"{self.commit}{'+' if self.dirty else ''}"


def code(project: Path | None) -> Code:
    """Look at the state of a project's code; nothing where there is no git or no commit."""
    if project is None:
        return Code()
    try:
        commit = repo.head(project)
        return Code(commit, any(one != NAME for one in repo.changed(project))) if commit else Code()
    except CompanionError:
        return Code()


def file_for(target: Target, project: Path | None) -> Path:
    """Say where a submission is noted."""
    if project is not None:
        return project / NAME
    return workspace.competitions_folder() / f"{target.text.replace('/', '-')}.jsonl"


def append(entry: Entry, path: Path) -> None:
    """Add a submission to a log."""
    told = {name: getattr(entry, name) for name in Entry.__dataclass_fields__}
    told["at"] = clock.stamp(entry.at)
    if entry.validation is not None:
        names = Validation.__dataclass_fields__
        told["validation"] = {name: getattr(entry.validation, name) for name in names}
    # A lock beside the file would lie in the project, where git sees it.
    name = hashlib.sha256(str(path).encode()).hexdigest()[:20]
    lock = workspace.competitions_folder() / "locks" / f"{name}.lock"
    store.append_lines(path, [{"v": VERSION, **told}], lock_file=lock)


def read(target: Target, project: Path | None) -> tuple[Entry, ...]:
    """Read what was sent to a competition, from this project and from outside of projects, in order."""
    found: dict[str, Entry] = {}
    for path in {file_for(target, project), file_for(target, None)}:
        for line in store.read_lines(path):
            entry = _entry(line, path)
            if entry.competition == target.text:
                found[entry.id] = entry
    return tuple(sorted(found.values(), key=lambda one: (one.at, one.id)))


def _entry(line: Mapping[str, Any], path: Path) -> Entry:
    if line.get("v") != VERSION:
        raise CompanionError(
            f"holds a line of version {line.get('v')!r}, and this program knows {VERSION}",
            hint="Install a newer fastcompanion.",
            file=path,
        )
    try:
        known = {name: line[name] for name in Entry.__dataclass_fields__ if name in line}
        told = known.pop("validation", None)
        entry = Entry(**{**known, "at": clock.parse(line["at"]), "ref": int(line["ref"])})
        if told is None:
            return entry
        names = Validation.__dataclass_fields__
        return replace(
            entry, validation=Validation(**{name: told[name] for name in names if name in told})
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CompanionError(f"holds a line that is no submission: {error}", file=path) from None


def fits(entry: Entry, ref: int, date: datetime | None) -> bool:
    """Tell whether a submission of the site is the one that was noted."""
    if entry.ref != ref:
        return False
    return date is None or abs((entry.at - date).total_seconds()) < _APART
