"""A practice competition with any archive and any files, and downloads from it with its faults."""

from __future__ import annotations

import io
import random
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastcompanion.competition.practice import server
from fastcompanion.competition.practice.place import Place, at
from fastcompanion.competition.practice.server import Live
from fastcompanion.competition.site import client as clients
from fastcompanion.competition.site import downloads
from fastcompanion.competition.site.client import Client
from fastcompanion.competition.site.downloads import Downloaded, Ways, Wish
from fastcompanion.competition.site.line import Patience
from fastcompanion.competition.site.target import Target
from tests.competition.faults import ALWAYS, Faults, changed
from tests.competition.practice.served import SLUG, competition

TARGET = Target(SLUG, practice=True)
QUICK = Patience(connect=10, read=10, tries=3, first=0.01)


def noise(size: int, seed: int = 1) -> bytes:
    """Bytes that no archive makes smaller."""
    return random.Random(seed).randbytes(size)


def packed(files: Mapping[str, bytes]) -> bytes:
    """An archive of files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


class Words:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.done: dict[str, int] = {}
        #: Ctrl-C comes with this piece of what is unpacked, from 1
        self.pieces = 0

    def note(self, text: str) -> None:
        self.notes.append(text)

    @contextmanager
    def task(self, label: str, total: int | None = None) -> Iterator[Any]:
        del total
        words = self

        class Task:
            def advance(self, amount: int = 1, text: str = "") -> None:
                del text
                if label == "unpacking":
                    words.pieces -= 1
                    if words.pieces == 0:
                        raise KeyboardInterrupt
                words.done[label] = words.done.get(label, 0) + amount

        yield Task()


@dataclass
class Site:
    """The competition `people`, served; `connections` counts how often a download asked for a client."""

    live: Live
    place: Place
    faults: Faults
    folder: Path
    words: Words = field(default_factory=Words)
    connections: int = 0
    yes: bool = False
    asked: list[tuple[str, ...]] = field(default_factory=list)
    free: int = 1 << 40

    def holds(self, files: Mapping[str, bytes], archive: bytes | None = None) -> None:
        """Let the site list these files, and give them in one archive."""
        listed = [{"name": name, "totalBytes": len(data)} for name, data in files.items()]
        self.place.archive.write_bytes(packed(files) if archive is None else archive)
        self.lists(listed)

    def lists(self, listed: list[dict[str, Any]]) -> None:
        """Let the site list these files."""
        made = changed(lambda told: {**told, "files": listed})
        self.faults.add("/ListDataFiles", made, times=ALWAYS)

    def connect(self) -> Client:
        self.connections += 1
        return clients.connect(TARGET, patience=QUICK)

    def download(
        self,
        *names: str,
        force: bool = False,
        unpack: bool = True,
        keep: bool = False,
        folder: Path | None = None,
        pauses: tuple[float, ...] = (0, 0, 0),
    ) -> Downloaded:
        """Download into `folder`; nobody consents to anything unless `yes`."""

        def replace(asked: tuple[str, ...]) -> bool:
            self.asked.append(asked)
            return self.yes

        ways = Ways(replace, self.words, pauses, lambda folder: self.free)
        wish = Wish(names, force, unpack, keep)
        return downloads.download(TARGET, folder or self.folder, wish, self.connect, ways)

    def files(self) -> dict[str, bytes]:
        """What lies in the folder but our own file."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.name != ".download.json"
        }


@contextmanager
def site(tmp_path: Path) -> Iterator[Site]:
    """Serve the competition while the block runs."""
    place = _made(tmp_path)
    with server.serving(place, scoring=False) as live, Faults(live) as faults:
        live.protocol.accept()
        yield Site(live, place, faults, tmp_path / "data")


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


def _made(tmp_path: Path) -> Place:
    """Make the competition once, as that takes time, and copy it for every further test."""
    if not _KEPT:
        made = competition(tmp_path / "its data")
        _KEPT.append(tempfile.TemporaryDirectory())
        shutil.copytree(made.folder, Path(_KEPT[0].name) / SLUG)
        return made
    found = at(SLUG)
    shutil.copytree(Path(_KEPT[0].name) / SLUG, found.folder)
    return found
