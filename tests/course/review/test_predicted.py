"""Cells whose output can be foretold, and what counts as having foretold it."""

from __future__ import annotations

from typing import Any

import pytest

from fastcompanion.course.review import matching, predicted
from tests.course.review.chapter import cell, prints, shows


def found(*cells: dict[str, Any]) -> list[tuple[str, str]]:
    nb = {"cells": list(cells)}
    return [(one.card.front, one.card.back) for one in predicted.proposals(nb, "c/01", "notebook")]


class TestCells:
    def test_a_cell_that_shows_a_small_text_makes_a_card(self) -> None:
        ((front, back),) = found(cell("code", "1 + 1", shows("2")))
        assert front == f"{predicted.ASKED}\n```python\n# [1]\n1 + 1\n```"
        assert back == "2"

    def test_what_it_depends_on_is_shown_with_it(self) -> None:
        cells = [
            cell("code", "a = [1, 2]\nb = 7"),
            cell("code", "unused = 3"),
            cell("code", "def double(x): return [2 * one for one in x]"),
            cell("code", "double(a)", shows("[2, 4]")),
        ]
        ((front, _),) = found(*cells)
        assert "a = [1, 2]" in front
        assert "def double" in front
        assert "unused" not in front

    def test_only_the_last_making_of_a_name_counts(self) -> None:
        cells = [
            cell("code", "a = [1]"),
            cell("code", "a = [1, 2]"),
            cell("code", "a.append(3)"),
            cell("code", "a", shows("[1, 2, 3]")),
        ]
        ((front, _),) = found(*cells)
        assert "a = [1]\n" not in front
        assert "a.append(3)" in front

    def test_prints_count_too(self) -> None:
        ((_, back),) = found(cell("code", "print(2)\nprint(3)", prints("2\n3\n")))
        assert back == "2\n3"

    @pytest.mark.parametrize(
        ("source", "output"),
        [
            ("a = 1", shows("1")),
            ("object()", shows("<object object at 0x7f0b1c2d3e4f>")),
            ("f(1)", shows("2")),
            ("open('x').read()", shows("'text'")),
            ("import random\nrandom.random()", shows("0.3")),
            ("torch.randn(2)", shows("tensor([0.1, 0.2])")),
            ("%time 1 + 1", shows("2")),
            ("!ls", prints("a")),
            ("1 + 1", prints("CPU times: user 2 ms")),
            ("list(range(99))", shows(str(list(range(99))))),
            ("1 / 0", {"output_type": "error", "ename": "ZeroDivisionError", "evalue": ""}),
            (
                "2",
                {"output_type": "execute_result", "data": {"text/plain": "2", "text/html": "<b>"}},
            ),
            ("1 +", shows("1")),
        ],
    )
    def test_what_nobody_can_foretell_makes_none(self, source: str, output: dict[str, Any]) -> None:
        assert found(cell("code", source, output)) == []

    def test_data_of_files_makes_none_through_other_cells(self) -> None:
        cells = [cell("code", "rows = open('x.csv').read()"), cell("code", "len(rows)", shows("7"))]
        assert found(*cells) == []

    def test_too_much_context_makes_none(self) -> None:
        cells = [cell("code", "\n".join(f"a{n} = {n}" for n in range(30)))]
        assert found(*cells, cell("code", "a3", shows("3"))) == []

    def test_names_of_modules_are_no_context(self) -> None:
        cells = [cell("code", "import math"), cell("code", "math.sqrt(16)", shows("4.0"))]
        ((front, _),) = found(*cells)
        assert "import" not in front


class TestSame:
    @pytest.mark.parametrize(
        ("said", "shown"),
        [
            ("6.25", "tensor(6.25)"),
            ("(3,1000)", "torch.Size([3, 1000])"),
            ("3, 1000", "torch.Size([3, 1000])"),
            ("[11,22,33]", "tensor([11., 22.,\n        33.])"),
            ("Hello", "'Hello'"),
            ('"hello" ', "'hello'"),
            ("0.383", "0.3828350034484158"),
            ("2.9994e-06", "2.999378523327323e-06"),
            ("{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}"),
            ("true", "True"),
        ],
    )
    def test_the_same_in_other_words_is_right(self, said: str, shown: str) -> None:
        assert matching.same(said, shown)

    @pytest.mark.parametrize(
        ("said", "shown"),
        [
            ("", "2"),
            ("3", "2"),
            ("-2", "2"),
            ("[False,True]", "tensor([False, True, True])"),
            ("0.38", "(0.3828, 0.3)"),
            ("20", "2"),
            ("(1, 2)", "(2, 1)"),
            ("nan", "2"),
            ("two", "2"),
            ("[" * 500, "2"),
        ],
    )
    def test_something_else_is_not(self, said: str, shown: str) -> None:
        assert not matching.same(said, shown)
