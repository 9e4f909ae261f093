"""Whatever a site writes, it becomes a record or a default, and never a traceback."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fastcompanion.competition.site import faults, reading
from fastcompanion.competition.site.faults import Asked

JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner, max_size=3),
    max_leaves=6,
)
NAMES = (
    "ref", "url", "title", "deadline", "category", "reward", "teamCount", "userHasEntered", "userRank",
    "maxDailySubmissions", "evaluationMetric", "isKernelsSubmissionsOnly", "submissionsDisabled", "name",
    "totalBytes", "fileName", "description", "date", "status", "publicScore", "privateScore",
    "errorDescription", "teamName", "numToday", "numTotal", "numAllowedNow", "limitedByTotal",
    "submissionDate", "score",
)  # fmt: skip
# The same examples on every machine, however busy it is.
OBJECTS = some.dictionaries(some.sampled_from(NAMES), JSON)


@given(OBJECTS)
def test_any_object_becomes_a_record(told: dict[str, Any]) -> None:
    competition, one = reading.competition(told), reading.submission(told)
    row, limits = reading.row(told, 1), reading.limits(told)
    file = reading.data_file(told)
    for number in (one.public, one.private, row.score):
        assert number is None or math.isfinite(number)
    for moment in (competition.deadline, one.date, row.date):
        assert moment is None or moment.utcoffset() is not None
    assert one.status in ("pending", "complete", "error", "unknown")
    assert "/" not in competition.slug
    assert all(isinstance(each, int) for each in (limits.left, file.size, one.ref))


@given(some.integers(400, 599), some.text())
def test_any_refusal_is_one_line_with_a_next_step(status: int, said: str) -> None:
    asked = Asked("kaggle.com", "https://www.kaggle.com", False, "a test", "GetCompetition", "x")
    error = faults.refusal(status, said, asked)
    assert error.message.isprintable()
    assert error.hint
    assert len(error.message) < 700


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-21T06:30:43.493Z", "2026-11-21T06:30:43.493000+00:00"),
        ("2026-11-21T06:30:43.4931234Z", "2026-11-21T06:30:43.493123+00:00"),
        ("2026-11-21T06:30:43", "2026-11-21T06:30:43+00:00"),
        ("2026-11-21T06:30:43+05:30", "2026-11-21T01:00:43+00:00"),
    ],
)
def test_times_are_aware_and_in_utc(text: str, utc: str) -> None:
    found = reading.moment({"date": text}, "date")
    assert found is not None
    assert found.isoformat() == utc


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "", "x"])  # fmt: skip
def test_times_beyond_all_calendars_are_none(text: str) -> None:
    assert reading.moment({"date": text}, "date") is None
