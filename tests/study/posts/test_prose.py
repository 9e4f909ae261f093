"""Links and pictures of a text: where they stand, what is none, and long texts of half-done markup."""

from __future__ import annotations

import pytest

from fastcompanion.study.posts import prose

_OPEN = ["<!--", "\\[", "[", "<a ", "[\n", "![", '[a](x "', "<img src=", "`"]


def found(text: str) -> list[tuple[str, str, int, bool]]:
    return [(one.target, one.text, one.line, one.picture) for one in prose.links(text)]


# A way that reads the rest anew from each of them needs a quarter of an hour for these.
@pytest.mark.timeout(60)
@pytest.mark.parametrize("unit", _OPEN)
def test_what_is_never_closed_is_read_once(unit: str) -> None:
    text = unit * (400_000 // len(unit))
    assert found(text) == []
    assert prose.with_pictures(text, str.upper) == text


def test_escaped_brackets_are_no_links() -> None:
    assert found(r"\[no](a.md)") == []
    assert found(r"\![seen](a.png)") == [("a.png", "seen", 1, False)]
    assert found(r"\\[seen](a.md)") == [("a.md", "seen", 1, False)]
    assert found(r"[so \[it\] is](a.md)") == [("a.md", r"so \[it\] is", 1, False)]


def test_comments_hide_links_but_one_that_stays_open_hides_none() -> None:
    assert found("<!-- [a](b) -->\n[c](d)") == [("d", "c", 2, False)]
    assert found("[c](d) <!-- [a](b)") == [("d", "c", 1, False), ("b", "a", 1, False)]


def test_html_is_read_up_to_its_last_bracket() -> None:
    assert found('<img src="a.png" alt="one"> <a href="b"') == [("a.png", "one", 1, True)]
