"""One file on its way from a site: what came stays when the line drops, and nothing else gets into it.

The bytes lie in `NAME.part` until the file is whole. What an earlier run left is gone on with where
the site still has the same file; a page of an error is seen before the part is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from fastcompanion.base import clock, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.competition.site.faults import SiteError
from fastcompanion.competition.site.model import Body
from fastcompanion.competition.site.unpacking import amount, looks_like_archive

#: how long to wait before each further try while nothing new comes, in seconds
PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)
_PAGE = (b"<!doctype html", b"<html", b"<?xml")
_HEAD = 512
#: where nobody told how large a file will be, the disk is looked at again after so many bytes
_LOOK = 16 << 20
_SUFFIX = ".part"

#: opens the file from a byte on, if it still is what the validator says; asks for a new address each time
Open = Callable[[int, str], AbstractContextManager[Body]]


@frozen
class Coming:
    """What is known of a file that is not whole yet: which state of it, how large it will be, and its name there."""

    validator: str
    size: int | None
    name: str


@frozen
class Expected:
    """What a file should be: an archive or not, how many bytes were announced, how many are believed at most."""

    archive: bool = False
    size: int | None = None
    most: int | None = None


@frozen
class Received:
    """A file that is whole and has no name yet: its size, its name on the site, whether its size was told."""

    part: Path
    size: int
    name: str
    told: bool


def part_of(target: Path) -> Path:
    """Where a file lies while it is on its way."""
    return target.with_name(f"{target.name}{_SUFFIX}")


def aside(path: Path) -> Path:
    """Move a file out of the way, under a name that is free; gives that."""
    number = 1
    while (
        place := path.with_name(f"{path.name}.yours{'' if number == 1 else f'-{number}'}")
    ).exists():
        number += 1
    store.move(path, place)
    return place


class Receiver:
    """Receives one file; `keep` writes down what is known of it as soon as its first bytes come."""

    def __init__(
        self,
        target: Path,
        expected: Expected,
        keep: Callable[[Coming], None],
        *,
        room: Callable[[int], None] = lambda needed: None,
        reporter: Reporter = SILENT,
        pauses: Iterable[float] = PAUSES,
    ) -> None:
        self.target, self.expected, self.part = target, expected, part_of(target)
        self.keep, self.room, self.reporter = keep, room, reporter
        self.pauses = tuple(pauses)
        self.have, self.coming = 0, Coming("", None, "")
        self._said = False

    def receive(self, ask: Open, known: Coming | None) -> Received:
        """Receive what is missing of the file; `known` is what an earlier run wrote down of it."""
        self._begin(known)
        if self.have and self.have == self.coming.size:
            return self._whole()
        waits = iter(self.pauses)
        while True:
            before = self.have
            try:
                with ask(self.have, self.coming.validator) as body:
                    self._take(body)
                break
            except CompanionError as error:
                if self.have > before:
                    waits = iter(self.pauses)
                self._wait(error, next(waits, None))
        return self._whole()

    def _begin(self, known: Coming | None) -> None:
        there = self.part.stat().st_size if self.part.is_file() else 0
        usable = known is not None and known.validator and there
        if known is not None and usable and (known.size is None or there <= known.size):
            self.have, self.coming = there, known
        elif known is not None:
            store.remove(self.part)
        elif self.part.exists():
            place = aside(self.part)
            self.reporter.note(
                f"{self.part.name} is not of a download of ours: it is {place.name} now"
            )

    def _wait(self, error: CompanionError, pause: float | None) -> None:
        """Wait before another try, where one is worth it and something has come or was about to."""
        dropped = isinstance(error, Dropped) or getattr(error, "kind", "") in ("cut", "silent")
        passing = dropped or (isinstance(error, SiteError) and error.may_pass and self._said)
        if not passing or pause is None:
            raise self._cut(error) if self.have and not isinstance(error, Unfit) else error
        self.reporter.note(f"{error.message}: going on at {amount(self.have)} in {pause:g} s")
        clock.pause(pause)

    def _cut(self, error: CompanionError) -> CompanionError:
        of = f" of {amount(self.coming.size)}" if self.coming.size else ""
        return CompanionError(
            f"{self.target.name}: {amount(self.have)}{of} have come, then: {error.message}",
            hint=error.hint or "The same command goes on where it ended.",
            code=Exit(error.code),
        )

    def _take(self, body: Body) -> None:
        """Add what a body brings; its first bytes decide whether the part is touched."""
        if body.first not in (0, self.have):
            raise Unfit(f"{self.target.name}: the site sent another part than the one asked for")
        chunks = iter(body.chunks)
        first = next(chunks, b"")
        if body.first == 0:
            self._look(first, body)
            if self.have:
                self.reporter.note(f"{self.target.name}: the site sends it from its beginning")
                store.remove(self.part)
                self.have = 0
        self.coming = Coming(body.validator, body.size, body.name)
        self.room((body.size or 0) - self.have)
        self.keep(self.coming)
        self._said = True
        with self.reporter.task(self.target.name, body.size) as task:
            if self.have:
                task.advance(self.have)
            self._add(first, task)
            for chunk in chunks:
                self._add(chunk, task)
        if body.size is not None and self.have < body.size:
            raise Dropped

    def _look(self, first: bytes, body: Body) -> None:
        """Refuse what is not the file: a page, another kind, far more than was announced."""
        head = first[:_HEAD]
        page = head.lstrip().lower().startswith(_PAGE)
        wants_page = self.target.suffix.lower() in (".html", ".htm", ".xml", ".svg", ".xhtml")
        if self.expected.archive and not looks_like_archive(head):
            raise Unfit(f"what the site sent for {self.target.name} is no archive")
        if page and not wants_page:
            raise Unfit(f"what the site sent for {self.target.name} is a page, not the file")
        most = self.expected.most
        if most is not None and body.size is not None and body.size > most:
            raise Unfit(f"{self.target.name} would be {amount(body.size)}, far more than is listed")

    def _add(self, chunk: bytes, task: Any) -> None:
        limit = self.coming.size if self.coming.size is not None else self.expected.most
        if limit is not None and self.have + len(chunk) > limit:
            store.remove(self.part)
            self.have = 0
            raise Unfit(
                f"{self.target.name}: more came than the {amount(limit)} that were announced"
            )
        if chunk:
            store.append_bytes(self.part, chunk)
        if limit is None and self.have // _LOOK < (self.have + len(chunk)) // _LOOK:
            self.room(_LOOK)
        self.have += len(chunk)
        task.advance(len(chunk), f"{self.have / 2**20:.1f} MiB")

    def _whole(self) -> Received:
        """Compare the sizes: what the site told, else what it listed."""
        if not self.part.exists():
            store.write_bytes(self.part, b"")
        told, listed = self.coming.size, self.expected.size
        if told is None and listed is not None and not self.expected.archive:
            zipped = self.coming.name.lower().endswith(".zip")
            if self.have != listed and not zipped:
                store.remove(self.part)
                raise Unfit(
                    f"{self.target.name} has {self.have} bytes, where {listed} are listed; it was thrown away"
                )
        return Received(self.part, self.have, self.coming.name, told is not None)


class Dropped(CompanionError):
    """Fewer bytes came than were announced."""

    def __init__(self) -> None:
        super().__init__("the line dropped", code=Exit.MISSING)


class Unfit(CompanionError):
    """What came is not the file, and another try would bring the same."""

    def __init__(self, message: str) -> None:
        super().__init__(
            message,
            hint="Try again later; behind a proxy or a sign-in page, look at the address in a browser first.",
        )


def coming_of(told: Mapping[str, Any]) -> Coming:
    """Read what an earlier run wrote down of a file on its way."""
    size = told.get("size")
    return Coming(
        str(told.get("validator") or ""),
        size if isinstance(size, int) else None,
        str(told.get("name") or ""),
    )
