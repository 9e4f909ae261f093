"""How much a resolution downloads and takes on disk, known before anything is fetched."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from fastcompanion.base import workspace
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen
from fastcompanion.course.environments import shelf
from fastcompanion.course.environments.uv import Package

_HEAD_SECONDS = 10.0
_WORKERS = 8
_GUESSED_BYTES = 3_000_000
_UNPACKED = 2.2


@frozen
class Sizes:
    """Bytes to download (at most: what the installer's cache has is not fetched) and on disk.

    `download` is measured but for `guessed` packages, whose index tells no size; `disk` is an
    estimate: what earlier environments here took for each downloaded byte.
    """

    download: int
    disk: int
    guessed: tuple[str, ...] = ()


def measure(packages: Sequence[Package]) -> Sizes:
    """Ask the lock, the file system or the index (a HEAD request) for each package's size."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - slow to import, rarely used

    with ThreadPoolExecutor(_WORKERS) as pool:
        found = list(pool.map(_bytes, packages))
    guessed = tuple(p.name for p, size in zip(packages, found, strict=True) if size is None)
    download = sum(_GUESSED_BYTES if size is None else size for size in found)
    return Sizes(download, int(download * _growth()), guessed)


def _growth() -> float:
    """Give bytes on disk for each byte downloaded, from the environments measured here."""
    known = [e for e in shelf.environments() if e.downloaded and e.size]
    if not known:
        return _UNPACKED
    return sum(e.size for e in known) / sum(e.downloaded for e in known)


def _bytes(package: Package) -> int | None:
    if package.size is not None:
        return package.size
    if package.url.startswith(("http://", "https://")):
        return _asked(package.url)
    if not package.url:
        return None
    try:
        return Path(unquote(package.url.removeprefix("file://"))).stat().st_size
    except OSError:
        return None


def _asked(url: str) -> int | None:
    import urllib.request  # noqa: PLC0415 - slow to import, rarely used

    request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - http and https only, above
    try:
        with urllib.request.urlopen(request, timeout=_HEAD_SECONDS) as answer:  # noqa: S310
            length = answer.headers.get("Content-Length")
    except (OSError, ValueError):
        return None
    return int(length) if length and length.isdigit() else None


def check_room(needed: int) -> None:
    """Refuse to begin what the disk can't hold; `needed` in bytes."""
    folder = workspace.environments_folder()
    place = next(p for p in (folder, *folder.parents) if p.exists())
    free = shutil.disk_usage(place).free
    if free < needed:
        raise CompanionError(
            f"the disk has {human(free)} free and the environment needs about {human(needed)}",
            hint="fastcompanion env list, then: fastcompanion env remove NAME",
            file=folder,
        )


def human(size: int) -> str:
    """Write bytes as people do: 130 MB, 4.6 GB."""
    if size >= 1_000_000_000:
        return f"{size / 1e9:.1f} GB"
    return f"{size / 1e6:.0f} MB" if size >= 1_000_000 else f"{max(size, 0) / 1e3:.0f} kB"
