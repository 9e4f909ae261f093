"""Whether validation and the leaderboard agree: what is claimed holds as often as it says."""

from __future__ import annotations

import math
import random

import pytest

from fastcompanion.competition.site import agreement, board, metrics, plot
from fastcompanion.competition.site.agreement import Agreement
from fastcompanion.competition.site.log import Validation
from fastcompanion.competition.site.model import Row
from fastcompanion.competition.site.progress import Level, Point
from fastcompanion.data import chance
from tests.competition.site.moments import day


def validated(right: int, n: int) -> Validation:
    low, high = chance.wilson(right, n)
    return Validation("model", "accuracy", "higher", right / n, low, high, n)


def judged(one: Validation | None, public: float | None, **rows: int | None) -> Agreement:
    told = {"rows": 100, "file_rows": 100, **rows}
    return agreement.judge(
        one, public, "accuracy", rows=told["rows"], file_rows=told["file_rows"] or 0
    )


def test_the_three_verdicts() -> None:
    one = validated(80, 100)
    assert judged(one, 0.80).verdict == "inside"
    assert judged(one, 0.88).verdict == "chance"
    assert judged(one, 0.60).verdict == "outside"
    assert judged(one, 0.99).verdict == "outside"


def test_the_interval_is_wider_the_fewer_rows_the_leaderboard_has() -> None:
    one = validated(80, 100)
    assert one.high is not None
    widths = [told.high for rows in (10, 100, 10_000) if (told := judged(one, 0.5, rows=rows)).high]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] == pytest.approx(one.high, abs=0.001)
    assert judged(one, 0.8, rows=None, file_rows=100).most


def test_what_can_not_be_compared_is_not() -> None:
    one = validated(80, 100)
    assert judged(None, 0.8).verdict == "unknown"
    assert judged(one, None).verdict == "unknown"
    assert judged(Validation("", "accuracy", "", 0.8), 0.8).verdict == "unknown"
    other = agreement.judge(one, 0.8, "AUC", rows=100, file_rows=100)
    assert "accuracy" in other.why
    assert agreement.judge(one, 0.8, "Categorization Accuracy", rows=100, file_rows=100).verdict == "inside"  # fmt: skip


def test_an_honest_model_is_accused_five_times_of_a_hundred() -> None:
    """A model of 85% judged on 300 rows of validation and on 120 of a leaderboard, over and over."""
    generator = random.Random(7)
    tries, accused, outside = 4000, 0, 0
    for _ in range(tries):
        right = generator.binomialvariate(300, 0.85) if hasattr(generator, "binomialvariate") else sum(generator.random() < 0.85 for _ in range(300))  # fmt: skip
        public = sum(generator.random() < 0.85 for _ in range(120)) / 120
        told = judged(validated(right, 300), public, rows=120)
        accused += told.verdict == "outside"
        outside += told.verdict != "inside"
    assert 0.035 < accused / tries < 0.07
    assert outside / tries > 0.15, "the interval of validation alone accuses far too often"


def pairs(*scores: tuple[float, float]) -> list[tuple[float, float, Agreement]]:
    return [(first, second, Agreement("unknown")) for first, second in scores]


def test_four_in_the_same_order_are_one_order_of_24() -> None:
    told = agreement.overall(pairs((0.1, 1), (0.2, 2), (0.3, 3), (0.4, 4)))
    assert (told.agreeing, told.compared) == (6, 6)
    assert told.chance == pytest.approx(1 / 24)
    back = agreement.overall(pairs((0.1, 4), (0.2, 3), (0.3, 2), (0.4, 1)))
    assert (back.agreeing, back.chance) == (0, 1.0)


def test_three_say_nothing() -> None:
    assert agreement.overall(pairs((0.1, 1), (0.2, 2), (0.3, 3))).chance is None
    assert agreement.overall([]).pairs == 0


def test_many_in_no_order_are_not_taken_for_an_order() -> None:
    generator = random.Random(3)
    chances = []
    for _ in range(60):
        told = agreement.overall(
            pairs(*((generator.random(), generator.random()) for _ in range(6)))
        )
        assert told.chance is not None
        chances.append(told.chance)
    assert sum(one <= 0.05 for one in chances) <= 9
    many = agreement.overall(pairs(*((n, n + generator.random()) for n in range(20))))
    assert many.chance is not None
    assert many.chance < 0.01
    assert many.agreeing > 180


def test_ties_are_no_agreement() -> None:
    told = agreement.overall(pairs((0.1, 1), (0.1, 2), (0.3, 3), (0.4, 3)))
    assert (told.agreeing, told.compared) == (4, 4)


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ("accuracy", "Categorization Accuracy", True),
        ("rmse", "Root Mean Squared Error", True),
        ("rmsle", "RMSLE", True),
        ("auc", "ROC AUC Score", True),
        ("log loss", "LogLoss", True),
        ("accuracy", "AUC", False),
        ("rmse", "rmsle", False),
        ("accuracy", "Quadratic Weighted Kappa", None),
        ("", "accuracy", None),
    ],
)
def test_names_of_metrics(one: str, other: str, told: bool | None) -> None:
    assert metrics.same(one, other) is told
    assert metrics.same(other, one) is told


def row(rank: int, score: float | None) -> Row:
    return Row(rank, f"team {rank}", None, score)


def test_which_way_is_up() -> None:
    assert metrics.direction("Accuracy") == "higher"
    assert metrics.direction("Mean Absolute Percentage Error") == "lower"
    assert metrics.direction("Quadratic Weighted Kappa") == "higher"
    assert metrics.direction("Custom") is None
    assert metrics.direction("Custom", [row(1, 0.1), row(2, None), row(3, 0.2)]) == "lower"
    assert metrics.direction("Custom", [row(2, 0.1), row(1, 0.2)]) == "higher"
    assert metrics.direction("Custom", [row(1, 0.2), row(2, 0.2)]) is None


@pytest.mark.parametrize(
    ("rank", "teams", "category", "medal"),
    [
        (1, 50, "Featured", "gold"),
        (6, 50, "Featured", "silver"),
        (21, 50, "Featured", ""),
        (10, 200, "Research", "gold"),
        (40, 200, "Research", "silver"),
        (80, 200, "Research", "bronze"),
        (50, 999, "Featured", "silver"),
        (101, 999, "Featured", ""),
        (14, 2000, "Featured", "gold"),
        (100, 2000, "Featured", "silver"),
        (200, 2000, "Featured", "bronze"),
        (1, 50, "Getting Started", ""),
        (1, 50, "Playground", ""),
        (1, 50, "Practice", ""),
    ],
)
def test_medals_are_claimed_only_where_there_may_be_some(
    rank: int, teams: int, category: str, medal: str
) -> None:
    assert board.medal(rank, teams, category) == medal


def points(*scores: float, way: str = "higher") -> list[Point]:
    made: list[Point] = []
    for number, score in enumerate(scores):
        best = made[-1].best if made else None
        improved = best is None or (score < best if way == "lower" else score > best)
        made.append(Point(number, day(number), score, score if improved or best is None else best, improved))  # fmt: skip
    return made


def rows_with(text: str, mark: str) -> list[int]:
    return [
        number
        for number, line in enumerate(text.splitlines()[:12])
        if mark in line.partition("|")[2]
    ]


def test_better_is_up_whichever_way_the_metric_goes() -> None:
    up = plot.drawn(points(0.5, 0.6, 0.7), [], "higher")
    down = plot.drawn(points(0.7, 0.6, 0.5, way="lower"), [], "lower")
    for text in (up, down):
        stars = rows_with(text, "*")
        assert len(stars) == 3
        lines = text.splitlines()
        first, last = (next(n for n in order if "*" in lines[n].partition("|")[2]) for order in (range(12), range(11, -1, -1)))  # fmt: skip
        assert lines[first].rindex("*") > lines[last].index("*")
    assert float(up.split("|")[0]) > 0.6
    assert float(down.split("|")[0]) < 0.6


@pytest.mark.parametrize("scores", [(0.5,), (0.5, 0.5, 0.5), (0.0, 0.0), (1e9, 2e9), (-3.0, 5.0), (1e-9, 2e-9)])  # fmt: skip
def test_any_scores_can_be_drawn_in_eighty_columns(scores: tuple[float, ...]) -> None:
    levels = [Level("naive: a name that is far too long for the margin", scores[0]), Level("first", scores[0] + 1)]  # fmt: skip
    text = plot.drawn(points(*scores), levels, "higher")
    assert max(map(len, text.splitlines())) <= 76
    assert text.isascii()
    assert "*" in text
    assert not any(math.isnan(float(part)) for part in text.split() if part.lstrip("-").replace(".", "").isdigit())  # fmt: skip


def test_scores_that_no_axis_can_hold_are_not_drawn() -> None:
    assert "can't be drawn" in plot.drawn(points(1e308, -1e308), [], "higher")
    assert "*" in plot.drawn(points(0.5, 0.6), [Level("first", 1e308)], "higher")


def test_nothing_is_drawn_of_nothing() -> None:
    assert plot.drawn([], [], None) == ""
