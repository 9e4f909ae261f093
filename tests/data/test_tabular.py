"""Tables from end to end: kind, target, metric, split, and what is wrong."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.data.dataset import DataSet
from fastcompanion.data.look import look
from tests.data import folders
from tests.data.folders import table
from tests.data.test_baselines import of_table


def wrong(found: DataSet) -> dict[str, list[str]]:
    """Name the problems with the places where they are."""
    told: dict[str, list[str]] = {}
    for problem in found.problems:
        told.setdefault(problem.name, []).append(problem.where)
    return told


def role(found: DataSet, name: str) -> str:
    return next(column.role for column in found.columns if column.name == name)


class TestKinds:
    def test_flowers(self, tmp_path: Path) -> None:
        table(tmp_path / "flowers.csv", folders.FLOWER_NAMES, folders.flowers())
        found = look(tmp_path)
        assert (found.kind.value, found.kind.sure) == ("table-class", False)
        assert (found.target.value, found.target.sure) == ("species", False)
        assert [one.name for one in found.classes] == ["setosa", "versicolor", "virginica"]
        assert found.metric is not None
        assert (found.metric.name, found.metric.direction) == ("accuracy", "higher")
        assert found.split is not None
        assert (found.split.rule, found.split.folds) == ("stratified", 5)
        assert [one.flag for one in found.questions] == ["--target"]
        assert wrong(found) == {}

    def test_houses(self, tmp_path: Path) -> None:
        table(tmp_path / "houses.csv", folders.HOUSE_NAMES, folders.houses())
        found = look(tmp_path / "houses.csv")
        assert found.kind.value == "table-number"
        assert found.target.value == "SalePrice"
        assert found.ids == ("Id",)
        assert found.metric is not None
        assert (found.metric.name, found.metric.direction) == ("rmse", "lower")
        assert wrong(found) == {"id-like": ["Id"]}

    def test_a_competition(self, tmp_path: Path) -> None:
        found = look(folders.passengers(tmp_path))
        assert (found.target.value, found.target.sure) == ("Survived", True)
        assert (found.kind.value, found.kind.sure) == ("table-class", True)
        assert found.ids == ("PassengerId",)
        assert {one.path: one.role for one in found.tables} == {
            "train.csv": "train",
            "test.csv": "test",
            "gender_submission.csv": "sample-submission",
        }
        assert found.questions == ()
        assert found.split is not None
        assert found.split.rule == "stratified"

    def test_probabilities_are_asked_for(self, tmp_path: Path) -> None:
        folders.passengers(tmp_path, sample=False)
        table(
            tmp_path / "sample_submission.csv",
            ["PassengerId", "Survived"],
            [[n, 0.5] for n in range(501, 701)],
        )
        found = look(tmp_path)
        assert found.metric is not None
        assert found.metric.name == "auc"

    def test_ratings_by_name(self, tmp_path: Path) -> None:
        rows = [
            [n % 40, (n * 7) % 53, random.Random(n).randint(1, 10) / 2, 964982703 + n]
            for n in range(800)
        ]
        table(tmp_path / "ratings.csv", ["userId", "movieId", "rating", "timestamp"], rows)
        found = look(tmp_path)
        assert (found.kind.value, found.kind.sure, found.target.value) == (
            "ratings",
            True,
            "rating",
        )
        assert found.split is not None
        assert found.split.rule == "random"

    def test_ratings_without_names(self, tmp_path: Path) -> None:
        rows = [
            [n % 40, (n * 7) % 53, random.Random(n).randint(1, 5), 964982703 + n]
            for n in range(800)
        ]
        table(tmp_path / "u.data", [], rows, "\t")
        found = look(tmp_path)
        assert (found.kind.value, found.kind.sure) == ("ratings", False)
        assert found.target.value == "column 3"

    def test_a_series(self, tmp_path: Path) -> None:
        start = date(2020, 1, 1)
        rows = [[start + timedelta(n), 100 + n % 7 + n / 10] for n in range(400)]
        table(tmp_path / "sales.csv", ["date", "sales"], rows)
        found = look(tmp_path)
        assert (found.kind.value, found.kind.sure, found.target.value) == (
            "time-series",
            True,
            "sales",
        )
        assert found.split is not None
        assert (found.split.rule, found.split.column) == ("time", "date")
        assert found.metric is not None
        assert found.metric.name == "mae"

    def test_a_monthly_series_and_one_by_year(self, tmp_path: Path) -> None:
        months = [[f"{1950 + n // 12}-{n % 12 + 1:02}", 100 + n] for n in range(144)]
        table(tmp_path / "a" / "airline.csv", ["Month", "Passengers"], months)
        assert look(tmp_path / "a").kind.value == "time-series"
        years = [[1871 + n, random.Random(n).randint(600, 1300)] for n in range(100)]
        table(tmp_path / "b" / "nile.csv", ["year", "volume"], years)
        found = look(tmp_path / "b")
        assert (found.kind.value, found.target.value) == ("time-series", "volume")

    def test_texts(self, tmp_path: Path) -> None:
        rows = [
            [f"This film number {n} was {'good' if n % 2 else 'bad'}, and I saw it twice.", n % 2]
            for n in range(200)
        ]
        table(tmp_path / "reviews.csv", ["review", "sentiment"], rows)
        found = look(tmp_path)
        assert (found.kind.value, found.target.value) == ("text-class", "sentiment")
        assert role(found, "review") == "text"

    def test_pairs_of_phrases(self, tmp_path: Path) -> None:
        chance = random.Random(4)
        words = [
            f"{a} {b}"
            for a in "abatement air anode bolt cable".split()
            for b in "of pollution,device,part,unit".split(",")
        ]
        rows = [
            [
                f"{n:x}".zfill(16),
                chance.choice(words[:9]),
                f"{chance.choice(words)} {n}",
                "A47",
                chance.randint(0, 4) / 4,
            ]
            for n in range(300)
        ]
        table(tmp_path / "train.csv", ["id", "anchor", "target", "context", "score"], rows)
        table(
            tmp_path / "test.csv",
            ["id", "anchor", "target", "context"],
            [row[:4] for row in rows[:20]],
        )
        found = look(tmp_path)
        assert (found.kind.value, found.target.value, found.ids) == (
            "text-number",
            "score",
            ("id",),
        )
        assert found.metric is not None
        assert found.metric.name == "pearson"

    def test_dated_rows_with_a_later_test(self, tmp_path: Path) -> None:
        chance = random.Random(5)
        start = date(2020, 1, 1)

        def row(number: int) -> list[Any]:
            return [
                number,
                start + timedelta(number // 3),
                chance.choice("abc"),
                chance.random() * 9,
                chance.random(),
            ]

        names = ["id", "saledate", "machine_type", "hours", "price"]
        table(tmp_path / "train.csv", names, [row(n) for n in range(600)])
        table(tmp_path / "test.csv", names[:-1], [row(n)[:-1] for n in range(600, 700)])
        found = look(tmp_path)
        assert (found.kind.value, found.target.value) == ("table-number", "price")
        assert found.split is not None
        assert (found.split.rule, found.split.column, found.split.sure) == (
            "time",
            "saledate",
            True,
        )

    def test_patients_stay_together(self, tmp_path: Path) -> None:
        chance = random.Random(6)
        rows = [
            [n // 4, chance.gauss(0, 1), chance.gauss(0, 1), chance.choice(["ill", "well"])]
            for n in range(400)
        ]
        table(tmp_path / "scans.csv", ["patient_id", "a", "b", "diagnosis"], rows)
        found = look(tmp_path)
        assert found.split is not None
        assert (found.split.rule, found.split.column) == ("group", "patient_id")

    def test_a_given_split(self, tmp_path: Path) -> None:
        rows = [[*row, number % 5 == 0] for number, row in enumerate(folders.flowers())]
        table(tmp_path / "a.csv", [*folders.FLOWER_NAMES, "is_valid"], rows)
        found = look(tmp_path, target="species")
        assert found.split is not None
        assert (found.split.rule, found.split.column, found.split.share) == (
            "given",
            "is_valid",
            0.2,
        )
        assert role(found, "is_valid") == "split"

    def test_what_the_learner_says_goes_first(self, tmp_path: Path) -> None:
        table(tmp_path / "flowers.csv", folders.FLOWER_NAMES, folders.flowers())
        found = look(tmp_path, target="petal_LENGTH")
        assert (found.target.value, found.target.sure) == ("petal_length", True)
        assert found.kind.value == "table-number"
        assert look(tmp_path, target="species", kind="text-class").kind.value == "text-class"

    def test_the_end_of_a_name(self, tmp_path: Path) -> None:
        rows = [[n * 37 % 101 / 10, n * 1000 + n % 7, "ab"[n % 2]] for n in range(1, 200)]
        table(tmp_path / "a.csv", ["rooms", "median_house_value", "ocean_proximity"], rows)
        found = look(tmp_path)
        assert (found.target.value, found.target.sure) == ("median_house_value", False)

    def test_a_class_comes_first_where_nothing_has_a_name(self, tmp_path: Path) -> None:
        chance = random.Random(9)
        rows = [
            [n % 3 + 1, round(chance.gauss(13, 1), 2), chance.randint(300, 1500)]
            for n in range(178)
        ]
        table(tmp_path / "wine.data", [], rows)
        found = look(tmp_path)
        assert (found.target.value, found.kind.value) == ("column 1", "table-class")

    def test_a_table_without_suffix(self, tmp_path: Path) -> None:
        rows = [
            ["spam" if n % 5 == 0 else "ham", f"Call me number {n} later, I am on the train now"]
            for n in range(100)
        ]
        table(tmp_path / "SMSSpamCollection", [], rows, "\t")
        found = look(tmp_path)
        assert (found.kind.value, found.target.value) == ("text-class", "column 1")

    def test_a_kind_that_can_not_be(self, tmp_path: Path) -> None:
        table(tmp_path / "flowers.csv", folders.FLOWER_NAMES, folders.flowers())
        with pytest.raises(CompanionError, match="no files here"):
            look(tmp_path, kind="images-class")
        with pytest.raises(CompanionError, match="users"):
            look(tmp_path, kind="ratings", target="sepal_width")

    def test_ratings_that_nobody_would_guess(self, tmp_path: Path) -> None:
        rows = [[n % 40, (n * 7) % 53, n % 5, n % 3] for n in range(800)]
        table(tmp_path / "a.csv", ["who", "what", "joy", "weekday"], rows)
        assert look(tmp_path).kind.value != "ratings"
        found = look(tmp_path, kind="ratings", target="joy")
        assert [column.name for column in found.columns if column.role == "group"] == [
            "who",
            "what",
        ]

    def test_a_misspelt_target_or_kind(self, tmp_path: Path) -> None:
        table(tmp_path / "flowers.csv", folders.FLOWER_NAMES, folders.flowers())
        with pytest.raises(CompanionError, match="did you mean species") as raised:
            look(tmp_path, target="specis")
        assert raised.value.code == 2
        with pytest.raises(CompanionError, match="no kind"):
            look(tmp_path, kind="tables")

    @pytest.mark.parametrize("name", ["nothing", "empty"])
    def test_nothing_there(self, tmp_path: Path, name: str) -> None:
        if name == "nothing":
            with pytest.raises(CompanionError, match="no such file"):
                look(tmp_path / name)
            return
        found = look(tmp_path)
        assert found.kind.value == "unknown"
        assert "no-data" in wrong(found)


ODD_CELLS = [
    "", "1", "0", "2.5", "-3", "1e5", "abc", "a b c", "2020-01-05", "05/06/2020", "12,5", "1.234,5", "$5", "45%", "nan", "NA",
    "inf", "True", "False", '"', 'x"y', "ü", "日本", "\t", "\r", "\n", "a,b", "a;b", "a|b", "0001", "1e400", "?", "-", "--", ".",
    "+", "1_000", "٣", "²", "½", "2020-13-45", "99/99/9999", "Q1", "2020Q1", "Jan 2020", "a" * 300, "#", "\x00", "\x1b",
]  # fmt: skip
ODD_NAMES = "id x y target label date time user_id item_id rating text is_valid split a.b price value year fold #id".split()


def mess(folder: Path, chance: random.Random) -> None:
    """Write tables of nothing that makes sense."""
    for _ in range(chance.randint(1, 3)):
        width, delimiter = chance.randint(1, 6), chance.choice([",", ";", "\t", "|", " ", "::"])
        pools = [chance.sample(ODD_CELLS, chance.randint(1, 6)) for _ in range(width)]
        rows = [
            [
                chance.choice(pools[place % width])
                for place in range(width + (chance.random() < 0.03))
            ]
            for _ in range(chance.choice([0, 1, 2, 5, 40, 200]))
        ]
        head = [chance.choice([*ODD_NAMES, ""]) for _ in range(width)]
        lines = [
            delimiter.join(f'"{c}"' if chance.random() < 0.2 else c for c in row)
            for row in [head, *rows]
        ]
        text = chance.choice(["\n", "\r\n", "\r"]).join(lines[chance.random() < 0.2 :])
        name = chance.choice(
            ["train", "test", "data", "sample_submission", "valid"]
        ) + chance.choice([".csv", ".tsv", ".txt", ""])
        (folder / name).write_bytes(
            text.encode(chance.choice(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
        )


@pytest.mark.parametrize("seed", range(60))
def test_nothing_that_stands_in_a_table_breaks_us(tmp_path: Path, seed: int) -> None:
    """Whatever the files hold, there is an answer or an error with a hint: never anything else."""
    mess(tmp_path, random.Random(seed))
    for kind in ("", "table-class", "ratings", "time-series", "text-class"):
        with suppress(CompanionError):
            assert look(tmp_path, kind=kind).path == str(tmp_path)
    with suppress(CompanionError):
        assert of_table(tmp_path)


class TestWrong:
    """Each test plants one thing and sees that it is named, at its place."""

    def plant(
        self, tmp_path: Path, column: str, cells: list[Any], target: str = "SalePrice"
    ) -> DataSet:
        rows = [
            [*row[:-1], cell, row[-1]] for row, cell in zip(folders.houses(), cells, strict=False)
        ]
        table(
            tmp_path / "a.csv", [*folders.HOUSE_NAMES[:-1], column, folders.HOUSE_NAMES[-1]], rows
        )
        return look(tmp_path, target=target)

    def test_constant_and_empty(self, tmp_path: Path) -> None:
        assert wrong(self.plant(tmp_path, "x", [7] * 300))["constant-column"] == ["x"]
        assert wrong(self.plant(tmp_path, "x", ["NaN"] * 300))["empty-column"] == ["x"]

    def test_like_ids(self, tmp_path: Path) -> None:
        found = self.plant(tmp_path, "code", [f"x{n * 7919 % 1000}" for n in range(300)])
        assert wrong(found)["id-like"] == ["Id", "code"]
        assert role(found, "code") == "name"
        told = {one.where: one for one in found.problems if one.name == "id-like"}
        assert told["code"].text.startswith("No two rows have the same value: it names rows")
        assert told["code"].cure == "Leave it out of the inputs."

    def test_names_of_many_words_may_have_parts_that_come_again(self, tmp_path: Path) -> None:
        found = self.plant(tmp_path, "who", [f"Ms. no{n * 7919 % 1000} X" for n in range(300)])
        told = {one.where: one for one in found.problems if one.name == "id-like"}
        assert "or take a part that comes again (a title" in told["who"].cure

    def test_a_leak_for_a_number(self, tmp_path: Path) -> None:
        prices = [row[-1] for row in folders.houses()]
        assert wrong(self.plant(tmp_path, "tax", [price * 0.01 + 3 for price in prices]))[
            "leak"
        ] == ["tax"]
        assert "leak" not in wrong(
            self.plant(tmp_path, "tax", [random.Random(n).random() for n in range(300)])
        )

    def test_two_columns_that_add_up_to_the_target(self, tmp_path: Path) -> None:
        chance = random.Random(1)
        rows = [[chance.randint(1, 50), chance.randint(1, 90), chance.random()] for _ in range(100)]
        table(
            tmp_path / "a.csv",
            ["casual", "registered", "wind", "cnt"],
            [[*row, row[0] + row[1]] for row in rows],
        )
        assert wrong(look(tmp_path, target="cnt"))["leak"] == ["casual"]

    def test_a_leak_for_a_class(self, tmp_path: Path) -> None:
        rows = [
            [*row[:-1], {"setosa": "A", "versicolor": "B"}.get(row[-1], ""), row[-1]]
            for row in folders.flowers()
        ]
        table(tmp_path / "a.csv", [*folders.FLOWER_NAMES[:-1], "boat", "species"], rows)
        assert wrong(look(tmp_path, target="species"))["leak"] == ["boat"]

    def test_a_column_of_different_values_is_no_leak(self, tmp_path: Path) -> None:
        rows = [[f"name {n} {n * n}", *row] for n, row in enumerate(folders.flowers())]
        table(tmp_path / "a.csv", ["who", *folders.FLOWER_NAMES], rows)
        assert "leak" not in wrong(look(tmp_path, target="species"))

    def test_duplicates(self, tmp_path: Path) -> None:
        rows = folders.houses()
        again = [[1000 + number, *row[1:]] for number, row in enumerate(rows[:20])]
        other = [[2000 + number, *row[1:4], row[4] + 5] for number, row in enumerate(rows[20:23])]
        table(tmp_path / "a.csv", folders.HOUSE_NAMES, [*rows, *again, *other])
        told = {problem.name: problem for problem in look(tmp_path).problems}
        assert "20 rows" in told["duplicate-rows"].text
        assert "6 rows" in told["contradictions"].text

    def test_rows_in_train_and_test(self, tmp_path: Path) -> None:
        rows = folders.houses()
        table(tmp_path / "train.csv", folders.HOUSE_NAMES, rows)
        table(
            tmp_path / "test.csv",
            folders.HOUSE_NAMES[:-1],
            [[900 + n, *row[1:4]] for n, row in enumerate(rows[:30])],
        )
        assert wrong(look(tmp_path))["rows-in-both"] == ["test.csv"]

    def test_train_unlike_test(self, tmp_path: Path) -> None:
        chance = random.Random(7)

        def rows(count: int, shift: float, town: str, gap: float) -> list[list[Any]]:
            return [
                [
                    n,
                    chance.gauss(shift, 1),
                    chance.choice(["a", town]),
                    "" if chance.random() < gap else chance.random(),
                    1.5,
                ]
                for n in range(count)
            ]

        table(
            tmp_path / "train.csv",
            ["id", "shifted", "town", "gappy", "same", "price"],
            [[*r, chance.random()] for r in rows(400, 0, "b", 0.05)],
        )
        table(
            tmp_path / "test.csv",
            ["id", "shifted", "town", "gappy", "same"],
            rows(200, 2, "new", 0.5),
        )
        told = wrong(look(tmp_path))
        assert "shifted" in told["train-test-skew"]
        assert told["unseen-values"] == ["town"]
        assert told["missing-differs"] == ["gappy"]

    def test_no_skew_where_there_is_none(self, tmp_path: Path) -> None:
        assert "train-test-skew" not in wrong(look(folders.passengers(tmp_path)))

    def test_an_all_empty_feature_and_one_empty_in_the_test(self, tmp_path: Path) -> None:
        folders.passengers(tmp_path)
        for name, cells in (("train.csv", ("", "7")), ("test.csv", ("", ""))):
            lines = (tmp_path / name).read_text().splitlines()
            made = [
                f"{lines[0]},Title,Deck",
                *(f"{line},{cells[0]},{cells[1]}" for line in lines[1:]),
            ]
            (tmp_path / name).write_text("\n".join(made) + "\n")
        told = wrong(look(tmp_path))
        assert told["empty-column"] == ["Title"]
        assert "Deck" in told["constant-column"]
        assert told["empty-in-one"] == ["Deck"]

    def test_targets_with_gaps_or_one_value(self, tmp_path: Path) -> None:
        rows = [[row[0], row[1], "" if n < 5 else row[4]] for n, row in enumerate(folders.houses())]
        table(tmp_path / "a" / "a.csv", ["Id", "area", "price"], rows)
        assert wrong(look(tmp_path / "a"))["target-missing"] == ["price"]
        table(
            tmp_path / "b" / "a.csv",
            ["Id", "area", "label"],
            [[n, n * n % 31, "x"] for n in range(50)],
        )
        found = look(tmp_path / "b")
        assert wrong(found)["one-value"] == ["label"]
        assert found.problems[0].severity == "stop"

    def test_a_target_without_any_value_and_a_table_without_rows(self, tmp_path: Path) -> None:
        table(tmp_path / "a" / "a.csv", ["x", "label"], [[n, ""] for n in range(30)])
        found = look(tmp_path / "a")
        assert (found.target.value, found.problems[0].severity) == ("label", "stop")
        assert wrong(found)["target-missing"] == ["label"]
        table(tmp_path / "b" / "a.csv", ["x", "label"], [])
        assert wrong(look(tmp_path / "b")) == {"no-rows": ["a.csv"]}

    def test_classes_that_one_table_lacks(self, tmp_path: Path) -> None:
        rows = folders.flowers()
        table(
            tmp_path / "train.csv",
            folders.FLOWER_NAMES,
            [row for row in rows if row[-1] != "virginica"],
        )
        table(
            tmp_path / "valid.csv",
            folders.FLOWER_NAMES,
            [row for row in rows[:60] if row[-1] != "setosa"],
        )
        found = look(tmp_path, target="species")
        texts = [problem.text for problem in found.problems if problem.name == "classes-differ"]
        assert texts == [
            "It has classes that training lacks: 'virginica'.",
            "It lacks classes of training: 'setosa'.",
        ]
        assert found.split is not None
        assert found.split.rule == "given"

    def test_tables_of_the_same_columns(self, tmp_path: Path) -> None:
        for month in ("january", "february", "march"):
            table(tmp_path / f"{month}.csv", folders.FLOWER_NAMES, folders.flowers())
        assert "2 more tables have the columns of february.csv" in " ".join(look(tmp_path).notes)

    def test_labels_in_a_table_of_their_own(self, tmp_path: Path) -> None:
        rows = folders.houses()
        table(tmp_path / "train_values.csv", folders.HOUSE_NAMES[:-1], [row[:-1] for row in rows])
        table(
            tmp_path / "train_labels.csv",
            ["Id", "status"],
            [[row[0], "ab"[n % 2]] for n, row in enumerate(rows)],
        )
        assert wrong(look(tmp_path))["labels-apart"] == ["train_labels.csv"]

    def test_numbers_too_large_to_add(self, tmp_path: Path) -> None:
        rows: list[list[Any]] = [[n, f"{n % 10}e{n * 7 % 330}", n * 1.5] for n in range(100)]
        table(tmp_path / "a" / "a.csv", ["a", "x", "price"], rows)
        assert look(tmp_path / "a").kind.value == "table-number"
        table(
            tmp_path / "b" / "a.csv",
            ["a", "c", "price"],
            [[row[0] % 7, row[2], row[1]] for row in rows],
        )
        look(tmp_path / "b")

    def test_prose_with_commas_is_no_table(self, tmp_path: Path) -> None:
        (tmp_path / "note.txt").write_text("A note, with commas, here\nand another, line, there\n")
        assert look(tmp_path).kind.value == "unknown"

    def test_a_folder_that_nobody_may_read(
        self, open_tmp: Path, unprivileged: Callable[[Callable[[], int]], int]
    ) -> None:
        path = table(open_tmp / "locked" / "a.csv", ["x", "label"], [[1, 2]])
        table(open_tmp / "b.csv", ["x", "label"], [[n % 3, n % 2] for n in range(30)])
        path.parent.chmod(0o700)

        def act() -> int:
            told = wrong(look(open_tmp))
            return 0 if told.get("unreadable-folder") == ["locked/"] else 1

        try:
            assert unprivileged(act) == 0
        finally:
            path.parent.chmod(0o755)

    def test_fewer_rows_than_classes_and_tiny_ones(self, tmp_path: Path) -> None:
        table(tmp_path / "a" / "a.csv", ["x", "label"], [[n % 3, f"c{n % 8}"] for n in range(10)])
        assert "rows-fewer-than-classes" in wrong(look(tmp_path / "a"))
        rows = [[n % 7, "common" if n > 3 else f"rare {n % 2}"] for n in range(90)]
        table(tmp_path / "b" / "a.csv", ["x", "label"], rows)
        told = {problem.name: problem for problem in look(tmp_path / "b").problems}
        assert "2 of 3 classes" in told["tiny-classes"].text

    def test_spellings_of_a_class(self, tmp_path: Path) -> None:
        rows = [[n % 7 / 2, ["male", "Male ", "female"][n % 3]] for n in range(90)]
        table(tmp_path / "a.csv", ["x", "label"], rows)
        assert wrong(look(tmp_path))["spellings"] == ["label"]

    def test_mixed_types_and_ways_to_write(self, tmp_path: Path) -> None:
        found = self.plant(tmp_path, "age", [n if n % 50 else "unknown" for n in range(300)])
        assert wrong(found)["mixed-types"] == ["age"]
        found = self.plant(tmp_path, "income", [f"{n * 37:,}" for n in range(300)])
        assert wrong(found)["thousands"] == ["income"]
        found = self.plant(tmp_path, "cost", [f"${n * 37}.00" for n in range(300)])
        assert wrong(found)["unit"] == ["cost"]

    def test_dates_in_several_forms(self, tmp_path: Path) -> None:
        start = date(2020, 1, 1)
        forms = ["%Y-%m-%d", "%d/%m/%Y", "%b %d, %Y"]
        days = [(start + timedelta(n)).strftime(forms[n % 3]) for n in range(300)]
        assert wrong(self.plant(tmp_path, "built", days))["date-forms"] == ["built"]
        days = [f"{n % 12 + 1:02}/{n % 11 + 1:02}/2020" for n in range(300)]
        assert wrong(self.plant(tmp_path, "built", days))["date-order"] == ["built"]

    def test_two_columns_that_are_one(self, tmp_path: Path) -> None:
        areas = [row[1] for row in folders.houses()]
        assert wrong(self.plant(tmp_path, "area_again", areas))["same-columns"] == ["area_again"]

    def test_closed_formats_are_named(self, tmp_path: Path) -> None:
        (tmp_path / "data.parquet").write_bytes(b"PAR1")
        (tmp_path / "titanic.zip").write_bytes(b"PK\x03\x04")
        assert wrong(look(tmp_path))["other-format"] == ["data.parquet", "titanic.zip"]

    def test_a_file_that_goes_while_we_look(self, tmp_path: Path) -> None:
        from fastcompanion.data import files, tables
        from fastcompanion.data.dataset import Problem

        path = table(tmp_path / "a.csv", ["a", "b"], [[1, 2]])
        folder = files.walk(tmp_path)
        path.unlink()
        found = tables.read(folder, "a.csv")
        assert isinstance(found, Problem)
        assert found.name == "unreadable-file"
