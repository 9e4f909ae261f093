"""The practice server that tests ask, and its faults."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fastcompanion.competition.practice import server
from fastcompanion.competition.practice.server import Live
from tests.competition.faults import Faults
from tests.competition.practice import served


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    """A practice server whose rules are accepted, and which leaves submissions unscored."""
    with server.serving(served.competition(tmp_path / "data"), scoring=False) as running:
        running.protocol.accept()
        yield running


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One such server for all tests of a file, which takes any number of submissions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTCOMPANION_HOME", str(tmp_path_factory.mktemp("home")))
        place = served.competition(tmp_path_factory.mktemp("data"), daily=0)
    with server.serving(place, scoring=False) as running:
        running.protocol.accept()
        yield running


@pytest.fixture
def faults(live: Live) -> Iterator[Faults]:
    """The same server, made to fail in chosen ways."""
    with Faults(live) as made:
        yield made
