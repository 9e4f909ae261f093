"""docs/server-features.md: every test that it names exists, and nothing is claimed without one."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/server-features.md").read_text(encoding="utf-8")


def rows(part: str) -> list[list[str]]:
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def missing(cell: str) -> list[str]:
    """The ids of a cell that are no test; the cell itself where it names none."""
    ids = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", cell)
    gone = [f"{path}::{name}" for path, name in ids if not exists(path, name)]
    return gone if ids else [cell or "(empty)"]


def exists(path: str, name: str) -> bool:
    file = ROOT / path
    return file.is_file() and f"\ndef {name}(" in file.read_text(encoding="utf-8")


def test_each_yes_names_a_test_that_exists() -> None:
    table, _, _ = PAGE.partition("## ")
    found = rows(table)
    assert len(found) == 15
    assert [row[0] for row in found if not row[5].startswith("yes")] == []
    assert [gone for row in found for gone in missing(row[6])] == []


def test_each_finding_names_a_test_that_exists() -> None:
    found = rows(PAGE.partition("## What is wrong")[2])
    assert [int(row[0]) for row in found] == list(range(1, 31))
    assert [gone for row in found for gone in missing(row[2])] == []


def test_a_test_that_is_gone_is_noticed() -> None:
    assert missing("`tests/server/setup/test_features.py::test_never`") == ["tests/server/setup/test_features.py::test_never"]  # fmt: skip
    assert missing("shown by nothing") == ["shown by nothing"]
