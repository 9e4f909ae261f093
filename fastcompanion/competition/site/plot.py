"""Scores over time as plain text, better ones up, whichever way the metric goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from fastcompanion.competition.site.progress import Level, Point
from fastcompanion.data.dataset import Direction

_LEFT, _HEIGHT, _LEAST = 9, 12, 40
_NAMES = 14
#: what a site may say, and no axis can hold
_MOST = 1e100


def drawn(
    points: Sequence[Point], levels: Sequence[Level], way: Direction | None, *, width: int = 74
) -> str:
    """Draw the best score as a line, each submission as a mark, and levels as dots with their names."""
    if not points:
        return ""
    levels = [one for one in levels if abs(one.score) < _MOST]
    if any(abs(one.score) >= _MOST for one in points):
        return "(scores of this size can't be drawn)"
    inner = max(_LEAST, width - _LEFT - _NAMES - 2)
    scores = [one.score for one in points] + [one.score for one in levels]
    low, high = _range(scores)

    def row_of(score: float) -> int:
        share = (score - low) / (high - low)
        up = 1 - share if way == "lower" else share
        return round((1 - up) * (_HEIGHT - 1))

    grid = [[" "] * inner for _ in range(_HEIGHT)]
    for level in levels:
        grid[row_of(level.score)] = list("." * inner)
    _steps(grid, points, row_of, inner)
    names = _names(levels, row_of)
    lines = []
    for row in range(_HEIGHT):
        share = row / (_HEIGHT - 1)
        value = low + (high - low) * (share if way == "lower" else 1 - share)
        label = f"{value:>{_LEFT - 1}.4g}" if row in (0, _HEIGHT // 2, _HEIGHT - 1) else ""
        lines.append(f"{label:>{_LEFT - 1}} |{''.join(grid[row])} {names.get(row, '')}".rstrip())
    return "\n".join([*lines, *_below(points, inner)])


def _range(scores: Sequence[float]) -> tuple[float, float]:
    low, high = min(scores), max(scores)
    if low == high:
        margin = abs(low) * 0.05 or 0.5
        return low - margin, high + margin
    margin = (high - low) * 0.05
    return low - margin, high + margin


def _steps(
    grid: list[list[str]], points: Sequence[Point], row_of: Callable[[float], int], inner: int
) -> None:
    columns = _columns([one.at for one in points], inner)
    for number, (one, column) in enumerate(zip(points, columns, strict=True)):
        end = columns[number + 1] if number + 1 < len(points) else inner
        best = row_of(one.best)
        for place in range(column, end):
            grid[best][place] = "-"
    for one, column in zip(points, columns, strict=True):
        mark = "*" if one.improved else "o"
        row = row_of(one.score)
        if grid[row][column] != "*":
            grid[row][column] = mark


def _columns(moments: Sequence[datetime], inner: int) -> list[int]:
    first, last = min(moments), max(moments)
    span = (last - first).total_seconds()
    most = inner - 4
    if span <= 0:
        return [round(number * most / max(1, len(moments) - 1)) for number in range(len(moments))]
    return [round((moment - first).total_seconds() / span * most) for moment in moments]


def _names(levels: Sequence[Level], row_of: Callable[[float], int]) -> dict[int, str]:
    """Name each row with levels; what does not fit is cut."""
    rows: dict[int, list[str]] = {}
    for level in levels:
        rows.setdefault(row_of(level.score), []).append(level.name.removeprefix("naive: "))
    return {row: ", ".join(names)[:_NAMES] for row, names in rows.items()}


def _below(points: Sequence[Point], inner: int) -> list[str]:
    first, last = points[0].at, points[-1].at
    form = "%Y-%m-%d" if first.date() != last.date() else "%H:%M"
    left, right = f"{first:{form}}", f"{last:{form}}" if len(points) > 1 else ""
    gap = max(1, inner - len(left) - len(right))
    return [
        f"{'':>{_LEFT - 1}} +{'-' * inner}",
        f"{'':>{_LEFT - 1}}  {left}{' ' * gap}{right}",
        f"{'':>{_LEFT - 1}}  * a new best, o another one, - the best so far, . leaderboard now",
    ]
