"""The folder of a practice competition: what it is, and where its files lie.

It lies in the user's data folder, outside of every project. `public/` holds what may be downloaded;
nothing else of the folder is ever served, and of the solution only this program reads.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastcompanion.base import store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.near import did_you_mean
from fastcompanion.base.records import frozen
from fastcompanion.data.dataset import Direction

VERSION = 1
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)( *\..*)?")
PRIVATE_MODE = 0o600
TRAIN, TEST, SAMPLE = "train.csv", "test.csv", "sample_submission.csv"
FILES = (SAMPLE, TEST, TRAIN)
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?")


@frozen
class Opponent:
    """A naive baseline on the leaderboard."""

    name: str
    learned: str
    public: float
    private: float


@frozen
class Competition:
    """What a practice competition asks for.

    `answers` are the columns of a submission behind the id: the target, or a share for each class.
    `daily` is how many submissions a UTC day allows, 0 for any number.
    """

    slug: str
    title: str
    about: str
    kind: str
    target: str
    id_column: str
    answers: tuple[str, ...]
    classes: tuple[str, ...]
    metric: str
    direction: Direction
    split: str
    daily: int
    train_rows: int
    test_rows: int
    public_rows: int
    created: str
    source: str
    opponents: tuple[Opponent, ...]
    #: what mase divides by
    scale: float = 1.0

    @property
    def is_shares(self) -> bool:
        """Are probabilities asked for?"""
        return self.metric in ("auc", "log loss")


@frozen
class Place:
    """Where the files of a practice competition lie."""

    folder: Path

    @property
    def about(self) -> Path:
        """What the competition is."""
        return self.folder / "competition.json"

    @property
    def public(self) -> Path:
        """What may be downloaded."""
        return self.folder / "public"

    @property
    def archive(self) -> Path:
        """The same in one file."""
        return self.folder / "archive.zip"

    @property
    def solution(self) -> Path:
        """The hidden labels."""
        return self.folder / "solution.csv"

    @property
    def journal(self) -> Path:
        """What happened: rules accepted, submissions, scores, the end."""
        return self.folder / "journal.jsonl"

    @property
    def uploads(self) -> Path:
        """Files that were uploaded and not submitted yet."""
        return self.folder / "uploads"

    @property
    def blobs(self) -> Path:
        """Files that were uploaded for data sets and are no part of one yet."""
        return self.folder / "blobs"

    @property
    def datasets(self) -> Path:
        """The learner's data sets."""
        return self.folder / "datasets"

    @property
    def notebooks(self) -> Path:
        """Notebooks that were pushed."""
        return self.folder / "notebooks"

    def submission(self, ref: int) -> Path:
        """The file that was submitted under a number."""
        return self.folder / "submissions" / f"{ref}.csv"

    @property
    def running(self) -> Path:
        """Where the server listens, while it runs."""
        return self.folder / "server.json"

    @property
    def lock(self) -> Path:
        """Held by the server while it runs."""
        return self.folder / "server.lock"


def slug_of(text: str) -> str:
    """Make a name for addresses and folders out of any text."""
    made = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:50].strip("-")
    return f"{made}-practice" if made and is_device(made) else made or "practice"


def is_device(name: str) -> bool:
    """Say whether Windows keeps a name for itself, with any ending: no file there can have it."""
    return _DEVICES.fullmatch(name) is not None


def at(slug: str) -> Place:
    """Give the place of a name; what is no name of a competition is refused before it is a path."""
    if not _SLUG.fullmatch(slug):
        raise CompanionError(
            f"{slug!r} is no name of a practice competition",
            hint="Use small letters, digits and hyphens, at most 50 of them.",
            code=Exit.USAGE,
        )
    return Place(workspace.practice_folder() / slug)


def slugs() -> list[str]:
    """Name the practice competitions of this machine, the one made last first."""
    found = list(workspace.practice_folder().glob("*/competition.json"))
    return [path.parent.name for path in sorted(found, key=_made, reverse=True)]


def _made(path: Path) -> float:
    return path.stat().st_mtime


def chosen(slug: str) -> Place:
    """Find a practice competition; without a name the one that was made last."""
    known = slugs()
    if not known:
        raise CompanionError(
            "there is no practice competition yet",
            hint="fastcompanion kaggle practice new --from DATA",
            code=Exit.NOT_SET_UP,
        )
    if slug and slug not in known:
        raise CompanionError(
            f"there is no practice competition {slug!r}{did_you_mean(slug, known)}",
            hint=f"one of: {', '.join(known[:12])}",
            code=Exit.USAGE,
        )
    return at(slug or known[0])


def files(place: Place) -> dict[str, Path]:
    """Name what may be downloaded, each with its path; the tables come first."""
    found = {
        path.relative_to(place.public).as_posix(): path
        for path in sorted(place.public.rglob("*"))
        if path.is_file()
    }
    first = {name: found.pop(name) for name in FILES if name in found}
    return {**first, **found}


def table(
    path: Path, head: Sequence[str], rows: Iterable[Sequence[str]], *, mode: int | None = None
) -> None:
    """Write a table."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    store.write_text(path, made.getvalue(), mode=mode)


def write(place: Place, competition: Competition) -> None:
    """Write what the competition is."""
    told: dict[str, Any] = {
        name: getattr(competition, name) for name in Competition.__dataclass_fields__
    }
    told["opponents"] = [
        {name: getattr(one, name) for name in Opponent.__dataclass_fields__}
        for one in competition.opponents
    ]
    store.write_json(place.about, {"version": VERSION, **told})


def read(place: Place) -> Competition:
    """Read what the competition is."""
    about = store.check_version(_told(place), place.about, current=VERSION)
    try:
        known = {"scale": 1.0, **about}  # older ones have none
        return _competition({name: known[name] for name in Competition.__dataclass_fields__})
    except (KeyError, TypeError) as error:
        raise CompanionError(
            f"does not describe a competition: {error}", file=place.about
        ) from None


def _told(place: Place) -> Any:
    try:
        return store.read_json(place.about)
    except CompanionError as error:
        # It is in no git.
        error.hint = f"Mend it, or make the competition anew: fastcompanion kaggle practice remove {place.folder.name}"
        raise


def _competition(about: Mapping[str, Any]) -> Competition:
    made = Competition(**about)
    return replace(
        made,
        answers=tuple(made.answers),
        classes=tuple(made.classes),
        opponents=tuple(Opponent(**one) for one in about["opponents"]),
    )
