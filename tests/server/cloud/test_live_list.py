"""tests/live/server.md: each point of the safety list has a test that exists, or says that it takes real money."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "tests" / "live" / "server.md"
POINTS = 14


def _rows() -> list[tuple[int, str]]:
    found = re.findall(r"^\| (\d+) \| [^|]+ \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    return [(int(number), shown) for number, shown in found]


def test_every_point_is_there() -> None:
    assert [number for number, _ in _rows()] == list(range(1, POINTS + 1))


@pytest.mark.parametrize(("number", "shown"), _rows())
def test_a_point_is_shown(number: int, shown: str) -> None:
    tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", shown)
    money = re.findall(r"only with real money \(([A-D0-9, ]+)\)", shown)
    assert tests or money, number
    assert ("real money" in shown) == bool(money), "it names its lines of the list"
    for file, name in tests:
        source = (ROOT / file).read_text()
        assert re.search(rf"^def {name}\(", source, re.MULTILINE), f"{file} has no {name}"
    lines = set(re.findall(r"^- \[[ x]\] ([A-D]\d+) ", PAGE.read_text(), re.MULTILINE))
    for named in money:
        assert set(named.split(", ")) <= lines, named
