"""Asking a site, with what it said last for the time when it can't be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from fastcompanion.base import clock, store, workspace
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.near import did_you_mean
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.competition.practice import journal as journals
from fastcompanion.competition.practice import place as places
from fastcompanion.competition.practice import standing
from fastcompanion.competition.site import client as clients
from fastcompanion.competition.site.client import Client
from fastcompanion.competition.site.faults import SiteError
from fastcompanion.competition.site.model import Competition, Row, Submission
from fastcompanion.competition.site.target import Target, is_inside

VERSION = 1
#: so many rows of a leaderboard are asked for; of a longer one the site tells our own rank
ROWS, FEW = 1000, 100
_FAR = datetime(2090, 1, 1, tzinfo=UTC)
Kind = TypeVar("Kind")


@frozen
class Known:
    """What a site says of a competition, at a time; `problem` says why it was not asked just now.

    `whole` is False where `rows` are only the first of the leaderboard.
    """

    at: datetime
    competition: Competition
    submissions: tuple[Submission, ...]
    rows: tuple[Row, ...]
    whole: bool
    problem: str = ""


def competition(client: Client, target: Target) -> Competition:
    """Ask for a competition; of a name that is none the nearest ones are named (what Kaggle calls `denied`)."""
    try:
        return client.competition(target.slug)
    except SiteError as error:
        if error.kind not in ("denied", "missing"):
            raise
        near = did_you_mean(target.slug, _alike(client, target))
        if near:
            error.args = (error.message + near,)
            error.message += near
        raise


def deadline(about: Competition) -> datetime | None:
    """Give the deadline as the clocks here show it; None where there is none, which sites write as a far one."""
    given = about.deadline
    return clock.here(given) if given is not None and given < _FAR else None


def _alike(client: Client, target: Target) -> list[str]:
    """List names that may have been meant: those entered, and what the words of the name find."""
    words = sorted(target.slug.replace("_", "-").split("-"), key=len, reverse=True)
    found: dict[str, None] = {}
    for search, group in (("", "entered"), (words[0], ""), (words[0][:5], ""), ("", "")):
        try:
            told = client.competitions(search, group)
        except CompanionError:
            break
        found |= {one.slug: None for one in told}
    return list(found)


def known(target: Target, *, most: int = ROWS, reporter: Reporter = SILENT) -> Known:
    """Ask a site for what it knows of a competition, with `most` rows of its leaderboard.

    Where it can't be asked, give what it said last.
    """
    try:
        client = clients.connect(target, reporter=reporter)
        about = competition(client, target)
        submissions = client.submissions(target.slug)
        rows = client.leaderboard(target.slug, most=most)
        told = Known(clock.now(), about, submissions, rows, len(rows) < most)
    except CompanionError as error:
        last = _last(target) if error.code in (Exit.MISSING, Exit.NOT_SET_UP) else None
        if last is None:
            raise
        return replace(last, problem=f"{error.message}. {error.hint}")
    _keep(target, told)
    return told


def _keep(target: Target, told: Known) -> None:
    """Keep it for later; the longer leaderboard of an earlier time is worth more than a short one."""
    last = None if told.whole else _last(target)
    if last is not None and len(last.rows) > len(told.rows):
        told = replace(told, rows=last.rows, whole=last.whole)
    # What was asked for is known; a full disk or a folder of somebody else's takes nothing from it.
    with suppress(CompanionError):
        store.write_json(_place(target), {"version": VERSION, **_plain(told)})


def _place(target: Target) -> Path:
    return workspace.competition_cache(target.text.replace("/", "-"))


def _last(target: Target) -> Known | None:
    """Read what a site said last; a cache that can't be read is as good as none."""
    try:
        told = store.check_version(store.read_json(_place(target)), _place(target), current=VERSION)
        return Known(
            clock.parse(told["at"]),
            _made(Competition, told["competition"]),
            tuple(_made(Submission, one) for one in told["submissions"]),
            tuple(_made(Row, one) for one in told["rows"]),
            bool(told["whole"]),
        )
    except (CompanionError, OSError, KeyError, TypeError):
        return None


def _made(kind: Callable[..., Kind], told: Mapping[str, Any]) -> Kind:
    times = {"deadline", "date"} & set(told)
    read = {name: clock.parse(told[name]) if told[name] else None for name in times}
    return kind(**{**told, **read})


def _plain(told: Any) -> Any:
    """Turn records and times into what JSON knows."""
    if hasattr(told, "__dataclass_fields__"):
        return {name: _plain(getattr(told, name)) for name in told.__dataclass_fields__}
    if isinstance(told, tuple):
        return [_plain(one) for one in told]
    return clock.stamp(told) if isinstance(told, datetime) else told


def public_rows(target: Target) -> int | None:
    """Say how many rows the public leaderboard judges; None where nobody tells, as on kaggle.com."""
    if not target.practice or is_inside():
        return None
    try:
        return places.read(places.at(target.slug)).public_rows
    except CompanionError:
        return None


def oddity(target: Target, public: float | None) -> str:
    """Say what is odd about a public score of a practice competition; kaggle.com tells nobody."""
    if public is None or not target.practice or is_inside():
        return ""
    try:
        return journals.note(places.read(places.at(target.slug)), public)
    except CompanionError:
        return ""


def public_files(target: Target) -> tuple[Path, Path, Path] | None:
    """Give sample, test and train of a practice competition of this machine; None elsewhere."""
    if not target.practice or is_inside():
        return None
    folder = places.at(target.slug).public
    return folder / places.SAMPLE, folder / places.TEST, folder / places.TRAIN


@frozen
class Baseline:
    """A naive model on the leaderboard of a practice competition; after its end `score` is the private one."""

    name: str
    score: float
    public: float


def baselines(target: Target) -> tuple[Baseline, ...]:
    """Give the naive models of a practice competition; on kaggle.com nobody says which rows are naive."""
    if not target.practice or is_inside():
        return ()
    try:
        told = standing.standing(places.at(target.slug))
    except CompanionError:
        return ()
    return tuple(
        Baseline(row.team, row.score, row.public)
        for row in told.leaderboard
        if row.team.startswith("naive: ")
    )
