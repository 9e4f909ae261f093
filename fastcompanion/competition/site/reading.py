"""From the site's JSON to records: what is missing gets a default, what is of another kind too. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastcompanion.competition.site.model import (
    Competition,
    DataFile,
    Limits,
    Row,
    Status,
    Submission,
)

_STATUS: dict[str, Status] = {"PENDING": "pending", "COMPLETE": "complete", "ERROR": "error"}
_MOST_LABEL = 2000
_LAST_YEAR = 9999


def competition(told: Mapping[str, Any]) -> Competition:
    """Read one competition; its name is the last part of an address."""
    url = _label(told, "url") or _label(told, "ref")
    return Competition(
        slug=(_label(told, "ref") or url).rstrip("/").rpartition("/")[2],
        title=_label(told, "title"),
        url=url,
        deadline=moment(told, "deadline"),
        category=_label(told, "category"),
        reward=_label(told, "reward"),
        teams=whole(told, "teamCount"),
        entered=truth(told, "userHasEntered"),
        rank=whole(told, "userRank") or None,
        daily=whole(told, "maxDailySubmissions"),
        metric=_label(told, "evaluationMetric"),
        notebooks_only=truth(told, "isKernelsSubmissionsOnly"),
        submissions_disabled=truth(told, "submissionsDisabled"),
    )


def data_file(told: Mapping[str, Any]) -> DataFile:
    """Read one file of the data."""
    return DataFile(_label(told, "name") or _label(told, "ref"), whole(told, "totalBytes"))


def submission(told: Mapping[str, Any]) -> Submission:
    """Read one submission; a status that we do not know is "unknown"."""
    return Submission(
        ref=whole(told, "ref"),
        file=_label(told, "fileName"),
        description=_label(told, "description"),
        date=moment(told, "date"),
        status=status(told.get("status")),
        public=number(told, "publicScore"),
        private=number(told, "privateScore"),
        error=_label(told, "errorDescription"),
        team=_label(told, "teamName"),
        size=whole(told, "totalBytes"),
    )


def status(told: object) -> Status:
    """Read a status as the site may spell it; none is the first of them, as defaults are left out."""
    if told is None:
        return "pending"
    return _STATUS.get(str(told).upper().removeprefix("SUBMISSION_STATUS_"), "unknown")


def limits(told: Mapping[str, Any]) -> Limits:
    """Read how many submissions are left."""
    return Limits(
        today=whole(told, "numToday"),
        total=whole(told, "numTotal"),
        left=whole(told, "numAllowedNow"),
        limited_by_total=truth(told, "limitedByTotal"),
    )


def row(told: Mapping[str, Any], rank: int) -> Row:
    """Read one line of the leaderboard."""
    return Row(
        rank, _label(told, "teamName"), moment(told, "submissionDate"), number(told, "score")
    )


def text(told: Mapping[str, Any], name: str) -> str:
    """Read a text, whole: tokens and addresses may be long."""
    found = told.get(name)
    return found if isinstance(found, str) else ""


def _label(told: Mapping[str, Any], name: str) -> str:
    """Read a text that is shown to people."""
    return text(told, name)[:_MOST_LABEL]


def whole(told: Mapping[str, Any], name: str) -> int:
    """Read a whole number; the protocol may write long ones as texts."""
    found = told.get(name)
    if isinstance(found, str) and len(found) < 20 and found.isascii() and found.isdigit():
        return int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def truth(told: Mapping[str, Any], name: str) -> bool:
    """Read a yes or no."""
    return told.get(name) is True


def number(told: Mapping[str, Any], name: str) -> float | None:
    """Read a score, which is a text, empty while there is none."""
    found = told.get(name)
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return None
    try:
        value = float(found)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def moment(told: Mapping[str, Any], name: str) -> datetime | None:
    """Read a time; one without a zone is in UTC, the first and the last year stand for no time."""
    found = told.get(name)
    try:
        read = datetime.fromisoformat(found) if isinstance(found, str) else None
    except ValueError:
        return None
    if read is None or not 1 < read.year < _LAST_YEAR:
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def rows(told: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """Give the records of a list; what is none is left out."""
    found = told.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
