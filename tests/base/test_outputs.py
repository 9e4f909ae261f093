"""Outputs of a cell, put together from messages: small, plain, as a terminal would show them."""

from __future__ import annotations

import os
import time

import pytest

from fastcompanion.base.outputs import CellOutputs, condense, plain, weight
from fastcompanion.base.watchdog import LastWords
from tests.waiting import until


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("plain\ntext\n", "plain\ntext\n"),
        ("1%\r2%\r3%\n", "3%\n"),
        ("\r10%\r20%\ndone", "20%\ndone"),
        ("windows\r\nline", "windows\r\nline"),
        ("10%\r", "10%\r"),
        ("abc\b\bd", "ad"),
        ("\b\bx", "x"),
    ],
)
def test_streams_are_condensed_as_a_terminal_shows_them(sent: str, seen: str) -> None:
    assert condense(sent) == seen


def test_condensing_takes_no_longer_than_reading() -> None:
    # Where the time grew with the square of the length, this would take minutes.
    long_line = "x" * 5_000_000 + "\n" + "\r1" * 1_000_000
    begun = time.process_time()
    assert condense(long_line).endswith("\n1")
    assert time.process_time() - begun < 20


def test_nothing_in_plain_text_moves_a_terminal() -> None:
    hostile = "a\x1b[2Jb\x1b]8;;http://x\x1b\\link\x1b]8;;\x07\x9b31mc\x07\rd\u202ee\tf\n"
    assert plain(hostile) == "ablink31mcde\tf\n"


def test_streams_of_one_name_are_one_output_until_another_comes() -> None:
    outputs = CellOutputs({}, 1000)
    for name, text in [("stdout", "a"), ("stdout", "b"), ("stderr", "!"), ("stdout", "c")]:
        outputs.take("stream", {"name": name, "text": text})
    assert [(o["name"], o["text"]) for o in outputs.finished()] == [
        ("stdout", "ab"),
        ("stderr", "!"),
        ("stdout", "c"),
    ]


def test_a_progress_bar_is_judged_by_what_it_leaves() -> None:
    outputs = CellOutputs({}, 10_000)
    for number in range(1000):
        outputs.take("stream", {"name": "stderr", "text": f"\r{number} " + "#" * 50})
    assert not outputs.too_much
    assert outputs.finished()[0]["text"] == "999 " + "#" * 50


def test_what_is_too_much_is_cut_and_noted() -> None:
    outputs = CellOutputs({}, 1_000_000)
    while not outputs.too_much:
        outputs.take("stream", {"name": "stdout", "text": "x" * 10_000})
    outputs.take("stream", {"name": "stdout", "text": "too late"})
    kept, note = outputs.finished()
    assert 1000 < len(kept["text"]) <= 100_000
    assert note["text"] == "[cut: more than 1 MB of output]\n"


def test_a_display_that_grows_in_place_is_counted() -> None:
    outputs = CellOutputs({}, 100_000)
    named = {"transient": {"display_id": "d"}, "metadata": {}}
    outputs.take("display_data", {**named, "data": {"text/plain": "small"}})
    outputs.take("update_display_data", {**named, "data": {"text/plain": "y" * 90_000}})
    assert not outputs.too_much
    outputs.take("update_display_data", {**named, "data": {"text/html": "z" * 900_000}})
    assert outputs.too_much


def test_the_weight_of_any_value_is_known() -> None:
    assert weight({"a": ["bc", 1, None, {"d": True}]}) == 1 + 2 + 1 + 4 + 1 + 4


def test_last_words_keep_only_the_end() -> None:
    words = LastWords()
    for number in range(30_000):
        os.write(words.writer, b"line %d\n" % number)
    words.close()
    until(lambda: words.text().endswith("line 29999\n"))
    assert len(words.text()) <= 16_000
