"""`data show` and `data baseline` through main(argv)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion import console
from tests.data import folders

Runner = Callable[..., Any]


class TestShow:
    def test_a_competition(self, tmp_path: Path, run: Runner) -> None:
        folder = folders.passengers(tmp_path / "titanic like")
        shown = run("data", "show", folder)
        assert shown.code == 0, shown.err
        assert "a table whose rows belong to classes" in shown.out
        assert "target             Survived: train.csv has it, test.csv lacks it" in shown.out
        assert "accuracy, higher is better" in shown.out
        assert "stratified, 5 folds" in shown.out

    def test_json(self, tmp_path: Path, run: Runner) -> None:
        shown = run("data", "show", folders.passengers(tmp_path), "--json")
        assert shown.json["command"] == "data show"
        assert sorted(shown.data) == [
            "about", "classes", "columns", "ids", "kind", "media", "metric", "notes", "path", "problems",
            "questions", "rows", "split", "tables", "target",
        ]  # fmt: skip
        assert shown.data["kind"]["value"] == "table-class"
        assert sorted(shown.data["problems"][0]) == ["cure", "name", "severity", "text", "where"]

    def test_a_guess_is_a_question_with_a_command(self, tmp_path: Path, run: Runner) -> None:
        path = folders.table(tmp_path / "my flowers.csv", folders.FLOWER_NAMES, folders.flowers())
        shown = run("data", "show", path)
        assert "Which column is to be predicted? (a guess: species)" in shown.out
        assert f"Next: fastcompanion data show '{path}' --target species" in shown.out
        told = run("data", "show", path, "--target", "species")
        assert "Which column" not in told.out
        assert "species: you said so" in told.out

    def test_a_person_is_asked(
        self, tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = folders.table(tmp_path / "a.csv", folders.FLOWER_NAMES, folders.flowers())
        monkeypatch.setattr(console, "interactive", lambda: True)
        shown = run("data", "show", path, typed="petal_width\n")
        assert shown.code == 0, shown.err
        assert "petal_width: you said so" in shown.out
        assert "a table with a number to predict" in shown.out

    def test_mistakes(self, tmp_path: Path, run: Runner) -> None:
        path = folders.table(tmp_path / "a.csv", folders.FLOWER_NAMES, folders.flowers())
        assert run("data", "show", tmp_path / "none").code == 2
        missed = run("data", "show", path, "--target", "specis")
        assert missed.code == 2
        assert "did you mean species" in missed.err
        assert run("data", "show", path, "--kind", "tabel").code == 2

    def test_nothing_that_can_be_told_is_no_guess(self, tmp_path: Path, run: Runner) -> None:
        (tmp_path / "notes.txt").write_text("hello")
        told = run("data", "show", tmp_path)
        assert "nothing that can be told\n" in told.out
        assert "\n! No table, image" in told.out

    def test_the_kinds_to_choose_from_are_named(self, tmp_path: Path, run: Runner) -> None:
        (tmp_path / "names.csv").write_text("a,b\n")
        told = run("data", "show", tmp_path / "names.csv")
        assert "KIND is one of: table-class, table-number" in told.out

    def test_images_are_no_table(self, tmp_path: Path, run: Runner) -> None:
        """They were said to show nothing that can be told, with a question for the kind."""
        for name in ("cat", "dog"):
            (tmp_path / name).mkdir()
            for number in range(3):
                (tmp_path / name / f"{number}.png").write_bytes(b"")
        told = run("data", "show", tmp_path, "--kind", "table-class")
        assert told.code == 2
        assert "can't be told as a table whose rows belong to classes" in told.err
        assert "(without --kind)" in told.err
        assert "images that belong to one class each" in run("data", "show", tmp_path).out

    def test_hostile_names_do_not_reach_the_terminal(self, tmp_path: Path, run: Runner) -> None:
        rows = [[n, "\x1b[31mred" if n % 2 else "[bold]b"] for n in range(30)]
        folders.table(tmp_path / "a\x1b[2J.csv", ["x\x1b]0;t\x07", "label"], rows)
        shown = run("data", "show", tmp_path)
        assert shown.code == 0
        assert "\x1b" not in shown.out

    def test_nothing_is_written(self, tmp_path: Path, run: Runner) -> None:
        folder = folders.passengers(tmp_path)
        before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
        run("data", "show", folder)
        assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


class TestBaseline:
    def test_the_first_number_of_a_table_has_an_interval(self, tmp_path: Path, run: Runner) -> None:
        shown = run("data", "baseline", folders.passengers(tmp_path / "data"))
        assert shown.code == 0, shown.err
        assert "accuracy, higher is better" in shown.out
        assert "one rule: " in shown.out
        assert "fastcompanion project new NAME --data" in shown.out
        told = run("data", "baseline", tmp_path / "data", "--json").data
        best, majority = told["baselines"]
        assert best["score"]["value"] > majority["score"]["value"]
        assert best["score"]["low"] < best["score"]["value"] < best["score"]["high"]
        assert best["score"]["n"] == told["rows"]

    def test_another_metric_is_taken_and_an_unknown_one_refused(
        self, tmp_path: Path, run: Runner
    ) -> None:
        path = folders.table(tmp_path / "houses.csv", folders.HOUSE_NAMES, folders.houses())
        told = run("data", "baseline", path, "--metric", "mae", "--json").data
        assert {one["score"]["metric"] for one in told["baselines"]} == {"mae"}
        refused = run("data", "baseline", path, "--metric", "acuracy")
        assert refused.code == 2
        assert "--metric" in refused.err

    def test_where_nothing_can_be_told_there_is_no_number(
        self, tmp_path: Path, run: Runner
    ) -> None:
        refused = run("data", "baseline", tmp_path)
        assert refused.code != 0
        assert refused.err.strip()
