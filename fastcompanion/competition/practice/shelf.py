"""What a learner keeps on the practice server, version by version: data sets and notebooks alike.

Each lies in a folder of its own, with a file that tells its title and its versions; nothing of a
request becomes a path but a name that was looked at.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastcompanion.base import store
from fastcompanion.competition.practice.calls import USER, Asked, Refused, slug_of, text_of

VERSION = 1
MOST = 200


class Shelf:
    """The things of one kind: `plural` as a sentence names them, `denied` the site's name of their service."""

    def __init__(self, folder: Path, file: str, plural: str, denied: str) -> None:
        self.folder = folder
        self.lock = threading.Lock()
        self._file, self._plural, self._denied = file, plural, denied

    def slugs(self) -> list[str]:
        """Name what is kept."""
        return sorted(path.parent.name for path in self.folder.glob(f"*/{self._file}"))

    def about(self, slug: str) -> dict[str, Any] | None:
        """Tell of one of them; None where there is none of that name."""
        path = self.folder / slug / self._file
        if not path.is_file():
            return None
        return store.check_version(store.read_json(path), path, current=VERSION)

    def write(self, slug: str, about: Mapping[str, Any]) -> None:
        """Keep what is told of one of them."""
        store.write_json(self.folder / slug / self._file, {"version": VERSION, **about})

    def path(self, slug: str, number: int | str, name: str) -> Path:
        """Say where a file of a version lies."""
        return self.folder / slug / str(number) / name

    def asked_for(self, asked: Asked, owner: str, slug: str) -> tuple[str, dict[str, Any]]:
        """Find the one that a request names; what is not ours is refused as the site refuses it."""
        who, name = text_of(asked, owner), slug_of(asked, slug)
        about = self.about(name) if who == USER else None
        if about is None:
            raise Refused(403, f"Permission '{self._denied}.get' was denied")
        return name, about

    def may_make(self, owner: str) -> None:
        """Refuse what another one would own."""
        if owner != USER:
            raise Refused(403, f"Permission '{self._denied}.create' was denied")

    def room(self) -> None:
        """Refuse one more where so many are kept."""
        if len(self.slugs()) >= MOST:
            raise Refused(400, f"At most {MOST} {self._plural} are kept here")

    def found(self, asked: Asked) -> list[tuple[str, dict[str, Any]]]:
        """List those that a search fits."""
        wanted = text_of(asked, "search").lower()
        known = ((slug, self.about(slug)) for slug in self.slugs())
        return [
            (slug, about)
            for slug, about in known
            if about is not None and wanted in f"{slug} {about['title']}".lower()
        ]
