"""`history`: what was sent from here, and what the site says of it, side by side."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.competition.site import agreement, asking, log, metrics
from fastcompanion.competition.site.agreement import Agreement
from fastcompanion.competition.site.asking import Known
from fastcompanion.competition.site.log import Entry, Validation
from fastcompanion.competition.site.model import Submission
from fastcompanion.competition.site.target import Target
from fastcompanion.data.dataset import Direction


@frozen
class Line:
    """A submission: what both sides know of it.

    `noted` says that it was sent from here, `listed` that the site knows it, `asked` that the site was
    asked at all. `status` is "unknown" where it does not list it. `best` marks the best public score;
    `note` is what a practice competition finds odd about it.
    """

    ref: int
    at: datetime | None
    file: str
    message: str
    status: str
    public: float | None
    private: float | None
    error: str
    commit: str
    sha256: str
    validation: Validation | None
    agreement: Agreement
    noted: bool
    listed: bool
    asked: bool
    best: bool = False
    note: str = ""


@frozen
class History:
    """All submissions to a competition, the first one first.

    `asked` is when the site said what stands here, None where it never did; `problem` says why it was not
    asked just now.
    """

    competition: str
    title: str
    metric: str
    direction: Direction | None
    submissions: tuple[Line, ...]
    asked: datetime | None
    problem: str


def history(target: Target, project: Path | None, *, reporter: Reporter = SILENT) -> History:
    """Join the log with the site's list; without the site the log alone, with what the site said last."""
    noted = log.read(target, project)
    try:
        # Of the leaderboard no more is wanted than which way is up.
        known: Known | None = asking.known(target, most=asking.FEW, reporter=reporter)
        problem = known.problem if known is not None else ""
    except CompanionError as error:
        if not noted or error.code not in (Exit.MISSING, Exit.NOT_SET_UP):
            raise
        known, problem = None, f"{error.message}. {error.hint}"
    return joined(target, noted, known, problem)


def joined(target: Target, noted: tuple[Entry, ...], known: Known | None, problem: str) -> History:
    """Put what was sent beside what the site lists."""
    metric = known.competition.metric if known else next((one.validation.metric for one in noted if one.validation), "")  # fmt: skip
    listed = known.submissions if known else ()
    mine = {one.ref: entry for one in listed for entry in noted if log.fits(entry, one.ref, one.date)}  # fmt: skip
    taken = {entry.id for entry in mine.values()}
    rows = asking.public_rows(target)
    asked = known is not None
    lines = [
        replace(
            _line(one, mine.get(one.ref), metric, rows, asked=asked),
            note=asking.oddity(target, one.public),
        )
        for one in listed
    ]
    lines += [_line(None, one, metric, rows, asked=asked) for one in noted if one.id not in taken]
    lines.sort(key=lambda one: (one.at is not None, one.at or clock.now(), one.ref))
    way = metrics.direction(metric, known.rows if known else ())
    return History(
        competition=target.text,
        title=known.competition.title if known else target.slug,
        metric=metric,
        direction=way,
        submissions=_marked(lines, way),
        asked=known.at if known else None,
        problem=problem,
    )


def _line(
    there: Submission | None, entry: Entry | None, metric: str, rows: int | None, *, asked: bool
) -> Line:
    validation = entry.validation if entry else None
    public = there.public if there else None
    moment = there.date if there and there.date else entry.at if entry else None
    return Line(
        ref=there.ref if there else entry.ref if entry else 0,
        at=clock.here(moment) if moment else None,
        file=there.file if there else entry.file if entry else "",
        message=entry.message if entry else there.description if there else "",
        status=there.status if there else "unknown",
        public=public,
        private=there.private if there else None,
        error=there.error if there else "",
        commit=f"{entry.commit}{'+' if entry.dirty else ''}" if entry else "",
        sha256=entry.sha256 if entry else "",
        validation=validation,
        agreement=agreement.judge(
            validation, public, metric, rows=rows, file_rows=entry.rows if entry else 0
        ),
        noted=entry is not None,
        listed=there is not None,
        asked=asked,
    )


def _marked(lines: list[Line], way: Direction | None) -> tuple[Line, ...]:
    scored = [one.public for one in lines if one.public is not None]
    if not scored or way is None:
        return tuple(lines)
    best = min(scored) if way == "lower" else max(scored)
    first = next(one for one in lines if one.public == best)
    return tuple(replace(one, best=True) if one is first else one for one in lines)
