"""Download, and die without a word at the write of a number: `python dying.py NUMBER FOLDER`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastcompanion.base import store
from fastcompanion.competition.site import client, downloads
from fastcompanion.competition.site.downloads import Wish
from fastcompanion.competition.site.target import Target


def main(number: int, folder: Path, slug: str) -> None:
    """Let every writing call of the store count, and the one of that number be the last."""
    left = [number]

    def counted(true: Callable[..., None]) -> Callable[..., None]:
        def act(*given: Any, **named: Any) -> None:
            left[0] -= 1
            if left[0] < 0:
                os._exit(9)
            true(*given, **named)

        return act

    for name in ("write_chunks", "append_bytes", "move", "remove", "write_json"):
        setattr(store, name, counted(getattr(store, name)))
    target = Target(slug, practice=True)
    downloads.download(target, folder, Wish(), lambda: client.connect(target))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
