"""What a competition site tells: records without behaviour, and whatever was missing as None or empty."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from fastcompanion.base.records import frozen

Status = Literal["pending", "complete", "error", "unknown"]


@frozen
class Competition:
    """A competition; `deadline` is an aware time in UTC, `daily` the submissions of a day (0: not told)."""

    slug: str
    title: str
    url: str
    deadline: datetime | None
    category: str
    reward: str
    teams: int
    entered: bool
    rank: int | None
    daily: int
    metric: str
    notebooks_only: bool
    submissions_disabled: bool


@frozen
class DataFile:
    """A file that can be downloaded; `size` in bytes."""

    name: str
    size: int


@frozen
class Submission:
    """A submission as the site has it; `date` is aware, a score that is not told is None."""

    ref: int
    file: str
    description: str
    date: datetime | None
    status: Status
    public: float | None
    private: float | None
    error: str
    team: str
    size: int


@frozen
class Limits:
    """How many submissions were sent today and ever, and how many are left now."""

    today: int
    total: int
    left: int
    limited_by_total: bool


@frozen
class Row:
    """A line of the leaderboard."""

    rank: int
    team: str
    date: datetime | None
    score: float | None


@frozen
class Sent:
    """A submission that the site has taken: its number, and what the site said."""

    ref: int
    message: str


@frozen
class Body:
    """A file that is coming.

    `name` is what the site calls it, without any folder. `size` is that of the whole file, None where
    it is not told. `first` is the byte that the chunks begin with: 0 where the site sends the whole
    file although another byte was asked for. `validator` names this state of the file.
    """

    name: str
    size: int | None
    first: int
    validator: str
    chunks: Iterator[bytes]
