from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.posts import bundle, front

WHOLE = """---
title: "Is it a bird? <b>: part 1"
date: 2026-11-21
description: "What a net takes for a bird"
categories: [vision, "fast.ai"]
image: images/bird.png
image-alt: A sparrow
draft: true
toc: true
layout: post
badges: false
---

Text.
"""


def post(folder: Path, text: str, name: str = "index.md") -> Path:
    path = folder / "posts" / "2026-11-21-is-it-a-bird" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def notebook(*cells: dict[str, Any], indent: int | None = 1) -> str:
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=indent)  # fmt: skip


def raw(text: str, *, lines: bool = True) -> dict[str, Any]:
    return {"cell_type": "raw", "metadata": {}, "source": text.splitlines(keepends=True) if lines else text}  # fmt: skip


def test_every_key_is_read_with_its_line(tmp_path: Path) -> None:
    found = front.read(post(tmp_path, WHOLE))
    assert found.title == "Is it a bird? <b>: part 1"
    assert found.date == dt.date(2026, 11, 21)
    assert found.description == "What a net takes for a bird"
    assert found.categories == ("vision", "fast.ai")
    assert (found.image, found.image_alt) == ("images/bird.png", "A sparrow")
    assert found.draft
    assert found.toc
    assert found.layout == "post"
    assert found.others == {"badges": False}
    assert found.lines["date"] == 3
    assert (found.first_line, found.body_line) == (1, 13)


def test_a_text_without_front_matter_has_none(tmp_path: Path) -> None:
    found = front.read(post(tmp_path, "# Hello\n\n---\n\nText.\n"))
    assert found == front.Front()
    assert front.read(post(tmp_path, "")).first_line == 0


@pytest.mark.parametrize("indent", [1, 2])
def test_a_notebook_says_it_in_its_first_raw_cell(tmp_path: Path, indent: int) -> None:
    text = notebook(raw(WHOLE.replace("\nText.\n", "")), indent=indent)
    found = front.read(post(tmp_path, text, "index.ipynb"))
    assert found.title == "Is it a bird? <b>: part 1"
    rows = text.split("\n")
    assert rows[found.first_line - 1].strip() == '"---\\n",'
    assert "date: 2026-11-21" in rows[found.lines["date"] - 1]


def test_a_raw_cell_kept_as_one_text_has_one_line_for_all_keys(tmp_path: Path) -> None:
    text = notebook(raw(WHOLE, lines=False))
    found = front.read(post(tmp_path, text, "index.ipynb"))
    assert found.title.startswith("Is it")
    assert "title" in text.split("\n")[found.lines["date"] - 1]


def test_a_notebook_without_a_raw_cell_has_none(tmp_path: Path) -> None:
    cell = {"cell_type": "markdown", "metadata": {}, "source": ["---\n", "title: x\n", "---"]}
    assert front.read(post(tmp_path, notebook(cell), "index.ipynb")) == front.Front()
    assert front.read(post(tmp_path, notebook(), "index.ipynb")) == front.Front()


@pytest.mark.parametrize(
    ("yaml", "line", "says"),
    [
        ("title: Birds: a start", 2, "mapping values"),
        ('title: "x"\ndate: tomorrow', 3, "should be a date"),
        ("title: x\ndate: 2026-02-30", 3, "day is out of range"),
        ("title: x\ndate: 2026-13-01 or so", 3, "should be a date"),
        ("title: x\n\ndraft: maybe", 4, "should be true or false"),
        ("title: no", 2, "should be a text"),
        ("title: [a, b]", 2, "should be a text"),
        ("title: x\ncategories: {a: 1}", 3, "should be a list"),
        ("title: x\n<<<<<<< HEAD\ntitle: y", 3, "conflict marker"),
        ("- a\n- b", 1, "not a list of `key: value` lines"),
        ("title: !!python/object/apply:os.system [ls]", 2, "not valid YAML"),
    ],
)
def test_what_is_malformed_names_its_line(tmp_path: Path, yaml: str, line: int, says: str) -> None:
    fenced = f"---\n{yaml}\n---\n"
    with pytest.raises(CompanionError, match=says) as found:
        front.read(post(tmp_path, fenced))
    assert found.value.line == line
    text = notebook(raw(fenced))
    with pytest.raises(CompanionError, match=says) as found:
        front.read(post(tmp_path, text, "index.ipynb"))
    assert (
        found.value.line == line + 6
    )  # below `{`, "cells", `{`, the type, the metadata and "source"
    assert found.value.file is not None
    assert found.value.file.endswith("index.ipynb")


def test_a_fence_that_is_not_closed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CompanionError, match="not closed") as found:
        front.read(post(tmp_path, "---\ntitle: x\n\nText.\n"))
    assert found.value.line == 1


def test_posts_come_newest_first_with_their_slugs(tmp_path: Path) -> None:
    (tmp_path / "fastcompanion.toml").write_text("version = 1\n", encoding="utf-8")
    for name, day in (("2026-11-01-b", "2026-11-01"), ("2026-11-21-a", "2026-11-21"), ("x y!", "2026-10-01")):  # fmt: skip
        folder = tmp_path / "posts" / name
        folder.mkdir(parents=True)
        (folder / "index.md").write_text(f"---\ntitle: x\ndate: {day}\n---\n", encoding="utf-8")
    (tmp_path / "posts" / "_drafts").mkdir()
    found = bundle.posts(Workspace(tmp_path))
    assert [one.slug for one in found] == ["a", "b", "x-y"]
    assert bundle.find(Workspace(tmp_path), "2026-11-01-b").slug == "b"
    assert bundle.find(Workspace(tmp_path), "posts/2026-11-21-a/index.md").slug == "a"
    with pytest.raises(CompanionError, match="there is no post 'c'"):
        bundle.find(Workspace(tmp_path), "c")


def test_a_broken_post_does_not_hide_the_others(tmp_path: Path) -> None:
    post(tmp_path, WHOLE)
    other = tmp_path / "posts" / "2026-11-22-empty"
    other.mkdir()
    twin = tmp_path / "posts" / "2026-11-23-is-it-a-bird"
    twin.mkdir()
    (twin / "index.md").write_text("x", encoding="utf-8")
    found = bundle.look(Workspace(tmp_path))
    assert [one.slug for one in found.posts] == ["is-it-a-bird"]
    assert [one.message.split(",")[0] for one in found.problems] == [
        "this post holds no index.md or index.ipynb",
        "has the same name as 2026-11-21-is-it-a-bird",
    ]
    with pytest.raises(CompanionError, match="holds no index"):
        bundle.posts(Workspace(tmp_path))
