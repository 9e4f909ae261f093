"""Which notebooks of a folder are lessons, and their numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.course.library import discovery
from tests.git_server import notebook


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        (["05-linear.ipynb", "10_x.ipynb", "00 a.ipynb"], ["05", "10", "00"]),
        (["nbs/16A_StyleTransfer.ipynb", "nbs/16B_NCA.ipynb"], ["16a", "16b"]),
        (["24_tiny.ipynb", "24_tiny-wide.ipynb", "24a_tiny-200.ipynb"], ["24", "24-2", "24a"]),
        (["Lecture 10.ipynb", "Lecture 2.ipynb"], ["10", "02"]),
        (["lesson3.ipynb", "chapter_7-x.ipynb"], ["03", "07"]),
        (["C1/1_1_Math.ipynb", "C3/3_1_A.ipynb", "C3/3_2_B.ipynb"], ["01-01", "03-01", "03-02"]),
        (["04-3-layer-net.ipynb", "05_x.ipynb"], ["04", "05"]),
        (["week1/01.ipynb", "week1/02.ipynb", "week2/01.ipynb"], ["01-01", "01-02", "02-01"]),
        (["b.ipynb", "a.ipynb", "part10.ipynb"], ["03", "02", "10"]),
        (["1st-try.ipynb", "2nd-try.ipynb"], ["01", "02"]),
        (["makemore_part1.ipynb", "makemore_part2.ipynb"], ["01", "02"]),
        (["01_a.ipynb", "02_b.ipynb", "appendix.ipynb"], ["01", "02", "03"]),
        (["01_a.ipynb", "03_b.ipynb", "appendix.ipynb"], ["01", "03", "04"]),
        (["٣ درس.ipynb", "第1章.ipynb"], ["03", "02"]),
        (["2022-11-03 notes.ipynb"], ["2022"]),
    ],
)
def test_numbers(names: list[str], numbers: list[str]) -> None:
    found = discovery.assign(names)
    assert [found[name] for name in names] == numbers


def test_numbers_are_unique_and_do_not_depend_on_the_order_of_the_folder() -> None:
    names = [f"x/{n}_{word}.ipynb" for n in (1, 2, 2, 3) for word in ("a", "b", "A")] + [
        "z.ipynb",
        "y.ipynb",
    ]
    names = list(dict.fromkeys(names))
    found = discovery.assign(names)
    assert len(set(found.values())) == len(names)
    assert discovery.assign(list(reversed(names))) == found


def test_fixed_numbers_stay_and_gone_ones_are_not_given_again() -> None:
    found = discovery.assign(
        ["01_a.ipynb", "02_new.ipynb"], fixed={"01_a.ipynb": "07"}, taken=["02"]
    )
    assert found == {"01_a.ipynb": "07", "02_new.ipynb": "02-2"}


def fill(folder: Path, *names: str, text: str = "") -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or notebook(f"name = {name!r}"))
    return folder


def test_what_is_left_out_and_why(tmp_path: Path) -> None:
    fill(
        tmp_path,
        "01-a.ipynb",
        "clean/01-a.ipynb",
        "solutions/01-b.ipynb",
        "_draft.ipynb",
        "_old/02-a.ipynb",
        "03-c.ipynb",
        "03-c_Answers.ipynb",
        "03-c-Copy1.ipynb",
        "04-d_solution.ipynb",
        "slides/talk.ipynb",
    )
    listing = discovery.look(tmp_path)
    assert [one.path for one in listing.found] == [
        "01-a.ipynb",
        "03-c.ipynb",
        "04-d_solution.ipynb",
    ]
    reasons = {one.path: one.reason for one in listing.left_out}
    assert reasons["clean/01-a.ipynb"] == "has the name of 01-a.ipynb"
    assert reasons["03-c_Answers.ipynb"] == "belongs to 03-c.ipynb"
    assert reasons["03-c-Copy1.ipynb"] == "belongs to 03-c.ipynb"
    assert reasons["solutions/01-b.ipynb"] == "lies in solutions/"
    assert "draft" in reasons["_old/02-a.ipynb"]


def test_include_takes_by_pattern_folder_or_name(tmp_path: Path) -> None:
    fill(tmp_path, "01-a.ipynb", "clean/01-a.ipynb", "slides/talk.ipynb", "_draft.ipynb")
    for pattern, path in (
        ("clean/*", "clean/01-a.ipynb"),
        ("slides", "slides/talk.ipynb"),
        ("_draft.ipynb",) * 2,
    ):
        found = discovery.look(tmp_path, include=[pattern]).found
        assert {one.path for one in found} == {"01-a.ipynb", path}


@pytest.mark.parametrize(
    ("cells", "title"),
    [
        (["# **The** [Title](https://x.org) `here` #", "x = 1"], "The Title here"),
        (["## Introduction", "x = 1"], "Some name"),
        (["x = 1", "# Later"], "Later"),
        (["# <img src='x' onerror='y'>", "x = 1"], "Some name"),
        (["# " + "long " * 100], ("long " * 100)[:100].strip()),
    ],
)
def test_titles(tmp_path: Path, cells: list[str], title: str) -> None:
    fill(tmp_path, "07_some-name.ipynb", text=notebook(*cells))
    assert discovery.look(tmp_path).found[0].title == title


def test_titles_that_do_not_tell_apart_give_way_to_names(tmp_path: Path) -> None:
    fill(tmp_path, "01_small.ipynb", "02_large.ipynb", text=notebook("# Tiny Imagenet"))
    assert [one.title for one in discovery.look(tmp_path).found] == ["Small", "Large"]


def test_old_formats_and_odd_bytes_are_listed(tmp_path: Path) -> None:
    version_3 = '{"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "markdown", "source": ["# Old"]}]}]}'
    fill(tmp_path, "01.ipynb", text=version_3)
    (tmp_path / "02.ipynb").write_bytes(b"\xff\xfe\x00broken")
    fill(tmp_path, "03.ipynb", text="[" * 100_000)
    found = discovery.look(tmp_path).found
    assert [one.title for one in found] == ["Old", "02", "03"]
    assert [bool(one.warning) for one in found] == [False, True, True]
    assert all(one.sha256 for one in found)


def test_a_folder_that_can_not_be_a_course_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "MAX_FOLDERS", 5)
    for number in range(8):
        (tmp_path / f"{number}").mkdir()
    with pytest.raises(CompanionError, match="more than 5 folders"):
        discovery.look(tmp_path)


def test_a_folder_that_may_not_be_read_is_passed_over(tmp_path: Path) -> None:
    fill(tmp_path, "01.ipynb", "closed/02.ipynb")
    (tmp_path / "closed").chmod(0)
    try:
        assert discovery.look(tmp_path).found[0].path == "01.ipynb"
    finally:
        (tmp_path / "closed").chmod(0o755)
