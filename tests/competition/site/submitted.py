"""A practice competition that is served, a folder with its sample and a submission, and quick waiting."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.competition.practice import place as practice
from fastcompanion.competition.practice import server
from fastcompanion.competition.practice.server import Live
from fastcompanion.competition.site import client as clients
from fastcompanion.competition.site import listing, submitting
from fastcompanion.competition.site.line import Patience
from tests.competition.faults import Faults
from tests.competition.practice import served

NAME = "practice/people"
_QUICK = Patience(connect=5, read=2, tries=3, first=0.01)


def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing wait for long between two tries."""
    monkeypatch.setitem(clients.connect.__kwdefaults__ or {}, "patience", _QUICK)
    for module in (submitting, listing):
        monkeypatch.setattr(module, "_FIRST", 0.01)
        monkeypatch.setattr(module, "_LONGEST", 0.05)


_KEPT: dict[int, Path] = {}


def _made(folder: Path, daily: int) -> practice.Place:
    """Make the competition, once for all tests: it is the same each time."""
    if daily not in _KEPT:
        made = served.competition(folder / "table", daily)
        kept = Path(tempfile.mkdtemp(prefix="fc-people-")) / "people"
        atexit.register(shutil.rmtree, kept.parent, ignore_errors=True)
        shutil.copytree(made.folder, kept)
        _KEPT[daily] = kept
        return made
    made = practice.at(served.SLUG)
    shutil.copytree(_KEPT[daily], made.folder)
    return made


@dataclass
class Place:
    """A served competition and the folder of its learner; `run` runs a command there."""

    live: Live
    faults: Faults
    folder: Path
    run: Callable[..., Any]

    def write(self, name: str = "good.csv", *, flipped: int = 0) -> Path:
        """Write a submission that says what the sex says, but for the first rows."""
        path = served.submission(self.live.place, self.folder, name)
        head, *rows = path.read_text().splitlines()
        for number in range(flipped):
            one, said = rows[number].split(",")
            rows[number] = f"{one},{1 - int(said)}"
        path.write_text("\n".join([head, *rows]) + "\n")
        return path

    def submit(self, *words: str | Path, file: str = "good.csv") -> Any:
        """Submit a file of the folder."""
        asked = ("kaggle", "submit", self.folder / file, "-c", NAME, "--yes", *words)
        return self.run(*asked, cwd=self.folder)

    @property
    def sent(self) -> int:
        """How many submissions the server has."""
        return len(self.live.journal.state().submissions)


@contextmanager
def site(
    folder: Path,
    run: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    *,
    daily: int = 5,
    scoring: bool = True,
    accepted: bool = True,
) -> Iterator[Place]:
    """Serve the competition."""
    quickly(monkeypatch)
    made = _made(folder, daily)
    home = folder / "mine"
    home.mkdir()
    for path in made.public.iterdir():
        shutil.copy(path, home)
    with server.serving(made, scoring=scoring) as live, Faults(live) as faults:
        if accepted:
            live.protocol.accept()
        place = Place(live, faults, home, run)
        place.write()
        yield place
