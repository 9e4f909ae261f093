"""Projects of series: days with gaps written the German way, months, hours, years, rows without a time."""

from __future__ import annotations

import csv
import importlib.util
import json
import math
import random
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.data import folds, predictions, scores
from fastcompanion.project import checking, growing, running, scoring, series
from fastcompanion.project.place import Project
from tests.data import folders
from tests.project import made
from tests.project.test_growing import grown


def amount(chance: random.Random, place: int, price: float) -> float:
    """More on some days of a week and where the price is low, on a slope."""
    return 50 + place / 10 + 8 * math.sin(math.tau * place / 7) - 6 * price + chance.gauss(0, 1)


def sales(folder: Path, count: int = 420) -> Path:
    """A shop's days: the day first, decimal commas, days without a row, rows in no order; a test that knows the price."""
    chance = random.Random(1)
    rows, asked = [], []
    for place in range(count):
        day, price = date(2023, 1, 30) + timedelta(place), chance.choice([1.0, 1.5, 2.0])
        told = [f"{day:%d.%m.%Y}", f"{price:.1f}".replace(".", ",")]
        if place >= count - 20:
            asked.append(told)
        elif place % 29:
            rows.append([*told, f"{amount(chance, place, price):.2f}".replace(".", ",")])
    chance.shuffle(rows)
    folders.table(folder / "train.csv", ["Tag", "Preis", "Umsatz"], rows, ";")
    folders.table(folder / "test.csv", ["Tag", "Preis"], asked, ";")
    return folder


def months(path: Path, count: int = 120) -> Path:
    chance = random.Random(2)
    rows = [
        [f"{2000 + n // 12}-{n % 12 + 1:02}", round(100 + n + 20 * math.sin(math.tau * n / 12) + chance.gauss(0, 2), 1)]
        for n in range(count)
    ]  # fmt: skip
    return folders.table(path, ["month", "sold"], rows)


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    said = {"kind": "time-series", "target": "Umsatz"}
    return made.copy("series", lambda p: made.scored(sales(p / "data"), p / "trial", **said), tmp_path, tmp_path / "trial")  # fmt: skip


def loaded(project: Project) -> Any:
    """Give what data.py gives to the models."""
    code = "import data, json; print(json.dumps([data.load(), data.test(), data.SEASON]))"
    return json.loads(made.script(project, "-c", code).stdout)


def test_all_steps_work_together(shop: Project) -> None:
    record = shop.record()
    assert (record.template, record.answers["unit"]) == ("project/series", "days")
    assert (record.answers["season"], record.answers["numbers"]) == (7, ["Preis"])
    added = [growth.step.id for growth in grown(shop) if growth.step is not None]
    assert added == ["submission", "linear", "model", "saved", "app", "errors", "seeds"]
    assert "failed" not in made.own_tests(shop, "-m", "not slow")
    for words in (["train.py", "linear"], ["save.py", "linear"], ["submit.py", "linear"], ["errors.py", "linear"]):  # fmt: skip
        made.script(shop, *words)
    runs = {run.name: run.score.value for run in scoring.board(shop, write=False).runs}
    assert runs["linear"] < 0.8 * runs["baseline"] < 0.8 * runs["majority"]
    with (shop.root / "submission.csv").open(newline="") as file:
        said = [float(row["Umsatz"]) for row in csv.DictReader(file)]
    assert len(said) == 20
    assert max(said) - min(said) > 10, "the season and the price go on"
    assert scoring.open_final(shop, "linear", python=running.OWN).score.n == len(folds.read(shop.root).of("final"))  # fmt: skip


def test_days_are_steps_and_days_without_a_row_are_gaps(shop: Project) -> None:
    (ids, inputs, targets), (_, asked), _ = loaded(shop)
    assert len(ids) == len(targets) == 400 - 14
    assert [row["step"] for row in inputs[:30]] == [*range(28), 29, 30]
    assert [row["step"] for row in asked] == list(range(399, 419))
    assert {row["Preis"] for row in inputs + asked} == {1.0, 1.5, 2.0}
    assert checking.check(shop, python=[sys.executable]).passed


def test_each_block_is_forecast_from_what_lies_before_it(shop: Project) -> None:
    split = folds.read(shop.root)
    parts = list(split.parts.values())
    order = ["train", "0", "1", "2", "3", "4", "final"]
    assert parts == sorted(parts, key=order.index)
    assert split.folds == ("0", "1", "2", "3", "4")
    assert split.trained_on("2") == tuple(one for one, part in split.parts.items() if part in order[:3])  # fmt: skip
    before = dict(zip(*columns(shop), strict=True))
    with (shop.data / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    later = set(split.of("3")) | set(split.of("4")) | set(split.of("final"))
    for number, row in enumerate(rows, start=1):
        row["Umsatz"] = "9999" if str(number) in later else row["Umsatz"]
    folders.table(shop.data / "train.csv", list(rows[0]), [list(row.values()) for row in rows])
    made.script(shop, "train.py", "baseline")
    after = dict(zip(*columns(shop), strict=True))
    earlier = [one for one in before if one not in later]
    assert [after[one] for one in earlier] == [before[one] for one in earlier]
    assert any(after[one] != before[one] for one in split.of("4"))


def columns(project: Project) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the ids and the forecasts of the baseline's run."""
    _, rows = predictions.read(project.runs / "baseline")
    return rows.ids, rows.predictions


def test_scores_are_ours_and_mase_is_a_multiple_of_the_naive_error(tmp_path: Path) -> None:
    project = made.scored(months(tmp_path / "a.csv"), tmp_path / "trial", metric="mase")
    scale = project.settings()["scale"]
    printed = made.script(project, "score.py").stdout
    for run in scoring.board(project, write=False).runs:
        about, rows = predictions.read(project.runs / run.name)
        assert about.settings["scale"] == scale
        ours = scores.score("mase", rows, ordered=True, scale=scale)
        assert ours.value == pytest.approx(scores.score("mae", rows).value / scale)
        assert (run.score.value, run.score.low) == (ours.value, ours.low)
        line = next(line for line in printed.splitlines() if line.startswith(run.name))
        assert f" {ours.value:.4g} [" in line


def hours(path: Path) -> Path:
    rows = [
        [f"{date(2024, 2, 28) + timedelta(n // 24)} {n % 24:02}:00:00", round(5 + math.sin(math.tau * n / 24), 3)]
        for n in range(200)
    ]  # fmt: skip
    return folders.table(path, ["time", "load"], rows)


def years(path: Path) -> Path:
    return folders.table(path, ["year", "height"], [[1900 + n, 10 + n % 5] for n in range(60)])


def nothing(path: Path) -> Path:
    return folders.table(path, ["flow"], [[round(math.sin(n / 3) + n % 4, 3)] for n in range(80)])


def unlike(path: Path) -> Path:
    """Days that lie unlike far apart, up to decades."""
    days = [date(2020, 1, 1) + timedelta(n * n * n) for n in range(40)]
    return folders.table(path, ["date", "level"], [[day, n % 6 + n / 10] for n, day in enumerate(days)])  # fmt: skip


@pytest.mark.parametrize(
    ("write", "target", "unit", "season", "last"),
    [
        (hours, "load", "days", 24, "2024-03-07 08:00:00"),
        (months, "sold", "months", 12, "2010-01"),
        (years, "height", "numbers", 1, "1960"),
        (nothing, "flow", "rows", 4, "row 81"),
        (unlike, "level", "rows", 1, "row 41"),
    ],
)
def test_time_is_told_in_steps(
    write: Callable[[Path], Path], target: str, unit: str, season: int, last: str, tmp_path: Path
) -> None:
    project = made.project(write(tmp_path / "a.csv"), tmp_path / "trial", target=target, kind="time-series")  # fmt: skip
    answers = project.record().answers
    assert (answers["unit"], answers["season"]) == (unit, season)
    code = "import data; print(data.when(data.load()[1][-1]['step'] + 1))"
    assert made.script(project, "-c", code).stdout.strip() == last
    growing.take(project, growing.where(project, "linear"))
    assert "failed" not in made.own_tests(project)
    made.script(project, "train.py", "linear")


def test_rhythms() -> None:
    day = float(date(2021, 1, 31).toordinal())
    ends = [float(date(2021 + n // 12, n % 12 + 1, 28).toordinal()) for n in range(30)]
    assert series.rhythm(ends, dates=True).unit == "months"
    assert series.rhythm([day + 28 * n for n in range(9)], dates=True) == series.Rhythm("days", 28.0, day)  # fmt: skip
    hourly = series.rhythm([day + round(n / 24, 6) for n in range(40_000)], dates=True)
    assert hourly.step(day + 39_999 / 24, 0) == 39_999
    quarters = series.rhythm([float(date(2000 + n // 4, n % 4 * 3 + 1, 1).toordinal()) for n in range(20)], dates=True)  # fmt: skip
    assert (quarters.unit, quarters.every) == ("months", 3)
    assert series.rhythm([5.0], dates=False).unit == "rows"


@pytest.mark.train
@pytest.mark.skipif(not importlib.util.find_spec("fastai"), reason="needs fastai")
def test_the_fastai_model_trains(shop: Project) -> None:
    grown(shop)
    assert "failed" not in made.own_tests(shop, "-m", "slow")
    running.script(shop, ["train.py", "model"])
    first = (shop.runs / "model" / "valid.csv").read_bytes()
    running.script(shop, ["train.py", "model"])
    assert (shop.runs / "model" / "valid.csv").read_bytes() == first, "two processes, one seed"
    runs = {run.name: run.score.value for run in scoring.board(shop, write=False).runs}
    assert runs["model"] < runs["majority"]
