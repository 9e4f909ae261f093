"""What happened in a practice competition: append-only lines, from which all else follows.

A submission counts from the moment its line is on the disk, which is before the client is told so:
a server that is killed loses none.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

from fastcompanion.base import clock, store
from fastcompanion.base.records import frozen
from fastcompanion.competition.practice.place import Competition

Status = Literal["PENDING", "COMPLETE", "ERROR"]
FIRST_REF = 50_000_001
YOU = "you"
#: as many as Kaggle chooses by their public score where nobody does
_CHOSEN = 2


@frozen
class Submission:
    """A file that was submitted; scores are None until it was scored, `error` says why there is none."""

    ref: int
    at: datetime
    file: str
    description: str
    bytes: int
    sha256: str
    status: Status = "PENDING"
    public: float | None = None
    private: float | None = None
    error: str = ""


@frozen
class State:
    """Where the competition stands; `submissions` in the order in which they came."""

    accepted: bool = False
    ended: datetime | None = None
    submissions: tuple[Submission, ...] = ()

    @property
    def waiting(self) -> tuple[Submission, ...]:
        """What is not scored yet."""
        return tuple(one for one in self.submissions if one.status == "PENDING")

    def on(self, day: date) -> int:
        """Count the submissions of a UTC day; those with an error count too."""
        return sum(one.at.astimezone(UTC).date() == day for one in self.submissions)


@frozen
class Row:
    """A row of the leaderboard; `private` is None until the end."""

    rank: int
    team: str
    public: float
    private: float | None
    submissions: int
    at: datetime | None
    about: str
    public_rank: int

    @property
    def score(self) -> float:
        """The score that this leaderboard goes by."""
        return self.public if self.private is None else self.private


class Journal:
    """The lines of one competition; safe for many threads, and for `end` in another process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._state = State()
        self._reading = threading.Lock()

    def state(self) -> State:
        """Give where the competition stands; lines are read again only where there are new ones."""
        with self._reading:
            now = _stamp(self._path)
            if now != self._seen:
                self._state = _state(store.read_lines(self._path))
                self._seen = now
            return self._state

    def add(self, kind: str, **about: Any) -> None:
        """Write one line; it is on the disk when this returns."""
        line = {"v": 1, "id": clock.new_id(), "at": clock.stamp(), "kind": kind, **about}
        store.append_line(self._path, line)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        about = path.stat()
    except FileNotFoundError:
        return None
    return about.st_size, about.st_mtime_ns


def _state(lines: Sequence[Mapping[str, Any]]) -> State:
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for line in lines:
        kinds.setdefault(str(line.get("kind")), []).append(line)
    scored = {line["ref"]: line for line in kinds.get("scored", ())}
    ended = kinds.get("ended", ())
    return State(
        accepted="accepted" in kinds,
        ended=clock.parse(ended[0]["at"]) if ended else None,
        submissions=tuple(
            _submission(line, scored.get(line["ref"], {})) for line in kinds.get("submitted", ())
        ),
    )


def _submission(line: Mapping[str, Any], score: Mapping[str, Any]) -> Submission:
    return Submission(
        ref=line["ref"],
        at=clock.parse(line["at"]),
        file=line["file"],
        description=line["description"],
        bytes=line["bytes"],
        sha256=line["sha256"],
        status=score.get("status", "PENDING"),
        public=score.get("public"),
        private=score.get("private"),
        error=score.get("error", ""),
    )


LEAK = (
    "A perfect score is seldom one: does a column say the answer (a leak), was something learned from "
    "the rows that are asked, or do the ids tell it?"
)


def note(competition: Competition, public: float | None) -> str:
    """Say what is odd about a public score: that it is perfect, where no naive baseline is."""
    if public is None:
        return ""
    found = [public, *(other.public for other in competition.opponents)]
    first, *others = [_is_perfect(competition, score) for score in found]
    return LEAK if first and not any(others) else ""


def _is_perfect(competition: Competition, score: float) -> bool:
    return score >= 1 if competition.direction == "higher" else score <= 0


def chosen(competition: Competition, state: State) -> Submission | None:
    """Find the submission that counts in the end: of the two best in public the better one in private."""
    sign = 1 if competition.direction == "lower" else -1
    done = [one for one in state.submissions if one.public is not None]
    best = sorted(done, key=lambda one: sign * (one.public or 0.0))[:_CHOSEN]
    return min(best, key=lambda one: sign * (one.private or 0.0), default=None)


def best(competition: Competition, state: State) -> Submission | None:
    """Find the submission with the best public score, the first of equals."""
    sign = 1 if competition.direction == "lower" else -1
    done = [one for one in state.submissions if one.public is not None]
    return min(done, key=lambda one: sign * (one.public or 0.0), default=None)


def leaderboard(competition: Competition, state: State) -> tuple[Row, ...]:
    """Rank the competitors: by the public score, after the end by the private one."""
    ended = state.ended is not None
    told: list[tuple[str, float, float, int, datetime | None, str]] = [
        (f"naive: {one.name}", one.public, one.private, 1, None, one.learned)
        for one in competition.opponents
    ]
    own = chosen(competition, state) if ended else best(competition, state)
    if own is not None and own.public is not None and own.private is not None:
        told.append((YOU, own.public, own.private, len(state.submissions), own.at, own.file))
    sign = 1 if competition.direction == "lower" else -1
    by_public = sorted(told, key=lambda one: (sign * one[1], one[0] == YOU))
    ranks = {one[0]: rank for rank, one in enumerate(by_public, start=1)}
    if ended:
        by_public.sort(key=lambda one: (sign * one[2], one[0] == YOU))
    return tuple(
        Row(rank, team, public, private if ended else None, count, at, about, ranks[team])
        for rank, (team, public, private, count, at, about) in enumerate(by_public, start=1)
    )
