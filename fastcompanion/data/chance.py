"""What chance does: the few distributions and intervals that scores need, without SciPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

LEVEL = 0.95


def normal_quantile(share: float) -> float:
    """Give the standard normal quantile, to full precision (Wichura 1988, in the standard library)."""
    return NormalDist().inv_cdf(share)


def normal_below(value: float) -> float:
    """Give the probability that a standard normal variable is below a value."""
    return math.erfc(-value / math.sqrt(2)) / 2


def beta_below(x: float, a: float, b: float) -> float:
    """Give the regularised incomplete beta function by Lentz's continued fraction (DLMF 8.17.22)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_below(1 - x, b, a)
    front = (
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    return math.exp(front) * _fraction(x, a, b) / a


def _fraction(x: float, a: float, b: float) -> float:
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    made = d
    for m in range(1, 1000):
        for top in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + top * d
            c = 1 + top / c
            d = 1 / (d if abs(d) > tiny else tiny)
            c = c if abs(c) > tiny else tiny
            made *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return made


def student_below(value: float, freedom: float) -> float:
    """Give the probability that Student's t is below a value."""
    if math.isinf(freedom):
        return normal_below(value)
    tail = beta_below(freedom / (freedom + value * value), freedom / 2, 0.5) / 2
    return tail if value < 0 else 1 - tail


def student_quantile(share: float, freedom: float) -> float:
    """Give the quantile of Student's t by bisection."""
    return solve(lambda value: student_below(value, freedom) - share, -1e6, 1e6)


def solve(function: Callable[[float], float], low: float, high: float) -> float:
    """Find where a growing function is zero, by bisection; an end where it never is."""
    if function(low) >= 0:
        return low
    if function(high) <= 0:
        return high
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if function(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def wilson(right: float, count: float, level: float = LEVEL) -> tuple[float, float]:
    """Give Wilson's score interval of a share (Wilson 1927); it is right also for none and for all."""
    if count <= 0:
        return 0.0, 1.0
    z = normal_quantile((1 + level) / 2)
    share = right / count
    middle = share + z * z / (2 * count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    whole = 1 + z * z / count
    low, high = (middle - half) / whole, (middle + half) / whole
    return (0.0 if right <= 0 else max(0.0, low)), (1.0 if right >= count else min(1.0, high))


def signs(fewer: int, more: int) -> float:
    """Give the two-sided p of the exact sign test; on rows that two models judge apart it is McNemar's."""
    count, least = fewer + more, min(fewer, more)
    if not count:
        return 1.0
    tail = math.fsum(
        math.exp(_log_choices(count, k) - count * math.log(2)) for k in range(least + 1)
    )
    return min(1.0, 2 * tail)


def _log_choices(count: int, chosen: int) -> float:
    return math.lgamma(count + 1) - math.lgamma(chosen + 1) - math.lgamma(count - chosen + 1)


def paired_shares(
    only_first: int, only_second: int, count: int, level: float = LEVEL
) -> tuple[float, float]:
    """Give Tango's score interval of the difference of two shares on the same rows (Tango 1998).

    `only_first` rows are right for the first model alone, `only_second` for the second alone.
    """
    z = normal_quantile((1 + level) / 2)

    def statistic(difference: float) -> float:
        a = 2 * count
        b = -only_first - only_second + (2 * count - only_first + only_second) * difference
        c = -only_second * difference * (1 - difference)
        q = (math.sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
        variance = count * (2 * q + difference * (1 - difference))
        top = only_first - only_second - count * difference
        return (
            top / math.sqrt(variance)
            if variance > 1e-12
            else math.copysign(math.inf, top)
            if top
            else 0.0
        )

    low = solve(lambda difference: z - statistic(difference), -1 + 1e-12, 1 - 1e-12)
    high = solve(lambda difference: -z - statistic(difference), -1 + 1e-12, 1 - 1e-12)
    return low, high


def error_of_mean(
    values: Sequence[float], groups: Sequence[str] = (), *, ordered: bool = False
) -> tuple[float, float]:
    """Give the standard error of a mean and its degrees of freedom.

    With `groups` rows of one group may be alike (Liang and Zeger 1986); `ordered` rows may be like
    their neighbours in time (Newey and West 1987, with the cube root of the rows as lags).
    """
    count = len(values)
    if count < 2:
        return math.inf, 1.0
    mean = math.fsum(values) / count
    left = [value - mean for value in values]
    if groups:
        return _error_of_groups(left, groups)
    total = math.fsum(one * one for one in left)
    if ordered:
        lags = round(count ** (1 / 3))
        for lag in range(1, lags + 1):
            weight = 2 * (1 - lag / (lags + 1))
            total += weight * math.fsum(a * b for a, b in zip(left, left[lag:], strict=False))
    return math.sqrt(max(total, 0.0) / count / (count - 1)), count - 1.0


def _error_of_groups(left: Sequence[float], groups: Sequence[str]) -> tuple[float, float]:
    sums: dict[str, float] = {}
    for group, one in zip(groups, left, strict=True):
        sums[group] = sums.get(group, 0.0) + one
    many = len(sums)
    if many < 2:
        return math.inf, 1.0
    spread = math.fsum(one * one for one in sums.values())
    return math.sqrt(spread * many / (many - 1)) / len(left), many - 1.0
