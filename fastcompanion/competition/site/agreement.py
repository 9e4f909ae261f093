"""Do validation and the leaderboard agree? For one submission, and over all of them.

An interval of validation holds the true score of the model 95 times of 100. A leaderboard does not show
that either: it judges some rows, and has a chance of its own. So a score outside of the interval proves
nothing by itself. The interval that has to hold it is wider, by the factor sqrt(1 + n / m) for n rows
of validation and m of the leaderboard (a prediction interval; both are means over rows).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations, permutations
from typing import Literal

from fastcompanion.base import clock
from fastcompanion.base.records import frozen
from fastcompanion.competition.site import metrics
from fastcompanion.competition.site.log import Validation
from fastcompanion.data import chance

Verdict = Literal["inside", "chance", "outside", "unknown"]
#: fewer submissions than these say nothing about whether both rank alike
LEAST = 4
#: up to so many all orders are tried, beyond them so many at random
_ALL, _TRIES, _SEED = 7, 20_000, 42


@frozen
class Agreement:
    """Whether a public score is what validation led to expect.

    `inside` the interval of validation, `chance`: outside of it, inside of `low` to `high`, which also
    holds the chance of the leaderboard's rows; `outside` of both; `unknown`, and `why`. `rows` are those
    that the leaderboard was taken to judge; `most` says that it may judge fewer, so that `low` to `high`
    should be wider still.
    """

    verdict: Verdict
    low: float | None = None
    high: float | None = None
    rows: int = 0
    most: bool = False
    why: str = ""


@frozen
class Overall:
    """All submissions with both scores.

    `inside` of `judged` lie where they have to, and that share is between `low` and `high` (Wilson, 95 of
    100). Of two submissions that differ in both scores, both say the same one is better in `agreeing` of
    `compared` cases; orders that have nothing to do with each other reach that with the probability
    `chance` (a permutation test of Kendall's tau; None with fewer than four). `unsure` of the pairs have the
    score of the run that was the newest then, which may not have made the file.
    """

    pairs: int
    judged: int
    inside: int
    low: float
    high: float
    compared: int
    agreeing: int
    chance: float | None
    unsure: int = 0


def judge(
    validation: Validation | None,
    public: float | None,
    metric: str,
    *,
    rows: int | None,
    file_rows: int,
) -> Agreement:
    """Compare a public score with what validation said.

    `rows` are those that the public leaderboard judges. Where that is not known it is taken to judge
    all `file_rows` of the file, and so the interval comes out no wider than it has to be.
    """
    if validation is None or public is None:
        return Agreement("unknown", why="one of the two scores is missing")
    if metrics.same(validation.metric, metric) is False:
        return Agreement(
            "unknown", why=f"validation has {validation.metric}, the leaderboard {metric}"
        )
    low, high = validation.low, validation.high
    if low is None or high is None or not validation.n:
        return Agreement("unknown", why="the validation score has no interval")
    most = rows is None
    judged = file_rows if rows is None else rows
    factor = math.sqrt(1 + validation.n / judged) if judged else 1.0
    wide_low = validation.value - factor * (validation.value - low)
    wide_high = validation.value + factor * (high - validation.value)
    told = {"low": wide_low, "high": wide_high, "rows": judged, "most": most}
    if low <= public <= high:
        return Agreement("inside", **told)  # type: ignore[arg-type]
    within = judged > 0 and wide_low <= public <= wide_high
    return Agreement("chance" if within else "outside", **told)  # type: ignore[arg-type]


def overall(pairs: Sequence[tuple[float, float, Agreement]], *, unsure: int = 0) -> Overall:
    """Judge all submissions with a validation score and a public score of the same metric."""
    judged = [one for _, _, one in pairs if one.verdict != "unknown"]
    inside = sum(one.verdict in ("inside", "chance") for one in judged)
    low, high = chance.wilson(inside, len(judged))
    scores = [(first, second) for first, second, _ in pairs]
    agreeing, compared = _concordant(scores)
    return Overall(
        len(pairs), len(judged), inside, low, high, compared, agreeing, _by_chance(scores), unsure
    )


def _concordant(scores: Sequence[tuple[float, float]]) -> tuple[int, int]:
    """Count the pairs of submissions on which both agree, and those that differ in both."""
    agreeing = compared = 0
    for (a, b), (c, d) in combinations(scores, 2):
        product = (a - c) * (b - d)
        compared += product != 0
        agreeing += product > 0
    return agreeing, compared


def _by_chance(scores: Sequence[tuple[float, float]]) -> float | None:
    """Give the share of orders that agree at least as well (Kendall's S, one-sided)."""
    if len(scores) < LEAST:
        return None
    first, second = [a for a, _ in scores], [b for _, b in scores]
    seen = _balance(first, second)
    if len(scores) <= _ALL:
        orders = list(permutations(second))
        return sum(_balance(first, one) >= seen for one in orders) / len(orders)
    generator, mixed = clock.rng(_SEED), list(second)
    reached = 0
    for _ in range(tries := max(500, _TRIES // len(scores))):
        generator.shuffle(mixed)
        reached += _balance(first, mixed) >= seen
    return (reached + 1) / (tries + 1)


def _balance(first: Sequence[float], second: Sequence[float]) -> int:
    places = range(len(first))
    return sum(
        (product > 0) - (product < 0)
        for i, j in combinations(places, 2)
        for product in ((first[i] - first[j]) * (second[i] - second[j]),)
    )
