"""What the names of columns say: which is the answer, which the split, and when it is only a guess."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.data import folds, names
from fastcompanion.data.dataset import DataSet, SplitRule
from fastcompanion.data.look import look
from tests.data.folders import png, table

CHANCE = random.Random(5)


def shown(path: Path, columns: Sequence[str], row: Sequence[Any], count: int = 80) -> DataSet:
    """Look at a table whose cells are made by functions, or drawn from tuples."""
    rows = [
        [cell(n) if callable(cell) else CHANCE.choice(cell) for cell in row] for n in range(count)
    ]
    table(path / "rows.csv", columns, rows)
    return look(path)


def number(n: int) -> float:
    del n
    return round(CHANCE.uniform(1, 90), 2)


def answers(found: DataSet) -> tuple[str, bool]:
    return found.target.value, found.target.sure


class TestAnswers:
    @pytest.mark.parametrize(
        "name",
        [
            "Überlebt",
            "precio_venta",
            "Druckfestigkeit [MPa]",
            "LoanDefaulted",
            "diagnosi",
            "Vertrag gekündigt",
        ],
    )
    def test_by_name_in_several_languages(self, tmp_path: Path, name: str) -> None:
        found = shown(tmp_path, ["a", name, "b"], [number, (0, 1), (1, 2, 3, 4)])
        assert found.target.value == name

    def test_a_kind_is_a_guess_where_the_target_is_one(self, tmp_path: Path) -> None:
        found = shown(tmp_path, ["height", "weight", "town"], [number, number, ("a", "b")])
        assert answers(found) == ("town", False)
        assert (found.kind.value, found.kind.sure) == ("table-class", False)
        assert [one.flag for one in found.questions] == ["--target"]
        assert look(tmp_path, target="town").kind.sure

    def test_names_of_things_are_never_the_answer(self, tmp_path: Path) -> None:
        found = shown(
            tmp_path, ["power", "speed", "model name"], [number, number, lambda n: f"type {n // 2}"]
        )
        assert answers(found) == ("speed", False)

    def test_one_axis_of_three_is_not_the_answer(self, tmp_path: Path) -> None:
        found = shown(tmp_path, ["weight", "price", "x", "y", "z"], [number] * 5)
        assert answers(found) == ("price", False)

    def test_two_names_that_say_it_are_a_guess(self, tmp_path: Path) -> None:
        found = shown(
            tmp_path, ["survived", "fare", "class"], [(0, 1), number, ("First", "Second")]
        )
        assert answers(found) == ("survived", False)

    def test_what_happened_goes_before_amounts(self, tmp_path: Path) -> None:
        found = shown(tmp_path, ["price", "subscribed", "salary"], [number, (0, 1), number])
        assert answers(found) == ("subscribed", False)

    def test_the_only_column_that_could_be(self, tmp_path: Path) -> None:
        found = shown(
            tmp_path,
            ["day", "guests"],
            [lambda n: f"2023-{n // 28 + 1:02}-{n % 28 + 1:02}", number],
        )
        assert answers(found) == ("guests", True)
        assert (found.kind.value, found.kind.sure) == ("time-series", True)


class TestSplits:
    @pytest.mark.parametrize(
        ("name", "values"),
        [
            ("Teil", ("Training", "Validierung")),
            ("ensemble", ("entraînement", "validation", "essai")),
            ("Usage", ("Training", "PublicTest", "PrivateTest")),
            ("kfold", (0, 1, 2, 3, 4)),
        ],
    )
    def test_a_column_that_says_the_split_is_never_the_answer(
        self, tmp_path: Path, name: str, values: tuple[Any, ...]
    ) -> None:
        found = shown(tmp_path, ["a", "b", name], [number, number, values])
        assert found.target.value == "b"
        assert found.split is not None
        assert (found.split.rule, found.split.column) == ("given", name)

    def test_words_that_say_no_part_are_no_split(self) -> None:
        assert not names.says_split("set", ["Star Wars", "City", "Technic"])
        assert not names.says_split("vehicle", ["train", "bus", "car"])
        assert not names.says_split("group", ["1", "2", "3"])

    def test_rows_for_validating_are_told_in_other_languages(self) -> None:
        given = ("training", "entrenamiento", "Validierung", "prueba") * 5
        rows = folds.Rows(ids=tuple(map(str, range(20))), given=given)
        rule = SplitRule("given", "Teil", 1, 0.25, True, "")
        made = folds.make(rule, rows, seed=1)
        assert [made.parts[str(n)] for n in range(4)] == ["train", "train", "valid", "valid"]


def pictured(path: Path, columns: Sequence[str], row: Sequence[Any], count: int = 60) -> DataSet:
    """Look at pictures beside a table that names them in its first column."""
    for n in range(count):
        png(path / "photos" / f"p{n}.png")
    return shown(path, columns, [lambda n: f"p{n}.png", *row], count)


class TestLabelsOfFiles:
    def test_by_name_among_what_is_told_of_the_file(self, tmp_path: Path) -> None:
        found = pictured(
            tmp_path,
            ["photo", "Age", "Sex", "Befund Diagnose", "Camera"],
            [(20, 30, 40), "mf", ("wart", "mole"), ("a", "b")],
        )
        assert answers(found) == ("Befund Diagnose", False)
        assert (found.kind.value, found.kind.sure) == ("images-class", False)

    def test_several_labels_in_a_cell(self, tmp_path: Path) -> None:
        seen = ("fox|hare", "hare", "deer", "deer|fox", "fox|hare|deer")
        found = pictured(tmp_path, ["photo", "site", "seen", "night"], ["ab", seen, (0, 1)])
        assert (found.kind.value, found.target.value) == ("images-labels", "seen")

    def test_an_amount_before_a_yes_or_no(self, tmp_path: Path) -> None:
        found = pictured(
            tmp_path, ["photo", "indoors", "ripeness"], [("True", "False"), lambda n: n * 3]
        )
        assert (found.kind.value, found.target.value) == ("images-number", "ripeness")

    def test_the_test_lacks_one_column_beside_marks(self, tmp_path: Path) -> None:
        marks = ["dark", "blurred", "tilted", "cropped", "flash"]
        table(tmp_path / "test.csv", ["photo", *marks], [["q1.png", 0, 1, 0, 0, 1]] * 5)
        for n in range(60):
            png(tmp_path / "train" / f"p{n}.png")
        rows = [[f"p{n}.png", *(CHANCE.randint(0, 1) for _ in marks), n % 50] for n in range(60)]
        table(tmp_path / "train.csv", ["photo", *marks, "beauty"], rows)
        found = look(tmp_path)
        assert (found.kind.value, *answers(found)) == ("images-number", "beauty", True)

    def test_columns_of_marks_beside_another_column_are_a_guess(self, tmp_path: Path) -> None:
        marks = ["dark", "blurred", "tilted", "cropped", "flash"]
        found = pictured(tmp_path, ["photo", *marks, "beauty"], [(0, 1)] * 5 + [number])
        assert not found.kind.sure

    def test_points_in_columns_with_numbers_for_names(self, tmp_path: Path) -> None:
        found = pictured(tmp_path, ["photo", *(f"p{n}" for n in range(16))], [number] * 16)
        assert (found.kind.value, found.kind.sure) == ("images-points", False)
        assert [one.flag for one in found.questions] == ["--kind"]

    def test_points_in_one_cell(self, tmp_path: Path) -> None:
        found = pictured(
            tmp_path, ["photo", "corners"], [lambda n: f"[{number(n)}, 4, {number(n)}, 5, 6, 7]"]
        )
        assert (found.kind.value, found.target.value) == ("images-points", "corners")
