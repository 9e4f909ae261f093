"""Splits: every rule, what it promises, and how it is kept on disk."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.data import folds
from fastcompanion.data.dataset import SplitRule
from fastcompanion.data.folds import Rows, Split, make
from tests.data.leaks import leaking


def rule(name: Any, count: int = 5, share: float = 0.2, column: str = "c") -> SplitRule:
    return SplitRule(name, column, count, share, True, "because")


def ids(count: int) -> tuple[str, ...]:
    return tuple(f"r{number:04}" for number in range(count))


def chances(count: int, names: str, weights: list[float], seed: int = 1) -> tuple[str, ...]:
    return tuple(random.Random(seed).choices(names, weights, k=count))


EVERY = [
    (rule("random"), Rows(ids(103))),
    (rule("random", 1), Rows(ids(103))),
    (rule("stratified"), Rows(ids(103), classes=chances(103, "abc", [6, 3, 1]))),
    (rule("stratified", 1), Rows(ids(103), numbers=tuple(float(n) ** 2 for n in range(103)))),
    (rule("group"), Rows(ids(103), groups=tuple(f"g{n // 4}" for n in range(103)))),
    (rule("group", 1), Rows(ids(103), groups=tuple(f"g{n % 17}" for n in range(103)))),
    (rule("time", 1), Rows(ids(103), moments=tuple(float(n // 3) for n in range(103)))),
    (rule("given", 1), Rows(ids(103), given=tuple(str(n % 5 == 0) for n in range(103)))),
    (rule("given", 5), Rows(ids(103), given=tuple(str(n % 5 + 1) for n in range(103)))),
]


@pytest.mark.parametrize(("how", "rows"), EVERY)
class TestEveryRule:
    def test_every_row_is_in_one_part(self, how: SplitRule, rows: Rows) -> None:
        split = make(how, rows)
        assert list(split.parts) == list(rows.ids)
        assert split.folds == (("0", "1", "2", "3", "4") if how.folds > 1 else ("valid",))
        for fold in split.folds:
            assert set(split.of(fold)).isdisjoint(split.trained_on(fold))
            assert 0.1 < len(split.of(fold)) / 103 < 0.3

    def test_the_order_of_rows_does_not_matter(self, how: SplitRule, rows: Rows) -> None:
        mixed = random.Random(3).sample(range(103), 103)
        columns = {
            name: tuple(getattr(rows, name)[row] for row in mixed) if getattr(rows, name) else ()
            for name in ("ids", "classes", "numbers", "groups", "moments", "given")
        }
        assert dict(make(how, Rows(**columns)).parts) == dict(make(how, rows).parts)

    def test_a_locked_final_part(self, how: SplitRule, rows: Rows) -> None:
        split = make(how, rows, final=0.2)
        final = split.of(folds.FINAL)
        assert 0.1 < len(final) / 103 < 0.3
        for fold in split.folds:
            assert not set(final) & {*split.trained_on(fold), *split.of(fold)}

    def test_written_and_read(self, how: SplitRule, rows: Rows, tmp_path: Path) -> None:
        split = make(how, rows)
        folds.write(tmp_path, split)
        assert folds.read(tmp_path) == split
        folds.write(tmp_path, split)


class TestRules:
    def test_another_seed_is_another_split(self) -> None:
        rows = Rows(ids(100))
        assert make(rule("random"), rows, seed=1).parts != make(rule("random"), rows, seed=2).parts
        assert make(rule("random"), rows).parts == make(rule("random"), rows).parts

    def test_classes_come_in_their_shares(self) -> None:
        classes = chances(500, "abc", [70, 25, 5])
        split = make(rule("stratified"), Rows(ids(500), classes=classes))
        by_id = dict(zip(ids(500), classes, strict=True))
        whole = Counter(classes)
        for fold in split.folds:
            found = Counter(by_id[one] for one in split.of(fold))
            for name, count in whole.items():
                assert abs(found[name] - count / 5) <= 1
        assert folds.lacking(split, by_id) == {}

    def test_a_class_of_two_rows(self) -> None:
        classes = ("rare", "rare", *["often"] * 48)
        split = make(rule("stratified"), Rows(ids(50), classes=classes))
        assert split.parts["r0000"] != split.parts["r0001"]
        told = folds.lacking(split, dict(zip(ids(50), classes, strict=True)))
        assert set(told.values()) == {("rare",)}
        assert len(told) == 3

    def test_more_classes_than_rows_and_gaps_in_numbers(self) -> None:
        assert len(make(rule("stratified"), Rows(ids(7), classes=tuple("abcdefg"))).parts) == 7
        numbers = (None, float("nan"), *(float(n) for n in range(20)))
        assert len(make(rule("stratified"), Rows(ids(22), numbers=numbers)).parts) == 22

    def test_small_and_large_numbers_come_alike(self) -> None:
        numbers = tuple(random.Random(2).expovariate(0.1) for _ in range(400))
        split = make(rule("stratified"), Rows(ids(400), numbers=numbers))
        by_id = dict(zip(ids(400), numbers, strict=True))
        means = [sum(by_id[one] for one in split.of(fold)) / 80 for fold in split.folds]
        assert max(means) - min(means) < 1.5

    def test_groups_are_never_torn(self) -> None:
        groups = tuple(f"g{random.Random(n).randint(0, 30)}" for n in range(300))
        split = make(rule("group"), Rows(ids(300), groups=groups), final=0.2)
        by_id = dict(zip(ids(300), groups, strict=True))
        assert leaking(split, by_id) == ()
        assert leaking(make(rule("random"), Rows(ids(300))), by_id) != ()

    def test_time_goes_forward(self) -> None:
        moments = tuple(float(n // 4) if n % 10 else None for n in range(200))
        split = make(rule("time", 1), Rows(ids(200), moments=moments), final=0.1)
        when = dict(zip(ids(200), moments, strict=True))

        def of(part: str) -> list[float]:
            return [moment for one in split.of(part) if (moment := when[one]) is not None]

        assert max(of("train")) < min(of("valid"))
        assert max(of("valid")) < min(of("final"))
        assert all(split.parts[one] == "train" for one, moment in when.items() if moment is None)

    def test_blocks_of_time_follow_each_other(self) -> None:
        moments = tuple(float(n * 7 % 200 // 4) for n in range(200))
        split = make(rule("time", 5), Rows(ids(200), moments=moments), final=0.1)
        when = dict(zip(ids(200), moments, strict=True))
        blocks = [
            [when[one] for one in split.of(part)] for part in ("train", *split.folds, "final")
        ]
        assert len(blocks) == 7
        assert all(max(one) < min(other) for one, other in pairwise(blocks))
        learned = [when[one] for one in split.trained_on("2")]
        assert max(learned) < min(blocks[3])
        assert len(learned) == sum(map(len, blocks[:3])), "all that lies before"

    def test_what_can_not_be_split(self) -> None:
        cases = [
            (rule("random"), Rows(("a", "b", "a"))),
            (rule("random"), Rows(("a",))),
            (rule("group"), Rows(ids(9))),
            (rule("group"), Rows(ids(9), groups=("x",) * 9)),
            (rule("time", 1), Rows(ids(9), moments=(1.0,) * 9)),
            (rule("time", 1), Rows(ids(9), moments=(None,) * 9)),
        ]
        for how, rows in cases:
            with pytest.raises(CompanionError):
                make(how, rows)


class TestFiles:
    def split(self) -> Split:
        return make(rule("random"), Rows(ids(50)))

    def test_the_table_is_plain(self, tmp_path: Path) -> None:
        folds.write(tmp_path, self.split())
        lines = (tmp_path / "splits.csv").read_text().splitlines()
        assert lines[0] == "id,part"
        assert lines[1].startswith("r0000,")
        assert len(lines) == 51

    def test_another_split_is_not_written_over_it(self, tmp_path: Path) -> None:
        folds.write(tmp_path, self.split())
        before = (tmp_path / "splits.csv").read_bytes()
        with pytest.raises(CompanionError, match="another split"):
            folds.write(tmp_path, make(rule("random"), Rows(ids(50)), seed=7))
        assert (tmp_path / "splits.csv").read_bytes() == before

    def test_a_changed_list_is_refused(self, tmp_path: Path) -> None:
        folds.write(tmp_path, self.split())
        path = tmp_path / "splits.csv"
        path.write_text(path.read_text().replace("r0000,", "r9999,"))
        with pytest.raises(CompanionError, match="not the list"):
            folds.read(tmp_path)

    def test_a_newer_version_is_refused(self, tmp_path: Path) -> None:
        folds.write(tmp_path, self.split())
        path = tmp_path / "splits.json"
        path.write_text(path.read_text().replace('"version": 1', '"version": 2'))
        with pytest.raises(CompanionError, match="newer fastcompanion"):
            folds.read(tmp_path)

    @pytest.mark.parametrize("text", ["", "id,fold\n", "id,part\na,0\na,1\n", "id,part\na\n"])
    def test_a_broken_list_names_its_line(self, tmp_path: Path, text: str) -> None:
        folds.write(tmp_path, self.split())
        (tmp_path / "splits.csv").write_text(text)
        with pytest.raises(CompanionError) as raised:
            folds.read(tmp_path)
        assert raised.value.line is not None

    def test_what_changed_in_the_data(self) -> None:
        assert folds.changed(self.split(), [*ids(50)[1:], "new"]) == (("new",), ("r0000",))

    def test_ids_with_commas_quotes_and_newlines(self, tmp_path: Path) -> None:
        strange = ('a,"b"', "c\nd", " e ", "ü")
        split = make(rule("random", 1, 0.5), Rows(strange))
        folds.write(tmp_path, split)
        assert tuple(folds.read(tmp_path).parts) == strange
