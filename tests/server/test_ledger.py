"""Hours and dollars from the lines of the ledger."""

from __future__ import annotations

from datetime import datetime

import pytest

from fastcompanion.base import clock, workspace
from fastcompanion.server import ledger


def at(text: str) -> datetime:
    return clock.parse(f"2026-11-{text}:00+00:00")


FIRST, LAST = at("01T00:00"), at("30T00:00")


def test_hours_and_dollars_of_running_and_of_lying_there() -> None:
    ledger.append("gpu", "started", price=0.5, idle_price=0.01, at=at("02T10:00"))
    ledger.append("gpu", "stopped", at=at("02T14:00"))
    ledger.append("gpu", "started", at=at("03T14:00"))
    ledger.append("gpu", "resized", price=1.0, at=at("03T15:00"))
    ledger.append("gpu", "terminated", at=at("03T17:00"))
    found = ledger.cost("gpu", FIRST, LAST)
    assert found.hours == pytest.approx(4 + 3)
    assert found.running_cost == pytest.approx(4 * 0.5 + 1 * 0.5 + 2 * 1.0)
    assert found.stopped_hours == pytest.approx(24)
    assert found.stopped_cost == pytest.approx(0.24)


def test_a_span_cuts_what_lies_over_its_ends() -> None:
    ledger.append("gpu", "started", price=2.0, at=at("02T10:00"))
    assert ledger.hours("gpu", at("02T11:30"), at("02T12:00")) == pytest.approx(0.5)
    assert ledger.hours("gpu", at("01T00:00"), at("02T10:00")) == 0


def test_what_still_runs_counts_until_now(frozen: object) -> None:
    frozen("2026-11-02T16:00:00+05:00")  # type: ignore[operator]
    ledger.append("gpu", "started", price=2.0, at=at("02T10:00"))
    assert ledger.hours("gpu", FIRST) == pytest.approx(1)
    assert ledger.running_since("gpu") == at("02T10:00")
    assert ledger.stopped_since("gpu") is None


def test_without_a_price_the_dollars_are_unknown_and_the_hours_are_not() -> None:
    ledger.append("gpu", "started", at=at("02T10:00"))
    ledger.append("gpu", "stopped", at=at("02T11:00"))
    found = ledger.cost("gpu", FIRST, LAST)
    assert (found.hours, found.running_cost, found.stopped_cost) == (1, None, None)


def test_all_servers_together_and_each_alone() -> None:
    for name, price in (("a", 1.0), ("b", 3.0)):
        ledger.append(name, "started", price=price, at=at("02T10:00"))
        ledger.append(name, "terminated", at=at("02T11:00"))
    assert ledger.cost(None, FIRST, LAST).running_cost == pytest.approx(4)
    assert ledger.cost("b", FIRST, LAST).running_cost == pytest.approx(3)
    assert ledger.cost("c", FIRST, LAST) == ledger.Cost(0, 0, 0, 0)


def test_a_second_start_does_not_begin_anew() -> None:
    ledger.append("gpu", "started", price=1.0, at=at("02T10:00"))
    ledger.append("gpu", "started", at=at("02T11:00"))
    assert ledger.running_since("gpu") == at("02T10:00")
    assert ledger.hours("gpu", FIRST, at("02T12:00")) == pytest.approx(2)


def test_lines_of_a_later_program_are_left_out_and_kept() -> None:
    ledger.append("gpu", "started", price=1.0, at=at("02T10:00"))
    path = workspace.server_ledger()
    path.write_text(path.read_text() + '{"v":2,"id":"x","at":"2026-11-02T12:00:00+00:00"}\n')
    assert len(ledger.read()) == 1
    ledger.append("gpu", "stopped", at=at("02T11:00"))
    assert '"v":2' in path.read_text()


def test_the_month_begins_on_its_first_day(frozen: object) -> None:
    frozen("2026-11-22T03:00:00+01:00")  # type: ignore[operator]
    assert ledger.month_start().isoformat() == "2026-11-01T00:00:00+01:00"


def test_a_clock_that_was_set_back(frozen: object) -> None:
    frozen("2026-11-02T16:00:00+00:00")  # type: ignore[operator]
    ledger.append("gpu", "started", price=2.0)
    frozen("2026-11-02T15:30:00+00:00")  # type: ignore[operator]
    ledger.append("gpu", "stopped")
    assert ledger.running_since("gpu") is None, "a stop never comes before its start"
    frozen("2026-11-03T00:00:00+00:00")  # type: ignore[operator]
    assert ledger.hours("gpu", FIRST) < 0.01
    ledger.append("gpu", "terminated")
    assert not ledger.exists("gpu")
