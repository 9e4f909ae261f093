"""Parts that come again stand once in a file, and nobody can make a small file huge with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.course.recorded import packing, record
from fastcompanion.course.recorded.packing import PackedWrongError
from fastcompanion.course.recorded.record import KnownMistake, Record
from tests.course.recorded.by_hand import answer, array, function, outcome, section

SPEC = {"k": "array", "shape": [891, 12], "d": "float32", "low": 0.0, "high": 1.0}


def test_what_comes_again_stands_once_and_comes_back() -> None:
    data = [{"args": [SPEC, SPEC]}, {"args": [SPEC, {"k": "tuple", "items": [SPEC, 1]}]}]
    whole, shared = packing.packed(data)
    assert shared == [SPEC]
    assert whole[0] == {"args": [{"=": 0}, {"=": 0}]}
    assert packing.unpacked(whole, shared) == data


def test_shared_parts_may_hold_earlier_ones() -> None:
    pair = {"items": [SPEC, {"k": "plain", "v": "mae"}], "k": "tuple"}
    data = [{"a": SPEC}, {"b": pair}, {"c": pair}]
    whole, shared = packing.packed(data)
    assert shared == [SPEC, {**pair, "items": [{"=": 0}, pair["items"][1]]}]
    assert packing.unpacked(whole, shared) == data


def test_small_and_single_parts_stay_where_they_are() -> None:
    data = [{"a": [1, 2, 3], "b": [1, 2, 3]}, {"c": SPEC}]
    assert packing.packed(data) == (data, [])


@pytest.mark.parametrize("wrong", [1, -1, "0", True, None])
def test_a_reference_to_nothing_is_refused(wrong: Any) -> None:
    with pytest.raises(PackedWrongError, match="not there"):
        packing.unpacked([{"=": wrong}], [SPEC])
    with pytest.raises(PackedWrongError, match="not there"):
        packing.unpacked([], [{"=": 0}])


def test_a_small_file_can_not_grow_without_end() -> None:
    shared: list[Any] = [[0] * 50, *([{"=": place}, {"=": place}] for place in range(40))]
    with pytest.raises(PackedWrongError, match="too many"):
        packing.unpacked([{"=": 40}], shared)


def made() -> Record:
    rows = array([1.0, 2.0], [3.0, 4.0])
    told = section(
        outcome("x", rows),
        outcome("y", array([1.0, 2.0], [3.0, 4.5]), required=False),
        functions=[function("f", answer(rows, [None, rows]), answer(rows))],
        mistakes=[KnownMistake(f"m{n}", "with ü", {"x": rows}, {}) for n in range(3)],
    )
    return Record("n", ("0" * 12,), {"python": "3.11"}, (told,))


def test_a_record_is_smaller_for_it_and_the_same(tmp_path: Path) -> None:
    path = tmp_path / "n.json"
    record.write(path, made())
    plain = json.dumps(record.to_json(made()), separators=(",", ":"))
    assert path.stat().st_size < 0.6 * len(plain)
    [told] = record.read(path).sections
    [wanted] = made().sections
    assert told.outcomes == wanted.outcomes
    assert told.mistakes == wanted.mistakes
    first, second = told.functions[0].cases
    assert dict(first.answer) == dict(wanted.functions[0].cases[0].answer)
    assert second.answer["changed"] == [None, None]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"shared": [1]}, "shared should be a list"),
        ({"shared": [[{"=": 5}]]}, "shared: refers to a part"),
        ({"shared": [SPEC], "sections": [{"=": 3}]}, "shared: refers to a part"),
        ({"shared": [SPEC], "sections": [{"=": 0}]}, "id should be a text"),
    ],
)
def test_wrong_references_in_a_file_are_refused_by_name(
    tmp_path: Path, change: dict[str, Any], problem: str
) -> None:
    path = tmp_path / "n.json"
    path.write_text(json.dumps({**json.loads(record.to_text(made())), **change}))
    with pytest.raises(CompanionError, match=problem) as caught:
        record.read(path)
    assert caught.value.file == str(path)


def test_a_lean_record_keeps_what_is_compared() -> None:
    soft = record.RecordedSection("s", "self-assessed", "why", made().sections[0].outcomes)
    told = record.Record("n", (), {}, (*made().sections, soft))
    lean = record.lean(told)
    assert lean.sections[0] == told.sections[0]
    assert lean.sections[1] == record.RecordedSection("s", "self-assessed", "why")
