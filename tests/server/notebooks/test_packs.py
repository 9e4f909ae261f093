"""What travels and what comes back as text: sealed, so that damage is noticed; never leading elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.server.notebooks import carried, travel
from fastcompanion.server.notebooks.carried import Record, Session
from fastcompanion.server.notebooks.travel import Pack

PACK = Pack(
    id="abcdefghij", study="klmnopqrst", door="colab", lesson="c/01", notebook="nb", kind="scratch",
    at="2026-11-21T18:00:00+00:00", program="0.1.0", files={"courses/c.yaml": "version: 1\n"},
    originals={"0" * 64: "{}"}, beside={"data/x.csv": b"a,b\n\xff"}, book={"cells": []},
)  # fmt: skip
RECORD = Record(
    "abcdefghij", "klmnopqrst", "colab", "c/01", "nb", "scratch", {"results": [1, "ü"]},
    (Session("uvwxyzabcd", "2026-11-21T18:00:00+00:00", 1440, 9),),
)  # fmt: skip


def cell(packed: str) -> str:
    return f'# {travel.MARK} abcdefghij\nx = """\n{travel.folded(packed)}\n"""'


def test_a_pack_comes_out_as_it_went_in() -> None:
    source = cell(travel.write(PACK))
    assert max(map(len, source.split("\n"))) <= 100
    assert travel.read(source) == PACK
    assert travel.read(source.replace("\n", "\r\n")) == PACK
    assert travel.read("print('no pack')") is None


@pytest.mark.parametrize("place", [0.2, 0.5, 0.9])
def test_damage_to_a_pack_is_noticed(place: float) -> None:
    source = cell(travel.write(PACK))
    at = int(len(source) * place)
    other = "B" if source[at] != "B" else "C"
    for broken in (source[:at] + other + source[at + 1 :], source[:at] + source[at + 5 :]):
        with pytest.raises(CompanionError) as caught:
            travel.read(broken)
        assert "damaged" in caught.value.message


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/passwd", "a/../../b", "~/x", "C:\\x", ""])
def test_a_pack_never_writes_elsewhere(name: str) -> None:
    for own in ("files", "beside"):
        bad: Any = {name: b"x" if own == "beside" else "x"}
        with pytest.raises(CompanionError):
            travel.read(cell(travel.write(replace(PACK, **{own: bad}))))


def test_a_pack_of_a_newer_program_says_so() -> None:
    with pytest.raises(CompanionError) as caught:
        travel.read(cell(travel.sealed("fc1", {"version": 99}) + ".end"))
    assert "newer program" in caught.value.message


def test_a_text_that_swells_is_refused() -> None:
    bomb = travel.sealed("fc1", {"version": 1, "x": "a" * (travel.MOST_BYTES + 10)}) + ".end"
    with pytest.raises(CompanionError):
        travel.read(cell(bomb))


def output(data: dict[str, Any]) -> dict[str, Any]:
    return {"output_type": "display_data", "data": data, "metadata": {}}


def book(*outputs: dict[str, Any]) -> dict[str, Any]:
    cells = [{"cell_type": "code", "source": "%check", "outputs": [one]} for one in outputs]
    return {"cells": cells, "metadata": {}}


def test_a_record_survives_what_servers_do_to_outputs() -> None:
    whole = carried.bundle(RECORD, "1 of 4 sections passed, 24 min")
    lists = {kind: text.splitlines(keepends=True) for kind, text in whole.items()}
    for data in (whole, lists, {"text/html": whole["text/html"]}, {"text/plain": whole["text/plain"]}):  # fmt: skip
        found = carried.read(book(output(dict(data))))
        assert (found.records, found.damaged) == ((RECORD,), 0) or found.records == (RECORD, RECORD)
    assert RECORD.minutes == 24
    assert "24 min" in whole["text/html"]
    assert json.loads(json.dumps(whole)) == whole


def test_a_damaged_record_is_counted_and_the_others_are_read() -> None:
    good = output(dict(carried.bundle(RECORD, "words")))
    text = carried.write(RECORD)
    torn = output({"text/plain": text[:60] + text[61:]})
    found = carried.read(book(torn, good))
    assert (RECORD in found.records, found.damaged) == (True, 1)
    assert carried.read(book(torn)).records == ()


def test_records_are_taken_out_of_what_goes_into_git() -> None:
    kept = {"output_type": "stream", "name": "stdout", "text": "passed\n"}
    whole = book(output(dict(carried.bundle(RECORD, "words"))), kept)
    plain = carried.strip(whole)
    assert "fastcompanion-record" not in json.dumps(plain)
    assert plain["cells"][1]["outputs"] == [kept]


def test_of_a_session_the_longest_counts() -> None:
    one = RECORD.sessions[0]
    later = Session("zzzzzzzzzz", "2026-11-21T21:00:00+00:00", 60, 2)
    assert carried.longest([replace(one, seconds=10), later, one]) == (one, later)
