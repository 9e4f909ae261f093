"""The same notebook in other styles: what comes out stays."""

from __future__ import annotations

from typing import Any

import pytest

from fastcompanion.course.recording import rewrites

BOOK = {
    1: "def half(x, n):\n    return x / n",
    2: "def total(x, n):\n    found = half(x, n)\n    return found + n",
    3: "a = total(9, 2)\nb = half(a, 5)",
}


def after(sources: dict[int, str]) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for _, source in sorted(sources.items()):
        exec(source, names)
    return names


@pytest.mark.parametrize("style", [rewrites.argument_order, rewrites.inlined])
def test_another_style_gives_the_same(style: Any) -> None:
    changed = style(BOOK)
    assert changed
    before, now = after(BOOK), after({**BOOK, **changed})
    assert (before["a"], before["b"]) == (now["a"], now["b"]) == (6.5, 1.3)


def test_arguments_change_places_in_headers_and_calls() -> None:
    changed = rewrites.argument_order(BOOK)
    assert changed[1].startswith("def half(n, x):")
    assert changed[3] == "a = total(2, 9)\nb = half(5, a)"


@pytest.mark.parametrize(
    "other",
    ["c = list(map(half, a, b))", "half = 3", "c = half(*[1, 2])", "c = half(1, n=2)"],
)
def test_functions_that_are_used_otherwise_keep_their_arguments(other: str) -> None:
    changed = rewrites.argument_order({**BOOK, 4: other})
    assert "half(n" not in changed.get(1, "")


def test_helpers_are_gone_where_they_are_written_out() -> None:
    changed = rewrites.inlined(BOOK)
    assert changed == {
        1: "pass",
        2: "def total(x, n):\n    found = x / n\n    return found + n",
        3: "a = total(9, 2)\nb = a / 5",
    }


def test_a_helper_that_reads_what_its_caller_hides_stays() -> None:
    sources = {
        1: "n = 2\ndef half(x):\n    return x / n",
        2: "def f(n):\n    return half(n)",
        3: "g = f",
    }
    assert rewrites.inlined(sources) == {}


def test_columns_are_asked_for_in_another_order() -> None:
    source = "t = pd.get_dummies(t, columns=['a', 'b'])\nu = t[['a', 'b']]"
    assert rewrites.column_order({1: source}) == {
        1: "t = pd.get_dummies(t, columns=['b', 'a'])\nu = t[['a', 'b']]"
    }
