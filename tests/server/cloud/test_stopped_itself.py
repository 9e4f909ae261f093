"""A machine that stopped itself, as it is meant to: its hours, its budget, and a launch that goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import clock
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.reporter import SILENT
from fastcompanion.server import ledger, registry, states
from fastcompanion.server.cloud import launching
from tests.server.cloud.conftest import QUICK, Box, ordered
from tests.server.cloud.fake_aws import FakeAws

Runner = Callable[..., Any]
Freeze = Callable[[str], None]


@pytest.fixture
def asleep(fake: FakeAws, key: Path, box: Box, frozen: Freeze) -> FakeAws:
    """A machine with a budget of 20 dollars that was launched on the second, and stopped itself that day."""
    frozen("2026-11-02T10:00:00+00:00")
    aws, order = ordered()
    launching.launch(aws, order, SILENT, patience=QUICK)
    fake.machines()[0].stop()
    frozen("2026-11-06T10:00:00+00:00")
    return fake


@pytest.mark.parametrize("word", ["start", "stop"])
def test_days_of_lying_stopped_are_no_hours_of_running(
    asleep: FakeAws, run: Runner, word: str
) -> None:
    """Four days would cost 51 dollars: more than the budget, and than the machine could."""
    told = run("server", word, "gpu1", "--json")
    assert told.code == 0, told.out
    hours = ledger.hours("gpu1", ledger.month_start())
    assert hours == pytest.approx(8), "its hard limit is the longest that it can have run"
    assert told.data["month_cost"] == pytest.approx(8 * 0.526 + 96 * 8 / 730, abs=0.15)


def test_what_was_seen_later_counts(asleep: FakeAws, run: Runner, frozen: Freeze) -> None:
    ledger.append("gpu1", "noted", at=clock.parse("2026-11-02T20:00:00+00:00"), note="seen running")
    assert run("server", "stop", "gpu1").code == 0
    assert ledger.hours("gpu1", ledger.month_start()) == pytest.approx(10)


def test_a_launch_that_goes_on_does_not_say_that_it_runs(
    fake: FakeAws, key: Path, box: Box, run: Runner
) -> None:
    box.breaks()
    aws, order = ordered()
    with pytest.raises(CompanionError):
        launching.launch(aws, order, SILENT, patience=QUICK)
    fake.machines()[0].stop()
    told = run("server", "launch", "gpu1", "--json")
    assert told.code == 1
    assert "RUNNING" not in told.errors[0]["message"]
    assert "is stopped" in told.errors[0]["message"]
    assert "fastcompanion server start gpu1" in told.errors[0]["hint"]
    box.breaks(off=True)
    assert run("server", "start", "gpu1").code == 0
    assert run("server", "launch", "gpu1").code == 0


def test_a_machine_that_was_forgotten_has_a_way_out(asleep: FakeAws, run: Runner) -> None:
    """`launch` named `start`, and `start` named `launch`."""
    registry.remove("gpu1")
    for word in ("launch", "start", "stop"):
        told = run("server", word, "gpu1", "--json")
        assert told.code != 0
        assert "fastcompanion server terminate gpu1" in told.errors[0]["hint"]
        assert "server launch gpu1 goes on" not in told.errors[0]["hint"]


@pytest.mark.parametrize("amount", ["inf", "nan", "-1", "0"])
def test_amounts_that_mean_nothing(asleep: FakeAws, run: Runner, amount: str) -> None:
    for words in (
        ("plan", "--budget", amount),
        ("start", "gpu1", "--budget", amount),
        ("resize", "gpu1", "--type", "g5.xlarge", "--yes", "--price", amount),
    ):
        told = run("server", *words, "--json")
        assert (words, told.code) == (words, 2)
    assert registry.find("gpu1").budget == 20
    assert registry.find("gpu1").price == 0.526


def test_a_restart_in_the_night_is_no_stop_in_the_evening(asleep: FakeAws) -> None:
    """Seen at 11, restarted by its updates at 16:30, seen again: the hours between are on the bill."""
    server = registry.find("gpu1")
    ledger.append("gpu1", "noted", at=clock.parse("2026-11-02T11:00:00+00:00"))
    states.observe(server, clock.parse("2026-11-02T16:30:00+00:00"))
    until = clock.parse("2026-11-02T17:00:00+00:00")
    assert ledger.hours("gpu1", ledger.month_start(), until) == pytest.approx(7)


def test_without_a_hard_limit_the_budget_still_limits_a_start(
    asleep: FakeAws, box: Box, run: Runner
) -> None:
    """`setup --max 0` is kept as 0 hours, which means none."""
    run("server", "stop", "gpu1")
    registry.change("gpu1", max_hours=0)
    told = run("server", "start", "gpu1", "--json")
    assert told.code == 0, told.out
    assert told.data["limited"] is True
    assert any("shutdown -P +" in one for one in box.commands)
