"""Several series in one table are named, whichever way they lie."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

from fastcompanion.data.look import look
from tests.data.folders import table

START = date(2024, 3, 1)


def names(path: Path, **said: str) -> set[str]:
    return {problem.name for problem in look(path, **said).problems}  # type: ignore[arg-type]


def test_series_below_each_other(tmp_path: Path) -> None:
    chance = random.Random(1)
    rows = [
        [shop, START + timedelta(n), chance.randrange(900), round(chance.uniform(5, 9), 2)]
        for shop in ("north", "south", "harbour")
        for n in range(60)
    ]
    table(tmp_path / "a.csv", ["shop", "day", "people", "sales"], rows)
    assert "several-series" in names(tmp_path, target="sales", kind="table-number")


def test_a_series_in_each_row(tmp_path: Path) -> None:
    chance = random.Random(2)
    days = [str(START + timedelta(n)) for n in range(40)]
    rows = [[f"page {n}", *(chance.randrange(99) for _ in days)] for n in range(30)]
    table(tmp_path / "a.csv", ["page", *days], rows)
    assert "series-across" in names(tmp_path)


def test_other_tables_with_dates_are_none(tmp_path: Path) -> None:
    chance = random.Random(3)
    rows = [
        [START + timedelta(chance.randrange(50)), chance.choice("abc"), chance.randrange(90)]
        for _ in range(200)
    ]
    table(tmp_path / "a.csv", ["bought", "kind", "price"], rows)
    assert not {"several-series", "series-across"} & names(tmp_path, target="price")
