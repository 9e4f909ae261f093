"""Records as files: what is written is read again, and nothing strange gets through."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.course.recorded import record
from fastcompanion.course.recorded.record import KnownMistake, NewerRecordError, Record
from tests.course.recorded.by_hand import answer, array, frame, function, number, outcome, section

NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "source": "# Loss"},
        {"cell_type": "code", "source": "loss = 1"},
        {"cell_type": "code", "source": "loss"},
    ]
}
VERSIONS = {"python": "3.11", "torch": "2.4.1", "pandas": "1.5.3"}


def made() -> Record:
    told = section(
        outcome("loss", number(0.538), "seeded", band=(0.5, 0.01), better="down"),
        outcome("x", array([1.0, 2.0], [3.0, 4.0])),
        outcome("df", frame(5, a=(1.0, 0), b=(None, 2))),
        outcome("", number(0.8258), where="shown", place=2, required=False),
        functions=[function("calc", answer(number(1.25), [None, array(1.0, 2.0)]))],
        mistakes=[KnownMistake("m1", "with ü", {"loss": 0.7}, {"calc": [answer(number(2.5))]})],
    )
    return Record(
        "n", record.cell_hashes(NOTEBOOK), VERSIONS, (told,), ({"torch": "3.0"},), (0, 0, 1)
    )


def test_what_is_written_is_read_again_with_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "n.checks.json"
    record.write(path, made())
    assert record.read(path) == made()
    again = tmp_path / "again.json"
    record.write(again, record.read(path))
    assert again.read_bytes() == path.read_bytes()
    assert json.loads(path.read_text())["sections"][0]["strength"] == {
        "caught": 9,
        "planted": 11,
        "crashed": 3,
        "equivalent": 2,
    }


def test_strength_in_words() -> None:
    assert made().sections[0].strength.words == "catches 9 of 11 planted mistakes"
    assert record.Strength().words == ""


def test_a_record_fits_its_notebook_and_what_it_was_seen_with() -> None:
    assert record.fits(made(), NOTEBOOK, {}) == ""
    assert record.fits(made(), NOTEBOOK, {"torch": "2.9.1+cpu", "pandas": "1.4"}) == ""
    assert record.fits(made(), NOTEBOOK, {"torch": "3.1"}) == ""  # seen_with
    said = record.fits(made(), NOTEBOOK, {"pandas": "2.2.0"})
    assert said == "they were recorded with pandas 1.5.3, here is 2.2.0"


def test_a_record_of_other_cells_does_not_fit() -> None:
    cells = NOTEBOOK["cells"]
    changed = {"cells": [*cells[:2], {"cell_type": "code", "source": "loss + 1"}]}
    assert record.fits(made(), changed, {}).startswith("code cell 2 of the original is another")
    shorter = {"cells": cells[:2]}
    assert "has 1 code cells, they were recorded of one with 2" in record.fits(made(), shorter, {})
    words = {"cells": [{"cell_type": "markdown", "source": "other"}, *cells[1:]]}
    assert record.fits(made(), words, {}) == ""


def edited(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(record.to_text(made()))
    change(data)
    return data


def first(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = data["sections"][0]
    return found


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "has no `version`": lambda d: d.pop("version"),
    "cells should be a list": lambda d: d.update(cells="abc"),
    "versions: should hold names": lambda d: d["versions"].update(torch=2),
    "sections should be a list": lambda d: d.update(sections=[1]),
    "seeds should be a list": lambda d: d.update(seeds=[True]),
    "sections[0]: id should be a text": lambda d: first(d).update(id=3),
    "status should be one of hard, self-assessed": lambda d: first(d).update(status="sure"),
    "is no name": lambda d: first(d)["outcomes"][0].update(name="__import__('os')"),
    "sections[0].outcomes[0]: class should be a text": lambda d: first(d)["outcomes"][0].pop(
        "class"
    ),
    "band should be a mean": lambda d: first(d)["outcomes"][0].update(band=[1, 2, 3]),
    "place should be a whole number": lambda d: first(d)["outcomes"][3].update(place=-1),
    "required should be true or false": lambda d: first(d)["outcomes"][0].update(required=1),
    "with its kind `k`": lambda d: first(d)["outcomes"][0].update(fp={"v": 1}),
    "`v` of a number": lambda d: first(d)["outcomes"][0].update(fp={"k": "number", "v": "1"}),
    "a shape should be": lambda d: first(d)["outcomes"][1]["fp"].update(shape=[-1, "x"]),
    "`c` of a value": lambda d: first(d)["outcomes"][1]["fp"].update(c=[[1]]),
    "a column should be": lambda d: first(d)["outcomes"][2]["fp"].update(cols=[1]),
    "names an outcome or a function twice": lambda d: first(d)["outcomes"][1].update(name="loss"),
    "an argument is too big": lambda d: first(d)["functions"][0]["cases"][0].update(
        args=[{"k": "array", "shape": [10**6, 10**6]}]
    ),
    "an argument is too big in a list": lambda d: first(d)["functions"][0]["cases"][0].update(
        args=[{"k": "list", "items": [{"k": "array", "shape": [10**9]}]}]
    ),
    "an argument should say": lambda d: first(d)["functions"][0]["cases"][0].update(args=[{}]),
    "what a call changed": lambda d: first(d)["functions"][0]["cases"][0]["answer"].update(
        changed=3
    ),
    "answers to a mistake": lambda d: first(d)["mistakes"][0].update(answers={"calc": 1}),
    "holds a text that is too long": lambda d: first(d).update(reason="x" * 3000),
    "holds a number without end": lambda d: first(d)["outcomes"][0]["fp"].update(v=float("nan")),
}


@pytest.mark.parametrize("problem", CHANGES)
def test_an_edited_record_is_refused_by_name(tmp_path: Path, problem: str) -> None:
    path = tmp_path / "n.checks.json"
    path.write_text(json.dumps(edited(CHANGES[problem])))
    with pytest.raises(CompanionError) as caught:
        record.read(path)
    assert problem.removesuffix(" in a list") in caught.value.message
    assert caught.value.file == str(path)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not valid JSON"),
        ("[]", "has no `version`"),
        ('{"version": 1}', "notebook should be a text"),
        ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
        ('{"version": 1, "x": ' + '{"a":' * 90 + "1" + "}" * 91, "nested too deeply"),
    ],
)
def test_what_is_no_record_is_refused_by_name(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "n.checks.json"
    path.write_text(text)
    with pytest.raises(CompanionError, match=problem) as caught:
        record.read(path)
    assert caught.value.file == str(path)


def test_a_record_of_a_newer_program_is_known_as_such(tmp_path: Path) -> None:
    path = tmp_path / "n.checks.json"
    path.write_text(json.dumps(edited(lambda d: d.update(version=2, sections="other"))))
    with pytest.raises(NewerRecordError, match="newer fastcompanion"):
        record.read(path)


def test_a_section_is_found_by_its_id() -> None:
    found = made().section("loss")
    assert found is not None
    assert replace(found, status="self-assessed").status == "self-assessed"
    assert made().section("other") is None
