"""Three-way care: what changed here and what changed there, cell by cell, with nothing lost."""

from __future__ import annotations

from typing import Any

import pytest

from fastcompanion.server.notebooks import merging, travel


def cell(name: str, source: str, *outputs: str, count: int | None = None) -> dict[str, Any]:
    shown = [{"output_type": "stream", "name": "stdout", "text": text} for text in outputs]
    return {"cell_type": "code", "id": name, "metadata": {"fastcompanion": {"section": name}},
            "source": source, "outputs": shown, "execution_count": count}  # fmt: skip


def book(*cells: dict[str, Any]) -> dict[str, Any]:
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def sources(merged: merging.Merged) -> list[str]:
    return [one["source"] for one in merged.cells]


BASE = book(cell("a", "one"), cell("b", "two"), cell("c", "three"))


def test_different_cells_come_together() -> None:
    mine = book(cell("a", "ONE here"), cell("b", "two"), cell("c", "three"))
    theirs = book(cell("a", "one"), cell("b", "TWO there", "out"), cell("c", "three"))
    merged = merging.merge(BASE, mine, theirs)
    assert sources(merged) == ["ONE here", "TWO there", "three"]
    assert (merged.taken, merged.clashes) == (1, ())
    assert merged.cells[1]["outputs"] == theirs["cells"][1]["outputs"]


def test_one_cell_that_changed_on_both_sides_is_a_clash() -> None:
    mine, theirs = book(cell("a", "here")), book(cell("a", "there"))
    merged = merging.merge(BASE, mine, theirs)
    assert [(one.cell, one.mine, one.theirs) for one in merged.clashes] == [(1, "here", "there")]
    assert sources(merged)[0] == "here"


def test_the_same_change_on_both_sides_is_none() -> None:
    same = book(cell("a", "new"), cell("b", "two"), cell("c", "three"))
    merged = merging.merge(BASE, same, same)
    assert (merged.taken, merged.clashes, list(merged.cells)) == (0, (), same["cells"])


@pytest.mark.parametrize(
    ("mine", "theirs", "wanted"),
    [
        # Deleted there, as it was here: it goes. Changed here: it stays.
        ("abc", "ac", ["one", "three"]),
        ("aBc", "ac", ["one", "B here", "three"]),
        # Deleted here: it stays away, unless there is work in it there.
        ("ac", "abc", ["one", "three"]),
        ("ac", "aBc", ["one", "B there", "three"]),
    ],
)
def test_deleted_cells(mine: str, theirs: str, wanted: list[str]) -> None:
    texts = {"a": "one", "b": "two", "c": "three"}

    def made(names: str, where: str) -> dict[str, Any]:
        return book(*(cell(n.lower(), f"{n} {where}" if n.isupper() else texts[n]) for n in names))

    merged = merging.merge(BASE, made(mine, "here"), made(theirs, "there"))
    assert sources(merged) == wanted
    assert not merged.clashes


def test_new_cells_stand_where_they_stood_there() -> None:
    mine = book(*BASE["cells"], cell("m", "mine at the end"))
    theirs = book(cell("t", "first"), *BASE["cells"][:2], cell("u", "behind two"), BASE["cells"][2])
    merged = merging.merge(BASE, mine, theirs)
    assert sources(merged) == ["first", "one", "two", "behind two", "three", "mine at the end"]


def test_without_a_base_what_differs_is_a_clash_and_nothing_is_guessed() -> None:
    merged = merging.merge(None, book(cell("a", "here")), book(cell("a", "there")))
    assert len(merged.clashes) == 1
    merged = merging.merge(None, book(cell("a", "same")), book(cell("a", "same", "ran", count=3)))
    assert not merged.clashes
    assert merged.cells[0]["execution_count"] == 3


def far(*cells: dict[str, Any], named: bool = False) -> dict[str, Any]:
    """Cells as Colab gives them back: other ids, none of our metadata."""
    return book(
        *(
            {**one, "id": f"x{n}", "metadata": {"id": one["id"]} if named else {"id": f"colab{n}"}}
            for n, one in enumerate(cells)
        )
    )


@pytest.mark.parametrize("named", [True, False])
def test_cells_get_their_ids_and_marks_back(named: bool) -> None:
    a, b, c = BASE["cells"]
    new = cell("new", "added there")
    back = merging.restored(far(a, {**b, "source": "TWO"}, new, c, named=named), BASE)
    ids = [one["id"] for one in back["cells"]]
    assert [ids[0], ids[1], ids[3]] == ["a", "b", "c"]
    assert ids[2] not in ("a", "b", "c")
    assert back["cells"][1]["metadata"] == b["metadata"]
    assert back["cells"][2]["metadata"] == {}
    assert sources(merging.merge(BASE, BASE, back)) == ["one", "TWO", "added there", "three"]


def test_a_cell_copied_there_does_not_take_the_id_of_another() -> None:
    a, b, c = BASE["cells"]
    back = merging.restored(book(a, b, {**b, "source": "a copy"}, c), BASE)
    ids = [one["id"] for one in back["cells"]]
    assert len(set(ids)) == 4
    assert sources(merging.merge(BASE, BASE, back)) == ["one", "two", "a copy", "three"]


def test_outputs_of_there_are_taken_where_the_cell_is_the_same() -> None:
    mine = book(cell("a", "one", "old"), cell("b", "two", "mine"), cell("c", "three"))
    theirs = book(cell("a", "one", "new", count=4), cell("b", "two"), cell("c", "three"))
    merged = merging.merge(BASE, mine, theirs)
    assert [one["outputs"][0]["text"] for one in merged.cells[:2]] == ["new", "mine"]


def test_the_first_cell_is_put_in_once_and_goes_without_a_trace() -> None:
    plain = book(cell("a", "one"))
    plain["metadata"]["fastcompanion"] = {"lesson": "c/01"}
    once = travel.put_in(plain, "abcdefg", "# fastcompanion-travel abcdefg\npass")
    twice = travel.put_in(once, "hijklmn", "# fastcompanion-travel hijklmn\npass")
    assert len(twice["cells"]) == 2
    assert twice["metadata"]["fastcompanion"] == {"lesson": "c/01", "travel": "hijklmn"}
    assert travel.take_out(twice) == plain
    # Colab drops the metadata, and the learner may have moved the cell.
    bare = {**twice["cells"][0], "metadata": {}}
    assert travel.take_out({**twice, "cells": [plain["cells"][0], bare]}) == plain
