"""Fetching one file over HTTP: what came stays when the line drops, and only what was verified gets its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.reporter import SILENT, Reporter

_CHUNK = 1 << 18
_SECONDS = 60.0
_PARTIAL, _NOT_THERE, _BEYOND = 206, (404, 410), 416


def part_of(target: Path) -> Path:
    """Where a file lies while it is on its way."""
    return target.with_name(f"{target.name}.part")


def fetch(
    url: str, target: Path, wrong: Callable[[Path], str], *, reporter: Reporter = SILENT
) -> None:
    """Fetch a file to `target`, going on where an earlier try ended.

    `wrong` looks at the finished file and says what is wrong with it, "" where nothing is; a file
    that is wrong is thrown away, so that the next try begins anew.
    """
    part = part_of(target)
    expected = _receive(url, part, reporter)
    have = part.stat().st_size if part.exists() else 0
    if expected is not None and have < expected:
        raise CompanionError(
            f"the connection ended after {have} of {expected} bytes of {url}",
            hint="The same command goes on where it ended.",
            code=Exit.MISSING,
        )
    if why := wrong(part):
        store.remove(part)
        raise CompanionError(
            f"what came from {url} is not what it should be: {why}; it was thrown away",
            hint="Try again later, or from another place: fastcompanion config set weights.url ADDRESS",
            code=Exit.FAILED,
        )
    store.move(part, target)


def _receive(url: str, part: Path, reporter: Reporter) -> int | None:
    """Add what is missing of a file to its part; give the whole size as the server tells it."""
    have = part.stat().st_size if part.exists() else 0
    answer = _ask(url, have)
    if answer is None:
        return None
    with answer:
        coming = answer.headers.get("Content-Length")
        if answer.status != _PARTIAL:
            store.remove(part)
            have = 0
        total = have + int(coming) if coming and coming.isdigit() else None
        with reporter.task(part.stem, total) as task:
            for chunk in _chunks(answer, url):
                store.append_bytes(part, chunk)
                task.advance(len(chunk), f"{(have := have + len(chunk)) / 2**20:.1f} MiB")
    return total


def _ask(url: str, have: int) -> Any:
    """Open the address from the byte on that is missing; None where the server has no more bytes."""
    from urllib.error import HTTPError  # noqa: PLC0415 - slow to import, rarely used
    from urllib.request import Request, urlopen  # noqa: PLC0415 - slow to import, rarely used

    if not url.startswith(("http://", "https://")):
        raise CompanionError(f"{url} is no web address", hint="fastcompanion config show", code=Exit.USAGE)  # fmt: skip
    asked = Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310 - http only
    try:
        return urlopen(asked, timeout=_SECONDS)  # noqa: S310 - http only
    except HTTPError as error:
        error.close()
        if error.code == _BEYOND and have:
            return None
        gone = error.code in _NOT_THERE
        raise CompanionError(
            f"{url}: the server says {error.code} {error.reason}",
            hint="The file has moved or never was there." if gone else "Try again later.",
            code=Exit.MISSING,
        ) from None
    except (OSError, ValueError) as error:
        raise _unreachable(url, error) from None


def _chunks(answer: IO[bytes], url: str) -> Iterator[bytes]:
    from http.client import HTTPException

    try:
        while chunk := answer.read(_CHUNK):
            yield chunk
    except (OSError, HTTPException) as error:
        raise _unreachable(url, error) from None


def _unreachable(url: str, error: Exception) -> CompanionError:
    reason = getattr(error, "reason", error)
    return CompanionError(
        f"{url} can't be reached: {reason}",
        hint="Run the command on a machine with a network, and carry the file over.",
        code=Exit.MISSING,
    )
