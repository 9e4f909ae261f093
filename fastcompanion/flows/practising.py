"""Practice competitions of made-up data: the demos of projects with some of their labels hidden."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastcompanion.base import store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.competition.practice import making
from fastcompanion.competition.practice.making import Made
from fastcompanion.data.look import look
from fastcompanion.project import demo as demos

#: a demo's own rows without labels: nobody could score them
_UNLABELLED = ("test.csv", "sample_submission.csv", "test/")


@contextmanager
def made_up(wanted: str) -> Iterator[tuple[str, Path]]:
    """Give the kind of a demo and a folder with its labelled data, as long as the block runs.

    Raises:
        CompanionError: there is no such demo.
    """
    kind, files = demos.made(wanted)
    folder = workspace.runtime_folder()
    try:
        for name, content in files.items():
            if not name.startswith(_UNLABELLED):
                store.write_bytes(folder / name, content, durable=False)
        yield kind, folder
    finally:
        store.remove(folder)


def new_of_demo(demo: str, *, name: str, metric: str, daily: int, dry_run: bool) -> Made:
    """Make a practice competition of made-up data; its name is that of the demo where none is given.

    Raises:
        CompanionError: no demo is named, or one that there is not.
    """
    if not demo:
        raise CompanionError(
            "there is nothing to make a competition of",
            hint="fastcompanion kaggle practice new --from DATA, or --demo class",
            code=Exit.USAGE,
        )
    with made_up(demo) as (kind, folder):
        seen = look(folder, kind=kind, closely=False)
        called = name or f"demo-{demo}"
        return making.new(
            folder, seen, name=called, metric=metric, daily=daily, dry_run=dry_run, origin="made up"
        )
