"""Moments for records of tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def day(number: int) -> datetime:
    """The evening of a day, counted from one on."""
    return datetime(2026, 11, 1, 20, tzinfo=UTC) + timedelta(days=number)
