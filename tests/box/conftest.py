"""One booted box for the tests of a module; skips with the reason where there can be none."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.box.box import USER, Box, Missing, program_folders
from tests.box.desktop import Desktop


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    try:
        machine = Box("desk", shown=program_folders())
    except Missing as why:
        pytest.skip(str(why))
    with machine:
        yield machine


@pytest.fixture(scope="module")
def program(box: Box) -> list[str]:
    """How fastcompanion is started in the box: by this interpreter, from this checkout."""
    started = [sys.executable, "-m", "fastcompanion"]
    tried = box.run([*started, "--version"], user=USER, check=False)
    if tried.returncode:
        pytest.skip(f"{sys.executable} does not run in the box: {tried.stderr.strip()[-300:]}")
    return started


@pytest.fixture
def desktop(box: Box) -> Iterator[Desktop]:
    desk = Desktop(box)
    desk.begin()
    yield desk
    desk.end()
