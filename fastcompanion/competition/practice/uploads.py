"""Files on their way in: each has a token, lies on the disk, and becomes a submission or nothing."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable
from pathlib import Path

from fastcompanion.base import clock, store
from fastcompanion.base.records import frozen
from fastcompanion.competition.practice.place import Place

#: bytes that any submission may have
LEAST = 1 << 20
_MOST_WAITING = 64


@frozen
class Upload:
    """A file that was announced; `path` is where it lies when it is whole."""

    token: str
    path: Path
    size: int
    name: str
    sha256: str = ""


class Uploads:
    """What was announced and not yet submitted; the oldest are forgotten first."""

    def __init__(self, place: Place) -> None:
        self.lock = threading.Lock()
        self._place = place
        self._waiting: dict[str, Upload] = {}

    def clear(self) -> None:
        """Remove what a server before this one was given and nobody submitted."""
        store.remove(self._place.uploads)

    def begin(self, size: int, name: str) -> str:
        """Announce a file; gives its token."""
        token = clock.new_secret()
        with self.lock:
            while len(self._waiting) >= _MOST_WAITING:
                old = self._waiting.pop(next(iter(self._waiting)))
                store.remove(old.path)
            self._waiting[token] = Upload(token, self._place.uploads / token, size, name)
        return token

    def announced(self, token: str) -> Upload | None:
        """Find what was announced under a token."""
        with self.lock:
            return self._waiting.get(token)

    def receive(self, upload: Upload, blocks: Iterable[bytes]) -> bool:
        """Write a file block by block; one that is not as long as announced is thrown away."""
        part = upload.path.with_name(f"{upload.token}.{clock.new_id()}")
        made, size = hashlib.sha256(), 0
        try:
            store.append_bytes(part, b"")
            for block in blocks:
                made.update(block)
                size += len(block)
                store.append_bytes(part, block)
            if size != upload.size:
                return False
            store.move(part, upload.path)
        finally:
            store.remove(part)
        told = Upload(upload.token, upload.path, size, upload.name, made.hexdigest())
        with self.lock:
            self._waiting[upload.token] = told
        return True

    def take(self, token: str) -> Upload | None:
        """Give a whole file away, once; call it with the lock held."""
        found = self._waiting.get(token)
        if found is None or not found.sha256:
            return None
        return self._waiting.pop(token)

    def keep(self, upload: Upload, ref: int) -> None:
        """Put a file where submissions lie."""
        store.move(upload.path, self._place.submission(ref))
