"""`progress`: the best public score over time, the days shown up, and whether validation can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from statistics import median

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.competition.site import agreement, asking, board, history, log, metrics
from fastcompanion.competition.site.agreement import Overall
from fastcompanion.competition.site.asking import Known
from fastcompanion.competition.site.board import Board
from fastcompanion.competition.site.history import History, Line
from fastcompanion.competition.site.target import Target
from fastcompanion.data.dataset import Direction


@frozen
class Point:
    """A submission that got a score; `best` is the best one until then."""

    ref: int
    at: datetime
    score: float
    best: float
    improved: bool


@frozen
class Level:
    """A score of the leaderboard as it is now, to measure oneself by."""

    name: str
    score: float


@frozen
class Progress:
    """How far it went; `days` are those on which something was sent, `study_days` those of the study's log.

    `overall` says whether validation and leaderboard agree. `private` is what the submission with the
    best public score came to on the hidden rows, `best_private` the best there was; None before the end.
    """

    competition: str
    title: str
    metric: str
    direction: Direction | None
    points: tuple[Point, ...]
    levels: tuple[Level, ...]
    submissions: int
    errors: int
    days: tuple[date, ...]
    study_days: tuple[date, ...]
    first: date | None
    rank: int | None
    listed: int
    overall: Overall
    private: float | None
    best_private: float | None
    asked: datetime | None
    problem: str


def progress(
    target: Target,
    project: Path | None,
    *,
    study_days: Sequence[date] = (),
    reporter: Reporter = SILENT,
) -> Progress:
    """Tell how a competition went until now; without the site from what is known here."""
    noted = log.read(target, project)
    try:
        known: Known | None = asking.known(target, reporter=reporter)
        problem = known.problem if known else ""
    except CompanionError as error:
        if not noted or error.code not in (Exit.MISSING, Exit.NOT_SET_UP):
            raise
        known, problem = None, f"{error.message}. {error.hint}"
    told = history.joined(target, noted, known, problem)
    return _made(told, board.of(target, known) if known else None, known, study_days)


def _made(
    told: History, standing: Board | None, known: Known | None, study_days: Sequence[date]
) -> Progress:
    days = sorted({one.at.date() for one in told.submissions if one.at is not None})
    first = days[0] if days else None
    return Progress(
        competition=told.competition,
        title=told.title,
        metric=told.metric,
        direction=told.direction,
        points=_points(told),
        levels=_levels(standing, known),
        submissions=len(told.submissions),
        errors=sum(one.status == "error" for one in told.submissions),
        days=tuple(days),
        study_days=tuple(sorted({day for day in study_days if first is not None and day >= first})),
        first=first,
        rank=standing.own.rank if standing and standing.own else None,
        listed=standing.listed if standing else 0,
        overall=_overall(told.submissions),
        private=next((one.private for one in told.submissions if one.best), None),
        best_private=_best_private(told),
        asked=told.asked,
        problem=told.problem,
    )


def _points(told: History) -> tuple[Point, ...]:
    made: list[Point] = []
    for one in told.submissions:
        if one.public is None or one.at is None:
            continue
        last = made[-1].best if made else None
        improved = last is None or metrics.better(one.public, last, told.direction)
        made.append(Point(one.ref, one.at, one.public, one.public if improved else last, improved))  # type: ignore[arg-type]
    return tuple(made)


def _best_private(told: History) -> float | None:
    scores = [one.private for one in told.submissions if one.private is not None]
    if not scores or told.direction is None:
        return None
    return min(scores) if told.direction == "lower" else max(scores)


def _levels(standing: Board | None, known: Known | None) -> tuple[Level, ...]:
    if standing is None or known is None:
        return ()
    naive = {one.name for one in standing.baselines}
    own = standing.own.team if standing.own else ""
    others = [row for row in known.rows if row.score is not None and row.team not in (own, *naive)]
    scores = [row.score for row in others if row.score is not None]
    levels = [Level(one.name, one.public) for one in standing.baselines]
    if scores:
        first = min(others, key=lambda row: row.rank).score
        levels.append(Level("first", first or 0.0))
        if known.whole:
            levels.append(Level("middle", median(scores)))
    return tuple(levels)


def _overall(lines: Sequence[Line]) -> Overall:
    """Judge the submissions with both scores, of one metric."""
    both = [
        (one.validation, one.public, one.agreement)
        for one in lines
        if one.validation is not None
        and one.public is not None
        and not one.agreement.why.startswith("validation has")
    ]
    pairs = [(first.value, public, agrees) for first, public, agrees in both]
    return agreement.overall(pairs, unsure=sum(not first.sure for first, _, _ in both))


def days_since(told: Progress) -> int:
    """Count the days from the first submission to today, both included."""
    return (clock.today() - told.first).days + 1 if told.first else 0
