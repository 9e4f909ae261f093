"""Scores, intervals and comparisons against SciPy, against other formulas, and by simulation."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from scipy import stats

from fastcompanion.base.errors import CompanionError
from fastcompanion.data import chance
from fastcompanion.data.measures import DIRECTIONS
from fastcompanion.data.metrics import measure
from fastcompanion.data.predictions import Predictions, share_names
from fastcompanion.data.scores import compare, score


def rows(
    truths: Any, predictions: Any, groups: Any = (), **numbers: Sequence[float]
) -> Predictions:
    """Make predictions with ids 0, 1, ..."""
    ids = tuple(str(number) for number in range(len(truths)))
    shares = {f"share:{name}": tuple(column) for name, column in numbers.items()}
    return Predictions(
        ids, tuple(map(str, truths)), tuple(map(str, predictions)), tuple(map(str, groups)), shares
    )


class TestChance:
    @pytest.mark.parametrize("freedom", [1, 2, 5, 29, 88, 1000.0, math.inf])
    @pytest.mark.parametrize("share", [0.001, 0.025, 0.4, 0.5, 0.9, 0.975, 0.999])
    def test_student(self, share: float, freedom: float) -> None:
        if math.isinf(freedom):
            assert chance.normal_quantile(share) == pytest.approx(stats.norm.ppf(share), abs=1e-9)
            return
        assert chance.student_quantile(share, freedom) == pytest.approx(
            stats.t.ppf(share, freedom), rel=1e-8, abs=1e-6
        )
        value = stats.t.ppf(share, freedom) * 1.3
        assert chance.student_below(value, freedom) == pytest.approx(
            stats.t.cdf(value, freedom), abs=1e-10
        )

    @pytest.mark.parametrize(
        ("right", "count"), [(0, 30), (30, 30), (36, 36), (1, 2), (139, 179), (5, 1000), (0, 1)]
    )
    def test_wilson(self, right: int, count: int) -> None:
        exact = stats.binomtest(right, count).proportion_ci(method="wilson")
        assert chance.wilson(right, count) == pytest.approx((exact.low, exact.high), abs=1e-9)

    @pytest.mark.parametrize(
        ("fewer", "more"), [(0, 0), (0, 5), (3, 4), (10, 25), (500, 600), (1, 0), (7, 7)]
    )
    def test_signs(self, fewer: int, more: int) -> None:
        exact = stats.binomtest(fewer, fewer + more).pvalue if fewer + more else 1.0
        assert chance.signs(fewer, more) == pytest.approx(exact, rel=1e-9)

    def test_tango_solves_the_score_equation(self) -> None:
        """At each limit the score statistic, from constrained likelihood by brute force, is 1.96."""
        for won, lost, count in ((12, 5, 100), (30, 44, 250), (3, 0, 40)):
            for limit in chance.paired_shares(won, lost, count):
                grid = np.linspace(
                    max(0.0, -limit) + 1e-9, (1 - abs(limit)) / 2 + max(0.0, -limit), 400_001
                )
                lost_share, won_share = grid, grid + limit
                fine = (lost_share > 0) & (won_share > 0) & (lost_share + won_share < 1)
                likelihood = (
                    won * np.log(won_share[fine])
                    + lost * np.log(lost_share[fine])
                    + (count - won - lost) * np.log1p(-lost_share[fine] - won_share[fine])
                )
                best = lost_share[fine][likelihood.argmax()]
                variance = count * (2 * best + limit - limit * limit)
                assert abs(won - lost - count * limit) / math.sqrt(variance) == pytest.approx(
                    1.96, abs=0.01
                )

    def test_tango_mirrors(self) -> None:
        low, high = chance.paired_shares(9, 4, 60)
        assert chance.paired_shares(4, 9, 60) == pytest.approx((-high, -low))

    def test_error_of_a_mean(self) -> None:
        values = list(np.random.default_rng(1).normal(size=50))
        error, freedom = chance.error_of_mean(values)
        assert error == pytest.approx(stats.sem(values))
        assert freedom == 49
        pairs = [value for value in values for _ in range(2)]
        groups = [str(n // 2) for n in range(100)]
        assert chance.error_of_mean(pairs, groups)[0] == pytest.approx(stats.sem(values))
        assert chance.error_of_mean(pairs)[0] < 0.75 * stats.sem(values)


class TestMetrics:
    """Each value by its definition, in numpy; each sum of parts is zero, as it has to be."""

    def made(self, seed: int = 1, count: int = 200) -> tuple[Any, ...]:
        chance_ = np.random.default_rng(seed)
        truth = chance_.integers(0, 3, count)
        said = np.where(chance_.random(count) < 0.7, truth, chance_.integers(0, 3, count))
        return truth, said, chance_

    def test_classes(self) -> None:
        truth, said, _ = self.made()
        found = rows(truth, said)
        assert measure("accuracy", found).value == pytest.approx((truth == said).mean())
        recall = [(said[truth == k] == k).mean() for k in range(3)]
        assert measure("balanced accuracy", found).value == pytest.approx(np.mean(recall))
        f1 = [
            2 * ((truth == k) & (said == k)).sum() / ((truth == k).sum() + (said == k).sum())
            for k in range(3)
        ]
        assert measure("macro f1", found).value == pytest.approx(np.mean(f1))

    def test_numbers(self) -> None:
        generator = np.random.default_rng(2)
        truth = generator.gamma(2, 3, 100)
        said = truth * generator.uniform(0.5, 1.5, 100)
        found = rows(truth, said)
        assert measure("rmse", found).value == pytest.approx(np.sqrt(((truth - said) ** 2).mean()))
        assert measure("mae", found).value == pytest.approx(np.abs(truth - said).mean())
        assert measure("mase", found, 2.0).value == pytest.approx(np.abs(truth - said).mean() / 2)
        assert measure("pearson", found).value == pytest.approx(
            stats.pearsonr(truth, said).statistic
        )
        logs = np.log1p(said) - np.log1p(truth)
        assert measure("rmsle", found).value == pytest.approx(np.sqrt((logs**2).mean()))

    def test_shares(self) -> None:
        generator = np.random.default_rng(3)
        truth = generator.integers(0, 2, 150)
        share = np.round(np.clip(truth * 0.3 + generator.random(150) * 0.7, 0, 1), 2)
        found = rows(truth, share > 0.5, **{"0": list(1 - share), "1": list(share)})
        area = stats.mannwhitneyu(share[truth == 1], share[truth == 0]).statistic
        assert measure("auc", found).value == pytest.approx(
            area / (truth == 1).sum() / (truth == 0).sum()
        )
        loss = -np.log(np.clip(np.where(truth == 1, share, 1 - share), 1e-15, 1)).mean()
        assert measure("log loss", found).value == pytest.approx(loss)
        only = rows(truth, share > 0.5, **{"1": list(share)})
        assert measure("log loss", only).value == pytest.approx(loss)
        assert measure("auc", only).value == measure("auc", found).value

    def test_labels(self) -> None:
        found = rows(["a|b", "a", "", "c"], ["a", "a", "", "b|a"])
        assert measure("f1", found).value == pytest.approx((2 / 3 + 1 + 1 + 0) / 4)

    def test_points(self) -> None:
        assert measure("mae", rows(["1 2", "0 0"], ["1 4", "3 1"])).value == pytest.approx(
            (1 + 2) / 2
        )
        with pytest.raises(CompanionError, match="1 numbers were predicted where there are 2"):
            measure("mae", rows(["1 2"], ["1"]))

    def test_masks(self) -> None:
        numbers = {
            "hit:sky": (3.0, 1.0), "extra:sky": (1.0, 0.0), "lost:sky": (0.0, 1.0),
            "hit:road": (5.0, 0.0), "extra:road": (0.0, 2.0), "lost:road": (1.0, 0.0),
        }  # fmt: skip
        found = Predictions(("0", "1"), ("", ""), ("", ""), (), numbers)
        assert measure("mean iou", found).value == pytest.approx((4 / 6 + 5 / 8) / 2)
        assert measure("pixel accuracy", found).value == pytest.approx(9 / 11)

    @pytest.mark.parametrize(
        "metric", sorted(set(DIRECTIONS) - {"mean iou", "pixel accuracy", "f1"})
    )
    def test_parts_are_what_leaving_a_row_out_does(self, metric: str) -> None:
        """The influence of a row, against the jackknife: the metric without it."""
        truth, said, generator = self.made(4, 120)
        truth, said = truth % 2, said % 2
        share = np.clip(0.3 * truth + 0.6 * generator.random(120) + 0.05, 0, 1)
        found = rows(truth, said, **{"0": list(1 - share), "1": list(share)})
        if metric in ("rmse", "mae", "rmsle", "mase", "pearson"):
            found = rows(truth + generator.random(120), said + generator.random(120))
        whole = measure(metric, found)
        assert math.fsum(whole.parts) == pytest.approx(0, abs=1e-8)
        for left_out in (0, 5, 17, 44):
            rest = found.taken([one for one in found.ids if one != str(left_out)])
            moved = whole.value - measure(metric, rest).value
            assert moved * 119 == pytest.approx(
                whole.parts[left_out], abs=0.05 * (1 + abs(whole.parts[left_out]))
            )

    def test_a_constant_is_correlated_with_nothing(self) -> None:
        found = score("pearson", rows([1, 2, 3, 4, 5], [3, 3, 3, 3, 3]))
        assert found.value == 0
        assert -1 < found.low < 0 < found.high < 1
        both = compare("pearson", rows([1, 2, 3], [3, 3, 3]), rows([1, 2, 3], [1, 2, 4]))
        assert both.difference > 0.9

    def test_what_can_not_be_scored(self) -> None:
        for metric, found in (
            ("rmse", rows(["1", "x"], ["1", "2"])),
            ("rmse", rows(["1"], ["nan"])),
            ("rmsle", rows(["1"], ["-2"])),
            ("auc", rows([1, 1], [1, 1], **{"1": [0.1, 0.2]})),
            ("pearson", rows([1, 1], [1, 2])),
            ("accuracy", rows([], [])),
            ("acuracy", rows([1], [1])),
        ):
            with pytest.raises(CompanionError):
                measure(metric, found)


class TestIntervals:
    def test_accuracy_is_wilson(self) -> None:
        found = score("accuracy", rows([1] * 179, [1] * 139 + [0] * 40))
        exact = stats.binomtest(139, 179).proportion_ci(method="wilson")
        assert (found.low, found.high) == pytest.approx((exact.low, exact.high))
        assert (found.n, found.direction) == (179, "higher")

    def test_all_right_is_not_all_sure(self) -> None:
        found = score("accuracy", rows([1] * 36, [1] * 36))
        assert (found.value, found.high) == (1.0, 1.0)
        assert 0.89 < found.low < 0.91
        for metric in ("balanced accuracy", "macro f1"):
            assert score(metric, rows([0, 1] * 18, [0, 1] * 18)).low < 0.9

    def test_pearson_is_scipys(self) -> None:
        generator = np.random.default_rng(5)
        x = generator.normal(size=60)
        y = x + generator.normal(size=60)
        exact = stats.pearsonr(x, y).confidence_interval()
        found = score("pearson", rows(x, y))
        assert (found.low, found.high) == pytest.approx((exact.low, exact.high))

    @pytest.mark.parametrize(
        "metric", ["rmse", "mae", "balanced accuracy", "auc", "log loss", "macro f1"]
    )
    def test_about_what_scipys_bootstrap_says(self, metric: str) -> None:
        generator = np.random.default_rng(6)
        if metric in ("rmse", "mae"):
            exact = generator.normal(size=300)
            found = rows(exact, exact + generator.normal(size=300))
        else:
            truth = generator.integers(0, 2, 300)
            share = np.clip(0.35 * truth + 0.6 * generator.random(300), 0.01, 0.99)
            found = rows(
                truth, (share > 0.5).astype(int), **{"0": list(1 - share), "1": list(share)}
            )

        def again(places: Any) -> float:
            ids = [str(number) for number in range(len(places))]
            taken = Predictions(
                tuple(ids),
                tuple(found.truths[n] for n in places),
                tuple(found.predictions[n] for n in places),
                (),
                {name: tuple(column[n] for n in places) for name, column in found.numbers.items()},
            )
            return measure(metric, taken).value

        drawn = stats.bootstrap(
            (np.arange(300),),
            again,
            n_resamples=600,
            method="percentile",
            vectorized=False,
            rng=np.random.default_rng(7),
        ).confidence_interval
        made = score(metric, found)
        width = drawn.high - drawn.low
        assert made.low == pytest.approx(drawn.low, abs=0.12 * width)
        assert made.high == pytest.approx(drawn.high, abs=0.12 * width)

    def test_rows_of_one_group_count_less(self) -> None:
        generator = random.Random(8)
        truth, said, groups = [], [], []
        for group in range(20):
            right = generator.random() < 0.7
            for _ in range(10):
                truth.append(1)
                said.append(int(right))
                groups.append(group)
        alone = score("accuracy", rows(truth, said))
        together = score("accuracy", rows(truth, said, groups))
        assert together.high - together.low > 2.5 * (alone.high - alone.low)

    def test_one_row(self) -> None:
        assert score("rmse", rows([1], [2])).high == math.inf
        found = score("accuracy", rows([1], [1]))
        assert found.low < 0.3


def simulate(
    draw: Callable[[np.random.Generator], Predictions], metric: str, truth: float, runs: int = 1000
) -> float:
    """Give the share of intervals that hold the truth."""
    held = 0
    for seed in range(runs):
        found = score(metric, draw(np.random.default_rng(seed)))
        held += found.low <= truth <= found.high
    return held / runs


def classes(p: float, n: int) -> Callable[[np.random.Generator], Predictions]:
    return lambda generator: rows([1] * n, (generator.random(n) < p).astype(int))


def normal_errors(n: int) -> Callable[[np.random.Generator], Predictions]:
    return lambda generator: rows(np.zeros(n), generator.normal(size=n))


def ranked(n: int) -> Callable[[np.random.Generator], Predictions]:
    def draw(generator: np.random.Generator) -> Predictions:
        truth = np.arange(n) % 3 == 0
        scores = generator.normal(size=n) + 1.2 * truth
        return rows(truth.astype(int), np.zeros(n), **{"1": list(scores)})

    return draw


AREA = float(stats.norm.cdf(1.2 / math.sqrt(2)))
SIMULATIONS = [
    ("accuracy", classes(0.78, 179), 0.78),
    ("accuracy", classes(0.9, 60), 0.9),
    ("rmse", normal_errors(89), 1.0),
    ("rmse", normal_errors(40), 1.0),
    ("mae", normal_errors(89), math.sqrt(2 / math.pi)),
    ("auc", ranked(150), AREA),
]


@pytest.mark.slow
@pytest.mark.parametrize(("metric", "draw", "truth"), SIMULATIONS)
def test_intervals_hold_the_truth_as_often_as_they_say(
    metric: str, draw: Callable[[np.random.Generator], Predictions], truth: float
) -> None:
    assert 0.93 <= simulate(draw, metric, truth) <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["rmse", "mae", "accuracy"])
def test_differences_hold_the_truth_as_often_as_they_say(metric: str) -> None:
    """Two models with errors that go together; the true difference is that of very many rows."""
    correlation, n = 0.7, 120

    def draw(generator: np.random.Generator, count: int) -> tuple[Predictions, Predictions]:
        shared = generator.normal(size=count)
        first = correlation * shared + math.sqrt(1 - correlation**2) * generator.normal(size=count)
        second = 0.9 * (
            correlation * shared + math.sqrt(1 - correlation**2) * generator.normal(size=count)
        )
        if metric == "accuracy":
            return rows([1] * count, (first < 0.6).astype(int)), rows(
                [1] * count, (second < 0.75).astype(int)
            )
        return rows(np.zeros(count), first), rows(np.zeros(count), second)

    truth = {
        "rmse": -0.1,
        "mae": -0.1 * math.sqrt(2 / math.pi),
        "accuracy": float(stats.norm.cdf(0.75 / 0.9) - stats.norm.cdf(0.6)),
    }[metric]
    held = 0
    for seed in range(1000):
        found = compare(metric, *draw(np.random.default_rng(seed), n))
        held += found.low <= truth <= found.high
    assert 0.93 <= held / 1000 <= 0.97


class TestComparing:
    def test_mcnemar(self) -> None:
        first, second = [1] * 70 + [0] * 30, [1] * 66 + [0] * 4 + [1] * 18 + [0] * 12
        found = compare("accuracy", rows([1] * 100, first), rows([1] * 100, second))
        assert found.p == pytest.approx(stats.binomtest(4, 22).pvalue)
        assert found.difference == pytest.approx(0.14)
        assert found.low < 0.14 < found.high
        assert found.low > 0
        assert found.verdict == "better"
        turned = compare("accuracy", rows([1] * 100, second), rows([1] * 100, first))
        assert turned.verdict == "worse"
        assert turned.low == pytest.approx(-found.high)

    def test_mae_is_a_paired_t_test(self) -> None:
        generator = np.random.default_rng(9)
        truth = generator.normal(size=80)
        first, second = truth + generator.normal(size=80), truth + 0.6 * generator.normal(size=80)
        exact = stats.ttest_rel(np.abs(second - truth), np.abs(first - truth))
        found = compare("mae", rows(truth, first), rows(truth, second))
        assert found.p == pytest.approx(exact.pvalue)
        interval = exact.confidence_interval()
        assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
        assert found.verdict == "better"

    def test_rmse_is_about_scipys_paired_bootstrap(self) -> None:
        generator = np.random.default_rng(10)
        truth = generator.normal(size=300)
        first, second = truth + generator.normal(size=300), truth + 0.9 * generator.normal(size=300)

        def difference(a: Any, b: Any, axis: int = -1) -> Any:
            return np.sqrt((b**2).mean(axis=axis)) - np.sqrt((a**2).mean(axis=axis))

        drawn = stats.bootstrap(
            (first - truth, second - truth),
            difference,
            paired=True,
            vectorized=True,
            rng=np.random.default_rng(11),
        ).confidence_interval
        found = compare("rmse", rows(truth, first), rows(truth, second))
        assert (found.low, found.high) == pytest.approx((drawn.low, drawn.high), abs=0.02)

    def test_the_same_predictions(self) -> None:
        found = compare("accuracy", rows([1, 0, 1], [1, 1, 1]), rows([1, 0, 1], [1, 1, 1]))
        assert (found.difference, found.p, found.verdict, found.rows_needed) == (
            0,
            1.0,
            "cannot tell",
            None,
        )
        found = compare("rmse", rows([1, 0, 1], [1, 1, 1]), rows([1, 0, 1], [1, 1, 1]))
        assert (found.low, found.high, found.verdict) == (0, 0, "cannot tell")

    def test_rows_that_it_would_take(self) -> None:
        """With as many rows as it asks for, four of five repetitions see the difference."""
        generator = np.random.default_rng(12)

        def draw(count: int) -> tuple[Predictions, Predictions]:
            first, second = generator.random(count) < 0.78, generator.random(count) < 0.84
            return rows([1] * count, first.astype(int)), rows([1] * count, second.astype(int))

        needed = [
            found for _ in range(40) if (found := compare("accuracy", *draw(20_000)).rows_needed)
        ]
        middle = sorted(needed)[20]
        seen = sum(compare("accuracy", *draw(middle)).verdict == "better" for _ in range(300))
        assert 0.7 < seen / 300 < 0.9

    def test_pairs_help(self) -> None:
        """On the same rows a difference is seen that two single intervals hide."""
        generator = np.random.default_rng(13)
        hard = generator.random(400)
        first, second = (hard < 0.75).astype(int), (hard < 0.79).astype(int)
        found = compare("accuracy", rows([1] * 400, first), rows([1] * 400, second))
        assert found.verdict == "better"
        one, other = (
            score("accuracy", rows([1] * 400, first)),
            score("accuracy", rows([1] * 400, second)),
        )
        assert one.high > other.low

    def test_other_rows_are_refused(self) -> None:
        with pytest.raises(CompanionError, match="other rows"):
            compare("accuracy", rows([1, 1], [1, 1]), rows([1], [1]))
        with pytest.raises(CompanionError, match="other truths"):
            compare("accuracy", rows([1, 1], [1, 1]), rows([1, 0], [1, 1]))

    def test_share_columns(self) -> None:
        assert share_names(["a", "b"]) == ["share:a", "share:b"]
