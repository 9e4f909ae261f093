"""`leaderboard`: the top, your own place, and what is naive; nothing is claimed that is not known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.competition.site import asking, metrics
from fastcompanion.competition.site.asking import Baseline, Known
from fastcompanion.competition.site.model import Row
from fastcompanion.competition.site.target import Target
from fastcompanion.data.dataset import Direction

TOP = 10
_AROUND = 2


@frozen
class Place:
    """A row of the leaderboard; `own` is yours, `naive` that of a baseline of a practice competition."""

    rank: int
    team: str
    score: float | None
    date: datetime | None
    own: bool
    naive: bool


@frozen
class Board:
    """The leaderboard as the site shows it now.

    `rows` are the first ones and those around your own; `listed` is how many it has, and `ahead` the
    share of the others that you are ahead of (None without a place). `medal` is which the public
    leaderboard would give if this competition gave medals and ended now, empty for none or where its
    category gives none.
    """

    competition: str
    title: str
    metric: str
    direction: Direction | None
    rows: tuple[Place, ...]
    listed: int
    teams: int
    own: Place | None
    ahead: float | None
    medal: str
    baselines: tuple[Baseline, ...]
    beaten: tuple[str, ...]
    asked: datetime
    problem: str


def board(target: Target, *, top: int = TOP, reporter: Reporter = SILENT) -> Board:
    """Ask for the leaderboard."""
    return of(target, asking.known(target, reporter=reporter), top=top)


def of(target: Target, known: Known, *, top: int = TOP) -> Board:
    """Make it from what the site said."""
    about = known.competition
    teams = {one.team for one in known.submissions if one.team}
    ranked = sorted(known.rows, key=lambda row: row.rank)
    naive = asking.baselines(target)
    names = {one.name for one in naive}
    places = [_place(row, teams, names) for row in ranked]
    way = metrics.direction(about.metric, ranked)
    own = next((one for one in places if one.own), None) or _further_down(known, way)
    score = own.score if own else None
    beaten = tuple(one.name for one in naive if score is not None and metrics.better(score, one.score, way))  # fmt: skip
    listed = len(places) if known.whole else max(about.teams, len(places))
    others = listed - 1
    return Board(
        competition=target.text,
        title=about.title,
        metric=about.metric,
        direction=way,
        rows=tuple(_shown(places, own, top)),
        listed=listed,
        teams=about.teams,
        own=own,
        ahead=(listed - own.rank) / others if own and others > 0 else None,
        medal=medal(own.rank, max(about.teams, listed), about.category) if own else "",
        baselines=naive,
        beaten=beaten,
        asked=known.at,
        problem=known.problem,
    )


def _further_down(known: Known, way: Direction | None) -> Place | None:
    """Make the own row of a leaderboard too long to ask for, from the rank that the site tells."""
    rank = known.competition.rank
    if known.whole or rank is None:
        return None
    scores = [one.public for one in known.submissions if one.public is not None]
    best = (min(scores) if way == "lower" else max(scores)) if scores else None
    team = next((one.team for one in known.submissions if one.team), "")
    return Place(rank, team, best, None, own=True, naive=False)


def _place(row: Row, teams: set[str], naive: set[str]) -> Place:
    return Place(row.rank, row.team, row.score, row.date, row.team in teams, row.team in naive)


def _shown(places: Sequence[Place], own: Place | None, top: int) -> list[Place]:
    shown = list(places[:top])
    if own is None:
        return shown
    if own not in places:
        return [*shown, own]
    at = places.index(own)
    near = places[max(at - _AROUND, top) : at + _AROUND + 1]
    return shown + [one for one in near if one not in shown]


def medal(rank: int, teams: int, category: str) -> str:
    """Say which medal a rank would bring, by the table of kaggle.com/progression as of 2026.

    Only Featured, Research and Recruitment competitions give any, and not all of them; the private
    leaderboard decides. Below 250 teams the shares are those of teams, above counts and shares mix.
    """
    if category.lower() not in ("featured", "research", "recruitment") or rank < 1:
        return ""
    for name, most in zip(("gold", "silver", "bronze"), _limits(teams), strict=True):
        if rank <= most:
            return name
    return ""


def _limits(teams: int) -> tuple[float, float, float]:
    if teams < 100:
        return 0.1 * teams, 0.2 * teams, 0.4 * teams
    if teams < 250:
        return 10, 0.2 * teams, 0.4 * teams
    if teams < 1000:
        return 10 + 0.002 * teams, 50, 100
    return 10 + 0.002 * teams, 0.05 * teams, 0.1 * teams
