"""Files of data sets on their way in: in one piece, or in parts after a line that was cut.

It is the protocol of Google's storage: a PUT without a body asks how much is there (`Content-Range:
bytes */SIZE`), 308 tells it, and the rest is sent from there on. Whatever came before a cut is kept.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fastcompanion.base import clock, store
from fastcompanion.base.records import frozen
from fastcompanion.competition.practice.calls import (
    Answered,
    Asked,
    Refused,
    file_name,
    number_of,
    text_of,
)

MOST = 1 << 30
_MOST_WAITING, _MOST_TOGETHER = 256, 4 << 30
_RANGE = re.compile(r"bytes (?:\*|(\d{1,15})-(\d{1,15}))/(\d{1,15})")


@frozen
class Blob:
    """A file that was uploaded; `path` is where it lies."""

    name: str
    path: Path
    size: int


@dataclass
class _Coming:
    name: str
    path: Path
    size: int
    there: int = 0
    turn: int = 0


@frozen
class Received:
    """How far an upload is: whole, or so many bytes from its beginning on."""

    whole: bool
    there: int


class Blobs:
    """What was announced for data sets and is not yet part of one; the oldest are forgotten first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._coming: dict[str, _Coming] = {}
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Remove what a server before this one was given and nobody made a data set of."""
        store.remove(self._folder)

    def begin(self, asked: Asked, base: str) -> Answered:
        """Announce a file: gives its token and the address for its bytes."""
        size, name = number_of(asked, "contentLength"), file_name(text_of(asked, "name"))
        if size > MOST:
            raise Refused(413, f"A file here has at most {MOST} bytes")
        token = clock.new_secret()
        path = self._folder / token
        store.append_bytes(path, b"")
        with self._lock:
            while self._coming and self._is_full(size):
                store.remove(self._coming.pop(next(iter(self._coming))).path)
            self._coming[token] = _Coming(name, path, size)
        return {"token": token, "createUrl": f"{base}/blob/{token}"}

    def _is_full(self, size: int) -> bool:
        announced = sum(one.size for one in self._coming.values())
        return len(self._coming) >= _MOST_WAITING or announced + size > _MOST_TOGETHER

    def receive(self, token: str, content_range: str, blocks: Iterable[bytes]) -> Received:
        """Take bytes of a file, from where those before them end; a later request replaces one that hangs."""
        with self._lock:
            coming = self._coming.get(token)
            if coming is None:
                raise Refused(404, "Not Found")
            first = _first(coming, content_range)
            if first not in (0, coming.there):
                return Received(coming.there == coming.size, coming.there)
            coming.turn += 1
            turn = coming.turn
            if first < coming.there:
                store.write_bytes(coming.path, b"", durable=False)
                coming.there = 0
        for block in blocks:
            self._append(coming, turn, block)
        return Received(coming.there == coming.size, coming.there)

    def _append(self, coming: _Coming, turn: int, block: bytes) -> None:
        with self._lock:
            if coming.turn != turn:
                raise Refused(409, "Another request goes on with this file")
            if coming.there + len(block) > coming.size:
                raise Refused(400, f"The file has not the {coming.size} bytes that were announced")
            store.append_bytes(coming.path, block)
            coming.there += len(block)

    def take(self, tokens: Iterable[str]) -> tuple[Blob, ...]:
        """Give whole files away, once each: all of them or none.

        Raises:
            Refused: one of them is not there, or not whole.
        """
        with self._lock:
            found = [self._coming.get(token) for token in tokens]
            if any(one is None or one.there != one.size for one in found):
                raise Refused(400, "A file was not uploaded")
            names = {one.name for one in found if one is not None}
            if len(names) != len(found):
                raise Refused(400, "Two files have the same name")
            self._coming = {
                token: one for token, one in self._coming.items() if not _is_in(one, found)
            }
        return tuple(Blob(one.name, one.path, one.size) for one in found if one is not None)


def _is_in(one: _Coming, found: Iterable[_Coming | None]) -> bool:
    return any(one is other for other in found)


def _first(coming: _Coming, content_range: str) -> int | None:
    """Find the byte with which a request begins; None where it only asks how much is there."""
    if not content_range:
        return 0
    asked = _RANGE.fullmatch(content_range)
    if asked is None or int(asked[3]) != coming.size:
        raise Refused(400, "The range is none of this file")
    return int(asked[1]) if asked[1] is not None else None
