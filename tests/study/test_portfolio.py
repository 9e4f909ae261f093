"""What a README says, and the page made of cards: pure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fastcompanion.study import portfolio
from fastcompanion.study.portfolio import Card, Item, PostLine

TEMPLATE = "# late\n\nPredicts **late**; because it fails to be wrong.\n\n## Commands\n"
OWN = "I wanted to know why I come late, because it costs me friends, sleep and money each and every single week of the whole year."


def test_words_of_the_template_do_not_count() -> None:
    told = portfolio.read_me(TEMPLATE, TEMPLATE)
    assert (told.own_words, told.why, told.failed) == (0, False, False)
    told = portfolio.read_me(f"{TEMPLATE}\n{OWN}\n", TEMPLATE)
    assert told.own_words > 20
    assert told.why
    assert not told.failed
    assert told.about == "Predicts **late**; because it fails to be wrong."


@pytest.mark.parametrize(
    ("text", "failed"),
    [
        ("It failed.", False),
        ("The first model failed, since the number of the trip told the answer.", True),
        ("What did not work: a deeper tree, which learned the names of the days.", True),
        ("```\nerror error error error error error error error error\n```", False),
        ("<!-- what failed: nothing that I would tell anybody here at all -->", False),
        ("Everything went well, and there is nothing else to be said about it.", False),
    ],
)
def test_what_failed_has_to_be_told(text: str, failed: bool) -> None:
    assert portfolio.read_me(text).failed is failed


def test_notes_beside_the_readme_count() -> None:
    assert portfolio.read_me(
        "x", "", ["The tree failed, since it learned the days by heart."]
    ).failed


@pytest.mark.parametrize(
    ("line", "picture", "demo"),
    [
        ("![a b](x.png)", "x.png", ""),
        ("<img width='3' src='y.png'>", "y.png", ""),
        ("```\n![no](code.png)\n```", "", ""),
        ("[try](https://huggingface.co/spaces/ada/late)", "", "https://huggingface.co/spaces/ada/late"),
    ],
)  # fmt: skip
def test_pictures_and_demos(line: str, picture: str, demo: str) -> None:
    told = portfolio.read_me(f"# x\n\n{line}\n")
    assert (told.picture, told.demo) == (picture, demo)


def card(name: str, states: str, *, finished: bool = True) -> Card:
    names = {"y": "yes", "n": "no", "?": "not tried"}
    items = tuple(
        Item(kind, names[state], kind)  # type: ignore[arg-type]
        for kind, state in zip(portfolio.KINDS, states, strict=False)
    )
    return Card(name, name, "", "", "", "", "", "", finished, items)


def test_one_step_for_the_project_that_is_closest() -> None:
    far, near, done = card("far", "nnn", finished=False), card("near", "yyn"), card("done", "yyy")
    found = portfolio.closest([far, near, done])
    assert found is not None
    assert (found[0].name, found[1].kind) == ("near", "why")
    waiting = portfolio.closest([card("a", "yy?"), done])
    assert waiting is not None
    assert waiting[1].state == "not tried"
    assert portfolio.closest([done]) is None


def test_names_are_text_and_not_markup() -> None:
    one = replace(card("a *b* <script>", "y"), about="About", repository="https://x.org/a")
    text = portfolio.page([one], [PostLine("[x](y)", "2026-11-20", "posts/a b/index.md", "told")])
    assert r"### [a \*b\* \<script\>](https://x.org/a)" in text
    assert r"- [\[x\](y)](<posts/a b/index.md>), 2026-11-20: told" in text


def test_the_part_is_replaced_and_nothing_else() -> None:
    page = portfolio.page([], [])
    assert portfolio.placed("", page, "Mine") == f"# Mine\n\n{page}\n"
    assert portfolio.placed("# Own\n", page, "Mine") == f"# Own\n\n{page}\n"
    older = page.replace("Nothing is finished yet.", "old \\1 words")
    assert portfolio.placed(f"a\n{older}\nb\n", page, "Mine") == f"a\n{page}\nb\n"
