"""Naive baselines: what they say, and what they score on tables from end to end."""

from __future__ import annotations

import csv
import math
import os
import random
import subprocess
import sys
import time
from collections import Counter
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.data import baselines, first, folds, measures, onerule, splits, tables, tabular
from fastcompanion.data.columns import values
from fastcompanion.data.dataset import SplitRule
from fastcompanion.data.first import First
from fastcompanion.data.look import look, view_at
from fastcompanion.data.metrics import measure
from fastcompanion.data.predictions import Predictions
from tests.data import folders
from tests.data.folders import table

# Read before a fixture empties the environment.
DATA = os.environ.get("FASTCOMPANION_TEST_DATA", "")


def of_table(path: Path, target: str = "", kind: str = "") -> list[First]:
    """Judge the naive baselines of a table in the order in which they look at more of it."""
    view = view_at(path, whole=True)
    known = tabular.recognise(view, target, kind)
    rule = splits.propose(view, known)
    metric = measures.propose(known.kind.value, view.values.get(known.target.value), view)
    if rule is None or metric is None:
        raise CompanionError("nothing tells what is to be predicted here")
    return first.judge(view, known, folds.make(rule, first.rows_of(view, known, rule)), metric)


class TestSaying:
    def test_constants(self) -> None:
        assert baselines.majority(["b", "a", "a", "b"]).predict([0, 1]) == ["a", "a"]
        assert baselines.mean([1.0, 2.0, 6.0]).predict([0]) == ["3.0"]
        assert baselines.median([1.0, 2.0, 6.0]).predict([0]) == ["2.0"]
        assert baselines.mean_of_logs([0.0, 8.0]).predict([0]) == ["2.0"]
        assert baselines.mean_point(["1 2", "3 6"]).predict([0]) == ["2.0 4.0"]
        assert baselines.last_value([4.0, 7.5]).predict([0, 1]) == ["7.5", "7.5"]

    def test_shares_of_classes(self) -> None:
        told = baselines.class_shares(["a", "a", "b"])
        assert told == {"a": 3 / 5, "b": 2 / 5}

    def test_labels(self) -> None:
        rows = ["cat|dog", "dog", "dog|tree", "cat|dog", ""]
        assert baselines.usual_labels(rows).predict([0]) == ["dog"]
        assert baselines.usual_labels(["a", "b", "c"]).predict([0]) == ["a"]

    def test_masks(self) -> None:
        pixels = {"road": [6.0, 1.0], "sky": [4.0, 3.0]}
        most, shares = baselines.painted(pixels)
        assert (most, shares) == ("road", {"road": 0.5, "sky": 0.5})
        found = Predictions(("0", "1"), ("", ""), ("", ""), (), baselines.painting("sky", pixels))
        assert measure("pixel accuracy", found).value == pytest.approx(7 / 14)
        assert measure("mean iou", found).value == pytest.approx((7 / 14 + 0) / 2)

    def test_ratings(self) -> None:
        users = [f"u{n % 20}" for n in range(400)]
        items = [f"i{n // 20}" for n in range(400)]
        chance = random.Random(1)
        kind = {f"u{n}": chance.gauss(0, 1) for n in range(20)}
        good = {f"i{n}": chance.gauss(0, 1) for n in range(20)}
        given = [3 + kind[u] + good[i] for u, i in zip(users, items, strict=True)]
        naive = baselines.ratings(users[:300], items[:300], given[:300])
        said = [float(cell) for cell in naive.predict(list(zip(users, items, strict=True))[300:])]
        middle = sum(given[:300]) / 300
        errors = sum((a - b) ** 2 for a, b in zip(said, given[300:], strict=True))
        assert errors < 0.8 * sum((middle - b) ** 2 for b in given[300:])
        assert float(naive.predict([("nobody", "nothing")])[0]) == pytest.approx(middle)

    def test_seasons(self) -> None:
        series = [float(n % 7) + n / 100 for n in range(100)]
        assert baselines.season_of(series) == 7
        assert baselines.season_of([float(n) for n in range(50)]) == 1
        steep = [5.0 * n + 30 * math.sin(math.tau * n / 12) for n in range(100)]
        assert baselines.season_of(steep) == 12, "a slope hides a season, and is none"
        chance = random.Random(1)
        walk = list(accumulate(chance.gauss(0.2, 1) for _ in range(300)))
        assert baselines.season_of(walk) == 1
        assert baselines.season_of([1.0]) == 1
        assert baselines.mase_scale([1.0, 3.0, 3.0]) == 1.0

    def test_one_rule_takes_the_column_that_helps_on_unseen_rows(self) -> None:
        chance = random.Random(2)
        sex = [chance.choice("mf") for _ in range(300)]
        saved = [str(int(chance.random() < (0.8 if one == "f" else 0.2))) for one in sex]
        names = [f"name {n}" for n in range(300)]
        made = baselines.one_rule({"name": names, "sex": sex}, saved)
        assert made.name == "one rule: sex"
        assert made.predict(["m", "f", "x"])[:2] == ["0", "1"]

    def test_one_rule_tells_no_numbers_of_ranges(self) -> None:
        made = baselines.one_rule({"length": [0, 1, 2] * 20}, ["a", "b", "b"] * 20)
        assert made.learned == "the most frequent class in each of 3 groups of length"
        assert made.predict([0, 2]) == ["a", "b"]
        made = baselines.one_rule({"sex": ["m", "f"] * 20}, ["a", "b"] * 20)
        assert made.learned == "sex alone says it: m: a, f: b"

    def test_one_rule_for_numbers(self) -> None:
        groups = ["a"] * 50 + ["b"] * 50
        made = baselines.one_rule_numbers(
            {"g": groups, "n": list(range(100))}, [1.0] * 50 + [5.0] * 50
        )
        assert made.name == "one rule: g"
        assert made.predict(["a", "b", "?"]) == ["1.0", "5.0", "3.0"]


class TestRules:
    def test_numbers_are_cut_at_quantiles(self) -> None:
        told = onerule.keys(values("x", [str(n) for n in range(1000)] + [""]))[0]
        assert len(set(told)) == onerule.BINS + 1

    def test_two_columns_share_their_bounds(self) -> None:
        one, other = onerule.keys(
            values("x", [str(n) for n in range(100)]), values("x", [str(n) for n in range(50, 60)])
        )
        assert len(set(other)) < 4 < len(set(one))

    def test_chance_tells_nothing(self) -> None:
        chance = random.Random(3)
        told = onerule.classes(
            [chance.randint(0, 300) for _ in range(600)], [chance.choice("ab") for _ in range(600)]
        )
        assert told.gain < 0.1

    def test_apart(self) -> None:
        chance = random.Random(4)
        one = values("x", [f"{chance.gauss(0, 1):.3f}" for _ in range(300)])
        same = values("x", [f"{chance.gauss(0, 1):.3f}" for _ in range(300)])
        far = values("x", [f"{chance.gauss(2, 1):.3f}" for _ in range(300)])
        assert onerule.apart(one, same) < 0.6
        assert onerule.apart(one, far) > 0.85


class TestTables:
    def test_a_competition(self, tmp_path: Path) -> None:
        simple, rule = of_table(folders.passengers(tmp_path))
        assert (simple.name, rule.name) == ("majority", "one rule: Sex")
        assert (simple.score.metric, simple.score.n) == ("accuracy", 500)
        assert 0.7 < rule.score.low < rule.score.value < rule.score.high < 0.85
        assert rule.score.value > simple.score.value
        assert len(set(rule.predictions.ids)) == 500

    def test_houses(self, tmp_path: Path) -> None:
        table(tmp_path / "h.csv", folders.HOUSE_NAMES, folders.houses())
        simple, rule = of_table(tmp_path)
        assert (simple.name, rule.name) == ("mean", "one rule: area")
        assert rule.score.value < 0.8 * simple.score.value

    def test_ratings(self, tmp_path: Path) -> None:
        chance = random.Random(5)
        likes = [chance.gauss(0, 1) for _ in range(40)]
        rows = [
            [n % 40, n % 53, round(3 + likes[n % 40] + chance.gauss(0, 0.3), 1)]
            for n in range(1500)
        ]
        table(tmp_path / "ratings.csv", ["user_id", "movie_id", "rating"], rows)
        simple, naive = of_table(tmp_path)
        assert naive.name == "mean of user and item"
        assert naive.score.value < 0.6 * simple.score.value

    def test_a_series_is_judged_on_what_comes_later(self, tmp_path: Path) -> None:
        chance = random.Random(6)
        walk, start = [100.0], date(2020, 1, 1)
        for _ in range(399):
            walk.append(round(walk[-1] + chance.gauss(0.5, 1), 3))
        table(
            tmp_path / "s.csv",
            ["date", "price"],
            [[start + timedelta(n), x] for n, x in enumerate(walk)],
        )
        simple, naive, season = of_table(tmp_path)
        assert (naive.name, season.name) == ("last value", "last season")
        assert naive.score.value < simple.score.value
        assert naive.predictions.ids[0] == "321"

    def test_a_long_table_is_judged_whole(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tables, "CELLS", 3000)
        table(
            tmp_path / "h.csv", folders.HOUSE_NAMES[1:], [row[1:] for row in folders.houses(5000)]
        )
        assert look(tmp_path).tables[0].read == 1000
        simple = of_table(tmp_path)[0]
        assert simple.score.n == 1000
        assert max(map(int, simple.predictions.ids)) > 4900

    def test_rows_without_a_target_are_left_out(self, tmp_path: Path) -> None:
        rows = [
            [row[0], row[1], "" if n < 30 else row[4]] for n, row in enumerate(folders.houses())
        ]
        table(tmp_path / "h.csv", ["Id", "area", "price"], rows)
        assert of_table(tmp_path)[0].score.n == 270

    def test_a_decimal_comma(self, tmp_path: Path) -> None:
        lines = [f"{n};{n % 7},5;{n % 7 * 2},25\n" for n in range(60)]
        (tmp_path / "a.csv").write_text("Id;size;price\n" + "".join(lines))
        rule = of_table(tmp_path, target="price", kind="table-number")[1]
        assert rule.score.value == pytest.approx(0, abs=1e-9)

    def test_nothing_to_predict(self, tmp_path: Path) -> None:
        with pytest.raises(CompanionError):
            of_table(tmp_path)
        table(tmp_path / "a.csv", ["id", "name"], [[n, f"name {n}"] for n in range(50)])
        with pytest.raises(CompanionError, match="nothing tells"):
            of_table(tmp_path)

    def test_two_processes_say_the_same(self, tmp_path: Path) -> None:
        folders.passengers(tmp_path)
        script = (
            "import sys; from pathlib import Path\n"
            "from tests.data.test_baselines import of_table\n"
            "from fastcompanion.data.predictions import to_text\n"
            "print([(one.name, one.score.value, to_text(one.predictions)) for one in of_table(Path(sys.argv[1]))])\n"
        )
        said = {
            subprocess.run(
                [sys.executable, "-c", script, str(tmp_path)],
                capture_output=True, text=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed},
            ).stdout
            for seed in ("1", "2")
        }  # fmt: skip
        assert len(said) == 1

    def test_quick(self, tmp_path: Path) -> None:
        folders.passengers(tmp_path)
        before = time.process_time()
        of_table(tmp_path)
        assert time.process_time() - before < 1.0


@pytest.mark.course
class TestTheTitanic:
    """The real tables, where they were given: `make test-course DATA=...`."""

    @pytest.fixture
    def folder(self) -> Path:
        places = (Path(DATA) / "titanic", Path(DATA))
        found = [place for place in places if (place / "train.csv").exists()]
        if not DATA or not found:
            pytest.skip("no folder with data was given: make test-course DATA=...")
        return found[0]

    def test_its_one_rule(self, folder: Path) -> None:
        """It is Sex, as every notebook about it finds."""
        simple, rule = of_table(folder)
        assert (simple.name, rule.name) == ("majority", "one rule: Sex")
        assert simple.score.value == pytest.approx(549 / 891)
        assert rule.score.value == pytest.approx(0.7868, abs=0.001)

    def test_what_it_is(self, folder: Path) -> None:
        found = look(folder)
        assert (found.kind.value, found.kind.sure) == ("table-class", True)
        assert (found.target.value, found.target.sure) == ("Survived", True)
        assert found.ids == ("PassengerId",)
        assert found.questions == ()
        assert not [problem for problem in found.problems if problem.severity != "note"]

    def test_silent_mistakes_of_features_are_seen(self, folder: Path, tmp_path: Path) -> None:
        """A column lost by its index, and a count that was made in each table by itself."""
        for name in ("train.csv", "test.csv"):
            with (folder / name).open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            counts = Counter(row["Ticket"] for row in rows)
            made = [[*row.values(), "", counts[row["Ticket"]]] for row in rows]
            table(tmp_path / name, [*rows[0], "Title", "TicketFreq"], made)
        told = {(problem.name, problem.where) for problem in look(tmp_path).problems}
        assert ("empty-column", "Title") in told
        assert ("means-differ", "TicketFreq") in told


def test_a_split_of_its_own(tmp_path: Path) -> None:
    from fastcompanion.data import columns, first, measures, tabular

    table(tmp_path / "h.csv", folders.HOUSE_NAMES, folders.houses())
    view = view_at(tmp_path)
    known = tabular.recognise(view, "SalePrice", "")
    rule = SplitRule("random", "", 1, 0.5, True, "")
    split = folds.make(rule, first.rows_of(view, known, rule), seed=3)
    metric = measures.propose("table-number", columns.read(view.train)["SalePrice"])
    assert metric is not None
    found = first.judge(view, known, split, metric)[0]
    assert set(found.predictions.ids) == set(split.of("valid"))
